"""The rounds over every order with steps that wait, what a cashier's screen is told of them, and what a person decides.

May live here: which queue is turned to, and the sum of them. May not: what is done about one step (`drain`), a thread.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from stampcard.errors import StampcardError
from stampcard.journal.codec import unpack
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import fold
from stampcard.journal.queue import QUEUED, QueuedStep
from stampcard.recovery import Escalation, LeftAlone, QueueStatus, Recovered, Settled
from stampcard.step.drain import Drained, drain
from stampcard.step.effects import Load, Monotonic, Now, Step, perform
from stampcard.step.knock import switched_off
from stampcard.step.turns import LATER, Adapters, Turn, troubled, turn_to, watched_orders
from stampcard.step.verb import Seat
from stampcard.step.view import View

__all__ = ["drain_one", "escalated", "status", "waiting"]

log = logging.getLogger("stampcard.recovery")
_MOST: Final = 100
"""Steps of one order that are sent in one turn, at most."""


def waiting(seat: Seat[Any]) -> Step[tuple[str, ...]]:
    """Ids of the orders with steps that wait, the longest first. Raises JournalError."""
    return (yield from watched_orders(seat, QUEUED))


def drain_one(
    seat: Seat[Any], adapters: Adapters, order_id: str, *, may_try: bool = True, most: int = _MOST
) -> Step[Turn]:
    """One order's queue, as far as it goes now. Whatever is wrong with this order, the others get their turn."""
    results: list[Recovered] = []
    provider = trigger = ""
    tried = False
    came = Drained()
    try:
        for _ in range(most):
            found = yield from turn_to(seat, adapters, order_id)
            if found is None or isinstance(found, LeftAlone):
                return Turn(results=tuple(results), left_alone=found, tried=tried, pause=LATER)
            adapter, view = found
            provider = adapter.name
            trigger = view.standing.queued[0].trigger if view.standing.queued else ""
            came = yield from drain(seat, adapter, view, may_try=may_try)
            tried = tried or came.sent
            if came.step:
                one = Recovered(
                    order_id=order_id, provider=provider, trigger=came.step, result=came.result, why=came.why
                )
                results.append(one)
            if came.sent or came.fresh:
                level = logging.WARNING if came.result is Settled.ESCALATED else logging.INFO
                log.log(level, "order %s, '%s': %s (%s)", order_id, came.step, came.result, came.why)
            if not came.on:
                break
    except StampcardError as error:  # our own keys or settings, or the journal failed while we were at it
        log.error("order %s, '%s' cannot be sent: %s", order_id, trigger, error)
        return troubled(order_id, provider, trigger, error.detail, tried=tried)
    except Exception as error:  # noqa: BLE001  an adapter's mistake must not keep the other orders from their turn
        log.error("order %s, '%s': the adapter failed (%s)", order_id, trigger, type(error).__name__)
        return troubled(order_id, provider, trigger, f"the adapter failed ({type(error).__name__})", tried=tried)
    return Turn(results=tuple(results), tried=tried, pause=came.pause)


def escalated(view: View) -> list[Escalation]:
    """The steps of this order that wait for a person before they are sent."""
    found: list[Escalation] = []
    for one in view.standing.queued:
        if one.escalated is not None:
            said = unpack(one.escalated.body)
            reason, check = str(said.get("reason") or ""), str(said.get("check") or "")
            since = one.escalated.at
            found.append(Escalation(order=view.order(), trigger=one.trigger, since=since, reason=reason, check=check))
    return found


def status(seat: Seat[Any], adapters: Adapters) -> Step[QueueStatus]:
    """What waits in this journal, and whether the providers in use may be called. Raises JournalError."""
    steps: list[QueuedStep] = []
    sales = 0
    for order_id in (yield from waiting(seat)):
        try:
            record = yield from perform(Load(order_id))
            queued = () if record is None else fold(record).queued
        except StoreError as damaged:  # one that cannot be read must not hide the others
            log.error("order %s waits and cannot be read: %s", order_id, damaged)
            continue
        sales += bool(queued)
        steps += queued
    now, moment = (yield from perform(Now())), (yield from perform(Monotonic()))
    off: dict[str, str] = {}
    online = True
    for name, environment in adapters:
        why = yield from switched_off(seat, name)
        off |= {} if why is None else {name: why}
        online = online and why is None and not seat.doors.down(name, environment, moment)
    since = min((one.entry.at for one in steps), default=None)
    return QueueStatus(
        depth=len(steps),
        sales=sales,
        oldest=None if since is None else max(timedelta(), now - since),
        for_a_person=sum(one.escalated is not None for one in steps),
        online=online,
        switched_off=off,
    )
