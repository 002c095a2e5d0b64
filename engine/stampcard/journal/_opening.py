"""Opening a journal's file to write: its files made private, its schema brought up, its mark asked.

May live here: the order of those steps, and what is said when the file is not to be trusted. May not: orders, a
connection's later life. Everything here happens behind the door (the lock file), one process at a time.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stampcard.journal._database import CHECK, SEALED, connect, store_failures, upgrade
from stampcard.journal._files import locked, private_file, settled
from stampcard.journal._mark import ANY, Claim, Mark, disagreement, highest, mark_of, place_of
from stampcard.journal._mark import read as read_mark
from stampcard.journal._seals import SIZE, standalone
from stampcard.journal.contract import StoreError

__all__ = ["accept", "door_of", "open_file"]

_PATIENCE: Final = 10.0
_ACCEPT: Final = "INSERT INTO acceptances (at, by, because, found) VALUES (?, ?, ?, ?)"


def door_of(path: Path) -> Path:
    """The file whose lock is the door."""
    return path.with_name(path.name + ".lock")


def open_file(path: Path, busy_timeout: float) -> tuple[sqlite3.Connection, Mark]:
    """The writing connection and the mark. Raises StoreError, also for a file that is not what it was."""
    connection, claim = _connected(path, busy_timeout)
    try:
        why = disagreement(claim, connection, path)
        if why is not None:
            raise StoreError(
                f"{path.name}: {why}. The providers may know orders that it does not. {CHECK}, and with --accept lets "
                "it be used as it is"
            )
        return connection, _marked(path, connection)
    except BaseException:
        connection.close()
        raise


def accept(where: str | Path, *, by: str, because: str) -> str | None:
    """A person says that this file is to be used as it is: a restored backup, a copy whose original is out of use.

    Written into the journal, with what was found. Returns that, or None: nothing was to be accepted. Entries that are
    damaged stay so. Raises StoreError.
    """
    path = settled(where)
    if not path.exists():
        raise StoreError(f"there is no journal at {path}")
    with store_failures(), locked(door_of(path), _PATIENCE):
        connection, claim = _connected(path, _PATIENCE)
        try:
            found = disagreement(claim, connection, path)
            if found is not None:
                connection.execute(_ACCEPT, (datetime.now(UTC).isoformat(), by, because, found))
                _marked(path, connection).close()
            return found
        finally:
            connection.close()


def _connected(path: Path, busy_timeout: float) -> tuple[sqlite3.Connection, Claim | None]:
    claim = read_mark(path)  # before anything is read: it may only lag behind
    if claim is not None and claim.position and not _has_bytes(path):
        raise StoreError(
            f"{path.name} is gone: its mark says that it held {claim.position} entries or more. Restore it, or remove "
            f"{mark_of(path).name} to begin a new journal"
        )
    for suffix in ("-wal", "-shm"):
        if (beside := Path(f"{path}{suffix}")).exists():
            private_file(beside)
    private_file(path)  # before SQLite does: its companions inherit the mode
    connection = connect(path, busy_timeout)
    try:
        if claim is None and connection.execute("PRAGMA user_version").fetchone()[0] < SEALED:
            claim = Claim(ANY, place_of(path), 0, bytes(SIZE))
            _begun(Mark(path), ANY, 0, claim.seal).close()  # first: a crash before the second must not accuse the file
        upgrade(connection)
        _check_line(connection)
    except BaseException:
        connection.close()
        raise
    return connection, claim


def _has_bytes(path: Path) -> bool:
    return any(file.exists() and file.stat().st_size for file in (path, Path(f"{path}-wal")))


def _check_line(connection: sqlite3.Connection) -> None:
    lines = connection.execute("SELECT id, created_at, seal FROM journal").fetchall()
    if len(lines) != 1 or standalone(lines[0][:-1]) != lines[0][-1]:
        raise StoreError(f"the journal is damaged: its own line was changed. {CHECK}")


def _marked(path: Path, connection: sqlite3.Connection) -> Mark:
    (journal_id,) = connection.execute("SELECT id FROM journal").fetchone()
    return _begun(Mark(path), journal_id, *highest(connection))


def _begun(mark: Mark, journal_id: str, position: int, seal: bytes) -> Mark:
    try:
        mark.begin(journal_id, position, seal)
    except OSError as error:
        raise StoreError(f"the journal's mark cannot be written ({error.strerror or type(error).__name__})") from None
    return mark
