"""What goes out: byte for byte, the same each time, and with no credential in it."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kigo import orders as o

from stampcard.wire import JsonView
from stampcard_adapters.kigo import ProgramField, Sso, sso_query

SAMPLES = Path(__file__).parents[1] / "samples" / "kigo"
CALLS = sorted(p.parent for p in SAMPLES.glob("*/request.txt"))


@pytest.mark.parametrize("case", CALLS, ids=lambda p: p.name)
def test_every_call_is_the_recorded_one_byte_for_byte(case: Path) -> None:
    about = json.loads((case / "case.json").read_text())
    for _ in range(2):  # pure: the same input gives the same bytes
        if about["call"] == "place":
            request = o.adapter(about.get("order_path"), **about["switches"]).request(o.order(), o.place())
        else:
            field = ProgramField(about["switches"].get("program_field", "external_program_id"))
            request = sso_query("anna", Sso(**about["sso"]), program_field=field).request
        assert f"{request.method} {request.target}\n\n".encode() + request.body == (case / "request.txt").read_bytes()
        assert request.headers == {"Content-Type": "application/json"}


def test_nothing_of_whoever_it_is_for_goes_out_with_the_order() -> None:
    request = o.adapter().request(o.order(), o.place())
    for hidden in ("anna", o.API_KEY, o.PARTNER):
        assert hidden not in repr(request) + request.target
        assert hidden.encode() not in request.body


def test_when_it_was_asked_changes_no_byte() -> None:
    later = o.place(at=o.AT.replace(year=2027), partner_id="other", why="again")
    assert o.adapter().request(o.order(), later) == o.adapter().request(o.order(), o.place())


@given(product=st.text(min_size=1, max_size=60), order_id=st.text(min_size=1, max_size=60))
def test_any_product_and_order_id_stay_in_their_places(product: str, order_id: str) -> None:
    command, order = o.place(product_id=product), attrs.evolve(o.order(), id=order_id)
    if o.adapter().check(order, command):
        return
    request = o.adapter(product_in_body=True).request(order, command)
    assert request.target.isascii()
    assert request.target.count("/") == "/api/v1/products/x/claim-codes".count("/")
    assert "?" not in request.target
    body = JsonView.parse(request.body)
    assert body["product_id"].text() == product.encode("utf-8", "replace").decode()
    assert body["external_order_id"].text() == order_id.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("given_", ["program", "email"])
def test_a_blank_programme_or_email_is_a_mistake(given_: str) -> None:
    with pytest.raises(ValueError, match="blank"):
        Sso(**{given_: "  "})


@pytest.mark.parametrize("product", ["", " ", ".", "..", ". .", "x" * 201, "a\nb", "a\x00"])
def test_what_is_no_product_is_refused_before_anything_is_sent(product: str) -> None:
    refusals = o.adapter().check(o.order(), o.place(product_id=product))
    assert [r.code for r in refusals] == ["product.invalid"]


@pytest.mark.parametrize("user", ["", " ", "x" * 201, "forgotten"])
def test_somebody_it_is_for_must_be_named(user: str) -> None:
    refusals = o.adapter().check(o.order(), o.place(user=user))
    assert [r.code for r in refusals] == ["user.invalid"]
    assert [r.code for r in o.adapter().check(o.order(), o.place(user=user, product_id=""))] == [
        "product.invalid",
        "user.invalid",
    ]
