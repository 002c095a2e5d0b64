"""How orders, items, shipments and returns look on the wire (sheet, section 5, "Get Order reply").

May live here: field names and their order. May not: anything a caller's card could be read from.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from stampcard_adapters.sandbox.jsontext import Json

from .authorizations import Authorization
from .orders import Item, Order, Shipment
from .returns import Return
from .wishes import PaymentWish

__all__ = ["assigned", "authorized", "item_view", "order_view", "return_view", "shipment_view"]


def authorized(authorization: Authorization, warnings: tuple[str, ...]) -> dict[str, Json]:
    """The three things the seed names, and a warning when there is one (trap 1)."""
    shown: dict[str, Json] = {
        "orderID": authorization.number,
        "paymentMethodToken": authorization.method_token,
        "authToken": authorization.auth_token,
    }
    return _warned(shown, warnings)


def order_view(order: Order, *, full: bool = True) -> dict[str, Json]:
    """The Get Order object, or the id alone."""
    if not full:
        return _warned({"orderID": order.id}, order.warnings)
    wish = order.wish
    goods = sum((item.wish.price * item.wish.quantity for item in order.live), Decimal(0))
    extras = sum((item.wish.extras for item in order.live), Decimal(0))
    shown: dict[str, Json] = {
        "orderID": order.id,
        "externalOrderID": wish.external_id,
        "manufacturerID": wish.common.manufacturer,
        "catalogID": wish.common.catalog,
        "locale": wish.common.locale,
        "orderType": wish.ship_type or "STANDARD",
        "isTestOrder": wish.test,
        "deliveryMethod": wish.delivery_method,
        "orderCurrency": wish.common.currency,
        "orderDate": _moment(order.created),
        "orderState": order.status,
        "orderStatus": order.status,
        "customerSubtotal": goods,
        "subtotal": goods,
        "estimatedShipping": extras,
        "customerTotal": goods + extras,
        "customerTotalNet": goods + extras,
        "total": goods + extras,
        "singlePackageRequested": not wish.allow_split,
        "shippingAddress": str(order.id),
        "address": wish.address,
        "customer": wish.common.customer,
        "items": [item_view(order, item) for item in order.items],
        "orderPayments": [_payment(payment) for payment in wish.payments],
    }
    return _warned(shown, order.warnings)


def item_view(order: Order, item: Item) -> dict[str, Json]:
    return {
        "orderItemID": item.id,
        "orderID": order.id,
        "externalItemID": item.wish.external_id,
        "partNumber": item.wish.part,
        "name": item.wish.name,
        "quantity": item.wish.quantity,
        "actualPrice": item.wish.price,
        "itemState": "CANCELED" if item.canceled else "NORMAL",
    }


def assigned(order: Order, shipments: tuple[Shipment, ...]) -> dict[str, Json]:
    """The reply of assign."""
    rows: list[Json] = [{"shipmentID": each.id, "shipmentStatus": each.status} for each in shipments]
    return {"orderID": order.id, "orderStatus": order.status, "shipments": rows}


def shipment_view(shipment: Shipment) -> dict[str, Json]:
    items: list[Json] = [{"orderItemID": item, "quantity": quantity} for item, quantity in shipment.lines]
    return {
        "shipmentID": shipment.id,
        "orderID": shipment.order,
        "shipmentStatus": shipment.status,
        "items": items,
    }


def return_view(known: Return) -> dict[str, Json]:
    lines: list[Json] = [
        {
            "orderItemID": line.item,
            "quantity": line.quantity,
            "quantityAccepted": known.accepted.get(line.item, 0) if known.closed else None,
        }
        for line in known.lines
    ]
    closed = None if known.closed is None else _moment(known.closed)
    return {
        "returnID": known.id,
        "orderID": known.order,
        "status": known.status,
        "returnTotal": known.total,
        "createdTime": _moment(known.created),
        "confirmTime": closed,
        "clearedTime": closed,
        "item": lines,
    }


def _payment(payment: PaymentWish) -> dict[str, Json]:
    method = payment.method
    return {
        "paymentType": None if method is None else method.payment_type,
        "cardIssuer": None if method is None else method.issuer,
        "ccLastFour": None if method is None else method.last_four,
        "transactionID": payment.transaction_id,
        "authorizationID": payment.authorization_id,
        "authAmount": payment.amount,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _warned(shown: dict[str, Json], warnings: tuple[str, ...]) -> dict[str, Json]:
    if warnings:
        shown["warnings"] = list(warnings)
    return shown
