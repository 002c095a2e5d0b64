"""A transport of the user's own, in either sender: deadline between chunks, proof by the exception's kind.

May live here: what `SyncSender(transport=...)` and `AsyncSender(transport=...)` promise. May not: a socket.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from tests.transport.loopback import KINDS, ORDER, call, carrying

from stampcard import wire
from stampcard.transport import Failed, Reply

URL = "http://provider.example"


def failing(error: Exception) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.MockTransport(handle)


@pytest.mark.parametrize("kind", KINDS)
def test_request_arrives_as_built_with_the_time_left(kind: str) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"a": 1})

    with carrying(kind, transport=httpx.MockTransport(handle)) as carrier:
        result = carrier.send(URL, call=call(2))
    assert isinstance(result, Reply)
    assert result.response.status == 201
    assert result.response.json()["a"].number() == 1
    assert seen[0].url.raw_path == b"/orders/a%40b"
    assert seen[0].content == ORDER.body
    assert set(seen[0].extensions["timeout"]) == {"connect", "pool", "read", "write"}
    assert 1 < seen[0].extensions["timeout"]["read"] <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.PoolTimeout("x"), False),
        (httpx.ProxyError("x"), True),
        (httpx.LocalProtocolError("x"), True),
        (httpx.UnsupportedProtocol("x"), True),
        (httpx.ReadTimeout("x"), True),
        (httpx.WriteError("x"), True),
        (httpx.RemoteProtocolError("x"), True),
        (ConnectionRefusedError("x"), True),
        (RuntimeError("x"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_only_three_kinds_are_proof(kind: str, error: Exception, sent: bool) -> None:
    with carrying(kind, transport=failing(error)) as carrier:
        assert carrier.send(URL) == Failed(why=type(error).__name__, sent=sent)


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, chunk: Callable[[], bytes]) -> None:
        self._chunk = chunk
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self._chunk()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield self._chunk()

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("kind", KINDS)
def test_endless_body_ends_at_the_deadline(kind: str) -> None:
    def dribble() -> bytes:
        time.sleep(0.01)
        return b"x"

    stream = Chunks(dribble)
    with carrying(kind, transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=stream))) as carrier:
        began = time.monotonic()
        result = carrier.send(URL, call=call(0.1))
    assert isinstance(result, Failed)
    assert result.sent
    assert time.monotonic() - began < 1
    assert stream.closed


@pytest.mark.parametrize("kind", KINDS)
def test_endless_body_ends_at_the_cap(kind: str) -> None:
    stream = Chunks(lambda: bytes(100_000))
    with carrying(kind, transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=stream))) as carrier:
        assert carrier.send(URL) == Failed(why="the body is too large", sent=True)
    assert stream.closed


@pytest.mark.parametrize("kind", KINDS)
def test_proof_is_void_once_a_reply_has_begun(kind: str) -> None:
    def broken() -> bytes:
        raise httpx.ConnectError("from a transport that reconnects by itself")

    stream = Chunks(broken)
    with carrying(kind, transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=stream))) as carrier:
        result = carrier.send(URL)
    assert isinstance(result, Failed)
    assert result.sent


@pytest.mark.parametrize("kind", KINDS)
def test_closed_sender_sends_nothing(kind: str) -> None:
    with carrying(kind, transport=httpx.MockTransport(lambda request: httpx.Response(200))) as carrier:
        request = wire.Request.get("/")
        assert isinstance(carrier.send(URL, request), Reply)
        carrier.shut()
        assert carrier.send(URL, request) == Failed(why="the sender is closed", sent=False)
