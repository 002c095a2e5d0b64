"""What drives steps for `AsyncTill`: performs each effect, awaiting. A caller that hangs up cancels no step."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import Any, TypeVar, cast

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.clock import Clock, SystemClock
from stampcard.journal.contract import Append, Journal, VersionConflictError
from stampcard.model import Entry
from stampcard.payment import AsyncCharges
from stampcard.step import effects as do
from stampcard.till.ajournal import AsyncJournal
from stampcard.till.charging import acharged
from stampcard.till.recent import Recent
from stampcard.till.runtime import GRACE, Tenure, promised
from stampcard.transport import AsyncSender, Call, Failed
from stampcard.transport.contract import Sent

__all__ = ["AsyncRuntime"]

T = TypeVar("T")
log = logging.getLogger("stampcard.till")


@attrs.frozen(eq=False)
class _Job:
    """One call, under way from before its promise is written until its ending is."""

    call: Call
    written: asyncio.Event = attrs.field(factory=asyncio.Event)


class AsyncRuntime:
    """Performs effects for an `AsyncTill`. One per event loop; share it between tasks."""

    def __init__(
        self,
        journal: Journal,
        sender: AsyncSender,
        clock: Clock,
        tenure: Tenure,
        max_in_flight: int,
        charges: AsyncCharges | None = None,
    ) -> None:
        self.journal = journal
        self.sender = sender
        self.clock = clock
        self.tenure = tenure
        self.charges = charges
        self.closed = False
        self._gate = asyncio.Semaphore(max_in_flight)
        self._jobs: dict[str, _Job] = {}
        self._recent = Recent()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._store: AsyncJournal | None = None

    def enrol(self, adapter: AnyAdapter, /) -> None:
        self.tenure.adapters[adapter.name, adapter.environment] = adapter

    def drive(self, step: do.Step[T], /) -> T:
        raise TypeError("an AsyncTill's verbs are awaited: use Till")

    async def adrive(self, step: do.Step[T], /) -> T:
        """Run a step to its end. A cancelled caller stops waiting; a step that has begun goes on.

        Who is over the limit waits here, before anything is promised; who hangs up here leaves nothing behind. Raises
        what the step raises.
        """
        self.tenure.check(self.closed)
        await self._gate.acquire()
        try:
            self.tenure.check(self.closed)
            task = self._keep(self._drive(step))
        except BaseException:
            self._gate.release()
            raise
        task.add_done_callback(lambda _: self._gate.release())
        return cast(T, await asyncio.shield(task))

    def _keep(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may have hung up: nobody else reads it

    async def _drive(self, step: do.Step[T]) -> T:
        calls: list[str] = []
        answer: Any = None
        trouble: Exception | None = None
        try:
            while True:
                effect = step.send(answer) if trouble is None else step.throw(trouble)
                answer, trouble = None, None
                try:
                    answer = await self._perform(effect, calls)
                except Exception as error:  # noqa: BLE001  every failure is the step's to judge
                    trouble = error
        except StopIteration as stop:
            return cast(T, stop.value)
        finally:
            for intent in tuple(calls):
                self._over(intent, calls)

    async def _perform(self, effect: do.Effect[Any], calls: list[str]) -> object:
        match effect:
            case do.Load(order_id):
                return await self._disk().read(lambda: self._recent.load(self.journal, order_id))
            case do.Keep(record):
                self._recent.keep(record)
                return None
            case do.Write(append):
                return await self._write(append, calls)
            case do.Send():
                return await self._send(effect, calls)
            case do.Now():
                return self.clock()
            case do.Mint():
                return uuid.uuid4().hex
            case do.Own(seconds):
                return self.tenure.own(seconds)
            case do.Running(intent, ownership):
                return await self._disk().read(lambda: self.tenure.running(ownership, intent in self._jobs))
            case do.Abort(intent):
                return await self._abort(intent)
            case do.Monotonic():
                return self.clock.monotonic()
            case do.Sleep(seconds):
                await self._sleep(seconds)
                return None
            case do.OpenOrders():
                return await self._disk().read(self.journal.open_orders)
            case do.Watched(why):
                return await self._disk().read(lambda: self.journal.watched(why))
            case do.Unwatch(order_id, why, version):
                return await self._disk().read(lambda: self.journal.unwatch(order_id, why, version=version))
            case do.SwitchedOff(named):
                sure, off = self.tenure.switches.known(named)
                return off if sure else await self._disk().read(lambda: self.tenure.switches.why(named))
            case do.Switches():
                return await self._disk().read(self.journal.switches)
            case do.Switching(switch):
                await self._disk().read(lambda: self.journal.switch(switch))
                self.tenure.switches.forget()
                return None
            case do.Changes(after, limit):
                return await self._disk().read(lambda: self.journal.changes(after=after, limit=limit))
            case do.Find(text, provider, limit, before):
                return await self._disk().read(
                    lambda: self.journal.find(text=text, provider=provider, before=before, limit=limit)
                )
            case do.Forget(subject):
                self._recent.clear()
                return await self._disk().read(lambda: self.journal.forget(subject))
            case do.Charge() | do.ChargeStatus() | do.ReverseCharge():
                return await acharged(self.charges, effect)
            case _:
                raise TypeError(f"a till does not know how to perform {type(effect).__name__}")

    def _disk(self) -> AsyncJournal:
        if self._store is None:
            self._store = AsyncJournal(self.journal, asyncio.get_running_loop())
        return self._store

    async def _sleep(self, seconds: float) -> None:
        if isinstance(self.clock, SystemClock):
            await asyncio.sleep(seconds)
        else:
            self.clock.sleep(seconds)

    async def _write(self, append: Append, calls: list[str]) -> tuple[Entry, ...]:
        """Append; what is promised counts as under way before it is durable: nobody finds it in doubt in between."""
        promise = promised(append)
        if promise is None:
            entries = await self._disk().append(append)
            for ended in {draft.intent for draft in append.entries}.intersection(calls):
                self._over(ended, calls)
            return entries
        intent, hard_end = promise
        self._over(intent, calls)  # its own earlier attempt
        job = _Job(Call(hard_end))
        if self._jobs.setdefault(intent, job) is not job:
            raise VersionConflictError(append.expected_version)  # another task is taking it over just now
        calls.append(intent)
        try:
            return await self._disk().append(append)
        except BaseException:
            self._over(intent, calls)
            raise

    async def _send(self, effect: do.Send, calls: list[str]) -> Sent | do.Pending:
        job = self._jobs.get(effect.intent)
        if job is None:  # a question: nothing was promised
            job = self._jobs[effect.intent] = _Job(Call(effect.hard_end))
            calls.append(effect.intent)
        sending = self._keep(self._carry(effect, job))
        lasting = effect.hard_end - time.monotonic() + GRACE
        done, _ = await asyncio.wait({sending}, timeout=min(effect.patience, lasting))
        if not done and effect.late is None:
            job.call.abort()
            done, _ = await asyncio.wait({sending}, timeout=GRACE)
            if not done:
                return Failed(why="no answer in time", sent=True)
        if done:
            return cast(Sent, sending.result())
        calls.remove(effect.intent)
        self._keep(self._late(effect, sending))
        return do.Pending()

    async def _carry(self, effect: do.Send, job: _Job) -> Sent:
        try:
            return await self.sender.send(effect.request, base_url=effect.base_url, auth=effect.auth, call=job.call)
        except Exception as error:  # noqa: BLE001  a sender must not raise; if it does, nobody knows what left
            return Failed(why=f"the sender failed ({type(error).__name__})", sent=True)

    async def _late(self, effect: do.Send, sending: asyncio.Task[Sent]) -> None:
        try:
            sent = await sending
            if effect.late is not None:
                await self._drive(effect.late(sent))
        except Exception as error:  # noqa: BLE001  nobody is left to hear it; the intent stays open for recovery
            log.error("a late reply could not be recorded: %s", type(error).__name__)
        finally:
            self._over(effect.intent, [effect.intent])

    def _over(self, intent: str | None, calls: list[str]) -> None:
        """One of these calls is no longer under way."""
        if intent is None or intent not in calls:
            return
        calls.remove(intent)
        job = self._jobs.pop(intent, None)
        if job is not None:
            job.written.set()

    async def _abort(self, intent: str) -> bool:
        job = self._jobs.get(intent)
        if job is None:
            return False
        job.call.abort()
        try:
            await asyncio.wait_for(job.written.wait(), 2.0)
        except TimeoutError:
            return False
        return True

    async def aclose(self) -> None:
        """Refuse new steps and wait until every step and late reply is recorded (each ends by its own hard end)."""
        self.closed = True
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        await self.sender.aclose()
        if self._store is not None:
            await self._store.aclose()
