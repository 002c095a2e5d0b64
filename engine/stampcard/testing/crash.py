"""A process that dies at a named point of a step, without a process: what is durable stays, nothing else does.

May live here: the crash. May not: a hook in the step. For as long as the block runs the tills' drivers are wrapped;
production code knows nothing of it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias, get_args
from unittest.mock import patch

import attrs

from stampcard.journal.contract import Append
from stampcard.model import EntryKind, Ownership
from stampcard.step import effects as do
from stampcard.till.aruntime import AsyncRuntime
from stampcard.till.runtime import SyncRuntime

__all__ = ["Crash", "Point", "crash_at"]

Point: TypeAlias = Literal["intent", "sent", "read", "outcome", "charged"]
"""intent: the promise is durable, nothing was sent. sent: the provider acted, no byte of the reply was read. read: the
reply was read and judged, nothing of it is written. outcome: it is written, and the caller never hears of it. charged:
the port took the money, and nothing of its answer is written."""

_PROMISES: Final = (EntryKind.INTENT, EntryKind.ATTEMPT)


class Crash(BaseException):
    """The process is gone. No `except Exception` holds it up: catch it by name, where the test begins the next day."""


class _GoneError(RuntimeError):
    """What a background thread of a dead process meets: it records nothing any more."""


@attrs.define(eq=False)
class _Death:
    """One crash to come. Everything the process does passes through `before` and `after`."""

    point: Point
    trigger: str | None
    dead: bool = False
    stranger: str = attrs.field(factory=lambda: uuid.uuid4().hex)
    """An owner nobody enrolled: whoever opens the journal next finds the calls' owner dead, as it would be."""
    promised: dict[str, str] = attrs.field(factory=dict[str, str])
    sent: set[str] = attrs.field(factory=set[str])

    def before(self, effect: do.Effect[Any]) -> None:
        if self.dead:
            self._gone()
        if isinstance(effect, do.Write) and self.point == "read" and self._outcome_of_call(effect.append):
            self._die()

    def after(self, effect: do.Effect[Any], answer: object) -> object:
        if self.dead:
            self._gone()
        match effect:
            case do.Own() if isinstance(answer, Ownership):
                return attrs.evolve(answer, owner=self.stranger)
            case do.Write(append) if _promise(append):
                self.promised[_intent(append)] = append.entries[-1].trigger
                if self.point == "intent" and self._meant(_intent(append)):
                    self._die()
            case do.Write(append):
                if self.point == "outcome" and self._meant(_intent(append)):
                    self._die()
            case do.Send(intent=intent) if intent in self.promised:
                self.sent.add(intent)
                if self.point == "sent" and self._meant(intent):
                    self._die()
            case do.Charge() if self.point == "charged":
                self._die()
            case _:
                pass
        return answer

    def _outcome_of_call(self, append: Append) -> bool:
        return not _promise(append) and _intent(append) in self.sent and self._meant(_intent(append))

    def _meant(self, intent: str) -> bool:
        return intent in self.promised and self.trigger in (None, self.promised[intent])

    def _die(self) -> None:
        self.dead = True
        self._gone()

    def _gone(self) -> None:
        if threading.current_thread().name.startswith("stampcard-"):
            raise _GoneError("the process is gone")
        raise Crash(f"the process died at '{self.point}'")


def _promise(append: Append) -> bool:
    return append.entries[-1].kind in _PROMISES


def _intent(append: Append) -> str:
    return append.entries[-1].intent or ""


@contextmanager
def crash_at(point: Point, *, trigger: str | None = None) -> Generator[None, None, None]:
    """The process 'dies' at a point of the first step (of `trigger`, when given) that comes to it while the block runs.

    The step raises `Crash`, and so does whatever any till is asked afterwards in the block; a `Till` or `AsyncTill` on
    the same journal after the block is the next process. One at a time. Raises ValueError for an unknown point.
    """
    if point not in get_args(Point):
        raise ValueError(f"a step has the points {', '.join(get_args(Point))}")
    death = _Death(point=point, trigger=trigger)
    perform, aperform = SyncRuntime._perform, AsyncRuntime._perform  # noqa: SLF001  the drivers' one door

    def dying(runtime: SyncRuntime, effect: do.Effect[Any], calls: list[str]) -> object:
        death.before(effect)
        return death.after(effect, perform(runtime, effect, calls))

    async def adying(runtime: AsyncRuntime, effect: do.Effect[Any], calls: list[str]) -> object:
        death.before(effect)
        return death.after(effect, await aperform(runtime, effect, calls))

    with patch.object(SyncRuntime, "_perform", dying), patch.object(AsyncRuntime, "_perform", adying):
        yield
