"""Whatever is called, in whatever order, the books balance, and no authorization pays for two orders."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.kibo import DECLINED, Switches

SWITCHES = st.builds(
    Switches,
    token_life=st.just(timedelta(days=3650)),
    repeat_authorize=st.sampled_from(["new", "first"]),
    order_id=st.sampled_from(["reserved", "new"]),
    over_authorization=st.sampled_from(["refused", "capped"]),
    split_with_authorization=st.sampled_from(["refused", "warned"]),
    duplicate_external_order_id=st.sampled_from(["refused", "replayed"]),
    first_status=st.sampled_from(["WAITING_FOR_ASSIGNMENT", "READY"]),
    capture_at=st.sampled_from(["fulfil", "create"]),
    cancel_after_charge=st.sampled_from(["refused", "refunded"]),
    cancel_again=st.sampled_from(["refused", "accepted"]),
)
CALLS = (
    "authorize", "authorize", "create", "create", "create", "assign", "pack one", "fulfil", "fulfil", "cancel",
    "cancel item", "come back", "process", "ship", "expire", "a day",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(CALLS), st.integers(0, 11), st.integers(0, 5)), min_size=60, max_size=150)
SCARF = {"product": {"partNumber": "SCARF"}, "itemSpecifics": {"actualPrice": 0.335, "quantity": 3}}


class Lane:
    """Calls on things of one model by small numbers, so that random ones meet."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.tokens: list[str] = ["2-3-0"]
        self.orders: list[dict[str, Any]] = []

    def act(self, call: str, which: int, much: int) -> None:
        getattr(self, call.replace(" ", "_"))(which, much)

    def asked(self, target: str, body: Any) -> Any:
        answer = self.client.post(target, body)
        assert answer.status in (200, 400, 404), answer.body
        return answer.body if answer.status == 200 else None

    def order(self, which: int) -> dict[str, Any]:
        return self.orders[which % len(self.orders)] if self.orders else {"orderID": 1, "items": [{"orderItemID": 1}]}

    def item(self, which: int, much: int) -> int:
        items = self.order(which)["items"]
        return items[much % len(items)]["orderItemID"]

    def authorize(self, which: int, much: int) -> None:
        card = {"paymentMethod__cardNumber": DECLINED} if much == 5 else {}
        body = self.asked(
            "createOrder/authorize", self.client.sample(externalCartID=f"c{which}", amount=much * 1.01, **card)
        )
        if body is not None:
            self.tokens.append(body["authToken"])

    def create(self, which: int, much: int) -> None:
        token = self.tokens[-1 - which % min(4, len(self.tokens))] if much else None
        rows = [*self.client.order()["orderItems"], SCARF]
        body = self.client.order(f"o-{len(self.orders)}-{which % 3}", token, much * 1.01, orderItems=rows)
        body["allowSplit"] = which == 11
        made = self.asked("createOrder/", body)
        if made is not None:
            self.orders.append(made)

    def assign(self, which: int, much: int) -> None:
        package = {"shipmentStatus": "BACKORDER"} if much == 5 else {"autoAssign": True}
        order_id = self.order(which)["orderID"]
        self.asked("order/action/assign", {"orderID": order_id, "packageAssignment": [package]})

    def pack_one(self, which: int, much: int) -> None:
        line = {"itemAssign": [{"orderItemID": self.item(which, much), "quantity": 1}]}
        order_id = self.order(which)["orderID"]
        self.asked("order/action/assign", {"orderID": order_id, "packageAssignment": [line]})

    def fulfil(self, which: int, much: int) -> None:
        found = self.client.get(f"shipment?orderID={self.order(which)['orderID']}").body["collection"]
        number = found[much % len(found)]["shipmentID"] if found else 1
        self.asked("shipment/action/fulfill", {"shipmentID": number})

    def cancel(self, which: int, much: int) -> None:
        body = {"orderID": self.order(which)["orderID"], "dispositionReason": "created_by_mistake"}
        self.asked("order/action/cancel", body)

    def cancel_item(self, which: int, much: int) -> None:
        body = {"orderItemID": self.item(which, much), "dispositionReason": "no_inventory", "rectifyOrder": much != 4}
        self.asked("orderItem/action/cancel", body)

    def come_back(self, which: int, much: int) -> None:
        row = {"orderItemID": self.item(which, much), "quantity": 1 + much % 2}
        self.asked("return", {"item": [row | ({"returnSubtotal": 9.99} if much == 3 else {})]})

    def process(self, which: int, much: int) -> None:
        return_id = 3000001 + which
        known = self.client.get(f"return/{return_id}")
        rows = known.body["item"] if known.status == 200 else [{"orderItemID": 1, "quantity": 1}]
        accepted = [{"orderItemID": row["orderItemID"], "quantityAccepted": row["quantity"]} for row in rows]
        self.asked("return/action/process", {"returnID": return_id, "acceptedItemQuantity": accepted})

    def ship(self, which: int, much: int) -> None:
        with suppress(ValueError):
            self.client.model.ship(self.order(which).get("externalOrderID", "none"))

    def expire(self, which: int, much: int) -> None:
        holds = self.client.model.holds()
        if holds:
            self.client.model.expire(holds[which % len(holds)].authorization.number)

    def a_day(self, which: int, much: int) -> None:
        self.client.clock.pass_by(days=1)


# 45 lists of at least 60 calls: 2,700 and more
@settings(max_examples=45, deadline=None)
@given(switches=SWITCHES, steps=STEPS)
def test_the_books_balance_after_any_calls(connect, switches, steps) -> None:
    lane = Lane(connect(switches=attrs.evolve(switches, check_expiry=False)))
    for step in steps:
        lane.act(*step)
        assert lane.client.model.unbalanced() == ()
    for hold in lane.client.model.holds():
        sums = hold.sums
        assert sums.authorized == sums.captured + sums.released + sums.lapsed + sums.held
        assert Decimal(0) <= sums.refunded <= sums.captured


