"""Signatures: the sheet's vectors, and the four ways to be refused."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from stampcard_adapters.sandbox.http import Request
from stampcard_adapters.sandbox.spendgo import Key, SpendgoModel, Switches, default_tenants, sign

VECTORS = sorted(path for path in Path(__file__).with_name("vectors").iterdir() if path.is_dir())
OTHER = "TE9CcW5uK01QbXY0V21CbjBMSWcrd3JRUGVtREJUbENxUXhENXo3SGI0az0="


def asked(folder: Path) -> tuple[str, str, bytes]:
    head, _, body = (folder / "request").read_bytes().partition(b"\n\n")
    method, _, target = head.decode().partition(" ")
    return method, target, body


def sent(folder: Path, signature: str) -> int:
    [tenant] = default_tenants()
    key = Key(api_key="k", secret=(folder / "key").read_text())
    method, target, body = asked(folder)
    headers = {"X-Class-Key": "k", "X-Class-Signature": signature}
    model = SpendgoModel([attrs.evolve(tenant, keys=(key,))])
    answer = model.handle(Request(method=method, target=target, headers=headers, body=body))
    return json.loads(answer.body).get("code", answer.status)


@pytest.mark.parametrize("folder", VECTORS, ids=lambda folder: folder.name)
def test_every_step_of_a_vector_leads_to_the_next(folder: Path) -> None:
    _, target, body = asked(folder)
    assert target.encode() + body == (folder / "string_to_sign").read_bytes()
    assert sign((folder / "key").read_text(), target, body) == (folder / "signature").read_text()


@pytest.mark.parametrize("folder", VECTORS, ids=lambda folder: folder.name)
def test_a_vector_is_let_in(folder: Path) -> None:
    assert sent(folder, (folder / "signature").read_text()) == 200


@pytest.mark.parametrize("folder", [f for f in VECTORS if (f / "refused").exists()], ids=lambda folder: folder.name)
def test_a_query_left_out_or_a_key_read_as_a_string_is_refused(folder: Path) -> None:
    assert sent(folder, (folder / "refused").read_text()) == 1004


@pytest.mark.parametrize(("dropped", "code"), [("X-Class-Signature", 1001), ("X-Class-Key", 1002)])
def test_a_missing_header_is_named(client, dropped: str, code: int) -> None:
    request = client.signed("GET", "/loyalty/accounts/494979/balance", b"")
    headers = {name: value for name, value in request.headers.items() if name.lower() != dropped.lower()}
    answer = client.read(client.model.handle(attrs.evolve(request, headers=headers)))
    assert (answer.status, answer.code) == (401, code)
    assert dropped in answer.body["details"]


def test_an_unknown_key_is_1003_and_a_wrong_signature_1004(client) -> None:
    client.api_key = "nobody"
    assert client.call("GET", "/loyalty/accounts/494979/balance").code == 1003
    client.api_key, client.secret = "sandbox-spendgo-key", OTHER
    assert client.call("GET", "/loyalty/accounts/494979/balance").code == 1004


def test_the_body_is_signed_as_sent_and_minified_only_when_asked_for(connect) -> None:
    pretty, minified = b'{ "customer": {\n "phone": "5555550100" } }', b'{"customer":{"phone":"5555550100"}}'
    for accept, code in ((False, 1004), (True, 200)):
        client = connect(switches=Switches(accept_minified=accept))
        signed = client.signed("POST", "/loyalty/accounts", minified)
        answer = client.read(client.model.handle(attrs.evolve(signed, body=pretty)))
        assert answer.body.get("code", answer.status) == code


def test_two_secrets_are_live_while_they_are_rotated(client) -> None:
    old = Key(api_key="sandbox-spendgo-key", secret=client.secret)
    new = Key(api_key="sandbox-spendgo-key", secret=OTHER)
    renamed = Key(api_key="next-key", secret=OTHER)
    target = "/loyalty/accounts/494979/balance"
    client.model.set_keys(old, new, renamed)
    assert client.call("GET", target).status == 200
    client.secret = OTHER
    assert client.call("GET", target).status == 200
    client.api_key = "next-key"
    assert client.call("GET", target).status == 200
    client.model.set_keys(new)
    assert client.call("GET", target).code == 1003
    client.api_key, client.secret = old.api_key, old.secret
    assert client.call("GET", target).code == 1004


@pytest.mark.parametrize("secret", ["", "not base64!", "Afq3p8iYTgWTxUw1d8cx6q7wmQl20REw48yT6Mk3kw9=", "ü"])
def test_a_secret_that_is_not_canonical_base64_is_no_key(secret: str) -> None:
    with pytest.raises(ValueError, match="secret") as refused:
        Key(api_key="k", secret=secret)
    assert not secret or secret not in str(refused.value)


def test_a_key_never_shows_its_secret() -> None:
    assert "c2FuZGJveC1" not in repr(default_tenants()) + repr(Key(api_key="k", secret=OTHER))
