"""A customer who gives a phone number while nobody can be looked up: the sale waits, and is the member's once sent."""

from __future__ import annotations

import pytest
from tests.offline.store import BASKET, CASH, Store, at

from stampcard import Member, NotAllowedError, PurchaseState, UnavailableError, Verdict
from stampcard.testing import Drop, Refuse, Status, When
from stampcard.testing.faults import Fault

PHONE = "5555550100"


def sold(store: Store, phone: str = PHONE) -> Member:
    buyer = store.spendgo.member(phone)
    assert isinstance(buyer, Member)
    assert store.spendgo.rewards(buyer) == ()
    order = store.spendgo.checkout("a", BASKET, buyer=buyer)
    order = store.spendgo.bill(store.spendgo.place(order, tenders=CASH))
    store.spendgo.complete(order)
    return buyer


def results(store: Store) -> list[str]:
    return [result for _, _, result in store.drained()]


def test_the_points_of_a_sale_to_a_phone_number_are_added_later() -> None:
    with at() as store:
        owner = store.sandbox.spendgo.member.id
        before = store.sandbox.spendgo.points(owner)
        with store.away():
            buyer = sold(store, f"({store.sandbox.spendgo.phone[:3]}) {store.sandbox.spendgo.phone[3:]}")
            assert buyer.phone == store.sandbox.spendgo.phone
        store.drained()
        order = store.spendgo.get("a")
        assert order.state is PurchaseState.COMPLETED
        assert isinstance(order.facts.buyer, Member)
        assert (order.facts.buyer.id, order.facts.buyer.phone) == (owner, None)
        assert store.sandbox.spendgo.points(owner) == before + 52


@pytest.mark.parametrize("fault", [Refuse(), Drop(When.AFTER), Status(503)])
def test_a_look_up_that_fails_leaves_the_sale_waiting(fault: Fault) -> None:
    with at() as store:
        with store.away():
            sold(store)
        store.sandbox.faults.next(fault, trigger="member")
        assert results(store) == ["queued"]
        assert store.sandbox.faults.unused == ()
        store.drained()
        assert store.spendgo.get("a").state is PurchaseState.COMPLETED


def test_a_number_the_provider_does_not_take_goes_to_a_person() -> None:
    with at() as store:
        with store.away():
            sold(store, "12")
        assert results(store) == ["escalated"]
        [asked] = store.till.needs_human()
        assert "it cannot be completed" in asked.reason
        store.till.resolve("a", as_=Verdict.DECLINED, because="no such number", by="ben")
        assert store.there("a") == ()


def test_a_sale_to_one_who_is_not_looked_up_waits_although_the_provider_is_back() -> None:
    with at() as store:
        with store.away():
            buyer = store.spendgo.member(PHONE)
        assert isinstance(buyer, Member)
        order = store.spendgo.checkout("a", BASKET, buyer=buyer)
        assert order.queued == ("checkout",)
        store.drained()
        assert store.spendgo.get("a").state is PurchaseState.CHECKOUT


def test_without_a_policy_or_with_more_than_a_number_nobody_is_made_up() -> None:
    with at(policy=None) as store, store.away(), pytest.raises(UnavailableError):
        store.spendgo.member(PHONE)
    with at() as store, store.away(), pytest.raises(UnavailableError):
        store.spendgo.member(PHONE, email="a@b.c")
    with at(policy=None) as store, pytest.raises(NotAllowedError):
        store.spendgo.checkout("a", BASKET, buyer=Member.by_phone(PHONE, provider="spendgo"))


def test_a_number_is_personal_data_shown_nowhere_and_forgotten_by_itself() -> None:
    with at() as store:
        with store.away():
            buyer = sold(store)
        assert PHONE not in repr(buyer)
        assert PHONE not in repr(store.spendgo.get("a"))
        assert all(PHONE.encode() not in entry.body for entry in store.spendgo.history("a"))
        assert store.till.forget(f"phone:{PHONE}", provider="spendgo") == 1
        assert results(store) == ["escalated"]
        assert "erased" in store.till.needs_human()[0].reason
