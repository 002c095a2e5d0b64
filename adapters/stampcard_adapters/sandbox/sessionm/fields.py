"""Reading what a client sends: fields of a body, parameters of a query, ids of a path, dates.

May live here: types, limits, formats. May not: what a field means to an order or a customer.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qs

import attrs

from stampcard_adapters.sandbox.jsontext import Json, canonical

from .errors import RefusedError, refused
from .switches import Switches

__all__ = ["Fields", "Query", "number_of", "stamp", "whole"]

NUMBER: Final = re.compile("[1-9][0-9]{0,17}")
COUNT: Final = re.compile("[0-9]{1,9}")
CURSOR: Final = re.compile("t([1-9][0-9]{0,17})")
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
MOST: Final = 10**9
DEFAULT_LIMIT: Final = 50


def stamp(moment: datetime) -> str:
    """UTC without a zone marker (sheet, section 3; trap 7)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")


def whole(moment: datetime) -> datetime:
    """The second a moment lies in, which is all a client gets to see of it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def number_of(text: str) -> int | None:
    """An order, offer, question or challenge id as it stands in a path; None when it cannot be one (trap 14)."""
    return int(text) if NUMBER.fullmatch(text) else None


def _wrong(name: str, why: str) -> RefusedError:
    return refused("argument_error", f"{name} {why}.")


@attrs.frozen
class Fields:
    """An object of a body. `loose`: numbers may come as strings, as the mobile SDK writes them."""

    _values: dict[str, Json] = attrs.field(repr=False)
    _where: str = ""
    _loose: bool = False

    @classmethod
    def of(cls, body: Json, *, loose: bool) -> Fields:
        """The whole body; nothing at all reads as an empty object."""
        if body is None:
            return cls({}, "", loose)
        if not isinstance(body, dict):
            raise refused("argument_error", "The body must be an object.")
        return cls(body, "", loose)

    def inner(self, name: str) -> Fields | None:
        """An object in a field, or None when it is missing or null."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise _wrong(f"{self._where}{name}", "must be an object")
        return Fields(value, f"{self._where}{name}.", self._loose)

    def need(self, name: str) -> Fields:
        """An object that must be there."""
        found = self.inner(name)
        if found is None:
            raise refused("missing_data", f"{self._where}{name} is required.")
        return found

    def text(self, name: str) -> str | None:
        """A string; an empty one is none."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise _wrong(f"{self._where}{name}", "must be a string")
        return value

    def word(self, name: str) -> str | None:
        """A word out of a list that is checked elsewhere: whatever is no string is no such word."""
        value = self._values.get(name)
        return value if value is None or isinstance(value, str) else ""

    def spoken(self, name: str) -> str | None:
        """What a person typed: a string without the spaces around it, or a bare number."""
        value = self._values.get(name)
        if isinstance(value, Decimal):
            return canonical(value)
        text = self.text(name)
        return text.strip() if text is not None else None

    def integer(self, name: str, *, least: int) -> int | None:
        """A whole number of at least `least`, within what a ledger holds."""
        value = self._values.get(name)
        if value is None:
            return None
        if self._loose and isinstance(value, str) and COUNT.fullmatch(value):
            value = Decimal(value)
        if not isinstance(value, Decimal) or value != value.to_integral_value():
            raise _wrong(f"{self._where}{name}", "must be an integer")
        if not least <= value <= MOST:
            raise _wrong(f"{self._where}{name}", "is out of range")
        return int(value)


class Query:
    """The parameters behind the question mark; one that is empty is not there."""

    def __init__(self, text: str, switches: Switches) -> None:
        self._values = parse_qs(text)
        self._switches = switches

    def get(self, name: str) -> str | None:
        """A parameter's first value."""
        return self._values.get(name, [None])[0]

    def limit(self) -> int:
        """How many rows are wanted, at most as many as one page may have."""
        wanted = self._count("limit", DEFAULT_LIMIT)
        most = self._switches.max_limit
        if wanted > most and self._switches.over_limit == "refused":
            raise _wrong("limit", f"must not be above {most}")
        return min(wanted, most)

    def page(self) -> int:
        """One-based."""
        return self._count("page", 1)

    def cursor(self) -> int | None:
        """The row before which to go on, out of an earlier answer."""
        text = self.get("cursor")
        if text is None:
            return None
        found = CURSOR.fullmatch(text)
        if found is None:
            raise _wrong("cursor", "is not one that was given out")
        return int(found[1])

    def moment(self, name: str, *, whole_day: bool = False) -> datetime | None:
        """A date or a moment in UTC. A bare date is its midnight, or with `whole_day` its last second."""
        text = self.get(name)
        return None if text is None else _read(name, text, whole_day=whole_day)

    def between(self) -> tuple[datetime, datetime] | None:
        """Two dates, comma-separated, both included: a bare date at the end covers its day."""
        text = self.get("between")
        if text is None:
            return None
        start, comma, end = text.partition(",")
        if not comma:
            raise _wrong("between", "must be two dates, comma-separated")
        return _read("between", start.strip()), _read("between", end.strip(), whole_day=True)

    def _count(self, name: str, default: int) -> int:
        text = self.get(name)
        if text is None:
            return default
        if not COUNT.fullmatch(text) or int(text) < 1:
            raise _wrong(name, "must be a whole number of at least 1")
        return int(text)


def _read(name: str, text: str, *, whole_day: bool = False) -> datetime:
    try:
        if MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if DAY.fullmatch(text):
            midnight = datetime.fromisoformat(text).replace(tzinfo=UTC)
            # the last second, because rows are kept by the second; addition would overflow on the last day of all
            return midnight + timedelta(hours=23, minutes=59, seconds=59) if whole_day else midnight
    except ValueError:
        pass  # a month 13: the same refusal as no date at all
    raise _wrong(name, "must be YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, in UTC")
