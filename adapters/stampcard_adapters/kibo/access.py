"""Access to Kibo: a bearer token for an hour, and the API key beside it (sheet, section 1).

May live here: the token call as pure request and reading, and what puts both credentials into a request. May not: when
a token is fetched or renewed (`stampcard.tokens`), a setting's validation.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import attrs
import httpx

from stampcard.model import Secret
from stampcard.tokens import Token, TokenAuth
from stampcard.wire import JsonView
from stampcard_adapters.kibo.refusals import turned_away

if TYPE_CHECKING:
    from stampcard_adapters.kibo.settings import KiboKeys

__all__ = ["TOKEN_PATH", "ClientCredentials", "kibo_auth"]

TOKEN_PATH: Final = "/oauthserver/oauth2/token"
_USUAL_LIFE: Final = 3600.0
"""Seconds: "normally 1 hour", for a reply that does not say. One that ends sooner is renewed when it is refused."""


@attrs.frozen(kw_only=True)
class ClientCredentials:
    """The OAuth 2.0 client credentials call. keys: asked at every call, so a changed secret needs no restart."""

    url: str
    keys: Callable[[], KiboKeys] = attrs.field(repr=False)

    def first(self) -> httpx.Request:
        keys = self.keys()
        basic = base64.b64encode(f"{keys.api_key}:{keys.secret.reveal()}".encode()).decode("ascii")
        return httpx.Request(
            "POST",
            self.url,
            headers={
                "Authorization": f"Basic {basic}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=b"grant_type=client_credentials",
        )

    def again(self, refresh: Secret[str], /) -> httpx.Request | None:
        return None  # client credentials have no refresh token: log in anew

    def read(self, status: int, headers: Mapping[str, str], body: bytes, /) -> Token | None:
        said = JsonView.parse(body)
        token, life = said["access_token"].text(), said["expires_in"].number()
        if status != 200 or not token or not (token.isascii() and token.isprintable()):
            return None
        return Token(value=Secret(token), expires_in=float(life) if life is not None and life > 0 else _USUAL_LIFE)


def kibo_auth(url: str, keys: Callable[[], KiboKeys]) -> TokenAuth:
    """The hook of one tenant: token and API key on every call. url: of the token call.

    Trap 12: 401 and 403 both mean "get a new token, retry once", but only where `turned_away` knows them as Kibo's: a
    filter's page may stand before an authorization that was done, and a repeat would hold the money twice.
    """

    def apply(request: httpx.Request, token: str) -> None:
        request.headers["Authorization"] = f"Bearer {token}"
        request.headers["API-Key"] = keys().api_key

    return TokenAuth(ClientCredentials(url=url, keys=keys), apply=apply, refused=turned_away)
