"""A person's word: what it closes, where the order goes, who said so, and what takes it back."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.step.by_hand import Lane, reply
from tests.step.shop import BASKET, HERE, Provider, Shop, cash, deaf, first, lost, says, shop, spendgo
from tests.step.test_recovery_pass import LOST, PENDING, Looks, World, at
from tests.step.test_superseded import _Nobody
from tests.step.tiny import PrizeFacts

from stampcard import (
    GUEST,
    ConflictError,
    DeclinedError,
    InDoubtError,
    Money,
    NotAllowedError,
    RedemptionState,
    Site,
    Till,
    UnavailableError,
    UnknownOrderError,
    Verdict,
)
from stampcard.journal.codec import told
from stampcard.journal.memory import MemoryJournal
from stampcard.model import EntryKind
from stampcard.phrases import Phrases
from stampcard.step.resolve import Decision, resolve
from stampcard.step.verb import Plan, Seat
from stampcard_adapters.kalixo import KalixoFacts
from stampcard_adapters.kibo import KiboFacts
from stampcard_adapters.kigo import KigoFacts
from stampcard_adapters.sessionm import SessionMFacts
from stampcard_adapters.spendgo import SpendgoFacts, SpendgoOrder

SAID_NO = says(409, b'{"code": 409, "details": "Out of sequence"}')
BY: dict[str, Any] = {"because": "seen in the provider's console", "by": "dana"}


def escalated(here: Shop, rule: Any = deaf) -> SpendgoOrder:
    """An order whose bill got no answer, and whose repeat was refused: for a person."""
    order = here.placed(reward=here.reward())
    here.provider.rules["billed"] = first(rule)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    here.provider.rules["billed"] = SAID_NO
    here.till.recover()
    del here.provider.rules["billed"]
    now = here.verbs.get(order.id)
    assert now.doubt is not None
    assert now.doubt.needs_human
    return now


def test_what_needs_a_person_is_listed_with_what_to_look_at(here: Shop) -> None:
    assert here.till.needs_human() == ()
    order = escalated(here)
    [asked] = here.till.needs_human()
    assert (asked.order, asked.trigger) == (order, "bill")
    assert asked.since == here.record(order.id).entries[-1].at
    assert order.id in asked.check
    assert "out_of_sequence" in asked.reason


def test_accepted_moves_the_order_where_its_lifecycle_leads_and_says_who_decided(here: Shop) -> None:
    order = escalated(here, lost)
    tender = order.facts.tenders
    billed = here.till.resolve(order.id, as_=Verdict.ACCEPTED, facts={"transaction_id": "t-77"}, **BY)
    assert (billed.state, billed.settled, billed.facts.transaction_id) == ("billed", True, "t-77")
    assert billed.facts.tenders == tender
    assert billed == here.verbs.get(order.id)
    last = here.verbs.history(order.id)[-1]
    assert (last.kind, last.by, last.why, last.code) == (EntryKind.RESOLVED, "dana", BY["because"], "accepted")
    assert here.till.needs_human() == ()
    assert here.verbs.bill(billed).replayed  # it is done, whoever found out
    assert here.verbs.complete(billed).state == "completed"


def test_declined_leaves_the_order_where_it_was_and_the_step_may_be_made_anew(here: Shop) -> None:
    order = escalated(here)
    placed = here.till.resolve(order.id, as_=Verdict.DECLINED, **BY)
    assert (placed.state, placed.settled, placed.facts) == ("placed", True, order.facts)
    assert here.verbs.bill(placed).state == "billed"
    assert here.provider.model.unbalanced() == ()


def test_a_command_a_person_declined_says_so_when_it_is_repeated(here: Shop) -> None:
    order = here.placed()
    here.provider.rules["billed"] = first(deaf)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order, command_id="b-1")
    here.provider.rules["billed"] = SAID_NO
    here.till.recover()
    here.till.resolve(order.id, as_=Verdict.DECLINED, **BY)
    with pytest.raises(DeclinedError) as said:
        here.verbs.bill(order, command_id="b-1")
    assert (said.value.code, said.value.replayed) == ("resolve.declined", True)


def test_the_same_verdict_again_changes_nothing_and_another_is_a_conflict(here: Shop) -> None:
    order = escalated(here)
    once = here.till.resolve(order.id, as_=Verdict.ACCEPTED, facts={"transaction_id": "t-77"}, **BY)
    entries = here.verbs.history(order.id)
    for facts in ({}, {"transaction_id": "t-77"}):
        again = here.till.resolve(order.id, as_=Verdict.ACCEPTED, because="again", by="eve", facts=facts)
        assert (again, again.replayed) == (once, True)
    for other in ({"as_": Verdict.DECLINED}, {"as_": Verdict.ACCEPTED, "facts": {"transaction_id": "t-78"}}):
        with pytest.raises(ConflictError) as no:
            here.till.resolve(order.id, **other, **BY)
        assert no.value.code == "resolve.conflict"
        assert "dana" in no.value.detail
    assert here.verbs.history(order.id) == entries


@pytest.mark.parametrize("because", ["", "  "])
def test_a_decision_says_who_and_why(here: Shop, because: str) -> None:
    order = escalated(here)
    for said in ({"because": because, "by": "dana"}, {"because": "seen", "by": because}):
        with pytest.raises(NotAllowedError) as no:
            here.till.resolve(order.id, as_=Verdict.DECLINED, **said)
        assert no.value.code == "resolve.because"


def test_what_nobody_was_asked_about_is_refused_unless_the_person_insists(here: Shop) -> None:
    order = here.placed()
    with pytest.raises(NotAllowedError) as no:
        here.till.resolve(order.id, as_=Verdict.ACCEPTED, **BY)
    assert no.value.code == "resolve.not_escalated"
    here.provider.rules["billed"] = first(deaf)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    with pytest.raises(NotAllowedError):
        here.till.resolve(order.id, as_=Verdict.ACCEPTED, **BY)
    assert here.till.resolve(order.id, as_=Verdict.ACCEPTED, before_recovery=True, **BY).state == "billed"
    with pytest.raises(UnknownOrderError):
        here.till.resolve("nobody", as_=Verdict.ACCEPTED, **BY)
    with pytest.raises(ValueError, match="perhaps"):
        here.till.resolve(order.id, as_="perhaps", **BY)  # type: ignore[arg-type]


def test_nobody_decides_while_a_call_is_under_way(here: Shop) -> None:
    order = here.placed()
    held = here.provider.hold("billed")
    with pytest.raises(InDoubtError):
        here.verbs.within(0.05).bill(order)
    with pytest.raises(UnavailableError) as busy:
        here.till.resolve(order.id, as_=Verdict.DECLINED, before_recovery=True, **BY)
    held.go.set()
    assert busy.value.reason == "busy"


def test_of_several_steps_the_one_decided_is_named(here: Shop) -> None:
    order = escalated(here)
    here.provider.rules["voided"] = first(deaf)
    with pytest.raises(InDoubtError):
        here.verbs.void(order, why="x")
    here.provider.rules["voided"] = SAID_NO
    here.till.recover()
    assert [asked.trigger for asked in here.till.needs_human()] == ["bill", "void"]
    with pytest.raises(NotAllowedError) as several:
        here.till.resolve(order.id, as_=Verdict.DECLINED, **BY)
    assert (several.value.code, several.value.refusals[0].params) == ("resolve.several", {"triggers": "bill, void"})
    still = here.till.resolve(order.id, as_=Verdict.DECLINED, trigger="void", **BY)
    assert still.doubt is not None
    assert still.doubt.trigger == "bill"  # the doubt before it is as it was
    assert here.till.resolve(order.id, as_=Verdict.DECLINED, trigger="void", **BY).replayed
    assert here.till.resolve(order.id, as_=Verdict.DECLINED, **BY).settled


def test_a_reversal_that_took_effect_settles_what_it_reversed(here: Shop) -> None:
    order = escalated(here)
    here.provider.rules["voided"] = first(deaf)
    with pytest.raises(InDoubtError):
        here.verbs.void(order, why="x")
    here.provider.rules["voided"] = SAID_NO
    here.till.recover()
    voided = here.till.resolve(order.id, as_=Verdict.ACCEPTED, trigger="void", **BY)
    assert (voided.state, voided.settled, here.till.needs_human()) == ("voided", True, ())


# where it leads, and what it teaches


def stuck() -> Any:
    """A redemption a look could not settle, for a person."""
    return at(World(a=[LOST, (200, {"status": "odd"}), PENDING]), adapter=Looks())


def test_where_a_step_may_lead_to_several_states_the_person_names_one() -> None:
    with stuck() as here:
        here.doubted("a")
        here.till.recover()
        for to in (None, "rejected", "nowhere"):
            with pytest.raises(NotAllowedError) as no:
                here.till.resolve("a", as_=Verdict.ACCEPTED, to=to, **BY)
            assert (no.value.code, no.value.refusals[0].params) == (
                "resolve.to",
                {"destinations": "pending_approval, approved"},
            )
        order = here.till.resolve("a", as_=Verdict.ACCEPTED, to="pending_approval", facts={"said": "seen"}, **BY)
        assert (order.state, order.facts.said) == (RedemptionState.PENDING_APPROVAL, "seen")
        with pytest.raises(NotAllowedError):
            here.till.resolve("a", as_=Verdict.ACCEPTED, to="approved", before_recovery=True, trigger="approve", **BY)


def test_a_declined_step_leads_nowhere_and_teaches_nothing() -> None:
    with stuck() as here:
        here.doubted("a")
        here.till.recover()
        for more in ({"to": "approved"}, {"facts": {"said": "x"}}):
            with pytest.raises(NotAllowedError) as no:
                here.till.resolve("a", as_=Verdict.DECLINED, **more, **BY)
            assert no.value.code == "resolve.declined_leads_nowhere"
        assert here.till.resolve("a", as_=Verdict.DECLINED, **BY).state is RedemptionState.NEW


def test_facts_that_do_not_fit_are_refused_together_and_not_repeated() -> None:
    with stuck() as here:
        here.doubted("a")
        here.till.recover()
        with pytest.raises(NotAllowedError) as no:
            here.till.resolve(
                "a", as_=Verdict.ACCEPTED, to="approved", facts={"sadi": "canary-1", "token": "canary-2"}, **BY
            )
        assert [one.field for one in no.value.refusals] == ["facts.sadi", "facts.token"]
        assert "said" in no.value.refusals[0].message
        assert "canary" not in str(no.value.as_dict())


def test_text_becomes_the_facts_own_type() -> None:
    facts, wrong = told(SessionMFacts(), {"order_id": "7", "external": "true", "provider_status": "pending"})
    assert (facts.order_id, facts.external, facts.provider_status, wrong) == (7, True, "pending", {})
    kibo, wrong = told(KiboFacts(), {"authorized": "USD 12.50", "expires_at": "2026-11-22T09:30:00Z", "spent": "no"})
    assert list(wrong) == ["spent"]
    assert kibo == KiboFacts()
    kibo, wrong = told(KiboFacts(), {"authorized": "USD 12.50", "expires_at": "2026-11-22T09:30:00Z"})
    assert (kibo.authorized, wrong) == (Money("12.50", "USD"), {})
    assert kibo.expires_at is not None
    assert kibo.expires_at.utcoffset() == timedelta(0)
    for sealed in ("auth_token", "payment_token"):
        assert told(KiboFacts(), {sealed: '{"sealed": "x"}'})[1] == {sealed: "a token is never typed in"}


def test_the_providers_own_order_is_claimed_for_one_order_only() -> None:
    @attrs.frozen(kw_only=True)
    class Claiming(PrizeFacts):
        def claim(self) -> str | None:
            return self.said

    class Odd(Looks):
        facts = Claiming

        def opening(self) -> Any:
            return Claiming()

    with at(World(a=[LOST, (200, {"status": "odd"})], b=[LOST, (200, {"status": "odd"})]), adapter=Odd()) as here:
        here.doubted("a", "b")
        here.till.recover()
        wanted: dict[str, Any] = {"as_": Verdict.ACCEPTED, "to": "approved", "facts": {"said": "p-1"}}
        here.till.resolve("a", **wanted, **BY)
        with pytest.raises(ConflictError) as taken:
            here.till.resolve("b", **wanted, **BY)
        assert "already ours as a" in taken.value.detail
        assert [asked.order.id for asked in here.till.needs_human()] == ["b"]


@pytest.mark.parametrize(
    ("facts", "claim"),
    [
        (SessionMFacts(order_id=7), "7"),
        (KiboFacts(kibo_order_id=7), "7"),
        (KalixoFacts(kalixo_id="k-7"), "k-7"),
        (KigoFacts(mark="m-7"), "m-7"),
        (SpendgoFacts(transaction_id="t-7"), None),
    ],
)
def test_each_provider_says_which_of_its_facts_is_its_own_order(facts: Any, claim: str | None) -> None:
    assert facts.claim() == claim
    assert type(facts)().claim() is None


def test_another_till_may_decide_only_what_is_its_to_touch(here: Shop, provider: Provider) -> None:
    order = escalated(here)
    with Till(here.journal, site=HERE) as bare, pytest.raises(NotAllowedError) as no:
        bare.resolve(order.id, as_=Verdict.ACCEPTED, **BY)
    assert "not in use here" in no.value.detail
    with shop(provider, here.journal, site=Site(store="1", tenant="them")) as them, pytest.raises(NotAllowedError):
        them.till.resolve(order.id, as_=Verdict.ACCEPTED, **BY)


# what takes it back


def _yes(stage: str) -> Any:
    return reply(200, b'{"transaction": {"status": "%s", "discount": 0}}' % stage.encode())


NO = reply(400, b'{"code": 2000, "details": "No"}')


class _Desk:
    """A person's desk on one journal, driven by hand."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        seat: Seat[Plan] = Seat(mode=Plan, runtime=_Nobody(), phrases=Phrases(), site=HERE)
        self.seat, self.verbs = seat, spendgo("http://127.0.0.1:1").bind(seat)
        self.adapters = {("spendgo", self.verbs._adapter.environment): self.verbs._adapter}

    def placed(self) -> Any:
        order = Lane(self.journal, self.verbs.checkout("o-1", BASKET, buyer=GUEST)).answer(_yes("checkout")).result
        return Lane(self.journal, self.verbs.place(order, tenders=cash(order))).answer(_yes("placed")).result

    def decides(self, verdict: Verdict, **more: Any) -> Any:
        said = Decision(verdict=verdict, because="seen", by="dana", before_recovery=True, **more)
        return Lane(self.journal, resolve(self.seat, self.adapters, "o-1", said)).result

    def order(self) -> Any:
        return Lane(self.journal, self.verbs.get("o-1")).result


