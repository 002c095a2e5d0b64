"""Version 2: sheet, B1 to B5."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from stampcard_adapters.sandbox.kalixo import Switches, Tenant

OK, OPEN, FAIL, PARTIAL, SLOW = 9001, 9002, 9003, 9004, 9005
READY = "2026-03-01T12:00:00.250Z"


def test_ping_says_the_time(client) -> None:
    assert client.v2("GET", "/ping").body == {"status": "ok", "timestamp": READY}


def test_an_order_is_accepted_first_and_completed_when_asked_again(client) -> None:
    placed = client.place("O-1", (1, 2), (6, 1))
    assert placed.status == 202
    wallet = placed.body.pop("wallet")
    assert (wallet["balances"]["GBP"], wallet["lowBalance"]) == (Decimal("4969.63"), False)
    assert placed.body == {
        "orderId": 59400,
        "externalOrderCode": "O-1",
        "status": "processing",
        "estimatedReadyAt": READY,
    }
    body = client.order().body
    assert body.keys() == {"orderId", "externalOrderCode", "status", "products", "wallet"}
    assert body["status"] == "completed"
    one, six = body["products"]
    assert (one["productId"], one["price"], one["quantity"], len(one["codes"])) == (1, 1099, 2, 2)
    assert six["codes"][0]["code"].startswith("SANDBOX-")
    assert client.books() == Decimal("4969.63")


def test_an_order_is_found_by_id_and_by_code_even_if_the_code_needs_quoting(client) -> None:
    client.place("till/7 ü")
    by_id = client.order(59400)
    assert by_id.status == 200
    assert client.order("till%2F7%20%C3%BC").raw == by_id.raw


def test_an_all_digit_code_is_looked_for_as_an_id_first(client) -> None:
    client.place("first")
    client.place("59400")
    assert client.order("59400").body["externalOrderCode"] == "first"


def test_an_unknown_reference_is_404(client) -> None:
    assert client.order("O-404").error == (404, "Order O-404 not found")


def test_both_versions_see_the_same_order_wallet_and_products(client) -> None:
    client.place("O-1", (1, 1))
    client.place_v1("O-2", (1, 1))
    assert client.retrieve(59400).body["orderStatus"] == "completed"
    v1 = client.retrieve(59401).body["products"][0]["pin"][0]["PIN"]
    assert client.order("O-2").body["products"][0]["codes"] == [{"code": v1}]
    assert client.books() == Decimal("4978.02")
    assert client.v2("GET", "/wallet").body["balances"]["GBP"] == Decimal("4978.02")


# The published test products (B5)


@pytest.mark.parametrize(
    ("lines", "status", "delivered"),
    [
        ([(OK, 2)], "completed", 2),
        ([(FAIL, 2)], "failed", 0),
        ([(FAIL, 1), (FAIL, 3)], "failed", 0),
        ([(PARTIAL, 1)], "completed", 1),
        ([(PARTIAL, 2)], "partially_completed", 1),
        ([(PARTIAL, 5)], "partially_completed", 4),
        ([(OK, 1), (FAIL, 1)], "partially_completed", 1),
        ([(PARTIAL, 1), (OK, 1)], "completed", 2),
        ([(PARTIAL, 2), (FAIL, 1), (OK, 1)], "partially_completed", 2),
    ],
)
def test_the_test_products_end_as_published_and_only_what_came_is_paid(client, lines, status, delivered) -> None:
    assert client.place("O-1", *lines).body["status"] == "processing"
    body = client.order().body
    assert body["status"] == status
    codes = [code for line in body.get("products", []) for code in line["codes"]]
    assert len(codes) == delivered
    assert client.books() == 5000 - 10 * delivered


def test_a_partial_order_says_how_much_and_shows_only_lines_with_codes(client) -> None:
    client.place("O-1", (FAIL, 1), (PARTIAL, 3))
    body = client.order().body
    assert (body["delivered"], body["total"]) == (2, 4)
    [line] = body["products"]
    assert (line["productId"], line["quantity"], len(line["codes"])) == (PARTIAL, 2, 2)
    assert body["wallet"]["balances"]["GBP"] == 4980


def test_the_quantity_of_a_partial_line_may_be_what_was_ordered(connect) -> None:
    client = connect(switches=Switches(partial_quantity="ordered"))
    client.place("O-1", (PARTIAL, 3))
    assert client.order().body["products"][0]["quantity"] == 3


def test_a_failed_order_says_why_and_shows_no_products(client) -> None:
    client.place("O-1", (FAIL, 1))
    assert client.order().body == {
        "orderId": 59400,
        "externalOrderCode": "O-1",
        "status": "failed",
        "reason": "The products could not be delivered.",
    }


@pytest.mark.parametrize("lines", [[(SLOW, 1)], [(OK, 1), (SLOW, 1)]])
def test_a_slow_order_takes_ten_seconds(client, lines) -> None:
    placed = client.place("O-1", *lines)
    assert placed.body["estimatedReadyAt"] == "2026-03-01T12:00:10.250Z"
    client.clock.forward(9.999)
    early = client.order().body
    assert early == {
        "orderId": 59400,
        "externalOrderCode": "O-1",
        "status": "processing",
        "estimatedReadyAt": "2026-03-01T12:00:10.250Z",
        "message": "Order is still processing",
    }
    client.clock.forward(0.001)
    assert client.order().body["status"] == "completed"
    client.books()


def test_how_long_orders_take_is_a_switch(connect) -> None:
    client = connect(switches=Switches(ready_seconds=5, slow_seconds=60))
    client.place("O-1", (OK, 1))
    client.place("O-2", (SLOW, 1))
    client.clock.forward(5)
    assert [client.order(code).body["status"] for code in ("O-1", "O-2")] == ["completed", "processing"]
    assert client.place_v1("O-3", (OK, 1)).body["products"][0]["pin"] == []


def test_an_open_denomination_takes_the_lines_price(client) -> None:
    client.place("O-1", {"productId": OPEN, "quantity": 2, "price": 2500}, price=5000)
    assert client.order().body["products"][0]["price"] == 2500
    assert client.books() == 4950


@pytest.mark.parametrize(
    ("price", "message"),
    [
        (None, "Product 9002 is open-denomination and requires a price"),
        ("600", "Product 9002 is open-denomination and requires a price"),
        (499, "Price for product 9002 is below the minimum allowed (500)"),
        (-100, "Price for product 9002 is below the minimum allowed (500)"),
        (20001, "Price for product 9002 exceeds the maximum allowed (20000)"),
        (550, "Price for product 9002 must be in steps of 100"),
    ],
)
def test_an_open_price_is_within_its_bounds_and_on_its_step(client, price, message) -> None:
    assert client.place("O-1", {"productId": OPEN, "quantity": 1, "price": price}).error == (400, message)
    assert client.place("O-2", {"productId": OPEN, "quantity": 1, "price": 500}).status == 202
    assert client.place("O-3", {"productId": OPEN, "quantity": 1, "price": 20000}).status == 202


# Refusals (B4)


@pytest.mark.parametrize("rows", [None, [], {}, "x"])
def test_an_order_needs_lines(client, rows) -> None:
    assert client.place(orderProducts=rows).error == (400, "orderProducts must not be empty")


@pytest.mark.parametrize(
    "row",
    [
        {"productId": 1},
        {"quantity": 1},
        {"productId": 1, "quantity": 0},
        {"productId": 1, "quantity": 1.5},
        {"productId": "1", "quantity": 1},
        {"productId": 1, "quantity": "1"},
        {"productCode": "", "quantity": 1},
        {"productId": 1, "quantity": True},
        {},
    ],
)
def test_a_line_needs_a_product_and_a_quantity(client, row) -> None:
    text = "Each line requires a productId and a quantity of at least 1"
    assert client.place("O-1", row).error == (400, text)


@pytest.mark.parametrize("name", ["externalOrderCode", "currency"])
@pytest.mark.parametrize("value", [None, "", 7])
def test_code_and_currency_are_texts(client, name, value) -> None:
    assert client.place(**{name: value}).status == 400
    assert client.model.orders() == ()


@pytest.mark.parametrize(
    ("line", "changes", "error"),
    [
        ({"productId": 3}, {}, (404, "Product 3 was not found in your catalog")),
        ({"productCode": "NOPE"}, {}, (404, "Product NOPE was not found in your catalog")),
        ({"productId": 1}, {"currency": "USD"}, (400, "Product 1 is priced in GBP, not USD")),
        ({"productId": 1, "currency": "EUR"}, {}, (400, "Product 1 is priced in GBP, not EUR")),
        ({"productId": 1, "price": 1098}, {}, (400, "Product 1 price mismatch: expected 1099")),
        ({"productId": 1}, {"price": 1098}, (400, "Order price mismatch: expected total 1099")),
        ({"productId": 1}, {"price": 10.99}, (400, "Order price mismatch: expected total 1099")),
        ({"productId": 8}, {}, (422, "Product 8 is not available for purchase.")),
        ({"productId": 14}, {"currency": "EUR"}, (422, "account order limit exceeded")),
        ({"productId": 1, "quantity": 455}, {}, (422, "account order limit exceeded")),
        ({"productId": 1, "quantity": 10**14}, {}, (422, "account order limit exceeded")),
    ],
)
def test_each_refusal_has_its_text_and_changes_nothing(client, line, changes, error) -> None:
    answer = client.place("O-1", {"quantity": 1} | line, **changes)
    assert answer.error == error
    assert answer.body["error"] == {400: "Bad Request", 404: "Not Found", 422: "Unprocessable Entity"}[error[0]]
    assert client.model.orders() == ()
    assert client.books() == 5000
    assert client.place("O-1").status == 202  # a refused code is free


def test_the_total_is_units_times_quantity_and_optional(client) -> None:
    assert (
        client.place("O-1", {"productId": 1, "quantity": 3, "price": 1099, "sku": "GB-EN-4251604100019"}).status == 202
    )
    assert client.place("O-2", (1, 3), price=3297).status == 202


def test_an_inactive_product_is_not_available(client) -> None:
    product = client.model.products()[0]
    client.model.put_product(attrs.evolve(product, active=False))
    assert client.place("O-1", (product.id, 1)).error == (422, f"Product {product.id} is not available for purchase.")


def test_stock_is_taken_at_placing_and_what_did_not_come_goes_back(client) -> None:
    client.model.set_stock(PARTIAL, 3)
    assert client.place("O-1", (PARTIAL, 2), (PARTIAL, 2)).status == 422
    client.model.hold()
    client.place("O-2", (PARTIAL, 3))
    assert client.model.stock(PARTIAL) == 0
    assert client.place("O-3", (PARTIAL, 1)).status == 422
    client.model.release("O-2")
    assert client.model.stock(PARTIAL) == 1
    client.books()
    client.model.set_stock(PARTIAL, None)
    assert client.place("O-4", (PARTIAL, 50)).status == 202
    client.books()


def test_an_account_that_may_not_order_may_still_read(client) -> None:
    client.model.set_account(api_ordering=False)
    assert client.place().error == (403, "API ordering disabled")
    assert client.products()


@pytest.mark.parametrize(
    ("what", "error", "label"),
    [
        ("processing", (502, "processing temporarily unavailable"), "Bad Gateway"),
        ("creation", (502, "order could not be created"), "Bad Gateway"),
        ("internal", (500, "Internal server error"), None),
        ("refused", (400, "The order could not be placed."), "Bad Request"),
    ],
)
def test_a_breakdown_is_answered_without_an_effect_and_passes(client, what, error, label) -> None:
    client.model.break_down(what, times=2)
    for place in (client.place, client.place_v1):
        answer = place("O-1")
        assert answer.error == error
        assert answer.body.get("error") == label
    assert client.books() == 5000
    assert client.place("O-1").status == 202


# The same code again (trap 1)


def test_a_code_again_gives_the_existing_order_and_charges_once(client) -> None:
    client.model.hold()
    first = client.place("O-1", (1, 1))
    assert client.place("O-1", (6, 5)).raw == first.raw
    client.model.release("O-1")
    again = client.place("O-1", (1, 1))
    assert (again.status, again.body) == (202, client.order().body)
    assert client.books() == Decimal("4989.01")


def test_a_code_again_is_known_before_its_lines_are_checked(client) -> None:
    client.place("O-1", (1, 1))
    assert client.place("O-1", {"productId": 1, "quantity": 1, "price": 7}).status == 202


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        ("conflict", (409, "An order with this external order code already exists.")),
        ("refused", (400, "This order has already been placed.")),
    ],
)
def test_a_code_again_follows_v2s_own_switch(connect, policy, error) -> None:
    client = connect(switches=Switches(v2_duplicate=policy, v1_duplicate="existing"))
    client.place("O-1")
    assert client.place("O-1").error == error
    assert client.place_v1("O-1").body["orderId"] == "59400"
    assert client.books() == Decimal("4989.01")


# Statuses as v1 has them


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("requested", "processing"),
        ("processing", "processing"),
        ("completed", "completed"),
        ("partially_completed", "partially_completed"),
        ("cancelled", "failed"),
        ("failed", "failed"),
        ("error", "failed"),
    ],
)
def test_every_status_has_a_word_in_v2(client, status, shown) -> None:
    client.model.hold("requested")
    client.place("O-1", (1, 2))
    if status != "requested":
        client.model.move("O-1", status)
    body = client.order().body
    assert body["status"] == shown
    assert bool(body.get("reason")) is (shown == "failed")
    client.books()


@pytest.mark.parametrize("delivered", [[0, 0], [2, 2], [3, 0], [-1, 2], [1], [1, 1, 1]])
def test_a_partial_delivery_is_some_and_not_all(client, delivered) -> None:
    client.model.hold()
    client.place("O-1", (1, 2), (6, 2))
    with pytest.raises(ValueError, match="partial"):
        client.model.move("O-1", "partially_completed", delivered=delivered)
    client.model.move("O-1", "partially_completed", delivered=[0, 1])
    assert [line["productId"] for line in client.order().body["products"]] == [6]
    assert client.books() == Decimal("4991.61")


# Catalog


def test_products_are_paged_from_the_first(client) -> None:
    every = [product.id for product in client.model.products()]
    assert client.products() == every
    assert client.products("?skip=1&take=2") == every[1:3]
    body = client.v2("GET", "/catalog/products?take=500").body
    assert (body["count"], body["skip"], body["take"]) == (len(every), 0, 100)
    assert client.v2("GET", "/catalog/products?take=x").status == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("country=jp", [11]),
        ("country=JP,kw", [11, 12]),
        ("country=JP&country=KW", [11, 12]),
        ("language=de", [14]),
        ("brand=TUNES", [6]),
        ("category=gaming&country=US", [13]),
        ("tag=bestseller", [2]),
        ("search=32.99", [2]),
        ("search=4251604177278", [2]),
        ("brand=kalixo%20test&search=fail,slow", [9003, 9005]),
        ("brand=tunes&country=JP", []),
        ("brand=,", None),
    ],
)
def test_filters_are_all_needed_and_commas_are_choices(client, query, found) -> None:
    every = [product.id for product in client.model.products()]
    assert client.products(f"?{query}") == (every if found is None else found)


def test_one_product_is_read_by_its_id(client) -> None:
    body = client.v2("GET", "/catalog/products/9001").body
    assert (body["isSandboxProduct"], body["brand"], body["price"]) == (True, "Kalixo Test", 1000)
    assert client.v2("GET", "/catalog/products/1").body["isSandboxProduct"] is False
    assert body["tags"] == ["sandbox"]
    assert not {"rrp", "rrpCurrency", "state"} & body.keys()
    assert client.v2("GET", "/catalog/products/KTEST-OK").error == (
        400,
        "Validation failed (numeric string is expected)",
    )
    assert client.v2("GET", "/catalog/products/3").error == (404, "Product 3 was not found in your catalog")
    assert client.v2("GET", "/catalog/products/" + "9" * 5000).status == 404


def test_a_product_code_does_for_a_product_id_unless_switched_off(connect) -> None:
    client = connect()
    line = {"productCode": "KTEST-OK", "quantity": 1}
    assert client.place("O-1", line).status == 202
    assert client.order().body["products"][0]["productId"] == OK
    older = connect(switches=Switches(accept_product_code=False))
    assert older.place("O-1", line).error[0] == 400


def test_the_scenarios_are_the_published_test_products(client) -> None:
    rows = client.v2("GET", "/sandbox/scenarios").body["scenarios"]
    assert [row["productCode"] for row in rows] == [f"KTEST-{n}" for n in ("OK", "OPEN", "FAIL", "PARTIAL", "SLOW")]


# Wallet


@pytest.mark.parametrize(
    ("product", "currency", "before", "after"),
    [
        (11, "JPY", 1000, 0),
        (12, "KWD", Decimal("6.001"), Decimal("0.751")),
        (13, "USD", Decimal("25.01"), Decimal("0.01")),
    ],
)
def test_a_wallet_is_in_major_units_of_its_own_currency(connect, product, currency, before, after) -> None:
    tenant = Tenant(name="t", email="e", password="p", api_key="k", wallet={currency: Decimal(before)})
    client = connect([tenant])
    client.key = "k"
    assert client.v2("GET", "/wallet").body["balances"] == {currency: before}
    assert client.place("O-1", (product, 1), currency=currency).status == 202
    assert client.v2("GET", "/wallet").body["balances"] == {currency: after}
    assert client.model.unbalanced() == ()


@pytest.mark.parametrize(("switch", "low"), [("computed", True), ("never", False)])
def test_the_documented_sample_pays_the_sell_price(connect, switch, low) -> None:
    tenant = Tenant(name="t", email="e", password="p", api_key="k", wallet={"GBP": Decimal("196.01")})
    client = connect([tenant], switches=Switches(low_balance=switch))
    client.key = "k"
    assert client.v2("GET", "/wallet").body == {
        "balances": {"GBP": Decimal("196.01")},
        "lowBalance": False,
        "threshold": 100,
    }
    placed = client.place("O-1", {"productId": OPEN, "quantity": 1, "price": 10000})
    assert placed.body["wallet"] == {"balances": {"GBP": Decimal("96.01")}, "lowBalance": low}


def test_without_wallet_ordering_nothing_is_charged_or_said(client) -> None:
    client.model.set_account(wallet_ordering=False)
    placed = client.place("O-1", (1, 900))
    assert "wallet" not in placed.body
    assert "wallet" not in client.order().body
    assert client.v2("GET", "/wallet").body["balances"] == {}
    client.model.set_account(wallet_ordering=True)
    assert client.books() == 5000


# Rate limit


def test_the_sixty_first_call_of_a_minute_is_refused_until_the_next(client) -> None:
    reset = str(int(client.clock.now.timestamp()) + 61)
    for call in range(60):
        answer = client.v2("GET", "/ping")
        assert answer.status == 200
        assert answer.headers["X-RateLimit-Limit"] == "60"
        assert answer.headers["X-RateLimit-Remaining"] == str(59 - call)
        assert answer.headers["X-RateLimit-Reset"] == reset
        assert "Retry-After" not in answer.headers
    client.clock.forward(20.5)
    refused = client.place()
    assert refused.error == (429, "Rate limit exceeded. Retry after 40s.")
    assert refused.headers["Retry-After"] == "40"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert client.model.orders() == ()
    assert client.login().status == 201  # v1 has no limit of its own
    client.clock.forward(39.5)
    assert client.place().status == 202


def test_every_reply_of_v2_has_the_headers_even_to_a_stranger(client) -> None:
    client.key = "wrong"
    for _ in range(100):
        answer = client.v2("GET", "/nowhere")
        assert (answer.status, answer.headers["X-RateLimit-Remaining"]) == (401, "60")
    assert "X-RateLimit-Limit" not in client.send("GET", "/v1/catalog").headers


def test_the_limit_is_switchable_and_counts_each_key_apart(connect) -> None:
    free = connect(switches=Switches(rate_limit=None))
    assert all(free.v2("GET", "/ping").status == 200 for _ in range(200))
    assert not any(name.startswith("X-RateLimit") for name in free.v2("GET", "/ping").headers)
    two = [Tenant(name=n, email=n, password="p", api_key=f"key-{n}") for n in "ab"]
    client = connect(two, switches=Switches(rate_limit=1))
    for name, status in (("a", 200), ("a", 429), ("b", 200), ("b", 429)):
        client.key = f"key-{name}"
        assert client.v2("GET", "/ping").status == status


# Other switches


def test_an_order_id_may_be_an_opaque_text(connect) -> None:
    client = connect(switches=Switches(order_id="text"))
    order_id = client.place("O-1").body["orderId"]
    assert isinstance(order_id, str)
    assert "-" in order_id
    assert client.order(order_id).body["externalOrderCode"] == "O-1"
    assert client.retrieve(order_id).body["orderId"] == order_id


def test_codes_may_be_spelled_as_early_v2_did(connect) -> None:
    client = connect(switches=Switches(v2_codes="pin"))
    client.place("O-1", (1, 1))
    assert list(client.order().body["products"][0]["pin"][0]) == ["pin"]


def test_tenants_do_not_see_each_other(connect) -> None:
    two = [Tenant(name=n, email=n, password="p", api_key=f"key-{n}") for n in "ab"]
    client = connect(two)
    client.key = "key-a"
    client.place("O-1")
    client.key = "key-b"
    assert client.order("O-1").status == 404
    assert client.order(59400).status == 404
    assert client.place("O-1").body["orderId"] == 59401
    assert client.model.codes("O-1", tenant="a") != client.model.codes("O-1", tenant="b")
    assert client.model.unbalanced() == ()


def test_codes_passwords_and_keys_are_not_in_a_repr(client) -> None:
    client.place("O-1")
    code = client.model.codes("O-1")[0]
    assert code not in repr(client.model.order("O-1"))
    shown = repr(Tenant(name="t", email="e", password="canary-p", api_key="canary-k"))
    assert "canary" not in shown


def test_the_same_calls_give_the_same_bytes(connect) -> None:
    runs = []
    for client in (connect(), connect()):
        calls = [client.place("O-1", (PARTIAL, 3)), client.order(), client.place_v1("O-2"), client.retrieve(59401)]
        runs.append([(answer.raw, answer.headers) for answer in calls])
    assert runs[0] == runs[1]


def test_an_arrangement_that_makes_no_sense_is_refused(client) -> None:
    for wrong in (
        lambda: client.model.top_up(Decimal("0.001"), "GBP"),
        lambda: client.model.top_up(-1, "GBP"),
        lambda: client.model.set_stock(1, -1),
        lambda: client.model.put_product(attrs.evolve(client.model.products()[0], id=77)),
        lambda: client.model.move("nobody", "failed"),
    ):
        with pytest.raises(ValueError):
            wrong()
    with pytest.raises(KeyError):
        client.model.order("nobody")
    assert client.model.states("nobody") == ()
    client.books()
