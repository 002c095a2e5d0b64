"""One append within a transaction of SQLite: the entries, and what is kept beside them to be found or enforced.

May live here: the statements of an append. May not: a connection's life, reads for a caller.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Final, TypeAlias

from stampcard.journal._database import FAILURES, store_error
from stampcard.journal._rows import ENTRY_COLUMNS, HEADER_COLUMNS, entry_row, header_row
from stampcard.journal._seals import opened, seal, standalone
from stampcard.journal._shared import check, entry_of, lane_of, takes_command, utc
from stampcard.journal.contract import (
    Append,
    ClaimTakenError,
    CommandTakenError,
    Draft,
    LaneTakenError,
    Personal,
    StoreError,
    VersionConflictError,
)
from stampcard.model import Entry

__all__ = ["COMMAND", "UNWATCH", "Written", "write", "write_apart"]

Written: TypeAlias = tuple[tuple[Entry, ...], bytes]
"""The entries, and the last one's seal."""
MOST_POSITIONS: Final = 2**53
"""No journal ever gets there, so a number above it was never drawn."""

_HEAD: Final = """
    SELECT (SELECT MAX(position) FROM entries), provider, tenant, environment, last_version, last_seal
    FROM (SELECT 1) LEFT JOIN orders ON order_id = ?"""
_OPEN_ORDER: Final = f"""
    INSERT INTO orders ({HEADER_COLUMNS}, opened_seal)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608  constants only
_ENTER: Final = f"""
    INSERT INTO entries (position, {ENTRY_COLUMNS}, held, beside, seal)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608  constants only
_STANDS: Final = "UPDATE orders SET last_version = ?, last_seal = ? WHERE order_id = ?"
_OWN: Final = """
    INSERT INTO open_intents (order_id, intent, since_position, owner, boot, hard_end) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET owner = excluded.owner, boot = excluded.boot, hard_end = excluded.hard_end"""
_CLOSE: Final = "DELETE FROM open_intents WHERE order_id = ? AND intent = ?"
_TAKE_COMMAND: Final = "INSERT INTO commands (command_id, order_id, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_TAKE_CLAIM: Final = """
    INSERT INTO claims (tenant, provider, environment, provider_order_id, order_id) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""
_CLAIM: Final = """
    SELECT order_id FROM claims WHERE tenant = ? AND provider = ? AND environment = ? AND provider_order_id = ?"""
_REMEMBER: Final = "INSERT INTO personal (order_id, version, subject, data, data_seal) VALUES (?, ?, ?, ?, ?)"
_REMEMBERED: Final = "SELECT EXISTS (SELECT 1 FROM personal WHERE order_id = ? AND version = ?)"
COMMAND: Final = "SELECT order_id, digest FROM commands WHERE command_id = ?"
_LANE: Final = """
    SELECT order_id FROM lanes JOIN open_intents USING (order_id, intent)
    WHERE tenant = ? AND provider = ? AND environment = ? AND lane = ?"""
_WATCH: Final = "INSERT INTO watches (why, order_id, since_position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
UNWATCH: Final = "DELETE FROM watches WHERE why = ? AND order_id = ?"
_TAKE_LANE: Final = """
    INSERT INTO lanes (tenant, provider, environment, lane, order_id, intent) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET order_id = excluded.order_id, intent = excluded.intent"""


def write_apart(writer: sqlite3.Connection, append: Append, least: int) -> Written | Exception:
    """One append of many: its refusal undoes it and leaves the others be. A mistake in it is its own, too."""
    try:
        check(append)
    except ValueError as mistake:
        return mistake
    writer.execute("SAVEPOINT one")
    result: Written | Exception
    try:
        result = write(writer, append, least)
    except (VersionConflictError, CommandTakenError, ClaimTakenError, LaneTakenError, StoreError) as refused:
        writer.execute("ROLLBACK TO one")
        result = refused
    except FAILURES as error:
        if not writer.in_transaction:
            raise  # SQLite gave the whole transaction up (the disk is full)
        writer.execute("ROLLBACK TO one")
        result = store_error(error)
    writer.execute("RELEASE one")
    return result