@pytest.fixture
def desk() -> _Desk:
    return _Desk()


def test_a_late_yes_contradicts_a_persons_no(desk: _Desk) -> None:
    slow = Lane(desk.journal, desk.verbs.bill(desk.placed()))
    assert desk.decides(Verdict.DECLINED).state == "placed"
    slow.answer(_yes("billed"))
    now = desk.order()
    assert (now.state, now.doubt.needs_human) == ("placed", True)
    assert "accepted" in now.doubt.why
    billed = desk.decides(Verdict.ACCEPTED)
    assert (billed.state, billed.settled) == ("billed", True)


def test_a_late_no_contradicts_a_persons_yes_and_what_that_moved_can_be_taken_back(desk: _Desk) -> None:
    placed = desk.placed()
    slow = Lane(desk.journal, desk.verbs.bill(placed))
    assert desk.decides(Verdict.ACCEPTED, facts={"transaction_id": "t-1"}).state == "billed"
    slow.answer(NO)
    assert desk.order().doubt.needs_human
    back = desk.decides(Verdict.DECLINED)
    assert (back.state, back.settled, back.facts) == ("placed", True, placed.facts)
    assert Lane(desk.journal, desk.verbs.bill(back)).answer(_yes("billed")).result.state == "billed"


def test_a_person_may_stand_by_a_yes_that_was_contradicted(desk: _Desk) -> None:
    slow = Lane(desk.journal, desk.verbs.bill(desk.placed()))
    desk.decides(Verdict.ACCEPTED, facts={"transaction_id": "t-1"})
    slow.answer(NO)
    stands = desk.decides(Verdict.ACCEPTED)
    assert (stands.state, stands.settled, stands.facts.transaction_id) == ("billed", True, "t-1")


