"""What every transport promises, on real sockets: proof that holds, deadlines that bind, nothing on its own account.

May live here: promises both senders keep, each test run on both. May not: one sender's own affairs (tests/transport).
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator

import pytest
from tests.transport.loopback import (
    CA,
    KINDS,
    ORDER,
    Carrier,
    Server,
    body_of,
    call,
    carrying,
    finish,
    headers_of,
    in_doubt,
    not_sent,
    read_exactly,
    read_request,
    reply,
    reset,
    serving,
    wait_until,
)

from stampcard import wire
from stampcard.transport import Failed, Reply, Sent

Close = Callable[[socket.socket], None]
ANSWER = reply(b'{"order":"' + b"x" * 120 + b'"}', Content_Type="application/json", X_Trace="t" * 80)
GET = wire.Request.get("/orders")


@pytest.fixture(params=KINDS)
def carrier(request: pytest.FixtureRequest) -> Generator[Carrier, None, None]:
    with carrying(request.param) as carrier:
        yield carrier


# --- cuts at every byte ---------------------------------------------------------------------------------------------


def request_length(carrier: Carrier) -> int:
    with serving() as server:
        assert isinstance(carrier.send(server.url), Reply)
        return len(server.requests[0])


@pytest.mark.parametrize("close", [finish, reset])
def test_request_cut_at_every_byte_is_never_called_unsent(carrier: Carrier, close: Close) -> None:
    length = request_length(carrier)
    took = 0

    def cut(conn: socket.socket) -> None:
        read_exactly(conn, took)
        close(conn)

    with serving(cut) as server:
        wrong: list[tuple[int, Sent]] = []
        for took in range(length + 1):
            result = carrier.send(server.url)
            # Before its first byte is read, a reset may come ahead of our first write: then nothing left, provably.
            if not in_doubt(result) and not (took == 0 and not_sent(result)):
                wrong.append((took, result))
    assert not wrong
    assert length > 200
    assert server.connections == length + 1


@pytest.mark.parametrize("close", [finish, reset])
def test_response_cut_at_every_byte_is_in_doubt(carrier: Carrier, close: Close) -> None:
    length = request_length(carrier)
    wrote = 0

    def cut(conn: socket.socket) -> None:
        read_exactly(conn, length)
        conn.sendall(ANSWER[:wrote])
        close(conn)

    with serving(cut) as server:
        wrong: list[tuple[int, Sent]] = []
        for wrote in range(len(ANSWER)):
            result = carrier.send(server.url)
            if not in_doubt(result):
                wrong.append((wrote, result))
        wrote = len(ANSWER)
        last = carrier.send(server.url)
    assert not wrong
    if close is finish:
        assert body_of(last) == ANSWER.partition(b"\r\n\r\n")[2]
    else:  # a reset may overtake bytes already received
        assert isinstance(last, Reply) or in_doubt(last)


@pytest.mark.parametrize("close", [finish, reset])
def test_chunked_response_cut_at_every_byte_is_in_doubt(carrier: Carrier, close: Close) -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    wrote = 0

    def cut(conn: socket.socket) -> None:
        read_request(conn)
        conn.sendall(whole[:wrote])
        close(conn)

    with serving(cut) as server:
        for wrote in range(len(whole)):
            result = carrier.send(server.url)
            # Some parsers do without the very last line end, which carries nothing.
            assert in_doubt(result) or (wrote >= len(whole) - 2 and body_of(result) == b"hello world"), wrote
        if close is finish:
            wrote = len(whole)
            assert body_of(carrier.send(server.url)) == b"hello world"


def test_a_body_that_ends_with_a_reset_is_not_whole(carrier: Carrier) -> None:
    def cut(conn: socket.socket) -> None:
        read_request(conn)
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")
        time.sleep(0.05)  # or the reset overtakes the bytes
        reset(conn)

    with serving(cut) as server:
        assert in_doubt(carrier.send(server.url))


def test_a_body_that_ends_with_the_connection_is_whole(carrier: Carrier) -> None:
    def end(conn: socket.socket) -> None:
        read_request(conn)
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")
        finish(conn)

    with serving(end) as server:
        assert body_of(carrier.send(server.url)) == b"{}"


# --- proof that nothing left ----------------------------------------------------------------------------------------


def test_refused_connection_is_proof(carrier: Carrier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert not_sent(carrier.send(f"http://127.0.0.1:{port}"))


def test_unknown_name_is_proof(carrier: Carrier) -> None:
    assert not_sent(carrier.send("http://nowhere.invalid"))


def test_failed_handshake_is_proof(carrier: Carrier) -> None:
    with serving(lambda conn: conn.sendall(b"this is no TLS at all\r\n\r\n")) as server:
        assert not_sent(carrier.send(server.url.replace("http:", "https:")))


def test_hanging_handshake_is_proof(carrier: Carrier) -> None:
    with serving(lambda conn: finish(conn) if conn.recv(9) and not conn.recv(1) else None) as server:
        began = time.monotonic()
        assert not_sent(carrier.send(server.url.replace("http:", "https:"), call=call(0.2)))
        assert time.monotonic() - began < 2
        assert server.connections == 1


def test_unknown_authority_is_proof(carrier: Carrier) -> None:
    with serving(tls=True) as server:
        result = carrier.send(server.url)
    assert not_sent(result)
    assert isinstance(result, Failed)
    assert "Certificate" in result.why or "SSLCert" in result.why
    assert server.requests == []


@pytest.mark.parametrize("kind", KINDS)
def test_own_authority_by_path(kind: str) -> None:
    with serving(tls=True) as server, carrying(kind, verify=CA) as carrier:
        assert isinstance(carrier.send(server.url), Reply)
        assert isinstance(carrier.send(server.url), Reply)
        assert server.connections == 1
        # The certificate names localhost and 127.0.0.1, not 127.0.0.2.
        assert not_sent(carrier.send(server.url.replace("localhost", "127.0.0.2")))


@pytest.mark.parametrize("kind", KINDS)
def test_exhausted_pool_is_proof(kind: str) -> None:
    release = threading.Event()

    def hold(conn: socket.socket) -> None:
        while read_request(conn):
            release.wait(5)
            conn.sendall(reply())

    with serving(hold) as server, carrying(kind, max_connections=1) as carrier:
        first: list[Sent] = []
        thread = threading.Thread(target=lambda: first.append(carrier.send(server.url)))
        thread.start()
        wait_until(lambda: server.connections == 1)
        assert not_sent(carrier.send(server.url, call=call(0.1)))
        release.set()
        thread.join(5)
        assert isinstance(first[0], Reply)
        assert isinstance(carrier.send(server.url), Reply)
        assert server.connections == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_past_deadline_sends_nothing(carrier: Carrier, seconds: float) -> None:
    with serving() as server:
        assert not_sent(carrier.send(server.url, call=call(seconds)))
        assert server.connections == 0


def test_unwritable_requests_are_refused_unsent(carrier: Carrier) -> None:
    with serving() as server:
        for request in (
            wire.Request(method="POST", target="/a b"),
            wire.Request(method="POST", target="/a\r\nX: y"),
            wire.Request(method="POST", target="/a#b"),
            wire.Request(method="POST", target="/a/../b"),
            wire.Request(method="POST", target="/ä"),
            wire.Request(method="POST", target="no-slash"),
            wire.Request(method="POST", target="/", headers={"X": "a\r\nY: b"}),
            wire.Request(method="POST", target="/", headers={"X": "ä"}),
            wire.Request(method="POST", target="/", headers={"Transfer-Encoding": "chunked"}),
            wire.Request(method="POST", target="/", headers={"Content-Length": "7"}, body=b"1"),
            wire.Request(method="POST", target="/", body=bytes(wire.MAX_BODY + 1)),
        ):
            assert not_sent(carrier.send(server.url, request)), request
        assert server.requests == []


@pytest.mark.parametrize(
    "url",
    ["", "localhost", "ftp://a", "http://", "http://a/", "http://a/b", "http://u:p@a", "http://a?b", "http://a#b"],
)
def test_base_url_is_an_origin(carrier: Carrier, url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        carrier.send(url)


# --- nothing on its own account -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize("close", [finish, reset])
def test_dropped_idle_connection_never_sends_twice(carrier: Carrier, method: str, close: Close) -> None:
    """The server hangs up on a kept connection, before or just as the next request arrives."""
    seen: list[bytes] = []

    def hang_up(conn: socket.socket) -> None:
        seen.append(read_request(conn))
        conn.sendall(reply())
        if again := conn.recv(1):  # the next request has begun to arrive on the kept connection
            seen.append(again)
            close(conn)

    request = wire.Request(method=method, target="/orders", body=b"{}" if method in ("PUT", "POST") else b"")
    with serving(hang_up) as server:
        assert isinstance(carrier.send(server.url, request), Reply)
        assert in_doubt(carrier.send(server.url, request))
        assert len(seen) == 2
        assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_connection_closed_while_idle_is_not_used(carrier: Carrier, method: str) -> None:
    request = wire.Request(method=method, target="/orders")
    with serving() as server:
        server.handler = server.answer(reply(), keep=False)
        for sent in range(1, 4):
            assert isinstance(carrier.send(server.url, request), Reply)
            assert len(server.requests) == server.connections == sent
            wait_until(server.idle)
            time.sleep(0.02)  # the FIN arrives


@pytest.mark.parametrize("late", [0.0, 0.03])
def test_reply_nobody_asked_for_is_no_answer(carrier: Carrier, late: float) -> None:
    """Some servers send a parting 408 down an idle connection; the next order must not take it for its own reply."""

    def chatty(conn: socket.socket) -> None:
        while request := read_request(conn):
            server.requests.append(request)
            stray = reply(b"stray", status="408 Idle")
            conn.sendall(reply(b"asked") + (b"" if late else stray))
            if late:
                time.sleep(late)
                conn.sendall(stray)

    with serving(chatty) as server:
        for _ in range(3):
            result = carrier.send(server.url)
            assert in_doubt(result) or body_of(result) == b"asked"
            time.sleep(2 * late)
        assert len(server.requests) <= 3


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_the_beginning_of_a_stray_reply_ends_the_connection(carrier: Carrier, cut: int) -> None:
    """Its rest would come with the next order's own reply, and be taken for it: they name no order."""
    stray = reply(b"stray")

    def chatty(conn: socket.socket) -> None:
        rest = b""
        while request := read_request(conn):
            server.requests.append(request)
            conn.sendall(rest)
            conn.sendall(reply(b"asked") + stray[:cut])
            rest = stray[cut:]

    with serving(chatty) as server:
        for _ in range(3):
            result = carrier.send(server.url)
            assert in_doubt(result) or body_of(result) == b"asked"


