"""Any bytes at all get an answer of the documented shape, never an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.http import MAX_BODY, Request

SECRET = "c2FuZGJveC1zZWNyZXQtMDAwMS1hc2NpaS1vbmx5"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "id", "source", "transaction", "status", "type", "rendition", "currency", "placed", "wanted", "vendor", "brand",
    "subtotal", "tax", "tip", "delivery", "discount", "total", "address", "payments", "basket",
)  # fmt: skip
HOSTILE = {
    "deep": b"[" * 500_000,
    "deep objects": b'{"a":' * 100_000,
    "deep but closed": b'{"customer":' + b"[" * 65 + b"]" * 65 + b"}",
    "bad utf-8": b'{"customer":"\xff\xfe"}',
    "huge exponent": b'{"subtotal":1e999999}',
    "tiny exponent": b'{"subtotal":1e-999999}',
    "zero with a huge exponent": b'{"subtotal":0e999999999999}',
    "NaN": b'{"subtotal":NaN}',
    "infinity": b'{"subtotal":-Infinity}',
    "huge integer": b'{"subtotal":' + b"9" * 100_000 + b"}",
    "lone surrogate": b'{"id":"\\ud800","status":"checkout"}',
    "nul": b'{"id":"\\u0000"}',
    "unfinished string": b'"' + b"a" * 500_000,
    "unfinished escapes": b'"' + b"\\" * 500_001,
    "too large": b" " * (MAX_BODY + 1),
    "a megabyte": b'{"customer":"' + b"a" * (MAX_BODY - 15) + b'"}',
    "empty": b"",
    "a number": b"1",
    "an array": b"[]",
}


def documented(client, request: Request) -> int:
    answer = client.model.handle(request)
    assert answer.status in (200, 201, 202, 400, 401, 404, 405, 409)
    body = json.loads(answer.body)
    if answer.status >= 400:
        assert {"code", "details"} <= body.keys() <= {"id", "code", "status", "message", "details"}
    assert SECRET not in answer.body.decode()
    return answer.status


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("target", ["/loyalty/accounts", "/loyalty/accounts/guest/orders"])
def test_a_hostile_body_is_refused(client, name: str, target: str) -> None:
    assert documented(client, client.signed("POST", target, HOSTILE[name])) == 400


@settings(max_examples=60, deadline=None)
@given(
    method=st.text(),
    target=st.text(st.characters(codec=None)) | st.just("/loyalty/accounts"),
    headers=st.dictionaries(
        st.sampled_from(["X-Class-Key", "X-Class-Signature"]) | st.text(),
        st.just("sandbox-spendgo-key") | st.text(st.characters(codec=None)),
    ),
    body=st.binary(),
)
def test_any_call_is_answered(connect, method, target, headers, body) -> None:
    documented(connect(), Request(method=method, target=target, headers=headers, body=body))


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_signed_body_is_answered(connect, body) -> None:
    client = connect()
    for target in ("/loyalty/accounts", "/loyalty/accounts/494979/orders"):
        documented(client, client.signed("POST", target, body))


@settings(max_examples=150, deadline=None)
@given(field=st.sampled_from(FIELDS), value=JSON, stage=st.sampled_from(["checkout", "placed", "voided"]))
def test_any_value_in_any_field_is_answered(connect, field, value, stage) -> None:
    client = connect()
    client.through("checkout")
    body = client.body(stage, reward="2234402", discount=5) | {field: value}
    documented(client, client.signed("POST", "/loyalty/accounts/494979/orders", json.dumps(body).encode()))
    assert client.model.unbalanced() == ()


@settings(max_examples=150, deadline=None)
@given(
    where=st.sampled_from(["posEntries", "rewards", "posItem", "cost", "label", "modifiers", "discount", "quantity"]),
    value=JSON | st.sampled_from([1e9, -1e9, 1e-20, 999999999]),
)
def test_any_value_in_a_basket_is_answered(connect, where, value) -> None:
    client = connect()
    body = client.body("checkout", reward="2234402", discount=5)
    basket = body["basket"]
    entry, reward = basket["posEntries"][0], basket["rewards"][0]
    for place in (basket, entry, entry["posItem"], reward):
        if where in place or (where == "modifiers" and place is entry["posItem"]):
            place[where] = value
    documented(client, client.signed("POST", "/loyalty/accounts/494979/orders", json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404), ("GET", "", 404), ("GET", "loyalty/accounts", 404), ("GET", "/loyalty", 404),
        ("GET", "/loyalty/accounts/", 404), ("POST", "/loyalty/accounts/1/", 404), ("GET", "*", 404),
        ("GET", "/loyalty/accounts", 405), ("PUT", "/loyalty/accounts/1/orders", 405),
        ("POST", "/loyalty/accounts/1/balance", 405), ("DELETE", "/loyalty/accounts/1/rewards", 405),
    ],
)  # fmt: skip
def test_an_unknown_path_is_404_and_a_wrong_method_405(client, method, target, status) -> None:
    assert documented(client, client.signed(method, target, b"")) == status
