"""The background recovery of a till: one thread, or one task, that runs a keeper's rounds until it is told to stop.

May live here: the thread, the task, the pauses between two rounds. May not: what a round does (`step.keeper`).

Whatever goes wrong in a round is logged, without what it was about but the order's id, and the next round comes. An
injected clock governs when a round is due; it is looked at, and never made to pass.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Final

from stampcard.clock import Clock, SystemClock
from stampcard.errors import ConfigurationError, StampcardError
from stampcard.step.keeper import Keeper
from stampcard.till.aruntime import AsyncRuntime
from stampcard.till.runtime import SyncRuntime

__all__ = ["AsyncKeeping", "Keeping"]

log = logging.getLogger("stampcard.recovery")
_TICK: Final = 0.02
"""Seconds between two looks at an injected clock."""
_AFTER_TROUBLE: Final = 10.0
_ENDED: Final = ("till.closed", "till.forked")


def _over(error: Exception) -> bool:
    """The till is closed: nobody is left to recover for."""
    return isinstance(error, ConfigurationError) and error.code in _ENDED


def _report(error: Exception) -> None:
    told = str(error) if isinstance(error, StampcardError) else type(error).__name__
    log.error("a round of recovery failed, the next one comes: %s", told)


class Keeping:
    """One background thread."""

    def __init__(self, runtime: SyncRuntime, keeper: Keeper) -> None:
        self._runtime, self._keeper, self._clock = runtime, keeper, runtime.clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stampcard-recovery", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the call under way, which is waited for no longer than the till's budget."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = self._round()
            except Exception as error:  # noqa: BLE001  the next round must come, whatever this one met
                if _over(error):
                    return
                _report(error)
                pause = _AFTER_TROUBLE
            self._wait(pause)

    def _round(self) -> float:
        agenda = self._runtime.drive(self._keeper.agenda())
        for errand in agenda.errands:
            if self._stopping.is_set():
                return 0.0
            self._runtime.drive(self._keeper.run(errand))
        return 0.0 if agenda.errands else agenda.pause

    def _wait(self, pause: float) -> None:
        if isinstance(self._clock, SystemClock):
            self._stopping.wait(pause)
            return
        end = self._clock.monotonic() + pause
        while self._clock.monotonic() < end and not self._stopping.wait(_TICK):
            pass


class AsyncKeeping:
    """One background task."""

    def __init__(self, runtime: AsyncRuntime, keeper: Keeper) -> None:
        self._runtime, self._keeper = runtime, keeper
        self._clock: Clock = runtime.clock
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="stampcard-recovery")

    async def stop(self) -> None:
        """End after the call under way, which is waited for no longer than the till's budget."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = await self._round()
            except Exception as error:  # noqa: BLE001  the next round must come, whatever this one met
                if _over(error):
                    return
                _report(error)
                pause = _AFTER_TROUBLE
            await self._wait(pause)

    async def _round(self) -> float:
        agenda = await self._runtime.adrive(self._keeper.agenda())
        for errand in agenda.errands:
            if self._stopping.is_set():
                return 0.0
            await self._runtime.adrive(self._keeper.run(errand))
        return 0.0 if agenda.errands else agenda.pause

    async def _wait(self, pause: float) -> None:
        if isinstance(self._clock, SystemClock):
            await self._stopped_within(pause)
            return
        end = self._clock.monotonic() + pause
        while self._clock.monotonic() < end and not await self._stopped_within(_TICK):
            pass

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True
