"""Whatever is called, in whatever order, the books balance."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.kigo import Switches

COFFEE = "sandbox-product-coffee"
PRODUCTS = (COFFEE, "tea", "sandbox-product-sold-out", "unknown")
ORDERS = tuple(f"ord-{number}" for number in range(12))
USERS = ("user-1", "user-2")
KINDS = (
    *["order"] * 6, *["claim"] * 3, "lookup", "arranged claim", "another", "expire", "stock", "sso", "time", "log out",
)  # fmt: skip
STEP = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from(ORDERS),
    st.sampled_from(PRODUCTS),
    st.sampled_from(USERS),
    st.integers(0, 3),
)
SWITCHES = st.builds(
    Switches,
    other_product=st.sampled_from(["original", "refused"]),
    replay_of_claimed=st.sampled_from(["same", "refused"]),
    remembered_for=st.sampled_from([None, timedelta(hours=1)]),
    code_lifetime=st.sampled_from([None, timedelta(hours=1)]),
    refresh_rotates=st.booleans(),
)


class World:
    """A client and its customers; now and then the client goes on with a token that has expired."""

    def __init__(self, client) -> None:
        self.client = client
        self.codes: list[str] = ["NONSENSE"]

    def step(self, what: str, order: str, product: str, user: str, number: int) -> None:
        client, model = self.client, self.client.model
        if number or what != "order":
            client.token = None
        if what == "order":
            answer = client.order(order, product)
            assert answer.status in (200, 401, 404, 409)
            if answer.status == 200:
                self.codes.append(answer.body["claim_code"])
        elif what in ("claim", "lookup"):
            code = self.codes[-1 - number % len(self.codes)]
            answer = getattr(client, what)(code, client.user_token(user))
            assert answer.status in (200, 400, 404, 409)
        elif what == "stock":
            model.set_stock(PRODUCTS[number % 2], number)
        elif what == "sso":
            client.exchange(client.sso(user, is_single_use=True).body["session_id"])
        elif what == "time":
            model._clock.forward(minutes=20 * number)
        elif what == "log out":
            model.expire_sessions()
        elif order in model.orders():
            self.arranged(what, order, user)

    def arranged(self, what: str, order: str, user: str) -> None:
        model = self.client.model
        if what == "another":
            self.codes.append(model.another_code(order))
        elif what == "expire":
            model.expire_code(order)
        elif model.status(order) == "claimable":
            model.claim(order, user)


@settings(max_examples=30, deadline=None)
@given(switches=SWITCHES, steps=st.lists(STEP, min_size=100, max_size=200))
def test_the_books_balance_after_any_calls(connect, switches, steps) -> None:
    client = connect(switches=switches)
    world = World(client)
    client.model.set_stock("tea", 3)
    for step in steps:
        world.step(*step)
    assert client.model.unbalanced() == ()
    for product in (COFFEE, "tea"):
        assert 0 <= client.model.claimed(product) <= client.model.issued(product)
        assert client.model.stock(product) >= 0


@pytest.fixture
def kept(client):
    """Two orders, one of them claimed; the ledger and the orders, to be tampered with."""
    client.order("ord-1")
    client.order("ord-2")
    client.model.claim("ord-1")
    assert client.model.unbalanced() == ()
    return client.model, client.model._partners["kigo"]


@pytest.mark.parametrize("account", ["stock", "unclaimed", "claimed"])
def test_a_cooked_balance_is_found(kept, account) -> None:
    model, partner = kept
    partner.ledger._balances[COFFEE, account] += 1
    [sentence] = model.unbalanced()
    assert account in sentence


def test_a_row_nobody_ordered_is_found(kept) -> None:
    model, partner = kept
    partner.ledger.issued(COFFEE, "order-9", "CODE")
    assert model.unbalanced() == ("kigo: order order-9 moved something and does not exist",)


def test_an_order_paid_out_twice_is_found(kept) -> None:
    model, partner = kept
    partner.ledger.issued(COFFEE, "order-1", "CODE")
    assert any("order ord-1 took 2 from stock" in sentence for sentence in model.unbalanced())


def test_a_code_claimed_twice_is_found(kept) -> None:
    model, partner = kept
    order = partner.find("ord-1")
    partner.ledger.claimed(COFFEE, order.key, order.code)
    assert any("claimed 2 times in the ledger, 1 times by its state" in sentence for sentence in model.unbalanced())


def test_a_claim_the_ledger_does_not_know_is_found(kept) -> None:
    model, partner = kept
    partner._keep(attrs.evolve(partner.find("ord-2"), claimed_by="someone"))
    assert any("claimed 0 times in the ledger" in sentence for sentence in model.unbalanced())


def test_a_code_of_two_orders_is_found(kept) -> None:
    model, partner = kept
    first, second = partner.find("ord-1"), partner.find("ord-2")
    partner.ledger.replaced(COFFEE, second.key, "unclaimed", (second.code, first.code))
    partner._keep(attrs.evolve(second, codes=(first.code,)))
    assert model.unbalanced() == ("kigo: orders order-1, order-2 share a claim code",)


def test_a_token_gone_from_the_stock_without_an_order_is_found(kept) -> None:
    model, partner = kept
    partner.ledger.replaced(COFFEE, "order-2", "unclaimed", ("x", "y"))
    partner.ledger.rows.pop()
    partner.ledger._balances[COFFEE, "unclaimed"] -= 1
    found = model.unbalanced()
    assert any("stock is 999998, of 1000000 provided 1 are with customers" in sentence for sentence in found)


def test_another_product_under_an_order_is_found(kept) -> None:
    model, partner = kept
    partner._keep(attrs.evolve(partner.find("ord-2"), product_id="tea"))
    assert model.unbalanced() == ("kigo: order ord-2 is for tea and moved another product",)


def test_a_stock_below_nothing_is_found(kept) -> None:
    model, partner = kept
    partner.ledger.stocked("tea", -1, "stocked")
    assert model.unbalanced() == ("kigo: product tea: stock is below nothing (-1)",)
