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
from stampcard_adapters.commands._demo_wire import Exchange, Overheard, changed, laid_out, shown_headers
from stampcard_adapters.sandbox.http import Model, RequestLike, Response
from stampcard_adapters.sandbox.kalixo import KalixoModel
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.sessionm import SessionMModel
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


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, float]:
    """All five stories, once."""
    file = tmp_path_factory.mktemp("all") / "orders.db"
    status, out, err, seconds = in_a_process("demo", "--provider", "all", "--journal", str(file))
    assert (status, err) == (0, "")
    return file, out, seconds


def test_it_tells_the_whole_story(told: tuple[Path, str]) -> None:
    _, out = told
    ends = re.findall(r"■ (checkout|placed|billed|completed|refunded|voided|abandoned)  ", out)
    assert ends == [
        *("checkout", "placed", "billed", "completed"),
        *("refunded", "refunded"),
        *("checkout", "placed", "voided"),
        "abandoned",
        *("checkout", "placed", "billed", "completed"),
    ]
    assert "✗ NotAllowedError  'void' is not possible now" in out
    assert "✗ DeclinedError  The reward does not fit this sale." in out
    assert "✗ InDoubtError  No answer to 'bill' yet. Wait, or cancel the sale." in out
    assert out.count("no call: nothing left the till") == 4
    assert "Everything went as told" in out


def test_the_provider_s_ledger_is_shown_before_and_after(told: tuple[Path, str]) -> None:
    rows = re.findall(r"^ +(points|\$5 off .*\))  +(-?\d+)  +(-?\d+)  +([+-]\d+|-)$", told[1], re.MULTILINE)
    assert [(row[1], row[2], row[3]) for row in rows] == [
        ("120", "167", "+47"),
        ("1", "0", "-1"),
        ("167", "120", "-47"),
        ("0", "1", "+1"),
        *(("120", "120", "-"), ("1", "1", "-")) * 2,
        ("120", "167", "+47"),  # billed twice, its first answer lost: it counts once
        ("1", "0", "-1"),
    ]
    assert "every ledger at the provider balances" in told[1]


def test_requests_are_shown_signed_and_no_secret_is(told: tuple[Path, str]) -> None:
    file, out = told
    assert "POST /loyalty/accounts/494979/orders" in out
    assert "GET /loyalty/accounts/494979/rewards?store=999999" in out
    assert out.count("X-Class-Key: ***   X-Class-Signature: ***") == 17
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
        assert [one.state for one in journal.find()] == ["completed", "abandoned", "voided", "refunded"]
        assert journal.open_orders() == ()
    commands = re.findall(r"^   stampcard (.*)$", out, re.MULTILINE)
    assert len(commands) == 2
    for line in commands:
        status, shown, err, _ = in_a_process(*line.split())
        assert (status, err) == (0, "")
        assert "refunded" in shown


def test_of_several_stories_each_one_s_first_order_can_be_looked_at(all_told: tuple[Path, str, float]) -> None:
    _, out, _ = all_told
    listed, *shows = re.findall(r"^   stampcard (.*)$", out, re.MULTILINE)
    assert listed.startswith("orders list ")
    assert len(shows) == len(demo.STORIES)
    for line, name in zip(shows, demo.STORIES, strict=True):
        status, shown, err, _ = in_a_process(*line.split())
        assert (status, err) == (0, "")
        assert f"{name} " in shown


def test_it_ends_with_the_timeline_and_the_path_on_the_diagram(told: tuple[Path, str]) -> None:
    out = told[1]
    ending = out[out.index("What the journal remembers") :]
    for words in ("refund: accepted → refunded", "anna", "cold food", "PURCHASE", "▶ ◎ refunded", "5▸ ↶ refund"):
        assert words in ending


def test_it_fits_100_columns_and_has_no_colour_codes(told: tuple[Path, str]) -> None:
    lines = [line for line in told[1].splitlines() if not line.startswith("   stampcard ") and str(told[0]) not in line]
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in told[1]


def test_it_fits_80_columns_too(tmp_path: Path) -> None:
    file = tmp_path / "o.db"
    status, out, _, _ = in_a_process("demo", "--provider", "all", "--journal", str(file), COLUMNS="80")
    assert status == 0
    lines = [line for line in out.splitlines() if str(file)[:20] not in line]
    assert max(map(len, lines)) <= 80


def test_without_a_file_it_finds_a_place_of_its_own(tmp_path: Path) -> None:
    status, out, _, _ = in_a_process("demo", TMPDIR=str(tmp_path), TEMP=str(tmp_path))
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


