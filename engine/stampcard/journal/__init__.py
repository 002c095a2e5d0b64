"""Journals: where orders live, durably and append-only. One contract, one contract suite, several stores.

`open_journal` opens one by its address; `check` says whether a file is what was written into it, `accept` lets a copy
be used; `stampcard.testing.journal_contract` is the suite a store of your own passes.
May live here: the way in. A store is imported when it is opened, so that nobody pays for one not used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stampcard.errors import ConfigurationError
from stampcard.journal.contract import (
    Append,
    ClaimTakenError,
    CommandTakenError,
    Draft,
    Header,
    Journal,
    LaneTakenError,
    Personal,
    Record,
    StoreError,
    Summary,
    Switch,
    VersionConflictError,
)
from stampcard.model import Refusal

if TYPE_CHECKING:
    from stampcard.journal.checking import CheckReport

__all__ = [
    "Append",
    "ClaimTakenError",
    "CommandTakenError",
    "Draft",
    "Header",
    "Journal",
    "LaneTakenError",
    "Personal",
    "Record",
    "StoreError",
    "Summary",
    "Switch",
    "VersionConflictError",
    "accept",
    "check",
    "open_journal",
]


def open_journal(where: str | Path) -> Journal:
    """ ":memory:" for tests, else the path of a file on a disk of this machine, made when it does not exist.

    Raises ConfigurationError for an address of no store of ours, StoreError when the store cannot be opened.
    """
    if where == ":memory:":
        from stampcard.journal.memory import MemoryJournal

        return MemoryJournal()
    if isinstance(where, str) and "://" in where:
        # The address may hold a password: only its scheme is repeated.
        scheme = where.partition("://")[0]
        raise ConfigurationError.of([Refusal(code="journal.address", message=_no_store(scheme), field="journal")])
    if not str(where).strip():
        raise ConfigurationError.of([Refusal(code="journal.address", message="no path was given", field="journal")])
    from stampcard.journal.sqlite import SqliteJournal

    return SqliteJournal(where)


def check(where: str | Path, *, progress: Callable[[int, int], None] | None = None) -> CheckReport:
    """Whether a journal's file is what was written into it: see `stampcard.journal.checking`. Never raises."""
    from stampcard.journal import checking

    return checking.check(where, progress=progress)


def accept(where: str | Path, *, by: str, because: str) -> str | None:
    """Let a file be used that was found copied, or shorter than it had been: a person says so, and it is written down.

    Returns what was found, or None: there was nothing to accept. Raises StoreError.
    """
    from stampcard.journal import _opening

    return _opening.accept(where, by=by, because=because)


def _no_store(scheme: str) -> str:
    if scheme in ("postgresql", "postgres"):
        return "the PostgreSQL journal is not part of this release; give the path of a file on this machine"
    return f"no journal is kept at {scheme}:// addresses; give the path of a file on this machine"
