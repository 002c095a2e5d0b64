"""Calls that belong to no step of an order: catalogue, wallet, a sign of life, and the codes, fetched again.

May live here: their requests and the reading of their replies, both pure. May not: a journal, a retry, a setting.
Sections are those of the provider's fact sheet. A query answers with its value, or with what the refusal means;
`hide` are the keys it is called with, which no answer of it shows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Final, TypeVar

from stampcard.adapter import Declined, NotSent, Query, Unknown
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Money
from stampcard.model.money import exponent
from stampcard.wire import JsonView, Request, Response, path
from stampcard_adapters.kalixo.refusals import NOTHING, Hidden, refusal
from stampcard_adapters.kalixo.replies import codes_in, hidden_in, standing
from stampcard_adapters.kalixo.requests import look_request, text
from stampcard_adapters.kalixo.values import GiftCode, KalixoOrder, Product, ProductPage, Version

__all__ = ["PAGE", "codes_query", "ping_query", "product_query", "products_query", "wallet_query"]

T = TypeVar("T")
PAGE: Final = 100
"""Products a page may hold at most (A4, B1)."""


def products_query(
    version: Version,
    *,
    skip: int = 0,
    search: str | None = None,
    country: str | None = None,
    language: str | None = None,
    call_budget: float = 10.0,
    hide: Hidden = NOTHING,
) -> Query[ProductPage]:
    """GET /catalog/products. skip is always sent: v1's own default would leave the first product out (trap 13).

    v2 filters itself; v1 has no filter, so what it answers is filtered here.
    """
    wanted = {"search": search, "country": country, "language": language}
    asked = {name: text(value) for name, value in wanted.items() if value} if version == 2 else {}
    request = Request.get(f"/v{version}/catalog/products", skip=skip, take=PAGE, **asked)

    def page(body: JsonView) -> ProductPage | None:
        listed = body.any("products", "data")
        if not isinstance(listed.raw(), list):
            return None
        rows = listed.items()
        found = [product for row in rows for product in _products(row)]
        if version == 1:
            found = [p for p in found if _fits(p, search, country, language)]
        count = body.any("count").number()
        return ProductPage(
            products=tuple(found), count=skip + len(rows) if count is None else int(count), rows=len(rows)
        )

    return Query(name="products", request=request, read=lambda r: _read(r, page, hide), call_budget=call_budget)


def product_query(
    version: Version,
    *,
    product_id: int | None = None,
    sku: str | None = None,
    ean: str | None = None,
    call_budget: float = 10.0,
    hide: Hidden = NOTHING,
) -> Query[Product]:
    """v2: GET /catalog/products/{id}. v1: GET /catalog/product?sku= or ?ean= (A4: the sources differ; say which).

    Raises ValueError when what this version asks by is not given.
    """
    if version == 2:
        if product_id is None:
            raise ValueError("v2 asks by the product's id")
        request = Request.get(path("/v2/catalog/products/{}", str(product_id)))
    elif sku is not None:
        request = Request.get("/v1/catalog/product", sku=text(sku))
    elif ean is not None:
        request = Request.get("/v1/catalog/product", ean=text(ean))
    else:
        raise ValueError("v1 asks by sku or EAN")

    def one(body: JsonView) -> Product | None:
        found = _products(body)
        return next((p for p in found if sku is not None and p.sku == sku), found[0] if found else None)

    return Query(name="product", request=request, read=lambda r: _read(r, one, hide), call_budget=call_budget)


def wallet_query(*, call_budget: float = 10.0, hide: Hidden = NOTHING) -> Query[tuple[Money, ...]]:
    """GET /wallet (B1, v2): balances are DECIMAL MAJOR units of each currency (trap 8)."""

    def balances(body: JsonView) -> tuple[Money, ...] | None:
        held = body.any("balances")
        listed = held.raw()
        if not isinstance(listed, dict):
            return None
        amounts = (_major(held[name], name) for name in listed)
        return tuple(amount for amount in amounts if amount is not None)

    return Query(
        name="wallet",
        request=Request.get("/v2/wallet"),
        read=lambda r: _read(r, balances, hide),
        call_budget=call_budget,
    )


def ping_query(*, call_budget: float = 10.0, hide: Hidden = NOTHING) -> Query[datetime]:
    """GET /ping (B1, v2): the provider's time."""

    def moment(body: JsonView) -> datetime | None:
        try:
            told = datetime.fromisoformat(body.any("timestamp").text() or "")
        except ValueError:
            return None
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told

    return Query(
        name="ping", request=Request.get("/v2/ping"), read=lambda r: _read(r, moment, hide), call_budget=call_budget
    )


