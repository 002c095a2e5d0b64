"""Two readings of one sheet agree: Kibo's adapter and its sandbox, whatever goes wrong between them."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st

from stampcard.errors import NeedsHumanError
from stampcard.lifecycles import AuthorizationState
from stampcard.model import AnyOrder, Money
from stampcard.testing import Clock
from stampcard.testing.model_contract import ModelContract, World
from stampcard_adapters.kibo import CancelReason, KiboVerbs
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.testing.kibo import KiboBooks, names

MORE = Money("2.01", "USD")


class TestKiboAgrees(ModelContract):
    not_twice = frozenset({"authorize"})  # trap 16: nothing says that it is idempotent, and nothing can make it so
    examples = 60
    steps = 40

    def start(self, clock: Clock) -> World:
        model = KiboModel(clock=clock)
        self.books = KiboBooks(model)
        return World(model=model, provider=self.books.provider(), names=names)

    def hypothesis_settings(self) -> settings:
        return settings(super().hypothesis_settings(), derandomize=True)

    def _authorize(self, verbs: KiboVerbs[Any], order_id: str, data: st.DataObject) -> Any:
        cart = self.books.cart(order_id)
        if data.draw(st.integers(0, 9)) == 9:
            cart = attrs.evolve(cart, customer=attrs.evolve(cart.customer, phone="7" * 21))
        card = self.books.declined_card if data.draw(st.integers(0, 9)) == 9 else self.books.card
        return verbs.authorize(cart, card, again=data.draw(st.booleans()))

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        opened: AnyOrder = self._authorize(verbs, order_id, data)
        return opened

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        done: AnyOrder
        match trigger:
            case "authorize":
                done = self._authorize(verbs, order.id, data)
            case "create":
                done = verbs.create(order, amount=data.draw(st.sampled_from([None, Money("1.00", "USD"), MORE])))
            case "cancel":
                done = verbs.cancel(order, CancelReason.MISTAKE)
            case "observe":
                done = verbs.observe(order)
            case _ if data.draw(st.integers(0, 9)) < 9 and order.state is AuthorizationState.AUTHORIZED:
                done = verbs.create(order)  # letting go is the end of the story: mostly it goes on
            case _:
                done = getattr(verbs, trigger)(order, why="the suite says so")
        return done

    def provider_moves(self, world: World, order: AnyOrder, data: st.DataObject) -> None:
        if data.draw(st.integers(0, 9)) == 9 and self.books.states(order.id)[-1:] == ("WAITING_FOR_ASSIGNMENT",):
            self.books.ship(order.id)

    def agrees(self, world: World, order: AnyOrder) -> bool:
        last, reserved = self.books.states(order.id)[-1:], order.facts.kibo_order_id
        held = {hold.authorization.number: hold.sums for hold in self.books.model.holds(order.id)}
        match order.state:
            case AuthorizationState.AUTHORIZED:
                return last == () and held[reserved].authorized == order.facts.authorized.amount
            case AuthorizationState.CREATED:
                return last not in ((), ("CANCELED",)) and self.books.model.order_id(order.id) == reserved
            case AuthorizationState.CANCELLED:
                return last == ("CANCELED",)
            case _:
                return last == ()

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        """A card is never stored, so only its owner can send it again; an order made or cancelled can be looked at."""
        return error.order_id == order.id and order.doubt is not None and order.doubt.trigger == "authorize"
