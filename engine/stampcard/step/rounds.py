"""One pass over everything that is open, and over everything a provider moves without us.

Nothing here waits: each order gets one attempt, when the journal says that it is due. What is remembered between two
rounds (`stampcard.step.keeper`) only saves work: whoever forgets it, or runs beside another process, does the same.

May live here: which order is turned to, and when. May not: what is done about one order (`recover`, `observe`), a
thread, a clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from stampcard.adapter import AnyAdapter
from stampcard.errors import JournalError, StampcardError
from stampcard.journal.fold import PROBE, OpenIntent, Standing, landed
from stampcard.journal.reversals import REVERSED
from stampcard.model import CHARGE, PAYMENTS, Entry, EntryKind
from stampcard.recovery import Escalation, LeftAlone, Recovered, RecoveryReport, Settled
from stampcard.step.aftermath import after_reversal
from stampcard.step.backoff import due, left
from stampcard.step.doors import AWAY
from stampcard.step.drain import suspends
from stampcard.step.effects import Monotonic, Now, Step, perform
from stampcard.step.knock import knock
from stampcard.step.look import look
from stampcard.step.paid import is_paid, recover_paid
from stampcard.step.queues import drain_one, escalated, waiting
from stampcard.step.recover import attempt, first_open
from stampcard.step.turns import LATER, Adapters, Turn, door, open_orders, troubled, turn_to, watched_orders
from stampcard.step.verb import Seat
from stampcard.step.view import View, given_up
from stampcard.step.watch import PAYMENT

__all__ = [
    "Adapters",
    "Turn",
    "door",
    "escalations",
    "open_orders",
    "recover_all",
    "recover_one",
    "turn_to",
    "watch_one",
    "watched_orders",
]

log = logging.getLogger("stampcard.recovery")
_UNDER_WAY: Final = "a call is under way, and its reply will be recorded"


def recover_all(
    seat: Seat[Any], adapters: Adapters, *, limit: int | None, progress: Callable[[Recovered], None] | None
) -> Step[RecoveryReport]:
    """One pass. Raises JournalError when the journal cannot say what is open."""
    tried = 0
    results: list[Recovered] = []
    left_alone: list[LeftAlone] = []
    opened, paid = (yield from open_orders(seat)), (yield from watched_orders(seat, PAYMENT))
    watched = yield from watched_orders(seat, REVERSED)
    queued = yield from waiting(seat)
    turns = [(recover_one, one) for one in dict.fromkeys((*opened, *paid))] + [(watch_one, one) for one in watched]
    turns += [(drain_one, one) for one in queued]
    for turn_at, order_id in turns:
        turn = yield from turn_at(seat, adapters, order_id, may_try=limit is None or tried < limit)
        tried += turn.tried
        results += turn.results
        left_alone += () if turn.left_alone is None else (turn.left_alone,)
        if progress is not None:
            for one in turn.results:
                progress(one)
    return RecoveryReport(results=tuple(results), left_alone=tuple(left_alone))


def recover_one(seat: Seat[Any], adapters: Adapters, order_id: str, *, may_try: bool = True) -> Step[Turn]:
    """One attempt at an order's doubt, if it is due. Whatever is wrong with this order, the others get their turn."""
    try:
        found = yield from turn_to(seat, adapters, order_id)
        if found is None or isinstance(found, LeftAlone):
            return Turn(left_alone=found, pause=LATER)
        adapter, view = found
        if is_paid(view.standing):
            return (yield from _recover_paid(seat, adapter, view, may_try))
        if not view.standing.open:
            return Turn()
        return (yield from _recover(seat, adapter, view, may_try))
    except JournalError as damaged:
        log.error("order %s is in doubt and cannot be read: %s", order_id, damaged.detail)
        return troubled(order_id, "", "", f"it cannot be read: {damaged.detail}")


def _recover_paid(seat: Seat[Any], adapter: AnyAdapter, view: View, may_try: bool) -> Step[Turn]:
    """A provider's step that is in doubt first, then what is due about the money."""
    turn, order_id = Turn(), view.standing.header.order_id
    if any(o.trigger not in PAYMENTS for o in view.standing.open):
        turn = yield from _recover(seat, adapter, view, may_try)
        if turn.troubled:
            return turn
        view = (yield from look(seat, adapter, order_id)) or view
    moment = yield from perform(Monotonic())
    try:
        went = yield from recover_paid(seat, adapter, view, seat.doors.left(door(view), moment), may_try)
    except JournalError:
        raise
    except Exception as error:  # noqa: BLE001  an adapter's mistake must not keep the other orders from their turn
        log.error("order %s, its payment: the adapter failed (%s)", order_id, type(error).__name__)
        return troubled(order_id, adapter.name, CHARGE, f"the adapter failed ({type(error).__name__})", tried=True)
    left_alone = None
    if went.left_alone is not None:
        left_alone = LeftAlone(order_id=order_id, provider=adapter.name, why=went.left_alone)
    return Turn(
        results=(*turn.results, *went.results),
        left_alone=left_alone,
        tried=turn.tried or went.tried,
        pause=LATER if left_alone is not None else went.pause,
    )


