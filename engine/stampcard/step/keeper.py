"""What a till does by itself, round by round: recovers what is open, and follows what a provider moves.

A `Keeper` remembers when each order is due, so that a quiet journal costs two short questions a round. It decides
nothing an order depends on: two keepers, in two processes, do to an order what one does.

May live here: the agenda and its errands, as steps. May not: a thread, a task, a pause; those are the till's
(`stampcard.till.keeping`).
"""

from __future__ import annotations

import logging
import random
from typing import Any, Final

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.errors import DeclinedError, JournalError, Next, NotAllowedError, StampcardError, UnavailableError
from stampcard.journal.contract import StoreError
from stampcard.journal.reversals import REVERSED
from stampcard.model import AnyOrder
from stampcard.recovery import LeftAlone
from stampcard.step.doors import AWAY
from stampcard.step.effects import Monotonic, Now, Step, Unwatch, perform
from stampcard.step.observe import observe
from stampcard.step.queues import drain_one, waiting
from stampcard.step.rounds import recover_one, watch_one
from stampcard.step.turns import Adapters, door, open_orders, turn_to, watched_orders
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.watch import OBSERVED, PAYMENT, rests

__all__ = ["EVERY", "Agenda", "Errand", "Keeper"]

log = logging.getLogger("stampcard.recovery")
EVERY: Final = 2.0
"""Seconds between two rounds: how soon a new doubt is noticed."""
_GLANCE: Final = 15.0
"""An open order is glanced at this often, whatever is due: another step of it may be in doubt since."""
_LATER: Final = 60.0
_LEAST: Final = 0.5
"""Seconds between two looks at one order, whatever its adapter says."""
_PACE: Final = 0.25
"""About so many seconds lie between two steps sent out of the queues: a provider that comes back is not overrun."""


@attrs.frozen
class Errand:
    """One order to turn to.

    observes: to follow its provider; watches: its reversal from doubt; drains: to send what waits; else to recover it.
    """

    order_id: str
    observes: bool = False
    watches: bool = False
    drains: bool = False


@attrs.frozen
class Agenda:
    """What is due now, and in how many seconds the next is, when nothing is."""

    errands: tuple[Errand, ...]
    pause: float


@attrs.define
class _Look:
    """An order that is followed. state: it was in when its schedule began; looks: since then."""

    state: str = ""
    looks: int = 0
    due: float = 0.0


