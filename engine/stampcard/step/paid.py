"""Recovery of what somebody pays: the moves that are due, made until nothing is, or until they have to wait.

May live here: one order's payment in one pass, and for the cashier who waits for it. May not: which order is turned to
(`rounds`), what is due (`money`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.commands import Bill, Void
from stampcard.errors import DeclinedError, StampcardError, UnavailableError
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import Standing
from stampcard.model import CHARGE, REVERSE, AnyOrder
from stampcard.recovery import Recovered, Settled
from stampcard.step.backoff import due as due_at
from stampcard.step.backoff import left
from stampcard.step.drain import drain
from stampcard.step.effects import Monotonic, Now, Sleep, Step, Unwatch, perform
from stampcard.step.look import look, unknown, unwritable
from stampcard.step.money import Due, Move, advance, next_move, waits
from stampcard.step.verb import Seat
from stampcard.step.view import View, given_up
from stampcard.step.watch import PAYMENT

__all__ = ["Went", "is_paid", "recover_paid", "settle_paid"]

log = logging.getLogger("stampcard.recovery")
NO_PORT: Final = "a payment is open, and this process has no port to ask after it (charges=...)"
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_LATER: Final = 60.0
_NO_ERROR: Final[StampcardError | None] = None
_REST: Final = (Due.NOTHING, Due.KEPT, Due.STUCK)
_NEEDS_PORT: Final = (Due.ASK, Due.REVERSE)
_TRIGGERS: Final = {
    Due.ASK: CHARGE,
    Due.GIVE_UP: REVERSE,
    Due.REVERSE: REVERSE,
    Due.BILL: Bill.trigger,
    Due.BLOCKED: Bill.trigger,
    Due.HOPELESS: Bill.trigger,
    Due.VOID: Void.trigger,
}
Settle: TypeAlias = Callable[[Seat[Any], AnyAdapter, str, float], Step[AnyOrder]]


def is_paid(standing: Standing) -> bool:
    """Somebody has tried to take money for it."""
    return any(entry.trigger == CHARGE for entry in standing.intents.values())


@attrs.define
class Went:
    """What one pass came to. left_alone: why nothing may be done here."""

    results: list[Recovered] = attrs.field(factory=list[Recovered])
    left_alone: str | None = None
    tried: bool = False
    pause: float = 0.0


def recover_paid(seat: Seat[Any], adapter: AnyAdapter, view: View, away: float, may_try: bool) -> Step[Went]:
    """Every move that is due and can be made here, one after the other; it waits for nothing but its calls.

    away: seconds the provider is left alone. Raises JournalError, and what a mistake of ours does.
    """
    went = Went()
    made: list[Due] = []
    seat = attrs.evolve(seat, actor=seat.actor or "recovery")
    while True:
        move = _due(seat, view)
        if move.due in _REST:
            yield from _rest(seat, view)
            return went
        if move.due is Due.STEP:
            return went
        held_up = (yield from _held_up(seat, view, move, away, may_try)) if move.due not in made else ("", 0.0)
        if held_up is not None:
            return _stopped(went, view, move, held_up)
        made.append(move.due)
        went.tried = True
        try:
            yield from advance(seat, adapter, view, move, recovers=True)
        except DeclinedError as no:
            log.info("order %s, '%s': declined (%s)", view.standing.header.order_id, move.due, no.code)
        except StampcardError as error:
            went.results.append(_result(view, move, Settled.STILL_OPEN, error.detail))
            return went
        after = yield from look(seat, adapter, view.standing.header.order_id)
        view = view if after is None else after
        then = _due(seat, view)
        if then.due is not move.due and then.due is not Due.PERSON:
            went.results.append(_result(view, move, *_became(view, move, then)))


def _due(seat: Seat[Any], view: View) -> Move:
    try:
        return next_move(view)
    except StoreError as broken:
        raise unwritable(seat, view.standing.header.order_id, broken) from None


def _rest(seat: Seat[Any], view: View) -> Step[None]:
    """Nobody need look after it any more."""
    try:
        yield from perform(Unwatch(view.standing.header.order_id, PAYMENT, view.standing.version))
    except StoreError as broken:
        raise unwritable(seat, view.standing.header.order_id, broken) from None


def _held_up(seat: Seat[Any], view: View, move: Move, away: float, may_try: bool) -> Step[tuple[str, float] | None]:
    """Why nothing is done now ("" where a person is asked), and for how many seconds; None when it is."""
    found = move.charge
    if move.due is Due.PERSON or found is None:
        return "", 0.0
    if move.due is Due.BLOCKED:
        return "the sale is paid, and cannot be billed as it stands", _LATER
    if view.running > 0:
        return "a payment is under way, and what comes of it will be recorded", 0.0
    if move.due in _NEEDS_PORT and not seat.charges:
        return NO_PORT, 0.0
    now = yield from perform(Now())
    pause = move.rest(now) if found.open is None else left(found.open, now)
    if pause > 0:
        why = "it could not be sent" if found.open is None else f"{found.open.why}; tried again from"
        return why + ("" if found.open is None else f" {due_at(found.open):%H:%M:%S} UTC on"), pause
    if away > 0 and move.due in (Due.BILL, Due.VOID):
        return f"{view.standing.header.provider} could not be asked just now", away
    return None if may_try else ("left for the next pass: the limit is reached", 0.0)


def _stopped(went: Went, view: View, move: Move, held_up: tuple[str, float]) -> Went:
    why, went.pause = held_up
    found = move.charge
    if move.due is Due.PERSON and found is not None:
        asked = found.open or found.reversing
        reason = "" if asked is None else given_up(asked)[0]
        went.results.append(_result(view, move, Settled.ESCALATED, reason))
    elif why == NO_PORT:
        went.left_alone = why
    else:
        busy = view.running > 0
        doubted = None if found is None or found.open is None else found.open.why
        went.results.append(_result(view, move, Settled.BUSY if busy else Settled.STILL_OPEN, why or doubted or ""))
    return went


def _became(view: View, move: Move, then: Move) -> tuple[Settled, str]:
    """What a move came to, as the history tells."""
    found = then.charge if then.charge is not None else move.charge
    match move.due:
        case Due.ASK if found is not None and found.taken is not None:
            return Settled.LANDED, f"the money was taken, reference {found.taken.reference}"
        case Due.ASK:
            return Settled.DECLINED, "no money was taken"
        case Due.BILL if then.due is Due.REVERSE:
            return Settled.DECLINED, "the provider declined the bill of a sale that was paid"
        case Due.BILL:
            return Settled.RESENT, "billed"
        case Due.REVERSE:
            return Settled.RESENT, "the payment was given back"
        case Due.VOID if view.order().final:
            return Settled.RESENT, "voided"
        case _:
            return Settled.DECLINED, "the provider declined it"


def _result(view: View, move: Move, result: Settled, why: str) -> Recovered:
    header, asked = view.standing.header, move.charge
    trigger = _TRIGGERS.get(move.due) or (CHARGE if asked is None or asked.reversing is None else REVERSE)
    return Recovered(order_id=header.order_id, provider=header.provider, trigger=trigger, result=result, why=why)


def settle_paid(seat: Seat[Any], adapter: AnyAdapter, order_id: str, within: float, settle: Settle) -> Step[AnyOrder]:
    """For the cashier who waits: every move that is due, again and again for `within` seconds. Raises InDoubtError."""
    end = (yield from perform(Monotonic())) + (within if within > 0 else 0.0)
    pause = _FIRST_PAUSE
    while True:
        view = yield from look(seat, adapter, order_id)
        if view is None:
            raise unknown(seat, order_id)
        move = _due(seat, view)
        if move.due in _REST:
            return view.order()
        if move.due is Due.PERSON:
            raise view.in_doubt(CHARGE, "a person has to look")
        left_now = end - (yield from perform(Monotonic()))
        why, error = "not settled yet", _NO_ERROR
        if move.due is Due.STEP:
            yield from settle(seat, adapter, order_id, max(left_now, 0.0))
            continue
        if move.due in _NEEDS_PORT and not seat.charges:
            why, left_now = NO_PORT, 0.0
        elif move.due is Due.BLOCKED or (move.due is Due.BILL and view.standing.queued and seat.offline is None):
            turn = yield from drain(seat, adapter, view)  # what waits goes first; such a till takes nothing down
            handed_over, before = turn.result is Settled.ESCALATED, view.standing.version
            view = (yield from look(seat, adapter, order_id)) or view
            if turn.on or (handed_over and view.standing.version > before):
                pause = _FIRST_PAUSE
                continue
            why, left_now = turn.why, 0.0 if handed_over else left_now
        elif view.running <= 0:
            try:
                yield from advance(seat, adapter, view, move, recovers=True)
            except DeclinedError as no:
                error = no
            except UnavailableError as busy:
                error = busy
            view = (yield from look(seat, adapter, order_id)) or view
            if _due(seat, view).due is not move.due:
                pause = _FIRST_PAUSE
                continue
            why = why if error is None else error.detail
        if left_now <= 0:
            raise view.in_doubt(CHARGE, why) if view.standing.open else waits(view, why, error)
        yield from perform(Sleep(min(pause, left_now)))
        pause = min(2 * pause, _LONGEST_PAUSE)
