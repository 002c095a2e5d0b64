"""The provider's limits, looked at before a card is presented in vain: all of them, none with its value."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.adapters.kibo import holds as h

from stampcard.errors import ConfigurationError
from stampcard.lifecycles import AUTHORIZATION
from stampcard.machine import decide
from stampcard.model import Address, Modifier, Money, Secret
from stampcard_adapters.kibo import CancelReason, Cart, Customer, KiboKeys, PayPal, StoredToken, TokenizedCard
from stampcard_adapters.kibo.limits import stored_length


def fields(cart: Cart = h.CART, **payment: Any) -> list[str | None]:
    command = h.authorize(attrs.evolve(h.CARD, **payment) if payment else h.CARD, cart=cart)
    refusals = decide(AUTHORIZATION, h.order(), command)
    assert {r.code for r in refusals} <= {"field.limit"}
    return [r.field for r in refusals]


def customer(**changes: Any) -> Cart:
    return attrs.evolve(h.CART, customer=attrs.evolve(h.FULL, **changes))


def test_a_sound_cart_and_card_have_none() -> None:
    assert fields() == []
    assert fields(customer()) == []
    for payment in h.PAYMENTS.values():
        assert h.authorize(payment).broken_limits() == ()


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("first_name", 1, 300),
        ("last_name", 1, 300),
        ("email", 1, 250),
        ("phone", 1, 20),
        ("phone2", 0, 20),
        ("id", 1, 0),
    ],
)
def test_a_customers_field_is_as_long_as_the_sheet_says(field: str, least: int, most: int) -> None:
    assert fields(customer(**{field: "x" * max(least, 1)})) == []
    assert fields(customer(**{field: ""})) == ([f"cart.customer.{field}"] if least else [])
    assert fields(customer(**{field: " "})) == ([f"cart.customer.{field}"] if least else [])
    if most:
        assert fields(customer(**{field: "x" * most})) == []
        assert fields(customer(**{field: "x" * (most + 1)})) == [f"cart.customer.{field}"]


@pytest.mark.parametrize(("cart_id", "good"), [("", False), ("x", True), ("x" * 100, True), ("x" * 101, False)])
def test_the_carts_id_fits_both_names_it_gets(cart_id: str, good: bool) -> None:
    """Vector 3, and createOrder's limit of 100, so that no money is held for an order that cannot be made."""
    assert fields(attrs.evolve(h.CART, id=cart_id)) == ([] if good else ["cart.id"])


def test_zero_may_be_held_and_less_may_not() -> None:
    """Vectors 4 and 5."""
    assert fields(attrs.evolve(h.CART, amount=h.usd("0"))) == []
    less = h.authorize(cart=attrs.evolve(h.CART, amount=h.usd("-0.01")))
    assert [r.code for r in decide(AUTHORIZATION, h.order(), less)] == ["money.negative"]


@pytest.mark.parametrize(("manufacturer", "catalog", "bad"), [(1, 0, []), (0, -1, ["manufacturer_id", "catalog_id"])])
def test_manufacturer_and_catalog_are_found_out_at_the_settings(
    manufacturer: int, catalog: int, bad: list[str]
) -> None:
    """Vectors 4 and 5."""
    try:
        KiboKeys(api_key="k", secret=Secret("s"), manufacturer_id=manufacturer, catalog_id=catalog)
        found: list[str | None] = []
    except ConfigurationError as error:
        found = [p.field for p in error.problems]
    assert found == bad


@pytest.mark.parametrize(
    ("card", "field"),
    [
        ({"number": Secret("41111111111")}, "payment.number"),
        ({"number": Secret("4" * 20)}, "payment.number"),
        ({"number": Secret("4111111111111x11")}, "payment.number"),
        ({"expires_month": 0}, "payment.expires_month"),
        ({"expires_month": 13}, "payment.expires_month"),
        ({"expires_year": 29}, "payment.expires_year"),
        ({"code": Secret("12")}, "payment.code"),
        ({"code": Secret("12345")}, "payment.code"),
        ({"billing": attrs.evolve(h.HOME, city=" ")}, "payment.billing.city"),
    ],
)
def test_a_card_that_cannot_be_one(card: dict[str, Any], field: str) -> None:
    assert fields(**card) == [field]


def test_a_card_without_a_code_is_one() -> None:
    assert fields(code=None) == []


