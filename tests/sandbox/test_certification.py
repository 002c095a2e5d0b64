"""The provider's own certification list, case by case and in its order."""

from __future__ import annotations

import pytest

OWNER, SHOPPER, WALLET = "494979", "494980", "P_494980"
ALL = ("checkout", "placed", "billed", "completed")
REWARD = {"reward": "2234402", "discount": 5}


def test_01_02_members_are_looked_up_and_enrolled(client) -> None:
    for phone, status in (("5555550100", 200), ("5555550142", 201), ("5555550142", 200)):
        answer = client.call("POST", "/loyalty/accounts", {"customer": {"phone": phone}})
        assert (answer.status, answer.body["status"]) == (status, "Active")
        assert answer.body["id"]


def test_03_04_rewards_and_balance(client) -> None:
    [reward] = client.rewards()
    assert (reward["quantity"], reward["offer"], reward["reference"]["type"]) == (1, "rebate", "promo")
    assert client.rewards(SHOPPER)[0]["value"] == 40
    assert (client.balance()["quantity"], client.balance()["units"]) == (120, "points")


def test_05_06_an_order_without_reward_earns(client) -> None:
    for stage in ALL:
        assert client.through(stage).transaction["discount"] == 0
    assert client.balance()["quantity"] == 180


@pytest.mark.parametrize(("kind", "value", "worth"), [("rebate", 5, 5), ("discount", 10, 6)])
def test_07_08_09_a_reward_is_priced_billed_and_gone(client, kind, value, worth) -> None:
    reward = client.model.give(OWNER, label="Off", value=value, kind=kind)
    assert client.through("checkout", reward=reward, discount=value).transaction["discount"] == worth
    client.through("placed", "billed", reward=reward, discount=worth)
    assert reward not in [offer["id"] for offer in client.rewards()]


@pytest.mark.parametrize("rule", [{"min_items": 9}, {"product": "cake"}])
def test_10_11_an_invalid_reward_is_a_message_then_an_error(client, rule) -> None:
    reward = client.model.give(OWNER, label="Off", value=5, **rule)
    assert client.order("checkout", reward=reward, discount=5).transaction["message"]
    placed = client.order("placed", reward=reward, discount=5)
    assert placed.status == 400
    assert {"id", "code", "status", "details"} <= placed.body.keys()


@pytest.mark.parametrize("dollars", [40, 10])
def test_12_shop_with_points_in_full_and_in_part(client, dollars) -> None:
    use = {"member": SHOPPER, "reward": WALLET, "discount": dollars}
    assert client.through("checkout", **use).transaction["discount"] == dollars
    client.through("placed", "billed", **use)
    assert sum(reward["value"] for reward in client.rewards(SHOPPER)) == 40 - dollars


def test_13_shop_with_points_above_the_balance(client) -> None:
    assert client.order("checkout", member=SHOPPER, reward=WALLET, discount=41).transaction["message"]


def test_14_16_voided_before_completion(client) -> None:
    client.through(*ALL[:3], "voided", **REWARD)
    assert client.balance()["quantity"] == 120
    assert [reward["id"] for reward in client.rewards()] == ["2234402"]


def test_15_17_refunded_after_completion(client) -> None:
    client.through(*ALL, **REWARD)
    assert client.balance()["quantity"] == 175
    client.through("refunded", **REWARD)
    assert client.balance()["quantity"] == 120
    assert [reward["id"] for reward in client.rewards()] == ["2234402"]
