"""However many lanes reach for one order: one wins, the others are told, and the provider sees each effect once."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest
from tests.step.shop import BASKET, MEMBER, Provider, Shop, basket, cash, shop, together

from stampcard.errors import ConflictError, InDoubtError, NotAllowedError, UnavailableError
from stampcard.model import GUEST, Order

LOSERS = (ConflictError, UnavailableError, Order)


def _told(results: list[object]) -> None:
    """One fresh answer; everyone else conflicts, finds it busy, or gets the recorded answer."""
    fresh = [r for r in results if isinstance(r, Order) and not r.replayed]
    assert len(fresh) == 1, results
    for other in results:
        assert isinstance(other, LOSERS), other
        if isinstance(other, UnavailableError):
            assert other.reason == "busy"


@pytest.mark.parametrize("round_", range(4))
def test_the_same_verb_from_many_threads_of_one_till_takes_effect_once(here: Shop, round_: int) -> None:
    order = here.placed(reward=here.reward())
    _told(together(*[partial(here.verbs.bill, order)] * 6))
    assert here.provider.calls(order.id)["billed"] == 1
    assert here.verbs.get(order.id).state == "billed"
    assert here.provider.model.unbalanced() == ()


@pytest.mark.parametrize("round_", range(3))
def test_the_same_verb_from_two_tills_on_one_file_takes_effect_once(here: Shop, round_: int) -> None:
    order = here.placed()
    with shop(here.provider, here.journal) as other:
        _told(together(*[partial(s.verbs.bill, order) for s in (here, other, here, other)]))
    assert here.provider.calls(order.id)["billed"] == 1


@pytest.mark.parametrize("round_", range(3))
def test_different_verbs_at_once_leave_engine_and_provider_in_agreement(here: Shop, round_: int) -> None:
    order = here.placed(reward=here.reward())
    with shop(here.provider, here.journal) as other:
        results = together(
            partial(here.verbs.bill, order),
            partial(other.verbs.void, order, why="changed their mind"),
            partial(here.verbs.void, order, why="wrong table"),
        )
    states = [r.state for r in results if isinstance(r, Order)]
    told = [r for r in results if not isinstance(r, Order)]
    # A void of the same till may end its bill's call: then the bill is told it is in doubt, and the void settles it.
    assert all(isinstance(r, (ConflictError, UnavailableError, NotAllowedError, InDoubtError)) for r in told), told
    assert states
    now = here.verbs.get(order.id)
    assert now.settled
    assert here.provider.model.states(order.id)[-1] == now.state
    assert here.provider.model.unbalanced() == ()


@pytest.mark.parametrize("round_", range(3))
def test_two_lanes_opening_one_id_with_the_same_input_open_it_once(here: Shop, round_: int) -> None:
    with shop(here.provider, here.journal) as other:
        results = together(*[partial(s.priced) for s in (here, other, here, other)])
    _told(results)
    assert here.kinds() == ["checkout intent", "checkout accepted"]


def test_a_second_lane_with_another_basket_waits_and_does_not_end_the_first_lanes_call(here: Shop) -> None:
    held = here.provider.hold("checkout")
    opened: list[object] = []
    lane = threading.Thread(target=lambda: opened.append(here.priced()))
    lane.start()
    assert held.arrived.wait(5)
    with pytest.raises(UnavailableError) as caught:
        here.verbs.checkout(here.id(), basket("99.00"), buyer=GUEST)
    assert caught.value.reason == "busy"
    held.go.set()
    lane.join(5)
    assert isinstance(opened[0], Order)
    assert opened[0].facts.basket == BASKET


def test_while_a_call_is_under_way_every_lane_is_told_busy_and_the_order_says_so(here: Shop) -> None:
    order = here.placed()
    held = here.provider.hold("billed")
    lane = threading.Thread(target=lambda: here.verbs.bill(order))
    lane.start()
    assert held.arrived.wait(5)
    with shop(here.provider, here.journal) as other:
        for one in (here, other):
            now = one.verbs.get(order.id)
            assert now.doubt is not None
            assert now.doubt.running
            for verb in (one.verbs.bill, one.verbs.complete):
                with pytest.raises(UnavailableError) as caught:
                    verb(now)
                assert caught.value.reason == "busy"
                assert 0 < caught.value.retry_after <= 10
            with pytest.raises(InDoubtError):
                one.verbs.recover(order.id, within=0)
        with pytest.raises(UnavailableError):  # another till's live call is not ours to end
            other.verbs.void(other.verbs.get(order.id), why="hurry")
    held.go.set()
    lane.join(5)
    assert here.verbs.get(order.id).state == "billed"
    assert here.kinds()[-2:] == ["bill intent", "bill accepted"]


def test_eight_threads_carry_many_orders_over_one_till(here: Shop) -> None:
    def sell(lane: int) -> list[str]:
        states: list[str] = []
        for n in range(4):
            verbs = here.verbs.by(f"lane-{lane}")
            order = verbs.checkout(here.id(f"{lane}x{n}"), BASKET, buyer=MEMBER if n % 2 else GUEST)
            order = verbs.complete(verbs.bill(verbs.place(order, tenders=cash(order))))
            states.append(order.state)
            assert {e.by for e in verbs.history(order.id)} == {f"lane-{lane}"}
        return states

    results = together(*[partial(sell, lane) for lane in range(8)])
    assert results == [["completed"] * 4] * 8
    assert all(set(here.provider.calls(order_id).values()) == {1} for order_id, _ in here.provider.seen)
    assert here.provider.model.unbalanced() == ()
    assert here.till.in_doubt() == ()
    positions = [entry.position for entry in here.till.changes()]
    assert positions == list(range(1, 8 * 4 * 8 + 1))


def test_a_call_being_promised_is_never_taken_for_doubted(provider: Provider, tmp_path: Path) -> None:
    """Recovery in one thread, steps in another, on one till: nothing is ever sent twice."""
    with shop(provider, tmp_path / "j.db") as here:
        stop = threading.Event()
        trouble: list[BaseException] = []

        def meddle() -> None:
            while not stop.is_set():
                for order in here.till.in_doubt():
                    try:
                        here.verbs.recover(order.id, within=0)
                    except InDoubtError:
                        pass
                    except BaseException as error:  # noqa: BLE001  handed to the test
                        trouble.append(error)

        meddling = threading.Thread(target=meddle)
        meddling.start()
        for n in range(12):
            here.completed(str(n))
        stop.set()
        meddling.join(10)
        assert trouble == []
        assert all(set(provider.calls(here.id(str(n))).values()) == {1} for n in range(12))
