"""What every case is given: the till's desk, and the line past it.

May live here: the pair. May not: a case.
"""

from __future__ import annotations

import attrs

from stampcard_adapters.certify.spendgo.desk import Desk
from stampcard_adapters.certify.spendgo.raw import Line

__all__ = ["Run"]


@attrs.frozen
class Run:
    """desk: by the till, as a register does it. line: past its guards, where a case must see the provider refuse."""

    desk: Desk
    line: Line
