"""What a test is given of Kibo: carts and cards that work, ledgers, and the names of calls."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from tests.adapters.kibo import holds as h
from tests.adapters.kibo.conftest import Shop

from stampcard import NotAllowedError
from stampcard.wire import Request
from stampcard_adapters.kibo.requests import search_request
from stampcard_adapters.testing.kibo import names


@pytest.mark.parametrize("trigger", h.TRIGGERS)
def test_every_call_is_named_after_its_trigger(trigger: str) -> None:
    for switches in ({}, {"action_first": True}):
        assert names(h.adapter(**switches).request(*h.step(trigger))) == ("kibo", trigger)


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("/oauthserver/oauth2/token", ("kibo", "token")),
        ("/api/v2/createOrder", ("kibo", "create")),
        ("/api/v2/shipment/7", ("kibo", None)),
        ("/loyalty/accounts/guest/orders", (None, None)),
        ("/", (None, None)),
    ],
)
def test_other_calls_have_their_names(target: str, named: tuple[str | None, str | None]) -> None:
    assert names(Request.get(target)) == named


def test_a_search_is_a_search() -> None:
    assert names(search_request(h.at("authorized"), keys=h.KEYS)) == ("kibo", "search")


def test_the_ledger_shows_what_is_held_and_what_was_sent(shop: Shop) -> None:
    books = shop.books
    order = shop.kibo.create(shop.kibo.authorize(books.cart("C-1", amount="9.50"), books.card))
    assert (books.held(), books.holds("C-1"), books.states("C-1")) == (
        Decimal("9.50"),
        (Decimal("9.50"),),
        ("WAITING_FOR_ASSIGNMENT",),
    )
    books.ship(order.id)
    assert (books.held(), books.unbalanced()) == (0, ())


def test_a_status_nobody_knows_is_no_customers(shop: Shop) -> None:
    """Vector 7: the enum is closed, so an untyped caller is told before anything is journalled."""
    cart = shop.books.cart("C-1")
    odd = attrs.evolve(cart, customer=attrs.evolve(cart.customer, active="SUSPENDED"))
    with pytest.raises(NotAllowedError) as caught:
        shop.kibo.authorize(odd, shop.books.card)
    assert caught.value.code == "input.type"
    assert shop.books.model.holds() == ()
