"""Damage drawn from a seed, done to a journal's bytes or cells, and what is asked of the journal afterwards.

The promise: whatever the bytes, only StoreError and the library's own errors come out, nothing hangs, and an order is
either what it was or is reported, by what is asked or by the check.
"""

# ruff: noqa: S608  the tables' own names

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import attrs

from stampcard.errors import StampcardError
from stampcard.journal import (
    ClaimTakenError,
    CommandTakenError,
    Journal,
    LaneTakenError,
    Record,
    StoreError,
    Summary,
    VersionConflictError,
    check,
    open_journal,
)
from stampcard.journal.fold import fold
from stampcard.model import Entry
from stampcard.testing.journal_contract import append_of

PAGE: Final = 4096
REFUSALS: Final = (StoreError, ClaimTakenError, CommandTakenError, LaneTakenError, VersionConflictError)


@attrs.frozen
class Truth:
    """A journal before it is harmed: where it lies (a copy elsewhere is another), its files, and all that was in it."""

    path: Path
    files: dict[str, bytes]
    records: dict[str, Record]
    entries: dict[int, Entry]
    summaries: dict[str, Summary]
    open_orders: tuple[str, ...]
    commands: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, path: Path, files: dict[str, bytes]) -> Truth:
        with closing(open_journal(path)) as journal:
            entries = {entry.position: entry for entry in journal.changes(limit=10_000)}
            summaries = {one.header.order_id: one for one in journal.find(limit=10_000)}
            records = {order: journal.load(order) for order in summaries}
            named = {entry.command_id for entry in entries.values() if entry.command_id is not None}
            commands = {name: journal.command(name) for name in named}
            return cls(
                path=path,
                files=files,
                records={order: record for order, record in records.items() if record is not None},
                entries=entries,
                summaries=summaries,
                open_orders=journal.open_orders(),
                commands={name: found for name, found in commands.items() if found is not None},
            )


COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


def files_of(path: Path) -> dict[str, bytes]:
    """Of a journal that is open, as a power cut leaves them; read by another process, which shares no locks with it."""
    found: dict[str, bytes] = {}
    for end in ("", "-wal", ".mark"):
        copy = path.with_name("copied")
        subprocess.run([sys.executable, "-S", "-c", COPY, f"{path}{end}", str(copy)], check=True)
        found[end] = copy.read_bytes()
    return found


def put(path: Path, files: dict[str, bytes]) -> None:
    """The files at that place, and nothing else of a journal. In place: the file stays the same file."""
    for end in ("", "-wal", "-shm", ".mark"):
        if end in files:
            Path(f"{path}{end}").write_bytes(files[end])
        else:
            Path(f"{path}{end}").unlink(missing_ok=True)


# Bytes.


