"""Customers: profiles, comp points and the points ledger (sheet, section 2, rows 8 to 10)."""

from __future__ import annotations

import uuid

import pytest

RICH, POOR = "4f5b82c0-07c8-11e6-8d84-624132d14633", "4f5b82c0-07c8-11e6-8d84-624132d14634"


def points(client, body, user: str = POOR):
    return client.call("POST", f"/users/{user}/points", body)


def ledger(client, query: str = "", user: str = RICH):
    return client.call("GET", f"{client.user(user)}/points/transactions{query}").body


def test_a_profile_shows_both_ids_and_the_balance(client) -> None:
    shown = client.call("GET", f"/users/{RICH}").body
    assert shown["status"] == "ok"
    assert shown["user"] == {
        "id": RICH, "external_id": "sandbox-rich", "email": "rich@example.com", "available_points": 100_000,
        "test_points": 0,
    }  # fmt: skip
    assert client.call("GET", "/external/users/sandbox-rich").body == shown


def test_a_created_customer_has_a_uuid_no_points_and_may_order(client) -> None:
    asked = {"external_id": "new/1", "email": "New@Example.com", "first_name": "Ann", "user_profile": {"x": [1]}}
    user = client.call("POST", "/users", {"user": asked}).body["user"]
    assert uuid.UUID(user["id"]).version == 4
    assert (user["first_name"], user["available_points"]) == ("Ann", 0)
    assert user["created_at"] == "2015-01-20 13:04:45"
    client.model.give(user["id"], 100)
    assert client.placed("new/1")


@pytest.mark.parametrize("field", [{"external_id": "sandbox-rich"}, {"email": "RICH@example.com"}])
def test_a_taken_id_or_mail_is_a_validation_error_that_names_the_field_under_user(client, field) -> None:
    [name] = field
    for answer in (
        client.call("POST", "/users", {"user": {"external_id": "n", "email": "n@x.y"} | field}),
        client.call("PUT", f"/users/{POOR}", {"user": field}),
    ):
        assert answer.refusal == (200, "validation")
        assert answer.body["errors"]["user"] == {name: ["has already been taken"]}
    assert len(client.model.users()) == 4


@pytest.mark.parametrize("body", [None, {}, {"user": {}}, {"user": {"first_name": "Ann"}}])
def test_a_customer_nobody_could_find_again_is_missing_data(client, body) -> None:
    assert client.call("POST", "/users", body).code == "missing_data"


def test_an_update_changes_what_it_names_and_frees_the_old_id_and_mail(client) -> None:
    changed = {"user": {"external_id": "moved", "email": "moved@example.com", "city": "Boston"}}
    shown = client.call("PUT", "/external/users/sandbox-poor", changed).body["user"]
    assert (shown["id"], shown["external_id"], shown["city"]) == (POOR, "moved", "Boston")
    assert client.call("GET", "/external/users/sandbox-poor").code == "user_not_found"
    again = client.call("PUT", "/external/users/moved", {"user": {"last_name": "Poe"}}).body["user"]
    assert (again["city"], again["last_name"], again["email"]) == ("Boston", "Poe", "moved@example.com")
    old = {"user": {"external_id": "sandbox-poor", "email": "poor@example.com"}}
    assert client.call("POST", "/users", old).body["status"] == "ok"


@pytest.mark.parametrize("value", [5, True, [], {}])
def test_an_attribute_that_is_no_string_is_an_argument_error(client, value) -> None:
    assert client.call("PUT", f"/users/{POOR}", {"user": {"email": value}}).code == "argument_error"


def test_comp_points_add_and_remove_and_never_go_below_nothing(client) -> None:
    assert points(client, {"points": 25}).body["user"] == {"id": POOR, "available_points": 75, "test_points": 0}
    assert points(client, {"points": -75}).body["user"]["available_points"] == 0
    assert points(client, {"points": -1}).refusal == (200, "validation")
    assert client.model.points("sandbox-poor") == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "missing_data"), ({}, "missing_data"), ({"points": 0}, "missing_data"),
        ({"points": "5"}, "argument_error"), ({"points": 1.5}, "argument_error"),
        ({"points": 10**10}, "argument_error"), ([], "argument_error"),
    ],
)  # fmt: skip
def test_bad_comp_points_are_refused(client, body, code) -> None:
    assert points(client, body).code == code


def test_comp_points_have_no_external_twin(client) -> None:
    assert client.call("POST", "/external/users/sandbox-poor/points", {"points": 1}).refusal == (404, "not_found")


def test_a_balance_cannot_outgrow_the_ledger(client) -> None:
    client.model.give(POOR, 10**15 - 50)
    assert points(client, {"points": 1}).code == "validation"


def test_the_ledger_shows_an_order_as_a_debit_that_points_to_it(client) -> None:
    client.clock.passes(days=1)
    order = client.placed(quantity=2)
    client.clock.passes(days=1)
    client.decide(order, "rejected")
    points(client, {"points": 7, "description": "Sorry"}, RICH)
    rows = ledger(client)
    assert rows == {
        "status": "ok",
        "transactions": [
            {"balance": 100_007, "date": "2015-01-22 13:04:45", "description": "Sorry", "points": 7},
            {
                "balance": 100_000,
                "date": "2015-01-22 13:04:45",
                "description": "Returned: Electronic Giftcard",
                "points": 200,
                "record_id": order,
            },
            {
                "balance": 99_800,
                "date": "2015-01-21 13:04:45",
                "description": "Electronic Giftcard",
                "points": -200,
                "record_id": order,
            },
            {"balance": 100_000, "date": "2015-01-20 13:04:45", "description": "Opening balance", "points": 100_000},
        ],
    }
    assert ledger(client, user="sandbox-rich") == rows


def test_the_ledger_is_read_in_pages_that_stay_put_while_it_grows(client) -> None:
    orders = [client.placed() for _ in range(5)]
    seen, query = [], "?limit=2"
    while query:
        page = ledger(client, query)
        seen += [row.get("record_id") for row in page["transactions"]]
        client.placed()  # new rows come before the first page and shift nothing
        query = f"?limit=2&cursor={page['cursor']}" if "cursor" in page else ""
    assert seen == [*orders[::-1], None]


def test_the_ledger_is_chosen_by_dates_both_included(client) -> None:
    for _ in range(3):
        client.clock.passes(days=1)
        client.placed()
    days = [row["date"][8:10] for row in ledger(client, "?start_date=2015-01-21&end_date=2015-01-22")["transactions"]]
    assert days == ["22", "21"]
    exact = "?start_date=2015-01-22+13:04:45&end_date=2015-01-22+13:04:45"
    assert len(ledger(client, exact)["transactions"]) == 1


@pytest.mark.parametrize("query", ["cursor=5", "cursor=tx", "limit=0", "start_date=x", "end_date=2015-02-30"])
def test_a_ledger_parameter_that_cannot_be_read_is_an_argument_error(client, query) -> None:
    assert client.call("GET", f"/users/{RICH}/points/transactions?{query}").refusal == (200, "argument_error")


def test_a_test_can_give_and_take_but_not_below_nothing(client) -> None:
    client.model.give("sandbox-poor", -50)
    with pytest.raises(ValueError, match="less than no points"):
        client.model.give("sandbox-poor", -1)
    with pytest.raises(KeyError):
        client.model.give("nobody", 1)
    with pytest.raises(ValueError, match="already been taken"):
        client.model.add_user("sandbox-poor")
    assert client.model.unbalanced() == ()
