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
every order is settled and engine and provider agree, or it was handed to a person. May live here: the rules and what
they promise. May not: a provider's name. Needs Hypothesis and pytest (the extra `testing`).
"""
# ruff: noqa: S101  a suite of tests speaks in asserts

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from stampcard.adapter import AnyAdapter
from stampcard.errors import NeedsHumanError, StampcardError
from stampcard.journal.fold import fold
from stampcard.journal.memory import MemoryJournal
from stampcard.model import AnyOrder, EntryKind, Site
from stampcard.testing.clock import Clock
from stampcard.testing.crash import Crash, Point, crash_at
from stampcard.testing.faults import Delay, Drop, Fault, Faults, Garbage, Late, Refuse, Status, Truncated, Twice, When
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

    model: the provider in memory. provider: the settings `till.use` takes, for the model's tenant. names: which trigger
    a request is for. unbalanced: sentences; the model's own unless you give another.
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
    """Seconds after which no call of this provider lands any more."""

    def start(self, clock: Clock) -> World:
        """A fresh world, on this clock."""
        raise NotImplementedError

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        """Fire the verb that opens an order, with any good or bad input you like to draw."""
        raise NotImplementedError

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        """Fire a later verb. trigger: of the lifecycle, allowed or not."""
        raise NotImplementedError

    def agrees(self, world: World, order: AnyOrder) -> bool:
        """Whether the provider holds of this settled order what the engine says."""
        raise NotImplementedError

    def provider_moves(self, world: World, order: AnyOrder, data: st.DataObject) -> None:
        """Whatever a provider does by itself to an order: approve it, deliver it. Nothing, unless you say."""

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        """Whether this order may end with a person. Every one may, unless you say."""
        return True

    def test_adapter_and_model_agree_whatever_goes_wrong(self) -> None:
        contract = self

        class Agreement(_Agreement):
            subject = contract

        run_state_machine_as_test(
            Agreement,
            settings=settings(
                max_examples=self.examples,
                stateful_step_count=self.steps,
                deadline=None,
                database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
                print_blob=True,
            ),
        )


class _Agreement(RuleBasedStateMachine):
    subject: ClassVar[ModelContract]
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.world = self.subject.start(self.clock)
        self.journal = MemoryJournal()
        self.faults = Faults()
        self.tills = [self._till(), self._till()]
        self.verbs: list[Any] = [till.use(self.world.provider) for till in self.tills]
        self.opened: dict[str, AnyOrder] = {}
        self.count = 0

    def _till(self) -> Till:
        wire = ModelTransport(self.world.model, self.faults, names=self.world.names, clock=self.clock)
        return Till(self.journal, site=self.world.site, clock=self.clock, transport=wire)

    def teardown(self) -> None:
        try:
            self.heal()
        finally:
            for till in self.tills:
                till.close()
            self.journal.close()

    # rules

    @rule(target=ids, data=st.data(), lane=st.integers(0, 1), which=st.integers(0, 1_000))
    def open(self, data: st.DataObject, lane: int, which: int) -> Any:
        """A new order."""
        self.count += 1
        order_id = f"A-{self.count:04}"
        self._try(which, lambda: self.subject.open(self.verbs[lane], order_id, data))
        if self._look(order_id) is None:
            return multiple()  # pyright: ignore[reportUnknownVariableType]  # hypothesis leaves it untyped
        return order_id

    @rule(order_id=ids, data=st.data(), lane=st.integers(0, 1), which=st.integers(0, 1_000), legal=st.booleans())
    def fire(self, order_id: str, data: st.DataObject, lane: int, which: int, legal: bool) -> None:
        """A later step: mostly one that is allowed."""
        order = self._look(order_id)
        if order is None:
            return
        triggers = sorted(order.allowed) if legal and order.allowed else sorted(self._adapter().policies)
        trigger = data.draw(st.sampled_from(triggers))
        self._try(which, lambda: self.subject.step(self.verbs[lane], order, trigger, data))

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
        assert self.world.books() == ()

    @invariant()
    def histories_are_whole(self) -> None:
        """Every ending has its promise, written before it."""
        for order_id in self.opened:
            record = self.journal.load(order_id)
            assert record is not None
            promised: set[str] = set()
            for entry in record.entries:
                if entry.kind is EntryKind.INTENT:
                    promised.add(entry.intent or "")
                elif entry.intent is not None:
                    assert entry.intent in promised, f"{entry.kind} of {order_id} without its promise"

    def heal(self) -> None:
        """Nothing goes wrong any more: every order comes to rest, and both sides say the same."""
        self.faults.clear()
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
            order = self._look(order_id)
            self._with_a_person(order_id, human)
            return
        assert order.doubt is None
        record = self.journal.load(order_id)
        assert record is not None
        assert not fold(record).open
        if "observe" in self._adapter().policies and "observe" in order.allowed:
            order = verbs.observe(order)
        assert self.subject.agrees(self.world, order), f"{order_id} is {order.state} here"

    def _with_a_person(self, order_id: str, human: NeedsHumanError) -> None:
        order = self._look(order_id)
        assert order is not None
        assert order.doubt is not None
        assert order.doubt.needs_human
        assert order.doubt.check
        assert self.subject.may_escalate(order, human), human

    # inside

    def _adapter(self) -> AnyAdapter:
        found: AnyAdapter = self.verbs[0]._adapter  # noqa: SLF001  the suite looks behind the verbs
        return found

    def _look(self, order_id: str) -> AnyOrder | None:
        try:
            order: AnyOrder = self.verbs[0].get(order_id)
        except StampcardError:
            return None
        self.opened[order_id] = order
        return order

    def _try(self, which: int, ask: Callable[[], Any]) -> None:
        """One call with something going wrong; whatever it says, it says in an error of ours."""
        fault = self.subject.faults[which % len(self.subject.faults)]
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
        finally:
            self.faults.clear()
