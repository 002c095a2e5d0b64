"""A clock for tests: it stands still until it is told to pass, and sleeping on it takes no time.

May live here: the clock. May not: a reading of the machine's own.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["Clock"]

_START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Clock:
    """`Till(..., clock=Clock())`: a `stampcard.clock.Clock`. Safe to share between threads.

    start: aware; left out, a Monday morning, the same in every run. Raises ValueError for a naive start.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("a clock starts at an aware time")
        self._start = (start or _START).astimezone(UTC)
        self._passed = timedelta()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """Now: aware, UTC."""
        with self._lock:
            return self._start + self._passed

    def monotonic(self) -> float:
        """Seconds since the start."""
        with self._lock:
            return self._passed.total_seconds()

    def sleep(self, seconds: float, /) -> None:
        """Pass that much time, and return at once; less than this clock tells apart (a microsecond) passes as one.

        Whoever sleeps until a moment would never see it come otherwise.
        """
        self.pass_(seconds=max(1e-6, seconds) if seconds > 0 else 0.0)

    def pass_(self, **by: float) -> None:
        """Let time pass: `clock.pass_(minutes=2)`; the names are `timedelta`'s. Raises ValueError for the past."""
        step = timedelta(**by)
        if step < timedelta():
            raise ValueError("time only passes forward")
        with self._lock:
            self._passed += step
