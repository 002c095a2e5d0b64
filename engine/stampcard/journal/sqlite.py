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
from typing import Final

from stampcard.journal._database import connect, rollback, store_error, store_failures, upgrade
from stampcard.journal._files import locked, private_file, settled
from stampcard.journal._rows import (
    ENTRY_COLUMNS,
    HEADER_COLUMNS,
    entry_from,
    entry_row,
    header_from,
    header_row,
    readable,
    summary_from,
)
from stampcard.journal._shared import MOST, check, entry_of, takes_command, utc
from stampcard.journal.contract import (
    Append,
    ClaimTakenError,
    CommandTakenError,
    Draft,
    Journal,
    Record,
    StoreError,
    Summary,
    VersionConflictError,
)
from stampcard.journal.owners import Owners
from stampcard.model import Entry

__all__ = ["SqliteJournal"]

_HEAD: Final = """
    SELECT provider, tenant, environment, (SELECT MAX(version) FROM entries WHERE order_id = ?1)
    FROM orders WHERE order_id = ?1"""
_OPEN_ORDER: Final = f"""
    INSERT INTO orders ({HEADER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608  constants only
_ENTER: Final = f"""
    INSERT INTO entries ({ENTRY_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608  constants only
_OWN: Final = """
    INSERT INTO open_intents (order_id, intent, since_position, owner, boot, hard_end) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET owner = excluded.owner, boot = excluded.boot, hard_end = excluded.hard_end"""
_CLOSE: Final = "DELETE FROM open_intents WHERE order_id = ? AND intent = ?"
_TAKE_COMMAND: Final = "INSERT INTO commands (command_id, order_id, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_COMMAND: Final = "SELECT order_id, digest FROM commands WHERE command_id = ?"
_TAKE_CLAIM: Final = """
    INSERT INTO claims (tenant, provider, environment, provider_order_id, order_id) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""
_CLAIM: Final = """
    SELECT order_id FROM claims WHERE tenant = ? AND provider = ? AND environment = ? AND provider_order_id = ?"""
_REMEMBER: Final = "INSERT INTO personal (order_id, version, subject, data) VALUES (?, ?, ?, ?)"
_REMEMBER_STILL: Final = """
    INSERT INTO personal (order_id, version, subject, data) SELECT ?1, ?2, ?3, ?4
    WHERE EXISTS (SELECT 1 FROM personal WHERE order_id = ?1 AND version = ?5)"""
_HEADER: Final = f"SELECT {HEADER_COLUMNS} FROM orders WHERE order_id = ?"  # noqa: S608  constants only
_ENTRIES: Final = f"""
    SELECT position, {ENTRY_COLUMNS}, data FROM entries LEFT JOIN personal USING (order_id, version)
    WHERE order_id = ? ORDER BY version"""  # noqa: S608  constants only
_STILL: Final = """
    SELECT (SELECT MAX(version) FROM entries WHERE order_id = ?1),
        (SELECT COUNT(*) FROM personal WHERE order_id = ?1)"""
_CHANGES: Final = f"""
    SELECT position, {ENTRY_COLUMNS}, provider FROM entries CROSS JOIN orders USING (order_id)
    WHERE position > ? ORDER BY position LIMIT ?"""  # noqa: S608  constants only
_OPEN_ORDERS: Final = "SELECT order_id FROM open_intents GROUP BY order_id ORDER BY MIN(since_position)"
# CROSS JOIN: SQLite keeps to this order, so the newest orders come first off the table and LIMIT ends the search.
_FIND: Final = f"""
    SELECT {HEADER_COLUMNS}, last.state, last.version, last.at,
        (SELECT COUNT(*) FROM open_intents WHERE open_intents.order_id = orders.order_id)
    FROM orders CROSS JOIN entries AS last USING (order_id)
    WHERE last.version =
        (SELECT MAX(version) FROM entries WHERE entries.order_id = orders.order_id)"""  # noqa: S608  constants only
_NEWEST_FIRST: Final = " ORDER BY orders.number DESC LIMIT ?"
_BY_TEXT: Final = " AND (orders.order_id = ? OR ticket = ? OR (reference = ? AND reference <> ''))"


class SqliteJournal(Journal):
    """One file (with its -wal, -shm, .lock and .owners beside it), readable by its owner only.

    path: on a disk of this machine, in a folder that exists. busy_timeout: seconds to wait for another process's
    write. Never use it after a fork: open another in the child. Raises StoreError.
    """

    def __init__(self, path: str | Path, *, busy_timeout: float = 10.0) -> None:
        self._path = settled(path)
        self._pid = os.getpid()
        self._closed = False
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        door = self._path.with_name(self._path.name + ".lock")
        self._owners = Owners(self._path, busy_timeout)
        # Four processes opening a new file at once met "database is locked": switching to WAL heeds no busy timeout.
        with store_failures(), locked(door, busy_timeout):
            for suffix in ("-wal", "-shm"):
                if (beside := Path(f"{self._path}{suffix}")).exists():
                    private_file(beside)
            private_file(self._path)  # before SQLite does: its companions inherit the mode
            self._writer = connect(self._path, busy_timeout)
            self._file = _identity(self._path)
            try:
                upgrade(self._writer)
                self._id: str = self._writer.execute("SELECT id FROM journal").fetchone()[0]
                self._owners.sweep({owner for (owner,) in self._writer.execute("SELECT owner FROM open_intents")})
                self._reader = connect(self._path, busy_timeout, reads_only=True)
            except BaseException:
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
                entries = _write(writer, append)
                writer.execute("COMMIT")
            except sqlite3.Error as error:
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
                results = [_write_apart(writer, append) for append in appends]
        except StoreError as failed:
            return [failed for _ in appends]
        return results

    def load(self, order_id: str) -> Record | None:
        with self._reads() as reader:
            # Two statements, one truth: a header never changes and is never without its entries.
            head = reader.execute(_HEADER, (order_id,)).fetchone()
            rows = reader.execute(_ENTRIES, (order_id,)).fetchall()
        if head is None:
            return None
        with readable(f"order {order_id}"):
            header = header_from(head)
            entries = tuple(entry_from(row[:-1], header.provider) for row in rows)
            if not entries or entries[-1].version != len(entries):
                raise ValueError("entries are missing")
            personal = {entry.version: row[-1] for entry, row in zip(entries, rows, strict=True) if row[-1] is not None}
            return Record(header=header, entries=entries, personal=personal)

    def still(self, record: Record) -> bool:
        # Append-only: the same highest version means the same entries. Personal rows only ever go.
        with self._reads() as reader:
            now: tuple[int, int] = reader.execute(_STILL, (record.header.order_id,)).fetchone()
        return now == (record.version, len(record.personal))

    def command(self, command_id: str) -> tuple[str, str] | None:
        with self._reads() as reader:
            found: tuple[str, str] | None = reader.execute(_COMMAND, (command_id,)).fetchone()
            return found

    def open_orders(self) -> tuple[str, ...]:
        with self._reads() as reader:
            return tuple(order_id for (order_id,) in reader.execute(_OPEN_ORDERS))

    def find(
        self,
        *,
        text: str | None = None,
        provider: str | None = None,
        state: str | None = None,
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
            query += " AND last.state = ?"
            asked.append(state)
        asked.append(_within(limit))
        with self._reads() as reader:
            rows = reader.execute(query + _NEWEST_FIRST, asked).fetchall()
        return tuple(summary_from(row) for row in rows)

    def changes(self, *, after: int = 0, limit: int = 500) -> tuple[Entry, ...]:
        # Why none appears later below a position returned: a number is drawn above every earlier one, and
        # BEGIN IMMEDIATE lets nobody draw until the one before has committed or given its numbers back unseen.
        with self._reads() as reader:
            rows = reader.execute(_CHANGES, (_within(after), _within(limit))).fetchall()
        return tuple(entry_from(row[:-1], row[-1]) for row in rows)

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
                writer.execute("CREATE TEMP TABLE kept AS SELECT * FROM personal WHERE subject <> ?", (subject,))
                writer.execute("DELETE FROM personal")
                writer.execute(
                    "INSERT INTO personal (order_id, version, subject, data) "
                    "SELECT order_id, version, subject, data FROM kept ORDER BY order_id, version"
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
            with suppress(sqlite3.Error):  # every append is on the disk already
                self._reader.close()
            with suppress(sqlite3.Error):
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
            except sqlite3.Error as error:
                rollback(writer)
                raise store_error(error) from None
            except BaseException:
                rollback(writer)
                raise


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _within(limit: int) -> int:
    """SQLite reads a negative limit as none, and takes no integer of more than 64 bits."""
    return max(0, min(limit, MOST))


def _write_apart(writer: sqlite3.Connection, append: Append) -> tuple[Entry, ...] | Exception:
    """One append of many: its refusal undoes it and leaves the others be. A mistake in it is its own, too."""
    try:
        check(append)
    except ValueError as mistake:
        return mistake
    writer.execute("SAVEPOINT one")
    result: tuple[Entry, ...] | Exception
    try:
        result = _write(writer, append)
    except (VersionConflictError, CommandTakenError, ClaimTakenError) as refused:
        writer.execute("ROLLBACK TO one")
        result = refused
    except sqlite3.Error as error:
        if not writer.in_transaction:
            raise  # SQLite gave the whole transaction up (the disk is full)
        writer.execute("ROLLBACK TO one")
        result = store_error(error)
    writer.execute("RELEASE one")
    return result


def _write(writer: sqlite3.Connection, append: Append) -> tuple[Entry, ...]:
    """Within a transaction, so what is asked here stays true until it commits."""
    order_id, header = append.order_id, append.header
    head: tuple[str, str, str, int] | None = writer.execute(_HEAD, (order_id,)).fetchone()
    current = 0 if head is None else head[3]
    if current != append.expected_version:
        raise VersionConflictError(current)
    if head is not None:
        provider, tenant, environment, _ = head
    elif header is not None:
        writer.execute(_OPEN_ORDER, header_row(header))
        provider, tenant, environment = header.provider, header.site.tenant, header.environment.value
    else:
        raise VersionConflictError(0)  # not reached: without a header some version is expected
    written: list[Entry] = []
    version = append.expected_version
    for draft in append.entries:
        version += 1
        at = utc(draft.at)
        position = writer.execute(_ENTER, entry_row(draft, order_id, version, at)).lastrowid or 0
        entry = entry_of(draft, position=position, order_id=order_id, provider=provider, version=version, at=at)
        _index(writer, entry, draft)
        written.append(entry)
    for claim in append.claims:
        key = (tenant, provider, environment, claim)
        if writer.execute(_TAKE_CLAIM, (*key, order_id)).rowcount == 0:
            (holder,) = writer.execute(_CLAIM, key).fetchone()
            if holder != order_id:
                raise ClaimTakenError(holder)
    return tuple(written)


def _index(writer: sqlite3.Connection, entry: Entry, draft: Draft) -> None:
    """What must be found or enforced without reading the history; most entries touch little of it."""
    order_id, own = entry.order_id, draft.ownership
    if own is not None:
        writer.execute(_OWN, (order_id, draft.intent, entry.position, own.owner, own.boot, own.hard_end))
    for intent in draft.closes:
        writer.execute(_CLOSE, (order_id, intent))
    if takes_command(draft):
        wanted = (order_id, draft.digest)
        if writer.execute(_TAKE_COMMAND, (draft.command_id, *wanted)).rowcount == 0:
            found = writer.execute(_COMMAND, (draft.command_id,)).fetchone()
            if found != wanted:
                raise CommandTakenError(found[0])
    if (own_data := draft.personal) is not None:
        row = (order_id, entry.version, own_data.subject, own_data.data)
        if own_data.follows is None:
            writer.execute(_REMEMBER, row)
        else:
            writer.execute(_REMEMBER_STILL, (*row, own_data.follows))
