"""A damaged journal is reported with what survives, never silently shortened."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from stampcard.journal import Journal, StoreError, _mark, accept, check, open_journal
from stampcard.journal._seals import BrokenError, chained, opened, seal
from stampcard.journal.reading import ReadOnlyJournal
from stampcard.journal.sqlite import SqliteJournal
from stampcard.testing._journal_values import draft, intent
from stampcard.testing.journal_contract import append_of, opening

if TYPE_CHECKING:
    from .conftest import Till

    Tills = Callable[[int], list[Till]]

from .harm import ORDERS, as_read, harm, written

# What it says of itself.


@pytest.fixture
def whole(path: Path) -> Path:
    with closing(SqliteJournal(path)) as journal:
        written(journal)
    return path


def test_a_sound_journal_is_called_whole_while_a_till_writes(journal: SqliteJournal, path: Path) -> None:
    written(journal)
    report = check(path)
    assert (report.ok, report.sealed, report.orders, report.entries, report.promised) == (True, True, 5, 12, 12)
    assert report.journal_id == journal.id
    journal.append(append_of("e", 1))
    assert check(path).entries == 13


def test_the_bytes_a_seal_is_made_of_are_for_ever() -> None:
    head = opened(("o", None, 1, 2.5, b"x"))
    assert head == blake2b(b"\x95\xa1o\xc0\x01\xcb\x40\x04\0\0\0\0\0\0\xc4\x01x", digest_size=16).digest()
    assert seal(head, (300, "é")) == blake2b(head + b"\x92\xcd\x01\x2c\xa2\xc3\xa9", digest_size=16).digest()
    longer = opened(("o", "spendgo", None, "x" * 300, 2**40, 1e300, "naïve ☕"))
    assert longer.hex() == "e98fb9df7f49755f854d8ba310972a9d"


HARM = {
    "a state": ("UPDATE entries SET state = 'billed' WHERE order_id = 'a' AND version = 1", "a", "entry 1 was changed"),
    "a body": ("UPDATE entries SET body = x'7b7d20' WHERE order_id = 'b' AND version = 2", "b", "entry 2 was changed"),
    "a digest": ("UPDATE entries SET digest = NULL WHERE order_id = 'a' AND version = 1", "a", "entry 1 was changed"),
    "a kind nobody knows": (
        "UPDATE entries SET kind = 'hearsay' WHERE order_id = 'a' AND version = 2", "a", "entry 2 was changed"),
    "a seal": ("UPDATE entries SET seal = x'00' WHERE order_id = 'b' AND version = 1", "b", "entry 1 was changed"),
    "a first entry": ("DELETE FROM entries WHERE order_id = 'c' AND version = 1", "c", "entry 1 is missing"),
    "a middle entry": ("DELETE FROM entries WHERE order_id = 'c' AND version = 2", "c", "entry 2 is missing"),
    "a last entry": ("DELETE FROM entries WHERE order_id = 'c' AND version = 4", "c", "last entries are missing"),
    "all entries": ("DELETE FROM entries WHERE order_id = 'c'", "c", "last entries are missing"),
    "a position": ("UPDATE entries SET position = 99 WHERE order_id = 'e'", "e", "entry 1 was changed"),
    "another order's entry": (
        "UPDATE entries SET order_id = 'e', version = 2 WHERE order_id = 'd' AND version = 2", "e", "was changed"),
    "a header's ticket": ("UPDATE orders SET ticket = '8' WHERE order_id = 'a'", "a", "header was changed"),
    "a header's world": ("UPDATE orders SET environment = 'moon' WHERE order_id = 'a'", "a", "header was changed"),
    "a count": ("UPDATE orders SET last_version = 1 WHERE order_id = 'a'", "a", "last entries are missing"),
    "a header": ("DELETE FROM orders WHERE order_id = 'a'", "a", "header is missing"),
    "personal data": ("UPDATE personal SET data = x'7b7d' WHERE order_id = 'a'", "a", "personal data of entry 1"),
    "a subject": ("UPDATE personal SET subject = 'yu' WHERE order_id = 'a'", "a", "personal data of entry 1"),
    "personal data gone": ("DELETE FROM personal WHERE order_id = 'a'", "a", "personal data is missing"),
    "the trace of forgetting": ("DELETE FROM forgotten", "b", "personal data is missing"),
    "an open intent": ("DELETE FROM open_intents WHERE order_id = 'a'", "a", "what is open"),
    "an open intent too many": (
        "INSERT INTO open_intents VALUES ('e', 'i', 13, 'o', 'b', 1.0)", "e", "what is open"),
    "text that is none": (
        "UPDATE entries SET why = CAST(x'FF' AS TEXT) WHERE order_id = 'e'", "e", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", HARM)
def test_an_order_that_is_not_as_it_was_written_is_refused_by_name_and_the_others_work(whole: Path, what: str) -> None:
    statement, order, why = HARM[what]
    with closing(open_journal(whole)) as journal:
        before = as_read(journal)
    harm(whole, statement)
    report = check(whole)
    assert order in [one.order_id for one in report.damaged]
    assert not report.ok
    with closing(ReadOnlyJournal(whole)) as journal:
        with pytest.raises(StoreError, match=rf"order {order} cannot be read.*{why}|SQLITE|OperationalError"):
            journal.load(order)
        found = {other: loaded(journal, other) for other in ORDERS}
        assert all(record == before[other] for other, record in found.items() if not isinstance(record, str))
        assert sum(isinstance(r, str) for r in found.values()) <= 2  # an entry that went over harms two
        assert read_changes(journal) == "damaged" or what not in CHANGED


CHANGED = [what for what in HARM if HARM[what][0].startswith(("UPDATE entries", "DELETE FROM entries"))]


def loaded(journal: Journal, order: str) -> object:
    try:
        return journal.load(order)
    except StoreError as refused:
        return str(refused)


def read_changes(journal: Journal) -> str:
    """To the end, as a till's feed does."""
    last = 0
    try:
        while batch := journal.changes(after=last, limit=4):
            last = batch[-1].position
    except StoreError:
        return "damaged"
    return "whole"


