"""Daemon threads that carry calls, so that a call may outlive the patience of the till that made it.

Daemons: a name server that never answers must not keep a process from ending. A call killed that way is what a power
cut is: its intent is open, and recovery settles it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

__all__ = ["Workers"]


class Workers:
    """A pool that grows when nobody is idle, up to `limit` threads; more work waits its turn."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0

    def submit(self, work: Callable[[], None]) -> None:
        """Run it soon. `work` must not raise. Raises RuntimeError when no thread can be started: then it never runs."""
        with self._lock:
            if self._idle > 0:
                self._idle -= 1
            elif self._threads < self._limit:
                name = f"stampcard-call-{self._threads + 1}"
                threading.Thread(target=self._run, name=name, daemon=True).start()
                self._threads += 1
        self._queue.put(work)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
            with self._lock:
                self._idle += 1

    def close(self) -> None:
        """Let idle threads end; one that is at work ends after it."""
        with self._lock:
            for _ in range(self._threads):
                self._queue.put(None)
            self._threads = 0
