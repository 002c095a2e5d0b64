"""A payment goes on by itself for as long as it can, and is a person's, once, when it cannot."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from tests.jumping import Jumping
from tests.offline.store import POLICY
from tests.payment.shop import Shop, usd

from stampcard import (
    ChargeAttempt,
    ChargeFailedError,
    ChargePending,
    ChargeUnknown,
    InDoubtError,
    Money,
    NeedsHumanError,
    NotTaken,
    PurchaseState,
    Settled,
    Taken,
    Tender,
    TenderKind,
    Till,
    Verdict,
)
from stampcard.model.money import MAX_UNITS
from stampcard.step.charge import LOOKS
from stampcard_adapters.spendgo import SpendgoTill

SLOW = [ChargePending(), ChargeUnknown(why="no slip yet")]


def cash(amount: Money) -> Tender:
    return Tender(kind=TenderKind.CASH, amount=amount)


def begun(spendgo: SpendgoTill, here: Shop, says: Any, looks: int) -> None:
    """A payment whose terminal gives that answer to so many looks."""
    order = here.priced(spendgo, reward=False)
    here.terminal.next("take", says)
    here.terminal.next("status", *[says] * looks)
    with pytest.raises(InDoubtError):
        spendgo.pay(order)


def looked(spendgo: SpendgoTill, here: Shop, times: int, apart: float) -> None:
    for _ in range(times):
        here.clock.pass_(seconds=apart)
        with contextlib.suppress(InDoubtError):
            spendgo.recover("t-1", within=0)


# how long a terminal is asked


@pytest.mark.parametrize("says", SLOW)
def test_a_cashier_who_asks_200_times_in_an_hour_hands_nothing_to_a_person(here: Shop, says: Any) -> None:
    with here.till() as (till, spendgo):
        begun(spendgo, here, says, 200)
        looked(spendgo, here, 200, 18.0)
        assert (till.needs_human(), here.terminal.asked) == ((), {"t-1-1": 200})
        card = Tender(kind=TenderKind.CREDIT, amount=usd("56.68"))
        here.terminal.money["t-1-1"] = Taken(tenders=(card,), reference="at last")
        order = spendgo.recover("t-1", within=0)
        assert order.taken is not None
        assert (order.state, order.taken.reference) == (PurchaseState.BILLED, "at last")


@pytest.mark.parametrize("says", SLOW)
def test_after_many_looks_and_some_hours_a_person_is_asked(here: Shop, says: Any) -> None:
    with here.till() as (till, spendgo):
        begun(spendgo, here, says, 60)
        looked(spendgo, here, LOOKS, 10.0)
        assert till.needs_human() == ()
        here.clock.pass_(hours=5)
        looked(spendgo, here, 1, 0.0)
        [asked] = till.needs_human()
        assert (asked.trigger, asked.check) == ("charge", "whether the customer was charged")


def test_a_clock_set_forward_makes_no_payment_older(here: Shop) -> None:
    wall = Jumping(here.clock)
    with here.till(clock=wall) as (till, spendgo):
        begun(spendgo, here, SLOW[0], 60)
        wall.ahead = timedelta(days=1)
        looked(spendgo, here, LOOKS + 5, 10.0)
        assert till.needs_human() == ()


def test_a_clock_set_back_keeps_no_payment_from_a_person(here: Shop) -> None:
    wall = Jumping(here.clock, timedelta(days=400))
    with here.till(clock=wall) as (till, spendgo):
        begun(spendgo, here, SLOW[0], 60)
        wall.ahead = timedelta()
        looked(spendgo, here, LOOKS, 10.0)
        assert till.needs_human() == ()
        here.clock.pass_(hours=5)
        looked(spendgo, here, 1, 0.0)
        assert [one.trigger for one in till.needs_human()] == ["charge"]


def test_where_the_clock_was_set_back_over_a_restart_the_looks_alone_count(here: Shop) -> None:
    with here.till(clock=Jumping(here.clock, timedelta(days=400))) as (_, spendgo):
        begun(spendgo, here, SLOW[0], 60)
    with here.till() as (till, spendgo):
        looked(spendgo, here, LOOKS - 1, 10.0)
        assert till.needs_human() == ()
        looked(spendgo, here, 1, 10.0)
        assert [one.trigger for one in till.needs_human()] == ["charge"]


# what is taken, and cannot be billed


def test_what_cannot_be_summed_is_a_persons(here: Shop) -> None:
    most = Money.minor(MAX_UNITS, "USD")
    with here.till() as (till, spendgo):
        order = here.priced(spendgo, reward=False)
        here.terminal.next("take", Taken(tenders=(cash(most), cash(usd("56.68"))), reference="r", tip=most))
        with pytest.raises(NeedsHumanError):
            spendgo.pay(order)
        [asked] = till.needs_human()
        assert "out of the range" in asked.reason
        till.resolve("t-1", as_=Verdict.ACCEPTED, because="on the slip", by="dana")
        till.recover()
        order = spendgo.get("t-1")
        assert order.taken is not None
        assert (order.state, order.taken.tip) == (PurchaseState.BILLED, None)


MANY = Taken(tenders=tuple(cash(Money.minor(1, "USD")) for _ in range(5668)), reference="coins")
"""Of so many coins that no bill can list them."""


@contextlib.contextmanager
def too_many_coins(here: Shop) -> Generator[tuple[Till, SpendgoTill]]:
    """A sale paid at the terminal, the answer lost, that our own checks will not bill."""
    with patch("stampcard.step.fire.MAX_BODY", 20_000), here.till() as (till, spendgo):
        order = here.priced(spendgo, reward=False)
        here.terminal.next("take", ChargePending())
        with pytest.raises(InDoubtError):
            spendgo.pay(order)
        here.terminal.money["t-1-1"] = MANY
        here.pass_time()
        yield till, spendgo


def test_a_bill_our_own_checks_refuse_is_a_persons_once(here: Shop) -> None:
    with too_many_coins(here) as (till, spendgo):
        assert [one.result for one in till.recover().results] == [Settled.LANDED, Settled.ESCALATED]
        [asked] = till.needs_human()
        assert (asked.order.id, asked.trigger) == ("t-1", "charge")
        assert "too large" in asked.reason
        here.pass_time()
        assert [one.result for one in till.recover().results] == [Settled.ESCALATED]
        till.resolve("t-1", as_=Verdict.ACCEPTED, because="they have left with the goods", by="dana")
        assert till.recover().results == ()  # asked once
        assert (till.needs_human(), spendgo.get("t-1").taken) == ((), MANY)


def test_the_cashier_who_takes_it_hears_so_at_once(here: Shop) -> None:
    with patch("stampcard.step.fire.MAX_BODY", 20_000), here.till() as (_, spendgo):
        order = here.priced(spendgo, reward=False)
        here.terminal.next("take", MANY)
        with pytest.raises(NeedsHumanError) as told:
            spendgo.pay(order)
        assert (told.value.order_id, "keeps the goods" in told.value.check) == ("t-1", True)


def test_the_cashier_who_waits_for_such_a_bill_hears_that_a_person_has_to_look(here: Shop) -> None:
    with too_many_coins(here) as (till, spendgo):
        for _ in range(2):
            with pytest.raises(NeedsHumanError) as told:
                spendgo.recover("t-1", within=5)
            assert "keeps the goods" in told.value.check
        till.resolve("t-1", as_=Verdict.DECLINED, because="paid back in notes", by="dana")
        assert spendgo.recover("t-1").state is PurchaseState.VOIDED


def test_such_a_sale_is_unpaid_once_a_person_has_spoken(here: Shop) -> None:
    with too_many_coins(here) as (till, spendgo):
        till.recover()
        till.resolve("t-1", as_=Verdict.ACCEPTED, because="on the slip", by="dana")
        assert spendgo.unpay(spendgo.get("t-1"), why="too many coins").state is PurchaseState.VOIDED
        assert (here.terminal.money, here.terminal.twice()) == ({}, ())


def test_a_bill_that_only_waits_its_turn_is_nobodys_but_the_tills(here: Shop) -> None:
    with here.till(offline=POLICY) as (_, spendgo):
        order = here.priced(spendgo, reward=False)
        here.terminal.next("take", "lost")
        with here.sandbox.faults.offline(), pytest.raises(InDoubtError):
            spendgo.pay(order)
    here.pass_time()
    with here.till() as (till, spendgo):  # no policy: a bill of its own may not wait behind the placing
        with here.sandbox.faults.offline():
            for _ in range(2):
                till.recover()
                here.pass_time()
            assert till.needs_human() == ()
        for _ in range(2):
            till.recover()
            here.pass_time()
        assert spendgo.get("t-1").state is PurchaseState.BILLED


# a provider that is switched off


@pytest.mark.parametrize("waiting", [True, False])
def test_a_paid_sale_is_billed_although_its_provider_is_switched_off(here: Shop, waiting: bool) -> None:
    with here.till() as (till, spendgo):
        order = here.priced(spendgo, reward=False)
        here.terminal.next("take", "lost")
        with pytest.raises(InDoubtError):
            spendgo.pay(order)
        till.switch_off("spendgo", why="points are counted twice", by="ops")
        here.pass_time()
        if waiting:
            spendgo.recover("t-1", within=0)
        else:
            till.recover()
        assert spendgo.get("t-1").state is PurchaseState.BILLED


def test_a_sale_that_is_paid_just_now_is_not_billed_while_its_provider_is_switched_off(here: Shop) -> None:
    def off_meanwhile(attempt: ChargeAttempt) -> Taken:
        till.switch_off("spendgo", why="w", by="ops")
        return Taken(tenders=(cash(attempt.amount),), reference="r")

    with here.till() as (till, spendgo):
        order = here.priced(spendgo, reward=False)
        with patch.object(here.terminal, "take", off_meanwhile), pytest.raises(InDoubtError, match="switched off"):
            spendgo.pay(order)
        assert here.sandbox.spendgo.states("t-1") == ("checkout", "placed")
        till.recover()
        assert spendgo.get("t-1").state is PurchaseState.BILLED


# what is written of it


def test_no_part_of_a_card_number_on_a_slip_of_several_lines_is_journalled(here: Shop) -> None:
    slip = "DECLINED\nCARD\t4111\n    1111\n    1111\n    1111\nRRN 123456789012"
    with here.till() as (_, spendgo):
        here.terminal.next("take", NotTaken(reason=slip))
        with pytest.raises(ChargeFailedError) as no:
            spendgo.pay(here.priced(spendgo))
        assert no.value.reason == "DECLINED CARD *** RRN 123456789012"
    assert b"1111" not in here.journal.read_bytes()
