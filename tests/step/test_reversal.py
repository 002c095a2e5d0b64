"""Reversal from doubt, clause by clause: what it gives back, what it closes, and who may not get in between."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.step.by_hand import NO_ANSWER, Lane, reply
from tests.step.shop import BASKET, HERE, Shop, cash, deaf, first, lost, says, shop, spendgo, together
from tests.step.test_doubt import SAME_AGAIN, doubted
from tests.step.test_superseded import _Nobody as Nobody

from stampcard import InDoubtError, NeedsHumanError, NotAllowedError, Settled, StampcardError, Verdict
from stampcard.errors import DeclinedError, Next, UnavailableError
from stampcard.journal.fold import OpenIntent, fold
from stampcard.journal.memory import MemoryJournal
from stampcard.journal.reversals import REVERSED
from stampcard.model import GUEST, EntryKind
from stampcard.phrases import Phrases
from stampcard.step.rounds import recover_all
from stampcard.step.verb import Plan, Seat
from stampcard.testing import Clock
from stampcard_adapters.spendgo import SpendgoOrder, SpendgoVerbs


def escalated(here: Shop) -> SpendgoOrder:
    """A bill recovery has given up on."""
    order = doubted(here, "billed", deaf)
    here.provider.rules["billed"] = says(409, SAME_AGAIN)
    with pytest.raises(NeedsHumanError):
        here.verbs.recover(order.id)
    del here.provider.rules["billed"]
    return here.verbs.get(order.id)


def opened(here: Shop) -> tuple[OpenIntent, ...]:
    return fold(here.record()).open


@pytest.mark.parametrize("given_up", [False, True], ids=["in doubt", "with a person"])
@pytest.mark.parametrize(
    ("answer", "error"), [(says(409, SAME_AGAIN), DeclinedError), (says(429, b""), UnavailableError)]
)
def test_a_void_that_was_not_done_gives_the_doubt_back_unchanged(
    here: Shop, answer: Any, error: type[StampcardError], given_up: bool
) -> None:
    order = escalated(here) if given_up else doubted(here, "billed", deaf)
    before = opened(here)
    here.provider.rules["voided"] = first(answer)
    with pytest.raises(error):
        here.verbs.void(order, why="x")
    assert opened(here) == before  # its sends, its age, its schedule, who is asked
    back = here.verbs.get(order.id)
    assert (back.doubt, back.state, back.allowed, back.watch) == (order.doubt, order.state, order.allowed, None)
    assert here.verbs.void(back, why="x").state == "voided"


def test_a_void_out_of_a_doubt_that_a_person_has_leaves_nothing_to_ask(here: Shop) -> None:
    order = escalated(here)
    assert order.allowed == {"void"}
    assert len(here.till.needs_human()) == 1
    voided = here.verbs.void(order, why="the customer left")
    assert (voided.state, voided.settled) == ("voided", True)
    assert voided.watch is not None
    assert here.till.needs_human() == ()


def test_while_a_void_is_in_doubt_it_is_what_the_order_is_about(here: Shop) -> None:
    order = escalated(here)
    here.provider.rules["voided"] = first(lost)
    with pytest.raises(InDoubtError) as caught:
        here.verbs.void(order, why="x")
    assert not isinstance(caught.value, NeedsHumanError)
    now = here.verbs.get(order.id)
    assert now.doubt is not None
    assert (now.doubt.trigger, now.doubt.needs_human) == ("void", False)
    assert [one.result for one in here.till.recover().results] == [Settled.DROPPED, Settled.RESENT]
    assert here.till.needs_human() == ()


def test_a_void_after_a_person_s_doubt_is_settled_with_pauses_and_within_its_time(here: Shop) -> None:
    """A provider that turns every repeat away is not asked without end."""
    order = escalated(here)
    here.provider.rules["voided"] = first(lost)
    with pytest.raises(InDoubtError):
        here.verbs.void(order, why="x")
    here.provider.rules["voided"] = says(429, b"")
    clock = Clock(here.verbs.history(order.id)[-1].at)
    with shop(here.provider, here.journal, clock=clock) as later, pytest.raises(InDoubtError):
        later.verbs.recover(order.id, within=10)
    assert here.provider.calls(order.id)["voided"] < 10


def test_a_second_void_waits_for_the_first(here: Shop) -> None:
    order = doubted(here, "billed", deaf)
    here.provider.rules["voided"] = first(lost)
    with pytest.raises(InDoubtError):
        here.verbs.void(order, why="x")
    both = here.verbs.get(order.id)
    for void in (lambda: here.verbs.void(both, why="y"), lambda: here.verbs.void(both, why="x", command_id="other")):
        with pytest.raises(StampcardError) as caught:
            void()
        assert isinstance(caught.value, (NotAllowedError, InDoubtError))
        assert caught.value.next is Next.WAIT
    assert here.provider.calls(order.id)["voided"] == 1


def test_two_tills_that_void_one_doubt_void_it_once(here: Shop) -> None:
    order = doubted(here, "billed", deaf)
    with shop(here.provider, here.journal) as other:
        said = together(lambda: here.verbs.void(order, why="x"), lambda: other.verbs.void(order, why="x"))
    done = [one for one in said if not isinstance(one, Exception)]
    assert done
    assert all(isinstance(one, StampcardError) for one in said if one not in done)
    kinds = [e.kind for e in here.verbs.history(order.id) if e.trigger == "void"]
    assert kinds == [EntryKind.INTENT, EntryKind.ACCEPTED]
    assert here.provider.calls(order.id)["voided"] == 1
    assert here.verbs.get(order.id).state == "voided"


def test_a_person_s_word_that_a_doubted_void_was_done_is_watched_like_its_own(here: Shop) -> None:
    order = doubted(here, "billed", deaf)
    here.provider.rules["voided"] = lost
    with pytest.raises(InDoubtError):
        here.verbs.void(order, why="x")
    decided = here.till.resolve(
        order.id, as_=Verdict.ACCEPTED, because="seen", by="ben", trigger="void", before_recovery=True
    )
    assert (decided.state, decided.settled) == ("voided", True)
    assert decided.watch is not None
    assert decided.watch.trigger == "bill"


# late words, by hand: who hears what, and when


@pytest.fixture
def verbs() -> SpendgoVerbs[Plan]:
    given = spendgo("http://127.0.0.1:1", repeat="refused")
    return given.bind(Seat(mode=Plan, runtime=Nobody(), phrases=Phrases(), site=HERE))


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


def yes(stage: str, **more: str) -> Any:
    extra = "".join(f', "{k}": "{v}"' for k, v in more.items())
    return reply(200, b'{"transaction": {"status": "%s", "discount": 0%s}}' % (stage.encode(), extra.encode()))


AGAIN = reply(409, SAME_AGAIN)
NO = reply(400, b'{"code": 2000, "details": "No"}')


@attrs.define
class Hand:
    """A guest's order, placed; its bill under way in a lane nobody waits for."""

    verbs: SpendgoVerbs[Plan]
    journal: MemoryJournal
    bill: Lane = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        order = self.lane(self.verbs.checkout("o-1", BASKET, buyer=GUEST)).answer(yes("checkout")).result
        order = self.lane(self.verbs.place(order, tenders=cash(order))).answer(yes("placed")).result
        self.bill = self.lane(self.verbs.bill(order))

    def lane(self, step: Any) -> Lane:
        return Lane(self.journal, step)

    @property
    def order(self) -> Any:
        return self.lane(self.verbs.get("o-1")).result

    def pass_(self) -> list[Settled]:
        seat, adapter = self.verbs._seat, self.verbs._adapter
        step = recover_all(seat, {(adapter.name, adapter.environment): adapter}, limit=None, progress=None)
        lane = Lane(self.journal, self._later(step))
        return [one.result for one in lane.result.results]

    def _later(self, step: Any) -> Any:
        from stampcard.step.effects import Sleep, perform

        yield from perform(Sleep(200.0))
        return (yield from step)