def test_redirects_come_back_as_they_are(carrier: Carrier) -> None:
    with serving() as server:
        server.handler = server.answer(reply(b"", status="302 Found", Location="/elsewhere"))
        result = carrier.send(server.url)
        assert isinstance(result, Reply)
        assert result.response.status == 302
        assert result.response.header("Location") == "/elsewhere"
        assert len(server.requests) == 1


def test_cookies_are_not_kept(carrier: Carrier) -> None:
    with serving() as server:
        server.handler = server.answer(reply(Set_Cookie="a=1; Path=/"))
        carrier.send(server.url)
        carrier.send(server.url)
        assert len(server.requests) == 2
        assert b"cookie" not in server.requests[1].lower()


def test_only_what_is_built_is_sent(carrier: Carrier) -> None:
    with serving() as server:
        carrier.send(server.url)
        carrier.send(server.url, GET)
    posted, got = server.requests
    assert posted.startswith(b"POST /orders/a%40b HTTP/1.1\r\n")
    assert posted.endswith(b"\r\n\r\n" + ORDER.body)
    headers = headers_of(posted)
    assert set(headers) == {
        "host", "content-type", "x-order", "user-agent", "accept-encoding", "content-length",
    }  # fmt: skip
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].startswith("stampcard/")
    assert headers["host"] == server.url.removeprefix("http://")
    assert set(headers_of(got)) == {"host", "user-agent", "accept-encoding"}


@pytest.mark.parametrize("target", ["/a%40b/%7Ec/%3A?x=%20y&z=1+2", "/a@b/~c/:?x=%2F&y=%e4", "/", "/a//b?q", "/%41%2e"])
def test_target_arrives_byte_for_byte(carrier: Carrier, target: str) -> None:
    with serving() as server:
        assert isinstance(carrier.send(server.url, wire.Request(method="GET", target=target)), Reply)
    assert server.requests[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


def test_servers_are_reachable_at_all() -> None:
    """The negative tests above would pass on a server nobody can reach."""
    server = Server()
    with contextlib.closing(server), socket.create_connection(("127.0.0.1", server.port)) as conn:
        conn.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert conn.recv(100).startswith(b"HTTP/1.1 200")
