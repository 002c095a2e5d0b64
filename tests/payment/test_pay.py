"""Place, charge, bill in one call: what the cashier hears, what the customer pays, what the provider is told."""

from __future__ import annotations

import pytest
from tests.payment.shop import BASKET, Shop, story, usd

from stampcard import (
    GUEST,
    ChargeFailedError,
    ChargePending,
    ChargeUnknown,
    ConfigurationError,
    DeclinedError,
    InDoubtError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    NotReversed,
    NotTaken,
    PurchaseState,
    Settled,
    Taken,
    Tender,
    TenderKind,
    Verdict,
)
from stampcard.testing import Drop, Refuse, When


def test_a_paid_sale_is_placed_charged_once_and_billed_with_what_was_taken(here: Shop) -> None:
    with here.till() as (_, spendgo):
        order = spendgo.pay(here.priced(spendgo))
        assert order.state is PurchaseState.BILLED
        assert order.taken == here.terminal.money["t-1-1"]
        assert order.facts.tenders == order.taken.tenders
        assert story(spendgo) == [
            "checkout intent",
            "checkout accepted",
            "place intent",
            "place accepted",
            "charge intent",
            "charge accepted",
            "bill intent",
            "bill accepted",
        ]
        assert spendgo.complete(order).state is PurchaseState.COMPLETED
    assert here.terminal.twice() == ()


def test_paying_again_replays_and_takes_nothing(here: Shop) -> None:
    with here.till() as (_, spendgo):
        priced = here.priced(spendgo)
        spendgo.pay(priced)
        again = spendgo.pay(priced)
        assert again.replayed
        assert here.terminal.taken == {"t-1-1": 1}


def test_a_tip_taken_at_the_terminal_is_billed(here: Shop) -> None:
    with here.till() as (_, spendgo):
        priced = here.priced(spendgo)
        tender = Tender(kind=TenderKind.DEBIT, amount=usd("56.68"), last_four="4242")
        here.terminal.next("take", Taken(tenders=(tender,), reference="r-9", tip=usd("5.00")))
        order = spendgo.pay(priced)
        assert order.facts.tenders == (tender,)
        assert order.facts.totals is not None
        assert (order.facts.totals.tip, order.facts.totals.total) == (usd("5.00"), usd("56.68"))


def test_a_declined_card_voids_the_order(here: Shop) -> None:
    with here.till() as (_, spendgo):
        priced = here.priced(spendgo)
        here.terminal.next("take", NotTaken(reason="no funds"))
        with pytest.raises(ChargeFailedError, match="no funds") as caught:
            spendgo.pay(priced)
        assert caught.value.voided
        assert (caught.value.next, caught.value.reason) == (Next.RETRY, "no funds")
        assert here.sandbox.spendgo.states("t-1") == ("checkout", "placed", "voided")
        with pytest.raises(ChargeFailedError) as again:
            spendgo.pay(priced)
        assert again.value.voided
    assert here.terminal.taken == {"t-1-1": 1}


def test_a_declined_card_keeps_the_order_for_another_card_with_a_key_of_its_own(here: Shop) -> None:
    with here.till() as (_, spendgo):
        priced = here.priced(spendgo)
        here.terminal.next("take", NotTaken(reason="expired"))
        with pytest.raises(ChargeFailedError) as caught:
            spendgo.pay(priced, on_failure="keep")
        assert not caught.value.voided
        assert spendgo.get("t-1").state is PurchaseState.PLACED
        order = spendgo.pay(priced, on_failure="keep")
        assert order.state is PurchaseState.BILLED
    assert here.terminal.taken == {"t-1-1": 1, "t-1-2": 1}


@pytest.mark.parametrize("answer", [ChargeUnknown(why="timeout"), ChargePending(), RuntimeError("secret 4111"), "lost"])
def test_an_unknown_charge_is_never_made_again_and_the_order_waits(here: Shop, answer: object) -> None:
    with here.till() as (till, spendgo):
        priced = here.priced(spendgo)
        here.terminal.next("take", answer)  # type: ignore[arg-type]  # whatever a port may do
        with pytest.raises(InDoubtError) as caught:
            spendgo.pay(priced)
        assert (caught.value.taken, caught.value.next) == (None, Next.WAIT)
        assert (
            caught.value.cashier == "The payment at the terminal is not settled yet. Please wait; do not take it again."
        )
        here.terminal.next("status", ChargePending(), ChargeUnknown(why="?"))
        for _ in range(2):
            with pytest.raises(InDoubtError):
                spendgo.pay(spendgo.get("t-1"))
        with pytest.raises(NotAllowedError) as no:
            spendgo.void(spendgo.get("t-1"), why="tired of waiting")
        assert (no.value.code, no.value.next) == ("charge.open", Next.WAIT)
        assert [order.id for order in till.in_doubt()] == ["t-1"]
        assert here.terminal.taken == {"t-1-1": 1}
        assert not any("4111" in str(entry) or b"4111" in entry.body for entry in spendgo.history("t-1"))


