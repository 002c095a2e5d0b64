"""Is this journal what was written into it? Every byte of it is read, and what survives is told order by order.

    report = check("pos.db")
    report.ok, report.damaged, report.problems, report.doubt

May live here: the questions, the report, opening a file of any bytes without a failure. May not: a write, a repair.
Only reads; a till may go on writing meanwhile: all of it is read as of one moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

from stampcard.journal._database import APPLICATION_ID, FAILURES, SEALED, objects, rollback, scripts, store_error
from stampcard.journal._examined import Examined, OrderCheck, Problem, plain
from stampcard.journal._mark import Claim, disagreement
from stampcard.journal._mark import read as read_mark
from stampcard.journal._seals import standalone
from stampcard.journal._tables import compare
from stampcard.journal.contract import StoreError
from stampcard.journal.reading import opened

__all__ = ["CheckReport", "OrderCheck", "Problem", "check"]

_FAILURES: Final = (*FAILURES, ValueError, TypeError, RecursionError, OSError, StoreError)
_MOST_LINES: Final = 20
"""Of what SQLite's own check says."""


@attrs.frozen(kw_only=True)
class CheckReport:
    """What a check found. `ok`: nothing.

    schema: of the file; seals came with 4, an older file is compared with SQLite's own check only. entries: found;
    promised: as the orders count them. orders: found; damaged: those of them that are not what was written. problems:
    of the file, and of no order in particular. doubt: why a till does not open the file as it is (see `accept`).
    accepted: (when, who, why, what was found) for every time a person let it be used all the same.
    """

    path: str
    journal_id: str | None = None
    schema: int | None = None
    orders: int = 0
    entries: int = 0
    promised: int = 0
    damaged: tuple[OrderCheck, ...] = ()
    problems: tuple[Problem, ...] = ()
    doubt: str | None = None
    accepted: tuple[tuple[str, str, str, str], ...] = ()

    @property
    def ok(self) -> bool:
        """Every entry ever written is there, as it was written, as far as can be told."""
        return not self.damaged and not self.problems and self.doubt is None

    @property
    def sealed(self) -> bool:
        """Of a schema with seals, so that entries could be compared with them."""
        return self.schema is not None and self.schema >= SEALED


def check(where: str | Path, *, progress: Callable[[int, int], None] | None = None) -> CheckReport:
    """Read the whole journal and compare it with its seals. Never raises, whatever the file holds.

    progress: told (entries read, entries promised) now and then.
    """
    found = CheckReport(path=str(where))
    try:
        path = Path(where).expanduser().resolve()
        if not path.is_file():
            missing = "is not a file" if path.exists() else "does not exist"
            return _with(found, Problem(code="file.missing", what=f"the file {missing}"))
        claim = read_mark(path)  # before the file: it may only lag behind
        connection = opened(path)
    except _FAILURES as broken:
        return _with(found, _unreadable(broken))
    try:
        connection.text_factory = _as_stored
        connection.execute("BEGIN")
        return _checked(connection, found, claim, path, progress)
    except _FAILURES as broken:
        return _with(found, _unreadable(broken))
    finally:
        with suppress(*FAILURES):
            rollback(connection)
            connection.close()


def _checked(
    connection: sqlite3.Connection,
    found: CheckReport,
    claim: Claim | None,
    path: Path,
    progress: Callable[[int, int], None] | None,
) -> CheckReport:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    newest = scripts()[-1][0]
    if application != APPLICATION_ID:
        return _with(found, Problem(code="file.foreign", what="the file is not a journal"))
    found = attrs.evolve(found, schema=schema)
    if not 0 < schema <= newest:
        return _with(found, Problem(code="file.schema", what=f"schema {schema}: this release knows {newest}"))
    found = _with(found, *_integrity(connection))
    if schema < SEALED:
        return found
    if schema == newest:
        there = {(kind, plain(name)) for kind, name in connection.execute("SELECT type, name FROM sqlite_schema")}
        lost = sorted(f"{kind} {name}" for kind, name in objects() - there)
        found = _with(found, *(Problem(code="schema.missing", what=f"{one} is not there") for one in lost))
    if claim is not None and claim.torn:
        torn = "half of its mark cannot be read (until a till opens it): its very last commit may be lost"
        found = _with(found, Problem(code="mark.torn", what=torn))
    found = _own_line(connection, found)
    examined = Examined(connection, path.stat().st_size, claim.position if claim else 0, progress)
    examined.read()
    found = _with(found, *compare(connection, examined))
    return attrs.evolve(
        found,
        orders=len(examined.orders),
        entries=examined.entries,
        promised=examined.promised,
        damaged=examined.damaged(),
        problems=(*found.problems, *examined.problems),
        doubt=_doubt(claim, connection, path),
    )


def _integrity(connection: sqlite3.Connection) -> list[Problem]:
    try:
        lines = [plain(line) for (line,) in connection.execute(f"PRAGMA integrity_check({_MOST_LINES})")]
    except _FAILURES as broken:
        return [_unreadable(broken)]
    return [Problem(code="file.integrity", what=line) for line in lines if line != "ok"]


def _own_line(connection: sqlite3.Connection, found: CheckReport) -> CheckReport:
    try:
        lines = connection.execute("SELECT id, created_at, seal FROM journal").fetchall()
        accepted = connection.execute('SELECT at, "by", because, found FROM acceptances ORDER BY number').fetchall()
        sound = len(lines) == 1 and standalone(lines[0][:-1]) == lines[0][-1]
    except _FAILURES as broken:
        return _with(found, _unreadable(broken))
    if not sound:
        found = _with(found, Problem(code="journal.changed", what="the journal's own line was changed"))
    told = tuple((plain(at), plain(by), plain(because), plain(what)) for at, by, because, what in accepted)
    return attrs.evolve(found, journal_id=plain(lines[0][0]) if lines else None, accepted=told)


def _doubt(claim: Claim | None, connection: sqlite3.Connection, path: Path) -> str | None:
    try:
        return disagreement(claim, connection, path)
    except _FAILURES:
        return "its last entries cannot be read, so nobody knows whether it is whole"


def _with(found: CheckReport, *problems: Problem) -> CheckReport:
    return attrs.evolve(found, problems=(*found.problems, *problems))


def _unreadable(broken: BaseException) -> Problem:
    told = broken if isinstance(broken, StoreError) else store_error(broken)
    return Problem(code="file.unreadable", what=str(told))


def _as_stored(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
