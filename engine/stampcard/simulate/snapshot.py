"""A world as it stood between two steps, to go on from more than once: what cases begin with alike is run once.

Whatever changes is copied; values that never change (entries, settings, what a provider has posted) are the same ones
in every copy. May live here: taking and giving back. May not: what happens in a world.
"""

from __future__ import annotations

import io
import pickle
import threading
from types import FunctionType
from typing import Any, Final

import attrs

from stampcard.simulate.scenario import Make
from stampcard.simulate.task import Broken
from stampcard.simulate.walk import Taken, Trouble, Walk
from stampcard.step.verb import Seat

__all__ = ["Place"]

_LOCK: Final = -1
_LOCKS: Final = (type(threading.Lock()), type(threading.RLock()))
_FROZEN: Final[object] = attrs.make_class("_Frozen", [], frozen=True).__setattr__


@attrs.frozen(kw_only=True)
class Place:
    """Between two steps of a walk: there one can go on from more than once. effects: of the steps before it."""

    make: Make
    effects: int
    copy: Copy | None = None
    """None: the world as it begins."""
    since: tuple[Taken, ...] = ()
    """Steps to be taken from there first: while a call is under way no copy is made."""

    @classmethod
    def opening(cls, make: Make) -> Place:
        """Where every walk begins."""
        return cls(make=make, effects=0)

    def walked(self, met: tuple[Trouble, ...], taken: Taken, live: Walk | None = None) -> tuple[Walk, Broken | None]:
        """A walk that has come here through these troubles and takes this step. live: it, where there is one."""
        walk = live or (Walk(self.make) if self.copy is None else self.copy.walk())
        walk.meet(met)
        try:
            if live is None and self.copy is None:
                walk.begin()
            for step in (*self.since, taken) if live is None else (taken,):
                walk.take(step)
        except Broken as broken:
            return walk, broken
        return walk, None

    def after(self, walk: Walk) -> Place:
        """Where this walk stands, which has taken one step from here."""
        copy = Copy.of(walk) if walk.rests else None
        return self.then(walk) if copy is None else Place(make=self.make, effects=walk.effects, copy=copy)

    def then(self, walk: Walk) -> Place:
        """The same; without a copy, which pays only where it is gone on from often."""
        return attrs.evolve(self, effects=walk.effects, since=(*self.since, walk.trail[-1]))


@attrs.frozen
class Copy:
    """A walk as it was. shared: values that are the same in every copy."""

    data: bytes = attrs.field(repr=False)
    shared: dict[int, Any] = attrs.field(repr=False)

    @classmethod
    def of(cls, walk: Walk) -> Copy | None:
        """None where a model cannot be copied: then the steps are taken again each time."""
        out = io.BytesIO()
        writer = _Writer(out)
        try:
            writer.dump(walk)
        except (pickle.PicklingError, TypeError, AttributeError):
            return None
        return cls(out.getvalue(), writer.shared)

    def walk(self) -> Walk:
        """That walk once more, which knows nothing of the others."""
        copied: Walk = _Reader(self.data, self.shared).load()
        return copied


def _is_value(thing: object) -> bool:
    """Frozen, and no part of it is a till's; a seat is frozen, and holds its till."""
    if isinstance(thing, FunctionType):
        return "<" in thing.__qualname__  # one that no name leads to
    sets: object = type(thing).__setattr__
    return sets is _FROZEN and not isinstance(thing, Seat)


class _Writer(pickle.Pickler):
    def __init__(self, out: io.BytesIO) -> None:
        super().__init__(out, protocol=5)
        self.shared: dict[int, Any] = {}

    def persistent_id(self, thing: Any) -> int | None:
        if isinstance(thing, _LOCKS):
            return _LOCK
        if not _is_value(thing):
            return None
        self.shared[id(thing)] = thing
        return id(thing)


class _Reader(pickle.Unpickler):
    def __init__(self, data: bytes, shared: dict[int, Any]) -> None:
        super().__init__(io.BytesIO(data))
        self._shared = shared

    def persistent_load(self, name: int) -> Any:
        return threading.RLock() if name == _LOCK else self._shared[name]
