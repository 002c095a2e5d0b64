"""The world that is served: the default one, a file's, and several partners at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stampcard_adapters.sandbox.jsontext import write
from stampcard_adapters.sandbox.kigo import KigoModel, TenantsError, tenants_from_json
from stampcard_adapters.sandbox.tenantsfile import NoTenantError

COFFEE = "sandbox-product-coffee"
SOLD_OUT = "sandbox-product-sold-out"


def printed(model: KigoModel | None = None) -> dict[str, Any]:
    return json.loads(write((model or KigoModel()).tenants()))


def served(described: Any) -> KigoModel:
    return KigoModel(tenants_from_json(json.dumps(described).encode()))


def test_the_default_tenant_says_all_a_client_needs() -> None:
    assert printed() == {
        "kigo": {
            "provider": "kigo",
            "api_key": "sandbox-kigo-key",
            "partner_id": "11111111-1111-4111-8111-111111111111",
            "wallet": "https://partner-hub.kigo.io",
            "lenient": False,
            "products": [{"product_id": COFFEE, "stock": 1_000_000}, {"product_id": SOLD_OUT, "stock": 0}],
        }
    }


def test_the_printed_tenants_serve_the_same_world_again(client, second) -> None:
    client.order()
    second.order(product="tea")
    client.model.set_stock("cake", 7)
    client.model.set_lenient(True, tenant="other")
    world = printed(client.model)
    again = served(world)
    assert printed(again) == world
    assert (again.stock(COFFEE), again.stock("cake"), again.stock("tea", tenant="other")) == (999_999, 7, 4)
    assert again.unbalanced() == ()


def test_a_file_needs_only_credentials_and_product_ids(connect) -> None:
    world = {"kigo": {"api_key": "k", "partner_id": "p", "products": [{"product_id": "x"}]}, "spendgo": {"store": "1"}}
    client = connect(served(world))
    client.api_key, client.partner_id = "k", "p"
    assert client.order(product="x").status == 200


def test_the_ready_line_itself_is_a_tenants_file() -> None:
    assert printed(served({"url": "http://127.0.0.1:1", "tenants": printed()})) == printed()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"api_key": None}, "kigo.api_key: is missing"),
        ({"api_key": ["S3CRET"]}, "kigo.api_key: must be a string"),
        ({"partner_id": ""}, "kigo.partner_id"),
        ({"lenient": "yes"}, "kigo.lenient"),
        ({"products": {}}, "kigo.products"),
        ({"products": ["x"]}, r"kigo.products\[0\]"),
        ({"products": [{}]}, r"kigo.products\[0\].product_id"),
        ({"products": [{"product_id": 5}]}, r"kigo.products\[0\].product_id"),
        ({"products": [{"product_id": "x", "stock": -1}]}, r"kigo.products\[0\].stock"),
        ({"products": [{"product_id": "x", "stock": 1.5}]}, r"kigo.products\[0\].stock"),
        ({"products": [{"product_id": "x"}] * 2}, "the same product_id"),
        ({"wallet": "partner-hub.kigo.io"}, "kigo.wallet"),
        ({"wallet": "https://x.example/#top"}, "kigo.wallet"),
        ({"wallet": "https://x.example/ y"}, "kigo.wallet"),
    ],
)
def test_a_bad_file_is_told_where_it_is_wrong_and_never_its_secret(change, where) -> None:
    world = printed()
    world["kigo"] |= change
    with pytest.raises(TenantsError, match=where) as wrong:
        served(world)
    assert "S3CRET" not in str(wrong.value)
    assert "sandbox-kigo-key" not in str(wrong.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kigo":1}', b"\xff"])
def test_a_file_that_is_no_tenants_file_is_refused(body) -> None:
    with pytest.raises(TenantsError):
        tenants_from_json(body)


@pytest.mark.parametrize("body", [b"{}", b'{"other":{}}', b'{"spendgo":{"api_key":"x"}}'])
def test_a_file_of_other_providers_names_no_tenant_of_this_one(body) -> None:
    with pytest.raises(NoTenantError):
        tenants_from_json(body)


def test_two_tenants_cannot_be_the_same_partner() -> None:
    world = printed()
    with pytest.raises(TenantsError, match="another tenant"):
        served({**world, "copy": world["kigo"]})


def test_the_date_is_the_models_own_clock(client) -> None:
    model = KigoModel(clock=lambda: datetime(2020, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert model.handle(client.request("GET", "/")).headers["Date"] == "Thu, 31 Dec 2020 23:59:59 GMT"


def test_the_prefixes_are_the_paths_this_provider_owns() -> None:
    assert KigoModel().prefixes == (
        "/api/v1/accounts/sso-sessions",
        "/api/v1/auth/sessions",
        "/api/v1/claim-codes",
        "/api/v1/products",
        "/sso/sessions/api/accounts",
    )
