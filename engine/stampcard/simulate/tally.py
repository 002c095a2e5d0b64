"""What a simulation counts.

May live here: counters, and reading recoveries off a history. May not: a judgement (`invariants`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs

from stampcard.journal.contract import Record
from stampcard.journal.fold import PROBE
from stampcard.model import Entry, EntryKind

__all__ = ["Tally", "recovered"]


@attrs.define
class Tally:
    """Sums over worlds. cells: (provider, operation, fault, crash) -> calls."""

    worlds: int = 0
    orders: int = 0
    steps: int = 0
    faults: Counter[str] = attrs.field(factory=Counter[str])
    crashes: Counter[str] = attrs.field(factory=Counter[str])
    cells: Counter[tuple[str, str, str, str]] = attrs.field(factory=Counter[tuple[str, str, str, str]])
    recoveries: Counter[str] = attrs.field(factory=Counter[str])
    escalations: Counter[str] = attrs.field(factory=Counter[str])
    states: Counter[str] = attrs.field(factory=Counter[str])
    modes: Counter[str] = attrs.field(factory=Counter[str])
    """Orders, by how their provider was drawn."""
    handed: Counter[str] = attrs.field(factory=Counter[str])
    """Orders with a person, likewise."""

    def add(self, other: Tally) -> None:
        """The sum of both."""
        for field in attrs.fields(Tally):
            mine: Any = getattr(self, field.name)
            more: Any = getattr(other, field.name)
            if hasattr(mine, "update"):
                mine.update(more)
            else:
                setattr(self, field.name, mine + more)


def recovered(record: Record) -> list[str]:
    """How each step whose first call did not settle it came to its end; one word a step."""
    found: list[str] = []
    intents = [e.intent for e in record.entries if e.kind is EntryKind.INTENT]
    for name in intents:
        about = [e for e in record.entries if e.intent == name or name in e.closes]
        way = _way(name or "", about)
        if way is not None:
            found.append(way)
    return found


def _way(name: str, about: list[Entry]) -> str | None:
    """None for a step that its own first call, or a decision of the till, concluded."""
    attempts = [e for e in about if e.kind is EntryKind.ATTEMPT]
    unknown = any(e.kind is EntryKind.UNKNOWN for e in about)
    end = next((e for e in about if name in e.closes), None)
    if any(e.kind is EntryKind.ESCALATED for e in about) and (end is None or end.kind is EntryKind.ESCALATED):
        return "escalated"
    if end is None:
        return "still open"
    if end.intent != name:
        row = "reversed" if end.kind is EntryKind.ACCEPTED else "asked again"
        return row if end.kind is not EntryKind.INTENT else "superseded"
    if not attempts:
        return None if not unknown or end.kind is EntryKind.UNKNOWN else "answered late"
    looked = attempts[-1].code == PROBE
    match end.kind:
        case EntryKind.ACCEPTED:
            return "landed: seen by a look" if looked else "accepted on resending"
        case EntryKind.DECLINED:
            return "declined: seen by a look" if looked else "declined on resending"
        case _:
            return "let go" if end.kind is EntryKind.UNKNOWN else "not sent"
