"""A lost reply: who is asked again, what is looked for, what a person has to look at."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.adapters.kibo import holds as h

from stampcard.adapter import Accepted, AskAgain, Declined, Escalate, Evidence, Probe, Repeat, Resend, Unknown
from stampcard.journal.codec import decode, encode, pack, unpack
from stampcard.model import Secret
from stampcard.sealed import Sealed, SealKey
from stampcard.wire import Response
from stampcard_adapters.kibo import Payment, StoredToken
from stampcard_adapters.kibo.commands import AuthorizeCart

EARLY = Evidence(attempts=1, age=119.9)
LATE = Evidence(attempts=1, age=120.0)
TOLD_NO = Evidence(attempts=2, age=500.0, answer=Declined(code="request.invalid", message="No."))
NOT_THERE = h.error(5002, 404, "No such order.")
TOKENS = ("stored_token", "saved_card", "stored_method")


def journalled(command: AuthorizeCart) -> AuthorizeCart:
    """As a recovery reads it."""
    tree, personal = encode(command)
    return decode(AuthorizeCart, unpack(pack(tree)), unpack(pack(personal)))


class TestAuthorize:
    @pytest.mark.parametrize("payment", h.PAYMENTS.values(), ids=list(h.PAYMENTS))
    @pytest.mark.parametrize("evidence", [EARLY, LATE, TOLD_NO])
    def test_is_never_sent_again_by_us(self, payment: Payment, evidence: Evidence) -> None:
        for command in (h.authorize(payment), journalled(h.authorize(payment))):
            assert isinstance(h.adapter().recover(h.order(), command, evidence), AskAgain)

    @pytest.mark.parametrize("kind", list(h.PAYMENTS))
    def test_the_switch_lets_tokens_be_sent_again_and_nothing_else(self, kind: str) -> None:
        command = journalled(h.authorize(h.PAYMENTS[kind], keep=True))
        advice = h.adapter(resend_tokens=True).recover(h.order(), command, EARLY)
        assert isinstance(advice, Resend if kind in TOKENS else AskAgain)
        assert isinstance(h.adapter().recover(h.order(), command, EARLY), AskAgain)

    @pytest.mark.parametrize("kind", TOKENS)
    def test_what_is_sent_again_are_the_same_bytes(self, kind: str) -> None:
        payment = attrs.evolve(h.PAYMENTS[kind], billing=attrs.evolve(h.HOME, city="Dallas"))
        first = h.authorize(payment, keep=True)
        adapter = h.adapter(resend_tokens=True)
        assert adapter.request(h.order(), journalled(first)) == adapter.request(h.order(), first)

    def test_a_no_to_a_repeat_is_not_believed(self) -> None:
        command = journalled(h.authorize(h.TOKEN, keep=True))
        assert isinstance(h.adapter(resend_tokens=True).recover(h.order(), command, TOLD_NO), AskAgain)

    def test_a_token_another_key_sealed_is_not_sent_again(self) -> None:
        key = SealKey(Secret(bytes(64)))
        command = attrs.evolve(h.authorize(h.TOKEN), payment=None, token=Sealed.of(h.PAY_TOKEN, key))
        for settings in ({}, {"seal_key": SealKey(Secret(bytes(range(64))))}):
            advice = h.adapter(resend_tokens=True, **settings).recover(h.order(), command, EARLY)
            assert isinstance(advice, AskAgain)
        assert isinstance(h.adapter(resend_tokens=True, seal_key=key).recover(h.order(), command, EARLY), Resend)


def seen(trigger: str, answer: Response, evidence: Evidence = LATE, *, target: str | None = None, **more: Any) -> Any:
    """What a look at the provider concludes."""
    order, command = h.step(trigger)
    move = h.adapter(**more).recover(order, command, evidence)
    assert isinstance(move, Probe)
    assert (move.request.method, move.request.target) == ("GET", target or f"/api/v2/order/{h.RESERVED}")
    return move.read(answer)


class TestCreate:
    @pytest.mark.parametrize("evidence", [EARLY, LATE, TOLD_NO])
    @pytest.mark.parametrize("word", ["READY", "CANCELED", "whatever"])
    def test_an_order_under_the_reserved_id_is_ours(self, evidence: Evidence, word: str) -> None:
        outcome = seen("create", h.shown(word, externalOrderID=h.CART.id), evidence)
        assert isinstance(outcome, Accepted)
        assert outcome.facts.provider_status == word

    def test_not_there_means_not_yet_until_the_call_can_no_longer_land(self) -> None:
        assert isinstance(seen("create", NOT_THERE, EARLY), Unknown)
        assert isinstance(seen("create", NOT_THERE, LATE), Resend)
        assert isinstance(seen("create", NOT_THERE, EARLY, late_window=100.0), Resend)

    def test_a_repeat_that_was_refused_is_not_sent_again(self) -> None:
        outcome = seen("create", NOT_THERE, TOLD_NO)
        assert isinstance(outcome, Escalate)
        assert h.CART.id in outcome.check

    @pytest.mark.parametrize(
        "answer",
        [h.shown(number=1), h.shown(externalOrderID="another cart"), h.shown(number=1, externalOrderID=h.CART.id)],
    )
    def test_another_order_is_for_a_person(self, answer: Response) -> None:
        assert isinstance(seen("create", answer), Escalate)

    @pytest.mark.parametrize(
        "answer",
        [
            h.reply(404, b"<h1>Not Found</h1>"),
            h.reply(200, b"<html>"),
            h.reply(200, {}),
            h.reply(200, []),
            h.error(5002, 200),
            h.error(5004, 403),
            h.error(5003, 400),
            h.reply(429, b""),
        ],
    )
    def test_a_look_that_shows_neither_decides_nothing(self, answer: Response) -> None:
        assert isinstance(seen("create", answer), Unknown)

    def test_is_not_sent_again_when_the_token_cannot_be_read(self) -> None:
        order, command = h.step("create")
        sealed = Sealed.of(h.AUTH_TOKEN, SealKey(Secret(bytes(64))))
        locked = attrs.evolve(order, facts=attrs.evolve(order.facts, auth_token=sealed))
        move = h.adapter().recover(locked, command, LATE)
        assert isinstance(move, Probe)
        assert isinstance(move.read(NOT_THERE), Escalate)
        assert isinstance(move.read(h.shown()), Accepted)

    def test_without_a_hold_is_for_a_person(self) -> None:
        assert isinstance(h.adapter().recover(h.order(), h.create(), LATE), Escalate)


class TestCreateFoundByOurOwnId:
    TARGET = f"/api/v2/order/?manufacturerID=1010&externalOrderID={h.CART.id}&perPage=100"

    def seen(self, rows: list[dict[str, object]], evidence: Evidence = LATE) -> Any:
        answer = h.reply(200, {"totalCount": len(rows), "collection": rows})
        return seen("create", answer, evidence, target=self.TARGET, find_by_external_id=True)

    def row(self, number: int = h.RESERVED, external: str | None = h.CART.id) -> dict[str, object]:
        row: dict[str, object] = {"orderID": number, "orderStatus": "READY"}
        return row if external is None else {**row, "externalOrderID": external}

    def test_ours_is_adopted(self) -> None:
        assert isinstance(self.seen([self.row()]), Accepted)
        assert isinstance(self.seen([self.row(external=None)]), Accepted)
        assert isinstance(self.seen([self.row(1, "x"), self.row()]), Accepted)

    def test_ours_under_another_id_is_for_a_person(self) -> None:
        assert isinstance(self.seen([self.row(7)]), Escalate)

    def test_nothing_found_is_not_yet_and_then_sent_again(self) -> None:
        assert isinstance(self.seen([], EARLY), Unknown)
        assert isinstance(self.seen([]), Resend)
        assert isinstance(self.seen([], TOLD_NO), Escalate)

    def test_a_search_that_was_ignored_is_no_proof_of_absence(self) -> None:
        assert isinstance(self.seen([self.row(1, "x"), self.row(2, "y")]), Escalate)
        assert isinstance(self.seen([self.row(), self.row(7)]), Escalate)


class TestCancel:
    @pytest.mark.parametrize("evidence", [EARLY, LATE, TOLD_NO])
    def test_canceled_is_cancelled(self, evidence: Evidence) -> None:
        outcome = seen("cancel", h.shown("CANCELED"), evidence)
        assert isinstance(outcome, Accepted)
        assert outcome.facts.provider_status == "CANCELED"

    def test_not_yet_until_the_call_can_no_longer_land(self) -> None:
        assert isinstance(seen("cancel", h.shown("READY"), EARLY), Unknown)
        assert isinstance(seen("cancel", h.shown("READY"), LATE), Resend)
        assert isinstance(seen("cancel", h.shown("SHIPPED"), TOLD_NO), Escalate)

    def test_an_order_that_is_gone_is_for_a_person_and_another_decides_nothing(self) -> None:
        assert isinstance(seen("cancel", NOT_THERE), Escalate)
        assert isinstance(seen("cancel", h.shown("CANCELED", number=1)), Unknown)

    def test_without_an_order_is_for_a_person(self) -> None:
        assert isinstance(h.adapter().recover(h.order(), h.cancel(), LATE), Escalate)


def test_policies_say_what_the_switches_say() -> None:
    usual = h.adapter().policies
    assert usual["authorize"].repeat is Repeat.NEVER
    assert (usual["authorize"].call_budget, usual["authorize"].asks_again) == (45.0, 7 * 86_400.0)
    assert [t for t, p in usual.items() if p.effectless] == ["observe"]
    assert [t for t, p in usual.items() if p.look_up] == ["create", "cancel", "observe"]
    assert [t for t, p in usual.items() if p.reversible] == ["create"]
    other = h.adapter(hold_days=2, call_budget=4.0, late_window=60.0, resend_tokens=True).policies
    assert other["authorize"].asks_again == 2 * 86_400.0
    assert other["authorize"].repeat is Repeat.SAME_KEY
    assert {p.call_budget for t, p in other.items() if t != "authorize"} == {4.0}
    assert {p.late_window for p in other.values()} == {60.0}


def test_a_token_is_kept_only_where_it_may_be_sent_again() -> None:
    assert h.authorize(StoredToken(token=Secret("t"))).token is None
