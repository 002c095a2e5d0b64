"""Credentials: a token for Basic credentials, and token and key together on every call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stampcard_adapters.sandbox.kibo import Switches


def test_a_token_says_how_long_it_lives(client) -> None:
    answer = client.fetch_token()
    assert answer.status == 200
    assert answer.body["expires_in"] == 3600
    assert answer.body["token_type"] == "Bearer"
    assert answer.body.keys() == {"access_token", "token_type", "expires_in", "scope"}


def test_tokens_live_side_by_side_until_their_own_time(client, clock) -> None:
    first = client.token
    clock.pass_by(minutes=30)
    client.token = client.fetch_token().body["access_token"]
    assert client.token != first
    second, client.token = client.token, first
    assert client.get("order/1").status == 404
    clock.pass_by(minutes=29, seconds=59)
    assert client.get("order/1").status == 404
    clock.pass_by(seconds=1)
    assert client.get("order/1").problem == (401, 5004, None)
    client.token = second
    assert client.get("order/1").status == 404


def test_a_tokens_life_is_a_switch(connect) -> None:
    client = connect(switches=Switches(token_life=timedelta(seconds=5)))
    assert client.fetch_token().body["expires_in"] == 5
    client.clock.pass_by(seconds=5)
    assert client.get("order/1").status == 401


def test_a_token_can_be_ended_before_its_time(client) -> None:
    client.model.expire_tokens()
    refused = client.get("order/1")
    assert refused.problem == (401, 5004, None)
    assert refused.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !", "Basic c2FuZGJveC1rZXk=", "Basic c2FuZGJveC1rZXk6d3Jvbmc=", "Bearer x", "Basic \xff"],
)
def test_wrong_credentials_get_no_token(client, authorization) -> None:
    answer = client.fetch_token(Authorization=authorization)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("body", "error"),
    [(b"", "invalid_request"), (b"grant_type=password", "unsupported_grant_type"), (b"\xff", "invalid_request")],
)
def test_a_token_is_for_client_credentials(client, body, error) -> None:
    answer = client.fetch_token(body=body)
    assert (answer.status, answer.body["error"]) == (400, error)


def test_a_token_call_is_a_form_unless_lenient(client, connect) -> None:
    wrong = {"Content-Type": "application/json"}
    assert client.fetch_token(**wrong).body["error"] == "invalid_request"
    assert client.fetch_token(Content_Type="Application/X-WWW-Form-Urlencoded; charset=utf-8").status == 200
    assert connect(lenient=True).fetch_token(**wrong).status == 200


def test_a_token_is_asked_for_with_post(client) -> None:
    assert client.send("GET", "/oauthserver/oauth2/token", b"", {}).problem == (405, 5005, None)


def test_one_public_client_writes_bearer_in_lower_case(client) -> None:
    headers = client.headers() | {"Authorization": f"bearer {client.token}"}
    assert client.send("GET", "/api/v2/order/1", b"", headers).status == 404


@pytest.mark.parametrize("status", [401, 403])
def test_a_call_without_an_api_key_is_refused(connect, status) -> None:
    client = connect(switches=Switches(missing_api_key=status))
    headers = client.headers()
    del headers["API-Key"]
    assert client.send("GET", "/api/v2/order/1", b"", headers).problem == (status, 5004, None)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("key", ["sandbox-other-key", "unknown"])
def test_a_key_that_does_not_go_with_the_token_is_refused(connect, status, key) -> None:
    client = connect(switches=Switches(key_mismatch=status))
    client.api_key = key
    assert client.get("order/1").problem == (status, 5004, None)


def test_a_replaced_key_ends_the_old_tokens(client) -> None:
    client.model.set_keys("new-key", "new-secret")
    assert client.get("order/1").status == 403
    assert client.fetch_token().status == 401
    client.api_key, client.secret = "new-key", "new-secret"
    assert client.get("order/1").status == 403  # the token was given to the old one
    client.token = client.fetch_token().body["access_token"]
    assert client.authorize().status == 200


def test_one_tenant_sees_nothing_of_another(client, connect) -> None:
    order_id = client.bought()
    other = connect(client.model, clock=client.clock, key="sandbox-other-key", secret="sandbox-other-secret")
    assert other.get(f"order/{order_id}").problem == (404, 5002, None)
    assert other.cancel(order_id).problem == (404, 5002, None)
    assert other.get("order/?manufacturerID=2020").body["totalCount"] == 0
    token = client.authorize(externalCartID="x").body["authToken"]
    stolen = other.create("theirs", token, manufacturerID=2020, catalogID=1)
    assert stolen.problem == (400, 5015, "orderPayments[0].authorizationID")


@pytest.mark.parametrize(("status", "code"), [(400, 5015), (403, 5004)])
def test_another_tenants_manufacturer_is_refused(connect, status, code) -> None:
    client = connect(switches=Switches(unknown_manufacturer=status))
    answer = client.authorize(manufacturerID=2020)
    assert (answer.status, answer.code) == (status, code)


def test_a_body_that_does_not_say_it_is_json_is_refused_unless_lenient(client) -> None:
    headers = client.headers() | {"Content-Type": "text/plain"}
    body = b'{"orderID":1,"dispositionReason":"created_by_mistake"}'
    assert client.send("POST", "/api/v2/order/action/cancel", body, headers).problem == (400, 5003, None)
    client.model.set_lenient(True)
    assert client.send("POST", "/api/v2/order/action/cancel", body, headers).problem == (404, 5002, None)
