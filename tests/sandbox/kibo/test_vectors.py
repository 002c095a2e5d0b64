"""The thirteen test vectors of the sheet, by their numbers."""

from __future__ import annotations

import base64

import pytest


def test_the_basic_credentials_are_the_sheets(client) -> None:
    assert base64.b64encode(b"sandbox-key:sandbox-secret") == b"c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ="
    answer = client.fetch_token(Authorization="Basic c2FuZGJveC1rZXk6c2FuZGJveC1zZWNyZXQ=")
    assert answer.status == 200


def test_1_the_seeds_sample_with_a_legal_number_is_authorized(client, published) -> None:
    answer = client.post("/api/v2/createOrder/authorize", published.replace(b"01010", b"1010"))
    assert answer.status == 200
    assert answer.body.keys() == {"orderID", "paymentMethodToken", "authToken"}
    assert isinstance(answer.body["orderID"], int)
    assert answer.body["orderID"] >= 1
    assert isinstance(answer.body["paymentMethodToken"], str)
    assert isinstance(answer.body["authToken"], str)


def test_2_the_seeds_sample_verbatim_is_no_json(client, published) -> None:
    answer = client.post("/api/v2/createOrder/authorize", published)
    assert answer.problem == (400, 5003, None)
    assert "not JSON" in answer.body["message"]


@pytest.mark.parametrize("cart", ["", "x" * 256])
def test_3_a_cart_id_has_1_to_255_characters(client, cart) -> None:
    assert client.authorize(externalCartID=cart).problem == (400, 5015, "externalCartID")
    assert client.authorize(externalCartID="x" * 255).status == 200
    assert client.authorize(externalCartID="x").status == 200


@pytest.mark.parametrize(("field", "value"), [("manufacturerID", 0), ("catalogID", -1), ("amount", -0.01)])
def test_4_numbers_below_their_least_are_refused(client, field, value) -> None:
    assert client.authorize(**{field: value}).problem == (400, 5015, field)


def test_5_nothing_is_an_amount_and_catalog_0_a_catalog(client) -> None:
    assert client.authorize(amount=0, catalogID=0).status == 200


def test_6_a_customer_has_a_phone_of_at_most_20_characters(client) -> None:
    assert client.authorize(customer__phone1=...).problem == (400, 5011, "customer.phone1")
    assert client.authorize(customer__phone1="5" * 21).problem == (400, 5015, "customer.phone1")
    assert client.authorize(customer__phone1="5" * 20).status == 200


def test_7_a_customer_is_active_inactive_or_frozen(client) -> None:
    assert client.authorize(customer__active="SUSPENDED").problem == (400, 5015, "customer.active")
    assert client.authorize(customer__active="FROZEN").status == 200


def test_8_locale_and_test_order_have_defaults(client) -> None:
    token = client.authorize(locale=..., testOrder=...).body["authToken"]
    order = client.create("o-1", token).body
    assert (order["locale"], order["isTestOrder"]) == ("en-US", False)


def test_9_no_token_and_an_old_one_are_401_and_another_tenants_key_403(client, clock) -> None:
    headers = client.headers()
    without = {name: value for name, value in headers.items() if name != "Authorization"}
    assert client.send("POST", "/api/v2/createOrder/authorize", b"{}", without).problem == (401, 5004, None)
    other = headers | {"API-Key": "sandbox-other-key"}
    assert client.send("POST", "/api/v2/createOrder/authorize", b"{}", other).problem == (403, 5004, None)
    clock.pass_by(hours=1)
    assert client.authorize().problem == (401, 5004, None)


def test_10_authorize_is_a_post(client) -> None:
    assert client.get("createOrder/authorize").problem == (405, 5005, None)


def test_11_the_order_takes_the_id_that_was_reserved(client) -> None:
    given = client.authorize().body
    answer = client.post("createOrder/", client.order("o-1", given["authToken"], 2.00))
    assert (answer.status, answer.body["orderID"]) == (200, given["orderID"])


def test_12_an_authorization_is_for_one_order(client) -> None:
    token = client.authorize().body["authToken"]
    assert client.create("o-1", token).status == 200
    assert client.create("o-2", token).problem == (400, 5015, "orderPayments[0].authorizationID")
    assert client.model.orders() == ("o-1",)


def test_13_no_more_than_was_authorized(client) -> None:
    token = client.authorize().body["authToken"]
    assert client.create("o-1", token, 2.01).problem == (400, 5015, "orderPayments[0].authAmount")
    assert client.model.orders() == ()
    assert client.create("o-1", token, 2.00).status == 200