def watch_one(seat: Seat[Any], adapters: Adapters, order_id: str, *, may_try: bool = True) -> Step[Turn]:
    """One turn over an order whose reversal from doubt is watched."""
    provider = trigger = ""
    try:
        found = yield from turn_to(seat, adapters, order_id)
        if found is None or isinstance(found, LeftAlone):
            return Turn(left_alone=found, pause=LATER)
        adapter, view = found
        provider, moment = adapter.name, (yield from perform(Monotonic()))
        trigger = "" if view.watch is None else view.watch.trigger
        rest = seat.doors.left(door(view), moment)
        came = yield from after_reversal(seat, adapter, view, may_look=may_try and rest <= 0)
    except StampcardError as error:
        log.error("order %s cannot be watched: %s", order_id, error)
        return troubled(order_id, provider, trigger, error.detail)
    except Exception as error:  # noqa: BLE001  an adapter's mistake must not keep the other orders from their turn
        log.error("order %s cannot be watched: the adapter failed (%s)", order_id, type(error).__name__)
        return troubled(order_id, provider, trigger, f"the adapter failed ({type(error).__name__})")
    if came is None:
        return Turn(pause=LATER)
    if came.away is not None:
        seat.doors.away(door(view), moment, max(AWAY, came.away.retry_after or 0.0))
    result = _recovered(view, came.trigger, came.result, came.why)
    level = logging.WARNING if came.result is Settled.ESCALATED else logging.INFO
    if came.result is not Settled.WATCHED:
        log.log(level, "order %s, reversed '%s': %s (%s)", order_id, came.trigger, came.result, came.why)
    return Turn(results=(result,), tried=came.looked, pause=max(came.pause, rest))


def _recover(seat: Seat[Any], adapter: AnyAdapter, view: View, may_try: bool) -> Step[Turn]:
    opened = [one for one in view.standing.open if one.trigger not in PAYMENTS]
    first = first_open(adapter, opened)
    moment = yield from perform(Monotonic())
    now = yield from perform(Now())
    waits = _waits(view, first, now, seat.doors.left(door(view), moment), may_try)
    if waits is not None:
        result, pause = waits
        if first.turned_away and first.tried_at is not None:  # in an earlier pass, or by another process
            rest = max(AWAY, first.rest) - (now - first.tried_at).total_seconds()
            seat.doors.away(door(view), moment, rest)
        others = [_waiting(view, one, first) for one in opened if one is not first]
        return Turn(results=(result, *others), pause=pause)
    closed = yield from knock(seat, adapter, view.standing.header.site.tenant, recovers=True)
    if closed is not None:
        result = _recovered(view, first, Settled.STILL_OPEN, closed.why)
        return Turn(
            results=(result, *(_waiting(view, o, first) for o in opened if o is not first)), pause=closed.retry_after
        )
    order_id = view.standing.header.order_id
    try:
        tried = yield from attempt(seat, adapter, view, first, moment + seat.patience)
        if tried.away is not None:
            seat.doors.away(door(view), moment, max(AWAY, tried.away.retry_after or 0.0))
        after = yield from look(seat, adapter, order_id)
    except StampcardError as error:  # our own keys or settings, or the journal failed while we were at it
        log.error("order %s, '%s' cannot be recovered: %s", order_id, first.trigger, error)
        return troubled(order_id, adapter.name, first.trigger, error.detail, tried=True)
    except Exception as error:  # noqa: BLE001  an adapter's mistake must not keep the other orders from their turn
        log.error("order %s, '%s': the adapter failed (%s)", order_id, first.trigger, type(error).__name__)
        why = f"the adapter failed ({type(error).__name__})"
        return troubled(order_id, adapter.name, first.trigger, why, tried=True)
    results = tuple(_became(after or view, one) for one in opened)
    for one in results:
        level = logging.WARNING if one.result is Settled.ESCALATED else logging.INFO
        log.log(level, "order %s, '%s': %s (%s)", order_id, one.trigger, one.result, one.why)
    return Turn(results=results, tried=True)


