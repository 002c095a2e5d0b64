"""Who the sandbox serves: an API key, its secret, its manufacturer and catalog; as values and as a file.

May live here: the file's shape, its defaults, and what is wrong with one. May not: anything that changes while serving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.tenantsfile import NoTenantError, Record, TenantsError, described, records

from .cards import DECLINED, UNREACHABLE

__all__ = ["NoTenantError", "Tenant", "TenantsError", "default_tenants", "read_tenants", "tenants_from_json"]

PROVIDER: Final = "kibo"
FIRST_CARD: Final = "4111111111111111"


@attrs.frozen(kw_only=True)
class Tenant:
    """One merchant of the OMS: its API key and secret, its manufacturer and that manufacturer's catalog."""

    name: str
    api_key: str
    secret: str = attrs.field(repr=False)
    manufacturer_id: int = attrs.field(validator=attrs.validators.ge(1))
    catalog_id: int = attrs.field(validator=attrs.validators.ge(0))
    lenient: bool = False

    def described(self) -> dict[str, Json]:
        """The tenant as a file has it. `cards` is for whoever scripts against the sandbox; reading ignores it."""
        return {
            "provider": PROVIDER,
            "api_key": self.api_key,
            "secret": self.secret,
            "manufacturer_id": self.manufacturer_id,
            "catalog_id": self.catalog_id,
            "lenient": self.lenient,
            "cards": {"approved": FIRST_CARD, "declined": DECLINED, "unreachable": UNREACHABLE},
        }


def default_tenants() -> tuple[Tenant, ...]:
    """The world served when nobody asks for another: the sheet's credentials and the seed's manufacturer, and a second
    merchant, whose API key does not go with the first one's token.
    """
    return (
        Tenant(name="kibo", api_key="sandbox-key", secret="sandbox-secret", manufacturer_id=1010, catalog_id=0),
        Tenant(
            name="kibo-other",
            api_key="sandbox-other-key",
            secret="sandbox-other-secret",
            manufacturer_id=2020,
            catalog_id=1,
        ),
    )


def tenants_from_json(body: bytes) -> tuple[Tenant, ...]:
    """Tenants from the bytes of a file, or TenantsError."""
    return read_tenants(described(body))


def read_tenants(value: Mapping[str, Json]) -> tuple[Tenant, ...]:
    """Tenants from the object `KiboModel.tenants()` gives; those that name another provider are left to it."""
    tenants = tuple(_tenant(name, record) for name, record in records(value, PROVIDER))
    keys: set[str] = set()
    manufacturers: set[int] = set()
    for tenant in tenants:
        if tenant.api_key in keys:
            raise TenantsError(f"{tenant.name}.api_key: another tenant has the same one")
        if tenant.manufacturer_id in manufacturers:
            raise TenantsError(f"{tenant.name}.manufacturer_id: another tenant has the same one")
        keys.add(tenant.api_key)
        manufacturers.add(tenant.manufacturer_id)
    return tenants


def _tenant(name: str, record: Record) -> Tenant:
    api_key = record.need("api_key")
    if ":" in api_key:
        raise record.wrong("api_key", "cannot hold a colon, Basic credentials end there")
    manufacturer = _whole(record, "manufacturer_id")
    if manufacturer < 1:
        raise record.wrong("manufacturer_id", "must be at least 1")
    return Tenant(
        name=name,
        api_key=api_key,
        secret=record.need("secret"),
        manufacturer_id=manufacturer,
        catalog_id=_whole(record, "catalog_id"),
        lenient=record.flag("lenient"),
    )


def _whole(record: Record, name: str) -> int:
    count = record.count(name)
    if count is None:
        raise record.wrong(name, "is missing")
    return count
