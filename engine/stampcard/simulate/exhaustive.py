"""A small world, enumerated: every path of a lifecycle, every single thing that can go wrong on it, every pair of them.

`docs/small_world.md` says what a path, a trouble, a pair and a case are. Nothing is drawn, nothing is left out; a
run with one trouble shows what can go wrong after it. No case is run twice: what only concerns the beginning of a path
is run with the first path that begins so.

May live here: paths, troubles, and what was counted. May not: walking a path (`walk`), what is promised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from stampcard.simulate.scenario import Make
from stampcard.simulate.snapshot import Place
from stampcard.simulate.task import Broken
from stampcard.simulate.walk import LAST, Failed, Manner, Path, Taken, Trouble, Walk, whole
from stampcard.simulate.weather import FAULTS, Fault

__all__ = ["LONGEST", "Cases", "Exhausted", "Failure", "exhaust", "paths", "troubles"]

LONGEST: Final = 6
"""Triggers of a path, at most."""
_SWEEP: Final = 256
"""Cases after which memory is swept."""
_MOST: Final = 20
"""Failures that are told; the others are only counted."""
_LATE: Final = frozenset({Fault.LATE, Fault.ECHO})
_PAIR: Final = 2


@attrs.frozen(kw_only=True)
class Failure:
    """A case in which a promise broke."""

    path: Path
    troubles: tuple[Trouble, ...]
    manner: Manner
    promise: str
    story: str


@attrs.define
class Exhausted:
    """What was enumerated. cases: worlds run, those without trouble too; singles, pairs: by how much went wrong.

    escalations: reason -> cases that ended with a person for it. failed: cases in which a promise broke, of which
    `failures` tells the first few.
    """

    paths: int = 0
    cases: int = 0
    singles: int = 0
    pairs: int = 0
    steps: int = 0
    failed: int = 0
    failures: list[Failure] = attrs.field(factory=list[Failure])
    escalations: Counter[str] = attrs.field(factory=Counter[str])

    def add(self, other: Exhausted) -> None:
        """The sum of both."""
        for name in ("paths", "cases", "singles", "pairs", "steps", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.failures = [*self.failures, *other.failures][:_MOST]
        self.escalations += other.escalations


def paths(make: Make) -> Iterator[Path]:
    """Every path, as far as it leads or so many triggers long; told by walking them. One that breaks a promise by
    itself is led no further."""
    return _grown(make, (), stood=False)


def _grown(make: Make, path: Path, *, stood: bool) -> Iterator[Path]:
    """The paths that begin so. stood: one of its steps leads nowhere."""
    ends: set[tuple[str, str]] = set()
    found = False
    for step in whole(make, tuple(map(Taken, path)))[0].onward if len(path) < LONGEST else ():
        longer = (*path, step)
        walk, broken = whole(make, tuple(map(Taken, longer)))
        if broken is not None:
            found = True
            yield longer
            continue
        if len(walk.stands) < len(longer):
            continue  # refused here: no edge
        nowhere = _leads_nowhere(walk)
        end = (step.partition(":")[0], "" if nowhere else walk.stands[-1])
        if end in ends or (nowhere and stood):
            continue
        ends.add(end)
        found = True
        yield from _grown(make, longer, stood=stood or nowhere)
    if path and not found:
        yield path


def _leads_nowhere(walk: Walk) -> bool:
    """The path's last step leaves the order where it was, and that is no edge of the table: a refusal, no news."""
    lifecycle = walk.adapter.lifecycle
    *before, now = (str(lifecycle.initial), *walk.stands)
    if not before or before[-1] != now:
        return False
    row = lifecycle.row(now, walk.trail[-1].step.partition(":")[0])
    return row is None or now not in row.destinations


def troubles(walk: Walk, after: int = -1) -> Iterator[Trouble]:
    """Everything that can go wrong in a run after that effect, as the run went."""
    for at in walk.calls:
        if at > after:
            for fault in FAULTS:
                yield Trouble(at, fault)
                if fault in _LATE:
                    yield Trouble(at, fault, LAST)
            yield Trouble(at, sending=True)
    for at in sorted(set(walk.worth)):
        if at > after:
            yield Trouble(at)


def exhaust(
    make: Make,
    *,
    pairs: bool = False,
    progress: Callable[[int], None] | None = None,
    sweep: Callable[[], object] = lambda: None,
    stop_after: int | None = None,
) -> Exhausted:
    """Every path times every single trouble, and with `pairs` times every pair of them.

    progress: told the cases that are done. sweep: called now and then. stop_after: so many broken promises.
    """
    found = Exhausted()
    cases = Cases(make, tuple(paths(make)), sweep=sweep, stop_after=stop_after)
    for beginning in cases.beginnings:
        if stop_after is None or found.failed < stop_after:
            found.add(cases.run(beginning, pairs=pairs))
        if progress is not None:
            progress(found.cases)
    return found


