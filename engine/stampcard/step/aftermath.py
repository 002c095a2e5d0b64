"""After a reversal from doubt: is all that the doubted step may have taken really back?

A reversal that was accepted closes the step before it, whose call may still be in the network; a lenient provider may
let it land after the reversal. So when no call can land any more the provider is looked at, where its adapter knows
how. All back as recorded ends the watch. What is not back, or cannot be told, is handed to a person: the doubted step
is open again, and waits for `resolve`.

May live here: the look and what is written of it. May not: a call that changes anything, a thread, a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import attrs

from stampcard.adapter import (
    Accepted,
    AnyAdapter,
    Declined,
    Escalate,
    LookBack,
    Neighbour,
    NotSent,
    Restored,
    Unknown,
    Unseen,
)
from stampcard.commands import Command
from stampcard.journal.contract import Append, Draft, StoreError, VersionConflictError
from stampcard.journal.fold import fold
from stampcard.journal.reversals import RESTORED, REVERSED, UNSEEN, Reversal, reversal
from stampcard.model import AnyOrder, Entry, EntryKind
from stampcard.recovery import Settled
from stampcard.step.ageing import Reading
from stampcard.step.ask import question
from stampcard.step.dates import read_clocks
from stampcard.step.effects import Changes, Load, Monotonic, Now, Step, Unwatch, Write, perform
from stampcard.step.ink import OVER, Ink, Promise
from stampcard.step.knock import door_of
from stampcard.step.look import unwritable
from stampcard.step.trouble import Closed, unsent
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.transport.contract import Failed
from stampcard.wire import Response

__all__ = ["Aftermath", "after_reversal"]

_PAGE: Final = 500
_PAGES: Final = 40
"""More than that since the order was priced is not read through: it cannot be told then who used what."""
_AGAIN: Final = 60.0
"""Seconds until a look that showed nothing is made again."""
_PATIENCE: Final = 3600.0
"""So many seconds a look that shows nothing is made again, before a person is asked. One that is away is waited for."""
_NOTHING: Final = "nothing at the provider would show it; its time to land has passed"

_Seen: TypeAlias = Restored | Escalate | NotSent | Unknown


@attrs.frozen(kw_only=True)
class Aftermath:
    """What one turn came to. pause: seconds until the next is worth while. away: the provider cannot be asked."""

    trigger: str
    result: Settled
    why: str
    pause: float = 0.0
    away: NotSent | None = None
    looked: bool = False


def after_reversal(
    seat: Seat[Any], adapter: AnyAdapter, view: View, *, may_look: bool = True
) -> Step[Aftermath | None]:
    """One turn over a watched order; None when there is nothing to watch. Raises JournalError, ConfigurationError."""
    order_id = view.standing.header.order_id
    try:
        found = reversal(view.standing)
        if found is None:
            yield from perform(Unwatch(order_id, REVERSED, view.standing.version))
            return None
        reading = yield from read_clocks(seat, door_of(adapter, view.standing.header.site.tenant))
        past = _past(found, reading)
        if past < 0 and not _blind(found, reading):
            return _may_land(found, past)
        if view.standing.open:
            return _waits(found, "another step of the order is in doubt: that first", _AGAIN)
        if not may_look:
            return _waits(found, "left for the next pass: the limit is reached", 0.0)
        try:
            return (yield from _turn(seat, adapter, view, found, past))
        except VersionConflictError:
            return _waits(found, "somebody else is at the order", 0.0)
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None


def _waits(found: Reversal, why: str, pause: float, away: NotSent | None = None) -> Aftermath:
    trigger = found.steps[-1].trigger
    return Aftermath(trigger=trigger, result=Settled.WATCHED, why=why, pause=pause, away=away, looked=away is not None)


def _past(found: Reversal, reading: Reading) -> float:
    """Seconds since the last call could land; below zero while it may. Counted from when one was promised: the time in
    between may be set, too."""
    promised = max((step.at for step in found.steps if step.at <= found.until), default=found.until)
    return reading.since(promised, found.ahead) - (found.until - promised).total_seconds()


def _blind(found: Reversal, reading: Reading) -> bool:
    """Our clock is behind what it said before, and only a reply of the provider's can say how late it is."""
    return reading.wall < found.by.at and reading.ahead is None and found.ahead is not None


