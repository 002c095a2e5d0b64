"""A journal of an older release, sealed as it is: once, in the transaction that brings its schema up.

May live here: what the script 0004 cannot say in SQL. May not: a rule of today's appends.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from stampcard.journal._rows import ENTRY_COLUMNS, HEADER_COLUMNS
from stampcard.journal._seals import opened, seal, standalone

__all__ = ["seal_what_is_there"]

_ORDERS: Final = f"SELECT {HEADER_COLUMNS} FROM orders ORDER BY number"  # noqa: S608  constants only
_ENTRIES: Final = f"""
    SELECT position, {ENTRY_COLUMNS}, EXISTS (
        SELECT 1 FROM personal WHERE personal.order_id = entries.order_id AND personal.version = entries.version)
    FROM entries WHERE order_id = ? ORDER BY version"""  # noqa: S608  constants only
_TAKEN: Final = {
    "claims": "SELECT provider_order_id FROM claims WHERE order_id = ?",
    "lanes": "SELECT lane, intent FROM lanes WHERE order_id = ?",
    "watch": "SELECT why FROM watches WHERE order_id = ?",
}


def seal_what_is_there(connection: sqlite3.Connection) -> None:
    """What an append took besides its entries was not kept then: the order's last entry tells all of it.

    An order that cannot be read stays unsealed, and is refused when it is asked for. Raises sqlite3.Error.
    """
    strict, connection.text_factory = connection.text_factory, _as_stored
    try:
        for order_id, *rest in connection.execute(_ORDERS).fetchall():
            try:
                _seal_order(connection, (order_id, *rest))
            except ValueError:  # text that is none: a damaged cell
                continue
        for row in connection.execute("SELECT order_id, version, subject, data FROM personal").fetchall():
            try:
                made = standalone(row)
            except ValueError:
                continue
            connection.execute("UPDATE personal SET data_seal = ? WHERE (order_id, version) = (?, ?)", (made, *row[:2]))
        (row,) = connection.execute("SELECT id, created_at FROM journal").fetchall()
        connection.execute("UPDATE journal SET seal = ?", (standalone(row),))
    finally:
        connection.text_factory = strict


def _as_stored(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _seal_order(connection: sqlite3.Connection, header: tuple[Any, ...]) -> None:
    order_id = header[0]
    first = last = opened(header)
    rows = connection.execute(_ENTRIES, (order_id,)).fetchall()
    taken = {name: connection.execute(statement, (order_id,)).fetchall() for name, statement in _TAKEN.items()}
    plain = {name: [row if name == "lanes" else row[0] for row in rows] for name, rows in taken.items() if rows}
    beside, made = None, list[tuple[int, str | None, bytes, int]]()
    for row in rows:
        if row is rows[-1] and plain:
            beside = json.dumps(plain)
        last = seal(last, (*row, beside))
        made.append((row[-1], beside, last, row[0]))
    connection.executemany("UPDATE entries SET held = ?, beside = ?, seal = ? WHERE position = ?", made)
    count = rows[-1][2] if rows else 0
    connection.execute(
        "UPDATE orders SET opened_seal = ?, last_version = ?, last_seal = ? WHERE order_id = ?",
        (first, count, last, order_id),
    )
