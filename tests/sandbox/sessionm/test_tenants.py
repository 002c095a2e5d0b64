"""The world that is served: the default one, a file's, and several tenants at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from stampcard_adapters.sandbox.jsontext import write
from stampcard_adapters.sandbox.sessionm import SessionMModel, TenantsError, tenants_from_json
from stampcard_adapters.sandbox.tenantsfile import NoTenantError

RICH = "4f5b82c0-07c8-11e6-8d84-624132d14633"


def printed(model: SessionMModel | None = None) -> dict[str, Any]:
    return json.loads(write((model or SessionMModel()).tenants()))


def served(described: Any) -> SessionMModel:
    return SessionMModel(tenants_from_json(json.dumps(described).encode()))


def test_the_default_tenant_says_all_a_client_needs() -> None:
    tenant = printed()["sessionm"]
    assert (tenant["provider"], tenant["api_key"], tenant["secret"]) == (
        "sessionm", "sandbox-sessionm-key", "sandbox-sessionm-secret",
    )  # fmt: skip
    rich, poor, odd, guest = tenant["users"]
    assert (rich["id"], rich["external_id"], rich["points"]) == (RICH, "sandbox-rich", 100_000)
    assert (poor["points"], odd["external_id"], guest["registered"]) == (50, "crm/4711@acme eu", False)
    card, contest, gone, instant, _ = tenant["offers"]
    assert (card["id"], card["points"], card["requires_skills_test"], card["stock"]) == (1, 100, False, 1000)
    assert contest["requires_skills_test"] is True
    assert (gone["stock"], instant["auto_approve"]) == (0, True)
    assert "stock" not in instant


def test_the_printed_tenants_serve_the_same_world_again(client) -> None:
    model = client.model
    client.placed(quantity=2)
    client.call("PUT", f"/users/{RICH}", {"user": {"city": "Boston"}})
    model.add_user("new", email="n@example.com", points=5)
    model.set_qualified("new", 1, False)
    model.set_fraud_ips("b", "a")
    model.add_offer("Sticker", 1, stock=3, requires_skills_test=True)
    moment = datetime(2015, 1, 1, tzinfo=UTC)
    model.put_offer(attrs.evolve(model.offer(4), end_time=moment, start_time=moment, logo="l", description="d"))
    world = printed(model)
    again = served(world)
    assert printed(again) == world
    assert again.points(RICH) == 99_800
    assert again.stock(1) == 998
    assert again.add_user("newer").id not in {user.id for user in model.users()}


def test_a_file_needs_only_keys_ids_and_points(connect) -> None:
    users, offers = [{"id": "u", "external_id": "e"}], [{"id": 9, "points": 0}]
    client = connect(served({"sessionm": {"api_key": "k", "secret": "s", "users": users, "offers": offers}}))
    client.key, client.secret = "k", "s"
    assert client.place("e", 9).order["points"] == 0
    assert client.model.unbalanced() == ()
    assert client.model.stock(9) is None


def test_a_new_offer_gets_an_id_the_file_has_not_used() -> None:
    world = printed()
    world["sessionm"]["offers"].append({"id": 1001, "points": 5})
    assert served(world).add_offer("Sticker", 1).id == 1002


def test_a_second_tenant_has_customers_and_orders_of_its_own(connect) -> None:
    world = printed()
    second = {**world["sessionm"], "api_key": "second", "secret": "other", "lenient": True}
    client = connect(served({**world, "second": second, "kigo": {"provider": "kigo"}}))
    order = client.placed(external_id="r-1")
    client.key, client.secret = "second", "other"
    assert client.get(order).refusal == (404, "not_found")
    assert client.placed(external_id="r-1") != order
    assert client.model.points(RICH, tenant="second") == client.model.points(RICH) == 99_900
    assert client.model.orders(tenant="sessionm") == (order,)
    assert client.model.orders("sandbox-poor", tenant="second") == ()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"api_key": None}, "sessionm.api_key: is missing"),
        ({"api_key": "a:b"}, "sessionm.api_key: cannot hold a colon"),
        ({"secret": 5}, "sessionm.secret: must be a string"),
        ({"lenient": "yes"}, "sessionm.lenient"),
        ({"fraud_ips": [1]}, r"sessionm.fraud_ips\[0\]"),
        ({"users": {}}, "sessionm.users"),
        ({"users": ["x"]}, r"sessionm.users\[0\]"),
        ({"users": [{"external_id": "x"}]}, r"sessionm.users\[0\].id: is missing"),
        ({"users": [{"id": "1", "points": -1}]}, r"sessionm.users\[0\].points"),
        ({"users": [{"id": "1", "registered": 1}]}, r"sessionm.users\[0\].registered"),
        ({"users": [{"id": "1", "created_at": "2015"}]}, r"sessionm.users\[0\].created_at"),
        ({"users": [{"id": "1", "not_qualified": ["x"]}]}, r"not_qualified\[0\]"),
        ({"users": [{"id": "1", "not_qualified": [0]}]}, r"not_qualified\[0\].id: must be the id of an offer"),
        ({"users": [{"id": "1"}, {"id": "1"}]}, "the same id"),
        ({"users": [{"id": "1", "external_id": "e"}, {"id": "2", "external_id": "e"}]}, "the same external_id"),
        ({"users": [{"id": "1", "email": "e"}, {"id": "2", "email": "E"}]}, "the same email"),
        ({"offers": [{"points": 1}]}, r"sessionm.offers\[0\].id"),
        ({"offers": [{"id": 0, "points": 1}]}, r"sessionm.offers\[0\].id"),
        ({"offers": [{"id": 1}]}, r"sessionm.offers\[0\].points"),
        ({"offers": [{"id": 1, "points": 1.5}]}, r"sessionm.offers\[0\].points"),
        ({"offers": [{"id": 1, "points": 1, "type": "x"}]}, r"sessionm.offers\[0\].type"),
        ({"offers": [{"id": 1, "points": 1, "end_time": "2015-13-01 00:00:00"}]}, r"sessionm.offers\[0\].end_time"),
        ({"offers": [{"id": 1, "points": 1}, {"id": 1, "points": 2}]}, "the same id"),
    ],
)
def test_a_bad_file_is_told_where_it_is_wrong_and_never_its_secret(change, where) -> None:
    world = printed()
    world["sessionm"] |= change
    with pytest.raises(TenantsError, match=where) as wrong:
        served(world)
    assert "sandbox-sessionm-secret" not in str(wrong.value)


def test_a_file_of_others_has_no_tenant_of_this_provider() -> None:
    with pytest.raises(NoTenantError):
        served({"spendgo": {"api_key": "k"}})


def test_two_tenants_cannot_share_an_api_key() -> None:
    world = printed()
    with pytest.raises(TenantsError, match="another tenant"):
        served({**world, "copy": world["sessionm"]})


def test_secrets_and_personal_data_are_in_no_repr(client) -> None:
    address = {"street1": "Canary", "city": "x", "country": "US"}
    client.placed(email="canary@example.com", ip="192.0.2.9", shipping_address=address)
    order = client.model.order(client.model.orders()[0])
    text = repr((tenants_from_json(json.dumps(printed()).encode()), client.model, order, client.model.users()))
    for canary in ("sandbox-sessionm-secret", "canary@", "192.0.2.9", "Canary", "rich@"):
        assert canary not in text
