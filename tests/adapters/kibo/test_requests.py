"""What goes out: the recorded calls byte for byte, exact money, one shape of payment, nothing null."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.adapters.kibo import holds as h

from stampcard.model import Line, Money
from stampcard.wire import JsonView
from stampcard_adapters.kibo import CancelReason, Cart, KiboOrder, Kind, Payment, Shipping
from stampcard_adapters.kibo.commands import KiboCommand
from stampcard_adapters.kibo.payments import secrets_of
from stampcard_adapters.kibo.requests import search_request

SAMPLES = Path(__file__).parents[1] / "samples" / "kibo"
MASKED = sorted(p.parent for p in SAMPLES.glob("*/request-masked.txt"))


def body(order: KiboOrder, command: KiboCommand, **more: Any) -> JsonView:
    return JsonView.parse(h.adapter(**more).request(order, command).body)


def method(payment: Payment, **more: Any) -> Any:
    return body(h.order(), h.authorize(payment), **more)["paymentMethod"].raw()


@pytest.mark.parametrize("case", MASKED, ids=lambda p: p.name)
def test_a_call_with_a_card_is_the_recorded_one_but_for_the_card(case: Path) -> None:
    """The recorded file has no card in it (trap 15); the others are compared by the contract's suite."""
    payment = h.PAYMENTS[json.loads((case / "case.json").read_text())["payment"]]
    request = h.adapter().request(h.order(), h.authorize(payment))
    sent = request.body
    for word in secrets_of(payment):
        sent = sent.replace(b'"' + word.encode() + b'"', b'"***"')
    assert f"{request.method} {request.target}\n\n".encode() + sent == (case / "request-masked.txt").read_bytes()
    assert request.headers == {"Content-Type": "application/json"}
    assert all(word not in repr(request) for word in secrets_of(payment))


def test_the_card_is_on_the_wire_as_strings() -> None:
    sent = method(h.CARD)
    assert sent["cardNumber"] == h.NUMBER
    assert sent["cardExpiration"] == "10-2029"
    assert sent["cardSecurityCode"] == h.CODE
    assert method(h.CARD, slash_in_expiry=True)["cardExpiration"] == "10/2029"  # trap 8


EXTRA = {"billingAddress", "paymentType", "cardIssuer"}


@pytest.mark.parametrize(
    ("kind", "word", "keys"),
    [
        ("card", "CC", {"cardNumber", "cardExpiration", "cardSecurityCode"}),
        ("tokenized_card", "CC", {"cardToken", "ccLastFour"}),
        ("saved_card", "CC", {"paymentMethodToken"}),
        ("authorized_card", "CC", {"authToken"}),
        ("stored_token", "TK", {"paymentMethodToken"}),
        ("paypal", "PP", {"payPalToken", "payPalPayerID"}),
        ("gift_card", "GC", {"cardNumber", "cardSecurityCode"}),
        ("no_operation", "NOOP", {"noOperationType"}),
        ("credit_plan", "CREDIT_PLAN", {"creditPlan", "creditPlanType"}),
        ("finance", "FINANCE", {"financeCode", "retailerRef"}),
        ("stored_method", "CC", {"paymentMethodID"}),
    ],
)
def test_each_of_the_eleven_shapes_sends_what_it_needs_and_no_more(kind: str, word: str, keys: set[str]) -> None:
    """Trap 7: exactly one shape."""
    sent = method(h.PAYMENTS[kind])
    assert sent["paymentType"] == word
    assert set(sent) - EXTRA == keys
    assert method(h.PAYMENTS[kind], payment_types={Kind(kind): "NEW"})["paymentType"] == "NEW"


@pytest.mark.parametrize("trigger", h.TRIGGERS)
def test_nothing_null_is_sent(trigger: str) -> None:
    """Trap 6."""
    for payment in h.PAYMENTS.values():
        assert b"null" not in h.adapter().request(*h.step(trigger, payment=payment)).body


@pytest.mark.parametrize(("amount", "written"), [("2", b"2.00"), ("0", b"0.00"), ("0.1", b"0.10")])
def test_money_is_an_exact_number(amount: str, written: bytes) -> None:
    """Trap 13, vector 5."""
    cart = attrs.evolve(h.CART, amount=h.usd(amount))
    assert b'"amount":' + written + b"," in h.adapter().request(h.order(), h.authorize(cart=cart)).body
    sent = h.adapter().request(h.at("authorized", cart=cart), h.create()).body
    assert b'"authAmount":' + written + b"}" in sent


def test_yen_have_no_decimals() -> None:
    line = Line(label="x", price=Money(500, "JPY"))
    cart = attrs.evolve(h.CART, lines=(line,), amount=Money(500, "JPY"))
    assert b'"currency":"JPY"' in h.adapter().request(h.order(), h.authorize(cart=cart)).body
    assert b'"amount":500,' in h.adapter().request(h.order(), h.authorize(cart=cart)).body


