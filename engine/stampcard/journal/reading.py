"""A SQLite journal opened only to be read: what the support desk's commands look through.

May live here: opening without creating, upgrading, narrowing or sweeping anything, and the reasons why a file cannot be
read. May not: a write, a statement of SQL about orders (those are the store's own).

A till may be using the file at the same time. SQLite still keeps a `-shm` beside a file in WAL mode, so where the
folder may be written it will; where it may not (a copy on read-only media) the file is read as one that nobody changes.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Final, NoReturn

from stampcard.journal._database import APPLICATION_ID, FAILURES, check_objects, scripts, store_error
from stampcard.journal._files import settled
from stampcard.journal._mark import Mark, disagreement
from stampcard.journal._mark import read as read_mark
from stampcard.journal.contract import Append, StoreError, Switch
from stampcard.journal.owners import Owners
from stampcard.journal.sqlite import SqliteJournal
from stampcard.model import Entry

__all__ = ["NoJournalError", "ReadOnlyJournal", "opened"]

_PATIENCE: Final = 5.0
"""Seconds to wait for a till that has the file to itself for a moment."""


class NoJournalError(Exception):
    """There is no file at that path."""


class ReadOnlyJournal(SqliteJournal):
    """The reading half of the store. Raises NoJournalError, or StoreError for a file that is no journal of ours.

    doubt: why a till would not open it (entries may be missing from its end), or None. It is read all the same.
    """

    doubt: str | None

    def __init__(self, path: Path) -> None:  # the parent's would create, upgrade and tidy up
        if not path.expanduser().exists():
            raise NoJournalError(f"there is no journal at {path}")
        self._path = settled(path)
        self._pid = os.getpid()
        self._closed = False
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._owners = Owners(self._path, _PATIENCE)
        self._mark = Mark(self._path)  # never begun
        try:
            self._reader = self._writer = opened(self._path)
        except FAILURES as error:
            raise store_error(error) from None
        try:
            claim = read_mark(self._path)
            _check(self._reader)
            check_objects(self._reader)
            self._id = self._reader.execute("SELECT id FROM journal").fetchone()[0]
            self.doubt = disagreement(claim, self._reader, self._path)
        except FAILURES as error:
            self._reader.close()
            raise store_error(error) from None
        except StoreError:
            self._reader.close()
            raise

    def append(self, append: Append) -> tuple[Entry, ...]:
        _refuse()

    def forget(self, subject: str) -> int:
        _refuse()

    def unwatch(self, order_id: str, why: str, *, version: int) -> bool:
        _refuse()

    def switch(self, switch: Switch) -> None:
        _refuse()

    def enrol(self) -> str:
        _refuse()


def _refuse() -> NoReturn:
    raise StoreError("this journal was opened only to be read")


def opened(path: Path) -> sqlite3.Connection:
    """A connection that only reads. Raises sqlite3.Error."""
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError:
        if Path(f"{path}-wal").exists() or os.access(path.parent, os.W_OK):
            raise
        return _connect(path, "immutable=1")


def _connect(path: Path, how: str) -> sqlite3.Connection:
    address = f"{path.as_uri()}?{how}"
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        for setting in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
            connection.execute("PRAGMA " + setting)
        connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()  # the first read finds what is wrong
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    """Raise StoreError unless the file is a journal of exactly the schema this release reads."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    newest = scripts()[-1][0]
    if application != APPLICATION_ID:
        raise StoreError("the file is not a journal")
    if version > newest:
        raise StoreError(f"the journal has schema {version}, this release knows {newest}: a newer release wrote it")
    if version < newest:
        raise StoreError(f"the journal has schema {version}, this release reads {newest}: open it with a till first")
