"""Spendgo's adapter keeps the contract every adapter keeps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from tests.adapters.spendgo import orders as o
from tests.adapters.spendgo.test_replies import REWARDS
from tests.agreement.world import BASKETS, cash

from stampcard.model import GUEST, AnyOrder
from stampcard.testing import Clock
from stampcard.testing.adapter_contract import AdapterContract, Example, Sample
from stampcard.testing.model_contract import ModelContract, World
from stampcard_adapters.spendgo import SpendgoAdapter
from stampcard_adapters.testing import Sandbox, names


class TestSpendgo(AdapterContract):
    samples = Path(__file__).parents[1] / "samples" / "spendgo"
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "checkout": ("transaction.status",),
        "place": ("transaction.status",),
        "bill": ("transaction.status",),
        "complete": ("transaction.status",),
        "void": ("transaction.status",),
        "refund": ("transaction.status",),
    }
    secrets = ("a-top-secret",)

    def adapter(self) -> SpendgoAdapter:
        return o.adapter()

    def example(self, sample: Sample) -> Example:
        buyer = GUEST if sample.case["guest"] else o.MEMBER
        order, command = o.step(sample.trigger, using=REWARDS[sample.case["reward"]], buyer=buyer)
        return Example(order=order, command=command)


class TestSpendgoModel(ModelContract):
    """Beside `tests/agreement`, which looks closer: here as every provider is tried."""

    examples = 25

    def start(self, clock: Clock) -> World:
        sandbox = Sandbox(clock=clock)
        return World(model=sandbox.spendgo.model, provider=sandbox.spendgo.provider(), names=names)

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        buyer = data.draw(st.sampled_from([GUEST, o.MEMBER]))
        reward = data.draw(st.sampled_from([None, *verbs.rewards(buyer)])) if buyer is not GUEST else None
        order: AnyOrder = verbs.checkout(order_id, data.draw(st.sampled_from(BASKETS)), buyer=buyer, reward=reward)
        return order

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        match trigger:
            case "checkout":
                after: AnyOrder = verbs.checkout(order, data.draw(st.sampled_from(BASKETS)), buyer=GUEST)
            case "place" | "bill":
                to_pay = order.facts.to_pay
                after = getattr(verbs, trigger)(order, tenders=cash(to_pay.total) if to_pay else ())
            case _:
                after = getattr(verbs, trigger)(order, why="contract")
        return after

    def agrees(self, world: World, order: AnyOrder) -> bool:
        states = world.model.states(order.id)
        if order.state in ("new", "abandoned", "checkout"):  # nothing is at stake: the provider may have looked
            return set(states) <= {"checkout"}
        return bool(states[-1] == order.state)
