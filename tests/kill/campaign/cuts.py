"""The journal's files after a kill: checked as a whole, then cut short in the middle to see what is said of them.

All of it at the journal's own place, since a copy elsewhere is another journal; what the kill left is put back after.

May live here: copies, cuts, and what a file must hold. May not: a process.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from stampcard.journal import check, open_journal
from stampcard.journal.contract import Record, StoreError
from stampcard.journal.fold import fold
from stampcard.model import Entry
from stampcard.simulate import Draw
from stampcard.simulate.invariants import still_open

__all__ = ["Held", "LostError", "Told", "WrongError", "aside", "cut", "held", "kept", "sound"]

Told: TypeAlias = Mapping[str, Mapping[int, str]]
"""Order -> version -> the state a cashier was told."""
_PAGE: Final = 500
_SUFFIXES: Final = ("", "-wal", ".mark")


class WrongError(Exception):
    """The promise is broken: what is said is what is wrong."""


class LostError(WrongError):
    """What was told is not there."""


@attrs.frozen
class Held:
    """All that a file holds."""

    entries: tuple[Entry, ...]
    records: Mapping[str, Record]


@contextmanager
def aside(journal: Path, folder: Path) -> Generator[Callable[[], None], None, None]:
    """Whatever is done to the files in the block, they are afterwards as the killed process left them.

    Gives what puts them back at once. Nobody else may have them open.
    """
    folder.mkdir()
    files = {Path(f"{journal}{suffix}"): folder / f"kept{suffix}" for suffix in _SUFFIXES}
    for mine, kept in files.items():
        if mine.exists():
            shutil.copyfile(mine, kept)

    def back() -> None:
        Path(f"{journal}-shm").unlink(missing_ok=True)  # it is made from the others
        for mine, kept in files.items():
            if kept.exists():
                shutil.copyfile(kept, mine)
            else:
                mine.unlink(missing_ok=True)

    try:
        yield back
    finally:
        back()
        shutil.rmtree(folder)


def held(journal_file: Path) -> Held:
    """Everything in the file, read as a till would. Raises StoreError when it cannot be, WrongError when it lies."""
    with closing(open_journal(journal_file)) as journal:
        entries: list[Entry] = []
        while page := journal.changes(after=entries[-1].position if entries else 0, limit=_PAGE):
            entries += page
        records: dict[str, Record] = {}
        for summary in journal.find(limit=1_000_000):
            record = journal.load(summary.header.order_id)
            if record is None:
                raise WrongError(f"order {summary.header.order_id} is listed, and is not there")
            fold(record)
            records[summary.header.order_id] = record
        opened = set(journal.open_orders())
    if sum(record.version for record in records.values()) != len(entries):
        raise WrongError("the feed of changes and the orders do not hold the same entries")
    odd = opened ^ {order_id for order_id, record in records.items() if still_open(record)}
    if odd:
        raise WrongError(f"listed as open or open by their histories, not both: {sorted(odd)}")
    return Held(tuple(entries), records)


def sound(journal: Path) -> None:
    """The journal's own check of every byte, SQLite's included. Raises WrongError."""
    report = check(journal)
    if not report.ok:
        raise WrongError(f"the check finds it damaged: {report.doubt} {report.problems[:3]} {report.damaged[:3]}")


def kept(whole: Held, told: Told) -> None:
    """Whatever a cashier was told is in the file. Raises LostError."""
    for order_id, versions in told.items():
        record = whole.records.get(order_id)
        for version, state in versions.items():
            if record is None or record.version < version:
                raise LostError(f"order {order_id}: version {version}, '{state}', was told and is lost")
            if record.entries[version - 1].state != state:
                raise LostError(f"order {order_id}: '{state}' was told at {version}, which is another now")


def cut(journal: Path, whole: Held, told: Told, draw: Draw) -> str:
    """The files cut short and opened: what came of it, in a word. Raises WrongError for a loss nobody is told of."""
    log = Path(f"{journal}-wal")
    victim = draw.pick([one for one in (journal, log) if one.exists() and one.stat().st_size])
    name, size = ("log" if victim == log else "file"), victim.stat().st_size
    keep = draw.below(size)
    with victim.open("r+b") as handle:
        handle.truncate(keep)
    report = check(journal)
    where = f"the {name} cut at {keep} of {size} bytes"
    try:
        left = held(journal)
    except StoreError:
        if report.ok:
            raise WrongError(f"{where} is refused, and the check finds nothing") from None
        return f"{name} cut: refused, and the check says why"
    except WrongError as wrong:
        raise WrongError(f"{where} opens: {wrong}") from None
    if left.entries != whole.entries[: len(left.entries)]:
        raise WrongError(f"{where} opens, and holds what was never written")
    try:
        kept(left, told)
    except LostError as lost:
        raise LostError(f"{where} opens: {lost}") from None
    if len(left.entries) == len(whole.entries):
        return f"{name} cut: opens, and nothing is lost"
    return f"{name} cut: opens, and only what nobody was told is lost"
