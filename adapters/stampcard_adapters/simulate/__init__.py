"""The shipped providers as the simulator plays them: `stampcard simulate`, and `scenarios()` for your own runs.

May live here: which scenario a provider's name means. May not: a rule of a provider's, which is its scenario's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stampcard.simulate import Make
from stampcard_adapters.simulate.spendgo import spendgo

__all__ = ["SCENARIOS"]

SCENARIOS: Final[Mapping[str, Make]] = {"spendgo": spendgo}
"""Provider -> its worlds."""
