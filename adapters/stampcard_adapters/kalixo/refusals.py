"""What the provider's noes mean (sheet, A5 and B4): by HTTP status and the words it documents.

May live here: the table, and the reading of the error object. May not: a success, an order's facts.

There is no error code: {statusCode, message, error?}, and the message is the documented literal. A refusal is believed
only in that shape; anything else that is no success (a gateway's page, a 3xx, a 5xx, an unknown 404) is Unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.wire import JsonView, Response

__all__ = ["ALREADY", "NOT_FOUND", "error_message", "one_line", "refusal"]

ALREADY: Final = "order.already_placed"
"""409, or the 400 of trap 1: an order has our code. Nobody knows yet whether it is this one."""
NOT_FOUND: Final = "order.not_found"

_SAYS: Final[tuple[tuple[int, str, str, str], ...]] = (
    (400, r"orderProducts must not be empty", "items.empty", "Choose something to order first."),
    (400, r"Each line requires a productId", "items.invalid", "A line lacks its product or its quantity."),
    (400, r"Product .+ is priced in .+, not ", "product.currency", "A product is not sold in this currency."),
    (400, r"Product .+ requires a price", "product.price_missing", "A product needs an amount: enter it."),
    (400, r"Price for product .+ below the minimum", "product.price_too_low", "The amount is below the smallest."),
    (400, r"Price for product .+ exceeds the maximum", "product.price_too_high", "The amount is above the largest."),
    (400, r"Product .+ price mismatch", "product.price_changed", "A price has changed: read the catalogue again."),
    (400, r"Order price mismatch", "order.total_mismatch", "The total is not the sum of the lines."),
    (400, r"Validation failed", "request.refused", "The gift-card service did not accept the question."),
    (404, r"Product .+ not found", "product.unknown", "This product is not in the catalogue."),
    (404, r"Order .+ not found", NOT_FOUND, "The gift-card service does not know this order."),
    (422, r".*order limit exceeded", "account.limit", "The account's limit is reached. Call the help desk."),
    (422, r"Product .+ not available", "product.unavailable", "This product cannot be ordered now."),
)
"""(HTTP status, how the message begins, our stable code, the cashier's sentence)."""
_TABLE: Final = tuple((status, re.compile(words, re.IGNORECASE), code, say) for status, words, code, say in _SAYS)
_REFUSED: Final = ("order.refused", "The gift-card service does not accept this order as it is.")
_TWICE: Final = re.compile(r"\balready\b|\bduplicate", re.IGNORECASE)
_ALREADY_SAID: Final = "An order with this number exists already at the gift-card service."
_LONGEST_WAIT: Final = 86_400.0
_LIKE_A_SECRET: Final = re.compile(r"[A-Z0-9]{4,}(?:-[A-Z0-9]{4,}){2,}|kal_(?:test|live)_\S*")
"""As the samples' codes and the keys look. The provider's words are kept and shown: those go (trap 14)."""
_TEMPLATE: Final = re.compile(r"[a-z_]{1,40}")
"""v1's sample has a text for statusCode: "api_error"."""


def refusal(response: Response, *, hide: Iterable[str] = ()) -> Declined | NotSent | Unknown:
    """What a reply that is no success says. Total. hide: what must not be quoted, wherever it stands."""
    status = response.status
    if status == 429:  # turned away at the door
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=_retry_after(response))
    message = error_message(response.json(), status)
    if message is None:
        return Unknown(why=f"HTTP {status} without the provider's error object")
    code = str(status)
    if status in (401, 403):
        # No provider_text for a 401: "Invalid API key" may quote it. Both are checked before anything is done.
        said = one_line(message, hide) if status == 403 else None
        why = f"HTTP {status}"
        return NotSent(why=why, code="credentials.refused", ours=True, provider_code=code, provider_text=said)
    said = one_line(message, hide)
    if status == 409 or (status in (400, 422) and _TWICE.search(message)):
        return Declined(code=ALREADY, message=_ALREADY_SAID, provider_code=code, provider_text=said, perhaps_done=True)
    for known, words, ours, sentence in _TABLE:
        if status == known and words.match(message):
            return Declined(code=ours, message=sentence, provider_code=code, provider_text=said)
    if status in (400, 422):  # B4: more placement texts than the two lists name, and v1 publishes none
        return Declined(code=_REFUSED[0], message=_REFUSED[1], provider_code=code, provider_text=said)
    return Unknown(why=f"HTTP {status} with words that are not documented")


def error_message(body: JsonView, status: int) -> str | None:
    """The error object's words, None when it is none. statusCode: a number is the HTTP status; v1's sample has a text.

    A failed validation lists its messages (A5).
    """
    number, message = body.any("statusCode"), body.any("message")
    if not number.there:
        return None
    code = number.number()
    if code is not None and code != status:
        return None
    if code is None and not _TEMPLATE.fullmatch(number.text() or ""):
        return None
    listed = message.items()
    words = [view.text() for view in listed] if listed and not message.is_object() else [message.text()]
    told = "; ".join(word for word in words if word)
    return told.strip() or None


def one_line(words: str | None, hide: Iterable[str] = ()) -> str | None:
    """At most 200 characters of foreign text, with nothing in it that steers a screen or a log, and no code.

    hide: what is known to be one; what looks like one goes too.
    """
    if words is None:
        return None
    for secret in hide:
        words = words.replace(secret, "***")
    words = _LIKE_A_SECRET.sub("***", words[:4000])
    shown = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in words[:2000])
    return " ".join(shown.split())[:200] or None


def _retry_after(response: Response) -> float | None:
    """Retry-After (B1), in seconds or as a date against the reply's own Date; else X-RateLimit-Reset against it."""
    value = (response.header("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), _LONGEST_WAIT)
    now = _http_date(response.header("Date") or "")
    if now is None:
        return None
    reset = (response.header("X-RateLimit-Reset") or "").strip()
    until = _http_date(value)
    if until is not None:
        seconds = (until - now).total_seconds()
    elif reset.isascii() and reset.isdigit():
        seconds = float(reset[:12]) - now.timestamp()
    else:
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
