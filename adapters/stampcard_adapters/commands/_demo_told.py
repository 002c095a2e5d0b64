"""What a story leaves behind, and how it says that something went differently.

May live here: the values every story shares. May not: a provider.
"""

from __future__ import annotations

import attrs

__all__ = ["Told", "ToldWrongError"]


class ToldWrongError(Exception):
    """Something went differently than told."""


@attrs.frozen(kw_only=True)
class Told:
    """What the story leaves behind. main: the order that saw the whole lifecycle. unbalanced: books that do not."""

    main: str
    orders: tuple[str, ...]
    calls: int
    unbalanced: tuple[str, ...]
