"""What the documents leave open is found as it is, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest

from stampcard_adapters.certify import Measurement, Report
from stampcard_adapters.certify.spendgo import certify
from stampcard_adapters.certify.spendgo.measure import switches_of
from stampcard_adapters.sandbox.spendgo import SpendgoModel, Switches
from stampcard_adapters.spendgo import Switches as Ours

from .conftest import Tampered, answer, unarranged

DEFAULTS: dict[str, Any] = {
    "repeat": "replayed",
    "points_leave_at": "billed",
    "payments_as_array": False,
    "gone_is_used": False,
}


def found(report: Report, name: str) -> Measurement:
    return next(m for m in report.measurements if m.name == name)


def test_the_sandbox_comes_out_as_the_defaults(honest) -> None:
    assert honest.switches == DEFAULTS
    defaults = Ours()
    assert {name: getattr(defaults, name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    ("sandbox", "measured"),
    [
        ({"repeat": "refused"}, {"repeat": "refused"}),
        ({"repeat": "refused", "out_of_sequence": 400}, {"repeat": "refused"}),
        ({"repeat": "unsafe"}, {"repeat": "unsafe"}),
        ({"swp_deducted_at": "placed"}, {"points_leave_at": "placed"}),
        ({"swp_deducted_at": "completed"}, {"points_leave_at": "completed"}),
        ({"repeat": "unsafe", "swp_deducted_at": "placed"}, {"repeat": "unsafe", "points_leave_at": "placed"}),
    ],
)
def test_another_provider_comes_out_as_it_is(run, sandbox, measured) -> None:
    report = run(SpendgoModel(switches=Switches(**sandbox)))
    assert report.switches == {**DEFAULTS, **measured}
    assert report.certified


def test_effects_that_come_twice_are_seen_behind_answers_that_look_the_same(run) -> None:
    report = run(SpendgoModel(switches=Switches(repeat="unsafe")))
    for stage, moved in (("completed", "points"), ("billed", "Shop With Points"), ("voided", "Shop With Points")):
        repeat = found(report, f"repeat of {stage}")
        assert repeat.value == "unsafe"
        assert moved in repeat.seen


@pytest.mark.parametrize("status", [400, 409])
def test_the_answer_to_a_stage_out_of_sequence_is_found(run, status) -> None:
    report = run(SpendgoModel(switches=Switches(out_of_sequence=status)))
    for name in ("out of sequence: completed before billed", "placed again with another body"):
        assert found(report, name).value == f"{status} code {status}"


def test_the_answer_to_an_invalid_reward_at_checkout_is_found(run, honest) -> None:
    name = "an invalid reward at checkout"
    assert found(honest, name).value == "200"
    told = run(SpendgoModel(switches=Switches(invalid_reward_at_checkout="error")))
    assert found(told, name).value == "400 code 400"
    assert told.certified


def test_a_void_is_measured_after_every_stage(run) -> None:
    def not_after_billed(what, body, honest):
        reply = honest()
        return answer(409, {"code": 409, "details": "no"}) if what == "voided" and body["id"] in billed else reply

    billed: set[str] = set()

    def watching(what, body, honest):
        if what == "billed":
            billed.add(body["id"])
        return not_after_billed(what, body, honest)

    report = run(Tampered(watching))
    values = [found(report, f"void after {stage}").value for stage in ("checkout", "placed", "billed")]
    assert values == ["200", "200", "409 code 409"]


def test_a_provider_that_takes_payments_only_as_an_array_is_found(run) -> None:
    def arrays_only(what, body, honest):
        wrong = what == "placed" and not isinstance(body["payments"], list)
        return answer(400, {"code": 2000, "details": "payments"}) if wrong else honest()

    assert run(Tampered(arrays_only)).switches["payments_as_array"] is True


def test_a_reward_that_leaves_the_list_by_itself_is_told(run) -> None:
    model = SpendgoModel()

    def begins(what: str) -> None:
        if what == "measuring: the list of rewards":
            model.give("494979", label="Now or never", value=1, vanishes=True)

    vanishing = found(run(model, on_start=begins), "rewards that leave the list by themselves")
    assert vanishing.seen.startswith("1 of 6 were gone at a second look")
    assert vanishing.value is False


def test_what_cannot_be_seen_is_said_and_sets_nothing() -> None:
    with unarranged(SpendgoModel()) as target:
        report = certify(target)
    assert found(report, "Shop With Points leave at").value is None
    assert report.switches.keys() == {"payments_as_array", "gone_is_used"}
    assert "no reward was at hand" in found(report, "repeat of voided").seen


def told(*repeats: str | None) -> tuple[Measurement, ...]:
    return tuple(Measurement(name="repeat", seen="", switch="repeat", value=value) for value in repeats)


@pytest.mark.parametrize(
    ("repeats", "switch"),
    [
        (("replayed", "replayed"), "replayed"),
        (("refused", "refused"), "refused"),
        (("refused", "replayed"), "replayed"),
        (("replayed", "refused", "unsafe"), "unsafe"),
        (("replayed", None), None),
        (("unsafe", None), "unsafe"),
        ((), None),
    ],
)
def test_one_setting_stands_for_all_stages_and_it_is_the_careful_one(repeats, switch) -> None:
    assert switches_of(told(*repeats)).get("repeat") == switch
