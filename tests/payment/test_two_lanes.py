"""Two lanes, one order: the card is charged once, and whoever comes second is told to wait."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest
from tests.payment.shop import Shop
from tests.step.shop import together

from stampcard import (
    ChargeAttempt,
    ChargeResult,
    ConflictError,
    InDoubtError,
    NotAllowedError,
    NotTaken,
    Order,
    PurchaseState,
    Settled,
    StampcardError,
    Taken,
    UnavailableError,
)
from stampcard.testing import Terminal


class Slow(Terminal):
    """The customer looks for the card until the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waits, self.card = threading.Event(), threading.Event()

    def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        self.waits.set()
        assert self.card.wait(20)
        return super().take(attempt)


@pytest.mark.parametrize("round_", range(3))
def test_many_lanes_paying_one_order_charge_it_once(here: Shop, round_: int) -> None:
    with here.till() as (_, one), here.till() as (_, two):
        order = here.priced(one)
        results = together(*(partial(verbs.pay, order) for verbs in (one, two, one, two)))
        paid = [r for r in results if isinstance(r, Order)]
        assert paid, results
        assert all(isinstance(r, (Order, UnavailableError, ConflictError, InDoubtError)) for r in results), results
        assert one.pay(order).state is PurchaseState.BILLED
    assert here.terminal.taken == {"t-1-1": 1}
    assert here.sandbox.unbalanced() == ()


@pytest.mark.parametrize("round_", range(3))
def test_pay_and_void_at_once_leave_no_money_on_a_cancelled_sale(here: Shop, round_: int) -> None:
    with here.till() as (till, one), here.till() as (_, two):
        order = here.priced(one)
        results = together(partial(one.pay, order), partial(two.void, order, why="wrong table"))
        assert all(isinstance(r, (Order, StampcardError)) for r in results), results
        here.pass_time()
        till.recover()
        now = one.get("t-1")
        assert bool(here.terminal.money) == (now.state is PurchaseState.BILLED)
    assert here.terminal.twice() == ()


def test_while_the_terminal_waits_nobody_charges_asks_voids_or_bills(here: Shop) -> None:
    slow = here.terminal = Slow()
    with here.till() as (till, spendgo), here.till() as (other, elsewhere):
        order = here.priced(spendgo)
        results: list[object] = []
        payer = threading.Thread(target=lambda: results.append(spendgo.pay(order)))
        payer.start()
        assert slow.waits.wait(10)
        for verbs in (spendgo, elsewhere):
            now = verbs.get("t-1")
            assert (now.doubt is not None and now.doubt.running, now.allowed) == (True, frozenset())
            with pytest.raises(UnavailableError):
                verbs.pay(now)
            for verb in (partial(verbs.void, why="slow"), verbs.bill, partial(verbs.unpay, why="slow")):
                with pytest.raises((NotAllowedError, UnavailableError)):
                    verb(now)
        assert [one.result for one in (*till.recover().results, *other.recover().results)] == [Settled.BUSY] * 2
        assert (slow.taken, slow.asked, slow.reversed) == ({}, {}, {})
        slow.card.set()
        payer.join(10)
        assert [order.state for order in results if isinstance(order, Order)] == [PurchaseState.BILLED]


def test_the_owner_dies_and_the_next_till_asks_and_never_charges(here: Shop, tmp_path: Path) -> None:
    here.terminal.next("take", KeyboardInterrupt())
    with here.till() as (till, spendgo):
        order = here.priced(spendgo)
        with pytest.raises(KeyboardInterrupt):
            spendgo.pay(order)
        here.terminal.next("status", Taken(tenders=order.facts.tenders, reference=""), NotTaken(reason="cancelled"))
        assert [one.result for one in till.recover().results] == [Settled.ESCALATED]
    assert here.terminal.taken == {"t-1-1": 1}
