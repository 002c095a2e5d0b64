"""What comes back: recorded answers, and any answer at all."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.sessionm import orders as o

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.lifecycles import REDEMPTION, RedemptionState
from stampcard.wire import Response
from stampcard_adapters.sessionm import SessionMFacts

SAMPLES = Path(__file__).parents[1] / "samples" / "sessionm"
CASES = sorted(p.parent for p in SAMPLES.glob("*/case.json"))
TRIGGERS = tuple(o.COMMANDS)
GOOD = {
    "redeem": o.created(),
    "approve": o.updated(status="approved"),
    "reject": o.updated(status="rejected"),
    "observe": o.shown(status="approved"),
}
ODD: tuple[Any, ...] = (o.ABSENT, None, {}, [], True, "")

Outcome = Accepted[RedemptionState, SessionMFacts] | Declined | NotSent | Unknown


def read(trigger: str, response: Response) -> Outcome:
    return o.adapter().read(*o.step(trigger), response)


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_a_recorded_answer_is_read_as_it_was_meant(case: Path) -> None:
    about = json.loads((case / "case.json").read_text())
    body = next(case.glob("response.*")).read_bytes()
    outcome = read(about["trigger"], Response(status=about["status"], headers=about["headers"], body=body))
    expect: dict[str, Any] = about["expect"]
    assert type(outcome).__name__ == expect.pop("outcome"), outcome
    for name, value in expect.items():
        holder: Any = outcome if hasattr(outcome, name) else getattr(outcome, "facts", None)
        got = getattr(holder, name)
        assert (str(got) if isinstance(got, datetime) else got) == value, name


def test_what_a_create_teaches() -> None:
    outcome = read("redeem", o.created())
    assert isinstance(outcome, Accepted)
    facts = outcome.facts.learn(o.COMMANDS["redeem"])
    assert facts == SessionMFacts(
        user=o.UUID,
        order_id=4242,
        offer_id=77,
        quantity=2,
        points=300,  # the total, not the unit cost (trap 10)
        available_points=1200,  # text in the sample (trap 5)
        created_at=o.MADE,  # UTC, without a zone (trap 7)
        provider_status="pending_approval",
    )
    assert facts.subject() == o.COMMANDS["redeem"].subject() == o.UUID
    assert outcome.claims == "4242"


def test_a_create_may_come_back_approved() -> None:
    outcome = read("redeem", o.created(status="APPROVED"))
    assert isinstance(outcome, Accepted)
    assert (outcome.to, outcome.drift) == (RedemptionState.APPROVED, None)


@pytest.mark.parametrize("status", ["redemption_error", "available", "redeemed", "reconciled", "expired", "new", "ok"])
def test_a_status_nobody_knows_is_kept_and_told_and_never_approved(status: str) -> None:
    """Trap 15."""
    placed = read("redeem", o.created(status=status))
    assert isinstance(placed, Accepted)
    assert (placed.to, placed.drift) == (RedemptionState.PENDING_APPROVAL, status)
    assert placed.facts.provider_status == status
    watched = read("observe", o.shown(status=status))
    assert isinstance(watched, Accepted)
    assert (watched.to, watched.drift, watched.facts.provider_status) == (None, status, status)
    for trigger in ("approve", "reject"):
        assert isinstance(read(trigger, o.updated(status=status)), Unknown)


def test_another_quantity_than_asked_for_is_told() -> None:
    outcome = read("redeem", o.created(quantity=1))
    assert isinstance(outcome, Accepted)
    assert outcome.facts.quantity == 1
    assert outcome.drift == "pending_approval, quantity 1 instead of 2"


@pytest.mark.parametrize("other", [{"offer_id": 78}, {"external_id": "another"}])
def test_a_reply_about_another_order_settles_nothing(other: dict[str, Any]) -> None:
    assert isinstance(read("redeem", o.created(**other)), Unknown)


@pytest.mark.parametrize("trigger", ["approve", "reject", "observe"])
def test_a_reply_about_another_provider_order_settles_nothing(trigger: str) -> None:
    body = json.loads(GOOD[trigger].body)
    body["order"]["id"] = 4243
    assert isinstance(read(trigger, o.reply(200, body)), Unknown)


def test_what_a_later_reply_leaves_out_stays_known() -> None:
    outcome = read("observe", o.reply(200, {"order": {"id": "4242", "status": "approved"}}))
    assert isinstance(outcome, Accepted)
    assert (outcome.facts.points, outcome.facts.offer_id, outcome.facts.created_at) == (300, 77, o.MADE)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_without_a_required_field_there_is_no_success(trigger: str) -> None:
    good = json.loads(GOOD[trigger].body)
    assert isinstance(read(trigger, o.reply(200, good)), Accepted)
    for name in ("id", "status", *(("offer_id",) if trigger == "redeem" else ())):
        for odd in ODD:
            broken = copy.deepcopy(good)
            broken["order"][name] = odd
            if odd is o.ABSENT:
                del broken["order"][name]
            assert isinstance(read(trigger, o.reply(200, broken)), Unknown), (name, odd)
    for odd in (*ODD[1:], 5):
        assert isinstance(read(trigger, o.reply(200, {**good, "order": odd})), Unknown)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_200_is_a_success_only_by_its_own_word(trigger: str) -> None:
    """Traps 1, 2 and 6: only reads may come without one."""
    good = json.loads(GOOD[trigger].body)["order"]
    bare = read(trigger, o.reply(200, {"order": good}))
    assert isinstance(bare, Accepted if trigger == "observe" else Unknown)
    assert isinstance(read(trigger, o.reply(200, {"STATUS": "OK", "Order": good})), Accepted)
    for word in ("error", "fine", "approved"):
        assert not isinstance(read(trigger, o.reply(200, {"status": word, "order": good})), Accepted)
    both = {"status": "ok", "errors": {"code": "validation"}, "order": good}
    assert isinstance(read(trigger, o.reply(200, both)), Unknown)
    listed = {"status": "error", "errors": [{"code": "user_not_found"}]}
    assert isinstance(read(trigger, o.reply(200, listed)), Unknown)


NOES = {
    "redeem": {
        "user_not_found": "member.unknown",
        "requires_registered_user": "member.not_registered",
        "offer_not_available": "offer.not_available",
        "offer_not_found": "offer.unknown",
        "not_available": "offer.not_available",
        "not_found": "offer.unknown",
        "challenge_not_found": "challenge.not_found",
        "missing_data": "order.refused",
        "validation": "order.refused",
        "argument_error": "order.refused",
        "bad_request": "order.refused",
    },
    "approve": {
        "invalid_order_status": "order.not_pending",
        "invalid_request_order_status": "order.status_refused",
        "not_found": "order.not_found",
        "validation": "order.refused",
    },
    "observe": {
        "not_found": "order.not_found",
        "user_not_found": "member.unknown",
        "validation": "request.refused",
    },
}


@pytest.mark.parametrize(
    ("trigger", "code", "ours"),
    [(trigger, code, ours) for trigger, codes in NOES.items() for code, ours in codes.items()],
)
@pytest.mark.parametrize("status", [200, 400, 404, 422])
def test_every_documented_no_has_a_stable_code_in_either_case(trigger: str, code: str, ours: str, status: int) -> None:
    """Trap 3, and the envelope at every status."""
    for written in (code, code.upper()):
        outcome = read(trigger, o.no(written, status, message="No."))
        assert isinstance(outcome, Declined), outcome
        assert (outcome.code, outcome.provider_code, outcome.provider_text) == (ours, code, "No.")
        assert outcome.to is None
        assert outcome.message.endswith(".")


@pytest.mark.parametrize("trigger", ["approve", "reject"])
@pytest.mark.parametrize("code", ["invalid_order_status", "invalid_request_order_status"])
def test_a_no_about_the_status_may_mean_already_whichever_code_says_so(trigger: str, code: str) -> None:
    """Section 5 tells the two apart by their names alone."""
    outcome = read(trigger, o.no(code))
    assert isinstance(outcome, Declined)
    assert outcome.perhaps_done
    other = read(trigger, o.no("not_found", 404))
    assert isinstance(other, Declined)
    assert not other.perhaps_done


def test_a_create_that_is_not_valid_may_be_its_own_second_copy() -> None:
    """The first copy may have taken our id: only where we send one, and only in the code such a no may come in."""
    for code, named, perhaps in (
        ("VALIDATION", True, True),
        ("validation", False, False),
        ("missing_data", True, False),
    ):
        outcome = o.adapter(send_external_id=named).read(*o.step("redeem"), o.no(code))
        assert isinstance(outcome, Declined)
        assert (outcome.code, outcome.perhaps_done) == ("order.refused", perhaps)


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("status", [200, 401, 403])
@pytest.mark.parametrize("code", ["invalid_api_key", "INVALID_AUTH_TOKEN", "access_denied"])
def test_a_refused_key_is_ours_and_not_quoted_back(trigger: str, status: int, code: str) -> None:
    outcome = read(trigger, o.no(code, status, message=f"key {o.API_KEY} is wrong"))
    assert isinstance(outcome, NotSent)
    assert (outcome.code, outcome.ours, outcome.provider_text) == ("credentials.refused", True, None)
    assert o.API_KEY not in repr(outcome)


def test_a_wrong_address_of_ours_is_no_wrong_key() -> None:
    outcome = read("redeem", o.no("HTTPS_ONLY", 403))
    assert isinstance(outcome, NotSent)
    assert (outcome.code, outcome.ours) == ("configuration", True)


@pytest.mark.parametrize("trigger", ["redeem", "approve", "reject"])
@pytest.mark.parametrize(
    "response",
    [
        *[o.no("offer_not_available", status) for status in (201, 204, 302, 408, 500, 502, 503)],
        o.no("internal_server_error", 500),
        o.no("INTERNAL_SERVER_ERROR"),
        o.no("something_new"),
        o.no("offer_not_available; drop"),
        o.reply(200, {"status": "error"}),
        o.reply(404, b"<html>a captive portal</html>"),
        o.reply(401, b""),
        o.reply(403, b"<html>not on the list</html>"),
        o.reply(201, {"status": "ok", "order": o.row()}),
        o.reply(302, None, Location="https://elsewhere.example"),
        o.reply(200, b""),
        o.reply(200, b"[]"),
    ],
)
def test_whatever_may_have_had_an_effect_is_unknown(trigger: str, response: Response) -> None:
    assert isinstance(read(trigger, response), Unknown)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_too_many_calls_is_proof_that_nothing_happened(trigger: str) -> None:
    outcome = read(trigger, o.reply(429, None, Retry_After="7"))
    assert isinstance(outcome, NotSent)
    assert (outcome.code, outcome.retry_after) == ("provider.rate_limit", 7.0)


@pytest.mark.parametrize(
    ("wait", "date", "seconds"),
    [
        ("99999999999999999999", None, 86_400.0),
        ("-5", None, None),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 09:59:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 10:00:00 GMT", None, None),
        ("soon", "Sun, 22 Nov 2026 10:00:00 GMT", None),
    ],
)
def test_a_named_wait_is_read_without_a_clock(wait: str, date: str | None, seconds: float | None) -> None:
    headers = {"Retry-After": wait} | ({} if date is None else {"Date": date})
    outcome = read("redeem", Response(status=429, headers=headers, body=b""))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == seconds


def test_foreign_words_are_one_short_harmless_line_without_anybody_in_them() -> None:
    evil = f"No {o.CRM.value}\r\n\x1b[31m zoe@example.com \u202e at /priv/v1/apps/k-1/users {o.SECRET} " + "x" * 999
    outcome = o.adapter().read(o.order(), o.FULL, o.no("validation", 422, message=evil))
    assert isinstance(outcome, Declined)
    assert outcome.provider_text is not None
    assert outcome.provider_text.startswith("No *** [31m *** at /priv/v1/apps/***/users *** xxx")
    assert len(outcome.provider_text) == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "order", "errors", "code", "id", "offer_id", "user", "message"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
STATUS = st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500])
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(trigger=st.sampled_from(TRIGGERS), status=st.integers(0, 700), body=st.binary(max_size=80))
def test_any_bytes_are_an_outcome_and_none_is_a_success(trigger: str, status: int, body: bytes) -> None:
    assert isinstance(read(trigger, o.reply(status, body)), (Declined, NotSent, Unknown))


@quick
@given(trigger=st.sampled_from(TRIGGERS), status=STATUS, body=JSON)
def test_any_json_is_an_outcome(trigger: str, status: int, body: object) -> None:
    outcome = read(trigger, o.reply(status, json.dumps(body).encode()))
    assert isinstance(outcome, (Declined, NotSent, Unknown))


@quick
@given(
    trigger=st.sampled_from(TRIGGERS),
    status=STATUS,
    number=st.integers() | st.text(max_size=5) | st.just(4242),
    word=st.sampled_from(["ok", "error", "OK", None, ""]),
    state=st.text(max_size=12) | st.sampled_from(["approved", "rejected", "pending_approval", "redemption_error"]),
)
def test_a_success_leads_where_the_lifecycle_leads_and_approves_only_what_says_approved(
    trigger: str, status: int, number: object, word: str | None, state: str
) -> None:
    body = {"status": word, "order": o.row(id=number, status=state)}
    outcome = read(trigger, o.reply(status, json.dumps(body).encode()))
    if not isinstance(outcome, Accepted):
        return
    assert status == 200
    if outcome.to is RedemptionState.APPROVED:
        assert state.strip().lower() == "approved"
    order, _ = o.step(trigger)
    row = REDEMPTION.row(str(order.state), trigger)
    assert row is not None
    assert outcome.to in row.destinations or (trigger == "observe" and outcome.to in (None, order.state))
