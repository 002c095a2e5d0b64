"""How old something is, although a wall clock may be set while a till runs, or between two of its runs.

A promise notes by how many seconds its provider's clock was ahead of ours (replies carry a Date). Where that is known
then and now, our clock was set in between by the difference, and that much is made good; else what the clock that only
rises shows while the till runs.

May live here: ages, from what clocks said. May not: a clock, an effect.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

import attrs

from stampcard.journal.codec import pack, unpack
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import OpenIntent
from stampcard.model import Entry

__all__ = ["ClockSets", "Reading", "age", "ahead_of", "noting"]

_DRIFT: Final = 5.0
"""Seconds our two clocks may part by between two readings: more, and the wall clock was set, or the machine slept."""
_KEPT: Final = 64
"""How often a clock may be set before the oldest time is forgotten."""
_SLOW: Final = 60.0
"""Seconds by which a Date may be older than the reply that carries it, when it comes to believing something older."""
_AHEAD: Final = "ahead"


@attrs.frozen
class _Set:
    """The wall clock was set, or the machine slept: what it would have said, what it said, and the difference."""

    before: datetime
    after: datetime
    seconds: float

    def lies_after(self, moment: datetime, now: datetime) -> bool:
        """Whether it came after that moment of the wall clock. One that was set back shows its old times twice: only
        what lies ahead of it is surely from before."""
        return moment < self.after if self.seconds > 0 else moment > now


class ClockSets:
    """How the wall clock was set while a till runs, by the clock that only rises. Safe to share between threads."""

    def __init__(self, wall: datetime, monotonic: float) -> None:
        self._last = (wall, monotonic)
        self._sets: tuple[_Set, ...] = ()
        self._lock = threading.Lock()

    def read(self, wall: datetime, monotonic: float) -> tuple[_Set, ...]:
        """What both clocks say now; every time the wall clock was set so far."""
        with self._lock:
            passed = timedelta(seconds=monotonic - self._last[1])
            expected = self._last[0] + passed
            seconds = (wall - expected).total_seconds()
            if abs(seconds) > _DRIFT:
                self._sets = (*self._sets, _Set(expected, wall, seconds))[-_KEPT:]
            self._last = (wall, monotonic)
            return self._sets


@attrs.frozen(kw_only=True)
class Reading:
    """What is known of the time at one moment.

    sets: how the wall clock was set since the till began. ahead: by how many seconds the provider's clock is ahead of
    our wall clock; None while no reply told.
    """

    wall: datetime
    monotonic: float
    sets: tuple[_Set, ...] = ()
    ahead: float | None = None

    def since(self, moment: datetime, ahead: float | None = None) -> float:
        """Seconds since that moment of our wall clock; below zero before it. ahead: the provider's lead then."""
        passed = (self.wall - moment).total_seconds()
        if self.ahead is None or ahead is None:
            return passed - sum(one.seconds for one in self.sets if one.lies_after(moment, self.wall))
        slip = self.ahead - ahead
        return passed + (slip if slip < 0 else max(0.0, slip - _SLOW))


def age(intent: OpenIntent, reading: Reading) -> float:
    """Seconds since the last call for this intent could have left."""
    return max(0.0, reading.since(intent.last_at, ahead_of(intent.last)))


def noting(body: bytes, ahead: float | None) -> bytes:
    """The body of a promise, with what is known of its provider's clock."""
    return body if ahead is None else pack({**unpack(body), _AHEAD: round(ahead)})


def ahead_of(entry: Entry) -> float | None:
    """The provider's lead as the entry noted it; None where it does not. Raises StoreError for a damaged one."""
    try:
        noted = unpack(entry.body).get(_AHEAD)
    except ValueError as error:
        where = f"order {entry.order_id}, entry {entry.version}"
        raise StoreError(f"{where}: cannot be read back ({error})") from None
    return noted if isinstance(noted, int) else None
