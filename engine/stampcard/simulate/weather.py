"""What can go wrong, as data: faults of one call, crashes of one till, and what the world drew of them.

May live here: kinds and where they strike. May not: how a fault is carried out (`network`), a till (`till`).

"Before" and "after" are meant from the effect at the provider, as in `stampcard.testing.faults`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

__all__ = ["CRASHES", "FAULTS", "LATER", "REPEATS", "Crash", "CrashPoint", "Fault"]


class Fault(StrEnum):
    """What happens to one call on the wire."""

    REFUSED = "refused"
    """No connection: provably nothing left."""
    LOST_BEFORE = "lost before"
    """The request never arrives, and nobody says so."""
    LOST_AFTER = "lost after"
    """The provider acted; its reply never arrives."""
    RESET_BEFORE = "reset before"
    """The connection breaks after bytes left, and the provider never saw a whole request."""
    CUT_AFTER = "cut after"
    """The provider acted; its reply breaks off."""
    LATE = "late"
    """The request stays in the network, and lands after the socket was closed."""
    SLOW = "slow"
    """The reply comes after the till has answered its cashier, before the socket is closed."""
    TWICE = "twice"
    """The network delivers the request twice at once; the second reply is the one that is read."""
    ECHO = "echo"
    """Read as usual, and delivered once more later."""
    ERROR_BEFORE = "error before"
    """A 5xx or a stranger's 404 in the provider's place."""
    ERROR_AFTER = "error after"
    """A 5xx, 408 or 302 over the answer of a provider that acted."""
    LIMITED = "limited"
    """429: turned away at the door."""
    TURNED_AWAY = "turned away"
    """401 from the door."""
    PORTAL_BEFORE = "portal before"
    """A 200 with somebody's page, and no provider behind it."""
    GARBLED_AFTER = "garbled after"
    """The provider acted; its answer arrives as a page no program reads."""


FAULTS: Final = tuple(Fault)
REPEATS: Final = frozenset({Fault.TWICE, Fault.ECHO})
LATER: Final = frozenset({Fault.LATE, Fault.ECHO})
"""What lets a request land long after it was made."""


class CrashPoint(StrEnum):
    """Where in a step the process dies."""

    EARLY = "early"
    """Before anything is promised."""
    PROMISED = "promised"
    """The promise is durable, nothing is sent."""
    SENT = "sent"
    """The call is under way."""
    READ = "read"
    """The reply is read, nothing of it is written."""
    WRITTEN = "written"
    """It is written, and the caller never hears of it."""


CRASHES: Final = tuple(CrashPoint)


@attrs.frozen
class Crash:
    """A till dies during one run of a step.

    point: where, after the run's first promise; None: before its effect number `effect`, counted from 0. part: of a
    call's way, 0 to 1, for SENT. down: seconds until the next process opens the journal. power: the whole machine, and
    every till on it.
    """

    point: CrashPoint | None
    effect: int = 0
    part: float = 0.5
    down: float = 2.0
    power: bool = False
