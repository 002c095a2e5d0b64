"""When a provider is left alone: the breaker, the rest it asked for, its declared rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampcard.model import Environment
from stampcard.step.doors import AWAY, FAILURES, Door, Doors, Shut
from stampcard.wire import LONGEST_WAIT

HERE: Door = ("prizes", Environment.TEST, "default")
OTHER: Door = ("prizes", Environment.TEST, "another tenant")


def broken(now: float = 0.0, doors: Doors | None = None) -> Doors:
    doors = doors or Doors("till-1")
    for _ in range(FAILURES):
        doors.failed(HERE, now)
    return doors


def shut(doors: Doors, now: float) -> Shut:
    found = doors.enter(HERE, now)
    assert found is not None
    return found


def test_it_opens_after_several_failures_in_a_row_and_not_before() -> None:
    doors = Doors()
    for _ in range(FAILURES - 1):
        doors.failed(HERE, 0.0)
        assert doors.enter(HERE, 0.0) is None
    doors.failed(HERE, 0.0)
    assert shut(doors, 0.0).reason == "breaker"
    assert doors.enter(OTHER, 0.0) is None


def test_one_word_from_the_provider_begins_the_count_anew() -> None:
    doors = Doors()
    for _ in range(5 * FAILURES):
        doors.failed(HERE, 0.0)
        doors.answered(HERE, 0.0)
    assert doors.enter(HERE, 0.0) is None


def test_half_open_lets_one_call_through_and_the_next_only_when_that_one_is_lost() -> None:
    doors = broken()
    later = shut(doors, 0.0).seconds
    assert doors.enter(HERE, later) is None
    lost = shut(doors, later)
    assert shut(doors, later + 1.0).reason == "breaker"
    assert doors.enter(HERE, later + lost.seconds) is None


def test_the_trial_that_is_answered_closes_it() -> None:
    doors = broken()
    later = shut(doors, 0.0).seconds
    assert doors.enter(HERE, later) is None
    doors.answered(HERE, later)
    assert doors.enter(HERE, later) is None
    assert doors.enter(HERE, later) is None
    assert doors.left(HERE, later) == 0.0
    assert not doors.down(*HERE[:2], later)


def test_the_trial_that_fails_makes_the_next_pause_longer_up_to_a_bound() -> None:
    doors, now, pauses = broken(), 0.0, list[float]()
    for _ in range(8):
        pauses.append(shut(doors, now).seconds)
        now += pauses[-1]
        assert doors.enter(HERE, now) is None
        doors.failed(HERE, now)
    assert pauses[0] < pauses[1] < pauses[2]
    assert all(5.0 <= pause <= 90.0 for pause in pauses)
    assert pauses[-1] >= 60.0


def test_calls_that_were_under_way_when_it_opened_make_no_pause_longer() -> None:
    one, other = broken(), broken()
    for _ in range(20):
        other.failed(HERE, 0.0)
    assert shut(one, 0.0) == shut(other, 0.0)


def test_two_tills_do_not_come_back_in_the_same_moment() -> None:
    assert len({shut(broken(doors=Doors(f"till-{n}")), 0.0).seconds for n in range(50)}) == 50


def test_somebody_in_a_hurry_passes_an_open_breaker_but_not_a_rest() -> None:
    doors = broken()
    assert doors.enter(HERE, 0.0, urgent=True) is None
    doors.rests(HERE, 0.0, 30.0)
    assert doors.enter(HERE, 0.0, urgent=True) == Shut("rate_limit", 30.0)


def test_a_rest_that_was_asked_for_is_kept_and_never_shortened() -> None:
    doors = Doors()
    doors.rests(HERE, 0.0, 30.0)
    doors.rests(HERE, 1.0, 2.0)
    assert doors.enter(HERE, 10.0) == Shut("rate_limit", 20.0)
    assert doors.left(HERE, 10.0) == 20.0
    assert doors.down(*HERE[:2], 10.0)
    assert doors.enter(HERE, 30.0) is None


def test_a_provider_that_is_away_is_left_alone_by_who_is_in_no_hurry_only() -> None:
    doors = Doors()
    doors.away(HERE, 0.0)
    assert doors.left(HERE, 0.0) == AWAY
    assert doors.enter(HERE, 0.0) is None
    assert doors.left(HERE, AWAY) == doors.left(OTHER, 0.0) == 0.0


@pytest.mark.parametrize("seconds", [1e12, float("inf"), float("nan"), -1.0])
def test_whatever_rest_is_named_it_ends(seconds: float) -> None:
    doors = Doors()
    doors.rests(HERE, 0.0, seconds)
    doors.away(HERE, 0.0, seconds)
    assert 0.0 <= doors.left(HERE, 0.0) <= LONGEST_WAIT
    assert doors.enter(HERE, LONGEST_WAIT) is None


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.floats(1, 600))
def test_a_declared_rate_is_kept_over_any_stretch_of_time(steps: list[float], per_minute: float) -> None:
    doors, now, made = Doors(), 0.0, list[float]()
    for step in steps:
        now += step
        held = doors.enter(HERE, now, per_minute=per_minute)
        if held is None:
            made.append(now)
        else:
            assert held.reason == "rate_limit"
            assert held.seconds > 0
    for n, begin in enumerate(made):
        for m in range(n, len(made)):
            assert m - n + 1 <= 5 + (made[m] - begin) * per_minute / 60.0 + 1e-6


def test_without_a_declared_rate_nothing_is_counted() -> None:
    doors = Doors()
    assert all(doors.enter(HERE, 0.0) is None for _ in range(1000))


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_a_door_nobody_came_to_is_open(seconds: float) -> None:
    assert Doors().left(HERE, seconds) == 0.0
    assert not Doors().down(*HERE[:2], seconds)
