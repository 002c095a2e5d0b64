"""Many worlds from one seed, and the report of what they showed.

May live here: worlds one after another, sums, the report. May not: anything about a single world.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import attrs

from stampcard.simulate.cells import LOOK, Blow, Cell, blow, cells, impossible
from stampcard.simulate.plan import drawn
from stampcard.simulate.scenario import Clock, Make, Scenario
from stampcard.simulate.shrink import Violation, shrunk, told
from stampcard.simulate.tally import Tally
from stampcard.simulate.world import World

__all__ = ["SimulationReport", "simulate", "simulate_drawn", "untroubled"]

_SWEEP: Final = 64
"""Worlds after which memory is swept. Worlds are rings of references; sweeping all the time costs a third of it."""
_FIRST: Final = 16
"""Worlds that are looked at to know every operation: a provider's versions differ in them."""
_SURVEY: Final = 100
"""Worlds after which it is looked what befell each operation least."""
_RARE: Final = 12
"""Of its cells, so many are sought."""
_TALKATIVE: Final = ("stampcard.recovery", "stampcard.till")
_MOST: Final = 5
"""Violations that are made small and told; the others are only counted."""


@attrs.frozen(kw_only=True)
class SimulationReport:
    """What a simulation showed. steps: calls that came to an end. seconds: of this machine's processor.

    faults, crashes: kind -> how often it was injected. cells: "provider / operation / fault / crash" -> calls, 0 where
    there was none. impossible: cells that cannot be -> why. recoveries: how steps whose first call did not settle them
    came to their end. escalations: reason -> orders. modes: how a provider was drawn -> orders; handed: of them, those
    with a person.
    """

    seed: int
    orders: int
    steps: int
    faults: dict[str, int]
    violations: tuple[Violation, ...]
    worlds: int = 0
    seconds: float = 0.0
    broken: int = 0
    """Worlds in which a promise broke: `violations` tells the first few."""
    crashes: dict[str, int] = attrs.field(factory=dict[str, int])
    cells: dict[str, int] = attrs.field(factory=dict[str, int], repr=False)
    recoveries: dict[str, int] = attrs.field(factory=dict[str, int])
    escalations: dict[str, int] = attrs.field(factory=dict[str, int])
    states: dict[str, int] = attrs.field(factory=dict[str, int])
    modes: dict[str, int] = attrs.field(factory=dict[str, int])
    handed: dict[str, int] = attrs.field(factory=dict[str, int])
    impossible: dict[str, str] = attrs.field(factory=dict[str, str], repr=False)

    @property
    def pace(self) -> float:
        """Steps in a second."""
        return self.steps / self.seconds if self.seconds else 0.0

    @property
    def rarest(self) -> tuple[str, int]:
        """The cell of an operation that was hit least, and how often: how thorough the run was."""
        return self._rarest(look=False)

    @property
    def rarest_look(self) -> tuple[str, int]:
        """The same, of what recovery asks before it sends again; ("", 0) where it never asks."""
        return self._rarest(look=True)

    def _rarest(self, *, look: bool) -> tuple[str, int]:
        mine = [(name, count) for name, count in self.cells.items() if (f"{LOOK} / " in name) is look]
        return min(mine, key=lambda one: one[1], default=("", 0))


def simulate(
    provider: Any,
    model: Callable[[Clock], Any],
    *,
    scenario: Callable[[Any, Any], Scenario],
    orders: int = 1_000,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
    stop_after: int | None = None,
) -> SimulationReport:
    """Your provider against your model. provider: as `till.use` takes it. model: made anew for each world, by its
    clock.

    scenario: your subclass of `Scenario`, made of both. progress: told the orders that are done. stop_after: so many
    worlds in which a promise broke.
    """
    return simulate_drawn(
        lambda _, clock: scenario(provider, model(clock)),
        orders=orders,
        seed=seed,
        progress=progress,
        stop_after=stop_after,
    )


