"""What drives steps for `Till`: performs each effect, blocking; calls run on worker threads.

May live here: effects performed, nothing decided. The asynchronous twin is `aruntime`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from typing import Any, Final, TypeVar, cast

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.clock import Clock, SystemClock
from stampcard.errors import ConfigurationError
from stampcard.journal.contract import Append, Journal, StoreError, VersionConflictError
from stampcard.journal.owners import boot_id
from stampcard.model import Entry, EntryKind, Environment, Ownership
from stampcard.payment import Charges
from stampcard.step import effects as do
from stampcard.till.charging import charged
from stampcard.till.recent import Recent
from stampcard.till.switches import SwitchedOff, Switches
from stampcard.till.workers import Workers
from stampcard.transport import Call, Failed, SyncSender
from stampcard.transport.contract import Sent

__all__ = ["SyncRuntime", "Tenure", "promised"]

T = TypeVar("T")
log = logging.getLogger("stampcard.till")

GRACE: Final = 0.25
"""Seconds a sender gets beyond the hard end to report that it has given up."""


class Tenure:
    """This process's standing as an owner of calls, shared by both runtimes."""

    def __init__(
        self, journal: Journal, *, clock: Clock | None = None, switched_off: SwitchedOff | None = None
    ) -> None:
        self._journal = journal
        self.switches = Switches(journal, (clock or SystemClock()).monotonic, switched_off)
        self.owner = journal.enrol()
        self.boot = boot_id()
        self.pid = os.getpid()
        self.adapters: dict[tuple[str, Environment], AnyAdapter] = {}

    def own(self, seconds: float) -> Ownership:
        return Ownership(owner=self.owner, boot=self.boot, hard_end=time.monotonic() + seconds)

    def running(self, ownership: Ownership, mine: bool) -> float:
        """Seconds for which that owner may still be at it. mine: the call is one of this till's and not over."""
        left = ownership.hard_end - time.monotonic()
        if ownership.owner == self.owner:
            return max(left, GRACE) if mine else 0.0
        if left <= 0 or ownership.boot != self.boot or not self._journal.alive(ownership.owner):
            return 0.0
        return left

    def check(self, closed: bool) -> None:
        """Raise ConfigurationError in a forked child or after closing."""
        if os.getpid() != self.pid:
            raise ConfigurationError(
                "The sale cannot be recorded on this register. Call the help desk.",
                code="till.forked",
                detail="a till is not usable in a forked child: open a new one there",
            )
        if closed:
            raise ConfigurationError(
                "The sale cannot be recorded on this register. Call the help desk.",
                code="till.closed",
                detail="this till is closed",
            )


def promised(append: Append) -> tuple[str, float] | None:
    """(intent, hard end) of the call this append promises; None when it promises none."""
    last = append.entries[-1]
    if last.kind not in (EntryKind.INTENT, EntryKind.ATTEMPT) or last.ownership is None or last.intent is None:
        return None
    return last.intent, last.ownership.hard_end


