"""What the calls of an order answered (sheet, sections 3 to 5): outcomes, read without ever raising.

May live here: readings of a reply to an order. May not: a request, what to do about an unknown outcome.

No JSON of the authorize reply is published: `orderID` and `authToken` are required, `paymentMethodToken` is taken when
it is there, extra keys are ignored, ids come as numbers or text and in any case (section 3, trap 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TypeAlias

import attrs

from stampcard.adapter import Accepted, Declined, NotSent, Unknown, Unseen
from stampcard.errors import ConfigurationError
from stampcard.lifecycles import AuthorizationState
from stampcard.sealed import Sealed, SealedError
from stampcard.wire import JsonView, Response
from stampcard_adapters.kibo.commands import AuthorizeCart, CancelOrder, CreateOrder
from stampcard_adapters.kibo.facts import KiboFacts, KiboOrder
from stampcard_adapters.kibo.payments import secrets_of
from stampcard_adapters.kibo.refusals import CANCELS, HOLDS, LOOKS, ORDERS, error_code, refusal, said, shown
from stampcard_adapters.kibo.settings import Kibo, Switches
from stampcard_adapters.kibo.values import words_about

__all__ = [
    "CANCELED",
    "Outcome",
    "Shown",
    "compared",
    "never_shown",
    "read_authorize",
    "read_cancel",
    "read_create",
    "read_look",
]

Outcome: TypeAlias = Accepted[AuthorizationState, KiboFacts] | Declined | NotSent | Unknown

CANCELED: Final = "CANCELED"
"""With one L (trap 17). Every other status is opaque: the list is not published (section 6)."""
_GENERIC_OK: Final = "5000"
_MAX_TOKEN: Final = 4096
_MAX_ID: Final = 18
"""Digits of an id: what fits the smallest place it may be kept in."""


@attrs.frozen(kw_only=True)
class Shown:
    """An order as the provider shows it. external: our own id, where the reply has it."""

    id: int
    external: str | None
    status: str | None

    @classmethod
    def of(cls, body: JsonView, hide: Sequence[str] = ()) -> Shown | None:
        """None for what is no order. hide: words of ours that a status may not show."""
        number = _order_id(body)
        if number is None:
            return None
        status = body.any("orderStatus", "orderState").text() or ""
        return cls(id=number, external=body.any("externalOrderID").text(), status=shown(status, hide))

    @property
    def canceled(self) -> bool:
        return (self.status or "").upper() == CANCELED

    @property
    def drift(self) -> str | None:
        """A word that sounds like the order's end and is not the documented one: told, not believed."""
        word = (self.status or "").upper()
        return self.status if "CANCEL" in word and word != CANCELED else None


def read_authorize(order: KiboOrder, command: AuthorizeCart, response: Response, *, settings: Kibo) -> Outcome:
    """The hold, or the card's refusal: a no that is a state, from which another card may be presented."""
    switches, payment = settings.switches, command.payment
    if not _success(response, switches):
        paid = None if payment is None else payment.reveal()
        billing = command.billing if paid is None else paid.billing
        people = words_about(command.cart, billing)
        hide = [*never_shown(order, settings), *people, *(() if paid is None else secrets_of(paid))]
        no = refusal(response, HOLDS, codeless=switches.codeless_errors, hide=hide)
        if isinstance(no, Declined) and no.code == "card.declined":
            return attrs.evolve(no, to=AuthorizationState.DECLINED)
        return no
    body = response.json()
    wrong = _no_success(body, response.status)
    if wrong is not None:
        return wrong
    number, token = _order_id(body), _token(body.any("authToken"))
    if number is None or token is None:
        return Unknown(why=f"HTTP {response.status} without the order's id and authorization")
    method = _token(body.any("paymentMethodToken"))
    facts = attrs.evolve(
        order.facts,
        authorized=command.amount,
        expires_at=command.at + timedelta(seconds=switches.hold),
        spent=False,
        kibo_order_id=number,
        auth_token=Sealed.of(token, settings.seal_key),
        payment_token=None if method is None else Sealed.of(method, settings.seal_key),
        provider_status=None,
    )
    return Accepted(facts=facts, to=AuthorizationState.AUTHORIZED, claims=str(number))


