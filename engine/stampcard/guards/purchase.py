"""The rules of a sale. What a sale is measured against are its `PurchaseFacts`; foreign facts say nothing.

May live here: guards the PURCHASE rows name. May not: a provider's name, I/O, a clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from stampcard.commands import Bill, Checkout, Place
from stampcard.facts import PurchaseFacts
from stampcard.guards._amounts import At, missing, negative, one_currency, totals_at, written
from stampcard.guards._amounts import totals_add_up as _totals_add_up
from stampcard.guards._guard import guard
from stampcard.guards._sentences import refusal
from stampcard.model import AnyOrder, Line, Member, Modifier, Money, Refusal

__all__ = [
    "at_most_one_reward",
    "basket_adds_up",
    "basket_not_empty",
    "basket_unchanged",
    "guest_has_no_reward",
    "reward_available",
    "reward_discount_as_validated",
    "tender_present",
    "tenders_sum_to_total",
    "totals_add_up",
]


def _known(order: AnyOrder) -> PurchaseFacts:
    facts: object = order.facts
    return facts if isinstance(facts, PurchaseFacts) else PurchaseFacts()


def _lines(command: Checkout) -> Iterator[tuple[str, Line | Modifier]]:
    """Every line and modifier with its path. Not recursive: modifiers nest as deep as a caller likes."""
    left: list[tuple[str, Line | Modifier]] = [
        (f"basket.lines.{n}", line) for n, line in reversed(tuple(enumerate(command.basket.lines)))
    ]
    while left:
        where, line = left.pop()
        yield where, line
        left += [(f"{where}.modifiers.{n}", m) for n, m in reversed(tuple(enumerate(line.modifiers)))]


def _amounts(command: Checkout) -> Iterator[At]:
    yield from totals_at(command.basket.totals, "basket.totals")
    for where, line in _lines(command):
        if not missing(line.price):
            yield f"{where}.price", line.price
    for n, reward in enumerate(command.rewards):
        if reward.value is not None:
            yield f"rewards.{n}.value", reward.value
    if command.projected is not None:
        yield "projected", command.projected


@guard(Checkout, "basket.empty", "line.label_blank", "line.price_missing", "line.quantity_not_positive")
def basket_not_empty(_order: AnyOrder, command: Checkout) -> Iterator[Refusal]:
    """Something is sold; every line and modifier has a name, a price and a quantity of at least 1."""
    if not command.basket.lines:
        yield refusal("basket.empty", "basket.lines")
    for where, line in _lines(command):
        if not line.label.strip():
            yield refusal("line.label_blank", f"{where}.label")
        if missing(line.price):
            yield refusal("line.price_missing", f"{where}.price", label=line.label)
        if line.quantity < 1:
            yield refusal("line.quantity_not_positive", f"{where}.quantity", label=line.label, given=str(line.quantity))


@guard(Checkout, "money.negative", "money.currencies_mixed", "totals.do_not_add_up")
def basket_adds_up(_order: AnyOrder, command: Checkout) -> Iterator[Refusal]:
    """Subtotal + tax + tip + delivery - discount = total, to the cent; one currency; nothing below zero."""
    amounts = tuple(_amounts(command))
    yield from negative(amounts)
    yield from one_currency(amounts)
    yield from _totals_add_up(command.basket.totals, "basket.totals")


@guard(Checkout, "reward.more_than_one")
def at_most_one_reward(_order: AnyOrder, command: Checkout) -> Iterator[Refusal]:
    """At most one reward on a sale."""
    if len(command.rewards) > 1:
        yield refusal("reward.more_than_one", "rewards", given=str(len(command.rewards)))


@guard(Checkout, "reward.guest")
def guest_has_no_reward(_order: AnyOrder, command: Checkout) -> Iterator[Refusal]:
    """A guest has no reward: there is no account to take it from."""
    if command.rewards and not isinstance(command.buyer, Member):
        yield refusal("reward.guest", "rewards")


@guard(Checkout, "reward.used_up", "reward.of_another_member")
def reward_available(_order: AnyOrder, command: Checkout) -> Iterator[Refusal]:
    """The reward was listed for this very member, and at least one of it was left."""
    for n, reward in enumerate(command.rewards):
        if reward.quantity < 1:
            yield refusal("reward.used_up", f"rewards.{n}.quantity", reward=reward.label)
        if isinstance(command.buyer, Member) and reward.member_id != command.buyer.id:
            yield refusal("reward.of_another_member", f"rewards.{n}.member_id", reward=reward.label)


@guard(Place | Bill, "tender.missing", "money.negative", "order.id_blank")
def tender_present(order: AnyOrder, command: Place | Bill) -> Iterator[Refusal]:
    """From placing on, a sale has its number and at least one payment, none below zero."""
    if not order.id.strip():
        yield refusal("order.id_blank", "order.id")
    if not command.tenders:
        yield refusal("tender.missing", "tenders")
    yield from negative((f"tenders.{n}.amount", tender.amount) for n, tender in enumerate(command.tenders))


@guard(Place | Bill, "money.negative", "money.currencies_mixed", "totals.do_not_add_up")
def totals_add_up(order: AnyOrder, command: Place | Bill) -> Iterator[Refusal]:
    """Subtotal + tax + tip + delivery - discount = total, to the cent, in the basket's currency."""
    amounts = totals_at(command.totals, "totals")
    basket = _known(order).basket
    yield from negative(amounts)
    first = () if basket is None else (("basket.totals.subtotal", basket.totals.subtotal),)
    yield from one_currency((*first, *amounts))
    yield from _totals_add_up(command.totals, "totals")


