"""Every planted bug is found within 10,000 orders: a simulator that misses one is not good enough."""

from __future__ import annotations

import pytest
from tests.simulator.mutants import MUTANTS

from stampcard.simulate import World, drawn, untroubled
from stampcard_adapters.simulate import SCENARIOS

MOST = 10_000
SEED = 1


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_found(name: str) -> None:
    mutant, provider = MUTANTS[name]
    orders = index = 0
    with mutant(), untroubled() as sweep:
        while orders < MOST:
            plan = drawn(SEED, index, 8, 2)
            broken = World(plan, SCENARIOS[provider]).run()
            if broken is not None:
                return
            orders += len(plan.visits)
            index += 1
            if index % 64 == 0:
                sweep()
    pytest.fail(f"{name}: not found in {orders} orders of {provider}")
