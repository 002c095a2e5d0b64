"""Calls counted per key and minute (sheet, B1).

May live here: the window of a key. May not: what an answer looks like.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

import attrs

__all__ = ["Limits", "Window"]

WINDOW_SECONDS: Final = 60


@attrs.frozen(kw_only=True)
class Window:
    """One call's place in its key's minute."""

    limit: int
    remaining: int
    resets_at: float
    within: bool
    wait: int
    """Seconds until the next minute starts, at least one."""

    def headers(self) -> dict[str, str]:
        """As they stand on every v2 reply."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.resets_at)),
        }
        return headers if self.within else headers | {"Retry-After": str(self.wait)}


class Limits:
    """A minute starts with a key's first call and is over 60 seconds later; refused calls do not count."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, key: str | None, now: datetime) -> Window:
        """Count a call. No key of ours: nobody's minute, always whole, so that strangers cost no memory."""
        moment = now.timestamp()
        started, calls = (moment, 0) if key is None else self._windows.get(key, (moment, 0))
        if not 0 <= moment - started < WINDOW_SECONDS:
            started, calls = moment, 0
        within = key is None or calls < self._limit
        if key is not None and within:
            calls += 1
        if key is not None:
            self._windows[key] = (started, calls)
        resets_at = started + WINDOW_SECONDS
        return Window(
            limit=self._limit,
            remaining=max(0, self._limit - calls),
            resets_at=resets_at,
            within=within,
            wait=max(1, math.ceil(resets_at - moment)),
        )
