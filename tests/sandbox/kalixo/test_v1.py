"""Version 1: sheet, A2 to A5."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest

from stampcard_adapters.sandbox.kalixo import CORRELATION, Switches

OK, OPEN, FAIL, PARTIAL, SLOW = 9001, 9002, 9003, 9004, 9005
# the manual's own request: its price is neither the sum of its lines nor of the reply's (trap 3)
SEED = {
    "externalOrderCode": "O-12345",
    "price": 4398,
    "currency": "GBP",
    "orderProducts": [
        {"productId": 2, "price": 3299, "sku": "GB-EN-4251604177278", "currency": "GBP", "quantity": 1},
        {"productId": 6, "price": 839, "sku": "GB-EN-4251604133182", "currency": "GBP", "quantity": 1},
    ],
}


def test_an_order_comes_back_with_its_pins_and_its_id_as_a_text(client) -> None:
    answer = client.place_v1("O-1", (1, 1), (2, 2))
    assert answer.status == 201
    assert answer.body.keys() == {"orderId", "products"}
    assert answer.body["orderId"] == "59400"
    one, two = answer.body["products"]
    assert (one["price"], one["productId"], one["quantity"], len(one["pin"])) == (1099, 1, 1, 1)
    assert (two["price"], two["productId"], two["quantity"], len(two["pin"])) == (3299, 2, 2, 2)
    pins = [pin["PIN"] for line in (one, two) for pin in line["pin"]]
    assert all(pin.startswith("SANDBOX-") for pin in pins)
    assert len(set(pins)) == 3
    assert client.books() == Decimal(5000) - Decimal("10.99") - 2 * Decimal("32.99")


def test_the_same_order_is_retrieved_by_its_id_as_a_number(client) -> None:
    placed = client.place_v1("O-1", (1, 1), (2, 2)).body
    answer = client.retrieve(placed["orderId"])
    assert answer.status == 200
    assert answer.body == {"orderId": 59400, "orderStatus": "completed", "products": placed["products"]}


def test_the_manuals_own_request_is_taken_and_charged_by_its_lines(client) -> None:
    assert client.v1("POST", "/orders/place-order", SEED).status == 201
    assert client.books() == Decimal("5000") - Decimal("41.38")


def test_a_total_is_checked_by_switch(connect) -> None:
    client = connect(switches=Switches(v1_total_checked=True))
    answer = client.v1("POST", "/orders/place-order", SEED)
    assert answer.error == (400, "Order price mismatch: expected total 4138")
    assert client.place_v1("O-2", (2, 1), (6, 1)).status == 201


@pytest.mark.parametrize("field", ["externalOrderCode", "price", "currency", "orderProducts"])
def test_every_documented_field_is_required(client, field) -> None:
    body = {name: value for name, value in client.body_v1("O-1").items() if name != field}
    assert client.v1("POST", "/orders/place-order", body).status == 400
    assert client.model.orders() == ()


@pytest.mark.parametrize("field", ["productId", "price", "sku", "currency", "quantity"])
def test_every_documented_field_of_a_line_is_required(client, field) -> None:
    body = client.body_v1("O-1")
    del body["orderProducts"][0][field]
    assert client.v1("POST", "/orders/place-order", body).status == 400


@pytest.mark.parametrize(("field", "value"), [("sku", 4251604100019), ("currency", 826), ("price", "1099")])
def test_sku_and_currency_are_texts_and_a_price_is_a_number_whatever_the_table_says(client, field, value) -> None:
    body = client.body_v1("O-1")
    body["orderProducts"][0][field] = value
    assert client.v1("POST", "/orders/place-order", body).status == 400


def test_lenient_asks_for_no_more_than_v2_does(connect) -> None:
    client = connect(lenient=True)
    lines = [{"productCode": "GB-EN-4251604100019", "quantity": 1}, {"productId": "6", "quantity": 1}]
    body = {"externalOrderCode": "O-1", "currency": "GBP", "orderProducts": lines}
    assert client.v1("POST", "/orders/place-order", body).status == 201
    assert client.books() == Decimal(5000) - Decimal("10.99") - Decimal("8.39")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"price": 1100}, (400, "Product 1 price mismatch: expected 1099")),
        ({"currency": "USD"}, (400, "Product 1 is priced in GBP, not USD")),
        ({"sku": "GB-EN-1"}, (400, "Product 1 sku mismatch: expected GB-EN-4251604100019")),
        ({"productId": 3}, (404, "Product 3 was not found in your catalog")),
        ({"quantity": 0}, (400, "Each line requires a productId and a quantity of at least 1")),
    ],
)
def test_a_line_must_match_the_catalog(client, change, error) -> None:
    body = client.body_v1("O-1")
    body["orderProducts"][0] |= change
    assert client.v1("POST", "/orders/place-order", body).error == error
    assert client.books() == 5000


def test_a_code_again_is_409_and_charges_once(client) -> None:
    client.place_v1()
    answer = client.place_v1()
    assert answer.error == (409, "An order with this external order code already exists.")
    assert "orderId" not in answer.body
    assert client.books() == Decimal("4989.01")


@pytest.mark.parametrize(("policy", "status"), [("existing", 201), ("conflict", 409), ("refused", 400)])
def test_a_code_again_follows_v1s_own_switch(connect, policy, status) -> None:
    client = connect(switches=Switches(v1_duplicate=policy, v2_duplicate="existing"))
    first = client.place_v1()
    again = client.place_v1()
    assert again.status == status
    if policy == "existing":
        assert again.raw == first.raw
    if policy == "refused":
        assert again.error == (400, "This order has already been placed.")
    assert client.place("O-1").status == 202
    assert client.model.orders() == ("O-1",)
    assert client.books() == Decimal("4989.01")


def test_a_slow_order_comes_without_pins_and_has_them_later(client) -> None:
    placed = client.place_v1("O-1", (SLOW, 2))
    assert placed.status == 201
    assert placed.body["products"][0]["pin"] == []
    assert client.retrieve(59400).body["orderStatus"] == "processing"
    client.clock.forward(10)
    later = client.retrieve(59400).body
    assert later["orderStatus"] == "completed"
    assert len(later["products"][0]["pin"]) == 2


def test_a_failed_order_has_an_id_no_pins_and_its_money_back(client) -> None:
    placed = client.place_v1("O-1", (FAIL, 1))
    assert placed.body["orderId"] == "59400"
    assert placed.body["products"][0]["pin"] == []
    assert client.retrieve(59400).body["orderStatus"] == "failed"
    assert client.books() == 5000


@pytest.mark.parametrize("word", ["completed", "error"])
def test_a_partial_order_has_fewer_pins_than_units_and_a_word_of_v1(connect, word) -> None:
    client = connect(switches=Switches(v1_partial=word))
    client.place_v1("O-1", (PARTIAL, 3))
    body = client.retrieve(59400).body
    assert body["orderStatus"] == word
    assert (body["products"][0]["quantity"], len(body["products"][0]["pin"])) == (3, 2)
    assert client.books() == 4980


@pytest.mark.parametrize("status", ["requested", "processing", "completed", "cancelled", "failed", "error"])
def test_each_of_the_six_statuses_can_be_arranged(client, status) -> None:
    client.model.hold("requested" if status == "requested" else "processing")
    assert client.place_v1("O-1", (1, 2)).body["products"][0]["pin"] == []
    client.clock.forward(3600)
    if status not in ("requested", "processing"):
        client.model.move("O-1", status)
    body = client.retrieve(59400).body
    assert body["orderStatus"] == status
    assert len(body["products"][0]["pin"]) == (2 if status == "completed" else 0)
    assert client.books() == (5000 if status in ("cancelled", "failed", "error") else Decimal("4978.02"))


def test_an_order_goes_from_requested_over_processing_to_its_end_and_no_further(client) -> None:
    client.model.hold("requested")
    client.place_v1()
    client.model.move("O-1", "processing")
    assert client.model.states("O-1") == ("requested", "processing")
    client.model.release("O-1")
    assert client.model.states("O-1") == ("requested", "processing", "completed")
    for status in ("requested", "processing", "failed"):
        with pytest.raises(ValueError, match="open"):
            client.model.move("O-1", status)
    with pytest.raises(ValueError, match="open"):
        client.model.release("O-1")


@pytest.mark.parametrize("query", ["", "?id=", "?id=x", "?id=-1", "?id=5.0", "?id=%D9%A3"])
def test_retrieving_without_a_number_is_400(client, query) -> None:
    answer = client.v1("GET", f"/orders/retrieve-order{query}", {"id": 59400})
    assert answer.error == (400, "Validation failed (numeric string is expected)")


@pytest.mark.parametrize("reference", ["1", "59401", "9" * 5000])
def test_retrieving_what_is_not_there_is_404(client, reference) -> None:
    client.place_v1()
    assert client.retrieve(reference).error == (404, f"Order {reference} not found")


def test_v1_finds_nothing_by_external_code(client) -> None:
    client.place_v1("777")
    assert client.retrieve("777").status == 404


def test_an_order_beyond_the_wallet_is_422(client) -> None:
    client.model.top_up(Decimal("9.99"), "EUR")
    assert client.place_v1("O-1", (14, 1)).error == (422, "account order limit exceeded")
    client.model.top_up(Decimal("0.01"), "EUR")
    assert client.place_v1("O-1", (14, 1)).status == 201
    assert client.model.balance("EUR") == 0


def test_without_api_ordering_nothing_is_placed(client) -> None:
    client.model.set_account(api_ordering=False)
    assert client.place_v1().error == (403, "API ordering disabled")


def test_newer_replies_add_a_buying_price_and_the_wallet(connect) -> None:
    client = connect(switches=Switches(v1_newer_reply=True, v1_place_status=200))
    placed = client.place_v1("O-1", (OK, 1))
    assert placed.status == 200
    assert placed.body["wallet"]["GBP"] == 4990  # the sell price, not the buying price (trap 9)
    assert placed.body["products"][0]["buyingPrice"] == 950
    assert client.retrieve(59400).body["wallet"]["GBP"] == 4990
    client.model.set_account(wallet_ordering=False)
    assert "wallet" not in client.place_v1("O-2").body


def test_a_status_code_may_be_a_text_and_a_message_a_list(connect) -> None:
    client = connect(switches=Switches(v1_status_code="text", v1_validation="list"))
    assert client.place_v1(price="x").body == {
        "statusCode": "api_error",
        "error": "Bad Request",
        "message": ["price must be an integer number"],
    }
    assert client.retrieve(1).body["message"] == "Order 1 not found"


def test_the_catalog_is_one_object(client) -> None:
    assert client.v1("GET", "/catalog").body.keys() == {
        "id", "name", "fromDate", "toDate", "status", "description", "catalogTypeId", "resellerId", "createdAt",
        "updatedAt", "deletedAt",
    }  # fmt: skip


def test_the_first_product_is_left_out_unless_skip_is_said(client) -> None:
    ids = [product.id for product in client.model.products()]
    bare = client.v1("GET", "/catalog/products").body
    assert (bare["skip"], bare["take"], bare["count"]) == (1, 20, len(ids))
    assert [product["id"] for product in bare["products"]] == ids[1:]
    said = client.v1("GET", "/catalog/products?skip=0&take=3").body
    assert [product["id"] for product in said["products"]] == ids[:3]
    assert client.v1("GET", "/catalog/products?take=1000").body["take"] == 100
    assert client.v1("GET", "/catalog/products?skip=99999999999999999999").body["products"] == []
    assert client.v1("GET", "/catalog/products?skip=-1").status == 400


def test_paging_of_the_other_paragraphs_is_switchable(connect) -> None:
    client = connect(switches=Switches(v1_first_skip=0, v1_take=10, v1_list_key="data"))
    body = client.v1("GET", "/catalog/products").body
    assert (body["skip"], body["take"], len(body["data"])) == (0, 10, 10)


def test_a_product_has_a_minor_price_and_a_major_rrp(client) -> None:
    rows = {row["id"]: row for row in client.v1("GET", "/catalog/products?skip=0").body["products"]}
    found = [(rows[n]["price"], rows[n]["rrp"], rows[n]["currencyCode"]) for n in (1, 11, 12)]
    assert found == [(1099, "10.99", "GBP"), (1000, "1000", "JPY"), (5250, "5.250", "KWD")]
    assert rows[2]["languages"][0]["sku"] == "GB-EN-4251604177278"
    assert rows[7]["price"] is None


@pytest.mark.parametrize("query", ["ean=4251604177278", "sku=GB-EN-4251604177278"])
def test_one_product_is_found_by_ean_or_sku(client, query) -> None:
    assert client.v1("GET", f"/catalog/product?{query}").body["id"] == 2


def test_a_product_nobody_has_is_404_and_an_empty_question_400(client) -> None:
    assert client.v1("GET", "/catalog/product?sku=x").error == (404, "Product x was not found in your catalog")
    assert client.v1("GET", "/catalog/product").status == 400


def test_every_reply_has_a_correlation_key_the_callers_own_if_it_is_a_uuid(client) -> None:
    seen = {client.send("GET", target).headers[CORRELATION] for target in ("/v1/x", "/v2/x", "/v2/ping", "/v1/catalog")}
    assert len(seen) == 4
    assert all(str(uuid.UUID(key)) == key for key in seen)
    mine = "0f0e0d0c-0b0a-4908-8706-050403020100"
    assert client.send("GET", "/v1/catalog", headers={CORRELATION: mine}).headers[CORRELATION] == mine
    assert client.send("GET", "/v1/catalog", headers={CORRELATION: "x\r\ny: z"}).headers[CORRELATION] not in ("x", mine)
