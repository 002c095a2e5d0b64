"""Any bytes at all get an answer of the documented shape, never an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.http import MAX_BODY, Request

RICH = "4f5b82c0-07c8-11e6-8d84-624132d14633"
SECRET = "sandbox-sessionm-secret"
TEXT = st.text(st.characters(codec=None))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
POSTS = (
    "/users",
    f"/users/{RICH}/offers/1/orders",
    f"/users/{RICH}/offers/2/challenges/skills_test_questions/501",
    f"/users/{RICH}/points",
    "/orders/111112",
)
HOSTILE = {
    "deep": b"[" * 500_000,
    "deep but closed": b'{"order":' + b"[" * 65 + b"]" * 65 + b"}",
    "bad utf-8": b'{"order":"\xff\xfe"}',
    "huge exponent": b'{"order":{"quantity":1e999999}}',
    "zero with a huge exponent": b'{"points":0e999999999999}',
    "NaN": b'{"points":NaN}',
    "huge integer": b'{"points":' + b"9" * 100_000 + b"}",
    "many digits": b'{"points":' + b"9" * 40 + b"}",
    "unfinished string": b'"' + b"a" * 500_000,
    "too large": b" " * (MAX_BODY + 1),
    "a number": b"1",
    "an array": b"[]",
    "null": b"null",
    "half a body": b'{"order":{"status"',
}


def documented(client, codes, request: Request) -> int:
    answer = client.model.handle(request)
    body = json.loads(answer.body)
    assert answer.status in (200, 401, 404)
    if body.get("status") != "ok":
        assert body.keys() == {"status", "errors"}
        assert body["status"] == "error"
        assert {"code", "message"} <= body["errors"].keys() <= {"code", "message", "user"}
        assert body["errors"]["code"] in codes
    assert SECRET not in answer.body.decode()
    return answer.status


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", POSTS)
def test_a_hostile_body_is_refused(client, codes, name, path) -> None:
    client.placed()
    client.question()
    rows = client.model.rows()
    for method in ("POST", "PUT"):
        documented(client, codes, client.request(method, path, HOSTILE[name]))
    assert client.call("POST", path, HOSTILE[name]).body["status"] == "error"
    assert client.model.rows() == rows


@settings(max_examples=60, deadline=None)
@given(
    method=TEXT,
    target=TEXT | st.just("/priv/v1/apps/sandbox-sessionm-key/offers"),
    headers=st.dictionaries(st.sampled_from(["Authorization"]) | st.text(), st.just("Basic Og==") | TEXT),
    body=st.binary(),
)
def test_any_call_is_answered(connect, codes, method, target, headers, body) -> None:
    documented(connect(), codes, Request(method=method, target=target, headers=headers, body=body))


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]) | TEXT,
    path=st.sampled_from(["", "/users/", f"/users/{RICH}/", "/orders/", "/external/users/", "/external/orders/"]),
    rest=TEXT,
    body=st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_any_path_behind_the_key_is_answered(connect, codes, method, path, rest, body) -> None:
    client = connect()
    documented(client, codes, client.request(method, path + rest, body))
    assert client.model.unbalanced() == ()


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(POSTS), body=JSON)
def test_any_json_is_answered(connect, codes, path, body) -> None:
    client = connect()
    client.placed()
    client.question()
    for wrapped in (body, {"order": body}, {"user": body}, {"challenge": {"skills_test_question": body}}):
        documented(client, codes, client.request("POST", path, json.dumps(wrapped).encode()))
    assert client.model.unbalanced() == ()


@settings(max_examples=200, deadline=None)
@given(
    field=st.sampled_from(["quantity", "email", "ip", "shipping_address", "challenge", "status", "external_id"]),
    value=JSON | st.sampled_from([1e9, 1, 10**6, {"id": 900001}, {"street1": "a", "city": "b", "country": "c"}]),
    offer=st.sampled_from([1, 2]),
)
def test_any_value_in_any_field_of_an_order_is_answered(connect, codes, field, value, offer) -> None:
    client = connect()
    client.passed()
    body = json.dumps({"order": {field: value}}).encode()
    documented(client, codes, client.request("POST", f"/users/{RICH}/offers/{offer}/orders", body))
    assert client.model.unbalanced() == ()


@settings(max_examples=150, deadline=None)
@given(
    where=st.sampled_from(["orders", "points/transactions"]),
    name=st.sampled_from(
        ["limit", "page", "between", "before", "after", "start_date", "end_date", "cursor", "locale", "x"]
    ),
    value=TEXT | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?(,[0-9-]{10})?"),
)
def test_any_query_is_answered(connect, codes, where, name, value) -> None:
    client = connect()
    client.placed()
    documented(client, codes, client.request("GET", f"/users/{RICH}/{where}?{name}={value}"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("GET", "/"), ("GET", "/orders"), ("GET", "/orders/111112"), ("DELETE", "/orders/111112"),
        ("GET", "/users"), ("PUT", "/users"), ("POST", "/users/x"), ("DELETE", f"/users/{RICH}"), ("POST", "/offers"),
        ("GET", f"/users/{RICH}/offers/1/orders"), ("PUT", f"/users/{RICH}/offers/1/orders"),
        ("GET", f"/users/{RICH}/orders/"), ("GET", f"/users/{RICH}/points"), ("GET", f"//users/{RICH}"),
        ("POST", f"/users/{RICH}/orders"), ("HEAD", "/offers"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_404(client, codes, method, path) -> None:
    assert documented(client, codes, client.request(method, path, b"")) == 404


def test_a_target_beyond_all_bounds_is_an_argument_error(client, codes) -> None:
    request = client.request("GET", "/offers?locale=" + "x" * 9000)
    assert client.read(client.model.handle(request)).refusal == (200, "argument_error")
