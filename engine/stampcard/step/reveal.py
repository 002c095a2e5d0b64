"""Showing what is never journalled: fetched again from the provider, and who saw it is written first.

May live here: one revealing look, and finding orders by a name. May not: what is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from stampcard.adapter import AnyAdapter, Query
from stampcard.errors import JournalError, NeedsHumanError, Next
from stampcard.journal.contract import Append, Draft, StoreError, VersionConflictError
from stampcard.model import AnyOrder, EntryKind
from stampcard.step.ask import ask
from stampcard.step.effects import Find, Now, Step, Write, perform
from stampcard.step.look import look, unknown, unwritable
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.wish import keepable

__all__ = ["orders_named", "reveal"]

T = TypeVar("T")
_TRIGGER = "reveal"


def reveal(
    seat: Seat[Any],
    adapter: AnyAdapter,
    order_id: str,
    query: Query[T],
    *,
    why: str,
    alarm: Callable[[T], str | None] | None = None,
) -> Step[T]:
    """The answer, once the journal holds that it was shown. Raises NeedsHumanError for an alarm."""
    keepable(seat, why, order_id=order_id)  # before anything is fetched that could not be noted as shown
    view = yield from _seen(seat, adapter, order_id)
    answer = yield from ask(seat, adapter, view.order().site, query)
    wrong = None if alarm is None else alarm(answer)
    if wrong is not None:
        yield from _note(seat, adapter, order_id, EntryKind.DRIFT, wrong, "reveal.other_answer")
        error = view.error(
            NeedsHumanError,
            "reveal.other_answer",
            detail=wrong,
            trigger=_TRIGGER,
            next=Next.CALL,
        )
        error.check = wrong
        raise error
    yield from _note(seat, adapter, order_id, EntryKind.REVEALED, why, None)
    return answer


def _seen(seat: Seat[Any], adapter: AnyAdapter, order_id: str) -> Step[View]:
    view = yield from look(seat, adapter, order_id)
    if view is None:
        raise unknown(seat, order_id)
    return view


def _note(
    seat: Seat[Any], adapter: AnyAdapter, order_id: str, kind: EntryKind, why: str, code: str | None
) -> Step[None]:
    """One line of the history that moves nothing. Raises JournalError."""
    while True:
        view = yield from _seen(seat, adapter, order_id)
        now = yield from perform(Now())
        draft = Draft(kind=kind, trigger=_TRIGGER, state=view.standing.state, at=now, by=seat.actor, why=why, code=code)
        append = Append(order_id=order_id, expected_version=view.standing.version, entries=(draft,))
        try:
            yield from perform(Write(append))
        except VersionConflictError:
            continue
        except StoreError as broken:
            raise unwritable(seat, order_id, broken) from None
        return


def orders_named(seat: Seat[Any], adapter: AnyAdapter, text: str) -> Step[tuple[AnyOrder, ...]]:
    """Orders of this provider with that id, ticket or reference that this till may touch, oldest first."""
    try:
        found = yield from perform(Find(text, adapter.name))
    except StoreError as broken:
        raise JournalError(seat.phrases.say("journal.unavailable"), detail=str(broken)) from None
    orders: list[AnyOrder] = []
    for summary in reversed(found):
        header = summary.header
        if header.environment is adapter.environment and (seat.site is None or header.site.tenant == seat.site.tenant):
            orders.append((yield from _seen(seat, adapter, header.order_id)).order())
    return tuple(orders)
