"""A lost reply: what is looked at, what counts as new, when it is sent again, what a person has to look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.sessionm import orders as o

from stampcard.adapter import Accepted, Declined, Escalate, Evidence, Probe, Repeat, Resend, Unknown
from stampcard.lifecycles import RedemptionState
from stampcard.wire import Response
from stampcard_adapters.sessionm import SessionMRedeem
from stampcard_adapters.sessionm.queries import PAGE

EARLY = Evidence(attempts=1, age=119.9)
LATE = Evidence(attempts=1, age=120.0)
GONE = Evidence(attempts=2, age=0.5, answer=Declined(code="offer.not_available", message="No."))
TAKEN = Evidence(attempts=2, age=0.5, answer=Declined(code="order.refused", message="No.", provider_code="validation"))


def old(number: int, **changes: Any) -> dict[str, Any]:
    """An order of before: the higher the number, the younger."""
    made = o.MADE - timedelta(days=1) + timedelta(seconds=number)
    return o.row(**{"id": number, "external_id": o.ABSENT, "created_at": f"{made:%Y-%m-%d %H:%M:%S}", **changes})


def had(*rows: dict[str, Any], **changes: Any) -> SessionMRedeem:
    """The wish as it was sent by a till that had listed these."""
    times = [o.MADE - timedelta(days=1) + timedelta(seconds=row["id"]) for row in rows]
    return o.redeem(had=tuple(row["id"] for row in rows), newest_at=max(times, default=None), **changes)


def seen(answer: Response, evidence: Evidence = LATE, wish: SessionMRedeem | None = None, **switches: Any) -> object:
    """What a look at the customer's orders concludes."""
    move = o.adapter(**switches).recover(o.order(), wish or had(), evidence)
    assert isinstance(move, Probe)
    assert move.request.method == "GET"
    assert move.request.target == f"/priv/v1/apps/~/users/{o.UUID}/orders?limit=50&page=1"  # and no till's clock in it
    return move.read(answer)


class TestRedeem:
    def test_the_new_order_with_our_id_is_ours(self) -> None:
        for evidence in (EARLY, LATE, GONE, TAKEN):
            outcome = seen(o.listing(o.row(), old(2), old(1)), evidence, had(old(2), old(1)))
            assert isinstance(outcome, Accepted)
            assert (outcome.to, outcome.claims, outcome.drift) == (RedemptionState.PENDING_APPROVAL, "4242", None)
            assert (outcome.facts.order_id, outcome.facts.points, outcome.facts.created_at) == (4242, 300, o.MADE)

    def test_an_order_that_was_approved_meanwhile_is_adopted_as_approved(self) -> None:
        outcome = seen(o.listing(o.row(status="approved")))
        assert isinstance(outcome, Accepted)
        assert outcome.to is RedemptionState.APPROVED

    @pytest.mark.parametrize("status", ["rejected", "redemption_error", "available"])
    def test_any_other_status_is_adopted_as_pending_and_told(self, status: str) -> None:
        outcome = seen(o.listing(o.row(status=status)))
        assert isinstance(outcome, Accepted)
        assert (outcome.to, outcome.drift) == (RedemptionState.PENDING_APPROVAL, status)

    def test_the_members_own_order_by_phone_beside_ours_changes_nothing(self) -> None:
        assert isinstance(seen(o.listing(o.row(id=4243, external_id=o.ABSENT), o.row())), Accepted)

    def test_none_new_means_not_yet_while_the_call_may_still_land(self) -> None:
        answer, wish = o.listing(old(1)), had(old(1))
        outcome = seen(answer, EARLY, wish)
        assert isinstance(outcome, Unknown)
        assert "not yet" in outcome.why
        assert seen(answer, LATE, wish) == Resend()
        assert seen(answer, attrs.evolve(EARLY, age=30.0), wish, late_window=30.0) == Resend()
        assert seen(o.listing(), LATE) == Resend()

    def test_a_new_order_that_does_not_carry_our_id_is_for_a_person(self) -> None:
        for other in (o.ABSENT, None, "", "somebody-else"):
            for evidence in (EARLY, LATE, GONE):
                verdict = seen(o.listing(o.row(external_id=other)), evidence)
                assert isinstance(verdict, Escalate)
                assert "4242" in verdict.reason
                assert o.ID in verdict.check

    def test_several_new_ones_are_for_a_person(self) -> None:
        for switch in (True, False):
            twins = o.listing(o.row(id=1, external_id=o.ABSENT), o.row(id=2, external_id=o.ABSENT))
            assert isinstance(seen(twins, adopt_by_shape=switch), Escalate)
        assert isinstance(seen(o.listing(o.row(id=1), o.row(id=2))), Escalate)

    def test_a_new_order_of_another_offer_is_none_of_ours(self) -> None:
        assert seen(o.listing(o.row(offer_id=78, external_id=o.ABSENT))) == Resend()

    def test_a_new_order_that_does_not_tell_its_offer_may_be_ours(self) -> None:
        assert isinstance(seen(o.listing(o.row(offer_id=o.ABSENT, external_id=o.ABSENT))), Escalate)

    @pytest.mark.parametrize("odd", [{"offer_id": 78}, {"quantity": 1}, {"quantity": o.ABSENT}])
    def test_our_id_on_another_offer_or_quantity_is_for_a_person(self, odd: dict[str, Any]) -> None:
        assert isinstance(seen(o.listing(o.row(**odd))), Escalate)

    def test_our_id_on_an_order_of_before_the_first_send_is_for_a_person(self) -> None:
        assert isinstance(seen(o.listing(o.row(id=1)), LATE, had(old(1))), Escalate)

    def test_shape_adopts_only_where_it_is_switched_on_and_only_what_carries_no_id(self) -> None:
        plain = o.row(external_id=o.ABSENT)
        assert isinstance(seen(o.listing(plain), adopt_by_shape=True), Accepted)
        for odd in ({"external_id": "other"}, {"quantity": 3, "external_id": o.ABSENT}):
            assert isinstance(seen(o.listing(o.row(**odd)), adopt_by_shape=True), Escalate)

    @pytest.mark.parametrize(
        "answer",
        [
            o.reply(500, None),
            o.no("invalid_api_key", 401),
            o.no("user_not_found", 404),
            o.reply(200, {}),
            o.reply(200, {"orders": {}}),
            o.reply(200, b"<html>"),
            o.reply(429, None),
            o.listing(o.row(id=o.ABSENT)),
            o.listing(o.row(), {"id": 5}),
        ],
    )
    def test_a_list_that_cannot_be_read_whole_decides_nothing(self, answer: Response) -> None:
        assert isinstance(seen(answer), Unknown)

    def test_a_list_that_lacks_what_it_showed_before_decides_nothing(self) -> None:
        assert isinstance(seen(o.listing(old(2)), LATE, had(old(2), old(1))), Unknown)


