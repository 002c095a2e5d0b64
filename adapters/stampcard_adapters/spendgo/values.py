"""Spendgo's own values: what an order, a member, a balance look like once read.

May live here: frozen values. May not: reading, writing, settings. Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

import attrs

from stampcard.facts import PurchaseFacts
from stampcard.lifecycles import PurchaseState
from stampcard.model import Money, Order

__all__ = [
    "NAME",
    "STATUS",
    "Balance",
    "Offer",
    "PendingMember",
    "SpendgoFacts",
    "SpendgoOrder",
    "Units",
]

NAME: Final = "spendgo"

STATUS: Final = {
    "checkout": "checkout",
    "place": "placed",
    "bill": "billed",
    "complete": "completed",
    "void": "voided",
    "refund": "refunded",
}
"""Trigger -> the `status` the provider routes on (section 5; trap 14: one path for all six)."""


@attrs.frozen(kw_only=True)
class SpendgoFacts(PurchaseFacts):
    """What is known of a purchase at Spendgo. transaction_id: the provider's own, from billed on (section 6)."""

    transaction_id: str | None = None


SpendgoOrder: TypeAlias = Order[PurchaseState, SpendgoFacts]


@attrs.frozen(kw_only=True)
class PendingMember:
    """Created, but the e-mail awaits verification (202): there is no id, so no order may name it (trap 9)."""

    phone: str = attrs.field(repr=False)


class Units(StrEnum):
    """What a programme counts (section 4)."""

    POINTS = "points"
    VISITS = "visits"
    STAMPS = "stamps"


@attrs.frozen(kw_only=True)
class Offer:
    """A line of the balance. Not redeemable by itself: it has no id.

    kind: rebate, discount or gift. quantity: 0 for a banking tier not affordable yet. points: what a banking tier
    costs. value_per_point: of Shop With Points. code: the POS's own promotion code.
    """

    label: str
    kind: str
    quantity: int
    value: Money | None = None
    points: Decimal | None = None
    value_per_point: Decimal | None = None
    next_expires_on: date | None = None
    code: str | None = None


@attrs.frozen(kw_only=True)
class Balance:
    """What a member has. spend_threshold: until the next reward; absent in the two programmes that spend points."""

    quantity: Decimal
    units: Units
    label: str
    offers: tuple[Offer, ...]
    spend_threshold: Decimal | None = None
