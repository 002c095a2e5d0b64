"""`stampcard recover`: what is in doubt is settled by the providers the environment names, and told in numbers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.step.shop import API_KEY, HERE, SECRET, Provider, Shop, deaf, first, lost, says, shop
from tests.step.test_provider_moves import Goods, GoodsVerbs
from tests.step.test_recovery_pass import LOST, World
from tests.step.tiny import Settings, transport

from stampcard import InDoubtError, Till
from stampcard.clock import SystemClock
from stampcard.errors import reference
from stampcard.journal.sqlite import SqliteJournal
from stampcard.testing import Clock
from stampcard_adapters.sandbox.spendgo import SpendgoModel

from .conftest import Ran

Run = Callable[..., Ran]
SAID_NO = says(409, b'{"code": 409, "details": "Out of sequence"}')


@pytest.fixture
def provider() -> Generator[Provider, None, None]:
    with closing(Provider()) as one:
        yield one


@pytest.fixture
def keys(provider: Provider) -> dict[str, str]:
    return {
        "SPENDGO_ENVIRONMENT": "sandbox",
        "SPENDGO_URL": provider.url,
        "SPENDGO_API_KEY": API_KEY,
        "SPENDGO_SECRET": SECRET,
        "SPENDGO_ACCOUNT_ID": "33559",
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pos.db"


@pytest.fixture
def configured(keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in keys.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def here(provider: Provider, file: Path) -> Generator[Shop, None, None]:
    with shop(provider, file) as one:
        yield one


def doubted(here: Shop, ticket: str = "417", rule: Any = lost) -> str:
    order = here.placed(ticket)
    here.provider.rules["billed"] = first(rule)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    return order.id


def elsewhere(file: Path, order_id: str = "g-1") -> None:
    """An order in doubt of a provider no installed package brings."""
    world = World(**{order_id: [LOST]})
    with Till(file, site=HERE, transport=transport(lambda _: LOST)) as till, pytest.raises(InDoubtError):
        till.use(Settings(Goods(), GoodsVerbs)).place(order_id)
    assert world


def test_what_is_in_doubt_is_settled_and_nothing_is_left(run: Run, here: Shop, configured: None) -> None:
    order_id = doubted(here)
    done = run("recover")
    assert (done.status, done.err) == (0, "")
    for words in (order_id, "spendgo", "bill", "sent again"):
        assert words in done.out
    assert here.verbs.get(order_id).state == "billed"
    again = run("recover")
    assert (again.status, again.out, again.err) == (0, "nothing is in doubt\n", "")
    assert here.provider.calls(order_id)["billed"] == 2


def test_json_has_the_stable_keys(run: Run, here: Shop, configured: None) -> None:
    order_id = doubted(here)
    elsewhere(here.journal)
    done = run("recover", "--json")
    assert done.json == {
        "open": 1,
        "results": [
            {
                "order_id": order_id,
                "reference": reference(order_id),
                "provider": "spendgo",
                "trigger": "bill",
                "result": "resent",
                "why": "sent once more, and accepted",
            }
        ],
        "needs_human": [],
        "left_alone": [{"order_id": "g-1", "provider": "goods", "why": "no installed package brings it"}],
    }
    assert done.status == 3


def test_what_stays_open_is_3_and_says_when_it_is_tried_again(run: Run, here: Shop, configured: None) -> None:
    doubted(here, rule=deaf)
    here.provider.rules["billed"] = deaf
    assert run("recover").status == 3
    again = run("recover", "--json")
    assert again.status == 3
    assert [one["result"] for one in again.json["results"]] == ["still_open"]
    assert "tried again from" in again.json["results"][0]["why"]


def test_what_needs_a_person_is_4_and_says_what_to_look_at(run: Run, here: Shop, configured: None) -> None:
    order_id = doubted(here, "1", deaf)
    other = doubted(here, "2", deaf)
    here.provider.rules["billed"] = SAID_NO
    done = run("recover", "--limit", "1")
    assert done.status == 4
    assert f"look at: Is order {order_id} billed at Spendgo?" in done.out
    assert f"stampcard resolve {order_id} --as" in done.out
    told = run("recover", "--json", "--limit", "1").json
    assert [one["order_id"] for one in told["needs_human"]] == [order_id, other]
    assert set(told["needs_human"][0]) == {
        "order_id",
        "reference",
        "provider",
        "trigger",
        "since",
        "reason",
        "check",
    }


def _voided_from_doubt(here: Shop) -> str:
    order = here.placed(reward=here.reward())
    here.provider.rules["billed"] = first(lost)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    return here.verbs.void(here.verbs.get(order.id), why="cannot wait").id


def test_what_was_voided_from_doubt_is_watched_and_then_seen_to_be_back(
    run: Run, provider: Provider, file: Path, configured: None
) -> None:
    with shop(provider, file) as here:
        order_id = _voided_from_doubt(here)
    done = run("recover")
    assert (done.status, done.err) == (3, "")
    for words in (order_id, "bill", "watched", "may still land until"):
        assert words in done.out
    told = run("orders", "show", order_id)
    assert "is watched  'bill' was never answered before it was undone, and may land until" in told.out
    assert run("orders", "show", order_id, "--json").json["watch"]["trigger"] == "bill"


def test_a_watch_whose_time_has_come_ends_with_the_look(
    run: Run, provider: Provider, file: Path, configured: None
) -> None:
    then = Clock(datetime.now(UTC) - timedelta(minutes=10))
    clock: Callable[[], datetime] = then
    provider.model = SpendgoModel(clock=lambda: clock())
    with shop(provider, file, clock=then) as here:
        order_id = _voided_from_doubt(here)
    clock = SystemClock()
    done = run("recover", "--json")
    assert (done.status, [one["result"] for one in done.json["results"]]) == (0, ["restored"])
    shown = run("orders", "show", order_id)
    assert "is watched" not in shown.out
    assert "watched no longer" in shown.out
    assert run("recover").out == "nothing is in doubt\n"


def test_a_provider_that_is_not_set_up_is_left_alone_and_said_so(run: Run, here: Shop) -> None:
    order_id = doubted(here)
    doubted(here, "2")
    done = run("recover")
    assert (done.status, done.out) == (3, "")
    assert "spendgo: 2 orders in doubt are left alone: " in done.err
    assert "SPENDGO_API_KEY is missing" in done.err
    assert here.provider.calls(order_id)["billed"] == 1


def test_one_provider_can_be_named_and_then_only_its_orders_count(run: Run, here: Shop, configured: None) -> None:
    doubted(here)
    elsewhere(here.journal)
    done = run("recover", "--provider", "spendgo")
    assert (done.status, done.err) == (0, "")
    wrong = run("recover", "--provider", "spendgoo")
    assert (wrong.status, wrong.out) == (2, "")
    assert "known: kalixo, kibo, kigo, sessionm, spendgo" in wrong.err
    bare = run("recover", "--provider", "kigo")
    assert bare.status == 2
    assert "kigo cannot be used" in bare.err


def test_a_missing_journal_is_2_and_is_not_created(run: Run, tmp_path: Path, here: Shop) -> None:
    for command in (["recover"], ["resolve", "a", "--as", "accepted", "--because", "x"]):
        done = run(*command, "-j", tmp_path / "none.db")
        assert (done.status, done.out) == (2, "")
        assert "there is no journal at" in done.err
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("content", [b"", b"not a journal at all, and longer than nothing"])
def test_a_file_that_is_no_journal_is_1_and_left_alone(run: Run, tmp_path: Path, here: Shop, content: bytes) -> None:
    odd = tmp_path / "odd.db"
    odd.write_bytes(content)
    done = run("recover", "-j", odd)
    assert (done.status, done.out) == (1, "")
    assert "cannot be opened" in done.err
    assert odd.read_bytes() == content


def test_two_processes_at_once_send_each_repeat_once(here: Shop, keys: dict[str, str]) -> None:
    orders = [doubted(here, str(n)) for n in range(3)]
    command = [sys.executable, "-c", "from stampcard.cli import main; main()", "recover", "--json", "-j"]
    pair = [
        subprocess.Popen([*command, str(here.journal)], env={**os.environ, **keys}, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in pair:
        out, _ = one.communicate(timeout=30)
        json.loads(out)
        assert one.returncode in (0, 3)
    for order_id in orders:
        assert here.provider.calls(order_id)["billed"] == 2
    assert here.provider.model.unbalanced() == ()


@pytest.mark.skipif(os.name != "posix", reason="a terminal is opened")
def test_progress_is_shown_on_a_terminal_only_and_never_on_standard_output(here: Shop, keys: dict[str, str]) -> None:
    doubted(here)
    primary, secondary = pytest.importorskip("pty").openpty()
    command = [sys.executable, "-c", "from stampcard.cli import main; main()", "recover", "--json", "-j"]
    env = {**os.environ, **keys, "TERM": "xterm", "COLUMNS": "100"}
    with closing(os.fdopen(secondary, "wb")) as terminal:
        done = subprocess.run(
            [*command, str(here.journal)], env=env, stdout=subprocess.PIPE, stderr=terminal, check=False
        )
    seen = os.read(primary, 100_000).decode()
    os.close(primary)
    assert "1/1" in seen
    assert json.loads(done.stdout)["open"] == 0


def test_every_option_on_the_page_exists(run: Run, here: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "recovery.md").read_text(encoding="utf-8")
    page = re.sub(r"`python -m [^`]*`", "", page)  # no command of ours
    known = run("recover", "--help").out + run("resolve", "--help").out
    assert {one for one in re.findall(r"--[a-z][a-z-]+", page) if one not in known} == set()


def test_no_secret_is_printed(run: Run, here: Shop, configured: None, monkeypatch: pytest.MonkeyPatch) -> None:
    doubted(here)
    monkeypatch.setenv("SPENDGO_SECRET", "canary-not-base64!")
    done = run("recover")
    assert done.status == 3
    assert "canary" not in done.out + done.err


def test_a_journal_of_tenants_is_recovered_whole(run: Run, provider: Provider, file: Path, configured: None) -> None:
    """Each order is of its own site: the command stands at none."""
    with shop(provider, file) as here:
        order_id = doubted(here)
    with closing(SqliteJournal(file)) as journal:
        assert journal.open_orders() == (order_id,)
    assert run("recover").status == 0
