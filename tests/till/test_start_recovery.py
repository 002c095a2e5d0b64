"""The background a till may leave on: it settles and follows by itself, survives what goes wrong, and stops at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.step.shop import BASKET, HERE, MEMBER, Provider, Shop, cash, deaf, first, lost, shop, spendgo, together
from tests.step.test_provider_moves import Goods, GoodsVerbs, status
from tests.step.test_recovery_pass import LOST, World
from tests.step.tiny import Settings
from tests.transport.loopback import wait_until

from stampcard import AsyncTill, ConfigurationError, FulfilmentState, InDoubtError, Settled, Site, Till
from stampcard.journal import StoreError
from stampcard.journal.memory import MemoryJournal
from stampcard.testing import Clock


def doubted(here: Shop, ticket: str = "417", rule: Any = lost) -> str:
    order = here.placed(ticket)
    here.provider.rules["billed"] = first(rule)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    return order.id


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "stampcard-recovery"]


def test_a_doubt_is_settled_while_nobody_asks(here: Shop) -> None:
    order_id = doubted(here)
    with here.till.start_recovery():
        assert running() == ["stampcard-recovery"]
        wait_until(lambda: here.verbs.get(order_id).settled)
    assert running() == []
    assert here.verbs.get(order_id).state == "billed"
    assert here.provider.calls(order_id)["billed"] == 2
    assert here.provider.model.unbalanced() == ()


def test_a_doubt_that_comes_up_later_is_noticed(here: Shop) -> None:
    with here.till.start_recovery():
        order_id = doubted(here)
        wait_until(lambda: here.verbs.get(order_id).settled)
    assert here.provider.calls(order_id)["billed"] == 2


def world() -> World:
    return World(a=[LOST, LOST, status("requested"), status("processing"), status("completed")])


def test_an_injected_clock_governs_the_rounds_and_is_never_made_to_pass() -> None:
    said, clock = world(), Clock()
    with Till(":memory:", site=Site(store="1"), transport=httpx.MockTransport(said.handle), clock=clock) as till:
        goods = till.use(Settings(Goods(), GoodsVerbs))
        with pytest.raises(InDoubtError):
            goods.place("a")
        with till.start_recovery():
            wait_until(lambda: len(said.asked) == 2)
            time.sleep(0.1)  # several looks at the clock, which stands still
            assert len(said.asked) == 2
            clock.pass_(seconds=30)
            wait_until(lambda: len(said.asked) == 3)
            for calls in (4, 5):
                while len(said.asked) < calls:
                    clock.pass_(seconds=1)
                    time.sleep(0.03)
            wait_until(lambda: goods.get("a").final)
        assert goods.get("a").state is FulfilmentState.COMPLETED


class AsyncMock(httpx.AsyncBaseTransport):
    def __init__(self, said: World) -> None:
        self.said = said

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.said.handle(request)


async def until(ready: Any) -> None:
    end = time.monotonic() + 5
    while not await ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


async def test_the_async_till_does_the_same_in_a_task() -> None:
    said, clock = world(), Clock()
    async with AsyncTill(":memory:", site=Site(store="1"), transport=AsyncMock(said), clock=clock) as till:
        goods = till.use(Settings(Goods(), GoodsVerbs))
        with pytest.raises(InDoubtError):
            await goods.place("a")

        async def final() -> bool:
            clock.pass_(seconds=1)
            return bool((await goods.get("a")).final)

        async with till.start_recovery():
            assert [task.get_name() for task in asyncio.all_tasks()].count("stampcard-recovery") == 1
            await until(final)
        assert "stampcard-recovery" not in [task.get_name() for task in asyncio.all_tasks()]
        assert said.asked == ["a place"] * 3 + ["a observe"] * 2


# stopping


def test_leaving_the_block_ends_it_promptly_even_while_a_provider_keeps_silent(here: Shop) -> None:
    order_id = doubted(here)
    held = here.provider.hold("billed")
    with shop(here.provider, here.journal, deadline=0.2) as other:
        with other.till.start_recovery():
            assert held.arrived.wait(5)
            began = time.monotonic()
        assert time.monotonic() - began < 1.0
        assert running() == []
        held.go.set()
    assert here.verbs.get(order_id).state == "billed"  # the call went on, and its reply was recorded


def test_after_leaving_the_block_no_other_order_gets_its_turn(here: Shop) -> None:
    orders = [doubted(here, str(n)) for n in range(3)]
    held = here.provider.hold("billed")
    with shop(here.provider, here.journal, deadline=0.2) as other:
        with other.till.start_recovery():
            assert held.arrived.wait(5)
        held.go.set()
    assert [here.provider.calls(order_id)["billed"] for order_id in orders] == [2, 1, 1]


class Counting(MemoryJournal):
    rounds = 0

    def open_orders(self) -> tuple[str, ...]:
        self.rounds += 1
        return super().open_orders()


def test_a_clock_that_stands_still_brings_no_round() -> None:
    journal, clock = Counting(), Clock()
    with Till(journal, site=HERE, clock=clock) as till, till.start_recovery():
        wait_until(lambda: journal.rounds == 1)
        time.sleep(0.1)
        assert journal.rounds == 1
        clock.pass_(seconds=3)
        wait_until(lambda: journal.rounds == 2)


def test_leaving_an_idle_block_takes_no_time(here: Shop) -> None:
    with here.till.start_recovery():
        time.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 0.5


async def test_leaving_the_async_block_ends_it_promptly(provider: Provider, tmp_path: Path) -> None:
    async with AsyncTill(tmp_path / "j.db", site=HERE, deadline=0.2) as till:
        verbs = till.use(spendgo(provider.url))
        order = await verbs.checkout("o-1", BASKET, buyer=MEMBER)
        order = await verbs.place(order, tenders=cash(order))
        provider.rules["billed"] = first(lost)
        with pytest.raises(InDoubtError):
            await verbs.bill(order)
        held = provider.hold("billed")
        async with till.start_recovery():
            assert await asyncio.to_thread(held.arrived.wait, 5)
            began = time.monotonic()
        assert time.monotonic() - began < 1.0
        held.go.set()
    with shop(provider, tmp_path / "j.db") as here:
        assert here.verbs.get("o-1").state == "billed"


def test_closing_the_till_ends_what_was_left_on(provider: Provider, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        with shop(provider, tmp_path / "j.db") as here:
            stack.enter_context(here.till.start_recovery())
            assert running() != []
        assert running() == []
    with pytest.raises(ConfigurationError), here.till.start_recovery():
        pass


async def test_closing_the_async_till_ends_what_was_left_on(provider: Provider, tmp_path: Path) -> None:
    till = AsyncTill(tmp_path / "j.db", site=HERE)
    left = till.start_recovery()
    await left.__aenter__()
    await till.aclose()
    assert "stampcard-recovery" not in [task.get_name() for task in asyncio.all_tasks()]
    await left.__aexit__(None, None, None)
    with pytest.raises(ConfigurationError):
        await till.start_recovery().__aenter__()


# what goes wrong


class Failing(MemoryJournal):
    trouble: Iterator[Exception] = iter(())

    def open_orders(self) -> tuple[str, ...]:
        for error in self.trouble:
            raise error
        return super().open_orders()


def test_it_survives_whatever_a_round_meets_and_logs_it_without_a_secret(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    journal, clock = Failing(), Clock()
    with (
        caplog.at_level(logging.DEBUG),
        Till(journal, site=HERE, clock=clock) as till,
    ):
        verbs = till.use(spendgo(provider.url))
        order = verbs.checkout("o-1", BASKET, buyer=MEMBER)
        order = verbs.place(order, tenders=cash(order))
        provider.rules["billed"] = first(lost)
        with pytest.raises(InDoubtError):
            verbs.bill(order)
        journal.trouble = iter([StoreError("the disk is full"), RuntimeError("secret-canary")])
        with till.start_recovery():
            for said in ("the disk is full", "RuntimeError"):
                wait_until(lambda said=said: said in caplog.text)
                clock.pass_(seconds=11)
            wait_until(lambda: verbs.get("o-1").settled)
    assert "canary" not in caplog.text


# several at once


@pytest.mark.parametrize("rule", [lost, deaf])
def test_two_tills_at_once_never_send_the_same_repeat_twice(here: Shop, provider: Provider, rule: Any) -> None:
    orders = [doubted(here, str(n), rule) for n in range(4)]
    with shop(provider, here.journal) as other:
        results = together(*(till.recover for till in (here.till, other.till) * 2))
        told = [one for report in results for one in report.results]
    assert {one.result for one in told} <= {Settled.RESENT, Settled.BUSY, Settled.STILL_OPEN, Settled.LANDED}
    for order_id in orders:
        assert provider.calls(order_id)["billed"] == 2
        assert provider.model.states(order_id).count("billed") == 1
        assert here.kinds(order_id)[-4:] == ["bill intent", "bill unknown", "bill attempt", "bill accepted"]
        assert sum(one.order_id == order_id and one.result is Settled.RESENT for one in told) >= 1
    assert provider.model.unbalanced() == ()


def test_two_backgrounds_on_one_file_settle_everything_once_while_a_third_till_sells(
    here: Shop, provider: Provider
) -> None:
    orders = [doubted(here, str(n)) for n in range(6)]
    with (
        shop(provider, here.journal) as other,
        shop(provider, here.journal) as third,
        here.till.start_recovery(),
        other.till.start_recovery(),
    ):
        sold = [third.completed(str(n)) for n in range(6, 9)]
        wait_until(lambda: here.till.in_doubt() == ())
    for order_id in orders:
        assert provider.calls(order_id)["billed"] == 2
        assert provider.model.states(order_id).count("billed") == 1
    for order in sold:
        assert set(provider.calls(order.id).values()) == {1}
    assert provider.model.unbalanced() == ()


def test_two_backgrounds_in_one_till_are_harmless(here: Shop) -> None:
    order_id = doubted(here)
    with here.till.start_recovery(), here.till.start_recovery():
        assert len(running()) == 2
        wait_until(lambda: here.verbs.get(order_id).settled)
    assert here.provider.calls(order_id)["billed"] == 2


def test_the_cashiers_verbs_and_the_background_do_not_meet_badly(here: Shop) -> None:
    """A cashier asks for the very order the background works on."""
    order_id = doubted(here)
    with here.till.start_recovery():
        settled = here.verbs.recover(order_id, within=5)
    assert settled.state == "billed"
    assert here.provider.calls(order_id)["billed"] == 2
