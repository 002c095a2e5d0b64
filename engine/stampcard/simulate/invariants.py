"""What has to hold, whatever goes wrong: each promise once, in words and in code.

The simulator checks all of them; the state machines of the tests check those that need no simulated world. May live
here: promises, and the judgement of a history. May not: a provider's name, a clock, anything that makes it happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stampcard.journal.codec import unpack
from stampcard.journal.contract import Record
from stampcard.lifecycles import Lifecycle
from stampcard.model import CHARGE, PAYMENTS, REVERSE, AnyOrder, Entry, EntryKind

__all__ = [
    "PROMISES",
    "broken_history",
    "broken_payment",
    "misplaced_money",
    "never_looked_at",
    "still_open",
    "still_waiting",
]

PROMISES: Final = {
    "intent first": "A call leaves only when its promise is durable, in the name of the till that makes it.",
    "no reply dropped": "Whatever reply is heard is in the journal before its step ends.",
    "told is kept": "What a caller was told is in the journal, and stays there.",
    "nothing sent": "A step that was refused here, or replayed, sent nothing.",
    "own errors": "Whatever goes wrong is told in an error of ours.",
    "whole history": "A history has no hole: an ending comes after its promise, a move is an edge of the table.",
    "reversed": "Once a reversal is accepted, nothing it reverses is open.",
    "watched": "What a reversal from doubt may have left behind is looked at, or a person is asked.",
    "queued": "A step that waited is sent once, in its order, or is with a person; none is dropped.",
    "open is found": "What the journal lists as open is what the histories say is open.",
    "at rest": "In a healed world every order is settled, or is with a person for a reason the design names.",
    "charged once": "The terminal is asked to take money once for a key, and once to give it back.",
    "paid back": "No sale is voided while the money taken for it is held, or may be.",
    "money": "In a healed world money is held exactly for the sales that are billed with it, or it is with a person.",
    "agreed": "Engine and provider say the same of every settled order.",
    "balanced": "The provider's books balance.",
    "conserved": "Nothing is taken twice, lost, or done that nobody asked for.",
}
"""Name -> what it says."""

_MOVES: Final = frozenset({EntryKind.ACCEPTED, EntryKind.OBSERVED, EntryKind.DECLINED, EntryKind.RESOLVED})
_LOOKED: Final = frozenset({EntryKind.WATCHED, EntryKind.ESCALATED, EntryKind.RESOLVED})
_CONCLUDES: Final = frozenset({EntryKind.ACCEPTED, EntryKind.DECLINED})


def still_open(record: Record) -> dict[str, Entry]:
    """Intents without a conclusive ending, by a reading of the history of its own: intent -> its promise."""
    promised: dict[str, Entry] = {}
    opened: dict[str, Entry] = {}
    for entry in record.entries:
        name = entry.intent or ""
        if entry.kind is EntryKind.INTENT:
            promised[name] = opened[name] = entry
        elif entry.kind is EntryKind.ESCALATED and entry.ownership is not None and name in promised:
            opened[name] = promised[name]  # contradicted by a late reply: open again, for a person
        for closed in entry.closes:
            opened.pop(closed, None)
    return opened


def still_waiting(record: Record) -> tuple[str, ...]:
    """Triggers of what waits to be sent, in their order, by a reading of the history of its own."""
    waiting: dict[str, str] = {}
    taken: dict[str, str] = {}
    for entry in record.entries:
        name = entry.intent or ""
        if entry.kind is EntryKind.QUEUED:
            waiting[name] = entry.trigger
        elif entry.kind is EntryKind.INTENT and name in waiting:
            taken[name] = waiting.pop(name)
        for closed in entry.closes:
            waiting.pop(closed, None)
            if closed == name and name in taken and entry.kind in (EntryKind.NOT_SENT, EntryKind.UNKNOWN):
                waiting = {name: taken[name], **waiting}
    return tuple(waiting.values())


def broken_history(record: Record, lifecycle: Lifecycle[Any]) -> Iterator[tuple[str, str]]:
    """(promise, what is wrong) for everything a history does that none may."""
    state = str(lifecycle.initial)
    promised: set[str] = set()
    opened: set[str] = set()
    money: set[str] = set()
    waiting: list[str] = []
    drained: set[str] = set()
    for version, entry in enumerate(record.entries, start=1):
        where = f"entry {version}, {entry.kind} of {entry.trigger}"
        if entry.version != version:
            yield "whole history", f"{where}: it is numbered {entry.version}"
        name = entry.intent
        if entry.kind is EntryKind.QUEUED:
            waiting.append(name or "")
        elif entry.kind is EntryKind.INTENT:
            if name in waiting and waiting[0] != name:
                yield "queued", f"{where}: it is sent before what waited longer"
            elif name in waiting:
                waiting.remove(name)
                drained.add(name)
            elif waiting and entry.trigger not in PAYMENTS and not _alone(lifecycle, entry):
                yield "queued", f"{where}: it passes what waits"
            if name is None or (name in promised and name not in drained):
                yield "whole history", f"{where}: a promise without a name of its own"
            promised.add(name or "")
            opened.add(name or "")
            money.update([name or ""] if entry.trigger in PAYMENTS else [])
        elif name is not None and name not in promised and name not in waiting:
            yield "whole history", f"{where}: an ending without its promise"
        elif entry.kind is EntryKind.ESCALATED and entry.ownership is not None:
            opened.add(name or "")
        elif entry.kind in _CONCLUDES and name not in opened:
            yield "whole history", f"{where}: it concludes what is not open"
        yield from _moved(lifecycle, state, entry, where)
        for closed in entry.closes:
            if closed in waiting:
                waiting.remove(closed)
                if not _let_go(lifecycle, entry):
                    yield "queued", f"{where}: a step that waited is dropped"
            elif closed not in promised:
                yield "whole history", f"{where}: it closes what was never promised"
            opened.discard(closed)
            if closed == name and name in drained and entry.kind in (EntryKind.NOT_SENT, EntryKind.UNKNOWN):
                waiting.insert(0, name)
        row = lifecycle.row(state, entry.trigger)
        if entry.kind is EntryKind.ACCEPTED and row is not None and row.reverses and opened - money:
            yield "reversed", f"{where}: {len(opened - money)} steps are open after it"
        state = entry.state


def _let_go(lifecycle: Lifecycle[Any], entry: Entry) -> bool:
    """A person has said so, or the till alone decided that the order is not begun."""
    return entry.kind is EntryKind.RESOLVED or (entry.kind is EntryKind.ACCEPTED and _alone(lifecycle, entry))


def _alone(lifecycle: Lifecycle[Any], entry: Entry) -> bool:
    """A decision of the till alone."""
    return any(row.trigger == entry.trigger and not row.calls_provider for row in lifecycle.rows)


def _moved(lifecycle: Lifecycle[Any], state: str, entry: Entry, where: str) -> Iterator[tuple[str, str]]:
    if entry.state == state and (entry.kind is not EntryKind.ACCEPTED or entry.trigger in PAYMENTS):
        return
    row = lifecycle.row(state, entry.trigger)
    if entry.kind not in _MOVES or row is None or entry.state not in row.destinations:
        yield "whole history", f"{where}: no edge leads from {state} to {entry.state}"


def broken_payment(record: Record) -> Iterator[tuple[str, str]]:
    """(promise, what is wrong): a sale voided over the money taken for it, by a reading of the history of its own."""
    asked: set[str] = set()
    held: dict[str, str] = {}
    back: dict[str, str] = {}
    for version, entry in enumerate(record.entries, start=1):
        name = entry.intent or ""
        if entry.kind is EntryKind.INTENT and entry.trigger == CHARGE:
            asked.add(name)
        elif entry.kind is EntryKind.INTENT and entry.trigger == REVERSE:
            back[name] = str(unpack(entry.body).get("of"))
        elif entry.kind is EntryKind.INTENT and entry.trigger == "void" and (asked or held):
            yield "paid back", f"entry {version}: a void is promised, and money is {'held' if held else 'being taken'}"
        for closed in entry.closes:
            asked.discard(closed)
        if entry.kind is EntryKind.ACCEPTED and entry.trigger == CHARGE:
            held[name] = name
        elif entry.kind is EntryKind.ACCEPTED and entry.trigger == REVERSE:
            held.pop(back.get(name, ""), None)


def never_looked_at(record: Record, lifecycle: Lifecycle[Any], harmless: frozenset[str]) -> Iterator[str]:
    """What is wrong at rest with a reversal from doubt: nobody has looked at what it may have left behind.

    harmless: triggers that change nothing at the provider.
    """
    promised = {entry.intent: entry.trigger for entry in record.entries if entry.kind is EntryKind.INTENT}
    state = str(lifecycle.initial)
    for version, entry in enumerate(record.entries, start=1):
        row = lifecycle.row(state, entry.trigger)
        state = entry.state
        if entry.kind is not EntryKind.ACCEPTED or row is None or not row.reverses:
            continue
        closed = [promised.get(name, "") for name in entry.closes if name != entry.intent]
        doubted = [trigger for trigger in closed if trigger not in harmless and trigger not in PAYMENTS]
        if doubted and not any(later.kind in _LOOKED for later in record.entries[version:]):
            yield f"entry {version}: {entry.trigger} has closed {', '.join(doubted)} unanswered, and nobody looked"


def misplaced_money(order: AnyOrder, keys: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the money the terminal holds for an order at rest. keys: under which it is held."""
    if order.doubt is not None or order.queued:
        return  # with a person: a queue at rest is one that somebody has to look at
    if len(keys) > 1:
        yield f"money is held twice: {', '.join(keys)}"
    if bool(keys) != (order.taken is not None):
        yield f"the terminal holds {keys or 'nothing'}, the order says {order.taken}"
    if keys and order.state not in ("billed", "completed", "refunded"):
        yield f"money is held under {keys[0]}, and the order is {order.state}"
