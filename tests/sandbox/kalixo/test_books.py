"""Whatever is called, in whatever order and by however many, the books balance."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.kalixo import Switches, Tenant
from stampcard_adapters.sandbox.kalixo.ledgers import Cause, Posting

PRODUCTS = (1, 6, 8, 11, 12, 9001, 9002, 9003, 9004, 9005)
LINES = st.lists(st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 4)), min_size=1, max_size=3)
CODES = st.sampled_from([f"O-{number}" for number in range(40)])
ENDS = st.sampled_from(["processing", "completed", "partially_completed", "cancelled", "failed", "error"])
STEP = st.one_of(
    st.tuples(st.just("v2"), CODES, LINES),
    st.tuples(st.just("v2"), CODES, LINES),
    st.tuples(st.just("v1"), CODES, LINES),
    st.tuples(st.just("read"), CODES, st.none()),
    st.tuples(st.just("move"), CODES, ENDS),
    st.tuples(st.just("release"), CODES, st.none()),
    st.tuples(st.just("hold"), st.none(), st.sampled_from([None, "requested", "processing"])),
    st.tuples(st.just("time"), st.none(), st.sampled_from([0.5, 5, 10])),
    st.tuples(st.just("top up"), st.none(), st.sampled_from(["GBP", "JPY", "KWD"])),
    st.tuples(st.just("stock"), st.sampled_from(PRODUCTS), st.none() | st.integers(0, 5)),
    st.tuples(st.just("wallet"), st.none(), st.booleans()),
)
SWITCHES = st.builds(
    Switches,
    v1_duplicate=st.sampled_from(["existing", "conflict", "refused"]),
    v2_duplicate=st.sampled_from(["existing", "conflict", "refused"]),
    ready_seconds=st.sampled_from([0, 3]),
    order_id=st.sampled_from(["number", "text"]),
    rate_limit=st.none(),
)


def place(client, version, code, lines) -> None:
    bodies = client.body_v1(code, *lines)
    if version == "v1":
        answer = client.v1("POST", "/orders/place-order", bodies)
    else:
        answer = client.place(code, *bodies["orderProducts"], currency=bodies["currency"])
    assert answer.status in (201, 202, 400, 409, 422)


def arrange(client, what, first, second) -> None:
    model = client.model
    if what == "read":
        assert client.order(first).status in (200, 404)
    elif what == "hold":
        model.hold(second)
    elif what == "time":
        client.clock.forward(second)
    elif what == "top up":
        model.top_up(20, second)
    elif what == "stock":
        model.set_stock(first, second)
    elif what == "wallet":
        model.set_account(wallet_ordering=second)
    else:
        with suppress(ValueError):  # the order has ended, or has too few units for a partial delivery
            model.release(first) if what == "release" else model.move(first, second)


# 40 runs of at least 60 steps are more than 2,000 operations
@settings(max_examples=40, deadline=None)
@given(switches=SWITCHES, steps=st.lists(STEP, min_size=60, max_size=150))
def test_the_books_balance_after_any_calls(connect, switches, steps) -> None:
    wallet = {"GBP": Decimal(150), "JPY": Decimal(5000), "KWD": Decimal(20)}
    client = connect([Tenant(name="t", email="e", password="p", api_key="k", wallet=wallet)], switches=switches)
    client.key = "k"
    for what, first, second in steps:
        client.login("e", "p")
        if what in ("v1", "v2"):
            place(client, what, first, second)
        else:
            arrange(client, what, first, second)
        assert client.model.unbalanced() == ()
    spent = sum((row.amount for row in client.model.rows() if row.account == "wallet GBP"), 0)
    assert Decimal(spent).scaleb(-2) == client.model.balance("GBP") >= 0


@pytest.fixture
def hurried():
    """Threads take turns as often as they can, so that what is not under the lock is found out."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_many_tills_with_one_code_buy_once(connect, hurried) -> None:
    client = connect(switches=Switches(rate_limit=None))
    client.login()
    codes = [f"O-{number}" for number in range(60) for _ in range(8)]
    with ThreadPoolExecutor(8) as tills:
        answers = list(tills.map(lambda n: (client.place if n % 2 else client.place_v1)(codes[n]), range(len(codes))))
    assert {answer.status for answer in answers} <= {201, 202, 409}
    assert sorted(client.model.orders()) == sorted(set(codes))
    assert client.books() == 5000 - 60 * Decimal("10.99")


def test_many_tills_never_spend_more_than_there_is(connect, hurried) -> None:
    tenant = Tenant(name="t", email="e", password="p", api_key="k", wallet={"GBP": Decimal(50)})
    client = connect([tenant])
    client.key = "k"
    with ThreadPoolExecutor(8) as tills:
        answers = list(tills.map(lambda n: client.place(f"O-{n}", (9001, 1)).status, range(32)))
    assert sorted(answers) == [202] * 5 + [422] * 27
    assert client.books() == 0


@pytest.mark.parametrize("account", ["wallet GBP", "stock 1"])
def test_a_cooked_balance_is_found(client, account) -> None:
    client.model.set_stock(1, 5)
    client.place()
    client.model._worlds["kalixo"].ledger._balances[account] += 1
    found = client.model.unbalanced()
    assert len(found) == 1
    assert account in found[0]


def test_a_charge_nobody_ordered_is_found(client) -> None:
    client.place()
    ledger = client.model._worlds["kalixo"].ledger
    for order in ("59400", "1"):
        ledger.post([Posting(account="wallet GBP", amount=-1)], Cause(order=order, status="processing"))
    found = client.model.unbalanced()
    assert [sentence.split(":")[1].split()[1] for sentence in found] == ["O-1", "1"]


def test_a_wallet_that_was_below_nothing_is_found(client) -> None:
    ledger = client.model._worlds["kalixo"].ledger
    for amount in (-500_001, 500_001):
        ledger.post([Posting(account="wallet GBP", amount=amount)], Cause(status="odd"))
    [sentence] = client.model.unbalanced()
    assert "wallet GBP went below nothing (-1)" in sentence


@pytest.mark.parametrize(
    ("cook", "said"),
    [
        (lambda order: {"codes": ((order.codes[0][0],) * 2, ())}, "delivered before"),
        (lambda order: {"codes": (order.codes[0], ("x",) * 2)}, "more of product 9003"),
        (lambda order: {"codes": ()}, "not by 0"),
        (lambda order: {"status": "completed"}, "completed with 2 of 3 units"),
        (lambda order: {"status": "failed"}, "failed with 2 of 3 units"),
        (lambda order: {"status": "processing"}, "moved by -2000, not by -3000"),
    ],
)
def test_an_order_that_tells_another_story_than_its_rows_is_found(client, cook, said) -> None:
    client.place("O-1", (9001, 2), (9003, 1))
    assert client.books() == 4980
    orders = client.model._orders["kalixo"]
    order = orders.by_code("O-1")
    orders._orders[order.id] = attrs.evolve(order, **cook(order))
    assert any(said in sentence for sentence in client.model.unbalanced())
