"""The shipped providers as the simulator plays them: `stampcard simulate`, and `SCENARIOS` for runs of your own.

May live here: which scenario a provider's name means, drawn and with its switches as by default. May not: a rule of a
provider's, which is its scenario's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from stampcard.simulate import Make
from stampcard_adapters.simulate.kalixo import KalixoScenario
from stampcard_adapters.simulate.kibo import KiboScenario
from stampcard_adapters.simulate.kigo import KigoScenario
from stampcard_adapters.simulate.sessionm import SessionMScenario
from stampcard_adapters.simulate.spendgo import SpendgoScenario

__all__ = ["PLAIN", "SCENARIOS", "SHARES", "shared"]

SCENARIOS: Final[Mapping[str, Make]] = {
    "kalixo": KalixoScenario,
    "kibo": KiboScenario,
    "kigo": KigoScenario,
    "sessionm": SessionMScenario,
    "spendgo": SpendgoScenario,
}
"""Provider -> its worlds, every switch drawn."""

SHARES: Final[Mapping[str, float]] = {"kalixo": 0.11, "kibo": 0.17, "kigo": 0.075, "sessionm": 0.365, "spendgo": 0.28}
"""Of the orders of all providers: by how many operations there are to meet every fault and every crash."""


def shared(orders: int, providers: Sequence[str]) -> dict[str, int]:
    """How many of so many orders are each provider's."""
    whole = sum(SHARES[name] for name in providers)
    return {name: max(1, round(orders * SHARES[name] / whole)) for name in providers}


PLAIN: Final[Mapping[str, Mapping[str, Make]]] = {
    "kalixo": {
        "v1": lambda draw, clock: KalixoScenario(draw, clock, version=1),
        "v2": lambda draw, clock: KalixoScenario(draw, clock, version=2),
    },
    "kibo": {"as by default": lambda draw, clock: KiboScenario(draw, clock, drawn=False)},
    "kigo": {"as by default": lambda draw, clock: KigoScenario(draw, clock, drawn=False)},
    "sessionm": {
        "unique ids": lambda draw, clock: SessionMScenario(draw, clock, tells="unique"),
        "repeatable ids": lambda draw, clock: SessionMScenario(draw, clock, tells="repeatable"),
    },
    "spendgo": {
        "replayed": lambda draw, clock: SpendgoScenario(draw, clock, repeat="replayed"),
        "refused": lambda draw, clock: SpendgoScenario(draw, clock, repeat="refused"),
        "unsafe": lambda draw, clock: SpendgoScenario(draw, clock, repeat="unsafe"),
    },
}
"""Provider -> its enumerated worlds, by the switch that matters most."""
