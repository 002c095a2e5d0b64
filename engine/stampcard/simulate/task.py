"""One step being driven: from its first effect to its end, or to the death of its process.

May live here: the loop, and where in a step a process dies. May not: how an effect is performed (`till`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from stampcard.errors import StampcardError
from stampcard.journal.fold import PROBE
from stampcard.simulate.weather import Crash, CrashPoint, Fault
from stampcard.step import effects as do

if TYPE_CHECKING:
    from stampcard.simulate.till import Job, SimTill
    from stampcard.transport.contract import Sent

__all__ = ["DIED", "SUSPENDED", "Broken", "Cell", "Died", "Dies", "Task"]

Cell: TypeAlias = "tuple[str, Fault | None]"
"""A call: its operation, and what happened to it on the wire."""


class Died:
    """What a step comes to when its process dies."""

    def __repr__(self) -> str:
        return "the process died"


DIED: Final = Died()


class _Suspended:
    """The step goes on later."""


SUSPENDED: Final = _Suspended()


class Dies(BaseException):
    """The process dies here. No step may catch it, and none is told."""


class Broken(BaseException):
    """A promise is broken: the world stops here. No step may catch it."""

    def __init__(self, promise: str, order_id: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise
        self.order_id = order_id
        self.what = what


class Task:
    """Drives one step on one till. pace: seconds the store takes, during which other steps go on."""

    __slots__ = (
        "_crash",
        "_effects",
        "_waits_for",
        "ahead",
        "calls",
        "cell",
        "fault",
        "freeze",
        "fresh",
        "name",
        "on_end",
        "order_id",
        "pace",
        "phase",
        "sends",
        "step",
        "till",
        "unwritten",
    )

    def __init__(
        self,
        till: SimTill,
        step: do.Step[Any],
        order_id: str,
        name: str,
        on_end: Callable[[Task, object], None],
        *,
        crash: Crash | None = None,
        fault: Fault | None = None,
        freeze: tuple[CrashPoint, float] | None = None,
        pace: float = 0.0,
    ) -> None:
        self.till = till
        self.step = step
        self.order_id = order_id
        self.name = name
        self.on_end = on_end
        self._crash = crash
        self.fault = fault
        """What its first promised call meets; fresh: it has made none yet."""
        self.fresh = True
        self.freeze = freeze
        self.pace = pace
        self.phase = CrashPoint.EARLY
        self.calls: list[str] = []
        self.cell: Cell | None = None
        """The last call of this step."""
        self.ahead = ""
        """What it is about to call, before the call is made."""
        self.sends = 0
        self.unwritten: set[str] = set()
        """Intents whose reply was heard and is not written yet."""
        self._effects = 0
        self._waits_for: Job | None = None

    @property
    def crash(self) -> Crash | None:
        """Where its process dies; None while nobody's may."""
        world = self.till.world
        return None if world.timeline.now < world.sheltered_until else self._crash

    @crash.setter
    def crash(self, crash: Crash | None) -> None:
        self._crash = crash

    def begin(self) -> None:
        """Drive until it waits for something, or ends."""
        self.till.tasks[self] = None
        self._go(None, None)

    def resumed(self, answer: Any) -> None:
        """What it waited for has come."""
        if self in self.till.tasks:
            self._go(answer, None)

    def _go(self, answer: Any, trouble: Exception | None) -> None:
        step, till, pace = self.step, self.till, self.pace
        crash_before = -1 if self.crash is None or self.crash.point is not None else self.crash.effect
        try:
            while True:
                effect = step.send(answer) if trouble is None else step.throw(trouble)
                self._effects += 1
                if self._effects - 1 == crash_before:
                    raise Dies
                if pace and isinstance(effect, (do.Load, do.Write)):
                    till.world.timeline.after(pace, partial(self._later, effect))
                    return
                if self.freeze is not None and isinstance(effect, do.Send):
                    frozen = self.frozen(CrashPoint.PROMISED)
                    if frozen:
                        till.world.timeline.after(frozen, partial(self._later, effect))
                        return
                answer, trouble = self._performed(effect)
                if answer is SUSPENDED:
                    return
        except StopIteration as stop:
            self._ended(stop.value)
        except StampcardError as error:
            self._ended(error)
        except Dies:
            till.world.dies(self)
        except Exception as error:  # noqa: BLE001  no other error may leave a step: the world says so
            self._ended(error)

    def dies_here(self) -> NoReturn:
        """The process is gone before this effect is performed."""
        raise Dies

    def _performed(self, effect: do.Effect[Any]) -> tuple[Any, Exception | None]:
        try:
            return self.till.perform(self, effect), None
        except Exception as error:  # noqa: BLE001  every failure is the step's to judge
            return None, error

    def _later(self, effect: do.Effect[Any]) -> None:
        if self not in self.till.tasks:
            return
        try:
            answer, trouble = self._performed(effect)
        except Dies:
            self.till.world.dies(self)
            return
        if answer is not SUSPENDED:
            self._go(answer, trouble)

    # what becomes of a call

    def heard(self, intent: str, sent: Sent, *, followed: bool) -> None:
        """A call has ended. followed: what it says is to be written down."""
        if self not in self.till.tasks:
            return
        if followed:
            self.phase = CrashPoint.READ
            promise = self.till.journal.promises.get(intent)
            if promise is None and self.crash is not None and self.crash.point is CrashPoint.READ:
                self.till.world.dies(self)  # an observation: what it says may be nothing new, and then is not written
                return
            if promise is not None and promise.code != PROBE:  # what a look shows is written when it settles something
                self.unwritten.add(intent)
        frozen = self.frozen(CrashPoint.READ if followed else CrashPoint.EARLY)
        if frozen:
            self.till.world.timeline.after(frozen, lambda: self.resumed(sent))
        else:
            self._go(sent, None)

    def frozen(self, point: CrashPoint) -> float:
        """Seconds for which the process is not scheduled here; once."""
        if self.freeze is None or self.freeze[0] is not point:
            return 0.0
        seconds, self.freeze = self.freeze[1], None
        self.till.world.froze(self, point, seconds)
        return seconds

    def is_sending(self) -> bool:
        """Its call is under way, and it waits for it."""
        return self.phase is CrashPoint.SENT and self in self.till.tasks

    def waits_for(self, job: Job) -> None:
        """It has aborted this call, and waits until that is written down."""
        self._waits_for = job

    def aborted(self, job: Job, done: bool) -> None:
        """It is written down, or that takes too long."""
        if self._waits_for is job:
            self._waits_for = None
            self.resumed(done)

    # where a process dies

    def reaches(self, point: CrashPoint) -> None:
        """The step is at this point. Raises Dies when that is where the process dies."""
        self.phase = point
        self.fears(point)

    def fears(self, point: CrashPoint) -> None:
        """As `reaches`, for a point that is over with this very effect."""
        if self.crash is not None and self.crash.point is point:
            self.phase = point
            raise Dies

    # the end

    def _ended(self, result: object) -> None:
        till = self.till
        written = self.crash is not None and self.crash.point is CrashPoint.WRITTEN
        if written and self.phase is CrashPoint.READ and not self.unwritten:
            self.phase = CrashPoint.WRITTEN
            till.world.dies(self)
            return
        till.tasks.pop(self, None)
        for intent in tuple(self.calls):
            till.over(intent, self.calls)
        self.on_end(self, result)

    def killed(self) -> None:
        """The process is gone."""
        self.step.close()
        self.on_end(self, DIED)
