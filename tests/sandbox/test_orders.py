"""The six stages of an order: sheet, sections 5 and 6."""

from __future__ import annotations

import pytest

from stampcard_adapters.sandbox.spendgo import Switches

OWNER, SHOPPER, WALLET = "494979", "494980", "P_494980"
REWARD = {"reward": "2234402", "discount": 5}
ALL = ("checkout", "placed", "billed", "completed")
REFUSAL = "Reward could not be applied. Please use a valid reward."


def books(client, member: str = OWNER):
    assert client.model.unbalanced() == ()
    return client.model.points(member), client.model.rewards(member)


def test_the_transaction_id_appears_at_billed(client) -> None:
    assert client.order("checkout").transaction == {"discount": 0, "status": "checkout"}
    assert client.order("placed").transaction == {"discount": 0, "status": "placed"}
    billed = client.order("billed").transaction
    assert billed["id"] == client.order("completed").transaction["id"]


def test_points_are_awarded_at_completed_for_whole_units_of_items_less_discounts(client) -> None:
    items = (("soup", 19, 3),)
    client.through("checkout", "placed", "billed", items=items, discount=0.25)
    assert books(client)[0] == 120
    client.through("completed", items=items, discount=0.25)
    assert books(client)[0] == 120 + 56


def test_the_reward_leaves_at_billed_and_points_come_at_completed(client) -> None:
    assert client.through("checkout", "placed", **REWARD).transaction["discount"] == 5
    assert books(client) == (120, ("2234402",))
    client.through("billed", **REWARD)
    assert books(client) == (120, ())
    client.through("completed", **REWARD)
    assert books(client) == (175, ())
    assert client.model.states("t-1") == ALL


@pytest.mark.parametrize("before", [ALL[:1], ALL[:2], ALL[:3]], ids="-".join)
def test_a_void_before_completion_gives_the_reward_back(client, before) -> None:
    client.through(*before, "voided", **REWARD)
    assert books(client) == (120, ("2234402",))
    assert client.model.states("t-1") == (*before, "voided")


def test_a_void_after_checkout_needs_no_payment(client) -> None:
    client.through("checkout")
    assert client.order("voided", without=("payments",)).status == 200


def test_a_refund_gives_the_reward_back_and_takes_the_points(client) -> None:
    client.through(*ALL, "refunded", **REWARD)
    assert books(client) == (120, ("2234402",))


def test_a_refund_names_the_transaction_it_undoes(client) -> None:
    client.through(*ALL)
    assert client.order("refunded", transaction="1").code == 2000
    assert client.order("refunded", without=("transaction",)).body["details"] == "transaction is required."
    assert client.through("refunded").status == 200


@pytest.mark.parametrize("stage", ["placed", "billed", "completed", "voided", "refunded"])
def test_a_stage_of_an_order_never_seen_is_409(client, stage) -> None:
    answer = client.order(stage, transaction="1")
    assert answer.status == 409
    assert answer.body == {
        "id": "t-1",
        "code": 409,
        "status": stage,
        "message": f"Order has not been seen before: it cannot be {stage}.",
        "details": "The order could not be updated.",
    }
    assert client.model.orders() == ()


@pytest.mark.parametrize(
    ("reached", "refused"),
    [
        (ALL[:1], ("billed", "completed", "refunded")),
        (ALL[:2], ("checkout", "completed", "refunded")),
        (ALL[:3], ("checkout", "refunded")),
        (ALL, ("checkout", "voided")),
        ((*ALL[:2], "voided"), ("checkout", "billed", "completed", "refunded")),
        ((*ALL, "refunded"), ("checkout", "voided")),
    ],
)
@pytest.mark.parametrize("status", [409, 400])
def test_a_stage_out_of_sequence_is_refused_and_changes_nothing(connect, reached, refused, status) -> None:
    client = connect(switches=Switches(out_of_sequence=status))
    client.through(*reached, **REWARD)
    before = books(client)
    for stage in refused:
        answer = client.order(stage, **{"transaction": "1", **REWARD})
        assert (answer.status, answer.code, answer.body["status"]) == (status, status, stage)
    assert books(client) == before
    assert client.model.states("t-1") == reached


