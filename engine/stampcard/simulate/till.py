"""A till of the simulated shop: the third driver of the step generator.

May live here: effects performed, as `stampcard.till.runtime` performs them, against a simulated clock, network and
store; and the death of the process at any of them. May not: anything decided.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs

from stampcard.journal.contract import Append, VersionConflictError
from stampcard.journal.fold import PROBE
from stampcard.model import PAYMENTS, Entry, Environment, Ownership
from stampcard.simulate.cells import LOOK
from stampcard.simulate.journal import SimJournal
from stampcard.simulate.network import Sending
from stampcard.simulate.task import SUSPENDED, Cell, Task
from stampcard.simulate.weather import CrashPoint
from stampcard.step import effects as do
from stampcard.step.verb import Plan, Seat
from stampcard.till.runtime import GRACE, promised
from stampcard.transport.contract import Sent

if TYPE_CHECKING:
    from stampcard.adapter import AnyAdapter
    from stampcard.simulate.world import World

__all__ = ["Job", "Machine", "SimTill"]

_ABORT_WAIT: Final = 2.0
"""Seconds for which a reversal waits until the call it aborted is written down: as long as a till's."""

_INSTANT: Final = 1e-6
"""Seconds the shortest sleep takes: what floats leave of a deadline would be slept on for ever."""


