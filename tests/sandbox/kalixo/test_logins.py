"""Tokens of v1: sheet, A1 and traps 11 and 12."""

from __future__ import annotations

import base64
import json

import pytest

from stampcard_adapters.sandbox.kalixo import Switches

HOURS = 60 * 60


def claims(token: str) -> dict[str, object]:
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def test_a_login_gives_two_tokens_that_read_as_jwt_and_end_by_the_models_clock(client) -> None:
    answer = client.login()
    assert answer.status == 201
    assert answer.body.keys() == {"accessToken", "refreshToken"}
    now = int(client.clock.now.timestamp())
    for name, life in (("accessToken", 4 * HOURS), ("refreshToken", 8 * HOURS)):
        assert answer.body[name].count(".") == 2
        assert claims(answer.body[name])["exp"] == now + life


@pytest.mark.parametrize(("email", "password"), [("till@kalixo.example", "x"), ("x", "sandbox-kalixo-password")])
def test_a_wrong_login_is_401_and_says_not_what_was_wrong(client, email, password) -> None:
    answer = client.login(email, password)
    assert answer.error == (401, "Unauthorized")


@pytest.mark.parametrize("body", [{}, [], {"email": 1, "password": "x"}, {"email": "till@kalixo.example"}])
def test_a_login_without_both_is_400(client, body) -> None:
    assert client.send("POST", "/v1/auth/login", body).status == 400


def test_an_access_token_is_good_for_four_hours_and_no_longer(client) -> None:
    assert client.v1("GET", "/catalog").status == 200
    client.clock.forward(4 * HOURS - 1)
    assert client.v1("GET", "/catalog").status == 200
    client.clock.forward(1)
    assert client.v1("GET", "/catalog").error == (401, "Unauthorized")
    client.tokens = client.refresh(client.tokens["refreshToken"]).body
    assert client.v1("GET", "/catalog").status == 200


def test_a_refresh_token_is_refused_after_eight_hours_and_a_login_helps(client) -> None:
    client.login()
    client.clock.forward(8 * HOURS)
    assert client.refresh(client.tokens["refreshToken"]).status == 401
    assert client.login().status == 201


def test_only_a_refresh_token_refreshes_and_only_an_access_token_orders(client) -> None:
    client.login()
    assert client.refresh(client.tokens["accessToken"]).status == 401
    client.tokens = {"accessToken": client.tokens["refreshToken"]}
    assert client.v1("GET", "/catalog").status == 401


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", "Bearer a.b.c", "Basic abc", "Bearer \ud800.\ud800.\ud800"]
)
def test_anything_else_is_no_token(client, authorization) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert client.send("GET", "/v1/catalog", headers=headers).error == (401, "Unauthorized")
    assert client.send("POST", "/v1/auth/refresh", headers=headers).error == (401, "Unauthorized")


def test_a_token_with_other_claims_is_refused(client) -> None:
    client.login()
    head, _, tail = client.tokens["accessToken"].split(".")
    later = claims(client.tokens["accessToken"]) | {"exp": 9999999999}
    forged = base64.urlsafe_b64encode(json.dumps(later).encode()).decode().rstrip("=")
    client.tokens = {"accessToken": f"{head}.{forged}.{tail}"}
    assert client.v1("GET", "/catalog").status == 401


@pytest.mark.parametrize(
    ("rule", "gives_one", "old_one"), [("reusable", True, 201), ("once", True, 401), ("kept", False, 201)]
)
def test_a_refresh_token_again_follows_the_switch(connect, rule, gives_one, old_one) -> None:
    client = connect(switches=Switches(v1_refresh=rule))
    first = client.login().body["refreshToken"]
    pair = client.refresh(first)
    assert pair.status == 201
    assert ("refreshToken" in pair.body) is gives_one
    assert client.refresh(first).status == old_one
    if gives_one:
        assert client.refresh(pair.body["refreshToken"]).status == 201


def test_lives_and_status_are_switches(connect) -> None:
    client = connect(switches=Switches(v1_login_status=200, v1_access_seconds=10, v1_refresh_seconds=20))
    assert client.login().status == 200
    client.clock.forward(10)
    assert client.v1("GET", "/catalog").status == 401
    assert client.refresh(client.tokens["refreshToken"]).status == 200
    client.clock.forward(10)
    assert client.refresh(client.tokens["refreshToken"]).status == 401


def test_a_test_can_end_tokens_of_one_kind(client) -> None:
    client.login()
    client.model.end_tokens()
    assert client.v1("GET", "/catalog").status == 401
    again = client.refresh(client.tokens["refreshToken"])
    assert again.status == 201
    client.model.end_tokens(access=False, refresh=True)
    assert client.refresh(again.body["refreshToken"]).status == 401
    client.tokens = again.body
    assert client.v1("GET", "/catalog").status == 200


def test_a_changed_password_is_needed_from_then_on(client) -> None:
    client.model.set_account(password="another")
    assert client.login().status == 401
    assert client.login(password="another").status == 201


def test_v2_wants_its_key(client) -> None:
    client.key = None
    assert client.v2("GET", "/ping").error == (401, "Missing API key")
    client.key = ""
    assert client.v2("GET", "/ping").error == (401, "Missing API key")
    client.key = "kal_test_wrong"
    assert client.v2("GET", "/ping").error == (401, "Invalid API key")
    client.model.set_account(api_key="kal_test_wrong")
    assert client.v2("GET", "/ping").status == 200


def test_a_token_opens_nothing_of_v2_and_a_key_nothing_of_v1(client) -> None:
    client.login()
    bearer = {"Authorization": f"Bearer {client.tokens['accessToken']}"}
    assert client.send("GET", "/v2/wallet", headers=bearer).status == 401
    assert client.send("GET", "/v1/catalog", headers={"x-api-key": client.key}).status == 401
