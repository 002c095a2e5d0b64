"""Signing: the vectors step by step, strict keys, two live keys, another scheme, and no secret anywhere."""

from __future__ import annotations

import base64
import doctest
import traceback
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampcard import signing
from stampcard.errors import ConfigurationError
from stampcard.model import Secret
from stampcard.signing import HmacSigner, Key, KeyRing, SignedAuth, Unsigned

VECTORS = sorted(p for p in (Path(__file__).parent / "signing_vectors").iterdir() if p.is_dir())
SIGNER = HmacSigner(key_header="X-Class-Key", signature_header="X-Class-Signature")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
OLD, NEW = Key.raw("old-key", b"an old secret"), Key.raw("new-key", b"a new secret")


def lenient(text: str) -> Key:
    """What a lenient decoder makes of a secret: for the one vector whose key is not canonical."""
    return Key.raw("k", base64.b64decode(text))


def request_of(case: Path) -> httpx.Request:
    head, _, body = (case / "request.txt").read_bytes().partition(b"\n\n")
    method, _, target = head.decode().partition(" ")
    return httpx.Request(method, "https://provider.example" + target, content=body)


@pytest.mark.parametrize("case", VECTORS, ids=lambda p: p.name)
class TestVectors:
    def test_the_bytes_signed_are_the_bytes_on_the_wire(self, case: Path) -> None:
        request = request_of(case)
        assert request.url.raw_path + request.content == (case / "string-to-sign.txt").read_bytes()

    def test_the_signature_is_the_published_one(self, case: Path) -> None:
        ring = KeyRing(current=lenient((case / "key.txt").read_text()))
        sent = next(SignedAuth(SIGNER, lambda: ring).auth_flow(request_of(case)))
        assert sent.headers["X-Class-Signature"] == (case / "signature.txt").read_text()
        assert sent.headers["X-Class-Key"] == "k"

    def test_known_mistakes_sign_differently(self, case: Path) -> None:
        wrong = [p.read_text() for p in case.glob("wrong-*.txt")]
        assert (case / "signature.txt").read_text() not in wrong

    def test_the_secret_is_taken_strictly(self, case: Path) -> None:
        text = (case / "key.txt").read_text()
        if case.name == "9-key-with-spare-bits":
            with pytest.raises(ConfigurationError, match="spare bits"):
                Key.base64("k", text)
        else:
            assert Key.base64("k", Secret(text)) == lenient(text)


def text_client(case: Path) -> bytes:
    """The bytes a client that reads the decoded secret as text signs with."""
    return base64.b64decode((case / "key.txt").read_text()).decode("utf-8", "replace").encode()


@pytest.mark.parametrize("case", [c for c in VECTORS if (c / "wrong-secret-decoded-to-text.txt").exists()])
def test_a_client_that_decodes_the_secret_to_text_is_reproduced_and_differs(case: Path) -> None:
    """So the vectors' wrong answers are wrong for the reason their names say."""
    ring = KeyRing(current=Key.raw("k", text_client(case)))
    sent = next(SignedAuth(SIGNER, lambda: ring).auth_flow(request_of(case)))
    assert sent.headers["X-Class-Signature"] == (case / "wrong-secret-decoded-to-text.txt").read_text()


def test_a_query_left_out_of_the_message_is_reproduced_and_differs() -> None:
    case = next(c for c in VECTORS if c.name == "2-get-rewards")
    signer = HmacSigner(key_header="K", signature_header="S", message=lambda u: u.target.partition(b"?")[0] + u.body)
    ring = KeyRing(current=lenient((case / "key.txt").read_text()))
    sent = next(SignedAuth(signer, lambda: ring).auth_flow(request_of(case)))
    assert sent.headers["S"] == (case / "wrong-query-left-out.txt").read_text()


