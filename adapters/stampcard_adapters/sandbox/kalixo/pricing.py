"""What an order costs and whether it can be had (sheet, B2 and B4): checked line by line against the catalog.

May live here: the rules of price, currency and availability. May not: wallets, and anything that changes.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import attrs

from .errors import bad_request, limit_exceeded, unavailable, unknown_product
from .products import Product
from .request import Wanted, WantedLine, whole
from .world import World

__all__ = ["Line", "priced"]

MAX_UNITS: Final = 1000
"""Of one order; the account's own limit is not published."""


@attrs.frozen(kw_only=True)
class Line:
    """A line that was accepted, with the product as it was. `stocked`: its units were taken from a stock."""

    product: Product
    quantity: int
    price: int
    stocked: bool

    @property
    def total(self) -> int:
        """Line price is the price of a unit (trap 6)."""
        return self.price * self.quantity


def priced(wanted: Wanted, world: World, *, check_total: bool) -> tuple[Line, ...]:
    """The lines of an order, or why it is refused: unknown first, then what it costs, then whether it is there."""
    lines = tuple(_line(line, wanted.currency, world) for line in wanted.lines)
    total = sum(line.total for line in lines)
    if check_total and wanted.total is not None and whole(wanted.total) != total:
        raise bad_request(f"Order price mismatch: expected total {total}")
    if sum(line.quantity for line in lines) > MAX_UNITS:
        raise limit_exceeded()
    asked: Counter[int] = Counter()
    for line in lines:
        asked[line.product.id] += line.quantity
        stock = world.stock(line.product.id)
        if not line.product.active or (stock is not None and asked[line.product.id] > stock):
            raise unavailable(line.product.id)
    return lines


def _line(wanted: WantedLine, currency: str, world: World) -> Line:
    named = wanted.product
    product = world.by_code(named) if isinstance(named, str) else world.product(named)
    if product is None:
        raise unknown_product(str(named))
    for said in (currency, wanted.currency):
        if said is not None and said != product.currency:
            raise bad_request(f"Product {product.id} is priced in {product.currency}, not {said}")
    if wanted.sku is not None and wanted.sku != product.sku:
        # no text of theirs is known for this one
        raise bad_request(f"Product {product.id} sku mismatch: expected {product.sku}")
    return Line(
        product=product,
        quantity=wanted.quantity,
        price=_price(wanted, product),
        stocked=world.stock(product.id) is not None,
    )


def _price(wanted: WantedLine, product: Product) -> int:
    said = whole(wanted.price)
    if product.price is not None:
        if wanted.price is not None and said != product.price:
            raise bad_request(f"Product {product.id} price mismatch: expected {product.price}")
        return product.price
    if said is None:
        raise bad_request(f"Product {product.id} is open-denomination and requires a price")
    if said < product.lowest:
        raise bad_request(f"Price for product {product.id} is below the minimum allowed ({product.lowest})")
    if said > product.highest:
        raise bad_request(f"Price for product {product.id} exceeds the maximum allowed ({product.highest})")
    if (said - product.lowest) % product.step:
        # the step is documented, its text is not
        raise bad_request(f"Price for product {product.id} must be in steps of {product.step}")
    return said
