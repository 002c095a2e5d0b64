"""Engine and sandbox agree, whatever two tills do and whatever the network does to them.

Random legal and illegal commands run through `Till`, the adapter and the sandbox in process; replies are lost, late
and doubled, processes die. After every rule the two sides are compared; at the end the world heals, and every order is
settled or handed to a person for a reason the design names. HYPOTHESIS_PROFILE=dev draws other runs each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.agreement.world import BASKETS, GUEST, WRONG_BASKET, Told, World, cash, last_firing, usd

from stampcard.errors import ConflictError, DeclinedError, InDoubtError
from stampcard.journal.memory import MemoryJournal
from stampcard.journal.sqlite import SqliteJournal
from stampcard.model import EntryKind, Money, Order, Totals
from stampcard.testing import Delay, Drop, Garbage, Late, Refuse, Status, Truncated, Twice, When
from stampcard_adapters.sandbox.spendgo.switches import Repeat

LANES = st.integers(0, 1)
POINTS = ("intent", "sent", "read", "outcome")
LOST = (Drop(When.AFTER), Drop(When.BEFORE), Late(), Status(503, When.AFTER), Garbage(When.AFTER), Truncated(9))
OTHER = (
    Refuse(),
    Twice(),
    Delay(1),
    Delay(60),
    Delay(60, When.BEFORE),
    Status(500),
    Status(408, When.AFTER),
    Status(429),
    Status(302, When.AFTER),
    Status(404, body=b"<h1>not here"),
    Garbage(When.BEFORE),
)
FAULTS = st.one_of(st.none(), st.none(), st.sampled_from(LOST), st.sampled_from(OTHER), st.sampled_from(POINTS))
TRIGGERS = ("checkout", "place", "bill", "complete", "void", "refund", "abandon")


@attrs.frozen
class Call:
    """One verb as it was called: can be called again, the same or changed. good: every guard lets it through."""

    trigger: str
    order_id: str
    arguments: dict[str, Any]
    order: Any
    good: bool = True

    def ask(self, verbs: Any, **more: Any) -> Any:
        return getattr(verbs, self.trigger)(self.order, **self.arguments, **more)

    def changed(self) -> Call:
        """The same command with other input."""
        arguments = dict(self.arguments)
        if self.trigger == "checkout":
            arguments["basket"] = next(b for b in BASKETS if b != arguments["basket"])
        elif self.trigger in ("place", "bill"):
            arguments["tenders"] = cash(usd("0.07"))
        else:
            return attrs.evolve(self, trigger="void" if self.trigger != "void" else "refund")
        return attrs.evolve(self, arguments=arguments)


def checkout(world: World, order_id: str, order: Any, draw: st.DataObject) -> Call:
    """Any buyer, any basket, any of the rewards some till once listed."""
    buyer = draw.draw(st.sampled_from((world.member, world.shopper, GUEST)), label="buyer")
    rewards = (*world.listed[world.member.id], *world.listed[world.shopper.id])
    fitting = tuple(r for r in rewards if buyer is not GUEST and r.member_id == buyer.id)
    reward = draw.draw(st.sampled_from((None, *fitting * 3, *rewards)), label="reward")
    basket = draw.draw(st.sampled_from((*BASKETS, *BASKETS, WRONG_BASKET)), label="basket")
    arguments: dict[str, Any] = {"basket": basket, "buyer": buyer, "reward": reward}
    if reward is not None and reward.spends_points and draw.draw(st.booleans(), label="less"):
        arguments["projected"] = usd("11")
    two = reward is not None and draw.draw(st.integers(0, 9), label="two rewards") == 0
    if two:
        arguments["reward"] = [reward, reward]
    good = basket is not WRONG_BASKET and not two and (reward is None or reward in fitting)
    return Call("checkout", order_id, arguments, order, good)


def payment(trigger: str, order: Order[Any, Any], draw: st.DataObject) -> Call:
    """Place or bill: as it should be, with a tip, with fewer points, or wrong by a cent."""
    facts = order.facts
    if facts.basket is None:
        return Call(trigger, order.id, {"tenders": cash(usd("10"))}, order)
    kind = draw.draw(
        st.sampled_from(("right", "right", "tip", "fewer points", "short", "other items")), label="payment"
    )
    off = facts.discount if facts.reward_discount is None else facts.reward_discount
    arguments: dict[str, Any] = {}
    spends = facts.reward is not None and facts.reward.spends_points
    if kind == "fewer points" and off:
        off = Money.minor(max(1, off.units // 2), "USD")
        arguments["reward_discount"] = off
    sold: Totals = facts.basket.totals.discounted(off) if off else facts.basket.totals
    if kind == "tip":
        sold = sold.tipped(usd("3"))
    if kind == "other items":
        sold = attrs.evolve(sold, subtotal=sold.subtotal + usd("1"), total=sold.total + usd("1"))
    arguments |= {"totals": sold, "tenders": cash(sold.total + usd("0.01") if kind == "short" else sold.total)}
    wrong = kind in ("short", "other items") or ("reward_discount" in arguments and not spends)
    if not wrong and kind == "right" and not order.facts.tenders and draw.draw(st.booleans(), label="defaults"):
        del arguments["totals"]
    return Call(trigger, order.id, arguments, order, not wrong)


class Agreement(RuleBasedStateMachine):
    """Two tills, one journal, one provider."""

    asynchronous: ClassVar[bool] = False
    repeat: ClassVar[Repeat] = "replayed"

    def __init__(self) -> None:
        super().__init__()
        self.world = self.open()
        self.commands: dict[str, Call] = {}

    def open(self) -> World:
        return World(MemoryJournal(), asynchronous=self.asynchronous, repeat=self.repeat)

    def make(self, trigger: str, order: Order[Any, Any], draw: st.DataObject) -> Call:
        if trigger == "checkout":
            return checkout(self.world, order.id, order, draw)
        if trigger in ("place", "bill"):
            return payment(trigger, order, draw)
        return Call(trigger, order.id, {"why": "so"}, order)

    def perform(self, call: Call, lane: int, fault: Any, *, named: bool) -> Told:
        fault = self.within_reason(fault)
        command_id = f"c-{len(self.commands)}" if named else None
        if command_id is not None:
            self.commands[command_id] = call
        told = self.world.call(lane, lambda verbs: call.ask(verbs, command_id=command_id), fault)
        self.world.check_family(call.trigger, call.order_id, told)
        return told

    def within_reason(self, fault: Any) -> Any:
        """A network that delivers twice what the provider does not recognise is beyond any till: its reply says no."""
        return None if fault == Twice() and self.repeat != "replayed" else fault

    def pick(self, draw: st.DataObject, orders: Iterable[str]) -> Order[Any, Any]:
        order = self.world.order(draw.draw(st.sampled_from(sorted(orders)), label="order"))
        assert order is not None
        return order

    @initialize(stages=st.lists(st.integers(0, 4), min_size=2, max_size=3), lane=LANES, draw=st.data())
    def a_morning_before(self, stages: list[int], lane: int, draw: st.DataObject) -> None:
        """Sales under way, each gone as far as it may without a hitch."""
        for n, stage in enumerate(stages):
            call = checkout(self.world, f"o-{n}", f"o-{n}", draw)
            self.perform(call, lane, None, named=False)
            for trigger in ("place", "bill", "complete", "refund")[:stage]:
                order = self.world.order(f"o-{n}")
                if order is not None and trigger in order.allowed:
                    self.fire(trigger, order, lane, None, False, draw)

    @rule(lane=LANES, fault=FAULTS, named=st.booleans(), draw=st.data())
    def check_out_by_id(self, lane: int, fault: Any, named: bool, draw: st.DataObject) -> None:
        """A new sale, or the same id once more: a repeat, a changed basket, a conflict."""
        order_id = draw.draw(st.sampled_from(("o-0", "o-1", "o-2", "o-3", "o-4")), label="order")
        fresh = self.world.order(order_id) is None
        if draw.draw(st.booleans(), label="list rewards"):
            self.world.list_rewards(self.world.lanes[lane])
        call = checkout(self.world, order_id, order_id, draw)
        told = self.perform(call, lane, fault, named=named)
        if fresh and fault is None and call.good:
            assert isinstance(told.said, Order | DeclinedError), told.said

    @rule(lane=LANES, fault=FAULTS, named=st.booleans(), draw=st.data())
    def do_what_is_allowed(self, lane: int, fault: Any, named: bool, draw: st.DataObject) -> None:
        self.go_on(lane, fault, named, draw)

    def go_on(self, lane: int, fault: Any, named: bool, draw: st.DataObject) -> None:
        able = [o for o in self.world.known() if self.world.latest(o).allowed]
        if not able:
            return
        order = self.pick(draw, able)
        forward = sorted(order.allowed - {"void", "abandon", "checkout"})
        trigger = draw.draw(st.sampled_from([*forward * 4, *sorted(order.allowed)]), label="trigger")
        self.fire(trigger, order, lane, fault, named, draw)

    @rule(lane=LANES, fault=st.sampled_from(LOST), draw=st.data())
    def lose_what_is_allowed(self, lane: int, fault: Any, draw: st.DataObject) -> None:
        """Doubt is rare in shops and has to be common here."""
        self.go_on(lane, fault, False, draw)

    @precondition(lambda self: self.world.orders)
    @rule(lane=LANES, fault=FAULTS, trigger=st.sampled_from(TRIGGERS), draw=st.data())
    def do_anything(self, lane: int, fault: Any, trigger: str, draw: st.DataObject) -> None:
        order = self.pick(draw, self.world.known())
        self.fire(trigger, order, lane, fault, False, draw)

    def fire(
        self, trigger: str, order: Order[Any, Any], lane: int, fault: Any, named: bool, draw: st.DataObject
    ) -> None:
        call = self.make(trigger, order, draw)
        told = self.perform(call, lane, fault, named=named)
        if call.good and (fault is None or trigger not in order.allowed):
            self.world.check_allowed(trigger, order, told)
        if not call.good:
            assert told.sent == 0

    @rule(lane=LANES, trigger=st.sampled_from(TRIGGERS), draw=st.data())
    def do_with_an_old_order(self, lane: int, trigger: str, draw: st.DataObject) -> None:
        """Another lane went on meanwhile: a conflict, or what was done already, and never a call.

        But for a void by the till whose own next step is in doubt: its cashier holds the order as it was before that.
        """
        moved = [o for o in self.world.known() if len(self.world.orders[o]) > 1]
        if not moved:
            return
        order_id = draw.draw(st.sampled_from(moved), label="order")
        old = draw.draw(st.sampled_from(self.world.orders[order_id][:-1]), label="old")
        latest = self.world.latest(order_id)
        told = self.perform(self.make(trigger, old, draw), lane, None, named=False)
        if trigger == "void" and latest.doubt is not None and old.state == latest.state and told.sent:
            return
        assert told.sent == 0
        assert isinstance(told.said, ConflictError | InDoubtError) or told.said.replayed

    @precondition(lambda self: self.commands)
    @rule(lane=LANES, fault=FAULTS, change=st.booleans(), draw=st.data())
    def repeat_a_command(self, lane: int, fault: Any, change: bool, draw: st.DataObject) -> None:
        """The same id and input give the recorded answer, other input a conflict; what never happened may happen."""
        command_id = draw.draw(st.sampled_from(sorted(self.commands)), label="command")
        call = self.commands[command_id]
        call = call.changed() if change else call
        record = self.world.journal.load(call.order_id)
        intent, ending = last_firing(() if record is None else record.entries, command_id)
        fault = self.within_reason(fault)
        told = self.world.call(lane, lambda verbs: call.ask(verbs, command_id=command_id), fault)
        self.world.check_family(call.trigger, call.order_id, told)
        if intent is None:  # refused before anything was promised: the id was free until now
            self.commands[command_id] = call
            return
        own = ending is not None and ending.intent == intent.intent
        if change:
            assert isinstance(told.said, ConflictError), told.said
        elif own and ending is not None and ending.kind is EntryKind.ACCEPTED:
            assert isinstance(told.said, Order), told.said
            assert told.said.replayed
        elif own and ending is not None and ending.kind is EntryKind.DECLINED:
            assert isinstance(told.said, DeclinedError), told.said
            assert told.said.replayed
        elif ending is None and call.trigger != "checkout":
            assert isinstance(told.said, InDoubtError), told.said
            assert told.sent == 0

    @precondition(lambda self: self.world.orders)
    @rule(lane=LANES, fault=FAULTS, lasting=st.booleans(), later=st.sampled_from((0, 30, 300)), draw=st.data())
    def recover(self, lane: int, fault: Any, lasting: bool, later: int, draw: st.DataObject) -> None:
        """A recovery ends in an order without doubt, or says that it did not."""
        doubted = [o for o in self.world.known() if self.world.latest(o).doubt]
        order = self.pick(draw, doubted or self.world.known())
        self.world.clock.pass_(seconds=later)
        fault = self.within_reason(fault)
        if lasting and fault is not None and not isinstance(fault, str):
            with self.world.faults.during(fault):
                told = self.world.call(lane, lambda verbs: verbs.recover(order.id, within=2))
        else:
            told = self.world.call(lane, lambda verbs: verbs.recover(order.id, within=2), fault)
        now = self.world.order(order.id)
        assert now is not None
        if isinstance(told.said, Order):
            assert now.doubt is None
        elif told.said is not None:
            assert isinstance(told.said, InDoubtError), told.said
            assert now.doubt is not None
        if order.doubt is None:
            assert told.sent == 0
            assert now == order

    @precondition(lambda self: self.world.faults.late)
    @rule()
    def late_requests_land(self) -> None:
        self.world.faults.land()

    @invariant()
    def they_agree(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        try:
            self.world.heal()
        finally:
            self.world.close()


class AsyncAgreement(Agreement):
    """The same through `AsyncTill`."""

    asynchronous = True


class RefusedAgreement(Agreement):
    """The same with a provider that answers 409 to a repeat."""

    repeat = "refused"


class UnsafeAgreement(Agreement):
    """The same with a provider that has no memory: what it hears twice it does twice."""

    repeat = "unsafe"


class DurableAgreement(Agreement):
    """The same on SQLite."""

    def open(self) -> World:
        self.folder = TemporaryDirectory(prefix="agreement-")
        return World(SqliteJournal(Path(self.folder.name) / "pos.db"))

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.folder.cleanup()


CI = os.environ.get("HYPOTHESIS_PROFILE", "ci") != "dev"


def runs(examples: int) -> settings:
    """In CI the same runs each time: a red build is never a roll of the dice."""
    return settings(
        max_examples=examples,
        stateful_step_count=30,
        derandomize=CI,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


TestAgreement = Agreement.TestCase
TestAgreement.settings = runs(200)
TestAsyncAgreement = AsyncAgreement.TestCase
TestAsyncAgreement.settings = runs(30)
TestRefusedAgreement = RefusedAgreement.TestCase
TestRefusedAgreement.settings = runs(60)
TestUnsafeAgreement = UnsafeAgreement.TestCase
TestUnsafeAgreement.settings = runs(60)
TestDurableAgreement = DurableAgreement.TestCase
TestDurableAgreement.settings = runs(15)
