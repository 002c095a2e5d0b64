"""`AsyncTill`: the same promises, awaited; a caller that hangs up cancels no step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.step.shop import BASKET, DAY, HERE, MEMBER, Provider, basket, cash, deaf, first, kinds, shop, spendgo

from stampcard.errors import ConfigurationError, ConflictError, InDoubtError, Next, UnavailableError
from stampcard.model import GUEST, EntryKind, Order, Site
from stampcard.till import AsyncTill
from stampcard_adapters.spendgo import AsyncSpendgoTill, SpendgoOrder

QUICK = 0.15


@asynccontextmanager
async def back_end(
    provider: Provider, journal: Path, *, call_budget: float = 10.0, **options: Any
) -> AsyncGenerator[tuple[AsyncTill, AsyncSpendgoTill], None]:
    async with AsyncTill(journal, site=HERE, **options) as till:
        yield till, till.use(spendgo(provider.url, call_budget=call_budget)).by("anna")


async def placed(verbs: AsyncSpendgoTill, order_id: str) -> SpendgoOrder:
    order = await verbs.checkout(order_id, BASKET, buyer=MEMBER)
    return await verbs.place(order, tenders=cash(order))


async def until(ready: Callable[[], Any]) -> None:
    end = time.monotonic() + 5
    while not await ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


async def settled(verbs: AsyncSpendgoTill, order_id: str) -> bool:
    return (await verbs.get(order_id)).settled


async def test_a_whole_sale_and_what_was_journalled(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (till, verbs):
        order_id = till.order_id(ticket="417", day=DAY)
        [reward] = await verbs.rewards(MEMBER)
        order = await verbs.checkout(order_id, BASKET, buyer=MEMBER, reward=reward)
        order = await verbs.bill(await verbs.place(order, tenders=cash(order)))
        order = await verbs.refund(await verbs.complete(order), why="cold")
        assert order.state == "refunded"
        assert [e async for e in till.changes()] == list(await verbs.history(order_id))
        assert (await till.in_doubt()) == ()
        assert await till.forget(MEMBER.id, provider="spendgo") > 0
    assert provider.model.unbalanced() == ()


async def test_the_budget_is_a_bound_and_the_late_reply_is_recorded(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (till, verbs):
        order = await placed(verbs, "o-1")
        bookmark = [e.position async for e in till.changes()][-1]
        held = provider.hold("billed")
        began = time.monotonic()
        with pytest.raises(InDoubtError) as caught:
            await verbs.within(QUICK).bill(order)
        assert time.monotonic() - began < 2
        assert (caught.value.next, caught.value.reversible) == (Next.WAIT, True)
        [doubted] = await till.in_doubt()
        assert doubted.doubt is not None
        assert doubted.doubt.running
        with pytest.raises(UnavailableError):
            await verbs.bill(doubted)
        held.go.set()
        await until(partial(settled, verbs, order.id))
        assert [e.kind async for e in till.changes(after=bookmark)] == [EntryKind.INTENT, EntryKind.ACCEPTED]


async def test_a_cancelled_caller_cancels_nothing(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (_, verbs):
        order = await placed(verbs, "o-1")
        held = provider.hold("billed")
        caller = asyncio.create_task(verbs.bill(order))
        await asyncio.to_thread(held.arrived.wait, 5)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        held.go.set()
        await until(partial(settled, verbs, order.id))
        assert (await verbs.get(order.id)).state == "billed"
        assert provider.calls(order.id)["billed"] == 1


async def test_closing_awaits_what_runs_also_when_its_caller_hung_up(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (_, verbs):
        order = await placed(verbs, "o-1")
        late = await placed(verbs, "o-2")
        held = provider.hold("billed")
        caller = asyncio.create_task(verbs.bill(order))
        await asyncio.to_thread(held.arrived.wait, 5)
        caller.cancel()
        with pytest.raises(InDoubtError):
            await verbs.within(0).bill(late)
        asyncio.get_running_loop().call_later(QUICK, held.go.set)
    with pytest.raises(ConfigurationError) as caught:
        await verbs.get(order.id)
    assert caught.value.code == "till.closed"
    for one in (order, late):
        assert kinds(tmp_path / "j.db", one.id)[-1] == "bill accepted"


async def test_who_is_over_the_limit_waits_before_anything_is_promised(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db", max_in_flight=2) as (_, verbs):
        held = provider.hold("checkout")
        running = asyncio.create_task(verbs.checkout("o-0", BASKET, buyer=GUEST))
        await asyncio.to_thread(held.arrived.wait, 5)
        provider.rules["placed"] = deaf
        slot = asyncio.create_task(verbs.recover("nobody"))
        with pytest.raises(Exception, match="no such order"):
            await slot
        blocked = provider.hold("completed")
        second = asyncio.create_task(_completed(verbs, "o-1", provider))
        await asyncio.to_thread(blocked.arrived.wait, 5)
        waiting = [asyncio.create_task(verbs.checkout(f"o-{n}", BASKET, buyer=GUEST)) for n in range(2, 8)]
        await asyncio.sleep(0.1)
        for gone in waiting[:3]:
            gone.cancel()
        assert {o for o, _ in provider.seen} == {"o-0", "o-1"}
        held.go.set()
        blocked.go.set()
        results = await asyncio.gather(running, second, *waiting, return_exceptions=True)
        assert [type(r) for r in results] == [Order, Order, *[asyncio.CancelledError] * 3, *[Order] * 3]
    assert {o for o, _ in provider.seen} == {
        "o-0",
        "o-1",
        "o-5",
        "o-6",
        "o-7",
    }  # who hung up while waiting sent nothing


async def _completed(verbs: AsyncSpendgoTill, order_id: str, provider: Provider) -> SpendgoOrder:
    provider.rules.pop("placed", None)
    order = await verbs.checkout(order_id, BASKET, buyer=GUEST)
    return await verbs.complete(await verbs.bill(await verbs.place(order, tenders=cash(order))))


async def test_many_tasks_one_order_one_effect(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (_, verbs):
        order = await placed(verbs, "o-1")
        results = await asyncio.gather(*[verbs.bill(order) for _ in range(12)], return_exceptions=True)
        fresh = [r for r in results if isinstance(r, Order) and not r.replayed]
        assert len(fresh) == 1
        for other in results:
            assert isinstance(other, (Order, ConflictError, UnavailableError)), other
        assert provider.calls(order.id)["billed"] == 1


async def test_many_orders_share_commits_and_none_is_mixed_up(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (till, verbs):

        async def sell(n: int) -> str:
            order = await verbs.checkout(f"o-{n}", basket(f"{10 + n}.00"), buyer=GUEST)
            order = await verbs.complete(await verbs.bill(await verbs.place(order, tenders=cash(order))))
            assert order.facts.basket == basket(f"{10 + n}.00")
            return order.state

        assert set(await asyncio.gather(*[sell(n) for n in range(40)])) == {"completed"}
        assert all(set(provider.calls(o).values()) == {1} for o, _ in provider.seen)
        positions = [e.position async for e in till.changes()]
        assert positions == list(range(1, 40 * 8 + 1))


async def test_a_void_ends_our_own_slow_call_and_settles_both(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (_, verbs):
        order = await placed(verbs, "o-1")
        held = provider.hold("billed")
        with pytest.raises(InDoubtError):
            await verbs.within(0.05).bill(order)
        voided = await verbs.void(await verbs.get(order.id), why="cannot wait")
        held.go.set()
        assert (voided.state, voided.settled) == ("voided", True)
        assert [e.kind.value for e in await verbs.history(order.id)][-4:] == ["intent", "unknown", "intent", "accepted"]


async def test_doubt_is_recovered_and_two_recoveries_are_harmless(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (_, verbs):
        order = await placed(verbs, "o-1")
        provider.rules["billed"] = first(deaf)
        with pytest.raises(InDoubtError):
            await verbs.bill(order)
        states = await asyncio.gather(*[verbs.recover(order.id) for _ in range(4)])
        assert {o.state for o in states} == {"billed"}
        assert provider.model.states(order.id).count("billed") == 1


async def test_each_call_may_name_its_own_site(provider: Provider, tmp_path: Path) -> None:
    async with AsyncTill(tmp_path / "j.db") as till:
        verbs = till.use(spendgo(provider.url))
        with pytest.raises(ConfigurationError) as caught:
            await verbs.checkout("o-1", BASKET, buyer=GUEST)
        assert [p.code for p in caught.value.problems] == ["site.missing"]
        order = await verbs.at(Site(store="999999")).checkout("o-1", BASKET, buyer=GUEST)
        assert order.site.store == "999999"


async def test_a_till_and_a_back_end_share_one_file(provider: Provider, tmp_path: Path) -> None:
    async with back_end(provider, tmp_path / "j.db") as (_, verbs):
        order = await placed(verbs, "o-1")
        with shop(provider, tmp_path / "j.db") as here:
            billed = await asyncio.to_thread(here.verbs.bill, order)
        assert (await verbs.get(order.id)) == billed


async def test_who_follows_the_feed_hears_of_what_comes_until_the_till_is_closed(
    provider: Provider, tmp_path: Path
) -> None:
    heard: list[int] = []

    async def follow(till: AsyncTill) -> None:
        async for entry in till.changes(follow=True):
            assert entry.order_id
            heard.append(entry.position)

    async with back_end(provider, tmp_path / "j.db") as (till, verbs):
        follower = asyncio.create_task(follow(till))
        await placed(verbs, till.order_id(ticket="1", day=DAY))
        await placed(verbs, till.order_id(ticket="2", day=DAY))
        everything = [entry.position async for entry in till.changes()]

        async def all_heard() -> bool:
            return heard == everything

        await until(all_heard)
    async with asyncio.timeout(10):
        await follower
