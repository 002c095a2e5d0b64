"""What the provider's noes mean (sheet, section 6): by HTTP status and `error_code` together.

May live here: the table, the reading of the error object, what of its words may be kept. May not: a success.

A refusal is believed only in the documented shape, {"error_code": snake_case, "error_message": text}. A 4xx without it
is nobody's answer: a gateway's, a portal's, or that of a wrong `order_path`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.wire import JsonView, Response, one_line

__all__ = ["ORDERS", "SSO", "Table", "error_code", "refusal", "shown", "unauthorized"]

Table = dict[tuple[int, str], tuple[str, str]]
"""(HTTP status, error_code or "*" for any) -> (our stable code, the cashier's sentence)."""

ORDERS: Final[Table] = {
    (404, "not_found"): (
        "product.unknown",
        "The loyalty service does not know this product. Test and live have different ids.",
    ),
    (400, "*"): ("order.refused", "The loyalty service does not accept this order as it is."),
    (409, "*"): ("order.already_used", "The loyalty service says that this was used already."),
}
"""For the order call, the first time and when its link is fetched again."""
SSO: Final[Table] = {(400, "*"): ("sso.refused", "The loyalty service does not log this customer in.")}
"""For sso-sessions. (Unknown programmes and users are made there: no other no is documented.)"""

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_BEFORE_A_SECRET: Final = frozenset({"code", "id", "token", "link", "url", "key", "session", "deeplink"})
_ORDINARY: Final = re.compile(
    "is|was|are|has|been|be|must|not|a|the|or|and|for|of|with|required|missing|invalid|valid|unknown|expired|used"
    "|already|found|empty|exists?|does"
)


def refusal(response: Response, table: Table, *, hide: Iterable[str] = ()) -> Declined | NotSent | Unknown:
    """What a reply that is no success says. Total. hide: texts of ours the provider might echo."""
    status = response.status
    if status == 429:  # no rate limit is documented: the word is HTTP's own
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=response.retry_after())
    body = response.json()
    code, words = error_code(body), _words(body)
    if unauthorized(response) or (status == 403 and _said(body)):
        # Turned away at the door, after one renewal. The text is not kept: it may quote the token.
        return NotSent(why=f"HTTP {status}", code="credentials.refused", ours=True, provider_code=code)
    if code is None:
        hint = ": is order_path right?" if status == 404 else ""
        return Unknown(why=f"HTTP {status} without the provider's error object{hint}")
    known = table.get((status, code)) or table.get((status, "*"))
    if known is None:
        return Unknown(why=f"HTTP {status} {code} is not documented")
    already = code == "already_used" or status == 409
    if already:
        known = table.get((409, "*"), known)
    return Declined(
        code=known[0],
        message=known[1],
        provider_code=code,
        provider_text=shown(words or _phrase(status), hide),
        perhaps_done=already,  # of an order id of ours, "used" can only mean that the first send landed
    )


def unauthorized(response: Response) -> bool:
    """A 401 that is the provider's: nothing was done. The hook asks this too, before it sends anything once more."""
    return response.status == 401 and _said(response.json())


def _said(body: JsonView) -> bool:
    return error_code(body) is not None or _words(body) is not None


def error_code(body: JsonView) -> str | None:
    """The error object's code, a snake_case word; None when it is none."""
    written = (body.any("error_code").text() or "").strip()
    return written if _CODE.fullmatch(written) else None


def shown(words: str | None, hide: Iterable[str] = ()) -> str | None:
    """A line of foreign text (`stampcard.wire.one_line`) that holds no claim.

    A code is no word of a language: whatever holds a digit, or a capital inside, or is part of an address is left out,
    and so is what follows "code" or "id". hide: texts of ours.
    """
    if words is None:
        return None
    for ours in hide:
        words = words.replace(ours, "***") if ours else words
    return one_line(words, strike=_struck)


def _struck(line: str) -> str:
    kept: list[str] = []
    announced = False
    for word in line.split():
        bare = word.lower().strip("\"':;,.()")
        ordinary = _ORDINARY.fullmatch(bare) is not None
        kept.append("***" if (announced and not ordinary) or _secretive(word) else word)
        announced = (announced and ordinary) or re.split(r"[-_]", bare)[-1] in _BEFORE_A_SECRET
    return " ".join(kept)


def _secretive(word: str) -> bool:
    letters = [c for c in word if c.isalpha()]
    capital = len(letters) >= 4 and any(c.isupper() for c in letters[1:])
    return capital or any(c.isdigit() or c in "/@=&?%" for c in word)


def _words(body: JsonView) -> str | None:
    """Section 6: one service says `error_message`, a helper in the public client reads `message`."""
    return body.any("error_message").text() or body.any("message").text() or None


def _phrase(status: int) -> str | None:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return None