LISTED = ["a last entry", "all entries", "a header's ticket", "a count", "a header's world", "a position"]


@pytest.mark.parametrize("what", LISTED)
def test_a_listing_shows_no_line_that_is_not_as_it_was_written(whole: Path, what: str) -> None:
    harm(whole, HARM[what][0])
    with closing(ReadOnlyJournal(whole)) as journal, pytest.raises(StoreError, match=f"order {HARM[what][1]} "):
        journal.find()


INDEXES = {
    "a command": "DELETE FROM commands WHERE command_id = 'c1'",
    "a command's digest": "UPDATE commands SET digest = 'other' WHERE command_id = 'c1'",
    "a command too many": "INSERT INTO commands VALUES ('c9', 'a', 'd')",
    "a claim": "DELETE FROM claims WHERE provider_order_id = 'p1'",
    "a claim's order": "UPDATE claims SET order_id = 'a' WHERE provider_order_id = 'p2'",
    "a lane": "DELETE FROM lanes",
    "a lane's intent": "UPDATE lanes SET intent = 'a2'",
    "a watch": "DELETE FROM watches WHERE order_id = 'a'",
    "a watch too many": "INSERT INTO watches VALUES ('observe', 'e', 13)",
    "the trace of letting go": "DELETE FROM let_go",
    "an open intent's age": "UPDATE open_intents SET since_position = 2 WHERE order_id = 'a'",
    "an open intent's name": "UPDATE open_intents SET intent = 'other' WHERE order_id = 'a'",
}


