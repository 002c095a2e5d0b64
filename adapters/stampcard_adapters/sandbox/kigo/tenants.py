"""Who the sandbox serves: credentials, products and wallet of a partner, as values and as a file.

May live here: the file's shape, its defaults, and what is wrong with one. May not: anything that changes while serving.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.tenantsfile import Record, TenantsError, described, records

__all__ = [
    "DEFAULT_STOCK",
    "WALLET",
    "Product",
    "Tenant",
    "TenantsError",
    "default_tenants",
    "read_tenants",
    "tenants_from_json",
]

WALLET: Final = "https://partner-hub.kigo.io"
DEFAULT_STOCK: Final = 1_000_000
_URL: Final = re.compile(r"https?://[!-\"$-~]+")  # printable ASCII without a fragment, which would swallow the code


@attrs.frozen(kw_only=True)
class Product:
    """A token template, and how many of it can be ordered when serving starts."""

    product_id: str
    stock: int = DEFAULT_STOCK


@attrs.frozen(kw_only=True)
class Tenant:
    """One partner. wallet: where a deeplink leads, before the code; it may differ by programme (section 3)."""

    name: str
    api_key: str = attrs.field(repr=False)
    partner_id: str
    products: tuple[Product, ...] = ()
    wallet: str = WALLET
    lenient: bool = False


def default_tenants() -> tuple[Tenant, ...]:
    """The world served when nobody asks for another: a product in stock and one that is sold out."""
    return (
        Tenant(
            name="kigo",
            api_key="sandbox-kigo-key",
            partner_id="11111111-1111-4111-8111-111111111111",
            products=(
                Product(product_id="sandbox-product-coffee"),
                Product(product_id="sandbox-product-sold-out", stock=0),
            ),
        ),
    )


def tenants_from_json(body: bytes) -> tuple[Tenant, ...]:
    """Tenants from the bytes of a file, or TenantsError."""
    return read_tenants(described(body))


def read_tenants(value: Mapping[str, Json]) -> tuple[Tenant, ...]:
    """Tenants from the object `KigoModel.tenants()` gives; those that name another provider are left to it."""
    tenants = [_tenant(name, record) for name, record in records(value, "kigo")]
    seen: set[str] = set()
    for tenant in tenants:
        if tenant.partner_id in seen:
            raise TenantsError(f"{tenant.name}.partner_id: another tenant has the same one")
        seen.add(tenant.partner_id)
    return tuple(tenants)


def _tenant(name: str, record: Record) -> Tenant:
    products = tuple(_product(Record(row, where)) for where, row in record.rows("products"))
    if len({product.product_id for product in products}) < len(products):
        raise record.wrong("products", "two products have the same product_id")
    wallet = record.text("wallet") or WALLET
    if not _URL.fullmatch(wallet):
        raise record.wrong("wallet", "must be a URL without a fragment")
    return Tenant(
        name=name,
        api_key=record.need("api_key"),
        partner_id=record.need("partner_id"),
        products=products,
        wallet=wallet,
        lenient=record.flag("lenient"),
    )


def _product(record: Record) -> Product:
    stock = record.count("stock")
    return Product(product_id=record.need("product_id"), stock=DEFAULT_STOCK if stock is None else stock)
