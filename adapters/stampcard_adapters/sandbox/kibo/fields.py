"""Reads of one JSON object that know where they are: types, limits, null as absent (trap 6), errors naming a field.

May live here: what a string, number, address or customer may be. May not: what a call is for.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json, canonical

from .errors import RefusedError, invalid, missing
from .switches import Switches

__all__ = ["MAX_AMOUNT", "Fields", "Rules", "read_address", "read_customer", "stored"]

MAX_AMOUNT: Final = Decimal(10) ** 9
MAX_WHOLE: Final = Decimal(10) ** 15
FINEST: Final = Decimal("0.0001")
# latitude and longitude are left alone: numbers in one client, strings in another
ADDRESS_TEXTS: Final = (
    "firstName",
    "lastName",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "phone",
    "city",
    "state",
    "postalCode",
    "countryCode",
    "company",
    "taxID",
)
ADDRESS_TRUTHS: Final = ("fraudLock", "active", "isBilling", "isShipping")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@attrs.frozen(kw_only=True)
class Rules:
    """What a reader has to know: the switches, how strict this tenant is, and what time it is."""

    switches: Switches
    lenient: bool
    now: datetime

    def stored(self, text: str) -> str:
        """The text as Kibo would keep it."""
        return stored(text) if self.switches.entities_count else text


def stored(text: str) -> str:
    """Strings are latin1; what is not becomes an XHTML entity (sheet, end of section 7)."""
    return "".join(char if ord(char) < 256 else f"&#{ord(char)};" for char in text)


@attrs.frozen
class Fields:
    """One object of the body, at `where` ("customer.")."""

    _values: dict[str, Json] = attrs.field(repr=False)
    rules: Rules
    where: str = ""

    def get(self, name: str) -> Json:
        """A field, or None when it is missing or null."""
        return self._values.get(name)

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def missing(self, name: str) -> RefusedError:
        return missing(f"{self.where}{name}")

    def invalid(self, name: str, why: str, *, order_id: int | None = None) -> RefusedError:
        return invalid(f"{self.where}{name}", why, order_id=order_id)

    def text(self, name: str, *, least: int = 0, most: int | None = None) -> str | None:
        """A string as stored; its length there is what counts."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, Decimal) and self.rules.lenient:
            value = canonical(value)
        if not isinstance(value, str):
            raise self.invalid(name, "must be a string")
        value = self.rules.stored(value)
        if len(value) < least:
            raise self.invalid(name, "must not be empty")
        if most is not None and len(value) > most:
            raise self.invalid(name, f"must have at most {most} characters as stored")
        return value

    def need_text(self, name: str, *, least: int = 1, most: int | None = None) -> str:
        value = self.text(name, least=least, most=most)
        if value is None:
            raise self.missing(name)
        return value

    def word(self, name: str, words: tuple[str, ...]) -> str | None:
        """A string out of a closed list."""
        value = self.text(name)
        if value is not None and value not in words:
            raise self.invalid(name, f"must be one of {', '.join(words)}")
        return value

    def matching(self, name: str, pattern: str, what: str) -> str | None:
        """A string of a certain form."""
        value = self.text(name)
        if value is not None and not re.fullmatch(pattern, value, re.ASCII):
            raise self.invalid(name, f"must be {what}")
        return value

    def number(self, name: str) -> Decimal | None:
        """An exact number of at least nothing, within what a ledger holds."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise self.invalid(name, "must be a number")
        if value < 0:
            raise self.invalid(name, "must not be below 0")
        if value > MAX_AMOUNT or value % FINEST:
            raise self.invalid(name, "is beyond what a ledger holds")
        return value

    def need_number(self, name: str) -> Decimal:
        value = self.number(name)
        if value is None:
            raise self.missing(name)
        return value

    def whole(self, name: str, *, least: int) -> int | None:
        """An integer."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, str) and self.rules.lenient and re.fullmatch("[0-9]{1,15}", value, re.ASCII):
            value = Decimal(value)
        # the size first: to_integral_value() of a number of 40 digits is inexact
        if not isinstance(value, Decimal) or abs(value) > MAX_WHOLE or value != value.to_integral_value():
            raise self.invalid(name, "must be an integer")
        if value < least:
            raise self.invalid(name, f"must be at least {least}")
        return int(value)

    def need_whole(self, name: str, *, least: int) -> int:
        value = self.whole(name, least=least)
        if value is None:
            raise self.missing(name)
        return value

    def truth(self, name: str) -> bool | None:
        """A boolean of three values (trap 9): None when it is absent."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.invalid(name, "must be true or false")
        return value

    def moment(self, name: str) -> datetime | None:
        """A date-time."""
        value = self.text(name)
        if value is None:
            return None
        try:
            if MOMENT.fullmatch(value):
                return datetime.fromisoformat(value.upper())
        except ValueError:
            pass
        raise self.invalid(name, "must be a date-time like 2020-12-31T23:59:59Z")

    def object(self, name: str) -> Fields | None:
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.invalid(name, "must be an object")
        return Fields(value, self.rules, f"{self.where}{name}.")

    def need_object(self, name: str) -> Fields:
        value = self.object(name)
        if value is None:
            raise self.missing(name)
        return value

    def objects(self, name: str) -> tuple[Fields, ...] | None:
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.invalid(name, "must be an array")
        found: list[Fields] = []
        for place, row in enumerate(value):
            if not isinstance(row, dict):
                raise self.invalid(f"{name}[{place}]", "must be an object")
            found.append(Fields(row, self.rules, f"{self.where}{name}[{place}]."))
        return tuple(found)

    def need_objects(self, name: str) -> tuple[Fields, ...]:
        """At least one."""
        found = self.objects(name)
        if found is None:
            raise self.missing(name)
        if not found:
            raise self.invalid(name, "must not be empty")
        return found

    def public_address(self, name: str) -> None:
        """The shopper's address as the world sees it, not an internal one."""
        value = self.need_text(name)
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            raise self.invalid(name, "must be an IP address") from None
        if address.is_private or address.is_loopback:
            raise self.invalid(name, "must be a public address")


def read_customer(fields: Fields) -> dict[str, Json]:
    """The customer of both calls, as an order shows them: the password of the sample is looked at by nobody."""
    shown: dict[str, Json] = {
        "customerID": fields.text("customerID", least=1),
        "firstName": fields.need_text("firstName", most=300),
        "lastName": fields.need_text("lastName", most=300),
        "email": fields.need_text("email", most=250),
        "phone1": fields.need_text("phone1", most=20),
        "phone2": fields.text("phone2", most=20),
    }
    fields.moment("accountCreated")
    fields.word("active", ("ACTIVE", "INACTIVE", "FROZEN"))
    fields.objects("customData")
    return shown


def read_address(fields: Fields) -> dict[str, Json]:
    """A billing or a shipping address, as an order shows it."""
    shown: dict[str, Json] = {name: fields.text(name) for name in ADDRESS_TEXTS}
    for name in fields.rules.switches.required_address_fields:
        fields.need_text(name)
    for name in ADDRESS_TRUTHS:
        fields.truth(name)
    return shown
