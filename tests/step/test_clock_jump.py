"""A wall clock that jumps forward makes no call older than it is."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest

from stampcard import InDoubtError, Site, Till
from stampcard.testing import Clock, Drop, Late, When
from stampcard_adapters.testing import STORE, Sandbox


@attrs.define
class Jumping:
    """The test's clock, whose wall can be set forward without any time passing."""

    clock: Clock
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.clock() + self.ahead

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float, /) -> None:
        self.clock.sleep(seconds)


@pytest.mark.parametrize("minutes", [6, 600])
def test_a_jump_does_not_end_the_late_window(minutes: int) -> None:
    """Seen: the redeem was still on its way, the clock was set forward, and it was sent again: points taken twice."""
    clock = Jumping(Clock())
    sandbox = Sandbox(clock=clock.clock)
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport(), clock=clock) as till:
        sessionm = till.use(sandbox.sessionm.provider(send_external_id=False))
        before = sandbox.sessionm.points(sandbox.sessionm.user)
        sandbox.faults.next(Late(), trigger="redeem")
        with pytest.raises(InDoubtError):
            sessionm.redeem("r-1", sandbox.sessionm.coffee, user=sandbox.sessionm.user)
        clock.ahead = timedelta(minutes=minutes)
        with pytest.raises(InDoubtError):
            sessionm.recover("r-1", within=0)
        sandbox.faults.land()
        assert sandbox.sessionm.points(sandbox.sessionm.user) == before - 75


def test_without_a_jump_the_window_ends_and_it_is_sent_again() -> None:
    clock = Clock()
    sandbox = Sandbox(clock=clock)
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport(), clock=clock) as till:
        sessionm = till.use(sandbox.sessionm.provider())
        sandbox.faults.next(Drop(When.BEFORE), trigger="redeem")
        with pytest.raises(InDoubtError):
            sessionm.redeem("r-1", sandbox.sessionm.coffee, user=sandbox.sessionm.user)
        clock.pass_(minutes=10)
        assert sessionm.recover("r-1").state.value == "approved"
