"""The hook: one token an hour, one for each tenant, a new one when the provider says so."""

from __future__ import annotations

import attrs
import httpx
import pytest
from tests.adapters.kibo import holds as h

from stampcard.adapter import NotSent, Unknown
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Secret, Site
from stampcard_adapters.kibo import Kibo, KiboAdapter, KiboKeys
from stampcard_adapters.kibo.access import ClientCredentials

TOKEN_URL = "https://auth.example/oauthserver/oauth2/token"
LOGIN = ClientCredentials(url=TOKEN_URL, keys=lambda: h.KEYS)


def test_the_token_call_is_the_sheets_vector() -> None:
    request = LOGIN.first()
    assert (request.method, str(request.url)) == ("POST", TOKEN_URL)
    assert request.headers["Authorization"] == "Basic c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ="
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert request.content == b"grant_type=client_credentials"
    assert LOGIN.again(Secret("r")) is None


@pytest.mark.parametrize(
    ("status", "body", "life"),
    [
        (200, b'{"access_token":"t","token_type":"Bearer","expires_in":1800,"scope":"oms"}', 1800.0),
        (200, b'{"access_token":"t","expires_in":"900"}', 900.0),
        (200, b'{"access_token":"t"}', 3600.0),
        (200, b'{"access_token":"t","expires_in":-5}', 3600.0),
        (200, b'{"access_token":""}', None),
        (200, b'{"access_token":"a\\nb"}', None),
        (200, b"<html>", None),
        (201, b'{"access_token":"t"}', None),
        (401, b'{"error":"invalid_client"}', None),
        (500, b"", None),
    ],
)
def test_a_token_is_read_leniently_and_nothing_else_is_one(status: int, body: bytes, life: float | None) -> None:
    token = LOGIN.read(status, {}, body)
    assert (None if token is None else token.expires_in) == life


class Provider:
    """Gives t1, t2, ...; refuses the tokens and keys it is told to."""

    def __init__(self, *refused: str, status: int = 401) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.refused = refused
        self.status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key, authorization = request.headers.get("API-Key"), request.headers["Authorization"]
        self.asked.append((request.url.host, authorization, key))
        if request.url.path == "/oauthserver/oauth2/token":
            number = sum(host.startswith("auth") for host, _, _ in self.asked)
            return httpx.Response(200, json={"access_token": f"t{number}", "expires_in": 3600})
        if authorization.removeprefix("Bearer ") in self.refused:
            return httpx.Response(self.status, json={"code": 5004, "message": "No."})
        return httpx.Response(200, json={})


def call(adapter: KiboAdapter, provider: Provider, times: int = 1, tenant: str = "default") -> None:
    with httpx.Client(transport=httpx.MockTransport(provider)) as client:
        for _ in range(times):
            client.post(f"{adapter.base_url}/api/v2/createOrder/", auth=adapter.auth(Site(store="1", tenant=tenant)))


def test_a_token_is_asked_for_once_at_its_own_host_and_used_again() -> None:
    provider = Provider()
    call(KiboAdapter(Kibo(h.KEYS, environment=Environment.LIVE)), provider, times=3)
    assert [(host, key) for host, _, key in provider.asked] == [
        ("auth.shopatron.com", None),
        *[("integration.shopatron.com", "sandbox-key")] * 3,
    ]
    assert {authorization for _, authorization, _ in provider.asked[1:]} == {"Bearer t1"}


@pytest.mark.parametrize("status", [401, 403])
def test_401_and_403_both_get_a_new_token_and_one_more_try(status: int) -> None:
    """Trap 12."""
    provider = Provider("t1", status=status)
    call(h.adapter(), provider, times=2)
    sent = [authorization for host, authorization, _ in provider.asked if not host.startswith("auth")]
    assert sent == ["Bearer t1", "Bearer t2", "Bearer t2"]
    hopeless = Provider("t1", "t2", "t3", status=status)
    call(h.adapter(), hopeless)
    assert len(hopeless.asked) == 4


PAGE = b"<html>Request blocked by policy 991</html>"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("body", "headers", "is_kibos"),
    [
        (b'{"code":5004,"message":"No."}', {}, True),
        (b'{"error":"invalid_token"}', {}, True),
        (PAGE, {"X-Mashery-Error-Code": "ERR_403_NOT_AUTHORIZED"}, True),
        (b"", {"WWW-Authenticate": "Bearer"}, True),
        (PAGE, {}, False),
        (b"", {}, False),
        (b"{}", {}, False),
        (b'{"code":991,"message":"Blocked."}', {}, False),
        (b'{"orderID":7000001,"authToken":"2-3"}', {}, False),
    ],
)
def test_only_what_is_read_as_kibos_own_no_is_sent_once_more(
    status: int, body: bytes, headers: dict[str, str], is_kibos: bool
) -> None:
    sent: list[str] = []

    def provider(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauthserver/oauth2/token":
            return httpx.Response(200, json={"access_token": f"t{len(sent)}"})
        sent.append(request.headers["Authorization"])
        return httpx.Response(status, headers=headers, content=body)

    adapter = h.adapter()
    with httpx.Client(transport=httpx.MockTransport(provider)) as client:
        client.post(f"{adapter.base_url}/api/v2/createOrder/authorize", auth=adapter.auth(Site(store="1")))
    assert len(sent) == (2 if is_kibos else 1)
    outcome = adapter.read(h.order(), h.authorize(), h.reply(status, body, **headers))
    assert isinstance(outcome, NotSent if is_kibos else Unknown)


def test_each_tenant_has_its_own_token_and_key() -> None:
    rings = {name: attrs.evolve(h.KEYS, api_key=f"{name}-key") for name in ("acme", "bolt")}

    def keys(tenant: str, /) -> KiboKeys:
        return rings[tenant]

    adapter, provider = KiboAdapter(Kibo(keys, environment=Environment.LIVE)), Provider()
    for tenant in ("acme", "bolt", "acme"):
        call(adapter, provider, tenant=tenant)
    calls = [(authorization, key) for host, authorization, key in provider.asked if not host.startswith("auth")]
    assert calls == [("Bearer t1", "acme-key"), ("Bearer t2", "bolt-key"), ("Bearer t1", "acme-key")]
    with pytest.raises(ConfigurationError, match="cox"):
        adapter.auth(Site(store="1", tenant="cox"))


def test_other_keys_get_another_token() -> None:
    rings = {"acme": h.KEYS}

    def keys(tenant: str, /) -> KiboKeys:
        return rings[tenant]

    adapter, provider = KiboAdapter(Kibo(keys, environment=Environment.LIVE)), Provider()
    for key in ("sandbox-key", "sandbox-key", "other-key"):
        rings["acme"] = attrs.evolve(h.KEYS, api_key=key)
        call(adapter, provider, tenant="acme")
    calls = [(authorization, key) for host, authorization, key in provider.asked if not host.startswith("auth")]
    assert calls == [("Bearer t1", "sandbox-key"), ("Bearer t1", "sandbox-key"), ("Bearer t2", "other-key")]


def test_another_hook_takes_its_place() -> None:
    own = httpx.BasicAuth("u", "p")
    assert h.adapter(auth=own).auth(Site(store="1")) is own
    assert h.adapter(auth=lambda site: own).auth(Site(store="1")) is own
