"""The simulator's store: the journal in memory, with owners that die and no work done twice.

May live here: what a store of one world needs beside the contract. May not: a rule of the contract, which is
`MemoryJournal`'s.

An append is durable or it is not: a process that dies before it is performed loses all of it.
"""

from __future__ import annotations

from stampcard.journal.contract import Append, Record
from stampcard.journal.fold import follow
from stampcard.journal.memory import MemoryJournal
from stampcard.model import Entry

__all__ = ["SimJournal"]


class SimJournal(MemoryJournal):
    """One shop's journal. name: which, in every run the same."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._known: dict[str, Record] = {}
        self._living: set[str] = set()
        self._count = 0
        self.promises: dict[str, Entry] = {}
        """Intent -> the durable entry that owns it now: itself, or the last attempt."""
        self.order_ids: list[str] = []

    @property
    def id(self) -> str:
        return self._name

    def load(self, order_id: str) -> Record | None:
        stored = self._orders.get(order_id)
        if stored is None:
            return None
        known = self._known.get(order_id)
        if known is not None and len(known.entries) == len(stored.entries):
            return known
        fresh = super().load(order_id)  # what a slow step kept may be old by now
        if fresh is not None:
            self._known[order_id] = fresh
            if known is not None and len(known.entries) < len(fresh.entries):
                follow(known, fresh, hand_on=False)
        return fresh

    def append(self, append: Append) -> tuple[Entry, ...]:
        entries = super().append(append)
        if append.header is not None:
            self.order_ids.append(append.order_id)
        for entry in entries:
            if entry.ownership is not None and entry.intent is not None:
                self.promises[entry.intent] = entry
        return entries

    def keep(self, record: Record) -> None:
        """As it was just written: it need not be read again."""
        self._known[record.header.order_id] = record

    def close(self) -> None:
        for record in self._known.values():
            vars(record).clear()
        self._known.clear()
        super().close()

    def forget(self, subject: str) -> int:
        self._known.clear()
        return super().forget(subject)

    def enrol(self) -> str:
        self._count += 1
        owner = f"{self._name}-{self._count}"
        self._living.add(owner)
        return owner

    def alive(self, owner: str) -> bool:
        return owner in self._living

    def gone(self, owner: str) -> None:
        """That process has died."""
        self._living.discard(owner)
