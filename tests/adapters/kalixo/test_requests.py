"""What goes out: the recorded calls byte for byte, exact money, and what is refused before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kalixo import orders as o

from stampcard.machine import decide
from stampcard.model import Money
from stampcard.wire import JsonView
from stampcard_adapters.kalixo import Item, PlaceCodes

SAMPLES = Path(__file__).parents[1] / "samples" / "kalixo"
CALLS = sorted(p.parent for p in SAMPLES.glob("*/*/request.txt"))


def sent(command: PlaceCodes, version: int = 2) -> JsonView:
    return JsonView.parse(o.adapter(version).request(o.order(), command).body)


@pytest.mark.parametrize("case", CALLS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_every_call_is_the_recorded_one_byte_for_byte(case: Path) -> None:
    about = json.loads((case / "case.json").read_text())
    adapter = o.adapter(about["version"])
    for _ in range(2):  # pure: the same input gives the same bytes
        if about["trigger"] == "place":
            request = adapter.request(o.order(), o.PLACE)
            assert request.headers == {"Content-Type": "application/json"}
        else:
            request = adapter.request(o.waiting(about["version"]), o.LOOK)
            assert request.headers == {}
        assert f"{request.method} {request.target}\n\n".encode() + request.body == (case / "request.txt").read_bytes()


@pytest.mark.parametrize("version", o.VERSIONS)
def test_no_credential_is_in_a_request(version: int) -> None:
    request = o.adapter(version).request(o.order(), o.PLACE)
    for secret in ("canary", "till@example.com"):
        assert secret not in repr(request) + repr(request.headers) + request.body.decode()


@pytest.mark.parametrize("version", o.VERSIONS)
@pytest.mark.parametrize(
    ("amount", "currency", "units"), [("500", "JPY", 500), ("1.005", "KWD", 1005), ("5", "GBP", 500)]
)
def test_money_is_minor_units_by_the_currencys_own_exponent(
    version: int, amount: str, currency: str, units: int
) -> None:
    price = Money(amount, currency)
    command = PlaceCodes(items=(Item(product_id=1, sku="X", price=price, quantity=2),), total=price * 2)
    body = sent(command, version)
    assert body["orderProducts"][0]["price"].raw() == units  # trap 6: of one
    assert body["price"].raw() == 2 * units
    assert body["currency"].text() == body["orderProducts"][0]["currency"].text() == currency


def test_v2_sends_no_price_where_the_line_has_none() -> None:
    command = PlaceCodes(items=(Item(product_id=1), attrs.evolve(o.ITEMS[0])), total=None)
    body = sent(command)
    assert body["orderProducts"][0].raw() == {"productId": 1, "quantity": 1}
    assert "price" not in JsonView.parse(o.adapter(2).request(o.order(), command).body).raw()  # type: ignore[operator]
    assert body["currency"].text() == "GBP"


def test_the_seeds_own_total_can_be_sent_only_where_it_is_switched_on() -> None:
    """Trap 3: 4398 is not 3299 + 839."""
    lines = tuple(attrs.evolve(item, quantity=1) for item in o.ITEMS)
    sample = PlaceCodes(items=lines, total=Money.minor(4398, "GBP"))
    [refused] = decide(o.adapter(1).lifecycle, o.order(), sample)
    assert refused.code == "items.do_not_sum"
    lenient = attrs.evolve(sample, total_as_given=True)
    assert decide(o.adapter(1).lifecycle, o.order(), lenient) == ()
    assert sent(lenient, 1)["price"].raw() == 4398


def test_an_order_code_is_escaped_into_the_path() -> None:
    request = o.adapter(2).request(o.order(number="A/B?c#d%e"), o.LOOK)
    assert request.target == "/v2/orders/A%2FB%3Fc%23d%25e"


@given(number=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=100))
def test_any_order_id_is_refused_or_has_a_look_up(number: str) -> None:
    adapter, order = o.adapter(2), o.order(number=number)
    codes = [refusal.code for refusal in adapter.check(order, o.PLACE)]
    if codes:
        assert number.isdigit() or set(number) == {"."}
    else:
        assert adapter.request(order, o.LOOK).target.count("/") == 3


class TestRefusedBeforeACall:
    def codes(self, command: PlaceCodes, version: int = 2, number: str = "O-12345") -> list[str]:
        return [r.code for r in o.adapter(version).check(o.order(number=number), command)]

    @pytest.mark.parametrize("version", o.VERSIONS)
    def test_a_sound_order_is_not(self, version: int) -> None:
        assert self.codes(o.PLACE, version) == []
        assert o.adapter(version).check(o.waiting(version), o.LOOK) == ()

    @pytest.mark.parametrize("version", o.VERSIONS)
    def test_digits_alone_are_ambiguous(self, version: int) -> None:
        assert self.codes(o.PLACE, version, "59400") == ["order.all_digits"]
        assert self.codes(o.PLACE, version, "..") == ["order.id_invalid"]

    def test_v1_wants_every_price_and_sku_all_told_together(self) -> None:
        command = PlaceCodes(items=(Item(product_id=1, sku="X"), Item(product_id=2, price=o.gbp("1"), sku=" ")))
        found = o.adapter(1).check(o.order(number="7"), command)
        assert [(r.code, r.field) for r in found] == [
            ("order.all_digits", "order.id"),
            ("product.price_missing", "items.0.price"),
            ("product.sku_missing", "items.1.sku"),
        ]
        assert self.codes(command, 2) == []

    def test_v1_wants_a_total(self) -> None:
        assert self.codes(attrs.evolve(o.PLACE, total=None), 1) == ["order.total_missing"]
        assert self.codes(attrs.evolve(o.PLACE, total=None), 2) == []

    def test_v2_wants_to_know_the_currency(self) -> None:
        assert self.codes(PlaceCodes(items=(Item(product_id=1),)), 2) == ["order.currency_missing"]
        assert self.codes(PlaceCodes(items=(Item(product_id=1),), total=o.gbp("5")), 2) == []

    @pytest.mark.parametrize(
        ("version", "command"),
        [
            (1, attrs.evolve(o.PLACE, total=None)),
            (1, PlaceCodes(items=(Item(product_id=1),), total=o.gbp("1"))),
            (2, PlaceCodes(items=(Item(product_id=1),))),
        ],
    )
    def test_what_is_refused_has_no_request(self, version: int, command: PlaceCodes) -> None:
        with pytest.raises(ValueError):
            o.adapter(version).request(o.order(), command)

    def test_v1_cannot_be_asked_about_an_order_it_gave_no_id(self) -> None:
        with pytest.raises(ValueError, match="no look-up"):
            o.adapter(1).request(o.order(), o.LOOK)


def test_a_broken_stock_number_does_not_stop_a_sale() -> None:
    line: Any = attrs.evolve(o.ITEMS[0], sku="GB-\udce9")
    assert sent(PlaceCodes(items=(line,), total=o.gbp("32.99")))["orderProducts"][0]["sku"].text() == "GB-?"
