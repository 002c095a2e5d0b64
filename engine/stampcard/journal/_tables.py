"""The tables beside the entries, told anew from the entries and compared: open intents, commands, claims, lanes,
watches, personal data.

May live here: what each table must hold. May not: the entries' own seals (`_examined`). An order whose entries are
damaged is told already, and left out here: what its tables should hold nobody knows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from stampcard.journal._database import FAILURES
from stampcard.journal._examined import Examined, OrderSeen, Problem
from stampcard.journal._seals import standalone
from stampcard.journal._shared import PROMISES

__all__ = ["compare"]

Told: TypeAlias = dict[tuple[Any, ...], tuple[Any, ...]]
_STORED: Final = {
    "open_intents": ("SELECT order_id, intent, since_position FROM open_intents", 2, 0),
    "commands": ("SELECT command_id, order_id, digest FROM commands", 1, 1),
    "claims": ("SELECT tenant, provider, environment, provider_order_id, order_id FROM claims", 4, 4),
    "lanes": ("SELECT tenant, provider, environment, lane, order_id, intent FROM lanes", 4, 4),
    "watches": ("SELECT why, order_id, since_position FROM watches", 2, 1),
}
"""Table -> (its rows, how many columns are the key, which column is the order)."""
_KINDS: Final = frozenset(kind.value for kind in PROMISES)


@attrs.define
class _Tables:
    """What the entries say the tables hold: table -> key -> the other columns."""

    tables: dict[str, Told] = attrs.field(factory=lambda: {name: Told() for name in _STORED})
    held: set[tuple[Any, int]] = attrs.field(factory=set[tuple[Any, int]])
    watching: dict[tuple[Any, ...], list[tuple[int, int]]] = attrs.field(
        factory=dict[tuple[Any, ...], list[tuple[int, int]]]
    )
    """Where its watch was begun, or renewed, since an entry last ended it: versions of the order, and positions."""

    def follow(self, row: tuple[Any, ...], order: OrderSeen) -> None:
        position, order_id, version, kind, intent, command_id, digest, closes, owner, held, beside = row
        tables = self.tables
        if owner is not None and intent is not None:
            tables["open_intents"].setdefault((order_id, intent), (position,))
        for closed in json.loads(closes or "[]"):
            tables["open_intents"].pop((order_id, closed), None)
        if command_id is not None and kind in _KINDS:
            tables["commands"].setdefault((command_id,), (order_id, digest))
        if held:
            self.held.add((order_id, version))
        if beside is not None:
            self._beside(json.loads(beside), row, order)

    def _beside(self, taken: Mapping[str, list[Any]], row: tuple[Any, ...], order: OrderSeen) -> None:
        position, order_id, version = row[:3]
        for claim in taken.get("claims", []):
            self.tables["claims"].setdefault((*order.key, claim), (order_id,))
        for lane, intent in taken.get("lanes", []):
            self.tables["lanes"][(*order.key, lane)] = (order_id, intent)
        for why in taken.get("unwatch", []):
            self.watching.pop((why, order_id), None)
        for why in taken.get("watch", []):
            self.watching.setdefault((why, order_id), []).append((version, position))

    def watches(self, let_go: Mapping[tuple[Any, ...], int]) -> Told:
        """Each begins with the first entry since somebody let go of it; there is none where no entry followed."""
        since = {
            key: [at for version, at in made if version > let_go.get(key, 0)] for key, made in self.watching.items()
        }
        return {key: (made[0],) for key, made in since.items() if made}


def compare(connection: sqlite3.Connection, examined: Examined) -> list[Problem]:
    """Problems of an order are added to it; returned are those of none. Call it when everything is read."""
    told = _Tables()
    left_out = {order.order_id for order in examined.orders.values() if order.problems}
    for row in examined.rows:
        if row[1] not in left_out:
            told.follow(row, examined.orders[row[1]])
    problems: list[Problem] = []
    for table, (statement, keys, at) in _STORED.items():
        try:
            stored = {row[:keys]: row[keys:] for row in connection.execute(statement)}
            wanted = told.watches(_let_go(connection)) if table == "watches" else told.tables[table]
        except FAILURES:
            problems.append(Problem(code="file.pages", what=f"the table '{table}' cannot be read"))
            continue
        for key in stored.keys() | wanted.keys():
            owners = [(key + side[key])[at] for side in (wanted, stored) if key in side]
            if wanted.get(key) == stored.get(key) or not left_out.isdisjoint(owners):
                continue
            _tell(examined, problems, owners[0], table, key in stored)
    return problems + _personal(connection, examined, told, left_out)


def _let_go(connection: sqlite3.Connection) -> dict[tuple[Any, ...], int]:
    rows = connection.execute("SELECT why, order_id, version FROM let_go").fetchall()
    return {(why, order_id): version for why, order_id, version in rows}


def _tell(examined: Examined, problems: list[Problem], order_id: Any, table: str, stored: bool) -> None:
    order = examined.orders.get(order_id)
    how = "has a line that its entries do not tell of" if stored else "lacks a line that its entries tell of"
    if order is None:
        problems.append(Problem(code=f"table.{table}", what=f"the table '{table}' has a line of no order"))
    else:
        order.say(f"table.{table}", f"the table '{table}' {how}")


def _personal(connection: sqlite3.Connection, examined: Examined, told: _Tables, left_out: set[Any]) -> list[Problem]:
    problems: list[Problem] = []
    try:
        rows = connection.execute("SELECT order_id, version, subject, data, data_seal FROM personal").fetchall()
        erased: set[tuple[Any, ...]] = set(connection.execute("SELECT order_id, version FROM forgotten"))
    except FAILURES:
        return [Problem(code="file.pages", what="the table 'personal' cannot be read")]
    there: set[tuple[Any, int]] = set()
    for *row, data_seal in rows:
        key = (row[0], row[1])
        there.add(key)
        try:
            sound = standalone(tuple(row)) == data_seal and (key in told.held or row[0] in left_out)
        except ValueError:
            sound = False
        if not sound:
            _say(examined, problems, key, "was changed")
    for key in told.held - there - erased:
        _say(examined, problems, key, "is missing, and nobody erased it")
    return problems


def _say(examined: Examined, problems: list[Problem], key: tuple[Any, Any], what: str) -> None:
    order = examined.orders.get(key[0])
    if order is None:
        problems.append(Problem(code="table.personal", what="there is personal data of no order"))
    else:
        order.say("table.personal", f"the personal data of entry {key[1]} {what}")
