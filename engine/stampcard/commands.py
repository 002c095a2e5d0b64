"""What a verb asks for, as data: this is what an intent journals and what a repeat is compared with.

May live here: the input of each trigger, frozen. May not: a provider's own fields (a provider subclasses), I/O.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import attrs

from stampcard.model import Basket, Guest, Member, Money, Reward, Tender, Totals

__all__ = [
    "Abandon",
    "Bill",
    "Checkout",
    "Command",
    "Complete",
    "Place",
    "PurchaseCommand",
    "Refund",
    "Void",
]


@attrs.frozen(kw_only=True)
class Command:
    """One wish of the till.

    why: for the history; it takes no part in comparing a repeat. trigger: the lifecycle's trigger it fires.
    personal: see `Facts.personal`.
    """

    trigger: ClassVar[str]
    personal: ClassVar[tuple[str, ...]] = ()
    why: str | None = None

    def subject(self) -> str | None:
        """The provider's id of the person this is about, or None."""
        return None


@attrs.frozen(kw_only=True)
class Checkout(Command):
    """Price a basket and validate at most one reward.

    projected: the till's guess of the reward's discount, where the provider named no value for it.
    """

    trigger: ClassVar[str] = "checkout"
    personal: ClassVar[tuple[str, ...]] = ("buyer.id", "basket.deliver_to", "rewards.*.member_id")
    basket: Basket
    buyer: Member | Guest
    rewards: tuple[Reward, ...] = ()
    projected: Money | None = None

    def subject(self) -> str | None:
        return self.buyer.id if isinstance(self.buyer, Member) else None

    @property
    def reward(self) -> Reward | None:
        """The one reward, once the guards have seen that it is one."""
        return self.rewards[0] if self.rewards else None


@attrs.frozen(kw_only=True)
class Place(Command):
    """The customer has ordered. reward_discount: of the reward alone; None stands for the validated one."""

    trigger: ClassVar[str] = "place"
    tenders: tuple[Tender, ...]
    totals: Totals
    reward_discount: Money | None = None


@attrs.frozen(kw_only=True)
class Bill(Command):
    """Payment was taken. reward_discount: of the reward alone; None stands for the one placed."""

    trigger: ClassVar[str] = "bill"
    tenders: tuple[Tender, ...]
    totals: Totals
    reward_discount: Money | None = None


@attrs.frozen(kw_only=True)
class Complete(Command):
    """The order is closed: points are due."""

    trigger: ClassVar[str] = "complete"


@attrs.frozen(kw_only=True)
class Void(Command):
    """Undo it before completion: the reward goes back."""

    trigger: ClassVar[str] = "void"


@attrs.frozen(kw_only=True)
class Refund(Command):
    """Undo it after completion: the reward goes back, the points earned are taken."""

    trigger: ClassVar[str] = "refund"


@attrs.frozen(kw_only=True)
class Abandon(Command):
    """Let it go: nothing was at stake, and the provider is not told."""

    trigger: ClassVar[str] = "abandon"


PurchaseCommand: TypeAlias = Checkout | Place | Bill | Complete | Void | Refund
"""What a PURCHASE provider translates. `Abandon` is the till's own and reaches no provider."""
