"""Time passes when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from stampcard.clock import Clock as Contract
from stampcard.clock import clock_of
from stampcard.testing import Clock


def test_it_is_a_clock_for_a_till() -> None:
    clock = Clock()
    assert isinstance(clock, Contract)
    assert clock_of(clock) is clock


def test_it_stands_still_until_it_is_told_to_pass() -> None:
    clock = Clock(datetime(2026, 11, 22, 10, 0, tzinfo=timezone(timedelta(hours=2))))
    assert clock() == clock() == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert clock().tzinfo is UTC
    clock.pass_(minutes=2, seconds=1)
    clock.sleep(0.5)
    assert clock.monotonic() == 121.5
    assert clock() == datetime(2026, 11, 22, 8, 2, 1, 500_000, tzinfo=UTC)


def test_the_shortest_sleep_passes_some_time_and_none_passes_none() -> None:
    clock = Clock()
    for seconds in (0.0, -1.0):
        clock.sleep(seconds)
        assert clock.monotonic() == 0
    clock.sleep(1e-12)  # what floats leave of a deadline: whoever waits for it must see it come
    assert clock.monotonic() > 0


def test_the_same_morning_in_every_run() -> None:
    assert Clock()() == Clock()()


def test_the_past_and_a_naive_start_are_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        Clock().pass_(seconds=-1)
    with pytest.raises(ValueError, match="aware"):
        Clock(datetime(2026, 1, 1))  # noqa: DTZ001  the mistake under test
