"""The model suite's clock and faults: what is late lands in time, and what nobody could survive is spared.

May live here: when a late call lands at the latest, and which calls meet no `Twice`. May not: a rule, a promise.

A policy's `late_window` says how long after its promise a call may still land. For an operation that may be repeated
under the same key it does not matter, so there a late call lands whenever it likes. Elsewhere the adapter waits for the
window's end before it sends again; a world that lets a call land after that keeps no promise, and no adapter could.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from stampcard.testing.clock import Clock
from stampcard.testing.faults import Fault, Faults, Twice

__all__ = ["WorldClock", "WorldFaults"]


class WorldClock(Clock):
    """Before time passes, everything that has to land by then lands."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[float], None] | None = None
        """Told the time on the monotonic clock that is about to be."""

    def pass_(self, **by: float) -> None:
        if self.before is not None:
            self.before(self.monotonic() + timedelta(**by).total_seconds())
        super().pass_(**by)


class _Once:
    """A late request, kept in two lists and landing once."""

    def __init__(self, arrive: Callable[[], None]) -> None:
        self._arrive = arrive
        self._lock = threading.Lock()
        self._landed = False

    def __call__(self) -> None:
        with self._lock:
            if self._landed:
                return
            self._landed = True
        self._arrive()


class WorldFaults(Faults):
    """Faults that keep to the adapter's late windows.

    window: seconds after which a call of this trigger lands no more; infinite where it does not matter. not_twice:
    triggers whose requests are never delivered twice.
    """

    def __init__(self, clock: WorldClock, window: Callable[[str | None], float], not_twice: frozenset[str]) -> None:
        super().__init__()
        self._clock = clock
        self._window = window
        self._not_twice = not_twice
        self._call = threading.local()
        self._due: list[tuple[float, _Once]] = []
        clock.before = self.land_until

    def take(self, *, provider: str | None, trigger: str | None) -> Fault | None:
        self._call.trigger = trigger  # `later` is asked in the same breath, and is not told
        fault = super().take(provider=provider, trigger=trigger)
        return None if isinstance(fault, Twice) and trigger in self._not_twice else fault

    def later(self, arrive: Callable[[], None], *, after: int | None) -> None:
        once = _Once(arrive)
        self._due.append((self._clock.monotonic() + self._window(self._call.trigger), once))
        super().later(once, after=after)

    def land_until(self, moment: float) -> None:
        """Let everything land whose window ends by then."""
        due = [once for end, once in self._due if end <= moment]
        self._due = [(end, once) for end, once in self._due if end > moment]
        for once in due:
            once()
