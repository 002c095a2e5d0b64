"""Steps that wait: what is taken down while the provider is away, and that it is sent once, in its order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.offline.store import BASKET, CASH, POLICY, at, usd

from stampcard import (
    GUEST,
    ConflictError,
    InDoubtError,
    NotAllowedError,
    OfflinePolicy,
    PurchaseState,
    UnavailableError,
    Verdict,
)
from stampcard.journal.contract import Append
from stampcard.journal.memory import MemoryJournal
from stampcard.model import Entry, EntryKind
from stampcard.testing import Drop, Refuse, Status, When
from stampcard_adapters.spendgo import SpendgoOrder

SALE = ("placed", "billed", "completed")
NO = b'{"code":"400","status":"Bad Request","message":"no","details":"no"}'


# a sale without a reward


def test_a_sale_that_only_earns_is_taken_while_the_provider_is_away_and_sent_when_it_is_back() -> None:
    with at() as store:
        with store.away():
            order = store.sold("a")
            assert (order.state, order.queued) == (PurchaseState.NEW, ("checkout", "place", "bill", "complete"))
            assert order.expected is not None
            assert order.expected.state is PurchaseState.COMPLETED
            assert order.facts.basket is None  # no provider has confirmed it
            assert order.outlook.facts.discount == usd("0")
            assert not order.settled
            assert order.cashier == "Kept on this register. It is sent when the loyalty service is back."
            assert store.there("a") == ()
        points = store.sandbox.spendgo.points("494979")
        assert [result for _, _, result in store.drained()] == ["sent"] * 4
        order = store.spendgo.get("a")
        assert (order.state, order.queued, order.expected) == (PurchaseState.COMPLETED, (), None)
        assert store.there("a") == SALE
        assert store.sandbox.spendgo.points("494979") == points + 52
        assert order.settled
        assert store.drained() == []


def test_a_guests_sale_waits_too() -> None:
    with at() as store:
        with store.away():
            order = store.spendgo.checkout("a", BASKET, buyer=GUEST)
            assert order.queued == ("checkout",)
        store.drained()
        assert store.spendgo.get("a").state is PurchaseState.CHECKOUT


@pytest.mark.parametrize("upto", ["checkout", "place", "bill"])
def test_the_provider_may_go_away_after_any_step(upto: str) -> None:
    with at() as store:
        order = store.sold("a", upto)
        with store.away():
            if upto == "checkout":
                order = store.spendgo.place(order, tenders=CASH)
            if upto in ("checkout", "place"):
                order = store.spendgo.bill(order)
            order = store.spendgo.complete(order)
            assert order.outlook.state is PurchaseState.COMPLETED
        store.drained()
        assert store.there("a") == SALE


def test_without_a_policy_nothing_waits() -> None:
    with at(policy=None) as store:
        order = store.sold("a", "bill")
        with store.away(), pytest.raises(UnavailableError) as away:
            store.spendgo.complete(order)
        assert away.value.reason == "unreachable"
        assert store.waits() == 0


class Meanwhile(MemoryJournal):
    """Once, right after a call came to nothing, another lane has its turn."""

    turn: Callable[[], object] | None = None

    def append(self, append: Append) -> tuple[Entry, ...]:
        entries = super().append(append)
        if append.entries[0].kind is EntryKind.UNKNOWN and self.turn is not None:
            turn, self.turn = self.turn, None
            turn()
        return entries


def test_a_step_that_another_lane_took_down_meanwhile_is_no_replay_when_its_own_call_was_made() -> None:
    journal = Meanwhile()
    with at(journal) as one, at(journal, sandbox=one.sandbox, clock=one.clock) as other:
        taken: list[SpendgoOrder] = []

        def taken_down() -> None:
            with other.away():
                taken.append(other.spendgo.checkout("a", BASKET, buyer=GUEST))

        journal.turn = taken_down
        one.sandbox.faults.next(Drop(When.AFTER), trigger="checkout")
        order = one.spendgo.checkout("a", BASKET, buyer=GUEST)
        assert [first.queued for first in taken] == [("checkout",)]
        assert (order.queued, order.replayed) == (("checkout",), False)
        assert one.spendgo.checkout("a", BASKET, buyer=GUEST).replayed


def test_a_step_that_is_asked_for_again_is_the_one_that_waits_already() -> None:
    with at() as store:
        order = store.sold("a", "bill")
        with store.away():
            first = store.spendgo.complete(order, command_id="c1")
            again = store.spendgo.complete(first, command_id="c1")
            third = store.spendgo.complete(first)
            assert (again.replayed, third.replayed) == (True, True)
            assert (again.version, third.version, store.waits()) == (first.version, first.version, 1)
            with pytest.raises(ConflictError):
                store.spendgo.void(first, why="other input", command_id="c1")
        store.drained()
        assert store.spendgo.complete(store.spendgo.get("a"), command_id="c1").replayed
        assert store.there("a") == SALE


def test_a_later_step_waits_behind_what_waits_although_the_provider_is_back() -> None:
    with at() as store:
        with store.away():
            order = store.sold("a", "bill")
        order = store.spendgo.complete(order)
        assert order.queued == ("checkout", "place", "bill", "complete")
        store.drained()
        assert store.there("a") == SALE


def test_guards_run_on_what_is_expected() -> None:
    with at() as store, store.away():
        order = store.sold("a", "checkout")
        with pytest.raises(NotAllowedError) as no:
            store.spendgo.place(order, tenders=())
        assert no.value.code == "tender.missing"
        with pytest.raises(NotAllowedError):
            store.spendgo.complete(order)
        assert "complete" not in order.allowed
        assert {"place", "void", "checkout", "abandon"} <= order.allowed
        order = store.spendgo.place(order, tenders=CASH)
        assert order.allowed == {"bill", "void"}


def test_an_offline_sale_that_is_dropped_is_never_sent() -> None:
    with at() as store:
        with store.away():
            order = store.spendgo.abandon(store.sold("a", "checkout"))
            assert (order.state, order.queued) == (PurchaseState.ABANDONED, ())
        assert store.drained() == []
        assert store.sandbox.spendgo.states("a") == ()
        assert store.waits() == 0


def test_a_sale_that_is_under_way_is_not_dropped_with_what_waits_of_it() -> None:
    """Seen: the place that waited was forgotten with the abandon, as the provider had confirmed the checkout only."""
    with at() as store:
        order = store.sold("a", "checkout")
        with store.away():
            order = store.spendgo.place(order, tenders=CASH)
            with pytest.raises(NotAllowedError) as no:
                store.spendgo.abandon(order)
        assert no.value.code == "order.queued"
        assert store.waits() == 1


# what never waits


@pytest.mark.parametrize("upto", ["", "checkout", "place"])
def test_a_redemption_is_refused_with_a_clear_sentence(upto: str) -> None:
    with at() as store:
        member = store.sandbox.spendgo.member
        [reward] = store.spendgo.rewards(member)
        discounted = BASKET.totals.discounted(usd("5"))
        cash = [CASH[0].__class__(kind=CASH[0].kind, amount=discounted.total)]
        order = None
        if upto:
            order = store.spendgo.checkout("a", BASKET, buyer=member, reward=reward)
        if upto == "place" and order is not None:
            order = store.spendgo.place(order, tenders=cash)
        steps = {
            "": lambda: store.spendgo.checkout("a", BASKET, buyer=member, reward=reward),
            "checkout": lambda: store.spendgo.place(order, tenders=cash),
            "place": lambda: store.spendgo.bill(order),
        }
        with store.away(), pytest.raises(UnavailableError) as away:
            steps[upto]()
        assert (away.value.code, away.value.reason) == ("offline.reward", "unreachable")
        assert away.value.cashier == (
            "Rewards cannot be redeemed while the loyalty service is away. Sell without it; points are added later."
        )
        assert store.waits() == 0


def test_the_rest_of_a_sale_with_a_reward_waits_once_the_reward_is_taken() -> None:
    with at() as store:
        member = store.sandbox.spendgo.member
        [reward] = store.spendgo.rewards(member)
        order = store.spendgo.checkout("a", BASKET, buyer=member, reward=reward)
        cash = [CASH[0].__class__(kind=CASH[0].kind, amount=BASKET.totals.discounted(usd("5")).total)]
        order = store.spendgo.bill(store.spendgo.place(order, tenders=cash))
        with store.away():
            assert store.spendgo.complete(order).queued == ("complete",)
        store.drained()
        assert store.there("a") == SALE


# doubts


def test_complete_waits_behind_a_doubt_and_is_sent_once_that_is_settled() -> None:
    with at() as store:
        order = store.sold("a", "place")
        store.sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        with pytest.raises(InDoubtError):
            store.spendgo.bill(order)
        order = store.spendgo.get("a")
        assert {"complete", "void"} <= order.allowed
        order = store.spendgo.complete(order)
        assert (order.queued, order.doubt is not None) == (("complete",), True)
        assert store.there("a") == ("placed", "billed")
        store.drained()
        assert store.there("a") == SALE
        assert store.spendgo.get("a").settled


def test_without_a_policy_nothing_waits_behind_a_doubt() -> None:
    with at(policy=None) as store:
        order = store.sold("a", "place")
        store.sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        with pytest.raises(InDoubtError):
            store.spendgo.bill(order)
        with pytest.raises(NotAllowedError) as no:
            store.spendgo.complete(store.spendgo.get("a"))
        assert no.value.code == "order.in_doubt"


def test_a_reversal_that_waits_suspends_the_recovery_of_what_it_undoes() -> None:
    with at() as store:
        order = store.sold("a", "place")
        store.sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        with pytest.raises(InDoubtError):
            store.spendgo.bill(order)
        with store.away():
            order = store.spendgo.void(store.spendgo.get("a"), why="customer left")
            assert order.queued == ("void",)
        store.clock.pass_(minutes=10)
        calls: list[str] = []
        results = [(one.trigger, str(one.result)) for one in store.till.recover(limit=1).results]
        calls += [trigger for trigger, _ in results]
        assert ("bill", "still_open") in results
        assert ("void", "sent") in results
        assert store.there("a") == ("placed", "billed", "voided")
        assert store.spendgo.get("a").state is PurchaseState.VOIDED


def test_a_cashier_who_asks_has_the_reversal_sent_that_waits() -> None:
    with at() as store:
        order = store.sold("a", "place")
        store.sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        with pytest.raises(InDoubtError):
            store.spendgo.bill(order)
        with store.away():
            store.spendgo.void(store.spendgo.get("a"), why="customer left")
        assert store.spendgo.recover("a", within=30).state is PurchaseState.VOIDED
        assert store.there("a") == ("placed", "billed", "voided")


def test_a_provider_that_goes_away_again_in_the_middle_loses_nothing() -> None:
    with at() as store:
        with store.away():
            store.sold("a")
        store.sandbox.faults.next(Refuse(), trigger="bill")
        assert [(t, r) for _, t, r in store.drained()] == [("checkout", "sent"), ("place", "sent"), ("bill", "queued")]
        order = store.spendgo.get("a")
        assert (order.state, order.queued, order.doubt) == (PurchaseState.PLACED, ("bill", "complete"), None)
        store.drained()
        assert store.there("a") == SALE


def test_a_reply_that_is_lost_while_draining_is_recovered_before_anything_else_is_sent() -> None:
    with at() as store:
        with store.away():
            store.sold("a")
        store.sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        store.drained()
        order = store.spendgo.get("a")
        assert (order.queued, order.doubt is not None) == (("complete",), True)
        store.drained()
        assert store.there("a") == SALE
        assert store.kinds("a").count("bill attempt") == 1


# one bad record


def test_a_no_to_a_step_that_waited_goes_to_a_person_and_blocks_no_other_order() -> None:
    with at() as store:
        with store.away():
            store.sold("a")
            store.sold("b")
        store.sandbox.faults.next(Status(400, body=NO), trigger="bill")
        store.drained()
        order = store.spendgo.get("a")
        assert (order.state, order.queued) == (PurchaseState.PLACED, ("complete",))
        [asked] = store.till.needs_human()
        assert (asked.order.id, asked.trigger) == ("a", "bill")
        assert store.kinds("a")[-2:] == ["bill declined", "bill escalated"]
        assert store.spendgo.get("b").state is PurchaseState.COMPLETED
        assert store.drained() == [("a", "bill", "escalated"), ("a", "complete", "queued")]  # nothing more is sent
        store.till.resolve("a", as_=Verdict.DECLINED, because="looked", by="ben")
        store.drained()
        [asked] = store.till.needs_human()
        assert (asked.trigger, asked.reason.partition(":")[0]) == (
            "complete",
            "it cannot follow what became of the sale",
        )
        order = store.till.resolve("a", as_=Verdict.DECLINED, because="never happened there", by="ben")
        assert (order.queued, order.state, store.till.needs_human()) == ((), PurchaseState.PLACED, ())
        assert store.there("a") == ("placed",)


def test_what_a_person_found_done_lets_the_rest_go_on() -> None:
    with at() as store:
        with store.away():
            store.sold("a")
        store.sandbox.faults.next(Status(400, When.AFTER, NO), trigger="bill")
        store.drained()
        assert store.spendgo.get("a").queued == ("complete",)
        store.till.resolve("a", as_=Verdict.ACCEPTED, because="it is there", by="ben")
        store.drained()
        assert store.there("a") == SALE
        assert store.spendgo.get("a").settled


# bounds


def test_what_has_waited_too_long_is_handed_to_a_person_who_may_send_it() -> None:
    with at() as store:
        order = store.sold("a", "bill")
        with store.away():
            store.spendgo.complete(order)
        store.clock.pass_(hours=25)
        assert store.drained() == [("a", "complete", "escalated")]
        order = store.spendgo.get("a")
        assert order.queued == ("complete",)
        assert order.cashier == "'complete' could not be sent and needs a person to look. Call the help desk."
        [asked] = store.till.needs_human()
        assert "waited since" in asked.reason
        assert store.till.offline().for_a_person == 1
        store.till.resolve("a", as_=Verdict.SEND, because="the customer asked", by="ben")
        assert store.drained() == [("a", "complete", "sent")]
        assert store.there("a") == SALE


def test_a_reversal_waits_as_long_as_it_takes() -> None:
    with at() as store:
        order = store.sold("a", "bill")
        with store.away():
            store.spendgo.void(order, why="w")
        store.clock.pass_(hours=100)
        assert store.drained() == [("a", "void", "sent")]


def test_a_sale_beyond_the_largest_amount_is_not_begun_without_the_provider() -> None:
    with at(policy=OfflinePolicy(max_age=timedelta(hours=1), max_amount=usd("50"))) as store:
        with store.away(), pytest.raises(UnavailableError) as away:
            store.sold("a", "checkout")
        assert (away.value.code, store.waits()) == ("offline.too_large", 0)
        order = store.sold("b", "bill")
        with store.away():
            assert store.spendgo.complete(order).queued == ("complete",)  # it is paid for


def test_where_too_many_sales_wait_none_is_begun_and_one_under_way_is_handed_to_a_person() -> None:
    policy = OfflinePolicy(max_age=timedelta(hours=1), max_amount=usd("500"), max_count=2)
    with at(policy=policy) as store:
        paid, cancelled = store.sold("paid", "bill"), store.sold("cancelled", "bill")
        with store.away():
            store.sold("a")
            store.sold("b", "checkout")
            with pytest.raises(UnavailableError) as away:
                store.sold("c", "checkout")
            assert away.value.code == "offline.full"
            store.sold("a")  # what waits already goes on
            assert store.spendgo.complete(paid).queued == ("complete",)
            store.spendgo.void(cancelled, why="w")
        [asked] = store.till.needs_human()
        assert (asked.order.id, asked.trigger) == ("paid", "complete")
        store.drained()
        assert store.there("paid") == ("placed", "billed")
        assert store.there("cancelled") == ("placed", "billed", "voided")
        store.till.resolve("paid", as_=Verdict.SEND, because="fine", by="ben")
        store.drained()
        assert store.there("paid") == SALE


def test_only_what_waits_can_be_sent_by_a_person() -> None:
    with at() as store:
        order = store.sold("a", "place")
        store.sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        with pytest.raises(InDoubtError):
            store.spendgo.bill(order)
        with pytest.raises(NotAllowedError) as no:
            store.till.resolve("a", as_=Verdict.SEND, because="w", by="b", before_recovery=True)
        assert no.value.code == "resolve.send"


# what the screen shows


def test_the_screen_is_told_how_much_waits_and_how_long() -> None:
    with at() as store:
        idle = store.till.offline()
        assert (idle.depth, idle.sales, idle.oldest, idle.online) == (0, 0, None, True)
        with store.away():
            store.sold("a")
            store.clock.pass_(minutes=5)
            store.sold("b", "checkout")
            store.clock.pass_(minutes=1)
            told = store.till.offline()
            assert (told.depth, told.sales, told.oldest) == (5, 2, timedelta(minutes=6))
        store.till.switch_off("spendgo", why="w", by="ben")
        assert store.till.offline().switched_off == {"spendgo": "switched off by ben: w"}
        assert not store.till.offline().online


def test_what_is_switched_off_waits_and_reversals_go_through() -> None:
    with at() as store:
        order, other = store.sold("a", "bill"), store.sold("b", "bill")
        store.till.switch_off("spendgo", why="w", by="ben")
        assert store.spendgo.complete(order).queued == ("complete",)
        assert store.spendgo.void(other, why="w").state is PurchaseState.VOIDED
        assert [result for _, _, result in store.drained()] == ["queued"]
        store.till.switch_on("spendgo", why="w", by="ben")
        store.clock.pass_(seconds=2)
        store.drained()
        assert store.there("a") == SALE


def test_a_policy_has_bounds_above_zero() -> None:
    for bad in ({"max_age": timedelta()}, {"max_count": 0}, {"max_amount": usd("-1")}):
        with pytest.raises(ValueError, match="above zero"):
            OfflinePolicy(**{"max_age": POLICY.max_age, "max_amount": POLICY.max_amount, **bad})


@pytest.mark.parametrize("age", [timedelta.max, timedelta(days=366, microseconds=1)])
def test_a_policy_keeps_nothing_for_longer_than_a_year(age: timedelta) -> None:
    with pytest.raises(ValueError, match="max_age is at most 366 days"):
        OfflinePolicy(max_age=age, max_amount=POLICY.max_amount)
    OfflinePolicy(max_age=timedelta(days=366), max_amount=POLICY.max_amount)