def test_another_members_order_is_not_touched(client) -> None:
    client.through("checkout", "placed")
    assert client.order("billed", member=SHOPPER).status == 409
    assert client.order("checkout", member="guest").status == 409


def test_checkout_is_priced_anew_each_time(client) -> None:
    assert client.order("checkout", items=(("soup", 10, 1),), **REWARD).transaction["discount"] == 0
    assert client.order("checkout", **REWARD).transaction["discount"] == 5
    assert client.model.states("t-1") == ("checkout",)


def test_percent_is_of_the_qualifying_items_to_the_cent(client) -> None:
    reward = client.model.give(OWNER, label="15% off soup", value=15, kind="discount", product="soup")
    answer = client.order("checkout", items=(("soup", 11, 1), ("tea", 100, 1)), reward=reward, discount=None)
    assert float(answer.transaction["discount"]) == 1.65


def test_a_gift_is_the_cheapest_qualifying_item(client) -> None:
    reward = client.model.give(OWNER, label="Free tea", value=0, kind="gift", product="tea")
    answer = client.order("checkout", items=(("soup", 11, 1), ("tea", 3, 2)), reward=reward)
    assert answer.transaction["discount"] == 3


def test_modifiers_count_towards_the_basket(client) -> None:
    body = client.body("checkout", items=(("pizza", 20, 2),), **REWARD)
    body["basket"]["posEntries"][0]["posItem"]["modifiers"] = {
        "label": "cheese",
        "cost": 2,
        "quantity": 1,
        "modifiers": [{"label": "extra", "cost": 1.5, "quantity": 2, "categories": ["dairy"]}],
    }
    assert client.post_order(OWNER, body).transaction["discount"] == 5


@pytest.mark.parametrize(
    ("rule", "items"),
    [
        ({"min_spend": 50}, (("soup", 49, 1),)),
        ({"min_items": 3}, (("soup", 60, 2),)),
        ({"product": "cake"}, (("soup", 60, 1),)),
        ({"stores": ("1",)}, (("soup", 60, 1),)),
        ({"quantity": 0}, (("soup", 60, 1),)),
    ],
    ids=str,
)
def test_a_reward_whose_rule_fails_is_a_message_at_checkout_and_400_from_placed(client, rule, items) -> None:
    reward = client.model.give(OWNER, label="Ten", value=10, **rule)
    checkout = client.order("checkout", items=items, reward=reward, discount=10).transaction
    assert (checkout["discount"], checkout["status"]) == (0, "checkout")
    assert checkout["message"]
    placed = client.order("placed", items=items, reward=reward, discount=10)
    assert placed.status == 400
    assert {**placed.body, "message": ""} == {
        "id": "t-1", "code": 400, "status": "placed", "message": "", "details": REFUSAL
    }  # fmt: skip
    assert client.model.states("t-1") == ("checkout",)
    assert client.order("placed", items=items).status == 200  # a refused attempt is not remembered


def test_an_invalid_reward_can_be_an_error_at_checkout_already(connect) -> None:
    client = connect(switches=Switches(invalid_reward_at_checkout="error"))
    assert client.order("checkout", reward="1", discount=5).code == 400
    assert client.model.orders() == ()


@pytest.mark.parametrize("discount", [4.99, 5.01, 0, None])
@pytest.mark.parametrize("stage", ["placed", "billed", "completed"])
def test_the_discount_is_the_one_validated_at_checkout(client, stage, discount) -> None:
    client.through(*ALL[: ALL.index(stage)], **REWARD)
    answer = client.order(stage, reward="2234402", discount=discount)
    assert (answer.status, answer.code, answer.body["status"]) == (400, 400, stage)
    assert client.order(stage, **REWARD).status == 200


def test_the_reward_is_the_same_from_placed_on(client) -> None:
    other = client.model.give(OWNER, label="Other", value=5)
    client.through("checkout", **REWARD)
    assert client.order("placed", reward=other, discount=5).code == 400
    client.through("placed", **REWARD)
    assert client.order("billed", reward=other, discount=5).code == 400
    assert client.order("billed", discount=5).code == 400
    client.through("billed", **REWARD)
    assert client.order("voided", reward=other, discount=5).code == 400
    assert client.order("voided").status == 200


