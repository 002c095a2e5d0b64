"""Version 2 (sheet, B): orders are accepted first and ended later, and found again by id or by code.

May live here: v2's paths and the shape of its answers. May not: v1, keys, and what an order does.
"""

from __future__ import annotations

from datetime import UTC, datetime

from stampcard_adapters.sandbox.jsontext import Json

from .calls import Call
from .catalog import described, filtered, numeric, page, v2_product
from .errors import ordering_disabled, unknown_order, unknown_product
from .orders import Order, Orders
from .pricing import priced
from .request import read_v2

__all__ = ["answered", "status_of"]


def answered(call: Call, orders: Orders, now: datetime) -> tuple[int, Json]:
    """Status and body of any call whose key was good."""
    match call.method, *call.segments:
        case "GET", "ping":
            return 200, {"status": "ok", "timestamp": iso(now)}
        case "POST", "orders":
            return 202, _place(call, orders, now)
        case "GET", "orders", reference if reference:
            return 200, _find(reference, orders)
        case "GET", "catalog", "products":
            return 200, _products(call, orders)
        case "GET", "catalog", "products", number if number:
            return 200, _product(number, orders)
        case "GET", "wallet":
            return 200, _wallet(orders) | {"threshold": orders.world.tenant.threshold}
        case "GET", "sandbox", "scenarios":
            return 200, {"scenarios": described(orders.world.products())}
        case _:
            raise call.lost()


def status_of(order: Order) -> str:
    """v2 knows four; the sheet's table of v1's words says which is which."""
    if order.is_open:
        return "processing"
    return "failed" if order.status in ("cancelled", "error") else order.status


def iso(moment: datetime) -> str:
    """UTC, to the millisecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _place(call: Call, orders: Orders, now: datetime) -> Json:
    if not orders.world.tenant.api_ordering:
        raise ordering_disabled()
    switches = orders.switches
    wanted = read_v2(call.json(), lenient=orders.world.tenant.lenient, by_code=switches.accept_product_code)
    order = orders.seen(wanted.code, switches.v2_duplicate)
    if order is not None:
        if not order.is_open:
            return _view(order, orders)
    else:
        lines = priced(wanted, orders.world, check_total=True)
        order = orders.place(wanted.code, wanted.currency, lines, now)
    body = _view(order, orders)
    body.pop("message", None)
    return body | _paid(order, orders)


def _find(reference: str, orders: Orders) -> Json:
    """An all-digit code is looked for as an id first (trap 10)."""
    order = orders.by_id(reference) or orders.by_code(reference)
    if order is None:
        raise unknown_order(reference)
    return _view(order, orders)


def _view(order: Order, orders: Orders) -> dict[str, Json]:
    status = status_of(order)
    body: dict[str, Json] = {
        "orderId": int(order.id) if orders.switches.order_id == "number" else order.id,
        "externalOrderCode": order.code,
        "status": status,
    }
    if status == "processing":
        return body | {"estimatedReadyAt": iso(order.ready_at), "message": "Order is still processing"}
    if status == "failed":
        return body | {"reason": order.reason}
    if status == "partially_completed":
        body |= {"delivered": order.delivered, "total": order.units}
    body["products"] = _lines(order, orders)
    return body | _paid(order, orders)


def _lines(order: Order, orders: Orders) -> list[Json]:
    """Lines without a code are left out."""
    key, inner = ("codes", "code") if orders.switches.v2_codes == "codes" else ("pin", "pin")
    rows: list[Json] = []
    for number, line in enumerate(order.lines):
        codes = order.codes_of(number)
        ordered = orders.switches.partial_quantity == "ordered"
        if codes:
            rows.append(
                {
                    "productId": line.product.id,
                    "price": line.price,
                    "quantity": line.quantity if ordered else len(codes),
                    key: [{inner: code} for code in codes],
                }
            )
    return rows


def _paid(order: Order, orders: Orders) -> dict[str, Json]:
    return {"wallet": _wallet(orders)} if order.charged else {}


def _wallet(orders: Orders) -> dict[str, Json]:
    """Decimals in major units, while prices are integers in minor ones (trap 8)."""
    if not orders.world.tenant.wallet_ordering:
        return {"balances": {}, "lowBalance": False}
    low = orders.switches.low_balance == "computed" and orders.world.low()
    return {"balances": dict(orders.world.balances()), "lowBalance": low}


def _products(call: Call, orders: Orders) -> Json:
    found = filtered(orders.world.products(), call.query)
    skip, take, shown = page(found, call.query, skip=0, take=20)
    return {"count": len(found), "skip": skip, "take": take, "products": [v2_product(product) for product in shown]}


def _product(number: str, orders: Orders) -> Json:
    product = orders.world.product(numeric(number))
    if product is None:
        raise unknown_product(number)
    return v2_product(product)