class Cases:
    """All cases of these paths, as a tree: what several begin with is run once.

    They can be run apart, and their sum is the whole: by where the first trouble strikes (a beginning's last step),
    and by parts of the troubles there.
    """

    def __init__(
        self,
        make: Make,
        along: Sequence[Path],
        *,
        sweep: Callable[[], object] = lambda: None,
        stop_after: int | None = None,
    ) -> None:
        self._make = make
        self._sweep = sweep
        self._most = stop_after
        self._most_troubles = 1
        self._found = Exhausted()
        self._onward: dict[Path, dict[str, None]] = {}
        for path in along:
            for n, step in enumerate(path):
                self._onward.setdefault(path[:n], {})[step] = None

    @property
    def beginnings(self) -> tuple[Path, ...]:
        """Each path's each beginning, once."""
        return tuple((*path, step) for path, steps in self._onward.items() for step in steps)

    def run(self, beginning: Path, *, pairs: bool = False, part: tuple[int, int] = (0, 1)) -> Exhausted:
        """The cases whose first trouble strikes the last step of this beginning, and that path itself."""
        self._found, self._most_troubles = Exhausted(), _PAIR if pairs else 1
        first, of = part
        place = Place.opening(self._make)
        for step in beginning[:-1]:
            walk, broken = place.walked((), Taken(step))
            if broken is not None:  # a shorter beginning tells of it
                return self._found
            place = place.after(walk)
        calm, broken = place.walked((), Taken(beginning[-1]))
        struck = list(troubles(calm, place.effects - 1))[first::of]
        if first == 0 and (broken is not None or beginning not in self._onward):
            self._found.paths += 1
            self._ends(calm, broken)
        for trouble in struck if broken is None else ():
            self._step(place, beginning, (trouble,))
        return self._found

    def _step(self, place: Place, path: Path, met: tuple[Trouble, ...], live: Walk | None = None) -> None:
        """All cases that meet these troubles, the last of them not after this path's last step, and go on from there.

        place: before that step. live: a walk that stands there, and nobody needs afterwards.
        """
        if self._most is not None and self._found.failed >= self._most:
            return
        walk, broken = place.walked(met, Taken(path[-1]), live)
        if broken is not None:
            self._ends(walk, broken)
            return
        last = len(met) == self._most_troubles
        struck = [] if last else list(troubles(walk, max(place.effects - 1, met[-1].at)))
        failed = walk.failed if walk.failed is not None and walk.failed.begin >= place.effects else None
        self._onwards(place, path, walk, last)
        if failed is not None and walk.manner is Manner.WAITS:
            self._otherwise(place, path, met, failed)
        for trouble in struck:
            self._step(place, path, (*met, trouble))

    def _onwards(self, place: Place, path: Path, walk: Walk, last: bool) -> None:
        """Along every path that goes on from here. last: nothing more is to go wrong."""
        onward = [*self._onward.get(path, ())]
        if not onward:
            self._ends(walk, None)
        elif last and len(onward) == 1:
            self._step(place.then(walk), (*path, *onward), walk.met, walk)
        else:
            after = place.after(walk)
            for following in onward:
                self._step(after, (*path, following), walk.met)

    def _otherwise(self, place: Place, path: Path, met: tuple[Trouble, ...], failed: Failed) -> None:
        """By the cashiers who do not wait."""
        walk, broken = place.walked(met, Taken(path[-1], waits=False))
        after = place.after(walk)
        self._ends(walk, broken)
        if broken is not None:
            return
        trigger = path[-1].partition(":")[0]
        for following in self._onward.get(path, ()):
            if following.partition(":")[0] in failed.allowed - {trigger}:
                self._step(after, (*path, following), met)

    def _ends(self, walk: Walk, broken: Broken | None) -> None:
        """A case comes to its end, or has come to it already."""
        found = self._found
        if broken is None:
            broken = walk.finish()
        if broken is not None:
            found.failed += 1
            if len(found.failures) < _MOST:
                found.failures.append(_told(self._make, walk, broken))
        self._count(walk)

    def _count(self, walk: Walk) -> None:
        found = self._found
        found.cases += 1
        found.singles += len(walk.met) == 1
        found.pairs += len(walk.met) == _PAIR
        found.steps += walk.tally.steps
        found.escalations += walk.tally.escalations
        if found.cases % _SWEEP == 0:
            self._sweep()


def _told(make: Make, walk: Walk, broken: Broken) -> Failure:
    lines: list[str] = []
    whole(make, walk.trail, walk.met, lines.append)
    path = tuple(taken.step for taken in walk.trail)
    head = [
        f"{broken.promise}: {broken.what}",
        f"path: {' '.join(path)}; the cashier {walk.manner.value}",
        *map(str, walk.met),
    ]
    return Failure(
        path=path, troubles=walk.met, manner=walk.manner, promise=broken.promise, story="\n".join([*head, *lines])
    )