def test_a_basket_that_shrank_since_checkout_loses_its_reward(client) -> None:
    client.through("checkout", **REWARD)
    assert client.order("placed", items=(("soup", 10, 1),), **REWARD).code == 400


def test_the_orders_discount_holds_the_rewards(client) -> None:
    client.through("checkout", **REWARD)
    body = client.body("placed", **REWARD)
    assert client.post_order(OWNER, body | {"discount": 4, "total": 57.25}).code == 2000
    assert client.post_order(OWNER, body | {"discount": 8, "total": 53.25}).status == 200


def test_one_reward_cannot_be_billed_by_two_tills(client) -> None:
    for order in ("a", "b"):
        client.through("checkout", "placed", order=order, **REWARD)
    client.through("billed", order="a", **REWARD)
    assert client.order("billed", order="b", **REWARD).code == 400
    client.through("voided", order="b", **REWARD)
    assert books(client) == (120, ())


def test_two_rewards_in_one_order_are_one_too_many(client) -> None:
    body = client.body("checkout", **REWARD)
    body["basket"]["rewards"] *= 2
    assert "one reward" in client.post_order(OWNER, body).transaction["message"]


@pytest.mark.parametrize("word", [{"provider": "Other"}, {"level": "item"}])
def test_a_reward_of_another_provider_or_level_cannot_be_applied(client, word) -> None:
    body = client.body("checkout", **REWARD)
    body["basket"]["rewards"][0] |= word
    assert "message" in client.post_order(OWNER, body).transaction


def test_another_members_reward_is_400_or_403(connect) -> None:
    for status in (400, 403):
        client = connect(switches=Switches(foreign_reward_status=status))
        client.through("checkout", member=SHOPPER)
        assert client.order("placed", member=SHOPPER, **REWARD).status == status
        assert client.order("placed", member=SHOPPER, reward="1", discount=5).status == 400


def test_a_guest_buys_and_earns_nothing(client) -> None:
    client.through(*ALL, "refunded", member="guest")
    assert client.model.rows()[-1].cause.status == "opening"
    assert books(client) == (120, ("2234402",))


def test_a_reward_in_a_guest_order_is_an_invalid_one(connect) -> None:
    client = connect()
    assert client.order("checkout", member="guest", **REWARD).transaction["message"]
    assert client.order("placed", member="guest", **REWARD).code == 400
    loose = connect(switches=Switches(guest_reward="ignored"))
    assert "message" not in loose.order("checkout", member="guest", **REWARD).transaction
    assert loose.order("placed", member="guest", **REWARD).status == 200


@pytest.mark.parametrize("dollars", [40, 12.5])
def test_shop_with_points_pays_in_full_or_in_part(client, dollars) -> None:
    use = {"member": SHOPPER, "reward": WALLET, "discount": dollars}
    assert float(client.through("checkout", "placed", **use).transaction["discount"]) == dollars
    assert client.model.swp_balance(SHOPPER) == 40
    client.through("billed", **use)
    assert float(client.model.swp_balance(SHOPPER)) == 40 - dollars
    client.through("completed", "refunded", **use)
    assert client.model.swp_balance(SHOPPER) == 40
    assert books(client, SHOPPER) == (0, (WALLET,))


def test_shop_with_points_may_send_less_than_validated_and_never_more(client) -> None:
    use = {"member": SHOPPER, "reward": WALLET}
    client.through("checkout", discount=20, **use)
    assert client.order("placed", discount=20.01, **use).code == 400
    client.through("placed", discount=15, **use)
    client.through("billed", discount=10, **use)
    assert client.model.swp_balance(SHOPPER) == 30


def test_shop_with_points_above_the_balance_is_a_message(client) -> None:
    answer = client.order("checkout", member=SHOPPER, reward=WALLET, discount=40.01).transaction
    assert (answer["discount"], answer["message"]) == (0, "The discount is above the Shop With Points balance.")


def test_shop_with_points_takes_no_more_than_the_basket(client) -> None:
    items = (("soup", 12, 1),)
    assert client.order("checkout", member=SHOPPER, items=items, reward=WALLET).transaction["discount"] == 12


