"""What the provider's noes mean (sheet, section 7): by code and HTTP status together.

May live here: the table, and the reading of the error object. May not: a success, an order's facts.

A refusal is believed only in the provider's shape; anything else that is no success (Mashery's page, a captive portal,
a 3xx, a 5xx, an undocumented code) is Unknown: nobody knows what it did. What it says is shown as one short line, with
every number that could be a card's, and every word of the payment, taken out (trap 15).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.wire import JsonView, Response

__all__ = ["CANCELS", "HOLDS", "LOOKS", "ORDERS", "Table", "error_code", "one_line", "refusal", "said"]

Table: TypeAlias = Mapping[str, tuple[str, str]]
"""The provider's code -> (our stable code, the cashier's sentence)."""

_STATUS: Final = {
    **dict.fromkeys(("5003", "5010", "5011", "5012", "5013", "5014", "5015", "5016", "5017"), 400),
    "5002": 404,
    "5004": 403,
    "5005": 405,
}
"""The HTTP status each code is documented with; another pair is not documented."""
_BY_STATUS: Final = {400: "5003", 404: "5002", 405: "5005"}
"""For an error object without its code (section 3: "else fall back to HTTP status"), where the switch allows it."""

_SETTINGS: Final = "The order service does not accept this register's settings. Call the help desk."
_QUERY: Final = ("request.query_refused", _SETTINGS)
_COMMON: Final[Table] = {
    "5002": ("order.unknown", "The order service does not know this order."),
    "5003": ("request.refused", "The order service does not accept this order as it is."),
    "5005": ("request.not_allowed", _SETTINGS),
    "5010": ("request.incomplete", "The order service misses something in this order."),
    "5011": ("request.incomplete", "The order service misses something in this order."),
    "5012": ("request.id_refused", "The order service does not accept this order's number."),
    "5013": ("request.id_refused", "The order service does not accept this order's number."),
    "5014": _QUERY,
    "5015": ("request.invalid", "The order service does not accept something in this order."),
    "5016": _QUERY,
    "5017": _QUERY,
}
HOLDS: Final[Table] = {
    **_COMMON,
    "5002": ("account.unknown", _SETTINGS),
    "5003": ("card.declined", "The card was declined. Try another card."),
}
"""Of authorize: section 3 gives a declined card as 400 code 5003 with the gateway's message."""
ORDERS: Final[Table] = {**_COMMON, "5002": ("account.unknown", _SETTINGS)}
_TOO_LATE: Final = ("order.not_cancellable", "This order can no longer be cancelled. Call the help desk.")
CANCELS: Final[Table] = {**_COMMON, "5003": _TOO_LATE, "5015": _TOO_LATE}
"""Of cancel: section 6 has the guard, not its code."""
LOOKS: Final[Table] = _COMMON

_LONGEST_WAIT: Final = 86_400.0
_CODE: Final = re.compile(r"5[0-9]{3}")
_CARD_NUMBER: Final = re.compile(r"[0-9](?:[ -]*[0-9]){11,}")


def refusal(
    response: Response, table: Table, *, codeless: bool = True, hide: Sequence[str] = ()
) -> Declined | NotSent | Unknown:
    """What a reply that is no success says. Total. codeless: an error object without its code is one all the same.

    hide: words of ours the provider might echo.
    """
    status = response.status
    if status == 429:  # turned away at the door: no rate limit is documented, the word is HTTP's own
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=_retry_after(response))
    body = response.json()
    code = error_code(body)
    if status in (401, 403):
        return _turned_away(response, body, code)
    words = said(body, hide)
    if code is None and codeless and not body.any("code").there and words is not None:
        code = _BY_STATUS.get(status)
    if code is None:
        return Unknown(why=f"HTTP {status} without the provider's error object")
    known = table.get(code)
    if known is None or _STATUS[code] != status:
        return Unknown(why=f"HTTP {status} code {code} is not documented")
    if known == HOLDS["5003"] and words is None:
        known = _COMMON["5003"]  # without the gateway's words it is no card's refusal, but a request's
    return Declined(code=known[0], message=known[1], provider_code=code, provider_text=words)


def _turned_away(response: Response, body: JsonView, code: str | None) -> NotSent | Unknown:
    """401 and 403, after the hook has renewed the token once (trap 12).

    Only where it is the provider's, its gateway's or OAuth's own answer: a filter between us could also hide a success
    behind a 403. No provider_text: it may quote the key.
    """
    oauth = bool(body.any("error").text())
    at_the_door = response.header("WWW-Authenticate") or response.header("X-Mashery-Error-Code")
    if code is None and not oauth and not at_the_door:
        return Unknown(why=f"HTTP {response.status} without the provider's error object")
    why = f"HTTP {response.status}" + (f" code {code}" if code else "")
    return NotSent(why=why, code="credentials.refused", ours=True, provider_code=code)


def error_code(body: JsonView) -> str | None:
    """The error object's `code`, number or text; None when it is none of the provider's (5000 and on)."""
    code = body.any("code")
    written = code.text()
    if written is None:
        number = code.number()
        written = str(int(number)) if number is not None and number == number.to_integral_value() else None
    written = (written or "").strip()
    return written if _CODE.fullmatch(written) else None


def said(body: JsonView, hide: Sequence[str] = ()) -> str | None:
    """The error object's message, fit to be shown."""
    words = body.any("message").text()
    return None if words is None else one_line(words, hide)


def one_line(words: str, hide: Sequence[str] = ()) -> str | None:
    """At most 200 characters of foreign text: nothing that steers a screen or a log, no card, none of `hide`."""
    shown = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in words[:2000])
    shown = " ".join(shown.split())
    for word in sorted(hide, key=len, reverse=True):
        found = re.escape(word)
        # a short one, a security code, only where it stands alone: elsewhere it is part of another number
        shown = re.sub(found if len(word) > 5 else rf"(?<![0-9A-Za-z]){found}(?![0-9A-Za-z])", "***", shown)
    return _CARD_NUMBER.sub("***", shown)[:200] or None


def _retry_after(response: Response) -> float | None:
    """Seconds, or a date measured against the reply's own Date: this needs no clock of ours."""
    value = (response.header("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), _LONGEST_WAIT)
    until, now = _http_date(value), _http_date(response.header("Date") or "")
    if until is None or now is None:
        return None
    return min(max(0.0, (until - now).total_seconds()), _LONGEST_WAIT)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
