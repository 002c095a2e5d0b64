"""Reads of a JSON body: snake_case names (trap 3), unknown fields ignored (sheet, section 3).

May live here: types of fields, and one value told twice. May not: what a field means.
"""

from __future__ import annotations

import attrs

from stampcard_adapters.sandbox.http import RequestLike, header
from stampcard_adapters.sandbox.jsontext import Json, NotJsonError, parse

from .errors import invalid

__all__ = ["Fields", "agreed", "check_type", "read_fields"]


@attrs.frozen
class Fields:
    """The object of a body."""

    _values: dict[str, Json] = attrs.field(repr=False)

    def text(self, name: str) -> str | None:
        """A string, or None when it is missing, null or empty."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid(f"{name} must be a string.")
        return value or None

    def need(self, name: str) -> str:
        """A string that is there and not empty."""
        value = self.text(name)
        if value is None:
            raise invalid(f"{name} is required.")
        return value

    def flag(self, name: str) -> bool:
        """True or false; null and nothing are false."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise invalid(f"{name} must be true or false.")
        return bool(value)


def read_fields(request: RequestLike) -> Fields:
    """The body as an object."""
    try:
        value = parse(request.body)
    except NotJsonError as error:
        raise invalid(f"{error}.") from None
    if not isinstance(value, dict):
        raise invalid("The body must be an object.")
    return Fields(value)


def check_type(request: RequestLike, *, lenient: bool) -> None:
    """A body says that it is JSON (section 2)."""
    media_type = (header(request, "Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not lenient:
        raise invalid("The Content-Type must be application/json.")


def agreed(first: str | None, second: str | None, names: str, *, lenient: bool) -> str | None:
    """One value that may be told in two places; where they contradict each other, the first counts when lenient."""
    if first is not None and second is not None and first != second and not lenient:
        raise invalid(f"{names} contradict each other.")
    return first if first is not None else second
