"""Odd replies, and the silence kept about all of them, on both senders.

May live here: what a server may answer. May not: a connection cut on purpose (tests/contract).
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import socket
from collections.abc import Generator

import httpx
import pytest
from tests.transport.loopback import (
    KINDS,
    Carrier,
    body_of,
    carrying,
    finish,
    in_doubt,
    read_exactly,
    read_request,
    reply,
    reset,
    serving,
)

from stampcard import wire
from stampcard.transport import Reply


@pytest.fixture(params=KINDS)
def carrier(request: pytest.FixtureRequest) -> Generator[Carrier, None, None]:
    with carrying(request.param) as carrier:
        yield carrier


@pytest.mark.parametrize(
    "raw",
    [
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 90) for n in range(3000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (wire.MAX_BODY + 70_000),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (wire.MAX_BODY + 70_000),
        reply(gzip.compress(bytes(64 << 20)), Content_Encoding="gzip"),
        reply(gzip.compress(b"{}")[:-4], Content_Encoding="gzip"),
        reply(b"no gzip", Content_Encoding="gzip"),
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    ],
    ids=lambda raw: repr(raw[:18]),
)
def test_no_whole_reply_is_in_doubt(carrier: Carrier, raw: bytes) -> None:
    def answer(conn: socket.socket) -> None:
        read_request(conn)
        with contextlib.suppress(OSError):
            conn.sendall(raw)
        finish(conn)

    with serving(answer) as server:
        assert in_doubt(carrier.send(server.url))


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + reply(b"{}"), 200, b"{}"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + reply(b"{}"), 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (reply(b"", status="500 Oh"), 500, b""),
        (reply(b"x" * wire.MAX_BODY), 200, b"x" * wire.MAX_BODY),
        (reply(gzip.compress(b'{"a":1}'), Content_Encoding="gzip"), 200, b'{"a":1}'),
        (reply(b"\x00raw", Content_Encoding="br"), 200, b"\x00raw"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_whole_replies(carrier: Carrier, raw: bytes, status: int, body: bytes) -> None:
    with serving() as server:
        server.handler = server.answer(raw)
        result = carrier.send(server.url)
    assert body_of(result) == body
    assert isinstance(result, Reply)
    assert result.response.status == status


def test_response_headers_are_joined_in_lower_case(carrier: Carrier) -> None:
    with serving() as server:
        server.handler = server.answer(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n")
        result = carrier.send(server.url)
    assert isinstance(result, Reply)
    assert dict(result.response.headers) == {"x-a": "1, 2", "content-length": "0"}


def test_nothing_secret_is_logged(carrier: Carrier, caplog: pytest.LogCaptureFixture) -> None:
    """One provider has its key in the path, others in headers; httpcore logs headers at DEBUG."""

    class Key(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            request.headers["X-Key"] = "sesame-header"
            yield request

    secret = wire.Request(method="PUT", target="/key/sesame-path", body=b"sesame-body")
    with caplog.at_level(logging.DEBUG), serving() as server:
        logging.getLogger("httpcore.http11").debug("ours to keep")
        server.handler = server.answer(reply(b"sesame-reply", X_Token="sesame-token"))
        results = [carrier.send(server.url, secret, auth=Key())]
        server.handler = lambda conn: finish(conn) if read_request(conn) else None
        results.append(carrier.send(f"{server.url}", secret, auth=Key()))
        server.handler = lambda conn: reset(conn) if read_exactly(conn, 60) else None
        results.append(carrier.send(f"{server.url}", secret, auth=Key()))
        server.handler = lambda conn: conn.sendall(b"sesame garbage\r\n\r\n")
        results.append(carrier.send(f"{server.url}", secret, auth=Key()))
        results.append(carrier.send("http://nowhere.invalid", secret, auth=Key()))
    assert "ours to keep" in caplog.text
    assert "sesame" not in caplog.text
    assert "sesame" not in repr(results)
