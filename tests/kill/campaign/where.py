"""Where a kill hit, read off what the till had said, what its journal holds and what the provider had done.

May live here: the reading. May not: a process, a judgement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from stampcard.journal.contract import Record
from stampcard.journal.fold import PROBE
from stampcard.model import Entry, EntryKind

__all__ = ["BETWEEN", "Hit", "Victim", "hit"]

BETWEEN: Final = "between intent and outcome"
_PROMISES: Final = (EntryKind.INTENT, EntryKind.ATTEMPT)


@attrs.frozen(kw_only=True)
class Victim:
    """A killed till. said: its lines. at: when it was killed, on the monotonic clock; ahead: of its wall clock over
    that one."""

    said: Sequence[Mapping[str, Any]]
    at: float
    ahead: float

    @property
    def owner(self) -> str | None:
        """The name it made its calls by; None when it had not opened its journal."""
        return next((line["open"] for line in self.said if "open" in line), None)


@attrs.frozen
class Hit:
    """part: of the till's life. detail: of a call that was under way: whose it was and how far it had come."""

    part: str
    detail: str = ""
    step: str = ""


def hit(victim: Victim, records: Mapping[str, Record], calls: Sequence[Mapping[str, Any]]) -> Hit:
    """Where this kill hit. calls: of the provider's own record."""
    if victim.owner is None:
        return Hit("while opening the journal")
    promised = [(entry, record) for record in records.values() for entry in _unfinished(record, victim.owner)]
    if promised:
        entry, record = max(promised, key=lambda found: found[0].position)
        provider = record.header.provider
        again = "recovery's look" if entry.code == PROBE else "recovery's repeat"
        whose = "first call" if entry.kind is EntryKind.INTENT else again
        return Hit(BETWEEN, f"{whose}, {_reached(entry, provider, victim, calls)}", f"{provider} {entry.trigger}")
    for order_id, version in _under_way(victim.said):
        record_now = records.get(order_id)
        if record_now is not None and record_now.version > version:
            return Hit("after the outcome, before the cashier heard")
        return Hit("before the intent")
    names = [name for line in victim.said for name in line if name in ("recovering", "recovered")]
    return Hit("in a recovery pass, between calls" if names[-1:] == ["recovering"] else "between two wishes")


def _unfinished(record: Record, owner: str) -> Iterator[Entry]:
    """This owner's promises of which nothing was written afterwards, but that somebody else took them over."""
    for place, entry in enumerate(record.entries):
        if entry.kind not in _PROMISES or entry.ownership is None or entry.ownership.owner != owner:
            continue
        after = (e for e in record.entries[place + 1 :] if e.intent == entry.intent or entry.intent in e.closes)
        following = next(after, None)
        if following is None or (following.kind is EntryKind.ATTEMPT and _owner(following) != owner):
            yield entry


def _owner(entry: Entry) -> str | None:
    return None if entry.ownership is None else entry.ownership.owner


def _reached(entry: Entry, provider: str, victim: Victim, calls: Sequence[Mapping[str, Any]]) -> str:
    """How far the call had come. Which call it was: the last of that kind since the promise."""
    promised = entry.at.timestamp() - victim.ahead
    looks = entry.code == PROBE
    meant = [
        call
        for call in calls
        if call["provider"] == provider and (looks or call["trigger"] == entry.trigger)
        if promised - 0.001 <= call["received"] <= victim.at
    ]
    if not meant:
        return "not arrived"
    last = meant[-1]
    if last["acted"] is None or last["acted"] > victim.at:
        return "arrived, not done"
    if last["answered"] is None or last["answered"] > victim.at:
        return "done, not answered"
    return "answered, not written"


def _under_way(said: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """Wishes of which nothing was heard: the order, and its version when the wish was made."""
    wishes: dict[str, int] = {}
    for line in said:
        if "will" in line:
            wishes[line["will"]] = line["version"]
        else:
            wishes.pop(line.get("did", line.get("refused", "")), None)
    yield from wishes.items()
