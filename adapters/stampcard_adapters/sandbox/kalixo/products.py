"""What can be bought: a product, what becomes of an order of it, and the catalog served by default (sheet, B5).

May live here: products as values. May not: stock, which is booked, and how an API shows a product.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

__all__ = ["BEHAVIOURS", "DEFAULT_PRODUCTS", "SOLD_OUT", "Behaviour", "Product"]

Behaviour: TypeAlias = Literal["ok", "fail", "partial", "slow"]
BEHAVIOURS: Final[tuple[Behaviour, ...]] = ("ok", "fail", "partial", "slow")

TEST_BRAND: Final = "Kalixo Test"


@attrs.frozen(kw_only=True)
class Product:
    """Prices in minor units. Without a `price` it is open-denomination: lowest to highest, in steps from the lowest."""

    id: int
    sku: str
    currency: str
    price: int | None
    name: str
    lowest: int = 0
    highest: int = 0
    step: int = 1
    ean: str = ""
    country: str = "GB"
    language: str = "EN"
    brand: str = "Stampcard"
    category: str = "Gift cards"
    tags: tuple[str, ...] = ()
    behaviour: Behaviour = "ok"
    test: bool = False
    active: bool = True

    @property
    def open(self) -> bool:
        """The buyer names the price."""
        return self.price is None

    def delivers(self, quantity: int) -> int:
        """Units that come of an order for so many (B5)."""
        if self.behaviour == "fail":
            return 0
        # "partial when quantity is at least 2", not by how much: one unit stays away
        return quantity - 1 if self.behaviour == "partial" and quantity >= 2 else quantity


def _card(number: int, price: int, name: str, ean: str, **more: str) -> Product:
    country, language = more.get("country", "GB"), more.get("language", "EN")
    currency = more.get("currency", "GBP")
    return Product(
        id=number,
        sku=f"{country}-{language}-{ean}",
        currency=currency,
        price=price,
        name=name,
        ean=ean,
        country=country,
        language=language,
        brand=more.get("brand", "Arcadia"),
        category=more.get("category", "Gaming"),
        tags=("digital", more.get("tag", "gift")),
    )


def _test(number: int, name: str, behaviour: Behaviour = "ok", price: int | None = 1000) -> Product:
    return Product(
        id=number,
        sku=f"KTEST-{name}",
        currency="GBP",
        price=price,
        name=f"Kalixo Test {name}",
        lowest=500 if price is None else 0,
        highest=20000 if price is None else 0,
        step=100 if price is None else 1,
        ean=f"{number:013d}",
        brand=TEST_BRAND,
        category="Sandbox",
        tags=("sandbox",),
        behaviour=behaviour,
        test=True,
    )


SOLD_OUT: Final = 8
DEFAULT_PRODUCTS: Final[tuple[Product, ...]] = (
    # 1, 2 and 6 are those of the manual's example
    _card(1, 1099, "Arcadia 10.99", "4251604100019", brand="Arcadia"),
    _card(2, 3299, "Arcadia 32.99", "4251604177278", brand="Arcadia", tag="bestseller"),
    _card(6, 839, "Tunes 8.39", "4251604133182", brand="Tunes", category="Music"),
    Product(
        id=7,
        sku="GB-EN-4251604100071",
        currency="GBP",
        price=None,
        name="Bistro, any amount",
        lowest=1000,
        highest=50000,
        step=500,
        ean="4251604100071",
        brand="Bistro",
        category="Restaurants",
        tags=("digital",),
    ),
    _card(SOLD_OUT, 2500, "Rare 25.00", "4251604100088", brand="Rare"),
    _card(11, 1000, "Arcadia JP 1000", "4251604100118", country="JP", language="JA", currency="JPY"),
    _card(12, 5250, "Arcadia KW 5.250", "4251604100125", country="KW", language="AR", currency="KWD"),
    _card(13, 2500, "Arcadia US 25.00", "4251604100132", country="US", currency="USD"),
    # the default wallets hold no euro: an order of this one is beyond the account's limit
    _card(14, 1000, "Arcadia DE 10.00", "4251604100149", country="DE", language="DE", currency="EUR"),
    _test(9001, "OK"),
    _test(9002, "OPEN", price=None),
    _test(9003, "FAIL", "fail"),
    _test(9004, "PARTIAL", "partial"),
    _test(9005, "SLOW", "slow"),
)
