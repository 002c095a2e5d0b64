"""What is sold, to whom, and how it is paid: frozen values, no I/O."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, StrEnum
from typing import Final

import attrs

from .money import Money

__all__ = [
    "GUEST",
    "Address",
    "Basket",
    "CardBrand",
    "Channel",
    "Guest",
    "Handover",
    "Line",
    "Member",
    "Modifier",
    "Reward",
    "Tender",
    "TenderKind",
    "Totals",
]


class Channel(StrEnum):
    """Where the order was taken."""

    INSTORE = "instore"
    WEB = "web"
    MOBILE_WEB = "mobileweb"
    MOBILE_APP = "mobileapp"


class Handover(StrEnum):
    """How the customer gets it."""

    ONSITE = "onsite"
    PICKUP = "pickup"
    DELIVERY = "delivery"


class TenderKind(StrEnum):
    """What it was paid with."""

    CASH = "cash"
    CHECK = "check"
    CREDIT = "credit"
    DEBIT = "debit"
    PREPAID = "prepaid"
    TRANSFER = "transfer"
    VALUE = "value"


class CardBrand(StrEnum):
    """Whose card it was."""

    AMEX = "amex"
    DINERS = "diners"
    DISCOVER = "discover"
    JCB = "jcb"
    MASTERCARD = "mastercard"
    PAYPAL = "paypal"
    VISA = "visa"


@attrs.frozen(kw_only=True)
class Modifier:
    """An addition to a line, priced on its own; may itself be modified. price: of one unit."""

    label: str
    price: Money
    quantity: int = 1
    product: str | None = None
    categories: tuple[str, ...] = ()
    modifiers: tuple[Modifier, ...] = ()


@attrs.frozen(kw_only=True)
class Line:
    """One line of a basket. price: of one unit; product: the SKU; categories: what reward rules look at."""

    label: str
    price: Money
    quantity: int = 1
    product: str | None = None
    categories: tuple[str, ...] = ()
    modifiers: tuple[Modifier, ...] = ()


@attrs.frozen(kw_only=True)
class Totals:
    """What the POS says a sale comes to: subtotal + tax + tip + delivery - discount = total, to the cent.

    discount: a positive amount, the sum of every discount on the order, the reward's included once it is validated.
    Nothing is computed here: a guard compares.
    """

    subtotal: Money
    total: Money
    tax: Money | None = None
    tip: Money | None = None
    delivery: Money | None = None
    discount: Money | None = None

    def parts(self) -> tuple[Money, ...]:
        """Every amount that is present."""
        every = (self.subtotal, self.total, self.tax, self.tip, self.delivery, self.discount)
        return tuple(part for part in every if part is not None)

    def expected_total(self) -> Money:
        """What `total` has to be. Raises ValueError when currencies are mixed."""
        zero = Money.zero(self.subtotal.currency)
        added = self.subtotal + (self.tax or zero) + (self.tip or zero) + (self.delivery or zero)
        return added - (self.discount or zero)

    def discounted(self, discount: Money, *, tax: Money | None = None) -> Totals:
        """These totals with a further discount taken off, and the tax recomputed by the POS when it is given."""
        zero = Money.zero(self.subtotal.currency)
        changed = attrs.evolve(self, discount=(self.discount or zero) + discount, tax=self.tax if tax is None else tax)
        return attrs.evolve(changed, total=changed.expected_total())

    def tipped(self, tip: Money) -> Totals:
        """These totals with a tip added."""
        changed = attrs.evolve(self, tip=tip if self.tip is None else self.tip + tip)
        return attrs.evolve(changed, total=changed.expected_total())


@attrs.frozen(kw_only=True)
class Address:
    """Where something is delivered. country: ISO 3166 alpha-2 or alpha-3 as the provider wants it."""

    street: str
    city: str
    postal_code: str
    country: str
    region: str | None = None
    cross_street: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None


@attrs.frozen(kw_only=True)
class Basket:
    """What is sold. totals: before any reward. wanted_at: an aware datetime, when the customer wants it."""

    lines: tuple[Line, ...]
    totals: Totals
    channel: Channel = Channel.INSTORE
    handover: Handover = Handover.ONSITE
    catering: bool = False
    wanted_at: datetime | None = None
    deliver_to: Address | None = None


@attrs.frozen(kw_only=True)
class Tender:
    """One payment of a sale. last_four: of the card, never more of it."""

    kind: TenderKind
    amount: Money
    brand: CardBrand | None = None
    last_four: str | None = None

    def __attrs_post_init__(self) -> None:
        digits = self.last_four
        if digits is not None and not (len(digits) == 4 and digits.isascii() and digits.isdigit()):
            raise ValueError("last_four is the last four digits of a card, and nothing more of it")


_PHONE: Final = "phone:"
"""Begins the id of a member who is not looked up yet."""


@attrs.frozen(kw_only=True)
class Member:
    """A member of a programme. status: the provider's own word. created: made just now, by this look-up.

    Somebody who gave a phone number while the provider was away is a member not looked up yet: `Member.by_phone`. A
    sale to such a one waits, and is the member's once it is sent.
    """

    id: str = attrs.field(repr=lambda shown: repr("***" if shown.startswith(_PHONE) else shown))
    provider: str
    status: str
    created: bool = False

    @classmethod
    def by_phone(cls, phone: str, *, provider: str) -> Member:
        """Whoever has that number: not looked up yet."""
        return cls(id=_PHONE + phone, provider=provider, status="not looked up yet")

    @property
    def phone(self) -> str | None:
        """The number of one who is not looked up yet; None of everybody else."""
        return self.id.removeprefix(_PHONE) if self.id.startswith(_PHONE) else None


class Guest(Enum):
    """The buyer who is nobody. One value: `GUEST`."""

    GUEST = "guest"


GUEST: Final = Guest.GUEST


@attrs.frozen(kw_only=True)
class Reward:
    """One redeemable reward as the provider listed it, for one member at one store.

    quantity: how many could be used when it was listed. value: the projected discount, when the provider says one.
    spends_points: a Shop With Points reward: less than the validated discount may be taken, never more.
    """

    id: str
    label: str
    member_id: str
    quantity: int
    offer: str
    value: Money | None = None
    spends_points: bool = False
    code: str | None = None
    """The POS's own promotion code, when the provider refers to one."""
