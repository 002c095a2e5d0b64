"""What a stranger writes in a first test file works: fixtures, faults, books, crash, and real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

USERS = """
import httpx
import pytest

from stampcard import GUEST, Basket, InDoubtError, Line, Money, Site, Tender, TenderKind, Till, Totals, UnavailableError
from stampcard.testing import Crash, Drop, Status, When, crash_at

usd = lambda amount: Money(amount, "USD")
BASKET = Basket(
    lines=(Line(label="Platter", price=usd("60")),), totals=Totals(subtotal=usd("60"), total=usd("60"))
)


def paid(spendgo, order_id, buyer, reward=None):
    order = spendgo.checkout(order_id, BASKET, buyer=buyer, reward=reward)
    due = BASKET.totals.total - order.facts.discount
    return spendgo.place(order, tenders=[Tender(kind=TenderKind.CASH, amount=due)])


def test_a_lost_bill_reply_redeems_the_reward_once(sandbox, faults, clock, till):
    spendgo = till.use(sandbox.spendgo.provider())
    member = spendgo.member(sandbox.spendgo.phone)
    [reward] = spendgo.rewards(member)
    order = paid(spendgo, "t-1", member, reward)
    faults.next(Drop(When.AFTER), trigger="bill")
    with pytest.raises(InDoubtError):
        spendgo.bill(order)
    clock.pass_(seconds=30)
    assert spendgo.recover("t-1").state == "billed"
    assert sandbox.spendgo.rewards(member.id) == ()
    assert spendgo.complete(spendgo.get("t-1")).state == "completed"
    assert sandbox.spendgo.points(member.id) == 120 + 55
    assert not faults.unused


@pytest.mark.parametrize("status", [500, 502, 503])
def test_provider_down_is_never_a_refusal(sandbox, faults, till, status):
    spendgo = till.use(sandbox.spendgo.provider())
    with faults.during(Status(status)), pytest.raises(UnavailableError):
        spendgo.checkout("t-1", BASKET, buyer=GUEST)


def test_power_cut(sandbox, clock, journal):
    for day in (1, 2):
        with Till(journal, site=Site(store="999999"), clock=clock, transport=sandbox.transport()) as till:
            spendgo = till.use(sandbox.spendgo.provider())
            if day == 1:
                with crash_at("sent", trigger="place"), pytest.raises(Crash):
                    paid(spendgo, "t-1", GUEST)
            else:
                assert [o.id for o in till.in_doubt()] == ["t-1"]
                assert spendgo.recover("t-1").state == "placed"
    assert sandbox.unbalanced() == ()


def test_offline(sandbox, faults, till):
    with faults.offline(), pytest.raises(UnavailableError):
        till.use(sandbox.spendgo.provider()).member(sandbox.spendgo.phone)


async def test_awaited(sandbox, faults, async_till):
    async with async_till:
        spendgo = async_till.use(sandbox.spendgo.provider())
        member = await spendgo.member(sandbox.spendgo.phone)
        reward = sandbox.spendgo.give(member.id, label="$2 off", value=usd("2"), min_spend=usd("10"))
        assert reward in {r.id for r in await spendgo.rewards(member)}
        order = await spendgo.checkout("t-2", BASKET, buyer=member)
        assert sandbox.spendgo.states("t-2") == ("checkout",)


def test_over_real_http(sandbox, journal):
    with sandbox.serve() as url, Till(journal, site=Site(store="999999")) as till:
        assert httpx.get(url + "/health", trust_env=False).status_code == 200
        spendgo = till.use(sandbox.spendgo.provider(url=url))
        assert spendgo.checkout("t-1", BASKET, buyer=GUEST).state == "checkout"
    assert sandbox.spendgo.states("t-1") == ("checkout",)
"""


def test_the_fixtures_serve_a_users_own_tests(tmp_path: Path) -> None:
    (tmp_path / "test_users.py").write_text(USERS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "stampcard_adapters.testing", "-p", "no:cacheprovider", "."]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    run = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "8 passed" in run.stdout


def test_the_kit_needs_neither_pytest_nor_hypothesis_nor_a_server() -> None:
    probe = (
        "import sys, stampcard.testing; "
        "sys.exit(', '.join({'pytest', 'hypothesis', 'starlette', 'uvicorn', 'aiohttp'} & set(sys.modules)) or None)"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
