"""What comes back: recorded answers, and any answer at all."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.spendgo import orders as o

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.lifecycles import PurchaseState
from stampcard.model import GUEST, Basket, Line, Money, Reward, Totals
from stampcard.wire import Json, Response, minified
from stampcard_adapters.spendgo import SpendgoFacts

SAMPLES = Path(__file__).parents[1] / "samples" / "spendgo"
CASES = sorted(p.parent for p in SAMPLES.glob("*/case.json"))
REWARDS: dict[str | None, Reward | None] = {None: None, "plain": o.reward(), "points": o.POINTS}
STEPS = {(t, r): o.step(t, using=REWARDS[r]) for t in o.TRIGGERS for r in REWARDS}
WORDS = dict(zip(o.TRIGGERS, ("checkout", "placed", "billed", "completed", "voided", "refunded"), strict=True))

ODD: tuple[Json, ...] = ("missing", None, {}, [], True, "nonsense")

Outcome = Accepted[PurchaseState, SpendgoFacts] | Declined | NotSent | Unknown


def body_of(case: Path) -> bytes:
    return next(case.glob("response.*")).read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_a_recorded_answer_is_read_as_it_was_meant(case: Path) -> None:
    about = json.loads((case / "case.json").read_text())
    buyer = GUEST if about["guest"] else o.MEMBER
    order, command = o.step(about["trigger"], using=REWARDS[about["reward"]], buyer=buyer)
    answer = Response(status=about["status"], headers=about["headers"], body=body_of(case))
    outcome = o.adapter().read(order, command, answer)
    expect: dict[str, Any] = about["expect"]
    assert type(outcome).__name__ == expect.pop("outcome")
    found: Any = outcome.facts if isinstance(outcome, Accepted) else outcome
    for name, value in expect.items():
        got = getattr(found, name)
        assert (str(got) if isinstance(got, Money) else got) == value
    if isinstance(outcome, Accepted):
        assert not outcome.inferred


def read(trigger: str, reward: str | None, response: Response) -> Outcome:
    order, command = STEPS[trigger, reward]
    return o.adapter().read(order, command, response)


TRIGGER = st.sampled_from(o.TRIGGERS)
REWARD = st.sampled_from(sorted(REWARDS, key=str))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["transaction", "status", "discount", "message", "id", "code", "details"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
HEADERS = st.dictionaries(st.sampled_from(["Retry-After", "Date", "Content-Type"]), st.text(max_size=40), max_size=3)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(trigger=TRIGGER, reward=REWARD, status=st.integers(0, 700), body=st.binary(max_size=80), headers=HEADERS)
def test_any_bytes_are_an_outcome_and_none_is_a_success(
    trigger: str, reward: str | None, status: int, body: bytes, headers: dict[str, str]
) -> None:
    outcome = read(trigger, reward, Response(status=status, headers=headers, body=body))
    assert isinstance(outcome, (Declined, NotSent, Unknown))


@quick
@given(
    trigger=TRIGGER,
    reward=REWARD,
    status=st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500]),
    body=JSON,
)
def test_any_json_is_an_outcome_and_only_a_named_stage_is_a_success(
    trigger: str, reward: str | None, status: int, body: object
) -> None:
    written = minified(body).decode("utf-8", "replace").encode()
    outcome = read(trigger, reward, Response(status=status, headers={}, body=written))
    if isinstance(outcome, Accepted):
        assert status == 200
        assert WORDS[trigger].encode() in written.lower()


@quick
@given(
    trigger=TRIGGER,
    reward=REWARD,
    status=st.sampled_from([200, 400, 401, 403, 404, 409, 500]),
    code=st.sampled_from([400, 409, 1001, 1004, 1011, 2000, 2003, 4002, 4003, 9999]),
    extra=st.fixed_dictionaries({}, optional={"transaction": st.just({"status": "billed", "discount": 5})}),
)
def test_an_error_object_is_never_a_success(
    trigger: str, reward: str | None, status: int, code: int, extra: dict[str, object]
) -> None:
    body = {"code": code, "details": "No.", "status": WORDS[trigger], **extra}
    assert not isinstance(read(trigger, reward, o.reply(status, body)), Accepted)


@pytest.mark.parametrize("trigger", o.TRIGGERS)
@pytest.mark.parametrize("reward", [None, "plain"])
def test_without_a_required_field_there_is_no_success(trigger: str, reward: str | None) -> None:
    good: dict[str, Any] = {"transaction": {"status": WORDS[trigger], "discount": 5, "id": "1"}}
    assert isinstance(read(trigger, reward, o.reply(200, good)), Accepted)
    required = ["status"] + (["discount"] if trigger == "checkout" and reward else [])
    for name in required:
        for odd in ODD:
            broken = copy.deepcopy(good)
            broken["transaction"][name] = odd
            if odd == "missing":
                del broken["transaction"][name]
            assert isinstance(read(trigger, reward, o.reply(200, broken)), Unknown), (name, odd)
    for odd in (*ODD, 5):
        assert isinstance(read(trigger, reward, o.reply(200, {"transaction": odd})), Unknown)


@quick
@given(number=st.decimals(min_value=-100, max_value=100, places=3))
def test_a_validated_discount_is_exact_or_not_believed(number: Decimal) -> None:
    outcome = read("checkout", "points", o.ok("checkout", discount=number))
    if isinstance(outcome, Accepted):
        assert outcome.facts.discount is not None
        assert outcome.facts.discount.amount == number
        assert 0 < number <= 12
    elif number == 0:
        assert isinstance(outcome, Declined)
    else:
        assert isinstance(outcome, Unknown)
        assert number < 0 or number > 12 or number * 100 % 1 != 0


@pytest.mark.parametrize(
    ("currency", "written", "units"),
    [("USD", "5", 500), ("USD", "5.0", 500), ("USD", '"5.00"', 500), ("JPY", "5.0", 5), ("KWD", "5.005", 5005)],
)
def test_five_is_five_however_it_is_written(currency: str, written: str, units: int) -> None:
    worth = Money(12, currency)
    basket = Basket(lines=(Line(label="x", price=worth),), totals=Totals(subtotal=worth, total=worth))
    command = o.checkout(basket=basket, using=o.reward(value=None))
    body = b'{"transaction":{"status":"checkout","discount":' + written.encode() + b"}}"
    outcome = o.adapter().read(o.order(), command, Response(status=200, headers={}, body=body))
    assert isinstance(outcome, Accepted)
    assert outcome.facts.discount == Money.minor(units, currency)


def test_a_discount_nobody_asked_a_reward_for_is_nobodys() -> None:
    outcome = read("checkout", None, o.ok("checkout", discount=3, message="Hello!"))
    assert isinstance(outcome, Accepted)
    assert outcome.facts.discount == o.usd("0")
    assert outcome.facts.message == "Hello!"


@pytest.mark.parametrize("trigger", ["place", "bill"])
def test_words_that_the_reward_was_not_applied_are_no_success_later_either(trigger: str) -> None:
    answer = o.ok(WORDS[trigger], discount=0, message="Reward could not be applied.")
    assert isinstance(read(trigger, "plain", answer), Unknown)
    assert isinstance(read(trigger, None, answer), Accepted)


def test_a_transaction_id_missing_at_billed_is_taken_from_completed_and_never_replaced() -> None:
    order, command = STEPS["bill", None]
    billed = o.after(order, command, o.ok("billed"))
    assert billed.facts.transaction_id is None
    completed = o.after(billed, STEPS["complete", None][1], o.ok("completed", id="77"))
    assert completed.facts.transaction_id == "77"
    other = o.after(*STEPS["complete", None], o.ok("completed", id="88"))
    assert other.facts.transaction_id == "5961839"


def test_foreign_words_are_one_short_harmless_line() -> None:
    evil = "No.\r\n\x1b[31mFake\x00 line\u202e\u2028" + "x" * 999
    outcome = read("bill", "plain", o.reply(400, {"code": 400, "details": evil}))
    assert isinstance(outcome, Declined)
    assert outcome.provider_text is not None
    assert outcome.provider_text.startswith("No. [31mFake line x")
    assert len(outcome.provider_text) == 200


@pytest.mark.parametrize(
    ("wait", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("99999999999999999999", None, 86_400.0),
        ("-5", None, None),
        ("1.5", None, None),
        ("Sun, 22 Nov 2026 10:00:00 GMT", "Sun, 22 Nov 2026 10:05:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 10:00:00 -0000", "Sun, 22 Nov 2026 09:59:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 10:00:00 GMT", None, None),
        ("soon", "Sun, 22 Nov 2026 10:00:00 GMT", None),
    ],
)
def test_a_named_wait_is_read_without_a_clock(wait: str, date: str | None, seconds: float | None) -> None:
    headers = {"Retry-After": wait} | ({} if date is None else {"Date": date})
    outcome = read("bill", None, Response(status=429, headers=headers, body=b""))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == seconds


def test_a_refused_key_is_not_quoted_back() -> None:
    outcome = read("bill", None, o.reply(401, {"code": 1003, "details": "Invalid user key an-api-key-0001"}))
    assert isinstance(outcome, NotSent)
    assert outcome.ours
    assert "an-api-key-0001" not in repr(outcome)
