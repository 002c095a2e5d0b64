"""The partner's session: fetched once, renewed at 25 minutes, once more on a 401, never shown."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kigo import orders as o

from stampcard.adapter import NotSent, Unknown
from stampcard.model import Secret, Site
from stampcard.tokens import TokenAuth
from stampcard_adapters.kigo import KigoAdapter, KigoKeys
from stampcard_adapters.kigo.sessions import PartnerSession, session_auth

BASE = "https://kigo-core-server-test.kigodigital.net"
SITE = Site(store="0042")


class Watch:
    """A monotonic clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    clock = Watch()
    plain = TokenAuth.__init__

    def timed(self: TokenAuth, *args: Any, **kwargs: Any) -> None:
        plain(self, *args, **{**kwargs, "monotonic": clock})

    monkeypatch.setattr(TokenAuth, "__init__", timed)
    return clock


class Provider:
    """Gives out t1, t2, ...; refuses what it is told to."""

    def __init__(self) -> None:
        self.logins: list[httpx.Request] = []
        self.calls: list[str | None] = []
        self.bodies: list[bytes] = []
        self.dead: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/auth/sessions":
            self.logins.append(request)
            return httpx.Response(200, json={"token": f"t{len(self.logins)}"})
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.calls.append(token)
        self.bodies.append(request.content)
        if token in self.dead:
            return httpx.Response(401, json={"error_code": "unauthorized", "error_message": "No."})
        return httpx.Response(200)


def call(auth: httpx.Auth, provider: Provider) -> httpx.Response:
    with httpx.Client(transport=httpx.MockTransport(provider)) as client:
        return client.post(f"{BASE}/api/v1/products/p/claim-codes", content=b'{"external_order_id":"1"}', auth=auth)


def test_the_session_call_is_the_documented_one() -> None:
    request = PartnerSession(o.KEYS, BASE).first()
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/api/v1/auth/sessions")
    assert request.content == f'{{"api_key":"{o.API_KEY}","partner_id":"{o.PARTNER}"}}'.encode()
    assert request.headers["Content-Type"] == "application/json"
    assert "Authorization" not in request.headers


def test_one_session_serves_many_orders_until_25_minutes(watch: Watch) -> None:
    provider, auth = Provider(), session_auth(o.KEYS, BASE)
    for later in (0.0, 600.0, 899.0):
        watch.now += later
        call(auth, provider)
    assert (len(provider.logins), provider.calls) == (1, ["t1", "t1", "t1"])
    watch.now += 2.0
    call(auth, provider)
    assert (len(provider.logins), provider.calls[-1]) == (2, "t2")


def test_a_401_renews_once_and_sends_the_same_order_again(watch: Watch) -> None:
    provider, auth = Provider(), session_auth(o.KEYS, BASE)
    call(auth, provider)
    provider.dead = {"t1"}
    assert call(auth, provider).status_code == 200
    assert provider.calls == ["t1", "t1", "t2"]
    assert provider.bodies[1] == provider.bodies[2]  # trap 6: the same order id
    provider.dead = {"t2", "t3", "t4"}
    assert call(auth, provider).status_code == 401  # and no more than once
    assert provider.calls[3:] == ["t2", "t3"]


@pytest.mark.parametrize(
    ("body", "is_kigos"),
    [
        (b'{"error_code":"unauthorized"}', True),
        (b'{"error_message":"Session expired"}', True),
        (b'{"message":"Session expired"}', True),
        (b"<html>blocked by policy</html>", False),
        (b"", False),
        (b'{"claim_code":"QX7K2P"}', False),
    ],
)
def test_only_what_is_read_as_kigos_own_no_is_sent_once_more(body: bytes, is_kigos: bool) -> None:
    sent: list[str] = []

    def provider(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/auth/sessions":
            return httpx.Response(200, json={"token": f"t{len(sent)}"})
        sent.append(request.headers["Authorization"])
        return httpx.Response(401, content=body)

    with httpx.Client(transport=httpx.MockTransport(provider)) as client:
        client.post(f"{BASE}/api/v1/products/p/claim-codes", auth=session_auth(o.KEYS, BASE))
    assert len(sent) == (2 if is_kigos else 1)
    outcome = o.adapter().read(o.order(), o.place(), o.reply(401, body))
    assert isinstance(outcome, NotSent if is_kigos else Unknown)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_with_a_token_is_a_session(status: int) -> None:
    got = PartnerSession(o.KEYS, BASE).read(status, {}, b'{"token":"abc","refresh_token":"r"}')
    assert got is not None
    assert (got.value, got.expires_in, got.refresh) == (Secret("abc"), 1800.0, None)


def test_there_is_no_refresh_call() -> None:
    assert PartnerSession(o.KEYS, BASE).again(Secret("r")) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b'{"token":""}'),
        (200, b'{"token":null}'),
        (200, b'{"token":"a b"}'),
        (200, b'{"token":"a\\r\\nX: y"}'),
        (200, '{"token":"é"}'.encode()),
        (401, b'{"token":"abc"}'),
        (302, b'{"token":"abc"}'),
        (500, b'{"error_code":"internal_error","error_message":"x"}'),
    ],
)
def test_what_is_no_session(status: int, body: bytes) -> None:
    assert PartnerSession(o.KEYS, BASE).read(status, {}, body) is None


@given(status=st.integers(0, 700), headers=st.dictionaries(st.text(), st.text()), body=st.binary(max_size=60))
def test_any_bytes_are_read(status: int, headers: Mapping[str, str], body: bytes) -> None:
    assert PartnerSession(o.KEYS, BASE).read(status, headers, body) is None


class TestOneSessionForEachTenant:
    def test_is_kept_while_its_keys_are_the_same(self) -> None:
        adapter = o.adapter()
        assert adapter.auth(SITE) is adapter.auth(Site(store="0043", register="2"))

    def test_is_not_shared_with_another_tenant(self) -> None:
        adapter = o.adapter()
        assert adapter.auth(SITE) is not adapter.auth(Site(store="0042", tenant="other"))

    def test_is_another_as_soon_as_the_keys_are(self) -> None:
        """A session of the old partner would place the order there."""
        keys = {"default": o.KEYS}
        adapter = KigoAdapter(o.kigo(keys=keys.__getitem__))
        before = adapter.auth(SITE)
        keys["default"] = KigoKeys(partner_id="another", api_key=Secret(o.API_KEY))
        provider = Provider()
        call(adapter.auth(SITE), provider)
        assert b"another" in provider.logins[0].content
        assert adapter.auth(SITE) is not before

    def test_shows_nothing(self) -> None:
        adapter, provider = o.adapter(), Provider()
        auth = adapter.auth(SITE)
        call(auth, provider)
        for thing in (auth, adapter, PartnerSession(o.KEYS, BASE), PartnerSession(o.KEYS, BASE).first()):
            for secret in (o.API_KEY, "t1"):
                assert secret not in repr(thing)


class Own(httpx.Auth):
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-Gateway"] = "ours"
        yield request


def test_your_own_hook_goes_before() -> None:
    from stampcard.model import Environment
    from stampcard_adapters.kigo import Kigo

    hook = Own()
    for given_ in (hook, lambda site: hook):
        settings = Kigo(o.KEYS, environment=Environment.LIVE, auth=given_)
        assert KigoAdapter(settings).auth(SITE) is hook
