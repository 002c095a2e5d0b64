"""The bodies of the two createOrder calls (sheet, sections 2 and 4), read and checked.

May live here: fields, limits, what is required. May not: authorizations or orders that exist.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .errors import not_authorized
from .fields import Fields, read_address, read_customer
from .methods import Method, read_method
from .tenants import Tenant

__all__ = ["AuthorizeWish", "CreateWish", "ItemWish", "PaymentWish", "read_authorize", "read_create"]

DEFAULT_LOCALE: Final = "en-US"
LANGUAGE_TAG: Final = "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
MAX_ITEMS: Final = 1000
MAX_QUANTITY: Final = 1_000_000
MISSPELT: Final = "externalCardID is read as externalCartID."


@attrs.frozen(kw_only=True)
class Common:
    """What both calls say. The two name their test flag differently (trap 3)."""

    manufacturer: int
    catalog: int
    currency: str
    locale: str
    customer: dict[str, Json] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class AuthorizeWish:
    """An authorize call, read."""

    common: Common
    cart: str
    amount: Decimal
    test: bool
    method: Method
    warnings: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class PaymentWish:
    """One of orderPayments. `field` names its authorizationID, for errors."""

    field: str
    method: Method | None
    transaction_id: str | None
    authorization_id: str | None
    amount: Decimal | None


@attrs.frozen(kw_only=True)
class ItemWish:
    """One of orderItems."""

    external_id: str | None
    part: str | None
    name: str | None
    price: Decimal
    quantity: int
    extras: Decimal
    """Shipping and taxes of the line."""


@attrs.frozen(kw_only=True)
class CreateWish:
    """A createOrder call, read."""

    common: Common
    external_id: str
    test: bool
    address: dict[str, Json] = attrs.field(repr=False)
    ship_type: str | None
    delivery_method: str | None
    items: tuple[ItemWish, ...]
    payments: tuple[PaymentWish, ...]
    allow_split: bool

    @property
    def authorized(self) -> tuple[PaymentWish, ...]:
        """The payments that name an authorization."""
        return tuple(payment for payment in self.payments if payment.authorization_id is not None)


def read_authorize(fields: Fields, tenant: Tenant) -> AuthorizeWish:
    """Read an authorize call, or refuse it naming the field."""
    # the table and the sample spell it differently (trap 1)
    misspelt = fields.has("externalCardID") and not fields.has("externalCartID")
    cart = fields.need_text("externalCardID" if misspelt else "externalCartID", most=255)
    common = _common(fields, tenant)
    amount = fields.need_number("amount")
    method = read_method(fields.need_object("paymentMethod"))
    address = fields.object("shippingAddress")
    if address is not None:
        read_address(address)
    return AuthorizeWish(
        common=common,
        cart=cart,
        amount=amount,
        test=fields.truth("testOrder") or False,
        method=method,
        warnings=(MISSPELT,) if misspelt else (),
    )


def read_create(fields: Fields, tenant: Tenant) -> CreateWish:
    """Read a createOrder call, or refuse it naming the field."""
    external_id = fields.need_text("externalOrderID", most=100)
    common = _common(fields, tenant)
    rows = fields.need_objects("orderItems")
    if len(rows) > MAX_ITEMS:
        raise fields.invalid("orderItems", f"must have at most {MAX_ITEMS} entries")
    shipping = fields.need_object("shippingMethod")
    address = read_address(fields.need_object("shippingAddress"))
    if fields.rules.switches.require_customer_ip:
        fields.public_address("customerIP")
    for name in ("customerIP", "orderComment"):
        fields.text(name)
    for name in ("orderGift", "customOrderData"):
        fields.object(name)
    for name in ("forceItemTaxOverride", "sendEmail"):
        fields.truth(name)
    return CreateWish(
        common=common,
        external_id=external_id,
        test=fields.truth("isTestOrder") or False,
        address=address,
        ship_type=shipping.text("shipType", least=1),
        delivery_method=shipping.text("deliveryMethod", least=1),
        items=tuple(_item(row) for row in rows),
        payments=tuple(_payment(row) for row in fields.objects("orderPayments") or ()),
        allow_split=fields.truth("allowSplit") or False,
    )


def _common(fields: Fields, tenant: Tenant) -> Common:
    manufacturer = fields.need_whole("manufacturerID", least=1)
    if manufacturer != tenant.manufacturer_id:
        if fields.rules.switches.unknown_manufacturer == 403:
            raise not_authorized("The API key is not of this manufacturer.", http_status=403)
        raise fields.invalid("manufacturerID", "is not of this API key")
    catalog = fields.need_whole("catalogID", least=0)
    if catalog != tenant.catalog_id and not fields.rules.lenient:
        raise fields.invalid("catalogID", "is no catalog of this manufacturer")
    currency = fields.matching("currency", "[A-Z]{3}", "an ISO code of three letters")
    if currency is None:
        raise fields.missing("currency")
    return Common(
        manufacturer=manufacturer,
        catalog=catalog,
        currency=currency,
        locale=fields.matching("locale", LANGUAGE_TAG, "a language tag") or DEFAULT_LOCALE,
        customer=read_customer(fields.need_object("customer")),
    )


def _item(row: Fields) -> ItemWish:
    product = row.need_object("product")
    specifics = row.need_object("itemSpecifics")
    quantity = specifics.need_whole("quantity", least=1)
    if quantity > MAX_QUANTITY:
        raise specifics.invalid("quantity", f"must be at most {MAX_QUANTITY}")
    offered = product.number("offerPrice")
    if offered is None:
        offered = product.number("retailPrice")
    price = specifics.number("actualPrice")
    extras = (specifics.number(name) for name in ("shipping", "shippingTax", "itemTaxOverride"))
    for holder, name in ((specifics, "options"), (specifics, "customItemData")):
        holder.object(name)
    return ItemWish(
        external_id=specifics.text("externalItemID", least=1),
        part=product.text("partNumber", least=1),
        name=product.text("name", least=1),
        price=price if price is not None else offered or Decimal(0),
        quantity=quantity,
        extras=sum((extra for extra in extras if extra is not None), Decimal(0)),
    )


def _payment(row: Fields) -> PaymentWish:
    authorization = row.text("authorizationID", least=1)
    described = row.object("paymentMethod")
    if described is None and authorization is None:
        raise row.missing("paymentMethod")
    amount = row.number("authAmount")
    if authorization is not None and amount is None and not row.rules.lenient:
        raise row.missing("authAmount")
    return PaymentWish(
        field=f"{row.where}authorizationID",
        method=None if described is None else read_method(described),
        transaction_id=row.text("transactionID"),
        authorization_id=authorization,
        amount=amount,
    )