def _waits(view: View, first: OpenIntent, now: datetime, away: float, may_try: bool) -> tuple[Recovered, float] | None:
    """Why nothing is tried now, and for how many seconds; None when it is."""
    if first.escalated is not None:
        return _recovered(view, first, Settled.ESCALATED, given_up(first)[0]), LATER
    if suspends(view):
        why = f"'{view.standing.queued[0].trigger}' waits to be sent, and undoes it"
        return _recovered(view, first, Settled.STILL_OPEN, why), 0.0
    if view.running > 0:  # it may end, or its owner die, at any moment
        return _recovered(view, first, Settled.BUSY, _UNDER_WAY), 0.0
    pause = left(first, now)
    if pause > 0:
        why = f"{first.why}; tried again from {due(first):%H:%M:%S} UTC on"
        return _recovered(view, first, Settled.STILL_OPEN, why), pause
    if away > 0:
        why = f"{view.standing.header.provider} could not be asked just now"
        return _recovered(view, first, Settled.STILL_OPEN, why), away
    if not may_try:
        return _recovered(view, first, Settled.STILL_OPEN, "left for the next pass: the limit is reached"), 0.0
    return None


def _waiting(view: View, one: OpenIntent, first: OpenIntent) -> Recovered:
    if one.escalated is not None:
        return _recovered(view, one, Settled.ESCALATED, given_up(one)[0])
    return _recovered(view, one, Settled.STILL_OPEN, f"waits for '{first.trigger}'")


def _recovered(view: View, step: OpenIntent | str, result: Settled, why: str) -> Recovered:
    header, trigger = view.standing.header, step if isinstance(step, str) else step.trigger
    return Recovered(order_id=header.order_id, provider=header.provider, trigger=trigger, result=result, why=why)


def _became(after: View, was: OpenIntent) -> Recovered:
    """What became of an intent, as the journal tells: whoever settled it."""
    standing = after.standing
    now = next((o for o in standing.open if o.name == was.name), None)
    if now is not None:
        if now.escalated is not None:
            return _recovered(after, was, Settled.ESCALATED, given_up(now)[0])
        if after.running > 0:
            return _recovered(after, was, Settled.BUSY, _UNDER_WAY)
        return _recovered(after, was, Settled.STILL_OPEN, now.why)
    if any(one.name == was.name for one in standing.queued):
        return _recovered(after, was, Settled.QUEUED, "it came to nothing, and waits to be sent again")
    ending = standing.endings[was.name]
    if ending.intent != was.name:
        return _recovered(after, was, Settled.DROPPED, f"'{ending.trigger}' has settled it")
    if ending.kind is EntryKind.UNKNOWN:
        return _recovered(after, was, Settled.DROPPED, "nothing was at stake")
    if not landed(ending):
        return _recovered(after, was, Settled.DECLINED, ending.why or ending.code or "the provider says no")
    if ending.code != "inferred" and _sent_again(standing, was.name, ending):
        return _recovered(after, was, Settled.RESENT, "sent once more, and accepted")
    if ending.kind is EntryKind.RESOLVED:
        return _recovered(after, was, Settled.LANDED, f"{ending.by} decided so: {ending.why}")
    why = "found to have taken effect" if ending.code == "inferred" else "its own reply came"
    return _recovered(after, was, Settled.LANDED, why)


def _sent_again(standing: Standing, name: str, ending: Entry) -> bool:
    before = standing.record.entries[: ending.version]
    return any(e.kind is EntryKind.ATTEMPT and e.intent == name and e.code != PROBE for e in before)


def escalations(seat: Seat[Any], adapters: Adapters) -> Step[tuple[Escalation, ...]]:
    """Every step that waits for a person, oldest order first. Raises JournalError."""
    found: list[Escalation] = []
    opened, queued = (yield from open_orders(seat)), (yield from waiting(seat))
    for order_id in dict.fromkeys((*opened, *queued)):
        try:
            seen = yield from turn_to(seat, adapters, order_id)
        except JournalError as damaged:  # one that cannot be read must not hide the others
            log.error("order %s is in doubt and cannot be read: %s", order_id, damaged.detail)
            continue
        if seen is None or isinstance(seen, LeftAlone):
            continue
        order = seen[1].order()
        for intent in seen[1].standing.open:
            if intent.escalated is not None:
                reason, check = given_up(intent)
                since = intent.escalated.at
                found.append(Escalation(order=order, trigger=intent.trigger, since=since, reason=reason, check=check))
        found += escalated(seen[1])
    return tuple(found)
