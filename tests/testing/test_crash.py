"""A process that dies at any point of a step leaves what is durable, and the next process sees it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stampcard.errors import InDoubtError
from stampcard.journal.memory import MemoryJournal
from stampcard.model import GUEST, Basket, Line, Money, Site, Tender, TenderKind, Totals
from stampcard.testing import Clock, Crash, Drop, Point, When, crash_at
from stampcard.till import AsyncTill, Till
from stampcard_adapters.testing import STORE, Sandbox

PRICE = Money("9.99", "USD")
BASKET = Basket(lines=(Line(label="Soup", price=PRICE),), totals=Totals(subtotal=PRICE, total=PRICE))
CASH = (Tender(kind=TenderKind.CASH, amount=PRICE),)
AFTER: list[tuple[Point, tuple[str, ...], bool]] = [
    ("intent", ("checkout",), True),
    ("sent", ("checkout", "placed"), True),
    ("read", ("checkout", "placed"), True),
    ("outcome", ("checkout", "placed"), False),
]


@pytest.mark.parametrize(("point", "states", "doubt"), AFTER)
def test_the_next_process_sees_what_was_durable(
    tmp_path: Path, point: Point, states: tuple[str, ...], doubt: bool
) -> None:
    clock = Clock()
    sandbox = Sandbox(clock=clock)
    site, transport = Site(store=STORE), sandbox.transport()
    with Till(tmp_path / "pos.db", site=site, clock=clock, transport=transport) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        order = spendgo.checkout("t-1", BASKET, buyer=GUEST)
        with crash_at(point, trigger="place"), pytest.raises(Crash, match=point):
            spendgo.place(order, tenders=CASH)
    assert sandbox.spendgo.states("t-1") == states
    with Till(tmp_path / "pos.db", site=site, clock=clock, transport=transport) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        order = spendgo.get("t-1")
        assert (order.doubt is not None) is doubt
        assert doubt is (order.doubt is not None and not order.doubt.running)
        assert spendgo.recover("t-1").state == "placed"
    assert sandbox.spendgo.states("t-1") == ("checkout", "placed")


@pytest.mark.parametrize(("point", "states", "doubt"), AFTER)
def test_so_does_an_asynchronous_one(point: Point, states: tuple[str, ...], doubt: bool) -> None:
    sandbox, journal, site = Sandbox(), MemoryJournal(), Site(store=STORE)

    async def day() -> None:
        async with AsyncTill(journal, site=site, transport=sandbox.async_transport()) as till:
            spendgo = till.use(sandbox.spendgo.provider())
            order = await spendgo.checkout("t-1", BASKET, buyer=GUEST)
            with crash_at(point, trigger="place"), pytest.raises(Crash):
                await spendgo.place(order, tenders=CASH)
            assert sandbox.spendgo.states("t-1") == states

    asyncio.run(day())
    # the first till's journal is still open: its owner counts as dead all the same
    with Till(journal, site=site, transport=sandbox.transport()) as next_day:
        order = next_day.use(sandbox.spendgo.provider()).get("t-1")
        assert (order.doubt is not None) is doubt
        assert {o.id for o in next_day.in_doubt()} == ({"t-1"} if doubt else set())


def test_a_dead_process_does_nothing_more(sandbox_till: tuple[Sandbox, Till]) -> None:
    sandbox, till = sandbox_till
    spendgo = till.use(sandbox.spendgo.provider())
    with crash_at("intent"):
        with pytest.raises(Crash):
            spendgo.checkout("t-1", BASKET, buyer=GUEST)
        with pytest.raises(Crash):
            spendgo.get("t-1")
    assert sandbox.spendgo.states("t-1") == ()
    assert spendgo.checkout("t-1", BASKET, buyer=GUEST).state == "checkout"


def test_a_recovery_dies_too(sandbox_till: tuple[Sandbox, Till]) -> None:
    sandbox, till = sandbox_till
    spendgo = till.use(sandbox.spendgo.provider())
    order = spendgo.checkout("t-1", BASKET, buyer=GUEST)
    sandbox.faults.next(Drop(When.BEFORE), trigger="place")
    with pytest.raises(InDoubtError):
        spendgo.place(order, tenders=CASH)
    with crash_at("read", trigger="place"), pytest.raises(Crash):
        spendgo.recover("t-1")
    assert sandbox.spendgo.states("t-1") == ("checkout", "placed")
    assert spendgo.get("t-1").doubt is not None
    assert spendgo.recover("t-1").state == "placed"


def test_a_point_no_step_has_is_refused() -> None:
    with pytest.raises(ValueError, match="intent, sent, read, outcome"), crash_at("thought"):  # type: ignore[arg-type]
        pass


def test_after_the_block_tills_are_what_they_were(sandbox_till: tuple[Sandbox, Till]) -> None:
    sandbox, till = sandbox_till
    with crash_at("outcome", trigger="bill"):
        order = till.use(sandbox.spendgo.provider()).checkout("t-1", BASKET, buyer=GUEST)
    assert till.use(sandbox.spendgo.provider()).place(order, tenders=CASH).state == "placed"


@pytest.fixture
def sandbox_till() -> tuple[Sandbox, Till]:
    sandbox = Sandbox(clock=Clock())
    return sandbox, Till(":memory:", site=Site(store=STORE), clock=Clock(), transport=sandbox.transport())
