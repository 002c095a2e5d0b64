"""Whether a provider may be called just now: a circuit breaker, the rest it asked for, its declared rate.

One `Doors` belongs to one till and is shared by its threads. It saves calls that would come to nothing and keeps a
provider that comes back from being overrun; no order depends on it, and a process that starts again with an empty one
does the same. (A breaker of its own in these lines: those on the package index wrap a call and read their own clock,
and a step has neither.)

May live here: what is remembered of a provider between two calls. May not: an effect, a clock, an order.
"""

from __future__ import annotations

import random
import threading
from datetime import datetime
from typing import Final, TypeAlias

import attrs

from stampcard.errors import Reason
from stampcard.model import Environment
from stampcard.wire import LONGEST_WAIT

__all__ = ["AWAY", "FAILURES", "Door", "Doors", "Shut", "at_most"]

Door: TypeAlias = tuple[str, Environment, str]
"""Provider, environment, tenant: what fails together, and what a provider counts by."""

AWAY: Final = 5.0
"""Seconds a provider that cannot be reached is left alone by who is in no hurry, when it names no time."""
FAILURES: Final = 5
"""Calls in a row without a word from the provider, until the breaker opens."""
_FIRST: Final = 5.0
_LONGEST: Final = 60.0
_JITTER: Final = 0.5
"""At most this part of a pause is added to it: registers that lost one network do not come back in one second."""
_TRIAL: Final = 30.0
"""Seconds a trial call is waited for, before another is let through: its process may have died."""
_BURST: Final = 5.0
"""Calls that may be made at once although a rate is declared."""
_DRIFT: Final = 5.0
"""Seconds our two clocks may part by: more, and the wall clock was set, or the machine slept."""


@attrs.frozen
class Shut:
    """Why no call is made now, and for how many seconds."""

    reason: Reason
    seconds: float


@attrs.define
class _Room:
    """What is known of one door. Moments are on the monotonic clock."""

    failures: int = 0
    trips: int = 0
    """How often the breaker opened since the provider was last heard."""
    opens_at: float = 0.0
    trial_until: float = 0.0
    rest_until: float = 0.0
    """The provider asked to be left alone until then."""
    away_until: float = 0.0
    tokens: float = _BURST
    counted_at: float | None = None
    told: tuple[float, datetime, float] | None = None
    """By how many seconds its clock is ahead of our wall clock, and what both our clocks said when a reply told it."""


class Doors:
    """Every provider's door. seed: spreads the pauses of different tills. Safe to share between threads."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._rooms: dict[Door, _Room] = {}
        self._lock = threading.Lock()

    def enter(self, door: Door, now: float, *, urgent: bool = False, per_minute: float | None = None) -> Shut | None:
        """None: make the call, now. Half open, it is the one trial. urgent: an open breaker does not hold it back."""
        with self._lock:
            room = self._rooms.setdefault(door, _Room())
            if room.rest_until > now:
                return Shut("rate_limit", room.rest_until - now)
            if not urgent and (shut := _broken(room, now)) > 0:
                return Shut("breaker", shut)
            lacks = _token(room, now, per_minute)
            if lacks > 0:
                return Shut("rate_limit", lacks)
            if room.trips:
                room.trial_until = now + _TRIAL
            return None

    def left(self, door: Door, now: float) -> float:
        """Seconds for which who is in no hurry leaves the provider alone."""
        with self._lock:
            room = self._rooms.get(door)
            if room is None:
                return 0.0
            return max(0.0, room.rest_until - now, room.away_until - now, _broken(room, now))

    def down(self, provider: str, environment: Environment, now: float) -> bool:
        """Whether calls of some tenant are not made at all just now, or came to nothing the last time."""
        with self._lock:
            mine = [room for door, room in self._rooms.items() if door[:2] == (provider, environment)]
            return any(room.rest_until > now or room.away_until > now or room.trips > 0 for room in mine)

    def answered(self, door: Door, now: float) -> None:
        """The provider is there."""
        with self._lock:
            room = self._rooms.setdefault(door, _Room())
            room.failures = room.trips = 0
            room.trial_until = room.opens_at = 0.0

    def failed(self, door: Door, now: float) -> None:
        """No word from the provider."""
        with self._lock:
            room = self._rooms.setdefault(door, _Room())
            room.failures += 1
            if room.failures < FAILURES or room.opens_at > now:  # open already: a call from before it was
                return
            room.trips += 1
            room.trial_until = 0.0
            pause = min(_LONGEST, _FIRST * 2.0 ** min(room.trips - 1, 10))
            spread = random.Random(f"{self._seed} {door} {room.trips}").random()  # noqa: S311  spreads load, guards nothing
            room.opens_at = now + pause * (1.0 + _JITTER * spread)

    def rests(self, door: Door, now: float, seconds: float) -> None:
        """The provider asked to be left alone."""
        with self._lock:
            room = self._rooms.setdefault(door, _Room())
            room.rest_until = max(room.rest_until, now + at_most(seconds))

    def away(self, door: Door, now: float, seconds: float = AWAY) -> None:
        """It could not be asked: whoever is in no hurry need not find that out again at once."""
        with self._lock:
            room = self._rooms.setdefault(door, _Room())
            room.away_until = max(room.away_until, now + at_most(seconds))

    def tells(self, door: Door, ahead: float, wall: datetime, now: float) -> None:
        """A reply's Date was so many seconds ahead of our wall clock."""
        with self._lock:
            self._rooms.setdefault(door, _Room()).told = (ahead, wall, now)

    def ahead(self, door: Door, wall: datetime, now: float) -> float | None:
        """By how many seconds the provider's clock is ahead of ours; None when no reply told since ours was set."""
        with self._lock:
            room = self._rooms.get(door)
            if room is None or room.told is None:
                return None
            ahead, then, moment = room.told
            parted = (wall - then).total_seconds() - (now - moment)
            return ahead if abs(parted) <= _DRIFT else None


def at_most(seconds: float) -> float:
    """A rest somebody else named, as one that ends: whatever an adapter makes of a reply, a day is the longest."""
    return min(seconds, LONGEST_WAIT) if seconds > 0 else 0.0  # what is no number is no time


def _broken(room: _Room, now: float) -> float:
    """Seconds until a call may be tried; 0.0 while the breaker is closed, or half open with nobody trying."""
    if not room.trips:
        return 0.0
    return max(0.0, room.opens_at - now, room.trial_until - now)


def _token(room: _Room, now: float, per_minute: float | None) -> float:
    """Take one call of the declared rate; seconds until there is one again, when there is none."""
    if per_minute is None:
        return 0.0
    rate = per_minute / 60.0
    since = 0.0 if room.counted_at is None else max(0.0, now - room.counted_at)
    room.tokens, room.counted_at = min(_BURST, room.tokens + since * rate), now
    if room.tokens < 1.0:
        return (1.0 - room.tokens) / rate
    room.tokens -= 1.0
    return 0.0
