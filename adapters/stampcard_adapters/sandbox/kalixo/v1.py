"""Version 1 (sheet, A): synchronous orders, PINs in the reply, a catalog that leaves out its first product.

May live here: v1's paths and the shape of its answers. May not: v2, and what an order does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from stampcard_adapters.sandbox.jsontext import Json

from .calls import Call
from .catalog import buying_price, numeric, page, v1_product
from .errors import bad_request, invalid_path, ordering_disabled, unknown_order, unknown_product
from .orders import Order, Orders
from .pricing import priced
from .request import read_v1

__all__ = ["answered", "status_of"]

CREATED: Final = "2024-01-01T00:00:00.000Z"


def answered(call: Call, orders: Orders, now: datetime) -> tuple[int, Json]:
    """Status and body of any call but those of auth."""
    match call.method, *call.segments:
        case "POST", "orders", "place-order":
            return _place(call, orders, now)
        case "GET", "orders", "retrieve-order":
            return 200, _retrieve(call, orders)
        case "GET", "catalog":
            return 200, _catalog(orders)
        case "GET", "catalog", "products":
            return 200, _products(call, orders)
        case "GET", "catalog", "product":
            return 200, _product(call, orders)
        case _:
            raise call.lost()


def status_of(order: Order, orders: Orders) -> str:
    """v1 has no word for a partial delivery."""
    return orders.switches.v1_partial if order.status == "partially_completed" else order.status


def _place(call: Call, orders: Orders, now: datetime) -> tuple[int, Json]:
    if not orders.world.tenant.api_ordering:
        raise ordering_disabled()
    switches = orders.switches
    wanted = read_v1(call.json(), lenient=orders.world.tenant.lenient)
    order = orders.seen(wanted.code, switches.v1_duplicate)
    if order is None:
        lines = priced(wanted, orders.world, check_total=switches.v1_total_checked)
        placed = orders.place(wanted.code, wanted.currency, lines, now)
        orders.settle(now)  # synchronous: what can be delivered now is in this very reply
        order = orders.by_id(placed.id) or placed
    # the id is a text here and a number in retrieve-order (trap 4)
    body: dict[str, Json] = {"orderId": order.id, "products": _lines(order, orders)}
    if switches.v1_newer_reply and order.charged:
        body["wallet"] = dict(orders.world.balances())
    return switches.v1_place_status, body


def _retrieve(call: Call, orders: Orders) -> Json:
    """By id alone, and from the query: a GET has no body (trap 16)."""
    order_id = call.first("id")
    if order_id is None:
        raise invalid_path()
    if orders.switches.order_id == "number":
        numeric(order_id)
    order = orders.by_id(order_id)
    if order is None:
        raise unknown_order(order_id)
    body: dict[str, Json] = {
        "orderId": int(order.id) if orders.switches.order_id == "number" else order.id,
        "orderStatus": status_of(order, orders),
        "products": _lines(order, orders),
    }
    if orders.switches.v1_newer_reply and order.charged:
        body["wallet"] = dict(orders.world.balances())
    return body


def _lines(order: Order, orders: Orders) -> list[Json]:
    """One entry of `pin` for each unit delivered; its key is PIN (trap 7)."""
    rows: list[Json] = []
    for number, line in enumerate(order.lines):
        row: dict[str, Json] = {
            "price": line.price,
            "productId": line.product.id,
            "quantity": line.quantity,
            "pin": [{"PIN": code} for code in order.codes_of(number)],
        }
        if orders.switches.v1_newer_reply:
            row["buyingPrice"] = buying_price(line.price)
        rows.append(row)
    return rows


def _catalog(orders: Orders) -> Json:
    return {
        "id": 1,
        "name": f"Catalog of {orders.world.tenant.name}",
        "fromDate": CREATED,
        "toDate": None,
        "status": "active",
        "description": "All products of this account",
        "catalogTypeId": 1,
        "resellerId": 1,
        "createdAt": CREATED,
        "updatedAt": CREATED,
        "deletedAt": None,
    }


def _products(call: Call, orders: Orders) -> Json:
    """Whoever does not say skip=0 misses the first one (trap 13)."""
    products, switches = orders.world.products(), orders.switches
    skip, take, shown = page(products, call.query, skip=switches.v1_first_skip, take=switches.v1_take)
    return {
        "count": len(products),
        "take": take,
        "skip": skip,
        switches.v1_list_key: [v1_product(product) for product in shown],
    }


def _product(call: Call, orders: Orders) -> Json:
    """By ean as a client does, or by sku as the migration page says: both are served."""
    ean, sku = call.first("ean"), call.first("sku")
    wanted = ean or sku
    if wanted is None:
        raise bad_request("ean must be a string")
    for product in orders.world.products():
        if wanted == (product.ean if ean else product.sku):
            return v1_product(product)
    raise unknown_product(wanted)
