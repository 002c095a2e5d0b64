"""Any bytes at all get an answer of the documented shape, never an exception, and no secret back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.http import MAX_BODY, Request
from stampcard_adapters.sandbox.kibo.errors import CODES

SECRETS = ("sandbox-secret", "c2FuZGJveC1rZXk6", "sandbox-key", "4111111111111111", '"123"', "pm-tok-4711")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
POSTS = (
    "createOrder/authorize",
    "createOrder/",
    "order/action/cancel",
    "order/action/assign",
    "orderItem/action/cancel/",
    "shipment/action/fulfill",
    "return/",
    "return/action/process/",
)
HOSTILE = {
    "deep": b"[" * 500_000,
    "deep objects": b'{"a":' * 100_000,
    "deep but closed": b'{"customer":' + b"[" * 65 + b"]" * 65 + b"}",
    "bad utf-8": b'{"externalCartID":"\xff\xfe"}',
    "huge exponent": b'{"amount":1e999999}',
    "zero with a huge exponent": b'{"orderID":0e999999999999}',
    "NaN": b'{"amount":NaN}',
    "huge integer": b'{"orderID":' + b"9" * 100_000 + b"}",
    "many digits": b'{"orderID":' + b"9" * 30 + b',"manufacturerID":1.' + b"1" * 30 + b"}",
    "lone surrogate": b'{"externalOrderID":"\\ud800","externalCartID":"\\udfff"}',
    "nul": b'{"externalCartID":"\\u0000"}',
    "unfinished string": b'"' + b"a" * 500_000,
    "too large": b" " * (MAX_BODY + 1),
    "a megabyte": b'{"externalCartID":"' + b"a" * (MAX_BODY - 21) + b'"}',
    "empty": b"",
    "a number": b"1",
    "an array": b"[]",
}
BODIES = {
    "order/action/cancel": {"orderID": 7000001, "dispositionReason": "other", "dispositionOtherReason": "x"},
    "order/action/assign": {
        "orderID": 7000001,
        "packageAssignment": [{"itemAssign": [{"orderItemID": 9000001, "quantity": 1}]}],
    },
    "orderItem/action/cancel/": {"orderItemID": 9000001, "dispositionReason": "other", "rectifyOrder": True},
    "shipment/action/fulfill": {"shipmentID": 4000001, "trackingInformation": [{"trackingNumber": "1"}]},
    "return/": {"item": [{"orderItemID": 9000001, "quantity": 1, "returnSubtotal": 1, "status": "PENDING"}]},
    "return/action/process/": {
        "returnID": 3000001,
        "acceptedItemQuantity": [{"orderItemID": 9000001, "quantityAccepted": 1}],
        "returnReductionOverride": 0,
    },
}


def documented(client, method: str, target: str, body: bytes, headers: dict[str, str]) -> int:
    answer = client.model.handle(Request(method=method, target=target, headers=headers, body=body))
    parsed = json.loads(answer.body)
    if "error" in parsed:
        assert (answer.status, parsed.keys()) in (
            (400, {"error", "error_description"}),
            (401, {"error", "error_description"}),
        )
    elif answer.status != 200:
        name, status = CODES[parsed["code"]]
        assert parsed["name"] == name
        assert answer.status in (status, 401 if parsed["code"] == 5004 else status)
        assert {"code", "name", "message"} <= parsed.keys() <= {"code", "name", "message", "field", "orderID"}
    assert not [secret for secret in SECRETS if secret in answer.body.decode()]
    return answer.status


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("target", POSTS)
def test_a_hostile_body_is_refused(client, name, target) -> None:
    assert documented(client, "POST", f"/api/v2/{target}", HOSTILE[name], client.headers()) == 400


@settings(max_examples=100, deadline=None)
@given(
    method=st.text() | st.sampled_from(["GET", "POST"]),
    target=st.text(st.characters(codec=None))
    | st.builds(
        "{}{}".format,
        st.sampled_from(["/oauthserver/oauth2/token", "/api/v2/order?", *(f"/api/v2/{post}" for post in POSTS)]),
        st.text(st.characters(codec=None)),
    ),
    headers=st.dictionaries(
        st.sampled_from(["Authorization", "API-Key", "Content-Type"]) | st.text(),
        st.sampled_from(["Basic c2FuZGJveC1rZXk6", "sandbox-key", "Bearer sandbox-token-1"])
        | st.text(st.characters(codec=None)),
    ),
    body=st.binary(),
)
def test_any_call_is_answered(connect, method, target, headers, body) -> None:
    documented(connect(), method, target, body, headers)


@settings(max_examples=100, deadline=None)
@given(target=st.sampled_from(POSTS), body=st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_with_a_good_token_is_answered(connect, target, body) -> None:
    client = connect()
    documented(client, "POST", f"/api/v2/{target}", body, client.headers())


@settings(max_examples=100, deadline=None)
@given(query=st.text(st.characters(codec=None)) | st.builds("orderID={}&page={}".format, st.text(), st.text()))
def test_any_query_is_answered(connect, query) -> None:
    client = connect()
    documented(client, "GET", f"/api/v2/order/?{query}", b"", client.headers())


VALUE = JSON | st.sampled_from([10**9, 10**15, 1e-20, 0, -1, "€" * 60, "10-2019", True])


@settings(max_examples=200, deadline=None)
@given(data=st.data(), value=VALUE, lenient=st.booleans())
def test_any_value_in_any_field_is_answered(connect, data, value, lenient) -> None:
    client = connect(lenient=lenient)
    token = client.authorize().body["authToken"]
    client.create("before", token)
    client.model.ship("before")
    target = data.draw(st.sampled_from(POSTS))
    if target == "createOrder/authorize":
        body = client.sample()
    else:
        fresh = client.authorize(externalCartID="fresh").body["authToken"]
        body = json.loads(json.dumps(BODIES.get(target) or client.order("now", fresh)))
    place, key = data.draw(st.sampled_from(list(spots(body))))
    place[key] = value
    documented(client, "POST", f"/api/v2/{target}", json.dumps(body).encode(), client.headers())
    assert client.model.unbalanced() == ()


def spots(value):
    """Every place of a body where a value can be put."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield value, key
        yield from spots(inner)


