"""One world: a provider, shops with tills, customers, weather; it runs, it is healed, and every promise is checked.

May live here: what happens, and the judgement at the end. May not: what is promised (`invariants`), what the world is
going to be (`plan`), what is watched on the way (`reports`), a provider's name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import attrs

from stampcard.adapter import Repeat
from stampcard.errors import NeedsHumanError, StampcardError, UnknownOrderError
from stampcard.journal.codec import unpack
from stampcard.journal.contract import Record
from stampcard.journal.fold import fold
from stampcard.journal.queue import QUEUED
from stampcard.journal.reversals import REVERSED
from stampcard.model import AnyOrder
from stampcard.phrases import Phrases
from stampcard.simulate.cells import LOOK
from stampcard.simulate.chance import Draw
from stampcard.simulate.invariants import (
    broken_history,
    broken_payment,
    misplaced_money,
    never_looked_at,
    still_open,
    still_waiting,
)
from stampcard.simulate.network import Network
from stampcard.simulate.plan import Kind, Move, Plan
from stampcard.simulate.reports import Reports
from stampcard.simulate.scenario import Make, Wish
from stampcard.simulate.shop import Customer, Shop
from stampcard.simulate.tally import Tally, recovered
from stampcard.simulate.task import Broken, Task
from stampcard.simulate.terminal import SimTerminal
from stampcard.simulate.till import SimTill
from stampcard.simulate.timeline import Timeline
from stampcard.step import effects as do
from stampcard.step.rounds import recover_all
from stampcard.step.view import given_up
from stampcard.step.watch import PAYMENT

__all__ = ["World"]

_PHRASES: Final = Phrases(None)
_PASSES: Final = 40
_BETWEEN_PASSES: Final = 121.0
"""Seconds; together longer than a late window, and than a look that shows nothing is repeated."""
_HEALED: Final = 3_601.0
"""Seconds after which nothing is on its way any more."""


class World(Reports):
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
        self.terminal = SimTerminal(self, Draw(plan.luck, 2))
        self.shops = [Shop(self, n, tills) for n, tills in enumerate(plan.tills[: self.scenario.shops])]
        self.adapter = self.shops[0].tills[0].adapter
        self.tally.modes[self.scenario.mode] = len(plan.visits)
        self._observes = "observe" in self.adapter.policies
        self._harmless = frozenset(name for name, policy in self.adapter.policies.items() if policy.effectless)
        self.customers = {v.order_id: Customer(v, self.shops[v.shop % len(self.shops)]) for v in plan.visits}

    def run(self) -> Broken | None:
        """Everything happens, the world heals, and every promise is checked."""
        try:
            for customer in self.customers.values():
                self.timeline.at(customer.plan.at, partial(self._turn, customer))
            for moment, seconds in self.plan.restarts:
                self.timeline.at(moment, partial(self._restart, seconds))
            self.timeline.run()
            self._heal()
            self._check()
        except Broken as broken:
            return broken
        return None

    def close(self) -> None:
        """Let go of everything: a world is a ring of references, which stays until memory is swept."""
        for shop in self.shops:
            shop.journal.close()
            for till in shop.tills:
                vars(till).clear()
        vars(self).clear()

    @property
    def operations(self) -> dict[str, float]:
        """What the provider is called for; and what recovery asks it, where it looks before it sends again.

        With how often the first calls of each meet trouble.
        """
        policies, shares = self.adapter.policies, self.scenario.quiet
        looks = [name + LOOK for name, policy in policies.items() if policy.repeat is Repeat.PROBE_FIRST]
        return {name: shares.get(name, 1.0) for name in sorted([*policies, *looks])}

    def mint(self) -> str:
        """A name nobody else has."""
        self._minted += 1
        return f"{self._minted:032x}"

    def may_wait(self, till: int) -> bool:
        """Whether that till has the scenario's offline policy."""
        return Draw(self.plan.luck, 40 + till).chance(0.5)

    def _restart(self, seconds: float) -> None:
        self.tell("the provider restarts")
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
            self.timeline.at(till.back_at + 0.001, partial(self._turn, customer))
            return
        customer.turn += 1
        following = moves[customer.turn] if customer.turn < len(moves) else None
        if following is not None and following.overlap:
            self.timeline.after(following.wait, partial(self._turn, customer))
        step, name = self._step(customer, move, till)
        if step is None:
            self._go_on(customer, following)
            return

        def ended(task: Task, result: object) -> None:
            self.ended(task, result)
            self._go_on(customer, following)

        self.tell(f"till {till.number + 1}: {name}", customer.plan.order_id)
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
            self.timeline.after(following.wait, partial(self._turn, customer))

    def _step(self, customer: Customer, move: Move, till: SimTill) -> tuple[Wish | None, str]:
        """What this move does, and its name."""
        order = self._seen(customer, till)
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

    def _seen(self, customer: Customer, till: SimTill) -> AnyOrder | None:
        """The order as it stands; looked at anew only when it can have changed (a doubt's clock goes on by itself)."""
        record, seen = till.journal.load(customer.plan.order_id), customer.seen
        if record is None or (seen is not None and seen.version == record.version and not _running(seen)):
            return seen
        order = self.look(till, customer.plan.order_id)
        if order is not None and (seen is None or order.version != seen.version):
            customer.previous, customer.seen = seen, order
        return order

    def _wish(self, customer: Customer, till: SimTill, order: AnyOrder | None, luck: int) -> Wish | None:
        if order is None:
            return self.scenario.open(till.verbs, customer.plan.order_id, Draw(customer.plan.luck))
        if order.doubt is not None and Draw(luck, 1).chance(0.6):
            if order.doubt.needs_human and Draw(luck, 2).chance(0.9):
                return None  # they have been told so, and wait for that person
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

    # the end

    def _heal(self) -> None:
        """Nothing goes wrong any more; everybody comes back, and whatever is in doubt is settled."""
        self.tell("the world heals")
        self.healing = True
        self.network.away = []
        self.network.down_until = 0.0
        self.timeline.run(until=self.timeline.now + _HEALED)
        for _ in range(2):
            for shop in self.shops:
                for order_id in shop.journal.order_ids:
                    self._settle(shop.tills[0], order_id)
            for shop in self.shops:
                self._drain(shop)
        for shop in self.shops:
            self._watch(shop)
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

    def _drain(self, shop: Shop) -> None:
        """Passes of recovery until nothing more is sent of what waits."""
        for _ in range(_PASSES):
            waits, before = shop.journal.watched(QUEUED), len(shop.journal.changes(limit=10**9))
            if not waits:
                return
            till = shop.tills[0]
            sweep = recover_all(till.seat, till.adapters, limit=None, progress=None)
            self._done(till, waits[0], "one pass of recovery", sweep)
            self.timeline.run(until=self.timeline.now + _BETWEEN_PASSES)
            if len(shop.journal.changes(limit=10**9)) == before and shop.journal.watched(QUEUED) == waits:
                return

    def _watch(self, shop: Shop) -> None:
        """Passes of recovery until nothing is watched any more after a reversal from doubt."""
        for _ in range(_PASSES):
            watched = self._watched(shop)
            if not watched:
                return
            till = shop.tills[0]
            sweep = recover_all(till.seat, till.adapters, limit=None, progress=None)
            self._done(till, watched[0], "one pass of recovery", sweep)
            self.timeline.run(until=self.timeline.now + _BETWEEN_PASSES)
        if self._watched(shop):
            raise Broken("watched", self._watched(shop)[0], "nothing is in the way, and it is watched still")

    def _watched(self, shop: Shop) -> tuple[str, ...]:
        """Reversals from doubt, and sales somebody pays that are not with a person."""
        paid = ((one, self.look(shop.tills[0], one)) for one in shop.journal.watched(PAYMENT))
        waits = (one for one, order in paid if order is None or not _with_person(order))
        return (*shop.journal.watched(REVERSED), *waits)

    def _done(self, till: SimTill, order_id: str, name: str, step: Wish) -> object:
        """What this step comes to, once it has come to its end."""
        told: list[object] = []

        def ended(task: Task, result: object) -> None:
            told.append(result)
            self.ended(task, result)

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
        for promise, sentence in (*broken_history(record, self.adapter.lifecycle), *broken_payment(record)):
            raise Broken(promise, order_id, sentence)
        for sentence in never_looked_at(record, self.adapter.lifecycle, self._harmless):
            raise Broken("watched", order_id, sentence)
        for sentence in misplaced_money(order, self.terminal.held(order_id)):
            raise Broken("money", order_id, sentence)
        if _standing(record) != _standing(attrs.evolve(record)):
            raise Broken("whole history", order_id, "its fold, grown entry by entry, is not the fold of its history")
        if bool(still_open(record)) != (order.doubt is not None):
            raise Broken("open is found", order_id, "the order's doubt is not what its history says is open")
        if still_waiting(record) != order.queued:
            raise Broken("queued", order_id, f"{still_waiting(record)} waits, and the order says {order.queued}")
        for way in recovered(record):
            self.tally.recoveries[way] += 1
        self.tally.states[str(order.state)] += 1
        asked = next((o.escalated for o in fold(record).queued if o.escalated is not None), None)
        if order.doubt is None:
            if not self.scenario.agrees(order):
                raise Broken("agreed", order_id, f"it is {order.state} here, and the provider holds another")
            if not order.queued:
                return order
            if asked is None:
                waits = ", ".join(order.queued)
                raise Broken("queued", order_id, f"nothing is in the way, and it waits still: {waits}")
        told = None if asked is None else str(unpack(asked.body).get("reason"))
        said = next((given_up(o)[0] for o in fold(record).open if o.escalated is not None), told)
        if said is None or (order.doubt is not None and not order.doubt.check):
            raise Broken("at rest", order_id, f"it is still in doubt: {order.doubt}")
        reason = self.scenario.reason(order, said)
        if reason is None:
            raise Broken("at rest", order_id, f"handed to a person, and need not be: {said}")
        self.tally.escalations[reason] += 1
        self.tally.handed[self.scenario.mode] += 1
        return order


def _standing(record: Record) -> tuple[object, ...]:
    standing = fold(record)
    return standing.state, standing.open, standing.intents, standing.endings, standing.facts_at


def _with_person(order: AnyOrder) -> bool:
    """At rest: what waits is with a person then, or the world is broken ("queued")."""
    return bool(order.queued) or (order.doubt is not None and order.doubt.needs_human)


def _running(order: AnyOrder) -> bool:
    return order.doubt is not None and order.doubt.running


_NOBODY: Any = None
"""A look belongs to no step."""