def codes_query(
    order: KalixoOrder, version: Version, *, call_budget: float = 10.0, hide: Hidden = NOTHING
) -> Query[tuple[GiftCode, ...]]:
    """The order again, for its codes. They are in the answer alone: no refusal and no reason quotes the reply."""
    request = look_request(order.id, order.facts.kalixo_id, version)

    def read(response: Response) -> tuple[GiftCode, ...] | Declined | NotSent | Unknown:
        body = response.json()
        if response.status != 200:
            return refusal(response, hide=hidden_in(body, hide))
        seen = standing(order, body, order.facts.items, hide=hide)
        if isinstance(seen, str):
            return Unknown(why=f"HTTP 200: {seen}")
        if seen.state not in (FulfilmentState.COMPLETED, FulfilmentState.PARTIALLY_COMPLETED):
            return Unknown(why="HTTP 200, but no longer an order with codes")
        return codes_in(body)

    return Query(name="reveal", request=request, read=read, call_budget=call_budget)


def _read(response: Response, value: Callable[[JsonView], T | None], hide: Hidden) -> T | Declined | NotSent | Unknown:
    if response.status != 200:
        return refusal(response, hide=hide)
    body = response.json()
    if body.bad or body.any("statusCode").there:
        return Unknown(why=f"HTTP 200: {body.bad or 'an error object'}")
    found = value(body)
    return Unknown(why="HTTP 200 without what was asked for") if found is None else found


def _products(row: JsonView) -> list[Product]:
    """A product, once for each language it has a sku in. A row without id or currency hides no other."""
    number = row.any("productId", "id").whole()
    currency = (row.any("currency", "currencyCode").text() or "").strip().upper()
    if number is None or number < 0 or not _is_currency(currency):
        return []
    lowest, highest, step = (_minor(_bound(row, name), currency) for name in ("min", "max", "step"))
    kind = (row.any("denominationType").text() or "").strip().lower()
    said = kind in ("open", "range", "variable") or row.any("openDenomination").flag() is True
    unpriced = said or lowest is not None or highest is not None
    name = row.any("name").text() or ""
    languages = row.any("languages").items()
    skus = [sku for sku in (language.any("sku").text() for language in languages) if sku]
    return [
        Product(
            id=number,
            sku=sku,
            name=name or sku or str(number),
            price=None if unpriced else _minor(row.any("price"), currency),
            lowest=lowest,
            highest=highest,
            step=step,
            rrp=_major(row.any("rrp"), currency),
            ean=row.any("ean").text(),
            test=row.any("isSandboxProduct").flag() is True,
        )
        for sku in (skus or [row.any("sku").text() or ""])
    ]


def _bound(row: JsonView, name: str) -> JsonView:
    """A bound of an open denomination: beside the price, or in an object of its own (the sheet names no field)."""
    inner = row.any("denomination", "openDenomination", "priceRange")
    full = {"min": "minimum", "max": "maximum", "step": "step"}[name]
    names = (f"{name}Price", f"{full}Price", f"price{name.capitalize()}", f"{name}Denomination", f"{full}Denomination")
    flat = row.any(*names, name, full)
    return flat if flat.there else inner.any(name, full)


def _fits(product: Product, search: str | None, country: str | None, language: str | None) -> bool:
    """v2's filters (B1) over a v1 product: a comma means or, case does not count; its sku begins {CC}-{LL}-."""
    parts = product.sku.lower().split("-")

    def any_of(words: str | None, hit: Callable[[str], bool]) -> bool:
        wanted = [word.strip().lower() for word in (words or "").split(",") if word.strip()]
        return not wanted or any(hit(word) for word in wanted)

    texts = " ".join((product.name, product.sku, product.ean or "")).lower()
    return (
        any_of(search, lambda word: word in texts)
        and any_of(country, lambda word: parts[0] == word)
        and any_of(language, lambda word: len(parts) > 1 and parts[1] == word)
    )


def _is_currency(code: str) -> bool:
    try:
        exponent(code)
    except ValueError:
        return False
    return True


def _minor(view: JsonView, currency: str) -> Money | None:
    number = view.whole()
    if number is None or number < 0:
        return None
    try:
        return Money.minor(number, currency)
    except ValueError:
        return None


def _major(view: JsonView, currency: str) -> Money | None:
    """Major units by the currency's own exponent. The provider computes in floats: 96.00999999999999 is 96.01."""
    number = view.number()
    if number is None:
        return None
    try:
        return Money(number.quantize(Decimal(1).scaleb(-exponent(currency)), rounding=ROUND_HALF_EVEN), currency)
    except (ValueError, InvalidOperation):
        return None
