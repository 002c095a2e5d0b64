"""What happens to an order once created, and to its money: cancel releases, fulfil captures."""

from __future__ import annotations

import pytest

from stampcard_adapters.sandbox.kibo import Switches


def assign(client, order_id: int, *packages, **changes):
    body = {"orderID": order_id, "packageAssignment": list(packages) or [{"autoAssign": True}]} | changes
    return client.post("order/action/assign", body)


def fulfil(client, shipment_id: int, **changes):
    return client.post("shipment/action/fulfill", {"shipmentID": shipment_id} | changes)


def cancel_item(client, item_id: int, **changes):
    body = {"orderItemID": item_id, "dispositionReason": "no_inventory"} | changes
    return client.post("orderItem/action/cancel/", body)


# Cancel


@pytest.mark.parametrize("path", ["order/action/cancel", "action/order/cancel", "order/action/cancel/"])
def test_a_cancel_releases_all_that_was_held(client, path) -> None:
    order_id = client.bought()
    assert client.sums() == {"authorized": 2, "held": 2}
    answer = client.post(path, {"orderID": order_id, "dispositionReason": "created_by_mistake"})
    assert (answer.status, answer.body["orderStatus"], answer.body["orderState"]) == (200, "CANCELED", "CANCELED")
    assert [item["itemState"] for item in answer.body["items"]] == ["CANCELED"]
    assert client.sums() == {"authorized": 2, "released": 2}
    assert client.model.states("o-1") == ("WAITING_FOR_ASSIGNMENT", "CANCELED")
    assert client.get(f"order/{order_id}").body == answer.body


def test_a_cancel_says_why(client) -> None:
    order_id = client.bought()
    assert client.cancel(order_id, dispositionReason=None).problem == (400, 5011, "dispositionReason")
    assert client.cancel(order_id, dispositionReason="").problem == (400, 5015, "dispositionReason")
    assert client.cancel(order_id, dispositionReason=5).problem == (400, 5015, "dispositionReason")
    other = {"dispositionReason": "other"}
    assert client.cancel(order_id, **other).problem == (400, 5011, "dispositionOtherReason")
    assert client.cancel(order_id, **other, dispositionOtherReason="").code == 5015
    assert client.cancel(order_id, **other, dispositionOtherReason="x" * 256).code == 5015
    assert client.sums() == {"authorized": 2, "held": 2}
    assert client.cancel(order_id, **other, dispositionOtherReason="x" * 255).status == 200


def test_reasons_of_a_cancel_are_an_open_list(client) -> None:
    assert client.cancel(client.bought(), dispositionReason="something_new").status == 200


@pytest.mark.parametrize(
    ("order_id", "problem"),
    [
        (None, (400, 5011, "orderID")),
        (0, (400, 5015, "orderID")),
        ("7000001", (400, 5015, "orderID")),
        (1.5, (400, 5015, "orderID")),
        (123, (404, 5002, None)),
    ],
)
def test_a_cancel_names_an_order(client, order_id, problem) -> None:
    assert client.cancel(order_id).problem == problem


def test_a_second_cancel_is_refused_or_accepted_and_changes_nothing(connect) -> None:
    client = connect()
    order_id = client.bought()
    client.cancel(order_id)
    assert client.cancel(order_id).problem == (400, 5003, None)
    loose = connect(switches=Switches(cancel_again="accepted"))
    order_id = loose.bought()
    assert loose.cancel(order_id).raw == loose.cancel(order_id).raw
    assert loose.sums() == {"authorized": 2, "released": 2}


def test_what_left_cannot_be_canceled(client) -> None:
    order_id = client.bought()
    client.model.ship("o-1")
    assert client.cancel(order_id).problem == (400, 5003, None)
    assert client.sums() == {"authorized": 2, "captured": 2}


@pytest.mark.parametrize("capture_at", ["create", "fulfil"])
def test_money_is_taken_at_the_step_the_switch_names(connect, capture_at) -> None:
    client = connect(switches=Switches(capture_at=capture_at))
    client.bought()
    assert client.sums() == {"authorized": 2, "captured" if capture_at == "create" else "held": 2}
    client.model.ship("o-1")
    assert client.sums() == {"authorized": 2, "captured": 2}
    assert client.model.unbalanced() == ()


