"""`stampcard demo`: a stranger's first minute with the product."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from stampcard.journal.sqlite import SqliteJournal
from stampcard_adapters.commands import _demo_spendgo, demo
from stampcard_adapters.commands._demo_wire import Exchange, changed, laid_out, shown_headers
from stampcard_adapters.sandbox.spendgo import SpendgoModel

app = typer.Typer()
app.command("demo")(demo.command)


@app.command("other")
def other() -> None:
    """A second command, so that the first is not the whole program."""


def in_a_process(*arguments: str, **env: str) -> tuple[int, str, str, float]:
    keep = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from stampcard.cli import main; main()", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**keep, "PYTHONIOENCODING": "utf-8", **env},
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr, time.monotonic() - began


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The whole demo, once, in a process of its own."""
    file = tmp_path_factory.mktemp("demo") / "orders.db"
    status, out, err, seconds = in_a_process("demo", "--journal", str(file))
    assert (status, err) == (0, "")
    assert seconds < 10
    return file, out


def test_it_tells_the_whole_story(told: tuple[Path, str]) -> None:
    _, out = told
    ends = re.findall(r"■ (checkout|placed|billed|completed|refunded|voided|abandoned)  ", out)
    assert ends == [
        *("checkout", "placed", "billed", "completed"),
        *("refunded", "refunded"),
        *("checkout", "placed", "voided"),
        "abandoned",
    ]
    assert "✗ NotAllowedError  'void' is not possible now" in out
    assert "✗ DeclinedError  The reward does not fit this sale." in out
    assert out.count("no call: nothing left the till") == 3
    assert "Everything went as told" in out


def test_the_provider_s_ledger_is_shown_before_and_after(told: tuple[Path, str]) -> None:
    rows = re.findall(r"^ +(points|\$5 off .*\))  +(-?\d+)  +(-?\d+)  +([+-]\d+|-)$", told[1], re.MULTILINE)
    assert [(row[1], row[2], row[3]) for row in rows] == [
        ("120", "167", "+47"),
        ("1", "0", "-1"),
        ("167", "120", "-47"),
        ("0", "1", "+1"),
        *(("120", "120", "-"), ("1", "1", "-")) * 2,
    ]
    assert "every ledger at the provider balances" in told[1]


def test_requests_are_shown_signed_and_no_secret_is(told: tuple[Path, str]) -> None:
    file, out = told
    assert "POST /loyalty/accounts/494979/orders" in out
    assert "GET /loyalty/accounts/494979/rewards?store=999999" in out
    assert out.count("X-Class-Key: ***   X-Class-Signature: ***") == 12
    tenant = SpendgoModel().tenants()["spendgo"]
    assert isinstance(tenant, dict)
    stored = b"".join(path.read_bytes() for path in file.parent.rglob("*") if path.is_file())
    for name in ("api_key", "secret"):
        secret = str(tenant[name])
        assert secret not in out
        assert secret.encode() not in stored


def test_the_journal_is_left_where_it_says_and_can_be_looked_at(told: tuple[Path, str]) -> None:
    file, out = told
    assert f"every step is in the journal, {file}" in out.replace("\n   ", " ")
    with closing(SqliteJournal(file)) as journal:
        assert [one.state for one in journal.find()] == ["abandoned", "voided", "refunded"]
        assert journal.open_orders() == ()
    commands = re.findall(r"^   stampcard (.*)$", out, re.MULTILINE)
    assert len(commands) == 2
    for line in commands:
        status, shown, err, _ = in_a_process(*line.split())
        assert (status, err) == (0, "")
        assert "refunded" in shown


def test_it_ends_with_the_timeline_and_the_path_on_the_diagram(told: tuple[Path, str]) -> None:
    out = told[1]
    ending = out[out.index("What the journal remembers") :]
    for words in ("refund: accepted → refunded", "anna", "cold food", "PURCHASE", "▶ ◎ refunded", "5▸ ↶ refund"):
        assert words in ending


def test_it_fits_100_columns_and_has_no_colour_codes(told: tuple[Path, str]) -> None:
    lines = [line for line in told[1].splitlines() if not line.startswith("   stampcard ") and str(told[0]) not in line]
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in told[1]


