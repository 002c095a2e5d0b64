"""Catalogue, wallet, a sign of life and the codes: what is asked, and what any answer means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.kalixo import orders as o

from stampcard.adapter import Declined, NotSent, Query, Unknown
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Money
from stampcard.wire import Response, minified
from stampcard_adapters.kalixo import (
    GiftCode,
    Product,
    ProductPage,
    codes_query,
    ping_query,
    product_query,
    products_query,
    wallet_query,
)

XBOX: dict[str, Any] = {
    "id": 1,
    "ean": "4251604177254",
    "name": "Xbox Game Pass Ultimate 1 month",
    "rrp": "10.99",
    "price": 1099,
    "currencyCode": "GBP",
    "buyingPrice": 959,
    "status": "active",
    "state": "live",
    "languages": [{"languageCode": "en", "sku": "GB-EN-4251604177254"}],
}
CARD: dict[str, Any] = {
    "id": 2,
    "name": "Gift card",
    "price": 500,
    "rrp": "5",
    "currencyCode": "JPY",
    "languages": [{"sku": "JP-JA-1"}, {"sku": "JP-EN-1"}, {"languageCode": "fr"}],
}
KTEST: dict[str, Any] = {
    "productId": 9001,
    "sku": "KTEST-OK",
    "name": "Test product",
    "brand": "Kalixo Test",
    "price": 1000,
    "currency": "GBP",
    "isSandboxProduct": True,
}
KOPEN: dict[str, Any] = {
    **KTEST,
    "productId": 9002,
    "sku": "KTEST-OPEN",
    "price": None,
    "minPrice": 500,
    "maxPrice": 5000,
}
XBOX_READ = Product(
    id=1,
    sku="GB-EN-4251604177254",
    name="Xbox Game Pass Ultimate 1 month",
    price=o.gbp("10.99"),
    rrp=o.gbp("10.99"),
    ean="4251604177254",
)


def listed(*rows: object, count: int = 2, name: str = "products") -> Response:
    return o.reply(200, {"count": count, "take": 100, "skip": 0, name: list(rows)})


def page(response: Response, version: Any = 1, **wanted: Any) -> ProductPage:
    read = products_query(version, **wanted).read(response)
    assert isinstance(read, ProductPage)
    return read


class TestProducts:
    def test_the_first_one_is_asked_for_too(self) -> None:
        """Trap 13: v1's own default leaves it out."""
        assert products_query(1).request.target == "/v1/catalog/products?skip=0&take=100"
        assert products_query(2, skip=100).request.target == "/v2/catalog/products?skip=100&take=100"

    def test_v2_filters_itself(self) -> None:
        request = products_query(2, search="game pass,Ultimate", country="GB", language="en").request
        asked = "search=game%20pass%2CUltimate&country=GB&language=en"
        assert request.target == f"/v2/catalog/products?skip=0&take=100&{asked}"

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, ["GB-EN-4251604177254", "JP-JA-1", "JP-EN-1"]),
            ({"search": "XBOX"}, ["GB-EN-4251604177254"]),
            ({"search": "4251604177254, gift"}, ["GB-EN-4251604177254", "JP-JA-1", "JP-EN-1"]),
            ({"search": "GB-EN-4251604177254"}, ["GB-EN-4251604177254"]),
            ({"country": "jp", "language": "EN,DE"}, ["JP-EN-1"]),
            ({"country": "FR"}, []),
        ],
    )
    def test_v1_has_no_filter_so_its_answer_is_filtered_here(self, wanted: dict[str, str], found: list[str]) -> None:
        assert products_query(1, **wanted).request.target == "/v1/catalog/products?skip=0&take=100"
        read = page(listed(XBOX, CARD), **wanted)
        assert [product.sku for product in read.products] == found
        assert (read.count, read.rows) == (2, 2)  # what is left out here was still read

    @pytest.mark.parametrize("name", ["products", "data"])
    def test_both_names_of_the_list_are_read(self, name: str) -> None:
        assert page(listed(XBOX, name=name)).products == (XBOX_READ,)

    def test_a_product_is_one_for_each_language_it_has_a_sku_in(self) -> None:
        read = page(listed(CARD))
        assert [(p.id, p.sku, p.price, p.rrp) for p in read.products] == [
            (2, "JP-JA-1", Money(500, "JPY"), Money(5, "JPY")),
            (2, "JP-EN-1", Money(500, "JPY"), Money(5, "JPY")),
        ]

    def test_v2s_own_shape(self) -> None:
        fixed, unpriced = page(listed(KTEST, KOPEN), 2).products
        assert (fixed.id, fixed.sku, fixed.price, fixed.test) == (9001, "KTEST-OK", o.gbp("10"), True)
        assert (unpriced.price, unpriced.lowest, unpriced.highest) == (None, o.gbp("5"), o.gbp("50"))

    def test_a_row_that_cannot_be_ordered_hides_no_other(self) -> None:
        rows = [
            {"name": "no id"},
            {**XBOX, "currencyCode": "pounds"},
            {**XBOX, "id": "1.5"},
            "x",
            None,
            {**XBOX, "id": -1},
        ]
        read = page(listed(*rows, XBOX, count=7))
        assert read.products == (XBOX_READ,)
        assert read.rows == 7

    @pytest.mark.parametrize(
        "odd",
        [o.reply(200, {}), o.reply(200, {"products": 3}), o.reply(200, b"<"), o.reply(500, b""), o.reply(201, {})],
    )
    def test_no_list_is_no_answer(self, odd: Response) -> None:
        assert isinstance(products_query(2).read(odd), Unknown)


