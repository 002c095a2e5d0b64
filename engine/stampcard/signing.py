"""The signing hook: headers over the exact bytes that go on the wire, with two live keys at once.

May live here: keys, signing schemes that need nothing but a request, a key and the time; the `httpx.Auth` that applies
them. May not: a provider's name or header, a token that has to be fetched, a call that blocks.

A provider's adapter answers `auth(site)` with any `httpx.Auth`. `SignedAuth` is the one for keys that sign; what it
writes is a `Signer`, so another scheme is a class with one method:

>>> import hashlib, hmac
>>> from datetime import UTC, datetime
>>> class AcmeSigner:
...     "Method, target, time and the body's digest, a line each."
...     def sign(self, unsigned, key, now, /):
...         stamp = now.strftime("%Y%m%dT%H%M%SZ")
...         digest = hashlib.sha256(unsigned.body).hexdigest().encode()
...         text = b"\\n".join([unsigned.method.encode(), unsigned.target, stamp.encode(), digest])
...         mac = hmac.new(key.secret.reveal(), text, hashlib.sha256).hexdigest()
...         return {"X-Acme-Date": stamp, "Authorization": f"ACME {key.id}:{mac}"}
>>> ring = KeyRing(current=Key.raw("till-1", b"a secret"))
>>> auth = SignedAuth(AcmeSigner(), lambda: ring, clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
>>> request = httpx.Request("POST", "https://acme.example/orders?store=42", content=b'{"id":"1"}')
>>> signed = next(auth.auth_flow(request))
>>> signed.headers["X-Acme-Date"]
'20261122T000000Z'
>>> signed.headers["Authorization"]
'ACME till-1:cf2c08b994ed451074edfa9582a6a5b1f8731a3895efb95f623f705fd493ce22'
"""

from __future__ import annotations

import base64 as _base64
import binascii
import hmac
import re
import threading
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

import attrs
import httpx

from stampcard.errors import ConfigurationError
from stampcard.model import Refusal, Secret

__all__ = ["HmacSigner", "Key", "KeyRing", "SignedAuth", "Signer", "Unsigned"]

_ALPHABET: Final = re.compile(r"[A-Za-z0-9+/]*")
_HEADER_VALUE: Final = re.compile(r"[!-~]+")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _wrong(code: str, message: str) -> ConfigurationError:
    return ConfigurationError.of([Refusal(code=code, message=message)])


def _few(name: str) -> str:
    """Enough of a key's id to tell two apart during a rotation, and no more."""
    return f"'{name[:3]}...'" if len(name) >= 12 else "***"


@attrs.frozen(kw_only=True)
class Key:
    """One signing key. id: what goes beside the signature. Raises ConfigurationError when either cannot be used."""

    id: str = attrs.field(repr=_few)
    secret: Secret[bytes]

    def __attrs_post_init__(self) -> None:
        if not _HEADER_VALUE.fullmatch(self.id):  # a header could not carry it, or would be split by it
            raise _wrong("key.id", "a key id is one or more printable ASCII characters without spaces")
        if not self.secret.reveal():
            raise _wrong("key.secret", "the secret is empty")

    @classmethod
    def base64(cls, id: str, text: str | Secret[str], /) -> Key:  # noqa: A002  positional: the name is only shown
        """A key whose secret was issued as base64 text. It is decoded once, and strictly.

        A lenient decoder turns a mistyped secret into another key, found only when the provider refuses it. Raises
        ConfigurationError, which names the problem and never the secret.
        """
        decoded = _strictly(text.reveal() if isinstance(text, Secret) else text)
        if isinstance(decoded, str):
            del text  # a crash reporter prints the locals of this frame
            raise _wrong("key.secret", decoded)
        return cls(id=id, secret=Secret(decoded))

    @classmethod
    def raw(cls, id: str, secret: bytes, /) -> Key:  # noqa: A002  positional: the name is only shown
        """A key whose secret is these very bytes."""
        return cls(id=id, secret=Secret(secret))


def _strictly(text: str) -> bytes | str:
    """The bytes, or what is wrong: raising here would put the text into a traceback's frames."""
    digits = text.rstrip("=")
    if not text:
        return "the secret is empty"
    if text != text.strip():
        return "the secret begins or ends with a space or a line break"
    if not _ALPHABET.fullmatch(digits):
        return "the secret holds a character outside the base64 alphabet"
    if len(text) % 4 or len(text) - len(digits) > 2:
        return "the secret's base64 padding is wrong: characters are missing or too many"
    try:
        decoded = _base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "the secret is not base64"
    if _base64.b64encode(decoded).decode() != text:
        return "the secret's last character has spare bits set: it was mistyped or cut"
    return decoded