def test_the_terminal_says_at_last_that_it_took_the_money_and_the_sale_is_billed(here: Shop) -> None:
    with here.till() as (_, spendgo):
        priced = here.priced(spendgo)
        here.terminal.next("take", "lost")
        with pytest.raises(InDoubtError):
            spendgo.pay(priced)
        assert spendgo.pay(priced).state is PurchaseState.BILLED
    assert here.terminal.taken == {"t-1-1": 1}


def test_two_tills_and_one_reward_the_second_customer_gets_the_money_back(here: Shop) -> None:
    with here.till() as (_, spendgo):
        second = here.outrun(spendgo)
        with pytest.raises(DeclinedError) as caught:
            spendgo.pay(second)
        no = caught.value
        assert no.taken is None
        assert no.given_back is not None
        assert no.given_back.reference == "slip t-2-1"
        assert no.cashier.endswith("The payment was given back. The sale is cancelled.")
        assert spendgo.get("t-2").state is PurchaseState.VOIDED
        with pytest.raises(DeclinedError) as again:
            spendgo.pay(second)
        assert (again.value.code, again.value.given_back) == (no.code, no.given_back)
    assert set(here.terminal.money) == {"t-1-1"}
    assert here.terminal.reversed == {"t-2-1": 1}
    assert here.rewards_left() == 0
    assert here.sandbox.unbalanced() == ()


@pytest.mark.parametrize("answer", ["lost", "silent", NotReversed(reason="settled already"), OSError("cable")])
def test_a_reversal_in_doubt_is_a_persons_and_the_order_is_not_voided_before(here: Shop, answer: object) -> None:
    with here.till() as (till, spendgo):
        second = here.outrun(spendgo)
        here.terminal.next("reverse", answer)  # type: ignore[arg-type]  # whatever a port may do
        with pytest.raises(NeedsHumanError) as caught:
            spendgo.pay(second)
        assert caught.value.taken is not None
        assert "money back" in caught.value.check
        [asked] = till.needs_human()
        assert (asked.order.id, asked.trigger) == ("t-2", "reverse")
        assert till.recover().escalated[0].trigger == "reverse"
        assert spendgo.get("t-2").state is PurchaseState.PLACED
        till.resolve("t-2", as_=Verdict.ACCEPTED, because="the slip shows it", by="dana")
        report = till.recover()
        assert [one.result for one in report.results] == [Settled.RESENT]
        assert spendgo.get("t-2").state is PurchaseState.VOIDED
    assert here.terminal.reversed == {"t-2-1": 1}


def test_a_person_says_it_was_not_given_back_and_the_order_stays_paid(here: Shop) -> None:
    with here.till() as (till, spendgo):
        second = here.outrun(spendgo)
        here.terminal.next("reverse", NotReversed(reason="no"))
        with pytest.raises(NeedsHumanError):
            spendgo.pay(second)
        till.resolve("t-2", as_=Verdict.DECLINED, because="still on the statement", by="dana")
        assert till.recover().results == ()
        order = spendgo.get("t-2")
        assert (order.state, order.taken) == (PurchaseState.PLACED, here.terminal.money["t-2-1"])
        with pytest.raises(NotAllowedError) as no:
            spendgo.void(order, why="tired")
        assert no.value.code == "charge.taken"
        assert spendgo.unpay(order, why="by hand").state is PurchaseState.VOIDED
    assert set(here.terminal.money) == {"t-1-1"}


@pytest.mark.parametrize("fault", [Drop(When.AFTER), Drop(When.BEFORE)])
def test_a_lost_bill_reply_goes_forward_only(here: Shop, fault: Drop) -> None:
    with here.till() as (_, spendgo):
        priced = here.priced(spendgo)
        here.sandbox.faults.next(fault, trigger="bill")
        with pytest.raises(InDoubtError) as caught:
            spendgo.pay(priced)
        assert caught.value.taken == here.terminal.money["t-1-1"]
        assert spendgo.recover("t-1").state is PurchaseState.BILLED
    assert (here.terminal.twice(), dict(here.terminal.reversed)) == ((), {})


