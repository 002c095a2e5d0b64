"""`stampcard journal check`: whole or not, what survives, and a person's word about a copy."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stampcard.journal import StoreError, open_journal

from .conftest import MEMBER, STREET, Ran

Run = Callable[..., Ran]


def harmed(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        guards = plain.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            plain.execute(f"DROP TRIGGER {name}")
        for statement in (*statements, *(sql for _, sql in guards)):
            plain.execute(statement)


def test_a_whole_journal_is_called_whole(run: Run) -> None:
    done = run("journal", "check")
    assert done.status == 0
    assert "whole: every entry is there" in done.out
    told = run("journal", "check", "--json").json
    assert (told["ok"], told["sealed"], told["damaged"], told["problems"], told["doubt"]) == (True, True, [], [], None)
    assert told["entries"] == told["promised"] > 10


def test_what_survives_is_told_order_by_order_and_quotes_nobody(run: Run, file: Path) -> None:
    harmed(
        file,
        "DELETE FROM entries WHERE order_id = 'order-2' AND version > 3",
        "UPDATE entries SET body = x'7b7d' WHERE order_id = 'order-1' AND version = 1",
    )
    done = run("journal", "check")
    assert done.status == 4
    assert "order order-1: 4 of 4 entries are there; nothing to be trusted" in done.out
    assert "order order-2: 3 of 10 entries are there; trusted up to entry 3: checkout" in done.out
    assert "its last entries (4 to 10) are missing" in done.out
    assert re.search(r"\d of \d orders are as they were written", done.out)
    document = run("journal", "check", "--json")
    assert document.status == 4
    assert [one["order_id"] for one in document.json["damaged"]] == ["order-1", "order-2"]
    for secret in (STREET, MEMBER):
        assert secret not in done.out + document.out
    shown = run("orders", "show", "order-2")
    assert shown.status == 1
    assert "order order-2 cannot be read" in shown.err
    assert run("orders", "show", "order-3").status == 0


def test_a_restored_backup_waits_for_a_person_who_says_so_once(run: Run, file: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    shutil.copy(file, backup)
    done = run("journal", "check", "-j", backup)
    assert done.status == 4
    assert "no till opens it: its mark is missing" in done.out
    assert "its mark is missing" in run("orders", "list", "-j", backup).err
    assert run("recover", "-j", backup).status == 1
    assert run("journal", "check", "-j", backup, "--accept").status == 2  # because of what?
    accepted = run("journal", "check", "-j", backup, "--accept", "--because", "new disk", "--by", "dora")
    assert accepted.status == 0
    assert "accepted: its mark is missing" in accepted.err
    assert "by dora (new disk)" in accepted.out
    open_journal(backup).close()
    assert "nothing was to be accepted" in run("journal", "check", "--accept", "--because", "again").err
    assert run("journal", "check", "-j", backup, "--json").json["accepted"][0]["by"] == "dora"


def test_a_file_that_is_no_journal_is_told_and_left_alone(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "odd.db"
    for content in (b"", b"my shopping list\n" * 500, os.urandom(9000)):
        odd.write_bytes(content)
        assert run("journal", "check", "-j", odd).status == 1
        assert run("journal", "check", "-j", odd, "--json").json["ok"] is False
        assert odd.read_bytes() == content
    assert run("journal", "check", "-j", tmp_path / "nowhere.db").status == 2
    assert run("journal", "check", "-j", tmp_path).status == 1
    with pytest.raises(StoreError):
        open_journal(odd)
    assert run("journal", "check", "-j", odd, "--accept", "--because", "x").status == 1
