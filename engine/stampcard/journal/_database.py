"""The SQLite file itself: its settings, its schema's version, its failures in words.

May live here: connections, PRAGMAs, upgrades, the translation of SQLite's errors. May not: an order, an entry.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from stampcard.journal._sealing import seal_what_is_there
from stampcard.journal.contract import StoreError

__all__ = [
    "APPLICATION_ID",
    "CHECK",
    "FAILURES",
    "SEALED",
    "check_objects",
    "connect",
    "objects",
    "rollback",
    "scripts",
    "snapshot",
    "store_error",
    "store_failures",
    "upgrade",
]

APPLICATION_ID: Final = 0x5354_4D50
"""In the file's header, so that `file` and we know whose it is: "STMP"."""

SEALED: Final = 4
"""The schema that brought seals."""

CHECK: Final = "`stampcard journal check` says what survives"

OLDEST_SQLITE: Final = (3, 37, 0)
"""STRICT tables: a column holds what it says, or the write is refused."""

_SENTENCES: Final = {
    "SQLITE_FULL": "the disk is full, or the file has reached its page limit",
    "SQLITE_BUSY": "another process kept the journal locked for too long",
    "SQLITE_LOCKED": "another connection kept the journal locked for too long",
    "SQLITE_CORRUPT": f"the file is damaged: {CHECK}",
    "SQLITE_NOTADB": "the file is not a journal",
    "SQLITE_READONLY": "the file may not be written",
    "SQLITE_PERM": "the file may not be read or written",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_IOERR": "the disk could not be read or written",
    "SQLITE_NOMEM": "memory ran out",
    "SQLITE_CONSTRAINT": "a rule of the journal's tables was broken",
}


FAILURES: Final = (sqlite3.Error, UnicodeDecodeError, MemoryError, OverflowError)
"""What a damaged file makes `sqlite3` raise: even an error's text need be none, or a size a possible one."""


def store_error(error: BaseException) -> StoreError:
    """In words of ours: SQLite's own text may quote what was stored."""
    if not isinstance(error, sqlite3.Error):
        return StoreError(f"{_SENTENCES['SQLITE_CORRUPT']} ({type(error).__name__})")
    name: str = getattr(error, "sqlite_errorname", "") or type(error).__name__
    for known, sentence in _SENTENCES.items():
        if name.startswith(known):
            return StoreError(f"{sentence} ({name})")
    return StoreError(f"SQLite refused ({name})")


@contextmanager
def store_failures() -> Generator[None, None, None]:
    """SQLite's errors as StoreError, and text that SQLite cannot take."""
    try:
        yield
    except UnicodeEncodeError:
        raise StoreError("asked for text that is not Unicode (half a surrogate pair)") from None
    except FAILURES as error:
        raise store_error(error) from None


def connect(path: Path, busy_timeout: float, *, reads_only: bool = False) -> sqlite3.Connection:
    """A connection as every one of ours is. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    settings = [
        "synchronous = FULL",  # a commit is on the disk when it returns; NORMAL may lose it with the power
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else REPLACE would delete entries without asking their triggers
        "secure_delete = ON",
        "temp_store = MEMORY",  # personal data never strays into a temporary file
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ]
    if sys.platform == "darwin":  # a plain fsync there leaves the data in the drive's cache
        settings += ["fullfsync = 1", "checkpoint_fullfsync = 1"]
    if reads_only:
        settings.append("query_only = ON")
    try:
        for setting in settings:
            connection.execute("PRAGMA " + setting)
    except BaseException:
        connection.close()
        raise
    return connection


def rollback(connection: sqlite3.Connection) -> None:
    """Leave the connection fit for the next transaction, whatever became of this one."""
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except FAILURES:
            return  # SQLite rolled it back itself, as it does when the disk is full


@contextmanager
def snapshot(reader: sqlite3.Connection) -> Generator[None, None, None]:
    """Everything read within is of one moment."""
    reader.execute("BEGIN")
    try:
        yield
    finally:
        rollback(reader)


def scripts() -> list[tuple[int, str]]:
    """The numbered scripts, in order."""
    folder = files("stampcard.journal") / "schema"
    named = sorted((item.name, item) for item in folder.iterdir() if item.name.endswith(".sql"))
    return [(int(name[:4]), item.read_text(encoding="utf-8")) for name, item in named]


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest schema, in one transaction. Call it behind the door. Raises StoreError."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: the journal needs 3.37 or later")
    wanted = scripts()
    newest = wanted[-1][0]
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (objects,) = connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (application or version or objects):
        raise StoreError("the file is another program's database, not a journal")
    if version > newest:
        raise StoreError(
            f"the journal has schema {version}, this release knows {newest}: a newer release wrote it; upgrade this one"
        )
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError("the file system cannot hold a write-ahead log: put the journal on a local disk")
    todo = [text for number, text in wanted if number > version]
    if todo:
        # One script, because executescript commits what is open before it starts.
        settings = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {newest};"
        try:
            connection.executescript("\n".join(["BEGIN IMMEDIATE;", *todo, settings]))
            if version < SEALED:
                seal_what_is_there(connection)
            connection.execute("COMMIT")
        finally:
            rollback(connection)
    check_objects(connection)


def check_objects(connection: sqlite3.Connection) -> None:
    """Raise StoreError when a table, an index or a trigger of the newest schema is not there."""
    found = {(kind, name) for kind, name in connection.execute("SELECT type, name FROM sqlite_schema")}
    missing = sorted(f"{kind} {name}" for kind, name in objects() - found)
    if missing:
        raise StoreError(f"the journal is damaged: {', '.join(missing)} is not there. {CHECK}")


@cache
def objects() -> frozenset[tuple[str, str]]:
    """(type, name) of everything the scripts make."""
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript("\n".join(text for _, text in scripts()))
        return frozenset(made.execute("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"))
