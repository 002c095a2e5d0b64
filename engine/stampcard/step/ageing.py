"""How old something is, although a wall clock may be set while a till runs.

May live here: ages, from the two clocks' readings. May not: a clock, an effect.
"""

from __future__ import annotations

from datetime import datetime

from stampcard.journal.fold import OpenIntent

__all__ = ["age", "jumped"]

_JUMP = 300.0
"""Seconds: more than a clock drifts or is slewed by in a day (design, section 6: offline)."""


def age(intent: OpenIntent, now: datetime, ahead: float = 0.0) -> float:
    """Seconds since the last call for this intent could have left. ahead: by how much the wall clock has jumped."""
    return max(0.0, (now - intent.last_at).total_seconds() - ahead)


def jumped(began: tuple[datetime, float] | None, now: datetime, monotonic: float) -> float:
    """Seconds by which the wall clock has run ahead of the monotonic one since the till began; 0.0 for a usual drift.

    A clock set forward makes every call look older than it is: "not there" would be believed while it may still land.
    """
    if began is None:
        return 0.0
    ahead = (now - began[0]).total_seconds() - (monotonic - began[1])
    return ahead if ahead > _JUMP else 0.0
