"""An order is the fold of its entries: this is the fold.

May live here: what a list of entries means, whatever the provider. May not: I/O, decisions about what to do next.
Needs no adapter, so that the support desk can read a journal without any provider configured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Final, TypeVar, cast

import attrs

from stampcard.commands import Command
from stampcard.journal.codec import decode, unpack
from stampcard.journal.contract import Header, Record, StoreError
from stampcard.journal.queue import Queue, QueuedStep
from stampcard.model import PAYMENTS, Entry, EntryKind, Facts, Ownership
from stampcard.recovery import Verdict

__all__ = ["PROBE", "OpenIntent", "Standing", "fold", "follow", "landed", "waits"]

_FACTS: Final = "_facts"
_KEPT: Final = "_kept"
_NO_FACTS: Final = b"{}"
_STANDING: Final = "_standing"
PROBE: Final = "probe"
"""The code of an attempt that only looks: it is no send."""
_LONGEST_REST: Final = 86_400.0
"""A provider that names a later time than tomorrow is not taken at its word."""

_TEACHES: Final = frozenset({EntryKind.ACCEPTED, EntryKind.OBSERVED, EntryKind.RESOLVED})

T = TypeVar("T")
F = TypeVar("F", bound=Facts)
C = TypeVar("C", bound=Command)
V = TypeVar("V", bound=Facts | Command)


@attrs.frozen(kw_only=True)
class OpenIntent:
    """A promise whose ending is not written. sends: calls that may have reached the provider, so far."""

    entry: Entry
    source: str
    """The state the step started from."""
    ownership: Ownership
    attempt: int
    """Version of the entry that owns it now: the intent itself, or the last attempt."""
    sends: int
    last: Entry
    """The promise of the last of them."""
    earlier: Entry
    """The promise of the one before: the last one, when that provably never left."""
    why: str
    ended: bool = False
    """The last call for it is over, as the journal tells: nobody waits for a reply any more."""
    escalated: Entry | None = None
    attempts: int = 0
    """Recoveries tried so far: sends, looks, and what provably did not leave."""
    tried_at: datetime | None = None
    """When the last of them began."""
    looking: bool = False
    """That one only looks."""
    turned_away: bool = False
    """It provably did not leave: the provider was not there, or did not let us in."""
    rest: float = 0.0
    """Seconds from then that the provider asked to be left alone."""

    @property
    def name(self) -> str:
        return self.entry.intent or ""

    @property
    def trigger(self) -> str:
        return self.entry.trigger

    @property
    def last_at(self) -> datetime:
        return self.last.at


@attrs.frozen(kw_only=True, slots=False)
class Standing:
    """Where an order stands, read off its record alone."""

    record: Record
    state: str
    open: tuple[OpenIntent, ...]
    intents: Mapping[str, Entry]
    """Every intent by name; of a step that was never promised, the entry that queued it."""
    endings: Mapping[str, Entry]
    """Intent -> the entry that concluded it."""
    facts_at: int | None
    """Version of the entry whose facts hold now."""
    queued: tuple[QueuedStep, ...] = ()
    """What waits to be sent, in its order."""
    drained: Mapping[str, QueuedStep] = attrs.field(factory=dict[str, QueuedStep])
    """Intent -> the step out of the queue that it was promised for."""

    @property
    def header(self) -> Header:
        return self.record.header

    @property
    def version(self) -> int:
        return self.record.version

    @cached_property
    def accepted(self) -> dict[str, Entry]:
        """Trigger -> the intent of its last accepted firing."""
        return {
            entry.trigger: entry
            for name, entry in self.intents.items()
            if name in self.endings and landed(self.endings[name])
            if self.endings[name].intent == name
        }

    def command(self, command_id: str) -> Entry | None:
        """The last intent this command id was used for."""
        named = [entry for entry in self.intents.values() if entry.command_id == command_id]
        return named[-1] if named else None

    def facts(self, wanted: type[F], opening: F) -> F:
        """The facts that hold now. Raises StoreError when they cannot be read back."""
        if self.facts_at is None:
            return opening
        known = vars(self).get(_FACTS)
        if isinstance(known, wanted):
            return known
        facts = _read(self.record, self.facts_at, "facts", wanted)
        self.knows(facts)
        return facts

    def knows(self, facts: Facts) -> None:
        """Keep the facts that hold now beside the record they were written to: they need not be read back."""
        object.__setattr__(self, _FACTS, facts)

    def kept(self, whose: tuple[object, ...], seen: tuple[object, ...], build: Callable[[], T]) -> T:
        """What was built of this standing: once, for the same objects, which saw the same."""
        known = vars(self).get(_KEPT)
        if known is None or known[1] != seen or any(a is not b for a, b in zip(known[0], whose, strict=True)):
            known = (whose, seen, build())
            object.__setattr__(self, _KEPT, known)
        return cast(T, known[2])

    def input(self, intent: Entry, wanted: type[C]) -> C:
        """The command an intent promised. Raises StoreError when it cannot be read back."""
        return _read(self.record, intent.version, "command", wanted)

    @cached_property
    def forgotten(self) -> bool:
        """Personal data this order was made with has been erased since."""
        return self.facts_at is not None and self.erased(self.facts_at)

    def erased(self, version: int) -> bool:
        """The entry was made with personal data that has been erased since. Raises StoreError for a damaged one."""
        body = self.record.entries[version - 1].body
        if version in self.record.personal or b'"personal"' not in body:
            return False
        try:
            return bool(unpack(body).get("personal"))
        except ValueError as error:
            raise StoreError(f"order {self.header.order_id}, entry {version}: cannot be read back ({error})") from None


def _read(record: Record, version: int, part: str, wanted: type[V]) -> V:
    personal = record.personal.get(version)
    try:
        tree = unpack(record.entries[version - 1].body)[part]
        return decode(wanted, tree, None if personal is None else unpack(personal))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"order {record.header.order_id}, entry {version}: cannot be read back ({error})") from None


def landed(ending: Entry) -> bool:
    """The entry says that its intent took effect: the provider said so, or a person who looked."""
    return ending.kind is EntryKind.ACCEPTED or (ending.kind is EntryKind.RESOLVED and ending.code == Verdict.ACCEPTED)


def fold(record: Record) -> Standing:
    """What the entries say, read once, in order. Raises StoreError when they are not versions 1, 2, 3..."""
    known = vars(record).get(_STANDING)
    if not isinstance(known, Standing):
        known = _fold(record)
        object.__setattr__(record, _STANDING, known)
    return known


def follow(before: Record, after: Record, *, hand_on: bool = True) -> None:
    """Work out the fold of a record from that of the record it continues, where that is known.

    hand_on: nobody goes back to the record before, which need not keep its own any longer.
    """
    known = vars(before).pop(_STANDING, None) if hand_on else vars(before).get(_STANDING)
    if isinstance(known, Standing):
        object.__setattr__(after, _STANDING, _fold(after, known))


def _fold(record: Record, before: Standing | None = None) -> Standing:
    """before: of a record this one continues; only what came after it is read."""
    opened: dict[str, OpenIntent] = {}
    intents: dict[str, Entry] = {}
    endings: dict[str, Entry] = {}
    queue = Queue()
    state, facts_at, read = "", None, 0
    if before is not None:
        opened, intents, endings = {o.name: o for o in before.open}, dict(before.intents), dict(before.endings)
        queue = Queue(waiting={step.name: step for step in before.queued}, drained=dict(before.drained))
        state, facts_at, read = before.state, before.facts_at, before.version
    for version, entry in enumerate(record.entries[read:], start=read + 1):
        if entry.version != version:
            raise StoreError(f"order {record.header.order_id}: entry {version} is missing")
        name = entry.intent or ""
        if entry.kind is EntryKind.INTENT:
            intents[name] = entry
            opened[name] = _opened(entry)
        elif entry.kind is EntryKind.QUEUED:
            intents[name] = entry
        elif name in opened:
            opened[name] = _amended(opened[name], entry)
        elif entry.kind is EntryKind.ESCALATED and entry.ownership is not None and name in intents:
            # Contradicted by a late reply: what was concluded is open again, for a person.
            endings.pop(name, None)
            opened[name] = _amended(_opened(intents[name]), entry)
        queue.reads(entry)
        for closed in entry.closes:
            opened.pop(closed, None)
            if closed not in queue.waiting:  # one that is back in the queue has not ended
                endings.setdefault(closed, entry)
        # a decision of the till alone teaches nothing; what is said of the customer's money is no fact of the order
        if entry.kind in _TEACHES and entry.body != _NO_FACTS and entry.trigger not in PAYMENTS:
            facts_at = version
        state = entry.state
    standing = Standing(
        record=record,
        state=state,
        open=tuple(opened.values()),
        intents=intents,
        endings=endings,
        facts_at=facts_at,
        queued=tuple(queue.waiting.values()),
        drained=queue.drained,
    )
    if before is not None and before.facts_at == facts_at and _FACTS in vars(before):
        standing.knows(vars(before)[_FACTS])
    return standing


def waits(standing: Standing) -> tuple[OpenIntent, ...]:
    """The step that is next in the queue, as one a person may decide; not while it only waits for an open one."""
    first = standing.queued[0] if standing.queued else None
    if first is None or (standing.open and first.escalated is None):
        return ()
    # It starts from where the order is by now, whatever that was when it was taken down.
    opened = attrs.evolve(_opened(first.entry), source=standing.state, sends=0, why="it waits to be sent")
    return (opened if first.escalated is None else _amended(opened, first.escalated),)


def _opened(entry: Entry) -> OpenIntent:
    ownership = entry.ownership or Ownership(owner="", boot="", hard_end=0.0)
    return OpenIntent(
        entry=entry,
        source=entry.state,  # an intent moves nothing: its state is the one it started from
        ownership=ownership,
        attempt=entry.version,
        sends=1,
        last=entry,
        earlier=entry,
        why="no reply was recorded",
    )


def _amended(intent: OpenIntent, entry: Entry) -> OpenIntent:
    match entry.kind:
        case EntryKind.ATTEMPT if entry.ownership is not None:
            taken = attrs.evolve(
                intent,
                ownership=entry.ownership,
                attempt=entry.version,
                ended=False,
                attempts=intent.attempts + 1,
                tried_at=entry.at,
                looking=entry.code == PROBE,
                turned_away=False,
                rest=0.0,
            )
            if entry.code == PROBE:
                return attrs.evolve(taken, why="the provider is being asked")
            why = "another attempt is under way"
            return attrs.evolve(taken, sends=intent.sends + 1, last=entry, earlier=intent.last, why=why)
        case EntryKind.NOT_SENT:  # of an attempt: proof that nothing left, so it does not count as a send
            sends = intent.sends if intent.looking else max(1, intent.sends - 1)
            last = intent.last if intent.looking else intent.earlier
            why, rest = entry.why or intent.why, _rest(entry)
            return attrs.evolve(intent, sends=sends, last=last, why=why, ended=True, turned_away=True, rest=rest)
        case EntryKind.UNKNOWN:
            return attrs.evolve(intent, why=entry.why or intent.why, ended=True)
        case EntryKind.EVIDENCE if not (entry.code or "").startswith("late."):
            return attrs.evolve(intent, why=entry.why or intent.why, ended=True)
        case EntryKind.ESCALATED:
            return attrs.evolve(intent, escalated=entry, why=entry.why or intent.why, ended=True)
        case _:
            return intent


def _rest(entry: Entry) -> float:
    try:
        named = unpack(entry.body).get("retry_after")
    except ValueError:  # for what a rest is worth, a damaged line counts as none
        return 0.0
    return min(max(float(named), 0.0), _LONGEST_REST) if isinstance(named, int | float) else 0.0
