"""Sending what waits: the first step of an order's queue, when its turn has come.

Each order is a lane of its own, so one that cannot go on holds up no other. The promise is written first, as an
ordinary intent under the name of the entry that waited: two processes at one queue send each step once. What is past
its bounds, or cannot follow what became of the steps before it, is handed to a person and never dropped.

May live here: one turn at one order's queue. May not: a thread, a clock; when a turn is worth while is the keeper's.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any, Final

import attrs

from stampcard.adapter import Accepted, AnyAdapter, Declined, NotSent
from stampcard.commands import Bill, Command, Void
from stampcard.errors import DeclinedError, Next, UnavailableError
from stampcard.journal.charges import barred
from stampcard.journal.codec import unpack
from stampcard.journal.contract import Append, Draft, Personal, StoreError, VersionConflictError
from stampcard.journal.queue import QUEUED, QueuedStep, kept_until
from stampcard.machine import decide
from stampcard.model import AnyOrder, EntryKind
from stampcard.recovery import Settled
from stampcard.step.ask import ask
from stampcard.step.conclude import Ending, conclude, extended
from stampcard.step.dates import dated, read_clocks
from stampcard.step.doors import AWAY, at_most
from stampcard.step.effects import Monotonic, Now, Own, Pending, Send, Step, Unwatch, Write, perform
from stampcard.step.ink import Promise, handed_over
from stampcard.step.knock import door_of, knock
from stampcard.step.look import unwritable
from stampcard.step.outlook import steps_open
from stampcard.step.personal import personal_of
from stampcard.step.verb import Seat
from stampcard.step.view import View, legal
from stampcard.wire import MAX_BODY

__all__ = ["Drained", "drain", "suspends"]

_LATER: Final = 60.0
_JITTER: Final = 0.5
"""At most this part of a pause is added to it."""


@attrs.frozen(kw_only=True)
class Drained:
    """What one turn came to. step: the trigger; empty when nothing waits. pause: seconds until the next turn is worth
    while. sent: a call was made. fresh: it was handed to a person just now. on: the next step may be tried at once."""

    step: str = ""
    result: Settled = Settled.QUEUED
    why: str = ""
    pause: float = 0.0
    sent: bool = False
    fresh: bool = False
    on: bool = False


def drain(seat: Seat[Any], adapter: AnyAdapter, view: View, *, may_try: bool = True) -> Step[Drained]:
    """One turn. Raises what a step raises; the entry that waits is then where it was."""
    standing = view.standing
    order_id = standing.header.order_id
    try:
        if not standing.queued:
            if not any(o.name in standing.drained for o in standing.open):
                yield from perform(Unwatch(order_id, QUEUED, standing.version))
            return Drained(pause=_LATER)
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None
    first = standing.queued[0]
    try:
        held = yield from _held(seat, adapter, view, first)
        if held is not None:
            return held
        if not may_try:
            return _waits(first, "left for the next pass: the limit is reached")
        now = yield from perform(Now())
        past = yield from _past(seat, adapter, view, first)
        if past is not None:
            return (yield from _handed_over(seat, view, first, *past))
        command = yield from _completed(seat, adapter, view, first)
        closed = yield from knock(seat, adapter, standing.header.site.tenant, urgent=_reverses(adapter, view, first))
        if closed is not None:
            return _waits(first, closed.why, closed.retry_after)
        return (yield from _sent(seat, adapter, view, first, command, now))
    except UnavailableError as away:
        return _waits(first, away.detail, away.retry_after)
    except DeclinedError as no:
        if no.next is Next.CALL:  # our own keys: nothing is said of this sale
            raise
        return (yield from _handed_over(seat, view, first, "offline.incomplete", _no_member(no)))
    except VersionConflictError:
        return _waits(first, "somebody else is at the order", 0.0)
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None


def _no_member(no: DeclinedError) -> str:
    return f"it cannot be completed: {no.cashier.rstrip('.')}"


def _handed_over(seat: Seat[Any], view: View, step: QueuedStep, code: str, why: str) -> Step[Drained]:
    """It is not sent before a person says so."""
    standing, order_id = view.standing, view.standing.header.order_id
    now = yield from perform(Now())
    entry = attrs.evolve(step.entry, by=seat.actor or "recovery", state=standing.state)
    draft = handed_over(order_id, entry, now, code, why)
    try:
        yield from perform(Write(Append(order_id=order_id, expected_version=standing.version, entries=(draft,))))
    except VersionConflictError:
        return _waits(step, "somebody else is at the order")
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None
    return Drained(step=step.trigger, result=Settled.ESCALATED, why=why, pause=_LATER, fresh=True)


def _waits(step: QueuedStep, why: str, pause: float = 0.0) -> Drained:
    spread = random.Random(f"{step.name} {why}").random()  # noqa: S311  spreads load, guards nothing
    return Drained(step=step.trigger, why=why, pause=pause * (1.0 + _JITTER * spread))


def _held(seat: Seat[Any], adapter: AnyAdapter, view: View, first: QueuedStep) -> Step[Drained | None]:
    """What it waits for, other than its turn at the provider's door; None: nothing."""
    standing = view.standing
    if first.escalated is not None:
        why = first.escalated.why or "a person has to look"
        return Drained(step=first.trigger, result=Settled.ESCALATED, why=why, pause=_LATER)
    if view.running > 0:
        return Drained(step=first.trigger, why="a call on this order is under way", pause=view.running)
    if first.trigger in (Bill.trigger, Void.trigger) and first.trigger in barred(standing):
        return Drained(step=first.trigger, why="the customer's payment is not settled yet: that first", pause=AWAY)
    before = steps_open(standing)
    if before and not suspends(view):
        return Drained(step=first.trigger, why=f"waits for '{before[0].trigger}'", pause=AWAY)
    moment = yield from perform(Monotonic())
    rest = seat.doors.left(door_of(adapter, standing.header.site.tenant), moment)
    return None if rest <= 0 else _waits(first, f"{adapter.name} could not be called just now", rest)