@pytest.mark.parametrize("name", demo.STORIES)
def test_a_lost_answer_to_nothing_is_not_told_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The gateway swallows the call itself: the provider never did it."""
    heard = Overheard.handle

    def swallowing(door: Overheard, request: RequestLike, /) -> Response:
        if door._losing and request.method == "POST":
            monkeypatch.setattr(door, "_model", Refusing(door._model))
        return heard(door, request)

    class Refusing:
        def __init__(self, model: Model) -> None:
            self.model = model

        def __getattr__(self, name: str) -> object:
            return getattr(self.model, name)

        def handle(self, _: RequestLike, /) -> Response:
            return Response(status=500)

    monkeypatch.setattr(Overheard, "handle", swallowing)
    done = CliRunner().invoke(app, ["demo", "--provider", name, "--journal", str(tmp_path / "orders.db")])
    assert done.exit_code == 1
    assert "and only its answer was lost" in done.stderr


def test_full_shows_every_body_whole(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "--full", "--journal", str(tmp_path / "orders.db")])
    assert done.exit_code == 0
    assert "as in the last call" not in done.stdout
    assert done.stdout.count('"posEntries"') == 14


@pytest.mark.parametrize("full", [(), ("--full",)])
def test_no_story_shows_a_credential(tmp_path: Path, full: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["demo", "--provider", "all", *full, "--journal", str(tmp_path / "orders.db")])
    assert done.exit_code == 0
    models = (SpendgoModel(), SessionMModel(), KalixoModel(), KigoModel(), KiboModel())
    told = [row for model in models for row in model.tenants().values() if isinstance(row, dict)]
    secret = [str(row[name]) for row in told for name in ("api_key", "secret", "password", "email") if name in row]
    assert len(secret) >= 9
    for value in secret:
        assert value not in done.stdout


def test_a_header_nobody_knows_is_hidden() -> None:
    heard = Exchange(
        method="GET",
        target="/",
        size=0,
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
    before = b'{"a":1.0,"b":2,"c":3,"d":4}'
    assert changed(b'{"a":1.0,"b":2,"c":3,"d":5}', before) == (b'{"d": 5}', 3)
    assert changed(before, before) == (b"{}", 4)
    for few in (b'{"a":1.0,"b":2,"c":4,"d":5}', b"[]", b"a=1"):
        assert changed(few, before) == (few, 0)


def test_what_is_hidden_is_never_called_the_same() -> None:
    body = b'{"a":1,"b":2,"c":3,"card":{"number":"***"}}'
    assert changed(body, body) == (b'{"card": {"number": "***"}}', 3)


def test_all_five_stories_are_told_in_half_a_minute(all_told: tuple[Path, str, float]) -> None:
    _, out, seconds = all_told
    assert seconds < 30
    stories = re.split(r"╭─ stampcard demo", out)[1:]
    assert len(stories) == len(demo.STORIES) == 5
    for story in stories:
        told = story.split("What the journal remembers")[0]
        assert "■ " in told  # a success
        assert "DeclinedError" in told  # a refusal: by the provider
        assert "NotAllowedError" in told  # and one before anything is sent
        assert "InDoubtError" in told  # the provider fails
        assert "At the provider it is done. Its ledger: " in told
        assert "  recover  " in told  # and what came of it is found out
        acts = re.findall(r"^Act (\d+)  ", told, re.MULTILINE)
        assert acts == [str(number + 1) for number in range(len(acts))]
        assert told.count("the provider's ledger ") == len(acts) >= 3  # before and after every act
        steps = re.findall(r"^ ([ \d]\d)  \w", told, re.MULTILINE)
        assert [int(step) for step in steps] == list(range(1, len(steps) + 1))


def test_the_closing_counts_all_stories(all_told: tuple[Path, str, float]) -> None:
    file, out, _ = all_told
    with closing(SqliteJournal(file)) as journal:
        orders = len(journal.find(limit=100))
    calls = len(re.findall(r"^ +→ [A-Z]+ ", out, re.MULTILINE))
    assert re.search(rf"✓ 5 stories, {orders} orders, {calls} calls, \d+\.\d s", out)
    assert "every ledger at each provider balances" in out


def test_one_story_may_be_asked_for_by_name(tmp_path: Path) -> None:
    status, out, err, _ = in_a_process("demo", "--provider", "kibo", "--journal", str(tmp_path / "orders.db"))
    assert (status, err) == (0, "")
    assert out.count("╭─ stampcard demo") == 1