def test_no_error_repeats_a_card_a_code_or_a_token(client) -> None:
    for field, value in (("cardNumber", "4539578763621486"), ("cardSecurityCode", "98765"), ("cardExpiration", "x123")):
        answer = client.authorize(**{f"paymentMethod__{field}": value})
        assert answer.status == 400
        assert value.encode() not in answer.raw
    refused = client.create("o-1", "2-3-secret")
    assert b"2-3-secret" not in refused.raw


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/", 404, 5002), ("GET", "", 404, 5002), ("GET", "api/v2/order", 404, 5002), ("GET", "*", 404, 5002),
        ("GET", "/api/v2", 404, 5002), ("GET", "/api/v2/", 404, 5002), ("POST", "/api/v2/order/1/x", 404, 5002),
        ("GET", "/api/v2//order", 404, 5002), ("POST", "/api/v2/payment/", 404, 5002),
        ("GET", "/api/v2/schema/createOrder/authorize.json", 404, 5002), ("POST", "/oauthserver/token", 404, 5002),
        ("GET", "/api/v2/createOrder/", 405, 5005), ("PUT", "/api/v2/createOrder/authorize", 405, 5005),
        ("POST", "/api/v2/order/1", 405, 5005), ("DELETE", "/api/v2/order/1", 405, 5005),
        ("POST", "/api/v2/shipment", 405, 5005), ("GET", "/api/v2/action/order/cancel", 405, 5005),
        ("HEAD", "/oauthserver/oauth2/token", 405, 5005), ("GET", "/api/v2/return/", 405, 5005),
    ],
)  # fmt: skip
def test_an_unknown_path_is_404_and_a_wrong_method_405(client, method, target, status, code) -> None:
    assert documented(client, method, target, b"", client.headers()) == status
    assert client.send(method, target, b"", client.headers()).code == code
