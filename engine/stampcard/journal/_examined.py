"""A journal's orders and entries, read whole from a file that may be damaged anywhere.

May live here: getting at every row that can be got at, and holding each against its seal. May not: tables beside the
entries (`_tables`), a failure: what cannot be read is counted and told.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import attrs

from stampcard.journal._database import FAILURES
from stampcard.journal._rows import ENTRY_COLUMNS, HEADER_COLUMNS
from stampcard.journal._seals import opened, seal
from stampcard.journal.contract import StoreError
from stampcard.model import EntryKind

__all__ = ["Examined", "OrderCheck", "OrderSeen", "Problem", "plain"]

Row: TypeAlias = tuple[Any, ...]
_BATCH: Final = 500
_LEAST_BYTES: Final = 24
"""No entry takes less room in a file."""
_PROBED: Final = 1_000_000
"""Numbers tried one by one where nothing tells how many there were."""
_MOST: Final = 12
"""Problems of one order that are told one by one."""
_ORDERS: Final = f"""
    SELECT number, {HEADER_COLUMNS}, opened_seal, last_version, last_seal FROM orders
    WHERE number > ? ORDER BY number LIMIT ?"""  # noqa: S608  constants only
_ENTRIES: Final = f"""
    SELECT position, {ENTRY_COLUMNS}, held, beside, seal FROM entries
    WHERE position > ? ORDER BY position LIMIT ?"""  # noqa: S608  constants only


@attrs.frozen(kw_only=True)
class Problem:
    """Something is not as it was written. code: stable. what: in words that quote nothing of the content."""

    code: str
    what: str


@attrs.frozen(kw_only=True)
class OrderCheck:
    """An order that is not as it was written, and how far it can be trusted.

    entries: there are so many; promised: there were so many, as its header counts (None: it cannot be read). sound: so
    many from the first on are as they were written, and after them the order was in `state`, at `at`.
    """

    order_id: str
    provider: str | None
    entries: int
    promised: int | None
    sound: int
    state: str | None
    at: str | None
    problems: tuple[Problem, ...]


@attrs.define
class OrderSeen:
    """One order while its entries go by."""

    order_id: str
    provider: str | None = None
    key: tuple[str, str, str] = ("", "", "")
    """(tenant, provider, environment)."""
    promised: int | None = None
    last_seal: bytes | None = None
    before: bytes | None = None
    """The seal the next entry follows, as stored."""
    version: int = 0
    entries: int = 0
    sound: int = 0
    state: str | None = None
    at: str | None = None
    problems: list[Problem] = attrs.field(factory=list[Problem])

    def say(self, code: str, what: str) -> None:
        if len(self.problems) < _MOST:
            self.problems.append(Problem(code=code, what=what))

    def told(self) -> OrderCheck:
        return OrderCheck(
            order_id=plain(self.order_id),
            provider=self.provider,
            entries=self.entries,
            promised=self.promised,
            sound=self.sound,
            state=self.state,
            at=self.at,
            problems=tuple(self.problems),
        )


def plain(value: object) -> str:
    """A stored cell as text that any console and JSON take."""
    text = value if isinstance(value, str) else f"<{type(value).__name__}>"
    return text.encode("utf-8", "replace").decode()


@attrs.define
class Examined:
    """Everything that was found. size: of the file, which bounds what can be in it. marked: what its mark promises."""

    connection: sqlite3.Connection
    size: int
    marked: int
    progress: Callable[[int, int], None] | None = None
    orders: dict[Any, OrderSeen] = attrs.field(factory=dict[Any, OrderSeen])
    rows: list[Row] = attrs.field(factory=list[Row])
    """(position, order id, version, kind, intent, command id, digest, closes, owner, held, beside) of sound entries."""
    entries: int = 0
    promised: int = 0
    problems: list[Problem] = attrs.field(factory=list[Problem])

    def read(self) -> None:
        """Orders first, then every entry in order of position."""
        for row in self._every(_ORDERS, "orders"):
            self._meets_order(row)
        self.promised = sum(order.promised or 0 for order in self.orders.values())
        last = 0
        for row in self._every(_ENTRIES, "entries"):
            if row[0] != last + 1:
                self._gap(last + 1, row[0] - 1)
            last = row[0]
            self._meets_entry(row)
        if last < self.promised:
            self._gap(last + 1, self.promised)
        for order in self.orders.values():
            self._ends(order)

    def damaged(self) -> tuple[OrderCheck, ...]:
        """Orders with a problem."""
        return tuple(order.told() for order in self.orders.values() if order.problems)

    def _gap(self, first: int, last: int) -> None:
        if len(self.problems) < _MOST:
            which = f"entry {first} of the journal is" if first == last else f"entries {first} to {last} are"
            self.problems.append(Problem(code="position.missing", what=f"{which} missing"))

    def _meets_order(self, row: Row) -> None:
        _, *header, opened_seal, last_version, last_seal = row
        order_id = header[0]
        seen = OrderSeen(order_id=order_id, provider=plain(header[1]), before=opened_seal, last_seal=last_seal)
        seen.key = (plain(header[3]), plain(header[1]), plain(header[2]))
        if order_id in self.orders:
            self.orders[order_id].say("order.twice", "there are two headers of it")
            return
        self.orders[order_id] = seen
        if isinstance(last_version, int) and 0 < last_version <= self.size // _LEAST_BYTES:
            seen.promised = last_version
        else:
            seen.say("order.header", "its count of entries cannot be read")
        if not _sealed(lambda: opened(tuple(header)), opened_seal):
            seen.say("order.header", "its header was changed")

    def _meets_entry(self, row: Row) -> None:
        self.entries += 1
        if self.progress is not None and self.entries % _BATCH == 0:
            self.progress(self.entries, self.promised)
        order_id, version = row[1], row[2]
        order = self.orders.get(order_id)
        if order is None:
            order = self.orders[order_id] = OrderSeen(order_id=order_id)
            order.say("order.header", "its header is missing")
        order.entries += 1
        if not isinstance(version, int) or version < order.version + 1:
            order.say("entry.twice", f"there is a second entry {plain(str(version))}, or one out of its order")
            return
        if version > order.version + 1:
            first, last = order.version + 1, version - 1
            which = f"entry {first} is" if first == last else f"entries {first} to {last} are"
            order.say("entry.missing", f"{which} missing")
            order.before = None  # what it follows is not there to be held against
        order.version = version
        following, order.before = order.before, row[-1]
        if following is None:
            return
        if not _sealed(lambda: seal(following, row[:-1]), row[-1]):
            order.say("entry.changed", f"entry {version} was changed")
            return
        if not _makes_sense(row):
            order.say("entry.unknown", f"entry {version} is of a kind this release does not know")
            return
        if not order.problems:
            order.sound, order.state, order.at = version, plain(row[5]), plain(row[6])
        self.rows.append((*row[:4], row[9], row[10], row[11], row[13], row[14], *row[18:20]))

    def _ends(self, order: OrderSeen) -> None:
        if order.promised is not None and order.version < order.promised:
            first, last = order.version + 1, order.promised
            which = f"its last entry ({last}) is" if first == last else f"its last entries ({first} to {last}) are"
            order.say("entry.missing", f"{which} missing")
        elif not order.problems and (order.version != order.promised or order.before != order.last_seal):
            order.say("order.header", "its header does not fit its entries")

    def _every(self, statement: str, table: str) -> Iterator[Row]:
        """Rows by their number, upwards; around a page that cannot be read, row by row."""
        last, most = 0, self.size // _LEAST_BYTES + 1
        for _ in range(most):
            trouble, until = False, last + _BATCH
            try:
                rows = self.connection.execute(statement, (last, _BATCH)).fetchall()
            except FAILURES:
                trouble, rows = True, self._one_by_one(statement, last, until)
                self._unreadable(table)
            for row in rows:
                if not isinstance(row[0], int) or not last < row[0]:
                    self._unreadable(table)
                    return
                last = row[0]
                yield row
            if trouble:
                last = until
            if last > (max(self.promised, self.marked) or min(most, _PROBED)) if trouble else not rows:
                return

    def _one_by_one(self, statement: str, last: int, until: int) -> list[Row]:
        found: list[Row] = []
        single = statement.replace("> ?", "= ?")
        for number in range(last + 1, until + 1):
            try:
                found += self.connection.execute(single, (number, 1)).fetchall()
            except FAILURES:
                continue
        return found

    def _unreadable(self, table: str) -> None:
        told = Problem(code="file.pages", what=f"pages of the table '{table}' cannot be read")
        if told not in self.problems:
            self.problems.append(told)


def _sealed(made: Callable[[], bytes], stored: object) -> bool:
    try:
        return made() == stored
    except (ValueError, TypeError, OverflowError):
        return False


def _makes_sense(row: Row) -> bool:
    try:
        EntryKind(row[3])
        json.loads(row[13] or "[]")
    except (ValueError, RecursionError, StoreError):
        return False
    return True
