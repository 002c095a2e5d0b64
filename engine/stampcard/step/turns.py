"""Turning to one order after another: which there are, whether this till may touch them, what a turn came to.

May live here: what every round over many orders needs. May not: what is done about one order, a thread, a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.errors import JournalError, NotAllowedError
from stampcard.journal.contract import StoreError
from stampcard.model import Environment
from stampcard.recovery import LeftAlone, Recovered, Settled
from stampcard.step.doors import Door
from stampcard.step.effects import Load, OpenOrders, Step, Watched, perform
from stampcard.step.knock import door_of
from stampcard.step.look import look, unwritable
from stampcard.step.verb import Seat
from stampcard.step.view import View

__all__ = ["LATER", "Adapters", "Turn", "door", "open_orders", "troubled", "turn_to", "watched_orders"]

Adapters: TypeAlias = Mapping[tuple[str, Environment], AnyAdapter]
LATER: Final = 60.0
"""Seconds until it is worth while to look again at what only a person, or other settings, can change."""


@attrs.frozen(kw_only=True)
class Turn:
    """What turning to one order came to. tried: by an attempt. pause: seconds until the next turn is worth while."""

    results: tuple[Recovered, ...] = ()
    left_alone: LeftAlone | None = None
    tried: bool = False
    troubled: bool = False
    pause: float = 0.0


def door(view: View) -> Door:
    """Which door this order's calls go through."""
    return door_of(view.adapter, view.standing.header.site.tenant)


def open_orders(seat: Seat[Any]) -> Step[tuple[str, ...]]:
    """Ids of the orders with something open, oldest first. Raises JournalError."""
    try:
        return (yield from perform(OpenOrders()))
    except StoreError as broken:
        raise JournalError(seat.phrases.say("journal.unavailable"), detail=str(broken)) from None


def watched_orders(seat: Seat[Any], why: str) -> Step[tuple[str, ...]]:
    """Ids of the orders watched for that reason, the longest watched first. Raises JournalError."""
    try:
        return (yield from perform(Watched(why)))
    except StoreError as broken:
        raise JournalError(seat.phrases.say("journal.unavailable"), detail=str(broken)) from None


def turn_to(seat: Seat[Any], adapters: Adapters, order_id: str) -> Step[tuple[AnyAdapter, View] | LeftAlone | None]:
    """The order and its adapter, or why this till may not touch it; None when there is none. Raises JournalError."""
    try:
        record = yield from perform(Load(order_id))
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None
    if record is None:
        return None
    header = record.header
    adapter = adapters.get((header.provider, header.environment))
    if adapter is None:
        why = f"{header.provider} ({header.environment}) is not in use here"
        return LeftAlone(order_id=order_id, provider=header.provider, why=why)
    try:
        view = yield from look(seat, adapter, order_id)
    except NotAllowedError as no:
        return LeftAlone(order_id=order_id, provider=header.provider, why=no.detail)
    return None if view is None else (adapter, view)


def troubled(order_id: str, provider: str, trigger: str, why: str, *, tried: bool = False) -> Turn:
    left_open = Recovered(order_id=order_id, provider=provider, trigger=trigger, result=Settled.STILL_OPEN, why=why)
    return Turn(results=(left_open,), tried=tried, troubled=True, pause=LATER)