class TestMoreOrdersThanAPage:
    """What is new must be on the page that is looked at, whatever the order of the list, or nobody can say."""

    before = tuple(old(number) for number in range(200, 200 - PAGE, -1))

    def test_newest_first_and_reaching_back_decides(self) -> None:
        assert seen(o.listing(*self.before), LATE, had(*self.before)) == Resend()
        other = o.row(id=300, offer_id=78, external_id=o.ABSENT)
        assert seen(o.listing(other, *self.before[:-1]), LATE, had(*self.before)) == Resend()

    def test_oldest_first_hides_what_is_new(self) -> None:
        oldest = tuple(old(number) for number in range(1, PAGE + 1))
        assert isinstance(seen(o.listing(*oldest), LATE, had(*oldest)), Escalate)

    def test_a_list_in_no_order_of_time_proves_nothing(self) -> None:
        by_name = (*self.before[10:40], *self.before[:10], *self.before[40:])
        assert isinstance(seen(o.listing(*by_name), LATE, had(*self.before)), Escalate)

    def test_times_that_are_missing_or_all_the_same_prove_nothing(self) -> None:
        hidden = [{**row, "created_at": None} for row in self.before]
        assert isinstance(seen(o.listing(*hidden), LATE, had(*self.before)), Escalate)
        alike = [{**row, "created_at": self.before[0]["created_at"]} for row in self.before]
        assert isinstance(seen(o.listing(*alike), LATE, had(*self.before)), Escalate)

    def test_a_page_full_of_other_new_orders_does_not_reach_back(self) -> None:
        others = [old(number, offer_id=78) for number in range(400, 400 - PAGE, -1)]
        assert isinstance(seen(o.listing(*others), LATE, had(*self.before)), Escalate)

    def test_ours_is_ours_wherever_it_stands(self) -> None:
        oldest = tuple(old(number) for number in range(1, PAGE))
        assert isinstance(seen(o.listing(*oldest, o.row()), LATE, had(*oldest)), Accepted)