def test_a_charged_order_is_canceled_only_where_that_refunds(connect) -> None:
    client = connect(switches=Switches(capture_at="create"))
    assert client.cancel(client.bought()).problem == (400, 5003, None)
    refunds = connect(switches=Switches(capture_at="create", cancel_after_charge="refunded"))
    order_id = refunds.bought()
    assert cancel_item(refunds, refunds.item_of(order_id)).status == 200
    assert refunds.sums() == {"authorized": 2, "captured": 2, "refunded": 2}
    assert refunds.cancel(refunds.bought("o-2")).status == 200
    assert refunds.sums("o-2") == {"authorized": 2, "captured": 2, "refunded": 2}
    assert refunds.model.unbalanced() == ()


# Cancel an item

SECOND = {"product": {"partNumber": "SCARF"}, "itemSpecifics": {"actualPrice": 0.5, "quantity": 1}}


def two_items(client) -> tuple[int, int, int]:
    """An order of hats (2 with shipping) and a scarf (0.5) over 2.5, and its ids."""
    token = client.authorize(amount=2.5).body["authToken"]
    rows = [*client.order()["orderItems"], SECOND]
    body = client.create("o-1", token, 2.5, orderItems=rows).body
    hats, scarf = (item["orderItemID"] for item in body["items"])
    return body["orderID"], hats, scarf


@pytest.mark.parametrize("path", ["orderItem/action/cancel/", "action/orderItem/cancel"])
def test_a_canceled_item_lets_go_of_its_amount(client, path) -> None:
    order_id, hats, scarf = two_items(client)
    answer = client.post(path, {"orderItemID": scarf, "dispositionReason": "not_enough_quantity"})
    assert answer.status == 200
    assert (answer.body["orderItemID"], answer.body["itemState"]) == (scarf, "CANCELED")
    assert client.sums() == {"authorized": 2.5, "held": 2, "released": 0.5}
    assert client.get(f"order/{order_id}").body["total"] == 2
    assert cancel_item(client, hats).status == 200
    assert client.model.states("o-1")[-1] == "CANCELED"
    assert client.sums() == {"authorized": 2.5, "released": 2.5}
    assert client.model.unbalanced() == ()


def test_without_rectify_the_payment_stays_as_it_is(client) -> None:
    _, _, scarf = two_items(client)
    cancel_item(client, scarf, rectifyOrder=False)
    assert client.sums() == {"authorized": 2.5, "held": 2.5}
    client.model.ship("o-1")
    assert client.sums() == {"authorized": 2.5, "captured": 2.5}


def test_what_is_taken_is_what_was_not_canceled(client) -> None:
    _, _, scarf = two_items(client)
    cancel_item(client, scarf)
    client.model.ship("o-1")
    assert client.sums() == {"authorized": 2.5, "captured": 2, "released": 0.5}


def test_reasons_of_a_canceled_item_are_a_closed_list(client) -> None:
    _, _, scarf = two_items(client)
    assert cancel_item(client, scarf, dispositionReason=None).problem == (400, 5011, "dispositionReason")
    assert cancel_item(client, scarf, dispositionReason="boredom").problem == (400, 5015, "dispositionReason")
    assert cancel_item(client, scarf, dispositionReason="other").problem == (400, 5011, "dispositionOtherReason")
    assert cancel_item(client, scarf, dispositionReason="other", dispositionOtherReason="wet").status == 200
    assert cancel_item(client, scarf).problem == (400, 5003, None)
    assert cancel_item(client, 1).problem == (404, 5002, None)


