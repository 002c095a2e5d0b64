"""What a sender promises, whatever carries the bytes.

May live here: the two results of a send, the handle that aborts one. May not: a socket, a provider's name.

A sender makes ONE call, drives the auth hook around it, never retries, never follows a redirect, and returns; it
does not raise for anything the network does. `Failed(sent=False)` is a proof that no byte of the ORDER's request left
this machine (a token request of the auth hook that failed before it counts as proof too); without proof it is
`Failed(sent=True)`. The deadline is a real bound: no byte is sent, and none is waited for, after it; what the kernel
still holds of a call given up is dropped, so that no order arrives late on a line that comes back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

import attrs

from stampcard.wire import Response

__all__ = ["Call", "CredentialsRefusedError", "Failed", "Reply", "Sent"]


@attrs.frozen(kw_only=True)
class Reply:
    """The provider's whole answer."""

    response: Response


class CredentialsRefusedError(Exception):
    """An auth hook gives up before the order is sent: the provider does not accept our credentials."""


@attrs.frozen(kw_only=True)
class Failed:
    """No whole answer. sent: False only with proof that no request byte left. ours: our credentials are at fault."""

    why: str
    """For the log: the kind of failure. Never a URL, a header or a body: one provider has its key in the path."""
    sent: bool
    ours: bool = False


Sent: TypeAlias = Reply | Failed


class Call:
    """One call under way: its hard end on the monotonic clock, and the means to end it sooner.

    deadline: seconds on `time.monotonic()`. A sender asks `remaining()` before every socket operation and registers
    how to shut its socket with `on_abort`; `abort()` may come from any thread and at any time, also before the start.
    """

    def __init__(self, deadline: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._deadline = deadline
        self._monotonic = monotonic
        self._lock = threading.RLock()  # an abort may come from a signal handler inside `on_abort`
        self._closers: list[Callable[[], None]] = []
        self._aborted = False

    @property
    def deadline(self) -> float:
        return self._deadline

    @property
    def aborted(self) -> bool:
        return self._aborted

    def remaining(self) -> float:
        """Seconds left; 0.0 when the call is over or aborted."""
        return 0.0 if self._aborted else max(0.0, self._deadline - self._monotonic())

    def on_abort(self, close: Callable[[], None]) -> None:
        """Register how to end the socket operation under way; called at once if already aborted."""
        with self._lock:
            if not self._aborted:
                self._closers.append(close)
                return
        close()

    def abort(self) -> None:
        """End the call now: no further byte leaves, and a waiting read returns."""
        with self._lock:
            self._aborted = True
            closers, self._closers = self._closers, []
        for close in closers:
            close()