def read_create(order: KiboOrder, command: CreateOrder, response: Response, *, settings: Kibo) -> Outcome:
    """The order, under the id that was reserved for it. Any other id is nobody's success."""
    switches, facts, hide = settings.switches, order.facts, never_shown(order, settings)
    if not _success(response, switches):
        people = (*words_about(facts.cart, command.ship_to), command.customer_ip or "")
        no = refusal(response, ORDERS, codeless=switches.codeless_errors, hide=[*hide, *people])
        if isinstance(no, Declined) and _perhaps_made(response.json()):
            return attrs.evolve(no, perhaps_done=True)
        return no
    body = response.json()
    wrong = _no_success(body, response.status)
    if wrong is not None:
        return wrong
    shown = Shown.of(body, hide)
    if shown is None:
        return Unknown(why=f"HTTP {response.status} without the order's id")
    if shown.id != facts.kibo_order_id:
        return Unknown(why=f"the reply names order {shown.id}, and {facts.kibo_order_id} was reserved")
    if shown.external not in (None, order.id):
        return Unknown(why=f"the reply's order {shown.id} belongs to another cart")
    return Accepted(facts=attrs.evolve(facts, provider_status=shown.status), drift=shown.drift)


def read_cancel(order: KiboOrder, _command: CancelOrder, response: Response, *, settings: Kibo) -> Outcome:
    """The whole order is cancelled only when the reply shows it so."""
    switches, facts, hide = settings.switches, order.facts, never_shown(order, settings)
    if not _success(response, switches):
        return refusal(response, CANCELS, codeless=switches.codeless_errors, hide=[*hide, *words_about(facts.cart)])
    body = response.json()
    wrong = _no_success(body, response.status)
    if wrong is not None:
        return wrong
    shown = Shown.of(body, hide)
    if shown is None or shown.id != facts.kibo_order_id or not shown.canceled:
        return Unknown(why=f"HTTP {response.status} that does not show the order as {CANCELED}")
    return Accepted(facts=attrs.evolve(facts, provider_status=shown.status))


def read_look(order: KiboOrder, response: Response, *, settings: Kibo) -> Outcome:
    """Where the order stands: cancelled, or still an order, in whatever words."""
    switches, facts, hide = settings.switches, order.facts, never_shown(order, settings)
    if response.status != 200:
        return refusal(response, LOOKS, codeless=switches.codeless_errors, hide=[*hide, *words_about(facts.cart)])
    body = response.json()
    wrong = _no_success(body, response.status)
    if wrong is not None:
        return wrong
    shown = Shown.of(body, hide)
    if shown is None or shown.id != facts.kibo_order_id or shown.status is None:
        return Unknown(why="HTTP 200 that does not show this order and its status")
    facts = attrs.evolve(facts, provider_status=shown.status)
    to = AuthorizationState.CANCELLED if shown.canceled else AuthorizationState.CREATED
    return Accepted(facts=facts, to=to, drift=shown.drift)


def compared(order: KiboOrder, seen: Outcome) -> Outcome | Unseen:
    """A look at a settled order. Before one is made of the hold there is none to be shown."""
    if not isinstance(seen, Declined):
        return seen
    if seen.code != "order.unknown":
        return Unknown(why=f"the question was refused ({seen.code})")
    if order.state in (AuthorizationState.CREATED, AuthorizationState.CANCELLED):
        return seen
    return Unseen(why="no order was made of the hold, and the API shows no hold")


def never_shown(order: KiboOrder, settings: Kibo) -> Sequence[str]:
    """The tokens this order holds and the keys it is called with: no reply can have them shown by quoting them."""
    found: list[str] = []
    for sealed in (order.facts.auth_token, order.facts.payment_token):
        try:
            if sealed is not None:
                found.append(sealed.open(settings.seal_key).reveal())
        except SealedError:  # another key's: it was not sent either
            continue
    try:
        keys = settings.keys_of(order.site.tenant)
    except ConfigurationError:  # the keys are gone since: what was sent with them cannot be told from other words
        return found
    return [*found, keys.api_key, keys.secret.reveal()]


def _success(response: Response, switches: Switches) -> bool:
    return response.status == 200 or (switches.accept_201 and response.status == 201)


def _no_success(body: JsonView, status: int) -> Unknown | None:
    if body.bad:
        return Unknown(why=f"HTTP {status}: {body.bad}")
    if not body.is_object():
        return Unknown(why=f"HTTP {status} without an object")
    if error_code(body) not in (None, _GENERIC_OK):
        return Unknown(why=f"HTTP {status} with an error object")
    return None


def _order_id(body: JsonView) -> int | None:
    text = (body.any("orderID").text() or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_ID):
        return None
    return int(text) or None  # ids are >= 1


def _token(view: JsonView) -> str | None:
    token = view.text() if isinstance(view.raw(), str) else None
    return token if token and len(token) <= _MAX_TOKEN and token.isascii() and token.isprintable() else None


def _perhaps_made(error: JsonView) -> bool:
    """A no about the order's own id or its authorization may be the second answer to a request that was doubled."""
    where = (error.any("field").text() or "").lower()
    words = (said(error) or "").lower()
    about = ("externalorderid", "authorizationid")
    return error.any("orderID").there or any(name in where or name in words for name in about)
