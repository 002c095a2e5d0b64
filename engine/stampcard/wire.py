"""Bytes in, bytes out: what an adapter builds, what it reads, and nothing that sends.

May live here: the two messages, total reads of what a provider wrote, exact JSON writing, URL escaping.
May not: a provider's name, a socket, a clock. Imports only the standard library and attrs.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, DecimalException, Inexact
from email.utils import parsedate_to_datetime
from json.encoder import encode_basestring
from typing import Final, TypeAlias, cast
from urllib.parse import quote

import attrs

__all__ = [
    "LONGEST_WAIT",
    "MAX_BODY",
    "Json",
    "JsonView",
    "Request",
    "Response",
    "http_date",
    "minified",
    "one_line",
    "path",
]

Json: TypeAlias = "bool | int | str | Decimal | list[Json] | dict[str, Json] | None"

_Tree: TypeAlias = Mapping[object, object]

MAX_BODY: Final = 1024 * 1024
"""Bytes of a reply that are ever read; a longer one is an unknown answer, not a parsed one."""
LONGEST_WAIT: Final = 86_400.0
"""Seconds: the longest wait a provider may name; what names a longer one is read as this."""
MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 40
MAX_EXPONENT: Final = 30
_NUMBER: Final = Context(prec=MAX_DIGITS, traps=[Inexact])
"""Refuses what it would have to round; it does not borrow the caller's context, nor its traps."""


@attrs.frozen(kw_only=True)
class Request:
    """One call, complete but for host and signature.

    target: path and query exactly as they go on the wire; the host comes from the provider's settings.
    headers: names as sent; never a credential, which only the auth hook adds.
    """

    method: str
    target: str
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: bytes = attrs.field(default=b"", repr=lambda body: f"<{len(body)} bytes>")

    @classmethod
    def get(cls, target: str, /, **query: str | int) -> Request:
        """A GET; `query` is escaped and appended in the order given."""
        if query:
            target += "?" + "&".join(f"{quote(k, safe='')}={quote(str(v), safe='')}" for k, v in query.items())
        return cls(method="GET", target=target)

    @classmethod
    def post(cls, target: str, body: object, /) -> Request:
        """A POST of minified JSON; decimals become exact JSON numbers."""
        return cls(method="POST", target=target, headers={"Content-Type": "application/json"}, body=minified(body))


@attrs.frozen(kw_only=True)
class Response:
    """A whole reply. `headers` are looked up in lower case."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=lambda h: f"<{len(h)} headers>")
    body: bytes = attrs.field(repr=lambda body: f"<{len(body)} bytes>")

    def header(self, name: str) -> str | None:
        """A header's value, whatever the case of its name."""
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), None)

    def retry_after(self) -> float | None:
        """Seconds its Retry-After names, at most a day; None without one that can be read. Total.

        A date is measured against the reply's own Date: this needs no clock of ours.
        """
        value = (self.header("Retry-After") or "").strip()
        if value.isascii() and value.isdigit():
            return min(float(value[:12]), LONGEST_WAIT)
        until, now = http_date(value), http_date(self.header("Date") or "")
        if until is None or now is None:
            return None
        return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT)

    def json(self) -> JsonView:
        """Total: never raises. A body that is not JSON gives an empty view whose `.bad` says why."""
        return JsonView.parse(self.body)


_quoted: Final = encode_basestring
"""A JSON string, quotes included, other alphabets as they are. `json.dumps` would build an encoder each time."""
_MISSING: Final = object()


