"""SSO sessions and the wallet's exchange: sheet, section 4."""

from __future__ import annotations

import uuid

import pytest

from stampcard_adapters.sandbox.kigo import Switches

SSO = "/api/v1/accounts/sso-sessions"


def test_an_sso_session_is_an_id_and_the_wallet_exchanges_it_for_the_users_tokens(client) -> None:
    answer = client.sso(external_program_id="p", user_email="a@example.com", is_single_use=True)
    assert (answer.status, answer.body.keys()) == (200, {"session_id"})
    uuid.UUID(answer.body["session_id"])
    code = client.order().body["claim_code"]
    exchanged = client.exchange(answer.body["session_id"])
    assert (exchanged.status, exchanged.body.keys()) == (
        200,
        {"account_space_api_session_token", "account_space_api_refresh_token", "account_id"},
    )
    assert client.claim(code, exchanged.body["account_space_api_session_token"]).status == 200
    assert client.model.wallet("user-1", program="p") == ("sandbox-product-coffee",)


@pytest.mark.parametrize("old", ["external_program_id", "brand_identifier"])
def test_both_names_of_a_programme_lead_to_the_same_account(client, old) -> None:
    account = client.user_session(brand_identifier="p").body["account_id"]
    assert client.exchange(client.sso(**{old: "p"}).body["session_id"]).body["account_id"] == account
    assert client.exchange(client.sso(**{old: "q"}).body["session_id"]).body["account_id"] != account


def test_unknown_programmes_and_users_are_never_an_error(client) -> None:
    ids = {client.sso(user, external_program_id=p).status for user in ("new", "☃", "x" * 999) for p in ("a", None)}
    assert ids == {200}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"external_user_id": None},
        {"external_user_id": ""},
        {"external_user_id": 5},
        {"external_user_id": "u", "is_single_use": "yes"},
        {"external_user_id": "u", "external_program_id": {}},
        {"external_user_id": "u", "user_email": []},
        {"external_user_id": "u", "external_program_id": "p", "brand_identifier": "q"},
    ],
)
def test_a_wrong_sso_session_is_400(client, body) -> None:
    assert client.post(SSO, body).refusal == (400, "validation_error")


def test_null_is_as_good_as_nothing_and_unknown_attributes_are_ignored(client) -> None:
    body = {"external_program_id": None, "brand_identifier": None, "is_single_use": None, "user_email": None}
    assert client.sso(**body, attributes="x", account_attributes={"a": 1}).status == 200


def test_a_session_of_a_single_use_works_once_and_another_until_its_end(client) -> None:
    once = client.sso(is_single_use=True).body["session_id"]
    assert [client.exchange(once).status for _ in range(3)] == [200, 401, 401]
    for single_use in (None, False):
        many = client.sso(is_single_use=single_use).body["session_id"]
        assert [client.exchange(many).status for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("single_use", [True, False])
def test_an_sso_session_lives_thirty_minutes_by_the_clock(client, clock, single_use) -> None:
    early, late = (client.sso(is_single_use=single_use).body["session_id"] for _ in range(2))
    clock.forward(minutes=29, seconds=59)
    assert client.exchange(early).status == 200
    clock.forward(seconds=1)
    assert client.exchange(late).refusal == (401, "unauthorized")


@pytest.mark.parametrize(("session_id", "status"), [("nonsense", 401), (None, 400), ("", 400), (7, 400)])
def test_a_bad_session_id_is_refused(client, session_id, status) -> None:
    assert client.exchange(session_id).status == status


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (404, "not_found"), (400, "validation_error")])
def test_the_status_of_a_refused_exchange_can_be_set(connect, status, code) -> None:
    client = connect(switches=Switches(sso_refused_status=status))
    assert client.exchange("nonsense").refusal == (status, code)
