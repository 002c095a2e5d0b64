"""Simulated time: what happens when, in one thread, in an order that never varies.

May live here: the clock and the queue of what is to come. May not: what happens.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MethodType
from typing import Final

__all__ = ["Timeline"]

_START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Timeline:
    """`timeline()` is the wall clock of providers and tills; `now` counts seconds since the world began."""

    __slots__ = ("_count", "_queue", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def __call__(self) -> datetime:
        """Now: aware, UTC."""
        return _START + timedelta(seconds=self.now)

    @property
    def plain(self) -> bool:
        """Whether all that is to come are methods of the world's own parts: then a copy of the world has it too."""
        return all(isinstance(do, (MethodType, partial)) for _, _, do in self._queue)

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Do it then; at the same moment, first come first served."""
        self._count += 1
        heapq.heappush(self._queue, (when, self._count, do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do it so much later."""
        self.at(self.now + seconds, do)

    def run(self, until: float | None = None) -> None:
        """Let everything happen that is to come, or all of it until then."""
        queue = self._queue
        while queue and (until is None or queue[0][0] <= until):
            when, _, do = heapq.heappop(queue)
            if when > self.now:
                self.now = when
            do()
        if until is not None and until > self.now:
            self.now = until

    def run_while(self, waiting: Callable[[], bool]) -> None:
        """Let things happen one by one, as long as that is waited for."""
        queue = self._queue
        while queue and waiting():
            when, _, do = heapq.heappop(queue)
            if when > self.now:
                self.now = when
            do()
