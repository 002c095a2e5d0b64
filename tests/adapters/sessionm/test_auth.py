"""The key's way into path and header: on its way out only, over both senders, every other byte kept."""

from __future__ import annotations

import base64
from collections.abc import Generator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.sessionm import orders as o
from tests.transport.loopback import KINDS, Carrier, carrying, headers_of, serving

from stampcard.model import Environment, Site
from stampcard.transport import Failed, Reply
from stampcard.wire import Request
from stampcard_adapters.sessionm import SessionM, SessionMAdapter, SessionMAuth, SessionMKeys, orders_query

BASIC = "Basic " + base64.b64encode(f"{o.API_KEY}:{o.SECRET}".encode()).decode()


@pytest.fixture(params=KINDS)
def carrier(request: pytest.FixtureRequest) -> Generator[Carrier, None, None]:
    with carrying(request.param) as carrier:
        yield carrier


def hook(keys: SessionMKeys = o.KEYS) -> SessionMAuth:
    return SessionMAuth(lambda: keys)


def flown(target: str, auth: httpx.Auth | None = None) -> httpx.Request:
    """The request as the hook lets it go."""
    return next((auth or hook()).sync_auth_flow(httpx.Request("GET", o.URL + target)))


class TestOverTheWire:
    @pytest.mark.parametrize(
        "request_",
        [
            o.adapter().request(*o.step("redeem")),
            o.adapter().request(o.order(), o.FULL),
            orders_query(o.CRM, between=(o.MADE, o.MADE)).request,
        ],
        ids=["redeem", "external", "filters"],
    )
    def test_the_key_is_put_in_its_place_and_nothing_else_moves(self, carrier: Carrier, request_: Request) -> None:
        with serving() as server:
            result = carrier.send(server.url, request_, auth=o.adapter().auth(o.SITE))
            assert isinstance(result, Reply)
            [sent] = server.requests
        line = f"{request_.method} {request_.target} HTTP/1.1".replace("/apps/~/", f"/apps/{o.API_KEY}/")
        assert sent.startswith(line.encode() + b"\r\n")
        assert sent.endswith(request_.body)
        assert headers_of(sent)["authorization"] == BASIC

    def test_a_key_that_needs_escaping_is_escaped_in_the_path_and_plain_in_the_header(self, carrier: Carrier) -> None:
        keys = SessionMKeys.of("a/b%20+c~", "s:s")
        with serving() as server:
            assert isinstance(carrier.send(server.url, Request.get("/priv/v1/apps/~/offers"), auth=hook(keys)), Reply)
            [sent] = server.requests
        assert sent.startswith(b"GET /priv/v1/apps/a%2Fb%2520%2Bc~/offers HTTP/1.1\r\n")
        assert headers_of(sent)["authorization"] == "Basic " + base64.b64encode(b"a/b%20+c~:s:s").decode()

    @pytest.mark.parametrize("target", ["/orders", "/priv/v1/apps/other/offers", "/priv/v1/apps/~"])
    def test_a_target_without_a_place_for_the_key_is_never_sent(self, carrier: Carrier, target: str) -> None:
        with serving() as server:
            result = carrier.send(server.url, Request.get(target), auth=hook())
            assert isinstance(result, Failed)
            assert not result.sent
            assert server.requests == []

    def test_what_failed_does_not_say_the_key(self, carrier: Carrier) -> None:
        result = carrier.send("http://127.0.0.1:1", Request.get("/priv/v1/apps/~/offers"), auth=hook())
        assert isinstance(result, Failed)
        assert o.API_KEY not in repr(result)


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip(". ") and text.isprintable()))
def test_whatever_a_customer_is_called_the_rest_of_the_target_stays_as_it_was_built(value: str) -> None:
    request = o.adapter().request(o.order(), o.redeem(o.ExternalUserId(value)))
    sent = flown(request.target)
    assert sent.url.raw_path.decode() == request.target.replace("/apps/~/", f"/apps/{o.API_KEY}/", 1)


def test_a_customer_called_like_the_place_of_the_key_is_not_taken_for_it() -> None:
    request = o.adapter().request(o.order(), o.redeem(o.ExternalUserId("~")))
    assert flown(request.target).url.raw_path == f"/priv/v1/apps/{o.API_KEY}/external/users/~/offers/77/orders".encode()


def test_keys_are_asked_anew_for_every_call() -> None:
    keys = [SessionMKeys.of("new", "s2"), SessionMKeys.of("old", "s1")]
    auth = SessionMAuth(lambda: keys.pop())
    paths = [flown("/priv/v1/apps/~/offers", auth).url.raw_path for _ in range(2)]
    assert paths == [b"/priv/v1/apps/old/offers", b"/priv/v1/apps/new/offers"]


def test_each_tenant_has_its_own_key() -> None:
    rings = {"acme": SessionMKeys.of("k-acme", "a"), "beta": SessionMKeys.of("k-beta", "b")}
    adapter = SessionMAdapter(SessionM(lambda tenant, /: rings[tenant], environment=Environment.TEST, url=o.URL))
    for tenant in rings:
        sent = flown("/priv/v1/apps/~/offers", adapter.auth(Site(store="1", tenant=tenant)))
        assert sent.url.raw_path == f"/priv/v1/apps/k-{tenant}/offers".encode()


def test_a_hook_of_yours_goes_before_ours() -> None:
    own = httpx.BasicAuth("u", "p")
    both = [own, lambda site: own]
    for given_ in both:
        settings = SessionM(o.KEYS, environment=Environment.TEST, url=o.URL, auth=given_)
        assert SessionMAdapter(settings).auth(o.SITE) is own
