"""`stampcard orders list`, and what every `orders` command promises about the file it reads."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stampcard.journal.contract import StoreError
from stampcard.journal.reading import ReadOnlyJournal
from stampcard.journal.sqlite import SqliteJournal

from .conftest import CHECKOUT, Book, Ran

Run = Callable[..., Ran]


def ids(ran: Ran) -> list[str]:
    return [one["id"] for one in ran.json]


def test_json_is_an_array_newest_first_with_the_stable_keys(run: Run) -> None:
    done = run("orders", "list", "--json")
    assert ids(done) == ["order-5", "order-4", "order-3", "order-2", "order-1"]
    assert done.json[4] == {
        "id": "order-1",
        "provider": "spendgo",
        "environment": "live",
        "tenant": "default",
        "store": "0042",
        "register": "7",
        "ticket": "988654417",
        "reference": done.json[4]["reference"],
        "lifecycle": "PURCHASE",
        "state": "placed",
        "version": 4,
        "opened_at": "2026-11-22T22:51:00.000000+00:00",
        "last_at": "2026-11-22T22:51:03.000000+00:00",
        "open_intents": 0,
        "in_doubt": False,
    }


def test_it_can_be_narrowed(run: Run) -> None:
    assert ids(run("orders", "list", "--json", "--state", "placed")) == ["order-1"]
    assert ids(run("orders", "list", "--json", "--limit", "2")) == ["order-5", "order-4"]
    assert ids(run("orders", "list", "--json", "--provider", "kibo")) == []
    assert ids(run("orders", "list", "--json", "--in-doubt")) == ["order-5", "order-4", "order-3"]
    assert ids(run("orders", "list", "--json", "--in-doubt", "--state", "checkout")) == ["order-4", "order-3"]


def test_the_table_shows_whole_ids_and_the_doubt(run: Run) -> None:
    page = run("orders", "list").out
    for words in ("order-1", "988654417", "spendgo", "checkout in doubt", "refunded", "UTC"):
        assert words in page


def test_nothing_to_list_is_said_and_is_no_failure(run: Run, tmp_path: Path) -> None:
    done = run("orders", "list", "--state", "voided")
    assert (done.status, done.out, done.err) == (0, "", "no such orders\n")
    SqliteJournal(tmp_path / "empty.db").close()
    assert run("orders", "list", "-j", tmp_path / "empty.db").err == "no orders yet\n"


@pytest.mark.parametrize("what", [("list",), ("show", "order-1")])
def test_a_missing_journal_is_said_and_never_created(process: Run, tmp_path: Path, what: tuple[str, ...]) -> None:
    done = process("orders", *what)
    assert (done.status, done.out) == (2, "")
    assert "there is no journal at stampcard.db" in done.err
    assert "STAMPCARD_JOURNAL" in done.err
    missing = tmp_path / "missing.db"
    assert process("orders", *what, "--journal", str(missing)).status == 2
    assert process("orders", *what, STAMPCARD_JOURNAL=str(missing)).status == 2
    assert not missing.exists()


def test_a_file_that_is_no_journal_is_refused_and_left_alone(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and rather longer than nothing at all")
    done = run("orders", "list", "-j", text)
    assert (done.status, done.out) == (1, "")
    assert "not a journal" in done.err
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = other.read_bytes()
    assert "not a journal" in run("orders", "list", "-j", other).err
    assert other.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "other" in path.name) == ["other.db"]


@pytest.mark.parametrize(("schema", "words"), [(0, "open it with a till first"), (9999, "a newer release wrote it")])
def test_another_schema_is_named_and_never_migrated(run: Run, file: Path, schema: int, words: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {schema}")
    done = run("orders", "list")
    assert done.status == 1
    assert words in done.err
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema,)


def test_reading_changes_nothing_in_the_file_nor_its_mode(run: Run, file: Path) -> None:
    file.chmod(0o640)
    before = file.read_bytes(), stat.S_IMODE(file.stat().st_mode)
    assert run("orders", "show", "order-3").status == 0
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == before


def test_reading_sees_what_a_living_till_has_just_written(run: Run, file: Path) -> None:
    with closing(SqliteJournal(file)) as journal:
        book = Book(journal, "order-6").intent(CHECKOUT)
        assert ids(run("orders", "list", "--json"))[0] == "order-6"
        book.accepted(CHECKOUT, "checkout")
        assert run("orders", "show", "order-6", "--json").json["state"] == "checkout"


def test_reading_sees_what_a_killed_till_left_in_its_log(run: Run, file: Path) -> None:
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[2])\n"
        "from conftest import *\n"
        "Book(SqliteJournal(Path(sys.argv[1])), 'order-6').intent(CHECKOUT)\n"
        "os._exit(9)"
    )
    here = str(Path(__file__).parent)
    assert subprocess.run([sys.executable, "-c", code, str(file), here], check=False).returncode == 9
    shown = run("orders", "show", "order-6", "--json").json
    assert shown["in_doubt"]["trigger"] == "checkout"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="file modes bind nobody on this platform")
def test_a_copy_on_read_only_media_can_be_read(file: Path) -> None:
    """As a user whom the modes bind: root becomes nobody, once everything is imported."""
    code = textwrap.dedent(
        """
        import os, sys
        from typer.testing import CliRunner
        from stampcard.cli._app import build

        def shown(path):
            done = CliRunner().invoke(build(), ["orders", "show", "order-3", "-j", path])
            return done.exit_code, "in doubt" in done.output

        assert shown(sys.argv[1]) == (0, True)
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        print(shown(sys.argv[2]))
        """
    )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy.db")
        copy.write_bytes(file.read_bytes())
        copy.chmod(0o444)
        Path(folder).chmod(0o555)
        try:
            command = [sys.executable, "-c", code, str(file), str(copy)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.stdout, done.stderr) == ("(0, True)\n", "")
            assert [path.name for path in Path(folder).iterdir()] == ["copy.db"]
        finally:
            Path(folder).chmod(0o755)


def test_the_reader_writes_nothing_even_when_asked(file: Path) -> None:
    with closing(ReadOnlyJournal(file)) as journal:
        with pytest.raises(StoreError, match="only to be read"):
            Book(journal, "order-6").intent(CHECKOUT)
        with pytest.raises(StoreError, match="only to be read"):
            journal.forget("someone")
        with pytest.raises(StoreError, match="only to be read"):
            journal.enrol()
