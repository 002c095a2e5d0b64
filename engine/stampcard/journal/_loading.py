"""Rows back to orders, entries and lines of a listing, each compared with its seal first.

May live here: what makes stored rows believable. May not: statements, what an order means.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from stampcard.journal._rows import entry_from, header_from, readable
from stampcard.journal._seals import BrokenError, chained, opened, seal, standalone
from stampcard.journal._shared import utc
from stampcard.journal.contract import Record, StoreError, Summary
from stampcard.model import Entry

__all__ = ["changes_from", "holes", "record_from", "summary_from"]

Row: TypeAlias = tuple[Any, ...]


def record_from(head: Row, rows: Sequence[Row], forgotten: Collection[int]) -> Record:
    """head: header, opened seal, count, last seal, open intents. rows: position, columns, held, beside, seal, personal.

    Raises StoreError unless every entry is as it was written, none is missing, and what is open is what they say.
    """
    *header, opened_seal, last_version, last_seal, open_intents = head
    with readable(f"order {header[0]}"):
        if opened(tuple(header)) != opened_seal:
            raise BrokenError("its header was changed")
        if chained(opened_seal, [row[:-3] for row in rows]) != last_seal or len(rows) != last_version:
            raise BrokenError("its last entries are missing")
        personal = {row[2]: _personal(row) for row in rows if row[-2] is not None}
        if any(version not in forgotten for version in holes(rows)):
            raise BrokenError("personal data is missing that nobody erased")
        provider = header[1]
        entries = tuple(entry_from(row[:18], provider) for row in rows)
        if not entries or _open(entries) != open_intents:
            raise BrokenError("what is open is not what its entries say")
        return Record(header=header_from(tuple(header)), entries=entries, personal=personal)


def holes(rows: Sequence[Row]) -> list[int]:
    """Versions that had personal data and have none."""
    return [row[2] for row in rows if row[18] and row[-2] is None]


def _personal(row: Row) -> bytes:
    subject, data, data_seal = row[-3:]
    if not row[18] or standalone((row[1], row[2], subject, data)) != data_seal:
        raise BrokenError(f"the personal data of entry {row[2]} was changed")
    return bytes(data)


def _open(entries: Sequence[Entry]) -> int:
    found: set[str] = set()
    for entry in entries:
        if entry.ownership is not None and entry.intent is not None:
            found.add(entry.intent)
        found.difference_update(entry.closes)
    return len(found)


def summary_from(row: Row) -> Summary:
    """header, opened seal, last seal, open intents; position, columns, held, beside; the seal before."""
    header, (opened_seal, last_seal, open_intents), last, before = row[:11], row[11:14], row[14:34], row[34]
    with readable(f"order {header[0]}"):
        if opened(header) != opened_seal:
            raise BrokenError("its header was changed")
        if last[0] is None:
            raise BrokenError("its last entries are missing")
        if seal(before, last) != last_seal:
            raise BrokenError("its last entry was changed")
        return Summary(
            header=header_from(header),
            state=last[5],
            version=last[2],
            last_at=utc(datetime.fromisoformat(last[6])),
            open_intents=open_intents,
        )


def changes_from(rows: Sequence[Row], after: int) -> tuple[Entry, ...]:
    """position, columns, held, beside, seal, the seal before, header, opened seal: what is sound, up to what is not.

    Raises StoreError when that is the first of them: asked again from there on, a bookmark never skips it.
    """
    found: list[Entry] = []
    headers: dict[str, bool] = {}
    for expected, row in enumerate(rows, start=max(after, 0) + 1):
        try:
            found.append(_change(row, expected, headers))
        except StoreError:
            if not found:
                raise
            break
    return tuple(found)


def _change(row: Row, expected: int, headers: dict[str, bool]) -> Entry:
    """headers: order -> its header is as it was written, as far as known."""
    order_id, header = row[1], row[22:33]
    with readable(f"the entry at position {expected} (order {order_id})"):
        if row[0] != expected:
            raise BrokenError("it is missing")
        if order_id not in headers:
            headers[order_id] = header[0] == order_id and opened(header) == row[33]
        if not headers[order_id]:
            raise BrokenError("its order's header was changed")
        if seal(row[21], row[:20]) != row[20]:
            raise BrokenError("it was changed, or what it follows")
        return entry_from(row[:18], header[1])
