"""What the machine found, told short."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.agreement.world import BASKETS, World, cash, usd

from stampcard.errors import InDoubtError, NeedsHumanError
from stampcard.journal.memory import MemoryJournal
from stampcard.testing import Drop, Late, When


@pytest.fixture
def world() -> Iterator[World]:
    opened = World(MemoryJournal())
    yield opened
    opened.close()


@pytest.mark.parametrize("lost", [When.BEFORE, When.AFTER])
def test_a_place_in_doubt_is_voided_whether_it_took_effect_or_not(world: World, lost: When) -> None:
    """The void named no tenders, for none was known to be accepted: refused just when there was something to void."""
    spendgo = world.lanes[0].verbs
    order = spendgo.checkout("t-1", BASKETS[0], buyer=world.member)
    world.faults.next(Drop(lost), trigger="place")
    with pytest.raises(InDoubtError):
        spendgo.place(order, tenders=cash(usd("56.68")))
    assert spendgo.void(spendgo.get("t-1"), why="the customer left").doubt is None
    assert world.model.states("t-1")[-1] == "voided"


def test_a_lost_void_of_a_lost_place_is_recovered_with_the_very_bytes_of_the_void(world: World) -> None:
    spendgo = world.lanes[0].verbs
    order = spendgo.checkout("t-1", BASKETS[0], buyer=world.member)
    world.faults.next(Drop(When.AFTER), times=2)
    with pytest.raises(InDoubtError):
        spendgo.place(order, tenders=cash(usd("56.68")))
    with pytest.raises(InDoubtError):
        spendgo.void(spendgo.get("t-1"), why="the customer left")
    assert str(spendgo.recover("t-1").state) == "voided"
    assert world.model.states("t-1") == ("checkout", "placed", "voided")


def test_a_place_that_lands_after_its_void_changes_nothing(world: World) -> None:
    spendgo = world.lanes[0].verbs
    order = spendgo.checkout("t-1", BASKETS[0], buyer=world.member)
    world.faults.next(Late(), trigger="place")
    with pytest.raises(InDoubtError):
        spendgo.place(order, tenders=cash(usd("56.68")))
    spendgo.void(spendgo.get("t-1"), why="the customer left")
    assert world.faults.land() == 1
    assert world.model.states("t-1") == ("checkout", "voided")
    world.check()


def test_points_spent_by_another_order_are_not_taken_for_a_lost_bill(world: World) -> None:
    """Both took 25 of 40 dollars: lower by exactly ours, and not by us. The sale was "billed" here and not there."""
    spendgo = world.lanes[0].verbs
    [points] = spendgo.rewards(world.shopper)
    for order_id in ("t-1", "t-2"):
        order = spendgo.checkout(order_id, BASKETS[0], buyer=world.shopper, reward=points, projected=usd("25"))
        spendgo.place(order, tenders=cash(usd("31.68")))
    world.faults.next(Drop(When.BEFORE), trigger="bill")
    with pytest.raises(InDoubtError):
        spendgo.bill(spendgo.get("t-1"))
    spendgo.bill(spendgo.get("t-2"))
    with pytest.raises(NeedsHumanError):
        spendgo.recover("t-1")
    world.check()
    assert str(spendgo.void(spendgo.get("t-1"), why="no points left").state) == "voided"
    world.check()


def test_a_lost_void_is_not_sent_again_to_a_provider_that_would_give_the_reward_back_twice() -> None:
    world = World(MemoryJournal(), repeat="unsafe")
    spendgo = world.lanes[0].verbs
    reward = next(r for r in spendgo.rewards(world.member) if r.value == usd("5"))
    order = spendgo.checkout("t-1", BASKETS[0], buyer=world.member, reward=reward)
    order = spendgo.bill(spendgo.place(order, tenders=cash(usd("51.68"))))
    world.faults.next(Drop(When.AFTER), trigger="void")
    with pytest.raises(InDoubtError):
        spendgo.void(order, why="the customer left")
    with pytest.raises(NeedsHumanError, match="give the reward back twice"):
        spendgo.recover("t-1")
    assert world.model.rewards(world.member.id).count(reward.id) == 1
    world.check()
    world.close()
