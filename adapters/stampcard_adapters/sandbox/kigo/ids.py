"""Ids nobody can mistake for another's and every run repeats: hashes of counters.

May live here: the forms of ids, tokens and codes. May not: a clock, chance, what an id is given to.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections import Counter

__all__ = ["Ids"]


class Ids:
    """Counts per kind of id."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def token(self, what: str) -> str:
        """An opaque bearer token."""
        return self._next(what).hex()

    def uuid(self, what: str) -> str:
        """What most of Kigo's ids are."""
        return str(uuid.UUID(bytes=self._next(what)[:16], version=4))

    def claim_code(self) -> str:
        """Short enough to be typed by a customer: ten capitals and digits."""
        return base64.b32encode(self._next("claim code")).decode("ascii")[:10]

    def _next(self, what: str) -> bytes:
        self._counts[what] += 1
        return hashlib.sha256(f"kigo sandbox, {what} {self._counts[what]}".encode()).digest()
