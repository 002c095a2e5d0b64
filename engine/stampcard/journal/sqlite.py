"""The journal in one SQLite file: the default. Several processes of one machine may share it.

May live here: the SQL of the contract. May not: what an order means, PRAGMAs and upgrades (`_database`), paths and
lock files (`_files`, `owners`).

Two connections: one writes behind a lock, one reads behind another, so that a reader never waits for a commit to reach
the disk; write-ahead logging gives it the last committed state, never half a transaction. Every write is BEGIN
IMMEDIATE, so a transaction knows from its first statement on that it is the only writer of the machine: what it
checks still holds when it writes, and positions are drawn in the order in which they become visible.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from stampcard.journal._database import FAILURES, connect, rollback, snapshot, store_error, store_failures
from stampcard.journal._files import locked, settled
from stampcard.journal._loading import changes_from, holes, record_from, summary_from
from stampcard.journal._opening import door_of, open_file
from stampcard.journal._rows import ENTRY_COLUMNS, HEADER_COLUMNS, of, switch_from, switch_row
from stampcard.journal._shared import MOST, check
from stampcard.journal._writing import COMMAND, UNWATCH, write, write_apart
from stampcard.journal.contract import (
    Append,
    Journal,
    Record,
    StoreError,
    Summary,
    Switch,
)
from stampcard.journal.owners import Owners
from stampcard.model import Entry

__all__ = ["SqliteJournal"]

_HEADER: Final = f"""
    SELECT {HEADER_COLUMNS}, opened_seal, last_version, last_seal,
        (SELECT COUNT(*) FROM open_intents WHERE open_intents.order_id = orders.order_id)
    FROM orders WHERE order_id = ?"""  # noqa: S608  constants only
_ENTRIES: Final = f"""
    SELECT position, {ENTRY_COLUMNS}, held, beside, seal, subject, data, data_seal
    FROM entries LEFT JOIN personal USING (order_id, version)
    WHERE order_id = ? ORDER BY version"""  # noqa: S608  constants only
_FORGOTTEN: Final = "SELECT version FROM forgotten WHERE order_id = ?"
_STILL: Final = """
    SELECT (SELECT MAX(version) FROM entries WHERE order_id = ?1),
        (SELECT COUNT(*) FROM personal WHERE order_id = ?1)"""
_SEAL_BEFORE: Final = """
    CASE entries.version WHEN 1 THEN opened_seal ELSE (SELECT seal FROM entries AS before
        WHERE before.order_id = entries.order_id AND before.version = entries.version - 1) END"""
# LEFT JOIN: an entry without its order, or an order without its last entry, is reported and not left out.
_CHANGES: Final = f"""
    SELECT position, {of("entries", ENTRY_COLUMNS)}, held, beside, seal, {_SEAL_BEFORE},
        {of("orders", HEADER_COLUMNS)}, opened_seal
    FROM entries LEFT JOIN orders USING (order_id)
    WHERE position > ? ORDER BY position LIMIT ?"""  # noqa: S608  constants only
_OPEN_ORDERS: Final = "SELECT order_id FROM open_intents GROUP BY order_id ORDER BY MIN(since_position)"
# SQLite keeps to this order, so the newest orders come first off the table and LIMIT ends the search.
_FIND: Final = f"""
    SELECT {of("orders", HEADER_COLUMNS)}, opened_seal, last_seal,
        (SELECT COUNT(*) FROM open_intents WHERE open_intents.order_id = orders.order_id),
        position, {of("entries", ENTRY_COLUMNS)}, held, beside, {_SEAL_BEFORE}
    FROM orders LEFT JOIN entries ON entries.order_id = orders.order_id AND entries.version = orders.last_version
    WHERE 1"""  # noqa: S608  constants only
_WATCHED: Final = "SELECT order_id FROM watches WHERE why = ? ORDER BY since_position"
_VERSION: Final = "SELECT MAX(version) FROM entries WHERE order_id = ?"
_SWITCH: Final = 'INSERT INTO switches (provider, is_off, at, "by", why) VALUES (?, ?, ?, ?, ?)'
_SWITCHES: Final = """
    SELECT provider, is_off, at, "by", why FROM switches
    WHERE number IN (SELECT MAX(number) FROM switches GROUP BY provider) ORDER BY provider"""
_LET_GO: Final = """
    INSERT INTO let_go (why, order_id, version) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version"""
_FORGET: Final = """
    INSERT INTO forgotten (order_id, version, at) SELECT order_id, version, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    FROM personal WHERE subject = ? ORDER BY order_id, version ON CONFLICT DO NOTHING"""
_BEFORE: Final = " AND orders.number < (SELECT number FROM orders WHERE order_id = ?)"
_NEWEST_FIRST: Final = " ORDER BY orders.number DESC LIMIT ?"
_BY_TEXT: Final = " AND (orders.order_id = ? OR ticket = ? OR (reference = ? AND reference <> ''))"


class SqliteJournal(Journal):
    """One file (with its -wal, -shm, .mark, .lock and .owners beside it), readable by its owner only.

    path: on a disk of this machine, in a folder that exists. busy_timeout: seconds to wait for another process's
    write. Never use it after a fork: open another in the child. Raises StoreError.
    """

    def __init__(self, path: str | Path, *, busy_timeout: float = 10.0) -> None:
        self._path = settled(path)
        self._pid = os.getpid()
        self._closed = False
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._owners = Owners(self._path, busy_timeout)
        # Four processes opening a new file at once met "database is locked": switching to WAL heeds no busy timeout.
        with store_failures(), locked(door_of(self._path), busy_timeout):
            self._writer, self._mark = open_file(self._path, busy_timeout)
            self._file = _identity(self._path)
            try:
                self._id: str = self._writer.execute("SELECT id FROM journal").fetchone()[0]
                self._owners.sweep({owner for (owner,) in self._writer.execute("SELECT owner FROM open_intents")})
                self._reader = connect(self._path, busy_timeout, reads_only=True)
            except BaseException:
                self._mark.close()
                self._writer.close()
                raise

    @property
    def id(self) -> str:
        return self._id

    def append(self, append: Append) -> tuple[Entry, ...]:
        check(append)
        self._check_usable()
        self._check_there()
        # `_transaction` written out: the context manager alone is a twentieth of what an append costs here.
        with self._writing:
            self._check_usable()
            writer = self._writer
            try:
                writer.execute("BEGIN IMMEDIATE")
                entries, last_seal = write(writer, append, self._mark.position)
                writer.execute("COMMIT")
                self._mark.put(entries[-1].position, last_seal)
            except FAILURES as error:
                rollback(writer)
                raise store_error(error) from None
            except BaseException:
                rollback(writer)
                raise
        return entries

    def append_many(self, appends: Sequence[Append]) -> list[tuple[Entry, ...] | Exception]:
        """One transaction, so one wait for the disk. Should its commit fail, every one of them gets the StoreError."""
        try:
            self._check_there()
            with self._transaction() as writer:
                results = [write_apart(writer, append, self._mark.position) for append in appends]
                written = [one for one in results if isinstance(one, tuple)]
        except StoreError as failed:
            return [failed for _ in appends]
        if written:
            entries, last_seal = written[-1]
            with self._writing:
                self._mark.put(entries[-1].position, last_seal)
        return [one[0] if isinstance(one, tuple) else one for one in results]

    def load(self, order_id: str) -> Record | None:
        with self._reads() as reader:
            found = _read(reader, order_id)
        try:
            return _told(order_id, found)
        except StoreError:
            with self._reads() as reader, snapshot(reader):  # an append between two statements looks like damage
                found = _read(reader, order_id)
        return _told(order_id, found)

    def still(self, record: Record) -> bool:
        # Append-only: the same highest version means the same entries. Personal rows only ever go.
        with self._reads() as reader:
            now: tuple[int, int] = reader.execute(_STILL, (record.header.order_id,)).fetchone()
        return now == (record.version, len(record.personal))

    def command(self, command_id: str) -> tuple[str, str] | None:
        with self._reads() as reader:
            found: tuple[str, str] | None = reader.execute(COMMAND, (command_id,)).fetchone()
            return found

    def open_orders(self) -> tuple[str, ...]:
        with self._reads() as reader:
            return tuple(order_id for (order_id,) in reader.execute(_OPEN_ORDERS))

    def watched(self, why: str) -> tuple[str, ...]:
        with self._reads() as reader:
            return tuple(order_id for (order_id,) in reader.execute(_WATCHED, (why,)))

    def unwatch(self, order_id: str, why: str, *, version: int) -> bool:
        with self._transaction() as writer:
            (now,) = writer.execute(_VERSION, (order_id,)).fetchone()
            if now != version:
                return False
            if writer.execute(UNWATCH, (why, order_id)).rowcount:
                writer.execute(_LET_GO, (why, order_id, version))
            return True

    def switch(self, switch: Switch) -> None:
        with self._transaction() as writer:
            writer.execute(_SWITCH, switch_row(switch))

    def switches(self) -> tuple[Switch, ...]:
        with self._reads() as reader:
            return tuple(switch_from(row) for row in reader.execute(_SWITCHES).fetchall())

    def find(
        self,
        *,
        text: str | None = None,
        provider: str | None = None,
        state: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> tuple[Summary, ...]:
        query, asked = _FIND, list[str | int]()
        if text is not None:
            query += _BY_TEXT
            asked += [text, text, text]
        if provider is not None:
            query += " AND provider = ?"
            asked.append(provider)
        if state is not None:
            query += " AND (entries.state = ? OR entries.state IS NULL)"  # one without is damaged, and reported
            asked.append(state)
        if before is not None:
            query += _BEFORE
            asked.append(before)
        asked.append(_within(limit))
        with self._reads() as reader:
            rows = reader.execute(query + _NEWEST_FIRST, asked).fetchall()
        return tuple(summary_from(row) for row in rows)

    def changes(self, *, after: int = 0, limit: int = 500) -> tuple[Entry, ...]:
        # Why none appears later below a position returned: a number is drawn above every earlier one, and
        # BEGIN IMMEDIATE lets nobody draw until the one before has committed or given its numbers back unseen.
        with self._reads() as reader:
            rows = reader.execute(_CHANGES, (_within(after), _within(limit))).fetchall()
        return changes_from(rows, after)

    def forget(self, subject: str) -> int:
        """Erase a subject's personal data from the files; backups, and what a disk keeps of old blocks, are yours.

        Costs a rewrite of the personal table: `secure_delete` clears what is deleted, but not the copies SQLite leaves
        in the unused part of a page when rows move to another (seen in one file of three). Emptying the table clears
        its pages whole. Then the log is emptied too; when another process reads for so long that this cannot be done,
        StoreError says so, and forgetting again completes it.
        """
        with self._transaction() as writer:
            (held,) = writer.execute("SELECT COUNT(*) FROM personal WHERE subject = ?", (subject,)).fetchone()
            if held:
                writer.execute(_FORGET, (subject,))
                writer.execute("CREATE TEMP TABLE kept AS SELECT * FROM personal WHERE subject <> ?", (subject,))
                writer.execute("DELETE FROM personal")
                writer.execute(
                    "INSERT INTO personal (order_id, version, subject, data, data_seal) "
                    "SELECT order_id, version, subject, data, data_seal FROM kept ORDER BY order_id, version"
                )
                writer.execute("DROP TABLE kept")
        with self._writing, self._reading, store_failures():  # no reader of ours may hold the log back
            self._check_usable()
            (kept_back, _, _) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if kept_back:
            raise StoreError("forgotten, but a reader keeps the old pages in the log: forget again to clear them")
        return int(held)

    def enrol(self) -> str:
        self._check_usable()
        return self._owners.enrol()

    def alive(self, owner: str) -> bool:
        self._check_usable()
        return self._owners.alive(owner)

    def close(self) -> None:
        if os.getpid() != self._pid:
            return  # the parent's connections and locks: not ours to end
        with self._writing, self._reading:
            if self._closed:
                return
            self._closed = True
            self._owners.close()
            self._mark.close()
            with suppress(*FAILURES):  # every append is on the disk already
                self._reader.close()
            with suppress(*FAILURES):
                self._writer.close()

    def _check_usable(self) -> None:
        if self._closed:
            raise StoreError("the journal is closed")
        if os.getpid() != self._pid:
            # SQLite's locks belong to the process that took them: a child writing with them damages the file.
            raise StoreError("the journal was opened before a fork: open another in the child")

    def _check_there(self) -> None:
        """A file deleted or replaced while open goes on taking writes that nobody will ever read."""
        if _identity(self._path) != self._file:
            raise StoreError("the journal's file was deleted or replaced while it was open")

    @contextmanager
    def _reads(self) -> Generator[sqlite3.Connection, None, None]:
        self._check_usable()  # before the lock: after a fork it may be held for ever
        with self._reading:
            self._check_usable()
            with store_failures():
                yield self._reader

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        self._check_usable()
        with self._writing:
            self._check_usable()
            writer = self._writer
            try:
                writer.execute("BEGIN IMMEDIATE")
                yield writer
                writer.execute("COMMIT")
            except FAILURES as error:
                rollback(writer)
                raise store_error(error) from None
            except BaseException:
                rollback(writer)
                raise


_Read: TypeAlias = tuple[tuple[Any, ...] | None, list[tuple[Any, ...]], set[int]]


def _read(reader: sqlite3.Connection, order_id: str) -> _Read:
    head = reader.execute(_HEADER, (order_id,)).fetchone()
    rows = reader.execute(_ENTRIES, (order_id,)).fetchall()
    erased = reader.execute(_FORGOTTEN, (order_id,)).fetchall() if holes(rows) else []
    return head, rows, {version for (version,) in erased}


def _told(order_id: str, found: _Read) -> Record | None:
    head, rows, forgotten = found
    if head is not None:
        return record_from(head, rows, forgotten)
    if rows:
        raise StoreError(f"the journal is damaged: order {order_id} cannot be read: its header is missing")
    return None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _within(limit: int) -> int:
    """SQLite reads a negative limit as none, and takes no integer of more than 64 bits."""
    return max(0, min(limit, MOST))
