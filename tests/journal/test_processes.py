"""One journal, several processes, some of which die."""

from __future__ import annotations

import ast
import os
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stampcard.journal import StoreError, open_journal
from stampcard.journal import owners as owners_module
from stampcard.journal._files import acquired, locked
from stampcard.journal.owners import boot_id
from stampcard.journal.sqlite import SqliteJournal
from stampcard.testing._journal_values import draft
from stampcard.testing.journal_contract import append_of, opening

if TYPE_CHECKING:
    from .conftest import Till

    Tills = Callable[[int], list[Till]]


def test_four_processes_opening_a_new_file_thirty_times_are_never_locked_out(tmp_path: Path, tills: Tills) -> None:
    four = tills(4)
    for number in range(30):
        for till in four:
            till.say(f"open {tmp_path / f'{number}.db'}")
        assert len({till.hear() for till in four}) == 1  # the same journal's id, and no error


def test_two_processes_on_the_same_orders_write_every_version_once(tmp_path: Path, tills: Tills) -> None:
    path = tmp_path / "j.db"
    two = tills(2)
    for till in two:
        till.ask(f"open {path}")
    for order in ("a", "b"):
        for name, till in enumerate(two):
            till.say(f"add {order} till{name} 40")
    written: dict[str, list[int]] = {}
    for order in ("a", "b"):
        written[order] = sorted(version for till in two for version in ast.literal_eval(till.hear()))
    with closing(open_journal(path)) as journal:
        for order in ("a", "b"):
            record = journal.load(order)
            assert record is not None
            assert [entry.version for entry in record.entries] == written[order] == list(range(1, 81))
        assert [entry.position for entry in journal.changes()] == list(range(1, 161))


@pytest.mark.parametrize("after", [1, 20, 60])
def test_a_process_killed_amid_appends_leaves_a_sound_file_with_all_it_was_told_is_written(
    tmp_path: Path, tills: Tills, after: int
) -> None:
    path = tmp_path / "j.db"
    (till,) = tills(1)
    till.ask(f"open {path}")
    till.say("flood a")
    told = [int(till.hear()) for _ in range(after)]
    told += [int(line) for line in till.kill() if line]
    with closing(open_journal(path)) as journal:
        record = journal.load("a")
        assert record is not None
        assert told == list(range(1, len(told) + 1))
        assert len(told) <= record.version <= len(told) + 1  # the one written and not yet told
        journal.append(append_of("a", record.version))
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []


def test_killing_an_owner_frees_its_life_at_once_while_its_intent_stays_open(tmp_path: Path, tills: Tills) -> None:
    path = tmp_path / "j.db"
    first, second = tills(2)
    for till in (first, second):
        till.ask(f"open {path}")
    owner = first.ask("intent a")
    assert second.ask(f"alive {owner}") == "True"
    with closing(open_journal(path)) as journal:
        assert journal.alive(owner)
        first.kill()
        assert not journal.alive(owner)
        assert second.ask(f"alive {owner}") == "False"
        assert journal.open_orders() == ("a",)


def test_trying_a_dead_owners_lock_is_never_taken_for_its_life(tmp_path: Path, tills: Tills) -> None:
    path = tmp_path / "j.db"
    (till,) = tills(1)
    till.ask(f"open {path}")
    owner = till.ask("intent a")
    till.kill()
    with closing(SqliteJournal(path, busy_timeout=0.01)) as journal:
        # Another asker is at it: it stands behind the door and holds the dead owner's lock for a moment.
        with locked(tmp_path / "j.db.lock", 0.0):
            lock = acquired(tmp_path / "j.db.owners" / owner)
            assert lock is not None
            with pytest.raises(StoreError, match="another process held"):  # waits its turn, rather than say "alive"
                journal.alive(owner)
            lock.release()
        assert not journal.alive(owner)


def test_files_of_dead_owners_are_swept_away_when_nothing_refers_to_them(tmp_path: Path, tills: Tills) -> None:
    path, folder = tmp_path / "j.db", tmp_path / "j.db.owners"
    owning, idle, living = tills(3)
    for till in (owning, idle, living):
        till.ask(f"open {path}")
    kept, gone, alive = owning.ask("intent a"), idle.ask("intent b"), living.ask("intent c")
    owning.kill()
    idle.kill()
    with closing(open_journal(path)) as journal:
        assert {file.name for file in folder.iterdir()} == {kept, gone, alive}  # all have an open intent

        journal.append(append_of("b", 1, draft(intent="i", closes=("i",))))
        mine = journal.enrol()
        with closing(open_journal(path)):
            assert {file.name for file in folder.iterdir()} == {kept, alive, mine}
        assert journal.alive(mine)
        assert journal.alive(alive)
    assert mine not in {file.name for file in folder.iterdir()}


def test_a_journal_is_refused_after_a_fork_and_the_parents_goes_on(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    with closing(open_journal(tmp_path / "j.db")) as journal:
        journal.append(opening("a"))
        owner = journal.enrol()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn: that is the point of the test
            child = os.fork()
        if child == 0:
            refused = 0
            for use in (lambda: journal.load("a"), lambda: journal.append(append_of("a", 1)), journal.enrol):
                try:
                    use()
                except StoreError as error:
                    refused += "fork" in str(error)
            journal.close()  # harmless: nothing in it is the child's
            os._exit(refused)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 3
        journal.append(append_of("a", 1))
        assert journal.alive(owner)


def test_the_boot_is_the_same_in_every_process(tmp_path: Path, tills: Tills) -> None:
    (till,) = tills(1)
    till.ask(f"open {tmp_path / 'j.db'}")
    assert till.ask("boot") == boot_id() != ""


def test_a_system_that_does_not_tell_its_boot_is_asked_for_its_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> str:
        raise OSError

    monkeypatch.setattr(owners_module, "_told_boot_id", silent)
    assert boot_id.__wrapped__().startswith("about-")
