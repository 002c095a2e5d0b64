"""Honest sales for the guards' tests: an order, and a command that every guard of its row lets through."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stampcard.commands import Bill, Checkout, Command, Place
from stampcard.facts import PurchaseFacts
from stampcard.guards import refusals
from stampcard.lifecycles import LIFECYCLES, AnyLifecycle
from stampcard.model import (
    GUEST,
    AnyOrder,
    Basket,
    Environment,
    Facts,
    Line,
    Member,
    Money,
    Order,
    Refusal,
    Reward,
    Site,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.testing.strategies import baskets, members, money, rewards, tenders, totals

unhurried = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
"""A busy build machine is no reason to fail."""

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = Member(id="7", provider="p", status="active")
COFFEE = Reward(id="r1", label="Free coffee", member_id="7", quantity=1, offer="o1")


def usd(amount: str) -> Money:
    return Money(amount, "USD")


def order_of(
    facts: Facts | None = None, *, lifecycle: str = "PURCHASE", state: str = "new", number: str = "s1-1"
) -> AnyOrder:
    table: AnyLifecycle = LIFECYCLES[lifecycle]
    return Order(
        id=number,
        provider="p",
        environment=Environment.TEST,
        site=Site(store="1"),
        lifecycle=table.name,
        fingerprint=table.fingerprint,
        state=table.states(state),
        version=1,
        facts=PurchaseFacts() if facts is None else facts,
    )


def asked(order: AnyOrder, command: Command) -> tuple[Refusal, ...]:
    """All refusals of the row this command fires, from whatever state has one."""
    row = next(row for row in LIFECYCLES[order.lifecycle].rows if row.trigger == command.trigger)
    return refusals(row, order, command)


def codes(order: AnyOrder, command: Command) -> set[str]:
    return {refusal.code for refusal in asked(order, command)}


SALE = Totals(subtotal=usd("10.00"), tax=usd("0.10"), discount=usd("5.00"), total=usd("5.10"))
BASKET = Basket(
    lines=(Line(label="Latte", price=usd("5.00"), quantity=2),),
    totals=Totals(subtotal=usd("10.00"), tax=usd("0.10"), total=usd("10.10")),
)
CHECKED = PurchaseFacts(basket=BASKET, buyer=ANNA, reward=COFFEE, discount=usd("5.00"))
PRICING = Checkout(basket=BASKET, buyer=ANNA, rewards=(COFFEE,))
CASH = Tender(kind=TenderKind.CASH, amount=usd("5.10"))
PLACING = Place(tenders=(CASH,), totals=SALE)


@attrs.frozen
class Sale:
    """One honest step of a sale."""

    order: AnyOrder
    command: Command


currencies = st.sampled_from(["USD", "JPY", "KWD", "CLF"])


@st.composite
def checkouts(draw: DrawFn) -> Sale:
    currency = draw(currencies)
    basket = draw(baskets(currency))
    if draw(st.booleans()):
        return Sale(order_of(), Checkout(basket=basket, buyer=GUEST))
    buyer = draw(members())
    one = st.lists(rewards(currency, member_id=buyer.id), max_size=1).map(tuple)
    return Sale(
        order_of(), Checkout(basket=basket, buyer=buyer, rewards=draw(one), projected=draw(st.none() | money(currency)))
    )


@st.composite
def payments(draw: DrawFn, kind: type[Place] | type[Bill] | None = None) -> Sale:
    currency = draw(currencies)
    basket = draw(baskets(currency))
    zero = Money.zero(currency)
    reward = draw(st.none() | rewards(currency, member_id="7"))
    validated = zero
    if reward is not None:
        validated = Money.minor(draw(st.integers(0, basket.totals.subtotal.units)), currency)
    facts = PurchaseFacts(basket=basket, buyer=ANNA, reward=reward, discount=validated)
    given = None
    if reward is not None and draw(st.booleans()):
        given = validated
        if reward.spends_points:
            given = Money.minor(draw(st.integers(0, validated.units)), currency)
    taken = zero if reward is None else validated if given is None else given
    sale = draw(totals(currency, subtotal=basket.totals.subtotal))
    promotions = Money.minor(draw(st.integers(0, (basket.totals.subtotal - taken).units)), currency)
    sale = attrs.evolve(sale, discount=taken + promotions)
    sale = attrs.evolve(sale, total=sale.expected_total())
    made = draw(st.sampled_from([Place, Bill])) if kind is None else kind
    return Sale(
        order_of(facts, state="checkout" if made is Place else "placed"),
        made(tenders=draw(tenders(currency, total=sale.total)), totals=sale, reward_discount=given),
    )


def steps() -> SearchStrategy[Sale]:
    return st.one_of(checkouts(), payments())