class TestOneProduct:
    def test_v2_by_its_id_and_v1_by_sku_or_ean(self) -> None:
        assert product_query(2, product_id=9001).request.target == "/v2/catalog/products/9001"
        assert product_query(1, sku="GB-EN-1").request.target == "/v1/catalog/product?sku=GB-EN-1"
        assert product_query(1, ean="425").request.target == "/v1/catalog/product?ean=425"

    @pytest.mark.parametrize(("version", "by"), [(2, {"sku": "x"}), (1, {"product_id": 1}), (1, {})])
    def test_what_a_version_cannot_be_asked_by(self, version: Any, by: dict[str, Any]) -> None:
        with pytest.raises(ValueError):
            product_query(version, **by)

    def test_the_language_that_was_asked_for(self) -> None:
        found = product_query(1, sku="JP-EN-1").read(o.reply(200, CARD))
        assert isinstance(found, Product)
        assert found.sku == "JP-EN-1"
        assert product_query(2, product_id=1).read(o.reply(200, XBOX)) == XBOX_READ

    def test_an_unknown_one_is_a_no(self) -> None:
        no = product_query(2, product_id=7).read(o.no(404, "Product 7 was not found in your catalog"))
        assert isinstance(no, Declined)
        assert no.code == "product.unknown"
        bad = product_query(2, product_id=7).read(o.no(400, "Validation failed (numeric string is expected)"))
        assert isinstance(bad, Declined)
        assert bad.code == "request.refused"


class TestWallet:
    def read(self, raw: bytes) -> object:
        return wallet_query().read(Response(status=200, headers={}, body=raw))

    def test_balances_are_major_units_by_each_currencys_exponent(self) -> None:
        """Trap 8."""
        assert wallet_query().request.target == "/v2/wallet"
        raw = b'{"balances":{"GBP":196.01,"JPY":500,"KWD":1.005,"EUR":-3.5},"lowBalance":false,"threshold":100}'
        assert self.read(raw) == (o.gbp("196.01"), Money(500, "JPY"), Money("1.005", "KWD"), Money("-3.5", "EUR"))

    def test_what_a_float_made_of_a_penny_is_put_right(self) -> None:
        assert self.read(b'{"balances":{"GBP":96.00999999999999}}') == (o.gbp("96.01"),)
        assert self.read(b'{"balances":{"GBP":96.01000000000001}}') == (o.gbp("96.01"),)

    def test_a_balance_nobody_can_read_hides_no_other(self) -> None:
        assert self.read(b'{"balances":{"XYZ":1,"GBP":2,"EUR":null,"USD":true,"CHF":1e29}}') == (o.gbp("2"),)
        assert self.read(b'{"balances":{}}') == ()

    @pytest.mark.parametrize("raw", [b"{}", b'{"balances":[]}', b'{"balances":5}', b"<", b'{"statusCode":400}'])
    def test_none_at_all_is_no_answer(self, raw: bytes) -> None:
        assert isinstance(self.read(raw), Unknown)


