"""The shipped providers as the simulator plays them: `stampcard simulate`, and `SCENARIOS` for runs of your own.

May live here: which scenario a provider's name means. May not: a rule of a provider's, which is its scenario's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stampcard.simulate import Make
from stampcard_adapters.simulate.kalixo import kalixo
from stampcard_adapters.simulate.kibo import kibo
from stampcard_adapters.simulate.kigo import kigo
from stampcard_adapters.simulate.sessionm import sessionm
from stampcard_adapters.simulate.spendgo import spendgo

__all__ = ["SCENARIOS"]

SCENARIOS: Final[Mapping[str, Make]] = {
    "kalixo": kalixo,
    "kibo": kibo,
    "kigo": kigo,
    "sessionm": sessionm,
    "spendgo": spendgo,
}
"""Provider -> its worlds."""
