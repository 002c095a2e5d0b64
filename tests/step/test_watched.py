"""After a void from doubt: the order is watched until all is seen to be back, or a person is asked."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.step.shop import (
    BASKET,
    HERE,
    MEMBER,
    Act,
    Provider,
    Shop,
    cash,
    first,
    lost,
    says,
    shop,
    spendgo,
    together,
)
from tests.transport.loopback import wait_until

from stampcard import AsyncTill, Escalation, InDoubtError, Settled, Verdict
from stampcard.journal import open_journal
from stampcard.journal.reversals import REVERSED
from stampcard.model import EntryKind, Member
from stampcard.testing import Clock
from stampcard_adapters.sandbox.spendgo import SpendgoModel, Switches
from stampcard_adapters.spendgo import SpendgoOrder

WINDOW = 121


class InTheNetwork:
    """A call the till gave up, which the network keeps."""

    def __init__(self) -> None:
        self._acts: list[Act] = []

    def __call__(self, act: Act, conn: socket.socket) -> None:
        self._acts.append(act)

    def lands(self) -> None:
        """Now it reaches the provider; nobody hears the answer."""
        for act in self._acts:
            act()


@attrs.frozen
class Here:
    shop: Shop
    clock: Clock

    @property
    def model(self) -> SpendgoModel:
        return self.shop.provider.model

    def voided_from_doubt(self, rule: Any = lost, *, ticket: str = "417", stage: str = "billed") -> SpendgoOrder:
        """With the member's one reward."""
        verbs, provider = self.shop.verbs, self.shop.provider
        order = self.shop.priced(ticket, reward=self.shop.reward())
        if stage == "billed":
            order = verbs.place(order, tenders=cash(order))
        provider.rules[stage] = first(rule)
        with pytest.raises(InDoubtError):
            verbs.bill(order) if stage == "billed" else verbs.place(order, tenders=cash(order))
        provider.rules.pop(stage)
        return verbs.void(verbs.get(order.id), why="the customer cannot wait")

    def get(self, ticket: str = "417") -> SpendgoOrder:
        return self.shop.verbs.get(self.shop.id(ticket))

    def later(self, seconds: float = WINDOW) -> list[tuple[str, Settled]]:
        """Time passes, then one pass of recovery."""
        self.clock.pass_(seconds=seconds)
        return [(one.trigger, one.result) for one in self.shop.till.recover().results]

    def asked(self) -> tuple[Escalation, ...]:
        return self.shop.till.needs_human()

    def watched(self) -> tuple[str, ...]:
        with contextlib.closing(open_journal(self.shop.journal)) as other:
            return other.watched(REVERSED)


Open = Callable[..., Here]


@pytest.fixture
def world(tmp_path: Path) -> Generator[Open, None, None]:
    """A lenient provider unless told otherwise: a bill that lands after the void takes the reward."""
    with contextlib.ExitStack() as stack:

        def opened(*, after_void: Any = "lands", leave: Any = "billed", refuses: Any = "lands", **options: Any) -> Here:
            clock = Clock()
            switches = Switches(after_void=after_void, swp_deducted_at=leave)
            model = SpendgoModel(switches=switches, lenient=after_void == "lands", clock=clock)
            provider = stack.enter_context(contextlib.closing(Provider(model)))
            here = stack.enter_context(shop(provider, tmp_path / "till.db", clock=clock, after_void=refuses, **options))
            return Here(here, clock)

        yield opened


@pytest.fixture
def here(world: Open) -> Here:
    return world()


def test_a_void_from_doubt_is_watched_until_the_late_call_cannot_land_any_more(here: Here) -> None:
    order = here.voided_from_doubt()
    assert (order.state, order.settled, order.final) == ("voided", True, True)
    assert order.watch is not None
    assert order.watch.trigger == "bill"
    promised = next(e.at for e in here.shop.verbs.history(order.id) if e.trigger == "bill")
    assert order.watch.until == promised + timedelta(seconds=120)
    assert order.cashier == "Cancelled. It is still being checked that nothing of it was booked after all."
    assert here.watched() == (order.id,)
    assert here.later(60) == [("bill", Settled.WATCHED)]
    assert here.shop.provider.calls(order.id)["billed"] == 1
    assert here.get().watch == order.watch


def test_the_reward_seen_back_ends_the_watch_and_the_history_says_so(here: Here) -> None:
    before = here.voided_from_doubt()
    assert here.later() == [("bill", Settled.RESTORED)]
    after = here.get()
    assert (after.state, after.settled, after.watch, here.watched(), here.asked()) == ("voided", True, None, (), ())
    last = here.shop.verbs.history(before.id)[-1]
    assert (last.kind, last.code, last.state, last.trigger) == (
        EntryKind.WATCHED,
        "reversal.restored",
        "voided",
        "void",
    )
    assert here.later() == []
    assert after.cashier == "Cancelled. Rewards and points are as before the sale."


