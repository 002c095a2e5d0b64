"""The world that is served: the default one, a file's, and several tenants at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stampcard_adapters.sandbox.jsontext import write
from stampcard_adapters.sandbox.kibo import KiboModel, NoTenantError, TenantsError, read_tenants, tenants_from_json


def printed(model: KiboModel | None = None) -> dict[str, Any]:
    return json.loads(write((model or KiboModel()).tenants()))


def served(described: Any, **options: Any) -> KiboModel:
    return KiboModel(tenants_from_json(json.dumps(described).encode()), **options)


def test_the_default_tenant_says_all_a_client_needs() -> None:
    world = printed()
    assert list(world) == ["kibo", "kibo-other"]
    tenant = world["kibo"]
    assert (tenant["api_key"], tenant["secret"]) == ("sandbox-key", "sandbox-secret")
    assert (tenant["manufacturer_id"], tenant["catalog_id"]) == (1010, 0)
    assert tenant["cards"].keys() == {"approved", "declined", "unreachable"}
    assert world["kibo-other"]["manufacturer_id"] == 2020


def test_the_paths_are_kibos() -> None:
    assert KiboModel().prefixes == ("/oauthserver", "/api/v2")


@pytest.mark.parametrize(("card", "status"), [("approved", 200), ("declined", 400), ("unreachable", 503)])
def test_the_printed_cards_do_what_they_say(client, card, status) -> None:
    number = printed()["kibo"]["cards"][card]
    assert client.authorize(paymentMethod__cardNumber=number).status == status


def test_the_printed_tenants_serve_the_same_world_again(connect, clock) -> None:
    world = printed()
    model = served(world, clock=clock)
    assert printed(model) == world
    assert connect(model, clock=clock).authorize().status == 200


def test_a_file_may_hold_other_credentials_and_other_providers(connect, clock) -> None:
    tenant = {
        "provider": "kibo",
        "api_key": "k",
        "secret": "s:with:colons",
        "manufacturer_id": 7,
        "catalog_id": 3,
        "lenient": True,
    }
    model = served({"shop": tenant, "spendgo": {"provider": "spendgo"}}, clock=clock)
    assert list(model.tenants()) == ["shop"]
    client = connect(model, clock=clock, key="k", secret="s:with:colons")
    assert client.authorize(manufacturerID=7, catalogID=3).status == 200
    assert model.holds(tenant="shop")[0].authorization.manufacturer == 7


def test_the_values_a_model_gives_are_readable_without_a_file() -> None:
    assert [tenant.name for tenant in read_tenants(KiboModel().tenants())] == ["kibo", "kibo-other"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"api_key": None}, "kibo.api_key: is missing"),
        ({"api_key": 5}, "kibo.api_key: must be a string"),
        ({"api_key": "a:b"}, "kibo.api_key: cannot hold a colon"),
        ({"secret": ""}, "kibo.secret"),
        ({"manufacturer_id": None}, "kibo.manufacturer_id: is missing"),
        ({"manufacturer_id": 0}, "kibo.manufacturer_id: must be at least 1"),
        ({"manufacturer_id": "1010"}, "kibo.manufacturer_id"),
        ({"manufacturer_id": 2020}, "kibo-other.manufacturer_id: another tenant"),
        ({"catalog_id": -1}, "kibo.catalog_id"),
        ({"catalog_id": 1.5}, "kibo.catalog_id"),
        ({"api_key": "sandbox-other-key"}, "kibo-other.api_key: another tenant"),
        ({"lenient": "yes"}, "kibo.lenient"),
    ],
)
def test_a_bad_file_is_told_where_it_is_wrong_and_never_its_secret(change, where) -> None:
    world = printed()
    world["kibo"] |= {"secret": "S3CRET!"} | change
    with pytest.raises(TenantsError, match=where) as wrong:
        served(world)
    assert "S3CRET" not in str(wrong.value)


def test_a_file_without_a_tenant_of_kibo_says_so() -> None:
    with pytest.raises(NoTenantError):
        tenants_from_json(b'{"spendgo":{}}')


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kibo":1}', b"\xff"])
def test_a_file_that_is_no_tenants_file_is_refused(body) -> None:
    with pytest.raises(TenantsError):
        tenants_from_json(body)


def test_no_secret_is_in_a_repr() -> None:
    model = KiboModel()
    assert "sandbox-secret" not in repr(model) + repr(read_tenants(model.tenants()))


def test_the_date_is_the_models_own_clock(client) -> None:
    client.clock.now = datetime(2020, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert client.fetch_token().headers["Date"] == "Thu, 31 Dec 2020 23:59:59 GMT"
