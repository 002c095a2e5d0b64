"""Members, rewards and balance: sheet, sections 3 and 4."""

from __future__ import annotations

import pytest

from stampcard_adapters.sandbox.spendgo import Switches


def member(client, **customer):
    return client.call("POST", "/loyalty/accounts", {"customer": customer})


def test_a_known_phone_is_200_and_a_new_one_201_then_200(client) -> None:
    assert member(client, phone="5555550100").body == {"id": "494979", "status": "Active"}
    created = member(client, phone="5555550199")
    assert created.status == 201
    again = member(client, phone="5555550199")
    assert (again.status, again.body) == (200, created.body)


def test_a_member_who_must_verify_an_email_gets_no_id_until_then(client) -> None:
    first = member(client, phone="5555550199", email="z@example.com", verify_email=True)
    assert (first.status, first.body) == (202, {"status": "WaitingEmailVerification"})
    assert member(client, phone="5555550199").status == 202
    waiting = client.model.members()[-1]
    assert client.call("GET", f"/loyalty/accounts/{waiting.id}/balance").code == 4003
    client.model.verify_email("5555550199")
    assert member(client, phone="5555550199").body == {"id": waiting.id, "status": "Active"}


@pytest.mark.parametrize("phone", ["555", "555555010a", 5555550100, None, "", "\u0665" * 10, "5555550100\n"])
def test_a_bad_phone_is_2003(client, phone) -> None:
    answer = member(client, phone=phone)
    assert (answer.status, answer.body) == (400, {"code": 2003, "details": "Invalid customer phone number"})


@pytest.mark.parametrize("status", [400, 409])
def test_email_and_phone_of_different_members_conflict_with_code_409(connect, status) -> None:
    client = connect(switches=Switches(conflict_status=status))
    member(client, phone="5555550198", email="a@example.com")
    for phone in ("5555550100", "5555550197"):
        answer = member(client, phone=phone, email="A@example.com")
        assert (answer.status, answer.body) == (status, {"code": 409, "details": "Email/phone already exists."})
    assert member(client, phone="5555550198", email="a@example.com").status == 200


@pytest.mark.parametrize(
    "wrong", [{"email": "nobody"}, {"gender": "x"}, {"dob": "31.12.1990"}, {"verify_email": "yes"}, {"name": "Zoe"}]
)
def test_a_wrong_field_is_the_generic_error(client, wrong) -> None:
    answer = member(client, phone="5555550199", **wrong)
    assert (answer.status, answer.code) == (400, 2000)
    assert len(client.model.members()) == 2


def test_rewards_are_those_of_the_store(client) -> None:
    elsewhere = client.model.give("494979", label="Elsewhere", value=1, stores=("1",))
    [reward] = client.rewards()
    assert reward == {
        "id": "2234402",
        "offer": "rebate",
        "label": "$5 off $50 or more",
        "currency": "USD",
        "value": 5,
        "reference": {"type": "promo", "code": "SG2234402"},
        "quantity": 1,
    }
    assert client.model.reward_quantity("494979", elsewhere) == 1


@pytest.mark.parametrize("query", ["?store=1", "", "?", "?store=", "?shop=999999"])
def test_an_unknown_or_missing_store_is_4002(client, query) -> None:
    answer = client.call("GET", f"/loyalty/accounts/494979/rewards{query}")
    assert (answer.status, answer.body) == (400, {"code": 4002, "details": "Invalid store id: None"})


@pytest.mark.parametrize("who", ["1", "guest", ""])
@pytest.mark.parametrize("what", ["balance", "rewards?store=999999"])
def test_an_unknown_member_is_4003(client, who, what) -> None:
    answer = client.call("GET", f"/loyalty/accounts/{who}/{what}")
    assert (answer.status, answer.body) == (400, {"code": 4003, "details": "Invalid user account id: 0"})


def test_a_reward_id_need_not_be_a_number(client) -> None:
    assert client.model.give("494979", label="Letter", value=1, reward_id="A18") == "A18"
    assert [reward["id"] for reward in client.rewards()] == ["2234402", "A18"]


def test_shop_with_points_shows_dollars_under_an_id_of_its_own(client) -> None:
    [reward] = client.rewards("494980")
    assert reward["id"].startswith("P_")
    assert reward["value"] == 40
    assert client.model.swp_balance("494980") == 40


def test_percent_has_no_projected_value(client) -> None:
    client.model.give("494979", label="10% off", value=10, kind="discount")
    assert "value" not in client.rewards()[-1]


def test_an_offer_that_vanishes_is_listed_once_and_stays_usable(client) -> None:
    reward = client.model.give("494979", label="Flash", value=3, vanishes=True)
    assert reward in [offer["id"] for offer in client.rewards()]
    assert reward not in [offer["id"] for offer in client.rewards()]
    assert reward in client.model.rewards("494979")
    assert client.order("checkout", reward=reward, discount=3).transaction["discount"] == 3


def test_balance_of_points_has_no_reward_ids_and_a_threshold(client) -> None:
    balance = client.balance()
    assert (balance["quantity"], balance["units"], balance["label"]) == (120, "points", "Points")
    assert balance["spend_threshold"] == 100
    assert [sorted(reward) for reward in balance["rewards"]] == [
        ["currency", "label", "offer", "quantity", "reference", "value"]
    ]


def test_visits_count_visits(client) -> None:
    client.model.set_program("visits", units="stamps")
    client.through("checkout", "placed", "billed", "completed")
    assert (client.balance()["units"], client.balance()["quantity"]) == ("stamps", 121)


def test_banking_lists_what_is_out_of_reach_with_quantity_nothing(client) -> None:
    client.model.set_program("points_banking")
    balance = client.balance()
    assert "spend_threshold" not in balance
    assert [(r["points"], r["quantity"]) for r in balance["rewards"] if "points" in r] == [(100, 1), (250, 0)]
    assert [reward["id"] for reward in client.rewards()] == ["2234402", "P_100"]
    client.through("checkout", "placed", "billed", reward="P_100", discount=5)
    assert client.model.points("494979") == 20
    client.through("voided", reward="P_100", discount=5)
    assert client.model.points("494979") == 120
    assert client.model.unbalanced() == ()


def test_a_shop_with_points_programme_pays_in_points(client) -> None:
    client.model.set_program("shop_with_points")
    client.model.give("494979", label="top up", value=10, shop_with_points=True)
    assert client.model.points("494979") == 1120
    balance = client.balance()
    assert "spend_threshold" not in balance
    assert balance["rewards"][-1]["value_per_point"].compare(0) > 0
    wallet = client.rewards()[-1]
    assert float(wallet["value"]) == 11.2
    client.through("checkout", "placed", "billed", reward=wallet["id"], discount=10)
    assert client.model.points("494979") == 120
    assert client.model.unbalanced() == ()
