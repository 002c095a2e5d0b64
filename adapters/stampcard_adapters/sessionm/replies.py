"""What an order's calls answered (sheet, sections 3 to 5): outcomes, read without ever raising.

May live here: readings of an order object, and of the three calls about one. May not: a request, a setting, what to do
about an unknown outcome.

Two different fields are called `status`: the envelope's ok or error, and the order's own (trap 8).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.lifecycles import RedemptionState
from stampcard.wire import JsonView, Response
from stampcard_adapters.sessionm.envelope import (
    ALREADY,
    CREATE,
    NOTHING,
    READS,
    TAKEN,
    UPDATE,
    Hidden,
    opened,
    shown,
)
from stampcard_adapters.sessionm.requests import WANTED
from stampcard_adapters.sessionm.values import STATUS, Listed, SessionMFacts, SessionMOrder, SessionMRedeem

__all__ = ["Outcome", "compared", "listed", "moment", "placed", "read_decision", "read_order", "read_redeem", "whole"]

Outcome: TypeAlias = Accepted[RedemptionState, SessionMFacts] | Declined | NotSent | Unknown
_MOST: Final = Decimal(2**63 - 1)
_WORD: Final = 60
_GONE: Final = "not_found"
"""Section 8: an order that is not known. (A customer who is not says nothing about the order.)"""


def read_redeem(
    order: SessionMOrder, command: SessionMRedeem, response: Response, *, named: bool = True, hide: Hidden = NOTHING
) -> Outcome:
    """What a create came to. named: it carried our id, so a no may mean that the id is taken, by this very order."""
    body = opened(response, CREATE, hide=hide)
    if isinstance(body, Declined) and named and body.provider_code == TAKEN:
        return attrs.evolve(body, perhaps_done=True)
    if not isinstance(body, JsonView):
        return body
    row = listed(body.any("order"))
    if row is None:
        return Unknown(why="HTTP 200 without the order's id and status")
    if str(row.offer_id) != command.offer or (row.external_id or order.id) != order.id:
        return Unknown(why="the reply is about another order")
    left = whole(body.any("order").any("user").any("available_points"))  # trap 4, trap 5: only here, and perhaps text
    return placed(order, command, row, left)


def placed(
    order: SessionMOrder, command: SessionMRedeem, row: Listed, left: int | None = None
) -> Accepted[RedemptionState, SessionMFacts]:
    """An order that exists: approved where the provider approves by itself, else pending.

    A status that is no end of a redemption (unknown, or rejected at once) never counts as approved (trap 15): the order
    is pending, and what was said is told. The next observation follows it.
    """
    state, drift = STATUS.get(row.status), None
    if state not in (RedemptionState.PENDING_APPROVAL, RedemptionState.APPROVED):
        state, drift = RedemptionState.PENDING_APPROVAL, row.status
    if row.quantity not in (None, command.quantity):
        drift = f"{drift or row.status}, quantity {row.quantity} instead of {command.quantity}"
    facts = attrs.evolve(told(order.facts, row), quantity=row.quantity or command.quantity, available_points=left)
    return Accepted(facts=facts, to=state, claims=str(row.id), drift=drift)


def read_decision(order: SessionMOrder, trigger: str, response: Response, *, hide: Hidden = NOTHING) -> Outcome:
    """What an approval or a rejection came to."""
    body = opened(response, UPDATE, hide=hide)
    if isinstance(body, Declined) and body.code in ALREADY:
        return attrs.evolve(body, perhaps_done=True)
    if not isinstance(body, JsonView):
        return body
    row = listed(body.any("order"))
    if row is None or row.id != order.facts.order_id:
        return Unknown(why="HTTP 200 without this order")
    if row.status != WANTED[trigger]:
        return Unknown(why=f"the order is {row.status}, not {WANTED[trigger]}")
    return Accepted(facts=told(order.facts, row), to=STATUS[row.status])


def read_order(order: SessionMOrder, response: Response, *, hide: Hidden = NOTHING) -> Outcome:
    """Where the order stands. A status nobody knows is kept, told, and leads nowhere."""
    body = opened(response, READS, strict=False, hide=hide)
    if not isinstance(body, JsonView):
        return body
    row = listed(body.any("order"))
    if row is None or row.id != order.facts.order_id:
        return Unknown(why="HTTP 200 without this order")
    state = STATUS.get(row.status)
    return Accepted(facts=told(order.facts, row), to=state, drift=row.status if state is None else None)


def compared(order: SessionMOrder, seen: Outcome) -> Outcome:
    """A look at a settled order: what is shown otherwise than the journal has it, and that it is gone, are told."""
    if isinstance(seen, Declined):
        return seen if seen.provider_code == _GONE else Unknown(why=f"the question was refused ({seen.code})")
    if not isinstance(seen, Accepted):
        return seen
    ours, theirs = order.facts, seen.facts
    pairs = (
        ("offer", ours.offer_id, theirs.offer_id),
        ("quantity", ours.quantity, theirs.quantity),
        ("points", ours.points, theirs.points),
    )
    other = [f"{name} {there} instead of {here}" for name, here, there in pairs if here is not None and here != there]
    drift = "; ".join(([] if seen.drift is None else [seen.drift]) + other)
    return attrs.evolve(seen, drift=drift or None)


def told(facts: SessionMFacts, row: Listed) -> SessionMFacts:
    """The facts after the provider has shown the order; what it leaves out stays as it was."""
    return attrs.evolve(
        facts,
        order_id=row.id,
        provider_status=row.status,
        offer_id=facts.offer_id if row.offer_id is None else row.offer_id,
        quantity=facts.quantity if row.quantity is None else row.quantity,
        points=facts.points if row.points is None else row.points,
        created_at=facts.created_at if row.created_at is None else row.created_at,
    )


def listed(row: JsonView) -> Listed | None:
    """An order object. None without its id or its status: nothing can be said of such a one."""
    number, status = whole(row.any("id")), shown(row.any("status").text())
    if number is None or status is None:
        return None
    return Listed(
        id=number,
        status=status.lower()[:_WORD],
        offer_id=whole(row.any("offer_id")),
        quantity=whole(row.any("quantity")),
        points=whole(row.any("points")),
        created_at=moment(row.any("created_at").text()),
        external_id=(row.any("external_id").text() or "").strip() or None,
    )


def whole(view: JsonView) -> int | None:
    """A whole number, or a text that holds one (trap 5, trap 14); never a negative one."""
    number = view.whole()
    return number if number is not None and 0 <= number <= _MOST else None


def moment(written: str | None) -> datetime | None:
    """ "YYYY-MM-DD HH:MM:SS" is UTC, though nothing says so (trap 7)."""
    try:
        found = datetime.fromisoformat((written or "").strip())
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:  # a zone at the edge of the calendar
        return None
