"""Every planted bug is found within 10,000 orders: a simulator that misses one is not good enough."""

from __future__ import annotations

import pytest
from tests.simulator.mutants import MUTANTS

from stampcard.simulate import simulate_drawn
from stampcard_adapters.simulate import SCENARIOS

MOST = 10_000
SEED = 1


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_found(name: str) -> None:
    mutant, provider = MUTANTS[name]
    with mutant():
        report = simulate_drawn(SCENARIOS[provider], orders=MOST, seed=SEED, most_violations=0, stop_after=1)
    assert report.broken, f"{name}: not found in {report.orders} orders of {provider}"
    print(f"{name}: found after {report.orders} orders")
