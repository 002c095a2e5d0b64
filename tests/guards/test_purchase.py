"""The rules of a sale, one by one: the code, the field it points at, the sentence a cashier reads."""

from __future__ import annotations

import attrs
import pytest

from stampcard.commands import Abandon, Bill, Checkout, Command, Place
from stampcard.facts import PurchaseFacts
from stampcard.lifecycles import PURCHASE
from stampcard.model import GUEST, AnyOrder, Facts, Line, Modifier, Money, Refusal, Tender, TenderKind, Totals

from .sales import ANNA, BASKET, CASH, CHECKED, COFFEE, PLACING, PRICING, SALE, asked, codes, order_of, usd

NEW, PRICED = order_of(), order_of(CHECKED, state="checkout")
P_REWARD = attrs.evolve(COFFEE, id="P_1", spends_points=True)
P_PRICED = order_of(attrs.evolve(CHECKED, reward=P_REWARD), state="checkout")
EUR = Money("5.00", "EUR")


def only(order: AnyOrder, command: Command) -> Refusal:
    (found,) = asked(order, command)
    return found


def priced(**changes: object) -> Checkout:
    return attrs.evolve(PRICING, basket=attrs.evolve(BASKET, **changes))


def selling(**changes: object) -> Checkout:
    return priced(lines=(attrs.evolve(BASKET.lines[0], **changes),))


def test_the_honest_sale_of_these_tests_passes() -> None:
    assert asked(NEW, PRICING) == asked(PRICED, PLACING) == ()
    bill = Bill(tenders=PLACING.tenders, totals=SALE)
    assert asked(order_of(CHECKED.learn(PLACING), state="placed"), bill) == ()


@pytest.mark.parametrize(
    ("command", "code", "field", "message"),
    [
        (priced(lines=()), "basket.empty", "basket.lines", "Add an item first."),
        (
            selling(quantity=0),
            "line.quantity_not_positive",
            "basket.lines.0.quantity",
            "'Latte' needs a quantity of at least 1.",
        ),
        (
            selling(quantity=-1),
            "line.quantity_not_positive",
            "basket.lines.0.quantity",
            "'Latte' needs a quantity of at least 1.",
        ),
        (selling(label=" \t"), "line.label_blank", "basket.lines.0.label", "An item has no name: enter it again."),
        (selling(price=None), "line.price_missing", "basket.lines.0.price", "'Latte' has no price: enter it again."),
        (
            selling(
                modifiers=(Modifier(label="Oat", price=usd("1"), modifiers=(Modifier(label="", price=usd("1")),)),)
            ),
            "line.label_blank",
            "basket.lines.0.modifiers.0.modifiers.0.label",
            "An item has no name: enter it again.",
        ),
        (
            selling(price=usd("-5.00")),
            "money.negative",
            "basket.lines.0.price",
            "USD -5.00 is below zero: correct it.",
        ),
        (
            selling(price=EUR),
            "money.currencies_mixed",
            "basket.lines.0.price",
            "Use one currency: this has USD, EUR.",
        ),
        (
            selling(modifiers=(Modifier(label="Oat", price=EUR),)),
            "money.currencies_mixed",
            "basket.lines.0.modifiers.0.price",
            "Use one currency: this has USD, EUR.",
        ),
        (
            attrs.evolve(PRICING, rewards=(attrs.evolve(COFFEE, value=EUR),)),
            "money.currencies_mixed",
            "rewards.0.value",
            "Use one currency: this has USD, EUR.",
        ),
        (attrs.evolve(PRICING, projected=EUR), "money.currencies_mixed", "projected", None),
        (attrs.evolve(PRICING, projected=usd("-1")), "money.negative", "projected", None),
        (
            priced(totals=attrs.evolve(BASKET.totals, total=usd("10.11"))),
            "totals.do_not_add_up",
            "basket.totals.total",
            "The amounts add up to USD 10.10, not USD 10.11: correct the total.",
        ),
        (
            priced(totals=Totals(subtotal=usd("10"), tax=Money("0.10", "EUR"), total=usd("10.10"))),
            "money.currencies_mixed",
            "basket.totals.tax",
            None,
        ),
        (
            attrs.evolve(PRICING, rewards=(COFFEE, COFFEE)),
            "reward.more_than_one",
            "rewards",
            "Only one reward a sale: choose one of the 2.",
        ),
        (
            attrs.evolve(PRICING, buyer=GUEST),
            "reward.guest",
            "rewards",
            "A guest has no rewards: ask for the membership, or take the reward off.",
        ),
        (
            attrs.evolve(PRICING, rewards=(attrs.evolve(COFFEE, quantity=0),)),
            "reward.used_up",
            "rewards.0.quantity",
            "'Free coffee' is used up: take it off.",
        ),
        (
            attrs.evolve(PRICING, buyer=attrs.evolve(ANNA, id="8")),
            "reward.of_another_member",
            "rewards.0.member_id",
            "'Free coffee' belongs to another member: take it off.",
        ),
    ],
)
def test_a_basket_is_refused_with_its_reason(command: Checkout, code: str, field: str, message: str | None) -> None:
    found = only(NEW, command)
    assert (found.code, found.field) == (code, field)
    assert message is None or found.message == message


