"""When an open intent is worth another attempt: read off the journal, so that every process says the same.

May live here: the schedule. May not: an effect, a clock, a random number. The jitter comes from the intent's own name:
a thousand doubts of one outage do not come back in one second, two tills agree about each of them, and the same journal
has the same schedule in every run.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from stampcard.journal.fold import OpenIntent

if TYPE_CHECKING:
    from tenacity.wait import wait_base

__all__ = ["LONGEST", "due", "grown", "left", "pause"]

_FIRST: Final = 2.0
_GROWTH: Final = 3.0
LONGEST: Final = 600.0
"""Seconds: what is in doubt is tried about every ten minutes, as long as it takes."""
_JITTER: Final = 0.25
"""At most this part of a pause is added to it."""


def due(intent: OpenIntent) -> datetime:
    """The moment from which it may be tried again: at once the first time, then after growing pauses."""
    if intent.tried_at is None:
        return intent.entry.at
    return intent.tried_at + timedelta(seconds=pause(intent))


def left(intent: OpenIntent, now: datetime) -> float:
    """Seconds until it is due; 0 when it is. A clock that was set back since does not hold it up for days."""
    if intent.tried_at is None or now < intent.tried_at:
        return 0.0
    return max(0.0, (due(intent) - now).total_seconds())


def pause(intent: OpenIntent) -> float:
    """Seconds to leave it alone after its last attempt: 2, 6, 18, 54, 162, 486, then 600, each and up to a quarter."""
    return max(grown(intent.name, intent.attempts), intent.rest)


def grown(name: str, attempts: int) -> float:
    """Seconds to leave alone what was tried so often; name: of what, for the jitter."""
    if attempts == 0:
        return 0.0
    from tenacity import RetryCallState, Retrying  # 8 ms of imports: paid by who has a doubt

    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempts
    spread = random.Random(f"{name} {attempts}").random()  # noqa: S311  spreads load, guards nothing
    return _growing()(state) * (1.0 + _JITTER * spread)


@cache
def _growing() -> wait_base:
    from tenacity import wait_exponential

    return wait_exponential(multiplier=_FIRST, exp_base=_GROWTH, max=LONGEST)