@pytest.mark.parametrize(
    ("payment", "field"),
    [
        (StoredToken(token=Secret(" ")), "payment.token"),
        (TokenizedCard(token=Secret("t"), last_four=h.NUMBER, billing=h.HOME), "payment.last_four"),
        (PayPal(token=Secret("t"), payer_id=""), "payment.payer_id"),
    ],
)
def test_other_payments_have_what_they_need(payment: Any, field: str) -> None:
    refusals = h.authorize(payment).broken_limits()
    assert [r.field for r in refusals] == [field]
    assert h.NUMBER not in repr(refusals)


def test_all_are_told_together_and_none_is_repeated() -> None:
    bad = Cart(
        id="y" * 101,
        lines=(attrs.evolve(h.SOCKS, quantity=0),),
        amount=h.usd("2"),
        customer=Customer(first_name="", last_name="Z" * 301, email="", phone="7" * 21),
        ship_to=Address(street="", city="", postal_code="", country=""),
    )
    command = h.authorize(attrs.evolve(h.CARD, number=Secret("999"), expires_month=77), cart=bad)
    refusals = command.broken_limits()
    assert [r.field for r in refusals] == [
        "cart.id",
        "cart.lines.0.quantity",
        "cart.customer.first_name",
        "cart.customer.last_name",
        "cart.customer.email",
        "cart.customer.phone",
        "cart.ship_to.street",
        "cart.ship_to.city",
        "cart.ship_to.postal_code",
        "cart.ship_to.country",
        "payment.number",
        "payment.expires_month",
    ]
    for word in ("yyy", "ZZZ", "7777", "999", "77"):
        assert word not in repr([attrs.evolve(r, field=None) for r in refusals])


def test_an_empty_cart_is_no_order() -> None:
    assert fields(attrs.evolve(h.CART, lines=())) == ["cart.lines"]


def test_a_character_beyond_latin1_counts_as_its_entity() -> None:
    """Section 7: it is stored as one, and may then exceed the limit."""
    assert stored_length("Zoë") == 3
    assert stored_length("€") == len("&#8364;")
    assert fields(customer(phone="1" * 13 + "€")) == []
    assert fields(customer(phone="1" * 14 + "€")) == ["cart.customer.phone"]


class TestLocalRefusals:
    def codes(self, order: Any, command: Any, **more: Any) -> list[str]:
        return [r.code for r in h.adapter(**more).check(order, command)]

    @pytest.mark.parametrize("trigger", h.TRIGGERS)
    def test_a_sound_step_has_none(self, trigger: str) -> None:
        assert self.codes(*h.step(trigger)) == []

    def test_a_cart_of_two_currencies_or_with_additions(self) -> None:
        odd = attrs.evolve(h.SOCKS, price=Money(1, "CAD"), modifiers=(Modifier(label="gift wrap", price=h.usd("1")),))
        command = h.authorize(cart=attrs.evolve(h.CART, lines=(odd,)))
        assert self.codes(h.order(), command) == ["cart.currency", "cart.modifiers"]

    def test_an_order_sent_nowhere(self) -> None:
        nowhere = h.at("authorized", cart=attrs.evolve(h.CART, ship_to=None))
        assert self.codes(nowhere, h.create()) == ["address.missing"]
        assert self.codes(nowhere, h.create(ship_to=h.HOME)) == []
        assert self.codes(nowhere, h.create(ship_to=attrs.evolve(h.HOME, street=""))) == ["field.limit"]

    @pytest.mark.parametrize(
        ("address", "good"), [("8.8.8.8", True), ("2001:4860:4860::8888", True), ("10.0.0.7", False), ("me", False)]
    )
    def test_the_shoppers_address_is_not_an_internal_one(self, address: str, good: bool) -> None:
        found = self.codes(h.at("authorized"), h.create(customer_ip=address))
        assert found == ([] if good else ["customer.ip"])

    def test_a_hold_that_cannot_be_read_makes_no_order(self) -> None:
        assert self.codes(h.order(), h.create()) == ["order.incomplete"]
        assert self.codes(h.order(), h.cancel()) == ["order.incomplete"]

    def test_words_go_with_other_and_with_nothing_else(self) -> None:
        created = h.at("created")
        assert self.codes(created, h.cancel(CancelReason.OTHER)) == ["field.limit"]
        assert self.codes(created, h.cancel(CancelReason.OTHER, "x" * 256)) == ["field.limit"]
        assert self.codes(created, h.cancel(CancelReason.OTHER, "the cat did it")) == []
        assert self.codes(created, h.cancel(CancelReason.MISTAKE, "the cat did it")) == ["cancel.other_reason"]
