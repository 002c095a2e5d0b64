"""Who is calling: v1's logins and bearer tokens (sheet, A1), v2's keys (B1).

May live here: from credentials to a tenant. May not: what the tenant may then do.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime

from stampcard_adapters.sandbox.http import RequestLike, header
from stampcard_adapters.sandbox.jsontext import Json

from .calls import Call
from .errors import RefusedError, bad_request, unauthorized
from .switches import Switches
from .tokens import Tokens
from .world import World

__all__ = ["Sessions"]


class Sessions:
    """Reads credentials against the tenants as they are now; says nothing about which half was wrong."""

    def __init__(self, worlds: Mapping[str, World], switches: Switches) -> None:
        self._worlds = worlds
        self._switches = switches
        self.tokens = Tokens()

    def auth(self, call: Call, request: RequestLike, now: datetime) -> tuple[int, Json]:
        """POST /auth/login and /auth/refresh."""
        match call.method, *call.segments:
            case "POST", "auth", "login":
                return self._switches.v1_login_status, self._pair(self._login(call.json()), now)
            case "POST", "auth", "refresh":
                return self._switches.v1_login_status, self._refresh(request, now)
            case _:
                raise call.lost()

    def bearer(self, request: RequestLike, now: datetime) -> str:
        """The tenant of an access token; a refresh token is none."""
        return self.tokens.holder(header(request, "Authorization"), "access", now).tenant

    def key(self, request: RequestLike) -> str | None:
        """The tenant of a v2 key, or None."""
        sent = header(request, "x-api-key")
        matches = [name for name, world in self._worlds.items() if sent and _same(sent, world.tenant.api_key)]
        return matches[0] if matches else None

    @staticmethod
    def key_refused(request: RequestLike) -> RefusedError:
        """Why there was no tenant of a v2 key."""
        return unauthorized("Invalid API key" if header(request, "x-api-key") else "Missing API key")

    def _login(self, body: Json) -> str:
        fields = body if isinstance(body, dict) else {}
        email, password = fields.get("email"), fields.get("password")
        if not isinstance(email, str):
            raise bad_request("email must be a string")
        if not isinstance(password, str):
            raise bad_request("password must be a string")
        for name, world in self._worlds.items():
            if email == world.tenant.email and _same(password, world.tenant.password):
                return name
        raise unauthorized()

    def _refresh(self, request: RequestLike, now: datetime) -> Json:
        """With the refresh token as bearer: an access token is none (trap 12)."""
        holder = self.tokens.holder(header(request, "Authorization"), "refresh", now)
        pair = self._pair(holder.tenant, now)
        if self._switches.v1_refresh == "kept":
            pair.pop("refreshToken")
        elif self._switches.v1_refresh == "once":
            self.tokens.spend(holder)
        return pair

    def _pair(self, tenant: str, now: datetime) -> dict[str, Json]:
        return {
            "accessToken": self.tokens.issue(tenant, "access", now, self._switches.v1_access_seconds),
            "refreshToken": self.tokens.issue(tenant, "refresh", now, self._switches.v1_refresh_seconds),
        }


def _same(sent: str, known: str) -> bool:
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), known.encode("utf-8", "surrogatepass"))
