"""Seals: checksums that tell what the disk gives back from what was written.

May live here: what a seal is computed over, and verifying one order with them. May not: statements, files.

Against damage, not malice: who can edit the file can also compute seals. An entry's seal covers its row and the seal
before it in its order (the header's, for the first), so that an entry changed, taken out, put in or moved breaks the
chain; the order's row holds the count and the last seal, so that a tail cut off does too. The bytes are for ever:
MessagePack of the row, in the shortest forms, and BLAKE2b of 16 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import msgspec

__all__ = ["SIZE", "BrokenError", "chained", "opened", "seal", "standalone"]

SIZE: Final = 16
Row: TypeAlias = tuple[Any, ...]
_encode: Final = msgspec.msgpack.Encoder().encode


class BrokenError(ValueError):
    """What is wrong with stored rows, in words that quote none of them."""


def seal(before: bytes, row: Row) -> bytes:
    """row: position, the entry's columns, held, beside. Raises ValueError for text that is none (a damaged cell)."""
    return blake2b(before + _encode(row), digest_size=SIZE).digest()


def opened(header: Row) -> bytes:
    """The seal of a header: what the first entry's is computed on."""
    return blake2b(_encode(header), digest_size=SIZE).digest()


def standalone(row: Row) -> bytes:
    """The seal of a row that nothing follows: personal data, the journal's own line."""
    return blake2b(_encode(row), digest_size=SIZE).digest()


def chained(before: bytes, rows: Sequence[Row]) -> bytes:
    """Follow an order's entries (position, columns, held, beside, seal), from the first on; the last one's seal.

    Raises BrokenError, naming the first version that is not as it was written.
    """
    version = 0
    for version, row in enumerate(rows, start=1):
        if row[2] != version:
            raise BrokenError(f"entry {version} is missing")
        try:
            found = seal(before, row[:-1])
        except ValueError:
            raise BrokenError(f"entry {version} was changed") from None
        if found != row[-1]:
            raise BrokenError(f"entry {version} was changed")
        before = found
    return before
