"""GET /order/{id}, GET /order/?... and GET /shipment: what is found, page by page, and codes 5010 to 5017."""

from __future__ import annotations

import pytest

from stampcard_adapters.sandbox.kibo import Switches


def found(client, query: str) -> list[str]:
    answer = client.get(f"order/?{query}")
    assert answer.status == 200, answer.body
    return [order["externalOrderID"] for order in answer.body["collection"]]


def test_an_order_is_read_by_its_id(client) -> None:
    order_id = client.bought()
    for path in (f"order/{order_id}", f"order/{order_id}/"):
        assert client.get(path).body["orderID"] == order_id
    assert client.get(f"order/{order_id + 1}").problem == (404, 5002, None)


@pytest.mark.parametrize("order_id", ["0", "x", "-1", "1.5", "%20", "9" * 16, "01", "action"])
def test_an_id_in_a_path_is_a_whole_number(client, order_id) -> None:
    assert client.get(f"order/{order_id}").problem == (400, 5013, None)


def test_orders_are_found_by_id_status_and_name(client) -> None:
    first, second, third = (client.create(name).body["orderID"] for name in ("a", "b", "c"))
    client.cancel(second)
    assert found(client, "manufacturerID=1010") == ["a", "b", "c"]
    assert found(client, f"orderID={third},{first}") == ["a", "c"]
    assert found(client, "manufacturerID=1010&orderStatus=CANCELED") == ["b"]
    assert found(client, "manufacturerID=1010&orderStatus=CANCELED,READY") == ["b"]
    assert found(client, "manufacturerID=1010&externalOrderID=c") == ["c"]
    assert found(client, "manufacturerID=1010&externalOrderID=d") == []
    assert found(client, f"orderID={first}&orderStatus=CANCELED") == []
    assert client.get("order?manufacturerID=1010").status == 200  # the slash is optional here too


def test_a_page_has_ten_unless_asked_otherwise_and_at_most_a_hundred(client) -> None:
    names = [f"{n:03}" for n in range(105)]
    for name in names:
        client.create(name)
    assert found(client, "manufacturerID=1010") == names[:10]
    assert found(client, "manufacturerID=1010&page=2") == names[10:20]
    assert found(client, "manufacturerID=1010&perPage=100") == names[:100]
    assert found(client, "manufacturerID=1010&perPage=100&page=2") == names[100:]
    assert found(client, "manufacturerID=1010&page=99") == []
    assert client.get("order/?manufacturerID=1010&perPage=1").body["totalCount"] == 105


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("orderStatus=READY", 5010, "manufacturerID"),
        ("externalOrderID=a", 5010, "manufacturerID"),
        ("perPage=5", 5010, "manufacturerID"),
        ("manufacturerID=x", 5014, "manufacturerID"),
        ("manufacturerID=0", 5014, "manufacturerID"),
        ("manufacturerID=", 5014, "manufacturerID"),
        ("manufacturerID=2020", 5014, "manufacturerID"),
        ("manufacturerID=1010&perPage=101", 5014, "perPage"),
        ("manufacturerID=1010&perPage=0", 5014, "perPage"),
        ("manufacturerID=1010&page=0", 5014, "page"),
        ("manufacturerID=1010&orderID=1,x", 5014, "orderID"),
        ("manufacturerID=1010&orderID=0", 5014, "orderID"),
        ("manufacturerID=1010&orderStatus=", 5014, "orderStatus"),
        ("manufacturerID=1010&externalOrderID=", 5014, "externalOrderID"),
        ("manufacturerID=1010&manufacturerID=1010", 5014, None),
        ("manufacturerID=1010&color=red", 5016, None),
        ("color=red", 5017, None),
        ("", 5017, None),
    ],
)
def test_a_query_is_refused_with_its_own_code(client, query, code, field) -> None:
    assert client.get(f"order/?{query}").problem == (400, code, field)


def test_search_by_name_is_a_switch(connect) -> None:
    client = connect(switches=Switches(search_by_external_order_id=False))
    assert client.get("order/?manufacturerID=1010&externalOrderID=a").problem == (400, 5016, None)
    assert client.get("order/?externalOrderID=a").problem == (400, 5017, None)


def test_lenient_searches_without_a_manufacturer(connect) -> None:
    client = connect(lenient=True)
    client.create("a")
    assert found(client, "externalOrderID=a") == ["a"]


def test_shipments_are_found_by_order_and_status(client) -> None:
    first, second = client.bought("a"), client.bought("b")
    client.model.ship("a")
    client.post("order/action/assign", {"orderID": second, "packageAssignment": [{"autoAssign": True}]})
    assert client.get("shipment?manufacturerID=1010").body["totalCount"] == 2
    for query, order_id in ((f"orderID={first}", first), ("manufacturerID=1010&shipmentStatus=READY", second)):
        (row,) = client.get(f"shipment?{query}").body["collection"]
        assert row["orderID"] == order_id
    assert client.get("shipment?orderStatus=READY").problem == (400, 5017, None)
    assert client.get("shipment?manufacturerID=1010&externalOrderID=a").problem == (400, 5016, None)