def test_many_whole_orders_leave_nothing_held(client) -> None:
    for number in range(60):
        order_id = client.bought(f"o-{number}")
        if number % 3 == 0:
            client.cancel(order_id)
        else:
            client.model.ship(f"o-{number}")
    client.authorize()
    client.clock.pass_by(days=8)
    total = {name: sum(getattr(hold.sums, name) for hold in client.model.holds()) for name in ("captured", "held")}
    assert total == {"captured": 80, "held": 0}
    assert client.model.unbalanced() == ()


# What would be wrong is found


def world(client) -> Any:
    return client.model._worlds["kibo"]


@pytest.mark.parametrize("kind", ["captured", "released", "lapsed", "refunded", "held"])
def test_a_cooked_sum_is_found(client, kind) -> None:
    order_id = client.bought()
    ledger = world(client).authorizations.ledger
    sums = ledger._sums[order_id]
    ledger._sums[order_id] = attrs.evolve(sums, **{kind: getattr(sums, kind) + 1})
    assert any("its rows sum to" in sentence for sentence in client.model.unbalanced())


@pytest.mark.parametrize(
    ("kind", "amount", "found"),
    [
        ("captured", 3, "below nothing"),
        ("captured", 1, "taken before it left"),
        ("refunded", 1, "1 refunded of 0 captured"),
        ("released", -1, "a row of -1"),
        ("authorized", 1, "given 2 times"),
    ],
)
def test_a_row_nobody_ordered_is_found(client, kind, amount, found) -> None:
    order_id = client.bought()
    world(client).authorizations.ledger.post(order_id, kind, Decimal(amount), "nobody", client.clock.now)
    assert any(found in sentence for sentence in client.model.unbalanced())


def test_money_of_an_authorization_nobody_gave_is_found(client) -> None:
    world(client).authorizations.ledger.post(5, "released", Decimal(1), "nobody", client.clock.now)
    assert any("never given" in sentence for sentence in client.model.unbalanced())


def test_an_authorization_of_another_amount_or_over_and_still_holding_is_found(client) -> None:
    number = client.authorize().body["orderID"]
    book = world(client).authorizations
    book._all[number] = attrs.evolve(book._all[number], amount=Decimal(3), state="released")
    assert [sentence.split(": ")[2] for sentence in client.model.unbalanced()] == [
        "of 3, booked as 2.0",
        "is released and still holds 2.0",
    ]


def test_goods_packed_or_returned_twice_are_found(client) -> None:
    order_id = client.bought()
    client.model.ship("o-1")
    item = client.get(f"order/{order_id}").body["items"][0]["orderItemID"]
    client.post("return", {"item": [{"orderItemID": item, "quantity": 2}]})
    orders = world(client).orders
    (shipment,) = orders.shipments(order_id)
    orders._shipments[shipment.id] = attrs.evolve(shipment, lines=((item, 1),))
    assert client.model.unbalanced() == (f"kibo: order {order_id}: more came back than left",)
    orders._shipments[shipment.id] = attrs.evolve(shipment, lines=((item, 3),))
    assert client.model.unbalanced() == (f"kibo: order {order_id}: more in packages than was ordered",)


def test_a_lost_row_is_found(client) -> None:
    client.bought()
    client.model.ship("o-1")
    world(client).authorizations.ledger.rows.pop()
    assert client.model.unbalanced()


def test_money_for_no_order_is_found(client) -> None:
    number = client.authorize().body["orderID"]
    world(client).authorizations.capture(number, Decimal(2), "nobody", client.clock.now)
    assert client.model.unbalanced() == (f"kibo: authorization {number}: 2 captured for no order",)


def test_an_authorization_used_twice_is_found(client) -> None:
    first, second = client.bought("o-1"), client.bought("o-2")
    orders = world(client).orders
    orders._orders[second] = attrs.evolve(orders._orders[second], authorization=first)
    assert any("used by 2 orders" in sentence for sentence in client.model.unbalanced())
    assert any("not its own" in sentence for sentence in client.model.unbalanced())


@pytest.mark.parametrize("status", ["CANCELED", "SHIPPED"])
def test_an_order_that_is_over_and_holds_money_is_found(client, status) -> None:
    order_id = client.bought()
    orders = world(client).orders
    orders._orders[order_id] = attrs.evolve(orders._orders[order_id], statuses=(status,))
    assert any("still held" in sentence for sentence in client.model.unbalanced())


def test_money_kept_for_a_canceled_order_is_found(client) -> None:
    order_id = client.bought()
    client.model.ship("o-1")
    orders = world(client).orders
    orders._orders[order_id] = attrs.evolve(orders._orders[order_id], statuses=("CANCELED",))
    assert any("2 of it was kept" in sentence for sentence in client.model.unbalanced())


def test_a_return_that_the_ledger_did_not_pay_is_found(client) -> None:
    order_id = client.bought()
    client.model.ship("o-1")
    item = client.get(f"order/{order_id}").body["items"][0]["orderItemID"]
    return_id = client.post("return", {"item": [{"orderItemID": item, "quantity": 1}]}).body["returnID"]
    returns = world(client).returns
    returns._returns[return_id] = attrs.evolve(returns._returns[return_id], refunded=Decimal(1))
    assert any("says 1 refunded" in sentence for sentence in client.model.unbalanced())
    del returns._returns[return_id]
    world(client).authorizations.refund(order_id, Decimal(1), f"return {return_id}", client.clock.now)
    assert any("does not exist" in sentence for sentence in client.model.unbalanced())