def test_percent_encoding_is_signed_as_sent() -> None:
    request = httpx.Request("GET", "https://p.example/a%2Fb/rewards?store=%C3%A9%20x")
    seen: list[bytes] = []

    def message(unsigned: Unsigned) -> bytes:
        seen.append(unsigned.target)
        return unsigned.target

    signer = HmacSigner(key_header="K", signature_header="S", message=message)
    next(SignedAuth(signer, lambda: KeyRing(current=NEW)).auth_flow(request))
    assert seen == [b"/a%2Fb/rewards?store=%C3%A9%20x"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("c2Vj cmV0", "alphabet"),
        ("c2VjcmV0\n", "line break"),
        ("c2Vjcm-_", "alphabet"),
        ("c2Vjcm=0", "alphabet"),
        ("c2VjcmV0Cg", "padding"),
        ("c2VjcmV0====", "padding"),
        ("====", "padding"),
        ("c2VjcmV0Ch==", "spare bits"),
        ("c2VjcmV0ée==", "alphabet"),
    ],
)
def test_a_secret_that_is_not_canonical_base64_is_refused_and_not_shown(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        Key.base64("k", text)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.as_dict())
    assert not text.strip() or text.strip() not in shown.replace(__file__, "")
    assert caught.value.__cause__ is None


@given(st.binary(min_size=1, max_size=64))
def test_every_canonical_secret_is_taken_as_its_bytes(secret: bytes) -> None:
    assert Key.base64("k", base64.b64encode(secret).decode()).secret == Secret(secret)


@given(st.text(max_size=20))
def test_no_text_breaks_the_strict_decoder(text: str) -> None:
    try:
        key = Key.base64("k", text)
    except ConfigurationError:
        return
    assert base64.b64encode(key.secret.reveal()).decode() == text


@pytest.mark.parametrize("name", ["", "a b", "a\r\nX-Evil: 1", "clé", "\x00"])
def test_a_key_id_no_header_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="key id"):
        Key.raw(name, b"s")


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        Key.raw("k", b"")


def test_nothing_shows_a_secret() -> None:
    key = Key.base64("a-long-api-key-0001", "dG9wLXNlY3JldA==")
    ring = KeyRing(current=key, other=NEW)
    auth = SignedAuth(SIGNER, lambda: ring)
    shown = f"{key!r} {ring!r} {auth!r} {SIGNER!r} {key} {ring}"
    shown += repr(Unsigned(method="POST", target=b"/x", headers={"Authorization": "top-secret"}, body=b"top-secret"))
    for secret in ("top-secret", "dG9wLXNlY3JldA==", "a-long-api-key-0001", "new-key", "a new secret"):
        assert secret not in shown


def test_a_digest_or_header_name_that_cannot_work_is_refused_at_once() -> None:
    for digest in ("sha-none", "shake_128", ""):
        with pytest.raises(ConfigurationError, match="digest"):
            HmacSigner(key_header="K", signature_header="S", digest=digest)
    with pytest.raises(ConfigurationError, match="header"):
        HmacSigner(key_header="K:", signature_header="S")
    assert HmacSigner(key_header="K", signature_header="S", digest="sha512").digest == "sha512"


class Provider:
    """Accepts the keys it is told to, and remembers who called."""

    def __init__(self, *good: Key, status: int = 200) -> None:
        self.good = {k.id for k in good}
        self.status = status
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.headers["X-Class-Key"])
        expected = SIGNER.sign(
            Unsigned(method=request.method, target=request.url.raw_path, headers={}, body=request.content),
            NEW if request.headers["X-Class-Key"] == NEW.id else OLD,
            NOW,
        )
        assert request.headers.get_list("X-Class-Signature") == [expected["X-Class-Signature"]]
        if self.calls[-1] not in self.good:
            return httpx.Response(401, json={"code": 1004, "details": "Signature is incorrect for request."})
        return httpx.Response(self.status, json={})

    def call(self, auth: httpx.Auth) -> int:
        with httpx.Client(transport=httpx.MockTransport(self)) as client:
            return client.post("https://p.example/orders?x=1", content=b"{}", auth=auth).status_code


