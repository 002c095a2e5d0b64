"""What comes back: recorded answers, and any answer at all; nothing of a claim in what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.adapters.kigo import orders as o

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.journal.codec import decode, encode
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Secret
from stampcard.wire import Response, minified
from stampcard_adapters.kigo import Claim, KigoAdapter, KigoFacts, Sso, claim_query, sso_query
from stampcard_adapters.kigo.marks import mark, same
from stampcard_adapters.kigo.refusals import _ORDINARY, _SUBJECT, shown

SAMPLES = Path(__file__).parents[1] / "samples" / "kigo"
CASES = sorted(p.parent for name in ("case", "query") for p in SAMPLES.glob(f"*/{name}.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_a_recorded_answer_is_read_as_it_was_meant(case: Path) -> None:
    about = json.loads(next(p for p in (case / "case.json", case / "query.json") if p.exists()).read_text())
    body = next(case.glob("response.*")).read_bytes()
    answer = Response(status=about["status"], headers=about["headers"], body=body)
    if "trigger" in about:
        outcome: Any = o.adapter().read(o.order(), o.place(), answer)
    else:
        outcome = sso_query("anna", Sso(**about["sso"])).read(answer)
    expect: dict[str, Any] = about["expect"]
    assert type(outcome).__name__ == expect.pop("outcome")
    for name, value in expect.items():
        if name == "value":
            assert outcome.reveal() == value
        else:
            found = outcome.facts if name == "mark" else outcome
            assert getattr(found, name) == value, name


def read(response: Response) -> Accepted[FulfilmentState, KigoFacts] | Declined | NotSent | Unknown:
    return o.adapter().read(o.order(), o.place(), response)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "claim_code",
                    "deeplink_url",
                    "external_order_id",
                    "product_id",
                    "error_code",
                    "error_message",
                    "message",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
HEADERS = st.dictionaries(st.sampled_from(["Retry-After", "Date", "Content-Type"]), st.text(max_size=40), max_size=3)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(status=st.integers(0, 700), body=st.binary(max_size=80), headers=HEADERS)
def test_any_bytes_are_an_outcome_and_none_is_a_success(status: int, body: bytes, headers: dict[str, str]) -> None:
    response = Response(status=status, headers=headers, body=body)
    assert isinstance(read(response), (Declined, NotSent, Unknown))
    assert isinstance(sso_query("anna", Sso()).read(response), (Declined, NotSent, Unknown))


@quick
@given(status=st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500]), body=JSON)
def test_any_json_is_an_outcome_and_only_code_and_link_are_a_success(status: int, body: object) -> None:
    response = o.reply(status, minified(body).decode("utf-8", "replace").encode())
    outcome = read(response)
    if isinstance(outcome, Accepted):
        assert status in (200, 201)
        assert isinstance(body, dict)
        assert {"claim_code", "deeplink_url"} <= body.keys()
        assert "error_code" not in body or not str(body["error_code"]).islower()
    again = claim_query(o.ID, o.PRODUCT, o.adapter().order_call(o.ID, o.PRODUCT)).read(response)
    assert isinstance(again, Claim) <= isinstance(outcome, Accepted)


@pytest.mark.parametrize("field", ["claim_code", "deeplink_url"])
@pytest.mark.parametrize("odd", ["missing", None, {}, [], True, "", "  "])
def test_without_a_required_field_there_is_no_success(field: str, odd: object) -> None:
    body = {**o.ACCEPTED, field: odd}
    if odd == "missing":
        del body[field]
    assert isinstance(read(o.reply(200, body)), Unknown)


@quick
@given(code=st.text(min_size=1, max_size=30), link=st.text(min_size=1, max_size=60))
def test_nothing_of_the_claim_is_in_the_outcome(code: str, link: str) -> None:
    code, link = f"canary-{code}", f"https://hub.example/{link}"
    body = minified({"claim_code": code, "deeplink_url": link}).decode("utf-8", "replace").encode()
    outcome = read(o.reply(200, body))
    assert isinstance(outcome, Accepted)
    tree, personal = encode(outcome.facts.learn(o.place()))
    kept = repr(outcome) + repr(tree) + repr(personal) + str(outcome.claims) + str(outcome.drift)
    assert "canary" not in kept
    assert "hub.example" not in kept


def test_what_is_learned_can_be_read_back_and_the_user_is_apart() -> None:
    facts = o.accepted(o.ACCEPTED).facts.learn(o.place())
    assert (facts.product_id, facts.user, facts.placed_at) == (o.PRODUCT, "anna", o.AT)
    assert facts.subject() == "anna"
    tree, personal = encode(facts)
    assert "anna" not in repr(tree)
    assert decode(KigoFacts, tree, personal) == facts


def test_facts_of_a_release_that_marked_no_link_are_read() -> None:
    tree, personal = encode(o.accepted(o.ACCEPTED).facts.learn(o.place()))
    assert tree.pop("link")
    facts = decode(KigoFacts, tree, personal)
    assert (facts.link, facts.user) == (None, "anna")
    assert facts.mark


def test_two_orders_given_one_code_claim_the_same_name() -> None:
    """The journal keeps such a name for one order: a second customer is not shown the first one's goods."""
    assert o.accepted(o.ACCEPTED).claims == o.accepted({**o.ACCEPTED, "deeplink_url": "https://x.example"}).claims
    assert o.accepted(o.ACCEPTED).claims != o.accepted({**o.ACCEPTED, "claim_code": "OTHER1"}).claims


