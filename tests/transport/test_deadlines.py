"""Deadlines that bind and aborts that end, in every phase of a call, on both senders.

May live here: time. May not: what a reply says.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Generator

import pytest
from tests.transport.loopback import (
    CA,
    KINDS,
    Carrier,
    call,
    carrying,
    in_doubt,
    not_sent,
    read_request,
    reply,
    serving,
    wait_until,
)

from stampcard import wire
from stampcard.transport import Failed, Reply


@pytest.fixture(params=KINDS)
def carrier(request: pytest.FixtureRequest) -> Generator[Carrier, None, None]:
    with carrying(request.param) as carrier:
        yield carrier


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"])
def test_dribbling_server_ends_at_the_deadline(carrier: Carrier, head: bytes) -> None:
    def dribble(conn: socket.socket) -> None:
        read_request(conn)
        conn.sendall(head)
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 4000:
            conn.sendall(bytes([byte]))
            time.sleep(0.02)

    with serving(dribble) as server:
        began = time.monotonic()
        result = carrier.send(server.url, call=call(0.25))
        took = time.monotonic() - began
    assert in_doubt(result)
    assert isinstance(result, Failed)
    assert result.why.startswith("deadline")
    assert 0.2 < took < 1.5


def test_nothing_is_delivered_after_the_deadline(carrier: Carrier) -> None:
    """What the kernel has taken but not delivered is dropped: the server, reading on later, finds a reset."""
    given_up, ends = threading.Event(), list[str]()

    def stall(conn: socket.socket) -> None:
        conn.recv(100)
        given_up.wait(5)
        try:
            while conn.recv(65536):
                pass
            ends.append("whole")
        except ConnectionResetError:
            ends.append("reset")

    with serving(stall, receive_buffer=4096) as server:
        big = wire.Request(method="POST", target="/", body=bytes(wire.MAX_BODY))
        began = time.monotonic()
        assert in_doubt(carrier.send(server.url, big, call=call(0.25)))
        assert time.monotonic() - began < 1.5
        given_up.set()
        wait_until(lambda: bool(ends))
    assert ends == ["reset"]


@pytest.mark.parametrize("phase", ["headers", "body", "tls", "handshake", "connect", "pool", "before"])
@pytest.mark.parametrize("kind", KINDS)
def test_abort_from_another_thread_ends_the_call(kind: str, phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = threading.Event()

    def hang(conn: socket.socket) -> None:
        if phase != "handshake":
            read_request(conn)
        if phase == "body":
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
        reached.set()
        while conn.recv(65536):
            pass

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(hang, tls=phase == "tls"))
        carrier = stack.enter_context(carrying(kind, max_connections=1, verify=CA))
        url = server.url.replace("http:", "https:") if phase == "handshake" else server.url
        under_way, blocker, results = call(10), call(10), []
        if phase == "pool":
            holding = threading.Thread(target=carrier.send, args=(url,), kwargs={"call": blocker})
            holding.start()
            reached.wait(5)
        if phase == "connect":
            url = stack.enter_context(full_backlog())
            threading.Timer(0.1, reached.set).start()
        if phase == "before":
            under_way.abort()
            reached.set()
        thread = threading.Thread(target=lambda: results.append(carrier.send(url, call=under_way)))
        thread.start()
        assert reached.wait(5)
        time.sleep(0.05)
        began = time.monotonic()
        under_way.abort()
        thread.join(5)
        took = time.monotonic() - began
        blocker.abort()
        if phase == "pool":
            holding.join(5)
        assert took < 1
        assert results[0].sent is (phase in ("headers", "body", "tls"))
        assert results[0].why.startswith("aborted")
        if phase in ("headers", "body", "tls"):  # the aborted connection is gone: the next call opens another
            server.handler = server.answer(reply())
            assert isinstance(carrier.send(url), Reply)
            assert server.connections == 2


@contextlib.contextmanager
def full_backlog() -> Generator[str, None, None]:
    """An address that neither accepts nor refuses: its queue is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_connection_that_never_stands_ends_at_the_deadline(carrier: Carrier) -> None:
    with full_backlog() as url:
        began = time.monotonic()
        assert not_sent(carrier.send(url, call=call(0.2)))
        assert time.monotonic() - began < 1.5


def test_abort_after_the_reply_leaves_the_connection_to_others(carrier: Carrier) -> None:
    with serving() as server:
        first = call()
        assert isinstance(carrier.send(server.url, call=first), Reply)
        first.abort()
        assert isinstance(carrier.send(server.url), Reply)
        assert server.connections == 1


def test_hanging_name_lookup_sends_nothing(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    release, asked = threading.Event(), threading.Event()
    lookup = socket.getaddrinfo

    def hang(*args: object, **kwargs: object) -> object:
        asked.set()
        release.wait(10)
        return lookup(*args, **kwargs)  # type: ignore[arg-type]

    with serving() as server:
        monkeypatch.setattr(socket, "getaddrinfo", hang)
        late = call(0.15)
        if carrier.kind == "sync":  # the resolver cannot be interrupted, but what it finds too late is not used
            threading.Timer(0.3, release.set).start()
        began = time.monotonic()
        result = carrier.send(server.url, call=late)
        assert time.monotonic() - began < 1.5
        assert asked.is_set()
        release.set()
        assert not_sent(result)
        time.sleep(0.1)
        assert server.connections == 0
