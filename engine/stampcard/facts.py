"""What accepted steps teach us about an order, for each lifecycle that has something common to teach.

May live here: the facts every provider of a lifecycle shares. A provider subclasses them with its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

import attrs

from stampcard.commands import Bill, Checkout, Command, Create, Place
from stampcard.model import Basket, Facts, Guest, Member, Money, Reward, Tender, Totals

__all__ = ["AuthorizationFacts", "PurchaseFacts"]


@attrs.frozen(kw_only=True)
class PurchaseFacts(Facts):
    """What is known of a purchase.

    discount: of the reward, as the provider validated it at checkout; zero when no reward was asked for.
    reward_discount: of the reward, as it was placed: the validated one, or less of it for a reward that spends points.
    message: the provider's words for the customer, for the receipt.
    """

    personal: ClassVar[tuple[str, ...]] = ("buyer.id", "basket.deliver_to", "reward.member_id")
    basket: Basket | None = None
    buyer: Member | Guest | None = None
    reward: Reward | None = None
    totals: Totals | None = None
    tenders: tuple[Tender, ...] = ()
    discount: Money | None = None
    reward_discount: Money | None = None
    message: str | None = None

    @property
    def to_pay(self) -> Totals | None:
        """What the customer is to pay: as placed, or the basket's totals less the validated discount; None before."""
        if self.totals is not None or self.basket is None:
            return self.totals
        off = self.discount if self.reward_discount is None else self.reward_discount
        before = self.basket.totals
        if not off or off.currency != before.subtotal.currency:
            return before
        return before.discounted(off)

    def subject(self) -> str | None:
        return self.buyer.id if isinstance(self.buyer, Member) else None

    def learn(self, command: Command) -> Self:
        """These facts after `command` was accepted: what the till itself said, beside what the provider taught."""
        match command:
            case Checkout():
                return attrs.evolve(
                    self,
                    basket=command.basket,
                    buyer=command.buyer,
                    reward=command.reward,
                    totals=None,
                    tenders=(),
                    discount=self.discount if command.rewards else Money.zero(command.basket.totals.subtotal.currency),
                    reward_discount=None,
                )
            case Place() | Bill():
                carried = self.reward_discount if self.reward_discount is not None else self.discount
                taken = carried if command.reward_discount is None else command.reward_discount
                return attrs.evolve(
                    self,
                    totals=command.totals,
                    tenders=command.tenders,
                    reward_discount=None if self.reward is None else taken,
                )
            case _:
                return self


@attrs.frozen(kw_only=True)
class AuthorizationFacts(Facts):
    """What is known of a hold: what `create` is measured against.

    authorized: the amount held. expires_at: when the hold ends by itself. spent: an order was made from it.
    """

    authorized: Money | None = None
    expires_at: datetime | None = None
    spent: bool = False

    def learn(self, command: Command) -> Self:
        """These facts after `command` was accepted."""
        return attrs.evolve(self, spent=True) if isinstance(command, Create) else self
