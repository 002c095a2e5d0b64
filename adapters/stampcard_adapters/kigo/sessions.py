"""The partner's session token: fetched with the API key, held for its 30 minutes (sheet, section 2).

May live here: the token call and its reading. May not: a cache, a clock (`stampcard.tokens`).

Ordering needs the partner's token alone, whatever the guide's first line says (trap 1). The user-level token, whose
life has three published values (trap 10), is never asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import httpx

from stampcard.model import Secret
from stampcard.tokens import Token, TokenAuth, bearer
from stampcard.wire import JsonView, minified
from stampcard_adapters.kigo.refusals import unauthorized
from stampcard_adapters.kigo.requests import SESSIONS, text
from stampcard_adapters.kigo.settings import KigoKeys

__all__ = ["PartnerSession", "session_auth"]

_LIFE: Final = 30 * 60.0
"""Section 2: no answer names an end, so the 30 minutes are counted here."""
_EARLY: Final = 5 * 60.0
"""Trap 5: 30 minutes are not exact."""
_HEADER_VALUE: Final = re.compile(r"[!-~]+")


class PartnerSession:
    """`stampcard.tokens.Renewal`: POST /api/v1/auth/sessions, and the same again when it is over."""

    def __init__(self, keys: KigoKeys, base_url: str) -> None:
        self._keys = keys
        self._base_url = base_url

    def __repr__(self) -> str:
        return "PartnerSession(***)"

    def first(self) -> httpx.Request:
        body = {"api_key": text(self._keys.api_key.reveal()), "partner_id": text(self._keys.partner_id)}
        headers = {"Content-Type": "application/json"}
        return httpx.Request("POST", self._base_url + SESSIONS, headers=headers, content=minified(body))

    def again(self, refresh: Secret[str], /) -> httpx.Request | None:
        """None: there is no partner-level refresh, though a type of the public client lists a refresh token."""
        return None

    def read(self, status: int, headers: Mapping[str, str], body: bytes, /) -> Token | None:
        """Any 2xx with a token that a header can carry."""
        token = JsonView.parse(body).any("token").text() if 200 <= status < 300 else None
        if token is None or not _HEADER_VALUE.fullmatch(token):
            return None
        return Token(value=Secret(token), expires_in=_LIFE)


def session_auth(keys: KigoKeys, base_url: str) -> TokenAuth:
    """The hook: a bearer token, renewed at 25 minutes, and on Kigo's own 401, which sends the request once more."""
    return TokenAuth(PartnerSession(keys, base_url), apply=bearer, refused=unauthorized, early=_EARLY)
