"""Where the cases work: a real till, the member it serves, and every reply it heard.

May live here: calls by the till, waiting for what a provider does later, what one case leaves for the next.
May not: a verdict, a case.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias, TypeVar

import attrs

from stampcard.clock import Clock
from stampcard.errors import DeclinedError
from stampcard.model import Basket, Member, Money, Reward
from stampcard.till import Till
from stampcard_adapters.certify.page import Page, SkippedCaseError
from stampcard_adapters.certify.spendgo.goods import basket as sandwiches
from stampcard_adapters.certify.spendgo.goods import by_cash
from stampcard_adapters.certify.spendgo.target import Target
from stampcard_adapters.certify.spendgo.watch import Reply, Watched, WatchedAdapter
from stampcard_adapters.spendgo import Balance, SpendgoOrder, SpendgoTill

__all__ = ["Desk", "Priced", "Verb", "run_id"]

T = TypeVar("T")
Verb: TypeAlias = Literal["place", "bill", "complete", "void", "refund"]

_SAID: Final = {"place": "placed", "bill": "billed", "complete": "completed", "void": "voided", "refund": "refunded"}
_PAUSE: Final = 1.0
_WHY: Final = "certification"


def run_id(now: datetime) -> str:
    """Time and random: no order of this run has an id of any other's, for ever."""
    return f"certify-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


@attrs.frozen(kw_only=True)
class Priced:
    """An order with a reward on it. quantity: of the reward, as listed before."""

    order: SpendgoOrder
    reward: Reward
    quantity: int


class Desk:
    """A till at a target. What a case leaves for a later one is in the attributes at the end of `__init__`."""

    def __init__(self, target: Target, till: Till, clock: Clock, *, patience: float) -> None:
        self.target = target
        self.clock = clock
        self.patience = patience
        self.replies: list[Reply] = []
        self.adapter = WatchedAdapter(target.settings, self.replies.append)
        self.spendgo: SpendgoTill = till.use(Watched(self.adapter)).by(_WHY)
        self._run = run_id(clock())
        self._orders = 0
        self.known_member: Member | None = None
        self.points_before_order: Decimal | None = None
        self.order_completed = False
        self.priced: list[Priced] = []
        self.rewards_used = False
        self.refused: list[tuple[SpendgoOrder, Reward]] = []
        self.lost: list[str] = []

    # who and what

    @property
    def currency(self) -> str:
        return self.target.settings.currency

    @property
    def last(self) -> Reply:
        """The newest reply."""
        return self.replies[-1]

    @property
    def member(self) -> Member:
        """The member of `--phone`. Raises SkippedCaseError when case 1 found none."""
        if self.known_member is None:
            raise SkippedCaseError("there is no member to work with: see case 1")
        return self.known_member

    def new_id(self) -> str:
        """A new order id."""
        self._orders += 1
        return f"{self._run}-{self._orders:03d}"

    # asking

    @contextmanager
    def calling(self, page: Page, what: str, *, next_step: bool = False) -> Generator[None]:
        """Puts on the page what a call was answered, also when the till then raises."""
        before = len(self.replies)
        try:
            yield
        finally:
            told = f"{what} {self.last.said if len(self.replies) > before else 'no reply'}"
            (page.then if next_step else page.saw)(told)

    def until(self, ask: Callable[[], T], good: Callable[[T], bool]) -> T:
        """Ask until the answer is good or patience ends; the last answer. A provider may book things a bit later."""
        ends = self.clock.monotonic() + self.patience
        while not good(seen := ask()) and self.clock.monotonic() < ends:
            self.clock.sleep(min(_PAUSE, max(0.0, ends - self.clock.monotonic())))
        return seen

    def balance(self) -> Balance:
        return self.spendgo.balance(self.member)

    def points(self) -> Decimal:
        """Of the member, now."""
        return self.balance().quantity

    def points_when(self, good: Callable[[Decimal], bool]) -> Decimal:
        """Of the member, once they are as they should be, or when patience ends."""
        return self.until(self.points, good)

    def rewards(self) -> tuple[Reward, ...]:
        """Listed for the member at the store, now."""
        return self.spendgo.rewards(self.member)

    def ordinary(self) -> tuple[Reward, ...]:
        """Rewards that can be used now and take no points."""
        return tuple(r for r in self.rewards() if r.quantity >= 1 and not r.spends_points)

    def quantity(self, reward: Reward) -> int:
        """How many of this reward are listed now; one that is not listed is gone."""
        return sum(r.quantity for r in self.rewards() if r.id == reward.id)

    def quantity_when(self, reward: Reward, good: Callable[[int], bool]) -> int:
        """How many, once it is as it should be, or when patience ends."""
        return self.until(lambda: self.quantity(reward), good)

    def wallet(self) -> Reward | None:
        """The member's Shop With Points. Tiers of points banking share its prefix; the balance tells them apart."""
        spending = [r for r in self.rewards() if r.spends_points and r.quantity >= 1 and r.value]
        if not spending:
            return None
        tiers = {offer.label for offer in self.balance().offers if offer.points is not None}
        return next((reward for reward in spending if reward.label not in tiers), None)

    def money_in(self, wallet: Reward) -> Money:
        """What this Shop With Points reward is worth now; nothing when it is no longer listed."""
        values = (r.value for r in self.rewards() if r.id == wallet.id)
        return next((value for value in values if value is not None), Money.zero(self.currency))

    # selling, all of it by the till

    def sandwiches(self, *, at_least: Money | None = None, as_one_item: bool = False) -> Basket:
        """What is bought, in the currency of this environment."""
        return sandwiches(self.currency, at_least=at_least, as_one_item=as_one_item)

    def checkout(
        self,
        page: Page,
        *,
        basket: Basket | None = None,
        reward: Reward | None = None,
        projected: Money | None = None,
        order: SpendgoOrder | None = None,
    ) -> SpendgoOrder:
        """Price a new order, or `order` again. Raises DeclinedError when the reward does not fit."""
        with self.calling(page, "checkout"):
            return self.spendgo.checkout(
                order or self.new_id(),
                basket or self.sandwiches(),
                buyer=self.member,
                reward=reward,
                projected=projected,
            )

    def checkout_if_it_fits(self, page: Page, reward: Reward, basket: Basket | None = None) -> SpendgoOrder | None:
        """Price a new order with this reward; None when the provider says that the basket does not earn it."""
        trial = Page()
        try:
            order = self.checkout(trial, reward=reward, basket=basket)
        except DeclinedError as no:
            if no.code != "reward.not_applied":
                raise
            return None
        page.seen += trial.seen
        return order

    def go(self, page: Page, order: SpendgoOrder, *verbs: Verb) -> SpendgoOrder:
        """Take the order further, step by step; each answer goes on the page."""
        for verb in verbs:
            with self.calling(page, _SAID[verb], next_step=True):
                order = self._step(order, verb)
        return order

    def _step(self, order: SpendgoOrder, verb: Verb) -> SpendgoOrder:
        match verb:
            case "place":
                facts = order.facts
                if facts.basket is None:
                    raise ValueError("an order without a basket")
                totals = facts.basket.totals
                return self.spendgo.place(
                    order, tenders=by_cash(totals.discounted(facts.discount) if facts.discount else totals)
                )
            case "bill":
                return self.spendgo.bill(order)
            case "complete":
                return self.spendgo.complete(order)
            case "void":
                return self.spendgo.void(order, why=_WHY)
            case "refund":
                return self.spendgo.refund(order, why=_WHY)
