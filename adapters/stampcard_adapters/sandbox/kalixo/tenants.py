"""Who the sandbox serves: credentials, wallets and catalog of a tenant, as values and as a file.

May live here: the file's shape, its defaults, and what is wrong with one. May not: anything that changes while serving.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.tenantsfile import NoTenantError, Record, TenantsError, described, records

from .money import minor
from .products import BEHAVIOURS, DEFAULT_PRODUCTS, SOLD_OUT, Product

__all__ = [
    "NoTenantError",
    "Stocked",
    "Tenant",
    "TenantsError",
    "default_tenants",
    "read_tenants",
    "tenants_from_json",
]

CURRENCY: Final = re.compile("[A-Z]{3}")
DEFAULT_WALLET: Final[Mapping[str, Decimal]] = {
    "GBP": Decimal(5000),
    "USD": Decimal(5000),
    "JPY": Decimal(500000),
    "KWD": Decimal(500),
}
DEFAULT_THRESHOLD: Final = Decimal(100)


@attrs.frozen(kw_only=True)
class Stocked:
    """A product and how many there are when serving starts; None: as many as are asked for."""

    product: Product
    stock: int | None = None


DEFAULT_CATALOG: Final = tuple(Stocked(product=p, stock=0 if p.id == SOLD_OUT else None) for p in DEFAULT_PRODUCTS)


@attrs.frozen(kw_only=True)
class Tenant:
    """One Kalixo account: v1's e-mail and password and v2's key open the same one. `wallet` in major units."""

    name: str
    email: str
    password: str = attrs.field(repr=False)
    api_key: str = attrs.field(repr=False)
    catalog: tuple[Stocked, ...] = attrs.field(default=DEFAULT_CATALOG, repr=False)
    wallet: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(DEFAULT_WALLET))
    threshold: Decimal = DEFAULT_THRESHOLD
    wallet_ordering: bool = True
    api_ordering: bool = True
    lenient: bool = False


def default_tenants() -> tuple[Tenant, ...]:
    """The world served when nobody asks for another."""
    return (
        Tenant(
            name="kalixo",
            email="till@kalixo.example",
            password="sandbox-kalixo-password",
            api_key="kal_test_sandbox-kalixo-key",
        ),
    )


def tenants_from_json(body: bytes) -> tuple[Tenant, ...]:
    """Tenants from the bytes of a file, or TenantsError."""
    return read_tenants(described(body))


def read_tenants(value: Mapping[str, Json]) -> tuple[Tenant, ...]:
    """Tenants from the object `KalixoModel.tenants()` gives; those that name another provider are left to it."""
    tenants = [_tenant(name, record) for name, record in records(value, "kalixo")]
    for field in ("email", "api_key"):
        seen: set[str] = set()
        for tenant in tenants:
            mark: str = getattr(tenant, field)
            if mark in seen:
                raise TenantsError(f"{tenant.name}.{field}: another tenant has the same one")
            seen.add(mark)
    return tuple(tenants)


def _tenant(name: str, record: Record) -> Tenant:
    catalog = tuple(_stocked(Record(row, where)) for where, row in record.rows("products")) or DEFAULT_CATALOG
    for mark in ("id", "sku"):
        if len({getattr(stocked.product, mark) for stocked in catalog}) < len(catalog):
            raise record.wrong("products", f"two products have the same {'productId' if mark == 'id' else mark}")
    threshold = record.number("threshold")
    return Tenant(
        name=name,
        email=record.need("email"),
        password=record.need("password"),
        api_key=record.need("api_key"),
        catalog=catalog,
        wallet=_wallet(record) if record.has("wallet") else dict(DEFAULT_WALLET),
        threshold=DEFAULT_THRESHOLD if threshold is None else threshold,
        wallet_ordering=_flag(record, "wallet_ordering"),
        api_ordering=_flag(record, "api_ordering"),
        lenient=record.flag("lenient"),
    )


def _flag(record: Record, name: str) -> bool:
    """True when the file is silent."""
    return record.flag(name) if record.has(name) else True


def _wallet(record: Record) -> dict[str, Decimal]:
    wallet: dict[str, Decimal] = {}
    for where, row in record.rows("wallet"):
        entry = Record(row, where)
        currency, balance = _currency(entry), entry.number("balance") or Decimal(0)
        if balance < 0:
            raise entry.wrong("balance", "must not be below nothing")
        try:
            minor(balance, currency)
        except ValueError as error:
            raise entry.wrong("balance", str(error)) from None
        wallet[currency] = balance
    return wallet


def _currency(record: Record) -> str:
    currency = record.need("currency")
    if not CURRENCY.fullmatch(currency):
        raise record.wrong("currency", "must be three capital letters")
    return currency


def _stocked(record: Record) -> Stocked:
    """Four fields are enough; for the rest a product is like the default one of its sku, if there is one."""
    sku = record.need("sku")
    number = record.count("productId")
    if not number:
        raise record.wrong("productId", "must be a whole number of at least 1")
    known = next((stocked for stocked in DEFAULT_CATALOG if stocked.product.sku == sku), None)
    like = known.product if known else Product(id=number, sku=sku, currency="", price=None, name=sku)
    price, highest = record.count("price"), record.count("highest")
    behaviour = next((known for known in BEHAVIOURS if known == (record.text("behaviour") or like.behaviour)), None)
    if behaviour is None:
        raise record.wrong("behaviour", f"must be one of {', '.join(BEHAVIOURS)}")
    product = attrs.evolve(
        like,
        id=number,
        sku=sku,
        currency=_currency(record),
        price=price,
        name=record.text("name") or like.name,
        lowest=_count(record, "lowest", like.lowest),
        highest=like.highest if highest is None else highest,
        step=_count(record, "step", like.step),
        ean=record.text("ean") or like.ean,
        country=record.text("country") or like.country,
        language=record.text("language") or like.language,
        brand=record.text("brand") or like.brand,
        category=record.text("category") or like.category,
        tags=record.texts("tags") if record.has("tags") else like.tags,
        behaviour=behaviour,
        test=record.flag("test") if record.has("test") else like.test,
        active=record.flag("active") if record.has("active") else like.active,
    )
    if price == 0:
        raise record.wrong("price", "must be at least 1, or null for any amount between lowest and highest")
    if product.open and (product.step < 1 or not product.lowest <= product.highest or product.highest < 1):
        raise record.wrong("price", "is missing, and lowest, highest and step do not say which prices are open")
    stock = record.count("stock")
    return Stocked(product=product, stock=stock if stock is not None or known is None else known.stock)


def _count(record: Record, name: str, default: int) -> int:
    value = record.count(name)
    return default if value is None else value
