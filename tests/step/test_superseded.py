"""A lane that was taken over: its late reply is kept as evidence, moves nothing, and a contradiction is escalated."""

from __future__ import annotations

from typing import Any

import pytest
from tests.step.by_hand import NO_ANSWER, Lane, reply
from tests.step.shop import BASKET, HERE, cash, spendgo

from stampcard.adapter import Declined, Probe
from stampcard.errors import InDoubtError, NeedsHumanError
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import fold
from stampcard.journal.memory import MemoryJournal
from stampcard.model import GUEST, EntryKind
from stampcard.phrases import Phrases
from stampcard.step.verb import Plan, Seat
from stampcard.wire import Request
from stampcard_adapters.spendgo import SpendgoVerbs


class _Nobody:
    """A runtime of bare steps: nothing drives them but the test."""

    def drive(self, step: Any) -> Any: ...
    async def adrive(self, step: Any) -> Any: ...
    def enrol(self, adapter: Any) -> None: ...


@pytest.fixture
def verbs() -> SpendgoVerbs[Plan]:
    return spendgo("http://127.0.0.1:1").bind(Seat(mode=Plan, runtime=_Nobody(), phrases=Phrases(), site=HERE))


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


def _yes(stage: str, **more: str) -> Any:
    extra = "".join(f', "{k}": "{v}"' for k, v in more.items())
    return reply(200, b'{"transaction": {"status": "%s", "discount": 0%s}}' % (stage.encode(), extra.encode()))


NO = reply(400, b'{"code": 2000, "details": "No"}')
YES = _yes("billed", id="77")


@pytest.fixture
def placed(verbs: SpendgoVerbs[Plan], journal: MemoryJournal) -> Any:
    order = Lane(journal, verbs.checkout("o-1", BASKET, buyer=GUEST)).answer(_yes("checkout")).result
    return Lane(journal, verbs.place(order, tenders=cash(order))).answer(_yes("placed")).result


def _entries(journal: MemoryJournal) -> list[tuple[str, str | None]]:
    record = journal.load("o-1")
    assert record is not None
    return [(f"{e.trigger} {e.kind}", e.code) for e in record.entries][4:]


def test_a_late_yes_after_the_takeover_accepted_is_evidence_and_moves_nothing(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any
) -> None:
    slow = Lane(journal, verbs.bill(placed))
    taken = Lane(journal, verbs.recover("o-1")).answer(YES)
    assert taken.result.state == "billed"
    completed = Lane(journal, verbs.complete(taken.result)).answer(_yes("completed", id="77")).result
    slow.answer(YES)
    assert isinstance(slow.result, InDoubtError)
    assert _entries(journal)[-1] == ("bill evidence", "late.accepted")
    now = Lane(journal, verbs.get("o-1")).result
    assert (now.state, now.settled, now.facts) == ("completed", True, completed.facts)


@pytest.mark.parametrize("late", [YES, NO, NO_ANSWER], ids=["yes", "no", "nobody-knows"])
def test_a_late_reply_to_an_earlier_send_does_not_shake_a_later_yes(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any, late: Any
) -> None:
    slow = Lane(journal, verbs.bill(placed))
    Lane(journal, verbs.recover("o-1")).answer(YES)
    slow.answer(late)
    now = Lane(journal, verbs.get("o-1")).result
    assert (now.state, now.doubt, journal.open_orders()) == ("billed", None, ())
    assert now.allowed == {"complete", "void"}


def test_a_late_yes_after_a_void_from_doubt_is_no_contradiction(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any
) -> None:
    slow = Lane(journal, verbs.bill(placed))
    seen = Lane(journal, verbs.get("o-1")).result
    assert Lane(journal, verbs.void(seen, why="x")).answer(_yes("voided")).result.state == "voided"
    slow.answer(YES)
    now = Lane(journal, verbs.get("o-1")).result
    assert (now.state, now.settled) == ("voided", True)
    assert _entries(journal)[-1] == ("bill evidence", "late.accepted")


