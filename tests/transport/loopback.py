"""Real sockets on loopback for the transports' tests: a scripted server, and one face for both senders.

May live here: helpers only. May not: a test, a double of anything under test.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import httpx

from stampcard import wire
from stampcard.transport import AsyncSender, Call, Failed, Reply, Sent, SyncSender

PKI = Path(__file__).parent / "pki"
CA = str(PKI / "ca.pem")
KINDS = ("sync", "async")
Handler = Callable[[socket.socket], None]


def reply(body: bytes = b'{"ok":true}', *, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP reply; a header's underscores stand for dashes."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def read_request(conn: socket.socket, rest: bytes = b"") -> bytes:
    """One whole request, or what there was of it when the client left."""
    data = rest
    while b"\r\n\r\n" not in data:
        chunk = conn.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while len(body) < sum(sizes):
        chunk = conn.recv(65536)
        if not chunk:
            break
        body += chunk
    return head + b"\r\n\r\n" + body


def read_exactly(conn: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = conn.recv(count - len(data))
        if not chunk:
            break
        data += chunk
    return data


def reset(conn: socket.socket) -> None:
    """Close with RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def finish(conn: socket.socket) -> None:
    """Close with FIN: unread bytes would turn it into RST, hence read on until the client leaves."""
    with contextlib.suppress(OSError):
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(65536):
            pass
    conn.close()


class Server:
    """A listening socket; each connection runs `handler` in its own thread. `requests` is what `answer` has read."""

    def __init__(self, handler: Handler | None = None, *, tls: bool = False, receive_buffer: int = 0) -> None:
        self.handler = handler or self.answer(reply())
        self.requests: list[bytes] = []
        self.connections = 0
        self._context: ssl.SSLContext | None = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(PKI / "server.pem", PKI / "server.key")
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        if receive_buffer:  # what is accepted inherits it
            self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://localhost:{self.port}"

    def idle(self) -> bool:
        """Every connection is closed."""
        return not self._open

    def answer(self, *replies: bytes, keep: bool = True) -> Handler:
        """Answer each request with the next of these; the last one repeats."""

        def handle(conn: socket.socket) -> None:
            while request := read_request(conn):
                self.requests.append(request)
                conn.sendall(replies[min(len(self.requests), len(replies)) - 1])
                if not keep:
                    return

        return handle

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._serve, args=(conn,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, conn: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            self._open.add(conn)
            stack.callback(self._open.discard, conn)
            stack.callback(conn.close)
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                conn = self._context.wrap_socket(conn, server_side=True, do_handshake_on_connect=False)
                self._open.add(conn)
                stack.callback(self._open.discard, conn)
                stack.callback(conn.close)
                conn.do_handshake()
            self.handler(conn)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join(5)
        for conn in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(conn, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def serving(
    handler: Handler | None = None, *, tls: bool = False, receive_buffer: int = 0
) -> Generator[Server, None, None]:
    server = Server(handler, tls=tls, receive_buffer=receive_buffer)
    try:
        yield server
    finally:
        server.close()


def call(seconds: float = 5.0) -> Call:
    return Call(time.monotonic() + seconds)


ORDER = wire.Request(
    method="POST",
    target="/orders/a%40b",
    headers={"Content-Type": "application/json", "X-Order": "o" * 40},
    body=b'{"member":"' + b"m" * 20 + b'"}',
)


class Carrier:
    """Either sender with one blocking face; the asynchronous one runs on a loop in a thread of its own."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        self._sync: SyncSender | None = None
        if kind == "sync":
            self._sync = SyncSender(**options)
            return
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._async = AsyncSender(**options)

    def send(
        self,
        base_url: str,
        request: wire.Request = ORDER,
        *,
        auth: httpx.Auth | None = None,
        call: Call | None = None,
    ) -> Sent:
        call = call or Call(time.monotonic() + 5)
        if self._sync is not None:
            return self._sync.send(request, base_url=base_url, auth=auth, call=call)
        job = self._async.send(request, base_url=base_url, auth=auth, call=call)
        return asyncio.run_coroutine_threadsafe(job, self.loop).result(20)

    def shut(self) -> None:
        """Close the sender, and nothing else."""
        if self._sync is not None:
            self._sync.close()
        else:
            asyncio.run_coroutine_threadsafe(self._async.aclose(), self.loop).result(10)

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _wind_up(self) -> None:
        await self._async.aclose()
        await self.loop.shutdown_default_executor()


@contextlib.contextmanager
def carrying(kind: str, **options: Any) -> Generator[Carrier, None, None]:
    carrier = Carrier(kind, **options)
    try:
        yield carrier
    finally:
        carrier.close()


def headers_of(request: bytes) -> Mapping[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def not_sent(result: Sent) -> bool:
    return isinstance(result, Failed) and not result.sent


def in_doubt(result: Sent) -> bool:
    return isinstance(result, Failed) and result.sent


def body_of(result: Sent) -> bytes:
    assert isinstance(result, Reply), result
    return result.response.body


def wait_until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.002)