def test_a_full_customer_is_sent_whole() -> None:
    sent = body(h.order(), h.authorize(cart=attrs.evolve(h.CART, customer=h.FULL)))["customer"].raw()
    assert sent == {
        "customerID": "88",
        "firstName": "Ann",
        "lastName": "Lee",
        "email": "ann@example.com",
        "phone1": "5125550100",
        "phone2": "5125550101",
        "accountCreated": "2020-02-03T04:05:06Z",
        "active": "ACTIVE",
        "customData": [{"key": "club", "value": "gold"}],
    }


def test_an_address_without_names_has_the_customers() -> None:
    bare = attrs.evolve(h.HOME, first_name=None, last_name=None, cross_street="Flat 2", phone="512")
    sent = body(h.order(), h.authorize(attrs.evolve(h.CARD, billing=bare), cart=attrs.evolve(h.CART, ship_to=bare)))
    for address in (sent["shippingAddress"], sent["paymentMethod"]["billingAddress"]):
        assert [address[k].text() for k in ("firstName", "lastName", "addressLine2", "phone")] == [
            "Ann",
            "Lee",
            "Flat 2",
            "512",
        ]


def test_the_same_things_have_other_names_at_create() -> None:
    """Trap 3, and trap 4: the authorization stands in orderPayments, never in paymentMethod."""
    first = body(h.order(), h.authorize(), test_orders=True)
    then = body(h.at("authorized"), h.create(), test_orders=True)
    assert (first["externalCartID"].text(), then["externalOrderID"].text()) == (h.CART.id, h.CART.id)
    assert (first["testOrder"].flag(), then["isTestOrder"].flag()) == (True, True)
    assert not first["isTestOrder"].there
    assert not then["testOrder"].there
    (payment,) = then["orderPayments"].items()
    assert payment["authorizationID"].text() == h.AUTH_TOKEN
    assert payment["authAmount"].number() == Decimal("2.00")
    assert not payment["paymentMethod"]["authToken"].there
    assert then["allowSplit"].flag() is False


def test_create_pays_by_token_and_never_by_card() -> None:
    for payment in h.PAYMENTS.values():
        sent = h.adapter().request(h.at("authorized", payment=payment), h.create()).body
        for word in ("cardNumber", "cardSecurityCode", "cardToken", h.NUMBER, h.CODE):
            assert word.encode() not in sent
    (row,) = body(h.at("authorized"), h.create())["orderPayments"].items()
    assert row["paymentMethod"].raw() == {"paymentType": "TK", "paymentMethodToken": h.PAY_TOKEN}
    (row,) = body(h.at("authorized"), h.create(), method_at_create=False)["orderPayments"].items()
    assert not row["paymentMethod"].there


def test_less_than_was_held_may_be_taken_and_other_words_of_shipping_used() -> None:
    command = h.create(
        amount=h.usd("1.25"),
        shipping=Shipping(ship_type="EXPRESS", delivery_method="IN_STORE_PICKUP"),
        ship_to=attrs.evolve(h.HOME, city="Dallas"),
        customer_ip="8.8.8.8",
    )
    sent = body(h.at("authorized"), command)
    assert sent["orderPayments"][0]["authAmount"].number() == Decimal("1.25")
    assert sent["shippingMethod"].raw() == {"shipType": "EXPRESS", "deliveryMethod": "IN_STORE_PICKUP"}
    assert sent["shippingAddress"]["city"].text() == "Dallas"
    assert sent["customerIP"].text() == "8.8.8.8"


def test_cancel_is_called_by_either_order_of_its_segments() -> None:
    """Trap 10."""
    created = h.at("created")
    assert h.adapter().request(created, h.cancel()).target == "/api/v2/order/action/cancel"
    request = h.adapter(action_first=True).request(created, h.cancel(CancelReason.OTHER, "late"))
    assert request.target == "/api/v2/action/order/cancel"
    assert JsonView.parse(request.body).raw() == {
        "orderID": h.RESERVED,
        "dispositionReason": "other",
        "dispositionOtherReason": "late",
    }


def test_the_search_names_our_own_id() -> None:
    request = search_request(h.at("authorized"), keys=h.KEYS)
    wanted = f"/api/v2/order/?manufacturerID=1010&externalOrderID={h.CART.id}&perPage=100"
    assert (request.method, request.target, request.body) == ("GET", wanted, b"")


def test_half_a_surrogate_pair_does_not_stop_a_sale() -> None:
    cart: Cart = attrs.evolve(h.CART, lines=(Line(label="caf\udce9", price=h.usd("2")),))
    assert body(h.at("authorized", cart=cart), h.create())["orderItems"].there


def test_a_card_that_was_not_stored_makes_no_call() -> None:
    with pytest.raises(ValueError, match="not stored"):
        h.adapter().request(h.order(), attrs.evolve(h.authorize(), payment=None))
