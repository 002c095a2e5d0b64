"""A wall clock that is set while a till runs makes no call older than it is, and holds nothing up."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from tests.jumping import Jumping

from stampcard import InDoubtError, Site, Till
from stampcard.testing import Clock, Drop, Late, When
from stampcard_adapters.testing import STORE, Sandbox


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("seconds", [130, 200, 360, 36_000])
def test_a_jump_does_not_end_the_late_window(seconds: int, dated: bool) -> None:
    """Seen: the redeem was still on its way, the clock was set forward, and it was sent again: points taken twice."""
    clock = Jumping(Clock())
    sandbox = Sandbox(clock=clock.clock if dated else None)
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport(), clock=clock) as till:
        sessionm = till.use(sandbox.sessionm.provider(send_external_id=False))
        before = sandbox.sessionm.points(sandbox.sessionm.user)
        sandbox.faults.next(Late(), trigger="redeem")
        with pytest.raises(InDoubtError):
            sessionm.redeem("r-1", sandbox.sessionm.coffee, user=sandbox.sessionm.user)
        clock.ahead = timedelta(seconds=seconds)
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


@pytest.mark.parametrize("before", [0, 36_000])
@pytest.mark.parametrize("after", [0, 36_000, -172_800])
def test_however_the_clock_is_set_an_outage_ends_with_a_person_as_soon(before: int, after: int) -> None:
    """Seen: a clock set forward before the sale kept a person from being asked for as long as the jump."""
    clock, sandbox = Jumping(Clock()), Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport(), clock=clock) as till:
        kigo = till.use(sandbox.kigo.provider())
        clock.ahead = timedelta(seconds=before)
        for _ in range(99):
            sandbox.faults.next(Drop(When.BEFORE), trigger="place")
        with pytest.raises(InDoubtError):
            kigo.place("k-1", sandbox.kigo.product, user="u-41")
        clock.ahead += timedelta(seconds=after)
        began = clock.monotonic()
        while not till.needs_human():
            till.recover()
            clock.clock.pass_(seconds=60)
        assert 1_200 <= clock.monotonic() - began <= 3_600


def test_calls_that_never_left_do_not_make_an_outage_long() -> None:
    """Seen: nine calls within a minute, then a cable out for half an hour, and a person was asked when it was back."""
    clock, sandbox = Clock(), Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport(), clock=clock) as till:
        kigo = till.use(sandbox.kigo.provider())
        for _ in range(9):
            sandbox.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            kigo.place("k-1", sandbox.kigo.product, user="u-41")
        with contextlib.suppress(InDoubtError):
            kigo.recover("k-1", within=120)
        assert not till.needs_human()
        with sandbox.faults.offline():
            for _ in range(35):
                till.recover()
                clock.pass_(seconds=60)
        for _ in range(15):
            till.recover()
            clock.pass_(seconds=60)
        assert not till.needs_human()
        assert kigo.get("k-1").doubt is None
