"""Auth hooks, which may send more than the order: what is proven is the order's own, and the reply too.

May live here: flows of several requests, on both senders. May not: a provider's own signature.
"""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncGenerator, Callable, Generator

import httpx
import pytest
from tests.transport.loopback import (
    KINDS,
    Carrier,
    Server,
    call,
    carrying,
    finish,
    headers_of,
    read_request,
    reply,
    serving,
)

from stampcard.transport import Failed, Reply

Flow = Generator[httpx.Request, httpx.Response, None]


@pytest.fixture(params=KINDS)
def carrier(request: pytest.FixtureRequest) -> Generator[Carrier, None, None]:
    with carrying(request.param) as carrier:
        yield carrier


class Hook(httpx.Auth):
    """An auth hook out of one generator function."""

    requires_response_body = True

    def __init__(self, flow: Callable[[httpx.Request], Flow]) -> None:
        self.auth_flow = flow  # type: ignore[method-assign]


def token_first(url: str) -> Hook:
    def flow(request: httpx.Request) -> Flow:
        token = yield httpx.Request("POST", f"{url}/token", data={"grant": "x"})
        request.headers["Authorization"] = f"Bearer {token.json()['token']}"
        yield request

    return Hook(flow)


def renewing(url: str) -> Hook:
    def flow(request: httpx.Request) -> Flow:
        request.headers["Authorization"] = "old"
        response = yield request
        if response.status_code == 401:
            token = yield httpx.Request("POST", f"{url}/token")
            if token.status_code != 200:
                return
            request.headers["Authorization"] = "new"
            yield request

    return Hook(flow)


def targets(server: Server) -> list[bytes]:
    return [request.split(b" ")[1] for request in server.requests]


def test_token_then_order(carrier: Carrier) -> None:
    with serving() as server:
        server.handler = server.answer(reply(b'{"token":"abc"}'), reply(b'{"order":1}'))
        result = carrier.send(server.url, auth=token_first(server.url))
        assert isinstance(result, Reply)
        assert result.response.body == b'{"order":1}'
        assert targets(server) == [b"/token", b"/orders/a%40b"]
        assert server.requests[0].endswith(b"\r\n\r\ngrant=x")
        assert headers_of(server.requests[1])["authorization"] == "Bearer abc"
        assert server.connections == 1


@pytest.mark.parametrize("answer", [b'{"other":1}', b"<html>a captive portal</html>", b""])
def test_useless_token_is_proof(carrier: Carrier, answer: bytes) -> None:
    with serving() as server:
        server.handler = server.answer(reply(answer))
        result = carrier.send(server.url, auth=token_first(server.url))
        assert isinstance(result, Failed)
        assert not result.sent
        assert targets(server) == [b"/token"]


def test_token_endpoint_that_breaks_is_proof(carrier: Carrier) -> None:
    with serving(lambda conn: finish(conn) if read_request(conn) else None) as tokens, serving() as server:
        result = carrier.send(server.url, auth=token_first(tokens.url))
        assert isinstance(result, Failed)
        assert not result.sent
        assert server.connections == 0


def test_token_endpoint_that_hangs_ends_at_the_deadline_with_proof(carrier: Carrier) -> None:
    def hang(conn: socket.socket) -> None:
        time.sleep(0.4)

    with serving(hang) as tokens, serving() as server:
        began = time.monotonic()
        result = carrier.send(server.url, auth=token_first(tokens.url), call=call(0.2))
        assert isinstance(result, Failed)
        assert not result.sent
        assert time.monotonic() - began < 1.5
        assert server.connections == 0


def test_renewal_sends_the_order_again_after_its_whole_reply(carrier: Carrier) -> None:
    with serving() as server:
        server.handler = server.answer(reply(status="401 No"), reply(b"{}"), reply(b'{"order":1}'))
        result = carrier.send(server.url, auth=renewing(server.url))
        assert isinstance(result, Reply)
        assert result.response.status == 200
        assert targets(server) == [b"/orders/a%40b", b"/token", b"/orders/a%40b"]
        assert [headers_of(request).get("authorization") for request in server.requests] == ["old", None, "new"]


def test_the_reply_is_the_orders_never_the_tokens(carrier: Carrier) -> None:
    """A hook that gives up after a failed renewal: httpx's client would hand out the token endpoint's reply."""
    with serving() as server:
        server.handler = server.answer(reply(b"mine", status="401 No"), reply(b"token's", status="400 Bad"))
        result = carrier.send(server.url, auth=renewing(server.url))
        assert isinstance(result, Reply)
        assert (result.response.status, result.response.body) == (401, b"mine")


