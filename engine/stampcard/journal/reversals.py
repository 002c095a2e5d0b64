"""What a history says of a reversal from doubt: which step it closed unanswered, and whether that is still watched.

A reversal that was accepted while the step before it was in doubt closes that step too; but the call of that step may
still be in the network, and a lenient provider may let it land after the reversal. So the entry that accepts such a
reversal says until when that may be, and the order is watched until a WATCHED entry, or a person, says what came of it.

May live here: what entries mean, whatever the provider. May not: I/O, a decision about what to do next.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import attrs

from stampcard.journal.codec import unpack
from stampcard.journal.contract import Draft, StoreError
from stampcard.journal.fold import Standing, landed
from stampcard.model import Entry, EntryKind, Watch

__all__ = ["LATE_YES", "RESTORED", "REVERSED", "UNSEEN", "Reversal", "is_from_doubt", "reversal", "watch", "watch_note"]

REVERSED: Final = "reversed"
"""Why an order is watched: what its reversal took back has not been seen to be back."""
RESTORED: Final = "reversal.restored"
"""Code of the WATCHED entry that ends it: a look at the provider shows everything back as it was recorded."""
UNSEEN: Final = "reversal.unseen"
"""Code of the WATCHED entry that ends it where nothing at the provider would show it: only the time has passed."""
LATE_YES: Final = "late.accepted"
_NOTE: Final = "watch"


@attrs.frozen(kw_only=True)
class Reversal:
    """A reversal from doubt that is still watched.

    by: the entry that accepted it. steps: the intents it closed unanswered. until: from then on their calls cannot
    land any more. ahead: the provider's clock, of ours, when the last of them was promised, in seconds; None where it
    was not known. told_late: since then a late reply said that one of them had taken effect.
    """

    by: Entry
    steps: tuple[Entry, ...]
    until: datetime
    ahead: float | None = None
    told_late: bool = False


def watch_note(until: datetime, names: tuple[str, ...], ahead: float | None = None) -> dict[str, Any]:
    """What the entry that accepts a reversal from doubt says about it, beside its facts."""
    clock = {} if ahead is None else {"ahead": round(ahead)}
    return {_NOTE: {"until": until.isoformat(), "intents": list(names), **clock}}


def reversal(standing: Standing) -> Reversal | None:
    """The reversal that is watched; None when there is none, when its watch is over, or when a person has it.

    Raises StoreError when the entry cannot be read back.
    """
    entries = standing.record.entries
    found = next((one for e in reversed(entries) if (one := _noted(standing, e)) is not None), None)
    if found is None:
        return None
    names = {entry.intent for entry in found.steps}
    if any(open_step.name in names for open_step in standing.open):
        return None
    over = False
    for entry in entries[found.by.version :]:
        if entry.kind is EntryKind.WATCHED:
            over = True
        elif entry.kind is EntryKind.RESOLVED:
            # A person has said what became of the step, or has taken the reversal back.
            over = over or entry.intent in names or (entry.intent == found.by.intent and not landed(entry))
        elif entry.kind is EntryKind.EVIDENCE and entry.code == LATE_YES and entry.intent in names:
            over, found = False, attrs.evolve(found, told_late=True)  # looked at anew, whatever was seen before
    return None if over else found


def watch(standing: Standing) -> Watch | None:
    """The same, as an order shows it. Raises StoreError."""
    found = reversal(standing)
    return None if found is None else Watch(trigger=found.steps[-1].trigger, since=found.by.at, until=found.until)


def is_from_doubt(entry: Draft | Entry) -> bool:
    """Whether this entry accepts a reversal of a step whose ending nobody knew."""
    try:
        return _note(entry) is not None
    except ValueError:  # a damaged line is reported by whoever reads the order
        return False


def _note(entry: Draft | Entry) -> Any:
    return unpack(entry.body).get(_NOTE) if len(entry.closes) > 1 else None


def _noted(standing: Standing, entry: Entry) -> Reversal | None:
    """The reversal from doubt that this entry accepted, if it is one."""
    if not landed(entry):
        return None
    try:
        note = _note(entry)
        if note is None:
            return None
        intents = tuple(standing.intents[str(name)] for name in note["intents"])
        until, ahead = datetime.fromisoformat(note["until"]), note.get("ahead")
        return Reversal(by=entry, steps=intents, until=until, ahead=ahead)
    except (ValueError, KeyError, TypeError) as error:
        where = f"order {standing.header.order_id}, entry {entry.version}"
        raise StoreError(f"{where}: cannot be read back ({error})") from None
