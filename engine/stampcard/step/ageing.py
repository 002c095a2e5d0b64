"""How old something is, although a wall clock may be set while a till runs, or between two of its runs.

A promise notes by how many seconds its provider's clock was ahead of ours (replies carry a Date). Where that is known
then and now, our clock was set in between by the difference, and that much is made good; else the rule is that a clock
which ran ahead of the monotonic one makes nothing older.

May live here: ages, from what clocks said. May not: a clock, an effect.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from stampcard.journal.codec import pack, unpack
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import OpenIntent
from stampcard.model import Entry

__all__ = ["Reading", "age", "ahead_of", "jumped", "noting"]

_JUMP = 300.0
"""Seconds: more than a clock drifts or is slewed by in a day (design, section 6: offline)."""
_SLOW: Final = 60.0
"""Seconds by which a Date may be older than the reply that carries it, when it comes to believing something older."""
_AHEAD: Final = "ahead"


@attrs.frozen(kw_only=True)
class Reading:
    """What is known of the time at one moment.

    jumped: seconds by which the wall clock has run ahead of the monotonic one. ahead: by which the provider's clock is
    ahead of our wall clock; None while no reply told.
    """

    wall: datetime
    monotonic: float
    jumped: float = 0.0
    ahead: float | None = None

    def since(self, moment: datetime, ahead: float | None) -> float:
        """Seconds since that moment of our wall clock; below zero before it. ahead: the provider's lead then."""
        passed = (self.wall - moment).total_seconds()
        if self.ahead is None or ahead is None:
            return passed - self.jumped
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


def jumped(began: tuple[datetime, float] | None, now: datetime, monotonic: float) -> float:
    """Seconds by which the wall clock has run ahead of the monotonic one since the till began; 0.0 for a usual drift.

    A clock set forward makes every call look older than it is: "not there" would be believed while it may still land.
    """
    if began is None:
        return 0.0
    ahead = (now - began[0]).total_seconds() - (monotonic - began[1])
    return ahead if ahead > _JUMP else 0.0
