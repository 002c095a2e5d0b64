"""The journal's files: where they may lie, who may read them, and one process at a time at the door.

May live here: paths, permissions, mounts, lock files. May not: SQL, what the files hold.

POSIX: every file is created with mode 0600 whatever the umask, and one found wider is narrowed. Windows has no such
modes: files inherit the access list of their folder, so there put the journal in a folder of the till's own account.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from stampcard.journal.contract import StoreError

__all__ = ["acquired", "locked", "network_mount", "private_file", "private_folder", "settled"]

# 9p, vboxsf: a host's folder seen by a guest; it cannot share memory between processes, which WAL needs.
_NETWORK: Final = re.compile(
    r"9p|afs|acfs|beegfs|ceph|cifs|coda|davfs|fhgfs|gfs2|glusterfs|gpfs|lustre|moosefs|ncpfs|nfs4?|ocfs2|orangefs|pvfs2"
    r"|smb3|smbfs|vboxsf"
    r"|fuse\.(ceph|cephfs|davfs|gcsfuse|glusterfs|goofys|juicefs|mfs|moosefs|quobyte|rclone|s3fs|seaweedfs|sshfs)"
)


def settled(where: str | Path) -> Path:
    """The journal's one true path: links followed, so that two names of a file share its locks. Raises StoreError."""
    path = Path(where).expanduser()
    try:
        path = path.resolve()
        if not path.parent.is_dir():
            raise StoreError(f"the folder {path.parent} does not exist: create it before the journal in it")
        if path.exists() and not path.is_file():
            raise StoreError(f"{path} is not a file")
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle; ValueError: a NUL in it
        raise StoreError(f"the journal's path cannot be used ({type(error).__name__})") from None
    if (kind := _network_filesystem(path)) is not None:
        raise StoreError(
            f"{path} is on a network file system ({kind}): its locks do not hold between machines, and orders would be "
            "lost. Put the journal on a disk of this machine."
        )
    return path


def _network_filesystem(path: Path) -> str | None:
    """Its kind when the path is known to be on another machine; None when it is not, or nobody can tell (macOS)."""
    if sys.platform == "win32":
        return "UNC path" if _is_unc(str(path)) else None
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None  # no Linux, or no /proc: allowed, as documented
    return network_mount(mounts, path)


def _is_unc(path: str) -> bool:
    r"""\\server\share, also written \\?\UNC\server\share; but \\?\C:\ and \\.\C:\ are local."""
    text = path.replace("/", "\\").upper()
    return text.startswith("\\\\?\\UNC\\") or (text.startswith("\\\\") and not text.startswith(("\\\\?\\", "\\\\.\\")))


def network_mount(mountinfo: str, path: Path) -> str | None:
    """The file system of `path` when it is a networked one, from the text of Linux's /proc/self/mountinfo."""
    depth, kind = -1, ""
    for line in mountinfo.splitlines():
        left, separator, right = line.partition(" - ")
        fields, after = left.split(" "), right.split(" ")
        if not separator or len(fields) < 5:
            continue
        mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        # The deepest mount holds the path; of two on one place the later hides the earlier.
        if path.is_relative_to(mount) and len(mount.parts) >= depth:
            depth, kind = len(mount.parts), after[0]
    return kind if _NETWORK.fullmatch(kind) else None


def private_file(path: Path) -> None:
    """Make sure the file exists and only its owner may read it.

    An existing file is never opened here: POSIX drops all of a process's locks on a file when it closes any handle of
    it, those of an open SQLite connection included.
    """
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except FileExistsError:
        _narrow(path, 0o600)
        return
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        if sys.platform != "win32":
            os.fchmod(handle, 0o600)  # a umask can only take away: without this an odd one would lock us out
    finally:
        os.close(handle)


def private_folder(path: Path) -> None:
    """Make sure the folder exists and only its owner may enter."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error) from None
    _narrow(path, 0o700)


def _narrow(path: Path, mode: int) -> None:
    if sys.platform == "win32":
        return
    try:
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)
    except FileNotFoundError:
        return  # a -wal or -shm that its last user just removed
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be used: {error.strerror or type(error).__name__}")


def acquired(path: Path, timeout: float = 0.0) -> BaseFileLock | None:
    """The operating system's lock on the file, or None when another holder has it until the timeout."""
    private_file(path)
    # thread_local=False: whoever closes the journal may be another thread than the one that opened it.
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=timeout, poll_interval=0.01)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        raise StoreError(f"{path} cannot be locked ({type(error).__name__})") from None
    if _outlives_its_process(lock):
        lock.release()
        raise StoreError(f"the file system of {path} has no locks: a dead till could not be told from a living one")
    return lock


def _outlives_its_process(lock: BaseFileLock) -> bool:
    """Where the file system has no locks, some releases of filelock turn into this: a mere file."""
    return isinstance(lock, SoftFileLock)


@contextmanager
def locked(path: Path, timeout: float) -> Generator[None, None, None]:
    """One at a time, among all threads and processes of this machine. Raises StoreError when it takes too long."""
    lock = acquired(path, timeout)
    if lock is None:
        raise StoreError(f"another process held {path} for more than {timeout:g} s")
    try:
        yield
    finally:
        lock.release()
