"""`Till`: the object a POS holds. Blocking, safe to share between threads, one per process."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from stampcard.clock import clock_of
from stampcard.errors import JournalError
from stampcard.journal import open_journal
from stampcard.journal.contract import Journal, StoreError
from stampcard.model import Entry, Site
from stampcard.payment import Charges
from stampcard.phrases import Phrases
from stampcard.recovery import OfflinePolicy
from stampcard.step.ageing import ClockSets
from stampcard.step.doors import Doors
from stampcard.step.keeper import Keeper
from stampcard.step.verb import Provider, Seat, Sync
from stampcard.till.charging import fitting, refuse
from stampcard.till.desk import FOLLOW, Desk
from stampcard.till.keeping import Keeping
from stampcard.till.runtime import SyncRuntime, Tenure
from stampcard.till.switches import SwitchedOff, unfit
from stampcard.transport import SyncSender

__all__ = ["Till"]

V = TypeVar("V")


class Till(Desk[Sync]):
    """One per process; safe to share between threads; refuses use in a forked child.

    journal: a path, ":memory:", or an open `Journal` (which you close yourself). site: where this till stands; None for
    one that only recovers, whatever the store or tenant, and opens no order without `.at(Site(...))`.
    charges: how `pay` takes money (`stampcard.payment`); without it this till leaves payments alone. offline: what may
    wait on this till while a provider is away; left out, nothing does. deadline: the till budget, seconds until the
    cashier gets an answer; a call may go on after it and its reply is recorded. phrases: code -> the cashier's sentence
    in your language. verify: a CA bundle's path or an ssl context. switched_off: your own kill switch, asked before
    each call: provider -> why not, or None; it must not block.
    proxy: "http://[user:password@]host:port". transport: replaces the network, in tests.
    Raises JournalError when the journal cannot be opened.
    """

    def __init__(
        self,
        journal: Journal | str | Path,
        *,
        site: Site | None,
        charges: Charges | None = None,
        offline: OfflinePolicy | None = None,
        deadline: float = 3.0,
        phrases: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] | None = None,
        verify: ssl.SSLContext | str | bool = True,
        proxy: str | None = None,
        switched_off: SwitchedOff | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        words = Phrases(phrases)
        pays = fitting(charges, words, awaited=False)
        refuse(unfit(switched_off), words)
        try:
            self._owned = not isinstance(journal, Journal)
            self._journal = journal if isinstance(journal, Journal) else open_journal(journal)
            tenure = Tenure(self._journal, clock=clock_of(clock), switched_off=switched_off)
        except StoreError as broken:
            raise JournalError(words.say("journal.unavailable"), detail=str(broken)) from None
        sender = SyncSender(transport=transport, verify=verify, proxy=proxy)
        self._runtime = SyncRuntime(self._journal, sender, clock_of(clock), tenure, charges=charges)
        seat: Seat[Sync] = Seat(
            mode=Sync,
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
        self._keepings: set[Keeping] = set()

    def use(self, provider: Provider[Sync, V], /) -> V:
        """A provider's verbs: `spendgo = till.use(Spendgo(...))`. Raises ConfigurationError."""
        return provider.bind(self._seat)

    @contextmanager
    def start_recovery(self) -> Generator[None, None, None]:
        """Recovery and polling, in one background thread until the block ends; it may be left on for days.

            with till.start_recovery():
                ...  # sell

        Every doubt of the providers in use is tried when it is due, and orders that a provider moves are asked after,
        on its schedule. What goes wrong is logged (`stampcard.recovery`). Several processes may run it at once.
        """
        self._runtime.tenure.check(self._runtime.shut.is_set())
        keeping = Keeping(self._runtime, Keeper(self._seat, self._adapters))
        self._keepings.add(keeping)
        keeping.start()
        try:
            yield
        finally:
            keeping.stop()
            self._keepings.discard(keeping)

    def changes(self, *, after: int = 0, follow: bool = False) -> Iterator[Entry]:
        """Everything journalled after a position, in order: the durable feed of what was settled behind the cashier.

        Remember the last entry's `position` and pass it next time. follow: wait for more, until the till is closed;
        what other processes write to the same journal comes too, within a quarter of a second. Raises JournalError.
        """
        while True:
            if follow and self._runtime.shut.is_set():
                return
            page = self._runtime.drive(self._page(after))
            yield from page
            if page:
                after = page[-1].position
            elif not follow or self._runtime.shut.wait(FOLLOW):
                return

    def close(self) -> None:
        """Wait until the calls under way are recorded (each ends by its own budget), then let go of everything."""
        for keeping in tuple(self._keepings):
            keeping.stop()
        self._runtime.close()
        if self._owned:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()
