"""Shipped for users: what tests of an integration need, and none of it sleeps.

May live here: the clock, the faults, the in-process transport, the crash; re-exported by this page. May not: a
provider's name, anything a till needs when it is not tested. Strategies (`stampcard.testing.strategies`) and the
journal suite (`stampcard.testing.journal_contract`) are imported by name: they need the extra `testing`, this does not.
"""

from __future__ import annotations

from stampcard.testing.clock import Clock
from stampcard.testing.crash import Crash, Point, crash_at
from stampcard.testing.faults import (
    Delay,
    Drop,
    Fault,
    Faults,
    Garbage,
    Late,
    Refuse,
    Status,
    Truncated,
    Twice,
    When,
)
from stampcard.testing.terminal import AsyncTerminal, Terminal
from stampcard.testing.transport import ModelTransport

__all__ = [
    "AsyncTerminal",
    "Clock",
    "Crash",
    "Delay",
    "Drop",
    "Fault",
    "Faults",
    "Garbage",
    "Late",
    "ModelTransport",
    "Point",
    "Refuse",
    "Status",
    "Terminal",
    "Truncated",
    "Twice",
    "When",
    "crash_at",
]
