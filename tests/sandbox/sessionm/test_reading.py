"""Lists and single reads of orders (sheet, section 4)."""

from __future__ import annotations

import pytest

from stampcard_adapters.sandbox.sessionm import SessionMModel, Switches

RICH, POOR = "4f5b82c0-07c8-11e6-8d84-624132d14633", "4f5b82c0-07c8-11e6-8d84-624132d14634"


@pytest.fixture
def week(client):
    """Seven orders, one a day at 13:04:45 from 2015-01-20 on; and their ids."""
    orders = []
    for _ in range(7):
        orders.append(client.placed())
        client.clock.passes(days=1)
    return client, orders


def test_a_read_order_has_user_id_and_no_user(client) -> None:
    order = client.placed(quantity=2, shipping_address={"street1": "a", "city": "b", "country": "US"})
    shown = client.get(order).order
    assert shown == client.list()[0]
    assert (shown["user_id"], shown["points"]) == (RICH, 200)
    assert shown["shipping_address"] == {"street1": "a", "city": "b", "country": "US"}
    assert "user" not in shown
    assert client.get(order, "sandbox-rich").order == shown


def test_lists_and_reads_may_lack_the_top_level_status_as_in_the_samples(client, connect) -> None:
    assert client.call("GET", f"/users/{RICH}/orders").body == {"status": "ok", "orders": []}
    bare = connect(switches=Switches(list_says_ok=False))
    order = bare.placed()
    assert bare.call("GET", f"/users/{RICH}/orders").body.keys() == {"orders"}
    assert bare.get(order).body.keys() == {"order"}


def test_the_list_is_a_customers_own_newest_first(week, connect) -> None:
    client, orders = week
    assert [order["id"] for order in client.list()] == orders[::-1]
    assert client.list("sandbox-poor") == []
    oldest = connect(switches=Switches(list_order="oldest"))
    assert [oldest.placed(), oldest.placed()] == [order["id"] for order in oldest.list()]


def test_within_one_second_the_later_order_comes_first(client) -> None:
    orders = [client.placed() for _ in range(3)]
    assert [order["id"] for order in client.list()] == orders[::-1]


def test_pages_are_one_based_and_the_last_is_short(week) -> None:
    client, orders = week
    pages = [[order["id"] for order in client.list(query=f"?limit=3&page={page}")] for page in (1, 2, 3, 4)]
    assert pages == [orders[:3:-1], orders[3:0:-1], orders[:1], []]


def test_fifty_unless_asked_and_a_hundred_at_most(client, connect) -> None:
    client.model.give(RICH, 100_000)
    for _ in range(101):
        client.placed()
    assert [len(client.list(query=q)) for q in ("", "?limit=", "?limit=100", "?limit=101", "?limit=999")] == [
        50, 50, 100, 100, 100,
    ]  # fmt: skip
    strict = connect(switches=Switches(over_limit="refused", max_limit=10))
    assert strict.call("GET", f"/users/{RICH}/orders?limit=11").refusal == (200, "argument_error")
    assert strict.call("GET", f"/users/{RICH}/orders?limit=10").status == 200


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("after=2015-01-24", [26, 25, 24]),
        ("after=2015-01-24+13:04:45", [26, 25]),
        ("after=2015-01-24%2013:04:44", [26, 25, 24]),
        ("before=2015-01-22", [21, 20]),
        ("before=2015-01-22+13:04:45", [21, 20]),
        ("before=2015-01-22+13:04:46", [22, 21, 20]),
        ("between=2015-01-21,2015-01-23", [23, 22, 21]),
        ("between=2015-01-21+13:04:45,2015-01-22+13:04:45", [22, 21]),
        ("between=2015-01-21%2C2015-01-21", [21]),
        ("between=2015-01-23,2015-01-21", []),
        ("after=2015-01-21&before=2015-01-23&limit=1&page=2", [21]),
        ("between=2015-01-20,9999-12-31&after=2015-01-26", [26]),
    ],
)
def test_dates_choose_orders(week, query, days) -> None:
    client, _ = week
    assert [int(order["created_at"][8:10]) for order in client.list(query=f"?{query}")] == days


def test_before_and_after_may_include_the_very_second_by_switch(connect) -> None:
    client = connect(switches=Switches(strict_bounds=False))
    client.placed()
    for name in ("before", "after"):
        assert len(client.list(query=f"?{name}=2015-01-20+13:04:45")) == 1


def test_parts_of_a_second_do_not_hide_an_order(client) -> None:
    client.clock.passes(milliseconds=900)
    client.placed()
    assert client.list()[0]["created_at"] == "2015-01-20 13:04:45"
    assert len(client.list(query="?between=2015-01-20+13:04:45,2015-01-20+13:04:45")) == 1
    assert client.list(query="?after=2015-01-20+13:04:45") == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=x", "limit=1.5", "page=0", "page=x", "limit=99999999999", "after=yesterday",
        "after=2015-13-01", "before=2015-01-20T13:04:45Z", "between=2015-01-20", "between=,",
        "after=2015-01-20 25:00:00",
        "between=2015-01-20,2015-01-21,2015-01-22", "limit=\u0665", "after=\u0662\u0660\u0661\u0665-01-20",
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_an_argument_error(client, query) -> None:
    assert client.call("GET", f"/users/{RICH}/orders?{query}").refusal == (200, "argument_error")


def test_another_customers_order_is_not_there_unless_the_switch_shows_it(client, connect) -> None:
    assert client.get(client.placed(), POOR).refusal == (404, "not_found")
    showing = connect(switches=Switches(foreign_order="shown"))
    assert showing.get(showing.placed(), POOR).order["user_id"] == RICH


@pytest.mark.parametrize("order", ["999", "x", "", "-1", "1e3", "\u0661", "9" * 5000, "%00"])
def test_an_unknown_order_is_404(client, order) -> None:
    assert client.get(order).refusal == (404, "not_found")


def test_an_unknown_customer_is_user_not_found(client) -> None:
    for path in ("/users/x/orders", "/external/users/x/orders/1", "/users/x/offers", "/users/x"):
        assert client.call("GET", path).refusal == (200, "user_not_found")


def test_history_is_kept_whatever_became_of_the_order(client) -> None:
    client.decide(client.placed(), "rejected")
    client.clock.passes(days=4000)
    assert client.list()[0]["status"] == "rejected"


def test_the_same_calls_give_the_same_bytes(connect) -> None:
    runs = [[c.place().raw, c.call("POST", "/users", {"user": {"email": "a@b.c"}}).raw] for c in (connect(), connect())]
    assert runs[0] == runs[1]


def test_the_date_is_the_models_own_clock(client) -> None:
    answer = client.model.handle(client.request("GET", "/offers"))
    assert answer.headers["Date"] == "Tue, 20 Jan 2015 13:04:45 GMT"


def test_a_time_zone_of_the_clock_does_not_reach_the_wire(connect) -> None:
    from datetime import datetime, timedelta, timezone

    there = datetime(2015, 1, 20, 8, 4, 45, tzinfo=timezone(-timedelta(hours=5)))
    client = connect(SessionMModel(clock=lambda: there))
    assert client.place().order["created_at"] == "2015-01-20 13:04:45"
