"""A lost reply: what is repeated, what is compared, what a person has to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from tests.adapters.spendgo import orders as o

from stampcard.adapter import Accepted, Declined, Escalate, Evidence, Probe, Repeat, Resend, Unknown
from stampcard.commands import Bill
from stampcard.model import GUEST, Guest, Member, Money, Reward
from stampcard.wire import Response
from stampcard_adapters.spendgo import PointsLeave, Repeated

LOST = Evidence(attempts=1, age=500.0, sole_claimant=True)
LATER = [t for t in o.TRIGGERS if t not in ("checkout", "bill")]


def told(code: str, provider_code: str, *, inferred_before: bool = False, age: float = 500.0) -> Evidence:
    """A resend was answered no."""
    answer = Declined(code=code, message="No.", provider_code=provider_code)
    return Evidence(attempts=2, age=age, answer=answer, inferred_before=inferred_before)


OUT = told("order.out_of_sequence", "409")
NOT_APPLIED = told("reward.not_applied", "400")


def listed(*rewards: Mapping[str, object]) -> Response:
    return o.reply(200, {"rewards": list(rewards)})


def seen(
    answer: Response,
    evidence: Evidence = OUT,
    *,
    using: Reward | None = None,
    repeat: Repeated = Repeated.REFUSED,
    **switches: Any,
) -> object:
    """What the comparison of the member's reward concludes."""
    order, command = o.step("bill", using=using or o.reward())
    move = o.adapter(repeat, **switches).recover(order, command, evidence)
    assert isinstance(move, Probe)
    assert (move.request.method, move.request.target) == ("GET", "/loyalty/accounts/494979/rewards?store=999999")
    return move.read(answer)


@pytest.mark.parametrize("repeat", Repeated)
@pytest.mark.parametrize("evidence", [LOST, OUT])
def test_a_checkout_is_sent_again_whatever_was_said(repeat: Repeated, evidence: Evidence) -> None:
    assert o.adapter(repeat).recover(*o.step("checkout"), evidence) == Resend()


def test_points_are_not_taken_twice_where_placing_takes_them_and_repeats_are_unsafe() -> None:
    cautious = o.adapter(Repeated.UNSAFE, points_leave_at=PointsLeave.PLACED)
    assert isinstance(cautious.recover(*o.step("place", using=o.POINTS), LOST), Escalate)
    assert isinstance(cautious.recover(*o.step("place"), LOST), Resend)


@pytest.mark.parametrize("trigger", LATER)
class TestPlacedCompletedVoidedRefunded:
    def test_are_sent_again(self, trigger: str) -> None:
        for repeat in (Repeated.REPLAYED, Repeated.REFUSED):
            assert o.adapter(repeat).recover(*o.step(trigger), LOST) == Resend()

    def test_never_award_or_take_points_twice_where_repeats_are_unsafe(self, trigger: str) -> None:
        move = o.adapter(Repeated.UNSAFE).recover(*o.step(trigger), LOST)
        assert isinstance(move, Escalate if trigger in ("complete", "refund") else Resend)

    def test_never_give_a_reward_back_twice_where_repeats_are_unsafe(self, trigger: str) -> None:
        move = o.adapter(Repeated.UNSAFE).recover(*o.step(trigger, using=o.reward()), LOST)
        assert isinstance(move, Resend if trigger == "place" else Escalate)

    def test_a_no_to_a_repeat_is_not_believed(self, trigger: str) -> None:
        for repeat in (Repeated.REPLAYED, Repeated.UNSAFE):
            move = o.adapter(repeat).recover(*o.step(trigger), OUT)
            assert isinstance(move, Escalate)
            assert o.order().id in move.check

    def test_out_of_sequence_means_already_where_repeats_are_refused(self, trigger: str) -> None:
        order, command = o.step(trigger)
        move = o.adapter(Repeated.REFUSED).recover(order, command, OUT)
        assert move == Accepted(facts=order.facts, inferred=True)

    def test_an_inference_is_never_built_on_an_inference(self, trigger: str) -> None:
        evidence = attrs.evolve(OUT, inferred_before=True)
        assert isinstance(o.adapter(Repeated.REFUSED).recover(*o.step(trigger), evidence), Escalate)

    def test_another_no_means_nothing_either(self, trigger: str) -> None:
        assert isinstance(o.adapter(Repeated.REFUSED).recover(*o.step(trigger), NOT_APPLIED), Escalate)