def suspends(view: View) -> bool:
    """A reversal waits that undoes what is in doubt: nobody asks what became of that first."""
    standing, adapter = view.standing, view.adapter
    if not standing.queued or not steps_open(standing):
        return False
    first = standing.queued[0]
    return _reverses(adapter, view, first) and first.trigger in legal(adapter, standing)


def _reverses(adapter: AnyAdapter, view: View, step: QueuedStep) -> bool:
    row = adapter.lifecycle.row(view.standing.state, step.trigger)
    return row is not None and row.reverses


def _past(seat: Seat[Any], adapter: AnyAdapter, view: View, step: QueuedStep) -> Step[tuple[str, str] | None]:
    """(code, why) when it is not to be sent by itself."""
    standing = view.standing
    if standing.forgotten or standing.erased(step.entry.version):
        return "offline.erased", "the customer's data was erased: it cannot be sent any more"
    order = view.order()
    command = _command(adapter, view, step)
    found = decide(adapter.lifecycle, order, command)
    found = found or adapter.check(order, command)
    if found and not suspends(view):
        return "offline.refused", f"it cannot follow what became of the sale: {found[0].message.rstrip('.')}"
    until = kept_until(step.entry)
    if until is None or step.released or _reverses(adapter, view, step):
        return None
    reading = yield from read_clocks(seat, door_of(adapter, standing.header.site.tenant))
    if reading.since(step.entry.at) > (until - step.entry.at).total_seconds():
        return "offline.too_old", f"it has waited since {step.entry.at:%Y-%m-%d %H:%M} UTC, longer than is allowed"
    return None


def _command(adapter: AnyAdapter, view: View, step: QueuedStep) -> Command:
    kind = next((kind for kind in adapter.commands if kind.trigger == step.trigger), None)
    if kind is None:
        raise StoreError(f"order {view.standing.header.order_id}: a step nobody knows")
    return view.standing.input(step.entry, kind)