def write(writer: sqlite3.Connection, append: Append, least: int) -> Written:
    """Within a transaction, so what is asked here stays true until it commits.

    least: the position this handle has seen: a file that is not even there any more was put back in place.
    """
    order_id, header = append.order_id, append.header
    position, provider, tenant, environment, current, last_seal = writer.execute(_HEAD, (order_id,)).fetchone()
    position = position or 0
    if position < least:
        raise StoreError("the journal's file was replaced by an older one while it was open")
    if (current or 0) != append.expected_version:
        raise VersionConflictError(current or 0)
    if position >= MOST_POSITIONS or not (header is not None or isinstance(last_seal, bytes)):
        raise StoreError(f"the journal is damaged: nothing can be added to order {order_id}")
    if header is not None:
        row = header_row(header)
        last_seal = opened(row)
        writer.execute(_OPEN_ORDER, (*row, last_seal))
        provider, tenant, environment = header.provider, header.site.tenant, header.environment.value
    key = (tenant, provider, environment)
    _take_lane(writer, append, key)
    written: list[Entry] = []
    version, beside = append.expected_version, None
    for draft in append.entries:
        version += 1
        position += 1
        at, held = utc(draft.at), _is_held(writer, order_id, draft.personal)
        if version == append.expected_version + len(append.entries):
            beside = _beside(append)
        row = (position, *entry_row(draft, order_id, version, at), held, beside)
        last_seal = seal(last_seal, row)
        writer.execute(_ENTER, (*row, last_seal))
        entry = entry_of(draft, position=position, order_id=order_id, provider=provider, version=version, at=at)
        _index(writer, entry, draft, held)
        written.append(entry)
    writer.execute(_STANDS, (version, last_seal, order_id))
    for claim in append.claims:
        if writer.execute(_TAKE_CLAIM, (*key, claim, order_id)).rowcount == 0:
            (holder,) = writer.execute(_CLAIM, (*key, claim)).fetchone()
            if holder != order_id:
                raise ClaimTakenError(holder)
    for why in append.unwatch:
        writer.execute(UNWATCH, (why, order_id))
    for why in append.watch:
        writer.execute(_WATCH, (why, order_id, position))
    return tuple(written), last_seal


def _is_held(writer: sqlite3.Connection, order_id: str, personal: Personal | None) -> int:
    """1 when the personal data is written: not when what it repeats has been erased."""
    if personal is None or personal.follows is None:
        return int(personal is not None)
    return int(writer.execute(_REMEMBERED, (order_id, personal.follows)).fetchone()[0])


def _beside(append: Append) -> str | None:
    """What the append takes that is in no entry of its own, as JSON: the tables can be told from the entries."""
    if not (append.claims or append.watch or append.unwatch or append.lane is not None):
        return None
    lane = lane_of(append)
    taken = {
        "claims": append.claims,
        "lanes": () if lane is None else (lane,),
        "unwatch": append.unwatch,
        "watch": append.watch,
    }
    return json.dumps({name: value for name, value in taken.items() if value})


def _take_lane(writer: sqlite3.Connection, append: Append, key: tuple[str, str, str]) -> None:
    lane = lane_of(append)
    if lane is None:
        return
    held = writer.execute(_LANE, (*key, lane[0])).fetchone()
    if held is not None and held[0] != append.order_id:
        raise LaneTakenError(held[0])
    writer.execute(_TAKE_LANE, (*key, lane[0], append.order_id, lane[1]))


def _index(writer: sqlite3.Connection, entry: Entry, draft: Draft, held: int) -> None:
    """What must be found or enforced without reading the history; most entries touch little of it."""
    order_id, own = entry.order_id, draft.ownership
    if own is not None:
        writer.execute(_OWN, (order_id, draft.intent, entry.position, own.owner, own.boot, own.hard_end))
    for intent in draft.closes:
        writer.execute(_CLOSE, (order_id, intent))
    if takes_command(draft):
        wanted = (order_id, draft.digest)
        if writer.execute(_TAKE_COMMAND, (draft.command_id, *wanted)).rowcount == 0:
            found = writer.execute(COMMAND, (draft.command_id,)).fetchone()
            if found != wanted:
                raise CommandTakenError(found[0])
    if held and draft.personal is not None:
        row = (order_id, entry.version, draft.personal.subject, draft.personal.data)
        writer.execute(_REMEMBER, (*row, standalone(row)))
