"""Placing an order, and its idempotency: sheet, section 3."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from stampcard_adapters.sandbox.kigo import KigoModel, Product, Switches, Tenant

COFFEE = "sandbox-product-coffee"
SOLD_OUT = "sandbox-product-sold-out"


def test_an_order_is_a_claim_code_and_a_deeplink(client) -> None:
    answer = client.order("ord-1")
    code = answer.body["claim_code"]
    assert answer.status == 200
    assert answer.body == {
        "claim_code": code,
        "deeplink_url": f"https://partner-hub.kigo.io?claim-code={code}",
        "external_order_id": "ord-1",
        "product_id": COFFEE,
    }
    assert code.isalnum()
    assert (client.model.stock(COFFEE), client.model.issued(COFFEE), client.model.claimed(COFFEE)) == (999_999, 1, 0)
    assert client.model.states("ord-1") == ("ordered",)
    assert client.model.deeplink("ord-1") == answer.body["deeplink_url"]


def test_the_same_id_gets_the_same_order_for_ever(client, clock) -> None:
    first = client.order("ord-1")
    for days in (0, 1, 400, 4000):
        clock.forward(days=days)
        client.token = None
        assert client.order("ord-1").raw == first.raw
    assert client.model.issued(COFFEE) == 1
    assert client.model.orders() == ("ord-1",)


@pytest.mark.parametrize("other", [SOLD_OUT, "unknown", "tea"])
def test_the_same_id_with_another_product_gets_the_original_order(client, other) -> None:
    client.model.set_stock("tea", 3)
    first = client.order("ord-1")
    assert client.order("ord-1", product=other).raw == first.raw
    assert client.model.product_of("ord-1") == COFFEE
    assert client.model.stock("tea") == 3


def test_duplicates_at_the_same_time_get_one_claim_code(crowded) -> None:
    crowded.partner_token()
    ids = [f"ord-{number % 5}" for number in range(200)]
    with ThreadPoolExecutor(16) as tills:
        answers = list(tills.map(lambda order: crowded.order(order).body, ids))
    assert len({(answer["external_order_id"], answer["claim_code"]) for answer in answers}) == 5
    assert crowded.model.issued(COFFEE) == 5
    assert crowded.model.unbalanced() == ()


def test_the_last_one_in_stock_is_sold_once_however_many_want_it(crowded) -> None:
    crowded.model.set_stock(COFFEE, 1)
    crowded.partner_token()
    with ThreadPoolExecutor(16) as tills:
        statuses = list(tills.map(lambda number: crowded.order(f"ord-{number}").status, range(32)))
    assert sorted(statuses) == [200] + [404] * 31
    assert crowded.model.stock(COFFEE) == 0
    assert crowded.model.unbalanced() == ()


def test_another_id_is_another_order_even_for_the_same_product(client) -> None:
    codes = {client.order(f"ord-{number}").body["claim_code"] for number in range(200)}
    assert len(codes) == 200
    assert client.model.issued(COFFEE) == 200


def test_the_same_id_under_another_partner_is_another_order(client, second) -> None:
    mine, theirs = client.order("ord-1"), second.order("ord-1")
    assert mine.body["claim_code"] != theirs.body["claim_code"]
    assert client.model.stock(COFFEE, tenant="other") == 4
    assert client.model.orders(tenant="kigo") == client.model.orders(tenant="other") == ("ord-1",)
    assert client.order("ord-1").raw == mine.raw
    assert second.order("ord-1").raw == theirs.raw


def test_a_product_that_is_unknown_or_another_partners_is_404(client, second) -> None:
    assert client.order(product="unknown").refusal == (404, "not_found")
    assert client.order(product="tea").refusal == (404, "not_found")
    assert second.order(product="tea").status == 200


def test_a_sold_out_product_is_refused_and_the_refusal_is_not_remembered(client) -> None:
    assert client.order(product=SOLD_OUT).refusal == (404, "not_found")
    assert client.model.orders() == ()
    client.model.set_stock(SOLD_OUT, 1)
    assert client.order(product=SOLD_OUT).status == 200
    assert client.order("ord-2", product=SOLD_OUT).status == 404


@pytest.mark.parametrize("order", [None, "", 5, 1.5, True, [], {}])
def test_an_order_needs_an_id_that_is_text(client, order) -> None:
    assert client.order(order).refusal == (400, "validation_error")
    assert client.post(f"/api/v1/products/{COFFEE}/claim-codes", {}).refusal == (400, "validation_error")
    assert client.model.issued(COFFEE) == 0


@pytest.mark.parametrize("order", ["0", " ", "Ord-1", "☃ \u0000", "a/b?c=d&e", "x" * 5000, "\ud800"])
def test_any_text_is_an_id_and_is_told_apart_exactly(client, order) -> None:
    first = client.order("ord-1").body["claim_code"]
    answer = client.order(order)
    assert answer.body["external_order_id"] == order
    assert answer.body["claim_code"] != first
    assert client.order(order).raw == answer.raw


def test_the_body_may_repeat_the_product_and_unknown_fields_are_ignored(client) -> None:
    assert client.order(product_id=COFFEE, quantity=3, amount="1.00", user={"id": 1}).status == 200
    assert client.model.issued(COFFEE) == 1


def test_path_and_body_may_not_contradict_each_other(client, connect) -> None:
    assert client.order(product_id="tea").refusal == (400, "validation_error")
    assert connect(lenient=True).order(product_id="tea").body["product_id"] == COFFEE


def test_a_product_id_is_any_opaque_text(client) -> None:
    client.model.set_stock("a/b ☃", 1)
    assert client.order(product="a%2Fb%20%E2%98%83").body["product_id"] == "a/b ☃"


@pytest.mark.parametrize(
    ("wallet", "query"),
    [("https://top.example/sso/p", {}), ("https://w.example?lang=en", {"lang": ["en"]}), ("https://w.example/", {})],
)
def test_the_deeplink_is_the_partners_own_wallet_with_a_kebab_case_parameter(connect, wallet, query) -> None:
    tenant = Tenant(name="kigo", api_key="k", partner_id="p", products=(Product(product_id="x"),), wallet=wallet)
    client = connect(KigoModel([tenant]))
    client.api_key, client.partner_id = "k", "p"
    answer = client.order(product="x").body
    assert answer["deeplink_url"].startswith(wallet)
    assert parse_qs(urlsplit(answer["deeplink_url"]).query) == query | {"claim-code": [answer["claim_code"]]}


def test_a_provider_that_breaks_its_promise_answers_with_another_code_from_now_on(client) -> None:
    first = client.order("ord-1").body
    other = client.model.another_code("ord-1")
    assert other != first["claim_code"]
    again = client.order("ord-1").body
    assert again == first | {"claim_code": other, "deeplink_url": f"https://partner-hub.kigo.io?claim-code={other}"}
    assert client.order("ord-1").body == again
    assert client.model.claim_code("ord-1") == other
    token = client.user_token()
    assert client.claim(first["claim_code"], token).refusal == (404, "not_found")
    assert client.claim(other, token).status == 200
    client.model.another_code("ord-1")  # of a token that is in a wallet: it stays there
    assert client.claim(client.model.claim_code("ord-1"), token).refusal == (409, "already_used")
    assert client.model.issued(COFFEE) == 1
    assert client.model.unbalanced() == ()


@pytest.mark.parametrize("arrange", ["another_code", "expire_code", "claim", "status", "claim_code", "product_of"])
def test_arranging_an_order_nobody_placed_says_so(client, arrange) -> None:
    with pytest.raises(ValueError, match="no order has this id"):
        getattr(client.model, arrange)("ord-9")
    assert client.model.states("ord-9") == ()


def test_a_stock_below_nothing_cannot_be_set(client) -> None:
    with pytest.raises(ValueError, match="below nothing"):
        client.model.set_stock(COFFEE, -1)


# Switches


def test_the_first_time_may_be_201_and_a_replay_is_200(connect) -> None:
    client = connect(switches=Switches(created_status=201))
    assert [client.order().status for _ in range(3)] == [201, 200, 200]


def test_an_answer_without_echo_is_only_the_two_certain_names(connect) -> None:
    client = connect(switches=Switches(echo_order=False))
    assert client.order().body.keys() == {"claim_code", "deeplink_url"}


def test_without_ids_every_order_is_one_of_its_own(connect) -> None:
    client = connect(switches=Switches(order_id_required=False))
    path = f"/api/v1/products/{COFFEE}/claim-codes"
    assert len({client.post(path, {}).body["claim_code"] for _ in range(3)}) == 3
    assert client.order("ord-1").raw == client.order("ord-1").raw
    assert client.model.issued(COFFEE) == 4
    assert client.model.unbalanced() == ()


def test_another_product_may_be_refused(connect) -> None:
    client = connect(switches=Switches(other_product="refused"))
    first = client.order()
    assert client.order(product="tea").refusal == (409, "already_used")
    assert client.order().raw == first.raw


def test_an_id_may_be_forgotten_after_a_while(connect, clock) -> None:
    client = connect(clock=clock, switches=Switches(remembered_for=timedelta(days=1)))
    first = client.order().body
    clock.forward(days=1, seconds=-1)
    client.token = None
    assert client.order().body == first
    clock.forward(seconds=1)
    assert client.order().body["claim_code"] != first["claim_code"]
    assert client.model.issued(COFFEE) == 2
    assert client.model.unbalanced() == ()


def test_a_replay_after_the_claim_gives_the_same_code_or_is_refused(connect) -> None:
    for choice, status in (("same", 200), ("refused", 409)):
        client = connect(switches=Switches(replay_of_claimed=choice))
        first = client.order()
        client.model.claim("ord-1")
        again = client.order()
        assert again.status == status
        assert (again.raw == first.raw) is (choice == "same")


def test_refusals_of_products_can_be_set(connect) -> None:
    client = connect(switches=Switches(unknown_product_status=400, sold_out="sold_out"))
    assert client.order(product="unknown").refusal == (400, "validation_error")
    assert client.order(product=SOLD_OUT).refusal == (409, "sold_out")
    client = connect(switches=Switches(sold_out="validation_error"))
    assert client.order(product=SOLD_OUT).refusal == (400, "validation_error")


@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/partner/{product_id}/orders"])
def test_the_path_of_an_order_can_be_set_and_the_product_come_in_the_body(connect, path) -> None:
    client = connect(switches=Switches(order_path=path))
    assert path.partition("/{")[0] in client.model.prefixes
    target = path.replace("{product_id}", COFFEE)
    assert client.post(target, {"external_order_id": "ord-1", "product_id": COFFEE}).status == 200
    without = client.post(target, {"external_order_id": "ord-2"})
    assert without.status == (200 if "{" in path else 400)
    assert client.order().refusal == (404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"order_path": "api/v1/orders"},
        {"order_path": "/{product_id}"},
        {"order_path": "/x/{order}"},
        {"order_path": "/x/p-{product_id}"},
        {"order_path": "/x/{PRODUCT}"},
        {"order_path": "/x/{product_id}/{product_id}"},
        {"lookup_path": "/x/tokens"},
        {"claim_path": "/x/{product_id}"},
    ],
)
def test_a_path_that_could_not_be_served_is_refused(wrong) -> None:
    with pytest.raises(ValueError):
        Switches(**wrong)


def test_the_same_calls_give_the_same_bytes(connect) -> None:
    runs = [[client.order(f"ord-{n}").raw for n in range(5)] for client in (connect(), connect())]
    assert runs[0] == runs[1]


def test_no_code_shows_in_a_repr(client) -> None:
    code = client.order().body["claim_code"]
    client.model.claim("ord-1")
    said = repr(client.model.rows()) + repr(client.model._partners["kigo"].find("ord-1")) + repr(client.model)
    assert code not in said
    assert "sandbox-kigo-key" not in repr(client.model._partners["kigo"].tenant)
    assert code in json.dumps([row.code for row in client.model.rows()])
