"""How credentials get onto a request: a key in a header (v2), or a token that is fetched and renewed (v1).

May live here: the two token calls, the reading of their replies, the two hooks. May not: when a token is renewed
(`stampcard.tokens` decides), a socket. Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import Final

import httpx

from stampcard.model import Secret
from stampcard.tokens import Token
from stampcard.wire import JsonView, http_date, minified
from stampcard_adapters.kalixo.settings import KalixoKeys, Switches

__all__ = ["ApiKeyAuth", "KalixoLogin"]

_TOKEN: Final = re.compile(r"[!-~]{1,8192}")
"""What a header can carry."""
_LONGEST_LIFE: Final = 30 * 86_400.0


class ApiKeyAuth(httpx.Auth):
    """v2: header x-api-key (B1). keys: asked at every request."""

    def __init__(self, keys: Callable[[], KalixoKeys]) -> None:
        self._keys = keys

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        key = self._keys().api_key
        if key is not None:  # `keys` has seen to it
            request.headers["x-api-key"] = key.reveal()
        yield request


class KalixoLogin:
    """v1's token calls (A1), for `stampcard.tokens.TokenAuth`. keys: asked at every login."""

    def __init__(self, base_url: str, keys: Callable[[], KalixoKeys], switches: Switches) -> None:
        self._base_url = base_url
        self._keys = keys
        self._switches = switches

    def first(self) -> httpx.Request:
        """POST /auth/login with email and password."""
        keys = self._keys()
        password = "" if keys.password is None else keys.password.reveal()
        body = minified({"email": keys.email or "", "password": password})
        headers = {"Content-Type": "application/json"}
        return httpx.Request("POST", f"{self._base_url}/v1/auth/login", headers=headers, content=body)

    def again(self, refresh: Secret[str], /) -> httpx.Request | None:
        """POST /auth/refresh: the REFRESH token is the bearer, and there is no body (trap 12)."""
        headers = {"Authorization": f"Bearer {refresh.reveal()}"}
        return httpx.Request("POST", f"{self._base_url}/v1/auth/refresh", headers=headers)

    def read(self, status: int, headers: Mapping[str, str], body: bytes, /) -> Token | None:
        """{accessToken, refreshToken}; any 2xx will do (A1: the status is not documented). None: no token.

        A refresh may leave the new refresh token out: the old one is then kept (`TokenAuth`).
        """
        if not 200 <= status < 300:
            return None
        said = JsonView.parse(body)
        access, refresh = _usable(said.any("accessToken")), _usable(said.any("refreshToken"))
        if access is None:
            return None
        now = http_date(next((v for k, v in headers.items() if k.lower() == "date"), ""))
        return Token(
            value=Secret(access),
            expires_in=_life(access, now, self._switches.access_life),
            refresh=None if refresh is None else Secret(refresh),
            refresh_in=None if refresh is None else _life(refresh, now, self._switches.refresh_life),
        )


def _usable(view: JsonView) -> str | None:
    text = view.text()
    return text if text is not None and _TOKEN.fullmatch(text) else None


def _life(token: str, now: datetime | None, otherwise: float) -> float:
    """Seconds a token lives: its own exp, against its iat or the reply's Date, so that no clock of ours is needed."""
    claims = _claims(token)
    exp, start = claims.any("exp").number(), claims.any("iat").number()
    if exp is None:
        return otherwise
    began = float(start) if start is not None else None if now is None else now.timestamp()
    left = 0.0 if began is None else float(exp) - began
    return left if 0 < left <= _LONGEST_LIFE else otherwise


def _claims(token: str) -> JsonView:
    """The middle part of a JWT; empty for anything else. Unverified: it decides only when to ask again."""
    parts = token.split(".")
    if len(parts) != 3:
        return JsonView()
    try:
        return JsonView.parse(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return JsonView()
