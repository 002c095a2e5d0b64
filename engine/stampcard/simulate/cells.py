"""Every cell of a simulation: an operation, what its call met on the wire, where its process died.

May live here: which cells there are, and why some cannot be. May not: a count, anything that happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from stampcard.simulate.weather import CRASHES, FAULTS, REPEATS, CrashPoint, Fault

__all__ = ["LOOK", "NONE", "Blow", "Cell", "blow", "cells", "impossible"]

Cell: TypeAlias = tuple[str, str, str]
"""Operation, fault, crash, each by its word; `NONE` where there was none."""

Blow: TypeAlias = tuple[Fault | None, CrashPoint | None]
"""What a call meets on the wire, and where its process dies."""

NONE: Final = "none"
LOOK: Final = ": look"
"""Ends the name of what recovery asks about an operation before anything is sent again."""
_UNSENT: Final = frozenset({CrashPoint.EARLY.value, CrashPoint.PROMISED.value})
_REPEATS: Final = frozenset(fault.value for fault in REPEATS)
_OBSERVED: Final = "observe"


def cells(operations: tuple[str, ...]) -> Iterator[Cell]:
    """All of them, the impossible ones too."""
    for operation in operations:
        for fault in (NONE, *(fault.value for fault in FAULTS)):
            for crash in (NONE, *(point.value for point in CRASHES)):
                yield operation, fault, crash


def blow(cell: Cell) -> Blow:
    """What happens in this cell."""
    _, fault, crash = cell
    return None if fault == NONE else Fault(fault), None if crash == NONE else CrashPoint(crash)


def impossible(cell: Cell, twice: frozenset[str]) -> str | None:
    """Why this cell cannot be; None where it can. twice: operations the provider does twice when asked twice."""
    operation, fault, crash = cell
    if crash in _UNSENT and operation == _OBSERVED:
        return "a look promises nothing: there is no promise to die before or after"
    if crash in _UNSENT and fault != NONE:
        return "the process dies before the call leaves: it meets nothing on the wire"
    if fault in _REPEATS and operation in twice:
        return "the provider does twice what the network delivers twice: no till can help that"
    return None
