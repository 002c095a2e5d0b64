"""What the simulator found, told short, each in the smallest form it was understood in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest
from tests.agreement.world import BASKETS, cash
from tests.step.tiny import Prizes, PrizeVerbs, Settings, transport

from stampcard.commands import Command
from stampcard.errors import InDoubtError, NeedsHumanError
from stampcard.journal.memory import MemoryJournal
from stampcard.model import Money, Site
from stampcard.simulate import World
from stampcard.simulate.plan import Kind, Move, Plan, Visit
from stampcard.testing import Clock, Drop, When
from stampcard.till import Till
from stampcard.wire import Response
from stampcard_adapters.sandbox.spendgo import Switches
from stampcard_adapters.simulate.sessionm import SessionMScenario
from stampcard_adapters.testing import STORE, Sandbox


class OneForAll(Prizes):
    """A provider that names the same order of its own for everything."""

    def read(self, order: Any, command: Command, response: Response, /) -> Any:
        return attrs.evolve(super().read(order, command, response), claims="p-1")


def test_two_orders_that_are_one_at_the_provider_are_for_a_person_and_not_in_doubt_for_ever() -> None:
    """A claim that was taken was an answer nobody knows, looked at again and again, and nobody was ever told."""
    journal = MemoryJournal()
    answers = transport(lambda _: (200, {"status": "pending"}))
    with Till(journal, site=Site(store="1"), transport=answers) as till:
        prizes = till.use(Settings(OneForAll(), PrizeVerbs))
        prizes.redeem("a")
        with pytest.raises(NeedsHumanError, match="already ours as a"):
            prizes.redeem("b")
        [escalation] = till.needs_human()
        assert "which a" in escalation.check
    journal.close()


def test_points_that_leave_at_placed_are_not_taken_twice_where_a_repeat_is_unsafe() -> None:
    """The provider does a repeated `placed` once more, and this one takes points."""
    sandbox = Sandbox(clock=Clock(), switches=Switches(repeat="unsafe", swp_deducted_at="placed"))
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider(repeat="unsafe", points_leave_at="placed"))
        [points] = spendgo.rewards(sandbox.spendgo.shopper)
        order = spendgo.checkout(
            "t-1", BASKETS[0], buyer=sandbox.spendgo.shopper, reward=points, projected=Money("11", "USD")
        )
        sandbox.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            spendgo.place(order, tenders=cash(Money("45.68", "USD")))
        with pytest.raises(NeedsHumanError, match="take the points twice"):
            spendgo.recover("t-1")
    assert sandbox.spendgo.dollars(sandbox.spendgo.shopper.id) == Decimal(29)
    assert sandbox.unbalanced() == ()


def test_a_world_without_trouble_is_one_in_which_nothing_breaks() -> None:
    """The harness itself: a plan by hand is run as it stands."""
    moves = tuple(Move(kind=Kind.NEXT, lane=0, wait=1.0, luck=n) for n in range(4))
    plan = Plan(seed=0, index=0, luck=7, tills=(1,), visits=(Visit("w-1", 0, 0.0, 3, moves),))
    assert World(plan, SessionMScenario).run() is None
