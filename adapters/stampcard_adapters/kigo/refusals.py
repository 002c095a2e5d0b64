"""What the provider's noes mean (sheet, section 6): by HTTP status and `error_code` together.

May live here: the table, the reading of the error object, what of its words may be kept. May not: a success.

A refusal is believed only in the documented shape, {"error_code": snake_case, "error_message": text}. A 4xx without it
is nobody's answer: a gateway's, a portal's, or that of a wrong `order_path`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from itertools import zip_longest
from typing import Final, TypeAlias

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.model import Secret
from stampcard.wire import JsonView, Response, one_line

__all__ = ["NOTHING", "ORDERS", "SSO", "Hidden", "Table", "Telling", "error_code", "refusal", "shown", "unauthorized"]

Table = dict[tuple[int, str], tuple[str, str]]
"""(HTTP status, error_code or "*" for any) -> (our stable code, the cashier's sentence)."""

Hidden: TypeAlias = Secret[tuple[str, ...]]
"""Texts of ours the provider might echo: the API key, and whom the order is for. Struck out of its words."""
NOTHING: Final[Hidden] = Secret(())
Telling: TypeAlias = Callable[[str], bool]
"""Whether a word is what nobody may read: the claim code, told by its mark."""

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

_WHOLE: Final = 4
_QUOTES: Final = "\"'`"
_MARKS: Final = f"{_QUOTES};:,.()"
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_BEFORE_A_SECRET: Final = frozenset(
    {"code", "id", "token", "link", "url", "key", "session", "deeplink", "value", "voucher", "coupon"}
)
_SUBJECT: Final = re.compile(
    "(.*[-_])?(account|brand|code|field|id|it|link|order|organization|partner|product|program|request|service|session"
    "|this|token|user)"
)
"""What a sentence may say something of without naming a claim."""
_VERBS: Final = frozenset({"is", "was", "has"})
_ORDINARY: Final = re.compile(
    "is|was|are|has|been|be|must|not|a|the|or|and|for|of|with|required|missing|invalid|valid|unknown|expired|used"
    "|already|found|empty|exists?|does"
)


def refusal(
    response: Response, table: Table, *, hide: Hidden = NOTHING, claim: Telling | None = None
) -> Declined | NotSent | Unknown:
    """What a reply that is no success says. Total. hide, claim: what its words may not show."""
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
    quoted = body.any("claim_code").text() or ""
    already = code == "already_used" or status == 409
    if already:
        known = table.get((409, "*"), known)
    return Declined(
        code=known[0],
        message=known[1],
        provider_code=code,
        provider_text=shown(words or _phrase(status), Secret((*hide.reveal(), quoted)), claim),
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


def shown(words: str | None, hide: Hidden = NOTHING, claim: Telling | None = None) -> str | None:
    """A line of foreign text (`stampcard.wire.one_line`) that holds no claim.

    A code is no word of a language: whatever holds a digit, or a capital inside, or is part of an address, or stands in
    quotes is left out, and so is what follows "code", "id" or "value", or of which it "is", "was" or "has". hide:
    texts of ours, in any case of letters. claim: tells the code itself.
    """
    if words is None:
        return None
    return one_line(_without(words[:4000], hide), strike=lambda line: _struck(_without(line, hide), claim))


def _without(words: str, hide: Hidden) -> str:
    for ours in sorted(filter(str.strip, hide.reveal()), key=len, reverse=True):
        found = r"\s+".join(map(re.escape, ours.split()))
        # a short one only where it stands alone: elsewhere it is part of another word
        whole = found if len(ours) >= _WHOLE else rf"(?<!\w){found}(?!\w)"
        words = re.sub(whole, "***", words, flags=re.IGNORECASE)
    return words


def _struck(line: str, claim: Telling | None) -> str:
    kept: list[str] = []
    announced = False
    words = line.split()
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        bare = word.lower().strip(_MARKS)
        ordinary = _ORDINARY.fullmatch(bare) is not None
        strange = following.lower() in _VERBS and not ordinary and _SUBJECT.fullmatch(bare) is None
        known = claim is not None and claim(word.strip(_MARKS))
        secret = (announced and not ordinary) or strange or known or _secretive(word)
        kept.append("***" if secret else word)
        announced = (announced and ordinary) or re.split(r"[-_]", bare)[-1] in _BEFORE_A_SECRET
    return " ".join(kept)


def _secretive(word: str) -> bool:
    bare = word.strip(";:,.()")
    letters = [c for c in word if c.isalpha()]
    capital = len(letters) >= 4 and any(c.isupper() for c in letters[1:])
    quoted = len(bare) > 1 and bare[0] in _QUOTES and bare[-1] in _QUOTES
    return capital or quoted or any(c.isdigit() or c in "/@=&?%" for c in word)


def _words(body: JsonView) -> str | None:
    """Section 6: one service says `error_message`, a helper in the public client reads `message`."""
    return body.any("error_message").text() or body.any("message").text() or None


def _phrase(status: int) -> str | None:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return None