def _completed(seat: Seat[Any], adapter: AnyAdapter, view: View, step: QueuedStep) -> Step[Command]:
    """The command, with what it lacked when it was taken down. Raises UnavailableError, DeclinedError."""
    command, order = _command(adapter, view, step), view.order()
    query = adapter.completes(order, command)
    return command if query is None else (yield from ask(seat, adapter, order.site, query))


def _sent(
    seat: Seat[Any], adapter: AnyAdapter, view: View, step: QueuedStep, command: Command, now: datetime
) -> Step[Drained]:
    """Promise it, send it, write what came of it. command: in full."""
    order, entry, standing = attrs.evolve(view.order(), doubt=None), step.entry, view.standing
    auth = adapter.auth(order.site)
    request = adapter.request(view.supposed(), command)
    if len(request.body) > MAX_BODY:
        return (yield from _handed_over(seat, view, step, "offline.refused", "it is too large to be sent"))
    ownership = yield from perform(Own(adapter.policies[step.trigger].call_budget))
    kept = standing.record.personal.get(entry.version)
    intent = Draft(
        kind=EntryKind.INTENT,
        trigger=step.trigger,
        state=standing.state,
        at=now,
        by=entry.by,
        why=entry.why,
        intent=step.name,
        command_id=entry.command_id,
        digest=entry.digest,
        ownership=ownership,
        body=(yield from dated(seat, door_of(adapter, order.site.tenant), entry.body)),
        personal=None if kept is None else _again(order, command, entry.version, kept),
    )
    append = Append(
        order_id=order.id, expected_version=standing.version, entries=(intent,), lane=adapter.lane(order, command)
    )
    entries = yield from perform(Write(append))
    record = extended(standing.record, entries, (intent,))
    promise = Promise(
        adapter=adapter,
        order=order,
        command=command,
        intent=step.name,
        attempt=record.version,
        by=entry.by,
        doors=seat.doors,
    )
    sent = yield from perform(
        Send(
            intent=step.name,
            request=request,
            base_url=adapter.base_url,
            auth=auth,
            hard_end=ownership.hard_end,
            patience=seat.patience,
            late=lambda late: conclude(promise, late, record),
        )
    )
    if isinstance(sent, Pending):
        return Drained(step=step.trigger, result=Settled.BUSY, why="its reply will be recorded", sent=True, pause=AWAY)
    return (yield from _came(seat, adapter, step, (yield from conclude(promise, sent, record))))


def _again(order: AnyOrder, command: Command, version: int, kept: bytes) -> Personal | None:
    """The personal data of the entry that waited, unless it is erased meanwhile."""
    return personal_of(order, command.subject(), unpack(kept), follows=version)


def _came(seat: Seat[Any], adapter: AnyAdapter, step: QueuedStep, ending: Ending) -> Step[Drained]:
    """What the call came to, for who drives the queue; the journal has it already."""
    match ending.outcome:
        case Accepted() if ending.written:
            return Drained(step=step.trigger, result=Settled.SENT, why="sent, and accepted", sent=True, on=True)
        case Declined() as no if ending.written and not no.perhaps_done:
            why = no.provider_text or no.message
            return Drained(step=step.trigger, result=Settled.ESCALATED, why=why, sent=True, pause=_LATER)
        case NotSent() as proof:
            moment = yield from perform(Monotonic())
            rest = max(_LATER if proof.ours else AWAY, at_most(proof.retry_after or 0.0))
            seat.doors.away(door_of(adapter, ending.standing.header.site.tenant), moment, rest)
            return attrs.evolve(_waits(step, proof.why, rest), sent=True)
        case _:
            why = ending.standing.open[0].why if ending.standing.open else "another lane took it over"
            return Drained(step=step.trigger, result=Settled.STILL_OPEN, why=why, sent=True, pause=AWAY)
