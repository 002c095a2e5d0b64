"""What the order calls answered (sheet, A2, A3, B2, B3): outcomes, read without ever raising.

May live here: readings of an order's reply. May not: a request, a setting, what to do about an unknown outcome.

Replies carry codes worth money (trap 14). They are counted here and go nowhere: no outcome, no fact and no sentence
holds one. The provider's order id is compared as text (trap 4), and an order that is not ours is never believed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import attrs

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.lifecycles import FULFILMENT, FulfilmentState
from stampcard.model import Secret
from stampcard.wire import JsonView, Response
from stampcard_adapters.kalixo.refusals import ALREADY, NOT_FOUND, NOTHING, Hidden, refusal, shown
from stampcard_adapters.kalixo.values import Delivered, GiftCode, Item, KalixoFacts, KalixoOrder, PlaceCodes, Version

__all__ = [
    "Outcome",
    "Standing",
    "codes_in",
    "compared",
    "differs",
    "hidden_in",
    "placed",
    "read_look",
    "read_place",
    "standing",
]

Outcome: TypeAlias = Accepted[FulfilmentState, KalixoFacts] | Declined | NotSent | Unknown

_ID: Final = re.compile(r"[!-~]{1,100}")
"""An order id is opaque (B7): a number, digits in a text, a UUID."""
_OWN: Final = (FulfilmentState.NEW, FulfilmentState.ABANDONED)
"""States of ours that are no word of the provider's."""
_WORDS: Final = {state.value: state for state in FulfilmentState if state not in _OWN}
"""A3's six, and B3's four."""
_DELIVERED: Final = (FulfilmentState.COMPLETED, FulfilmentState.PARTIALLY_COMPLETED)
_SHORTEST: Final = 4
"""Characters from which on a code is looked for in the provider's words, to be left out of them."""


@attrs.frozen(kw_only=True)
class Standing:
    """Where an order's reply says it stands. state: None when it says nothing the lifecycle knows: see `drift`."""

    facts: KalixoFacts
    state: FulfilmentState | None
    drift: str | None = None


def read_place(
    order: KalixoOrder, command: PlaceCodes, response: Response, version: Version, *, hide: Hidden = NOTHING
) -> Outcome:
    """What placing came to. v1 gives the codes, or none yet; v2 says 202, perhaps of an order it had already.

    hide: the keys it was called with; no outcome quotes them.
    """
    documented = (200, 201) if version == 1 else (202,)
    body = response.json()
    if response.status not in documented:
        return _refused(response, body, hide)
    seen = standing(order, body, command.items, hide=hide)
    if isinstance(seen, str):
        return Unknown(why=f"HTTP {response.status}: {seen}")
    if version == 2 and (seen.facts.status is None or differs(seen, body, command.items)):
        return Unknown(why=f"HTTP {response.status} without a status, or about other goods: to be looked up")
    if version == 1 and seen.facts.status is None:  # A2: no status field, it was done while we waited
        whole = seen.facts.delivered is not None and seen.facts.delivered.whole
        seen = attrs.evolve(seen, state=FulfilmentState.COMPLETED if whole else FulfilmentState.REQUESTED)
    return placed(seen, version)


def placed(seen: Standing, version: Version) -> Accepted[FulfilmentState, KalixoFacts]:
    """An order of ours that the provider has, whatever became of it since."""
    state = _nearest(seen.state, version)
    return Accepted(facts=seen.facts, to=state, claims=seen.facts.kalixo_id, drift=seen.drift)


def _nearest(state: FulfilmentState | None, version: Version) -> FulfilmentState:
    """The nearest state that placing leads to: an order that is further on is observed from there."""
    row = FULFILMENT.row(FulfilmentState.NEW, "place")
    if state is not None and row is not None and state in row.destinations:
        return state
    if state is None and version == 1:
        return FulfilmentState.REQUESTED
    return FulfilmentState.PROCESSING


def _refused(response: Response, body: JsonView, hide: Hidden) -> Declined | NotSent | Unknown:
    no = refusal(response, hide=hidden_in(body, hide))
    given = _id(body)
    if isinstance(no, Declined) and no.code == ALREADY and given is not None:
        return attrs.evolve(no, provider_code=f"{response.status}/{given}")  # v1: the id is what leads to the order
    return no


