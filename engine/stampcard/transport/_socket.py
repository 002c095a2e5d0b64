"""Blocking sockets under httpcore, each operation bounded by the deadline of the call it serves.

May live here: connect, TLS, read and write, in the caller's own thread. May not: HTTP, a pool, a judgement.

httpx's timeouts are per operation, so a server that dribbles outlives them, and a name with many addresses gets the
whole timeout for each. Here every operation asks the call what is left, and `Call.abort` shuts the socket down.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Iterable
from typing import Final

import httpcore

from stampcard.transport._attempt import Attempt, current
from stampcard.transport._reset import reset_on_close

__all__ = ["DeadlineBackend"]

_LATE: Final = "the deadline has passed"


def _attempt() -> Attempt:
    attempt = current.get()
    if attempt is None:
        raise httpcore.LocalProtocolError("this transport only works inside a SyncSender")
    return attempt


class _Stream(httpcore.NetworkStream):
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._encrypted = isinstance(sock, ssl.SSLSocket)
        self.shut = self._shut  # one bound method for the socket's life: `hold` is called for each operation

    def _shut(self) -> None:
        """Wake whoever waits on this socket, from another thread."""
        self._spoil()
        with contextlib.suppress(OSError):
            # SSLSocket.shutdown drops its TLS state first, and a write just then would go out in plain text.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _spoil(self) -> None:
        with contextlib.suppress(OSError):
            reset_on_close(self._sock)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        attempt = _attempt()
        attempt.hold(self.shut)
        left = attempt.remaining()
        if left <= 0:
            self._spoil()
            raise httpcore.ReadTimeout(_LATE)
        try:
            self._sock.settimeout(left)
            data = self._sock.recv(max_bytes)
        except TimeoutError as error:
            self._spoil()
            raise httpcore.ReadTimeout(_LATE) from error
        except (OSError, ValueError) as error:
            raise httpcore.ReadError("reading failed") from error
        attempt.heard = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        attempt = _attempt()
        attempt.hold(self.shut)
        counts = self._encrypted or not attempt.encrypted
        rest = memoryview(buffer)
        while rest:
            left = attempt.remaining()
            if left <= 0:
                self._spoil()
                raise httpcore.WriteTimeout(_LATE) if attempt.wrote else httpcore.ConnectTimeout(_LATE)
            if counts:
                attempt.wrote = True
            try:
                self._sock.settimeout(left)
                rest = rest[self._sock.send(rest) :]
            except TimeoutError as error:
                self._spoil()
                raise httpcore.WriteTimeout(_LATE) from error
            except (OSError, ValueError) as error:
                raise httpcore.WriteError("writing failed") from error

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        attempt = _attempt()
        bare: socket.socket = self._sock
        try:
            # The handshake apart from the wrapping: only in between can an abort learn of the new socket.
            bare = ssl_context.wrap_socket(bare, server_hostname=server_hostname, do_handshake_on_connect=False)
            stream = _Stream(bare)
            attempt.hold(stream.shut)
            left = attempt.remaining()
            if left <= 0:
                raise httpcore.ConnectTimeout(_LATE)
            bare.settimeout(left)
            bare.do_handshake()
        except TimeoutError as error:
            bare.close()
            raise httpcore.ConnectTimeout(_LATE) from error
        except (OSError, ValueError) as error:
            bare.close()
            raise httpcore.ConnectError("the TLS handshake failed") from error
        except BaseException:
            bare.close()
            raise
        return stream

    def get_extra_info(self, info: str) -> object:
        match info:
            case "socket":
                return self._sock
            case "is_readable":
                return _readable(self._sock)
            case "ssl_object":
                return self._sock if self._encrypted else None
            case _:
                return None


def _readable(sock: socket.socket) -> bool:
    """An idle connection with something to read was closed by the server: httpcore then drops it unused."""
    if sock.fileno() < 0:
        return True
    if hasattr(select, "poll"):  # `select` fails beyond descriptor 1023; Windows has no `poll` and no such limit
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections for the attempt under way in this thread."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        attempt = _attempt()
        try:
            # Nothing can interrupt this one. Should it return too late, nothing is sent.
            places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the name does not resolve") from error
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("no address")
        for tried, (family, kind, protocol, _, address) in enumerate(places):
            sock = socket.socket(family, kind, protocol)
            try:
                return _connected(attempt, sock, address, len(places) - tried)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        raise failure


def _connected(
    attempt: Attempt, sock: socket.socket, address: tuple[str | int, ...] | tuple[int, bytes], chances: int
) -> _Stream:
    stream = _Stream(sock)
    attempt.hold(stream.shut)
    left = attempt.remaining()
    if left <= 0:
        raise httpcore.ConnectTimeout(_LATE)
    try:
        sock.settimeout(left / chances)  # a dead first address (IPv6 so often) must leave time for the next
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout("no connection in time") from error
    except OSError as error:
        raise httpcore.ConnectError("no connection") from error
    return stream
