"""Of every sale, not only of the ones we thought of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stampcard.commands import Bill, Checkout, Place
from stampcard.facts import PurchaseFacts
from stampcard.guards import GUARDS
from stampcard.model import GUEST, Basket, Facts, Line, Member, Modifier, Money, Refusal, Reward, Tender, Totals

from .sales import Sale, asked, checkouts, codes, order_of, payments, steps, unhurried

CENTS = st.sampled_from([-100, -1, 1, 100])


@unhurried
@given(steps())
def test_an_honest_sale_passes(sale: Sale) -> None:
    assert asked(sale.order, sale.command) == ()


def nudged(amount: Money | None, units: int, currency: str) -> Money:
    return Money.minor(units if amount is None else amount.units + units, currency)


@unhurried
@given(checkouts(), st.sampled_from(["subtotal", "tax", "tip", "delivery", "discount", "total"]), CENTS)
def test_a_single_cent_changed_in_any_total_is_refused_at_checkout(sale: Sale, part: str, units: int) -> None:
    command = sale.command
    assert isinstance(command, Checkout)
    before = command.basket.totals
    after = attrs.evolve(before, **{part: nudged(getattr(before, part), units, before.total.currency)})
    changed = attrs.evolve(command, basket=attrs.evolve(command.basket, totals=after))
    assert "totals.do_not_add_up" in codes(sale.order, changed)


@unhurried
@given(payments(), st.sampled_from(["subtotal", "tax", "tip", "delivery", "discount", "total"]), CENTS)
def test_a_single_cent_changed_in_any_total_is_refused_at_payment(sale: Sale, part: str, units: int) -> None:
    command = sale.command
    assert isinstance(command, Place | Bill)
    before = command.totals
    after = attrs.evolve(before, **{part: nudged(getattr(before, part), units, before.total.currency)})
    found = codes(sale.order, attrs.evolve(command, totals=after))
    assert "totals.do_not_add_up" in found
    assert ("basket.changed" in found) is (part == "subtotal")
    assert ("tenders.do_not_sum" in found) is (part == "total")


@unhurried
@given(payments(), st.integers(0, 2), CENTS)
def test_a_single_cent_changed_in_any_payment_is_refused(sale: Sale, which: int, units: int) -> None:
    command = sale.command
    assert isinstance(command, Place | Bill)
    paid = list(command.tenders)
    which %= len(paid)
    paid[which] = attrs.evolve(paid[which], amount=nudged(paid[which].amount, units, paid[which].amount.currency))
    assert "tenders.do_not_sum" in codes(sale.order, attrs.evolve(command, tenders=tuple(paid)))


@unhurried
@given(payments(), st.integers(1, 5))
def test_more_than_the_validated_discount_is_never_taken(sale: Sale, units: int) -> None:
    facts = sale.order.facts
    if facts.reward is None:
        return
    above = nudged(facts.discount, units, facts.discount.currency)
    assert "reward.discount_above_validated" in codes(sale.order, attrs.evolve(sale.command, reward_discount=above))


# Independent faults, each with the code it must show beside all the others.
Fault = Callable[[Checkout], Checkout]


def _lines(change: Callable[[Line], Line]) -> Fault:
    def fault(command: Checkout) -> Checkout:
        lines = (change(command.basket.lines[0]), *command.basket.lines[1:])
        return attrs.evolve(command, basket=attrs.evolve(command.basket, lines=lines))

    return fault


def _total(command: Checkout) -> Checkout:
    totals = command.basket.totals
    off = attrs.evolve(totals, total=Money.minor(totals.total.units + 1, totals.total.currency))
    return attrs.evolve(command, basket=attrs.evolve(command.basket, totals=off))


def _rewards(command: Checkout) -> Checkout:
    spare = Reward(id="x", label="x", member_id="nobody", quantity=0, offer="x")
    return attrs.evolve(command, rewards=(*command.rewards, spare, spare))


FAULTS: dict[str, Fault] = {
    "line.label_blank": _lines(lambda line: attrs.evolve(line, label=" ")),
    "line.quantity_not_positive": _lines(lambda line: attrs.evolve(line, quantity=0)),
    "totals.do_not_add_up": _total,
    "reward.more_than_one": _rewards,
    "reward.used_up": _rewards,
}


@unhurried
@given(checkouts(), st.sets(st.sampled_from(sorted(FAULTS)), min_size=1))
def test_all_failures_are_reported_together(sale: Sale, chosen: set[str]) -> None:
    command = sale.command
    assert isinstance(command, Checkout)
    for code in sorted(chosen):
        command = FAULTS[code](command)
    found = codes(sale.order, command)
    assert found >= chosen
    if _rewards not in [FAULTS[code] for code in chosen]:
        assert found == chosen


# Arbitrary values: of the right types, and otherwise of no sense at all.
wild_money = st.builds(
    Money.minor,
    st.one_of(st.integers(-5, 5), st.integers(-(10**15), 10**15), st.sampled_from([10**15, -(10**15)])),
    st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
)
maybe = st.none() | wild_money
wild_text = st.text(max_size=5)
wild_int = st.one_of(st.integers(-2, 2), st.integers())
wild_modifier: SearchStrategy[Modifier] = st.recursive(
    st.builds(Modifier, label=wild_text, price=wild_money, quantity=wild_int),
    lambda inner: st.builds(
        Modifier, label=wild_text, price=wild_money, quantity=wild_int, modifiers=st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=4,
)
wild_line = st.builds(
    Line, label=wild_text, price=wild_money, quantity=wild_int, modifiers=st.lists(wild_modifier, max_size=2).map(tuple)
)
wild_totals = st.builds(
    Totals, subtotal=wild_money, total=wild_money, tax=maybe, tip=maybe, delivery=maybe, discount=maybe
)
wild_basket = st.builds(Basket, lines=st.lists(wild_line, max_size=3).map(tuple), totals=wild_totals)
wild_reward = st.builds(
    Reward,
    id=wild_text,
    label=wild_text | st.sampled_from(["{", "{0}", "%s"]),
    member_id=st.sampled_from(["7", "8"]),
    quantity=wild_int,
    offer=wild_text,
    value=maybe,
    spends_points=st.booleans(),
)
wild_buyer = st.just(GUEST) | st.builds(
    Member, id=st.sampled_from(["7", "8", ""]), provider=st.just("p"), status=wild_text
)
wild_tender = st.builds(Tender, kind=st.just("cash"), amount=wild_money)
wild_facts: SearchStrategy[Facts] = st.just(Facts()) | st.builds(
    PurchaseFacts,
    basket=st.none() | wild_basket,
    reward=st.none() | wild_reward,
    discount=maybe,
    reward_discount=maybe,
)


@st.composite
def wild_commands(draw: DrawFn) -> Any:
    if draw(st.booleans()):
        return Checkout(
            basket=draw(wild_basket),
            buyer=draw(wild_buyer),
            rewards=tuple(draw(st.lists(wild_reward, max_size=3))),
            projected=draw(maybe),
        )
    kind = draw(st.sampled_from([Place, Bill]))
    return kind(
        tenders=tuple(draw(st.lists(wild_tender, max_size=3))), totals=draw(wild_totals), reward_discount=draw(maybe)
    )


@unhurried
@given(wild_facts, wild_commands(), wild_text)
def test_guards_refuse_and_never_raise(facts: Facts, command: Any, number: str) -> None:
    order = order_of(facts, number=number)
    for guard in GUARDS.values():
        for said in guard.check(order, command):
            assert isinstance(said, Refusal)
            assert said.code in guard.codes or said.code == "command.not_of_this_step"
            assert said.message
            assert "{" not in said.message or "{" in "".join(said.params.values())
            assert all(isinstance(value, str) for value in said.params.values())