@given(
    before=st.sets(st.integers(1, 90), max_size=PAGE + 20),
    landed=st.booleans(),
    others=st.integers(0, 3),
    newest_first=st.booleans(),
    age=st.sampled_from([0.0, 119.0, 120.0, 9999.0]),
)
def test_it_is_never_sent_again_while_the_provider_holds_it(
    before: set[int], landed: bool, others: int, newest_first: bool, age: float
) -> None:
    """Points must not be taken twice: against any list a provider may show."""
    ordered = sorted(before, reverse=newest_first)
    first = [old(number) for number in ordered][:PAGE]
    fresh = [o.row(id=1000 + n, offer_id=78, external_id=o.ABSENT) for n in range(others)]
    fresh += [o.row(id=2000, created_at="2026-11-22 10:00:05")] if landed else []
    rows = [old(number) for number in ordered]
    listed = (list(reversed(fresh)) + rows if newest_first else rows + fresh)[:PAGE]
    verdict = seen(o.listing(*listed), Evidence(attempts=1, age=age), had(*first))
    if landed:
        assert not isinstance(verdict, (Resend, Declined)), verdict
        assert isinstance(verdict, (Accepted, Escalate)) or age < 120
    if isinstance(verdict, Resend):
        assert age >= 120.0


class TestARepeatThatWasToldNo:
    def test_is_believed_once_the_provider_shows_nothing_new(self) -> None:
        assert seen(o.listing(old(1)), GONE, had(old(1))) == GONE.answer

    def test_is_not_believed_where_it_may_be_about_the_first(self) -> None:
        assert isinstance(seen(o.listing(), TAKEN), Escalate)
        assert seen(o.listing(), TAKEN, send_external_id=False) == TAKEN.answer

    @pytest.mark.parametrize("evidence", [GONE, TAKEN])
    def test_is_never_sent_a_third_time(self, evidence: Evidence) -> None:
        for answer in (o.listing(), o.listing(old(1)), o.listing(o.row())):
            assert not isinstance(seen(answer, evidence), Resend)


@pytest.mark.parametrize("trigger", ["approve", "reject"])
class TestAChangeOfStatus:
    def look(self, trigger: str, answer: Response, evidence: Evidence = LATE) -> object:
        order, command = o.step(trigger)
        move = o.adapter().recover(order, command, evidence)
        assert isinstance(move, Probe)
        assert (move.request.method, move.request.target) == ("GET", f"/priv/v1/apps/~/users/{o.UUID}/orders/4242")
        return move.read(answer)

    def test_that_shows_is_done_whoever_did_it(self, trigger: str) -> None:
        word = {"approve": "approved", "reject": "rejected"}[trigger]
        for evidence in (EARLY, LATE, TAKEN):
            outcome = self.look(trigger, o.shown(status=word), evidence)
            assert isinstance(outcome, Accepted)
            assert (outcome.to, outcome.facts.provider_status) == (word, word)

    def test_that_went_the_other_way_was_refused(self, trigger: str) -> None:
        word = {"approve": "rejected", "reject": "approved"}[trigger]
        outcome = self.look(trigger, o.shown(status=word))
        assert isinstance(outcome, Declined)
        assert (outcome.code, outcome.provider_code) == ("order.not_pending", word)

    def test_that_does_not_show_yet_may_still_land(self, trigger: str) -> None:
        assert isinstance(self.look(trigger, o.shown(), EARLY), Unknown)
        assert self.look(trigger, o.shown(), LATE) == Resend()

    def test_refused_and_still_pending_is_for_a_person(self, trigger: str) -> None:
        assert isinstance(self.look(trigger, o.shown(), TAKEN), Escalate)

    @pytest.mark.parametrize("status", ["redemption_error", "reconciled"])
    def test_to_a_status_nobody_knows_is_for_a_person(self, trigger: str, status: str) -> None:
        verdict = self.look(trigger, o.shown(status=status))
        assert isinstance(verdict, Escalate)
        assert status in verdict.reason

    def test_of_an_order_that_is_gone_is_for_a_person(self, trigger: str) -> None:
        assert isinstance(self.look(trigger, o.no("not_found", 404)), Escalate)

    @pytest.mark.parametrize(
        "answer", [o.reply(500, None), o.reply(200, {}), o.shown(id=1), o.no("access_denied", 401), o.reply(302, None)]
    )
    def test_that_cannot_be_read_decides_nothing(self, trigger: str, answer: Response) -> None:
        assert isinstance(self.look(trigger, answer), Unknown)


def test_a_change_of_an_order_that_is_no_longer_known_is_for_a_person() -> None:
    assert isinstance(o.adapter().recover(o.order(), o.COMMANDS["approve"], LATE), Escalate)


def test_policies_say_that_nothing_is_repeated_unseen() -> None:
    policies = o.adapter(call_budget=4.0, late_window=60.0).policies
    assert [t for t, p in policies.items() if p.repeat is not Repeat.PROBE_FIRST] == ["observe"]
    assert [t for t, p in policies.items() if p.effectless] == ["observe"]
    assert all(p.look_up and not p.deferrable for p in policies.values())
    assert {(p.call_budget, p.late_window) for p in policies.values()} == {(4.0, 60.0)}
