"""SessionM's adapter keeps the contract every adapter keeps."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from tests.adapters.sessionm import orders as o

from stampcard.errors import NeedsHumanError
from stampcard.model import AnyOrder
from stampcard.testing import Clock
from stampcard.testing.adapter_contract import AdapterContract, AuthCase, Example, Sample
from stampcard.testing.model_contract import ModelContract, World
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sessionm import SessionMAdapter, User
from stampcard_adapters.testing.sessionm import SessionMBooks, names

BASIC = base64.b64encode(f"{o.API_KEY}:{o.SECRET}".encode()).decode()


class TestSessionM(AdapterContract):
    samples = Path(__file__).parents[1] / "samples" / "sessionm"
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "redeem": ("status", "order.id", "order.status", "order.offer_id"),
        "approve": ("status", "order.id", "order.status"),
        "reject": ("status", "order.id", "order.status"),
        "observe": ("order.id", "order.status"),
    }
    secrets = (o.API_KEY, o.SECRET, BASIC, "SECRET-VOUCHER")

    def adapter(self) -> SessionMAdapter:
        return o.adapter()

    def example(self, sample: Sample) -> Example:
        order, command = o.step(sample.trigger)
        if sample.name == "observe-external":
            order = o.pending(o.CRM)
        return Example(order=order, command=command)

    def auth_cases(self) -> Mapping[str, AuthCase]:
        def asked(target: str) -> httpx.Request:
            return httpx.Request("GET", o.URL + target)

        headers = {"Authorization": f"Basic {BASIC}"}
        return {
            "by the provider's id": AuthCase(
                request=asked(f"/priv/v1/apps/~/users/{o.UUID}"),
                target=f"/priv/v1/apps/{o.API_KEY}/users/{o.UUID}",
                headers=headers,
            ),
            "by an id that is escaped": AuthCase(
                request=asked("/priv/v1/apps/~/external/users/crm%2F4711%40acme%20corp/orders?after=2026-01-02%2010"),
                target=f"/priv/v1/apps/{o.API_KEY}/external/users/crm%2F4711%40acme%20corp/orders?after=2026-01-02%2010",
                headers=headers,
            ),
        }


class TestSessionMModel(ModelContract):
    """The adapter and the sandbox, two readings of one sheet, agree whatever goes wrong between them."""

    examples = 30

    def start(self, clock: Clock) -> World:
        model = SessionMModel(clock=clock)
        return World(model=model, provider=SessionMBooks(model).provider(), names=names)

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        books = SessionMBooks(SessionMModel())
        users: list[User] = [books.user, books.odd, books.poor]
        offer = data.draw(st.sampled_from([books.card, books.coffee, books.gone, books.contest]))
        quantity = data.draw(st.integers(0, 3))
        order: AnyOrder = verbs.redeem(order_id, offer, user=data.draw(st.sampled_from(users)), quantity=quantity)
        return order

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        if trigger == "redeem":
            return self.open(verbs, order.id, data)
        after: AnyOrder = (
            verbs.observe(order) if trigger == "observe" else getattr(verbs, trigger)(order, why="contract")
        )
        return after

    def provider_moves(self, world: World, order: AnyOrder, data: st.DataObject) -> None:
        """Customer care decides at its own console."""
        decided = data.draw(st.sampled_from(["approve", "reject", None]))
        if decided is not None and world.model.states(order.id) == ("pending_approval",):
            getattr(world.model, decided)(order.id)

    def agrees(self, world: World, order: AnyOrder) -> bool:
        """What was decided there and never asked about is no disagreement: the order is only not followed yet."""
        there = world.model.states(order.id)
        if order.state in ("new", "abandoned"):
            return there == ()
        return order.state == there[-1] or (order.state == "pending_approval" and there[0] == "pending_approval")

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        """None, where nobody orders by phone and each customer is known by one id: everything can be looked up."""
        return False
