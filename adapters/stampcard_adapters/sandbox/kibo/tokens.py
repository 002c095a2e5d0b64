"""OAuth 2.0 client credentials (sheet, section 1): tokens given for Basic credentials, and checked on every call.

May live here: credentials, tokens, their life. May not: what a call that passed then does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

import attrs

from stampcard_adapters.sandbox.http import RequestLike, header
from stampcard_adapters.sandbox.jsontext import Json

from .errors import not_authorized
from .switches import Switches
from .tenants import Tenant

__all__ = ["Tokens", "media_type"]

FORM: Final = "application/x-www-form-urlencoded"
SCOPE: Final = "oms"


@attrs.frozen(kw_only=True)
class _Token:
    tenant: str
    api_key: str
    ends: datetime


class Tokens:
    """The tokens that live. `tenants` is asked at every call: keys may change."""

    def __init__(self, tenants: Callable[[], Mapping[str, Tenant]], switches: Switches) -> None:
        self._tenants = tenants
        self._switches = switches
        self._given = 0
        self._living: dict[str, _Token] = {}

    def give(self, request: RequestLike, now: datetime, *, lenient: bool) -> tuple[int, dict[str, Json]]:
        """Answer the token call. Errors are OAuth's own (RFC 6749, 5.2), as the scheme is."""
        tenant = self._holder(request)
        if tenant is None:
            return 401, {"error": "invalid_client", "error_description": "The credentials are not known."}
        if media_type(request) != FORM and not (lenient or tenant.lenient):
            return 400, {"error": "invalid_request", "error_description": f"Content-Type must be {FORM}."}
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if "grant_type" not in form:
            return 400, {"error": "invalid_request", "error_description": "grant_type is required."}
        if form["grant_type"] != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "Use client_credentials."}
        life: timedelta = self._switches.token_life
        self._given += 1
        digest = hashlib.sha256(f"{tenant.name}:{self._given}".encode("utf-8", "surrogatepass")).hexdigest()
        token = f"sandbox-token-{self._given}-{digest[:32]}"
        self._living = {known: row for known, row in self._living.items() if row.ends > now}
        self._living[token] = _Token(tenant=tenant.name, api_key=tenant.api_key, ends=now + life)
        seconds = int(life.total_seconds())
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": SCOPE}

    def tenant_of(self, request: RequestLike, now: datetime) -> Tenant:
        """Whose call it is; 401 without a living token, 403 when the API key does not go with it (vector 9)."""
        scheme, _, token = (header(request, "Authorization") or "").strip().partition(" ")
        living = self._living.get(token.strip())
        if scheme.lower() != "bearer" or living is None or now >= living.ends:
            raise not_authorized("The access token is missing, unknown or expired.", http_status=401)
        api_key = header(request, "API-Key")
        if not api_key:
            raise not_authorized("The API-Key header is missing.", http_status=self._switches.missing_api_key)
        tenant = self._tenants()[living.tenant]
        # the token's key, the call's and the tenant's of today: all the same, or it is a mismatch
        if not (_same(living.api_key, api_key.strip()) and _same(living.api_key, tenant.api_key)):
            raise not_authorized("The token is not of this API key.", http_status=self._switches.key_mismatch)
        return tenant

    def end_all(self) -> None:
        """No token given so far is good any more."""
        self._living.clear()

    def _holder(self, request: RequestLike) -> Tenant | None:
        scheme, _, text = (header(request, "Authorization") or "").strip().partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            api_key, colon, secret = base64.b64decode(text.strip(), validate=True).decode("utf-8").partition(":")
        except ValueError:
            return None
        holders = [tenant for tenant in self._tenants().values() if _same(tenant.api_key, api_key)]
        return next((tenant for tenant in holders if colon and _same(tenant.secret, secret)), None)


def media_type(request: RequestLike) -> str:
    """Content-Type without its parameters, in lower case."""
    return (header(request, "Content-Type") or "").partition(";")[0].strip().lower()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