@attrs.define(eq=False)
class Keeper:
    """The memory of one background recovery. Not shared between threads."""

    seat: Seat[Any]
    adapters: Adapters
    _open: dict[str, float] = attrs.field(factory=dict[str, float])
    """Order in doubt -> when it is worth a turn, on the monotonic clock."""
    _followed: dict[str, _Look] = attrs.field(factory=dict[str, _Look])
    _watched: dict[str, float] = attrs.field(factory=dict[str, float])
    """Order with a reversal from doubt that is watched -> when it is worth a turn."""
    _queued: dict[str, float] = attrs.field(factory=dict[str, float])
    """Order with steps that wait to be sent -> when it is worth a turn."""
    _paced: float = 0.0
    """Until then nothing is sent out of the queues."""

    def agenda(self) -> Step[Agenda]:
        """What to do now, oldest first. Raises JournalError."""
        opened = (yield from open_orders(self.seat)) + (yield from watched_orders(self.seat, PAYMENT))
        followed = yield from watched_orders(self.seat, OBSERVED)
        watched = yield from watched_orders(self.seat, REVERSED)
        queued = yield from waiting(self.seat)
        now = yield from perform(Monotonic())
        self._open = {one: self._open.get(one, now) for one in opened}
        self._followed = {one: self._followed.get(one) or _Look(due=now) for one in followed}
        self._watched = {one: self._watched.get(one, now) for one in watched}
        self._queued = {one: self._queued.get(one, now) for one in queued}
        errands = [Errand(one) for one, due in self._open.items() if due <= now]
        errands += [Errand(one, observes=True) for one, look in self._followed.items() if look.due <= now]
        errands += [Errand(one, watches=True) for one, due in self._watched.items() if due <= now]
        ready = next((one for one, due in self._queued.items() if max(due, self._paced) <= now), None)
        errands += [] if ready is None else [Errand(ready, drains=True)]  # one at a time: no stampede
        dues = [*(max(due, self._paced) for due in self._queued.values())]
        dues += [*self._open.values(), *self._watched.values(), *(look.due for look in self._followed.values())]
        return Agenda(tuple(errands), min([EVERY, *(max(0.0, due - now) for due in dues)]))

    def run(self, errand: Errand) -> Step[None]:
        """One errand. Raises only what a mistake of ours does."""
        if errand.observes:
            yield from self._follow(errand.order_id)
            return
        if errand.drains:
            yield from self._drain(errand.order_id)
            return
        if errand.watches:
            turn = yield from watch_one(self.seat, self.adapters, errand.order_id)
            self._watched[errand.order_id] = (yield from perform(Monotonic())) + max(turn.pause, EVERY)
            return
        turn = yield from recover_one(self.seat, self.adapters, errand.order_id)
        now = yield from perform(Monotonic())
        self._open[errand.order_id] = now + (turn.pause if turn.troubled else min(max(turn.pause, EVERY), _GLANCE))

    def _drain(self, order_id: str) -> Step[None]:
        turn = yield from drain_one(self.seat, self.adapters, order_id, most=1)
        now = yield from perform(Monotonic())
        self._queued[order_id] = now + turn.pause
        if turn.tried:
            spread = random.Random(f"{order_id} {now}").random()  # noqa: S311  spreads load, guards nothing
            self._paced = now + _PACE * (0.5 + spread)

    def _follow(self, order_id: str) -> Step[None]:
        look = self._followed.setdefault(order_id, _Look())
        try:
            pause = yield from self._looked(order_id, look)
        except StampcardError as error:
            log.error("order %s cannot be followed: %s", order_id, error)
            pause = _LATER
        except Exception as error:  # noqa: BLE001  an adapter's mistake must not keep the other orders from their turn
            log.error("order %s cannot be followed: the adapter failed (%s)", order_id, type(error).__name__)
            pause = _LATER
        look.due = (yield from perform(Monotonic())) + max(pause, _LEAST)

    def _looked(self, order_id: str, look: _Look) -> Step[float]:
        """Ask the provider, if that is due; seconds until it is worth while again."""
        found = yield from turn_to(self.seat, self.adapters, order_id)
        if found is None or isinstance(found, LeftAlone):
            return _LATER
        adapter, view = found
        if view.standing.open:
            return AWAY  # recovery's first
        order = view.order()
        now = yield from perform(Now())
        if view.standing.forgotten or rests(adapter, order, now):
            try:
                yield from perform(Unwatch(order_id, OBSERVED, order.version))
            except StoreError as broken:
                raise JournalError(self.seat.phrases.say("journal.unavailable"), detail=str(broken)) from None
            return _LATER
        if look.state != str(order.state):
            look.state, look.looks = str(order.state), 0
            return (yield from self._next(adapter, order, look))
        moment = yield from perform(Monotonic())
        rest = self.seat.doors.left(door(view), moment)
        return rest or (yield from self._ask(adapter, view, look, moment))

    def _ask(self, adapter: AnyAdapter, view: View, look: _Look, moment: float) -> Step[float]:
        order, rest = view.order(), 0.0
        try:
            order = yield from observe(self.seat, adapter, order.id)
        except UnavailableError as away:
            rest = max(AWAY, away.retry_after)
            self.seat.doors.away(door(view), moment, rest)
        except DeclinedError as no:  # kept as drift; with our key refused nobody else need ask either
            if no.next is Next.CALL:
                log.error("order %s cannot be followed: %s", order.id, no)
                rest = _LATER
                self.seat.doors.away(door(view), moment, rest)
        except NotAllowedError:
            return AWAY  # another lane has begun a step, or ended it
        look.looks += 1
        if look.state != str(order.state):
            log.info("order %s: the provider moved it to %s", order.id, order.state)
            look.state, look.looks = str(order.state), 0
        return max(rest, (yield from self._next(adapter, order, look)))

    def _next(self, adapter: AnyAdapter, order: AnyOrder, look: _Look) -> Step[float]:
        now = yield from perform(Now())
        if order.final:
            return 0.0
        pause = adapter.look_after(order, now, look.looks)
        return _LATER if pause is None else max(0.0, pause)
