"""One order led along a path, through its troubles: one case of the enumerated world.

May live here: walking, where troubles strike, what the cashier does about a step that did not succeed. May not: which
paths and troubles there are (`exhaustive`), what is promised, which is as in every world.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeAlias

import attrs

from stampcard.errors import DeclinedError
from stampcard.model import AnyOrder, Order
from stampcard.simulate.plan import Plan, Visit
from stampcard.simulate.scenario import Make
from stampcard.simulate.task import Broken, Task
from stampcard.simulate.till import SimTill
from stampcard.simulate.weather import Crash, CrashPoint, Fault
from stampcard.simulate.world import World
from stampcard.step import effects as do

__all__ = ["LAST", "SOON", "Failed", "Manner", "Path", "Taken", "Trouble", "Walk", "whole"]

Path: TypeAlias = tuple[str, ...]
"""Triggers, each with how it ends where that is not the plain way: `("redeem", "observe:rejected")`."""

SOON: Final = 0.02
LAST: Final = 0.97
"""How late in its window a late call lands."""

_ID: Final = "x-1"
_PAUSE: Final = 6.0
"""Seconds between two triggers."""
_GLANCE: Final = 1.0
"""Seconds between two looks at the till's screen."""
_AT_ONCE: Final = 1.0
_AT_LAST: Final = 600.0
"""Seconds for which a cashier who waits recovers an order: at once, and once nothing can land any more."""
_DOWN: Final = 2.0
"""Seconds until the next process opens the journal."""


@attrs.frozen
class Trouble:
    """One thing that goes wrong. at: before the run's effect of that number, or at the call that this effect is.

    fault: what the call meets; None: the process dies, while the call is under way where `sending`. late: how late in
    its window a late call lands.
    """

    at: int
    fault: Fault | None = None
    late: float = SOON
    sending: bool = False

    def __str__(self) -> str:
        if self.fault is None:
            return f"dies {'during call' if self.sending else 'before effect'} {self.at}"
        return f"{self.fault.value}{' at the last moment' if self.late == LAST else ''} at effect {self.at}"


class Manner(StrEnum):
    """What the cashier does about the first step that did not succeed."""

    WAITS = "waits"
    """Recovers the order, fires the trigger again, and goes on along the path; as about every later one."""
    GOES_ON = "goes on"
    """Fires the path's next trigger at once, where the order allows it: a void from doubt, say."""
    LEAVES = "leaves"
    """Nothing more: what is in doubt is left to recovery."""


@attrs.frozen
class Taken:
    """One step that was taken. waits: and where it did not succeed, the order was recovered and it was fired again."""

    step: str
    waits: bool = True


@attrs.frozen
class Failed:
    """The first step of a walk that did not succeed. begin: its first effect; allowed: what may be fired then."""

    begin: int
    allowed: frozenset[str]


