"""The sync transport of our own: httpcore's pool over sockets that know their deadline.

May live here: httpcore's pool, and its exceptions turned into httpx's. May not: a socket operation, a judgement.
Imported only when a `SyncSender` gets no transport.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from stampcard.transport._attempt import Attempt, current
from stampcard.transport._settings import KEEP_IDLE, Proxy
from stampcard.transport._socket import DeadlineBackend

__all__ = ["DeadlineTransport"]


@contextmanager
def _as_httpx() -> Generator[None, None, None]:
    """httpcore's exceptions as httpx's of the same name, without a text of theirs: it may quote a header."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
    ) as error:
        name = type(error).__name__
        same: type[httpx.TransportError] = getattr(httpx, name, httpx.TransportError)
        raise same(name) from error


class _Gate:
    """Places in the pool. httpcore waits for one deaf to any abort, so waiting happens here, before it."""

    def __init__(self, places: int) -> None:
        self._places = self._free = places
        self._closed = False
        self._changed = threading.Condition()

    def enter(self, attempt: Attempt) -> None:
        attempt.hold(self._wake)
        with self._changed:
            self._changed.wait_for(lambda: self._free or attempt.remaining() <= 0, timeout=attempt.remaining())
            if self._closed or not self._free or attempt.remaining() <= 0:
                raise httpx.PoolTimeout("no free connection")
            self._free -= 1

    def leave(self) -> bool:
        """Give the place back; true for the last one out of a closed gate."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()  # one alone might be leaving itself, its call over
            return self._closed and self._free == self._places

    def close(self) -> bool:
        """Let no one in any more; true when no one is inside."""
        with self._changed:
            self._closed = True
            return self._free == self._places

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class DeadlineTransport(httpx.BaseTransport):
    """One request at a time per thread, each under the attempt that `SyncSender` has set for it."""

    def __init__(self, *, context: ssl.SSLContext, proxy: Proxy | None, max_connections: int) -> None:
        self._gate = _Gate(max_connections)
        through = None
        if proxy is not None:
            secret = () if proxy.authorization is None else ((b"Proxy-Authorization", proxy.authorization.encode()),)
            through = httpcore.Proxy(proxy.url, headers=secret)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            proxy=through,
            max_connections=max_connections,
            keepalive_expiry=KEEP_IDLE,
            http1=True,
            http2=False,
            retries=0,
            network_backend=DeadlineBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        attempt = current.get()
        if attempt is None:
            raise RuntimeError("this transport only works inside a SyncSender")
        attempt.wrote = False  # every byte passes through our own sockets, which say otherwise before the first one
        self._gate.enter(attempt)
        try:
            with _as_httpx():
                response = self._pool.handle_request(
                    httpcore.Request(
                        request.method,
                        httpcore.URL(
                            scheme=request.url.raw_scheme,
                            host=request.url.raw_host,
                            port=request.url.port,
                            target=request.url.raw_path,
                        ),
                        headers=request.headers.raw,
                        content=request.read(),
                    )
                )
        except BaseException:
            attempt.let_go()
            self._leave()
            raise
        reply = _Reply(self, attempt, response)
        if not attempt.heard:  # left over from an earlier call on this connection: not an answer to this one
            reply.close()
            raise httpx.RemoteProtocolError("a reply nobody asked for")
        return httpx.Response(response.status, headers=response.headers, stream=reply)

    def release(self, attempt: Attempt, response: httpcore.Response) -> None:
        attempt.let_go()  # before the connection is free for another call, which a late abort must not hit
        try:
            with _as_httpx():
                _part_if_it_said_more(response)
                response.close()
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._gate.leave():
            self._pool.close()

    def close(self) -> None:
        """Idle connections close now. Calls under way end first: closing a socket under a reading thread is unsafe."""
        if self._gate.close():
            self._pool.close()


def _part_if_it_said_more(response: httpcore.Response) -> None:
    """Close a connection whose reply was followed by more: those bytes would be read as the next order's answer.

    Only h11 knows of them, and httpcore has no public way to ask; a test fails should these names ever change.
    """
    serving: Any = getattr(getattr(response.stream, "_pool_request", None), "connection", None)
    within = serving
    while within is not None and not hasattr(within, "_h11_state"):  # a proxy's connection holds another
        within = getattr(within, "_connection", None)
    if within is not None and within._h11_state.trailing_data[0]:  # noqa: SLF001  h11 has no public word for it
        serving.close()


class _Reply(httpx.SyncByteStream):
    def __init__(self, transport: DeadlineTransport, attempt: Attempt, response: httpcore.Response) -> None:
        self._transport = transport
        self._attempt = attempt
        self._response: httpcore.Response | None = response

    def __iter__(self) -> Iterator[bytes]:
        if self._response is None:
            return
        chunks = self._response.stream
        if not isinstance(chunks, Iterable):
            raise TypeError("the pool gave an async stream")
        with _as_httpx():
            yield from chunks

    def close(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            self._transport.release(self._attempt, response)
