"""Update order status: a pending order is decided once (sheet, section 5), and a rejection gives back (section 6)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from stampcard_adapters.sandbox.sessionm import Switches

RICH = "4f5b82c0-07c8-11e6-8d84-624132d14633"
UNKNOWN = ("redemption_error", "available", "redeemed", "reconciled", "expired")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_a_pending_order_is_decided_by_either_method_and_either_id(client, method, status) -> None:
    first, second = client.placed(external_id="till 7/ticket@1"), client.placed()
    path = "/external/orders/till%207%2Fticket@1"
    answer = client.call(method, path, {"order": {"status": status}})
    assert answer.body == {
        "status": "ok",
        "order": {
            "id": first,
            "offer_id": 1,
            "user_id": RICH,
            "quantity": 1,
            "points": 100,
            "status": status,
            "created_at": "2015-01-20 13:04:45",
            "name": "Electronic Giftcard",
            "logo": "",
            "description": "Used at electronic.com",
            "offer_type": "prize",
            "external_id": "till 7/ticket@1",
        },
    }
    assert client.decide(second, status, method).order["status"] == status
    assert client.model.states(first) == ("pending_approval", status)


def test_a_rejection_gives_points_and_stock_back_once(client) -> None:
    order = client.placed(quantity=4)
    assert client.decide(order, "rejected").order["status"] == "rejected"
    for status in ("rejected", "approved"):
        assert client.decide(order, status).refusal == (200, "invalid_order_status")
    assert (client.model.points(RICH), client.model.stock(1)) == (100_000, 1000)
    assert [row.amount for row in client.model.rows() if row.cause.order == order] == [-400, -4, 4, 400]


def test_a_provider_that_keeps_what_it_took_is_a_switch(connect) -> None:
    client = connect(switches=Switches(reject_returns_points=False, reject_returns_stock=False))
    client.decide(client.placed(), "rejected")
    assert (client.model.points(RICH), client.model.stock(1)) == (99_900, 999)
    assert client.model.unbalanced() == ()


def test_an_approval_takes_nothing_more(client) -> None:
    order = client.placed()
    client.decide(order, "approved")
    assert (client.model.points(RICH), client.model.stock(1)) == (99_900, 999)


@pytest.mark.parametrize("first", ["approved", "rejected"])
@pytest.mark.parametrize("second", ["approved", "rejected"])
def test_a_decided_order_is_invalid_order_status_the_same_decision_too(client, first, second) -> None:
    order = client.placed()
    client.decide(order, first)
    assert client.decide(order, second).refusal == (200, "invalid_order_status")
    assert client.model.states(order) == ("pending_approval", first)


@pytest.mark.parametrize("status", [None, "", "pending_approval", "Approved", "redeemed", 5, ["approved"], {}])
@pytest.mark.parametrize("before", [None, "approved"])
def test_any_other_wish_is_invalid_request_order_status_whatever_the_state(client, status, before) -> None:
    order = client.placed()
    if before:
        client.decide(order, before)
    assert client.decide(order, status).refusal == (200, "invalid_request_order_status")


@pytest.mark.parametrize("body", [None, {}, {"order": None}, {"order": {}}])
def test_a_missing_status_is_invalid_request_order_status(client, body) -> None:
    assert client.call("PUT", f"/orders/{client.placed()}", body).code == "invalid_request_order_status"


def test_the_same_decision_again_may_be_accepted_by_switch(connect) -> None:
    client = connect(switches=Switches(same_status="accepted"))
    order = client.placed()
    client.decide(order, "rejected")
    assert client.decide(order, "rejected").order["status"] == "rejected"
    assert client.decide(order, "approved").code == "invalid_order_status"
    assert client.model.points(RICH) == 100_000


def test_the_two_codes_may_be_the_other_way_round(connect) -> None:
    client = connect(switches=Switches(status_codes="swapped"))
    order = client.placed()
    assert client.decide(order, "maybe").code == "invalid_order_status"
    client.decide(order, "approved")
    assert client.decide(order, "approved").code == "invalid_request_order_status"


@pytest.mark.parametrize("path", ["/orders/999", "/orders/x", "/orders/0111112", "/external/orders/r-1"])
def test_an_unknown_order_is_404_or_by_switch_200(client, connect, path) -> None:
    body = {"order": {"status": "approved"}}
    assert client.call("POST", path, body).refusal == (404, "not_found")
    assert connect(switches=Switches(unknown_order_status=200)).call("PUT", path, body).refusal == (200, "not_found")


def test_a_customers_external_id_names_no_order(client) -> None:
    client.placed("sandbox-rich")
    assert client.call("PUT", "/external/orders/sandbox-rich", {"order": {"status": "approved"}}).status == 404


@pytest.mark.parametrize("status", UNKNOWN)
def test_a_status_nobody_knows_is_shown_and_can_no_longer_be_decided(client, status) -> None:
    order = client.placed()
    client.model.set_status(order, status)
    assert client.get(order).order["status"] == client.list()[0]["status"] == status
    assert client.decide(order, "approved").code == "invalid_order_status"
    assert client.model.points(RICH) == 99_900
    assert client.model.unbalanced() == ()


def test_customer_care_decides_like_a_call(client) -> None:
    first, second = client.placed(), client.placed(external_id="r-2")
    assert client.model.approve(first).status == "approved"
    assert client.model.reject("r-2").status == "rejected"
    with pytest.raises(ValueError, match="not pending"):
        client.model.approve(second)
    with pytest.raises(ValueError, match="stays rejected"):
        client.model.set_status(second, "expired")
    with pytest.raises(KeyError):
        client.model.approve(5)
    assert client.model.points(RICH) == 99_900
    # an approved order can still be taken back, once
    client.model.set_status(first, "rejected")
    assert client.model.points(RICH) == 100_000
    assert client.model.unbalanced() == ()


def test_many_decisions_at_once_are_one(client) -> None:
    order = client.placed()
    with ThreadPoolExecutor(8) as desks:
        wishes = ["approved", "rejected"] * 8
        answers = list(desks.map(lambda status: client.decide(order, status).body["status"], wishes))
    assert answers.count("ok") == 1
    assert client.model.unbalanced() == ()


def test_an_order_keeps_the_offer_it_was_placed_for(client) -> None:
    order = client.placed()
    client.model.set_stock(1, None)
    client.placed(quantity=5000, offer=1, user=client.model.add_user(points=10**6).id)
    client.model.set_stock(1, 7)
    client.decide(order, "rejected")
    assert client.model.stock(1) == 8
    assert client.model.unbalanced() == ()