def harmed(dice: random.Random, content: bytes) -> bytes:
    """One fault of a disk."""
    data = bytearray(content)
    at = 0
    for _ in range(5 if data else 0):  # most of a young file is empty, and its harm nobody's
        at = dice.randrange(len(data))
        if data[at]:
            break
    page = at - at % PAGE
    match dice.randrange(9):
        case 0:
            return bytes(data[:at])
        case 1:
            data[at : at + 1] = bytes([(data[at] if data else 0) ^ (1 << dice.randrange(8))])
        case 2:
            data[at : at + dice.choice([1, 2, 4, 16])] = dice.randbytes(dice.choice([1, 2, 4, 16]))
        case 3:
            data[page : page + PAGE] = bytes(PAGE)
        case 4:
            data[page : page + PAGE] = dice.randbytes(PAGE)
        case 5:
            other = dice.randrange(len(data) // PAGE + 1) * PAGE
            data[page : page + PAGE], data[other : other + PAGE] = data[other : other + PAGE], data[page : page + PAGE]
        case 6:
            start = at - at % 512
            data[start : start + 512] = dice.choice([bytes(512), dice.randbytes(512), b"\xff" * 512])
        case 7:
            return bytes(data) + dice.randbytes(dice.choice([1, 100, PAGE]))
        case _:
            for _ in range(dice.choice([2, 8, 40])):
                place = dice.randrange(len(data) or 1)
                data[place : place + 1] = bytes([dice.randrange(256)])
    return bytes(data)


def harm_bytes(dice: random.Random, truth: Truth) -> str:
    """One of the files, or two, or one of them gone."""
    path, files = truth.path, dict(truth.files)
    told: list[str] = []
    for _ in range(dice.choice([1, 1, 1, 2])):
        end = dice.choice(["", "", "", "-wal", "-wal", ".mark"])
        if end not in files:
            end = ""
        if end and dice.random() < 0.15:
            del files[end]
            told.append(f"{end} gone")
        else:
            files[end] = harmed(dice, files[end])
            told.append(f"{end or 'file'} harmed")
    put(path, files)
    if dice.random() < 0.2:
        Path(f"{path}-shm").write_bytes(dice.randbytes(dice.choice([100, 32768])))
        told.append("-shm made up")
    return ", ".join(told)


# Cells.

VALUES: Final[tuple[Any, ...]] = (
    None, "", "x", "forgotten", b"", b"\xff\xfe", b"{", b'{"facts": []}', b'{"command":' * 2000, b"[" * 100_000, 0, 1,
    -1, 2, 2**31, 2**63 - 1, -(2**63), 1.5, float("inf"), "[" * 100_000, '["a1"]', "null", "[1]", '{"watch": 3}',
    "x" * 2**20, "2026-11-22", "9999-12-31T23:59:59.999999+23:59", "accepted", "moon", "\x00", "\u202e", "a",
)  # fmt: skip


def harm_cells(dice: random.Random, truth: Truth) -> str:
    """A cell, a row, or two rows exchanged; any table; no rule of the schema is asked."""
    path = truth.path
    put(path, truth.files)
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        schema = plain.execute("SELECT rowid, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
        lax(plain, [(row, freed(sql)) for row, sql in schema])
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("PRAGMA foreign_keys = OFF")
        told = harm_rows(dice, plain)
        lax(plain, schema)
    return told


def freed(sql: str) -> str:
    """The same object without its rules."""
    if "CREATE TABLE" in sql:
        return (
            sql.replace(") STRICT, WITHOUT ROWID", ") WITHOUT ROWID").replace(") STRICT", ")").replace(" NOT NULL", "")
        )
    if "TRIGGER" in sql:
        sql = sql.partition("BEGIN")[0].partition(" WHEN ")[0] + " WHEN 0 BEGIN SELECT 1; END"
    return sql


def lax(plain: sqlite3.Connection, schema: list[tuple[int, str]]) -> None:
    plain.execute("PRAGMA writable_schema = ON")
    plain.executemany("UPDATE sqlite_schema SET sql = ?2 WHERE rowid = ?1", schema)
    plain.execute("PRAGMA writable_schema = RESET")


def harm_rows(dice: random.Random, plain: sqlite3.Connection) -> str:
    tables = [name for (name,) in plain.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    table = dice.choice([name for name in tables if count(plain, name)] + ["entries"] * 4 + ["orders"] * 2)
    columns = [row[1] for row in plain.execute(f"PRAGMA table_info({table})")]
    keys = [row[1] for row in plain.execute(f"PRAGMA table_info({table})") if row[5]]
    rows = plain.execute(f"SELECT {', '.join(keys)} FROM {table}").fetchall()
    row = dice.choice(rows)
    here = " AND ".join(f"{key} = ?" for key in keys)
    kind = dice.randrange(10)
    with suppress(sqlite3.Error, OverflowError):  # a key that is there already
        if kind == 0:
            plain.execute(f"DELETE FROM {table} WHERE {here}", row)
            return f"{table} {row} deleted"
        column = dice.choice(columns)
        if kind <= 2:  # another row's value
            (value,) = plain.execute(f'SELECT "{column}" FROM {table} ORDER BY random() LIMIT 1').fetchone()
        else:
            value = dice.choice(VALUES)
        if kind == 3:
            plain.execute(f'UPDATE {table} SET "{column}" = CAST(? AS TEXT) WHERE {here}', (b"\xff\xfe", *row))
            return f"{table} {row} {column} is no text"
        plain.execute(f'UPDATE {table} SET "{column}" = ? WHERE {here}', (value, *row))
        return f"{table} {row} {column} = {value!r:.40}"
    return f"{table} as it was"


def count(plain: sqlite3.Connection, table: str) -> int:
    return int(plain.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


# What is asked.


class SilentError(Exception):
    """Something came back shorter or different, and nobody said so."""


@attrs.define
class Asked:
    """One harmed journal, asked everything. reported: something said that it is harmed."""

    truth: Truth
    reported: bool = False
    differs: list[str] = attrs.field(factory=list[str])

    def all(self) -> None:
        report = check(self.truth.path)
        self.reported = not report.ok
        try:
            journal = open_journal(self.truth.path)
        except StoreError:
            self.reported = True
            return
        with closing(journal):
            for order, record in self.truth.records.items():
                self._load(journal, order, record)
            self._ask("find", lambda: self._find(journal))
            self._ask("changes", lambda: self._changes(journal))
            self._ask("open_orders", lambda: self._same("open", journal.open_orders(), self.truth.open_orders))
            for command, found in self.truth.commands.items():
                self._ask("command", lambda c=command, f=found: self._same("command", journal.command(c), f))  # type: ignore[misc]  the loop's own values
        if self.differs and not self.reported:
            raise SilentError(", ".join(self.differs))

    def _ask(self, what: str, ask: Callable[[], None]) -> None:
        try:
            ask()
        except StoreError:
            self.reported = True

    def _same(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.differs.append(what)

    def _load(self, journal: Journal, order: str, wanted: Record) -> None:
        try:
            found = journal.load(order)
        except StoreError:
            self.reported = True
            return
        if found is None:
            self.differs.append(f"{order} is unknown")
            return
        if found != wanted:
            raise SilentError(f"order {order} is not what it was")
        fold(found)

    def _find(self, journal: Journal) -> None:
        found = {one.header.order_id: one for one in journal.find(limit=10_000)}
        for order, one in found.items():
            if attrs.evolve(one, open_intents=0) != attrs.evolve(self.truth.summaries[order], open_intents=0):
                raise SilentError(f"order {order} is listed as what it was not")
        self._same("listing", found, self.truth.summaries)

    def _changes(self, journal: Journal) -> None:
        found: dict[int, Entry] = {}
        while batch := journal.changes(after=max(found, default=0), limit=7):
            for entry in batch:
                if entry != self.truth.entries.get(entry.position):
                    raise SilentError(f"entry {entry.position} is not what it was")
                found[entry.position] = entry
        self._same("changes", found, self.truth.entries)


def write_on(truth: Truth) -> None:
    """Every order, one entry more, where the journal allows it; an order that could not be read gets none."""
    try:
        journal = open_journal(truth.path)
    except StoreError:
        return
    with closing(journal):
        for order, record in truth.records.items():
            try:
                found = journal.load(order)
                if found is not None:
                    journal.append(append_of(order, found.version))
                    again = journal.load(order)
                    if again is None or again.entries[:-1] != record.entries:
                        raise SilentError(f"order {order} is not what it was with one more entry")
            except REFUSALS:
                continue


def recovered(truth: Truth, till: Callable[[Path], Any]) -> None:
    """A till on it: recovery, and every list it has."""
    with suppress(StampcardError), till(truth.path) as desk:
        for ask in (desk.recover, desk.in_doubt, desk.needs_human, lambda: list(desk.changes(after=0))):
            with suppress(StampcardError):
                ask()
