"""The domain's values are frozen, keyword-only, and compute nothing they were not asked to."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stampcard import model
from stampcard.lifecycles import PurchaseState
from stampcard.model import (
    GUEST,
    Doubt,
    Environment,
    Facts,
    Guest,
    Money,
    Order,
    Refusal,
    Secret,
    Site,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.testing.strategies import money, totals

unhurried = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
VALUES = [kind for name in model.__all__ if isinstance(kind := getattr(model, name), type) and attrs.has(kind)]


def usd(amount: str) -> Money:
    return Money(amount, "USD")


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_values_are_frozen_slotted_and_built_by_keyword(kind: type[attrs.AttrsInstance]) -> None:
    assert all(field.kw_only for field in attrs.fields(kind))
    assert "__dict__" not in dir(kind)
    bare = kind.__new__(kind)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        bare.anything = 1  # type: ignore[attr-defined]  # the mistake under test


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_no_value_holds_a_float_or_a_bare_secret(kind: type[attrs.AttrsInstance]) -> None:
    for field in attrs.fields(kind):
        if field.name != "hard_end":  # seconds of a monotonic clock, never money
            assert "float" not in str(field.type), field.name
        assert "Secret" not in str(field.type), field.name


@unhurried
@given(totals())
def test_honest_totals_expect_their_own_total(sale: Totals) -> None:
    assert sale.total == sale.expected_total()
    assert sale.total in sale.parts()


@unhurried
@given(totals(), money(up_to="50"))
def test_a_discount_is_added_to_the_discounts_and_taken_off_the_total(sale: Totals, off: Money) -> None:
    after = sale.discounted(off)
    assert after.total == sale.total - off
    assert after.discount == (sale.discount or usd("0")) + off
    assert after == attrs.evolve(sale, discount=after.discount, total=after.total)


@unhurried
@given(totals(), money(up_to="50"), st.none() | money(up_to="9"))
def test_tip_and_recomputed_tax_keep_the_totals_adding_up(sale: Totals, tip: Money, tax: Money | None) -> None:
    after = sale.discounted(usd("0"), tax=tax).tipped(tip)
    assert after.total == after.expected_total()
    assert after.tip == (sale.tip or usd("0")) + tip
    assert after.tax == (sale.tax if tax is None else tax)


def test_the_sheets_own_sum() -> None:
    sale = Totals(subtotal=usd("10"), tax=usd("0.10"), tip=usd("0"), delivery=usd("0"), total=usd("10.10"))
    assert sale.discounted(usd("5")).total == usd("5.10")
    assert sale.discounted(usd("5"), tax=usd("0.05")).total == usd("5.05")


def test_totals_of_two_currencies_have_no_expected_total() -> None:
    mixed = Totals(subtotal=usd("10"), tax=Money(1, "EUR"), total=usd("10"))
    with pytest.raises(ValueError, match="do not mix"):
        mixed.expected_total()


@pytest.mark.parametrize("digits", ["4111111111111111", "123", "12345", "12a4", "", "\uff11\uff12\uff13\uff14", " 123"])
def test_a_tender_holds_four_digits_of_a_card_and_no_more(digits: str) -> None:
    with pytest.raises(ValueError, match="last four digits") as caught:
        Tender(kind=TenderKind.CREDIT, amount=usd("1"), last_four=digits)
    assert not digits.strip() or digits not in str(caught.value)
    assert Tender(kind=TenderKind.CREDIT, amount=usd("1"), last_four="1111").last_four == "1111"


def test_there_is_one_guest() -> None:
    assert list(Guest) == [GUEST]


def order(**changes: object) -> Order[PurchaseState, Facts]:
    fresh = Order(
        id="s1-1",
        provider="p",
        environment=Environment.TEST,
        site=Site(store="1"),
        lifecycle="PURCHASE",
        fingerprint="f",
        state=PurchaseState.PLACED,
        version=1,
        facts=Facts(),
    )
    return attrs.evolve(fresh, **changes)  # type: ignore[arg-type]  # any field may be the one under test


def test_an_order_is_settled_when_nothing_is_open() -> None:
    doubt = Doubt(intent="i", trigger="bill", since=datetime(2026, 3, 1, tzinfo=UTC), why="no answer")
    assert order().settled
    assert not order(doubt=doubt).settled
    assert not order(queued=("complete",)).settled


def test_a_replayed_answer_is_the_same_order() -> None:
    assert order(replayed=True) == order()
    assert order(version=2) != order()


def test_facts_know_nobody_and_learn_nothing_of_their_own() -> None:
    facts = Facts()
    assert facts.subject() is None
    assert facts.learn("anything") is facts
    assert Facts.personal == ()


def test_refusals_do_not_share_their_params() -> None:
    assert Refusal(code="a", message="b").params is not Refusal(code="a", message="b").params
    assert Secret("x") == Secret("x")


def test_what_is_printed_of_facts_and_commands_shows_nobody() -> None:
    @attrs.frozen(kw_only=True)
    class Held(Facts):
        personal = ("customer.name", "street")
        customer: str = "Ann Lee"
        street: str | None = "1 Main St"
        points: int = 7

    printed = repr(Held())
    assert "Ann" not in printed
    assert "Main" not in printed
    assert "points=7" in printed
    assert "***" in printed