def test_while_it_is_open_a_superseded_reply_only_waits_to_be_weighed(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any
) -> None:
    slow = Lane(journal, verbs.bill(placed))
    taking = Lane(journal, verbs.recover("o-1"))
    slow.answer(NO)
    now = Lane(journal, verbs.get("o-1")).result
    assert (now.state, now.doubt.trigger) == ("placed", "bill")
    assert taking.answer(YES).result.state == "billed"
    assert _entries(journal) == [
        ("bill intent", None),
        ("bill attempt", None),
        ("bill evidence", "late.declined"),
        ("bill accepted", None),
    ]


def test_a_look_that_says_no_is_weighed_against_a_late_yes(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_: Any) -> Any:
        return Probe(request=Request.get("/orders"), read=lambda _: Declined(code="gone", message="Not there."))

    monkeypatch.setattr(verbs._adapter, "recover", look)
    slow = Lane(journal, verbs.bill(placed))
    looking = Lane(journal, verbs.recover("o-1"))
    slow.answer(YES)
    assert isinstance(looking.answer(YES).result, NeedsHumanError)
    assert _entries(journal)[-3:] == [
        ("bill evidence", "late.accepted"),
        ("bill evidence", "gone"),
        ("bill escalated", "recovery.gave_up"),
    ]
    assert Lane(journal, verbs.get("o-1")).result.state == "placed"


def test_a_look_that_says_no_alone_is_believed(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_: Any) -> Any:
        return Probe(request=Request.get("/orders"), read=lambda _: Declined(code="gone", message="Not there."))

    monkeypatch.setattr(verbs._adapter, "recover", look)
    Lane(journal, verbs.bill(placed)).answer(NO_ANSWER)
    settled = Lane(journal, verbs.recover("o-1")).answer(YES).result
    assert (settled.state, settled.settled) == ("placed", True)
    assert _entries(journal)[-1] == ("bill declined", "gone")


def test_two_recoveries_of_one_order_never_both_send(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any
) -> None:
    Lane(journal, verbs.bill(placed)).answer(NO_ANSWER)
    one = verbs.recover("o-1", within=0)
    first = Lane(journal, one)
    assert first.sending is not None
    second = Lane(journal, verbs.recover("o-1", within=0), alive=True)
    assert second.sending is None
    assert isinstance(second.result, InDoubtError)
    assert first.answer(YES).result.state == "billed"


def test_an_attempt_is_durable_before_its_call_and_names_the_intent(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any
) -> None:
    Lane(journal, verbs.bill(placed)).answer(NO_ANSWER)
    taking = Lane(journal, verbs.recover("o-1"))
    record = journal.load("o-1")
    assert record is not None
    intent, last = record.entries[4], record.entries[-1]
    assert (last.kind, last.intent) == (EntryKind.ATTEMPT, intent.intent)
    assert taking.sending is not None
    assert taking.sending.intent == intent.intent
    assert fold(record).open[0].attempt == last.version


def test_a_reply_no_reader_understands_is_nobody_knows(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(verbs._adapter, "read", broken)
    lane = Lane(journal, verbs.bill(placed)).answer(YES)
    assert isinstance(lane.result, InDoubtError)
    assert _entries(journal)[-1] == ("bill unknown", "provider.no_answer")
    monkeypatch.undo()
    assert Lane(journal, verbs.recover("o-1")).answer(YES).result.state == "billed"


def test_a_store_that_fails_while_another_lane_is_looked_at_is_still_in_doubt(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Lane(journal, verbs.bill(placed))
    Lane(journal, verbs.recover("o-1"))  # another lane appends: the ending meets a conflict, and must read again

    def broken(order_id: str) -> Any:
        raise StoreError("disk gone")

    monkeypatch.setattr(journal, "load", broken)
    slow.answer(YES)
    assert isinstance(slow.result, InDoubtError)
    assert slow.result.code == "journal.outcome_unrecorded"


def test_a_crash_at_any_yield_leaves_at_most_an_open_intent_and_recovery_settles_it(
    verbs: SpendgoVerbs[Plan], journal: MemoryJournal, placed: Any
) -> None:
    lane = Lane(journal, verbs.bill(placed))
    lane.step.close()  # the process is gone
    record = journal.load("o-1")
    assert record is not None
    assert [o.trigger for o in fold(record).open] == ["bill"]
    assert Lane(journal, verbs.recover("o-1")).answer(YES).result.state == "billed"
