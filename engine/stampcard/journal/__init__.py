"""Journals: where orders live, durably and append-only. One contract, one contract suite, several stores.

`open_journal` opens one by its address; `stampcard.testing.journal_contract` is the suite a store of your own passes.
May live here: the way in. A store is imported when it is opened, so that nobody pays for one not used.
"""

from __future__ import annotations

from pathlib import Path

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


def _no_store(scheme: str) -> str:
    if scheme in ("postgresql", "postgres"):
        return "the PostgreSQL journal is not part of this release; give the path of a file on this machine"
    return f"no journal is kept at {scheme}:// addresses; give the path of a file on this machine"
