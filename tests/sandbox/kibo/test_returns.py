"""Returns: only what left comes back, and a processed one refunds, once, no more than was taken."""

from __future__ import annotations

import pytest


@pytest.fixture
def shipped(client) -> int:
    """The item of an order that left: two hats of 0.75, 2 taken."""
    order_id = client.bought()
    client.model.ship("o-1")
    return client.item_of(order_id)


def opened(client, item: int, quantity: int = 2, **changes):
    return client.post("return/", {"item": [{"orderItemID": item, "quantity": quantity, "reason": "small"} | changes]})


def process(client, return_id: int, item: int, quantity: int, path: str = "return/action/process/", **changes):
    body = {"returnID": return_id, "acceptedItemQuantity": [{"orderItemID": item, "quantityAccepted": quantity}]}
    return client.post(path, body | changes)


@pytest.mark.parametrize("path", ["return/action/process/", "action/return/process"])
def test_a_processed_return_refunds(client, shipped, path) -> None:
    made = opened(client, shipped).body
    assert (made["status"], made["returnTotal"]) == ("OPEN", 0)
    assert client.sums() == {"authorized": 2, "captured": 2}
    done = process(client, made["returnID"], shipped, 2, path)
    assert (done.status, done.body["status"], done.body["returnTotal"]) == (200, "CLOSED", 1.5)
    assert client.get(f"return/{made['returnID']}").body == done.body
    assert client.sums() == {"authorized": 2, "captured": 2, "refunded": 1.5}
    assert client.model.unbalanced() == ()


def test_a_return_refunds_once(client, shipped) -> None:
    return_id = opened(client, shipped).body["returnID"]
    process(client, return_id, shipped, 1)
    assert process(client, return_id, shipped, 1).problem == (400, 5003, None)
    assert client.sums()["refunded"] == 0.75


def test_nothing_accepted_refunds_nothing_and_may_come_back_again(client, shipped) -> None:
    return_id = opened(client, shipped).body["returnID"]
    assert opened(client, shipped, 1).problem == (400, 5015, "item")
    assert process(client, return_id, shipped, 0).body["returnTotal"] == 0
    assert opened(client, shipped, 2).status == 200
    assert "refunded" not in client.sums()


def test_a_rejected_line_refunds_nothing(client, shipped) -> None:
    return_id = opened(client, shipped, status="REJECTED").body["returnID"]
    assert process(client, return_id, shipped, 2).body["returnTotal"] == 0


def test_a_return_never_pays_more_than_was_taken(client, shipped) -> None:
    return_id = opened(client, shipped, returnSubtotal=50).body["returnID"]
    assert process(client, return_id, shipped, 2).body["returnTotal"] == 2
    assert client.sums() == {"authorized": 2, "captured": 2, "refunded": 2}


def test_a_subtotal_is_shared_and_a_reduction_kept(client, shipped) -> None:
    return_id = opened(client, shipped, returnSubtotal=1.01).body["returnID"]
    assert str(process(client, return_id, shipped, 1, returnReductionOverride=0.1).body["returnTotal"]) == "0.41"
    return_id = opened(client, shipped, 1).body["returnID"]
    assert process(client, return_id, shipped, 1, returnReductionOverride=9).body["returnTotal"] == 0


def test_only_what_left_comes_back(client, shipped) -> None:
    assert opened(client, shipped, 3).problem == (400, 5015, "item")
    assert opened(client, 5, 1).problem == (404, 5002, None)
    waiting = client.item_of(client.bought("o-2"))
    assert opened(client, waiting, 1).problem == (400, 5015, "item")
    rows = [{"orderItemID": item, "quantity": 1} for item in (shipped, waiting)]
    assert client.post("return", {"item": rows}).problem == (400, 5015, "item")
    assert client.post("return", {"item": [rows[0], rows[0]]}).problem == (400, 5015, "item")
    return_id = opened(client, shipped).body["returnID"]
    assert process(client, return_id, shipped, 3).problem == (400, 5015, "acceptedItemQuantity")
    assert process(client, return_id, waiting, 1).problem == (400, 5015, "acceptedItemQuantity")
    assert process(client, 5, shipped, 1).problem == (404, 5002, None)
    assert process(client, return_id, shipped, -1).code == 5015
    assert client.post("return", {"item": []}).problem == (400, 5015, "item")
    assert client.post("return", {}).problem == (400, 5011, "item")
    assert client.get("return/5").problem == (404, 5002, None)


def test_a_return_of_an_order_without_an_authorization_moves_no_money(client) -> None:
    order_id = client.create("bare").body["orderID"]
    client.model.ship("bare")
    item = client.item_of(order_id)
    return_id = opened(client, item).body["returnID"]
    assert process(client, return_id, item, 2).body["returnTotal"] == 1.5
    assert client.model.rows() == ()
    assert client.model.unbalanced() == ()
