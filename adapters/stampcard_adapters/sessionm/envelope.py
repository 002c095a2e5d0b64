"""The envelope every answer comes in, and what the provider's noes mean (sheet, section 8).

May live here: `{"status":"ok"|"error","errors":{"code"}}` at any HTTP status, the tables of codes. May not: an order's
fields, a request.

HTTP 200 is no success by itself (trap 1), `errors` is ONE object (trap 2), codes come in either case (trap 3). A no is
believed only with a documented code. Of an order, a 5xx, 408, 3xx or an undocumented 2xx stays unknown whatever its
body says; a question about no order may be told no at a 5xx, too (real clients find `user_not_found` in bodies of every
status).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.model import Secret
from stampcard.wire import JsonView, Response

__all__ = ["ALREADY", "CREATE", "NOTHING", "READS", "TAKEN", "UPDATE", "Hidden", "Table", "one_line", "opened"]

Table: TypeAlias = Mapping[str, tuple[str, str]]
"""The provider's code in lower case -> (our stable code, the cashier's sentence)."""
Hidden: TypeAlias = Secret[tuple[str, ...]]
"""Texts of ours that the provider might echo, keys among them: struck out of its words."""
NOTHING: Final[Hidden] = Secret(())

_MEMBER: Final = ("member.unknown", "The loyalty service does not know this member.")
_REGISTERED: Final = ("member.not_registered", "This member has to register first.")
_GONE: Final = ("offer.not_available", "This offer is not available to this member now.")
_NO_OFFER: Final = ("offer.unknown", "The loyalty service does not know this offer.")
_NO_ORDER: Final = ("order.not_found", "The loyalty service does not know this redemption.")
_REFUSED: Final = ("order.refused", "The loyalty service does not accept this redemption as it is.")
_ASKED: Final = ("request.refused", "The loyalty service did not accept the question.")
_ANYWHERE: Final[Table] = {
    "user_not_found": _MEMBER,
    "requires_registered_user": _REGISTERED,
    "not_available": _GONE,
    "offer_not_available": _GONE,
    "offer_not_found": _NO_OFFER,
    "challenge_not_found": ("challenge.not_found", "The question has to be answered again before redeeming."),
}
CREATE: Final[Table] = {
    **_ANYWHERE,
    **dict.fromkeys(("missing_data", "validation", "argument_error", "bad_request"), _REFUSED),
    "not_found": _NO_OFFER,
}
"""For the create call. Too few points and out of stock have no code of their own (section 6)."""
TAKEN: Final = "validation"
"""What an `external_id` that another order has may be told in (not documented): the generic code for what is not
valid, as its words are printed for profiles. That other order can be our own, of a request delivered twice."""
UPDATE: Final[Table] = {
    **dict.fromkeys(("missing_data", "validation", "argument_error", "bad_request"), _REFUSED),
    "invalid_order_status": ("order.not_pending", "This redemption was decided already."),
    "invalid_request_order_status": ("order.status_refused", "The loyalty service does not know this decision."),
    "not_found": _NO_ORDER,
}
"""For the change of status. The two status codes are told apart by their names alone (section 5)."""
ALREADY: Final = frozenset({"order.not_pending", "order.status_refused"})
"""What a change of status may be told when it is done already: only two statuses are ever asked for, and both exist."""
READS: Final[Table] = {
    **_ANYWHERE,
    **dict.fromkeys(("missing_data", "validation", "argument_error", "bad_request"), _ASKED),
    "not_found": _NO_ORDER,
}
"""For questions."""
_OURS: Final = frozenset({"invalid_api_key", "invalid_auth_token", "access_denied", "https_only"})
"""Turned away at the door: our key, our permission, our address."""

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PATH: Final = re.compile(r"(apps/)[^/\s\"']+")
_LONGEST_WAIT: Final = 86_400.0


def opened(
    response: Response, table: Table, *, strict: bool = True, asked: bool = False, hide: Hidden = NOTHING
) -> JsonView | Declined | NotSent | Unknown:
    """The body of a success, or what else it is. Total.

    strict: only a top-level "ok" is a success; lists and reads come without one in the samples (trap 6). asked: it is
    about no order, so a documented no is believed at a 5xx, too. hide: texts of ours the provider might echo.
    """
    status = response.status
    if status == 429:  # turned away at the door: no rate limit is documented, the word is HTTP's own
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=_retry_after(response))
    body = response.json()
    word = body.any("status").text()
    said = None if word is None else word.strip().lower()
    if said == "error":
        return _refused(status, body, table, asked=asked, hide=hide)
    if status != 200:
        return Unknown(why=f"HTTP {status} without the provider's error object")
    if body.bad or not body.is_object():
        return Unknown(why=f"HTTP 200: {body.bad or 'no object'}")
    if body.any("errors").there:
        return Unknown(why="HTTP 200 with errors and without the word for it")
    if said != "ok" and (strict or said is not None):
        return Unknown(why="HTTP 200 that does not say ok")
    return body


def _refused(status: int, body: JsonView, table: Table, *, asked: bool, hide: Hidden) -> Declined | NotSent | Unknown:
    errors = body.any("errors")
    code = (errors.any("code").text() or "").strip().lower() if errors.is_object() else ""
    if not _CODE.fullmatch(code):
        return Unknown(why=f"HTTP {status} with an error that has no code")
    if status != 200 and (status == 408 or not 400 <= status < (600 if asked else 500)):
        return Unknown(why=f"HTTP {status} {code}")
    known = table.get(code)
    if code in _OURS or (status in (401, 403) and known is None):
        # No provider_text: it may quote the key. The key is looked at before anything is done.
        ours = "configuration" if code == "https_only" else "credentials.refused"
        return NotSent(why=f"HTTP {status} {code}", code=ours, ours=True, provider_code=code)
    if known is None:
        return Unknown(why=f"HTTP {status} {code}: not documented for this call, or not a no")
    said = one_line(errors.any("message").text(), hide)
    return Declined(code=known[0], message=known[1], provider_code=code, provider_text=said)


def one_line(words: str | None, hide: Hidden = NOTHING) -> str | None:
    """At most 200 characters of foreign text, with nothing in it that steers a screen or a log, and no key of ours."""
    if words is None:
        return None
    words = words[:4000]
    for one in sorted(filter(None, hide.reveal()), key=len, reverse=True):
        words = words.replace(one, "***")
    shown = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in _PATH.sub(r"\1***", words))
    return " ".join(shown.split())[:200] or None


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