class TestBilled:
    def test_is_sent_again_first(self) -> None:
        for repeat in (Repeated.REPLAYED, Repeated.REFUSED):
            assert o.adapter(repeat).recover(*o.step("bill", using=o.reward()), LOST) == Resend()

    def test_is_not_compared_where_another_order_may_have_used_the_reward(self) -> None:
        shared = attrs.evolve(LOST, sole_claimant=False)
        advice = o.adapter(Repeated.UNSAFE).recover(*o.step("bill", using=o.reward()), shared)
        assert isinstance(advice, Escalate)

    def test_is_compared_first_where_repeats_are_unsafe(self) -> None:
        row = {"id": "2234402", "quantity": 1}
        assert isinstance(seen(listed(row), LOST, repeat=Repeated.UNSAFE), Accepted)

    @pytest.mark.parametrize("buyer", [GUEST, o.MEMBER])
    @pytest.mark.parametrize("evidence", [NOT_APPLIED, OUT])
    def test_without_a_reward_there_is_nothing_to_compare(self, buyer: Member | Guest, evidence: Evidence) -> None:
        for repeat in Repeated:
            assert isinstance(o.adapter(repeat).recover(*o.step("bill", buyer=buyer), evidence), Escalate)

    def test_a_reward_exactly_one_lower_was_used_by_us(self) -> None:
        outcome = seen(listed({"id": "1", "quantity": 9}, {"id": "2234402", "quantity": 1}))
        order, _ = o.step("bill", using=o.reward())
        assert outcome == Accepted(facts=order.facts, inferred=True)

    @pytest.mark.parametrize("quantity", [0, 2, 3])
    def test_anything_else_is_for_a_person(self, quantity: int) -> None:
        row = {"id": "2234402", "quantity": quantity, "value": 5, "currency": "USD"}
        assert isinstance(seen(listed(row)), Escalate)

    def test_unchanged_means_not_yet_while_the_call_may_still_land(self) -> None:
        row = {"id": "2234402", "quantity": 2, "value": 5, "currency": "USD"}
        early = attrs.evolve(OUT, age=60.0)
        assert isinstance(seen(listed(row), early), Unknown)
        assert isinstance(seen(listed(row), attrs.evolve(early, age=120.0)), Escalate)
        assert isinstance(seen(listed(row), early, late_window=30.0), Escalate)

    def test_a_reward_that_left_the_list_proves_nothing_unless_told_so(self) -> None:
        last = o.reward(quantity=1)
        assert isinstance(seen(listed(), using=last), Escalate)
        assert isinstance(seen(listed(), using=last, gone_is_used=True), Accepted)
        assert isinstance(seen(listed(), using=o.reward(quantity=2), gone_is_used=True), Escalate)

    @pytest.mark.parametrize(
        "answer",
        [o.reply(500, None), o.reply(401, {"code": 1004, "details": "x"}), o.reply(200, {}), o.reply(400, b"<")],
    )
    def test_a_list_that_cannot_be_read_decides_nothing(self, answer: Response) -> None:
        assert isinstance(seen(answer), Unknown)

    def test_out_of_sequence_is_compared_only_where_repeats_are_refused(self) -> None:
        assert isinstance(seen(listed({"id": "2234402", "quantity": 1}), OUT), Accepted)
        assert isinstance(o.adapter().recover(*o.step("bill", using=o.reward()), OUT), Escalate)

    @pytest.mark.parametrize("using", [o.reward(), o.POINTS])
    def test_a_reward_that_cannot_be_used_now_is_never_taken_for_used_by_us(self, using: Reward) -> None:
        """Told only of a bill that never took effect: the same amount lower is another order's use of it."""
        for repeat in (Repeated.REPLAYED, Repeated.REFUSED):
            assert isinstance(o.adapter(repeat).recover(*o.step("bill", using=using), NOT_APPLIED), Escalate)

    def test_an_inference_is_never_built_on_an_inference(self) -> None:
        evidence = attrs.evolve(OUT, inferred_before=True)
        assert isinstance(o.adapter(Repeated.REFUSED).recover(*o.step("bill", using=o.reward()), evidence), Escalate)

    def test_a_store_that_left_the_settings_is_for_a_person(self) -> None:
        order, command = o.step("bill", using=o.reward())
        elsewhere = attrs.evolve(order, site=attrs.evolve(order.site, store="9999"))
        assert isinstance(o.adapter().recover(elsewhere, command, NOT_APPLIED), Escalate)


