"""What a journal promises, whatever stores it.

May live here: the contract, the values that cross it, the ways an append can be refused. May not: SQL, a provider.

The journal is append-only and durable: when `append` returns, the entries survive the power going off. An order is the
fold of its entries (see `stampcard.journal.fold`); nothing else about an order is stored. Beside the entries a journal
keeps what must be found or enforced without reading them all, written in the same transaction: open intents, orders
that are watched, command ids, claims of provider order ids, and personal data in a side table, keyed by subject, so
that it can be forgotten.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from stampcard.model import Entry, EntryKind, Environment, Ownership, Site

__all__ = [
    "Append",
    "ClaimTakenError",
    "CommandTakenError",
    "Draft",
    "Header",
    "Journal",
    "LaneTakenError",
    "Personal",
    "Record",
    "StoreError",
    "Summary",
    "Switch",
    "VersionConflictError",
]


@attrs.frozen(kw_only=True)
class Header:
    """What is written once, when an order is opened."""

    order_id: str
    provider: str
    environment: Environment
    site: Site
    lifecycle: str
    fingerprint: str
    opened_at: datetime
    ticket: str | None = None
    reference: str = ""
    """The short text a cashier reads to the support desk."""


@attrs.frozen(kw_only=True)
class Personal:
    """Personal data of one entry. subject: whose, as the provider's adapter names the person. data: JSON.

    follows: the version whose personal data this repeats. Where that has been erased meanwhile, this is not written
    either: a reply that comes late does not bring a forgotten person back.
    """

    subject: str
    follows: int | None = None
    data: bytes = attrs.field(repr=lambda data: f"<{len(data)} bytes>")


@attrs.frozen(kw_only=True)
class Draft:
    """An entry before the journal has given it a position and a version."""

    kind: EntryKind
    trigger: str
    state: str
    at: datetime
    by: str | None = None
    why: str | None = None
    intent: str | None = None
    command_id: str | None = None
    digest: str | None = attrs.field(default=None, repr=False)
    code: str | None = None
    closes: tuple[str, ...] = ()
    ownership: Ownership | None = None
    """With it (INTENT, ATTEMPT) the entry's intent becomes open, or passes to another owner."""
    body: bytes = attrs.field(default=b"{}", repr=lambda body: f"<{len(body)} bytes>")
    personal: Personal | None = None


@attrs.frozen(kw_only=True)
class Append:
    """One transaction on one order.

    expected_version: the order's version it was decided on, 0 when `header` opens it. claims: provider order ids to
    take for this order. lane: with an INTENT among the entries: what no other order of this tenant and provider may
    have an open intent for. watch, unwatch: reasons why the order is to be looked after from now on, or no longer (see
    `Journal.watched`). All of it is written, or nothing is.
    """

    order_id: str
    expected_version: int
    entries: tuple[Draft, ...]
    header: Header | None = None
    claims: tuple[str, ...] = ()
    lane: str | None = None
    watch: tuple[str, ...] = ()
    unwatch: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, slots=False)
class Record:
    """One order as stored: header, entries by version, and the personal data that was not forgotten, by version.

    Never changes, so what is worked out of it (its fold) is kept with it.
    """

    header: Header
    entries: tuple[Entry, ...]
    personal: Mapping[int, bytes] = attrs.field(factory=dict[int, bytes], repr=lambda p: f"<{len(p)} rows>")

    @property
    def version(self) -> int:
        return len(self.entries)


@attrs.frozen(kw_only=True)
class Summary:
    """A line of a listing: the header, the state after the last entry, when that was, and how many intents are open."""

    header: Header
    state: str
    version: int
    last_at: datetime
    open_intents: int


@attrs.frozen(kw_only=True)
class Switch:
    """A person's word that a provider is not to be called, or may be again: who, when and why."""

    provider: str
    off: bool
    at: datetime
    by: str
    why: str


class StoreError(Exception):
    """The store could not read or write (disk full, locked, damaged, closed); nothing of this append was written."""


