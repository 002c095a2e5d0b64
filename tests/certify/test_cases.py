"""All seventeen pass at an honest provider, and each fails at one that does not do what it must show."""

from __future__ import annotations

from typing import Any

import pytest

from stampcard_adapters.certify import Verdict
from stampcard_adapters.certify.spendgo import certify
from stampcard_adapters.certify.spendgo.desk import run_id
from stampcard_adapters.sandbox.spendgo import SpendgoModel

from .conftest import FakeClock, Tampered, answer, case, changed, unarranged


def done(what: str, **transaction: Any) -> Any:
    """A success that is only said."""
    return answer(200, {"transaction": {"status": what, **transaction}})


def test_the_sandbox_shows_all_seventeen(honest) -> None:
    assert [(c.number, c.verdict) for c in honest.cases] == [(n, Verdict.PASS) for n in range(1, 18)]
    assert honest.certified


def test_a_case_says_what_was_seen(honest) -> None:
    assert "id 494979" in case(honest, 1).seen
    assert "balance 120 -> 270" in case(honest, 6).seen
    assert "USD 15.00 off USD 150.00" in case(honest, 7).seen
    assert "400 code 400" in case(honest, 11).seen
    assert "past the till's guards" in case(honest, 11).notes


def test_the_books_balance_afterwards(run) -> None:
    model = SpendgoModel()
    run(model)
    assert model.unbalanced() == ()
    assert model.rewards("494979").count("2234402") == 1


# wrong providers: each does one thing wrong


def signature_unchecked(what, body, honest):
    reply = honest()
    return answer(200, {"id": "494979", "status": "Active"}) if reply.status == 401 else reply


def never_known(what, body, honest):
    reply = honest()
    return answer(201, {"id": str(id(reply)), "status": "Active"}) if what == "accounts" else reply


def listed_without_quantity(what, body, honest):
    reply = honest()
    return changed(reply, lambda b: [r.update(quantity=0) for r in b["rewards"]]) if what == "rewards" else reply


def another_balance(what, body, honest):
    reply = honest()
    return changed(reply, lambda b: b.update(quantity=b["quantity"] + 1)) if what == "balance" else reply


def discount_without_reward(what, body, honest):
    reply = honest()
    if what != "checkout" or body["basket"].get("rewards"):
        return reply
    return changed(reply, lambda b: b["transaction"].update(discount=1))


def a_cent_too_much(what, body, honest):
    reply = honest()
    if what != "checkout" or not body["basket"].get("rewards") or b"message" in reply.body:
        return reply
    return changed(reply, lambda b: b["transaction"].update(discount=b["transaction"]["discount"] + 0.01))


def no_transaction_id(what, body, honest):
    reply = honest()
    return (
        changed(reply, lambda b: b["transaction"].pop("id", 0)) if what == "billed" and reply.status == 200 else reply
    )


def refusals_without_words(what, body, honest):
    reply = honest()
    mute = what == "checkout" and reply.status == 200
    return changed(reply, lambda b: b["transaction"].pop("message", 0)) if mute else reply


def places_anything(what, body, honest):
    reply = honest()
    return done(what, discount=0) if what == "placed" and reply.status >= 400 else reply


def error_without_details(what, body, honest):
    reply = honest()
    return answer(400, {"error": "no"}) if what == "placed" and reply.status == 400 else reply


def only_says(stage):
    """Answers 200 to a stage without doing it."""
    return lambda what, body, honest: done(what, id="1", discount=0) if what == stage else honest()


@pytest.mark.parametrize(
    ("tamper", "failing"),
    [
        (signature_unchecked, {1}),
        (never_known, {1, 2}),
        (listed_without_quantity, {3}),
        (another_balance, {4}),
        (discount_without_reward, {5}),
        (only_says("completed"), {6, 15, 17}),
        (a_cent_too_much, {7}),
        (no_transaction_id, {8}),
        (only_says("billed"), {9, 12, 16, 17}),
        (refusals_without_words, {10, 13}),
        (places_anything, {11}),
        (error_without_details, {11}),
        (only_says("voided"), {16}),
        (only_says("refunded"), {15, 17}),
    ],
)
def test_what_a_provider_does_wrong_fails_the_case_that_is_about_it(run, tamper, failing) -> None:
    report = run(Tampered(tamper))
    assert failing <= {c.number for c in report.cases if c.verdict is Verdict.FAIL}
    assert all(case(report, number).notes for number in failing)
    assert not report.certified


def test_a_provider_that_answers_500_to_a_void_fails_14(run) -> None:
    report = run(Tampered(lambda what, body, honest: answer(500, {}) if what == "voided" else honest()))
    assert case(report, 14).verdict is Verdict.FAIL
    assert "voided 500" in case(report, 14).seen


@pytest.mark.parametrize("garbage", [b"<html>", b'{"transaction":[[[[' * 40, b"\xff" * 99])
def test_whatever_comes_back_there_is_a_report(run, garbage) -> None:
    from stampcard_adapters.sandbox.http import Response

    report = run(Tampered(lambda *_: Response(status=200, body=garbage)))
    assert len(report.cases) == 17
    assert not report.certified
    assert report.switches == {}


def test_what_is_not_set_up_is_skipped_with_what_somebody_must_do_and_certifies_nothing() -> None:
    with unarranged(SpendgoModel()) as target:
        report = certify(target)
    skipped = {c.number: c.notes for c in report.cases if c.verdict is Verdict.SKIPPED}
    assert skipped.keys() == {7, 10, 11, 12, 13}
    assert all("must give" in skipped[number] for number in (7, 10, 12, 13))
    assert "USD 5.00 off" in case(report, 7).seen
    assert not report.certified


def test_points_that_are_booked_a_bit_later_are_waited_for(run) -> None:
    clock, late = FakeClock(), 3.0
    booked: list[tuple[float, Any]] = []

    def slow(what, body, honest):
        reply = honest()
        if what != "balance":
            return reply
        booked.append((clock.slept, reply))
        return next(then for at, then in reversed(booked) if at <= max(0.0, clock.slept - late))

    report = run(Tampered(slow), clock=clock, patience=10.0)
    assert case(report, 6).verdict is Verdict.PASS
    assert clock.slept >= late


def test_the_wait_has_an_end(run) -> None:
    clock = FakeClock()
    report = run(Tampered(only_says("completed")), clock=clock, patience=10.0)
    assert case(report, 6).verdict is Verdict.FAIL
    assert clock.slept < 60 * 10


def test_no_two_runs_share_an_order_id() -> None:
    now = FakeClock()()
    assert len({run_id(now) for _ in range(100)}) == 100
