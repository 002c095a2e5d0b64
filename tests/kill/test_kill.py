"""SIGKILL between intent and outcome: on restart the order says it is in doubt, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from tests.kill.conftest import TillProcess
from tests.step.shop import BASKET, MEMBER, Provider, Shop, basket, cash, deaf

from stampcard.errors import InDoubtError, Next, NotAllowedError, UnavailableError
from stampcard.model import EntryKind

Start: TypeAlias = Callable[[int], list[TillProcess]]
VERBS = {"placed": "place", "billed": "bill", "completed": "complete"}


def _killed(here: Shop, start: Start, stage: str) -> str:
    """A till process killed while the provider, which has acted, holds its reply to `stage`."""
    made = {"placed": here.priced, "billed": here.placed, "completed": here.billed}[stage](reward=here.reward())
    held = here.provider.hold(stage)
    [victim] = start(1)
    victim.ask("see", made.id)
    victim.say(VERBS[stage], made.id)
    assert held.arrived.wait(10)
    alive = here.verbs.get(made.id)
    assert alive.doubt is not None
    assert alive.doubt.running  # while it lives it is busy, not in doubt
    with pytest.raises(UnavailableError) as busy:
        here.verbs.complete(alive)
    assert busy.value.reason == "busy"
    with pytest.raises(InDoubtError):  # and recovery never starts while the call runs
        here.verbs.recover(made.id, within=0)
    assert here.provider.calls(made.id)[stage] == 1
    victim.kill()
    held.go.set()
    return made.id


@pytest.mark.parametrize("stage", list(VERBS))
def test_after_a_kill_the_order_is_in_doubt_with_the_open_intent_and_recovery_settles_it(
    here: Shop, start: Start, stage: str
) -> None:
    order_id = _killed(here, start, stage)
    now = here.verbs.get(order_id)
    assert now.doubt is not None
    assert (now.doubt.trigger, now.doubt.running, now.doubt.needs_human) == (VERBS[stage], False, False)
    intent = here.verbs.history(order_id)[-1]
    assert (intent.kind, intent.intent) == (EntryKind.INTENT, now.doubt.intent)
    assert now.allowed == (frozenset() if stage == "completed" else {"void"})
    assert [o.id for o in here.till.in_doubt()] == [order_id]
    for other in ("refund", "complete" if stage != "completed" else "refund"):
        verb = here.verbs.complete if other == "complete" else lambda o: here.verbs.refund(o, why="x")
        with pytest.raises(NotAllowedError) as caught:
            verb(now)
        assert caught.value.next is Next.WAIT
        assert caught.value.refusals[0].code == "order.in_doubt"
    assert here.verbs.get(order_id) == now  # nothing of this was journalled
    assert here.verbs.recover(order_id).state == stage
    assert here.provider.calls(order_id)[stage] == 2
    assert here.provider.model.states(order_id).count(stage) == 1  # type: ignore[arg-type]
    assert here.provider.model.unbalanced() == ()


def test_a_void_gets_out_of_the_doubt_a_kill_left(here: Shop, start: Start) -> None:
    order_id = _killed(here, start, "billed")
    voided = here.verbs.void(here.verbs.get(order_id), why="register died")
    assert (voided.state, voided.settled) == ("voided", True)
    assert here.provider.model.reward_quantity(MEMBER.id, here.reward().id) == 1
    assert here.provider.model.unbalanced() == ()


def test_a_checkout_killed_under_way_may_be_abandoned_or_priced_again(here: Shop, start: Start) -> None:
    held = here.provider.hold("checkout")
    [victim] = start(1)
    victim.say("checkout", here.id())
    assert held.arrived.wait(10)
    victim.kill()
    held.go.set()
    now = here.verbs.get(here.id())
    assert now.doubt is not None
    assert now.allowed == {"checkout", "abandon"}
    priced = here.verbs.checkout(now, basket("60.00"), buyer=MEMBER)
    assert (priced.state, priced.settled) == ("checkout", True)
    assert here.verbs.abandon(priced).state == "abandoned"


def test_a_checkout_killed_under_way_is_repeated_by_its_id(here: Shop, start: Start) -> None:
    held = here.provider.hold("checkout")
    [victim] = start(1)
    victim.say("checkout", here.id(), "c-1")
    assert held.arrived.wait(10)
    victim.kill()
    held.go.set()
    order = here.verbs.checkout(here.id(), BASKET, buyer=MEMBER, command_id="c-1")
    assert (order.state, order.replayed, order.settled) == ("checkout", False, True)


def test_two_processes_recover_at_once_and_again_with_one_effect(here: Shop, start: Start) -> None:
    order_id = _killed(here, start, "billed")
    pair = start(2)
    for one in pair:
        one.say("recover", order_id)
    assert [one.hear()["state"] for one in pair] == ["billed", "billed"]
    assert [one.ask("recover", order_id)["state"] for one in pair] == ["billed", "billed"]
    assert here.provider.model.states(order_id).count("billed") == 1
    assert here.kinds(order_id)[-2:] == ["bill attempt", "bill accepted"]
    assert here.provider.calls(order_id)["billed"] == 2


def test_two_processes_fire_the_same_and_different_verbs_at_once(here: Shop, start: Start) -> None:
    pair = start(2)
    for n, verbs in enumerate([("bill", "bill"), ("bill", "void"), ("void", "bill")]):
        order = here.placed(f"{n}")
        for one in pair:
            one.ask("see", order.id)
        for one, verb in zip(pair, verbs, strict=True):
            one.say(verb, order.id)
        said = [one.hear() for one in pair]
        fresh = [s for s in said if "error" not in s and not s["replayed"]]
        assert len(fresh) == 1, said
        for other in said:
            assert other is fresh[0] or other.get("error") in (None, "ConflictError", "UnavailableError"), said
        calls = here.provider.calls(order.id)
        assert calls["billed"] + calls["voided"] == 1
        assert here.verbs.get(order.id).state == fresh[0]["state"]


def test_a_command_replays_from_another_process(here: Shop, start: Start) -> None:
    order = here.placed()
    one, other = start(2)
    one.ask("see", order.id)
    assert one.ask("bill", order.id, "b-1")["replayed"] is False
    assert here.verbs.bill(order, command_id="b-1").replayed
    other.ask("see", order.id)
    assert other.ask("bill", order.id, "b-1")["replayed"] is True
    assert other.ask("void", order.id, "b-1")["code"] == "command.conflict"
    assert here.provider.calls(order.id)["billed"] == 1


def test_a_kill_before_anything_arrived_is_a_doubt_that_recovery_settles_too(
    here: Shop, provider: Provider, start: Start
) -> None:
    order = here.placed()
    held = provider.hold("billed")
    [victim] = start(1)
    victim.ask("see", order.id)
    victim.say("bill", order.id)
    assert held.arrived.wait(10)
    victim.kill()
    provider.rules["billed"] = deaf
    held.go.set()
    with pytest.raises(InDoubtError):
        here.verbs.recover(order.id, within=0)
    del provider.rules["billed"]
    assert here.verbs.recover(order.id).state == "billed"
    assert cash(order)
