"""A till for a command: on a journal that is there already, with the providers the environment names.

May live here: opening the two, and saying what is missing. May not: a command, an adapter's name; providers are found
by the entry-point group `stampcard.providers`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import attrs

from stampcard.cli._order import FAILED, WRONG_USE, refuse
from stampcard.errors import ConfigurationError, JournalError
from stampcard.journal import open_journal
from stampcard.journal.contract import Journal, StoreError
from stampcard.journal.queue import QUEUED
from stampcard.journal.reversals import REVERSED
from stampcard.step.watch import PAYMENT
from stampcard.till import Till

__all__ = ["PROVIDERS", "Desk", "known_providers", "opened"]

PROVIDERS: Final = "stampcard.providers"
_PATIENCE: Final = 30.0
"""Seconds a call is waited for: nobody stands at a counter."""


@attrs.frozen
class Desk:
    """A till and its journal. `install` takes providers from the environment."""

    till: Till
    journal: Journal

    def providers_in_doubt(self) -> set[str]:
        """Names of the providers with an open or a watched order. One that cannot be read counts for none: the pass
        tells of it."""
        found: set[str] = set()
        watched = [one for why in (REVERSED, PAYMENT, QUEUED) for one in self.journal.watched(why)]
        for order_id in (*self.journal.open_orders(), *watched):
            try:
                record = self.journal.load(order_id)
            except StoreError:
                continue
            found |= set() if record is None else {record.header.provider}
        return found

    def install(self, names: Collection[str], env: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Use these providers; of each that cannot be used: why. No value of the environment is repeated."""
        points = {point.name: point for point in entry_points(group=PROVIDERS)}
        absent: dict[str, str] = {}
        for name in sorted(names):
            if name not in points:
                absent[name] = "no installed package brings it"
                continue
            try:
                self.till.use(points[name].load().from_env(env))
            except ConfigurationError as missing:
                absent[name] = missing.detail
            except Exception as broken:  # noqa: BLE001  whatever a stranger's import raises, the others must work
                absent[name] = f"it cannot be loaded ({type(broken).__name__})"
        return absent


def known_providers() -> list[str]:
    """Names of the providers that installed packages bring."""
    return sorted(point.name for point in entry_points(group=PROVIDERS))


@contextmanager
def opened(path: Path) -> Generator[Desk, None, None]:
    """A desk on that journal; nothing is created where there is none. Ends the command where it cannot be opened."""
    if not path.expanduser().exists():
        refuse(f"there is no journal at {path}: name one with --journal FILE, or in STAMPCARD_JOURNAL", WRONG_USE)
    if path.expanduser().is_file() and path.expanduser().stat().st_size == 0:
        refuse(f"{path} cannot be opened: the file is empty", FAILED)  # a till would make a journal of it
    with ExitStack() as stack:
        try:
            journal = stack.enter_context(closing(open_journal(path)))
            till = stack.enter_context(Till(journal, site=None, deadline=_PATIENCE))
        except (StoreError, JournalError, ConfigurationError) as broken:
            refuse(f"{path} cannot be opened: {getattr(broken, 'detail', broken)}", FAILED)
        try:
            yield Desk(till, journal)
        except StoreError as broken:
            refuse(f"{path} cannot be read: {broken}", FAILED)
        except JournalError as broken:
            refuse(f"{path} cannot be used: {broken.detail}", FAILED)