@pytest.mark.parametrize("written", ["2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00"])
def test_a_sign_of_life_is_the_providers_time(written: str) -> None:
    assert ping_query().request.target == "/v2/ping"
    alive = ping_query().read(o.reply(200, {"status": "ok", "timestamp": written}))
    assert alive == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert isinstance(ping_query().read(o.reply(200, {"status": "ok"})), Unknown)


class TestCodes:
    @pytest.mark.parametrize(
        ("version", "body"),
        [
            (1, {"orderId": 59400, "orderStatus": "completed", "products": o.V1["products"]}),
            (2, o.V2_DONE),
            (2, {**o.V2_DONE, "products": [o.pins(2, "AAAA-1111", key="pin"), o.codes(6, "BBBB-2222", "CCCC-3333")]}),
        ],
    )
    def test_all_three_spellings_are_read(self, version: Any, body: object) -> None:
        """Trap 7."""
        query = codes_query(o.done(), version)
        target = "/v1/orders/retrieve-order?id=59400" if version == 1 else "/v2/orders/O-12345"
        assert query.request.target == target
        codes = query.read(o.reply(200, body))
        assert isinstance(codes, tuple)
        assert [(code.product_id, code.pin.reveal()) for code in codes] == [
            ("2", "AAAA-1111"),
            ("6", "BBBB-2222"),
            ("6", "CCCC-3333"),
        ]

    def test_a_code_does_not_show_itself(self) -> None:
        codes = codes_query(o.done(), 2).read(o.reply(200, o.V2_DONE))
        assert isinstance(codes, tuple)
        assert all(isinstance(code, GiftCode) for code in codes)
        for secret in o.SECRETS:
            assert secret not in repr(codes) + str(codes) + f"{codes[0].pin}"

    @pytest.mark.parametrize(
        "answer",
        [
            o.reply(200, {**o.V2_DONE, "orderId": 1}),
            o.reply(200, {**o.V2_DONE, "externalOrderCode": "O-1"}),
            o.reply(200, {**o.V2_DONE, "status": "failed"}),
            o.reply(200, {**o.V2_DONE, "products": []}),
            o.reply(200, o.V2_202),
            o.reply(502, b""),
        ],
    )
    def test_another_orders_codes_are_not_shown(self, answer: Response) -> None:
        read = codes_query(o.done(FulfilmentState.COMPLETED), 2).read(answer)
        assert isinstance(read, Unknown)
        assert "AAAA" not in repr(read)

    def test_a_no_does_not_quote_one(self) -> None:
        no = codes_query(o.done(), 2).read(o.no(400, "AAAA-1111 is void", products=o.V2_DONE["products"]))
        assert isinstance(no, Declined)
        assert no.provider_text == "*** is void"


QUERIES: tuple[Query[Any], ...] = (
    products_query(1),
    products_query(2, search="x"),
    product_query(1, sku="x"),
    product_query(2, product_id=1),
    wallet_query(),
    ping_query(),
    codes_query(o.done(), 1),
    codes_query(o.done(), 2),
)
NAMES = [
    "products",
    "languages",
    "price",
    "productId",
    "id",
    "sku",
    "currency",
    "balances",
    "timestamp",
    "orderId",
    "status",
    "min",
    "max",
    "count",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.sampled_from(["GBP", "59400", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "GBP"]), inner, max_size=5),
    max_leaves=14,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(query=st.sampled_from(QUERIES), status=st.sampled_from([200, 200, 200, 400, 404, 429, 500]), body=JSON)
def test_any_answer_is_a_value_or_a_reason(query: Query[Any], status: int, body: object) -> None:
    try:
        written = minified(body)
    except ValueError:  # an infinity
        written = b"Infinity"
    answer = query.read(Response(status=status, headers={}, body=written))
    assert isinstance(answer, (tuple, ProductPage, Product, datetime, Declined, NotSent, Unknown))
