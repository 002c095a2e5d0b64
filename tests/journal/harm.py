"""Ways to harm a journal's file from outside, and what was in it before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from stampcard.journal import Journal, Personal, Record
from stampcard.model import EntryKind
from stampcard.testing._journal_values import draft, intent
from stampcard.testing.journal_contract import append_of, opening

ORDERS = ("a", "b", "c", "d", "e")


def written(journal: Journal) -> dict[str, Record]:
    """Something of everything: open intents, claims, a lane, watches, people, one of them forgotten."""
    mia, yu = Personal(subject="mia", data=b'{"n":"Mia"}'), Personal(subject="yu", data=b'{"n":"Yu"}')
    journal.append(
        opening("a", intent("a1", command_id="c1", digest="d1", personal=mia), lane="l", watch=("observe",), ticket="7")
    )
    journal.append(append_of("a", 1, draft(EntryKind.UNKNOWN, intent="a1", why="ReadTimeout")))
    journal.append(opening("b", intent("b1", command_id="c2", digest="d2"), draft(closes=("b1",), state="billed")))
    journal.append(append_of("b", 2, draft(state="completed", personal=yu), claims=("p1", "p2")))
    journal.forget("yu")
    journal.append(opening("c", intent("c1", personal=mia), draft(EntryKind.QUEUED, command_id="c3", digest="d3")))
    journal.append(append_of("c", 2, intent("c2"), watch=("void",)))
    journal.append(append_of("c", 3, draft(closes=("c1",), why="naïve ☕")))
    journal.append(opening("d", draft(body=b"{}" + b" " * 6000), watch=("observe",)))  # longer than a page
    journal.append(append_of("d", 1, draft(state="billed")))
    journal.append(opening("e", draft(state="voided")))
    journal.unwatch("d", "observe", version=2)
    return as_read(journal)


def as_read(journal: Journal) -> dict[str, Record]:
    found = {order: journal.load(order) for order in ORDERS}
    return {order: record for order, record in found.items() if record is not None}


def harm(path: Path, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
    """As a fault of the disk would: no trigger, no rule is asked."""
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        guards = plain.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        plain.execute("PRAGMA foreign_keys = OFF")
        plain.execute("PRAGMA ignore_check_constraints = ON")
        for name, _ in guards:
            plain.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            plain.execute(*((statement,) if isinstance(statement, str) else statement))
        for _, sql in guards:
            plain.execute(sql)