def test_a_late_yes_to_a_persons_yes_is_no_contradiction(desk: _Desk) -> None:
    slow = Lane(desk.journal, desk.verbs.bill(desk.placed()))
    desk.decides(Verdict.ACCEPTED)
    slow.answer(_yes("billed"))
    assert (desk.order().state, desk.order().settled) == ("billed", True)


def test_once_the_order_has_gone_on_nothing_is_taken_back(desk: _Desk) -> None:
    slow = Lane(desk.journal, desk.verbs.bill(desk.placed()))
    billed = desk.decides(Verdict.ACCEPTED)
    done = Lane(desk.journal, desk.verbs.complete(billed)).answer(_yes("completed")).result
    assert done.state == "completed"
    slow.answer(NO)
    refused = desk.decides(Verdict.DECLINED, trigger="bill")
    assert isinstance(refused, NotAllowedError)
    assert refused.code == "resolve.gone_on"
    assert desk.decides(Verdict.ACCEPTED, trigger="bill").state == "completed"


def test_a_path_that_was_taken_back_is_drawn_as_it_stands(desk: _Desk) -> None:
    from stampcard.cli.report import report
    from stampcard.draw import text

    slow = Lane(desk.journal, desk.verbs.bill(desk.placed()))
    desk.decides(Verdict.ACCEPTED)
    slow.answer(NO)
    desk.decides(Verdict.DECLINED)
    record = desk.journal.load("o-1")
    assert record is not None
    told_path = report(record, alive=lambda _: False).path
    assert [step[1] for step in told_path] == ["checkout", "place"]
    assert text(desk.verbs._adapter.lifecycle, current="placed", history=told_path)


