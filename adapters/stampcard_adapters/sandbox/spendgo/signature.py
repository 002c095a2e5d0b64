"""Signature of a call (sheet, section 2): base64(HMAC-SHA256(decoded secret, path and query, then body)).

May live here: keys and the verification of raw bytes. May not: who the caller then is.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from typing import Final

import attrs

from stampcard_adapters.sandbox.http import RequestLike, header

from .errors import unauthorized

__all__ = ["Key", "secret_bytes", "sign", "verified_key"]

_SPACE_OUTSIDE_STRINGS: Final = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|[ \t\r\n]+', re.DOTALL)


def secret_bytes(secret: str) -> bytes:
    """The key a secret stands for. Unless the base64 is canonical (trap 2): ValueError, without the secret in it."""
    try:
        key = base64.b64decode(secret.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("a secret is not base64") from None
    if not key or base64.b64encode(key).decode() != secret:
        raise ValueError("a secret is not canonical base64")
    return key


@attrs.frozen(kw_only=True)
class Key:
    """An API key and the secret that signs for it. During a rotation a tenant has two of these."""

    api_key: str
    secret: str = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        secret_bytes(self.secret)


def sign(secret: str, target: str, body: bytes) -> str:
    """Decoded once, as bytes, never as a string (trap 1); no separator between target and body."""
    message = target.encode("utf-8", "surrogatepass") + body
    return base64.b64encode(hmac.digest(secret_bytes(secret), message, "sha256")).decode()


def verified_key(request: RequestLike, keys: Iterable[Key], *, accept_minified: bool = False) -> Key:
    """The key that signed these very bytes, or one of the four refusals 1001 to 1004."""
    signature = header(request, "X-Class-Signature")
    if not signature:
        raise unauthorized(1001)
    api_key = header(request, "X-Class-Key")
    if not api_key:
        raise unauthorized(1002)
    candidates = [key for key in keys if key.api_key == api_key]
    if not candidates:
        raise unauthorized(1003)
    bodies = [request.body]
    if accept_minified:  # trap 3: one public client signs the minified text and sends the pretty one
        bodies.append(_SPACE_OUTSIDE_STRINGS.sub(rb"\1", request.body))
    given = signature.encode("utf-8", "surrogatepass")
    for key in candidates:
        for body in bodies:
            if hmac.compare_digest(sign(key.secret, request.target, body).encode(), given):
                return key
    raise unauthorized(1004)