class _Job:
    """One call, under way from before its promise is written until its ending is; and whether anybody waits for it."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.sent: Sent | None = None
        self.detached = False
        self.lock = threading.Lock()
        self.ready = threading.Lock()
        """Held until the call has ended. A bare lock: an Event costs as much as a signature."""
        self.ready.acquire()
        self.written = threading.Event()
        """Whatever came of it is in the journal."""


@attrs.frozen
class SyncRuntime:
    """Performs effects for a `Till`. Safe to share between threads."""

    journal: Journal
    sender: SyncSender
    clock: Clock
    tenure: Tenure
    workers: Workers = attrs.field(factory=Workers)
    jobs: dict[str, _Job] = attrs.field(factory=dict[str, _Job])
    recent: Recent = attrs.field(factory=Recent)
    shut: threading.Event = attrs.field(factory=threading.Event)
    charges: Charges | None = None

    def enrol(self, adapter: AnyAdapter, /) -> None:
        self.tenure.adapters[adapter.name, adapter.environment] = adapter

    async def adrive(self, step: do.Step[T], /) -> T:
        raise TypeError("a Till's verbs are not awaited: use AsyncTill")

    def drive(self, step: do.Step[T], /) -> T:
        """Run a step to its end. Raises what the step raises."""
        self.tenure.check(self.shut.is_set())
        return self._drive(step)

    def _drive(self, step: do.Step[T]) -> T:
        calls: list[str] = []
        answer: Any = None
        trouble: Exception | None = None
        try:
            while True:
                effect = step.send(answer) if trouble is None else step.throw(trouble)
                answer, trouble = None, None
                try:
                    answer = self._perform(effect, calls)
                except Exception as error:  # noqa: BLE001  every failure is the step's to judge
                    trouble = error
        except StopIteration as stop:
            return cast(T, stop.value)
        finally:
            for intent in tuple(calls):
                self._over(intent, calls)

    def _perform(self, effect: do.Effect[Any], calls: list[str]) -> object:
        match effect:
            case do.Load(order_id):
                return self.recent.load(self.journal, order_id)
            case do.Keep(record):
                self.recent.keep(record)
                return None
            case do.Write(append):
                return self._write(append, calls)
            case do.Send():
                return self._send(effect, calls)
            case do.Now():
                return self.clock()
            case do.Mint():
                return uuid.uuid4().hex
            case do.Own(seconds):
                return self.tenure.own(seconds)
            case do.Running(intent, ownership):
                return self.tenure.running(ownership, intent in self.jobs)
            case do.Abort(intent):
                return self._abort(intent)
            case do.Monotonic():
                return self.clock.monotonic()
            case do.Sleep(seconds):
                self.clock.sleep(seconds)
                return None
            case do.OpenOrders():
                return self.journal.open_orders()
            case do.Watched(why):
                return self.journal.watched(why)
            case do.Unwatch(order_id, why, version):
                return self.journal.unwatch(order_id, why, version=version)
            case do.SwitchedOff(named):
                return self.tenure.switches.why(named)
            case do.Switches():
                return self.journal.switches()
            case do.Switching(switch):
                self.journal.switch(switch)
                self.tenure.switches.forget()
                return None
            case do.Changes(after, limit):
                return self.journal.changes(after=after, limit=limit)
            case do.Find(text, provider, limit, before):
                return self.journal.find(text=text, provider=provider, before=before, limit=limit)
            case do.Forget(subject):
                self.recent.clear()
                return self.journal.forget(subject)
            case do.Charge() | do.ChargeStatus() | do.ReverseCharge():
                return charged(self.charges, effect)
            case _:
                raise TypeError(f"a till does not know how to perform {type(effect).__name__}")

    def _write(self, append: Append, calls: list[str]) -> tuple[Entry, ...]:
        """Append; what is promised counts as under way before it is durable: nobody finds it in doubt in between."""
        promise = promised(append)
        if promise is None:
            entries = self.journal.append(append)
            for ended in {draft.intent for draft in append.entries}.intersection(calls):
                self._over(ended, calls)
            return entries
        intent, hard_end = promise
        self._over(intent, calls)  # its own earlier attempt
        job = _Job(Call(hard_end))
        if self.jobs.setdefault(intent, job) is not job:
            raise VersionConflictError(append.expected_version)  # another thread is taking it over just now
        calls.append(intent)
        try:
            if self.shut.is_set():  # asked after the job is there for `close` to see
                raise StoreError("the till is closing")
            return self.journal.append(append)
        except BaseException:
            self._over(intent, calls)
            raise

    def _send(self, effect: do.Send, calls: list[str]) -> Sent | do.Pending:
        job = self.jobs.get(effect.intent)
        if job is None:  # a question: nothing was promised
            job = self.jobs[effect.intent] = _Job(Call(effect.hard_end))
            calls.append(effect.intent)
        carried = job
        try:
            self.workers.submit(lambda: self._carry(effect, carried))
        except RuntimeError:
            return Failed(why="no thread could be started", sent=False)
        try:
            lasting = effect.hard_end - time.monotonic() + GRACE
            if not job.ready.acquire(timeout=max(0.0, min(effect.patience, lasting))) and effect.late is None:
                job.call.abort()
                job.ready.acquire(timeout=GRACE)
        except BaseException:  # Ctrl-C
            self._leave(effect, job, calls)
            raise
        with job.lock:
            if job.sent is not None:
                return job.sent
            if effect.late is None:
                # It hangs where nothing can interrupt it (a name look-up); past the deadline it sends nothing.
                return Failed(why="no answer in time", sent=True)
            job.detached = True
        calls.remove(effect.intent)
        return do.Pending()

    def _leave(self, effect: do.Send, job: _Job, calls: list[str]) -> None:
        """The caller is gone, the call is not: its reply is recorded all the same, and until then nobody repeats it."""
        if effect.late is None:
            job.call.abort()
            return
        calls.remove(effect.intent)
        with job.lock:
            job.detached = True
            sent = job.sent
        if sent is not None:
            self.workers.submit(lambda: self._record(effect, sent))

    def _carry(self, effect: do.Send, job: _Job) -> None:
        try:
            sent = self.sender.send(effect.request, base_url=effect.base_url, auth=effect.auth, call=job.call)
        except Exception as error:  # noqa: BLE001  a sender must not raise; if it does, nobody knows what left
            sent = Failed(why=f"the sender failed ({type(error).__name__})", sent=True)
        with job.lock:
            job.sent = sent
            detached = job.detached
            job.ready.release()
        if detached:
            self._record(effect, sent)

    def _record(self, effect: do.Send, sent: Sent) -> None:
        try:
            if effect.late is not None:
                self._drive(effect.late(sent))
        except Exception as error:  # noqa: BLE001  nobody is left to hear it; the intent stays open for recovery
            log.error("a late reply could not be recorded: %s", type(error).__name__)
        finally:
            self._over(effect.intent, [effect.intent])

    def _over(self, intent: str | None, calls: list[str]) -> None:
        """One of these calls is no longer under way."""
        if intent is None or intent not in calls:
            return
        calls.remove(intent)
        job = self.jobs.pop(intent, None)
        if job is not None:
            job.written.set()

    def _abort(self, intent: str) -> bool:
        job = self.jobs.get(intent)
        if job is None:
            return False
        job.call.abort()
        return job.written.wait(2.0)

    def close(self) -> None:
        """Refuse new steps, wait for the calls under way to be recorded (each ends by its own hard end)."""
        if self.shut.is_set() or os.getpid() != self.tenure.pid:
            return  # in a forked child: the parent's calls and sockets are not ours to end
        self.shut.set()
        waited: set[_Job] = set()
        while under_way := set(self.jobs.values()) - waited:
            for job in under_way:
                job.written.wait(job.call.remaining() + 4 * GRACE)
            waited |= under_way
        self.workers.close()
        self.sender.close()
