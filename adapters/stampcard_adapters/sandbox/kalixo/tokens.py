"""The tokens of v1 (sheet, A1): signed, with a life by the model's clock, and two kinds that do not replace each other.

May live here: making and judging tokens. May not: who may log in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Final, Literal, TypeAlias

import attrs

from .errors import unauthorized

__all__ = ["Holder", "Kind", "Tokens"]

Kind: TypeAlias = Literal["access", "refresh"]
HEADER: Final = '{"alg":"HS256","typ":"JWT"}'


@attrs.frozen(kw_only=True)
class Holder:
    """Whose token it is, and which of all tokens."""

    tenant: str
    serial: int


class Tokens:
    """Tokens look like JWTs and are: header, claims and an HMAC-SHA256 under a secret of the sandbox."""

    def __init__(self) -> None:
        self._serial = 0
        self._spent: set[int] = set()
        self._ended: dict[tuple[str, Kind], int] = {}

    def issue(self, tenant: str, kind: Kind, now: datetime, seconds: int) -> str:
        """A new token, unlike any before."""
        self._serial += 1
        issued = int(now.timestamp())
        claims = {"sub": tenant, "type": kind, "iat": issued, "exp": issued + seconds, "jti": str(self._serial)}
        signed = f"{_text64(HEADER.encode())}.{_text64(json.dumps(claims).encode())}"
        return f"{signed}.{_text64(_mac(signed))}"

    def holder(self, authorization: str | None, kind: Kind, now: datetime) -> Holder:
        """Whose bearer token this is, or 401: forged, of the other kind, expired, spent or ended."""
        scheme, _, token = (authorization or "").partition(" ")
        signed, _, signature = token.strip().rpartition(".")
        expected = _text64(_mac(signed)).encode()
        sent = signature.encode("utf-8", "surrogatepass")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent, expected):
            raise unauthorized()
        # what carries our signature was written by `issue`, so it reads
        claims = json.loads(_bytes64(signed.partition(".")[2]))
        tenant, serial = str(claims["sub"]), int(claims["jti"])
        ended = serial <= self._ended.get((tenant, kind), 0)
        if claims["type"] != kind or ended or serial in self._spent or now.timestamp() >= int(claims["exp"]):
            raise unauthorized()
        return Holder(tenant=tenant, serial=serial)

    def spend(self, holder: Holder) -> None:
        """This token is good no more."""
        self._spent.add(holder.serial)

    def end(self, tenant: str, kind: Kind) -> None:
        """All of a tenant's tokens of this kind are good no more."""
        self._ended[tenant, kind] = self._serial


def _mac(signed: str) -> bytes:
    key = hashlib.sha256(b"sandbox kalixo token secret").digest()
    return hmac.new(key, signed.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
