"""Spendgo as the simulator plays it.

May live here: names of its parts. May not: anything else.
"""

from __future__ import annotations

from stampcard_adapters.simulate.spendgo.scenario import SpendgoScenario
from stampcard_adapters.simulate.spendgo.witness import Books, Witness

__all__ = ["Books", "SpendgoScenario", "Witness"]
