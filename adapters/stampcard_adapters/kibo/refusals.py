"""What the provider's noes mean (sheet, section 7): by code and HTTP status together.

May live here: the table, and the reading of the error object. May not: a success, an order's facts.

A refusal is believed only in the provider's shape; anything else that is no success (Mashery's page, a captive portal,
a 3xx, a 5xx, an undocumented code) is Unknown: nobody knows what it did. What it says is shown as one short line, with
every number that could be a card's, and every word of the payment, taken out (trap 15).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.wire import JsonView, Response, one_line

__all__ = ["CANCELS", "HOLDS", "LOOKS", "ORDERS", "Table", "error_code", "refusal", "said", "shown", "turned_away"]

Table: TypeAlias = Mapping[str, tuple[str, str]]
"""The provider's code -> (our stable code, the cashier's sentence)."""

_STATUS: Final = {
    **dict.fromkeys(("5003", "5010", "5011", "5012", "5013", "5014", "5015", "5016", "5017"), 400),
    "5002": 404,
    "5004": 403,
    "5005": 405,
}
"""The HTTP status each code is documented with; another pair is not documented."""
_GATEWAY_AWAY: Final = (503, "5001")
"""Documented too, and no refusal: nobody says whether the gateway got the card before it went silent."""
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

_CODE: Final = re.compile(r"5[0-9]{3}")
_PHONE: Final = 7
"""Digits from which on a number is looked for in the grouped way people write one."""
_CARD_NUMBER: Final = re.compile(r"[0-9](?:[ -]*[0-9]){11,}")


def refusal(
    response: Response, table: Table, *, codeless: bool = True, hide: Sequence[str] = ()
) -> Declined | NotSent | Unknown:
    """What a reply that is no success says. Total. codeless: an error object without its code is one all the same.

    hide: words of ours the provider might echo, in any case of letters.
    """
    status = response.status
    if status == 429:  # turned away at the door: no rate limit is documented, the word is HTTP's own
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=response.retry_after())
    body = response.json()
    code = error_code(body)
    if turned_away(response):  # after the hook has renewed the token once (trap 12)
        # No provider_text: it may quote the key.
        why = f"HTTP {status}" + (f" code {code}" if code else "")
        return NotSent(why=why, code="credentials.refused", ours=True, provider_code=code)
    if status in (401, 403):
        return Unknown(why=f"HTTP {status} without the provider's error object")
    words = said(body, hide)
    if code is None and codeless and not body.any("code").there and words is not None:
        code = _BY_STATUS.get(status)
    if code is None:
        return Unknown(why=f"HTTP {status} without the provider's error object")
    if (status, code) == _GATEWAY_AWAY:
        return Unknown(why=f"HTTP {status} code {code}: the payment gateway cannot be reached")
    known = table.get(code)
    if known is None or _STATUS[code] != status:
        return Unknown(why=f"HTTP {status} code {code} is not documented")
    if known == HOLDS["5003"] and words is None:
        known = _COMMON["5003"]  # without the gateway's words it is no card's refusal, but a request's
    return Declined(code=known[0], message=known[1], provider_code=code, provider_text=words)


def turned_away(response: Response) -> bool:
    """A 401 or 403 that is Kibo's, its gateway's (Mashery) or OAuth's own answer: nothing was done.

    Any other may come of a filter between us, that hides a success behind it. The auth hook asks this too, before it
    sends anything once more.
    """
    if response.status not in (401, 403):
        return False
    body = response.json()
    at_the_door = response.header("WWW-Authenticate") or response.header("X-Mashery-Error-Code")
    return bool(error_code(body) or body.any("error").text() or at_the_door)


def error_code(body: JsonView) -> str | None:
    """The error object's `code`, number or text; None when it is none of the provider's (5000 and on)."""
    code = body.any("code")
    number = code.whole()
    written = (code.text() or ("" if number is None else str(number))).strip()
    return written if _CODE.fullmatch(written) else None


def said(body: JsonView, hide: Sequence[str] = ()) -> str | None:
    """The error object's message, fit to be shown."""
    return shown(body.any("message").text(), hide)


def shown(words: str | None, hide: Sequence[str] = ()) -> str | None:
    """A line of foreign text (`stampcard.wire.one_line`): no card, none of `hide`, in whatever case of letters."""

    phones = [word for word in hide if word.isascii() and word.isdigit() and len(word) >= _PHONE]

    def strike(line: str) -> str:
        for word in sorted(filter(str.strip, hide), key=len, reverse=True):
            found = r"\s+".join(map(re.escape, word.split()))
            # a short one, a security code, only where it stands alone: elsewhere it is part of another number
            alone = found if len(word) > 5 else rf"(?<![^\W_]){found}(?![^\W_])"
            line = re.sub(alone, "***", line, flags=re.IGNORECASE)
        for phone in phones:
            line = re.sub(r"[ ().+/-]*".join(phone), "***", line)
        return _CARD_NUMBER.sub("***", line)

    return one_line(words, strike=strike)
