"""The four calls of an order: authorize, create, cancel, look (sheet, sections 2, 4 and 5).

May live here: bodies, as pure functions of order, command and settings. May not: a clock, a reading of replies, a
credential of ours. A card is in a body once, on its way out, and nowhere else.

Choices the sheet leaves: `externalCartID` (trap 1); nulls are left out (trap 6); names missing in an address are the
customer's; `authorizationID` stands in `orderPayments`, never in `paymentMethod` (traps 3 and 4).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

import attrs

from stampcard.model import Address, Line, Money
from stampcard.wire import Request, path
from stampcard_adapters.kibo.commands import AuthorizeCart, CancelOrder, CreateOrder
from stampcard_adapters.kibo.facts import KiboFacts, KiboOrder
from stampcard_adapters.kibo.payments import (
    AuthorizedCard,
    Card,
    CreditPlan,
    Finance,
    GiftCard,
    Kind,
    NoOperation,
    Payment,
    PayPal,
    SavedCard,
    StoredMethod,
    StoredToken,
    TokenizedCard,
    digits,
)
from stampcard_adapters.kibo.settings import Kibo, KiboKeys
from stampcard_adapters.kibo.values import Customer

__all__ = ["authorize_request", "cancel_request", "create_request", "look_request", "search_request", "text"]

Body: TypeAlias = "dict[str, object]"
_API = "/api/v2"


def authorize_request(
    order: KiboOrder, command: AuthorizeCart, payment: Payment, *, keys: KiboKeys, settings: Kibo
) -> Request:
    """POST /createOrder/authorize (section 2). Same input, same bytes."""
    cart, amount = command.cart, command.amount
    body: Body = {
        "externalCartID": order.id,
        "manufacturerID": keys.manufacturer_id,
        "catalogID": keys.catalog_id,
        "locale": settings.locale,
        "currency": amount.currency,
        "testOrder": True if settings.test_orders else None,  # isTestOrder at create: trap 3
        "paymentMethod": _payment_method(payment, cart.customer, settings),
        "amount": amount.amount,  # exact digits (trap 13)
        "customer": {**_customer(cart.customer), **_custom(cart.customer)},
        "shippingAddress": None if cart.ship_to is None else _address(cart.ship_to, cart.customer),
    }
    return Request.post(f"{_API}/createOrder/authorize", _present(body))


def create_request(
    order: KiboOrder,
    command: CreateOrder,
    *,
    auth_token: str,
    payment_token: str | None,
    keys: KiboKeys,
    settings: Kibo,
) -> Request:
    """POST /createOrder/ (section 4): pays by the authorization's token, never by a card.

    Raises ValueError for an order without a hold, or one that is sent nowhere: `check` refuses both.
    """
    facts = order.facts
    cart, amount = facts.cart, command.amount or facts.authorized
    ship_to = command.ship_to or (None if cart is None else cart.ship_to)
    if cart is None or amount is None or ship_to is None:
        raise ValueError("there is no hold to make this order from")
    body: Body = {
        "externalOrderID": order.id,
        "manufacturerID": keys.manufacturer_id,
        "catalogID": keys.catalog_id,
        "locale": settings.locale,
        "currency": amount.currency,
        "isTestOrder": True if settings.test_orders else None,
        "customer": _customer(cart.customer),
        "customerIP": command.customer_ip,
        "shippingAddress": _address(ship_to, cart.customer),
        "shippingMethod": {
            "shipType": text(command.shipping.ship_type),
            "deliveryMethod": text(command.shipping.delivery_method),
        },
        "orderItems": [_item(line, n) for n, line in enumerate(cart.lines, start=1)],
        "orderPayments": [_order_payment(amount, auth_token, payment_token, settings)],
        "allowSplit": False,  # one authorization per resulting order (section 4)
    }
    return Request.post(f"{_API}/createOrder/", _present(body))


def cancel_request(order: KiboOrder, command: CancelOrder, *, settings: Kibo) -> Request:
    """POST /order/action/cancel, or /action/order/cancel (section 5, trap 10): the whole order."""
    body: Body = {
        "orderID": _reserved(order.facts),
        "dispositionReason": command.reason.value,
        "dispositionOtherReason": None if command.other_reason is None else text(command.other_reason),
    }
    where = "action/order" if settings.switches.action_first else "order/action"
    return Request.post(f"{_API}/{where}/cancel", _present(body))


def look_request(order: KiboOrder) -> Request:
    """GET /order/{orderID} (section 5)."""
    return Request.get(path(f"{_API}/order/{{}}", str(_reserved(order.facts))))


def search_request(order: KiboOrder, *, keys: KiboKeys) -> Request:
    """GET /order/ by our own id: not among the documented parameters, so it is a switch (section 4)."""
    return Request.get(f"{_API}/order/", manufacturerID=keys.manufacturer_id, externalOrderID=order.id, perPage=100)


def _reserved(facts: KiboFacts) -> int:
    if facts.kibo_order_id is None:
        raise ValueError("the provider has reserved no order id for this order")
    return facts.kibo_order_id


def _order_payment(amount: Money, auth_token: str, payment_token: str | None, settings: Kibo) -> Body:
    method: Body | None = None
    if payment_token is not None and settings.switches.method_at_create:
        word = settings.switches.payment_types[Kind.STORED_TOKEN]
        method = {"paymentType": word, "paymentMethodToken": payment_token}
    return _present({"paymentMethod": method, "authorizationID": auth_token, "authAmount": amount.amount})


def _item(line: Line, number: int) -> Body:
    product = _present({"partNumber": None if line.product is None else text(line.product), "name": text(line.label)})
    specifics: Body = {
        "externalItemID": str(number),
        "actualPrice": line.price.amount,
        "quantity": line.quantity,
    }
    return {"product": product, "itemSpecifics": specifics}


def _payment_method(payment: Payment, customer: Customer, settings: Kibo) -> Body:
    """Exactly one of the eleven shapes: what is null in a sample is absent here (traps 6 and 7)."""
    billing = None if payment.billing is None else _address(payment.billing, customer)
    word = settings.switches.payment_types[payment.kind]
    return _present({"billingAddress": billing, "paymentType": word, **_shape(payment, settings)})


def _shape(payment: Payment, settings: Kibo) -> Body:
    match payment:
        case Card():
            between = "/" if settings.switches.slash_in_expiry else "-"  # trap 8
            return {
                "cardIssuer": payment.issuer.value,
                "cardNumber": digits(payment.number),
                "cardExpiration": f"{payment.expires_month:02d}{between}{payment.expires_year:04d}",
                "cardSecurityCode": None if payment.code is None else payment.code.reveal(),
            }
        case TokenizedCard():
            token, last_four = text(payment.token.reveal()), payment.last_four
            return {"cardIssuer": _issuer(payment), "ccLastFour": last_four, "cardToken": token}
        case SavedCard():
            return {"cardIssuer": _issuer(payment), "paymentMethodToken": text(payment.token.reveal())}
        case AuthorizedCard():
            return {"cardIssuer": _issuer(payment), "authToken": text(payment.token.reveal())}
        case StoredToken():
            return {"paymentMethodToken": text(payment.token.reveal())}
        case PayPal():
            return {"payPalToken": text(payment.token.reveal()), "payPalPayerID": text(payment.payer_id)}
        case GiftCard():
            pin = None if payment.pin is None else text(payment.pin.reveal())
            return {"cardNumber": text(digits(payment.number)), "cardSecurityCode": pin}
        case NoOperation():
            return {"noOperationType": text(payment.type)}
        case CreditPlan():
            return {"creditPlan": text(payment.plan), "creditPlanType": text(payment.plan_type)}
        case Finance():
            return {"retailerRef": text(payment.reference), "financeCode": text(payment.code)}
        case StoredMethod():
            return {"paymentMethodID": text(payment.id)}


def _issuer(card: TokenizedCard | SavedCard | AuthorizedCard) -> str | None:
    return None if card.issuer is None else card.issuer.value


def _customer(customer: Customer) -> Body:
    fields: Body = {
        "customerID": None if customer.id is None else text(customer.id),
        "firstName": text(customer.first_name),
        "lastName": text(customer.last_name),
        "email": text(customer.email),
        "phone1": text(customer.phone),
        "phone2": text(customer.phone2) if customer.phone2 else None,
        "accountCreated": None if customer.account_created is None else _moment(customer.account_created),
        "active": None if customer.active is None else customer.active.value,
    }
    return _present(fields)


def _custom(customer: Customer) -> Body:
    """An array of key and value here; createOrder has other fields for it (section 2)."""
    rows = [{"key": text(field.key), "value": text(field.value)} for field in customer.custom]
    return {"customData": rows} if rows else {}


def _address(address: Address, customer: Customer) -> Body:
    named = attrs.evolve(
        address,
        first_name=address.first_name or customer.first_name,
        last_name=address.last_name or customer.last_name,
    )
    fields = {
        "firstName": named.first_name,
        "lastName": named.last_name,
        "addressLine1": named.street,
        "addressLine2": named.cross_street,
        "city": named.city,
        "state": named.region,
        "postalCode": named.postal_code,
        "countryCode": named.country,
        "phone": named.phone,
    }
    return {name: text(value) for name, value in fields.items() if value}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _present(fields: Body) -> Body:
    """Without what is absent (trap 6: null counts as absent, and is better not sent)."""
    return {name: value for name, value in fields.items() if value is not None}


def text(value: str) -> str:
    """What UTF-8 can carry: half a surrogate pair, as broken POS databases hold, becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
