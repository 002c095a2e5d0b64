"""Cases 10 to 13: rewards that do not fit, and Shop With Points up to and above what the member has.

May live here: these four. May not: a reward that fits.
"""

from __future__ import annotations

from typing import Final

from stampcard.errors import DeclinedError
from stampcard.model import Basket, Money, Reward
from stampcard_adapters.certify.page import FailedCaseError, Page, SkippedCaseError
from stampcard_adapters.certify.spendgo.desk import Desk
from stampcard_adapters.certify.spendgo.goods import ITEMS, cents
from stampcard_adapters.certify.spendgo.run import Run
from stampcard_adapters.spendgo import SpendgoOrder

__all__ = ["invalid_placed", "invalid_priced", "shop_above", "shop_with_points"]

_PAST_GUARDS: Final = "sent past the till's guards, which refuse it: the adapter's own body, signed by its own hook"
_NO_WALLET: Final = "the member has no Shop With Points balance: the provider's staff must give some"


def invalid_priced(run: Run, page: Page) -> None:
    """Case 10. Which reward asks for what is not listed: each is tried on two baskets of the same price."""
    desk = run.desk
    many, one = desk.sandwiches(), desk.sandwiches(as_one_item=True)
    no_item: Reward | None = None
    too_few: Reward | None = None
    for reward in desk.ordinary():
        if desk.checkout_if_it_fits(Page(), reward, many) is None:
            no_item = no_item or reward
        elif too_few is None and desk.checkout_if_it_fits(Page(), reward, one) is None:
            too_few = reward
    rules = (
        ("too few items", too_few, one, f"asks for 2 to {ITEMS} items"),
        ("no qualifying item", no_item, many, "asks for an item that is not a sandwich"),
    )
    for why, found, basket, wanted in rules:
        if found is None:
            page.lacks(f"no reward is refused for {why}: the provider's staff must give one that {wanted}")
        else:
            _refused(desk, page, why, found, basket)


def _refused(desk: Desk, page: Page, why: str, reward: Reward, basket: Basket) -> None:
    """Price the basket alone, then with the reward: so the till has an order to go on with."""
    order = desk.checkout(Page(), basket=basket)
    try:
        desk.checkout(page, basket=basket, reward=reward, order=order)
    except DeclinedError as no:
        desk.refused.append((order, reward))
        page.saw(f'{why}: "{no.provider_text or ""}"')
        page.check(bool(no.provider_text), f"{why}: refused without a message")
        return
    page.check(False, f'{why}: "{reward.label}" was applied the second time')


def invalid_placed(run: Run, page: Page) -> None:
    """Case 11."""
    desk = run.desk
    if not desk.refused:
        raise SkippedCaseError("case 10 found no reward that is refused")
    page.note(_PAST_GUARDS)
    for order, reward in desk.refused:
        raw = run.line.order(
            reward=reward,
            discount=reward.value or cents(100, desk.currency),
            basket=order.facts.basket,
            order_id=order.id,
        )
        reply = raw.send("placed")
        page.saw(f'placed {reply.said} "{reply.details or ""}"')
        page.check(400 <= reply.status < 600, "an invalid reward was placed")
        page.check(reply.code is not None and reply.details is not None, "no error object: code and details")
        if reply.ok:
            raw.send("voided")


def shop_with_points(run: Run, page: Page) -> None:
    """Case 12. Each order is undone afterwards, so that the next finds the whole balance."""
    desk = run.desk
    wallet = desk.wallet()
    if wallet is None or wallet.value is None or wallet.value.units < 2:
        raise SkippedCaseError(_NO_WALLET)
    for what in ("partial", "full"):
        before = desk.money_in(wallet)
        taken = cents(before.units // 2, before.currency) if what == "partial" else before
        if not taken:
            raise FailedCaseError("the Shop With Points of the order before did not come back when it was undone")
        page.saw(f"{what} balance")
        order = desk.checkout(page, reward=wallet, projected=taken, basket=desk.sandwiches(at_least=before))
        page.check(order.facts.discount == taken, f"{order.facts.discount} off, where {taken} was asked for")
        _redeemed(desk, page, order, wallet, before)


def _redeemed(desk: Desk, page: Page, order: SpendgoOrder, wallet: Reward, before: Money) -> None:
    """Billed takes it at most providers; where it does not, completed must."""
    order = desk.go(page, order, "place", "bill")
    left = desk.until(lambda: desk.money_in(wallet), lambda now: now < before)
    completed = left >= before
    if completed:
        order = desk.go(page, order, "complete")
        left = desk.until(lambda: desk.money_in(wallet), lambda now: now < before)
    due = before - (order.facts.discount or Money.zero(before.currency))
    page.saw(f"balance {before} -> {left}")
    page.check(left < before, "the Shop With Points balance did not go down")
    # completing may add points to the very balance that is looked at
    page.check(completed or left == due, f"the balance is {left}, not {due}")
    desk.go(Page(), order, "refund" if completed else "void")
    desk.until(lambda: desk.money_in(wallet), lambda now: now == before)


def shop_above(run: Run, page: Page) -> None:
    """Case 13."""
    desk = run.desk
    wallet = desk.wallet()
    if wallet is None or wallet.value is None:
        raise SkippedCaseError(_NO_WALLET)
    asked = wallet.value + cents(100, wallet.value.currency)
    try:
        order = desk.checkout(page, reward=wallet, projected=asked, basket=desk.sandwiches(at_least=asked))
    except DeclinedError as no:
        page.saw(f'{asked} asked of {wallet.value}: "{no.provider_text or ""}"')
        page.check(bool(no.provider_text), "refused without a message")
        return
    page.saw(f"{asked} asked of {wallet.value}: {order.facts.discount} off")
    page.check(False, "more than the balance was asked for, and no error message came")
