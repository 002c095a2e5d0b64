"""POST /api/v2/createOrder/: the order takes the reserved id and its authorization, once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from stampcard_adapters.sandbox.kibo import DECLINED, UNREACHABLE, Switches

REQUIRED = (
    "externalOrderID", "manufacturerID", "catalogID", "currency", "customer", "orderItems", "shippingMethod",
    "shippingAddress", "orderItems__0__product", "orderItems__0__itemSpecifics",
    "orderItems__0__itemSpecifics__quantity", "customer__phone1", "shippingAddress__city",
)  # fmt: skip
FIELD = "orderPayments[0].authorizationID"


def spelt(path: str) -> str:
    return path.replace("__0__", "[0].").replace("__", ".")


@pytest.fixture
def token(client) -> str:
    return client.authorize().body["authToken"]


def test_the_answer_is_the_order(client, token) -> None:
    body = client.create("o-1", token).body
    assert body == client.get(f"order/{body['orderID']}").body
    expected = {
        "externalOrderID": "o-1",
        "orderStatus": "WAITING_FOR_ASSIGNMENT",
        "orderState": "WAITING_FOR_ASSIGNMENT",
        "orderCurrency": "USD",
        "orderDate": "2019-06-01T12:00:00+00:00",
        "deliveryMethod": "SHIP_TO_HOME",
        "isTestOrder": False,
        "customerTotal": 2,
        "subtotal": 1.5,
        "estimatedShipping": 0.5,
    }
    assert expected.items() <= body.items()
    assert isinstance(body["shippingAddress"], str)
    assert body["items"][0]["itemState"] == "NORMAL"
    assert body["customer"]["email"] == "John.Smith@kibocommerce.com"


def test_the_reply_may_be_the_id_alone(connect) -> None:
    client = connect(switches=Switches(create_reply="id"))
    given = client.authorize().body
    assert client.create("o-1", given["authToken"]).body == {"orderID": given["orderID"]}


@pytest.mark.parametrize("path", ["/api/v2/createOrder/", "/api/v2/createOrder"])
def test_a_trailing_slash_is_optional(client, path) -> None:
    assert client.post(path, client.order("o-1")).status == 200


@pytest.mark.parametrize("path", REQUIRED)
@pytest.mark.parametrize("absent", [..., None])
def test_what_is_required_may_be_neither_absent_nor_null(client, path, absent) -> None:
    assert client.create("o-1", **{path: absent}).problem == (400, 5011, spelt(path))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("externalOrderID", ""), ("externalOrderID", "x" * 101), ("manufacturerID", 0), ("catalogID", -1),
        ("orderItems", []), ("orderItems__0__itemSpecifics__quantity", 0), ("orderItems__0__itemSpecifics__options", 1),
        ("orderItems__0__itemSpecifics__actualPrice", -1), ("allowSplit", "no"), ("isTestOrder", 1),
        ("shippingMethod", "EXPRESS"), ("shippingMethod__shipType", ""), ("customOrderData", []),
        ("orderItems__0__itemSpecifics__quantity", 1_000_001), ("locale", "?"), ("currency", "dollars"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_refused(client, path, value) -> None:
    assert client.create("o-1", **{path: value}).problem == (400, 5015, spelt(path))
    assert client.model.orders() == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b'{"orderID": 01}'])
def test_a_body_that_is_no_json_object_is_refused(client, body) -> None:
    assert client.post("createOrder/", body).problem == (400, 5003, None)


def test_an_order_has_at_most_a_thousand_lines_and_a_price_may_be_the_products(client) -> None:
    (row,) = client.order()["orderItems"]
    assert client.create("o-1", orderItems=[row] * 1001).problem == (400, 5015, "orderItems")
    for product, total in (({"offerPrice": 3, "retailPrice": 4}, 3), ({"retailPrice": 4}, 4), ({}, 0)):
        plain = {"product": product, "itemSpecifics": {"quantity": 1}}
        assert client.create(f"o-{total}", orderItems=[plain]).body["total"] == total


def test_an_order_may_have_no_authorization(client) -> None:
    card = client.sample()["paymentMethod"]
    assert client.create("bare").status == 200
    assert client.create("carded", orderPayments=[{"paymentMethod": card, "transactionID": "46866409EG"}]).status == 200
    assert client.sums("bare") == client.sums("carded") == {}
    assert client.cancel(client.model.order_id("carded")).status == 200
    client.model.ship("bare")
    assert client.model.unbalanced() == ()


def test_a_payment_without_authorization_says_how_it_pays(client) -> None:
    answer = client.create("o-1", orderPayments=[{"authAmount": 2}])
    assert answer.problem == (400, 5011, "orderPayments[0].paymentMethod")
    for number, problem in ((DECLINED, (400, 5003, None)), (UNREACHABLE, (503, 5001, None))):
        card = client.sample()["paymentMethod"] | {"cardNumber": number}
        assert client.create("o-1", orderPayments=[{"paymentMethod": card}]).problem == problem
    assert client.model.orders() == ()


def test_an_id_that_is_only_reserved_is_no_order_yet(client) -> None:
    order_id = client.authorize().body["orderID"]
    assert client.get(f"order/{order_id}").problem == (404, 5002, None)
    assert client.cancel(order_id).problem == (404, 5002, None)


def test_reserved_ids_are_not_given_to_other_orders(client) -> None:
    given = client.authorize().body
    other = client.create("without").body["orderID"]
    assert other != given["orderID"]
    assert client.create("with", given["authToken"]).body["orderID"] == given["orderID"]


def test_the_order_id_may_be_a_new_one(connect) -> None:
    client = connect(switches=Switches(order_id="new"))
    given = client.authorize().body
    assert client.create("o-1", given["authToken"]).body["orderID"] != given["orderID"]
    assert client.model.holds()[0].authorization.claimed_by == client.model.order_id("o-1")
    assert client.model.unbalanced() == ()


def test_an_authorization_inside_the_payment_method_is_none(client, token) -> None:
    """Trap 4: authToken is a key there too."""
    method = {"paymentType": "CC", "authToken": token}
    client.create("o-1", orderPayments=[{"paymentMethod": method, "authAmount": 2}])
    assert client.model.holds()[0].authorization.claimed_by is None
    client.create("o-2", authorizationID=token)
    assert client.model.holds()[0].authorization.claimed_by is None


def test_an_unknown_authorization_is_refused(client) -> None:
    assert client.create("o-1", "2-3-1").problem == (400, 5015, FIELD)


def test_an_order_has_one_authorization(client, token) -> None:
    other = client.authorize().body["authToken"]
    payments = [{"authorizationID": each, "authAmount": 1} for each in (token, other)]
    field = "orderPayments[1].authorizationID"
    assert client.create("o-1", orderPayments=payments).problem == (400, 5015, field)
    assert client.create("o-1", orderPayments=[payments[0], payments[0]]).problem == (400, 5015, field)
    assert all(hold.authorization.claimed_by is None for hold in client.model.holds())


def test_an_amount_goes_with_an_authorization_unless_lenient(client, token) -> None:
    without = {"orderPayments": [{"authorizationID": token}]}
    assert client.create("o-1", **without).problem == (400, 5011, "orderPayments[0].authAmount")
    client.model.set_lenient(True)
    assert client.create("o-1", **without).status == 200
    client.model.ship("o-1")
    assert client.sums() == {"authorized": 2, "captured": 2}


def test_more_than_was_authorized_may_be_capped(connect) -> None:
    client = connect(switches=Switches(over_authorization="capped"))
    assert client.create("o-1", client.authorize().body["authToken"], 5).status == 200
    client.model.ship("o-1")
    assert client.sums() == {"authorized": 2, "captured": 2}
    assert client.model.unbalanced() == ()


def test_a_split_needs_an_authorization_for_each_order(client, connect, token) -> None:
    assert client.create("o-1", token, allowSplit=True).problem == (400, 5015, "allowSplit")
    assert client.create("o-2", allowSplit=True).status == 200  # without one it may be split
    warned = connect(switches=Switches(split_with_authorization="warned"))
    answer = warned.create("o-1", warned.authorize().body["authToken"], allowSplit=True)
    assert answer.status == 200
    assert len(answer.body["warnings"]) == len(warned.model.warnings()) == 1


def test_an_authorization_in_another_currency_is_refused(client, token) -> None:
    assert client.create("o-1", token, currency="CAD").problem == (400, 5015, "currency")


def test_an_expired_authorization_is_refused(client, token) -> None:
    client.clock.pass_by(days=7)
    client.token = client.fetch_token().body["access_token"]
    assert client.create("o-1", token).problem == (400, 5015, FIELD)
    assert client.model.holds()[0].sums.lapsed == 2
    assert client.model.unbalanced() == ()


def test_an_authorization_is_good_until_its_end(connect) -> None:
    client = connect(switches=Switches(authorization_life=timedelta(minutes=5)))
    token = client.authorize().body["authToken"]
    client.clock.pass_by(minutes=4, seconds=59)
    assert client.create("o-1", token).status == 200


def test_the_authorization_of_a_canceled_order_is_used_up(client, token) -> None:
    client.cancel(client.create("o-1", token).body["orderID"])
    assert client.create("o-2", token).problem == (400, 5015, FIELD)


def test_a_second_order_of_the_same_name_is_refused_with_the_firsts_id(client, token) -> None:
    first = client.create("o-1", token)
    again = client.create("o-1", token)  # the very same call after a lost reply
    assert again.problem == (400, 5015, "externalOrderID")
    assert again.body["orderID"] == first.body["orderID"]
    other = client.authorize().body["authToken"]
    assert client.create("o-1", other).body["orderID"] == first.body["orderID"]
    assert client.model.holds()[1].sums.held == 2


def test_a_second_order_of_the_same_name_may_be_answered_with_the_first(connect) -> None:
    client = connect(switches=Switches(duplicate_external_order_id="replayed"))
    token = client.authorize().body["authToken"]
    first = client.create("o-1", token)
    assert client.create("o-1", token).raw == first.raw
    assert client.model.unbalanced() == ()


def test_a_shoppers_address_may_be_asked_for_and_is_a_public_one(connect) -> None:
    assert connect().create("o-1", customerIP="10.0.0.1").status == 200
    client = connect(switches=Switches(require_customer_ip=True))
    assert client.create("o-1").problem == (400, 5011, "customerIP")
    for internal in ("10.0.0.1", "127.0.0.1", "::1", "till-4"):
        assert client.create("o-1", customerIP=internal).problem == (400, 5015, "customerIP")
    assert client.create("o-1", customerIP="8.8.8.8").status == 200


def test_a_name_beyond_latin1_is_kept_and_found_as_its_entity(client) -> None:
    assert client.create("Š-1").body["externalOrderID"] == "&#352;-1"
    assert client.get("order/?manufacturerID=1010&externalOrderID=%C5%A0-1").body["totalCount"] == 1
    assert client.create("Š-1").problem == (400, 5015, "externalOrderID")


@pytest.fixture
def impatient() -> Iterator[None]:
    """Threads take turns at nearly every instruction: without the model's lock they meet."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(client, bodies) -> list[int]:
    """The statuses of createOrder calls that start together."""
    start = Barrier(len(bodies))

    def call(body) -> int:
        start.wait()
        return client.post("createOrder/", body).status

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(call, [json.dumps(body).encode() for body in bodies]))


@pytest.mark.usefixtures("impatient")
def test_many_threads_with_one_authorization_make_one_order(client) -> None:
    for lap in range(80):
        token = client.authorize().body["authToken"]
        statuses = at_once(client, [client.order(f"o-{lap}-{n}", token) for n in range(6)])
        assert sorted(statuses) == [200] + [400] * 5
        assert len(client.model.orders()) == lap + 1
    assert client.model.unbalanced() == ()


@pytest.mark.usefixtures("impatient")
def test_many_threads_with_one_name_make_one_order(client) -> None:
    for lap in range(80):
        tokens = [client.authorize().body["authToken"] for _ in range(6)]
        statuses = at_once(client, [client.order(f"o-{lap}", token) for token in tokens])
        assert sorted(statuses) == [200] + [400] * 5
    claimed = [hold for hold in client.model.holds() if hold.authorization.claimed_by is not None]
    assert len(claimed) == len(client.model.orders()) == 80
    assert client.model.unbalanced() == ()


def test_the_same_calls_give_the_same_bytes(connect) -> None:
    def run() -> list[bytes]:
        client = connect()
        given = client.authorize()
        return [given.raw, client.create("o-1", given.body["authToken"]).raw, client.fetch_token().raw]

    assert run() == run()
