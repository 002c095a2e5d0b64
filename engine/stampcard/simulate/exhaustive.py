"""A small world, enumerated: every path of a lifecycle, every single thing that can go wrong on it, every pair of them.

`docs/small_world.md` says what a path, a trouble, a pair and a case are. Nothing is drawn, nothing is left out; a
run with one trouble shows what can go wrong after it. No case is run twice: what only concerns the beginning of a path
is run with the first path that begins so.

May live here: paths, troubles, and what was counted. May not: walking a path (`walk`), what is promised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from stampcard.simulate.scenario import Make
from stampcard.simulate.snapshot import Snapshot, taken
from stampcard.simulate.task import Broken
from stampcard.simulate.walk import LAST, Manner, Path, Trouble, Walk
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
    onward = Walk(make, path)
    if len(path) < LONGEST:
        onward.run()
    for step in onward.onward:
        longer = (*path, step)
        walk = Walk(make, longer)
        if walk.run() is not None:
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
    row = lifecycle.row(now, walk.path[-1].partition(":")[0])
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
    before: Path = ()
    for path in paths(make):
        cases = Cases(make, path, before, sweep=sweep, stop_after=stop_after)
        found.add(cases.run(pairs=pairs))
        before = path
        if progress is not None:
            progress(found.cases)
        if stop_after is not None and found.failed >= stop_after:
            break
    return found


class _Kept:
    """Where a run can be gone on from."""

    def __init__(self) -> None:
        self._snapshots: list[Snapshot] = []

    def keep(self, walk: Walk) -> None:
        """Here, if nothing is under way."""
        snapshot = taken(walk)
        if snapshot is not None:
            self._snapshots.append(snapshot)

    def until(self, effect: int) -> Walk | None:
        """As late as can be, and not after that effect."""
        found = next((kept for kept in reversed(self._snapshots) if kept.effects <= effect), None)
        return None if found is None else found.walk()

    def copy(self, effect: int) -> _Kept:
        """Those up to that effect: another run that begins alike."""
        other = _Kept()
        other._snapshots = [kept for kept in self._snapshots if kept.effects <= effect]
        return other


class Cases:
    """All cases of one path. before: the path enumerated before it: what only concerns what both begin with was run.

    Parts of it can run side by side: `run(part=(n, of))` for each n below `of`; the sum of all is the whole.
    """

    def __init__(
        self,
        make: Make,
        path: Path,
        before: Path = (),
        *,
        sweep: Callable[[], object] = lambda: None,
        stop_after: int | None = None,
    ) -> None:
        self._make = make
        self._path = path
        self._known = next((n for n, (a, b) in enumerate(zip(path, before, strict=False)) if a != b), len(before))
        """Steps at the beginning that the path before it has too."""
        self._sweep = sweep
        self._most = stop_after
        self._found = Exhausted()

    def run(self, *, pairs: bool = False, part: tuple[int, int] = (0, 1)) -> Exhausted:
        """Run them, and say what was found."""
        first, of = part
        kept = _Kept()
        calm = Walk(self._make, self._path)
        broken = calm.run(kept.keep)
        if first == 0:
            self._found.paths += 1
            self._count(calm, (), broken)
        if broken is None:
            for trouble in list(troubles(calm))[first::of]:
                self._single(trouble, kept, pairs=pairs)
        return self._found

    def _single(self, trouble: Trouble, calm: _Kept, *, pairs: bool) -> None:
        for one, kept in self._manners((trouble,), Manner.WAITS, calm, keeps=pairs):
            if not pairs or one.manner is Manner.LEAVES:
                continue
            # Another cashier's run is another only from where the first step has failed.
            parted = one.failed.end - 1 if one.failed is not None and one.manner is not Manner.WAITS else -1
            for other in troubles(one, max(trouble.at, parted)):
                for _ in self._manners((trouble, other), one.manner, kept, keeps=False):
                    pass

    def _manners(
        self, met: tuple[Trouble, ...], given: Manner, before: _Kept, *, keeps: bool
    ) -> Iterator[tuple[Walk, _Kept]]:
        """The case, by every cashier to whom it makes a difference; those that keep their promises are handed on, with
        where they can be gone on from. before: the run it begins like."""
        if self._most is not None and self._found.failed >= self._most:
            return
        walk, kept = self._tried(met, given, before, keeps=keeps)
        if walk is None:
            return
        yield walk, kept
        failed = walk.failed
        if given is not Manner.WAITS or failed is None or not failed.begin <= met[-1].at < failed.end:
            return
        if failed.onward:
            other, kept = self._tried(met, Manner.GOES_ON, before, keeps=keeps)
            if other is not None:
                yield other, kept
        if failed.step >= self._known:
            self._tried(met, Manner.LEAVES, before, keeps=False)

    def _tried(
        self, met: tuple[Trouble, ...], manner: Manner, before: _Kept, *, keeps: bool
    ) -> tuple[Walk | None, _Kept]:
        walk = before.until(met[-1].at) or Walk(self._make, self._path)
        walk.meet(met, manner)
        kept = before.copy(met[-1].at) if keeps else _Kept()
        broken = walk.run(kept.keep if keeps else None)
        self._count(walk, met, broken)
        return (None if broken is not None else walk), kept

    def _count(self, walk: Walk, met: tuple[Trouble, ...], broken: Broken | None) -> None:
        found = self._found
        found.cases += 1
        found.singles += len(met) == 1
        found.pairs += len(met) == _PAIR
        found.steps += walk.tally.steps
        found.escalations += walk.tally.escalations
        if broken is not None:
            found.failed += 1
            if len(found.failures) < _MOST:
                found.failures.append(_told(self._make, walk, met, broken))
        if found.cases % _SWEEP == 0:
            self._sweep()


def _told(make: Make, walk: Walk, met: tuple[Trouble, ...], broken: Broken) -> Failure:
    lines: list[str] = []
    Walk(make, walk.path, met, walk.manner, lines.append).run()
    head = [
        f"{broken.promise}: {broken.what}",
        f"path: {' '.join(walk.path)}; the cashier {walk.manner.value}",
        *map(str, met),
    ]
    return Failure(
        path=walk.path, troubles=met, manner=walk.manner, promise=broken.promise, story="\n".join([*head, *lines])
    )
