"""Who makes calls, and whether that process still lives.

May live here: owner names, the locks that prove life, the machine's boot. May not: SQL, orders, clocks of calls.

An owner holds the operating system's lock on a file of its own, `<journal>.owners/<owner>`. The system lets go of the
lock the moment the process dies, SIGKILL included, so there is no heartbeat to miss and no time-out to guess. Deleting
the folder by hand makes every owner look dead: do not, while a till runs.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from filelock import BaseFileLock

from stampcard.journal._files import acquired, locked, private_folder
from stampcard.journal.contract import StoreError

__all__ = ["Owners", "boot_id", "mint"]

_NAME: Final = re.compile(r"[0-9a-f]{32}")

_here: Final[dict[str, int]] = {}
"""Living owners of this process, with its pid (a forked child inherits the dict, but owns none of them). Needed because
a process cannot ask the operating system about its own locks the same way on every platform."""


def mint() -> str:
    """A new owner's name."""
    return uuid.uuid4().hex


class Owners:
    """The owners of one journal file."""

    def __init__(self, journal: Path, timeout: float) -> None:
        self._folder = journal.with_name(journal.name + ".owners")
        self._door = journal.with_name(journal.name + ".lock")
        self._timeout = timeout
        self._guard = threading.Lock()
        self._held: dict[str, BaseFileLock] = {}
        self._closed = False

    def enrol(self) -> str:
        """A new owner, alive until `close` or the end of this process. Raises StoreError."""
        with self._guard:
            if self._closed:
                raise StoreError("the journal is closed")
            private_folder(self._folder)
            name = mint()
            # Behind the door, else a sweep could take the new file for a dead owner's before it is locked.
            with locked(self._door, self._timeout):
                lock = acquired(self._folder / name)
            if lock is None:
                raise StoreError("a new owner's lock was already held")
            self._held[name] = lock
            _here[name] = os.getpid()
            return name

    def alive(self, owner: str) -> bool:
        """Whether the owner's process lives and still has its journal open. Raises StoreError."""
        if _here.get(owner) == os.getpid():
            return True
        if not _NAME.fullmatch(owner) or not self._exists(owner):
            return False  # not a name of ours, or closed, or swept away
        # Behind the door: trying the lock means holding it for a moment, and a second asker would call that a life.
        with locked(self._door, self._timeout):
            return self._exists(owner) and not self._dead(owner)

    def sweep(self, keep: Collection[str]) -> None:
        """Remove the files of dead owners that no open intent refers to. Call it behind the door."""
        if not self._folder.is_dir():
            return
        for name in os.listdir(self._folder):  # noqa: PTH208  names are wanted, not paths
            if _NAME.fullmatch(name) and name not in keep and _here.get(name) != os.getpid() and self._dead(name):
                self._remove(name)

    def close(self) -> None:
        """These owners make no more calls."""
        with self._guard:
            self._closed = True
            for name, lock in self._held.items():
                _here.pop(name, None)
                lock.release()
                self._remove(name)
            self._held.clear()

    def _exists(self, name: str) -> bool:
        return (self._folder / name).exists()

    def _dead(self, name: str) -> bool:
        lock = acquired(self._folder / name)
        if lock is None:
            return False
        lock.release()
        return True

    def _remove(self, name: str) -> None:
        with suppress(OSError):  # a left-over empty file harms nobody: the next opening tries again
            (self._folder / name).unlink(missing_ok=True)


@cache
def boot_id() -> str:
    """The same text in every process until the machine restarts: monotonic clocks compare only within one boot.

    Linux, macOS and Windows tell it themselves. Elsewhere, or when they do not, it is the moment of the boot, wall
    clock minus monotonic, rounded to ten minutes: setting the clock by more than that looks like another boot, and so,
    rarely, does a smaller change near the edge of a rounding.
    """
    try:
        told = _told_boot_id()
    except (OSError, AttributeError, ValueError):
        told = ""
    return told or f"about-{round((time.time() - time.monotonic()) / 600)}"


def _told_boot_id() -> str:
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    if sys.platform == "darwin":
        import ctypes  # 10 ms, and only here

        text = ctypes.create_string_buffer(64)
        size = ctypes.c_size_t(len(text))
        if ctypes.CDLL(None).sysctlbyname(b"kern.bootsessionuuid", text, ctypes.byref(size), None, 0) == 0:
            return text.value.decode("ascii")
    if sys.platform == "win32":
        import winreg

        name = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, name) as key:
            return f"boot-{winreg.QueryValueEx(key, 'BootId')[0]}"
    return ""
