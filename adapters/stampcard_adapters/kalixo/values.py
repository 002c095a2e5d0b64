"""Kalixo's own values: what is ordered, what is known of an order, what a product and a code look like once read.

May live here: frozen values, and the arithmetic of a price. May not: reading, writing, settings. Sections are those of
the provider's fact sheet. A code is a `Secret`, and no value that is journalled has room for one (trap 14).
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final, Literal, Self, TypeAlias

import attrs

from stampcard.commands import Command, PlaceItems
from stampcard.commands import Item as AnyItem
from stampcard.errors import NotAllowedError
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Facts, Money, Order, Refusal, Secret

__all__ = [
    "NAME",
    "Delivered",
    "GiftCode",
    "Item",
    "KalixoFacts",
    "KalixoOrder",
    "PlaceCodes",
    "Product",
    "ProductPage",
    "Version",
]

NAME: Final = "kalixo"
Version: TypeAlias = Literal[1, 2]


@attrs.frozen(kw_only=True)
class Item(AnyItem):
    """A line of an order. price: of ONE (trap 6). sku: {country}-{language}-{EAN}, text; v1 demands it."""

    product_id: int
    sku: str | None = None


@attrs.frozen(kw_only=True)
class PlaceCodes(PlaceItems):
    """Order codes. Whether the total is checked is a setting of the till's, no part of the wish."""

    incidental: ClassVar[tuple[str, ...]] = ("total_as_given",)
    items: tuple[Item, ...]


@attrs.frozen(kw_only=True)
class Delivered:
    """How many codes of how many: fewer is final in v2 (trap 15)."""

    units: int
    ordered: int

    @property
    def whole(self) -> bool:
        """Everything ordered has its code."""
        return self.units >= self.ordered


@attrs.frozen(kw_only=True)
class KalixoFacts(Facts):
    """What is known of an order at Kalixo.

    kalixo_id: the provider's own id of it, text whatever it was sent as (trap 4). ready_at: when it expects to have the
    codes. reason: its words for a failure. status: its own word for where the order stands, as it was last seen.
    """

    kalixo_id: str | None = None
    items: tuple[Item, ...] = ()
    delivered: Delivered | None = None
    ready_at: datetime | None = None
    reason: str | None = None
    status: str | None = None

    def claim(self) -> str | None:
        return self.kalixo_id

    def learn(self, command: Command) -> Self:
        """These facts after `command` was accepted."""
        return attrs.evolve(self, items=command.items) if isinstance(command, PlaceCodes) else self


KalixoOrder: TypeAlias = Order[FulfilmentState, KalixoFacts]


@attrs.frozen(kw_only=True)
class GiftCode:
    """What the customer gets. `pin.reveal()` is the one way to read it."""

    product_id: str
    pin: Secret[str]


@attrs.frozen(kw_only=True)
class Product:
    """A product in one language. price: of a fixed denomination; None where the buyer names it.

    lowest, highest, step: of an open denomination, as far as the catalogue names them. rrp: what the maker recommends
    to charge (v1 only). test: one of the provider's own sandbox products.
    """

    id: int
    sku: str
    name: str
    price: Money | None
    lowest: Money | None = None
    highest: Money | None = None
    step: Money | None = None
    rrp: Money | None = None
    ean: str | None = None
    test: bool = False

    def buy(self, quantity: int = 1, *, price: Money | None = None) -> Item:
        """A line of an order. price: needed for an open denomination, and only there.

        Raises NotAllowedError, with every reason.
        """
        refusals = self._problems(quantity, price)
        if refusals:
            raise NotAllowedError(refusals[0].message, code=refusals[0].code, refusals=refusals)
        chosen = self.price if price is None else price
        return Item(product_id=self.id, sku=self.sku or None, price=chosen, quantity=quantity)

    def _problems(self, quantity: int, price: Money | None) -> list[Refusal]:
        found: list[Refusal] = []
        if quantity < 1:
            message = "The quantity must be at least 1."
            found.append(Refusal(code="quantity.not_positive", message=message, field="quantity"))
        if price is None:
            if self.price is None:
                message = f"'{self.name}' has no price of its own: enter the amount."
                found.append(Refusal(code="product.price_missing", message=message, field="price"))
            return found
        return found + (self._of_fixed(price) if self.price is not None else self._of_open(price))

    def _of_fixed(self, price: Money) -> list[Refusal]:
        if price == self.price:
            return []
        message = f"'{self.name}' costs {self.price}, not {price}."
        return [Refusal(code="product.price_changed", message=message, field="price")]

    def _of_open(self, price: Money) -> list[Refusal]:
        named = [m for m in (self.lowest, self.highest, self.step) if m is not None]
        if any(m.currency != price.currency for m in named):
            message = f"'{self.name}' is sold in {named[0].currency}, not {price.currency}."
            return [Refusal(code="product.currency", message=message, field="price")]
        if self.lowest is not None and price < self.lowest:
            message = f"'{self.name}' starts at {self.lowest}."
            return [Refusal(code="product.price_too_low", message=message, field="price")]
        if self.highest is not None and price > self.highest:
            message = f"'{self.name}' goes up to {self.highest}."
            return [Refusal(code="product.price_too_high", message=message, field="price")]
        start = 0 if self.lowest is None else self.lowest.units
        if self.step is not None and self.step.units > 0 and (price.units - start) % self.step.units:
            message = f"'{self.name}' is sold in steps of {self.step}."
            return [Refusal(code="product.price_off_step", message=message, field="price")]
        if price.units <= 0:
            message = f"'{self.name}' needs an amount above zero."
            return [Refusal(code="product.price_too_low", message=message, field="price")]
        return []


@attrs.frozen(kw_only=True)
class ProductPage:
    """Some of a catalogue. count: of all that fit. rows: how many this page held, what could not be read included."""

    products: tuple[Product, ...]
    count: int
    rows: int