class Walk(World):
    """One order, one till, a provider with its default switches; nothing is drawn."""

    def __init__(self, make: Make, met: tuple[Trouble, ...] = (), say: Callable[[str], None] | None = None) -> None:
        plan = Plan(seed=0, index=0, luck=0, tills=(1,), visits=(Visit(_ID, 0, 0.0, 0, ()),))
        super().__init__(plan, make, say=say)
        self.meet(met)
        self._window = max(policy.late_window for policy in self.adapter.policies.values())
        self.effects = 0
        """Effects of the steps driven so far."""
        self.worth: list[int] = []
        """Effects before which a death differs from one just before."""
        self.calls: list[int] = []
        """Which effects were calls that can meet trouble."""
        self.trail: tuple[Taken, ...] = ()
        self.stands: list[str] = []
        """Where the order stood after each step that succeeded at once."""
        self.failed: Failed | None = None
        self.onward: tuple[str, ...] = ()
        """What could be fired when it ended."""

    def meet(self, troubles: tuple[Trouble, ...]) -> None:
        """What is going to go wrong."""
        self.met = troubles
        self.troubles = {trouble.at: trouble for trouble in troubles}

    @property
    def manner(self) -> Manner:
        """What this cashier did."""
        hasty = next((n for n, taken in enumerate(self.trail) if not taken.waits), None)
        if hasty is None:
            return Manner.WAITS
        return Manner.LEAVES if hasty == len(self.trail) - 1 else Manner.GOES_ON

    @property
    def rests(self) -> bool:
        """No step is under way, and no call."""
        till = self.shops[0].tills[0]
        return self.timeline.plain and not (till.jobs or till.tasks or self.network.flights)

    def begin(self) -> None:
        """What is asked before anything can go wrong. Raises Broken."""
        till = self.shops[0].tills[0]
        ready = self.scenario.ready(till.verbs)
        if ready is not None:
            self._done(till, "", "ready", ready)

    def take(self, taken: Taken) -> None:
        """The next step of the path, and what the cashier does when it does not succeed. Raises Broken."""
        till, timeline, begin = self.shops[0].tills[0], self.timeline, self.effects
        self.trail = (*self.trail, taken)
        trigger = taken.step.partition(":")[0]
        if till.journal.load(_ID) is None and trigger not in self.scenario.opening:
            return  # it was never opened: there is nothing to go on with
        timeline.run(until=timeline.now + self.scenario.waits(trigger))
        succeeded = self._fired(till, taken.step)
        order = self.look(till, _ID)
        if succeeded:
            self.stands.append("" if order is None else str(order.state))
        else:
            if self.failed is None:
                self.failed = Failed(begin, frozenset() if order is None else order.allowed)
            if taken.waits:
                self._again(till, taken.step, order)
        timeline.run(until=timeline.now + _PAUSE)

    def _again(self, till: SimTill, step: str, order: AnyOrder | None) -> None:
        """The order is recovered as soon as its call is over, while that may still land; then when it no longer may."""
        while order is not None and order.doubt is not None and order.doubt.running:
            self.timeline.run(until=self.timeline.now + _GLANCE)
            order = self.look(till, _ID)
        for within in (_AT_ONCE, _AT_LAST):
            if order is None or order.doubt is None or order.doubt.needs_human:
                break
            if within == _AT_LAST:
                self.timeline.run(until=self.timeline.now + self._window)
            self._step_of(till, "recover", partial(till.verbs.recover, _ID, within=within))
            order = self.look(till, _ID)
        if order is None or step.partition(":")[0] in order.allowed:
            self._fired(till, step)

    def finish(self) -> Broken | None:
        """The world heals, and every promise is checked."""
        self.onward = self._fireable()
        try:
            self._heal()
            self._check()
        except Broken as broken:
            return broken
        return None

    def _fireable(self) -> tuple[str, ...]:
        till = self.shops[0].tills[0]
        order = self.look(till, _ID)
        triggers = self.scenario.opening if order is None else sorted(order.allowed)
        ways = self.scenario.ways
        return tuple(f"{trigger}:{way}" if way else trigger for trigger in triggers for way in ways(trigger))

    def _fired(self, till: SimTill, step: str) -> bool:
        trigger, _, way = step.partition(":")

        def made() -> Any:
            order = self.look(till, _ID)
            return self.scenario.fire(till.verbs, _ID if order is None else order, trigger, way)

        told = self._step_of(till, step, made)
        return isinstance(told, Order) or (bool(way) and isinstance(told, DeclinedError))

    def _step_of(self, till: SimTill, name: str, made: Callable[[], Any]) -> object:
        """Drive one step on the living till, and wait for its end and for nothing after it."""
        if not till.alive:
            self.timeline.run(until=till.back_at)
        told: list[object] = []

        def ended(task: Task, result: object) -> None:
            told.append(result)
            self.ended(task, result)

        _Counted(till, made(), name, ended, self).begin()
        self.timeline.run_while(lambda: not told)
        self.worth.append(self.effects)  # it is written, and nobody hears of it
        if self.trouble(fault=False) is not None and told and till.alive:
            self.tell(f"till 1 dies after {name}")
            till.die(_DOWN)
        self.effects += 1
        return told[0] if told else None

    def trouble(self, *, fault: bool) -> Trouble | None:
        """What is to happen at this effect."""
        found = self.troubles.get(self.effects)
        return found if found is not None and (found.fault is not None) == fault else None

    def _fault(self, task: Task, order_id: str) -> Fault | None:
        if self.healing or not isinstance(task, _Counted):
            return None
        found = self.trouble(fault=True)
        if found is None:
            return None
        self.network.lateness = found.late
        return found.fault


def whole(
    make: Make, trail: tuple[Taken, ...], met: tuple[Trouble, ...] = (), say: Callable[[str], None] | None = None
) -> tuple[Walk, Broken | None]:
    """One case, from its beginning to its end."""
    walk = Walk(make, met, say)
    try:
        walk.begin()
        for taken in trail:
            walk.take(taken)
    except Broken as broken:
        return walk, broken
    return walk, walk.finish()


class _Counted(Task):
    """A step whose effects are numbered over the whole walk."""

    __slots__ = ("_walk",)

    def __init__(
        self, till: SimTill, step: do.Step[Any], name: str, on_end: Callable[[Task, object], None], walk: Walk
    ) -> None:
        super().__init__(till, step, _ID, name, on_end)
        self._walk = walk

    def _performed(self, effect: do.Effect[Any]) -> tuple[Any, Exception | None]:
        walk = self._walk
        if isinstance(effect, (do.Write, do.Send)):
            walk.worth.append(walk.effects)
        trouble = walk.trouble(fault=False)
        if trouble is not None and not trouble.sending:
            self.crash = Crash(None, down=_DOWN)
            self.dies_here()
        if isinstance(effect, do.Send):
            walk.calls.append(walk.effects)
            self.crash = Crash(CrashPoint.SENT, part=0.6, down=_DOWN) if trouble is not None else None
        answered = super()._performed(effect)
        walk.effects += 1
        return answered
