"""What comes back: recorded answers, any answer at all, and no code ever in what is made of one."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.kalixo import orders as o

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.journal.codec import decode, encode, pack, unpack
from stampcard.lifecycles import FULFILMENT, FulfilmentState
from stampcard.wire import Json, JsonView, Response, minified
from stampcard_adapters.kalixo import Delivered, KalixoFacts
from stampcard_adapters.kalixo.refusals import one_line
from stampcard_adapters.kalixo.replies import codes_in

SAMPLES = Path(__file__).parents[1] / "samples" / "kalixo"
CASES = sorted(p.parent for p in SAMPLES.glob("*/*/case.json"))
ODD: tuple[Json, ...] = ("missing", None, {}, [], True, "", " ", "no\nid")

Outcome = Accepted[FulfilmentState, KalixoFacts] | Declined | NotSent | Unknown


def read(version: int, trigger: str, response: Response, **switches: Any) -> Outcome:
    adapter = o.adapter(version, **switches)
    if trigger == "place":
        return adapter.read(o.order(), o.PLACE, response)
    return adapter.read(o.waiting(version), o.LOOK, response)


def plain(value: object) -> object:
    match value:
        case Delivered():
            return [value.units, value.ordered]
        case datetime():
            return value.isoformat()
        case _:
            return value


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_a_recorded_answer_is_read_as_it_was_meant(case: Path) -> None:
    about = json.loads((case / "case.json").read_text())
    raw = next(case.glob("response.*")).read_bytes()
    answer = Response(status=about["status"], headers=about["headers"], body=raw)
    outcome = read(about["version"], about["trigger"], answer)
    expect: dict[str, Any] = about["expect"]
    assert type(outcome).__name__ == expect.pop("outcome")
    for name, value in expect.items():
        found: Any = outcome.facts if isinstance(outcome, Accepted) and name not in ("to", "drift") else outcome
        assert plain(getattr(found, name)) == value, name
    if isinstance(outcome, Accepted):
        assert not outcome.inferred
        assert outcome.claims == (outcome.facts.kalixo_id if about["trigger"] == "place" else None)
        ends = FULFILMENT.row(FulfilmentState.NEW, "place")
        assert ends is not None
        assert about["trigger"] == "observe" or outcome.to in ends.destinations
    for code in codes_in(JsonView.parse(raw)):
        assert code.pin.reveal() not in repr(outcome)
    assert "canary" not in repr(outcome)


VERSION = st.sampled_from(o.VERSIONS)
TRIGGER = st.sampled_from(("place", "observe"))
NAMES = [
    "orderId",
    "externalOrderCode",
    "status",
    "orderStatus",
    "products",
    "pin",
    "PIN",
    "codes",
    "code",
    "productId",
    "quantity",
    "message",
    "statusCode",
    "estimatedReadyAt",
    "reason",
    "error",
    "wallet",
]
WORDS = st.sampled_from(["59400", "O-12345", "processing", "completed", "failed", "2026-11-22T12:00:00Z"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=14,
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "X-RateLimit-Reset", "Content-Type"]), st.text(max_size=40), max_size=3
)
STATUS = st.sampled_from([200, 201, 202, 204, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502])
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(version=VERSION, trigger=TRIGGER, status=st.integers(0, 700), body=st.binary(max_size=80), headers=HEADERS)
def test_any_bytes_are_an_outcome_and_none_is_a_success(
    version: int, trigger: str, status: int, body: bytes, headers: dict[str, str]
) -> None:
    outcome = read(version, trigger, Response(status=status, headers=headers, body=body))
    assert isinstance(outcome, (Declined, NotSent, Unknown))


@quick
@given(version=VERSION, trigger=TRIGGER, status=STATUS, body=JSON)
def test_any_json_is_an_outcome_and_only_a_documented_status_with_an_order_id_is_a_success(
    version: int, trigger: str, status: int, body: object
) -> None:
    written = minified(body).decode("utf-8", "replace").encode()
    outcome = read(version, trigger, Response(status=status, headers={}, body=written))
    if isinstance(outcome, Accepted):
        documented = {("place", 1): (200, 201), ("place", 2): (202,)}.get((trigger, version), (200,))
        assert status in documented
        assert outcome.facts.kalixo_id
        tree, _ = encode(outcome.facts)  # what is accepted can be journalled, and read back
        assert decode(KalixoFacts, unpack(pack(tree)), None) == outcome.facts


@quick
@given(
    version=VERSION,
    trigger=TRIGGER,
    status=STATUS,
    code=st.text(st.characters(codec="ascii", categories=("Lu", "Nd")), min_size=8, max_size=20),
    spelling=st.sampled_from(["PIN", "pin", "code"]),
    said=st.sampled_from(["status", "reason", "message", "orderStatus", "error"]),
)
def test_no_code_reaches_an_outcome_even_where_the_provider_repeats_it(
    version: int, trigger: str, status: int, code: str, spelling: str, said: str
) -> None:
    key = "codes" if spelling == "code" else "pin"
    row = {"productId": 2, "quantity": 1, key: [{spelling: f"#{code}#"}]}
    body: dict[str, object] = {
        **o.V2_202,
        "statusCode": status,
        "message": "No.",
        "products": [row],
        said: f"is #{code}#",
    }
    for tree in (body, {k: v for k, v in body.items() if k != "statusCode"}):
        outcome = read(version, trigger, o.reply(status, tree))
        assert code not in repr(outcome)
        if isinstance(outcome, Accepted):
            assert code not in str(encode(outcome.facts))


@pytest.mark.parametrize(
    ("version", "trigger", "body", "required"),
    [
        (1, "place", o.V1, ["orderId"]),
        (2, "place", o.V2_202, ["orderId", "status"]),
        (1, "observe", {"orderId": 59400, "orderStatus": "processing"}, ["orderId", "orderStatus"]),
        (2, "observe", o.V2_DONE, ["orderId", "status"]),
    ],
)
def test_without_a_required_field_there_is_no_success(
    version: int, trigger: str, body: dict[str, Any], required: list[str]
) -> None:
    status = {("place", 1): 201, ("place", 2): 202}.get((trigger, version), 200)
    assert isinstance(read(version, trigger, o.reply(status, body)), Accepted)
    for name in required:
        for odd in ODD:
            broken = copy.deepcopy(body)
            broken[name] = odd
            if odd == "missing":
                del broken[name]
            outcome = read(version, trigger, o.reply(status, broken))
            if name == "orderId" or not isinstance(odd, str) or odd in ("missing", "", " "):
                assert isinstance(outcome, Unknown), (name, odd)
            else:  # a word, whatever it is, is no known state
                assert isinstance(outcome, Accepted)
                assert outcome.drift == "no id"


@pytest.mark.parametrize("version", o.VERSIONS)
def test_the_order_id_is_compared_as_text(version: int) -> None:
    """Trap 4: a text when placed, a number when looked at."""
    word = "orderStatus" if version == 1 else "status"
    for given_id in (59400, "59400"):
        assert isinstance(read(version, "observe", o.reply(200, {"orderId": given_id, word: "processing"})), Accepted)
    for other in ("059400", 5940, "59400 "):
        assert isinstance(read(version, "observe", o.reply(200, {"orderId": other, word: "processing"})), Unknown)


def test_every_word_of_both_versions_leads_where_it_says() -> None:
    for word in ("requested", "processing", "completed", "cancelled", "failed", "error", "partially_completed"):
        body = {"orderId": 59400, "orderStatus": word.upper(), "products": o.V1["products"]}
        outcome = read(1, "observe", o.reply(200, body))
        assert isinstance(outcome, Accepted)
        assert outcome.to == FulfilmentState(word)


@pytest.mark.parametrize("word", ["new", "abandoned", "Completed!", "done", "canceled"])
def test_our_own_words_and_unknown_ones_are_drift_and_never_a_success(word: str) -> None:
    outcome = read(2, "observe", o.reply(200, {**o.V2_DONE, "status": word}))
    assert isinstance(outcome, Accepted)
    assert (outcome.to, outcome.drift, outcome.facts.status) == (None, word, word)


def test_what_was_learned_before_is_kept() -> None:
    known = o.waiting(2, ready_at=o.NOON, reason="slow")
    outcome = o.adapter(2).read(known, o.LOOK, o.reply(200, {"orderId": 59400, "status": "processing"}))
    assert isinstance(outcome, Accepted)
    assert outcome.facts == attrs.evolve(known.facts, status="processing")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-11-22T12:00:00.000Z", o.NOON),
        ("2026-11-22T12:00:00", o.NOON),
        ("2026-11-22T13:00:00+01:00", o.NOON),
        ("soon", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
    ],
)
def test_when_it_is_ready_is_a_moment_or_nothing(written: str, read_as: datetime | None) -> None:
    outcome = read(2, "place", o.reply(202, {**o.V2_202, "estimatedReadyAt": written}))
    assert isinstance(outcome, Accepted)
    assert outcome.facts.ready_at == read_as


def test_foreign_words_are_one_short_harmless_line() -> None:
    evil = "No.\r\n\x1b[31mFake\x00 line\u202e\u2028" + "x" * 999
    outcome = read(2, "place", o.no(400, evil))
    assert isinstance(outcome, Declined)
    assert outcome.provider_text is not None
    assert outcome.provider_text.startswith("No. [31mFake line x")
    assert len(outcome.provider_text) == 200
    assert one_line("\x00 \n") is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "99999999999999999999"}, 86_400.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 12:01:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 60.0),
        ({"Retry-After": "Sun, 22 Nov 2026 12:01:00 GMT"}, None),
        ({"X-RateLimit-Reset": "1795348830", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 30.0),
        ({"X-RateLimit-Reset": "1", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 0.0),
        ({"X-RateLimit-Reset": "1795348830"}, None),
        ({"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, None),
    ],
)
def test_a_named_wait_is_read_without_a_clock(headers: dict[str, str], seconds: float | None) -> None:
    outcome = read(2, "place", Response(status=429, headers=headers, body=b""))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == seconds


def test_a_reason_that_quotes_a_code_of_the_same_reply_goes_without_it() -> None:
    body = {**o.V2_DONE, "status": "failed", "reason": "AAAA-1111 was not activated"}
    outcome = read(2, "observe", o.reply(200, body))
    assert isinstance(outcome, Accepted)
    assert outcome.facts.reason == "*** was not activated"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (f"{o.PIN} is void", "*** is void"),
        ("SANDBOX-AB12C-DE34F-GH56I-JK78L", "***"),
        ("Invalid API key kal_live_1234.", "Invalid API key ***"),
        ("Order 0042-7-20261122-000417 not found", "Order 0042-7-20261122-000417 not found"),
        ("GB-EN-4251604177278 and KTEST-PARTIAL", "GB-EN-4251604177278 and KTEST-PARTIAL"),
    ],
)
def test_what_looks_like_a_code_is_not_quoted(words: str, kept: str) -> None:
    outcome = read(2, "place", o.no(400, words))
    assert isinstance(outcome, Declined)
    assert outcome.provider_text == kept
