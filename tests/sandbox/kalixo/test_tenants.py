"""The world that is served: the default one, a file's, and several tenants at once."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import attrs
import pytest

from stampcard_adapters.sandbox.jsontext import write
from stampcard_adapters.sandbox.kalixo import KalixoModel, TenantsError, default_tenants, tenants_from_json
from stampcard_adapters.sandbox.tenantsfile import NoTenantError

BARE = {
    "kalixo": {
        "email": "e",
        "password": "p",
        "api_key": "k",
        "products": [
            {"productId": 5, "sku": "GB-EN-1", "price": 250, "currency": "GBP"},
            {"productId": 6, "sku": "KTEST-PARTIAL", "price": 100, "currency": "GBP"},
            {"productId": 7, "sku": "KTEST-OPEN", "price": None, "currency": "GBP"},
        ],
    }
}


def printed(model: KalixoModel | None = None) -> dict[str, Any]:
    return json.loads(write((model or KalixoModel()).tenants()))


def served(described: Any) -> KalixoModel:
    return KalixoModel(tenants_from_json(json.dumps(described).encode()))


def test_the_default_tenant_says_all_a_client_needs() -> None:
    tenant = printed()["kalixo"]
    assert tenant["email"] == "till@kalixo.example"
    assert tenant["password"] == "sandbox-kalixo-password"
    assert tenant["api_key"] == "kal_test_sandbox-kalixo-key"
    rows = {row["sku"]: row for row in tenant["products"]}
    assert {"KTEST-OK", "KTEST-OPEN", "KTEST-FAIL", "KTEST-PARTIAL", "KTEST-SLOW"} <= rows.keys()
    first = tenant["products"][0]
    assert (first["productId"], first["sku"], first["price"], first["currency"]) == (
        1, "GB-EN-4251604100019", 1099, "GBP",
    )  # fmt: skip
    assert rows["KTEST-OPEN"]["price"] is None
    assert [row["productId"] for row in tenant["products"] if row["stock"] == 0] == [8]


def test_the_printed_tenants_serve_the_same_world_again(client) -> None:
    model = client.model
    product = attrs.evolve(model.products()[3], id=70, sku="GB-EN-70", step=250, tags=("a", "b"), active=False)
    model.put_product(product, stock=4)
    model.set_account(api_ordering=False, threshold=Decimal("12.5"), lenient=True)
    model.top_up(Decimal("0.125"), "KWD")
    client.model.set_account(api_ordering=True)
    client.place("O-1", (9004, 3))
    model.set_account(api_ordering=False)
    world = printed(model)
    again = served(world)
    assert printed(again) == world
    assert again.balances() == model.balances()
    assert again.balance("GBP") == 4980
    assert again.products() == model.products()
    assert again.stock(70) == 4


def test_four_fields_of_a_product_are_enough(connect) -> None:
    client = connect(tenants_from_json(json.dumps(BARE).encode()))
    client.key = "k"
    assert client.place("O-1", (5, 1), (6, 2), {"productId": 7, "quantity": 1, "price": 600}).status == 202
    assert client.order("O-1").body["status"] == "partially_completed"
    assert client.books() == 5000 - Decimal("2.50") - 1 - 6
    assert client.login("e", "p").status == 201


def test_an_account_without_products_or_wallet_gets_the_default_ones() -> None:
    model = served({"t": {"provider": "kalixo", "email": "e", "password": "p", "api_key": "k"}})
    assert model.products() == KalixoModel().products()
    assert model.balances() == KalixoModel().balances()


def test_an_empty_wallet_is_empty() -> None:
    model = served({"kalixo": {**BARE["kalixo"], "wallet": []}})
    assert model.balances() == {}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"email": None}, "kalixo.email: is missing"),
        ({"password": 5}, "kalixo.password: must be a string"),
        ({"api_key": ""}, "kalixo.api_key"),
        ({"lenient": "yes"}, "kalixo.lenient"),
        ({"wallet_ordering": 1}, "kalixo.wallet_ordering"),
        ({"wallet": {}}, "kalixo.wallet"),
        ({"wallet": [{"currency": "gbp", "balance": 1}]}, r"wallet\[0\].currency"),
        ({"wallet": [{"currency": "GBP", "balance": -1}]}, r"wallet\[0\].balance"),
        ({"wallet": [{"currency": "JPY", "balance": 0.5}]}, r"wallet\[0\].balance: JPY has 0 decimals"),
        ({"products": [{"sku": "x"}]}, r"products\[0\].productId"),
        ({"products": [{"productId": 1, "price": 1, "currency": "GBP"}]}, r"products\[0\].sku"),
        ({"products": [{"productId": 1, "sku": "x", "price": 1}]}, r"products\[0\].currency"),
        ({"products": [{"productId": 1, "sku": "x", "price": 0, "currency": "GBP"}]}, r"products\[0\].price"),
        ({"products": [{"productId": 1, "sku": "x", "currency": "GBP"}]}, r"products\[0\].price: is missing"),
        ({"products": [{"productId": 1, "sku": "x", "price": 1.5, "currency": "GBP"}]}, r"products\[0\].price"),
        (
            {"products": [{"productId": 1, "sku": "x", "price": 1, "currency": "GBP", "behaviour": "odd"}]},
            r"products\[0\].behaviour: must be one of ok, fail, partial, slow",
        ),
        (
            {"products": [{"productId": n, "sku": "x", "price": 1, "currency": "GBP"} for n in (1, 2)]},
            "two products have the same sku",
        ),
        (
            {"products": [{"productId": 1, "sku": n, "price": 1, "currency": "GBP"} for n in "ab"]},
            "two products have the same productId",
        ),
    ],
)
def test_a_bad_file_is_told_where_it_is_wrong_and_never_its_secrets(change, where) -> None:
    world = {"kalixo": {**printed()["kalixo"], "password": "S3CRET", "api_key": "S3CRET"} | change}
    with pytest.raises(TenantsError, match=where) as wrong:
        served(world)
    assert "S3CRET" not in str(wrong.value)


@pytest.mark.parametrize("field", ["email", "api_key"])
def test_two_tenants_cannot_share_what_tells_them_apart(field) -> None:
    one = {**BARE["kalixo"], "provider": "kalixo"}
    two = {**one, "email": "e2", "api_key": "k2"}
    served({"a": one, "b": two})
    with pytest.raises(TenantsError, match=f"b.{field}: another tenant"):
        served({"a": one, "b": {**two, field: one[field]}})


def test_a_file_without_a_tenant_of_kalixo_says_so() -> None:
    with pytest.raises(NoTenantError, match="kalixo"):
        tenants_from_json(b'{"spendgo": {}}')


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kalixo":1}', b"\xff"])
def test_a_file_that_is_no_tenants_file_is_refused(body) -> None:
    with pytest.raises(TenantsError):
        tenants_from_json(body)


def test_the_default_credentials_are_for_ever() -> None:
    [tenant] = default_tenants()
    assert (tenant.name, tenant.email, tenant.password, tenant.api_key) == (
        "kalixo", "till@kalixo.example", "sandbox-kalixo-password", "kal_test_sandbox-kalixo-key",
    )  # fmt: skip
