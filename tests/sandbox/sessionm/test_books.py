"""Whatever is called, in whatever order, the books balance."""

from __future__ import annotations

import contextlib

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.sessionm import Switches

RICH, POOR, ODD = "sandbox-rich", "sandbox-poor", "crm/4711@acme eu"
USERS = st.sampled_from([RICH, POOR, ODD, "sandbox-unregistered"])
OFFER = st.sampled_from([1, 2, 3, 4, 5])
PICK = st.integers(0, 30)
CALL = st.one_of(
    st.tuples(st.just("place"), USERS, OFFER, st.integers(1, 4)),
    st.tuples(st.just("place"), USERS, OFFER, st.integers(1, 4)),
    st.tuples(st.just("decide"), PICK, st.sampled_from(["approved", "rejected", "rejected", "maybe"])),
    st.tuples(st.just("status"), PICK, st.sampled_from(["rejected", "approved", "redemption_error", "expired"])),
    st.tuples(st.just("points"), USERS, st.integers(-500, 500)),
    st.tuples(st.just("stock"), OFFER, st.none() | st.integers(0, 5)),
)
SWITCHES = st.builds(
    Switches,
    auto_approve=st.booleans(),
    stock_taken_at=st.sampled_from(["placement", "approval"]),
    reject_returns_points=st.booleans(),
    reject_returns_stock=st.booleans(),
    same_status=st.sampled_from(["refused", "accepted"]),
    challenge_once=st.booleans(),
    order_external_id=st.sampled_from(["unique", "repeatable", "ignored"]),
)


def act(client, step) -> None:
    model = client.model
    match step:
        case ("place", user, offer, quantity):
            challenge = {"id": client.passed(user)} if offer == 2 and quantity % 2 else None
            client.place(user, offer, quantity=quantity, challenge=challenge, external_id=f"r-{quantity}")
        case ("decide", pick, status):
            orders = model.orders()
            client.decide(orders[pick % len(orders)] if orders else 1, status, "PUT" if pick % 2 else "POST")
        case ("status", pick, status):
            orders = model.orders()
            if orders:
                with contextlib.suppress(ValueError):  # rejected already, or nothing left to approve
                    model.set_status(orders[pick % len(orders)], status)
        case ("points", user, amount):
            user_id = next(found.id for found in model.users() if found.external_id == user)
            client.call("POST", f"/users/{user_id}/points", {"points": amount})
        case ("stock", offer, stock):
            model.set_stock(offer, stock)


@settings(max_examples=60, deadline=None)
@given(switches=SWITCHES, steps=st.lists(CALL, min_size=80, max_size=150))
def test_the_books_balance_after_any_calls(connect, switches, steps) -> None:
    client = connect(switches=switches)
    for step in steps:
        act(client, step)
    assert client.model.unbalanced() == ()
    for user in client.model.users():
        assert client.model.points(user.id) >= 0


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(CALL, min_size=60, max_size=100))
def test_points_are_never_made_or_lost_by_an_order(connect, steps) -> None:
    """All points ever given are with customers or in orders that were not rejected."""
    client = connect()
    for step in steps:
        act(client, step)
    model = client.model
    given_out = sum(r.amount for r in model.rows() if r.account.kind == "points" and r.cause.order is None)
    held = sum(model.points(user.id) for user in model.users())
    spent = sum(order.points for n in model.orders() if (order := model.order(n)).status != "rejected")
    assert given_out == held + spent


def test_two_thousand_calls_of_one_world_balance(client) -> None:
    wishes = ("approved", "rejected", "approved", "maybe")
    for number in range(1000):
        client.place((RICH, ODD)[number % 2], (1, 4, 2)[number % 3], external_id=f"r-{number}")
        orders = client.model.orders()
        client.decide(orders[number * 7 % len(orders)], wishes[number % 4])
    assert len(client.model.orders()) > 300
    assert client.model.unbalanced() == ()


def test_a_cooked_balance_is_found(client) -> None:
    client.placed()
    ledger = client.model._apps["sessionm"].world.ledger
    ledger._balances[ledger.rows[-2].account] += 1
    [sentence] = client.model.unbalanced()
    assert "stands at 99901, the rows sum to 99900" in sentence


def test_a_cooked_row_and_points_of_nobody_are_found(client) -> None:
    client.placed()
    ledger = client.model._apps["sessionm"].world.ledger
    ledger.rows[0] = attrs.evolve(ledger.rows[0], balance=5)
    ghost = attrs.evolve(ledger.rows[0].account, holder="nobody")
    ledger.post(ghost, 5, attrs.evolve(ledger.rows[0].cause), date=ledger.rows[0].date, description="ghost")
    first, second = client.model.unbalanced()
    assert "is said to be 5, not 100000" in first
    assert "points of nobody are nobody's" in second


def test_a_row_nobody_ordered_is_found(client) -> None:
    client.placed()
    ledger = client.model._apps["sessionm"].world.ledger
    row = ledger.rows[-2]
    ledger.post(row.account, row.amount, row.cause, date=row.date, description="again")
    ledger.post(row.account, 5, attrs.evolve(row.cause, order=7), date=row.date, description="ghost")
    found = client.model.unbalanced()
    assert [sentence.partition(": ")[2] for sentence in found] == [
        "order 111112 is pending_approval: it has taken 200 points, not 100",
        "order 7 moved something and does not exist",
    ]


@pytest.mark.parametrize("kind", ["points", "stock"])
def test_an_account_below_nothing_is_found(client, kind) -> None:
    world = client.model._apps["sessionm"].world
    row = next(row for row in world.ledger.rows if row.account.kind == kind)
    world.ledger.post(row.account, -(10**6), row.cause, date=row.date, description="theft")
    assert any("below nothing" in sentence for sentence in client.model.unbalanced())


def test_a_refund_paid_twice_is_found(client) -> None:
    order = client.placed()
    client.decide(order, "rejected")
    world = client.model._apps["sessionm"].world
    row = next(row for row in world.ledger.rows if row.cause.what == "rejected" and row.account.kind == "points")
    world.ledger.post(row.account, row.amount, row.cause, date=row.date, description="twice")
    found = client.model.unbalanced()
    assert any("it has taken -100 points, not 0" in sentence for sentence in found)
    assert any("has moved points 3 times" in sentence for sentence in found)


def test_a_challenge_used_twice_is_found(client) -> None:
    orders = client.model._apps["sessionm"].orders
    first = client.placed(offer=2, challenge={"id": client.passed()})
    second = client.placed(offer=2, challenge={"id": client.passed()})
    orders._orders[second] = attrs.evolve(orders.get(second), challenge=orders.get(first).challenge)
    [sentence] = client.model.unbalanced()
    assert "was used before" in sentence
