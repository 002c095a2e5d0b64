"""One sandbox, one journal, two tills on it, and what has to hold after whatever they did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs
from tests.agreement.witness import TRIGGER, Books, Watched, Witness

from stampcard.errors import (
    ConflictError,
    DeclinedError,
    InDoubtError,
    NeedsHumanError,
    NotAllowedError,
    StampcardError,
    UnavailableError,
    UnknownOrderError,
)
from stampcard.journal import Journal
from stampcard.journal.contract import Record
from stampcard.lifecycles import PURCHASE
from stampcard.model import (
    GUEST,
    Basket,
    Entry,
    EntryKind,
    Line,
    Modifier,
    Money,
    Order,
    Reward,
    Site,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.simulate import broken_history, still_open
from stampcard.testing import Clock, Crash, Faults, ModelTransport, crash_at
from stampcard.testing.faults import Fault
from stampcard.till import AsyncTill, Till
from stampcard_adapters.sandbox.spendgo import Switches
from stampcard_adapters.sandbox.spendgo.switches import Repeat
from stampcard_adapters.testing import STORE, Sandbox

STAGE = {trigger: stage for stage, trigger in TRIGGER.items()}
LOCAL = (NotAllowedError, ConflictError, UnknownOrderError)
SITE = Site(store=STORE)


def usd(amount: str) -> Money:
    return Money(amount, "USD")


def _basket(line: Line, subtotal: str, total: str, **parts: str) -> Basket:
    amounts = {name: usd(amount) for name, amount in parts.items()}
    return Basket(lines=(line,), totals=Totals(subtotal=usd(subtotal), total=usd(total), **amounts))


_CHEESE = Modifier(label="cheese", price=usd("0.50"))
BASKETS = (
    _basket(Line(label="Turkey", price=usd("12.50"), quantity=4, modifiers=(_CHEESE,)), "52", "56.68", tax="4.68"),
    _basket(Line(label="Soup", price=usd("9.99"), quantity=2), "19.98", "19.98"),
    _basket(Line(label="Platter", price=usd("84.01")), "84.01", "85.01", tax="5", discount="4"),
)
WRONG_BASKET = _basket(Line(label="Soup", price=usd("9.99"), quantity=2), "19.98", "19.99")


def cash(amount: Money) -> tuple[Tender, ...]:
    return (Tender(kind=TenderKind.CASH, amount=amount),)


class Lane:
    """One till's verbs, blocking whichever till it is."""

    def __init__(self, till: Till | AsyncTill, provider: Any, loop: asyncio.AbstractEventLoop | None) -> None:
        self.till = till
        self._loop = loop
        self.verbs: Any = till.use(provider)

    def __call__(self, ask: Callable[[Any], Any]) -> Any:
        made = ask(self.verbs)
        return made if self._loop is None else self._loop.run_until_complete(made)

    def in_doubt(self) -> set[str]:
        made: Any = self.till.in_doubt()
        found = made if self._loop is None else self._loop.run_until_complete(made)
        return {order.id for order in found}

    def close(self) -> None:
        if isinstance(self.till, Till):
            self.till.close()
        elif self._loop is not None:
            self._loop.run_until_complete(self.till.aclose())


@attrs.frozen
class Told:
    """What one call came to. said: the order, the error, or None after a crash."""

    said: Any
    sent: int
    effects: int