def test_renewal_that_breaks_leaves_the_orders_own_answer(carrier: Carrier) -> None:
    with serving() as server, serving(lambda conn: finish(conn) if read_request(conn) else None) as tokens:
        server.handler = server.answer(reply(status="401 No"))
        result = carrier.send(server.url, auth=renewing(tokens.url))
        assert isinstance(result, Reply)  # it left once and was turned away: nothing is in doubt
        assert result.response.status == 401


def test_a_repeat_that_never_left_leaves_the_answer_before(carrier: Carrier) -> None:
    """An answer is no proof that nothing happened: a filter may have given it after the effect."""

    def flow(request: httpx.Request) -> Flow:
        yield request
        request.headers["X-Key"] = "a\r\nX-Other: b"  # cannot be written: the repeat does not leave
        yield request

    with serving() as server:
        server.handler = server.answer(reply(b"<html>", status="403 No"))
        result = carrier.send(server.url, auth=Hook(flow))
        assert isinstance(result, Reply)
        assert result.response.status == 403


def test_a_hooks_own_request_with_the_orders_body_is_the_order(carrier: Carrier) -> None:
    def flow(request: httpx.Request) -> Flow:
        yield httpx.Request(request.method, f"{request.url}?key=1", content=request.content)

    with serving(lambda conn: finish(conn) if read_request(conn) else None) as server:
        result = carrier.send(server.url, auth=Hook(flow))
        assert isinstance(result, Failed)
        assert result.sent


def test_order_cut_in_its_second_attempt_is_in_doubt(carrier: Carrier) -> None:
    with serving() as server:
        server.handler = server.answer(reply(status="401 No"), reply(b"{}"), b"HTTP/1.1 200 OK\r\nContent-Le")
        result = carrier.send(server.url, auth=renewing(server.url), call=call(0.3))
        assert isinstance(result, Failed)
        assert result.sent
        assert len(server.requests) == 3


def nothing(request: httpx.Request) -> Flow:
    yield from ()


def bug(request: httpx.Request) -> Flow:
    if request.url.path:
        raise KeyError("sesame")
    yield request


def splitting(request: httpx.Request) -> Flow:
    request.headers["X-Key"] = "a\r\nX-Other: b"
    yield request


@pytest.mark.parametrize("flow", [nothing, bug, splitting])
def test_hooks_that_never_send_are_proof(carrier: Carrier, flow: Callable[[httpx.Request], Flow]) -> None:
    with serving() as server:
        result = carrier.send(server.url, auth=Hook(flow))
        assert isinstance(result, Failed)
        assert not result.sent
        assert "sesame" not in result.why
        assert server.requests == []


def test_hook_that_fails_after_the_reply_is_in_doubt(carrier: Carrier) -> None:
    def flow(request: httpx.Request) -> Flow:
        yield request
        raise KeyError("late")

    with serving() as server:
        result = carrier.send(server.url, auth=Hook(flow))
        assert result == Failed(why="KeyError", sent=True)


def test_hook_that_never_ends_is_ended(carrier: Carrier) -> None:
    def flow(request: httpx.Request) -> Flow:
        while True:
            yield request

    with serving() as server:
        began = time.monotonic()
        result = carrier.send(server.url, auth=Hook(flow), call=call(0.15))
        assert time.monotonic() - began < 1.5
        # cut under way, or before it left once more: then the answer it had stands
        assert isinstance(result, Reply) or result.sent


def test_hooks_of_either_colour_are_driven(carrier: Carrier) -> None:
    class Coloured(httpx.Auth):
        requires_request_body = True

        def sync_auth_flow(self, request: httpx.Request) -> Flow:
            request.headers["X-Colour"] = f"sync {len(request.content)}"
            yield request

        async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
            request.headers["X-Colour"] = f"async {len(request.content)}"
            yield request

    with serving() as server:
        assert isinstance(carrier.send(server.url, auth=Coloured()), Reply)
        assert headers_of(server.requests[0])["x-colour"] == f"{carrier.kind} 33"


def test_hook_that_fails_while_closing_changes_nothing(carrier: Carrier) -> None:
    class Stubborn(httpx.Auth):
        def sync_auth_flow(self, request: httpx.Request) -> Flow:
            try:
                yield httpx.Request("GET", "http://127.0.0.1:1/")
            finally:
                raise ValueError("in the hook's own cleaning up")

        async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
            try:
                yield httpx.Request("GET", "http://127.0.0.1:1/")
            finally:
                raise ValueError("in the hook's own cleaning up")

    with serving() as server:
        result = carrier.send(server.url, auth=Stubborn())
        assert isinstance(result, Failed)
        assert not result.sent
        assert result.why.startswith("ConnectError")
