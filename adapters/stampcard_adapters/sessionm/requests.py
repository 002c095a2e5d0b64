"""The calls of an order: create, read, change of status (sheet, sections 2, 3, 5).

May live here: targets and bodies, as pure functions. May not: a clock, a random number, a credential, a reading of
replies. The api_key's segment of each path is `~` until the auth hook puts the key there.
"""

from __future__ import annotations

from typing import Final

from stampcard.commands import Approve, Reject
from stampcard.model import Address
from stampcard.wire import Request, path
from stampcard_adapters.sessionm.auth import APPS, PLACE
from stampcard_adapters.sessionm.values import ExternalUserId, SessionMOrder, SessionMRedeem, User

__all__ = ["WANTED", "listed_request", "redeem_request", "seen_request", "status_request", "text", "user_path"]

_ROOT: Final = f"{APPS}{PLACE}"
WANTED: Final = {"approve": "approved", "reject": "rejected"}
"""Trigger -> the status it asks for (section 5)."""


def user_path(user: User, rest: str = "", /, *parts: str) -> str:
    """Below a customer, by the provider's id or by ours (section 2). Raises ValueError for an id no path can hold."""
    kind = "/external/users/{}" if isinstance(user, ExternalUserId) else "/users/{}"
    return _ROOT + path(kind + rest, text(user.value), *parts)


def redeem_request(order: SessionMOrder, command: SessionMRedeem, *, send_external_id: bool) -> Request:
    """POST .../offers/{offer_id}/orders. `status` is left out: what it does is not explained (section 3)."""
    fields: dict[str, object] = {
        "quantity": command.quantity,
        "email": None if command.email is None else text(command.email),
        "ip": command.ip,
        "shipping_address": None if command.ship_to is None else _address(command.ship_to),
        "challenge": None if command.answered is None else {"id": int(command.answered.id)},
        "external_id": order.id if send_external_id else None,  # of the ORDER, here (trap 11)
    }
    body = {"order": {name: value for name, value in fields.items() if value is not None}}
    return Request.post(user_path(command.customer, "/offers/{}/orders", command.offer), body)


def seen_request(order: SessionMOrder) -> Request:
    """GET .../orders/{order_id}. Raises ValueError for an order that was never redeemed."""
    user, number = order.facts.customer, order.facts.order_id
    if user is None or number is None:
        raise ValueError("an order that was never redeemed cannot be looked at")
    return Request.get(user_path(user, "/orders/{}", str(number)))


def listed_request(user: User, *, limit: int, page: int = 1, **filters: str) -> Request:
    """GET .../orders: a page of a customer's orders (section 4)."""
    return Request.get(user_path(user, "/orders"), limit=limit, page=page, **filters)


def status_request(order: SessionMOrder, command: Approve | Reject) -> Request:
    """POST /orders/{order_id} (trap 13: PUT is allowed too). Raises ValueError for one never redeemed."""
    number = order.facts.order_id
    if number is None:
        raise ValueError("an order that was never redeemed has no status")
    return Request.post(_ROOT + path("/orders/{}", str(number)), {"order": {"status": WANTED[command.trigger]}})


def _address(address: Address) -> dict[str, str]:
    """Section 3's field names. The cross street goes into the second line: there is no field of its own."""
    name = " ".join(part for part in (address.first_name, address.last_name) if part)
    fields = {
        "addressee": name,
        "street1": address.street,
        "street2": address.cross_street,
        "city": address.city,
        "state_province": address.region,
        "country": address.country,
        "postal_code": address.postal_code,
    }
    return {key: text(value) for key, value in fields.items() if value}


def text(value: str) -> str:
    """What UTF-8 can carry: half a surrogate pair, as broken POS databases hold, becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
