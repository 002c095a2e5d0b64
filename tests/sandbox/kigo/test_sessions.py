"""Partner and user sessions: sheet, section 2."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from stampcard_adapters.sandbox.kigo import Switches

SESSIONS = "/api/v1/auth/sessions"
USERS = "/api/v1/auth/sessions/accounts"
REFRESH = "/api/v1/auth/sessions/accounts/refresh"


def test_a_partner_gets_a_token_without_an_expiry_and_without_a_refresh(client) -> None:
    answer = client.session()
    assert answer.status == 200
    assert answer.body.keys() == {"token"}


@pytest.mark.parametrize("wrong", [{"api_key": "no"}, {"partner_id": "no"}, {"api_key": "no", "partner_id": "no"}])
def test_wrong_credentials_are_401_and_never_repeated(client, wrong) -> None:
    answer = client.session(**wrong, api_keys="canary")
    assert answer.refusal == (401, "unauthorized")
    assert "sandbox-kigo-key" not in answer.raw.decode()


@pytest.mark.parametrize("wrong", [{"api_key": None}, {"partner_id": ""}, {"api_key": 5}, {"partner_id": ["x"]}])
def test_a_missing_or_odd_credential_is_400(client, wrong) -> None:
    assert client.session(**wrong).refusal == (400, "validation_error")


def test_a_partner_token_lives_thirty_minutes_by_the_clock_and_is_renewed_by_the_same_call(client, clock) -> None:
    client.partner_token()
    clock.forward(minutes=29, seconds=59)
    assert client.order().status == 200
    clock.forward(seconds=1)
    assert client.order().refusal == (401, "unauthorized")
    client.token = None
    assert client.order().status == 200


def test_an_older_token_lives_on_beside_a_newer_one(client) -> None:
    first = client.partner_token()
    client.token = None
    assert client.partner_token() != first
    client.token = first
    assert client.order().status == 200


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer nonsense"}]
)
def test_a_call_without_a_good_token_is_an_authentication_error(connect, headers, status) -> None:
    client = connect(switches=Switches(expired_token_status=status))
    for path, body in [
        ("/api/v1/products/sandbox-product-coffee/claim-codes", {"external_order_id": "o"}),
        ("/api/v1/accounts/sso-sessions", {"external_user_id": "u"}),
        (USERS, {"external_user_id": "u", "external_program_id": "p"}),
    ]:
        assert client.call("POST", path, body, **headers).refusal == (status, "unauthorized")
    assert client.model.orders() == ()


def test_the_key_itself_is_no_token_and_basic_is_not_bearer(client) -> None:
    client.token = "sandbox-kigo-key"
    assert client.order().status == 401
    client.token = None
    token = client.partner_token()
    body = {"external_order_id": "o"}
    path = "/api/v1/products/sandbox-product-coffee/claim-codes"
    assert client.call("POST", path, body, Authorization=f"Basic {token}").status == 401
    assert client.call("POST", path, body, authorization=f"bearer {token}").status == 200


def test_expire_sessions_ends_partner_user_and_sso_sessions_but_no_refresh_token(client) -> None:
    user = client.user_session().body
    session_id = client.sso().body["session_id"]
    code = client.order().body["claim_code"]
    client.model.expire_sessions()
    assert client.order().refusal == (401, "unauthorized")
    assert client.lookup(code, user["token"]).refusal == (401, "unauthorized")
    assert client.exchange(session_id).refusal == (401, "unauthorized")
    renewed = client.call("POST", REFRESH, {"refresh_token": user["refresh_token"]})
    assert client.lookup(code, renewed.body["token"]).status == 200


def test_sessions_of_one_partner_expire_alone(client, second) -> None:
    second.partner_token()
    client.partner_token()
    client.model.expire_sessions(tenant="kigo")
    assert client.order().status == 401
    assert second.order(product="tea").status == 200


def test_a_new_key_replaces_the_old_one_and_live_tokens_stay(client) -> None:
    client.partner_token()
    client.model.set_api_key("next-key")
    assert client.session().status == 401
    assert client.order().status == 200
    client.api_key = "next-key"
    assert client.session().status == 200


# User-level sessions


def test_the_newer_form_gives_a_refresh_token_and_the_older_an_account(client) -> None:
    newer = client.user_session(external_program_id="p", user_email="a@example.com")
    assert (newer.status, newer.body.keys()) == (200, {"token", "refresh_token"})
    older = client.user_session(brand_identifier="p", user_email=None)
    assert (older.status, older.body.keys()) == (200, {"token", "account_id"})
    assert client.user_session(brand_identifier="p").body["account_id"] == older.body["account_id"]
    assert client.user_session("user-2", brand_identifier="p").body["account_id"] != older.body["account_id"]


@pytest.mark.parametrize(
    "body",
    [
        {"external_program_id": "p"},
        {"external_program_id": "p", "external_user_id": ""},
        {"external_program_id": "p", "external_user_id": 7},
        {"external_user_id": "u"},
        {"external_program_id": 5, "external_user_id": "u"},
        {"external_program_id": "p", "external_user_id": "u", "user_email": 5},
        {"external_program_id": "p", "brand_identifier": "q", "external_user_id": "u"},
    ],
)
def test_a_wrong_user_session_is_400(client, body) -> None:
    assert client.post(USERS, body).refusal == (400, "validation_error")


def test_a_lenient_partner_may_leave_out_the_programme_and_the_content_type(connect) -> None:
    client = connect(lenient=True)
    assert client.post(USERS, {"external_user_id": "u"}).body.keys() == {"token", "refresh_token"}
    both = {"external_program_id": "p", "brand_identifier": "q", "external_user_id": "u"}
    assert client.post(USERS, both).status == 200
    credentials = {"api_key": client.api_key, "partner_id": client.partner_id}
    for lenient, status in ((True, 200), (False, 400)):
        client.model.set_lenient(lenient)
        sent = client.call("POST", SESSIONS, credentials, **{"Content-Type": "text/plain"})
        assert sent.status == status


def test_a_content_type_may_name_its_charset(client) -> None:
    credentials = {"api_key": client.api_key, "partner_id": client.partner_id}
    sent = client.call("POST", SESSIONS, credentials, **{"Content-Type": "Application/JSON; charset=utf-8"})
    assert sent.status == 200


def test_a_user_token_lives_the_shortest_published_time_unless_a_switch_says_otherwise(connect, clock) -> None:
    for lifetime in (30, 60):
        client = connect(clock=clock, switches=Switches(user_token_lifetime=timedelta(minutes=lifetime)))
        code = client.order().body["claim_code"]
        token = client.user_token()
        clock.forward(minutes=lifetime, seconds=-1)
        assert client.lookup(code, token).status == 200
        clock.forward(seconds=1)
        assert client.lookup(code, token).refusal == (401, "unauthorized")
    assert Switches().user_token_lifetime == timedelta(minutes=30)


def test_a_refresh_gives_the_same_user_a_new_pair_until_its_own_end(client, clock) -> None:
    first = client.user_session().body
    clock.forward(days=89)
    renewed = client.call("POST", REFRESH, {"refresh_token": first["refresh_token"]})
    assert (renewed.status, renewed.body.keys()) == (200, {"token", "refresh_token"})
    assert not {*renewed.body.values()} & {*first.values()}
    client.token = None
    code = client.order().body["claim_code"]
    assert client.claim(code, renewed.body["token"]).status == 200
    assert client.model.wallet("user-1", program="program-1") == ("sandbox-product-coffee",)
    clock.forward(days=1)
    assert client.call("POST", REFRESH, {"refresh_token": first["refresh_token"]}).refusal == (401, "unauthorized")


@pytest.mark.parametrize(("rotates", "status"), [(False, 200), (True, 401)])
def test_a_refresh_token_works_again_unless_it_rotates(connect, rotates, status) -> None:
    client = connect(switches=Switches(refresh_rotates=rotates))
    sent = {"refresh_token": client.user_session().body["refresh_token"]}
    assert client.call("POST", REFRESH, sent).status == 200
    assert client.call("POST", REFRESH, sent).status == status


@pytest.mark.parametrize(("token", "status"), [("nonsense", 401), (None, 400), ("", 400), (5, 400)])
def test_a_bad_refresh_token_is_refused(client, token, status) -> None:
    assert client.call("POST", REFRESH, {"refresh_token": token}).status == status


def test_no_kind_of_token_stands_in_for_another(client) -> None:
    user = client.user_session().body
    code = client.order().body["claim_code"]
    partner = client.token
    assert client.lookup(code, partner).refusal == (401, "unauthorized")
    assert client.claim(code, partner).refusal == (401, "unauthorized")
    assert client.call("POST", REFRESH, {"refresh_token": user["token"]}).status == 401
    for token in user.values():
        client.token = token
        assert client.order("ord-2").refusal == (401, "unauthorized")
        assert client.sso().refusal == (401, "unauthorized")
        assert client.user_session().refusal == (401, "unauthorized")
    assert client.model.orders() == ("ord-1",)


# Switches


def test_status_of_a_session_and_of_wrong_credentials_can_be_set(connect) -> None:
    client = connect(switches=Switches(session_status=201, wrong_credentials_status=400))
    assert client.session().status == 201
    assert client.session(api_key="no").refusal == (400, "validation_error")
    assert connect(switches=Switches(wrong_credentials_status=403)).session(api_key="no").refusal[0] == 403


def test_a_partner_session_may_show_a_refresh_token_that_nothing_takes_back(connect) -> None:
    client = connect(switches=Switches(partner_refresh_token=True))
    answer = client.session().body
    assert answer.keys() == {"token", "refresh_token"}
    assert client.call("POST", REFRESH, {"refresh_token": answer["refresh_token"]}).status == 401


def test_tokens_are_all_different_and_the_same_in_every_run(connect) -> None:
    runs = [[json.dumps(client.session().body) for _ in range(20)] for client in (connect(), connect())]
    assert len({*runs[0]}) == 20
    assert runs[0] == runs[1]
