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

from stampcard.model import AnyOrder, Site
from stampcard.simulate import Draw, Make, Scenario
from stampcard_adapters.sandbox.spendgo import SpendgoModel, Switches
from stampcard_adapters.sandbox.spendgo.tenants import default_tenants
from stampcard_adapters.simulate import PLAIN
from stampcard_adapters.simulate.spendgo import SpendgoScenario

__all__ = ["HERE", "SHARES", "Stocked", "ahead", "end_with_the_parent", "scenarios", "settings"]

HERE: Final = Site(store="999999")
SHARES: Final = ("spendgo",) * 9 + ("sessionm",) * 4 + ("kibo",) * 4 + ("kalixo",) * 2 + ("kigo",) * 2
"""A new order is of one of these."""
_PLENTY: Final = 500


class Stocked(SpendgoScenario):
    """Strict, replayed, and with rewards for everybody: none is refused because another order was faster. So there is
    no reason why a person should ever have to look at one of its orders."""

    def __init__(self, draw: Draw, clock: Callable[[], Any]) -> None:
        [tenant] = default_tenants()
        openings = tuple(
            attrs.evolve(one, rewards=tuple((what, _PLENTY) for what, _ in one.rewards), swp=one.swp * _PLENTY)
            for one in tenant.openings
        )
        switches = Switches(repeat="replayed")
        model = SpendgoModel([attrs.evolve(tenant, openings=openings)], switches=switches, clock=clock)
        self._settle(model, "replayed", {}, tens=_PLENTY)

    def reason(self, order: AnyOrder, said: str) -> None:
        return None


def scenarios(seed: int, clock: Callable[[], datetime]) -> dict[str, Scenario]:
    """Provider -> its world: strict, with every switch as by default; every third seed has Kalixo's version 1."""
    makes: dict[str, Make] = {
        "spendgo": Stocked,
        "sessionm": PLAIN["sessionm"]["as by default"],
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
