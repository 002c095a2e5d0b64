"""Who may call: Basic with key and secret, and the same key in the path."""

from __future__ import annotations

import base64

import pytest

from stampcard_adapters.sandbox.http import Request
from stampcard_adapters.sandbox.sessionm import SessionMModel, Switches, tenants_from_json

PATH = "/priv/v1/apps/sandbox-sessionm-key/offers"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def asked(client, authorization: str | None, target: str = PATH):
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.read(client.model.handle(Request(method="GET", target=target, headers=headers)))


def test_key_and_secret_let_in(client) -> None:
    assert asked(client, basic("sandbox-sessionm-key:sandbox-sessionm-secret")).status == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Basic ***", "Basic /w==", "Bearer sandbox-sessionm-secret", "Digest x", basic("no colon")],
)
def test_no_readable_credentials_are_access_denied(client, authorization) -> None:
    assert asked(client, authorization).refusal == (401, "access_denied")


def test_a_wrong_secret_is_access_denied_and_an_unknown_key_invalid(client) -> None:
    assert asked(client, basic("sandbox-sessionm-key:wrong")).refusal == (401, "access_denied")
    assert asked(client, basic("sandbox-sessionm-key:")).refusal == (401, "access_denied")
    assert asked(client, basic("somebody:sandbox-sessionm-secret")).refusal == (401, "invalid_api_key")


def test_another_key_in_the_path_is_invalid_unless_the_switch_ignores_it(client, connect) -> None:
    mine = client.authorization()
    other = "/priv/v1/apps/somebody/offers"
    assert asked(client, mine, other).refusal == (401, "invalid_api_key")
    ignoring = connect(switches=Switches(path_key="ignored"))
    assert asked(ignoring, mine, other).status == 200


def test_a_secret_may_hold_colons_and_letters_beyond_ascii(connect) -> None:
    file = b'{"sessionm":{"api_key":"k","secret":"a:b:\\u00e9"}}'
    client = connect(SessionMModel(tenants_from_json(file)))
    assert asked(client, basic("k:a:b:é"), "/priv/v1/apps/k/offers").status == 200
    assert asked(client, basic("k:a"), "/priv/v1/apps/k/offers").refusal == (401, "access_denied")


def test_a_replaced_secret_is_refused_from_then_on(client) -> None:
    client.model.set_secret("another")
    assert client.call("GET", "/offers").refusal == (401, "access_denied")
    client.secret = "another"
    assert client.call("GET", "/offers").status == 200


def test_the_scheme_is_known_in_any_case(client) -> None:
    assert asked(client, client.authorization().replace("Basic", "bAsIc")).status == 200


def test_the_prefix_is_the_only_one_and_the_mobile_twin_is_not_served(client) -> None:
    assert client.model.prefixes == ("/priv/v1/apps",)
    for target in ("/api/v1/apps/sandbox-sessionm-key/offers", "/priv/v1/apps", "/priv/v1/appsx/k/offers", "/"):
        assert asked(client, client.authorization(), target).refusal == (404, "not_found")
