"""Time, as a till sees it: injected, so that tests never sleep.

A till takes any `Callable[[], datetime]`. One that also has `monotonic()` and `sleep()` (like
`stampcard.testing.Clock`) governs the pauses of recovery too. Sockets always end by the machine's own clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

__all__ = ["Clock", "SystemClock", "clock_of"]


@runtime_checkable
class Clock(Protocol):
    """The wall clock, a clock that only rises, and the passing of time."""

    def __call__(self) -> datetime:
        """Now: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only rise."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        ...


class SystemClock:
    """The machine's own."""

    def __init__(self, wall: Callable[[], datetime] | None = None) -> None:
        self._wall = wall

    def __call__(self) -> datetime:
        return datetime.now(UTC) if self._wall is None else self._wall()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds)


def clock_of(given: Callable[[], datetime] | None) -> Clock:
    """The given clock, completed from the machine's where it says only the date."""
    return given if isinstance(given, Clock) else SystemClock(given)