def _may_land(found: Reversal, past: float) -> Aftermath:
    return _waits(found, f"its call may still land until {found.until:%H:%M:%S} UTC", -past)


def _turn(seat: Seat[Any], adapter: AnyAdapter, view: View, found: Reversal, past: float) -> Step[Aftermath]:
    """past: seconds since the last call could land."""
    shown: list[str] = []
    for step in found.steps:
        before = yield from perform(Monotonic())
        seen = yield from _look(seat, adapter, view, step)
        took = (yield from perform(Monotonic())) - before
        # After a restart only the look's own reply tells that our clock was set: it may have come too early.
        reading = yield from read_clocks(seat, door_of(adapter, view.standing.header.site.tenant))
        now = _past(found, reading) - took
        if now < 0:
            return attrs.evolve(_may_land(found, now), looked=True)
        match seen:
            case None if found.told_late:
                said = f"'{found.by.trigger}' was accepted, and a late reply says that '{step.trigger}' took effect"
                verdict = Escalate(reason=said, check=f"order {view.standing.header.order_id} at the provider")
                return (yield from _hand_over(seat, adapter, view, step, verdict))
            case None:
                pass
            case Restored(why=why):
                shown.append(why)
            case Escalate():
                return (yield from _hand_over(seat, adapter, view, step, seen))
            case NotSent():
                told = f"the provider could not be asked: {seen.why}"
                return _waits(found, told, max(_AGAIN, seen.retry_after or 0.0), seen)
            case Unknown(why=why):
                if past < _PATIENCE:
                    return attrs.evolve(_waits(found, why, _AGAIN), looked=True)
                check = f"whether anything of order {view.standing.header.order_id} is left at the provider"
                return (yield from _hand_over(seat, adapter, view, step, Escalate(reason=why, check=check)))
    return (yield from _end(seat, view, found, shown))


def _look(seat: Seat[Any], adapter: AnyAdapter, view: View, step: Entry) -> Step[_Seen | None]:
    """What the provider shows of what that step may have taken; None when nothing would."""
    standing = view.standing
    kind = next((kind for kind in adapter.commands if kind.trigger == step.trigger), None)
    if kind is None:
        raise StoreError(f"order {standing.header.order_id}: a step nobody knows")
    if standing.forgotten or standing.erased(step.version):
        return None  # whose it was is erased: there is nobody left to look for
    order = view.order()
    look = adapter.look_back(order, standing.input(step, kind)) or _shown(adapter, order)
    if look is None or isinstance(look, Restored):
        return look
    others = yield from _neighbours(seat, adapter, view, look)
    if isinstance(others, Unknown):
        return others
    sent = yield from question(seat, adapter, order.site, look.request, look.call_budget, recovers=True)
    if isinstance(sent, Closed):
        return sent.proof
    if isinstance(sent, Failed):
        return unsent(sent)
    try:
        return look.read(sent.response, others)
    except Exception as error:  # noqa: BLE001  a reader's mistake must not pass for a look
        return Unknown(why=f"the look could not be read ({type(error).__name__})")


def _shown(adapter: AnyAdapter, order: AnyOrder) -> LookBack | None:
    """The order itself, where the provider shows it: it is where the reversal led, or the late call has moved it."""
    look = adapter.compare(order)
    if isinstance(look, Unseen):
        return None

    def read(response: Response, _: Sequence[Neighbour]) -> _Seen:
        check = f"whether order {order.id} is {order.state} at the provider"
        match look.read(response):
            case Accepted(to=to, drift=None) if to is not None and str(to) == str(order.state):
                return Restored(why=f"the provider shows it {order.state}")
            case Accepted(to=to, drift=drift):
                reason = f"it is {order.state} here, and the provider shows {drift or to or 'no state'}"
                return Escalate(reason=reason, check=check)
            case Declined():
                return Escalate(reason=f"it is {order.state} here, and the provider knows no such order", check=check)
            case Unseen(why=why):
                return Unknown(why=why)
            case NotSent() | Unknown() as failed:
                return failed

    return LookBack(request=look.request, read=read, call_budget=look.call_budget)


