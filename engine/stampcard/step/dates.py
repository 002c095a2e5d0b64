"""The time as a step knows it: both clocks of ours, and the provider's as its replies tell it.

May live here: reading them, and learning from a reply's Date. May not: what an age means (`stampcard.step.ageing`).
"""

from __future__ import annotations

from typing import Any

from stampcard.step.ageing import Reading, noting
from stampcard.step.doors import Door, Doors
from stampcard.step.effects import Monotonic, Now, Step, perform
from stampcard.step.verb import Seat
from stampcard.wire import Response, http_date

__all__ = ["dated", "learn", "read_clocks"]


def read_clocks(seat: Seat[Any], door: Door) -> Step[Reading]:
    wall = yield from perform(Now())
    monotonic = yield from perform(Monotonic())
    ahead = seat.doors.ahead(door, wall, monotonic)
    sets = () if seat.clock_sets is None else seat.clock_sets.read(wall, monotonic)
    return Reading(wall=wall, monotonic=monotonic, sets=sets, ahead=ahead)


def dated(seat: Seat[Any], door: Door, body: bytes = b"{}") -> Step[bytes]:
    """The body of a promise that is about to be written, with the provider's lead where it is known."""
    reading = yield from read_clocks(seat, door)
    return noting(body, reading.ahead)


def learn(doors: Doors, door: Door, response: Response, monotonic: float) -> Step[None]:
    """By how much the provider's clock is ahead of ours, from a reply that says so.

    A page of the network in between, and a reply somebody kept, tell another clock's time.
    """
    if "json" not in (response.header("Content-Type") or "").lower() or response.header("Age") is not None:
        return
    date = http_date(response.header("Date") or "")
    if date is not None:
        wall = yield from perform(Now())
        doors.tells(door, (date - wall).total_seconds(), wall, monotonic)
