"""A repeat of a stage: replayed by default, refused or unsafe by switch."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from stampcard_adapters.sandbox.spendgo import Switches

OWNER = "494979"
REWARD = {"reward": "2234402", "discount": 5}
STAGES = ("checkout", "placed", "billed", "completed", "refunded")


def test_a_repeat_gets_the_first_answer_byte_for_byte_at_any_later_time(client) -> None:
    first = {stage: client.through(stage, **REWARD).raw for stage in STAGES}
    rows = client.model.rows()
    for stage in STAGES[1:]:
        assert client.order(stage, **REWARD).raw == first[stage]
    assert client.model.rows() == rows
    assert client.model.states("t-1") == STAGES


def test_the_same_body_is_recognised_however_it_is_written(client) -> None:
    client.through("checkout", **REWARD)
    body = client.body("placed", **REWARD)
    first = client.post_order(OWNER, body)
    other = json.dumps(dict(reversed(body.items())) | {"subtotal": 60.0}, indent=1).encode()
    assert client.post_order(OWNER, other).raw == first.raw


@pytest.mark.parametrize("repeat", ["replayed", "refused", "unsafe"])
def test_the_same_stage_with_another_body_is_409(connect, repeat) -> None:
    client = connect(switches=Switches(repeat=repeat))
    client.through("checkout", "placed")
    answer = client.order("placed", rendition="delivery")
    assert (answer.status, answer.code, answer.body["status"]) == (409, 409, "placed")


def test_a_refused_attempt_is_not_remembered(client) -> None:
    assert client.order("placed").status == 409
    client.through("checkout")
    assert client.order("placed", vendor="1").code == 4002
    assert client.order("placed").status == 200


def test_a_late_bill_does_not_land_after_the_void(client) -> None:
    client.through("checkout", "placed", "voided", **REWARD)
    assert client.order("billed", **REWARD).status == 409
    assert client.model.rewards(OWNER) == ("2234402",)


def test_a_provider_that_refuses_repeats_says_409_and_moves_nothing(connect) -> None:
    client = connect(switches=Switches(repeat="refused"))
    client.through(*STAGES[:3], **REWARD)
    for stage in STAGES[1:3]:
        assert client.order(stage, **REWARD).status == 409
    assert client.model.unbalanced() == ()
    assert client.model.states("t-1") == STAGES[:3]


def test_an_unsafe_provider_awards_twice_and_its_books_say_so(connect) -> None:
    client = connect(switches=Switches(repeat="unsafe"))
    client.through(*STAGES[:4], **REWARD)
    client.order("completed", **REWARD)
    assert client.model.points(OWNER) == 120 + 55 + 55
    [sentence] = client.model.unbalanced()
    assert "t-1" in sentence
    assert "points moved by 110, not by 55" in sentence


def test_an_unsafe_provider_finds_the_reward_gone_or_takes_a_second_one(connect) -> None:
    for quantity, code in ((0, 400), (1, 200)):
        client = connect(switches=Switches(repeat="unsafe"))
        extra = client.model.give(OWNER, label="Five", value=5, quantity=quantity + 1)
        client.through(*STAGES[:3], reward=extra, discount=5)
        again = client.order("billed", reward=extra, discount=5)
        assert again.body.get("code", again.status) == code
        assert client.model.reward_quantity(OWNER, extra) == 0
        assert bool(client.model.unbalanced()) is (quantity == 1)


def test_many_tills_at_once_redeem_one_reward_once(client) -> None:
    lanes = [f"lane-{number}" for number in range(16)]

    for order in lanes:
        client.through("checkout", "placed", order=order, **REWARD)
    with ThreadPoolExecutor(8) as tills:
        answers = list(tills.map(lambda order: client.order("billed", order=order, **REWARD).status, lanes))
    assert sorted(answers) == [200] + [400] * 15
    assert client.model.unbalanced() == ()