def test_an_item_that_left_is_not_canceled_and_the_last_one_that_stays_ends_the_order(client) -> None:
    order_id, hats, scarf = two_items(client)
    packages = [{"itemAssign": [{"orderItemID": item, "quantity": n}]} for item, n in ((hats, 2), (scarf, 1))]
    first, second = assign(client, order_id, *packages).body["shipments"]
    assert fulfil(client, first["shipmentID"]).status == 200
    assert client.sums() == {"authorized": 2.5, "held": 2.5}
    assert client.model.states("o-1")[-1] == "READY"
    assert cancel_item(client, hats).problem == (400, 5003, None)
    assert client.cancel(order_id).problem == (400, 5003, None)
    assert cancel_item(client, scarf).status == 200
    assert client.model.states("o-1")[-1] == "SHIPPED"
    assert client.sums() == {"authorized": 2.5, "captured": 2, "released": 0.5}
    assert fulfil(client, second["shipmentID"]).problem == (400, 5003, None)
    assert client.model.unbalanced() == ()


# Assign and fulfil


@pytest.mark.parametrize("path", ["order/action/assign", "action/order/assign/"])
def test_an_assigned_order_has_a_package(client, path) -> None:
    order_id = client.bought()
    answer = client.post(path, {"orderID": order_id, "packageAssignment": [{"autoAssign": True, "locationID": 4}]})
    (shipment,) = answer.body["shipments"]
    assert answer.body == {"orderID": order_id, "orderStatus": "READY", "shipments": [shipment]}
    assert shipment["shipmentStatus"] == "READY"
    assert client.model.states("o-1") == ("WAITING_FOR_ASSIGNMENT", "READY")


def test_nothing_is_packed_twice(client) -> None:
    order_id = client.bought()
    item = client.item_of(order_id)
    for wrong in ([{"orderItemID": item, "quantity": 3}], [{"orderItemID": 5, "quantity": 1}], []):
        assert assign(client, order_id, {"itemAssign": wrong}).problem == (400, 5015, "packageAssignment")
    one = {"itemAssign": [{"orderItemID": item, "quantity": 1}]}
    assert assign(client, order_id, one, one, one).problem == (400, 5015, "packageAssignment")
    assert client.get("shipment?manufacturerID=1010").body == {"totalCount": 0, "collection": []}
    assert assign(client, order_id, {"itemAssign": one["itemAssign"] * 2}).code == 5015
    assert assign(client, order_id, one, one).status == 200
    assert assign(client, order_id).problem == (400, 5015, "packageAssignment")
    assert assign(client, order_id, packageAssignment=[]).problem == (400, 5015, "packageAssignment")
    assert assign(client, 5).problem == (404, 5002, None)


def test_a_backorder_waits(client) -> None:
    order_id = client.bought()
    (shipment,) = assign(client, order_id, {"shipmentStatus": "BACKORDER"}).body["shipments"]
    assert client.model.states("o-1")[-1] == "BACKORDER"
    found = client.get("shipment?shipmentStatus=BACKORDER&manufacturerID=1010").body
    assert (found["totalCount"], found["collection"][0]["shipmentID"]) == (1, shipment["shipmentID"])
    assert found["collection"][0]["items"] == [{"orderItemID": client.item_of(order_id), "quantity": 2}]
    assert fulfil(client, shipment["shipmentID"]).problem == (400, 5003, None)


@pytest.mark.parametrize("path", ["shipment/action/fulfill", "action/shipment/fulfill/"])
def test_the_last_package_takes_the_money(client, path) -> None:
    order_id = client.bought()
    item = client.item_of(order_id)
    one = {"itemAssign": [{"orderItemID": item, "quantity": 1}]}
    first, last = (row["shipmentID"] for row in assign(client, order_id, one, one).body["shipments"])
    assert client.post(path, {"shipmentID": first}).body["shipmentStatus"] == "SHIPPED"
    assert client.sums() == {"authorized": 2, "held": 2}
    assert client.post(path, {"shipmentID": last}).status == 200
    assert client.sums() == {"authorized": 2, "captured": 2}
    assert client.get(f"order/{order_id}").body["orderStatus"] == "SHIPPED"
    assert client.post(path, {"shipmentID": last}).problem == (400, 5003, None)


