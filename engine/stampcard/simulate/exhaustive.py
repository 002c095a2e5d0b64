"""A small world, enumerated: every path of a lifecycle, every single thing that can go wrong on it, every pair of them.

One till, one order, a provider with its default switches; nothing is drawn. A path is a run of triggers from the
initial state, as far as it leads or six of them long. On it, one by one: every fault of every call, the death of the
process before every effect and while every call is under way. In pairs: every one of these with every other that can
come after it, as the run after the first one shows. (Of deaths, pairs take those that differ in what is durable or on
its way: before a write, before a call, and at the end of a step.)

May live here: paths, troubles, and walking a path. May not: what is promised, which is as in every world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import attrs

from stampcard.model import Order
from stampcard.simulate.plan import Plan, Visit
from stampcard.simulate.scenario import Make
from stampcard.simulate.task import Broken, Task
from stampcard.simulate.till import SimTill
from stampcard.simulate.weather import FAULTS, Crash, CrashPoint, Fault
from stampcard.simulate.world import World
from stampcard.step import effects as do

__all__ = ["LONGEST", "Exhausted", "Failure", "Path", "Trouble", "exhaust", "paths", "walked"]

LONGEST: Final = 6
"""Triggers of a path, at most."""
_ID: Final = "x-1"
_SOON: Final = 0.02
_LAST: Final = 0.97
"""How late in its window a late call lands."""

_PAUSE: Final = 6.0
"""Seconds between two triggers."""

Path: TypeAlias = tuple[str, ...]


@attrs.frozen
class Trouble:
    """One thing that goes wrong. at: before the run's effect of that number, or at the call that this effect is.

    fault: what the call meets; None: the process dies, while the call is under way where `sending`. late: how late in
    its window a late call lands.
    """

    at: int
    fault: Fault | None = None
    late: float = _SOON
    sending: bool = False

    def __str__(self) -> str:
        if self.fault is None:
            return f"dies {'during call' if self.sending else 'before effect'} {self.at}"
        return f"{self.fault.value}{' at the last moment' if self.late == _LAST else ''} at effect {self.at}"


@attrs.frozen(kw_only=True)
class Failure:
    """A case in which a promise broke."""

    path: Path
    troubles: tuple[Trouble, ...]
    promise: str
    story: str


@attrs.define
class Exhausted:
    """What was enumerated. cases: worlds run, the ones without trouble too."""

    paths: int = 0
    cases: int = 0
    steps: int = 0
    failed: int = 0
    """Cases in which a promise broke: `failures` tells the first few."""
    failures: list[Failure] = attrs.field(factory=list[Failure])
    escalations: dict[str, int] = attrs.field(factory=dict[str, int])


class Walk(World):
    """One order led along a path, through its troubles."""

    def __init__(
        self, make: Make, path: Path, troubles: tuple[Trouble, ...], say: Callable[[str], None] | None = None
    ) -> None:
        plan = Plan(seed=0, index=0, luck=0, tills=(1,), visits=(Visit(_ID, 0, 0.0, 0, ()),))
        super().__init__(plan, make, say=say)
        self.path = path
        self.troubles = {trouble.at: trouble for trouble in troubles}
        self.effects = 0
        """Effects of the steps driven so far."""
        self.worth: list[int] = []
        """Effects before which a death differs from one just before."""
        self.calls: list[int] = []
        """Which effects were calls that can meet trouble."""
        self.onward: tuple[str, ...] = ()
        """What could be fired at the end of the path."""

    def run(self) -> Broken | None:
        """Walk, heal, check."""
        till = self.shops[0].tills[0]
        try:
            ready = self.scenario.ready(till.verbs)
            if ready is not None:
                self._done(till, "", "ready", ready)
            self._walk(till)
            order = self.look(till, _ID)
            self.onward = tuple(self.scenario.opening if order is None else sorted(order.allowed))
            self._heal()
            self._check()
        except Broken as broken:
            return broken
        return None

    def _walk(self, till: SimTill) -> None:
        for trigger in self.path:
            self.timeline.run(until=self.timeline.now + _PAUSE)
            if self._fired(till, trigger):
                continue
            order = self.look(till, _ID)
            if order is not None and order.doubt is not None and not order.doubt.needs_human:
                self._step_of(till, "recover", lambda: till.verbs.recover(_ID, within=600.0))
                order = self.look(till, _ID)
            if order is None or trigger in order.allowed:
                self._fired(till, trigger)

    def _fired(self, till: SimTill, trigger: str) -> bool:
        def made() -> Any:
            order = self.look(till, _ID)
            return self.scenario.fire(till.verbs, _ID if order is None else order, trigger)

        return isinstance(self._step_of(till, trigger, made), Order)

    def _step_of(self, till: SimTill, name: str, made: Callable[[], Any]) -> object:
        """Drive one step on the living till, and wait for its end and for nothing after it."""
        if not till.alive:
            self.timeline.run(until=till.back_at)
        told: list[object] = []

        def ended(task: Task, result: object) -> None:
            told.append(result)
            self.ended(task, result)

        task = Counted(till, made(), _ID, name, ended, self)
        task.begin()
        self.timeline.run_while(lambda: not told)
        self.worth.append(self.effects)  # it is written, and nobody hears of it
        if self.effects in self.troubles and self.troubles[self.effects].fault is None and told and till.alive:
            self.tell(f"till 1 dies after {name}")
            till.die(2.0)
        self.effects += 1
        return told[0] if told else None

    def trouble(self, fault: bool) -> Trouble | None:
        """What is to happen at this effect."""
        found = self.troubles.get(self.effects)
        return found if found is not None and (found.fault is not None) == fault else None

    def _fault(self, task: Task, order_id: str) -> Fault | None:
        if self.healing or not isinstance(task, Counted):
            return None
        found = self.trouble(fault=True)
        if found is None:
            return None
        self.network.lateness = found.late
        return found.fault


class Counted(Task):
    """A step whose effects are numbered over the whole walk."""

    __slots__ = ("_walk",)

    def __init__(
        self,
        till: SimTill,
        step: do.Step[Any],
        order_id: str,
        name: str,
        on_end: Callable[[Task, object], None],
        walk: Walk,
    ) -> None:
        super().__init__(till, step, order_id, name, on_end)
        self._walk = walk

    def _performed(self, effect: do.Effect[Any]) -> tuple[Any, Exception | None]:
        walk = self._walk
        if isinstance(effect, (do.Write, do.Send)):
            walk.worth.append(walk.effects)
        trouble = walk.trouble(fault=False)
        if trouble is not None and not trouble.sending:
            self.crash = Crash(None)
            self.dies_here()
        if isinstance(effect, do.Send):
            walk.calls.append(walk.effects)
            self.crash = Crash(CrashPoint.SENT, part=0.6) if trouble is not None else None
        answered = super()._performed(effect)
        walk.effects += 1
        return answered


def paths(make: Make) -> Iterator[Path]:
    """Every path, as far as it leads or so many triggers long; told by walking them."""
    edge: list[Path] = [()]
    while edge:
        path = edge.pop()
        walk = Walk(make, path, ())
        broken = walk.run()
        if broken is not None:
            raise AssertionError(f"the path {' '.join(path)} breaks by itself: {broken}")
        if path and (not walk.onward or len(path) == LONGEST):
            yield path
            continue
        edge += [(*path, trigger) for trigger in reversed(walk.onward)]


def walked(make: Make, path: Path, troubles: tuple[Trouble, ...]) -> tuple[Walk, Broken | None]:
    """One case."""
    walk = Walk(make, path, troubles)
    return walk, walk.run()


def _troubles(walk: Walk, after: int, every: bool) -> Iterator[Trouble]:
    """Everything that can go wrong in a run after that effect, as the run went. every: each death, not only those that
    differ."""
    for at in walk.calls:
        if at > after:
            for fault in FAULTS:
                yield Trouble(at, fault)
                if fault in (Fault.LATE, Fault.ECHO):
                    yield Trouble(at, fault, _LAST)
            yield Trouble(at, sending=True)
    deaths = range(walk.effects) if every else sorted(set(walk.worth))
    for at in deaths:
        if at > after:
            yield Trouble(at)


def exhaust(
    make: Make,
    *,
    pairs: bool = False,
    progress: Callable[[int], None] | None = None,
    sweep: Callable[[], object] = lambda: None,
    most_failures: int = 20,
) -> Exhausted:
    """Every path times every single trouble, and with `pairs` times every pair of them."""
    found = Exhausted()

    def tried(path: Path, troubles: tuple[Trouble, ...]) -> Walk | None:
        walk, broken = walked(make, path, troubles)
        found.cases += 1
        found.steps += walk.tally.steps
        for reason, count in walk.tally.escalations.items():
            found.escalations[reason] = found.escalations.get(reason, 0) + count
        if found.cases % 256 == 0:
            sweep()
            if progress is not None:
                progress(found.cases)
        found.failed += broken is not None
        if broken is not None and len(found.failures) < most_failures:
            found.failures.append(_failure(make, path, troubles, broken))
        return None if broken is not None else walk

    for path in paths(make):
        found.paths += 1
        calm = tried(path, ())
        if calm is None:
            continue
        for one in _troubles(calm, -1, every=True):
            first = tried(path, (one,))
            if not pairs or first is None or (one.fault is None and not one.sending and one.at not in calm.worth):
                continue
            for other in _troubles(first, one.at, every=False):
                tried(path, (one, other))
    return found


def _failure(make: Make, path: Path, troubles: tuple[Trouble, ...], broken: Broken) -> Failure:
    lines: list[str] = []
    Walk(make, path, troubles, lines.append).run()
    head = [f"{broken.promise}: {broken.what}", f"path: {' '.join(path)}", *map(str, troubles)]
    return Failure(path=path, troubles=troubles, promise=broken.promise, story="\n".join([*head, *lines]))