@attrs.frozen(kw_only=True)
class KeyRing:
    """The keys alive now. Signs with `current`; when the provider answers "wrong key or signature", `other` is tried
    once, and the one that worked is stayed with until the ring itself changes."""

    current: Key
    other: Key | None = None


@attrs.frozen(kw_only=True)
class Unsigned:
    """A call as it goes on the wire. target: path and query, percent-encoding as sent."""

    method: str
    target: bytes
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=lambda body: f"<{len(body)} bytes>")


class Signer(Protocol):
    """A signing scheme. Pure: the same call, key and time give the same headers."""

    def sign(self, unsigned: Unsigned, key: Key, now: datetime, /) -> Mapping[str, str]:
        """The headers to add. now: aware, UTC."""
        ...


def _target_and_body(unsigned: Unsigned) -> bytes:
    return unsigned.target + unsigned.body


@attrs.frozen(kw_only=True)
class HmacSigner:
    """base64(HMAC(secret bytes, message)) in one header, the key's id in another.

    message: the bytes signed; the target followed by the body, unless you say otherwise.
    Raises ConfigurationError for a digest `hmac` does not know, or a name that is no header's.
    """

    key_header: str
    signature_header: str
    message: Callable[[Unsigned], bytes] = attrs.field(default=_target_and_body, repr=False)
    digest: str = "sha256"

    def __attrs_post_init__(self) -> None:
        try:
            hmac.new(b"", b"", self.digest)
        except (ValueError, TypeError):
            raise _wrong("signer.digest", "hmac does not know this digest") from None
        for name in (self.key_header, self.signature_header):
            if not _HEADER_NAME.fullmatch(name):
                raise _wrong("signer.header", "not the name of a header")

    def sign(self, unsigned: Unsigned, key: Key, now: datetime, /) -> Mapping[str, str]:
        mac = hmac.digest(key.secret.reveal(), self.message(unsigned), self.digest)
        return {self.key_header: key.id, self.signature_header: _base64.b64encode(mac).decode()}


def _unauthorized(status: int, _body: bytes) -> bool:
    return status == 401


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SignedAuth(httpx.Auth):
    """Signs `request.url.raw_path` and `request.content`: the very bytes httpx sends.

    keys: asked at every request, so a rotation needs no restart; it must not block. wrong_key: is this reply the
    provider's "wrong key or signature"? Such a call was turned away at the door, so it may be sent again, once, with
    the ring's other key. One instance may serve many threads.
    """

    requires_request_body = True
    requires_response_body = True  # `wrong_key` reads it

    def __init__(
        self,
        signer: Signer,
        keys: Callable[[], KeyRing],
        *,
        wrong_key: Callable[[int, bytes], bool] = _unauthorized,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._signer = signer
        self._keys = keys
        self._wrong_key = wrong_key
        self._clock = clock
        self._lock = threading.Lock()
        self._worked: tuple[KeyRing, Key] | None = None

    def __repr__(self) -> str:
        return f"SignedAuth({type(self._signer).__name__})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign and send; once more with the other key if this one is refused."""
        ring = self._keys()
        first, second = self._in_order(ring)
        added = self._sign(request, first)
        response = yield request
        if second is None or not self._wrong_key(response.status_code, response.content):
            return
        for name in added:  # another key may add other headers
            del request.headers[name]
        self._sign(request, second)
        response = yield request
        if self._let_in(response):
            with self._lock:
                self._worked = (ring, second)

    def _in_order(self, ring: KeyRing) -> tuple[Key, Key | None]:
        """The key to sign with, and the one to try after it. A changed ring begins with its `current` again."""
        with self._lock:
            worked = self._worked
        if ring.other is not None and worked is not None and worked[0] == ring and worked[1] == ring.other:
            return ring.other, ring.current
        return ring.current, ring.other

    def _sign(self, request: httpx.Request, key: Key) -> tuple[str, ...]:
        unsigned = Unsigned(
            method=request.method,
            target=request.url.raw_path,
            headers=dict(request.headers.items()),
            body=request.content,
        )
        headers = self._signer.sign(unsigned, key, self._clock())
        for name, value in headers.items():
            request.headers[name] = value
        return tuple(headers)

    def _let_in(self, response: httpx.Response) -> bool:
        """Proof that the key is good: a gateway's 5xx may come from before the signature was looked at."""
        status = response.status_code
        return status < 500 and status not in (401, 403, 429) and not self._wrong_key(status, response.content)
