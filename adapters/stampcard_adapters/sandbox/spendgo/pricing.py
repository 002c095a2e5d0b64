"""What a reward takes off a basket: offers, their rules, and the discount for one order.

May live here: kinds of offer and pure arithmetic over a basket. May not: who owns an offer, or how many are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Final, Literal, TypeAlias

import attrs

__all__ = ["CENT", "Item", "Offer", "OfferKind", "cents", "points_for", "price", "sum_of"]

OfferKind: TypeAlias = Literal["rebate", "discount", "gift"]
"""Section 4: rebate is fixed or open money, discount is percent, gift is a free item."""

CENT: Final = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Trap 11: compare to the cent."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@attrs.frozen(kw_only=True)
class Item:
    """A line of the basket, or a modifier of one (they nest)."""

    label: str
    cost: Decimal
    quantity: Decimal
    product: str | None = None
    categories: tuple[str, ...] = ()
    modifiers: tuple[Item, ...] = ()

    @property
    def unit(self) -> Decimal:
        """One of it, with its modifiers."""
        return self.cost + sum_of(self.modifiers)

    @property
    def total(self) -> Decimal:
        return self.unit * self.quantity


@attrs.frozen(kw_only=True)
class Offer:
    """One thing a member may redeem.

    value: dollars for a rebate, percent for a discount, the most a gift may be worth (0: any). The dollars of a Shop
        With Points offer are its member's balance, so its value is worked out when asked for.
    min_spend, min_items: over the qualifying items; product: only items of this product or category qualify.
    points: what it costs, for a tier of points banking.
    """

    id: str
    kind: OfferKind = "rebate"
    label: str
    value: Decimal
    min_spend: Decimal | None = None
    min_items: int | None = None
    product: str | None = None
    stores: tuple[str, ...] = ()
    code: str | None = None
    expires_on: str | None = None
    vanishes: bool = False
    shop_with_points: bool = False
    points: Decimal | None = None

    @property
    def projected(self) -> Decimal | None:
        """The money it is expected to take off, when that can be said without a basket."""
        return self.value if self.kind != "discount" and self.value else None


def sum_of(items: Sequence[Item]) -> Decimal:
    """What these items cost together, before tax, tip and discounts."""
    return sum((item.total for item in items), Decimal(0))


def price(offer: Offer, items: Sequence[Item], *, store: str, wanted: Decimal | None) -> Decimal | str:
    """The discount for this basket, or the sentence why there is none.

    wanted: the dollars a Shop With Points customer asks for; other offers do not look at it.
    """
    if offer.stores and store not in offer.stores:
        return f"{offer.label} is not valid at this store."
    qualifying = [item for item in items if offer.product is None or offer.product in (item.product, *item.categories)]
    total = sum_of(qualifying)
    if not qualifying or total <= 0:
        return f"No item in the basket qualifies for {offer.label}."
    if offer.min_items is not None and sum((item.quantity for item in qualifying), Decimal(0)) < offer.min_items:
        return f"{offer.label} needs at least {offer.min_items} qualifying items."
    if offer.min_spend is not None and total < offer.min_spend:
        return f"{offer.label} needs at least {cents(offer.min_spend)} of qualifying items."
    if offer.shop_with_points:
        asked = offer.value if wanted is None else cents(wanted)
        if asked > offer.value:
            return "The discount is above the Shop With Points balance."
        return cents(max(Decimal(0), min(asked, total)))
    if offer.kind == "discount":
        return min(cents(total * offer.value / 100), cents(total))
    if offer.kind == "gift":
        cheapest = min(item.unit for item in qualifying)
        return cents(max(Decimal(0), min(cheapest, offer.value or cheapest)))
    return cents(min(offer.value, total))


def points_for(items: Sequence[Item], discount: Decimal) -> Decimal:
    """Section 4: one point per currency unit of items, without tax, tip, discounts and fees; sum, then floor."""
    return max(Decimal(0), sum_of(items) - discount).quantize(Decimal(1), ROUND_DOWN)
