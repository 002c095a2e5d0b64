"""What the provider's noes mean (sheet, A5 and B4): by HTTP status and the words it documents.

May live here: the table, and the reading of the error object. May not: a success, an order's facts.

There is no error code: {statusCode, message, error?}, and the message is the documented literal. A refusal is believed
only in that shape; anything else that is no success (a gateway's page, a 3xx, a 5xx, an unknown 404) is Unknown.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.model import Secret
from stampcard.wire import LONGEST_WAIT, JsonView, Response, http_date, one_line

__all__ = ["ALREADY", "NOTHING", "NOT_FOUND", "Hidden", "error_message", "refusal", "shown", "unauthorized"]

Hidden: TypeAlias = Secret[tuple[str, ...]]
"""Texts the provider might echo, keys and codes: struck out of its words."""
NOTHING: Final[Hidden] = Secret(())

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
_LIKE_A_SECRET: Final = re.compile(r"[A-Z0-9]{4,}(?:-[A-Z0-9]{4,}){2,}|kal_(?:test|live)_\S*|eyJ[\w-]+(?:\.[\w-]*)*")
"""As the samples' codes, the keys and v1's tokens look. The provider's words are kept and shown: those go (trap 14)."""
_WHOLE: Final = 4
_TEMPLATE: Final = re.compile(r"[a-z_]{1,40}")
"""v1's sample has a text for statusCode: "api_error"."""


def refusal(response: Response, *, hide: Hidden = NOTHING) -> Declined | NotSent | Unknown:
    """What a reply that is no success says. Total. hide: what must not be quoted, wherever it stands."""
    status = response.status
    if status == 429:  # turned away at the door
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=_wait(response))
    message = error_message(response.json(), status)
    if message is None:
        return Unknown(why=f"HTTP {status} without the provider's error object")
    code = str(status)
    if status == 403 or unauthorized(response):
        # No provider_text for a 401: "Invalid API key" may quote it. Both are checked before anything is done.
        said = shown(message, hide) if status == 403 else None
        why = f"HTTP {status}"
        return NotSent(why=why, code="credentials.refused", ours=True, provider_code=code, provider_text=said)
    said = shown(message, hide)
    if status == 409 or (status in (400, 422) and _TWICE.search(message)):
        return Declined(code=ALREADY, message=_ALREADY_SAID, provider_code=code, provider_text=said, perhaps_done=True)
    for known, words, ours, sentence in _TABLE:
        if status == known and words.match(message):
            return Declined(code=ours, message=sentence, provider_code=code, provider_text=said)
    if status in (400, 422):  # B4: more placement texts than the two lists name, and v1 publishes none
        return Declined(code=_REFUSED[0], message=_REFUSED[1], provider_code=code, provider_text=said)
    return Unknown(why=f"HTTP {status} with words that are not documented")


def unauthorized(response: Response) -> bool:
    """A 401 that is the provider's: nothing was done. v1's hook asks this too, before it sends anything once more."""
    return response.status == 401 and error_message(response.json(), 401) is not None


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


def shown(words: str | None, hide: Hidden = NOTHING) -> str | None:
    """A line of foreign text (`stampcard.wire.one_line`) with no code and no key in it.

    hide: what is known to be one, in any case of its letters; what looks like one goes too.
    """
    if words is None:
        return None
    return one_line(_struck(words[:4000], hide), strike=lambda line: _struck(line, hide))


def _struck(words: str, hide: Hidden) -> str:
    for secret in sorted(filter(str.strip, hide.reveal()), key=len, reverse=True):
        found = r"\s+".join(map(re.escape, secret.split()))
        # a short one only where it stands alone: elsewhere it is part of another word
        whole = found if len(secret) >= _WHOLE else rf"(?<!\w){found}(?!\w)"
        words = re.sub(whole, "***", words, flags=re.IGNORECASE)
    return _LIKE_A_SECRET.sub("***", words)


def _wait(response: Response) -> float | None:
    """Retry-After; where it says nothing X-RateLimit-Reset, against the reply's own Date (B1)."""
    named, now = response.retry_after(), http_date(response.header("Date") or "")
    reset = (response.header("X-RateLimit-Reset") or "").strip()
    if named is not None or now is None or not (reset.isascii() and reset.isdigit()):
        return named
    return min(max(0.0, float(reset[:12]) - now.timestamp()), LONGEST_WAIT)
