"""What tills report while a world runs, and what is watched in it.

May live here: the fault a call meets, deaths, what is counted, promises that are checked at once. May not: what happens
next (`world`), how an effect is performed (`till`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from stampcard.adapter import AnyAdapter, Repeat
from stampcard.errors import StampcardError
from stampcard.journal.fold import PROBE
from stampcard.model import AnyOrder, Entry, EntryKind, Order
from stampcard.recovery import RecoveryReport
from stampcard.simulate.cells import LOOK, NONE
from stampcard.simulate.chance import Draw
from stampcard.simulate.network import Network
from stampcard.simulate.scenario import Scenario
from stampcard.simulate.shop import Customer, Shop
from stampcard.simulate.tally import Tally
from stampcard.simulate.task import DIED, Broken, Task
from stampcard.simulate.timeline import Timeline
from stampcard.simulate.weather import LATER, REPEATS, Crash, CrashPoint, Fault
from stampcard.step import effects as do
from stampcard.step.conclude import Ending
from stampcard.transport.contract import Sent

__all__ = ["Reports"]

_SLACK: Final = 1.0
"""Seconds: nothing lands in the last moment of a late window, nor of a call."""
_SHELTER: Final = 30.0
"""Seconds without a death, when a call has to get through: longer than a call that meets nothing takes."""
_ANSWERS: Final = (EntryKind.ACCEPTED, EntryKind.DECLINED, EntryKind.EVIDENCE, EntryKind.NOT_SENT)
_LONG: Final = 3_600.0
"""How late a call may land where it does not matter."""


class Reports:
    """The ear of a world: its tills tell it everything."""

    scenario: Scenario
    adapter: AnyAdapter
    timeline: Timeline
    network: Network
    tally: Tally
    say: Callable[[str], None] | None
    shops: Sequence[Shop]
    customers: Mapping[str, Customer]
    healing: bool = False
    sheltered_until: float = 0.0

    def departs(self, task: Task, effect: do.Send, question: bool) -> tuple[Fault | None, float]:
        """A call sets out: the fault it meets, and how late it may land. Raises Broken when nobody promised it."""
        self._flush(task, NONE)
        if question:
            provider, trigger = self.scenario.names(effect.request)
            operation, window, order_id = trigger or "question", _LONG, task.order_id
            known = operation in self.adapter.policies and provider == self.adapter.name
            if known and not self.scenario.asks(effect.request):
                if operation != "observe":
                    raise Broken("intent first", order_id, f"{operation} was sent as a question")
                task.cell = (operation, None)
                self.befalls(task, order_id, operation)
        else:
            promise = task.till.journal.promises.get(effect.intent)
            owner = None if promise is None or promise.ownership is None else promise.ownership.owner
            over = task.till.monotonic() >= effect.hard_end  # too late: no byte will leave
            if promise is None or (owner != task.till.owner and not over):
                raise Broken("intent first", task.order_id, "a call left without a promise in the journal")
            task.sends += 1
            order_id, operation = promise.order_id, promise.trigger
            meant, looks = self.adapter.policies[operation], promise.code == PROBE
            window = _LONG
            if not looks and (self.scenario.punctual or meant.repeat is not Repeat.SAME_KEY):
                # A late window is counted from the promise, whenever its call sets out.
                gone = (self.timeline() - promise.at).total_seconds()
                window = meant.late_window - gone - _SLACK
            operation = operation + LOOK if looks else operation
            task.cell = (operation, None)
        fault = self._spared(task, order_id, self._fault(task, order_id))
        scenario = self.scenario
        if (fault in REPEATS and operation in scenario.not_twice) or (fault in LATER and operation in scenario.in_turn):
            fault = None
        if task.cell is not None:
            task.cell = (operation, fault)
        if self.network.away and self.network.offline():
            self.tally.faults["offline"] += 1
        elif fault is not None:
            self.tally.faults[fault.value] += 1
        if self.say is not None:
            self.tell(f"{operation} is sent" + (f" and meets: {fault.value}" if fault else ""), order_id)
        return fault, window

    def chances(self, task: Task) -> Draw | None:
        """What the wire draws for the next call of this step: the order's own, which no other order moves."""
        customer = self.customers.get(task.order_id)
        if customer is None:
            return None
        customer.sent += 1
        return Draw(customer.plan.luck, customer.sent)

    def befalls(self, task: Task, order_id: str, operation: str) -> None:
        """A call of this operation is about to be made: what befalls it, where something has to."""
        customer = self.customers.get(order_id)
        if customer is None or self.healing:
            return
        number = customer.calls[operation] = customer.calls.get(operation, -1) + 1
        for quest in customer.plan.quests:
            if quest.number == number and quest.operation == operation:
                task.fault, task.fresh, task.crash = quest.fault, True, quest.crash

    def _spared(self, task: Task, order_id: str, fault: Fault | None) -> Fault | None:
        """The fault, unless this order has had its share: then this call gets through, and no process dies of it."""
        customer = self.customers.get(order_id)
        if customer is None or task.cell is None:
            return fault
        customer.troubled += 1
        if customer.troubled > self.scenario.longest_trouble:
            self.sheltered_until = self.timeline.now + _SHELTER
            return None
        return fault

    def _fault(self, task: Task, order_id: str) -> Fault | None:
        customer = self.customers.get(order_id)
        if customer is None or self.healing:
            return None
        if task.cell is None:
            customer.asked += 1
            return customer.plan.asks.get(customer.asked - 1)
        if task.fresh:
            task.fresh = False
            return task.fault
        customer.called += 1
        return customer.plan.faults.get(customer.called - 1)

    def resolved(self, task: Task, effect: do.Send, sent: Sent) -> None:
        """One step: a call has come to an end."""
        self.tally.steps += 1

    def froze(self, task: Task, point: CrashPoint, seconds: float) -> None:
        """Its process is not scheduled for a while."""
        self.tally.faults["frozen"] += 1
        self.tell(f"{task.name}: frozen for {seconds:g} s ({point.value})", task.order_id)

    def wrote(self, task: Task, entries: tuple[Entry, ...]) -> None:
        """Entries are durable."""
        for entry in entries:
            if entry.kind in _ANSWERS and (customer := self.customers.get(entry.order_id)) is not None:
                customer.troubled = 0
        if self.say is not None:
            for entry in entries:
                why = f" ({entry.why})" if entry.why else ""
                self.tell(f"journal: {entry.kind} of {entry.trigger}, {entry.state}{why}", entry.order_id)

    def dies(self, task: Task) -> None:
        """The process of this step dies."""
        crash = task.crash or Crash(None)
        self.tally.crashes[task.phase.value] += 1
        if task.phase in (CrashPoint.EARLY, CrashPoint.PROMISED) and task.ahead:
            self._flush(task, NONE)
            task.cell = (task.ahead, None)
        self._flush(task, task.phase.value)
        self.tell(f"till {task.till.number + 1} dies: {task.phase.value}", task.order_id)
        if not crash.power:
            task.till.die(crash.down)
            return
        self.tally.faults["power cut"] += 1
        shop = next(shop for shop in self.shops if task.till in shop.tills)
        for till in shop.tills:
            till.die(crash.down)
        shop.machine.boots += 1
        shop.machine.booted_at = self.timeline.now

    def dies_sending(self, task: Task) -> None:
        """The process of this step dies now, if its call is still under way."""
        if task.is_sending() and task.crash is not None:
            self.dies(task)

    def _flush(self, task: Task, crash: str) -> None:
        if task.cell is not None:
            operation, fault = task.cell
            self.tally.cells[self.adapter.name, operation, fault.value if fault else NONE, crash] += 1
            task.cell = None

    def late_ended(self, task: Task, result: object) -> None:
        """A late reply has been written down, or could not be."""
        self.ended(task, result)

    def ended(self, task: Task, result: object) -> None:
        """A step is over."""
        if self.say is not None:
            self.tell(f"{task.name}: {_told(result)}", task.order_id)
        self._flush(task, NONE)
        if result is DIED:
            return
        if task.unwritten:
            raise Broken("no reply dropped", task.order_id, f"{task.name}: a reply was heard and is not in the journal")
        match result:
            case Order():
                self._kept(task, result)
                if result.replayed and task.sends:
                    raise Broken("nothing sent", task.order_id, f"{task.name}: replayed, and {task.sends} calls left")
            case Exception() if not isinstance(result, StampcardError):
                raise Broken("own errors", task.order_id, f"{task.name}: {result!r}") from result
            case _:
                pass

    def _kept(self, task: Task, order: AnyOrder) -> None:
        """What the caller was told is durable."""
        record = task.till.journal.load(order.id)
        entries = () if record is None else record.entries
        if len(entries) < order.version or (order.version and entries[order.version - 1].state != order.state):
            raise Broken("told is kept", order.id, f"{task.name}: told {order.state}, the journal does not say so")

    def tell(self, what: str, order_id: str = "") -> None:
        """A line of the story, where one is wanted."""
        if self.say is not None:
            self.say(f"{self.timeline.now:9.3f}  {order_id}  {what}".rstrip())


def _told(result: object) -> str:
    match result:
        case Order():
            return (
                f"-> {result.state}"
                + (" (replayed)" if result.replayed else "")
                + (" in doubt" if result.doubt else "")
            )
        case StampcardError():
            return f"-> {type(result).__name__}: {result.detail or result}"
        case Ending():
            return f"-> {type(result.outcome).__name__}" + ("" if result.written else ", kept as evidence")
        case RecoveryReport():
            found = [f"{one.order_id} {one.trigger} {one.result}: {one.why}" for one in result.results]
            return "-> " + ("; ".join(found) or "nothing to settle")
        case _:
            return f"-> {result!r}"[:200]
