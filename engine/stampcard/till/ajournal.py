"""The journal behind an `AsyncTill`: one thread of its own, where appends that arrive together share one commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar, cast

import attrs

from stampcard.journal.contract import Append, Journal, StoreError
from stampcard.model import Entry

__all__ = ["AsyncJournal"]

T = TypeVar("T")
_BATCH: Final = 64
"""Most appends in one commit: bounds how long the first of them waits."""


@attrs.frozen(eq=False)
class _Job:
    """An append, or a read, and who waits for it."""

    work: Append | Callable[[], Any]
    waiter: asyncio.Future[Any]


class AsyncJournal:
    """Runs a journal's blocking calls off the event loop, in order of arrival."""

    def __init__(self, journal: Journal, loop: asyncio.AbstractEventLoop) -> None:
        self._journal = journal
        self._loop = loop
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="stampcard-journal", daemon=True)
        self._thread.start()

    async def append(self, append: Append) -> tuple[Entry, ...]:
        """Durable when it returns. Raises what `Journal.append` raises."""
        return cast(tuple[Entry, ...], await self._put(append))

    async def read(self, work: Callable[[], T]) -> T:
        """Any other call on the journal."""
        return cast(T, await self._put(work))

    async def _put(self, work: Append | Callable[[], Any]) -> Any:
        waiter: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put(_Job(work, waiter))
        return await waiter

    def _run(self) -> None:
        ended = False
        while not ended:
            jobs: list[_Job] = []
            first = self._queue.get()
            while first is not None:
                jobs.append(first)
                if len(jobs) >= _BATCH:
                    break
                try:
                    first = self._queue.get_nowait()
                except Empty:
                    break
            ended = first is None
            self._answer(jobs, self._work(jobs))

    def _work(self, jobs: list[_Job]) -> list[Any]:
        results: list[Any] = [None] * len(jobs)
        appends = [(n, job.work) for n, job in enumerate(jobs) if isinstance(job.work, Append)]
        for n, job in enumerate(jobs):
            if not isinstance(job.work, Append):
                try:
                    results[n] = job.work()
                except Exception as error:  # noqa: BLE001  handed to whoever asked
                    results[n] = error
        if appends:
            try:
                written: list[Any] = list(self._journal.append_many([work for _, work in appends]))
            except Exception as error:  # noqa: BLE001  a store must not raise here; nobody may be left waiting
                written = [StoreError(type(error).__name__)] * len(appends)
            for (n, _), result in zip(appends, written, strict=True):
                results[n] = result
        return results

    def _answer(self, jobs: list[_Job], results: list[Any]) -> None:
        def tell() -> None:
            for job, result in zip(jobs, results, strict=True):
                if job.waiter.done():
                    continue
                if isinstance(result, Exception):
                    job.waiter.set_exception(result)
                else:
                    job.waiter.set_result(result)

        if jobs and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(tell)

    async def aclose(self) -> None:
        """Finish what was asked, then end the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, 10.0)
