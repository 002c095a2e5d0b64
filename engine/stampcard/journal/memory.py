"""A journal in memory, for tests: the whole contract, nothing on disk.

May live here: the contract over dicts. May not: files, SQL, anything the SQLite journal would do differently.
"""

from __future__ import annotations

import threading
import uuid
from datetime import datetime
from itertools import dropwhile

import attrs

from stampcard.journal._shared import check, entry_of, lane_of, takes_command, utc
from stampcard.journal.contract import (
    Append,
    ClaimTakenError,
    CommandTakenError,
    Draft,
    Header,
    Journal,
    LaneTakenError,
    Personal,
    Record,
    StoreError,
    Summary,
    Switch,
    VersionConflictError,
)
from stampcard.journal.owners import mint
from stampcard.model import Entry

__all__ = ["MemoryJournal"]


@attrs.define
class _Stored:
    header: Header
    entries: list[Entry] = attrs.field(factory=list[Entry])
    personal: dict[int, Personal] = attrs.field(factory=dict[int, Personal])


class MemoryJournal(Journal):
    """Gone with the process. Safe to share between threads."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._guard = threading.Lock()
        self._closed = False
        self._orders: dict[str, _Stored] = {}
        self._entries: list[Entry] = []  # by position, from 1
        self._open: dict[tuple[str, str], int] = {}  # (order, intent) -> position since when
        self._commands: dict[str, tuple[str, str]] = {}
        self._claims: dict[tuple[str, str, str, str], str] = {}
        self._lanes: dict[tuple[str, str, str, str], tuple[str, str]] = {}  # lane -> (order, intent)
        self._watches: dict[tuple[str, str], None] = {}  # (why, order), the longest watched first
        self._switches: dict[str, Switch] = {}
        self._owners: set[str] = set()

    @property
    def id(self) -> str:
        return self._id

    def load(self, order_id: str) -> Record | None:
        with self._guard:
            self._check_open()
            stored = self._orders.get(order_id)
            if stored is None:
                return None
            personal = {version: one.data for version, one in stored.personal.items()}
            return Record(header=stored.header, entries=tuple(stored.entries), personal=personal)

    def append(self, append: Append) -> tuple[Entry, ...]:
        check(append)
        with self._guard:
            self._check_open()
            self._refuse(append)  # everything that can be refused comes first: then all of it is written
            return self._write(append)

    def _refuse(self, append: Append) -> None:
        stored = self._orders.get(append.order_id)
        current = 0 if stored is None else len(stored.entries)
        if current != append.expected_version:
            raise VersionConflictError(current)
        taken: dict[str, tuple[str, str]] = {}
        for draft in append.entries:
            if takes_command(draft):
                wanted = (append.order_id, draft.digest or "")
                command_id = draft.command_id or ""
                found = self._commands.get(command_id) or taken.setdefault(command_id, wanted)
                if found != wanted:
                    raise CommandTakenError(found[0])
        header = append.header if stored is None else stored.header
        for claim in append.claims:
            holder = None if header is None else self._claims.get(_claim_key(header, claim))
            if holder not in (None, append.order_id):
                raise ClaimTakenError(holder or "")
        lane = lane_of(append)
        if lane is not None and header is not None:
            holding = self._lanes.get(_claim_key(header, lane[0]))
            if holding is not None and holding in self._open and holding[0] != append.order_id:
                raise LaneTakenError(holding[0])

    def _write(self, append: Append) -> tuple[Entry, ...]:
        if append.header is not None:
            header = attrs.evolve(append.header, opened_at=utc(append.header.opened_at))
            self._orders[append.order_id] = _Stored(header=header)
        stored = self._orders[append.order_id]
        written: list[Entry] = []
        for version, draft in enumerate(append.entries, append.expected_version + 1):
            entry = entry_of(
                draft,
                position=len(self._entries) + 1,
                order_id=append.order_id,
                provider=stored.header.provider,
                version=version,
                at=utc(draft.at),
            )
            stored.entries.append(entry)
            self._entries.append(entry)
            written.append(entry)
            self._index(stored, entry, draft)
        for claim in append.claims:
            self._claims[_claim_key(stored.header, claim)] = append.order_id
        for why in append.unwatch:
            self._watches.pop((why, append.order_id), None)
        for why in append.watch:
            self._watches.setdefault((why, append.order_id))
        if (lane := lane_of(append)) is not None:
            self._lanes[_claim_key(stored.header, lane[0])] = (append.order_id, lane[1])
        return tuple(written)

    def _index(self, stored: _Stored, entry: Entry, draft: Draft) -> None:
        if draft.ownership is not None and draft.intent is not None:
            self._open.setdefault((entry.order_id, draft.intent), entry.position)
        for intent in draft.closes:
            self._open.pop((entry.order_id, intent), None)
        if takes_command(draft):
            self._commands[draft.command_id or ""] = (entry.order_id, draft.digest or "")
        own = draft.personal
        if own is not None and (own.follows is None or own.follows in stored.personal):
            stored.personal[entry.version] = own

    def command(self, command_id: str) -> tuple[str, str] | None:
        with self._guard:
            self._check_open()
            return self._commands.get(command_id)

    def open_orders(self) -> tuple[str, ...]:
        with self._guard:
            self._check_open()
            oldest_first = sorted(self._open, key=self._open.__getitem__)
            return tuple(dict.fromkeys(order_id for order_id, _ in oldest_first))

    def watched(self, why: str) -> tuple[str, ...]:
        with self._guard:
            self._check_open()
            return tuple(order_id for reason, order_id in self._watches if reason == why)

    def unwatch(self, order_id: str, why: str, *, version: int) -> bool:
        with self._guard:
            self._check_open()
            stored = self._orders.get(order_id)
            if stored is None or len(stored.entries) != version:
                return False
            self._watches.pop((why, order_id), None)
            return True

    def switch(self, switch: Switch) -> None:
        with self._guard:
            self._check_open()
            self._switches[switch.provider] = attrs.evolve(switch, at=utc(switch.at))

    def switches(self) -> tuple[Switch, ...]:
        with self._guard:
            self._check_open()
            return tuple(self._switches[name] for name in sorted(self._switches))

    def find(
        self,
        *,
        text: str | None = None,
        provider: str | None = None,
        state: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> tuple[Summary, ...]:
        with self._guard:
            self._check_open()
            found: list[Summary] = []
            older = reversed(self._orders.values())
            if before is not None:  # this store is small: what comes after is passed over
                older = iter([*dropwhile(lambda stored: stored.header.order_id != before, older)][1:])
            for stored in older:
                if len(found) >= limit:
                    break
                header, last = stored.header, stored.entries[-1]
                if text is not None and (text == "" or text not in (header.order_id, header.ticket, header.reference)):
                    continue
                if provider in (None, header.provider) and state in (None, last.state):
                    found.append(self._summary(header, last))
            return tuple(found)

    def _summary(self, header: Header, last: Entry) -> Summary:
        still_open = sum(order_id == header.order_id for order_id, _ in self._open)
        at: datetime = last.at
        return Summary(header=header, state=last.state, version=last.version, last_at=at, open_intents=still_open)

    def changes(self, *, after: int = 0, limit: int = 500) -> tuple[Entry, ...]:
        with self._guard:
            self._check_open()
            start = max(after, 0)
            return tuple(self._entries[start : start + max(limit, 0)])

    def forget(self, subject: str) -> int:
        with self._guard:
            self._check_open()
            forgotten = 0
            for stored in self._orders.values():
                for version in [v for v, one in stored.personal.items() if one.subject == subject]:
                    del stored.personal[version]
                    forgotten += 1
            return forgotten

    def enrol(self) -> str:
        with self._guard:
            self._check_open()
            owner = mint()
            self._owners.add(owner)
            return owner

    def alive(self, owner: str) -> bool:
        with self._guard:
            self._check_open()
            return owner in self._owners

    def close(self) -> None:
        with self._guard:
            self._closed = True
            self._owners.clear()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the journal is closed")


def _claim_key(header: Header, provider_order_id: str) -> tuple[str, str, str, str]:
    return header.site.tenant, header.provider, header.environment, provider_order_id
