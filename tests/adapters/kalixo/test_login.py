"""How credentials get onto a request: v1's tokens as the sheet's A1 has them, v2's key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kalixo import orders as o

from stampcard.adapter import NotSent, Unknown
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Secret, Site
from stampcard.tokens import Token, TokenAuth, TokenRefusedError
from stampcard_adapters.kalixo import Kalixo, KalixoAdapter, KalixoKeys, KalixoLogin, Switches

BASE = "https://kalixo.example"
HOUR = 3600.0
Seen: TypeAlias = list[tuple[str, str]]


def login(**switches: Any) -> KalixoLogin:
    return KalixoLogin(BASE, lambda: o.KEYS, Switches(**switches))


def jwt(**claims: int) -> str:
    def part(tree: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(tree).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.c2ln"


def said(access: str = "a1", refresh: str | None = "r1") -> bytes:
    return json.dumps({"accessToken": access} | ({} if refresh is None else {"refreshToken": refresh})).encode()


class TestTheTwoCalls:
    def test_login_is_email_and_password(self) -> None:
        request = login().first()
        assert (request.method, str(request.url)) == ("POST", f"{BASE}/v1/auth/login")
        assert request.content == b'{"email":"till@example.com","password":"pass-canary-1"}'
        assert request.headers["Content-Type"] == "application/json"
        assert "Authorization" not in request.headers

    def test_refresh_takes_the_refresh_token_as_bearer_and_no_body(self) -> None:
        """Trap 12."""
        request = login().again(Secret("r1"))
        assert request is not None
        assert (request.method, str(request.url)) == ("POST", f"{BASE}/v1/auth/refresh")
        assert request.headers["Authorization"] == "Bearer r1"
        assert request.content == b""


class TestWhatTheyAnswer:
    @pytest.mark.parametrize("status", [200, 201, 204])
    def test_any_2xx_will_do(self, status: int) -> None:
        token = login().read(status, {}, said())
        assert token is not None
        assert (token.value, token.refresh) == (Secret("a1"), Secret("r1"))
        assert (token.expires_in, token.refresh_in) == (4 * HOUR, 8 * HOUR)

    def test_lives_are_switches(self) -> None:
        token = login(access_life=600.0, refresh_life=1200.0).read(200, {}, said())
        assert token is not None
        assert (token.expires_in, token.refresh_in) == (600.0, 1200.0)

    def test_a_token_that_says_when_it_ends_is_believed(self) -> None:
        token = login().read(201, {}, said(jwt(iat=1000, exp=1000 + 900), jwt(iat=1000, exp=1000 + 1800)))
        assert token is not None
        assert (token.expires_in, token.refresh_in) == (900.0, 1800.0)

    def test_its_end_is_measured_against_the_replys_own_time_when_it_has_no_beginning(self) -> None:
        body = said(jwt(exp=1795348800 + 60))
        for headers, life in (
            ({"date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 60.0),
            ({}, 4 * HOUR),
            ({"Date": "x"}, 4 * HOUR),
        ):
            token = login().read(200, headers, body)
            assert token is not None
            assert token.expires_in == life

    @pytest.mark.parametrize("claims", [{"iat": 9, "exp": 9}, {"iat": 9, "exp": 1}, {"iat": 0, "exp": 10**12}, {}])
    def test_an_absurd_end_is_not_believed(self, claims: dict[str, int]) -> None:
        token = login().read(200, {}, said(jwt(**claims)))
        assert token is not None
        assert token.expires_in == 4 * HOUR

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (401, said()),
            (302, said()),
            (500, said()),
            (200, b"<html>"),
            (200, b"[]"),
            (200, b'{"accessToken":""}'),
            (200, b'{"accessToken":"two words"}'),
            (200, b'{"accessToken":null,"refreshToken":"r"}'),
            (200, b'{"accessToken":"a\\r\\nX: y"}'),
        ],
    )
    def test_anything_else_is_no_token(self, status: int, body: bytes) -> None:
        assert login().read(status, {}, body) is None

    def test_a_missing_or_odd_refresh_token_is_none(self) -> None:
        for body in (said(refresh=None), said(refresh="two words")):
            token = login().read(200, {}, body)
            assert token is not None
            assert (token.refresh, token.refresh_in) == (None, None)

    @given(status=st.integers(100, 599), body=st.binary(max_size=60), access=st.text(max_size=20))
    def test_it_never_raises(self, status: int, body: bytes, access: str) -> None:
        login().read(status, {}, body)
        login().read(200, {"date": access}, json.dumps({"accessToken": f"{access}.{access}.x"}).encode())


@attrs.define
class Provider:
    """v1's door: takes only the tokens it gave last."""

    access: str = "a1"
    refresh: str = "r1"
    renews_refresh: bool = True
    refuses_refresh: bool = False
    refuses_login: bool = False
    seen: Seen = attrs.field(factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.seen.append((request.url.path.rpartition("/")[2], bearer))
        match request.url.path:
            case "/v1/auth/login":
                if self.refuses_login:
                    return httpx.Response(401, json={"statusCode": 401, "message": "Unauthorized"})
                return self._given()
            case "/v1/auth/refresh":
                if self.refuses_refresh or bearer != self.refresh:
                    return httpx.Response(401, json={"statusCode": 401, "message": "Unauthorized"})
                self.access += "x"
                return self._given()
            case _:
                good = bearer == self.access
                no = {"statusCode": 401, "message": "Unauthorized"}
                return httpx.Response(200, json={}) if good else httpx.Response(401, json=no)

    def _given(self) -> httpx.Response:
        more = {"refreshToken": self.refresh} if self.renews_refresh else {}
        return httpx.Response(201, json={"accessToken": self.access, **more})


@attrs.define
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def call() -> Callable[[TokenAuth, Provider], int]:
    def made(auth: TokenAuth, provider: Provider) -> int:
        with httpx.Client(transport=httpx.MockTransport(provider)) as client:
            return client.get(f"{BASE}/v1/catalog", auth=auth).status_code

    return made


class TestTheTokenOverTime:
    def test_is_fetched_once_and_used(self, call: Callable[[TokenAuth, Provider], int]) -> None:
        auth, provider = TokenAuth(login(), monotonic=Seconds()), Provider()
        assert [call(auth, provider), call(auth, provider)] == [200, 200]
        assert provider.seen == [("login", ""), ("catalog", "a1"), ("catalog", "a1")]

    def test_is_refreshed_before_it_ends(self, call: Callable[[TokenAuth, Provider], int]) -> None:
        clock, provider = Seconds(), Provider()
        auth = TokenAuth(login(), monotonic=clock)
        call(auth, provider)
        clock.now = 4 * HOUR - 59
        assert call(auth, provider) == 200
        assert provider.seen[2:] == [("refresh", "r1"), ("catalog", "a1x")]

    def test_is_refreshed_once_when_it_is_refused(self, call: Callable[[TokenAuth, Provider], int]) -> None:
        auth, provider = TokenAuth(login(), monotonic=Seconds()), Provider()
        call(auth, provider)
        provider.access = "b"
        assert call(auth, provider) == 200
        assert provider.seen[2:] == [("catalog", "a1"), ("refresh", "r1"), ("catalog", "bx")]

    def test_an_old_refresh_token_is_kept_when_no_new_one_is_given(
        self, call: Callable[[TokenAuth, Provider], int]
    ) -> None:
        clock, provider = Seconds(), Provider()
        auth = TokenAuth(login(), monotonic=clock)
        call(auth, provider)
        provider.renews_refresh = False
        for hours in (4, 7):  # within its eight
            clock.now = hours * HOUR
            provider.access += "y"
            assert call(auth, provider) == 200
        assert [path for path, bearer in provider.seen if bearer == "r1"] == ["refresh", "refresh"]

    def test_a_refused_or_ended_refresh_token_falls_back_to_login(
        self, call: Callable[[TokenAuth, Provider], int]
    ) -> None:
        """Trap 11."""
        for refuses, hours, path in ((True, 5.0, ["refresh", "login"]), (False, 9.0, ["login"])):
            clock, provider = Seconds(), Provider(refuses_refresh=refuses)
            auth = TokenAuth(login(), monotonic=clock)
            call(auth, provider)
            clock.now = hours * HOUR
            assert call(auth, provider) == 200
            assert [p for p, _ in provider.seen[2:]] == [*path, "catalog"]

    def test_wrong_credentials_send_nothing(self, call: Callable[[TokenAuth, Provider], int]) -> None:
        provider = Provider(refuses_login=True)
        with pytest.raises(TokenRefusedError):
            call(TokenAuth(login(), monotonic=Seconds()), provider)
        assert [p for p, _ in provider.seen] == ["login"]


class TestTheAdaptersHook:
    def settings(self, version: Any, tenants: dict[str, KalixoKeys]) -> Kalixo:
        def keys(tenant: str, /) -> KalixoKeys:
            return tenants[tenant]

        return Kalixo(keys, version=version, environment=Environment.SANDBOX, url=BASE)

    def test_v2_puts_the_tenants_key_in_its_header_and_asks_for_it_each_time(self) -> None:
        tenants = {"acme": KalixoKeys(api_key=Secret("key-1"))}
        hook = KalixoAdapter(self.settings(2, tenants)).auth(Site(store="1", tenant="acme"))
        seen: list[str] = []
        for key in ("key-1", "key-2"):
            tenants["acme"] = KalixoKeys(api_key=Secret(key))
            seen.append(next(hook.auth_flow(httpx.Request("GET", BASE))).headers["x-api-key"])
        assert seen == ["key-1", "key-2"]

    def test_v1_keeps_one_token_for_each_tenant(self) -> None:
        keys = KalixoKeys(email="a@b.c", password=Secret("p"))
        adapter = KalixoAdapter(self.settings(1, {"acme": keys, "bolt": keys}))
        hooks = [adapter.auth(Site(store=store, tenant=tenant)) for store, tenant in (("1", "acme"), ("2", "acme"))]
        assert hooks[0] is hooks[1]
        assert adapter.auth(Site(store="1", tenant="bolt")) is not hooks[0]

    @pytest.mark.parametrize(
        ("body", "is_kalixos"),
        [
            (b'{"statusCode":401,"message":"Unauthorized"}', True),
            (b'{"statusCode":"api_error","message":"Unauthorized"}', True),
            (b"<html>blocked by policy</html>", False),
            (b"", False),
            (b'{"error":"blocked"}', False),
            (b'{"statusCode":403,"message":"Forbidden"}', False),
        ],
    )
    def test_v1_sends_once_more_only_what_is_read_as_kalixos_own_no(self, body: bytes, is_kalixos: bool) -> None:
        sent: list[str] = []

        def provider(request: httpx.Request) -> httpx.Response:
            if request.url.path.startswith("/v1/auth/"):
                return httpx.Response(201, json={"accessToken": f"a{len(sent)}"})
            sent.append(request.headers["Authorization"])
            return httpx.Response(401, content=body)

        adapter = o.adapter(1)
        with httpx.Client(transport=httpx.MockTransport(provider)) as client:
            client.post(f"{BASE}/v1/orders", auth=adapter.auth(Site(store="1")))
        assert len(sent) == (2 if is_kalixos else 1)
        outcome = adapter.read(o.order(), o.PLACE, o.reply(401, body))
        assert isinstance(outcome, NotSent if is_kalixos else Unknown)

    def test_v1_buys_on_the_account_whose_keys_are_given_now(self) -> None:
        tenants = {"acme": KalixoKeys(email="one@acme.example", password=Secret("p"))}
        adapter, seen = KalixoAdapter(self.settings(1, tenants)), list[str]()

        def provider(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/v1/auth/login":
                return httpx.Response(201, json={"accessToken": json.loads(request.content)["email"]})
            seen.append(request.headers["Authorization"])
            return httpx.Response(200, json={})

        emails = ("one@acme.example", "one@acme.example", "two@acme.example")
        with httpx.Client(transport=httpx.MockTransport(provider)) as client:
            for email in emails:
                tenants["acme"] = KalixoKeys(email=email, password=Secret("p"))
                client.post(f"{BASE}/v1/orders", auth=adapter.auth(Site(store="1", tenant="acme")))
        assert seen == [f"Bearer {email}" for email in emails]

    @pytest.mark.parametrize(("version", "fields"), [(1, ["email", "password"]), (2, ["api_key"])])
    def test_a_tenant_without_keys_is_told_before_anything_is_sent(self, version: int, fields: list[str]) -> None:
        adapter = KalixoAdapter(self.settings(version, {"acme": KalixoKeys()}))
        with pytest.raises(ConfigurationError) as caught:
            adapter.auth(Site(store="1", tenant="acme"))
        assert [problem.field for problem in caught.value.problems] == fields
        with pytest.raises(ConfigurationError, match="nobody"):
            adapter.auth(Site(store="1", tenant="nobody"))

    def test_another_hook_takes_its_place(self) -> None:
        own = httpx.BasicAuth("gateway", "x")
        for auth in (own, lambda site: own):
            settings = Kalixo(KalixoKeys(), version=2, environment=Environment.LIVE, auth=auth)
            assert KalixoAdapter(settings).auth(Site(store="1")) is own


def test_nothing_of_the_hooks_shows_a_secret() -> None:
    token = Token(value=Secret("a-canary"), expires_in=1.0, refresh=Secret("r-canary"))
    for version in o.VERSIONS:
        settings = o.adapter(version).settings
        hook = o.adapter(version).auth(Site(store="1"))
        shown = " ".join(repr(each) for each in (settings, o.KEYS, hook, token, login(), login().first()))
        for secret in ("canary", "till@example.com"):
            assert secret not in shown