def place(**changes: object) -> Place:
    return attrs.evolve(PLACING, **changes)


def test_a_discount_is_a_positive_amount() -> None:
    negative = Totals(subtotal=usd("10.00"), discount=usd("-1.00"), total=usd("11.00"))
    assert codes(NEW, priced(totals=negative)) == {"money.negative"}
    assert "money.negative" in codes(PRICED, place(totals=negative))


def test_more_off_than_the_sale_is_worth_is_refused() -> None:
    owed = Totals(subtotal=usd("10.00"), discount=usd("11.00"), total=usd("-1.00"))
    assert codes(NEW, priced(totals=owed)) == {"money.negative"}


@pytest.mark.parametrize("kind", [Place, Bill])
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"tenders": ()}, "tender.missing", "tenders"),
        ({"tenders": (CASH, CASH)}, "tenders.do_not_sum", "tenders"),
        ({"tenders": (attrs.evolve(CASH, amount=usd("5.09")),)}, "tenders.do_not_sum", "tenders"),
        ({"tenders": (attrs.evolve(CASH, amount=Money("5.10", "EUR")),)}, "money.currencies_mixed", "tenders.0.amount"),
        (
            {"tenders": (attrs.evolve(CASH, amount=usd("6")), attrs.evolve(CASH, amount=usd("-0.90")))},
            "money.negative",
            "tenders.1.amount",
        ),
        (
            {"totals": attrs.evolve(SALE, tax=usd("0.11"))},
            "totals.do_not_add_up",
            "totals.total",
        ),
        (
            {"totals": attrs.evolve(SALE, subtotal=usd("9.00"), tax=usd("1.10"))},
            "basket.changed",
            "totals.subtotal",
        ),
        ({"reward_discount": usd("5.01")}, "reward.discount_above_validated", "reward_discount"),
        ({"reward_discount": usd("4.99")}, "reward.discount_changed", "reward_discount"),
        ({"reward_discount": EUR}, "money.currencies_mixed", "reward_discount"),
    ],
)
def test_a_payment_is_refused_with_its_reason(
    kind: type[Place], changes: dict[str, object], code: str, field: str
) -> None:
    given: dict[str, object] = {"tenders": PLACING.tenders, "totals": SALE, **changes}
    found = [refusal for refusal in asked(PRICED, kind(**given)) if refusal.code == code]  # type: ignore[arg-type]
    assert [refusal.field for refusal in found] == [field]


def test_an_order_needs_its_number_to_be_placed() -> None:
    assert codes(order_of(CHECKED, state="checkout", number=" "), PLACING) == {"order.id_blank"}


def test_totals_in_another_currency_than_the_basket_are_refused() -> None:
    euros = Totals(subtotal=Money(10, "EUR"), discount=Money(5, "EUR"), total=Money(5, "EUR"))
    paid = (Tender(kind=TenderKind.CASH, amount=Money(5, "EUR")),)
    assert codes(PRICED, place(totals=euros, tenders=paid)) == {"money.currencies_mixed", "basket.changed"}


def test_tip_tax_and_tenders_may_change_after_the_check() -> None:
    tipped = SALE.tipped(usd("2.00"))
    assert asked(PRICED, place(totals=tipped, tenders=(attrs.evolve(CASH, amount=tipped.total),))) == ()


def test_a_discount_without_a_reward_is_refused() -> None:
    plain = order_of(attrs.evolve(CHECKED, reward=None, discount=usd("0")), state="checkout")
    assert only(plain, place(reward_discount=usd("5.00"))).code == "reward.discount_without_reward"
    assert asked(plain, PLACING) == ()  # the POS's own promotions


def test_a_reward_never_checked_is_refused() -> None:
    unchecked = order_of(attrs.evolve(CHECKED, discount=None), state="checkout")
    assert codes(unchecked, PLACING) == {"reward.not_validated"}


def test_a_reward_that_spends_points_may_take_less_but_never_more() -> None:
    for lower in ("0", "0.01", "4.99", "5.00"):
        assert asked(P_PRICED, place(reward_discount=usd(lower))) == ()
    assert codes(P_PRICED, place(reward_discount=usd("-0.01"))) == {"money.negative"}


