"""JSON with exact numbers: read within limits, written minified, and in one canonical text for comparing.

May live here: bytes to values and back. May not: what any field means.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Final, NoReturn, TypeAlias

__all__ = ["Json", "NotJsonError", "canonical", "parse", "write"]

Json: TypeAlias = "bool | int | str | Decimal | list[Json] | dict[str, Json] | None"
"""Numbers that were read are always Decimals; integers are for writing."""

MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 40
MAX_EXPONENT: Final = 30

_quoted: Final = encode_basestring_ascii
"""A JSON string, quotes included. `json.dumps` would build an encoder each time."""
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")


class NotJsonError(ValueError):
    """The bytes are no JSON this sandbox reads."""


def parse(body: bytes) -> Json:
    """Read bytes as JSON, or raise NotJsonError: bad UTF-8, too deep, NaN, a number beyond any ledger."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotJsonError("The body is not UTF-8") from None
    _check_depth(text)
    try:
        value: Json = _EXACT.decode(text)
    except NotJsonError:
        raise
    except (ValueError, RecursionError):
        raise NotJsonError("The body is not JSON") from None
    return value


def write(value: Json) -> str:
    """Minified ASCII JSON; a Decimal becomes an exact number without trailing zeros."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(key)}:{write(inner)}" for key, inner in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    if isinstance(value, Decimal):
        return _plain(value)
    return json.dumps(value)


def canonical(value: Json) -> str:
    """One text for all spellings of one value: keys sorted, 5.0 as 5."""
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(key)}:{canonical(value[key])}" for key in sorted(value)]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return write(value)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _number(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise NotJsonError("A number has too many digits")
    number = Decimal(text)
    if number and abs(number.adjusted()) > MAX_EXPONENT:
        raise NotJsonError("A number is out of range")
    # zero keeps its exponent ("0e999999"), which would be written out in full
    return number if number else Decimal(0)


def _no_constant(name: str) -> NoReturn:
    raise NotJsonError(f"{name} is not a JSON number")


_EXACT: Final = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_no_constant)
"""`json.loads` would build one each time."""


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise NotJsonError("The body is nested too deeply")
