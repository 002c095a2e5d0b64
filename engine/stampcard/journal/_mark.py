"""The high-water mark: how far the journal had come, kept in a small file beside it.

May live here: the mark's file, what it says, whether a journal agrees with it. May not: an order, who accepts what.

A lost `-wal` takes the last commits with it and leaves a perfectly sound, older database: only something outside can
tell. `<journal>.mark` holds the highest position and its entry's seal, and where the journal lies. It is written after
each commit and never waited for: it may lag behind by a commit that was not yet told to it (never be ahead), so it
never accuses a sound journal. Two records, in turns: a power cut while one is written leaves the other.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from platform import node
from typing import Final

import attrs

from stampcard.journal._files import private_file
from stampcard.journal._seals import SIZE

__all__ = ["ANY", "Claim", "Mark", "disagreement", "highest", "mark_of", "place_of"]

ANY: Final = "0" * 32
"""The journal's id in the mark of a file that has none yet."""
_SLOT: Final = 4096
_WORDS: Final = "stampcard-mark 1"


@attrs.frozen
class Place:
    """Where a journal lies: hashes of the machine's name and of the path, and the file's number on its disk."""

    machine: str
    path: str
    inode: int

    def copied_from(self, other: Place) -> bool:
        """Another file than `other`, as far as can be told: some file systems number their files anew each time."""
        return self.inode != other.inode and (self.machine != other.machine or self.path != other.path)


@attrs.frozen
class Claim:
    """What a mark says: this journal, there, had an entry of that seal at that position. torn: half of it is lost."""

    journal_id: str
    place: Place
    position: int
    seal: bytes
    torn: bool = False


def mark_of(journal: Path) -> Path:
    """Where its mark is."""
    return journal.with_name(journal.name + ".mark")


def place_of(journal: Path) -> Place:
    """Where the journal lies now."""
    try:
        inode = journal.stat().st_ino
    except OSError:
        inode = 0
    return Place(_machine(), _hash(os.fsencode(journal)), inode)


@cache
def _machine() -> str:
    name = b""
    if sys.platform == "linux":  # a container's host name changes whenever it is made anew
        with suppress(OSError):
            name = Path("/etc/machine-id").read_bytes().strip()
    else:
        name = node().encode()
    return _hash(name)


def _hash(text: bytes) -> str:
    return blake2b(text, digest_size=8).hexdigest()


class Mark:
    """The mark's file, opened to be written. Not shared between threads."""

    def __init__(self, journal: Path) -> None:
        self._path = mark_of(journal)
        self._place = place_of(journal)
        self._handle = -1
        self._before = ""
        self._slot = 1
        self.position = 0

    def begin(self, journal_id: str, position: int, seal: bytes) -> None:
        """Write it whole, and wait for the disk: from then on its size never changes. Raises OSError, StoreError."""
        self.close()
        private_file(self._path)
        self._handle = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        place = self._place
        self._before = f"{_WORDS} {journal_id} {place.machine} {place.path} {place.inode:016x} "
        for slot in (0, 1):
            self._write(slot, position, seal)
        os.fsync(self._handle)
        _sync_folder(self._path.parent)
        self.position = position

    def put(self, position: int, seal: bytes) -> None:
        """After a commit. A disk that refuses it refuses the next commit too: that one is told."""
        if position > self.position:
            self.position, self._slot = position, 1 - self._slot
            try:
                self._write(self._slot, position, seal)
            except OSError:
                return

    def _write(self, slot: int, position: int, seal: bytes) -> None:
        text = f"{self._before}{position:016x} {seal.hex()} ".encode()
        line = b"%b%b\n" % (text, _hash(text).encode())
        if sys.platform == "win32":
            os.lseek(self._handle, slot * _SLOT, os.SEEK_SET)
            os.write(self._handle, line)
        else:
            os.pwrite(self._handle, line, slot * _SLOT)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _sync_folder(folder: Path) -> None:
    """So that the new file's name survives a power cut, too. Windows has no such call, and needs none."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(journal: Path) -> Claim | None:
    """What the journal's mark says, or None: there is none, or none that can be read."""
    try:
        with mark_of(journal).open("rb") as file:
            content = file.read(2 * _SLOT)
    except OSError:
        return None
    claims = [claim for claim in (_parsed(content[:_SLOT]), _parsed(content[_SLOT:])) if claim is not None]
    if len(claims) == 1:
        return attrs.evolve(claims[0], torn=True)
    return max(claims, key=lambda claim: claim.position, default=None)


def _parsed(slot: bytes) -> Claim | None:
    line = slot.partition(b"\n")[0]
    text, _, check = line.rpartition(b" ")
    if _hash(text + b" ").encode() != check:
        return None
    try:
        _, one, journal_id, machine, path, inode, position, seal = text.decode("ascii").split(" ")
        claim = Claim(journal_id, Place(machine, path, int(inode, 16)), int(position, 16), bytes.fromhex(seal))
    except ValueError:
        return None
    return claim if one == "1" and len(claim.seal) == SIZE else None


def highest(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """The last entry's position and seal; nothing written yet is position 0. Raises sqlite3.Error."""
    found = connection.execute("SELECT position, seal FROM entries ORDER BY position DESC LIMIT 1").fetchone()
    return (0, bytes(SIZE)) if found is None else (found[0], found[1] or bytes(SIZE))


def disagreement(claim: Claim | None, connection: sqlite3.Connection, journal: Path) -> str | None:
    """Why the journal is not to be trusted as it is, or None. Raises sqlite3.Error."""
    (journal_id,) = connection.execute("SELECT id FROM journal").fetchone()
    position, _ = highest(connection)
    if claim is None:
        return f"its mark is missing or damaged ({mark_of(journal).name}): entries may be missing" if position else None
    if claim.journal_id == ANY:
        return None
    if claim.journal_id != journal_id:
        return "its mark is another journal's: this file was put in its place"
    if claim.position > position:
        return (
            f"its last entries are missing: it has {position}, and had {claim.position} or more "
            "(a -wal file was lost or cut, or an older copy was restored)"
        )
    if claim.torn and claim.position == position:
        # A power cut tears the record that is being written, whose commit is on the disk: then there is one more.
        return "half of its mark is damaged, and its very last entries may be missing"
    if claim.position:
        found = connection.execute("SELECT seal FROM entries WHERE position = ?", (claim.position,)).fetchone()
        if found is None or found[0] != claim.seal:
            return f"its entries are not those it had (entry {claim.position} is another)"
    if place_of(journal).copied_from(claim.place):
        return "this file is a copy: it was last used at another place, where it may still be in use"
    return None