def test_a_reply_that_arrives_while_the_person_decides_is_weighed_first(desk: _Desk) -> None:
    slow = Lane(desk.journal, desk.verbs.bill(desk.placed()))
    write, told_once = desk.journal.append, [True]

    def late(append: Any) -> Any:
        if told_once and append.entries[-1].kind is EntryKind.RESOLVED:
            told_once.clear()
            slow.answer(_yes("billed"))
        return write(append)

    desk.journal.append = late  # type: ignore[method-assign]
    refused = desk.decides(Verdict.DECLINED)
    assert isinstance(refused, NotAllowedError)
    assert (desk.order().state, desk.order().settled) == ("billed", True)


def test_a_persons_words_are_not_logged(here: Shop, caplog: pytest.LogCaptureFixture) -> None:
    order = escalated(here)
    with caplog.at_level(logging.DEBUG):
        here.till.resolve(order.id, as_=Verdict.ACCEPTED, because="Mia Hidden called", by="dana")
    assert "Hidden" not in caplog.text


def test_a_decision_is_recorded_with_what_is_personal_apart(here: Shop) -> None:
    order = escalated(here)
    here.provider.rules.clear()
    resolved = here.till.resolve(order.id, as_=Verdict.ACCEPTED, facts={"transaction_id": "t-77"}, **BY)
    entry = here.record(order.id).entries[-1]
    assert resolved.facts.buyer.id.encode() not in entry.body
    assert here.till.forget(resolved.facts.buyer.id, provider="spendgo") > 0
    assert here.verbs.get(order.id).allowed == frozenset()
