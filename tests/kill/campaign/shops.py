"""What is sold while tills are killed: the simulator's own scenarios, of all five providers, behind a real address.

The provider's process and every till's build the same scenarios from the same seed: there the model and what must be
conserved, here what a cashier wants and the settings that reach it.

May live here: which scenarios, and their settings. May not: a process, a check.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from stampcard.model import Site
from stampcard.simulate import Draw, Make, Scenario
from stampcard_adapters.sandbox.spendgo import SpendgoModel, Switches
from stampcard_adapters.simulate import PLAIN
from stampcard_adapters.simulate.spendgo.scenario import PLENTY, SpendgoScenario, stocked

__all__ = ["HERE", "SHARES", "Stocked", "ahead", "end_with_the_parent", "scenarios", "settings"]

HERE: Final = Site(store="999999")
SHARES: Final = ("spendgo",) * 9 + ("sessionm",) * 4 + ("kibo",) * 4 + ("kalixo",) * 2 + ("kigo",) * 2
"""A new order is of one of these."""


class Stocked(SpendgoScenario):
    """Strict, replayed, and with rewards for everybody: a world in which none of its orders ever needs a person."""

    def __init__(self, draw: Draw, clock: Callable[[], Any]) -> None:
        model = SpendgoModel(stocked(), switches=Switches(repeat="replayed"), clock=clock)
        self._settle(model, "replayed", {}, tens=PLENTY)


def scenarios(seed: int, clock: Callable[[], datetime]) -> dict[str, Scenario]:
    """Provider -> its world: strict, with every switch as by default; every third seed has Kalixo's version 1."""
    makes: dict[str, Make] = {
        "spendgo": Stocked,
        "sessionm": PLAIN["sessionm"]["unique ids"],
        "kalixo": PLAIN["kalixo"]["v1" if seed % 3 == 0 else "v2"],
        "kigo": PLAIN["kigo"]["as by default"],
        "kibo": PLAIN["kibo"]["as by default"],
    }
    return {name: make(Draw(seed, number), clock) for number, (name, make) in enumerate(makes.items())}


def settings(scenario: Scenario, url: str) -> Any:
    """The scenario's provider, as `till.use` takes it, at this address."""
    return attrs.evolve(scenario.provider, url=url)


def ahead(seconds: float) -> datetime:
    """The wall clock of a world whose time was moved on by so much."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def end_with_the_parent(read: Callable[[], object], end: Callable[[], object]) -> None:
    """Whatever becomes of the campaign, no process of it stays behind: `read` returns when the parent is gone."""

    def wait() -> None:
        read()
        end()

    threading.Thread(target=wait, name="parent", daemon=True).start()
