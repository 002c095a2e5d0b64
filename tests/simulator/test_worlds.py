"""Simulated worlds keep every promise; the same seed is the same run; a failure is made small and told."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.simulator.mutants import double_refund

from stampcard.simulate import PROMISES, Draw, Fault, SimulationReport, World, drawn, simulate_drawn
from stampcard_adapters.simulate import SCENARIOS, SHARES
from stampcard_adapters.simulate.spendgo import SpendgoScenario

ORDERS = int(os.environ.get("SIMULATED_ORDERS", "2000"))
"""Of all providers, in the tests. `stampcard simulate --orders 100000` is the same, longer."""


@pytest.fixture(scope="module")
def reports() -> dict[str, SimulationReport]:
    return {
        name: simulate_drawn(SCENARIOS[name], orders=max(100, round(ORDERS * SHARES[name])), seed=1)
        for name in SCENARIOS
    }


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_and_nothing_doubled(reports: dict[str, SimulationReport], name: str) -> None:
    report = reports[name]
    assert report.violations == (), "\n\n".join(v.story for v in report.violations)
    assert report.broken == 0
    assert report.steps > report.orders


def test_every_fault_was_injected(reports: dict[str, SimulationReport]) -> None:
    assert {fault.value for fault in Fault} <= reports["spendgo"].faults.keys()


def test_every_trigger_of_every_provider_met_faults_and_crashes(reports: dict[str, SimulationReport]) -> None:
    met = {cell.split(" / ")[1] for report in reports.values() for cell in report.cells if "/ none / none" not in cell}
    purchase = {"checkout", "place", "bill", "complete", "void", "refund"}
    others = {"redeem", "approve", "reject", "authorize", "create", "cancel", "observe"}
    assert purchase | others <= met


class Calm(SpendgoScenario):
    """Spendgo as it is by default, strict, replaying: nobody else moves its orders."""

    def __init__(self, draw: Draw, clock: object) -> None:
        super().__init__(draw, clock, repeat="replayed")  # type: ignore[arg-type]


def test_spendgo_hands_nobody_an_order_but_for_the_reward_two_wanted() -> None:
    report = simulate_drawn(Calm, orders=400, seed=2)
    assert report.broken == 0
    assert {
        reason for reason in report.escalations if "reward was used" not in reason and "no clear" not in reason
    } == set()


def test_the_same_seed_is_the_same_run() -> None:
    def told() -> list[str]:
        lines: list[str] = []
        for index in range(6):
            World(drawn(5, index, 8, 2), SCENARIOS["kalixo"], say=lines.append).run()
        return lines

    assert told() == told()


def test_the_same_seed_is_the_same_run_in_another_process() -> None:
    script = (
        "import hashlib\n"
        "from stampcard.simulate import World, drawn\n"
        "from stampcard_adapters.simulate import SCENARIOS\n"
        "lines = []\n"
        "for name in sorted(SCENARIOS): World(drawn(9, 3, 8, 2), SCENARIOS[name], say=lines.append).run()\n"
        "print(hashlib.sha256('\\n'.join(lines).encode()).hexdigest(), len(lines))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_a_failure_is_made_small_and_told_with_its_path() -> None:
    with double_refund():
        report = simulate_drawn(SCENARIOS["spendgo"], orders=3_000, seed=1, most_violations=1, stop_after=1)
    [violation] = report.violations
    assert violation.promise in PROMISES
    assert len(violation.plan.visits) == 1
    assert "refund is sent" in violation.story
    assert "refund → refunded" in violation.diagram
    assert World(violation.plan, SCENARIOS["spendgo"]).run() is None  # without the bug it does not happen


def test_draws_are_the_same_on_every_machine() -> None:
    draw = Draw(1, 2)
    assert [draw.below(1000) for _ in range(6)] == [Draw(1, 2).below(1000), *[draw_again(n) for n in range(1, 6)]]
    assert 0.45 < sum(Draw(7, n).chance(0.5) for n in range(2000)) / 2000 < 0.55
    assert {Draw(3, n).pick("abc") for n in range(50)} == set("abc")
    assert all(2.0 <= Draw(4, n).between(2.0, 3.0) < 3.0 for n in range(50))


def draw_again(after: int) -> int:
    draw = Draw(1, 2)
    for _ in range(after):
        draw.bits()
    return draw.below(1000)