@guard(Place | Bill, "money.currencies_mixed", "tenders.do_not_sum")
def tenders_sum_to_total(_order: AnyOrder, command: Place | Bill) -> Iterator[Refusal]:
    """The payments sum to the total, to the cent."""
    if not command.tenders:  # said by tender_present, and better
        return
    total = command.totals.total
    paid = tuple((f"tenders.{n}.amount", tender.amount) for n, tender in enumerate(command.tenders))
    mixed = tuple(one_currency((("totals.total", total), *paid)))
    yield from mixed
    given = sum(amount.units for _, amount in paid)
    if not mixed and given != total.units:
        yield refusal("tenders.do_not_sum", "tenders", expected=str(total), given=written(given, total.currency))


@guard(
    Place | Bill,
    "reward.discount_without_reward",
    "reward.not_validated",
    "reward.discount_above_validated",
    "reward.discount_changed",
    "money.negative",
    "money.currencies_mixed",
    "totals.reward_discount_missing",
)
def reward_discount_as_validated(order: AnyOrder, command: Place | Bill) -> Iterator[Refusal]:
    """The reward takes off what was validated; one that spends points may take less, never more."""
    facts, given = _known(order), command.reward_discount
    validated = facts.discount
    if facts.reward is None:
        if given:  # no discount at all is what a till without a reward may well say
            yield refusal("reward.discount_without_reward", "reward_discount", given=str(given))
        return
    if validated is None:
        yield refusal("reward.not_validated", "reward_discount")
        return
    if given is not None:
        mixed = tuple(one_currency((("discount", validated), ("reward_discount", given))))
        yield from mixed
        yield from negative((("reward_discount", given),))
        lower_is_fine = facts.reward.spends_points
        if not mixed and (given > validated or (given < validated and not lower_is_fine)):
            above = "reward.discount_above_validated" if given > validated else "reward.discount_changed"
            yield refusal(above, "reward_discount", expected=str(validated), given=str(given))
    carried = validated if facts.reward_discount is None else facts.reward_discount
    yield from _held(command, carried if given is None else given)


def _held(command: Place | Bill, taken: Money) -> Iterator[Refusal]:
    """The order's discount holds the reward's at least: it may also hold the POS's own promotions."""
    discount = command.totals.discount
    if discount is not None and discount.currency != taken.currency:  # said by totals_add_up
        return
    held = 0 if discount is None else discount.units
    if held < taken.units:
        yield refusal(
            "totals.reward_discount_missing",
            "totals.discount",
            expected=str(taken),
            given=written(held, taken.currency),
        )


@guard(Place | Bill, "basket.changed")
def basket_unchanged(order: AnyOrder, command: Place | Bill) -> Iterator[Refusal]:
    """The items are those that were checked; tip, tax and total may still change."""
    basket, given = _known(order).basket, command.totals.subtotal
    if basket is not None and basket.totals.subtotal != given:
        yield refusal("basket.changed", "totals.subtotal", expected=str(basket.totals.subtotal), given=str(given))
