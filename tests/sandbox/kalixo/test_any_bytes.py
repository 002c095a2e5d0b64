"""Any bytes at all get an answer of the documented shape, never an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.http import MAX_BODY, Request
from stampcard_adapters.sandbox.kalixo import CORRELATION

KEY, PASSWORD = "kal_test_sandbox-kalixo-key", "sandbox-kalixo-password"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NUMBERS = st.sampled_from([1e9, -1e9, 1e-20, 10**30, -1, 0, 9001, 9002])
HOSTILE = {
    "deep": b"[" * 500_000,
    "deep but closed": b'{"orderProducts":' + b"[" * 65 + b"]" * 65 + b"}",
    "bad utf-8": b'{"currency":"\xff\xfe"}',
    "huge exponent": b'{"price":1e999999}',
    "zero with a huge exponent": b'{"price":0e999999999999}',
    "NaN": b'{"price":NaN}',
    "infinity": b'{"price":-Infinity}',
    "huge integer": b'{"price":' + b"9" * 100_000 + b"}",
    "unfinished string": b'"' + b"a" * 500_000,
    "too large": b" " * (MAX_BODY + 1),
    "empty": b"",
    "a number": b"1",
    "an array": b"[]",
}
PLACES = ("/v1/orders/place-order", "/v2/orders", "/v1/auth/login")


def bearer(client) -> dict[str, str]:
    if not client.tokens:
        client.login()
    return {"Authorization": f"Bearer {client.tokens['accessToken']}", "x-api-key": KEY}


def documented(client, request: Request) -> int:
    answer = client.model.handle(request)
    assert answer.status in (200, 201, 202, 400, 401, 403, 404, 409, 422, 429)
    body = json.loads(answer.body)
    assert CORRELATION in answer.headers
    if answer.status >= 400:
        assert body.keys() == {"statusCode", "error", "message"}
        assert body["statusCode"] == answer.status
    text = answer.body.decode() + "".join(answer.headers.values())
    assert PASSWORD not in text
    assert KEY not in text
    return answer.status


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("target", PLACES)
def test_a_hostile_body_is_refused(client, name: str, target: str) -> None:
    request = Request(method="POST", target=target, headers=bearer(client), body=HOSTILE[name])
    assert documented(client, request) == 400
    assert client.model.orders() == ()


@pytest.mark.parametrize("target", PLACES[:2])
@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "/../", "\\r\\nX: y"])
def test_an_odd_code_is_only_a_code(client, target: str, text: str) -> None:
    body = json.dumps(client.body_v1("@")).replace("@", text).encode()
    assert documented(client, Request(method="POST", target=target, headers=bearer(client), body=body)) in (201, 202)
    assert len(client.model.codes(client.model.orders()[0])) == 1
    assert client.model.unbalanced() == ()


@settings(max_examples=150, deadline=None)
@given(
    method=st.text() | st.sampled_from(["GET", "POST"]),
    target=st.text(st.characters(codec=None))
    | st.tuples(st.sampled_from(["/v1/", "/v2/", "/v2/orders/", "/v1/orders/retrieve-order?id="]), st.text()).map(
        "".join
    ),
    headers=st.dictionaries(
        st.sampled_from(["x-api-key", "Authorization", CORRELATION]) | st.text(),
        st.just(KEY) | st.text(st.characters(codec=None)) | st.text().map("Bearer {}".format),
    ),
    body=st.binary(),
)
def test_any_call_is_answered(connect, method, target, headers, body) -> None:
    documented(connect(), Request(method=method, target=target, headers=headers, body=body))


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_answered(connect, body) -> None:
    client = connect()
    for target in PLACES:
        documented(client, Request(method="POST", target=target, headers=bearer(client), body=body))
    assert client.model.unbalanced() == ()


@settings(max_examples=200, deadline=None)
@given(
    target=st.sampled_from(PLACES[:2]),
    field=st.sampled_from(["externalOrderCode", "price", "currency", "orderProducts"]),
    in_line=st.sampled_from([None, "productId", "productCode", "price", "sku", "currency", "quantity"]),
    value=JSON | NUMBERS,
    lenient=st.booleans(),
)
def test_any_value_in_any_field_is_answered(connect, target, field, in_line, value, lenient) -> None:
    client = connect(lenient=lenient)
    body = client.body_v1("O-1", (1, 1), (9002, 1))
    if in_line is None:
        body[field] = value
    else:
        body["orderProducts"][1][in_line] = value
        if in_line == "productCode":
            del body["orderProducts"][1]["productId"]
    sent = json.dumps(body).encode()
    documented(client, Request(method="POST", target=target, headers=bearer(client), body=sent))
    assert client.model.unbalanced() == ()


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404), ("GET", "", 404), ("GET", "*", 404), ("GET", "v1/catalog", 404), ("GET", "/v3/ping", 404),
        ("GET", "/v1", 404), ("GET", "/v1/", 404), ("GET", "/v1/catalog/", 404), ("POST", "/v1/catalog", 404),
        ("GET", "/v1/auth/login", 404), ("GET", "/v1/orders/place-order", 404), ("GET", "/v2", 404),
        ("POST", "/v1/orders/retrieve-order", 404), ("DELETE", "/v2/orders/1", 404), ("GET", "/v2/orders/", 404),
        ("GET", "/v2/orders", 404), ("PUT", "/v2/orders", 404), ("GET", "/v2/catalog/products/", 404),
        ("GET", "/v2/catalog", 404), ("POST", "/v2/ping", 404), ("GET", "/v2/" + "a" * 9000, 400),
    ],
)  # fmt: skip
def test_an_unknown_path_or_method_is_404(client, method, target, status) -> None:
    assert documented(client, Request(method=method, target=target, headers=bearer(client))) == status
