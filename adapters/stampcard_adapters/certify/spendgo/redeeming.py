"""Cases 7, 8, 9, 16 and 17: a reward from checkout until it is gone, and its way back.

May live here: these five. May not: a reward that does not fit, Shop With Points.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from stampcard.model import Basket, Money, Reward
from stampcard_adapters.certify.page import FailedCaseError, Page, SkippedCaseError
from stampcard_adapters.certify.spendgo.desk import Desk, Priced, Verb
from stampcard_adapters.certify.spendgo.run import Run
from stampcard_adapters.spendgo import SpendgoOrder

__all__ = ["refunded_with_reward", "reward_gone", "reward_priced", "reward_used", "voided_with_reward"]

_KINDS: Final = {"rebate": "money-off", "discount": "percent-off"}
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def reward_priced(run: Run, page: Page) -> None:
    """Case 7. Which rewards there are is read from the member's list."""
    desk = run.desk
    for offer, kind in _KINDS.items():
        found = _first_that_fits(desk, page, offer)
        if found is None:
            page.lacks(
                f"the member has no {kind} reward that fits ${desk.sandwiches().totals.subtotal.amount} of sandwiches:"
                " the provider's staff must give one"
            )
            continue
        desk.priced.append(found)
        off, basket = found.order.facts.discount, found.order.facts.basket
        if off is None or basket is None:
            raise FailedCaseError("checkout taught no discount")
        page.saw(f'"{found.reward.label}" took {off} off {basket.totals.subtotal}')
        if offer == "rebate":
            _check_money(page, found.reward, off, basket)
        else:
            _check_percent(desk, page, found.reward, off, basket)


def _first_that_fits(desk: Desk, page: Page, offer: str | None) -> Priced | None:
    """An order with the first reward of this kind (any, for None) that the basket earns."""
    for reward in desk.ordinary():
        if offer is not None and reward.offer != offer:
            continue
        order = desk.checkout_if_it_fits(page, reward)
        if order is not None:  # a reward that asks for more than this basket is no fault
            return Priced(order=order, reward=reward, quantity=reward.quantity)
    return None


def _check_money(page: Page, reward: Reward, off: Money, basket: Basket) -> None:
    if reward.value is None:
        page.note(f'"{reward.label}" is listed without a value: compare the discount with what was set up')
        return
    due = min(reward.value, basket.totals.subtotal)
    page.check(off == due, f'"{reward.label}" took {off} off, not {due}')


def _check_percent(desk: Desk, page: Page, reward: Reward, off: Money, basket: Basket) -> None:
    """The list names no percentage: it is read off the label, and a basket twice as dear must save twice as much."""
    subtotal = basket.totals.subtotal
    named = _PERCENT.search(reward.label)
    if named is not None:
        share = subtotal.amount * Decimal(named[1]) / 100
        due = Money(share.quantize(off.amount, ROUND_HALF_UP), off.currency)
        page.check(off == due, f'"{reward.label}" took {off} off {subtotal}, not {due}')
    twice = desk.checkout(Page(), reward=reward, basket=desk.sandwiches(at_least=subtotal * 2))
    page.saw(f"{twice.facts.discount} off {subtotal * 2}")
    exact = twice.facts.discount is not None and abs(twice.facts.discount.units - 2 * off.units) <= 1
    page.check(exact, f'"{reward.label}" takes no fixed percentage off')


def reward_used(run: Run, page: Page) -> None:
    """Case 8: the orders of case 7 go on."""
    desk = run.desk
    if not desk.priced:
        raise SkippedCaseError("case 7 priced no order with a reward")
    going, desk.priced = desk.priced, []
    for priced in going:
        page.saw(f'"{priced.reward.label}"')
        order = desk.go(page, priced.order, "place", "bill")
        desk.priced.append(Priced(order=order, reward=priced.reward, quantity=priced.quantity))
        totals = order.facts.totals
        paid = None if totals is None else totals.total
        page.then(f"{order.facts.discount} off, {paid} paid")
        page.check(order.facts.transaction_id is not None, "billed named no transaction id")
    desk.rewards_used = True


def reward_gone(run: Run, page: Page) -> None:
    """Case 9. Afterwards the orders are voided, so that the member has the rewards again for the cases to come."""
    desk = run.desk
    if not desk.rewards_used:
        raise SkippedCaseError("case 8 used no reward")
    for priced in desk.priced:
        _saw_it_leave(desk, page, priced)
    for priced in desk.priced:
        desk.go(Page(), priced.order, "void")
        if _came_back(desk, priced) < priced.quantity:
            desk.lost.append(priced.reward.label)
            page.note(f'"{priced.reward.label}" did not come back when its order was voided afterwards')


def _saw_it_leave(desk: Desk, page: Page, priced: Priced) -> None:
    due = priced.quantity - 1
    left = desk.quantity_when(priced.reward, lambda n: n <= due)
    page.saw(f'"{priced.reward.label}" {priced.quantity} -> {left}')
    page.check(left == due, f'"{priced.reward.label}" is listed {left} times, not {due}')


def _any_that_fits(desk: Desk, page: Page) -> Priced:
    found = _first_that_fits(desk, page, None)
    if found is not None:
        return found
    if desk.lost:
        raise FailedCaseError(f"after orders were voided, the member never got back: {', '.join(desk.lost)}")
    raise SkippedCaseError("the member has no reward that fits: the provider's staff must give one")


def _used(desk: Desk, page: Page, *verbs: Verb) -> tuple[Priced, SpendgoOrder]:
    priced = _any_that_fits(desk, page)
    order = desk.go(page, priced.order, *verbs)
    _saw_it_leave(desk, page, priced)
    return priced, order


def _came_back(desk: Desk, priced: Priced) -> int:
    return desk.quantity_when(priced.reward, lambda n: n == priced.quantity)


def _saw_it_back(desk: Desk, page: Page, priced: Priced) -> None:
    back = _came_back(desk, priced)
    page.saw(f'"{priced.reward.label}" -> {back}')
    page.check(back == priced.quantity, f'"{priced.reward.label}" is listed {back} times, not {priced.quantity}')


def voided_with_reward(run: Run, page: Page) -> None:
    """Case 16."""
    priced, order = _used(run.desk, page, "place", "bill")
    run.desk.go(page, order, "void")
    _saw_it_back(run.desk, page, priced)


def refunded_with_reward(run: Run, page: Page) -> None:
    """Case 17."""
    desk = run.desk
    before = desk.points()
    priced, order = _used(desk, page, "place", "bill", "complete")
    earned = desk.points_when(lambda points: points > before)
    page.check(earned > before, "no points accrued, so none could be seen reversed")
    desk.go(page, order, "refund")
    _saw_it_back(desk, page, priced)
    after = desk.points_when(lambda points: points == before)
    page.saw(f"balance {before} -> {earned} -> {after}")
    page.check(after == before, "the accrued points are not reversed")
