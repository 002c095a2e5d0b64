"""`AsyncTill`: the same verbs, awaited, for a back end. One per event loop; share it between tasks."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from stampcard.clock import clock_of
from stampcard.errors import ConfigurationError, JournalError
from stampcard.journal import open_journal
from stampcard.journal.contract import Journal, StoreError
from stampcard.model import Entry, Site
from stampcard.payment import AsyncCharges
from stampcard.phrases import Phrases
from stampcard.recovery import OfflinePolicy
from stampcard.step.ageing import ClockSets
from stampcard.step.doors import Doors
from stampcard.step.keeper import Keeper
from stampcard.step.verb import Async, Provider, Seat
from stampcard.till.aruntime import AsyncRuntime
from stampcard.till.charging import fitting, refuse
from stampcard.till.desk import FOLLOW, Desk
from stampcard.till.keeping import AsyncKeeping
from stampcard.till.runtime import Tenure
from stampcard.till.switches import SwitchedOff, unfit
from stampcard.transport import AsyncSender

__all__ = ["AsyncTill"]

V = TypeVar("V")


class AsyncTill(Desk[Async]):
    """One per event loop; share it between tasks. Cancelling a caller never cancels a step.

    The parameters are those of `Till`; site may be left out when every call names one with `.at(Site(...))`.
    max_in_flight: steps at once; who comes beyond waits before anything is promised. Needs the extra `async` unless
    `transport` is given. Raises JournalError when the journal cannot be opened.
    """

    def __init__(
        self,
        journal: Journal | str | Path,
        *,
        site: Site | None = None,
        charges: AsyncCharges | None = None,
        offline: OfflinePolicy | None = None,
        deadline: float = 3.0,
        max_in_flight: int = 64,
        phrases: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] | None = None,
        verify: ssl.SSLContext | str | bool = True,
        proxy: str | None = None,
        switched_off: SwitchedOff | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        words = Phrases(phrases)
        pays = fitting(charges, words, awaited=True)
        refuse(unfit(switched_off), words)
        try:
            sender = AsyncSender(transport=transport, verify=verify, proxy=proxy, max_connections=max_in_flight)
        except RuntimeError as missing:
            raise ConfigurationError(words.say("configuration"), detail=str(missing)) from None
        try:
            self._owned = not isinstance(journal, Journal)
            self._journal = journal if isinstance(journal, Journal) else open_journal(journal)
            tenure = Tenure(self._journal, clock=clock_of(clock), switched_off=switched_off)
        except StoreError as broken:
            raise JournalError(words.say("journal.unavailable"), detail=str(broken)) from None
        self._runtime = AsyncRuntime(self._journal, sender, clock_of(clock), tenure, max_in_flight, charges)
        seat: Seat[Async] = Seat(
            mode=Async,
            runtime=self._runtime,
            phrases=words,
            site=site,
            patience=deadline,
            install=self._journal.id,
            offline=offline,
            doors=Doors(tenure.owner),
            clock_sets=ClockSets(self._runtime.clock(), self._runtime.clock.monotonic()),
            charges=pays,
        )
        super().__init__(seat, tenure.adapters)
        self._keepings: set[AsyncKeeping] = set()

    def use(self, provider: Provider[Async, V], /) -> V:
        """A provider's verbs: `spendgo = till.use(Spendgo(...))`. Raises ConfigurationError."""
        return provider.bind(self._seat)

    @asynccontextmanager
    async def start_recovery(self) -> AsyncGenerator[None, None]:
        """Recovery and polling, in one background task until the block ends: see `Till.start_recovery`.

        async with till.start_recovery():
            ...  # serve
        """
        self._runtime.tenure.check(self._runtime.closed)
        keeping = AsyncKeeping(self._runtime, Keeper(self._seat, self._adapters))
        self._keepings.add(keeping)
        keeping.start()
        try:
            yield
        finally:
            await keeping.stop()
            self._keepings.discard(keeping)

    async def changes(self, *, after: int = 0, follow: bool = False) -> AsyncIterator[Entry]:
        """Everything journalled after a position, in order: the durable feed of what was settled behind the caller.

        Remember the last entry's `position` and pass it next time. follow: wait for more, until the till is closed, as
        `Till.changes` does. Raises JournalError.
        """
        while True:
            if follow and self._runtime.closed:
                return
            page = await self._runtime.adrive(self._page(after))
            for entry in page:
                yield entry
            if page:
                after = page[-1].position
            elif not follow:
                return
            else:
                await asyncio.sleep(FOLLOW)

    async def aclose(self) -> None:
        """Wait until every step under way is recorded (each ends by its own budget), then let go of everything."""
        for keeping in tuple(self._keepings):
            await keeping.stop()
        await self._runtime.aclose()
        if self._owned:
            self._journal.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.aclose()