class World:
    """See the module."""

    def __init__(self, journal: Journal, *, asynchronous: bool = False, repeat: Repeat = "replayed") -> None:
        self.repeat = repeat
        self.clock = Clock()
        self.sandbox = Sandbox(clock=self.clock, switches=Switches(repeat=repeat))
        self.model = self.sandbox.spendgo.model
        self.journal = journal
        self.faults: Faults = self.sandbox.faults
        self.witness = Witness(self.model)
        self.member, self.shopper = self.sandbox.spendgo.member, self.sandbox.spendgo.shopper
        self.model.give(self.member.id, label="10% off", value=10, kind="discount", min_spend=15, quantity=2)
        names = self.sandbox.transport()._names
        self.wire = Watched(ModelTransport(self.witness, self.faults, names=names, clock=self.clock), journal)
        self._loop = asyncio.new_event_loop() if asynchronous else None
        provider = self.sandbox.spendgo.provider(repeat=repeat)
        self.lanes = tuple(Lane(self._till(), provider, self._loop) for _ in range(2))
        self.listed: dict[str, tuple[Reward, ...]] = {}
        self.list_rewards(self.lanes[0])
        offers = tuple({r.id for rewards in self.listed.values() for r in rewards if not r.spends_points})
        self._scope = ((self.member.id, self.shopper.id), offers)
        self.opening = Books.of(self.model, *self._scope)
        self.orders: dict[str, list[Order[Any, Any]]] = {}
        """Every value of an order a till has shown, oldest first."""

    def _till(self) -> Till | AsyncTill:
        kind: Any = Till if self._loop is None else AsyncTill
        return kind(self.journal, site=SITE, clock=self.clock, transport=self.wire)

    def list_rewards(self, lane: Lane) -> None:
        for buyer in (self.member, self.shopper):
            self.listed[buyer.id] = lane(lambda verbs, buyer=buyer: verbs.rewards(buyer))

    def close(self) -> None:
        for lane in self.lanes:
            lane.close()
        self.journal.close()
        if self._loop is not None:
            self._loop.close()

    # asking

    def order(self, order_id: str) -> Order[Any, Any] | None:
        """The order now, or None when it was never opened."""
        try:
            found: Order[Any, Any] = self.lanes[0](lambda verbs: verbs.get(order_id))
        except UnknownOrderError:
            return None
        seen = self.orders.setdefault(order_id, [])
        if not seen or seen[-1].version != found.version:
            seen.append(found)
        return found

    def latest(self, order_id: str) -> Order[Any, Any]:
        """As it was shown last: `check` looks at every order after every rule."""
        return self.orders[order_id][-1]

    def call(self, lane: int, ask: Callable[[Any], Any], fault: Fault | str | None = None) -> Told:
        """One verb, with something going wrong: a fault, or the point at which the process dies."""
        sent, effects = self.wire.sent, len(self.witness.effects)
        said: Any = None
        try:
            if isinstance(fault, str):
                with crash_at(fault):  # type: ignore[arg-type]  (drawn from the points themselves)
                    said = self.lanes[lane](ask)
            else:
                if fault is not None:
                    self.faults.next(fault)
                said = self.lanes[lane](ask)
        except StampcardError as error:
            said = error
        except Crash:
            pass
        self.faults.clear()
        return Told(said, self.wire.sent - sent, len(self.witness.effects) - effects)

    # what has to hold

    def check_family(self, trigger: str, order_id: str, told: Told) -> None:
        """The answer is a member of the right family, and tells the truth about the provider."""
        match told.said:
            case Order(replayed=True):
                assert told.sent == 0
            case Order() as order:
                assert order.doubt is None
                assert trigger == "abandon" or self.model.states(order_id)[-1] == STAGE[trigger]
            case NotAllowedError() | ConflictError() | UnknownOrderError():
                assert told.sent == 0, told.said
            case UnavailableError() | DeclinedError():  # a checkout that is refused, or lost, was still looked at
                assert told.effects == 0 or trigger == "checkout", told.said
            case InDoubtError():
                now = self.order(order_id)
                assert now is not None
                assert now.doubt is not None, told.said
            case None:
                pass
            case other:
                raise AssertionError(f"{trigger}: {type(other).__name__} is of no family") from other
        assert not isinstance(told.said, StampcardError) or told.said.order_id in (None, order_id)

    def check_allowed(self, trigger: str, before: Order[Any, Any], told: Told) -> None:
        """`order.allowed` was truthful: good input, nothing going wrong, an order as fresh as can be."""
        said = told.said
        if trigger not in before.allowed:
            assert told.sent == 0
            assert isinstance(said, (*LOCAL, InDoubtError)) or said.replayed, (trigger, before.state, said)
        elif trigger in ("complete", "void", "refund", "abandon"):
            assert isinstance(said, Order), (trigger, before, said)
        else:
            assert isinstance(said, Order | DeclinedError), (trigger, before, said)

    def check(self) -> None:
        """Engine and sandbox agree, books balance, nothing was sent unpromised, histories have no hole."""
        assert self.wire.unpromised == []
        assert self.sandbox.unbalanced() == ()
        assert Books.of(self.model, *self._scope) == self.witness.expected(self.opening)
        doubted = set[str]()
        for order_id in self.known():
            order = self.order(order_id)
            assert order is not None
            if order.doubt is not None:
                doubted.add(order_id)
            record = self.journal.load(order_id)
            assert record is not None
            assert len(record.entries) == order.version
            assert list(broken_history(record, PURCHASE)) == []
            assert bool(still_open(record)) == (order.doubt is not None)
            states = self.model.states(order_id)
            assert (states[-1] if states else "") in self.possible(order, record), (order, states)
        positions = [entry.position for entry in self.journal.changes(limit=100_000)]
        assert positions == sorted(set(positions))
        assert self.lanes[1].in_doubt() == doubted

    def known(self) -> tuple[str, ...]:
        return tuple(sorted({entry.order_id for entry in self.journal.changes(limit=100_000)}))

    def possible(self, order: Order[Any, Any], record: Record) -> set[str]:
        """The provider's states the engine's word leaves open; "" is an order never seen."""
        state = str(order.state)
        now = {"", "checkout"} if state in ("new", "abandoned") else {PROVIDER[state]}
        for promise in still_open(record).values():
            now.add(STAGE[promise.trigger])
        return now

    # the end of the day

    def heal(self) -> None:
        """Every order is settled, or handed to a person for a reason the design names; late requests change nothing."""
        for _ in range(2):
            self.clock.pass_(minutes=5)
            for order_id in self.known():
                try:
                    settled = self.lanes[0](lambda verbs, order_id=order_id: verbs.recover(order_id, within=120))
                    assert settled.doubt is None
                except NeedsHumanError as human:
                    self.check_human(order_id, human)
            self.check()
            self.faults.land()
            self.check()

    def check_human(self, order_id: str, human: NeedsHumanError) -> None:
        order = self.order(order_id)
        assert order is not None
        assert order.doubt is not None
        assert order.doubt.needs_human
        many = "no clear answer" in human.detail
        # The reward went to another order before this step was sent again: a no to a repeat is not believed alone.
        reward_gone = order.doubt.trigger in ("place", "bill") and order.facts.reward is not None
        other = self.repeat != "replayed" and "a repeat" in human.detail
        assert many or reward_gone or other, human


PROVIDER = {str(state): STAGE[row.trigger] for row in PURCHASE.rows if row.calls_provider for state in row.destinations}


def last_firing(entries: tuple[Entry, ...], command_id: str) -> tuple[Entry | None, Entry | None]:
    """The last intent of a command id, and what concluded it."""
    intents = [e for e in entries if e.kind is EntryKind.INTENT and e.command_id == command_id]
    if not intents:
        return None, None
    ending = next((e for e in entries if intents[-1].intent in e.closes), None)
    return intents[-1], ending


__all__ = ["BASKETS", "GUEST", "WRONG_BASKET", "Lane", "Told", "World", "cash", "last_firing", "usd"]
