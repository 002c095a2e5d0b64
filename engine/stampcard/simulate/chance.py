"""Chance from a seed: the same numbers on every machine and every Python.

May live here: the generator. May not: what is drawn with it. (`random` promises the same numbers for `random()` only,
and building one costs as much as a step's worth of drawing.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

__all__ = ["Draw"]

T = TypeVar("T")
_MASK: Final = (1 << 64) - 1
_ALL: Final = 18446744073709551616.0
_GOLDEN: Final = 0x9E3779B97F4A7C15


def _mixed(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class Draw:
    """splitmix64. Two draws made from the same numbers say the same."""

    __slots__ = ("_state",)

    def __init__(self, *seed: int) -> None:
        state = 0
        for number in seed:
            state = _mixed((state + _GOLDEN + number) & _MASK)
        self._state = state

    def bits(self) -> int:
        """64 of them."""
        z = self._state = (self._state + _GOLDEN) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """0 to n - 1."""
        return (self.bits() * n) >> 64

    def chance(self, of: float) -> bool:
        """True so often, of 1."""
        return self.bits() < of * _ALL

    def between(self, low: float, high: float) -> float:
        """Somewhere there."""
        return low + (high - low) * (self.bits() >> 11) / 9007199254740992.0

    def pick(self, options: Sequence[T], /) -> T:
        """One of them. Raises IndexError when there is none."""
        return options[(self.bits() * len(options)) >> 64]
