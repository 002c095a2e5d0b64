"""An adapter and its provider's model agree, whatever goes wrong between them: a state machine by Hypothesis.

    class TestBeanboxModel(ModelContract):
        def start(self, clock: Clock) -> World:
            model = BeanboxModel(clock)
            return World(model=model, provider=Beanbox(url="http://127.0.0.1", keys=KEYS), names=names)

        def open(self, verbs, order_id, data):
            return verbs.checkout(order_id, data.draw(st.sampled_from(BASKETS)), buyer=GUEST)

        def step(self, verbs, order, trigger, data):
            return getattr(verbs, trigger)(order, **ARGUMENTS.get(trigger, {}))

        def agrees(self, world, order) -> bool:
            return world.model.states(order.id)[-1:] == STATES[order.state]

Two tills on one journal open orders, fire what is allowed and what is not, lose replies, die, look, recover, and let
late requests land. After every rule the books balance and every ending has its promise. At the end the world is healed:
every order is settled and engine and provider agree, or it was handed to a person. A model whose books cannot tell that
something was taken twice proves nothing: see `adapters/ADDING_A_PROVIDER.md`. May live here: the rules and what they
promise. May not: a provider's name. Needs Hypothesis and pytest (the extra `testing`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from stampcard.adapter import AnyAdapter, Repeat
from stampcard.errors import NeedsHumanError, StampcardError
from stampcard.journal.contract import Record
from stampcard.journal.fold import fold
from stampcard.journal.memory import MemoryJournal
from stampcard.model import AnyOrder, Site
from stampcard.simulate.invariants import broken_history
from stampcard.testing._model_weather import WorldClock, WorldFaults
from stampcard.testing.clock import Clock
from stampcard.testing.crash import Crash, Point, crash_at
from stampcard.testing.faults import Delay, Drop, Fault, Garbage, Late, Refuse, Status, Truncated, Twice, When
from stampcard.testing.transport import ModelTransport, Names
from stampcard.till import Till

__all__ = ["FAULTS", "ModelContract", "World"]

FAULTS: Final[tuple[Fault | Point | None, ...]] = (
    None,
    None,
    None,
    Refuse(),
    Drop(When.BEFORE),
    Drop(When.AFTER),
    Delay(3_600.0),
    Delay(3_600.0, When.BEFORE),
    Late(),
    Late(after=1),
    Status(500),
    Status(503, When.AFTER),
    Status(429),
    Garbage(),
    Garbage(When.BEFORE),
    Truncated(5),
    Twice(),
    "intent",
    "sent",
    "read",
    "outcome",
)
"""What may go wrong with a call: a fault on the wire, or the point of the step at which the process dies."""


@attrs.define(kw_only=True)
class World:
    """One provider, one journal, two tills.

    model: the provider in memory. provider: the settings `till.use` takes, for the model's tenant. names: (provider,
    trigger) of a request; needed where a trigger's policy is not SAME_KEY, whose late window the suite keeps to.
    unbalanced: sentences; the model's own unless you give another.
    """

    model: Any
    provider: Any
    names: Names | None = None
    unbalanced: Callable[[], tuple[str, ...]] | None = None
    site: Site = attrs.field(factory=lambda: Site(store="999999"))

    def books(self) -> tuple[str, ...]:
        """What does not balance."""
        said: tuple[str, ...] = self.model.unbalanced() if self.unbalanced is None else self.unbalanced()
        return said


class ModelContract:
    """Subclass it as Test...; say `start`, `open`, `step` and `agrees`."""

    examples: ClassVar[int] = 60
    steps: ClassVar[int] = 25
    faults: ClassVar[tuple[Fault | Point | None, ...]] = FAULTS
    late_window: ClassVar[float] = 3_600.0
    """Seconds after which no call of this provider lands any more, not even one that may be repeated."""
    not_twice: ClassVar[frozenset[str]] = frozenset()
    """Triggers the provider itself does twice when the network delivers their request twice: no adapter can help that,
    so it is spared there. Say so in the provider's page."""

    def start(self, clock: Clock) -> World:
        """A fresh world, on this clock."""
        raise NotImplementedError("say which model, and which settings for it")

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        """Fire the verb that opens an order, with any good or bad input you like to draw."""
        raise NotImplementedError("say how an order is opened")

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        """Fire a later verb. trigger: of the lifecycle, allowed or not."""
        raise NotImplementedError("say how a later verb is fired")

    def agrees(self, world: World, order: AnyOrder) -> bool:
        """Whether the provider holds of this settled order what the engine says."""
        raise NotImplementedError("say when both sides hold the same")

    def provider_moves(self, world: World, order: AnyOrder, data: st.DataObject) -> None:
        """Whatever a provider does by itself to an order: approve it, deliver it. Nothing, unless you say."""

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        """Whether this order may end with a person. Every one may, unless you say: do say, or an adapter that gives
        every lost answer to a person passes."""
        return True

    def hypothesis_settings(self) -> settings:
        """For more than the numbers: `settings(super().hypothesis_settings(), derandomize=True)`."""
        return settings(
            max_examples=self.examples,
            stateful_step_count=self.steps,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            print_blob=True,
        )

    def test_adapter_and_model_agree_whatever_goes_wrong(self) -> None:
        contract = self

        class Agreement(_Agreement):
            subject = contract

        run_state_machine_as_test(Agreement, settings=self.hypothesis_settings())


