"""What a stranger tripped over: ids that follow the seat, a void with the order in hand, ids that are none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from stampcard import (
    GUEST,
    Basket,
    ConflictError,
    InDoubtError,
    Line,
    Money,
    NotAllowedError,
    Site,
    Tender,
    TenderKind,
    Till,
    Totals,
)
from stampcard.testing import Drop, Terminal, When
from stampcard_adapters.testing import STORE, Sandbox

DAY = date(2026, 11, 22)
TEN = Money("10.00", "USD")
BASKET = Basket(lines=(Line(label="Latte", price=TEN),), totals=Totals(subtotal=TEN, total=TEN))
CASH = Tender(kind=TenderKind.CASH, amount=TEN)


def test_two_registers_on_one_till_never_share_an_order() -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        one, two = (spendgo.at(Site(store=STORE, register=register)) for register in ("1", "2"))
        first, second = one.order_id(ticket="1", day=DAY), two.order_id(ticket="1", day=DAY)
        assert first != second
        one.checkout(first, BASKET, buyer=GUEST)
        with pytest.raises(ConflictError) as caught:
            two.checkout(first, BASKET, buyer=GUEST)
        assert "register 1" in caught.value.detail
        assert one.checkout(first, BASKET, buyer=GUEST).replayed


def test_the_cashier_cancels_what_is_in_doubt_with_the_order_in_hand() -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        placed = spendgo.place(spendgo.checkout("a-1", BASKET, buyer=GUEST), tenders=[CASH])
        sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        with pytest.raises(InDoubtError) as caught:
            spendgo.bill(placed)
        assert caught.value.reversible
        assert spendgo.void(placed, why="no answer").state == "voided"
        assert sandbox.spendgo.states("a-1")[-1] == "voided"


def test_an_older_order_than_the_doubt_is_a_conflict_still() -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        priced = spendgo.checkout("a-1", BASKET, buyer=GUEST)
        placed = spendgo.place(priced, tenders=[CASH])
        sandbox.faults.next(Drop(When.AFTER), trigger="bill")
        with pytest.raises(InDoubtError):
            spendgo.bill(placed)
        with pytest.raises(ConflictError):
            spendgo.void(priced, why="no answer")


@pytest.mark.parametrize("order_id", ["", " ", "a b", "a\n", "a\0", "é", "x" * 101])
def test_an_id_that_is_none_opens_nothing(order_id: str) -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        with pytest.raises(NotAllowedError) as caught:
            spendgo.checkout(order_id, BASKET, buyer=GUEST)
        assert caught.value.code == "order.id_invalid"
        assert list(till.changes()) == []


def test_what_is_to_pay_is_told() -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        order = till.use(sandbox.spendgo.provider()).checkout("a-1", BASKET, buyer=GUEST)
        assert order.facts.to_pay is not None
        assert order.facts.to_pay.total == TEN


@pytest.mark.parametrize("site", [{"store": ""}, {"store": "1", "tenant": " "}, {"store": "1", "register": ""}])
def test_a_site_names_something(site: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not blank"):
        Site(**site)


@pytest.mark.parametrize("verb", ["place", "bill", "pay", "unpay"])
def test_an_order_is_wanted_and_its_id_is_refused_clearly(verb: str) -> None:
    """Seen: an AttributeError."""
    more: dict[str, dict[str, Any]] = {"place": {"tenders": [CASH]}, "unpay": {"why": "w"}}
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport(), charges=Terminal()) as till:
        spendgo: Any = till.use(sandbox.spendgo.provider())
        spendgo.checkout("a-1", BASKET, buyer=GUEST)
        with pytest.raises(NotAllowedError, match=r"an order is needed, not str: get\(order_id\) gives it") as caught:
            getattr(spendgo, verb)("a-1", **more.get(verb, {}))
        assert (caught.value.code, caught.value.order_id) == ("input.type", "a-1")
        assert spendgo.get("a-1").state == "checkout"


@pytest.mark.parametrize(
    "buyer", ["5555550100", "Pat O'Neil 5555550100 of 'Elm' street", "a\"b'c 5555550100", "5555550100 - at x"]
)
def test_a_customers_number_in_the_wrong_place_is_not_in_the_error(buyer: str) -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        spendgo: Any = till.use(sandbox.spendgo.provider())
        with pytest.raises(NotAllowedError, match=r"\$\.buyer") as caught:
            spendgo.checkout("a-1", BASKET, buyer=buyer)
        assert "5555550100" not in f"{caught.value} {caught.value.detail} {caught.value.as_dict()}"
