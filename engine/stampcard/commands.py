"""What a verb asks for, as data: this is what an intent journals and what a repeat is compared with.

May live here: the input of each trigger, frozen. May not: a provider's own fields (a provider subclasses), I/O.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, TypeAlias

import attrs

from stampcard.model import Address, Basket, Guest, Member, Money, Refusal, Reward, Tender, Totals
from stampcard.model.order import shy

__all__ = [
    "Abandon",
    "Answered",
    "Approve",
    "Authorize",
    "Bill",
    "Cancel",
    "Checkout",
    "Command",
    "Complete",
    "Create",
    "Item",
    "Lapse",
    "Observe",
    "Place",
    "PlaceItems",
    "PurchaseCommand",
    "Redeem",
    "Refund",
    "Reject",
    "Void",
]


@attrs.frozen(kw_only=True)
class Command:
    """One wish of the till.

    why: for the history; it takes no part in comparing a repeat. trigger: the lifecycle's trigger it fires.
    personal: see `Facts.personal`. incidental: paths of what was true when the wish was made and is no part of it: the
    same wish made again may say otherwise.
    """

    trigger: ClassVar[str]
    personal: ClassVar[tuple[str, ...]] = ()
    incidental: ClassVar[tuple[str, ...]] = ()
    why: str | None = None

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        shy(cls, cls.personal)

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
    incidental: ClassVar[tuple[str, ...]] = (
        "buyer.created",
        "buyer.status",
        "rewards.*.label",
        "rewards.*.quantity",
    )
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


@attrs.frozen(kw_only=True)
class Observe(Command):
    """Ask the provider where the order stands now, and follow it there."""

    trigger: ClassVar[str] = "observe"


@attrs.frozen(kw_only=True)
class Answered:
    """A contest question answered right: good for one order of one offer. The ids are the provider's, as text."""

    id: str
    offer: str


@attrs.frozen(kw_only=True)
class Redeem(Command):
    """Points for a prize; a provider adds whose points and which e-mail.

    points_each, balance: None when not known. balance is what was true when it was asked, not part of the wish, so it
    takes no part in comparing a repeat (eq=False). asks_question: the offer needs `answered`. ships: needs an address.
    """

    trigger: ClassVar[str] = "redeem"
    personal: ClassVar[tuple[str, ...]] = ("ship_to",)
    offer: str
    quantity: int = 1
    points_each: int | None = None
    balance: int | None = attrs.field(default=None, eq=False)
    asks_question: bool = False
    answered: Answered | None = None
    ships: bool = False
    ship_to: Address | None = None


@attrs.frozen(kw_only=True)
class Approve(Command):
    """Let the redemption through."""

    trigger: ClassVar[str] = "approve"


@attrs.frozen(kw_only=True)
class Reject(Command):
    """Refuse the redemption."""

    trigger: ClassVar[str] = "reject"


@attrs.frozen(kw_only=True)
class Item:
    """Something ordered from a catalogue; a provider adds its product id. price: of one; None when it sends none."""

    quantity: int = 1
    price: Money | None = None


@attrs.frozen(kw_only=True)
class PlaceItems(Command):
    """Order goods from a catalogue. The order's id is the code the provider replays by.

    total: None when the provider is sent none. total_as_given: the total is sent although the items come to another
    one (a switch: one provider's own sample does not add up).
    """

    trigger: ClassVar[str] = "place"
    items: tuple[Item, ...]
    total: Money | None = None
    total_as_given: bool = False


@attrs.frozen(kw_only=True)
class Authorize(Command):
    """Hold money for exactly one order.

    A command is journalled, and a `Secret` in one is journalled as nothing: what pays passes through memory once.
    again: asked anew although the call before got no answer; a second hold may then exist.
    """

    trigger: ClassVar[str] = "authorize"
    amount: Money
    again: bool = False

    def broken_limits(self) -> tuple[Refusal, ...]:
        """Fields outside the provider's own limits, all of them (code `field.limit`); no refusal repeats the value."""
        return ()


@attrs.frozen(kw_only=True)
class Create(Command):
    """Make the order from the held money.

    amount: None stands for all that was held. at: when it was asked, to see whether the hold is still alive; it takes
    no part in comparing a repeat (eq=False).
    """

    trigger: ClassVar[str] = "create"
    at: datetime = attrs.field(eq=False)
    amount: Money | None = None


@attrs.frozen(kw_only=True)
class Cancel(Command):
    """Undo the order made from the held money."""

    trigger: ClassVar[str] = "cancel"


@attrs.frozen(kw_only=True)
class Lapse(Command):
    """The hold ended by itself: write it down. The provider is not told. at: when that is said (see `Create.at`)."""

    trigger: ClassVar[str] = "lapse"
    at: datetime | None = attrs.field(default=None, eq=False)
