"""A provider of your own, simulated: the honest adapter keeps every promise, one that takes a chance is found out."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path
from typing import Any

import attrs
from tests.sixth import shop
from tests.sixth.beanbox import Beanbox, BeanboxAdapter, BeanboxOrder, BeanboxVerbs
from tests.sixth.model import BeanboxModel
from tests.sixth.scenario import BeanboxScenario

from stampcard.adapter import Evidence, Recovery
from stampcard.commands import PurchaseCommand
from stampcard.simulate import SimulationReport, simulate
from stampcard.step import M, Seat

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def simulated(provider: Any, orders: int, seed: int = 1) -> SimulationReport:
    made = BeanboxScenario
    return simulate(provider, lambda clock: BeanboxModel(), scenario=made, orders=orders, seed=seed, stop_after=1)


def test_the_sixth_provider_keeps_every_promise() -> None:
    report = simulated(shop.BEANBOX, 100)
    assert report.violations == (), report.violations[0].story
    assert report.escalations == {}
    assert {"lost after", "late", "refused"} <= report.faults.keys()
    assert {cell.split(" / ")[1] for cell in report.cells} >= {"place", "bill", "complete", "void", "refund"}


class _Hasty(BeanboxAdapter):
    """Looks first, and takes "not billed yet" for "never billed"."""

    def recover(self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /) -> Recovery[Any, Any]:
        return super().recover(order, command, attrs.evolve(evidence, age=1e9))


@attrs.frozen
class _Provider:
    given: Beanbox

    def bind(self, seat: Seat[M], /) -> BeanboxVerbs[M]:
        return BeanboxVerbs(seat, _Hasty(self.given))


def test_an_adapter_that_does_not_wait_is_found_out_and_its_story_told() -> None:
    report = simulated(_Provider(shop.BEANBOX), 400, seed=5)
    [violation] = report.violations
    assert violation.promise == "balanced"
    assert "bill is sent" in violation.story
    assert "bill: look is sent" in violation.story


def test_the_page_shows_this_scenario_and_its_program_runs_as_written() -> None:
    assert f"```python\n# tests/sixth/scenario.py\n{inspect.getsource(BeanboxScenario)}```" in PAGE.read_text("utf-8")
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 5) == (0, True)
