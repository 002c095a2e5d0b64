"""Create order: what is asked, what is taken, what is refused (sheet, sections 3 and 6)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import attrs
import pytest

from stampcard_adapters.sandbox.sessionm import SessionMModel, Switches

RICH, POOR = "4f5b82c0-07c8-11e6-8d84-624132d14633", "4f5b82c0-07c8-11e6-8d84-624132d14634"
ADDRESS = {
    "addressee": "Mr. Tim O'Brian",
    "street1": "215 Hanover St.",
    "street2": "Suite 100",
    "city": "Boston",
    "state_province": "MA",
    "country": "US",
    "postal_code": "01902",
}


def test_an_order_is_shown_as_the_sheets_table_says(client) -> None:
    answer = client.place(quantity=2, shipping_address=ADDRESS, external_id="r-1", ip="127.0.0.1", email="a@b.c")
    assert answer.body == {
        "status": "ok",
        "order": {
            "id": 111112,
            "offer_id": 1,
            "user": {"id": RICH, "available_points": 99_800, "test_points": 0},
            "quantity": 2,
            "points": 200,
            "status": "pending_approval",
            "created_at": "2015-01-20 13:04:45",
            "name": "Electronic Giftcard",
            "logo": "",
            "description": "Used at electronic.com",
            "offer_type": "prize",
            "external_id": "r-1",
            "shipping_address": ADDRESS,
        },
    }


def test_every_attribute_is_optional(client) -> None:
    answer = client.place()
    assert (answer.order["quantity"], answer.order["points"]) == (1, 100)
    assert "shipping_address" not in answer.order
    assert "external_id" not in answer.order
    assert client.model.order(answer.order["id"]).email == "rich@example.com"


def test_points_are_taken_while_the_order_is_still_pending(client) -> None:
    order = client.placed(quantity=3)
    assert client.model.states(order) == ("pending_approval",)
    assert client.model.points(RICH) == 100_000 - 300
    assert client.model.stock(1) == 997


def test_a_customer_is_found_by_the_external_id_however_it_is_spelled(client) -> None:
    order = client.place("crm/4711@acme eu").order
    assert order["user"]["id"] == "4f5b82c0-07c8-11e6-8d84-624132d14635"
    path = "/external/users/crm%2F4711@acme%20eu/orders"
    assert client.call("GET", path).body["orders"][0]["id"] == order["id"]
    # unescaped it is another path altogether, and a plus is a plus
    assert client.call("GET", "/external/users/crm/4711@acme eu/orders").refusal == (404, "not_found")
    assert client.call("GET", "/external/users/crm%2F4711@acme+eu/orders").refusal == (200, "user_not_found")


def test_internal_and_external_ids_are_not_each_other(client) -> None:
    assert client.call("GET", "/users/sandbox-rich/orders").code == "user_not_found"
    assert client.call("GET", f"/external/users/{RICH}/orders").code == "user_not_found"


@pytest.mark.parametrize(
    ("user", "offer", "order", "code"),
    [
        ("nobody", 1, {}, "user_not_found"),
        ("sandbox-unregistered", 1, {}, "requires_registered_user"),
        ("sandbox-rich", 77, {}, "offer_not_available"),
        ("sandbox-rich", "x", {}, "offer_not_available"),
        ("sandbox-rich", 3, {}, "offer_not_available"),
        ("sandbox-rich", 5, {"quantity": 2}, "offer_not_available"),
        ("sandbox-poor", 1, {}, "offer_not_available"),
        ("sandbox-rich", 2, {}, "challenge_not_found"),
        ("sandbox-rich", 2, {"challenge": {"id": 900001}}, "challenge_not_found"),
        ("sandbox-rich", 1, {"ip": "203.0.113.66"}, "offer_not_available"),
        ("sandbox-rich", 1, {"status": "approved"}, "invalid_request_order_status"),
        ("sandbox-rich", 1, {"status": "rejected"}, "invalid_request_order_status"),
        ("sandbox-rich", 1, {"status": 5}, "invalid_request_order_status"),
        ("sandbox-rich", 1, {"quantity": 0}, "argument_error"),
        ("sandbox-rich", 1, {"quantity": -1}, "argument_error"),
        ("sandbox-rich", 1, {"quantity": 1.5}, "argument_error"),
        ("sandbox-rich", 1, {"quantity": "2"}, "argument_error"),
        ("sandbox-rich", 1, {"quantity": 10**7}, "argument_error"),
        ("sandbox-rich", 1, {"email": 5}, "argument_error"),
        ("sandbox-rich", 1, {"shipping_address": "here"}, "argument_error"),
        ("sandbox-rich", 1, {"shipping_address": {"street1": " "}}, "missing_data"),
    ],
)
def test_a_refusal_is_http_200_with_its_code_and_moves_nothing(client, user, offer, order, code) -> None:
    rows = client.model.rows()
    assert client.place(user, offer, **order).refusal == (200, code)
    assert client.model.rows() == rows
    assert client.model.orders() == ()


def test_a_body_without_an_order_is_missing_data_unless_lenient(client, connect) -> None:
    path = f"/users/{RICH}/offers/1/orders"
    for body in (None, {}, {"order": None}):
        assert client.call("POST", path, body).code == "missing_data"
        assert connect(lenient=True).call("POST", path, body).order["quantity"] == 1


def test_numbers_as_strings_and_half_an_address_are_taken_only_when_lenient(connect) -> None:
    client = connect(lenient=True)
    assert client.place(quantity="2", shipping_address={"city": "Boston"}).order["points"] == 200
    client.model.set_lenient(False)
    assert client.place(quantity="2").code == "argument_error"


def test_the_captcha_fields_of_the_old_sdk_are_read_past(client) -> None:
    assert client.place(recaptcha_challenge_field="", recaptcha_response_field="", ip="127.0.0.1").status == 200


def test_the_status_pending_approval_may_be_asked_for(client) -> None:
    assert client.place(status="pending_approval").order["status"] == "pending_approval"


def test_an_offer_that_approves_at_once_answers_approved(client) -> None:
    order = client.place(offer=4).order
    assert order["status"] == "approved"
    assert client.model.states(order["id"]) == ("approved",)
    assert client.place(offer=4, status="approved").order["status"] == "approved"


def test_a_switch_approves_every_order_at_once(connect) -> None:
    client = connect(switches=Switches(auto_approve=True))
    assert client.place(status="approved").order["status"] == "approved"
    assert client.model.points(RICH) == 100_000 - 100


def test_a_status_in_the_body_may_be_ignored_by_switch(connect) -> None:
    client = connect(switches=Switches(asked_status="ignored"))
    assert client.place(status="redeemed").order["status"] == "pending_approval"


def test_create_is_not_idempotent(client) -> None:
    first, second = client.placed(), client.placed()
    assert first != second
    assert client.model.points(RICH) == 100_000 - 200


def test_an_external_id_is_taken_once_in_the_app(client) -> None:
    order = client.placed(external_id="r-1")
    assert client.place("crm/4711@acme eu", external_id="r-1").refusal == (200, "validation")
    assert client.model.order("r-1").id == order
    assert client.model.states("r-2") == ()


def test_an_external_id_may_be_repeated_or_ignored_by_switch(connect) -> None:
    client = connect(switches=Switches(order_external_id="repeatable"))
    client.placed(external_id="r-1")
    newest = client.placed(external_id="r-1")
    assert client.model.order("r-1").id == newest
    client = connect(switches=Switches(order_external_id="ignored"))
    assert "external_id" not in client.place(external_id="r-1").order
    with pytest.raises(KeyError):
        client.model.order("r-1")


def test_external_id_and_offer_type_may_be_shown_by_an_update_only(connect) -> None:
    client = connect(switches=Switches(table_fields="update"))
    created = client.place(external_id="r-1").order
    shown = [created, client.get(created["id"]).order, client.list()[0]]
    assert all({"external_id", "offer_type"}.isdisjoint(order) for order in shown)
    updated = client.decide(created["id"], "approved").order
    assert (updated["external_id"], updated["offer_type"]) == ("r-1", "prize")


@pytest.mark.parametrize(("how", "shown"), [("integer", 99_900), ("string", "99900"), ("absent", None)])
def test_a_balance_is_an_integer_a_string_or_not_there(connect, how, shown) -> None:
    client = connect(switches=Switches(available_points=how))
    assert client.place().order["user"].get("available_points") == shown
    assert client.call("GET", f"/users/{RICH}").body["user"].get("available_points") == shown


def test_the_codes_nobody_published_are_switches(connect) -> None:
    codes = Switches(not_enough_points="validation", sold_out="not_available", fraudulent_ip="access_denied")
    client = connect(switches=codes)
    assert client.place(POOR).refusal == (200, "validation")
    assert client.place(offer=3).refusal == (200, "not_available")
    assert client.place(ip="203.0.113.66").refusal == (200, "access_denied")


@pytest.mark.parametrize("status", [200, 400, 404, 422])
def test_the_http_status_of_a_refusal_is_a_switch(connect, status) -> None:
    client = connect(switches=Switches(refusal_status=status))
    assert client.place("nobody").refusal == (status, "user_not_found")
    client.key = "other"
    assert client.place().refusal == (401, "invalid_api_key")


def test_codes_may_be_written_in_upper_case(connect) -> None:
    assert connect(switches=Switches(code_case="upper")).place("nobody").code == "USER_NOT_FOUND"


def test_the_fraud_list_can_be_changed(client) -> None:
    client.model.set_fraud_ips("198.51.100.7")
    assert client.place(ip="198.51.100.7").code == "offer_not_available"
    assert client.place(ip="203.0.113.66").status == 200


def test_a_customer_who_does_not_qualify_or_registers_later(client) -> None:
    client.model.set_qualified(RICH, 1, False)
    assert client.place().code == "offer_not_available"
    client.model.set_qualified(RICH, 1, True)
    assert client.placed()
    client.model.set_registered("sandbox-unregistered", True)
    assert client.placed("sandbox-unregistered")


def test_an_offer_is_available_only_while_it_runs(client) -> None:
    start, end = datetime(2015, 1, 20, 13, 5, 45, tzinfo=UTC), datetime(2015, 1, 20, 13, 6, 45, tzinfo=UTC)
    client.model.put_offer(attrs.evolve(client.model.offer(1), start_time=start, end_time=end))
    seen = []
    for _ in range(3):
        seen.append((client.place().body["status"], 1 in client.offers()))
        client.clock.passes(minutes=1)
    assert seen == [("error", False), ("ok", True), ("error", False)]


def test_the_last_point_and_the_last_piece_count(client) -> None:
    client.model.give(POOR, 49)
    assert client.place(POOR).code == "offer_not_available"
    client.model.give(POOR, 1)
    client.model.set_stock(1, 1)
    assert client.place(POOR, quantity=2).code == "offer_not_available"
    assert client.placed(POOR)
    assert (client.model.points(POOR), client.model.stock(1)) == (0, 0)


def test_stock_may_leave_at_approval_by_switch(connect) -> None:
    client = connect(switches=Switches(stock_taken_at="approval"))
    client.model.set_stock(1, 1)
    first, second = client.placed(), client.placed()
    assert client.model.stock(1) == 1
    assert client.decide(first, "approved").order["status"] == "approved"
    assert client.model.stock(1) == 0
    assert client.decide(second, "approved").code == "offer_not_available"
    assert client.decide(second, "rejected").order["status"] == "rejected"
    assert client.model.stock(1) == 0
    assert client.model.unbalanced() == ()


def test_many_tills_at_once_get_the_last_one_once(client) -> None:
    client.model.set_stock(1, 1)
    with ThreadPoolExecutor(8) as tills:
        answers = list(tills.map(lambda _: client.place().body["status"], range(16)))
    assert sorted(answers) == ["error"] * 15 + ["ok"]
    assert client.model.points(RICH) == 100_000 - 100
    assert client.model.unbalanced() == ()


def test_a_call_is_answered_whole_before_the_next_begins(connect) -> None:
    free: list[bool] = []

    def clock() -> datetime:
        with ThreadPoolExecutor(1) as other:  # asked in the middle of a call: could another one begin now?
            free.append(other.submit(lambda: model._lock.acquire(blocking=False)).result())
        return datetime(2015, 1, 20, tzinfo=UTC)

    model = SessionMModel(clock=lambda: datetime(2015, 1, 20, tzinfo=UTC))
    model._apps["sessionm"].world._clock = clock
    assert connect(model).placed()
    assert free
    assert not any(free)


def test_many_tills_at_once_spend_the_last_points_once(client) -> None:
    client.model.give(POOR, 50)
    with ThreadPoolExecutor(8) as tills:
        answers = list(tills.map(lambda _: client.place(POOR).body["status"], range(16)))
    assert answers.count("ok") == 1
    assert client.model.points(POOR) == 0
    assert client.model.unbalanced() == ()
