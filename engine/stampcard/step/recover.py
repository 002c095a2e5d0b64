"""Settling an ending nobody knows, one order at a time, by what its adapter says may be done.

Every attempt is an entry, written with the version it was decided on BEFORE anything is sent: two recoveries of one
order cannot both send. A no to a resend is never believed alone. An attempt that provably did not leave uses up no
limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from stampcard.adapter import (
    Accepted,
    AnyAdapter,
    AskAgain,
    Declined,
    Escalate,
    Evidence,
    NotSent,
    Outcome,
    Probe,
    Recovery,
    Resend,
    Unknown,
)
from stampcard.commands import Command
from stampcard.journal.contract import Append, Draft, Record, StoreError, VersionConflictError
from stampcard.journal.fold import PROBE, OpenIntent, Standing, fold
from stampcard.model import PAYMENTS, AnyOrder, EntryKind
from stampcard.step.ageing import Reading, age, ahead_of
from stampcard.step.conclude import ASK_AGAIN_CHECK, conclude, extended, judge, settle, write_escalation
from stampcard.step.dates import dated, read_clocks
from stampcard.step.drain import drain, suspends
from stampcard.step.effects import Monotonic, Now, Own, Pending, Send, Sleep, Step, Write, perform
from stampcard.step.ink import Promise
from stampcard.step.knock import door_of, heard
from stampcard.step.look import look, unknown, unwritable
from stampcard.step.paid import is_paid, settle_paid
from stampcard.step.verb import Seat
from stampcard.step.view import View, effectless
from stampcard.transport.contract import Failed, Sent
from stampcard.wire import Request

__all__ = ["attempt", "first_open", "settle_order"]

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_OUTAGE: Final = 1_200.0
"""Seconds from the first call to the last: within less no number of them hands a step to a person."""
_EAGER: Final = 60.0
"""Seconds between two calls a cashier asks for, once the calls have run out and the outage is short."""
_LEAST_PATIENCE: Final = 0.05
"""`within=0` is one attempt, which a provider at hand may answer."""


def settle_order(seat: Seat[Any], adapter: AnyAdapter, order_id: str, within: float) -> Step[AnyOrder]:
    """Settle this order's doubt now, trying again with growing pauses for `within` seconds: a real bound.

    A call still under way then goes on, and its reply is recorded. Raises InDoubtError when time is up,
    NeedsHumanError when it cannot be settled, UnknownOrderError, JournalError.
    """
    view = yield from look(seat, adapter, order_id)
    if view is not None and is_paid(view.standing):
        return (yield from settle_paid(seat, adapter, order_id, within, settle_steps))
    return (yield from settle_steps(seat, adapter, order_id, within))


def settle_steps(seat: Seat[Any], adapter: AnyAdapter, order_id: str, within: float) -> Step[AnyOrder]:
    """The provider's steps of it, whatever is open about the customer's money. Raises as `settle_order`."""
    end = (yield from perform(Monotonic())) + (within if within > 0 else 0.0)  # not a number is no time at all
    pause = _FIRST_PAUSE
    while True:
        view = yield from look(seat, adapter, order_id)
        if view is None:
            raise unknown(seat, order_id)
        opened = [o for o in view.standing.open if o.trigger not in PAYMENTS]
        if not opened:
            return view.order()
        first = first_open(adapter, opened)
        if first.escalated is not None:
            raise view.in_doubt(first.trigger, first.why)
        if view.running <= 0:
            if (yield from _tried(seat, adapter, view, first, end)):
                pause = _FIRST_PAUSE
                continue
            view = (yield from look(seat, adapter, order_id)) or view
            opened = [o for o in view.standing.open if o.trigger not in PAYMENTS]
            if not opened or first_open(adapter, opened).escalated is not None:
                continue
        time_left = end - (yield from perform(Monotonic()))
        if time_left <= 0:
            raise view.in_doubt(first.trigger, first.why)
        yield from perform(Sleep(min(pause, time_left)))
        pause = min(2 * pause, _LONGEST_PAUSE)


def _tried(seat: Seat[Any], adapter: AnyAdapter, view: View, first: OpenIntent, end: float) -> Step[bool]:
    """One attempt; of a reversal that waits, where it undoes the doubt. True when something is settled by it."""
    if suspends(view):
        return (yield from drain(seat, adapter, view)).on
    return (yield from attempt(seat, adapter, view, first, end)).settled


@attrs.frozen(kw_only=True)
class Tried:
    """One attempt. settled: its intent is open no longer. away: the provider cannot be asked, or does not let us in."""

    settled: bool
    away: NotSent | None = None


def attempt(seat: Seat[Any], adapter: AnyAdapter, view: View, intent: OpenIntent, end: float) -> Step[Tried]:
    """Try once what the adapter says may be done, waiting until `end` on the monotonic clock."""
    reading = yield from read_clocks(seat, door_of(adapter, view.standing.header.site.tenant))
    case = _case(seat, adapter, view, intent, reading, end)
    settled = yield from _attempt(case)
    return Tried(settled=settled, away=next(iter(case.turned_away), None))


def first_open(adapter: AnyAdapter, opened: Sequence[OpenIntent]) -> OpenIntent:
    """The intent to settle now: a reversal first, as its acceptance settles what it reversed; else the oldest."""
    steps = [o for o in opened if o.trigger not in PAYMENTS]
    return next((o for o in steps if _reverses(adapter, o)), (steps or opened)[0])


def _reverses(adapter: AnyAdapter, intent: OpenIntent) -> bool:
    row = adapter.lifecycle.row(intent.source, intent.trigger)
    return row is not None and row.reverses


@attrs.frozen(kw_only=True)
class _Case:
    """One open intent, and what is known of it. promise: in the name of whoever recovers it now."""

    seat: Seat[Any]
    adapter: AnyAdapter
    order: AnyOrder
    supposed: AnyOrder
    """The order the call was built from: as it is if what was open before this step took effect."""
    command: Command
    intent: OpenIntent
    """As it was found."""
    since: float
    """When its age was taken, on the monotonic clock."""
    promise: Promise
    record: Record
    sends: int
    evidence: Evidence
    erased: bool
    """Personal data the call was made with has been erased since: it cannot be made again."""
    lasting: bool
    """Its calls without an answer are no short outage any more."""
    rests: bool
    """It was tried just now: once the calls have run out, a cashier who waits has one made now and then."""
    end: float
    """When whoever asked stops waiting, on the monotonic clock."""
    turned_away: list[NotSent] = attrs.field(factory=list[NotSent])
    """Proof, heard on the way, that the provider could not be asked."""

    @property
    def where(self) -> str:
        return f"order {self.order.id}, step {self.command.trigger}"

    def still_open(self, standing: Standing) -> bool:
        return any(o.name == self.promise.intent for o in standing.open)


def _case(seat: Seat[Any], adapter: AnyAdapter, view: View, intent: OpenIntent, reading: Reading, end: float) -> _Case:
    try:
        kind = next((kind for kind in adapter.commands if kind.trigger == intent.trigger), None)
        if kind is None:
            raise StoreError(f"order {view.standing.header.order_id}: a step nobody knows")
        command = view.standing.input(intent.entry, kind)
        erased = view.standing.forgotten or view.standing.erased(intent.entry.version)
        supposed = view.supposed(before=intent.entry.version)
        old, first, last = age(intent, reading), ahead_of(intent.entry), ahead_of(intent.last)
    except StoreError as broken:
        raise unwritable(seat, view.standing.header.order_id, broken) from None
    order = attrs.evolve(view.order(), doubt=None)
    return _Case(
        seat=seat,
        adapter=adapter,
        order=order,
        supposed=supposed,
        command=command,
        intent=intent,
        since=reading.monotonic,
        promise=Promise(
            adapter=adapter,
            order=order,
            command=command,
            intent=intent.name,
            attempt=intent.attempt,
            by=seat.actor or "recovery",
            resend=True,
            doors=seat.doors,
        ),
        record=view.standing.record,
        sends=intent.sends,
        erased=erased,
        lasting=reading.since(intent.entry.at, first) - reading.since(intent.last_at, last) >= _OUTAGE,
        rests=intent.tried_at is not None and 0 <= (reading.wall - intent.tried_at).total_seconds() < _EAGER,
        end=end,
        evidence=Evidence(
            attempts=intent.sends,
            age=old,
            inferred_before=any(e.code == "inferred" for e in view.standing.record.entries),
        ),
    )


def _attempt(case: _Case) -> Step[bool]:
    """One attempt. True when the intent is open no longer."""
    if effectless(case.adapter, case.command.trigger):
        # Whatever became of it, nothing is at stake: it needs no recovery.
        ending = yield from settle(case.promise, Unknown(why="nobody waits for it any more"), 0, case.record)
        return not case.still_open(ending.standing)
    if case.erased:
        return (yield from _give_up(case, "the customer's data was erased: it cannot be sent again", case.where))
    return (yield from _follow(case, case.adapter.recover(case.order, case.command, case.evidence)))


def _follow(case: _Case, advice: Recovery[Any, Any]) -> Step[bool]:
    """Do what the adapter advises, once. True when the intent is open no longer."""
    match advice:
        case Accepted():
            ending = yield from settle(case.promise, attrs.evolve(advice, inferred=True), 0, case.record)
            return not case.still_open(ending.standing)
        case AskAgain(reason=reason):
            return (yield from _give_up(case, reason, ASK_AGAIN_CHECK))
        case Escalate(reason=reason, check=check):
            return (yield from _give_up(case, reason, check))
        case Resend(limit=limit) if case.sends > limit and case.lasting:
            return (yield from _give_up(case, f"no clear answer in {case.sends} calls", case.where))
        case Resend(limit=limit) if case.sends > limit and case.rests:
            return False
        case Resend():
            return (yield from _resend(case))
        case Probe():
            return (yield from _probe(case, advice))


def _give_up(case: _Case, reason: str, check: str) -> Step[bool]:
    yield from write_escalation(case.promise, Escalate(reason=reason, check=check), case.record)
    return False


def _resend(case: _Case) -> Step[bool]:
    request = case.adapter.request(case.supposed, case.command)
    taken = yield from _take(case, code=None)
    if taken is None:
        return False
    case, hard_end = taken
    promise, record = case.promise, case.record
    sent = yield from _send(case, request, hard_end, lambda late: conclude(promise, late, record))
    if isinstance(sent, Pending):
        return False
    ending = yield from conclude(promise, sent, record)
    if isinstance(ending.outcome, NotSent):
        case.turned_away.append(ending.outcome)
    if not (isinstance(ending.outcome, Declined) and ending.written):
        return not case.still_open(ending.standing)
    no = ending.outcome
    told = attrs.evolve(case.evidence, attempts=case.evidence.attempts + 1, answer=no)
    advice = case.adapter.recover(case.order, case.command, told)
    if isinstance(advice, Resend):
        advice = Escalate(
            reason=f"the repeat was refused ({no.provider_code or no.code}), the first may have landed",
            check=case.where,
        )
    return (yield from _follow(attrs.evolve(case, record=ending.record, evidence=told), advice))


def _probe(case: _Case, advice: Probe[Any, Any]) -> Step[bool]:
    """Look at the provider. A look that failed says nothing about the order; one that shows an ending is believed."""
    taken = yield from _take(case, code=PROBE)
    if taken is None:
        return False
    case, hard_end = taken
    sent = yield from _send(case, advice.request, hard_end)
    answer: Sent = Failed(why="no answer in time", sent=True) if isinstance(sent, Pending) else sent
    yield from heard(case.seat.doors, door_of(case.adapter, case.order.site.tenant), answer)
    seen = _seen(case, (yield from _dated_anew(case, advice)), answer)
    match seen:
        case NotSent() | Unknown():
            case.turned_away.extend([seen] if isinstance(seen, NotSent) else [])
            told = attrs.evolve(seen, why=f"the provider could not be asked: {seen.why}")
            yield from settle(case.promise, told, 0, case.record)
            return False
        case Accepted() | Declined():
            settled = attrs.evolve(case.promise, resend=False)  # a look is believed, a refused repeat is not
            verdict = attrs.evolve(seen, inferred=True) if isinstance(seen, Accepted) else seen
            ending = yield from settle(settled, verdict, 0, case.record)
            return not case.still_open(ending.standing)
        case Resend() if case.evidence.answer is not None:
            return (yield from _give_up(case, "the repeat was refused and the provider does not show it", case.where))
        case Resend() | Escalate():
            return (yield from _follow(case, seen))


def _dated_anew(case: _Case, advice: Probe[Any, Any]) -> Step[Probe[Any, Any]]:
    """The look's reader, for the age as the provider's clock has it: after a restart only the look's answer tells that.

    The age is that of before the look was sent: what landed since need not be in it.
    """
    reading = yield from read_clocks(case.seat, door_of(case.adapter, case.order.site.tenant))
    if reading.ahead is None or ahead_of(case.intent.last) is None:
        return advice
    took = reading.monotonic - case.since
    told = attrs.evolve(case.evidence, age=max(0.0, age(case.intent, reading) - took))
    anew = case.adapter.recover(case.order, case.command, told)
    return anew if isinstance(anew, Probe) else advice


def _seen(case: _Case, advice: Probe[Any, Any], sent: Sent) -> Outcome[Any, Any] | Resend | Escalate:
    if isinstance(sent, Failed):
        return judge(case.promise, sent)[0]
    try:
        return advice.read(sent.response)
    except Exception as error:  # noqa: BLE001  a reader's mistake must not settle an order
        return Unknown(why=f"the probe could not be read ({type(error).__name__})")


def _take(case: _Case, code: str | None) -> Step[tuple[_Case, float] | None]:
    """Take the intent over, durably, before anything is sent. None when another recovery was faster."""
    promise, record = case.promise, case.record
    case.adapter.auth(case.order.site)  # a tenant without keys is told before anything is promised
    now = yield from perform(Now())
    ownership = yield from perform(Own(case.adapter.policies[promise.command.trigger].call_budget))
    draft = Draft(
        kind=EntryKind.ATTEMPT,
        trigger=promise.command.trigger,
        state=fold(record).state,
        at=now,
        by=promise.by,
        intent=promise.intent,
        code=code,
        ownership=ownership,
        body=(yield from dated(case.seat, door_of(case.adapter, case.order.site.tenant))),
    )
    append = Append(order_id=promise.order.id, expected_version=record.version, entries=(draft,))
    try:
        entries = yield from perform(Write(append))
    except VersionConflictError:
        return None
    except StoreError as broken:
        raise unwritable(case.seat, promise.order.id, broken) from None
    record = extended(record, entries, (draft,))
    mine = attrs.evolve(promise, attempt=record.version)
    return attrs.evolve(case, promise=mine, record=record), ownership.hard_end


def _send(
    case: _Case, request: Request, hard_end: float, late: Callable[[Sent], Step[object]] | None = None
) -> Step[Sent | Pending]:
    """Waits as long as whoever asked; without `late` (a look) the call ends with the waiting."""
    time_left = case.end - (yield from perform(Monotonic()))
    return (
        yield from perform(
            Send(
                intent=case.promise.intent,
                request=request,
                base_url=case.adapter.base_url,
                auth=case.adapter.auth(case.order.site),
                hard_end=hard_end,
                patience=max(time_left, _LEAST_PATIENCE),
                late=late,
            )
        )
    )