def test_a_bill_that_lands_after_the_void_is_found_and_handed_to_a_person(here: Here) -> None:
    late = InTheNetwork()
    order = here.voided_from_doubt(late)
    reward = order.facts.reward
    late.lands()
    assert here.model.states(order.id) == ("checkout", "placed", "voided", "billed")
    assert reward is not None
    assert here.model.reward_quantity(MEMBER.id, reward.id) == 0
    assert here.later() == [("bill", Settled.ESCALATED)]
    [asked] = here.asked()
    assert (asked.order.id, asked.trigger) == (order.id, "bill")
    assert reward.id in asked.check
    assert order.id in asked.check
    now = here.get()
    assert (now.state, now.settled, now.allowed, now.watch) == ("voided", False, frozenset(), None)
    assert now.doubt is not None
    assert now.doubt.needs_human
    assert here.watched() == ()


def test_it_may_land_at_the_last_moment_and_is_still_found(here: Here) -> None:
    late = InTheNetwork()
    here.voided_from_doubt(late)
    assert here.later(119) == [("bill", Settled.WATCHED)]
    late.lands()
    assert here.later(2) == [("bill", Settled.ESCALATED)]


def test_a_strict_provider_refuses_the_late_bill_and_the_watch_ends(world: Open) -> None:
    here = world(after_void="refused")
    late = InTheNetwork()
    order = here.voided_from_doubt(late)
    late.lands()
    assert here.model.states(order.id) == ("checkout", "placed", "voided")
    assert here.later() == [("bill", Settled.RESTORED)]
    assert here.asked() == ()


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.DECLINED])
def test_a_person_ends_it_and_the_order_stays_voided(here: Here, verdict: Verdict) -> None:
    late = InTheNetwork()
    order = here.voided_from_doubt(late)
    late.lands()
    here.later()
    decided = here.shop.till.resolve(order.id, as_=verdict, because="looked at the console", by="ben")
    assert (decided.state, decided.settled, decided.watch, decided.allowed) == ("voided", True, None, frozenset())
    assert (here.asked(), here.watched(), here.later()) == ((), (), [])
    again = here.shop.till.resolve(order.id, as_=verdict, because="looked at the console", by="ben")
    assert again.replayed


def test_a_look_that_fails_is_made_again_and_settles_nothing(here: Here) -> None:
    here.voided_from_doubt()
    for answer in (says(503, b""), says(429, b""), says(200, b"<html>")):
        here.shop.provider.rules["GET"] = answer
        assert here.later() == [("bill", Settled.WATCHED)]
        assert here.get().watch is not None
    del here.shop.provider.rules["GET"]
    assert here.later() == [("bill", Settled.RESTORED)]


def test_a_provider_that_shows_nothing_readable_for_an_hour_is_looked_at_by_a_person(here: Here) -> None:
    here.voided_from_doubt()
    here.shop.provider.rules["GET"] = says(200, b"{}")
    assert here.later(3600) == [("bill", Settled.WATCHED)]
    assert here.later(121) == [("bill", Settled.ESCALATED)]


def test_a_provider_that_is_away_is_waited_for_however_long(here: Here) -> None:
    here.voided_from_doubt()
    here.shop.provider.rules["GET"] = says(429, b"")
    assert here.later(86_400) == [("bill", Settled.WATCHED)]
    del here.shop.provider.rules["GET"]
    assert here.later() == [("bill", Settled.RESTORED)]


# what the member did meanwhile


def _sold(here: Here, ticket: str) -> SpendgoOrder:
    return here.shop.billed(ticket, reward=here.shop.reward())


def test_the_same_reward_used_at_once_for_the_sale_rung_up_anew_is_no_alarm(here: Here) -> None:
    """What every cashier does after a void: the same customer, the same reward, a second time."""
    here.voided_from_doubt()
    _sold(here, "418")
    assert here.later() == [("bill", Settled.RESTORED)]
    assert here.asked() == ()


def test_one_given_back_by_another_sale_does_not_hide_a_late_bill(here: Here) -> None:
    """The count is as recorded, and wrong: one came back from an older sale, one was taken by the late bill."""
    reward = here.shop.reward()
    here.model.give(MEMBER.id, label=reward.label, value=5, min_spend=50, reward_id=reward.id)
    older = _sold(here, "416")
    late = InTheNetwork()
    voided = here.voided_from_doubt(late)
    assert voided.facts.reward is not None
    recorded = voided.facts.reward.quantity
    here.shop.verbs.void(older, why="brought back")
    late.lands()
    assert here.model.reward_quantity(MEMBER.id, reward.id) == recorded
    assert here.later() == [("bill", Settled.ESCALATED)]


def test_used_where_this_journal_does_not_see_it_is_for_a_person(here: Here) -> None:
    order = here.voided_from_doubt()
    assert order.facts.reward is not None
    here.model.give(MEMBER.id, label="x", value=5, quantity=-1, reward_id=order.facts.reward.id)
    assert here.later() == [("bill", Settled.ESCALATED)]


