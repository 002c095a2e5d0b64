"""One append within a transaction of SQLite: the entries, and what is kept beside them to be found or enforced.

May live here: the statements of an append. May not: a connection's life, reads for a caller.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from stampcard.journal._database import store_error
from stampcard.journal._rows import ENTRY_COLUMNS, HEADER_COLUMNS, entry_row, header_row
from stampcard.journal._shared import check, entry_of, lane_of, takes_command, utc
from stampcard.journal.contract import (
    Append,
    ClaimTakenError,
    CommandTakenError,
    Draft,
    LaneTakenError,
    VersionConflictError,
)
from stampcard.model import Entry

__all__ = ["COMMAND", "UNWATCH", "write", "write_apart"]

_HEAD: Final = """
    SELECT provider, tenant, environment, (SELECT MAX(version) FROM entries WHERE order_id = ?1)
    FROM orders WHERE order_id = ?1"""
_OPEN_ORDER: Final = f"""
    INSERT INTO orders ({HEADER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608  constants only
_ENTER: Final = f"""
    INSERT INTO entries ({ENTRY_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608  constants only
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
_REMEMBER: Final = "INSERT INTO personal (order_id, version, subject, data) VALUES (?, ?, ?, ?)"
_REMEMBER_STILL: Final = """
    INSERT INTO personal (order_id, version, subject, data) SELECT ?1, ?2, ?3, ?4
    WHERE EXISTS (SELECT 1 FROM personal WHERE order_id = ?1 AND version = ?5)"""
COMMAND: Final = "SELECT order_id, digest FROM commands WHERE command_id = ?"
_LANE: Final = """
    SELECT order_id FROM lanes JOIN open_intents USING (order_id, intent)
    WHERE tenant = ? AND provider = ? AND environment = ? AND lane = ?"""
_WATCH: Final = "INSERT INTO watches (why, order_id, since_position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
UNWATCH: Final = "DELETE FROM watches WHERE why = ? AND order_id = ?"
_TAKE_LANE: Final = """
    INSERT INTO lanes (tenant, provider, environment, lane, order_id, intent) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET order_id = excluded.order_id, intent = excluded.intent"""


def write_apart(writer: sqlite3.Connection, append: Append) -> tuple[Entry, ...] | Exception:
    """One append of many: its refusal undoes it and leaves the others be. A mistake in it is its own, too."""
    try:
        check(append)
    except ValueError as mistake:
        return mistake
    writer.execute("SAVEPOINT one")
    result: tuple[Entry, ...] | Exception
    try:
        result = write(writer, append)
    except (VersionConflictError, CommandTakenError, ClaimTakenError, LaneTakenError) as refused:
        writer.execute("ROLLBACK TO one")
        result = refused
    except sqlite3.Error as error:
        if not writer.in_transaction:
            raise  # SQLite gave the whole transaction up (the disk is full)
        writer.execute("ROLLBACK TO one")
        result = store_error(error)
    writer.execute("RELEASE one")
    return result


def write(writer: sqlite3.Connection, append: Append) -> tuple[Entry, ...]:
    """Within a transaction, so what is asked here stays true until it commits."""
    order_id, header = append.order_id, append.header
    head: tuple[str, str, str, int] | None = writer.execute(_HEAD, (order_id,)).fetchone()
    current = 0 if head is None else head[3]
    if current != append.expected_version:
        raise VersionConflictError(current)
    if head is not None:
        provider, tenant, environment, _ = head
    elif header is not None:
        writer.execute(_OPEN_ORDER, header_row(header))
        provider, tenant, environment = header.provider, header.site.tenant, header.environment.value
    else:
        raise VersionConflictError(0)  # not reached: without a header some version is expected
    key = (tenant, provider, environment)
    _take_lane(writer, append, key)
    written: list[Entry] = []
    version = append.expected_version
    for draft in append.entries:
        version += 1
        at = utc(draft.at)
        position = writer.execute(_ENTER, entry_row(draft, order_id, version, at)).lastrowid or 0
        entry = entry_of(draft, position=position, order_id=order_id, provider=provider, version=version, at=at)
        _index(writer, entry, draft)
        written.append(entry)
    for claim in append.claims:
        if writer.execute(_TAKE_CLAIM, (*key, claim, order_id)).rowcount == 0:
            (holder,) = writer.execute(_CLAIM, (*key, claim)).fetchone()
            if holder != order_id:
                raise ClaimTakenError(holder)
    for why in append.unwatch:
        writer.execute(UNWATCH, (why, order_id))
    for why in append.watch:
        writer.execute(_WATCH, (why, order_id, written[-1].position))
    return tuple(written)


def _take_lane(writer: sqlite3.Connection, append: Append, key: tuple[str, str, str]) -> None:
    lane = lane_of(append)
    if lane is None:
        return
    held = writer.execute(_LANE, (*key, lane[0])).fetchone()
    if held is not None and held[0] != append.order_id:
        raise LaneTakenError(held[0])
    writer.execute(_TAKE_LANE, (*key, lane[0], append.order_id, lane[1]))


def _index(writer: sqlite3.Connection, entry: Entry, draft: Draft) -> None:
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
    if (own_data := draft.personal) is not None:
        row = (order_id, entry.version, own_data.subject, own_data.data)
        if own_data.follows is None:
            writer.execute(_REMEMBER, row)
        else:
            writer.execute(_REMEMBER_STILL, (*row, own_data.follows))