@attrs.frozen
class JsonView:
    """Reads of a foreign body that cannot raise: a missing or odd value is None, never an exception."""

    _value: object = attrs.field(default=_MISSING, repr=False)
    bad: str | None = None
    """Why the body is no JSON, or None when it is."""

    @classmethod
    def parse(cls, body: bytes) -> JsonView:
        """Read a body: at most 1 MiB, 64 levels, 40 digits and an exponent of 30."""
        if len(body) > MAX_BODY:
            return cls(bad="the body is larger than 1 MiB")
        try:
            text = body.decode("utf-8-sig")
            if _too_deep(text):
                return cls(bad="the body is nested too deeply")
            value: object = _EXACT.decode(text)
        except (ValueError, RecursionError) as error:
            return cls(bad=f"the body is not JSON ({type(error).__name__})")
        return cls(value)

    @property
    def there(self) -> bool:
        """Present and not null."""
        return self._value is not _MISSING and self._value is not None

    def __getitem__(self, key: str | int, /) -> JsonView:
        if isinstance(key, str):
            return JsonView(self._members().get(key, _MISSING))
        row = self._list()
        return JsonView(row[key]) if -len(row) <= key < len(row) else JsonView()

    def any(self, *keys: str) -> JsonView:
        """The first of these keys that is present, compared without regard to case (providers drift)."""
        folded = {k.lower(): v for k, v in self._members().items()}
        for key in keys:
            if folded.get(key.lower()) is not None:
                return JsonView(folded[key.lower()])
        return JsonView()

    def text(self) -> str | None:
        """A string, or a whole number written as one (ids drift between the two).

        A string with half a surrogate pair is None: it is no text, and could be neither journalled nor sent back.
        """
        if isinstance(self._value, str):
            return None if _LONE_SURROGATE.search(self._value) else self._value
        if isinstance(self._value, int) and not isinstance(self._value, bool):
            return str(self._value)
        return None

    def number(self) -> Decimal | None:
        """An exact number, or a string that holds one. Booleans, NaN and infinities are None."""
        if isinstance(self._value, Decimal):
            return self._value
        if isinstance(self._value, int) and not isinstance(self._value, bool):
            return Decimal(self._value)
        if isinstance(self._value, str) and len(self._value) <= MAX_DIGITS:
            try:
                return _decimal(self._value.strip())
            except ValueError:
                return None
        return None

    def whole(self) -> int | None:
        """A number without a fraction, however it is written: 7, "7", 7.0. Negative ones too."""
        number = self.number()
        return None if number is None or number != number.to_integral_value() else int(number)

    def flag(self) -> bool | None:
        """A boolean."""
        return self._value if isinstance(self._value, bool) else None

    def items(self) -> tuple[JsonView, ...]:
        """A list's members; a lone object counts as a list of one (tables say array, samples send an object)."""
        return (self,) if self.is_object() else tuple(JsonView(v) for v in self._list())

    def is_object(self) -> bool:
        """A JSON object, as the answers of these providers are."""
        return isinstance(self._value, dict)

    def _members(self) -> dict[str, object]:
        value: object = self._value
        return cast("dict[str, object]", value) if isinstance(value, dict) else {}

    def _list(self) -> list[object]:
        value: object = self._value
        return cast("list[object]", value) if isinstance(value, list) else []

    def raw(self) -> Json:
        """The parsed value itself."""
        return None if self._value is _MISSING else cast(Json, self._value)


_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# A string that is never closed reaches to the end: were it to fail instead, every quote in it would be tried again, and
# a megabyte of quotes would hold a till for hours.
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def _too_deep(text: str) -> bool:
    """Refuse before parsing: the C parser recurses once a level."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        bracket = found[0]
        if bracket in {"[", "{"}:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif bracket in {"]", "}"}:
            depth -= 1
    return False


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS + 8:  # a sign, a point, an exponent
        raise ValueError("a number is too long")
    try:
        value = _NUMBER.create_decimal(text)
    except DecimalException as error:
        raise ValueError("not an exact number") from error
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
        raise ValueError("a number is out of range")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("a number is too long")
    return int(text)


def _constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


_EXACT: Final = json.JSONDecoder(parse_float=_decimal, parse_int=_integer, parse_constant=_constant)
"""`json.loads` would build one each time."""


def minified(value: object) -> bytes:
    """Minified UTF-8 JSON of plain values, mappings and sequences; a Decimal keeps its exact digits.

    Raises ValueError for a float (money is never one), a NaN, an infinity, or a value JSON cannot hold.
    """
    try:
        return _write(value).encode()
    except RecursionError:
        raise ValueError("cannot be sent as JSON: nested too deeply") from None


def _write(value: object) -> str:
    kind = type(value)
    if kind is str:
        return _quoted(cast(str, value))
    if kind is dict:
        return "{" + ",".join([f"{_quoted(str(k))}:{_write(v)}" for k, v in cast("_Tree", value).items()]) + "}"
    if kind is list or kind is tuple:
        return "[" + ",".join([_write(v) for v in cast("list[object]", value)]) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    """What is left, and the subclasses: an enum's word, a mapping that is no dict."""
    match value:
        case Decimal():
            if not value.is_finite():
                raise ValueError("a NaN or an infinity cannot be sent")
            return format(value, "f")
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case str():
            return _quoted(str(value))
        case Mapping():
            return _write(dict(cast("_Tree", value)))
        case list() | tuple():
            return _write(list(cast("list[object]", value)))
        case _:
            raise ValueError(f"cannot be sent as JSON: {type(value).__name__}")


def path(template: str, /, *parts: str) -> str:
    """URL-escape each part into its `{}`. Raises ValueError for an empty part or one that is only dots."""
    for part in parts:
        if part.strip(".") == "":
            raise ValueError("a path part is empty or only dots")
    return template.format(*(quote(part, safe="") for part in parts))


def http_date(text: str) -> datetime | None:
    """A moment as headers write it, aware; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def one_line(words: str | None, *, strike: Callable[[str], str] | None = None) -> str | None:
    """At most 200 characters of a provider's text, on one line, with nothing in it that steers a screen or a log.

    None when nothing is left. strike: takes secrets out of the line before it is cut, so that no half of one stays.
    """
    if words is None:
        return None
    plain = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in words[:_READ])
    line = " ".join(plain.split())
    return (line if strike is None else strike(line))[:_SHOWN] or None


_READ: Final = 2000
"""Characters of a provider's text that are looked at."""
_SHOWN: Final = 200
