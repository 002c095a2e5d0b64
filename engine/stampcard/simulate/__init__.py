"""A seeded simulator of tills, networks and providers: the third driver of the step generator.

The very code that runs at a till is driven here through crashes at every effect, lost, late, repeated and garbled
messages, other lanes and other shops, offline hours and restarts. Then the world heals, and every promise of
`PROMISES` is checked. The same seed is the same run, on any machine; a failure is shrunk to a short story.

    report = simulate(Beanbox(...), BeanboxModel, scenario=BeanboxScenario, orders=10_000, seed=1)

May live here: the world, its weather, the port for scenarios (`Scenario`), invariants. May not: a provider's name.
Needs no extra. Importing `stampcard` does not import it.
"""

from __future__ import annotations

from stampcard.simulate.chance import Draw
from stampcard.simulate.exhaustive import Cases, Exhausted, Failure, exhaust, paths
from stampcard.simulate.invariants import PROMISES, broken_history, still_open
from stampcard.simulate.plan import Plan, drawn
from stampcard.simulate.run import SimulationReport, simulate, simulate_drawn, untroubled
from stampcard.simulate.scenario import Make, Scenario, Wish
from stampcard.simulate.shrink import Violation
from stampcard.simulate.walk import Manner, Path, Trouble
from stampcard.simulate.weather import Crash, CrashPoint, Fault
from stampcard.simulate.world import World

__all__ = [
    "PROMISES",
    "Cases",
    "Crash",
    "CrashPoint",
    "Draw",
    "Exhausted",
    "Failure",
    "Fault",
    "Make",
    "Manner",
    "Path",
    "Plan",
    "Scenario",
    "SimulationReport",
    "Trouble",
    "Violation",
    "Wish",
    "World",
    "broken_history",
    "drawn",
    "exhaust",
    "paths",
    "simulate",
    "simulate_drawn",
    "still_open",
    "untroubled",
]