class VersionConflictError(Exception):
    """Another lane appended first. current: the order's version now (0: it does not exist)."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the order is at version {current}")
        self.current = current


class CommandTakenError(Exception):
    """This command id was used for other input, or for another order."""

    def __init__(self, order_id: str) -> None:
        super().__init__("this command id was used before, for something else")
        self.order_id = order_id


class ClaimTakenError(Exception):
    """The provider's order id belongs to another order of ours."""

    def __init__(self, order_id: str) -> None:
        super().__init__("the provider's order id is claimed by another order")
        self.order_id = order_id


class LaneTakenError(Exception):
    """Another order of ours has an open intent in this lane."""

    def __init__(self, order_id: str) -> None:
        super().__init__("another order's call is open in this lane")
        self.order_id = order_id


class Journal(ABC):
    """Where orders live. Safe to share between threads; SQLite also between processes of one machine."""

    @property
    @abstractmethod
    def id(self) -> str:
        """Minted when the store was created: tells one journal's orders from another's."""

    @abstractmethod
    def load(self, order_id: str) -> Record | None:
        """One order, or None. Raises StoreError."""

    def still(self, record: Record) -> bool:
        """Whether nothing was appended to this order, or erased from it, since it was read. Raises StoreError."""
        now = self.load(record.header.order_id)
        return now is not None and now.version == record.version and now.personal.keys() == record.personal.keys()

    @abstractmethod
    def append(self, append: Append) -> tuple[Entry, ...]:
        """Write durably, in one transaction; returns the entries as numbered.

        A command id (on INTENT and QUEUED entries) is taken with its digest: the same again is fine, other input
        is refused. A lane is held until the intent it came with is closed. Raises VersionConflictError,
        CommandTakenError, ClaimTakenError, LaneTakenError or StoreError: then nothing was written.
        """

    def append_many(self, appends: Sequence[Append]) -> list[tuple[Entry, ...] | Exception]:
        """Several orders' appends; a store may share one commit among them. One's refusal leaves the others be."""
        results: list[tuple[Entry, ...] | Exception] = []
        for one in appends:
            try:
                results.append(self.append(one))
            except (VersionConflictError, CommandTakenError, ClaimTakenError, LaneTakenError, StoreError) as refused:
                results.append(refused)
        return results

    @abstractmethod
    def command(self, command_id: str) -> tuple[str, str] | None:
        """(order id, digest) this command id was taken with, or None."""

    @abstractmethod
    def open_orders(self) -> tuple[str, ...]:
        """Ids of the orders with an open intent, oldest first, at the cost of what is open."""

    @abstractmethod
    def watched(self, why: str) -> tuple[str, ...]:
        """Ids of the orders watched for that reason, the longest watched first, at the cost of what is watched."""

    @abstractmethod
    def unwatch(self, order_id: str, why: str, *, version: int) -> bool:
        """Nobody need look after it any more. False, and nothing changes, when it is not at that version any more."""

    @abstractmethod
    def switch(self, switch: Switch) -> None:
        """Switch a provider off, or on: for every till on this journal, until somebody switches it again."""

    @abstractmethod
    def switches(self) -> tuple[Switch, ...]:
        """The last word on each provider that was ever switched, by name."""

    @abstractmethod
    def find(
        self,
        *,
        text: str | None = None,
        provider: str | None = None,
        state: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> tuple[Summary, ...]:
        """Newest first. text: an order id, a ticket or a reference, whole.

        before: only what was opened before the order of this id, so that a long listing is read page by page; none
        where there is no such order.
        """

    @abstractmethod
    def changes(self, *, after: int = 0, limit: int = 500) -> tuple[Entry, ...]:
        """Entries with a position above `after`, in order. No entry ever appears later below a position returned."""

    @abstractmethod
    def forget(self, subject: str) -> int:
        """Erase the personal data of a subject for good; returns how many entries held some."""

    @abstractmethod
    def enrol(self) -> str:
        """Register this process as an owner of calls, until it closes the journal or dies; returns its name."""

    @abstractmethod
    def alive(self, owner: str) -> bool:
        """Whether that owner's process still lives, as the operating system tells (a lock it holds)."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the store; further use raises StoreError. Closing twice is harmless."""