@pytest.mark.parametrize("stage", ["placed", "billed", "completed"])
def test_the_stage_that_deducts_dollars_is_a_switch(connect, stage) -> None:
    client = connect(switches=Switches(swp_deducted_at=stage))
    use = {"member": SHOPPER, "reward": WALLET, "discount": 40}
    for reached in ALL:
        client.through(reached, **use)
        gone = ALL.index(reached) >= ALL.index(stage)
        assert client.model.swp_balance(SHOPPER) == (0 if gone else 40)
        assert client.model.unbalanced() == ()
    client.through("refunded", **use)
    assert books(client, SHOPPER) == (0, (WALLET,))


@pytest.mark.parametrize("field", ["id", "source", "status", "vendor", "brand", "subtotal", "payments", "basket"])
def test_a_required_field_is_asked_for_by_name(client, field) -> None:
    client.through("checkout")
    answer = client.order("placed", without=(field,))
    assert (answer.status, answer.code, answer.body["details"]) == (400, 2000, f"{field} is required.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": 60}, {"subtotal": -1}, {"subtotal": "60"}, {"brand": "1"}, {"source": "fax"}, {"type": "big"},
        {"currency": "dollars"}, {"wanted": "soon"}, {"payments": {"tender": "shells"}}, {"payments": "cash"},
        {"basket": {"posEntries": [{"posItem": {"label": "x", "cost": 1}}]}}, {"status": "eaten"},
        {"basket": {"posEntries": [{"posItem": {"label": "x", "cost": 1}, "quantity": 0.5}]}},
        {"basket": {"posEntries": [{"posItem": {"label": "x", "cost": 1e9}, "quantity": 1000}]}},
        {"basket": {"posEntries": []}}, {"basket": {"posEntries": [{"quantity": 1}]}}, {"subtotal": 1e20},
        {"rendition": 7}, {"vendor": ["999999"]}, {"basket": []}, {"basket": 3}, {"address": "here"},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_field_is_the_generic_error(client, wrong) -> None:
    client.through("checkout")
    answer = client.post_order(OWNER, client.body("placed") | wrong)
    assert (answer.status, answer.code) == (400, 2000)
    assert client.model.states("t-1") == ("checkout",)


def test_an_unknown_store_or_member_has_its_own_code(client) -> None:
    assert client.order("checkout", vendor="1").code == 4002
    assert client.order("checkout", member="1").code == 4003


def test_both_shapes_of_the_manual_are_read(client) -> None:
    body = client.body("checkout", **REWARD)
    basket = body["basket"]
    entry = basket["posEntries"][0]
    basket["rewards"] = basket["rewards"][0]
    basket["posEntries"] = {"posItem": [{**entry["posItem"], "quantity": entry["quantity"]}]}
    body |= {"basket": [basket], "address": {"code": 12345}, "Status": "Checkout"}
    del body["status"]
    assert client.post_order(OWNER, body).transaction == {"discount": 5, "status": "checkout"}
    placed = client.body("placed", **REWARD)
    assert client.post_order(OWNER, placed | {"payments": [placed["payments"]]}).status == 200


def test_a_checkout_without_id_is_the_order_that_is_placed_with_one(client) -> None:
    client.through("checkout", order=None, **REWARD)
    assert client.model.orders() == ()
    client.through("placed", "billed", order="t-9", **REWARD)
    assert client.model.states("t-9") == ("checkout", "placed", "billed")
    assert client.order("placed", order="t-10", **REWARD).status == 409


def test_the_public_client_runs_against_a_lenient_tenant_only(connect) -> None:
    strict, lenient = connect(), connect(lenient=True)
    bare = {"without": ("id", "payments", "type"), "source": "kiosk"}
    for client in (strict, lenient):
        client.through("checkout")
    assert strict.order("placed", order=None, **bare).code == 2000
    first = lenient.order("placed", order=None, **bare)
    assert first.status == 200
    assert lenient.order("placed", order=None, **bare).raw == first.raw
    lenient.through("billed", "completed")
    assert lenient.order("refunded", without=("transaction",)).status == 200
    assert lenient.model.states("t-1") == (*ALL, "refunded")
