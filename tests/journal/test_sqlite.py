"""What the SQLite journal promises beyond the contract: its file, its settings, its failures."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stampcard.errors import ConfigurationError
from stampcard.journal import Append, ClaimTakenError, StoreError, _database, _files, check, open_journal
from stampcard.journal.sqlite import _WATCHED, SqliteJournal
from stampcard.testing._journal_values import draft
from stampcard.testing.journal_contract import append_of, opening

POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows has no file modes")

NEWEST = _database.scripts()[-1][0]


def plainly(path: Path, *statements: str) -> None:
    """As another program would: its own connection, no settings of ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        for statement in statements:
            plain.execute(statement)


# Where it opens.


def test_an_address_is_a_path_or_memory(tmp_path: Path) -> None:
    for where in (":memory:", tmp_path / "a.db", str(tmp_path / "b.db")):
        open_journal(where).close()
    assert (tmp_path / "a.db").exists()


@pytest.mark.parametrize("where", ["postgresql://till:hush@db/orders", "mysql://till:hush@db/orders", "", " "])
def test_an_address_of_no_store_is_a_configuration_error_and_repeats_no_password(where: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_journal(where)
    assert "hush" not in str(refused.value)
    assert refused.value.problems[0].field == "journal"


def test_the_postgresql_journal_is_named_as_not_yet_there() -> None:
    with pytest.raises(ConfigurationError, match="PostgreSQL journal is not part of this release"):
        open_journal("postgresql://db/orders")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"folder .*nowhere does not exist"):
        open_journal(tmp_path / "nowhere" / "j.db")
    with pytest.raises(StoreError, match="not a file"):
        open_journal(tmp_path)
    with pytest.raises(StoreError, match="path cannot be used"):
        open_journal("nul\0.db")


def test_two_names_of_one_file_share_its_owners(journal: SqliteJournal, path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with closing(open_journal(link)) as other:
        assert other.id == journal.id
    assert not path.with_name("link.db.lock").exists()


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_only_its_owner_may_read_the_files_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        journal = SqliteJournal(path)
        journal.append(opening("a"))
        owner = journal.enrol()
    finally:
        os.umask(before)
    with closing(journal):
        folder = path.with_name("journal.db.owners")
        files = [Path(f"{path}{end}") for end in ("", "-wal", "-shm", ".mark", ".lock")] + [folder / owner]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@POSIX
def test_a_file_found_readable_by_others_is_narrowed(path: Path) -> None:
    SqliteJournal(path).close()
    path.chmod(0o644)
    SqliteJournal(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 27 0:40 / /mnt/back\040office rw,relatime shared:9 master:2 - nfs4 server:/x rw,vers=4.2
32 27 0:41 / /mnt/share rw - cifs //server/share rw
33 32 8:2 / /mnt/share/local rw - xfs /dev/sdb1 rw
34 27 0:42 / /home/till/remote rw,nosuid - fuse.sshfs till@host:/ rw
35 27 0:43 / /home/till/sealed rw,nosuid - fuse.gocryptfs /x rw
36 27 0:44 / /hidden rw - nfs server:/y rw
37 27 0:45 / /hidden rw - tmpfs tmpfs rw
nonsense
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/j.db", None),
        ("/mnt/back office/j.db", "nfs4"),
        ("/mnt/back officer/j.db", None),
        ("/mnt/share/j.db", "cifs"),
        ("/mnt/share/local/j.db", None),
        ("/home/till/remote/deep/j.db", "fuse.sshfs"),
        ("/home/till/sealed/j.db", None),
        ("/hidden/j.db", None),
    ],
)
def test_a_network_file_system_is_told_by_the_deepest_mount_that_holds_the_path(place: str, kind: str | None) -> None:
    assert _files.network_mount(MOUNTS, Path(place)) == kind


@pytest.mark.parametrize(
    ("place", "remote"),
    [
        (r"\\server\share\j.db", True),
        ("//server/share/j.db", True),
        (r"\\?\UNC\server\share\j.db", True),
        (r"\\?\C:\till\j.db", False),
        (r"\\.\C:\till\j.db", False),
        (r"C:\till\j.db", False),
    ],
)
def test_a_windows_network_path_is_told_by_its_form(place: str, remote: bool) -> None:
    assert _files._is_unc(place) is remote


def test_a_network_file_system_is_refused_before_a_file_is_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "_network_filesystem", lambda _: "nfs4")
    with pytest.raises(StoreError, match="network file system \\(nfs4\\)"):
        open_journal(path)
    assert not path.exists()


# Its settings.