class TestTwoKeys:
    def test_the_other_key_is_tried_once_and_stayed_with(self) -> None:
        provider, ring = Provider(OLD), KeyRing(current=NEW, other=OLD)
        auth = SignedAuth(SIGNER, lambda: ring)
        assert [provider.call(auth), provider.call(auth)] == [200, 200]
        assert provider.calls == ["new-key", "old-key", "old-key"]

    def test_it_comes_back_when_the_stayed_with_key_is_withdrawn(self) -> None:
        provider, ring = Provider(OLD), KeyRing(current=NEW, other=OLD)
        auth = SignedAuth(SIGNER, lambda: ring)
        provider.call(auth)
        provider.good = {NEW.id}
        assert [provider.call(auth), provider.call(auth)] == [200, 200]
        assert provider.calls[2:] == ["old-key", "new-key", "new-key"]

    def test_two_refused_keys_are_two_calls_and_the_refusal_is_the_answer(self) -> None:
        provider, ring = Provider(), KeyRing(current=NEW, other=OLD)
        auth = SignedAuth(SIGNER, lambda: ring)
        assert [provider.call(auth), provider.call(auth)] == [401, 401]
        assert provider.calls == ["new-key", "old-key"] * 2

    def test_one_key_is_one_call(self) -> None:
        provider = Provider()
        assert provider.call(SignedAuth(SIGNER, lambda: KeyRing(current=NEW))) == 401
        assert provider.calls == ["new-key"]

    def test_an_answer_that_is_not_about_the_key_is_not_repeated(self) -> None:
        provider = Provider()
        auth = SignedAuth(SIGNER, lambda: KeyRing(current=NEW, other=OLD), wrong_key=lambda _, body: b"1003" in body)
        assert provider.call(auth) == 401
        assert provider.calls == ["new-key"]

    def test_a_gateways_5xx_proves_no_key(self) -> None:
        provider, ring = Provider(OLD, status=503), KeyRing(current=NEW, other=OLD)
        auth = SignedAuth(SIGNER, lambda: ring)
        assert [provider.call(auth), provider.call(auth)] == [503, 503]
        assert provider.calls == ["new-key", "old-key"] * 2

    def test_a_new_ring_begins_with_its_current_key(self) -> None:
        provider, rings = Provider(OLD), [KeyRing(current=NEW, other=OLD)]
        auth = SignedAuth(SIGNER, lambda: rings[0])
        provider.call(auth)
        provider.good = {NEW.id}
        rings[0] = KeyRing(current=NEW)
        assert provider.call(auth) == 200
        assert provider.calls[2:] == ["new-key"]

    def test_a_ring_read_anew_but_the_same_keeps_the_key_that_worked(self) -> None:
        provider = Provider(OLD)
        auth = SignedAuth(SIGNER, lambda: KeyRing(current=Key.raw("new-key", b"a new secret"), other=OLD))
        assert [provider.call(auth), provider.call(auth)] == [200, 200]
        assert provider.calls == ["new-key", "old-key", "old-key"]

    def test_many_threads_agree(self) -> None:
        provider, ring, start = Provider(OLD), KeyRing(current=NEW, other=OLD), Barrier(4)
        auth = SignedAuth(SIGNER, lambda: ring)
        answers: list[int] = []

        def register() -> None:
            start.wait(timeout=10)
            answers.extend(provider.call(auth) for _ in range(5))

        threads = [Thread(target=register) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert answers == [200] * 20
        assert provider.calls[-1] == "old-key"


async def test_the_async_client_signs_alike() -> None:
    provider, ring = Provider(OLD), KeyRing(current=NEW, other=OLD)
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as client:
        answer = await client.post("https://p.example/orders", content=b"{}", auth=SignedAuth(SIGNER, lambda: ring))
    assert (answer.status_code, provider.calls) == (200, ["new-key", "old-key"])


def test_headers_of_the_first_signature_do_not_outlive_it() -> None:
    class PerKey:
        def sign(self, unsigned: Unsigned, key: Key, now: datetime, /) -> dict[str, str]:
            return {f"X-{key.id}": now.isoformat()}

    ring = KeyRing(current=NEW, other=OLD)
    request = httpx.Request("GET", "https://p.example/")
    flow = SignedAuth(PerKey(), lambda: ring, clock=lambda: NOW).auth_flow(request)
    assert next(flow).headers["X-new-key"] == "2026-11-22T00:00:00+00:00"
    again = flow.send(httpx.Response(401, request=request))
    assert "X-old-key" in again.headers
    assert "X-new-key" not in again.headers


def test_the_documented_example_of_another_scheme_runs() -> None:
    assert doctest.testmod(signing).failed == 0
    assert doctest.testmod(signing).attempted > 5
