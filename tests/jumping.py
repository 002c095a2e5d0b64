"""A clock for tests whose wall can be set while no time passes.

May live here: that clock. May not: a test.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from stampcard.testing import Clock

__all__ = ["Jumping"]


@attrs.define
class Jumping:
    """The test's clock, and by how much its wall is ahead."""

    clock: Clock
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.clock() + self.ahead

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float, /) -> None:
        self.clock.sleep(seconds)
