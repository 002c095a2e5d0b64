"""What a terminal says, as it may be kept: on one line, not too long, and without what looks like a card number.

May live here: a stranger's words made fit for a journal. May not: what they mean, an effect.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["reason", "text"]

_MOST: Final = 200
_CARD: Final = re.compile(r"\d(?:[\W_]{0,3}\d){12,}")
"""Thirteen digits or more, whatever a slip prints between them; a number longer than a card's may hold one."""


def reason(said: object) -> str:
    """A reason: a terminal may well print the card's number into its refusal."""
    return _CARD.sub("***", " ".join(_line(said).split()))[:_MOST]


def text(said: object) -> str:
    """Any other words, as they are but for the line they stand on."""
    return _line(said)[:_MOST]


def _line(said: object) -> str:
    whole = str(said).encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in whole)
