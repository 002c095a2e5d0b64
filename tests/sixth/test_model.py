"""Beanbox's adapter and its model agree whatever goes wrong, and the suite bites an adapter that takes a chance."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.sixth import shop
from tests.sixth.beanbox import Beanbox, BeanboxAdapter, BeanboxOrder, BeanboxVerbs, StampCard
from tests.sixth.model import CARD, BeanboxModel, names

from stampcard.adapter import Escalate, Evidence, Policy, Recovery, Repeat, Resend
from stampcard.commands import Bill, PurchaseCommand
from stampcard.errors import NeedsHumanError
from stampcard.model import GUEST, AnyOrder
from stampcard.step import M, Seat
from stampcard.testing import Clock, Drop, Late, When
from stampcard.testing.model_contract import ModelContract, World
from stampcard.wire import Request


class TestBeanboxModel(ModelContract):
    not_twice = frozenset({"bill"})
    provider: ClassVar[Beanbox] = shop.BEANBOX

    def start(self, clock: Clock) -> World:
        return World(model=BeanboxModel(), provider=self.provider, names=names)

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        buyer, reward = GUEST, None
        if data.draw(st.booleans()):
            card: StampCard = verbs.card(CARD)
            buyer, reward = card.member, data.draw(st.sampled_from([None, *card.rewards]))
        order: AnyOrder = verbs.checkout(order_id, shop.BASKET, buyer=buyer, reward=reward)
        return order

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        match trigger:
            case "checkout":
                after: AnyOrder = verbs.checkout(order, shop.BASKET, buyer=GUEST)
            case "place" | "bill":
                to_pay = order.facts.to_pay
                after = getattr(verbs, trigger)(order, tenders=shop.cash(to_pay.total) if to_pay else ())
            case _:
                after = getattr(verbs, trigger)(order, why="contract")
        return after

    def agrees(self, world: World, order: AnyOrder) -> bool:
        held = world.model.state(order.id)
        if order.state in ("new", "checkout", "abandoned"):
            return held is None
        return bool(held == order.state)

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        """Every lost answer can be found again at Beanbox: no cashier has to call anybody."""
        return False


# adapters that take a chance


class _Chance(BeanboxAdapter):
    """Says that a bill may be repeated, and repeats it."""

    def __init__(self, given: Beanbox) -> None:
        super().__init__(given)
        bill = Policy(repeat=Repeat.SAME_KEY)
        self.policies = {**self.policies, "bill": bill}

    def recover(self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /) -> Recovery[Any, Any]:
        return Resend() if evidence.answer is None else super().recover(order, command, evidence)


class _Hasty(BeanboxAdapter):
    """Looks first, and takes "not billed yet" for "never billed"."""

    def recover(self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /) -> Recovery[Any, Any]:
        return super().recover(order, command, attrs.evolve(evidence, age=1e9))


class _Timid(BeanboxAdapter):
    """Calls a person whenever a bill's answer is lost."""

    def recover(self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /) -> Recovery[Any, Any]:
        if isinstance(command, Bill):
            return Escalate(reason="no answer", check="call Beanbox")
        return super().recover(order, command, evidence)


@attrs.frozen
class _Provider:
    kind: type[BeanboxAdapter]

    def bind(self, seat: Seat[M], /) -> BeanboxVerbs[M]:
        return BeanboxVerbs(seat, self.kind(shop.BEANBOX))


class _Tried(TestBeanboxModel):
    """The same suite for another adapter: always the same examples, the plainest of failures, no shrinking."""

    examples = 150
    faults = (None, Drop(When.AFTER), Late())

    def hypothesis_settings(self) -> settings:
        return settings(super().hypothesis_settings(), derandomize=True, phases=[Phase.generate])


def tried(kind: type[BeanboxAdapter]) -> ModelContract:
    class Suite(_Tried):
        provider: ClassVar[Any] = _Provider(kind)

    return Suite()


def test_the_suite_is_content_with_the_honest_adapter_on_the_same_examples() -> None:
    tried(BeanboxAdapter).test_adapter_and_model_agree_whatever_goes_wrong()


@pytest.mark.parametrize("kind", [_Chance, _Hasty])
def test_who_sends_a_lost_bill_again_without_knowing_bills_twice(kind: type[BeanboxAdapter]) -> None:
    with pytest.raises(AssertionError, match="was billed 2 times"):
        tried(kind).test_adapter_and_model_agree_whatever_goes_wrong()


def test_who_calls_a_person_for_nothing_is_told() -> None:
    with pytest.raises(AssertionError, match="`may_escalate` says it may not be") as failed:
        tried(_Timid).test_adapter_and_model_agree_whatever_goes_wrong()
    assert "bill escalated -> placed recovery.gave_up no answer. Look at: call Beanbox" in str(failed.value)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", ""]),
    target=st.text(max_size=60) | st.sampled_from(["/v1/orders/a/bill", "/v1/orders//bill", "/v1/cards?number=%ff"]),
    headers=st.dictionaries(st.sampled_from(["X-Bean-Key", "x-bean-sign", "Host"]), st.text(max_size=20)),
    body=st.binary(max_size=100),
)
def test_the_model_answers_any_bytes(method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    model = BeanboxModel()
    answer = model.handle(Request(method=method, target=target, headers=headers, body=body))
    assert answer.status == 401
    assert model.unbalanced() == ()