def simulate_drawn(
    make: Make,
    *,
    orders: int = 1_000,
    seed: int = 1,
    hours: float | None = None,
    progress: Callable[[int], None] | None = None,
    most_violations: int = _MOST,
    stop_after: int | None = None,
) -> SimulationReport:
    """Worlds whose switches are drawn too. hours: go on until so much time has passed, however many orders that is.

    most_violations: that are made small and told. stop_after: so many worlds in which a promise broke.
    """
    total = Tally()
    violations: list[Violation] = []
    broken_worlds = 0
    ends, spent = time.monotonic() + (hours or 0.0) * 3_600.0, time.process_time()
    shrinking = 0.0
    first = [World(drawn(seed, index, 1, 1), make) for index in range(_FIRST)]
    provider, twice = first[0].adapter.name, first[0].scenario.not_twice
    operations = {name: share for world in first for name, share in world.operations.items()}
    rare: dict[str, tuple[Blow, ...]] = {}
    with untroubled() as sweep:
        while (total.orders < orders) if hours is None else (not total.worlds or time.monotonic() < ends):
            left = orders - total.orders if hours is None else 8
            if total.worlds % _SURVEY == 0 and total.worlds:
                rare = _rare(total, provider, tuple(operations), twice)
            world = World(drawn(seed, total.worlds, left, 2, operations, rare), make)
            broken = world.run()
            plan = world.plan
            twice &= world.scenario.not_twice
            total.add(world.tally)
            world.close()
            if broken is not None:
                broken_worlds += 1
                if len(violations) < most_violations:
                    before = time.process_time()
                    violations.append(told(shrunk(plan, make, broken.promise), make, broken))
                    shrinking += time.process_time() - before
            if total.worlds % _SWEEP == 0:
                sweep()
            if progress is not None:
                progress(total.orders)
            if broken_worlds == stop_after:
                break
    possible, never = _cells(total, provider, tuple(operations), twice)
    return SimulationReport(
        seed=seed,
        orders=total.orders,
        steps=total.steps,
        faults=dict(sorted(total.faults.items())),
        violations=tuple(violations),
        worlds=total.worlds,
        seconds=time.process_time() - spent - shrinking,
        broken=broken_worlds,
        crashes=dict(sorted(total.crashes.items())),
        cells=possible,
        impossible=never,
        modes=dict(sorted(total.modes.items())),
        handed={mode: total.handed[mode] for mode in sorted(total.modes)},
        recoveries=dict(sorted(total.recoveries.items())),
        escalations=dict(sorted(total.escalations.items())),
        states=dict(sorted(total.states.items())),
    )


def _rare(
    total: Tally, provider: str, operations: tuple[str, ...], twice: frozenset[str]
) -> dict[str, tuple[Blow, ...]]:
    """What befell each operation least so far."""
    found: dict[str, list[Cell]] = {}
    for cell in sorted(cells(operations), key=lambda cell: total.cells[provider, *cell]):
        if impossible(cell, twice) is None and len(found.setdefault(cell[0], [])) < _RARE:
            found[cell[0]].append(cell)
    return {name: tuple(blow(cell) for cell in least) for name, least in found.items()}


def _cells(
    total: Tally, provider: str, operations: tuple[str, ...], twice: frozenset[str]
) -> tuple[dict[str, int], dict[str, str]]:
    """Every cell that can be, with its count, and every other one, with the reason."""
    counts, never = dict(total.cells), dict[str, str]()
    for cell in cells(operations):
        why = impossible(cell, twice)
        name = (provider, *cell)
        if why is None:
            counts.setdefault(name, 0)
        elif name not in counts:
            never[" / ".join(name)] = why
    return {" / ".join(cell): count for cell, count in sorted(counts.items())}, never


@contextmanager
def untroubled() -> Generator[Callable[[], object], None, None]:
    """No log, and no sweeping of memory but when the given function is called; afterwards as before."""
    was, loggers = gc.isenabled(), [logging.getLogger(name) for name in _TALKATIVE]
    silent = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.unfreeze()
        if was:
            gc.enable()
        for logger, before in zip(loggers, silent, strict=True):
            logger.disabled = before
