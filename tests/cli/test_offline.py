"""`stampcard offline` and `stampcard switch`: what waits, who switched what off, and what the next command is."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import pytest
from tests.offline.store import BASKET, CASH, POLICY
from tests.step.shop import HERE, MEMBER, Provider, spendgo

from stampcard import Till
from stampcard.testing import Clock

from .conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pos.db"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Generator[Provider, None, None]:
    with closing(Provider()) as one:
        told = {
            "ENVIRONMENT": "sandbox",
            "URL": one.url,
            "API_KEY": "sandbox-spendgo-key",
            "SECRET": "c2FuZGJveC1zZWNyZXQtMDAwMS1hc2NpaS1vbmx5",
            "ACCOUNT_ID": "33559",
        }
        for name, value in told.items():
            monkeypatch.setenv(f"SPENDGO_{name}", value)
        yield one


def waiting(file: Path, *, hours_ago: int = 0) -> None:
    """Two sales taken down while nobody could be reached."""
    clock = Clock() if hours_ago else None
    with Till(file, site=HERE, offline=POLICY, clock=clock) as till:
        verbs = till.use(spendgo("http://127.0.0.1:1"))
        order = verbs.checkout("a", BASKET, buyer=MEMBER)
        verbs.place(order, tenders=CASH)
        verbs.checkout("b", BASKET, buyer=MEMBER)


def test_what_waits_is_listed_and_counted(run: Run, file: Path) -> None:
    waiting(file)
    done = run("offline")
    assert done.status == 3
    assert [line.split()[:3] for line in done.out.splitlines()[2:]] == [
        ["a", "spendgo", "checkout"],
        ["a", "spendgo", "place"],
        ["b", "spendgo", "checkout"],
    ]
    told = json.loads(run("offline", "--json").out)
    assert (told["depth"], told["sales"], told["for_a_person"], told["switches"]) == (3, 2, 0, [])
    assert told["oldest_seconds"] >= 0
    assert [(one["order_id"], one["trigger"], one["needs_human"]) for one in told["steps"]] == [
        ("a", "checkout", False),
        ("a", "place", False),
        ("b", "checkout", False),
    ]


def test_where_nothing_waits_it_says_so(run: Run, file: Path) -> None:
    with Till(file, site=HERE):
        pass
    done = run("offline")
    assert (done.status, done.out.strip()) == (0, "nothing waits to be sent")


def test_an_order_shows_what_waits_of_it(run: Run, file: Path) -> None:
    waiting(file)
    page = run("orders", "show", "a").out
    assert "Kept on this register. It is sent when the loyalty service is back." in page
    assert "waits  'checkout' since" in page
    assert "waits  'place' since" in page
    told = json.loads(run("orders", "show", "a", "--json").out)
    assert [one["trigger"] for one in told["queued"]] == ["checkout", "place"]
    assert (told["allowed"], told["expected"]["state"]) == (["bill", "void"], "placed")
    assert told["expected"]["facts"]["tenders"]
    assert "once that is sent  placed" in page
    assert "paid with" in page


def test_recover_sends_it_and_resolve_sends_what_is_too_old(run: Run, file: Path, provider: Provider) -> None:
    waiting(file, hours_ago=1)  # on a day long past
    done = run("recover")
    assert done.status == 4
    assert "--as accepted|declined|send" in done.out
    assert run("offline").status == 4
    done = run("resolve", "a", "--as", "send", "--because", "the customer asked")
    assert done.status == 0
    assert run("recover").status == 4  # the next ones of it
    assert provider.calls("a") == {"checkout": 1}


def test_a_provider_is_switched_off_and_on_for_every_till(run: Run, file: Path, provider: Provider) -> None:
    waiting(file)
    done = run("switch", "spendgo", "--off", "--because", "points are counted twice", "--by", "ops")
    assert (done.status, done.out.strip()) == (0, "spendgo is switched off")
    assert "spendgo is switched off by ops: points are counted twice" in run("offline").out
    assert run("recover").status == 3
    assert provider.seen == []
    run("switch", "spendgo", "--on", "--because", "mended")
    assert run("recover").status == 0
    assert run("offline").status == 0
    assert json.loads(run("offline", "--json").out)["switches"][0]["off"] is False


@pytest.mark.parametrize("given", [(), ("--off", "--on"), ("--on", "--off")])
def test_a_switch_is_told_one_way(run: Run, file: Path, given: tuple[str, ...]) -> None:
    with Till(file, site=HERE):
        pass
    done = run("switch", "spendgo", *given, "--because", "w")
    assert (done.status, done.err.strip()) == (2, "stampcard: say one of --off and --on")
    assert json.loads(run("offline", "--json").out)["switches"] == []


@pytest.mark.parametrize("given", [("nobody", "--off", "--because", "w"), ("spendgo", "--off", "--because", " ")])
def test_a_switch_names_a_known_provider_and_why(run: Run, file: Path, given: tuple[str, ...]) -> None:
    with Till(file, site=HERE):
        pass
    assert run("switch", *given).status == 2
