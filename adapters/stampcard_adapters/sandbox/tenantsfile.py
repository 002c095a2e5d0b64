"""A tenants file, whatever the provider: the object a sandbox prints when it is ready, read back.

May live here: reading with an error that names the place. May not: what any provider's tenant holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from stampcard_adapters.sandbox.jsontext import Json, NotJsonError, parse

__all__ = ["NoTenantError", "Record", "TenantsError", "described", "records"]


class TenantsError(ValueError):
    """A tenants file that cannot be served; says where, never a secret."""


class NoTenantError(TenantsError):
    """The file is sound and names no tenant of this provider."""


def described(body: bytes) -> Mapping[str, Json]:
    """The tenants of a file, a value under each name. Raises TenantsError when the file holds none."""
    try:
        value = parse(body)
    except NotJsonError as error:
        raise TenantsError(str(error)) from None
    if not isinstance(value, dict):
        raise TenantsError("the file must hold one object, a tenant under each key")
    whole = value.get("tenants")
    # The printed line itself, saved as it is, is the likeliest file of all.
    printed = isinstance(whole, dict) and "provider" not in whole  # a tenant may be named "tenants"
    return whole if isinstance(whole, dict) and printed else value


def records(value: Mapping[str, Json], provider: str) -> list[tuple[str, Record]]:
    """This provider's tenants by name: a tenant bears the provider's name, or says which it is of.

    Raises NoTenantError when there is none.
    """
    found: list[tuple[str, Record]] = []
    for name, tenant in value.items():
        record = Record(tenant, name)
        if (record.text("provider") or name) == provider:
            found.append((name, record))
    if not found:
        raise NoTenantError(
            f'no tenant of {provider}: a tenant is named "{provider}", or says "provider": "{provider}"'
        )
    return found


class Record:
    """Reads of one object of the file that know where they are, for errors a person can act on."""

    def __init__(self, value: Json, where: str) -> None:
        if not isinstance(value, dict):
            raise TenantsError(f"{where}: must be an object")
        self._value = value
        self._where = where

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def wrong(self, name: str, why: str) -> TenantsError:
        return TenantsError(f"{self._where}.{name}: {why}")

    def text(self, name: str) -> str | None:
        value = self._value.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "must be a string that is not empty")
        return value

    def need(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise self.wrong(name, "is missing")
        return value

    def number(self, name: str) -> Decimal | None:
        value = self._value.get(name)
        if isinstance(value, int) and not isinstance(value, bool):  # what `tenants()` itself holds
            value = Decimal(value)
        if value is not None and (not isinstance(value, Decimal) or abs(value) > 10**9):
            raise self.wrong(name, "must be a number below a milliard")
        return value if isinstance(value, Decimal) else None

    def count(self, name: str) -> int | None:
        value = self.number(name)
        if value is not None and (value < 0 or value != value.to_integral_value()):
            raise self.wrong(name, "must be a whole number")
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        value = self._value.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return bool(value)

    def rows(self, name: str) -> list[tuple[str, Json]]:
        value = self._value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "must be an array")
        return [(f"{self._where}.{name}[{n}]", row) for n, row in enumerate(value)]

    def texts(self, name: str) -> tuple[str, ...]:
        rows = self.rows(name)
        for where, row in rows:
            if not isinstance(row, str) or not row:
                raise TenantsError(f"{where}: must be a string that is not empty")
        return tuple(str(row) for _, row in rows)

    def record(self, name: str) -> Record:
        return Record(self._value.get(name), f"{self._where}.{name}")
