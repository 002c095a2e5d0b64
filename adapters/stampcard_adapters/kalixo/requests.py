"""The order calls: place, and look (sheet, A2, A3, B1, B2).

May live here: paths and bodies, as pure functions of order and command. May not: a clock, a random number, a reading of
replies. Money is whole minor units of the currency's own exponent, never a float (trap 8).
"""

from __future__ import annotations

from stampcard.wire import Request, path
from stampcard_adapters.kalixo.values import Item, PlaceCodes, Version

__all__ = ["look_request", "place_request", "text"]


def place_request(code: str, command: PlaceCodes, version: Version) -> Request:
    """POST the order under our code. Same input, same bytes. Raises ValueError for what `check` refuses."""
    total = command.total
    price = total if total is not None else next((i.price for i in command.items if i.price is not None), None)
    if price is None:
        raise ValueError("an order without a single price names no currency")
    if version == 1:
        if total is None:
            raise ValueError("v1 wants the total")
        body: dict[str, object] = {
            "externalOrderCode": text(code),
            "price": total.units,
            "currency": total.currency,
            "orderProducts": [_line_v1(item) for item in command.items],
        }
        return Request.post("/v1/orders/place-order", body)
    body = {
        "externalOrderCode": text(code),
        "currency": price.currency,
        "orderProducts": [_line_v2(item) for item in command.items],
    }
    if total is not None:
        body["price"] = total.units
    return Request.post("/v2/orders", body)


def look_request(code: str, kalixo_id: str | None, version: Version) -> Request:
    """GET the order. v1 knows only its own id (trap 2) and takes it as a query (trap 16); v2 is asked by our code.

    Raises ValueError where v1 has told no id.
    """
    if version == 2:
        return Request.get(path("/v2/orders/{}", code))
    if kalixo_id is None:
        raise ValueError("v1 has no look-up by our own code")
    return Request.get("/v1/orders/retrieve-order", id=kalixo_id)


def _line_v1(item: Item) -> dict[str, object]:
    """Trap 5: sku and currency are texts. Trap 6: price is that of one."""
    if item.price is None or item.sku is None:
        raise ValueError("v1 wants a price and a sku in each line")
    return {
        "productId": item.product_id,
        "price": item.price.units,
        "sku": text(item.sku),
        "currency": item.price.currency,
        "quantity": item.quantity,
    }


def _line_v2(item: Item) -> dict[str, object]:
    line: dict[str, object] = {"productId": item.product_id, "quantity": item.quantity}
    if item.price is not None:
        line |= {"price": item.price.units, "currency": item.price.currency}
    if item.sku is not None:
        line["sku"] = text(item.sku)
    return line


def text(value: str) -> str:
    """What UTF-8 can carry: half a surrogate pair, as broken POS databases hold, becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
