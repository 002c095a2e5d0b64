"""A provider's token that an order cannot go on without: journalled, and shown nowhere.

May live here: the value, and locking it with a key. May not: where keys come from, which tokens there are.

A `Secret` is never journalled. Some tokens have to be, because a later step of the same order needs them and the
provider shows them once (an authorization's): those are `Sealed`. The journal holds `sealed` as it is here: the plain
token, or, with a key, its AES-SIV encryption. That cipher needs no nonce, so the same token and key give the same text
and a reader of replies stays pure. Whoever reads the journal's file without the key learns then whether two tokens are
the same, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

import attrs

from stampcard.model import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

__all__ = ["SealKey", "Sealed", "SealedError"]

_PLAIN: Final = "plain:"
_LOCKED: Final = "aes-siv:"
_SIZES: Final = (32, 48, 64)


class SealedError(ValueError):
    """It cannot be opened: another key, no key, or damage. Never says what is inside."""


@attrs.frozen
class SealKey:
    """The key of a `Seal`: 32, 48 or 64 random bytes. Raises ValueError for another length.

    Needs the extra `seal` (the library `cryptography`): ImportError without it, when the key is made.
    """

    key: Secret[bytes]

    def __attrs_post_init__(self) -> None:
        if len(self.key.reveal()) not in _SIZES:
            raise ValueError("a seal key has 32, 48 or 64 bytes")
        self._cipher()

    @classmethod
    def base64(cls, text: str, /) -> SealKey:
        """From base64 text. Raises ValueError, without the text."""
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("a seal key is base64 of 32, 48 or 64 bytes") from None
        return cls(Secret(key))

    def _cipher(self) -> AESSIV:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # the extra `seal`; only who locks needs it

        return AESSIV(self.key.reveal())

    def lock(self, text: str) -> str:
        """Encrypt, and bind to nothing but the key."""
        return base64.b64encode(self._cipher().encrypt(text.encode(), None)).decode()

    def unlock(self, text: str) -> str | None:
        """Decrypt; None when this key did not lock it."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher().decrypt(base64.b64decode(text, validate=True), None).decode()
        except (InvalidTag, ValueError):
            return None


@attrs.frozen
class Sealed:
    """A token an order needs later. `repr`, `str` and what is made for people show `***`."""

    sealed: str = attrs.field(repr=lambda _: "***")

    @classmethod
    def of(cls, token: str, key: SealKey | None = None) -> Sealed:
        """Seal a token, locked when there is a key."""
        return cls(_PLAIN + token if key is None else _LOCKED + key.lock(token))

    def open(self, key: SealKey | None = None) -> Secret[str]:
        """The token. Raises SealedError when it is locked and this key does not fit."""
        if self.sealed.startswith(_PLAIN):
            return Secret(self.sealed.removeprefix(_PLAIN))
        if not self.sealed.startswith(_LOCKED):
            raise SealedError("a sealed token is damaged")
        if key is None:
            raise SealedError("a token was sealed with a key, and none is configured")
        token = key.unlock(self.sealed.removeprefix(_LOCKED))
        if token is None:
            raise SealedError("a token was sealed with another key")
        return Secret(token)

    def __str__(self) -> str:
        return "***"