def test_a_reply_to_a_tenant_that_left_the_settings_is_read_all_the_same() -> None:
    def nobody(tenant: str) -> Any:
        raise KeyError(tenant)

    outcome = KigoAdapter(o.kigo(keys=nobody)).read(o.order(), o.place(), o.reply(200, o.ACCEPTED))
    assert isinstance(outcome, Accepted)
    assert (outcome.facts.mark, outcome.claims) == (None, None)


def test_a_link_no_browser_may_be_sent_to_is_not_handed_out() -> None:
    query = claim_query(o.ID, o.PRODUCT, o.adapter().order_call(o.ID, o.PRODUCT))
    outcome = query.read(o.reply(200, {**o.ACCEPTED, "deeplink_url": f"javascript:alert('{o.CODE}')"}))
    assert isinstance(outcome, Declined)
    assert outcome.code == "link.unusable"
    assert o.CODE not in repr(outcome)
    good = query.read(o.reply(200, o.ACCEPTED))
    assert good == Claim(url=Secret(o.LINK), claim_code=Secret(o.CODE))
    assert o.CODE not in repr(good)


CODES = st.from_regex(r"[A-Z0-9]{4,12}|[a-zA-Z]{3,6}[0-9][a-zA-Z0-9]{0,6}|[a-z][A-Z]{4,9}", fullmatch=True)


@quick
@given(
    code=CODES,
    words=st.sampled_from(["{} was used", "code '{}'", "(see {}).", "https://x.example?claim-code={}", "=> {};"]),
)
def test_a_code_quoted_in_an_error_is_not_repeated(code: str, words: str) -> None:
    for status, name in ((400, "validation_error"), (404, "not_found"), (409, "already_used")):
        outcome = read(o.no(status, name, "Sorry, " + words.format(code)))
        assert isinstance(outcome, Declined)
        assert code not in repr(outcome)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Product not found", "Product not found"),
        ("claim code qwertz is gone", "claim code *** is gone"),
        ("external_order_id: abc", "external_order_id: ***"),
        ("external_order_id is required", "external_order_id is required"),
        ("the claim_code is qwertz", "the claim_code is ***"),
        ("No.\r\n\x1b[31mFake\x00 line\u202e\u2028.", "No. *** line ."),
        ("write to help@kigo.example", "write to ***"),
        ("\x00 \n", None),
        ("x " * 300, ("x " * 100)),
    ],
)
def test_foreign_words_are_one_short_harmless_line(words: str, kept: str | None) -> None:
    assert shown(words) == kept
    assert shown(None) is None


def test_texts_of_ours_are_not_repeated_either() -> None:
    assert shown("anna lee, or Anna", Secret(("anna lee", ""))) == "***, or Anna"


@pytest.mark.parametrize(
    ("wait", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("99999999999999999999", None, 86_400.0),
        ("-5", None, None),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:05:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 10:00:00 -0000", "Sun, 22 Nov 2026 09:59:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 10:00:00 GMT", None, None),
        ("soon", "Sun, 22 Nov 2026 10:00:00 GMT", None),
    ],
)
def test_a_named_wait_is_read_without_a_clock(wait: str, date: str | None, seconds: float | None) -> None:
    headers = {"Retry-After": wait} | ({} if date is None else {"Date": date})
    outcome = read(Response(status=429, headers=headers, body=b""))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == seconds


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
@pytest.mark.parametrize("words", ["Value {} bad", "{} was already used", "'{}'", 'see "{}", please', "no {}."])
def test_our_own_key_and_whom_it_is_for_are_in_no_outcome(status: int, words: str) -> None:
    for secret in (o.API_KEY, "anna"):
        for said in (secret, secret.upper(), secret.title()):
            for code in ("validation_error", "not_found", "already_used"):
                assert secret not in repr(read(o.no(status, code, words.format(said)))).lower()


@pytest.mark.parametrize("words", ["Value {} bad", "{} was used already", "'{}' is gone", "Claim code: {}", "`{}`"])
@given(code=st.from_regex(r"[a-zA-Z]{5,12}", fullmatch=True).filter(lambda code: not code.lower().endswith("id")))
def test_a_code_of_letters_alone_is_not_repeated_where_it_is_quoted_or_told_of(words: str, code: str) -> None:
    assume(_SUBJECT.fullmatch(code.lower()) is None)
    assume(_ORDINARY.fullmatch(code.lower()) is None)
    assert code not in (shown(words.format(code)) or "")


@pytest.mark.parametrize("said", [str.upper, str.lower])
def test_the_orders_own_code_is_not_repeated_anywhere_when_its_link_is_asked_for(said: Callable[[str], str]) -> None:
    code, key = "ABCXYZ", Secret(o.API_KEY)
    known = mark(code, key)
    call = o.adapter().order_call(o.ID, o.PRODUCT)
    query = claim_query(o.ID, o.PRODUCT, call, telling=lambda word: same(known, word, key))
    no = query.read(o.no(400, "validation_error", f"Sorry ({said(code)}), product gone"))
    assert isinstance(no, Declined)
    assert no.provider_text == "Sorry *** product gone"


def test_a_code_beside_an_error_is_not_in_its_words() -> None:
    body = {"error_code": "already_used", "error_message": "Sorry qwertz", "claim_code": "QWERTZ"}
    no = read(o.reply(409, body))
    assert isinstance(no, Declined)
    assert no.provider_text == "Sorry ***"
