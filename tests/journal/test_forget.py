"""What was forgotten is gone from the files, not only from the tables."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from stampcard.journal import Append, Personal, StoreError
from stampcard.journal.sqlite import SqliteJournal
from stampcard.testing._journal_values import draft
from stampcard.testing.journal_contract import opening

LOOK_FOR = """
import sys, pathlib
path, *needles = sys.argv[1:]
files = [pathlib.Path(path + end) for end in ("", "-wal", "-shm")]
content = b"".join(file.read_bytes() for file in files if file.exists())
print([needle for needle in needles if needle.encode() in content])
"""


def still_in_files(path: Path, *needles: str) -> str:
    """By another process: closing a file here would drop the locks of the journal that is open here."""
    command = [sys.executable, "-S", "-c", LOOK_FOR, str(path), *needles]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("seed", [3, 5, 13])  # with secure_delete alone, these left something behind
def test_what_was_forgotten_is_in_no_file_any_more(journal: SqliteJournal, path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  the same rows each time
    appends: list[Append] = []
    for number in range(800):
        who = f"{chance.randrange(40):03}"
        size = chance.randrange(1, chance.choice([5, 60, 900]))
        person = Personal(subject=f"SUBJ{who}X", data=f"DATA{who}X".encode() * size)
        appends.append(opening(f"{chance.getrandbits(64):x}{number}", draft(personal=person)))
    for start in range(0, len(appends), 100):
        journal.append_many(appends[start : start + 100])
    forgotten = [f"{who:03}" for who in range(0, 40, 3)]
    needles = [f"{word}{who}X" for who in forgotten for word in ("SUBJ", "DATA")]
    assert still_in_files(path, *needles) == str(needles)
    for who in forgotten:
        assert journal.forget(f"SUBJ{who}X") > 0
    assert still_in_files(path, *needles) == "[]"
    assert still_in_files(path, "SUBJ001X", "DATA001X") == "['SUBJ001X', 'DATA001X']"
    kept = sum(append.entries[0].personal is not None for append in appends) - journal.forget("SUBJ001X")
    assert kept > 0


def test_forgetting_while_another_reads_says_that_it_is_not_complete(path: Path) -> None:
    with closing(SqliteJournal(path, busy_timeout=0.01)) as journal, closing(sqlite3.connect(path)) as other:
        journal.append(opening("a", draft(personal=Personal(subject="me", data=b'"Mia Meyer"'))))
        other.execute("BEGIN")
        other.execute("SELECT * FROM personal").fetchall()
        with pytest.raises(StoreError, match="forget again"):
            journal.forget("me")
        other.rollback()
        assert journal.forget("me") == 0
        assert still_in_files(path, "Mia") == "[]"