def test_more_than_the_validated_discount_names_both_amounts() -> None:
    generous = attrs.evolve(SALE, discount=usd("6.00"), total=usd("4.10"))
    found = only(
        P_PRICED,
        place(totals=generous, tenders=(attrs.evolve(CASH, amount=usd("4.10")),), reward_discount=usd("5.50")),
    )
    assert found.code == "reward.discount_above_validated"
    assert found.params == {"expected": "USD 5.00", "given": "USD 5.50"}
    assert found.message == "The reward takes off USD 5.00, not USD 5.50: lower its discount."


def test_the_orders_discount_holds_the_rewards_and_may_hold_more() -> None:
    short = Totals(subtotal=usd("10.00"), tax=usd("0.10"), discount=usd("4.99"), total=usd("5.11"))
    found = only(PRICED, place(totals=short, tenders=(attrs.evolve(CASH, amount=usd("5.11")),)))
    assert (found.code, found.field) == ("totals.reward_discount_missing", "totals.discount")
    none = Totals(subtotal=usd("10.00"), tax=usd("0.10"), total=usd("10.10"))
    found = only(PRICED, place(totals=none, tenders=(attrs.evolve(CASH, amount=usd("10.10")),)))
    assert found.params == {"expected": "USD 5.00", "given": "USD 0.00"}
    more = attrs.evolve(SALE, discount=usd("6.00"), total=usd("4.10"))
    assert asked(PRICED, place(totals=more, tenders=(attrs.evolve(CASH, amount=usd("4.10")),))) == ()


def test_at_bill_nothing_said_stands_for_what_was_placed() -> None:
    placed = order_of(attrs.evolve(CHECKED, reward=P_REWARD, reward_discount=usd("3.00")), state="placed")
    totals = Totals(subtotal=usd("10.00"), tax=usd("0.10"), discount=usd("3.00"), total=usd("7.10"))
    bill = Bill(tenders=(attrs.evolve(CASH, amount=usd("7.10")),), totals=totals)
    assert asked(placed, bill) == ()
    assert codes(placed, attrs.evolve(bill, totals=attrs.evolve(totals, discount=usd("2.99"), total=usd("7.11")))) == {
        "totals.reward_discount_missing",
        "tenders.do_not_sum",
    }


def test_everything_wrong_is_said_at_once_in_the_tables_order() -> None:
    wrong = Checkout(
        basket=attrs.evolve(BASKET, lines=(), totals=attrs.evolve(BASKET.totals, total=usd("1"))),
        buyer=GUEST,
        rewards=(COFFEE, attrs.evolve(COFFEE, quantity=0)),
    )
    assert [refusal.code for refusal in asked(NEW, wrong)] == [
        "basket.empty",
        "totals.do_not_add_up",
        "reward.more_than_one",
        "reward.guest",
        "reward.used_up",
    ]


def test_what_several_guards_find_is_said_once() -> None:
    class Placing(Command):
        trigger = "place"

    assert [refusal.code for refusal in asked(PRICED, Placing())] == ["command.not_of_this_step"]


def test_foreign_facts_say_nothing() -> None:
    foreign = order_of(Facts(), state="checkout")
    assert asked(foreign, PLACING) == ()
    assert codes(foreign, place(reward_discount=usd("1"))) == {"reward.discount_without_reward"}


def test_sums_larger_than_any_amount_are_refused_too() -> None:
    most = Money.minor(10**15, "USD")
    totals = Totals(subtotal=most, tax=most, tip=most, total=most)
    found = only(NEW, priced(totals=totals))
    assert found.params["expected"] == "USD 3.000e+15 (minor units)"
    assert "tenders.do_not_sum" in codes(PRICED, place(tenders=(attrs.evolve(CASH, amount=most),) * 3))


def test_modifiers_nested_without_end_are_walked() -> None:
    deep = Modifier(label="x", price=usd("0"), quantity=0)
    for _ in range(3000):
        deep = Modifier(label="x", price=usd("0"), modifiers=(deep,))
    basket = attrs.evolve(BASKET, lines=(Line(label="x", price=usd("10"), modifiers=(deep,)),))
    guarded = [r.code for r in asked(NEW, Checkout(basket=basket, buyer=ANNA))]
    assert guarded == ["line.quantity_not_positive"]


def test_steps_without_guards_ask_nothing() -> None:
    assert asked(NEW, Abandon()) == ()
    assert {row.trigger for row in PURCHASE.rows if not row.guards} == {"complete", "void", "refund", "abandon"}


def test_facts_learn_what_was_placed() -> None:
    learned = PurchaseFacts(discount=usd("5.00")).learn(PRICING)
    assert (learned.basket, learned.buyer, learned.reward) == (BASKET, ANNA, COFFEE)
    assert learned.learn(PLACING).reward_discount == usd("5.00")
    assert learned.learn(place(reward_discount=usd("3"))).reward_discount == usd("3")
    without = PurchaseFacts(discount=usd("0")).learn(attrs.evolve(PRICING, rewards=()))
    assert without.learn(PLACING).reward_discount is None
