"""Telling another claim code, or another link, from what an order was placed with, without keeping it.

May live here: the mark. May not: what is done about a difference.

A claim code is short: a plain hash of it is found by trying all of them. The mark is an HMAC under the API key, which
no journal holds, and names the key it was made with: after the key was changed, marks are known to be incomparable.
"""

from __future__ import annotations

import hmac
from typing import Final

from stampcard.model import Secret

__all__ = ["LINK", "another", "mark", "same"]

_KEY: Final = b"stampcard kigo: which key"
_CODE: Final = b"stampcard kigo: claim code\0"
LINK: Final = b"stampcard kigo: origin of the link\0"
"""What is marked, where it is no claim code."""
_KEY_BYTES: Final = 4
_CODE_BYTES: Final = 8


def mark(text: str, api_key: Secret[str], of: bytes = _CODE) -> str:
    """Like "1f0a93bc:5be0c1d2e3f40516": the key's part, then the text's."""
    key = api_key.reveal().encode("utf-8", "replace")
    which = hmac.digest(key, _KEY, "sha256")[:_KEY_BYTES]
    code = hmac.digest(key, of + text.encode("utf-8", "replace"), "sha256")[:_CODE_BYTES]
    return f"{which.hex()}:{code.hex()}"


def another(known: str | None, text: str, api_key: Secret[str], of: bytes = _CODE) -> bool:
    """Whether this is certainly another text than the marked one. False where the two cannot be compared."""
    now = mark(text, api_key, of)
    if known is None or known.partition(":")[0] != now.partition(":")[0]:
        return False
    return not hmac.compare_digest(known.encode("utf-8", "replace"), now.encode())


def same(known: str | None, word: str, api_key: Secret[str]) -> bool:
    """Whether this is certainly the marked code, in its own or in the other case of letters."""
    if known is None:
        return False
    return any(
        hmac.compare_digest(known.encode("utf-8", "replace"), mark(one, api_key).encode())
        for one in (word, word.upper(), word.lower())
    )
