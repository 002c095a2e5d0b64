"""Simulated worlds keep every promise; the same seed is the same run; a failure is made small and told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.simulator.mutants import double_refund

from stampcard.simulate import PROMISES, CrashPoint, Draw, Fault, SimulationReport, World, drawn, simulate_drawn
from stampcard.simulate.cells import LOOK, NONE, cells
from stampcard_adapters.simulate import SCENARIOS, shared
from stampcard_adapters.simulate.spendgo import SpendgoScenario

ORDERS = int(os.environ.get("SIMULATED_ORDERS", "600"))
"""Of all providers, in the tests. `stampcard simulate --orders 100000` is the same, longer."""


@pytest.fixture(scope="module")
def reports() -> dict[str, SimulationReport]:
    return {
        name: simulate_drawn(SCENARIOS[name], orders=mine, seed=1, most_violations=1)
        for name, mine in shared(ORDERS, sorted(SCENARIOS)).items()
    }


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_and_nothing_doubled(reports: dict[str, SimulationReport], name: str) -> None:
    report = reports[name]
    assert report.violations == (), "\n\n".join(v.story for v in report.violations)
    assert report.broken == 0
    assert report.steps > report.orders


def test_every_fault_and_every_death_happens(reports: dict[str, SimulationReport]) -> None:
    assert {fault.value for fault in Fault} <= reports["spendgo"].faults.keys()
    assert {point.value for point in CrashPoint} == reports["spendgo"].crashes.keys()


def test_every_operation_of_every_provider_met_faults_and_deaths(reports: dict[str, SimulationReport]) -> None:
    for report in reports.values():
        met: dict[str, int] = {}
        for cell, count in report.cells.items():
            _, operation, fault, crash = cell.split(" / ")
            met[operation] = met.get(operation, 0) + (count if fault != NONE and crash != NONE else 0)
        assert [operation for operation, count in met.items() if not count and not operation.endswith(LOOK)] == []


def test_no_cell_is_left_out(reports: dict[str, SimulationReport]) -> None:
    """Each is counted, be it 0, or cannot be, for a reason."""
    for provider, report in reports.items():
        operations = {cell.split(" / ")[1] for cell in report.cells}
        every = {" / ".join((provider, *cell)) for cell in cells(tuple(operations))}
        never = {cell for cell in every - report.cells.keys() if cell not in report.impossible}
        # of a look that is asked only now and then (else the operation is just sent again), only what came is told
        assert {cell.split(" / ")[1] for cell in never} <= {"bill" + LOOK}
        assert not report.cells.keys() & report.impossible.keys()
        assert all(report.impossible.values())


def test_orders_with_a_person_are_told_by_how_the_provider_was_drawn(reports: dict[str, SimulationReport]) -> None:
    for report in reports.values():
        assert sum(report.modes.values()) == report.orders
        assert sum(report.handed.values()) == sum(report.escalations.values())
    assert reports["spendgo"].handed.get("replayed, strict, rewards for all") == 0


def calm(draw: Draw, clock: Callable[[], Any]) -> SpendgoScenario:
    """Spendgo as it is by default, strict, replaying, with rewards for everybody: a person is a violation there."""
    return SpendgoScenario(draw, clock, repeat="replayed", plenty=True)


def test_spendgo_as_it_is_by_default_hands_nobody_an_order() -> None:
    report = simulate_drawn(calm, orders=150, seed=2, most_violations=1)
    assert report.violations == (), report.violations[0].story
    assert report.escalations == {}


def test_the_same_seed_is_the_same_run() -> None:
    def told() -> list[str]:
        lines: list[str] = []
        for index in range(4):
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


def test_half_of_the_quests_seek_what_befell_an_operation_least() -> None:
    rare = (Fault.SLOW, CrashPoint.SENT)
    plans = [drawn(1, n, 8, 1, {"place": 1.0}, {"place": (rare,)}) for n in range(200)]
    quests = [quest for plan in plans for visit in plan.visits for quest in visit.quests]
    sought = [q for q in quests if q.crash is not None and (q.fault, q.crash.point) == rare]
    assert 0.45 < len(sought) / len(quests) < 0.6


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
