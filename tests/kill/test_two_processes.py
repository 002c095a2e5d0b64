"""Two till processes on one SQLite journal: each command takes effect once, two recoveries at once are harmless."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from tests.kill.conftest import TillProcess
from tests.step.shop import Provider, Shop, deaf, first, lost
from tests.transport.loopback import wait_until

from stampcard.errors import InDoubtError

Start: TypeAlias = Callable[[int], list[TillProcess]]
STEPS = ("checkout", "place", "bill", "complete", "refund")
STAGES = {"checkout": "checkout", "place": "placed", "bill": "billed", "complete": "completed", "refund": "refunded"}


def _doubted(here: Shop, ticket: str, rule: object) -> str:
    order = here.placed(ticket)
    here.provider.rules["billed"] = first(rule)  # type: ignore[arg-type]
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    return order.id


def test_every_command_of_two_processes_takes_effect_once(here: Shop, start: Start) -> None:
    """Each fires the same five commands, side by side, under the same ids; who is late replays or is told to wait."""
    pair = start(2)
    for n in range(4):
        order_id = here.id(str(n))
        for step in STEPS:
            done = [False, False]
            fresh = 0
            for _ in range(20):
                waiting = [k for k in (0, 1) if not done[k]]
                for k in waiting:
                    if step != "checkout":
                        pair[k].ask("see", order_id)
                for k in waiting:
                    pair[k].say(step, order_id, f"{order_id}-{step}")
                for k in waiting:
                    said = pair[k].hear()
                    assert said.get("error") in (None, "UnavailableError", "ConflictError", "InDoubtError"), said
                    done[k] = "error" not in said
                    fresh += "error" not in said and not said["replayed"]
                if all(done):
                    break
            assert (done, fresh) == ([True, True], 1), (n, step)
        assert here.provider.calls(order_id) == dict.fromkeys(STAGES.values(), 1)
        assert here.kinds(order_id) == [f"{step} {kind}" for step in STEPS for kind in ("intent", "accepted")]
    assert here.provider.model.unbalanced() == ()


@pytest.mark.parametrize("rule", [lost, deaf])
def test_two_processes_pass_at_once_and_every_repeat_is_sent_once(here: Shop, start: Start, rule: object) -> None:
    orders = [_doubted(here, str(n), rule) for n in range(5)]
    pair = start(2)
    for one in pair:
        one.say("pass", "-")
    told = [one.hear()["results"] for one in pair]
    assert set().union(*told) <= set(orders)
    for order_id in orders:
        assert here.provider.calls(order_id)["billed"] == 2
        assert here.kinds(order_id)[-2:] == ["bill attempt", "bill accepted"]
        assert "resent" in [results.get(order_id) for results in told]
    assert [one.ask("pass", "-") for one in pair] == [{"results": {}, "open": 0}] * 2
    assert here.provider.model.unbalanced() == ()


def test_what_a_killed_till_left_is_settled_by_the_backgrounds_of_two_others(here: Shop, start: Start) -> None:
    order = here.placed(reward=here.reward())
    held = here.provider.hold("billed")
    [victim] = start(1)
    victim.ask("see", order.id)
    victim.say("bill", order.id)
    assert held.arrived.wait(10)
    pair = start(2)
    for one in pair:
        one.ask("background", "-")
    assert here.provider.calls(order.id)["billed"] == 1  # while it lives nobody else is at it
    victim.kill()
    held.go.set()
    wait_until(lambda: here.verbs.get(order.id).settled)
    assert here.verbs.get(order.id).state == "billed"
    assert here.provider.calls(order.id)["billed"] == 2
    assert here.provider.model.states(order.id).count("billed") == 1
    assert here.provider.model.unbalanced() == ()


def test_a_background_killed_amid_its_attempt_leaves_a_doubt_the_next_one_settles(
    here: Shop, start: Start, provider: Provider
) -> None:
    order_id = _doubted(here, "1", deaf)
    held = provider.hold("billed")
    [victim] = start(1)
    victim.ask("background", "-")
    assert held.arrived.wait(10)
    victim.kill()
    held.go.set()
    assert here.kinds(order_id)[-1] == "bill attempt"
    with here.till.start_recovery():
        wait_until(lambda: here.verbs.get(order_id).settled)
    assert provider.model.states(order_id).count("billed") == 1
    assert provider.model.unbalanced() == ()