@pytest.fixture
def hand(verbs: SpendgoVerbs[Plan], journal: MemoryJournal) -> Hand:
    return Hand(verbs, journal)


def test_a_late_yes_that_nothing_can_be_held_against_is_for_a_person(hand: Hand) -> None:
    """It may have landed before the void, or after: a guest has no reward to look at."""
    hand.lane(hand.verbs.void(hand.order, why="x")).answer(yes("voided"))
    hand.bill.answer(yes("billed", id="77"))
    assert hand.pass_() == [Settled.ESCALATED]
    assert (hand.order.state, hand.order.doubt.trigger, hand.order.doubt.needs_human) == ("voided", "bill", True)


def test_a_late_yes_opens_a_watch_that_was_over(hand: Hand) -> None:
    hand.lane(hand.verbs.void(hand.order, why="x")).answer(yes("voided"))
    assert hand.pass_() == [Settled.RESTORED]
    assert hand.order.watch is None
    hand.bill.answer(yes("billed", id="77"))
    assert hand.journal.watched(REVERSED) == ("o-1",)
    assert hand.order.watch is not None
    assert hand.pass_() == [Settled.ESCALATED]


def test_a_late_no_says_that_nothing_was_taken(hand: Hand) -> None:
    hand.lane(hand.verbs.void(hand.order, why="x")).answer(yes("voided"))
    hand.bill.answer(NO)
    assert hand.pass_() == [Settled.RESTORED]


def test_a_void_a_person_takes_back_leaves_the_step_before_it_in_doubt_again(hand: Hand) -> None:
    """The void was concluded from a no to its repeat; a late reply to its first send says that it never happened."""
    slow = hand.lane(hand.verbs.void(hand.order, why="x"))
    hand.lane(hand.verbs.recover("o-1")).answer(AGAIN)
    assert hand.order.state == "voided"
    slow.answer(NO)
    assert hand.order.doubt.trigger == "void"
    said = _decision(hand, Verdict.DECLINED)
    assert (said.state, said.settled, said.watch) == ("placed", False, None)
    assert (said.doubt.trigger, said.doubt.needs_human) == ("bill", True)
    assert said.allowed == {"void"}
    voided = hand.lane(hand.verbs.void(said, why="again")).answer(yes("voided")).result
    assert (voided.state, voided.settled) == ("voided", True)
    assert voided.watch.trigger == "bill"


def test_a_void_a_person_confirms_goes_on_being_watched(hand: Hand) -> None:
    slow = hand.lane(hand.verbs.void(hand.order, why="x"))
    hand.lane(hand.verbs.recover("o-1")).answer(AGAIN)
    slow.answer(NO)
    said = _decision(hand, Verdict.ACCEPTED)
    assert (said.state, said.settled) == ("voided", True)
    assert said.watch.trigger == "bill"
    assert hand.journal.watched(REVERSED) == ("o-1",)


def test_a_reply_that_nobody_heard_leaves_the_watch_to_the_look(hand: Hand) -> None:
    hand.lane(hand.verbs.void(hand.order, why="x")).answer(yes("voided"))
    hand.bill.answer(NO_ANSWER)
    assert hand.pass_() == [Settled.RESTORED]


def _decision(hand: Hand, verdict: Verdict) -> Any:
    from stampcard.step.resolve import Decision, resolve

    adapter = hand.verbs._adapter
    said = Decision(verdict=verdict, because="looked", by="ben")
    return hand.lane(resolve(hand.verbs._seat, {(adapter.name, adapter.environment): adapter}, "o-1", said)).result
