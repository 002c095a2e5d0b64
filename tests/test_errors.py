"""Every error says what happened, to which order, and what the caller may do next."""

from __future__ import annotations

import json
import math

import pytest

from stampcard import errors
from stampcard.errors import (
    ChargeFailedError,
    ConfigurationError,
    ConflictError,
    DeclinedError,
    InDoubtError,
    JournalError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    NotSentError,
    StampcardError,
    UnavailableError,
    UnknownOrderError,
    UnsupportedError,
    reference,
)
from stampcard.model import Refusal

# What the caller may do next, and the branch it can be caught by.
TABLE: dict[type[StampcardError], tuple[Next, str, type[StampcardError]]] = {
    StampcardError: (Next.FIX, "error", StampcardError),
    NotSentError: (Next.FIX, "not_sent", StampcardError),
    NotAllowedError: (Next.FIX, "lifecycle.not_allowed", NotSentError),
    ConflictError: (Next.FIX, "order.conflict", NotSentError),
    UnknownOrderError: (Next.FIX, "order.unknown", NotSentError),
    UnsupportedError: (Next.FIX, "provider.unsupported", NotSentError),
    UnavailableError: (Next.RETRY, "provider.unavailable", NotSentError),
    ConfigurationError: (Next.CALL, "configuration", NotSentError),
    JournalError: (Next.CALL, "journal.unavailable", NotSentError),
    DeclinedError: (Next.FIX, "provider.declined", StampcardError),
    ChargeFailedError: (Next.RETRY, "charge.kept", StampcardError),
    InDoubtError: (Next.WAIT, "order.in_doubt", StampcardError),
    NeedsHumanError: (Next.CALL, "order.needs_human", InDoubtError),
}
OWN: dict[type[StampcardError], dict[str, object]] = {
    DeclinedError: {"taken": None, "given_back": None},
    ChargeFailedError: {"reason": "", "voided": False},
    InDoubtError: {"taken": None},
    NeedsHumanError: {"taken": None, "check": ""},
}
"""What an error's body says beside what every body says."""
REFUSED = (
    Refusal(code="basket.empty", message="Add an item first.", field="basket.lines"),
    Refusal(code="tenders.do_not_sum", message="Correct the payments.", params={"expected": "USD 5.10"}),
)
every_error = pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.__name__)


def full(kind: type[StampcardError]) -> StampcardError:
    return kind(
        "Please wait.",
        detail="the socket closed",
        code="a.code",
        order_id="s1-1042",
        trigger="bill",
        state="placed",
        allowed=("void", "bill"),
        refusals=REFUSED,
        retry_after=2.2,
        replayed=True,
    )


def test_every_error_there_is_has_its_place_in_this_table() -> None:
    public = {kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)}
    assert {kind for kind in public if issubclass(kind, StampcardError)} == set(TABLE)


@every_error
def test_an_error_says_what_may_be_done_next(kind: type[StampcardError]) -> None:
    what_next, code, branch = TABLE[kind]
    error = kind("Please wait.")
    assert (error.next, error.code) == (what_next, code)
    assert isinstance(error, branch)
    assert kind("x", next=Next.CALL).next is Next.CALL
    assert kind("x").next is what_next  # one error's answer is not the class's


@every_error
def test_an_error_names_the_order_the_code_and_what_is_allowed(kind: type[StampcardError]) -> None:
    assert str(full(kind)) == (
        "[a.code] the socket closed; order s1-1042 is placed; basket.empty: Add an item first.; "
        "tenders.do_not_sum: Correct the payments.; allowed now: bill, void"
    )
    assert full(kind).args == ("Please wait.",)


def test_an_order_with_nothing_left_to_do_says_so() -> None:
    assert str(NotAllowedError("No.", order_id="1", state="voided")).endswith("order 1 is voided; allowed now: nothing")
    assert str(NotSentError("No.")) == "[not_sent] No."
    assert str(NotSentError("No.", order_id="1")) == "[not_sent] No.; order 1"


@every_error
def test_an_error_is_a_body_for_an_api(kind: type[StampcardError]) -> None:
    body = json.loads(json.dumps(full(kind).as_dict()))
    assert body == {
        "error": kind.__name__,
        "next": TABLE[kind][0].value,
        "code": "a.code",
        "cashier": "Please wait.",
        "detail": "the socket closed",
        "reference": reference("s1-1042"),
        "order_id": "s1-1042",
        "trigger": "bill",
        "state": "placed",
        "allowed": ["bill", "void"],
        "refusals": [
            {"code": "basket.empty", "message": "Add an item first.", "field": "basket.lines", "params": {}},
            {
                "code": "tenders.do_not_sum",
                "message": "Correct the payments.",
                "field": None,
                "params": {"expected": "USD 5.10"},
            },
        ],
        "retry_after": 3,
        **OWN.get(kind, {}),
    }
    json.dumps(kind("x").as_dict())


@pytest.mark.parametrize("odd", [math.inf, math.nan, 1e300])
def test_an_odd_time_to_wait_is_still_a_body(odd: float) -> None:
    body = UnavailableError("Later.", retry_after=odd).as_dict()
    assert json.loads(json.dumps(body, allow_nan=False))["next"] == "retry"


def test_the_reference_is_short_and_always_the_same() -> None:
    assert reference("s1-1042") == reference("s1-1042") != reference("s1-1043")
    assert len(reference("x")) == 9
    assert NotSentError("x", order_id="s1-1042").reference == reference("s1-1042")
    assert NotSentError("x").reference == "not_sent"


def test_an_unavailable_provider_always_names_a_time() -> None:
    assert UnavailableError("Later.").retry_after == 5.0
    assert UnavailableError("Later.", retry_after=30.0).retry_after == 30.0
    assert UnavailableError("Later.").as_dict()["retry_after"] == 5
    assert NotSentError("x").retry_after is None


def test_every_configuration_problem_is_listed() -> None:
    problems = (
        Refusal(code="url", message="is missing", field="SPENDGO_URL"),
        Refusal(code="key", message="the key is too short"),
    )
    error = ConfigurationError.of(iter(problems))
    assert error.problems == error.refusals == problems
    assert error.detail == "SPENDGO_URL is missing; the key is too short"


def test_doubt_names_its_order_as_text() -> None:
    assert InDoubtError("Wait.").order_id == ""
    assert InDoubtError("Wait.", order_id="1").order_id == "1"
    assert InDoubtError("Wait.").as_dict()["order_id"] is None
    assert not InDoubtError("Wait.").reversible
    assert NeedsHumanError("Call.").check == ""