class Machine:
    """What tills of one journal stand on: one boot, one monotonic clock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.boots = 1
        self.booted_at = -1_000.0

    @property
    def boot(self) -> str:
        return f"{self.name}-{self.boots}"


@attrs.define(eq=False)
class Job:
    """One call, under way from before its promise is written until its ending is."""

    trigger: str
    sending: Sending | None = None
    waiting: list[Task] = attrs.field(factory=list["Task"])
    """Steps that aborted it and wait until it is written down."""


class SimTill:
    """One process at a time. Safe to kill."""

    def __init__(self, world: World, machine: Machine, journal: SimJournal, number: int) -> None:
        self.world = world
        self.machine = machine
        self.journal = journal
        self.number = number
        self.alive = False
        self.back_at = 0.0
        self.verbs: Any = None
        self.seat: Seat[Plan]
        self.adapter: AnyAdapter
        self.adapters: dict[tuple[str, Environment], AnyAdapter] = {}
        self.jobs: dict[str, Job] = {}
        self.tasks: dict[Task, None] = {}
        self.start()

    def start(self) -> None:
        """The next process: nothing in memory, the journal as it was left."""
        self.alive = True
        self.owner = self.journal.enrol()
        scenario = self.world.scenario
        self.seat = Seat(
            mode=Plan,
            runtime=self,
            phrases=self.world.phrases,
            site=scenario.site,
            actor=None,
            patience=self.world.patience,
            install=self.journal.id,
            charges=scenario.pays,
            offline=scenario.offline if self.world.may_wait(self.number) else None,
        )
        self.verbs = scenario.provider.bind(self.seat)

    # what a seat asks of a runtime

    def enrol(self, adapter: AnyAdapter, /) -> None:
        """Know this provider."""
        self.adapter = adapter
        self.adapters[adapter.name, adapter.environment] = adapter

    def drive(self, step: do.Step[Any], /) -> Any:
        raise TypeError("a simulated till's verbs are bare steps")

    async def adrive(self, step: do.Step[Any], /) -> Any:
        raise TypeError("a simulated till's verbs are bare steps")

    # life and death

    def die(self, down: float) -> None:
        """The process is gone: its steps end nowhere, its replies are unread, what it had sent is on its way."""
        if not self.alive:
            return
        world = self.world
        self.alive = False
        self.back_at = world.timeline.now + down
        self.journal.gone(self.owner)
        jobs, tasks = list(self.jobs.values()), list(self.tasks)
        self.jobs, self.tasks = {}, {}
        for job in jobs:
            if job.sending is not None:
                job.sending.forgotten()
                job.sending = None
        for task in tasks:
            task.killed()
        world.timeline.at(self.back_at, self.start)

    def monotonic(self) -> float:
        return self.world.timeline.now - self.machine.booted_at

    # effects

    def _load(self, task: Task, effect: do.Load) -> Any:
        return self.journal.load(effect.order_id)

    def _keep(self, task: Task, effect: do.Keep) -> None:
        self.journal.keep(effect.record)

    def _now(self, task: Task, effect: do.Now) -> Any:
        return self.world.timeline()

    def _monotonic(self, task: Task, effect: do.Monotonic) -> float:
        return self.monotonic()

    def _mint(self, task: Task, effect: do.Mint) -> str:
        return self.world.mint()

    def _own(self, task: Task, effect: do.Own) -> Ownership:
        return Ownership(owner=self.owner, boot=self.machine.boot, hard_end=self.monotonic() + effect.seconds)

    def _running(self, task: Task, effect: do.Running) -> float:
        ownership = effect.ownership
        left = ownership.hard_end - self.monotonic()
        if ownership.owner == self.owner:
            return max(left, GRACE) if effect.intent in self.jobs else 0.0
        if left <= 0 or ownership.boot != self.machine.boot or not self.journal.alive(ownership.owner):
            return 0.0
        return left

    def _open_orders(self, task: Task, effect: do.OpenOrders) -> tuple[str, ...]:
        return self.journal.open_orders()

    def _watched(self, task: Task, effect: do.Watched) -> tuple[str, ...]:
        return self.journal.watched(effect.why)

    def _unwatch(self, task: Task, effect: do.Unwatch) -> bool:
        return self.journal.unwatch(effect.order_id, effect.why, version=effect.version)

    def _switched_off(self, task: Task, effect: do.SwitchedOff) -> str | None:
        return None

    def _changes(self, task: Task, effect: do.Changes) -> tuple[Entry, ...]:
        return self.journal.changes(after=effect.after, limit=effect.limit)

    def _find(self, task: Task, effect: do.Find) -> Any:
        return self.journal.find(text=effect.text, provider=effect.provider, before=effect.before, limit=effect.limit)

    def _forget(self, task: Task, effect: do.Forget) -> int:
        return self.journal.forget(effect.subject)

    def _sleep(self, task: Task, effect: do.Sleep) -> object:
        self.world.timeline.after(max(_INSTANT, effect.seconds), lambda: task.resumed(None))
        return SUSPENDED

    def _write(self, task: Task, effect: do.Write) -> tuple[Entry, ...]:
        append = effect.append
        promise = promised(append)
        if promise is None:
            if task.phase is CrashPoint.READ:
                task.fears(CrashPoint.READ)  # what was to be written is lost
            entries = self._append(task, append)
            for ended in {draft.intent for draft in append.entries}.intersection(task.calls):
                self.over(ended, task.calls)
            if task.phase is CrashPoint.READ:
                task.reaches(CrashPoint.WRITTEN)
            return entries
        trigger, looks = append.entries[-1].trigger, append.entries[-1].code == PROBE
        operation = trigger + LOOK if looks else trigger
        money = trigger in PAYMENTS  # what befalls it is the terminal's to draw
        if not money:
            self.world.befalls(task, append.order_id, operation)
        if task.phase is CrashPoint.EARLY and not money:
            task.ahead = operation
            task.fears(CrashPoint.EARLY)
        intent, _ = promise
        self.over(intent, task.calls)  # its own earlier attempt
        if intent in self.jobs:
            raise VersionConflictError(append.expected_version)  # another step is taking it over just now
        self.jobs[intent] = Job(trigger)
        task.calls.append(intent)
        try:
            entries = self._append(task, append)
        except BaseException:
            self.over(intent, task.calls)
            raise
        if not money:
            task.ahead = operation
            task.reaches(CrashPoint.PROMISED)
        return entries

    def _append(self, task: Task, append: Append) -> tuple[Entry, ...]:
        entries = self.journal.append(append)
        task.unwritten.difference_update(entry.intent or "" for entry in entries)
        self.world.wrote(task, entries)
        return entries

    def over(self, intent: str | None, calls: list[str]) -> None:
        """One of these calls is no longer under way."""
        if intent is None or intent not in calls:
            return
        calls.remove(intent)
        job = self.jobs.pop(intent, None)
        if job is not None:
            job.sending = None  # it refers to this job: a ring would stay until memory is swept
            for task in job.waiting:
                self.world.timeline.after(0.0, partial(task.aborted, job, True))

    def _abort(self, task: Task, effect: do.Abort) -> object:
        job = self.jobs.get(effect.intent)
        if job is None:
            return False
        if job.sending is not None:
            job.sending.abort()
        job.waiting.append(task)
        task.waits_for(job)
        self.world.timeline.after(_ABORT_WAIT, lambda: task.aborted(job, False))
        return SUSPENDED

    def _send(self, task: Task, effect: do.Send) -> object:
        world = self.world
        job = self.jobs.get(effect.intent)
        question = job is None
        if job is None:  # nothing was promised
            job = self.jobs[effect.intent] = Job("")
            task.calls.append(effect.intent)
        fault, window = world.departs(task, effect, question)
        followed = not question or task.cell is not None  # an observation is a question with something to write down
        hard_end = effect.hard_end + self.machine.booted_at
        call = _UnderWay(self, task, effect, job, followed)
        sending = job.sending = Sending(
            world.network,
            world.timeline,
            effect,
            hard_end=hard_end,
            fault=fault,
            window=window,
            draw=world.chances(task),
            monotonic=self.monotonic,
            ended=call.ended,
            watch=call.watch,
        )
        due = sending.begin()
        if followed:
            task.phase = CrashPoint.SENT
            if task.crash is not None and task.crash.point is CrashPoint.SENT:
                end = min(due, sending.patience_over, hard_end)
                moment = world.timeline.now + task.crash.part * max(0.0, end - world.timeline.now)
                world.timeline.at(moment, lambda: world.dies_sending(task))
        return SUSPENDED

    def _charge(self, task: Task, effect: do.Charge) -> object:
        return self.world.terminal.take(task, effect)

    def _charge_status(self, task: Task, effect: do.ChargeStatus) -> object:
        return self.world.terminal.status(task, effect)

    def _reverse_charge(self, task: Task, effect: do.ReverseCharge) -> object:
        return self.world.terminal.reverse(task, effect)

    def perform(self, task: Task, effect: do.Effect[Any]) -> Any:
        """Do what a step needs done. Raises what doing it raises."""
        handler = _PERFORM.get(type(effect))
        if handler is None:
            raise TypeError(f"a till does not know how to perform {type(effect).__name__}")
        return handler(self, task, effect)


class _UnderWay:
    """One call and whoever waits for it: first the cashier, afterwards only the record."""

    __slots__ = ("_cell", "_effect", "_followed", "_job", "_task", "_till", "_told", "_watched")

    def __init__(self, till: SimTill, task: Task, effect: do.Send, job: Job, followed: bool) -> None:
        self._till = till
        self._task = task
        self._effect = effect
        self._job = job
        self._followed = followed
        self._told = self._watched = False
        self._cell: Cell | None = None

    def watch(self, sending: Sending, due: float) -> None:
        """Two clocks run beside a call: the cashier's patience and the call's own end."""
        timeline = self._till.world.timeline
        if self._watched or due <= min(sending.patience_over, sending.hard_end):
            return
        self._watched = True
        if sending.patience_over < sending.hard_end:
            timeline.at(sending.patience_over, lambda: self._patience_over(sending))
        timeline.at(sending.hard_end, sending.abort)

    def _patience_over(self, sending: Sending) -> None:
        if sending.done or self._told:
            return
        if self._effect.late is None:
            sending.abort()
            return
        self._told = True
        self._task.calls.remove(self._effect.intent)
        self._cell, self._task.cell = self._task.cell, None  # what becomes of it is the late reply's to tell
        self._task.resumed(do.Pending())

    def ended(self, sent: Sent) -> None:
        """What came of the call."""
        till, task, effect = self._till, self._task, self._effect
        if till.jobs.get(effect.intent) is not self._job:
            return  # another process by now
        till.world.resolved(task, effect, sent)
        if not self._told:
            self._told = True
            task.heard(effect.intent, sent, followed=self._followed)
        elif effect.late is not None:
            late = Task(till, effect.late(sent), task.order_id, f"the late reply to {task.name}", till.world.late_ended)
            late.calls.append(effect.intent)
            late.cell, late.phase, late.crash = self._cell, CrashPoint.READ, task.crash
            late.unwritten.add(effect.intent)
            late.begin()


Handler = Callable[[SimTill, "Task", Any], Any]
_PERFORM: Final[dict[type, Handler]] = {
    do.Load: SimTill._load,  # noqa: SLF001  this class's own methods
    do.Keep: SimTill._keep,  # noqa: SLF001  this class's own methods
    do.Write: SimTill._write,  # noqa: SLF001  this class's own methods
    do.Now: SimTill._now,  # noqa: SLF001  this class's own methods
    do.Mint: SimTill._mint,  # noqa: SLF001  this class's own methods
    do.Own: SimTill._own,  # noqa: SLF001  this class's own methods
    do.Running: SimTill._running,  # noqa: SLF001  this class's own methods
    do.Abort: SimTill._abort,  # noqa: SLF001  this class's own methods
    do.Send: SimTill._send,  # noqa: SLF001  this class's own methods
    do.Monotonic: SimTill._monotonic,  # noqa: SLF001  this class's own methods
    do.Sleep: SimTill._sleep,  # noqa: SLF001  this class's own methods
    do.Watched: SimTill._watched,  # noqa: SLF001  this class's own methods
    do.Unwatch: SimTill._unwatch,  # noqa: SLF001  this class's own methods
    do.SwitchedOff: SimTill._switched_off,  # noqa: SLF001  this class's own methods
    do.OpenOrders: SimTill._open_orders,  # noqa: SLF001  this class's own methods
    do.Changes: SimTill._changes,  # noqa: SLF001  this class's own methods
    do.Find: SimTill._find,  # noqa: SLF001  this class's own methods
    do.Forget: SimTill._forget,  # noqa: SLF001  this class's own methods
    do.Charge: SimTill._charge,  # noqa: SLF001  this class's own methods
    do.ChargeStatus: SimTill._charge_status,  # noqa: SLF001  this class's own methods
    do.ReverseCharge: SimTill._reverse_charge,  # noqa: SLF001  this class's own methods
}
