"""`stampcard reconcile`: journal and providers compared, told in a table and in JSON, and an exit code for a script."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from stampcard import Basket as Goods
from stampcard import InDoubtError, Line, Member, Money, Site, Tender, TenderKind, Till, Totals
from stampcard.cli.reconcile import _moment
from stampcard.errors import reference
from stampcard.testing import Drop, When
from stampcard_adapters.testing import Sandbox

from .conftest import Ran

Run = Callable[..., Ran]
NOW = datetime(2026, 11, 22, 22, 51, tzinfo=UTC)


@attrs.frozen
class Here:
    """A till on the sandbox, and the same sandbox over HTTP for the command."""

    sandbox: Sandbox
    till: Till
    env: dict[str, str]

    def redeemed(self, order_id: str = "r-1", *, waits: bool = False) -> str:
        books = self.sandbox.sessionm
        offer = books.card if waits else books.coffee
        self.till.use(books.provider()).redeem(order_id, offer, user=books.user)
        return order_id

    def sold(self, order_id: str = "s-1") -> str:
        price = Money("10.00", "USD")
        basket = Goods(lines=(Line(label="Soup", price=price),), totals=Totals(subtotal=price, total=price))
        spendgo = self.till.use(self.sandbox.spendgo.provider())
        order = spendgo.checkout(order_id, basket, buyer=cast(Member, self.sandbox.spendgo.member))
        spendgo.place(order, tenders=[Tender(kind=TenderKind.CASH, amount=price)])
        return order_id

    def held_twice(self, order_id: str = "k-1") -> str:
        books = self.sandbox.kibo
        kibo = self.till.use(books.provider())
        self.sandbox.faults.next(Drop(When.AFTER), trigger="authorize")
        with pytest.raises(InDoubtError):
            kibo.authorize(books.cart(order_id), books.card)
        kibo.authorize(books.cart(order_id), books.card, again=True)
        return order_id


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pos.db"


@pytest.fixture
def here(file: Path) -> Generator[Here, None, None]:
    sandbox = Sandbox()
    with sandbox.serve() as url, Till(file, site=Site(store="999999"), transport=sandbox.transport()) as till:
        sessionm: Any = next(iter(sandbox.sessionm.model.tenants().values()))
        kibo: Any = sandbox.kibo.model.tenants()["kibo"]
        spendgo: Any = sandbox.spendgo.model.tenants()["spendgo"]
        env = {
            "SESSIONM_API_KEY": sessionm["api_key"],
            "SESSIONM_SECRET": sessionm["secret"],
            "KIBO_API_KEY": kibo["api_key"],
            "KIBO_SECRET": kibo["secret"],
            "KIBO_MANUFACTURER_ID": str(kibo["manufacturer_id"]),
            "KIBO_CATALOG_ID": str(kibo["catalog_id"]),
            "SPENDGO_API_KEY": spendgo["api_key"],
            "SPENDGO_SECRET": spendgo["secret"],
            "SPENDGO_ACCOUNT_ID": spendgo["account_id"],
        }
        env |= {f"{name}_URL": url for name in ("SESSIONM", "KIBO", "SPENDGO")}
        env |= {f"{name}_ENVIRONMENT": "sandbox" for name in ("SESSIONM", "KIBO", "SPENDGO")}
        yield Here(sandbox, till, env)


@pytest.fixture
def configured(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in here.env.items():
        monkeypatch.setenv(name, value)


def test_what_agrees_is_counted_and_what_cannot_be_known_is_no_trouble(run: Run, here: Here, configured: None) -> None:
    here.redeemed()
    here.sold()
    done = run("reconcile")
    assert (done.status, done.err) == (0, "")
    rows = [line.split() for line in done.out.splitlines()]
    assert ["sessionm", "1", "0", "0", "0", "0", "0"] in rows
    assert ["spendgo", "0", "0", "0", "1", "0", "0"] in rows
    assert "spendgo: 1 order unknown: Spendgo's API shows no order" in done.out


def test_a_difference_is_3_and_names_both_sides(run: Run, here: Here, configured: None) -> None:
    order_id = here.redeemed()
    here.sandbox.sessionm.model.set_status(order_id, "rejected")
    for _ in range(2):
        done = run("reconcile")
        assert done.status == 3
        for words in (order_id, "approved", "the provider says rejected"):
            assert words in done.out
    drifts = [e for e in here.till.use(here.sandbox.sessionm.provider()).history(order_id) if e.kind == "drift"]
    assert len(drifts) == 1


def test_json_has_the_stable_keys(run: Run, here: Here, configured: None) -> None:
    differing, waiting = here.redeemed(), here.redeemed("r-2", waits=True)
    here.sandbox.sessionm.model.set_status(differing, "rejected")
    here.sandbox.sessionm.model.approve(waiting)
    here.sold()
    held = here.held_twice()
    said = run("reconcile", "--json").json
    counts = {"agreed": 0, "followed": 0, "differing": 0, "unknown": 0, "unsettled": 0, "possible_holds": 0}
    assert said["providers"] == {
        "kibo": {**counts, "unknown": 1, "possible_holds": 1},
        "sessionm": {**counts, "followed": 1, "differing": 1},
        "spendgo": {**counts, "unknown": 1},
    }
    assert said["differing"] == [
        {
            "order_id": differing,
            "reference": reference(differing),
            "provider": "sessionm",
            "state": "approved",
            "why": "the provider says rejected",
        }
    ]
    assert [one["order_id"] for one in said["followed"]] == [waiting]
    assert [set(one) for one in said["unknown"]] == [{"provider", "why", "again", "count", "examples"}] * 2
    [hold] = said["possible_holds"]
    assert set(hold) == {"order_id", "reference", "provider", "trigger", "since", "until", "why"}
    assert (hold["order_id"], hold["trigger"], hold["until"].endswith("+00:00")) == (held, "authorize", True)
    assert (said["unsettled"], said["complete"]) == ([], True)


def test_a_hold_and_an_order_in_doubt_are_told_in_words(run: Run, here: Here, configured: None) -> None:
    here.held_twice()
    books = here.sandbox.sessionm
    here.sandbox.faults.next(Drop(When.AFTER), trigger="redeem")
    with pytest.raises(InDoubtError):
        here.till.use(books.provider()).redeem("r-9", books.coffee, user=books.user)
    done = run("reconcile")
    assert done.status == 0
    assert "order k-1: money may be held until" in done.out
    assert "order r-9 is not compared: 'redeem' is in doubt" in done.out


def test_orders_nobody_could_be_asked_about_are_4(run: Run, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.redeemed()
    done = run("reconcile")
    assert done.status == 4
    assert "SESSIONM_API_KEY" in done.out
    for name, value in here.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SESSIONM_SECRET", "canary-wrong-secret")
    done = run("reconcile", "--json")
    assert (done.status, done.json["complete"]) == (4, False)
    [untold] = done.json["unknown"]
    assert (untold["again"], untold["examples"]) == (True, ["r-1"])
    assert "could not be asked: HTTP 401" in untold["why"]
    assert "canary" not in done.out + done.err


def test_one_provider_and_a_moment_can_be_named(run: Run, here: Here, configured: None) -> None:
    here.redeemed()
    here.sold()
    assert list(run("reconcile", "--provider", "sessionm", "--json").json["providers"]) == ["sessionm"]
    assert run("reconcile", "--since", "2h", "--json").json["providers"]["sessionm"]["agreed"] == 1
    assert run("reconcile", "--since", "2099-01-01").out == "no orders to compare\n"
    for wrong in ("yesterday", "2h3", "9999999d", "2026-13-01"):
        done = run("reconcile", "--since", wrong)
        assert (done.status, "2026-11-22" in done.err) == (2, True), wrong
    assert run("reconcile", "--provider", "nobody").status == 2


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-11-22T18:00+01:00", datetime(2026, 11, 22, 17, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22).astimezone(UTC)),
    ],
)
def test_since_is_a_day_a_time_or_how_long_ago(text: str, moment: datetime) -> None:
    assert _moment(text, NOW) == moment


def test_a_missing_or_broken_journal_is_told_and_nothing_is_made(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    assert run("reconcile", "--journal", missing).status == 2
    assert not missing.exists()
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no journal at all")
    assert run("reconcile", "--journal", broken).status == 1
