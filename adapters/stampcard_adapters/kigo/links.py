"""The deep link: what may be handed to a browser, and the login put into it (sheet, section 3, "Deeplink rules").

May live here: text in, text out. May not: a call, a host: the link is always the one the provider gave, its host may
differ by programme and environment.

A link is cut where RFC 3986 cuts it (appendix B), at the first `#` and before that at the first `?`, and joined again
unchanged: a library that parses and prints a URL would normalise what nobody asked it to.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

__all__ = ["carries_another_code", "oddity", "origin", "usable", "with_session"]

_CODE: Final = "claim-code"  # trap 3: kebab-case in a URL, snake_case in JSON
_SPELLINGS: Final = frozenset({"claim-code", "claim_code", "claimcode"})
"""In lower case. One of them is documented; a wallet that reads another would claim what is under it."""
_SESSION: Final = "session-id"
_VISIBLE: Final = re.compile(r"[!-\[\]-~]+")
"""Visible ASCII, for it goes into a Location header; no backslash, which browsers read as a slash."""


def usable(link: str) -> bool:
    """Whether it is an absolute https URL that may be put into a header as it is."""
    if not _VISIBLE.fullmatch(link):
        return False
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and port != 0


def carries_another_code(link: str, claim_code: str) -> bool:
    """A link that claims something else than the code beside it would hand one order's goods to another's user.

    In its query or its fragment, whatever the spelling; `;` and, in a fragment, `?` and `/` may part names as well.
    """
    head, _, fragment = link.partition("#")
    pairs = [*head.partition("?")[2].split("&"), *re.split("[&?/]", fragment)]
    parts = (part for pair in pairs for part in ([pair] if _is_code(pair) else pair.split(";")))
    values = (part.partition("=")[2] for part in parts if _is_code(part))
    return any(unquote(value) != claim_code and unquote_plus(value) != claim_code for value in values)


def origin(link: str) -> str:
    """Where a link leads, without what it carries: scheme, host and path. Total."""
    where = re.split("[?#]", link, maxsplit=1)[0]
    try:
        parts = urlsplit(where)
        port = parts.port
    except ValueError:
        return where
    host, default = (parts.hostname or "").rstrip("."), 443 if parts.scheme == "https" else None
    return f"{parts.scheme}://{host}:{default if port is None else port}{parts.path or '/'}"


def oddity(link: str, claim_code: str) -> str | None:
    """What of a link is not as documented, in words without it; None when nothing is."""
    if not usable(link):
        return "the deep link is no https URL"
    if carries_another_code(link, claim_code):
        return "the deep link carries another code than the answer"
    return None if _values(link, _CODE) else "the deep link carries no claim-code"


def with_session(link: str, session_id: str) -> str:
    """The link with `session-id` appended to its query. The rest stays as it was, byte for byte, in its place.

    A `session-id` that is there already is taken out: it is another login, and which of two counts is not documented.
    """
    head, hash_, fragment = link.partition("#")
    where, _, query = head.partition("?")
    pairs = [pair for pair in query.split("&") if _name(pair) != _SESSION]
    kept = "&".join(pairs)
    joint = "&" if kept and not kept.endswith("&") else ""  # trap 4: never a second question mark
    return f"{where}?{kept}{joint}{_SESSION}={quote(session_id, safe='')}{hash_}{fragment}"


def _values(link: str, name: str) -> list[str]:
    """The values of a parameter, as written."""
    query = link.partition("#")[0].partition("?")[2]
    return [pair.partition("=")[2] for pair in query.split("&") if _name(pair) == name]


def _is_code(pair: str) -> bool:
    return _name(pair).strip().lower() in _SPELLINGS


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