def test_an_order_that_is_watched_let_go_of_and_watched_again_is_as_it_was_written(path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.append(opening("a", watch=("queued",)))
        journal.append(append_of("a", 1, watch=("queued",)))
        assert journal.unwatch("a", "queued", version=2)
        journal.append(append_of("a", 2))
        journal.append(append_of("a", 3, watch=("queued",)))
        journal.append(append_of("a", 4, watch=("queued",)))
        assert check(path).ok
        assert journal.unwatch("a", "queued", version=5)
        assert check(path).ok
        journal.append(append_of("a", 5, watch=("queued", "observe")))
        journal.append(append_of("a", 6, unwatch=("observe",)))
        journal.append(append_of("a", 7, watch=("observe",)))
    assert check(path).ok
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("UPDATE watches SET since_position = 1 WHERE why = 'queued'")
    assert [order.order_id for order in check(path).damaged] == ["a"]


@pytest.mark.parametrize("what", INDEXES)
def test_a_table_that_does_not_say_what_the_entries_say_is_told(whole: Path, what: str) -> None:
    harm(whole, INDEXES[what])
    report = check(whole)
    assert [problem.code.partition(".")[0] for one in report.damaged for problem in one.problems][:1] == ["table"]


def test_a_damaged_order_casts_no_doubt_on_what_others_took(whole: Path) -> None:
    with closing(open_journal(whole)) as journal:
        journal.append(append_of("a", 2, draft(closes=("a1",))))
        journal.append(append_of("e", 1, intent("e1"), lane="l"))  # took the lane over
    harm(whole, "UPDATE entries SET state = 'x' WHERE order_id = 'e' AND version = 1")
    assert [order.order_id for order in check(whole).damaged] == ["e"]


def test_what_survives_is_told_with_the_last_state_to_be_trusted(whole: Path) -> None:
    harm(whole, "DELETE FROM entries WHERE order_id = 'b' AND version = 3")
    (order,) = check(whole).damaged
    assert (order.order_id, order.entries, order.promised, order.sound, order.state) == ("b", 2, 3, 2, "billed")
    assert order.problems[0].what == "its last entry (3) is missing"


@pytest.mark.parametrize("lost", ["TRIGGER entries_are_never_changed", "INDEX orders_by_ticket", "TABLE watches"])
def test_a_journal_that_lacks_a_part_of_its_schema_does_not_open(whole: Path, lost: str) -> None:
    with closing(sqlite3.connect(whole)) as plain:
        plain.execute(f"DROP {lost}")
    with pytest.raises(StoreError, match=f"{lost.split()[1]} is not there"):
        open_journal(whole)
    assert "schema.missing" in [problem.code for problem in check(whole).problems]


def test_history_told_by_another_id_does_not_open(whole: Path) -> None:
    harm(whole, "UPDATE journal SET id = '0'")
    with pytest.raises(StoreError, match="its own line was changed"):
        open_journal(whole)
    assert "journal.changed" in [problem.code for problem in check(whole).problems]


# Its end, and where it lies.


def test_lost_last_commits_are_noticed_when_the_journal_is_opened(path: Path, tmp_path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.append(opening("a"))
        journal._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        journal.append(append_of("a", 1))
        journal.append(append_of("a", 2))
        child = [sys.executable, "-S", "-c", COPY, str(path), str(tmp_path / "cut")]
        subprocess.run(child, check=True)  # by another process: closing a file here would drop SQLite's locks
    cut = tmp_path / "cut" / path.name
    Path(f"{cut}-wal").unlink()
    with pytest.raises(StoreError, match=r"its last entries are missing: it has 1, and had 3 or more.*--accept"):
        open_journal(cut)
    report = check(cut)
    assert not report.ok
    assert report.damaged == ()
    with closing(ReadOnlyJournal(cut)) as reader:
        assert reader.doubt is not None
        assert as_read(reader)["a"].version == 1


COPY = """
import shutil, sys, os
path, to = sys.argv[1:]
os.mkdir(to)
for end in ("", "-wal", ".mark"):
    if os.path.exists(path + end):
        shutil.copy(path + end, to)
"""


def test_what_a_person_accepted_is_used_from_then_on_and_remembered(whole: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup" / whole.name
    backup.parent.mkdir()
    shutil.copy(whole, backup)
    for use in (open_journal, open_journal):
        with pytest.raises(StoreError, match="mark is missing"):
            use(backup)
    found = accept(backup, by="dora", because="restored after the disk failed")
    assert found is not None
    assert "mark is missing" in found
    assert accept(backup, by="dora", because="again") is None
    with closing(open_journal(backup)) as journal:
        assert len(as_read(journal)) == 5
    report = check(backup)
    assert report.ok
    assert [one[1:3] for one in report.accepted] == [("dora", "restored after the disk failed")]


def test_an_older_copy_put_in_the_place_of_the_journal_is_noticed(whole: Path, tmp_path: Path) -> None:
    shutil.copy(whole, tmp_path / "old")
    with closing(open_journal(whole)) as journal:
        journal.append(append_of("e", 1))
    shutil.copy(tmp_path / "old", whole)
    with pytest.raises(StoreError, match="it has 12, and had 13"):
        open_journal(whole)


def test_a_copy_that_went_on_by_itself_is_noticed_in_the_place_of_the_journal(whole: Path, tmp_path: Path) -> None:
    shutil.copy(whole, tmp_path / "clone.db")
    accept(tmp_path / "clone.db", by="me", because="a test bench")
    for path, why in ((whole, "here"), (tmp_path / "clone.db", "there")):
        with closing(open_journal(path)) as journal:
            journal.append(append_of("e", 1, draft(why=why)))
    shutil.copy(tmp_path / "clone.db", whole)
    with pytest.raises(StoreError, match=r"entry 13 is another"):
        open_journal(whole)


def test_another_journal_in_its_place_is_noticed(whole: Path, tmp_path: Path) -> None:
    with closing(open_journal(tmp_path / "other.db")) as other:
        written(other)
    shutil.copy(tmp_path / "other.db", whole)
    with pytest.raises(StoreError, match="another journal's"):
        open_journal(whole)


def test_a_journal_whose_file_is_gone_is_not_begun_anew_by_itself(whole: Path) -> None:
    whole.unlink()
    with pytest.raises(StoreError, match="held 12 entries or more"):
        open_journal(whole)
    assert not whole.exists()
    Path(f"{whole}.mark").unlink()
    open_journal(whole).close()


def test_a_copied_folder_is_noticed_and_a_moved_one_opens(whole: Path, tmp_path: Path) -> None:
    first, copied, moved = tmp_path / "first", tmp_path / "copied", tmp_path / "moved"
    first.mkdir()
    for end in ("", ".mark"):
        shutil.move(f"{whole}{end}", first / f"{whole.name}{end}")
    shutil.copytree(first, copied)
    with pytest.raises(StoreError, match="is a copy"):
        open_journal(copied / whole.name)
    first.rename(moved)
    open_journal(moved / whole.name).close()
    with mock.patch.object(_mark, "_machine", return_value="another"):  # the disk in another machine: the same file
        open_journal(moved / whole.name).close()


def test_a_mark_half_written_when_the_power_went_leaves_the_one_before(whole: Path) -> None:
    mark = Path(f"{whole}.mark")
    with closing(open_journal(whole)) as journal:
        journal.append(append_of("e", 1))  # into the first half
    content = mark.read_bytes()
    mark.write_bytes(content[:20] + bytes(40) + content[60:])
    assert [problem.code for problem in check(whole).problems] == ["mark.torn"]
    open_journal(whole).close()
    assert check(whole).ok


def test_a_mark_harmed_otherwise_vouches_for_nothing(whole: Path) -> None:
    mark = Path(f"{whole}.mark")
    with closing(open_journal(whole)) as journal:
        journal.append(append_of("e", 1))
    content = mark.read_bytes()
    for harmed, why in ((content[:4096], "half of its mark"), (bytes(len(content)), "missing or damaged")):
        mark.write_bytes(harmed)
        with pytest.raises(StoreError, match=why):
            open_journal(whole)


def test_a_mark_never_accuses_a_journal_killed_amid_appends(tmp_path: Path, tills: Tills) -> None:
    (till,) = tills(1)
    path = tmp_path / "j.db"
    till.ask(f"open {path}")
    till.say("flood a")
    for _ in range(25):
        till.hear()
    till.kill()
    open_journal(path).close()
    assert check(path).ok


def test_a_file_put_back_while_it_is_open_takes_no_entry(path: Path, tmp_path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.append(opening("a"))
        harm(path, "DELETE FROM entries", "DELETE FROM orders")
        with pytest.raises(StoreError, match="replaced by an older one"):
            journal.append(opening("b"))


def test_a_till_of_an_older_release_cannot_write_beside_one_of_this(journal: SqliteJournal, path: Path) -> None:
    journal.append(opening("a"))
    with closing(sqlite3.connect(path)) as older, pytest.raises(sqlite3.IntegrityError, match="without a seal"):
        older.execute(
            "INSERT INTO entries (order_id, version, kind, 'trigger', state, at, body) "
            "VALUES ('a', 2, 'accepted', 't', 's', '2026-11-22T12:00:00+00:00', x'')"
        )


def test_a_chain_names_the_first_entry_that_is_not_as_it_was() -> None:
    first = seal(b"h", (1, "o", 1))
    rows = [(1, "o", 1, first), (2, "o", 2, seal(first, (2, "o", 2)))]
    assert chained(b"h", rows) == rows[1][-1]
    with pytest.raises(BrokenError, match="entry 2 was changed"):
        chained(b"h", [rows[0], (2, "x", 2, rows[1][-1])])
