"""The body of an order, v1's (sheet, A2) and v2's (B2): two shapes are read, one value comes out.

May live here: fields, what is required where. May not: whether the products exist and what they cost.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .errors import bad_request

__all__ = ["Wanted", "WantedLine", "read_v1", "read_v2", "whole"]

EMPTY_LINE: Final = "Each line requires a productId and a quantity of at least 1"
MAX_WHOLE: Final = 10**15


@attrs.frozen(kw_only=True)
class WantedLine:
    """A line as sent. `price`, `sku` and `currency` None: not said."""

    product: int | str
    """A productId, or a productCode."""
    quantity: int
    price: Json = None
    sku: str | None = None
    currency: str | None = None


@attrs.frozen(kw_only=True)
class Wanted:
    """An order as sent. `total` None: not said."""

    code: str
    currency: str
    lines: tuple[WantedLine, ...]
    total: Json = None


def whole(value: Json) -> int | None:
    """A whole number within what anyone pays, or None."""
    if not isinstance(value, Decimal) or abs(value) > MAX_WHOLE or value != value.to_integral_value():
        return None
    return int(value)


def read_v2(body: Json, *, lenient: bool, by_code: bool) -> Wanted:
    """Read POST /orders: a line is a product and a quantity, the rest may be left out."""
    fields = _object(body)
    return Wanted(
        code=_text(fields, "externalOrderCode"),
        currency=_text(fields, "currency"),
        lines=tuple(_line(row, lenient=lenient, by_code=by_code) for row in _rows(fields)),
        total=fields.get("price"),
    )


def read_v1(body: Json, *, lenient: bool) -> Wanted:
    """Read place-order: every documented field is required; lenient asks for no more than v2 does."""
    fields = _object(body)
    code, currency = _text(fields, "externalOrderCode"), _text(fields, "currency")
    if not lenient:
        _number(fields, "price")
    lines: list[WantedLine] = []
    for number, row in enumerate(_rows(fields)):
        if not lenient and isinstance(row, dict):
            where = f"orderProducts.{number}."
            _number(row, "price", where)
            _text(row, "sku", where)
            _text(row, "currency", where)
        lines.append(_line(row, lenient=lenient, by_code=lenient))
    return Wanted(code=code, currency=currency, lines=tuple(lines), total=fields.get("price"))


def _object(body: Json) -> dict[str, Json]:
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object")
    return body


def _rows(fields: dict[str, Json]) -> list[Json]:
    rows = fields.get("orderProducts")
    if not isinstance(rows, list) or not rows:
        raise bad_request("orderProducts must not be empty")
    return rows


def _line(row: Json, *, lenient: bool, by_code: bool) -> WantedLine:
    if not isinstance(row, dict):
        raise bad_request(EMPTY_LINE)
    sent = row.get("productId")
    if lenient and isinstance(sent, str) and sent.isascii() and sent.isdigit() and len(sent) < 16:
        sent = Decimal(sent)
    product: int | str | None = whole(sent)
    code = row.get("productCode")
    if sent is None and by_code and isinstance(code, str) and code:
        product = code
    quantity = whole(row.get("quantity"))
    if product is None or quantity is None or quantity < 1:
        raise bad_request(EMPTY_LINE)
    return WantedLine(
        product=product,
        quantity=quantity,
        price=row.get("price"),
        sku=_optional(row, "sku"),
        currency=_optional(row, "currency"),
    )


def _text(fields: dict[str, Json], name: str, where: str = "") -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise bad_request(f"{where}{name} must be a string")
    if not value:
        raise bad_request(f"{where}{name} should not be empty")
    return value


def _optional(fields: dict[str, Json], name: str) -> str | None:
    return None if fields.get(name) is None else _text(fields, name, "orderProducts.")


def _number(fields: dict[str, Json], name: str, where: str = "") -> None:
    if whole(fields.get(name)) is None:
        raise bad_request(f"{where}{name} must be an integer number")
