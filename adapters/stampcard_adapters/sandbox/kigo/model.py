"""The model: answers a call under one lock; and lets a test look inside and arrange things.

May live here: the lock, the arranging and inspecting API. May not: rules of orders or sessions, shapes of answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final, Literal

import attrs

from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json, write

from .desk import Desk
from .errors import RefusedError
from .ids import Ids
from .ledgers import Row
from .orders import Order, Orders, Status
from .paths import prefixes_of
from .sessions import Sessions
from .switches import Switches
from .tenants import Tenant, default_tenants

__all__ = ["KigoModel"]


def _now() -> datetime:
    return datetime.now(UTC)


class KigoModel:
    """Kigo without a network: pure but for its clock, deterministic, and safe to call from many threads.

    tenants: the partners served; without them the default one, named "kigo".
    switches: choices the sheet leaves open. lenient: all tenants lenient, whatever they say themselves.
    clock: says when tokens, SSO sessions and codes end, and the Date header shows it.
    """

    def __init__(
        self,
        tenants: Sequence[Tenant] | None = None,
        *,
        switches: Switches | None = None,
        lenient: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.switches: Final = switches if switches is not None else Switches()
        self._clock = clock
        self._lock = threading.RLock()
        ids = Ids()
        self._sessions = Sessions(self.switches, ids, clock)
        self._partners: dict[str, Orders] = {}
        for tenant in default_tenants() if tenants is None else tenants:
            served = attrs.evolve(tenant, lenient=tenant.lenient or lenient)
            self._partners[tenant.name] = Orders(served, self.switches, ids, clock)
        self._desk = Desk(self._partners, self._sessions, self.switches, ids)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The paths that are Kigo's."""
        return prefixes_of(self._desk.routes)

    def handle(self, request: RequestLike, /) -> Response:
        """Answer one call. Total: any bytes at all get a documented answer."""
        with self._lock:
            try:
                status, body = self._desk.answer(request)
            except RefusedError as refused:
                status, body = refused.problem.http_status, refused.problem.body()
            headers = {
                "Content-Type": "application/json",
                "Date": format_datetime(self._clock().astimezone(UTC), usegmt=True),
            }
            return Response(status=status, headers=headers, body=write(body).encode("ascii"))

    # Looking inside. `tenant` is the tenant's name; without one, the first tenant.

    def orders(self, *, tenant: str | None = None) -> tuple[str, ...]:
        """External ids of the orders placed, oldest first."""
        with self._lock:
            return self._partner(tenant).ids()

    def states(self, external_order_id: str, *, tenant: str | None = None) -> tuple[Literal["ordered", "claimed"], ...]:
        """What has happened to an order: () when it was never placed, ("ordered",), ("ordered", "claimed")."""
        with self._lock:
            order = self._partner(tenant).find(external_order_id)
            if order is None:
                return ()
            return ("ordered",) if order.claimed_by is None else ("ordered", "claimed")

    def status(self, external_order_id: str, *, tenant: str | None = None) -> Status:
        """What a wallet shows of an order: claimable, redeemed or expired."""
        with self._lock:
            partner, order = self._found(external_order_id, tenant)
            return partner.status(order)

    def product_of(self, external_order_id: str, *, tenant: str | None = None) -> str:
        """The product of an order: the first one asked for under this id."""
        with self._lock:
            return self._found(external_order_id, tenant)[1].product_id

    def claim_code(self, external_order_id: str, *, tenant: str | None = None) -> str:
        """The code an order is answered with now."""
        with self._lock:
            return self._found(external_order_id, tenant)[1].code

    def deeplink(self, external_order_id: str, *, tenant: str | None = None) -> str:
        """The link an order is answered with now."""
        with self._lock:
            partner, order = self._found(external_order_id, tenant)
            return partner.deeplink(order)

    def stock(self, product_id: str, *, tenant: str | None = None) -> int:
        """How many of a product can still be ordered."""
        with self._lock:
            return self._partner(tenant).ledger.balance(product_id, "stock")

    def issued(self, product_id: str, *, tenant: str | None = None) -> int:
        """How many of a product were ordered, claimed or not."""
        with self._lock:
            ledger = self._partner(tenant).ledger
            return ledger.balance(product_id, "unclaimed") + ledger.balance(product_id, "claimed")

    def claimed(self, product_id: str, *, tenant: str | None = None) -> int:
        """How many of a product are in a wallet."""
        with self._lock:
            return self._partner(tenant).ledger.balance(product_id, "claimed")

    def wallet(
        self, external_user_id: str, *, program: str | None = None, tenant: str | None = None
    ) -> tuple[str, ...]:
        """Products a user has claimed."""
        with self._lock:
            account = self._sessions.known_account(self._name(tenant), program, external_user_id)
            return () if account is None else self._partner(tenant).wallet(account.id)

    def rows(self, *, tenant: str | None = None) -> tuple[Row, ...]:
        """Every movement booked so far."""
        with self._lock:
            return tuple(self._partner(tenant).ledger.rows)

    def tenants(self) -> dict[str, Json]:
        """What a client needs to call, in the shape of a tenants file, with the stock there is now."""
        with self._lock:
            return {name: _described(partner) for name, partner in self._partners.items()}

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance; empty when all do."""
        with self._lock:
            return tuple(f"{name}: {said}" for name, partner in self._partners.items() for said in partner.unbalanced())

    # Arranging

    def set_stock(self, product_id: str, quantity: int, *, tenant: str | None = None) -> None:
        """So many can be ordered from now on (none: sold out); an unknown product becomes known."""
        if quantity < 0:
            raise ValueError("a stock is not below nothing")
        with self._lock:
            self._partner(tenant).stock(product_id, quantity)

    def another_code(self, external_order_id: str, *, tenant: str | None = None) -> str:
        """Break the promise: the order is answered with this other code from now on. The old one is invalid."""
        with self._lock:
            partner, order = self._found(external_order_id, tenant)
            return partner.replace_code(order).code

    def expire_code(self, external_order_id: str, *, tenant: str | None = None) -> None:
        """The order's code can no longer be claimed; the order is still answered with it."""
        with self._lock:
            partner, order = self._found(external_order_id, tenant)
            partner.expire(order)

    def expire_sessions(self, *, tenant: str | None = None) -> None:
        """All tokens of both levels and all SSO sessions end now, as after half an hour; refresh tokens live on."""
        with self._lock:
            self._sessions.expire(self._name(tenant))

    def claim(
        self,
        external_order_id: str,
        external_user_id: str = "customer-1",
        *,
        program: str | None = None,
        tenant: str | None = None,
    ) -> None:
        """The customer follows the link and takes the token. ValueError when the wallet would be refused."""
        with self._lock:
            partner, order = self._found(external_order_id, tenant)
            account = self._sessions.account(self._name(tenant), program, external_user_id)
            try:
                partner.claim(order.code, account.id)
            except RefusedError as refused:
                raise ValueError(refused.problem.error_message) from None

    def set_api_key(self, api_key: str, *, tenant: str | None = None) -> None:
        """Replace the key; tokens bought with the old one live on."""
        with self._lock:
            partner = self._partner(tenant)
            partner.tenant = attrs.evolve(partner.tenant, api_key=api_key)

    def set_lenient(self, lenient: bool, *, tenant: str | None = None) -> None:
        """Tolerate what a client may leave out, or stop tolerating it."""
        with self._lock:
            partner = self._partner(tenant)
            partner.tenant = attrs.evolve(partner.tenant, lenient=lenient)

    def _name(self, tenant: str | None) -> str:
        return next(iter(self._partners)) if tenant is None else tenant

    def _partner(self, tenant: str | None) -> Orders:
        return self._partners[self._name(tenant)]

    def _found(self, external_order_id: str, tenant: str | None) -> tuple[Orders, Order]:
        partner = self._partner(tenant)
        order = partner.find(external_order_id)
        if order is None:
            raise ValueError("no order has this id")
        return partner, order


def _described(partner: Orders) -> Json:
    tenant = partner.tenant
    found: dict[str, Json] = {
        "provider": "kigo",
        "api_key": tenant.api_key,
        "partner_id": tenant.partner_id,
        "wallet": tenant.wallet,
        "lenient": tenant.lenient,
        "products": [
            {"product_id": product_id, "stock": partner.ledger.balance(product_id, "stock")}
            for product_id in partner.products()
        ],
    }
    return found
