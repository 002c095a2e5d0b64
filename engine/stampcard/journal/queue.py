"""What a history says of steps that wait to be sent: taken down while the provider was away, each until its ending.

A QUEUED entry holds the command as an intent would, under a name of its own. When its turn comes an INTENT of the same
name makes the promise; proof that its call never left (NOT_SENT) puts it back in its place, and so does no answer
(UNKNOWN) to one that changes nothing. So a crash in between finds either a step that waits or a promise that is open,
never both and never neither.

May live here: what entries mean, whatever the provider. May not: I/O, a decision about what to do next.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from stampcard.journal.codec import pack, unpack
from stampcard.journal.contract import StoreError
from stampcard.model import Entry, EntryKind
from stampcard.recovery import Verdict

__all__ = ["QUEUED", "Queue", "QueuedStep", "keeping", "kept_until"]

QUEUED: Final = "queued"
"""Why an order is watched: something of it waits to be sent."""
_UNTIL: Final = "until"


@attrs.frozen(kw_only=True)
class QueuedStep:
    """A step that waits. escalated: why a person has to look. released: a person said that it is to be sent."""

    entry: Entry
    escalated: Entry | None = None
    released: bool = False

    @property
    def name(self) -> str:
        return self.entry.intent or ""

    @property
    def trigger(self) -> str:
        return self.entry.trigger


@attrs.define
class Queue:
    """One order's, while its history is read. drained: what was taken out of it to be sent, by name."""

    waiting: dict[str, QueuedStep] = attrs.field(factory=dict[str, QueuedStep])
    drained: dict[str, QueuedStep] = attrs.field(factory=dict[str, QueuedStep])

    def reads(self, entry: Entry) -> None:
        """The next line of the history."""
        name = entry.intent or ""
        if entry.kind is EntryKind.QUEUED:
            self.waiting[name] = QueuedStep(entry=entry)
        elif entry.kind is EntryKind.INTENT and name in self.waiting:
            self.drained[name] = self.waiting.pop(name)
        elif name in self.waiting:
            self.waiting[name] = _told(self.waiting[name], entry)
        elif self.put_back(entry):
            self.waiting = {name: self.drained[name], **self.waiting}
        for closed in entry.closes:
            if closed != name or not self.put_back(entry):
                self.waiting.pop(closed, None)

    def put_back(self, entry: Entry) -> bool:
        """This line says that a step out of the queue was not sent after all, or came to nothing and is to be."""
        name = entry.intent or ""
        vain = entry.kind in (EntryKind.NOT_SENT, EntryKind.UNKNOWN)
        return vain and name in entry.closes and name in self.drained


def keeping(body: bytes, until: datetime) -> bytes:
    """The body of an entry that waits: the command, and until when whoever drains the queue may send it by itself."""
    return pack({**unpack(body), _UNTIL: until.isoformat()})


def kept_until(entry: Entry) -> datetime | None:
    """None where the entry does not say. Raises StoreError for a damaged one."""
    try:
        until = unpack(entry.body).get(_UNTIL)
        return None if until is None else datetime.fromisoformat(until)
    except (ValueError, TypeError) as error:
        where = f"order {entry.order_id}, entry {entry.version}"
        raise StoreError(f"{where}: cannot be read back ({error})") from None


def _told(step: QueuedStep, entry: Entry) -> QueuedStep:
    if entry.kind is EntryKind.ESCALATED:
        return attrs.evolve(step, escalated=entry)
    if entry.kind is EntryKind.RESOLVED and entry.code == Verdict.SEND:
        return attrs.evolve(step, escalated=None, released=True)
    return step
