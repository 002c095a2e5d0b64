"""Beanbox at the tills: a sale with a free latte, a lost bill, a customer who leaves, a process that dies."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
from tests.sixth import shop
from tests.sixth.beanbox import BeanboxOrder
from tests.sixth.model import CARD, BeanboxModel, names

from stampcard import (
    GUEST,
    AsyncTill,
    DeclinedError,
    InDoubtError,
    Member,
    NotAllowedError,
    Order,
    PurchaseState,
    Settled,
    Till,
    UnavailableError,
)
from stampcard.step import Async, Sync
from stampcard.testing import Clock, Crash, Drop, Faults, Late, ModelTransport, Status, When, crash_at
from stampcard.verbs import PurchaseFacts, PurchaseVerbs

F = TypeVar("F", bound=PurchaseFacts)


class Shop:
    """One model, one clock, and tills on one journal file."""

    def __init__(self, journal: Path) -> None:
        self.journal, self.model, self.faults, self.clock = journal, BeanboxModel(), Faults(), Clock()

    def wire(self) -> ModelTransport:
        return ModelTransport(self.model, self.faults, names=names, clock=self.clock)

    def till(self) -> Till:
        return Till(self.journal, site=shop.SITE, clock=self.clock, transport=self.wire())

    def async_till(self) -> AsyncTill:
        return AsyncTill(self.journal, site=shop.SITE, clock=self.clock, transport=self.wire())


@pytest.fixture
def here(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "pos.db")


def rung_up(loyalty: PurchaseVerbs[Sync, F], order: Order[PurchaseState, F]) -> Order[PurchaseState, F]:
    """Till code that does not care whose loyalty it is."""
    assert order.facts.to_pay is not None
    return loyalty.complete(loyalty.bill(loyalty.place(order, tenders=shop.cash(order.facts.to_pay.total))))


async def rung_up_async(loyalty: PurchaseVerbs[Async, F], order: Order[PurchaseState, F]) -> Order[PurchaseState, F]:
    assert order.facts.to_pay is not None
    placed = await loyalty.place(order, tenders=shop.cash(order.facts.to_pay.total))
    return await loyalty.complete(await loyalty.bill(placed))


def test_a_latte_is_free_once(here: Shop) -> None:
    with here.till() as till:
        beanbox = till.use(shop.BEANBOX).by("anna")
        card = beanbox.card(CARD)
        order = beanbox.checkout("t-1", shop.BASKET, buyer=card.member, reward=card.rewards[0])
        assert order.facts.discount == shop.usd("4.50")
        done = rung_up(beanbox, order)
        assert done.state is PurchaseState.COMPLETED
        assert done.facts.receipt == "R-t-1"
        assert here.model.left("latte") == 2
        beanbox.refund(done, why="cold")
        assert here.model.left("latte") == 3
    assert here.model.unbalanced() == ()


async def test_the_same_at_an_async_till(here: Shop) -> None:
    async with here.async_till() as till:
        beanbox = till.use(shop.BEANBOX)
        card = await beanbox.card(CARD)
        order = await beanbox.checkout("t-1", shop.BASKET, buyer=card.member, reward=card.rewards[0])
        assert (await rung_up_async(beanbox, order)).facts.receipt == "R-t-1"
    assert here.model.left("latte") == 2
    assert here.model.unbalanced() == ()


def in_doubt(here: Shop, till: Till, fault: Drop | Late) -> BeanboxOrder:
    beanbox = till.use(shop.BEANBOX)
    card = beanbox.card(CARD)
    order = beanbox.checkout("t-1", shop.BASKET, buyer=card.member, reward=card.rewards[0])
    placed = beanbox.place(order, tenders=shop.cash(shop.usd("3.50")))
    here.faults.next(fault, trigger="bill")
    with pytest.raises(InDoubtError):
        beanbox.bill(placed)
    assert not here.faults.unused
    return beanbox.get("t-1")


def test_a_lost_bill_that_landed_is_found_and_not_sent_again(here: Shop) -> None:
    with here.till() as till:
        in_doubt(here, till, Drop(When.AFTER))
        billed = till.use(shop.BEANBOX).recover("t-1", within=0.0)
        assert billed.state is PurchaseState.BILLED
        assert billed.facts.receipt == "R-t-1"
    assert here.model.left("latte") == 2
    assert here.model.unbalanced() == ()


@pytest.mark.parametrize("fault", [Drop(When.BEFORE), Late()])
def test_a_lost_bill_that_is_not_there_is_sent_again_only_after_the_late_window(here: Shop, fault: Drop | Late) -> None:
    with here.till() as till:
        in_doubt(here, till, fault)
        beanbox = till.use(shop.BEANBOX)
        with pytest.raises(InDoubtError):
            beanbox.recover("t-1", within=60.0)
        assert here.model.state("t-1") == "placed"
        here.faults.land()
        assert beanbox.recover("t-1", within=300.0).state is PurchaseState.BILLED
    assert here.model.left("latte") == 2
    assert here.model.unbalanced() == ()


def test_the_customer_leaves_before_anybody_knows(here: Shop) -> None:
    with here.till() as till:
        doubtful = in_doubt(here, till, Late())
        beanbox = till.use(shop.BEANBOX)
        voided = beanbox.void(doubtful, why="the customer left")
        assert voided.state is PurchaseState.VOIDED
        assert voided.watch is not None
        assert here.faults.land() == 1
        here.clock.pass_(minutes=3)
        assert [one.result for one in till.recover().results] == [Settled.RESTORED]
        assert beanbox.history("t-1")[-1].why == "the provider shows it voided"
    assert here.model.left("latte") == 3
    assert here.model.unbalanced() == ()


def test_the_next_process_settles_what_a_dead_one_left(here: Shop) -> None:
    with here.till() as till:
        beanbox = till.use(shop.BEANBOX)
        order = beanbox.checkout("t-1", shop.BASKET, buyer=GUEST)
        with crash_at("sent", trigger="bill"), pytest.raises(Crash):
            rung_up(beanbox, order)
    with here.till() as till:
        beanbox = till.use(shop.BEANBOX)
        assert beanbox.complete(beanbox.recover("t-1", within=0.0)).state is PurchaseState.COMPLETED
    assert here.model.unbalanced() == ()


def test_what_beanbox_does_not_take_is_told_before_it_is_sent(here: Shop) -> None:
    with here.till() as till:
        beanbox = till.use(shop.BEANBOX)
        stranger = Member(id="1", provider="spendgo", status="Active")
        with pytest.raises(NotAllowedError) as refused:
            beanbox.checkout("t-1", shop.BASKET, buyer=stranger)
        assert [r.code for r in refused.value.refusals] == ["buyer.not_ours"]
        with pytest.raises(DeclinedError) as unknown:
            beanbox.card("99")
        assert unknown.value.code == "card.unknown"
        here.faults.next(Status(503))
        with pytest.raises(UnavailableError):  # nothing is at stake at checkout: no doubt is left
            beanbox.checkout("t-2", shop.BASKET, buyer=GUEST)
        assert beanbox.checkout("t-2", shop.BASKET, buyer=GUEST).state is PurchaseState.CHECKOUT


def test_no_secret_is_written_down(here: Shop) -> None:
    with here.till() as till:
        beanbox = till.use(shop.BEANBOX)
        done = rung_up(beanbox, beanbox.checkout("t-1", shop.BASKET, buyer=GUEST))
        said = repr((till, beanbox, shop.BEANBOX, done, [(entry, entry.body) for entry in beanbox.history("t-1")]))
    kept = b"".join(file.read_bytes() for file in here.journal.parent.rglob("*") if file.is_file()).decode("latin-1")
    assert "t-1" in kept
    for secret in ("beans are secret", "the next secret"):
        assert secret not in kept + said
