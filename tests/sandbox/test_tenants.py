"""The world that is served: the default one, a file's, and several tenants at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stampcard_adapters.sandbox.jsontext import write
from stampcard_adapters.sandbox.spendgo import SpendgoModel, TenantsError, tenants_from_json

OTHER = "TE9CcW5uK01QbXY0V21CbjBMSWcrd3JRUGVtREJUbENxUXhENXo3SGI0az0="


def printed(model: SpendgoModel | None = None) -> dict[str, Any]:
    return json.loads(write((model or SpendgoModel()).tenants()))


def served(described: Any) -> SpendgoModel:
    return SpendgoModel(tenants_from_json(json.dumps(described).encode()))


def test_the_default_tenant_says_all_a_client_needs() -> None:
    tenant = printed()["spendgo"]
    assert (tenant["account_id"], tenant["store"]) == ("33559", "999999")
    assert tenant["api_key"]
    assert tenant["secret"] == "c2FuZGJveC1zZWNyZXQtMDAwMS1hc2NpaS1vbmx5"
    owner, shopper = tenant["members"]
    assert (owner["id"], owner["phone"], owner["status"], owner["points"]) == ("494979", "5555550100", "Active", 120)
    assert owner["rewards"][0]["min_spend"] == 50
    assert shopper["swp"] == {"id": "P_494980", "balance": 40}


def test_the_printed_tenants_serve_the_same_world_again(client) -> None:
    model = client.model
    model.give("494979", label="10% off tea", value=10, kind="discount", product="tea", min_items=2, stores=("999999",))
    model.give("494980", label="Flash", value=3, vanishes=True, min_spend=4, quantity=2)
    model.add_member("5555550177", email="z@example.com", status="WaitingEmailVerification")
    model.add_member("5555550178")
    client.through("checkout", "placed", "billed", "completed", reward="2234402", discount=5)
    world = printed(model)
    again = served(world)
    assert printed(again) == world
    assert again.rewards("494979") == model.rewards("494979")
    assert again.swp_balance("494980") == 40
    assert again.add_member("5555550179").id not in {member.id for member in model.members()}


def test_members_with_only_id_and_phone_get_the_default_world() -> None:
    world = printed()
    for member in world["spendgo"]["members"]:
        for extra in set(member) - {"id", "phone"}:
            del member[extra]
    world["spendgo"]["members"].append({"id": "7", "phone": "5555550107"})
    model = served(world)
    assert model.rewards("494979") == ("2234402",)
    assert model.swp_balance("494980") == 40
    assert model.rewards("7") == ()


def test_a_file_may_name_another_account_programme_and_store(connect) -> None:
    world = printed()
    world["spendgo"] |= {"account_id": "1", "store": "s", "stores": ["t"], "program": "visits", "lenient": True}
    client = connect(served(world))
    client.through("checkout", "placed", "billed", "completed", brand="1", vendor="t")
    assert client.balance()["quantity"] == 121
    assert client.order("refunded", brand="1", vendor="s", without=("transaction",)).status == 200


def test_a_rotation_and_a_second_tenant_come_from_the_file(connect) -> None:
    world = printed()
    second = {**world["spendgo"], "api_key": "second", "provider": "spendgo", "secret": OTHER}
    world["spendgo"]["other_secret"] = OTHER
    client = connect(served({**world, "second": second, "kalixo": {"provider": "kalixo"}}))
    client.through("checkout", "placed")
    client.secret = OTHER
    client.through("billed")
    client.api_key = "second"
    assert client.order("completed").status == 409  # an order of the other tenant
    assert client.model.orders(tenant="second") == ()
    assert client.model.orders(tenant="spendgo") == ("t-1",)
    assert printed(client.model)["spendgo"]["other_secret"] == OTHER


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"api_key": None}, "spendgo.api_key: is missing"),
        ({"api_key": 5}, "spendgo.api_key: must be a string"),
        ({"secret": "S3CRET!"}, "spendgo.secret: a secret is not base64"),
        ({"store": ""}, "spendgo.store"),
        ({"stores": [1]}, r"spendgo.stores\[0\]"),
        ({"program": "miles"}, "spendgo.program"),
        ({"lenient": "yes"}, "spendgo.lenient"),
        ({"members": {}}, "spendgo.members"),
        ({"members": ["x"]}, r"spendgo.members\[0\]"),
        ({"members": [{"id": "1", "phone": "5"}]}, r"spendgo.members\[0\].phone"),
        ({"members": [{"id": "guest", "phone": "5555550100"}]}, r"spendgo.members\[0\].id"),
        ({"members": [{"id": "1", "phone": "5555550100", "points": "9"}]}, r"spendgo.members\[0\].points"),
        ({"members": [{"id": "1", "phone": "5555550100", "status": "x"}]}, r"spendgo.members\[0\].status"),
        ({"members": [{"id": "1", "phone": "5555550100", "swp": {"balance": -1}}]}, r"spendgo.members\[0\].swp"),
        ({"members": [{"id": "1", "phone": "5555550100", "rewards": [{"id": "2"}]}]}, r"rewards\[0\].label"),
        (
            {"members": [{"id": "1", "phone": "5555550100", "rewards": [{"id": "2", "label": "x", "offer": "?"}]}]},
            r"rewards\[0\].offer",
        ),
        ({"members": [{"id": n, "phone": "5555550100"} for n in "12"]}, "the same phone"),
    ],
)
def test_a_bad_file_is_told_where_it_is_wrong_and_never_its_secret(change, where) -> None:
    world = printed()
    world["spendgo"] |= change
    with pytest.raises(TenantsError, match=where) as wrong:
        served(world)
    assert "S3CRET" not in str(wrong.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"spendgo":1}', b'{"other":{}}', b"\xff"])
def test_a_file_that_is_no_tenants_file_is_refused(body) -> None:
    with pytest.raises(TenantsError):
        tenants_from_json(body)


def test_two_tenants_cannot_share_an_api_key() -> None:
    world = printed()
    with pytest.raises(TenantsError, match="another tenant"):
        served({**world, "copy": {**world["spendgo"], "provider": "spendgo"}})


def test_the_date_is_the_models_own_clock(client) -> None:
    model = SpendgoModel(clock=lambda: datetime(2020, 12, 31, 23, 59, 59, tzinfo=UTC))
    answer = model.handle(client.signed("GET", "/loyalty/accounts/494979/balance", b""))
    assert answer.headers["Date"] == "Thu, 31 Dec 2020 23:59:59 GMT"


def test_the_same_calls_give_the_same_bytes(connect) -> None:
    stages = ("checkout", "placed", "billed", "completed")
    runs = [[client.through(stage).raw for stage in stages] for client in (connect(), connect())]
    assert runs[0] == runs[1]
