"""What a product may be sold for, when an order is looked at again, and what is remembered of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kalixo import orders as o

from stampcard.errors import NotAllowedError
from stampcard.journal.codec import decode, digest, encode, pack, unpack
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Money
from stampcard_adapters.kalixo import Delivered, Item, KalixoFacts, PlaceCodes, Product

FIXED = Product(id=2, sku="GB-EN-1", name="Game", price=o.gbp("32.99"))
OPEN = Product(id=3, sku="GB-EN-2", name="Card", price=None, lowest=o.gbp("5"), highest=o.gbp("50"), step=o.gbp("2.50"))


class TestBuying:
    def test_a_fixed_product_has_its_price(self) -> None:
        item = Item(product_id=2, sku="GB-EN-1", price=o.gbp("32.99"), quantity=2)
        assert FIXED.buy(2) == FIXED.buy(2, price=o.gbp("32.99")) == item

    def test_an_open_one_has_the_customers(self) -> None:
        assert OPEN.buy(price=o.gbp("7.50")) == Item(product_id=3, sku="GB-EN-2", price=o.gbp("7.50"), quantity=1)
        assert OPEN.buy(price=o.gbp("5")).price == o.gbp("5")
        assert OPEN.buy(price=o.gbp("50")).price == o.gbp("50")

    @pytest.mark.parametrize(
        ("product", "price", "code"),
        [
            (FIXED, o.gbp("33"), "product.price_changed"),
            (FIXED, Money("32.99", "EUR"), "product.price_changed"),
            (OPEN, None, "product.price_missing"),
            (OPEN, o.gbp("4.99"), "product.price_too_low"),
            (OPEN, o.gbp("50.01"), "product.price_too_high"),
            (OPEN, o.gbp("7.49"), "product.price_off_step"),
            (OPEN, Money(5, "EUR"), "product.currency"),
            (attrs.evolve(OPEN, lowest=None), o.gbp("-2.50"), "product.price_too_low"),
        ],
    )
    def test_what_it_is_not_sold_for(self, product: Product, price: Money | None, code: str) -> None:
        with pytest.raises(NotAllowedError) as caught:
            product.buy(price=price)
        assert caught.value.code == code

    def test_every_reason_is_told(self) -> None:
        with pytest.raises(NotAllowedError) as caught:
            OPEN.buy(0)
        assert [r.code for r in caught.value.refusals] == ["quantity.not_positive", "product.price_missing"]

    @given(units=st.integers(-100, 6000))
    def test_exactly_what_is_within_and_on_step_is_sold(self, units: int) -> None:
        good = 500 <= units <= 5000 and (units - 500) % 250 == 0
        try:
            assert OPEN.buy(price=Money.minor(units, "GBP")).price == Money.minor(units, "GBP")
            assert good
        except NotAllowedError:
            assert not good

    def test_a_product_without_a_sku_is_ordered_by_its_number(self) -> None:
        assert attrs.evolve(FIXED, sku="").buy().sku is None


@pytest.mark.parametrize(("units", "whole"), [(0, False), (2, False), (3, True), (4, True)])
def test_delivered_is_whole_when_nothing_is_missing(units: int, whole: bool) -> None:
    assert Delivered(units=units, ordered=3).whole is whole


def test_what_is_remembered_comes_back_from_the_journal() -> None:
    facts = KalixoFacts(
        kalixo_id="59400",
        items=o.ITEMS,
        delivered=Delivered(units=2, ordered=3),
        ready_at=o.NOON,
        reason="no stock",
        status="partially_completed",
    )
    tree, personal = encode(facts)
    assert personal == {}
    assert decode(KalixoFacts, unpack(pack(tree)), None) == facts
    command, _ = encode(o.PLACE)
    assert decode(PlaceCodes, unpack(pack(command)), None) == o.PLACE
    assert KalixoFacts().learn(o.PLACE).items == o.ITEMS
    assert facts.learn(o.LOOK) == facts


def test_how_the_total_is_checked_is_no_part_of_the_wish() -> None:
    lenient = attrs.evolve(o.PLACE, total_as_given=True)
    assert digest("O-1", o.PLACE) == digest("O-1", lenient)
    assert digest("O-1", o.PLACE) != digest("O-1", attrs.evolve(o.PLACE, total=o.gbp("1")))


class TestWhenToLookAgain:
    def after(self, version: Any, looks: int, ready_in: float | None = None, **switches: Any) -> float | None:
        ready = None if ready_in is None else o.NOON + timedelta(seconds=ready_in)
        return o.adapter(version, **switches).look_after(o.waiting(version, ready_at=ready), o.NOON, looks)

    def test_v2_is_asked_when_it_said_and_then_once_a_minute(self) -> None:
        assert self.after(2, 0, 10.0) == 10.0
        assert self.after(2, 0, -10.0) == self.after(2, 0) == 0.0
        assert [self.after(2, n, -10.0) for n in (1, 2, 9)] == [60.0, 60.0, 60.0]
        assert self.after(2, 1, 90.0) == 90.0  # it named a later time meanwhile
        assert self.after(2, 1, 20.0) == 60.0
        assert self.after(2, 3, look_every=5.0) == 5.0

    def test_a_time_far_off_is_not_waited_for_without_a_look(self) -> None:
        assert self.after(2, 0, 10**7) == 900.0

    def test_v1_names_no_time_and_is_asked_sooner_unless_switched_off(self) -> None:
        assert [self.after(1, n) for n in (0, 1, 2, 9)] == [1.0, 2.0, 4.0, 30.0]
        assert [self.after(1, n, quick_looks=False) for n in (0, 1, 2)] == [0.0, 60.0, 60.0]

    @pytest.mark.parametrize("state", ["new", "completed", "partially_completed", "failed", "cancelled", "error"])
    def test_an_order_at_rest_is_not_asked_about(self, state: str) -> None:
        for version in o.VERSIONS:
            resting = o.order(o.WAITING, FulfilmentState(state))
            assert o.adapter(version).look_after(resting, o.NOON, 0) is None
