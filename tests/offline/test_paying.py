"""Money taken while the provider is away: once, for a sale that still wants it, and given back like any other."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import pytest
from tests.offline.store import BASKET, CASH, Store, at, usd

from stampcard import (
    ChargeFailedError,
    InDoubtError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    PurchaseState,
    Tender,
    TenderKind,
    Verdict,
)
from stampcard.payment import NotTaken
from stampcard.testing import Terminal

CARD = (Tender(kind=TenderKind.CREDIT, amount=usd("56.68")),)


def test_a_sale_is_paid_while_the_provider_is_away_and_told_once_it_is_back() -> None:
    terminal = Terminal()
    with at(charges=terminal) as store:
        with store.away():
            order = store.spendgo.pay(store.sold("a", "checkout"))
            assert order.queued == ("checkout", "place", "bill")
            assert order.taken is not None
            assert store.spendgo.pay(order).replayed
            store.spendgo.complete(order)
        store.drained()
        assert store.there("a") == ("placed", "billed", "completed")
        assert terminal.taken == {"a-1": 1}


def test_what_was_placed_while_the_provider_is_away_can_be_paid() -> None:
    terminal = Terminal()
    with at(charges=terminal) as store:
        with store.away():
            order = store.spendgo.pay(store.sold("a", "place"))
        store.drained()
        assert store.there("a") == ("placed", "billed")
        assert (store.spendgo.get("a").state, terminal.taken) == (PurchaseState.BILLED, {"a-1": 1})
        assert order.taken is not None


@pytest.mark.parametrize("ends", ["void", "bill"])
def test_no_money_is_taken_for_a_sale_that_is_voided_or_billed_once_all_that_waits_is_sent(ends: str) -> None:
    terminal = Terminal()
    with at(charges=terminal) as store:
        with store.away():
            order = store.spendgo.place(store.sold("a", "checkout"), tenders=CARD)
            order = store.spendgo.bill(order) if ends == "bill" else store.spendgo.void(order, why="w")
            with pytest.raises(NotAllowedError):
                store.spendgo.pay(order, totals=BASKET.totals)
        assert terminal.taken == {}
        store.drained()
        assert terminal.taken == {}


def test_no_money_is_taken_by_a_till_on_which_the_bill_could_not_wait() -> None:
    terminal = Terminal()
    with at() as one, at(one.journal, sandbox=one.sandbox, clock=one.clock, policy=None, charges=terminal) as other:
        with one.away():
            order = one.spendgo.place(one.sold("a", "checkout"), tenders=CARD)
        with pytest.raises(NotAllowedError):
            other.spendgo.pay(order)
        assert terminal.taken == {}
        one.drained()
        other.spendgo.pay(other.spendgo.get("a"))
        assert terminal.taken == {"a-1": 1}


def test_what_was_paid_while_the_provider_is_away_can_be_taken_back() -> None:
    terminal = Terminal()
    with at(charges=terminal) as store:
        with store.away():
            order = store.spendgo.pay(store.sold("a", "checkout"))
            order = store.spendgo.unpay(order, why="the customer left")
            assert (order.taken, order.queued[-1]) == (None, "void")
        store.drained()
        assert (store.there("a")[-1], terminal.money, terminal.reversed) == ("voided", {}, {"a-1": 1})


def test_what_was_completed_while_the_provider_is_away_is_refunded_and_not_taken_back() -> None:
    with at(charges=Terminal()) as store, store.away():
        order = store.spendgo.complete(store.spendgo.pay(store.sold("a", "checkout")))
        with pytest.raises(NotAllowedError) as no:
            store.spendgo.unpay(order, why="w")
        assert no.value.code == "charge.completed"


def test_money_for_a_sale_a_person_gave_up_before_the_provider_heard_of_it_can_be_given_back() -> None:
    terminal = Terminal()
    with at(charges=terminal) as store:
        with store.away():
            store.spendgo.pay(store.sold("a", "checkout"))
        store.till.forget(store.sandbox.spendgo.member.id, provider="spendgo")
        for step in ("checkout", "place", "bill"):  # none can be sent any more
            store.drained()
            assert [one.trigger for one in store.till.needs_human()] == [step]
            store.till.resolve("a", as_=Verdict.DECLINED, because="the customer is forgotten", by="b")
        order = store.spendgo.unpay(store.spendgo.get("a"), why="w")
        assert (order.taken, terminal.money) == (None, {})
        assert store.spendgo.abandon(order).final


def test_a_declined_card_voids_a_sale_that_waits() -> None:
    terminal = Terminal()
    terminal.next("take", NotTaken(reason="no cover"))
    with at(charges=terminal) as store:
        with store.away(), pytest.raises(ChargeFailedError) as failed:
            store.spendgo.pay(store.sold("a", "checkout"))
        assert (failed.value.code, failed.value.reason, failed.value.voided) == ("charge.void_open", "no cover", False)
        assert store.spendgo.get("a").queued[-1] == "void"
        store.drained()
        assert store.there("a")[-1] == "voided"


def test_a_declined_card_keeps_a_sale_that_waits_where_that_is_the_wish() -> None:
    terminal = Terminal()
    terminal.next("take", NotTaken(reason="no cover"))
    with at(charges=terminal) as store:
        with store.away():
            with pytest.raises(ChargeFailedError) as failed:
                store.spendgo.pay(store.sold("a", "checkout"), on_failure="keep")
            assert failed.value.code == "charge.kept"
            store.spendgo.pay(store.spendgo.get("a"))
        store.drained()
        assert (store.there("a"), list(terminal.money)) == (("placed", "billed"), ["a-2"])


def test_money_that_may_be_taken_is_asked_after_while_its_sale_waits() -> None:
    terminal = Terminal()
    terminal.next("take", "lost")
    with at(charges=terminal) as store:
        with store.away(), pytest.raises(InDoubtError):
            store.spendgo.pay(store.sold("a", "checkout"))
        for _ in range(6):
            store.drained()
        assert store.there("a") == ("placed", "billed")
        assert terminal.taken == {"a-1": 1}
        assert CASH[0].amount == store.spendgo.get("a").facts.tenders[0].amount


@contextlib.contextmanager
def beside(terminal: Terminal) -> Generator[tuple[Store, Store]]:
    """A till, and one that takes nothing down, on one journal; what the terminal says next is lost."""
    terminal.next("take", "lost")
    with (
        at(charges=terminal) as one,
        at(one.journal, sandbox=one.sandbox, clock=one.clock, policy=None, charges=terminal) as other,
    ):
        yield one, other


def test_a_cashier_at_a_till_that_takes_nothing_down_has_a_paid_sale_sent_in_its_order() -> None:
    terminal = Terminal()
    with beside(terminal) as (one, other):
        with one.away(), pytest.raises(InDoubtError):
            one.spendgo.pay(one.sold("a", "checkout"))
        one.clock.pass_(seconds=120)
        assert other.spendgo.recover("a").state is PurchaseState.BILLED
        assert (one.there("a"), terminal.taken) == (("placed", "billed"), {"a-1": 1})


def test_while_the_provider_stays_away_a_till_that_takes_nothing_down_waits() -> None:
    terminal = Terminal()
    with beside(terminal) as (one, other):
        with one.away():
            with pytest.raises(InDoubtError):
                one.spendgo.pay(one.sold("a", "checkout"))
            one.clock.pass_(seconds=120)
            with pytest.raises(InDoubtError) as doubt:
                other.spendgo.recover("a", within=30)
        assert (doubt.value.code, doubt.value.next) == ("charge.not_told", Next.WAIT)
        assert doubt.value.taken is not None


def test_a_paid_sale_whose_queue_is_with_a_person_is_told_so() -> None:
    terminal = Terminal()
    with beside(terminal) as (one, other):
        with one.away(), pytest.raises(InDoubtError):
            one.spendgo.pay(one.sold("a", "checkout"))
        one.till.forget(one.sandbox.spendgo.member.id, provider="spendgo")  # nothing of it can be sent any more
        one.clock.pass_(seconds=120)
        with pytest.raises(NeedsHumanError) as human:
            other.spendgo.recover("a", within=0)
        assert "Paid" in human.value.cashier
        assert human.value.check
        assert human.value.taken is not None