class TestBilledWithPoints:
    """A Shop With Points reward stays listed: its value is what goes down. Five of twenty-five were validated."""

    @pytest.mark.parametrize(("value", "ours"), [("20", True), ("20.01", False), ("19.99", False), ("25", False)])
    def test_the_value_lower_by_exactly_what_was_taken_is_ours(self, value: str, ours: bool) -> None:
        row = {"id": "P_77", "quantity": 1, "value": Money(value, "USD").amount}
        assert isinstance(seen(listed(row), using=o.POINTS), Accepted if ours else Escalate)

    def test_less_than_validated_is_compared_as_taken(self) -> None:
        order, _ = o.step("bill", using=o.POINTS)
        command = Bill(tenders=(o.CARD,), totals=o.BASKET.totals, reward_discount=o.usd("2"))
        move = o.adapter(Repeated.REFUSED).recover(order, command, OUT)
        assert isinstance(move, Probe)
        assert isinstance(move.read(listed({"id": "P_77", "quantity": 1, "value": 23})), Accepted)

    def test_all_points_gone(self) -> None:
        order, command = o.step("bill", using=attrs.evolve(o.POINTS, value=o.usd("5")))
        for gone_is_used, kind in ((False, Escalate), (True, Accepted)):
            move = o.adapter(Repeated.REFUSED, gone_is_used=gone_is_used).recover(order, command, OUT)
            assert isinstance(move, Probe)
            assert isinstance(move.read(listed()), kind)

    def test_points_that_leave_at_another_stage_or_were_never_valued_show_nothing(self) -> None:
        order, command = o.step("bill", using=o.POINTS)
        move = o.adapter(Repeated.REFUSED, points_leave_at=PointsLeave.PLACED).recover(order, command, OUT)
        assert isinstance(move, Escalate)
        order, command = o.step("bill", using=attrs.evolve(o.POINTS, value=None))
        assert isinstance(o.adapter(Repeated.REFUSED).recover(order, command, OUT), Escalate)


def test_policies_say_what_the_switch_says() -> None:
    usual = o.adapter().policies
    assert {p.repeat for p in usual.values()} == {Repeat.SAME_KEY}
    assert [t for t, p in usual.items() if p.effectless] == ["checkout"]
    assert [t for t, p in usual.items() if p.deferrable] == ["complete", "void", "refund"]
    assert [t for t, p in usual.items() if p.reversible] == ["place", "bill", "complete"]
    assert not any(p.look_up for p in usual.values())
    unsafe = o.adapter(Repeated.UNSAFE, call_budget=4.0).policies
    assert [t for t, p in unsafe.items() if p.repeat is Repeat.NEVER] == ["complete", "refund"]
    assert unsafe["bill"].repeat is Repeat.PROBE_FIRST
    assert {p.call_budget for p in unsafe.values()} == {4.0}