class _Agreement(RuleBasedStateMachine):
    subject: ClassVar[ModelContract]
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.clock = WorldClock()
        self.world = self.subject.start(self.clock)
        self.journal = MemoryJournal()
        self.faults = WorldFaults(self.clock, self._window, self.subject.not_twice)
        self.broken = False
        self.tills = [self._till(), self._till()]
        self.verbs: list[Any] = [till.use(self.world.provider) for till in self.tills]
        self.opened: dict[str, AnyOrder] = {}
        self.count = 0

    def _till(self) -> Till:
        wire = ModelTransport(self.world.model, self.faults, names=self.world.names, clock=self.clock)
        return Till(self.journal, site=self.world.site, clock=self.clock, transport=wire)

    def teardown(self) -> None:
        try:
            if not self.broken:  # else the first failure would be hidden behind a second
                self.heal()
        finally:
            for till in self.tills:
                till.close()
            self.journal.close()

    # rules

    @rule(target=ids, data=st.data(), lane=st.integers(0, 1), which=st.integers(0, 1_000), far=st.integers(0, 3))
    def open(self, data: st.DataObject, lane: int, which: int, far: int) -> Any:
        """A new order; some way on nothing goes wrong, so that later steps are tried as often as the first."""
        self.count += 1
        order_id = f"A-{self.count:04}"
        self._try(which if not far else 0, lambda: self.subject.open(self.verbs[lane], order_id, data))
        for left in range(far, 0, -1):
            self._fire(order_id, "ahead", data, lane, which if left == 1 else 0)
        if self._look(order_id) is None:
            return multiple()  # pyright: ignore[reportUnknownVariableType]  # hypothesis leaves it untyped
        return order_id

    @rule(
        order_id=ids,
        data=st.data(),
        lane=st.integers(0, 1),
        which=st.integers(0, 1_000),
        how=st.sampled_from(["ahead", "ahead", "allowed", "any"]),
    )
    def fire(self, order_id: str, data: st.DataObject, lane: int, which: int, how: str) -> None:
        """A later step: mostly one that leads on."""
        self._fire(order_id, how, data, lane, which)

    def _fire(self, order_id: str, how: str, data: st.DataObject, lane: int, which: int) -> None:
        order = self._look(order_id)
        if order is None:
            return
        triggers = sorted(self._adapter().policies)
        if how != "any" and order.allowed:
            triggers = sorted(order.allowed)
        if how == "ahead":
            triggers = [t for t in triggers if self._leads_on(str(order.state), t)] or triggers
        trigger = data.draw(st.sampled_from(triggers))
        self._try(which, lambda: self.subject.step(self.verbs[lane], order, trigger, data))

    def _leads_on(self, state: str, trigger: str) -> bool:
        """Whether it asks the provider, undoes nothing, and may leave this state."""
        row = self._adapter().lifecycle.row(state, trigger)
        return (
            row is not None
            and row.calls_provider
            and not row.reverses
            and any(str(d) != state for d in row.destinations)
        )

    @rule(order_id=ids, data=st.data(), lane=st.integers(0, 1), which=st.integers(0, 1_000))
    def repeat(self, order_id: str, data: st.DataObject, lane: int, which: int) -> None:
        """The opening verb again, with the same id and whatever input."""
        self._try(which, lambda: self.subject.open(self.verbs[lane], order_id, data))

    @rule(order_id=ids, lane=st.integers(0, 1), which=st.integers(0, 1_000), within=st.sampled_from([0.0, 5.0, 600.0]))
    def recover(self, order_id: str, lane: int, which: int, within: float) -> None:
        """Settle it, if it can be."""
        self._try(which, lambda: self.verbs[lane].recover(order_id, within=within))

    @rule(seconds=st.sampled_from([1.0, 30.0, 130.0, 2_000.0]))
    def time_passes(self, seconds: float) -> None:
        """Nothing happens for a while."""
        self.clock.pass_(seconds=seconds)

    @rule()
    def late_ones_land(self) -> None:
        """What was given up arrives after all."""
        self.faults.land()

    @rule(order_id=ids, data=st.data())
    def provider_acts(self, order_id: str, data: st.DataObject) -> None:
        """The provider goes on by itself."""
        order = self._look(order_id)
        if order is not None:
            self.subject.provider_moves(self.world, order, data)

    # what has to hold

    @invariant()
    def books_balance(self) -> None:
        """Whatever happened."""
        said = self.world.books()
        self._holds(not said, f"the provider's books do not balance: {'; '.join(said)}")

    @invariant()
    def histories_are_whole(self) -> None:
        """Every ending has its promise, written before it; every move is an edge; a reversal leaves nothing open."""
        for order_id in self.opened:
            for promise, what in broken_history(self._record(order_id), self._adapter().lifecycle):
                self._holds(False, f"{promise}: {what}", order_id)

    def heal(self) -> None:
        """Nothing goes wrong any more: every order comes to rest, and both sides say the same.

        Somebody is impatient first: what is late lands after he has tried to settle it.
        """
        self.faults.clear()
        for order_id in self.opened:
            self._try(0, partial(self.verbs[1].recover, order_id, within=0.0))
        self.faults.land()
        self.clock.pass_(seconds=self.subject.late_window + 1)
        for _ in range(2):
            for order_id in self.opened:
                self._settle(order_id)
            self.faults.land()
        self.books_balance()
        self.histories_are_whole()

    def _settle(self, order_id: str) -> None:
        verbs = self.verbs[0]
        try:
            order = verbs.recover(order_id, within=7_200.0)
        except NeedsHumanError as human:
            self._with_a_person(order_id, human)
            return
        except StampcardError as error:
            self._holds(False, f"with nothing in the way any more it cannot be settled: {error!r}", order_id)
            raise
        self._holds(order.doubt is None and not fold(self._record(order_id)).open, "settled, but in doubt", order_id)
        if "observe" in self._adapter().policies and "observe" in order.allowed:
            order = verbs.observe(order)
        agreed = self.subject.agrees(self.world, order)
        self._holds(agreed, f"it is {order.state} here, and `agrees` says that the provider holds another", order_id)

    def _with_a_person(self, order_id: str, human: NeedsHumanError) -> None:
        order = self._look(order_id)
        doubt = None if order is None else order.doubt
        told = doubt is not None and doubt.needs_human and bool(doubt.check)
        self._holds(told, "handed to a person who is not told what to look at", order_id)
        may = order is not None and self.subject.may_escalate(order, human)
        self._holds(may, f"handed to a person, and `may_escalate` says it may not be: {human!r}", order_id)

    def _holds(self, fine: bool, what: str, order_id: str | None = None) -> None:
        if fine:
            return
        self.broken = True
        story = "" if order_id is None else f" Order {order_id}:\n{self._story(order_id)}"
        raise AssertionError(f"{what}.{story}")

    def _story(self, order_id: str) -> str:
        """The order's history, a line an entry: what a failure is understood by."""
        entries = self._record(order_id).entries
        said = [f"  {e.version} {e.trigger} {e.kind} -> {e.state} {e.code or ''} {e.why or ''}" for e in entries]
        return "\n".join(line.rstrip() for line in said)

    def _record(self, order_id: str) -> Record:
        record = self.journal.load(order_id)
        if record is None:
            raise AssertionError(f"order {order_id} is no longer in the journal")
        return record

    # inside

    def _adapter(self) -> AnyAdapter:
        found: AnyAdapter = self.verbs[0]._adapter  # noqa: SLF001  the suite looks behind the verbs
        return found

    def _window(self, trigger: str | None) -> float:
        """Seconds after which a call lands no more, where that matters; a call nobody named is taken for the worst."""
        waits = {t: p.late_window for t, p in self._adapter().policies.items() if p.repeat is not Repeat.SAME_KEY}
        if trigger is None:
            return min(waits.values(), default=float("inf"))
        return waits.get(trigger, float("inf"))

    def _look(self, order_id: str) -> AnyOrder | None:
        try:
            order: AnyOrder = self.verbs[0].get(order_id)
        except StampcardError:
            return None
        self.opened[order_id] = order
        return order

    def _try(self, which: int, ask: Callable[[], Any]) -> None:
        """One call, every other one with something going wrong; whatever it says, it says in an error of ours."""
        fault = self.subject.faults[which // 2 % len(self.subject.faults)] if which % 2 else None
        try:
            if isinstance(fault, str):
                with crash_at(fault):
                    ask()
            else:
                if fault is not None:
                    self.faults.next(fault)
                ask()
        except (StampcardError, Crash):
            pass
        except Exception:
            self.broken = True
            raise
        finally:
            self.faults.clear()
