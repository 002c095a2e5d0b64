"""Asking at a provider's door before anything is promised, and telling the door what came of a call.

Three things may keep a call back: a person has switched the provider off; it asked to be left alone, or is called as
often as it declares; it has not answered several times in a row. A reversal and recovery pass the kill switch; a
reversal passes an open breaker too, as somebody is waiting for it.

May live here: the asking and the telling. May not: what is remembered (`stampcard.step.doors`), a call, an order.
"""

from __future__ import annotations

from typing import Any, Final

from stampcard.adapter import AnyAdapter, NotSent, Unknown
from stampcard.errors import JournalError
from stampcard.journal.contract import StoreError
from stampcard.step.dates import learn
from stampcard.step.doors import Door, Doors, Shut
from stampcard.step.effects import Monotonic, Step, SwitchedOff, perform
from stampcard.step.trouble import Closed
from stampcard.step.verb import Seat
from stampcard.transport.contract import Failed, Sent

__all__ = ["door_of", "heard", "knock", "switched_off"]

_OFF: Final = 60.0
"""Seconds until it is worth asking again what a person has switched off."""


def door_of(adapter: AnyAdapter, tenant: str) -> Door:
    return adapter.name, adapter.environment, tenant


def switched_off(seat: Seat[Any], provider: str) -> Step[str | None]:
    """Who switched this provider off, and why; None while it is on. Raises JournalError."""
    try:
        return (yield from perform(SwitchedOff(provider)))
    except StoreError as broken:
        raise JournalError(seat.phrases.say("journal.unavailable"), detail=str(broken)) from None


def knock(
    seat: Seat[Any], adapter: AnyAdapter, tenant: str, *, urgent: bool = False, recovers: bool = False
) -> Step[Closed | None]:
    """None: make the call, now. urgent: of a reversal. recovers: it settles what was promised before."""
    if not urgent and not recovers:
        off = yield from switched_off(seat, adapter.name)
        if off is not None:
            return Closed(reason="switched_off", why=off, retry_after=_OFF)
    now = yield from perform(Monotonic())
    shut = seat.doors.enter(door_of(adapter, tenant), now, urgent=urgent, per_minute=adapter.calls_per_minute)
    return None if shut is None else Closed(reason=shut.reason, why=_why(shut), retry_after=shut.seconds)


def _why(shut: Shut) -> str:
    if shut.reason == "breaker":
        return "the provider has not answered several times in a row"
    return "the provider is called as often as it allows"


def heard(doors: Doors, door: Door, sent: Sent, outcome: object = None) -> Step[None]:
    """Tell the door. outcome: what the adapter made of it, where it was asked."""
    now = yield from perform(Monotonic())
    if isinstance(sent, Failed):
        if sent.ours:
            doors.answered(door, now)
        else:
            doors.failed(door, now)
        return
    response = sent.response
    yield from learn(doors, door, response, now)
    rest = outcome.retry_after if isinstance(outcome, NotSent) else None
    if rest is None and response.status in (429, 503):
        rest = response.retry_after()
    if rest is not None:
        doors.rests(door, now, rest)
    elif response.status == 429:
        doors.away(door, now)  # it named no time: a cashier may try again, the background waits a little
    if isinstance(outcome, Unknown) or response.status >= 500 or response.status == 408:
        doors.failed(door, now)
    else:
        doors.answered(door, now)
