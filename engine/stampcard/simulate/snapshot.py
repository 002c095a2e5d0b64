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

from stampcard.simulate.walk import Walk
from stampcard.step.verb import Seat

__all__ = ["Snapshot", "taken"]

_LOCK: Final = -1
_LOCKS: Final = (type(threading.Lock()), type(threading.RLock()))
_FROZEN: Final[object] = attrs.make_class("_Frozen", [], frozen=True).__setattr__


@attrs.frozen(kw_only=True)
class Snapshot:
    """effects: of the steps before it."""

    effects: int
    data: bytes = attrs.field(repr=False)
    shared: dict[int, Any] = attrs.field(repr=False)

    def walk(self) -> Walk:
        """That world once more, which knows nothing of the others."""
        copied: Walk = _Reader(self.data, self.shared).load()
        return copied


def taken(walk: Walk) -> Snapshot | None:
    """None while something is under way (a message in the network, a till about to come back), or where a model cannot
    be copied: then the cases are run whole."""
    if not walk.rests:
        return None
    out = io.BytesIO()
    writer = _Writer(out)
    try:
        writer.dump(walk)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
    return Snapshot(effects=walk.effects, data=out.getvalue(), shared=writer.shared)


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