def read_look(order: KalixoOrder, response: Response, version: Version, *, hide: Hidden = NOTHING) -> Outcome:
    """Where the order stands, as the provider says. A word nobody knows moves nothing, nor do goods nobody ordered.

    (v1's own sample delivers other goods than it orders: there they are counted, and not compared, trap 3.)
    """
    body = response.json()
    if response.status != 200:
        return refusal(response, hide=hidden_in(body, hide))
    seen = standing(order, body, order.facts.items, hide=hide)
    if isinstance(seen, str):
        return Unknown(why=f"HTTP 200: {seen}")
    if seen.facts.status is None:
        return Unknown(why="HTTP 200 without the order's status")
    if version == 2 and differs(seen, body, order.facts.items):
        return Accepted(facts=order.facts, drift=f"{seen.facts.status}, and other goods than ordered")
    return Accepted(facts=seen.facts, to=seen.state, drift=seen.drift)


def compared(order: KalixoOrder, seen: Outcome) -> Outcome:
    """A look at a settled order: another number of codes is told; that it is not there is as it should be for an order
    that was never placed."""
    if isinstance(seen, Declined):
        if seen.code != NOT_FOUND:
            return Unknown(why=f"the question was refused ({seen.code})")
        return Accepted(facts=order.facts, to=order.state) if order.state in _OWN else seen
    ours = order.facts.delivered
    if not isinstance(seen, Accepted) or seen.drift is not None or ours is None or seen.facts.delivered is None:
        return seen
    there, here = seen.facts.delivered.units, ours.units
    return seen if there == here else attrs.evolve(seen, drift=f"{there} codes instead of {here}")


def standing(order: KalixoOrder, body: JsonView, items: Sequence[Item], *, hide: Hidden = NOTHING) -> Standing | str:
    """The order in a reply, or what is wrong with it."""
    if body.bad:
        return body.bad
    if body.any("statusCode").there:
        return "an error object"
    given = _id(body)
    if given is None:
        return "no order id"
    known, echo = order.facts.kalixo_id, body.any("externalOrderCode")
    if (known is not None and known != given) or (echo.there and echo.text() != order.id):
        return "it is about another order"
    hidden = hidden_in(body, hide)
    word = shown(body.any("status", "orderStatus").text(), hidden)
    state = None if word is None else _WORDS.get(word.strip().lower())
    units, ordered = len(codes_in(body)), sum(item.quantity for item in items)
    facts = attrs.evolve(
        order.facts,
        kalixo_id=given,
        status=None if word is None else word[:60],
        delivered=Delivered(units=units, ordered=ordered) if units else order.facts.delivered,
        ready_at=_moment(body.any("estimatedReadyAt")) or order.facts.ready_at,
        reason=shown(body.any("reason").text(), hidden) or order.facts.reason,
    )
    if word is not None and state is None:
        return Standing(facts=facts, state=None, drift=word)
    if state in _DELIVERED and not units:
        return Standing(facts=facts, state=None, drift=f"{word}, and no code")  # never handed over as ready
    return Standing(facts=facts, state=state)


def differs(seen: Standing, body: JsonView, items: Sequence[Item]) -> bool:
    """Does the provider's order hold other goods than ours? As far as it lists any: an order under way lists none."""
    ours, theirs = dict[str, int](), dict[str, int]()
    for item in items:
        product = str(item.product_id)
        ours[product] = ours.get(product, 0) + item.quantity
    for row in body.any("products").items():
        given, quantity = row.any("productId").text(), row.any("quantity").number()
        if given is not None and quantity is not None:
            theirs[given] = theirs.get(given, 0) + int(quantity)
    if seen.state is FulfilmentState.COMPLETED and theirs:
        return theirs != ours
    return any(quantity > ours.get(product, 0) for product, quantity in theirs.items())


def codes_in(body: JsonView) -> tuple[GiftCode, ...]:
    """Every code, in the three spellings of C: pin[].PIN, pin[].pin, codes[].code (trap 7)."""
    found: list[GiftCode] = []
    for row in body.any("products").items():
        product = row.any("productId", "productCode").text() or ""
        for listed in (row.any("codes"), row.any("pin")):
            for each in listed.items():
                code = each.any("code", "pin").text()
                if code is not None and code.strip():
                    found.append(GiftCode(product_id=product, pin=Secret(code)))
    return tuple(found)


def hidden_in(body: JsonView, hide: Hidden = NOTHING) -> Hidden:
    """What must not be quoted from this reply: its codes, should the provider repeat one in its words, and `hide`."""
    codes = (code.pin.reveal() for code in codes_in(body))
    return Secret((*hide.reveal(), *(code for code in codes if len(code) >= _SHORTEST)))


def _id(body: JsonView) -> str | None:
    given = body.any("orderId").text()
    return given if given is not None and _ID.fullmatch(given) else None


def _moment(view: JsonView) -> datetime | None:
    try:
        moment = datetime.fromisoformat(view.text() or "")
    except ValueError:
        return None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        return None
