"""Any bytes at all get an answer of the documented shape, never an exception, and no credential in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.http import MAX_BODY, Request

KEY = "sandbox-kigo-key"
ORDER = "/api/v1/products/sandbox-product-coffee/claim-codes"
POSTS = (
    "/api/v1/auth/sessions", "/api/v1/auth/sessions/accounts", "/api/v1/auth/sessions/accounts/refresh",
    "/api/v1/accounts/sso-sessions", ORDER,
)  # fmt: skip
FIELDS = (
    "api_key", "partner_id", "external_order_id", "product_id", "external_program_id", "brand_identifier",
    "external_user_id", "user_email", "is_single_use", "refresh_token", "session_id",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
HOSTILE = {
    "deep": b"[" * 500_000,
    "deep objects": b'{"a":' * 100_000,
    "deep but closed": b'{"external_order_id":' + b"[" * 65 + b"]" * 65 + b"}",
    "bad utf-8": b'{"external_order_id":"\xff\xfe"}',
    "huge exponent": b'{"external_order_id":1e999999}',
    "NaN": b'{"external_order_id":NaN}',
    "huge integer": b'{"external_order_id":' + b"9" * 100_000 + b"}",
    "unfinished string": b'"' + b"a" * 500_000,
    "unfinished escapes": b'"' + b"\\" * 500_001,
    "too large": b" " * (MAX_BODY + 1),
    "empty": b"",
    "a number": b"1",
    "an array": b"[]",
    "null": b"null",
    "an empty object": b"{}",
}


def documented(client, request: Request) -> int:
    answer = client.model.handle(request)
    assert answer.status in (200, 400, 401, 404, 409)
    body = json.loads(answer.body)
    if answer.status >= 400:
        assert body.keys() == {"error_code", "error_message"}
        assert body["error_code"] in ("validation_error", "unauthorized", "not_found", "already_used")
        assert client.partner_token() not in answer.body.decode()
    assert KEY not in answer.body.decode()
    return answer.status


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("target", POSTS)
def test_a_hostile_body_is_refused(client, name: str, target: str) -> None:
    request = client.request("POST", target, HOSTILE[name], token=client.partner_token())
    assert documented(client, request) == 400
    assert documented(client, client.request("PATCH", "/sso/sessions/api/accounts", HOSTILE[name])) == 400


@settings(max_examples=100, deadline=None)
@given(
    method=st.text(),
    target=st.text(st.characters(codec=None)) | st.sampled_from(POSTS),
    headers=st.dictionaries(
        st.sampled_from(["Authorization", "Content-Type"]) | st.text(),
        st.sampled_from([KEY, f"Bearer {KEY}", "application/json"]) | st.text(st.characters(codec=None)),
    ),
    body=st.binary(),
)
def test_any_call_is_answered(connect, method, target, headers, body) -> None:
    documented(connect(), Request(method=method, target=target, headers=headers, body=body))


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_of_a_partner_is_answered(connect, body) -> None:
    client = connect()
    for target in POSTS:
        documented(client, client.request("POST", target, body, token=client.partner_token()))
    assert client.model.unbalanced() == ()


@settings(max_examples=200, deadline=None)
@given(values=st.dictionaries(st.sampled_from(FIELDS), JSON | st.just("x")), target=st.sampled_from(POSTS))
def test_any_value_in_any_field_is_answered(connect, values, target) -> None:
    client = connect()
    known = {"api_key": KEY, "partner_id": client.partner_id, "external_order_id": "o", "external_user_id": "u"}
    documented(client, client.request("POST", target, known | values, token=client.partner_token()))
    assert client.model.unbalanced() == ()


@settings(max_examples=100, deadline=None)
@given(segment=st.text(st.characters(codec=None), max_size=20))
def test_any_text_in_a_path_is_answered(connect, segment) -> None:
    client = connect()
    body = {"external_order_id": "o"}
    path = f"/api/v1/products/{segment}/claim-codes"
    assert documented(client, client.request("POST", path, body, token=client.partner_token())) in (400, 404)
    for method, what in (("GET", "tokens"), ("POST", "claims")):
        request = client.request(method, f"/api/v1/claim-codes/{segment}/{what}", token=client.user_token())
        assert documented(client, request) == 404


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"), ("GET", ""), ("GET", "*"), ("POST", "api/v1/auth/sessions"), ("GET", "/api/v1/auth/sessions"),
        ("POST", "/api/v1/auth/sessions/"), ("POST", "/api/v1/auth/sessions/email"), ("DELETE", ORDER),
        ("GET", ORDER), ("POST", f"{ORDER}/"), ("POST", "/api/v1/products//claim-codes"), ("PUT", ORDER),
        ("POST", "/sso/sessions/api/accounts"), ("POST", "/api/v1/claim-codes/X/tokens"), ("POST", "/api/v1/products"),
        ("GET", "/api/v1/claim-codes/X/claims"), ("POST", "http://x/api/v1/auth/sessions"),
    ],
)  # fmt: skip
def test_an_unknown_path_or_method_is_404(client, method, target) -> None:
    assert documented(client, client.request(method, target, {}, token=client.partner_token())) == 404


def test_a_target_beyond_measure_is_refused(client) -> None:
    assert documented(client, client.request("GET", "/" + "a" * 9000)) == 400


def test_a_query_changes_nothing(client) -> None:
    request = client.request("POST", f"{ORDER}?a=b&c", {"external_order_id": "o"}, token=client.partner_token())
    assert documented(client, request) == 200