def test_what_was_not_asked_for_goes_back_when_the_rest_is_taken(client) -> None:
    token = client.authorize(amount=10).body["authToken"]
    client.create("o-1", token, 8.55)
    client.model.ship("o-1")
    assert {name: str(value) for name, value in client.sums().items()} == {
        "authorized": "10",
        "captured": "8.55",
        "released": "1.45",
    }


def test_a_fulfilment_has_limits(client) -> None:
    (shipment,) = assign(client, client.bought()).body["shipments"]
    number = shipment["shipmentID"]
    tracking = [{"trackingNumber": "1" * 51, "carrierType": "UPS"}]
    field = "trackingInformation[0].trackingNumber"
    assert fulfil(client, number, trackingInformation=tracking).problem == (400, 5015, field)
    assert fulfil(client, number, externalShipmentID="1" * 11).problem == (400, 5015, "externalShipmentID")
    assert fulfil(client, number, externalShipmentID="").code == 5015
    assert fulfil(client, number, sendEmails="yes").problem == (400, 5015, "sendEmails")
    assert fulfil(client, 5).problem == (404, 5002, None)
    good = [{"trackingNumber": "1" * 50, "carrierType": "UPS"}]
    assert fulfil(client, number, trackingInformation=good, shipmentDate="2019-06-01").status == 200


def test_a_new_order_may_be_ready_at_once(connect) -> None:
    client = connect(switches=Switches(first_status="READY"))
    order_id = client.bought()
    assert client.model.states("o-1") == ("READY",)
    (shipment,) = client.get(f"shipment?orderID={order_id}").body["collection"]
    assert fulfil(client, shipment["shipmentID"]).status == 200
    assert client.sums() == {"authorized": 2, "captured": 2}


def test_a_package_of_canceled_items_is_canceled(client) -> None:
    order_id = client.bought()
    (shipment,) = assign(client, order_id).body["shipments"]
    client.cancel(order_id)
    assert client.get(f"shipment?orderID={order_id}").body["collection"][0]["shipmentStatus"] == "CANCELED"
    assert fulfil(client, shipment["shipmentID"]).problem == (400, 5003, None)
    assert assign(client, order_id).problem == (400, 5003, None)


def test_an_order_whose_authorization_lapsed_cannot_leave_and_can_be_canceled(client) -> None:
    order_id = client.bought()
    (shipment,) = assign(client, order_id).body["shipments"]
    client.clock.pass_by(days=7)
    assert client.model.states("o-1")[-1] == "PAYMENT_ERROR"
    client.token = client.fetch_token().body["access_token"]
    assert fulfil(client, shipment["shipmentID"]).problem == (400, 5003, None)
    assert assign(client, order_id).problem == (400, 5003, None)
    assert client.sums() == {"authorized": 2, "lapsed": 2}
    assert client.cancel(order_id).body["orderStatus"] == "CANCELED"
    assert client.sums() == {"authorized": 2, "lapsed": 2}
    assert client.model.unbalanced() == ()


def test_what_was_taken_does_not_lapse(client) -> None:
    client.bought()
    client.model.ship("o-1")
    client.clock.pass_by(days=30)
    assert client.sums() == {"authorized": 2, "captured": 2}
    assert client.model.states("o-1")[-1] == "SHIPPED"


def test_an_order_for_nothing_goes_all_the_way(client) -> None:
    token = client.authorize(amount=0).body["authToken"]
    assert client.create("o-1", token, 0).status == 200
    client.model.ship("o-1")
    assert client.model.states("o-1")[-1] == "SHIPPED"
    assert client.sums() == {}
    assert client.model.unbalanced() == ()


def test_only_what_there_is_can_be_shipped(client) -> None:
    with pytest.raises(ValueError, match="no such order"):
        client.model.ship("o-1")
    client.cancel(client.bought())
    client.model.ship("o-1")  # nothing of it is left to send
    assert client.sums() == {"authorized": 2, "released": 2}
    client.bought("o-2")
    client.model.expire(client.model.order_id("o-2"))
    with pytest.raises(ValueError, match="PAYMENT_ERROR"):
        client.model.ship("o-2")
