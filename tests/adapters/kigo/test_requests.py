"""What goes out: byte for byte, the same each time, and with no credential in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kigo import orders as o

from stampcard.wire import JsonView
from stampcard_adapters.kigo import ProgramField, Sso, sso_query

SAMPLES = Path(__file__).parents[1] / "samples" / "kigo"
CALLS = sorted(p.parent for p in SAMPLES.glob("*/request.txt"))


def about(case: Path) -> dict[str, Any]:
    file = next(p for p in (case / "case.json", case / "query.json") if p.exists())
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.mark.parametrize("case", CALLS, ids=lambda p: p.name)
def test_every_call_is_the_recorded_one_byte_for_byte(case: Path) -> None:
    told = about(case)
    for _ in range(2):  # pure: the same input gives the same bytes
        if "trigger" in told:
            request = o.adapter().request(o.order(), o.place())
        else:
            request = sso_query("anna", Sso(**told["sso"]), program_field=ProgramField(told["program_field"])).request
        assert f"{request.method} {request.target}\n\n".encode() + request.body == (case / "request.txt").read_bytes()
        assert request.headers == {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("order_path", "in_body", "target"),
    [
        (None, False, "/api/v1/products/9f0c1d2e-boost/claim-codes"),
        (None, True, "/api/v1/products/9f0c1d2e-boost/claim-codes"),
        ("/api/v2/claims", True, "/api/v2/claims"),
        ("/api/v2/{product_id}", False, "/api/v2/9f0c1d2e-boost"),
    ],
)
def test_the_product_goes_where_it_is_configured_to(order_path: str | None, in_body: bool, target: str) -> None:
    request = o.adapter(order_path, product_in_body=in_body).request(o.order(), o.place())
    assert request.target == target
    product = ',"product_id":"9f0c1d2e-boost"' if in_body else ""
    assert request.body == f'{{"external_order_id":"{o.ID}"{product}}}'.encode()


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
