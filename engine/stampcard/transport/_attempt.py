"""One request on its way: how long it may take, whether a byte of it left, and how to cut it.

May live here: what a sender and its own transport tell each other about one attempt, and the silence kept in foreign
logs while one is under way. May not: a socket, a URL, a judgement about the order (that is `_exchange`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from stampcard.transport.contract import Call

__all__ = ["Attempt", "current", "hush", "under_way"]

_LONGEST: Final = 86_400.0
"""Seconds: a socket refuses an infinite timeout."""


def _unbroken() -> None:
    return None


class Attempt:
    """What is known of one request of the flow while it travels.

    wrote: evidence from a transport of ours: could a byte of this request have left? None: a foreign transport cannot
    say, and its exception is judged instead.
    sent: the conclusion; it starts at the worst.
    heard: our own sockets received something during this attempt.
    broke: how the connection ended, where the library below takes a reset for the end of a body.
    encrypted: the request travels inside TLS, so bytes on a bare socket are a proxy's CONNECT, never the request's.
    """

    __slots__ = ("_cut", "_guard", "broke", "call", "encrypted", "heard", "sent", "wrote")

    def __init__(self, call: Call, *, encrypted: bool) -> None:
        self.call = call
        self.encrypted = encrypted
        self.wrote: bool | None = None
        self.broke: Callable[[], BaseException | None] = _unbroken
        self.sent = True
        self.heard = False
        self._guard = threading.RLock()  # an abort may come from a signal handler inside `hold`
        self._cut: Callable[[], None] | None = None

    def remaining(self) -> float:
        return min(self.call.remaining(), _LONGEST)

    def hold(self, cut: Callable[[], None]) -> None:
        """From now on `cut` is how to end the operation under way. Ask `remaining()` after holding, not before."""
        with self._guard:
            self._cut = cut

    def let_go(self) -> None:
        """The connection may serve someone else from now on: a late cut must not reach it."""
        with self._guard:
            self._cut = None

    def cut(self) -> None:
        """End the operation under way. From any thread."""
        with self._guard:
            if self._cut is not None:
                self._cut()


current: Final[ContextVar[Attempt | None]] = ContextVar("stampcard_attempt", default=None)
"""The attempt of this thread or task: httpcore hands its network backend neither request nor deadline."""


@contextmanager
def under_way(attempt: Attempt) -> Generator[None, None, None]:
    token = current.set(attempt)
    try:
        yield
    finally:
        current.reset(token)


class _Hush(logging.Filter):
    """Drops what an HTTP library logs during our calls: at DEBUG that is headers, and one key sits in the URL."""

    def filter(self, record: logging.LogRecord) -> bool:
        return current.get() is None


_HUSH: Final = _Hush()
# A filter is only asked by the very logger that records, never by its parents: hence every name.
_TALKATIVE: Final = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
    *(f"aiohttp.{part}" for part in ("client", "internal")),
)


def hush() -> None:
    """Keep those libraries silent during our calls, and only then. Levels and handlers stay the host's own."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_HUSH)
