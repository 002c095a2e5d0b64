"""Kigo's paths (sheet, sections 2 to 5), and which of them a call goes to.

May live here: templates, and matching a target against them. May not: what happens behind a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

import attrs

from stampcard_adapters.sandbox.http import RequestLike

__all__ = [
    "CLAIM_PATH",
    "EXCHANGE_PATH",
    "LOOKUP_PATH",
    "ORDER_PATH",
    "PARTNER_SESSIONS_PATH",
    "REFRESH_PATH",
    "SSO_SESSIONS_PATH",
    "USER_SESSIONS_PATH",
    "Action",
    "Route",
    "placeholders",
    "prefix_of",
    "prefixes_of",
    "routed",
]

PARTNER_SESSIONS_PATH: Final = "/api/v1/auth/sessions"
USER_SESSIONS_PATH: Final = "/api/v1/auth/sessions/accounts"
REFRESH_PATH: Final = "/api/v1/auth/sessions/accounts/refresh"
SSO_SESSIONS_PATH: Final = "/api/v1/accounts/sso-sessions"
EXCHANGE_PATH: Final = "/sso/sessions/api/accounts"

ORDER_PATH: Final = "/api/v1/products/{product_id}/claim-codes"
"""Not public: the sheet's choice (section 3)."""
LOOKUP_PATH: Final = "/api/v1/claim-codes/{claim_code}/tokens"
"""Not public: this sandbox's own, in the style of its siblings (section 5 names the operation and its verb)."""
CLAIM_PATH: Final = "/api/v1/claim-codes/{claim_code}/claims"
"""Not public: this sandbox's own, like the look-up."""

Action: TypeAlias = Literal[
    "partner_session", "user_session", "refresh", "order", "sso_session", "exchange", "lookup", "claim"
]

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def placeholders(template: str) -> tuple[str, ...]:
    """The names in braces, in order; each is a whole segment, or ValueError."""
    found: list[str] = []
    for segment in template.split("/"):
        name = _PLACEHOLDER.fullmatch(segment)
        if name is not None:
            found.append(name[1])
        elif "{" in segment or "}" in segment:
            raise ValueError("a name in braces is a whole segment of a path")
    return tuple(found)


def prefix_of(template: str) -> str:
    """The part of a template that is the same in every call; empty when there is none."""
    fixed = template.partition("{")[0]
    return fixed.rstrip("/") if template.startswith("/") else ""


def prefixes_of(routes: Iterable[Route]) -> tuple[str, ...]:
    """What these routes own, without those that lie below another."""
    found = sorted({prefix_of(route.template) for route in routes})
    return tuple(one for one in found if not any(one.startswith(f"{other}/") for other in found))


@attrs.frozen(kw_only=True)
class Route:
    """A method and a path, and what they ask for."""

    method: str
    template: str
    action: Action

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """The values of the names in braces, when a call is for this route."""
        wanted, given = self.template.split("/"), path.split("/")
        if method != self.method or len(wanted) != len(given):
            return None
        found: dict[str, str] = {}
        for expected, segment in zip(wanted, given, strict=True):
            value = unquote(segment)
            name = _PLACEHOLDER.fullmatch(expected)
            if name is None and value != expected:
                return None
            if name is not None:
                if not value:
                    return None
                found[name[1]] = value
        return found


def routed(routes: Iterable[Route], request: RequestLike) -> tuple[Action, Mapping[str, str]] | None:
    """Which route a call is for, with the values in its path."""
    path, method = request.target.partition("?")[0], request.method.upper()
    for route in routes:
        found = route.match(method, path)
        if found is not None:
            return route.action, found
    return None