def _neighbours(
    seat: Seat[Any], adapter: AnyAdapter, view: View, look: LookBack
) -> Step[tuple[Neighbour, ...] | Unknown]:
    """The person's other orders that moved since what is compared was recorded; Unknown when they cannot be read."""
    mine, subject = view.standing.header, view.facts.subject()
    recorded = None if look.recorded_by is None else view.standing.accepted.get(look.recorded_by)
    if recorded is None or subject is None:
        return ()
    moved = yield from _moved_since(recorded.position, mine.provider)
    if moved is None:
        return Unknown(why="too much has happened since to tell who used what")
    found: list[Neighbour] = []
    for order_id in moved:
        record = yield from perform(Load(order_id))
        if record is None or order_id == mine.order_id:
            continue
        header = record.header
        if (header.environment, header.site.tenant) != (mine.environment, mine.site.tenant):
            continue
        now = View(adapter=adapter, phrases=seat.phrases, standing=fold(record)).order()
        if now.facts.subject() != subject:
            continue
        entries = tuple(e for e in record.entries if e.position <= recorded.position)
        then = View(adapter=adapter, phrases=seat.phrases, standing=fold(attrs.evolve(record, entries=entries)))
        found.append(Neighbour(now=now, before=then.order() if entries else None))
    return tuple(found)


def _moved_since(position: int, provider: str) -> Step[Sequence[str] | None]:
    """Orders of that provider with an entry above that position; None when there are too many to read."""
    found: dict[str, None] = {}
    for _ in range(_PAGES):
        page = yield from perform(Changes(position, _PAGE))
        found |= {entry.order_id: None for entry in page if entry.provider == provider}
        if len(page) < _PAGE:
            return tuple(found)
        position = page[-1].position
    return None


def _end(seat: Seat[Any], view: View, found: Reversal, shown: list[str]) -> Step[Aftermath]:
    """Nothing of the step is left, as far as anything can show it."""
    now = yield from perform(Now())
    standing, why = view.standing, "; ".join(shown) or _NOTHING
    over = Draft(
        kind=EntryKind.WATCHED,
        trigger=found.by.trigger,
        state=standing.state,
        at=now,
        by=seat.actor or "recovery",
        why=why,
        code=RESTORED if shown else UNSEEN,
        intent=found.by.intent,
    )
    yield from _write(view, (over,))
    return Aftermath(trigger=found.steps[-1].trigger, result=Settled.RESTORED, why=why, looked=bool(shown))


def _hand_over(seat: Seat[Any], adapter: AnyAdapter, view: View, step: Entry, verdict: Escalate) -> Step[Aftermath]:
    """The doubted step is open again, for a person to say whether it took effect after all."""
    now = yield from perform(Now())
    kind = next(kind for kind in adapter.commands if kind.trigger == step.trigger)
    command: Command = view.standing.input(step, kind)
    promise = Promise(
        adapter=adapter,
        order=view.order(),
        command=command,
        intent=step.intent or "",
        attempt=step.version,
        by=seat.actor or "recovery",
    )
    draft = Ink(promise=promise, standing=view.standing, http=0, at=now).escalation(verdict, OVER)
    yield from _write(view, (draft,))
    return Aftermath(trigger=step.trigger, result=Settled.ESCALATED, why=verdict.reason, looked=True)


def _write(view: View, drafts: tuple[Draft, ...]) -> Step[None]:
    standing = view.standing
    append = Append(
        order_id=standing.header.order_id, expected_version=standing.version, entries=drafts, unwatch=(REVERSED,)
    )
    yield from perform(Write(append))
