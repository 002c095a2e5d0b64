"""A lost reply: what is looked up, what is repeated, what a person has to look at (traps 1 and 2)."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.adapters.kalixo import orders as o

from stampcard.adapter import Accepted, Declined, Escalate, Evidence, NotSent, Probe, Repeat, Resend, Unknown
from stampcard.commands import Observe
from stampcard.lifecycles import FulfilmentState
from stampcard.wire import Response

EARLY = Evidence(attempts=1, age=119.0)
LATE = Evidence(attempts=1, age=120.0)
ABSENT = o.no(404, "Order O-12345 not found")


def told(code: str, provider_code: str = "409", age: float = 500.0) -> Evidence:
    """A resend was answered no."""
    no = Declined(code=code, message="No.", provider_code=provider_code, perhaps_done=code == "order.already_placed")
    return Evidence(attempts=2, age=age, answer=no)


def shown(answer: Response, evidence: Evidence = LATE, version: int = 2, **switches: Any) -> Any:
    """What is concluded from a look at the provider."""
    move = o.adapter(version, **switches).recover(o.order(), o.PLACE, evidence)
    assert isinstance(move, Probe)
    target = "/v2/orders/O-12345" if version == 2 else "/v1/orders/retrieve-order?id=59400"
    assert (move.request.method, move.request.target) == ("GET", target)
    return move.read(answer)


class TestV2:
    @pytest.mark.parametrize("evidence", [EARLY, LATE, told("order.already_placed"), told("account.limit")])
    def test_looks_by_our_code_before_anything_is_sent(self, evidence: Evidence) -> None:
        seen = shown(o.reply(200, o.V2_DONE), evidence)
        assert isinstance(seen, Accepted)
        assert (seen.to, seen.claims, seen.facts.kalixo_id) == (FulfilmentState.COMPLETED, "59400", "59400")

    @pytest.mark.parametrize(
        ("body", "state"),
        [
            ({"status": "processing"}, "processing"),
            ({"status": "completed", "products": o.V2_DONE["products"]}, "completed"),
            ({"status": "failed", "reason": "no stock"}, "failed"),
            # further on than placing leads: it is observed from there
            ({"status": "partially_completed", "products": [o.codes(6, "BBBB-2222")]}, "processing"),
            ({"status": "error"}, "processing"),
            ({"status": "on hold"}, "processing"),
        ],
    )
    def test_takes_what_is_there(self, body: dict[str, object], state: str) -> None:
        seen = shown(o.reply(200, {"orderId": 59400, "externalOrderCode": "O-12345", **body}))
        assert isinstance(seen, Accepted)
        assert seen.to == state

    def test_not_there_is_not_yet_until_the_late_window_has_passed(self) -> None:
        assert isinstance(shown(ABSENT, EARLY), Unknown)
        assert isinstance(shown(ABSENT, LATE), Resend)
        assert isinstance(shown(ABSENT, LATE, late_window=121.0), Unknown)
        assert isinstance(shown(ABSENT, EARLY, late_window=30.0), Resend)

    def test_a_refused_repeat_is_believed_only_when_nothing_is_there_and_nothing_can_land(self) -> None:
        no = told("account.limit", "422")
        assert shown(ABSENT, no) == no.answer
        assert isinstance(shown(ABSENT, attrs.evolve(no, age=10.0)), Unknown)

    def test_already_placed_and_not_there_is_for_a_person(self) -> None:
        seen = shown(ABSENT, told("order.already_placed"))
        assert isinstance(seen, Escalate)
        assert "O-12345" in seen.check

    @pytest.mark.parametrize(
        "products",
        [
            [o.codes(77, "x")],
            [o.codes(2, "a", "b"), o.codes(6, "c", "d")],
            [o.codes(2, "a")],
        ],
    )
    def test_other_goods_under_our_code_are_for_a_person(self, products: list[object]) -> None:
        assert isinstance(shown(o.reply(200, {**o.V2_DONE, "products": products})), Escalate)

    def test_part_of_our_goods_is_ours(self) -> None:
        part = {**o.V2_DONE, "status": "partially_completed", "products": [o.codes(6, "BBBB-2222")]}
        assert isinstance(shown(o.reply(200, part)), Accepted)
        more = {**part, "products": [o.codes(6, "a", "b", "c")]}
        assert isinstance(shown(o.reply(200, more)), Escalate)

    @pytest.mark.parametrize(
        "answer",
        [
            o.reply(500, {"statusCode": 500, "message": "Internal server error"}),
            o.no(400, "Validation failed (numeric string is expected)"),
            o.no(404, "Cannot GET /v2/orders/O-12345"),
            o.no(404, "Product 2 was not found in your catalog"),
            o.reply(404, b"<html>Not Found</html>"),
            o.reply(200, {**o.V2_DONE, "externalOrderCode": "O-99999"}),
            o.reply(200, {"orderId": 59400, "externalOrderCode": "O-12345"}),
            o.reply(200, {"status": "completed"}),
            o.reply(200, b"<html>Welcome</html>"),
            o.reply(204, b""),
        ],
    )
    @pytest.mark.parametrize("evidence", [LATE, told("account.limit", "422")])
    def test_a_look_that_cannot_be_read_decides_nothing(self, answer: Response, evidence: Evidence) -> None:
        assert isinstance(shown(answer, evidence), Unknown)

    def test_a_look_that_was_turned_away_decides_nothing(self) -> None:
        assert isinstance(shown(o.no(401, "Missing API key")), NotSent)
        assert isinstance(shown(o.reply(429, b"")), NotSent)

    def test_no_code_is_in_what_is_concluded(self) -> None:
        for body in (
            o.V2_DONE,
            {**o.V2_DONE, "products": [o.codes(77, "AAAA-1111")]},
            {**o.V2_DONE, "status": "AAAA-1111"},
        ):
            assert "AAAA" not in repr(shown(o.reply(200, body)))


class TestV1:
    def test_the_same_code_is_sent_again(self) -> None:
        adapter = o.adapter(1)
        for evidence in (EARLY, LATE):
            assert isinstance(adapter.recover(o.order(), o.PLACE, evidence), Resend)
        assert adapter.request(o.order(), o.PLACE) == adapter.request(o.order(), o.PLACE)

    def test_it_is_not_where_that_is_switched_off(self) -> None:
        assert isinstance(o.adapter(1, resend_v1=False).recover(o.order(), o.PLACE, LATE), Escalate)

    def test_already_placed_without_an_order_id_is_for_a_person(self) -> None:
        move = o.adapter(1).recover(o.order(), o.PLACE, told("order.already_placed"))
        assert isinstance(move, Escalate)
        assert "O-12345" in move.check

    def test_another_no_to_a_repeat_is_never_believed(self) -> None:
        assert isinstance(o.adapter(1).recover(o.order(), o.PLACE, told("account.limit", "422")), Escalate)

    def test_already_placed_with_an_order_id_is_looked_at_and_compared(self) -> None:
        already = told("order.already_placed", "409/59400")
        body = {"orderId": 59400, "orderStatus": "completed", "products": o.V1["products"]}
        seen = shown(o.reply(200, body), already, 1)
        assert isinstance(seen, Accepted)
        assert (seen.to, seen.claims) == (FulfilmentState.COMPLETED, "59400")
        waiting = {"orderId": 59400, "orderStatus": "requested", "products": []}
        assert shown(o.reply(200, waiting), already, 1).to is FulfilmentState.REQUESTED
        assert isinstance(shown(o.reply(200, {**body, "products": [o.pins(1, "x")]}), already, 1), Escalate)
        assert isinstance(shown(o.reply(200, {**body, "orderId": 1}), already, 1), Unknown)
        assert isinstance(shown(o.no(404, "Order 59400 not found"), already, 1), Escalate)
        assert isinstance(shown(o.reply(500, b""), already, 1), Unknown)


def test_an_answer_to_a_first_send_that_may_mean_already_is_doubt() -> None:
    for version in o.VERSIONS:
        for answer in (o.no(409, "An order with this external order code already exists."), o.no(409, "x")):
            outcome = o.adapter(version).read(o.order(), o.PLACE, answer)
            assert isinstance(outcome, Declined)
            assert outcome.perhaps_done


def test_policies_say_what_each_version_stands() -> None:
    one, two = o.adapter(1, call_budget=9.0).policies, o.adapter(2).policies
    assert (one["place"].repeat, one["place"].look_up) == (Repeat.SAME_KEY, False)
    assert (two["place"].repeat, two["place"].look_up) == (Repeat.PROBE_FIRST, True)
    assert {p.call_budget for p in one.values()} == {9.0}
    for policies in (one, two):
        assert sorted(policies) == ["observe", "place"]
        assert policies["observe"].effectless
        assert not any(p.deferrable or p.reversible for p in policies.values())


def test_an_observation_is_never_recovered() -> None:
    assert isinstance(o.adapter(2).recover(o.waiting(2), Observe(), LATE), Escalate)
