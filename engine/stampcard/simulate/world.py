"""One world: a provider, shops with tills, customers, weather; it runs, it is healed, and every promise is checked.

May live here: what happens and what is watched while it happens. May not: what is promised (`invariants`), what the
world is going to be (`plan`), a provider's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stampcard.adapter import Repeat
from stampcard.errors import (
    ConflictError,
    NeedsHumanError,
    NotAllowedError,
    StampcardError,
    UnknownOrderError,
)
from stampcard.journal.fold import PROBE, fold
from stampcard.model import AnyOrder, Entry, Order
from stampcard.phrases import Phrases
from stampcard.simulate.chance import Draw
from stampcard.simulate.invariants import broken_history, still_open
from stampcard.simulate.journal import SimJournal
from stampcard.simulate.network import Network
from stampcard.simulate.plan import Kind, Move, Plan, Visit
from stampcard.simulate.scenario import Make, Wish
from stampcard.simulate.tally import Tally, recovered
from stampcard.simulate.task import DIED, Broken, Task
from stampcard.simulate.till import Machine, SimTill
from stampcard.simulate.timeline import Timeline
from stampcard.simulate.weather import Crash, CrashPoint, Fault
from stampcard.step import effects as do
from stampcard.step.conclude import Ending
from stampcard.step.rounds import recover_all
from stampcard.transport.contract import Sent

__all__ = ["World"]

_PHRASES: Final = Phrases(None)
_SLACK: Final = 1.0
"""Seconds: nothing lands in the last moment of a late window, nor of a call."""
_LONG: Final = 3_600.0
"""How late a call may land where it does not matter."""
_TWICE: Final = frozenset({Fault.TWICE, Fault.ECHO})
_HERE: Final = (NotAllowedError, ConflictError, UnknownOrderError)
"""What is refused before anything is sent."""


class Shop:
    """One journal and the tills on it."""

    def __init__(self, world: World, number: int, tills: int) -> None:
        self.machine = Machine(f"m{number}")
        self.journal = SimJournal(f"j{number}")
        self.tills = [SimTill(world, self.machine, self.journal, n) for n in range(tills)]


class Customer:
    """One visit while it happens."""

    __slots__ = ("asked", "called", "plan", "previous", "seen", "shop", "turn", "wish")

    def __init__(self, plan: Visit, shop: Shop) -> None:
        self.plan = plan
        self.shop = shop
        self.turn = 0
        self.called = self.asked = 0
        self.seen: AnyOrder | None = None
        self.previous: AnyOrder | None = None
        self.wish: tuple[AnyOrder | None, int] | None = None
        """What the last wish was made of: the order as it was held, and the luck."""


class World:
    """Run once: `World(plan, make).run()` returns what broke, or None."""

    def __init__(self, plan: Plan, make: Make, *, say: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.say = say
        self.tally = Tally(worlds=1, orders=len(plan.visits))
        self.timeline = Timeline()
        self.phrases = _PHRASES
        self.patience = plan.patience
        self._minted = 0
        self.healing = False
        self.scenario = make(Draw(plan.luck), self.timeline)
        self.network = Network(self.timeline, self.scenario.model, Draw(plan.luck, 1))
        self.network.away = list(plan.away)
        self.shops = [Shop(self, n, tills) for n, tills in enumerate(plan.tills[: self.scenario.shops])]
        self.adapter = self.shops[0].tills[0].adapter
        self._observes = "observe" in self.adapter.policies
        self.customers = {v.order_id: Customer(v, self.shops[v.shop % len(self.shops)]) for v in plan.visits}

    def run(self) -> Broken | None:
        """Everything happens, the world heals, and every promise is checked."""
        try:
            for customer in self.customers.values():
                self.timeline.at(customer.plan.at, lambda customer=customer: self._turn(customer))
            for moment, seconds in self.plan.restarts:
                self.timeline.at(moment, lambda seconds=seconds: self._restart(seconds))
            self.timeline.run()
            self._heal()
            self._check()
        except Broken as broken:
            return broken
        return None

    def mint(self) -> str:
        """A name nobody else has."""
        self._minted += 1
        return f"{self._minted:032x}"

    def _restart(self, seconds: float) -> None:
        self._tell("the provider restarts")
        self.tally.faults["provider restart"] += 1
        self.network.restart(seconds)
        self.scenario.restarted()

    # customers

    def _turn(self, customer: Customer) -> None:
        """The next move of this visit; the one after it comes when this has ended, or meanwhile."""
        moves = customer.plan.moves
        if customer.turn >= len(moves):
            return
        move = moves[customer.turn]
        till = customer.shop.tills[move.lane % len(customer.shop.tills)]
        if not till.alive:
            self.timeline.at(till.back_at + 0.001, lambda: self._turn(customer))
            return
        customer.turn += 1
        following = moves[customer.turn] if customer.turn < len(moves) else None
        if following is not None and following.overlap:
            self.timeline.after(following.wait, lambda: self._turn(customer))
        step, name = self._step(customer, move, till)
        if step is None:
            self._go_on(customer, following)
            return

        def ended(task: Task, result: object) -> None:
            self._ended(task, result)
            self._go_on(customer, following)

        self._tell(f"till {till.number + 1}: {name}", customer.plan.order_id)
        task = Task(
            till,
            step,
            customer.plan.order_id,
            name,
            ended,
            crash=move.crash,
            fault=move.fault,
            freeze=move.freeze,
            pace=move.pace,
        )
        task.begin()

    def _go_on(self, customer: Customer, following: Move | None) -> None:
        if following is not None and not following.overlap:
            self.timeline.after(following.wait, lambda: self._turn(customer))

    def _step(self, customer: Customer, move: Move, till: SimTill) -> tuple[Wish | None, str]:
        """What this move does, and its name."""
        order = self.look(till, customer.plan.order_id)
        if order is not None and (customer.seen is None or order.version != customer.seen.version):
            customer.previous, customer.seen = customer.seen, order
        luck = move.luck
        match move.kind:
            case Kind.PROVIDER:
                if order is not None:
                    self.scenario.provider_acts(order, Draw(luck))
                return None, ""
            case Kind.RECOVER:
                return (None, "") if order is None else (till.verbs.recover(order.id, within=move.within), "recover")
            case Kind.SWEEP:
                return recover_all(till.seat, till.adapters, limit=None, progress=None), "one pass of recovery"
            case Kind.REPEAT if customer.wish is not None:
                held, luck = customer.wish
                return self._wish(customer, till, held, luck), "the same again"
            case Kind.STALE if customer.previous is not None:
                return self._wish(customer, till, customer.previous, luck), "by somebody who holds an older order"
            case _:
                customer.wish = (order, luck)
                return self._wish(customer, till, order, luck), "the next step" if order else "a new order"

    def _wish(self, customer: Customer, till: SimTill, order: AnyOrder | None, luck: int) -> Wish | None:
        if order is None:
            return self.scenario.open(till.verbs, customer.plan.order_id, Draw(customer.plan.luck))
        if order.doubt is not None and Draw(luck, 1).chance(0.6):
            return till.verbs.recover(order.id, within=30.0)  # type: ignore[no-any-return]  # verbs are any provider's
        return self.scenario.next(till.verbs, order, Draw(luck))

    def look(self, till: SimTill, order_id: str) -> AnyOrder | None:
        """The order as its journal stands; None before it was opened."""
        step: do.Step[AnyOrder] = till.verbs.get(order_id)
        answer: Any = None
        try:
            while True:
                effect = step.send(answer)
                answer = till.perform(_NOBODY, effect)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # a generator's value is untyped
        except UnknownOrderError:
            return None

    # what tills report

    def departs(self, task: Task, effect: do.Send, question: bool) -> tuple[Fault | None, float]:
        """A call sets out: the fault it meets, and how late it may land. Raises Broken when nobody promised it."""
        provider, trigger = self.scenario.names(effect.request)
        self._flush(task, "none")
        if question:
            operation, window, order_id = trigger or "question", _LONG, task.order_id
            if operation in self.adapter.policies and provider == self.adapter.name and not self.scenario.asks(effect.request):
                if operation != "observe":
                    raise Broken("intent first", order_id, f"{operation} was sent as a question")
                task.cell = (operation, None)
        else:
            promise = task.till.journal.promises.get(effect.intent)
            owner = None if promise is None or promise.ownership is None else promise.ownership.owner
            over = task.till.monotonic() >= effect.hard_end  # too late: no byte will leave
            if promise is None or (owner != task.till.owner and not over):
                raise Broken("intent first", task.order_id, f"{trigger} left without a promise in the journal")
            task.sends += 1
            order_id, operation = promise.order_id, promise.trigger
            meant, looks = self.adapter.policies[operation], promise.code == PROBE
            # A late window is counted from the promise, whenever its call sets out.
            gone = (self.timeline() - promise.at).total_seconds()
            window = _LONG if looks or meant.repeat is Repeat.SAME_KEY else meant.late_window - gone - _SLACK
            operation = f"{operation}: look" if looks else operation
            task.cell = (operation, None)
        fault = self._fault(task, order_id)
        if fault in _TWICE and operation in self.scenario.not_twice:
            fault = None
        if task.cell is not None:
            task.cell = (operation, fault)
        if self.network.away and self.network.offline():
            self.tally.faults["offline"] += 1
        elif fault is not None:
            self.tally.faults[fault.value] += 1
        if self.say is not None:
            self._tell(f"{operation} is sent" + (f" and meets: {fault.value}" if fault else ""), order_id)
        return fault, window

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
        self._tell(f"{task.name}: frozen for {seconds:g} s ({point.value})", task.order_id)

    def wrote(self, task: Task, entries: tuple[Entry, ...]) -> None:
        """Entries are durable."""
        if self.say is not None:
            for entry in entries:
                why = f" ({entry.why})" if entry.why else ""
                self._tell(f"journal: {entry.kind} of {entry.trigger}, {entry.state}{why}", entry.order_id)

    def dies(self, task: Task) -> None:
        """The process of this step dies."""
        crash = task.crash or Crash(None)
        self.tally.crashes[task.phase.value] += 1
        if task.phase in (CrashPoint.EARLY, CrashPoint.PROMISED) and task.ahead:
            self._flush(task, "none")
            task.cell = (task.ahead, None)
        self._flush(task, task.phase.value)
        self._tell(f"till {task.till.number + 1} dies: {task.phase.value}", task.order_id)
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
        if task.is_sending():
            self.dies(task)

    def _flush(self, task: Task, crash: str) -> None:
        if task.cell is not None:
            operation, fault = task.cell
            self.tally.cells[self.adapter.name, operation, fault.value if fault else "none", crash] += 1
            task.cell = None

    def late_ended(self, task: Task, result: object) -> None:
        """A late reply has been written down, or could not be."""
        self._ended(task, result)

    def _ended(self, task: Task, result: object) -> None:
        """A step is over."""
        self._tell(f"{task.name}: {_told(result)}", task.order_id)
        if result is DIED:
            self._flush(task, "none")
            return
        self._flush(task, "none")
        if task.unwritten:
            raise Broken("no reply dropped", task.order_id, f"{task.name}: a reply was heard and is not in the journal")
        match result:
            case Order():
                self._kept(task, result)
                if result.replayed and task.sends:
                    raise Broken("nothing sent", task.order_id, f"{task.name}: replayed, and {task.sends} calls left")
            case StampcardError():
                pass
            case Exception():
                raise Broken("own errors", task.order_id, f"{task.name}: {result!r}") from result
            case _:
                pass

    def _kept(self, task: Task, order: AnyOrder) -> None:
        """What the caller was told is durable."""
        record = task.till.journal.load(order.id)
        entries = () if record is None else record.entries
        if len(entries) < order.version or (order.version and entries[order.version - 1].state != order.state):
            raise Broken("told is kept", order.id, f"{task.name}: told {order.state}, the journal does not say so")

    # the end

    def _heal(self) -> None:
        """Nothing goes wrong any more; everybody comes back, and whatever is in doubt is settled."""
        self._tell("the world heals")
        self.healing = True
        self.network.away = []
        self.network.down_until = 0.0
        self.timeline.run(until=self.timeline.now + _LONG + 1.0)
        for _ in range(2):
            for shop in self.shops:
                for order_id in shop.journal.order_ids:
                    self._settle(shop.tills[0], order_id)
        self.timeline.run()

    def _settle(self, till: SimTill, order_id: str) -> None:
        """With nothing in the way any more, its doubt is settled and its provider's word is heard."""
        order = self.look(till, order_id)
        if order is None:
            return
        verbs = till.verbs.within(60.0)
        if order.doubt is not None and not order.doubt.needs_human:
            told = self._done(till, order_id, "recover", verbs.recover(order_id, within=7_200.0))
            if isinstance(told, StampcardError) and not isinstance(told, NeedsHumanError):
                raise Broken("at rest", order_id, f"nothing is in the way any more, and it cannot be settled: {told!r}")
            order = self.look(till, order_id)
        if order is not None and order.doubt is None and self._observes and "observe" in order.allowed:
            self._done(till, order_id, "observe", verbs.observe(order))

    def _done(self, till: SimTill, order_id: str, name: str, step: Wish) -> object:
        """What this step comes to, once it has come to its end."""
        told: list[object] = []

        def ended(task: Task, result: object) -> None:
            told.append(result)
            self._ended(task, result)

        Task(till, step, order_id, name, ended).begin()
        self.timeline.run()
        return told[0] if told else None

    def _check(self) -> None:
        orders: list[AnyOrder] = []
        for shop in self.shops:
            doubted = set[str]()
            for order_id in shop.journal.order_ids:
                order = self._check_order(shop, order_id)
                orders.append(order)
                if order.doubt is not None:
                    doubted.add(order_id)
            listed = set(shop.journal.open_orders())
            if listed != doubted:
                odd = sorted(listed ^ doubted)
                raise Broken("open is found", odd[0], f"listed as open or in doubt, not both: {', '.join(odd)}")
        for sentence in self.scenario.model.unbalanced():
            raise Broken("balanced", "", sentence)
        for sentence in self.scenario.conserved(orders):
            raise Broken("conserved", "", sentence)

    def _check_order(self, shop: Shop, order_id: str) -> AnyOrder:
        record = shop.journal.load(order_id)
        order = self.look(shop.tills[0], order_id)
        if record is None or order is None:
            raise Broken("told is kept", order_id, "it is no longer in the journal")
        for promise, sentence in broken_history(record, self.adapter.lifecycle):
            raise Broken(promise, order_id, sentence)
        if bool(still_open(record)) != (order.doubt is not None):
            raise Broken("open is found", order_id, "the order's doubt is not what its history says is open")
        for way in recovered(record):
            self.tally.recoveries[way] += 1
        self.tally.states[str(order.state)] += 1
        if order.doubt is None:
            if not self.scenario.agrees(order):
                raise Broken("agreed", order_id, f"it is {order.state} here, and the provider holds another")
            return order
        said = next((o.why for o in fold(record).open if o.escalated is not None), None)
        if said is None or not order.doubt.check:
            raise Broken("at rest", order_id, f"{order.doubt.trigger} is still in doubt: {order.doubt.why}")
        reason = self.scenario.reason(order, said)
        if reason is None:
            raise Broken("at rest", order_id, f"handed to a person, and need not be: {said}")
        self.tally.escalations[reason] += 1
        return order

    def _tell(self, what: str, order_id: str = "") -> None:
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
        case _:
            return f"-> {result!r}"[:200]


_NOBODY: Any = None
"""A look belongs to no step."""