def test_its_settings_are_as_promised(journal: SqliteJournal, path: Path) -> None:
    promised = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "secure_delete": 1,
        "temp_store": 2,
        "busy_timeout": 10_000,
        "application_id": 0x53544D50,
        "user_version": NEWEST,
    }
    for connection in (journal._writer, journal._reader):
        assert {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in promised} == promised
    assert journal._reader.execute("PRAGMA query_only").fetchone() == (1,)
    if sys.platform == "darwin":
        assert journal._writer.execute("PRAGMA fullfsync").fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET state = 'other'",
        "DELETE FROM entries",
        "UPDATE orders SET provider = 'other'",
        "DELETE FROM orders",
        "REPLACE INTO entries SELECT * FROM entries",
    ],
)
def test_history_cannot_be_rewritten(journal: SqliteJournal, statement: str) -> None:
    journal.append(opening("a"))
    before = journal.load("a")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        journal._writer.execute(statement)
    assert journal.load("a") == before


# Its schema.


def test_a_journal_of_a_newer_release_is_refused(path: Path) -> None:
    SqliteJournal(path).close()
    plainly(path, f"PRAGMA user_version = {NEWEST + 1}")
    with pytest.raises(StoreError, match=f"schema {NEWEST + 1}, this release knows {NEWEST}"):
        SqliteJournal(path)


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    plainly(path, "CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="another program"):
        SqliteJournal(path)
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_an_upgrade_happens_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.append(opening("a"))
    first = _database.scripts()
    monkeypatch.setattr(
        _database, "scripts", lambda: [*first, (NEWEST + 1, "CREATE TABLE new (x); CREATE TABLE new (x);")]
    )
    with pytest.raises(StoreError):
        SqliteJournal(path)
    monkeypatch.setattr(_database, "scripts", lambda: first)
    SqliteJournal(path).close()  # as it was
    more = [(NEWEST + 1, "CREATE TABLE new (x);"), (NEWEST + 2, "DROP TABLE new;")]
    monkeypatch.setattr(_database, "scripts", lambda: [*first, *more])
    with closing(SqliteJournal(path)) as journal:
        assert journal._writer.execute("PRAGMA user_version").fetchone() == (NEWEST + 2,)
        assert journal.load("a") is not None


@pytest.fixture(params=[1, 2, 3])
def older(request: pytest.FixtureRequest, path: Path) -> Path:
    """A journal as a release with that schema left it."""
    sample = Path(__file__).with_name("samples") / f"schema-{request.param}.sql"
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript(sample.read_text(encoding="utf-8"))
    return path


def test_a_journal_of_every_earlier_schema_is_brought_up_with_all_it_holds(older: Path) -> None:
    with closing(SqliteJournal(older)) as journal:
        assert [(s.header.order_id, s.state, s.open_intents) for s in journal.find()] == [
            ("c", "placed", 0), ("b", "pending_approval", 0), ("a", "placed", 1),
        ]  # fmt: skip
        assert [(e.order_id, e.version, e.kind.value) for e in journal.changes()] == [
            ("a", 1, "intent"), ("b", 1, "intent"), ("b", 2, "accepted"),
            ("c", 1, "accepted"), ("a", 2, "unknown"), ("c", 2, "queued"),
        ]  # fmt: skip
        first = journal.load("a")
        assert first is not None
        assert dict(first.personal) == {1: b'{"buyer.id":"mia"}'}
        assert journal.command("c3") == ("c", "d3")
        assert journal.open_orders() == ("a",)
        with pytest.raises(ClaimTakenError):
            journal.append(opening("d", claims=("p2",)))
        journal.append(append_of("c", 2))


def test_what_an_earlier_schema_held_is_sealed_from_then_on(older: Path) -> None:
    assert check(older).ok
    assert not check(older).sealed
    SqliteJournal(older).close()
    report = check(older)
    assert (report.ok, report.sealed, report.orders, report.entries) == (True, True, 3, 6)
    plainly(older, "DROP TRIGGER entries_are_never_changed", "UPDATE entries SET state = 'billed' WHERE order_id = 'b'")
    with closing(sqlite3.connect(older)) as plain:
        plain.executescript("DELETE FROM claims WHERE provider_order_id = 'p1'; DELETE FROM commands;")
    report = check(older)
    assert [order.order_id for order in report.damaged] == ["a", "b", "c"]


def test_a_journal_of_the_second_schema_watches_what_waited_already(path: Path) -> None:
    sample = Path(__file__).with_name("samples") / "schema-2.sql"
    states = {"b": ("FULFILMENT", "requested"), "c": ("FULFILMENT", "completed"), "a": ("PURCHASE", "placed")}
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript(sample.read_text(encoding="utf-8"))
        plain.executescript("DROP TRIGGER entries_are_never_changed; DROP TRIGGER orders_are_never_changed")
        for order, (lifecycle, state) in states.items():
            plain.execute("UPDATE orders SET lifecycle = ? WHERE order_id = ?", (lifecycle, order))
            plain.execute("UPDATE entries SET state = ? WHERE order_id = ?", (state, order))
        for table in ("entries", "orders"):
            plain.execute(
                f"CREATE TRIGGER {table}_are_never_changed BEFORE UPDATE ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
            )
        plain.commit()
    with closing(SqliteJournal(path)) as journal:
        assert journal.watched("observe") == ("b",)
        assert check(path).ok


def test_what_is_watched_is_found_without_a_scan(journal: SqliteJournal) -> None:
    plan = journal._reader.execute("EXPLAIN QUERY PLAN " + _WATCHED, ("observe",)).fetchall()
    assert "SEARCH watches USING PRIMARY KEY (why=?)" in plan[0][-1]


def test_the_scripts_are_numbered_without_a_gap() -> None:
    numbers = [number for number, _ in _database.scripts()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_old_sqlite_is_refused_with_its_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(StoreError, match=r"needs 3\.37"):
        SqliteJournal(path)


# Its failures.


class FailingCommit:
    """A connection whose commit fails, as when the disk does."""

    def __init__(self, real: sqlite3.Connection) -> None:
        self.real = real

    def execute(self, statement: str, *rest: Any) -> sqlite3.Cursor:
        if statement == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return self.real.execute(statement, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def test_a_failed_commit_writes_nothing_and_the_journal_stays_usable(journal: SqliteJournal, monkeypatch: Any) -> None:
    journal.append(opening("a"))
    with monkeypatch.context() as failing:
        failing.setattr(journal, "_writer", FailingCommit(journal._writer))
        with pytest.raises(StoreError):
            journal.append(append_of("a", 1))
        # Not even a refusal is kept: it may have been judged by an append of the same lost transaction.
        results = journal.append_many([append_of("a", 1), append_of("a", 1), opening("b")])
        assert [type(result) for result in results] == [StoreError] * 3
    assert len(journal.changes()) == 1
    journal.append(append_of("a", 1))


def test_a_full_disk_is_a_store_error_and_space_made_is_used(journal: SqliteJournal) -> None:
    journal.append(opening("a"))
    (pages,) = journal._writer.execute("PRAGMA page_count").fetchone()
    journal._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = draft(body=b"x" * 40_000)
    with pytest.raises(StoreError, match="full"):
        journal.append(append_of("a", 1, big))
    results = journal.append_many([append_of("a", 1, draft()), opening("b", big)])
    assert isinstance(results[1], StoreError)
    record = journal.load("a")
    assert record is not None
    assert record.version == (2 if isinstance(results[0], tuple) else 1)
    assert journal.load("b") is None
    journal._writer.execute("PRAGMA max_page_count = 1000000")
    journal.append(append_of("a", record.version, big))


def test_a_journal_locked_for_too_long_is_a_store_error(path: Path) -> None:
    with closing(SqliteJournal(path, busy_timeout=0.01)) as journal, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            journal.append(opening("a"))
        other.rollback()
        journal.append(opening("a"))


def test_a_file_that_is_no_database_is_a_store_error_and_left_alone(path: Path) -> None:
    path.write_bytes(b"my shopping list\n" * 100)
    with pytest.raises(StoreError, match="not a journal"):
        SqliteJournal(path)
    assert path.read_bytes() == b"my shopping list\n" * 100


def test_a_file_damaged_in_the_middle_is_a_store_error(path: Path) -> None:
    with closing(SqliteJournal(path)) as journal:
        for number in range(60):
            journal.append(opening(f"o{number}", draft(body=b"x" * 900)))
    content = bytearray(path.read_bytes())
    schema_end = 4096 * 2
    content[schema_end:] = random.Random(7).randbytes(len(content) - schema_end)  # noqa: S311  the same mess each time
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|refused"), closing(SqliteJournal(path)) as journal:
        journal.load("o3")


def test_text_that_is_not_unicode_is_found_nowhere(journal: SqliteJournal) -> None:
    with pytest.raises(StoreError, match="not Unicode"):
        journal.load("half \ud800 a pair")


def test_one_append_of_many_that_breaks_a_table_rule_leaves_the_others_be(journal: SqliteJournal) -> None:
    wrong: Any = "text where bytes belong"
    results = journal.append_many([opening("a"), opening("b", draft(body=wrong)), append_of("a", 1), opening("c")])
    assert [type(result) for result in results] == [tuple, StoreError, tuple, tuple]
    assert journal.load("b") is None
    mistaken: list[Append] = [append_of("a", 0), append_of("a", 2)]
    assert [type(result) for result in journal.append_many(mistaken)] == [ValueError, tuple]
