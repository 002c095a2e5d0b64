"""The catalog as v1 (sheet, A4) and v2 (B1, C) show it, page by page.

May live here: fields of a product, paging, filters. May not: who may see it, and what is in stock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from stampcard_adapters.sandbox.jsontext import Json

from .errors import invalid_path
from .money import exponent, major
from .products import Product

__all__ = ["Query", "described", "filtered", "numeric", "page", "v1_product", "v2_product"]

Query = Mapping[str, Sequence[str]]
MAX_TAKE: Final = 100
MAX_DIGITS: Final = 18

# the fields a filter of v2 looks at
FILTERS: Final[Mapping[str, Callable[[Product], Sequence[str]]]] = {
    "country": lambda product: (product.country,),
    "language": lambda product: (product.language,),
    "brand": lambda product: (product.brand,),
    "category": lambda product: (product.category,),
    "tag": lambda product: product.tags,
}


def numeric(text: str) -> int:
    """A number as it stands in a path or a query; 400 for anything else."""
    if not text.isascii() or not text.isdigit():
        raise invalid_path()
    # more digits than any id or page has: a number that finds nothing
    return int(text) if len(text) <= MAX_DIGITS else 10**MAX_DIGITS


def page(products: Sequence[Product], query: Query, *, skip: int, take: int) -> tuple[int, int, Sequence[Product]]:
    """How many are left out, how many are asked for (never more than 100), and those."""
    skip = numeric(query["skip"][0]) if "skip" in query else skip
    take = min(MAX_TAKE, numeric(query["take"][0]) if "take" in query else take)
    return skip, take, products[skip : skip + take]


def filtered(products: Sequence[Product], query: Query) -> tuple[Product, ...]:
    """All filters must fit, one of the values of each is enough, upper and lower case are the same."""
    found = list(products)
    for name, field in FILTERS.items():
        wanted = _words(query, name)
        if wanted:
            found = [product for product in found if wanted & {value.lower() for value in field(product)}]
    searched = _words(query, "search")
    if searched:
        found = [product for product in found if any(word in _text(product) for word in searched)]
    return tuple(found)


def _words(query: Query, name: str) -> set[str]:
    return {word.strip().lower() for value in query.get(name, ()) for word in value.split(",") if word.strip()}


def _text(product: Product) -> str:
    return " ".join((product.name, product.brand, product.sku, product.ean)).lower()


def v1_product(product: Product) -> dict[str, Json]:
    """rrp is a text in major units beside a price in minor ones."""
    decimals = exponent(product.currency)
    return {
        "id": product.id,
        "ean": product.ean,
        "name": product.name,
        "price": product.price,
        "rrp": None if product.price is None else f"{major(product.price, product.currency):.{decimals}f}",
        "currencyCode": product.currency,
        "buyingPrice": buying_price(product.price),
        "languages": [{"language": product.language, "sku": product.sku}],
        "tags": ",".join(product.tags),
        "status": "active" if product.active else "inactive",
        "state": "published",
        **_open(product),
    }


def v2_product(product: Product) -> dict[str, Json]:
    """v1's names where v2 is said to have kept them: rrp, rrpCurrency and state are gone, tags are an array."""
    buying = buying_price(product.price)
    return {
        "id": product.id,
        "productId": product.id,
        "productCode": product.sku,
        "ean": product.ean,
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "country": product.country,
        "price": product.price,
        "currencyCode": product.currency,
        "buyingPrice": buying,
        "discountAmount": None if product.price is None or buying is None else product.price - buying,
        "discountPercentage": 5,
        "languages": [{"language": product.language, "sku": product.sku}],
        "tags": list[Json](product.tags),
        "status": "active" if product.active else "inactive",
        "isSandboxProduct": product.test,
        **_open(product),
    }


def _open(product: Product) -> dict[str, Json]:
    """No name of theirs is known for the bounds of an open denomination."""
    if not product.open:
        return {"openDenomination": False}
    return {
        "openDenomination": True,
        "minPrice": product.lowest,
        "maxPrice": product.highest,
        "priceStep": product.step,
    }


def buying_price(price: int | None) -> int | None:
    """What the reseller's invoice says, five in a hundred less; the wallet pays the sell price (trap 9)."""
    return None if price is None else price - price // 20


def described(products: Sequence[Product]) -> list[Json]:
    """The test products and what becomes of them (B5); the shape of this reply is not published."""
    outcomes = {
        "ok": "completed",
        "fail": "failed",
        "partial": "partially_completed when the quantity is at least 2",
        "slow": "completed after about 10 s",
    }
    return [
        {
            "productId": product.id,
            "productCode": product.sku,
            "name": product.name,
            "price": product.price,
            "currency": product.currency,
            "outcome": outcomes[product.behaviour],
            **_open(product),
        }
        for product in products
        if product.test
    ]