def test_without_a_file_it_finds_a_place_of_its_own(tmp_path: Path) -> None:
    status, out, _, _ = in_a_process("demo", "--provider", "all", TMPDIR=str(tmp_path), TEMP=str(tmp_path))
    assert status == 0
    [file] = tmp_path.glob("stampcard-demo-*/stampcard.db")
    assert str(file) in out


def test_wrong_use_exits_2_and_leaves_nothing(tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["demo", "--provider", "layaway"])
    assert done.exit_code == 2
    assert "'layaway'" in done.stderr
    assert "spendgo" in done.stderr
    there = tmp_path / "there.db"
    there.write_text("precious")
    done = runner.invoke(app, ["demo", "--journal", str(there)])
    assert done.exit_code == 2
    assert there.read_text() == "precious"


def test_a_journal_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "--journal", str(tmp_path / "no" / "folder.db")])
    assert done.exit_code == 1
    assert "does not exist" in done.stderr


def test_a_story_that_goes_differently_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Generous(SpendgoModel):
        """Says that an order has earned what it has not."""

        def points(self, member_id: str, *, tenant: str | None = None) -> Decimal:
            return super().points(member_id, tenant=tenant) * 2

    monkeypatch.setattr(_demo_spendgo, "SpendgoModel", Generous)
    done = CliRunner().invoke(app, ["demo", "--journal", str(tmp_path / "orders.db")])
    assert done.exit_code == 1
    assert "went differently than told: 47 points earned" in done.stderr


def test_full_shows_every_body_whole(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "--full", "--journal", str(tmp_path / "orders.db")])
    assert done.exit_code == 0
    assert "as in the order call before" not in done.stdout
    assert done.stdout.count('"posEntries"') == 9


def test_a_header_nobody_knows_is_hidden() -> None:
    heard = Exchange(
        method="GET",
        target="/",
        headers={"authorization": "Bearer x", "content-type": "application/json", "host": "h", "x-new": "y"},
        body=b"",
        status=200,
        answer=b"{}",
    )
    shown = [("Authorization", "***"), ("Content-Type", "application/json"), ("X-New", "***")]
    assert shown_headers(heard) == shown


def test_json_is_laid_out_as_it_was_written() -> None:
    body = b'{"a":5.10,"b":[{"c":1,"d":"x y"},{"c":2,"d":"z"}],"e":{},"f":[],"g":null,"h":true}'
    assert laid_out(body, 200) == [
        '{"a": 5.10, "b": [{"c": 1, "d": "x y"}, {"c": 2, "d": "z"}], "e": {}, "f": [], "g": null, "h": true}'
    ]
    for width in range(12, 120):
        lines = laid_out(body, width)
        assert "".join(line.strip() + " " for line in lines).replace(" ", "") == body.decode().replace(" ", "")
        if width >= 30:
            assert max(map(len, lines)) <= width


def test_what_changed_is_told_apart() -> None:
    assert changed(b'{"a":1.0,"b":2}', b'{"a":1.0,"b":3}') == (b'{"b": 2}', 1)
    assert changed(b'{"a":1}', b"[]") == (b'{"a":1}', 0)


def test_all_five_stories_are_told_in_half_a_minute(tmp_path: Path) -> None:
    status, out, err, seconds = in_a_process("demo", "--provider", "all", "--journal", str(tmp_path / "orders.db"))
    assert (status, err) == (0, "")
    assert seconds < 30
    stories = re.split(r"╭─ stampcard demo", out)[1:]
    assert len(stories) == len(demo.STORIES) == 5
    for story in stories:
        told = story.split("What the journal remembers")[0]
        assert "■ " in told  # a success
        assert "DeclinedError" in told or "NotAllowedError" in told  # a refusal
        assert "InDoubtError" in told or "NeedsHumanError" in told or "UnavailableError" in told  # the provider fails
        assert told.count("before") >= 3  # its ledger around every act


def test_one_story_may_be_asked_for_by_name(tmp_path: Path) -> None:
    status, out, err, _ = in_a_process("demo", "--provider", "kibo", "--journal", str(tmp_path / "orders.db"))
    assert (status, err) == (0, "")
    assert out.count("╭─ stampcard demo") == 1