def test_a_bill_that_could_not_be_sent_is_no_reason_to_say_that_nothing_happened(here: Shop) -> None:
    with here.till() as (till, spendgo):
        priced = here.priced(spendgo)
        here.sandbox.faults.next(Refuse(), trigger="bill")
        with pytest.raises(InDoubtError) as caught:
            spendgo.pay(priced)
        assert caught.value.taken is not None
        assert caught.value.cashier.startswith("Paid.")
        order = spendgo.get("t-1")
        assert (order.state, order.cashier) == (PurchaseState.PLACED, caught.value.cashier)
        with pytest.raises(NotAllowedError) as no:
            spendgo.void(order, why="offline")
        assert no.value.code == "charge.taken"
        here.pass_time()
        report = till.recover()
        assert [(one.trigger, one.result) for one in report.results] == [("bill", Settled.RESENT)]
        assert spendgo.get("t-1").state is PurchaseState.BILLED
        assert till.recover().results == ()


def test_a_process_without_a_port_reports_an_open_attempt_and_leaves_it(here: Shop) -> None:
    here.terminal.next("take", "lost")
    with here.till() as (_, spendgo):
        priced = here.priced(spendgo)
        with pytest.raises(InDoubtError):
            spendgo.pay(priced)
    with here.till(charges=False) as (till, spendgo):
        report = till.recover()
        assert (report.results, [one.order_id for one in report.left_alone]) == ((), ["t-1"])
        assert "charges" in report.left_alone[0].why
        with pytest.raises(ConfigurationError) as no:
            spendgo.pay(priced)
        assert no.value.problems[0].field == "charges"
        with pytest.raises(InDoubtError):
            spendgo.recover("t-1", within=0)
    assert here.terminal.asked == {}
    with here.till() as (till, spendgo):
        assert [one.result for one in till.recover().results] == [Settled.LANDED, Settled.RESENT]
        assert spendgo.get("t-1").state is PurchaseState.BILLED


def test_a_paid_sale_is_cancelled_by_giving_the_money_back_first(here: Shop) -> None:
    with here.till() as (_, spendgo):
        order = spendgo.pay(here.priced(spendgo))
        with pytest.raises(NotAllowedError) as no:
            spendgo.void(order, why="changed their mind")
        assert no.value.code == "charge.taken"
        assert "void" not in order.allowed
        done = spendgo.unpay(order, why="changed their mind")
        assert (done.state, done.taken) == (PurchaseState.VOIDED, None)
    assert (here.terminal.money, here.rewards_left()) == ({}, 1)


def test_a_completed_sale_is_refunded_at_the_provider_and_its_money_is_the_tills_own(here: Shop) -> None:
    with here.till() as (_, spendgo):
        order = spendgo.complete(spendgo.pay(here.priced(spendgo)))
        with pytest.raises(NotAllowedError) as no:
            spendgo.unpay(order, why="cold soup")
        assert no.value.code == "charge.completed"
    with here.till(charges=False) as (_, spendgo):
        assert spendgo.refund(spendgo.get("t-1"), why="cold soup").state is PurchaseState.REFUNDED
    assert here.terminal.reversed == {}


def test_nothing_to_pay_asks_no_terminal(here: Shop) -> None:
    with here.till() as (_, spendgo):
        free = here.priced(spendgo).facts.to_pay
        assert free is not None
        totals = free.discounted(free.total)
        order = spendgo.pay(spendgo.get("t-1"), totals=totals)
        assert order.state is PurchaseState.BILLED
    assert here.terminal.taken == {}


def test_a_terminal_that_took_another_amount_is_a_persons(here: Shop) -> None:
    with here.till() as (till, spendgo):
        priced = here.priced(spendgo)
        wrong = Taken(tenders=(Tender(kind=TenderKind.CREDIT, amount=usd("5.00")),), reference="r-1")
        here.terminal.next("take", wrong)
        with pytest.raises(NeedsHumanError):
            spendgo.pay(priced)
        [asked] = till.needs_human()
        assert asked.trigger == "charge"
        till.resolve(
            "t-1", as_=Verdict.ACCEPTED, because="the rest was paid too", by="dana", facts={"reference": "r-2"}
        )
        till.recover()
        order = spendgo.get("t-1")
        assert order.state is PurchaseState.BILLED
        assert order.taken is not None
        assert order.taken.reference == "r-2"


def test_a_guest_pays_too(here: Shop) -> None:
    with here.till() as (_, spendgo):
        assert spendgo.pay(spendgo.checkout("g-1", BASKET, buyer=GUEST)).state is PurchaseState.BILLED