def test_while_another_sale_of_the_same_reward_is_in_doubt_nothing_is_concluded(here: Here) -> None:
    here.voided_from_doubt()
    order = here.shop.placed("418", reward=here.shop.reward())
    here.shop.provider.rules["billed"] = first(lost)
    with pytest.raises(InDoubtError):
        here.shop.verbs.bill(order)
    here.clock.pass_(seconds=WINDOW)
    results = [(one.order_id[-3:], one.result) for one in here.shop.till.recover().results]
    assert results == [("418", Settled.RESENT), ("417", Settled.RESTORED)]


def test_two_voids_from_doubt_of_one_reward_are_both_let_go(here: Here) -> None:
    here.voided_from_doubt()
    here.voided_from_doubt(ticket="418")
    assert here.later() == [("bill", Settled.RESTORED), ("bill", Settled.RESTORED)]


# the background, the other till, and points


async def test_a_till_of_tasks_shows_and_ends_it_too(here: Here) -> None:
    order = here.voided_from_doubt()
    async with AsyncTill(here.shop.journal, site=HERE, clock=here.clock) as till:
        verbs = till.use(spendgo(here.shop.provider.url))
        assert (await verbs.get(order.id)).watch == order.watch
        here.clock.pass_(seconds=WINDOW)
        report = await till.recover()
        assert [one.result for one in report.results] == [Settled.RESTORED]
        assert (await verbs.get(order.id)).watch is None


def test_the_background_looks_when_the_time_has_come(here: Here) -> None:
    late = InTheNetwork()
    order = here.voided_from_doubt(late)
    late.lands()
    with here.shop.till.start_recovery():
        here.clock.pass_(seconds=WINDOW)
        wait_until(lambda: here.get().doubt is not None)
    assert [one.order.id for one in here.asked()] == [order.id]


def test_two_passes_at_once_end_it_once(here: Here) -> None:
    order = here.voided_from_doubt()
    with shop(here.shop.provider, here.shop.journal, clock=here.clock) as other:
        here.clock.pass_(seconds=WINDOW)
        together(here.shop.till.recover, other.till.recover)
    kinds = [one.kind for one in here.shop.verbs.history(order.id)]
    assert kinds.count(EntryKind.WATCHED) == 1


def test_a_void_nobody_had_doubts_about_is_not_watched(here: Here) -> None:
    order = here.shop.billed(reward=here.shop.reward())
    voided = here.shop.verbs.void(order, why="brought back")
    assert (voided.watch, here.watched(), here.later()) == (None, (), [])


@pytest.mark.parametrize("leave", ["placed", "billed"])
def test_points_that_a_late_call_spends_are_found_at_the_stage_that_takes_them(world: Open, leave: Any) -> None:
    here = world(leave=leave, points_leave_at=leave)
    shopper = Member(id=here.model.members()[1].id, provider="spendgo", status="Active")
    [reward] = here.shop.verbs.rewards(shopper)
    assert reward.spends_points
    order = here.shop.verbs.checkout("o-1", BASKET, buyer=shopper, reward=reward)
    if leave == "billed":
        order = here.shop.verbs.place(order, tenders=cash(order))
    late = InTheNetwork()
    here.shop.provider.rules[leave] = first(late)
    with pytest.raises(InDoubtError):
        here.shop.verbs.bill(order) if leave == "billed" else here.shop.verbs.place(order, tenders=cash(order))
    here.shop.verbs.void(here.shop.verbs.get("o-1"), why="cannot wait")
    dollars = here.model.swp_balance(shopper.id)
    late.lands()
    assert here.model.swp_balance(shopper.id) < dollars
    trigger = "bill" if leave == "billed" else "place"
    assert here.later() == [(trigger, Settled.ESCALATED)]


def test_what_takes_nothing_is_let_go_unseen_and_the_history_does_not_say_more(here: Here) -> None:
    order = here.voided_from_doubt(stage="placed")
    assert here.later() == [("place", Settled.RESTORED)]
    last = here.shop.verbs.history(order.id)[-1]
    assert (last.kind, last.code) == (EntryKind.WATCHED, "reversal.unseen")
    assert last.why == "nothing at the provider would show it; its time to land has passed"


def test_whoever_was_erased_is_looked_for_no_more(here: Here) -> None:
    order = here.voided_from_doubt()
    here.shop.till.forget(MEMBER.id, provider="spendgo")
    assert here.later() == [("bill", Settled.RESTORED)]
    assert here.shop.verbs.history(order.id)[-1].code == "reversal.unseen"


def test_nothing_of_the_customer_is_in_what_a_person_is_told(here: Here) -> None:
    late = InTheNetwork()
    here.voided_from_doubt(late)
    late.lands()
    here.later()
    [asked] = here.asked()
    assert MEMBER.id not in f"{asked.reason} {asked.check}"


def test_where_nothing_lands_after_a_void_nothing_is_looked_at(world: Open) -> None:
    here = world(after_void="refused", refuses="refused")
    order = here.voided_from_doubt(InTheNetwork())
    here.shop.provider.rules["GET"] = says(500, b"")
    assert here.later() == [("bill", Settled.RESTORED)]
    assert here.shop.verbs.history(order.id)[-1].why == "what comes after a void is refused there"
