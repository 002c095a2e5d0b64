"""Kigo's adapter keeps the contract every adapter keeps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from tests.adapters.kigo import orders as o

from stampcard import FulfilmentState, NeedsHumanError
from stampcard.model import AnyOrder
from stampcard.testing import Clock
from stampcard.testing.adapter_contract import AdapterContract, AuthCase, Example, Sample
from stampcard.testing.model_contract import ModelContract, World
from stampcard_adapters.kigo import KigoAdapter
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.testing.kigo import KigoBooks, names

URL = f"{o.kigo().base_url}/api/v1/products/p/claim-codes"


class TestKigo(AdapterContract):
    samples = Path(__file__).parents[1] / "samples" / "kigo"
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {"place": ("claim_code", "deeplink_url")}
    secrets = (o.API_KEY, o.CODE, "ZZZZZZ", "123456", "partner-hub.kigo.io", "eyJhbGciOi")

    def adapter(self) -> KigoAdapter:
        return o.adapter()

    def example(self, sample: Sample) -> Example:
        return Example(order=o.order(), command=o.place())

    def auth_cases(self) -> Mapping[str, AuthCase]:
        def order() -> httpx.Request:
            return httpx.Request("POST", URL, content=b'{"external_order_id":"1"}')

        one, two = b'{"token":"t-1"}', b'{"token":"t-2","refresh_token":"r-2"}'
        return {
            "a first session": AuthCase(
                request=order(), answers=((200, one),), headers={"Authorization": "Bearer t-1"}
            ),
            "created": AuthCase(request=order(), answers=((201, two),), headers={"Authorization": "Bearer t-2"}),
            "renewed on a 401": AuthCase(
                request=order(),
                answers=((200, one), (401, b'{"error_code":"unauthorized"}'), (200, two)),
                headers={"Authorization": "Bearer t-2"},
            ),
        }


class TestKigoModel(ModelContract):
    """The adapter and the sandbox, two readings of one sheet, agree whatever goes wrong between them."""

    examples = 30

    def start(self, clock: Clock) -> World:
        model = KigoModel(clock=clock)
        return World(model=model, provider=KigoBooks(model).provider(), names=names)

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        product = data.draw(st.sampled_from(["sandbox-product-coffee", "sandbox-product-sold-out", "nothing", ""]))
        user = data.draw(st.sampled_from(["u-1", "u-2"]))
        order: AnyOrder = verbs.place(order_id, product, user=user)
        return order

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        if trigger == "place":
            return self.open(verbs, order.id, data)
        after: AnyOrder = verbs.abandon(order)
        return after

    def provider_moves(self, world: World, order: AnyOrder, data: st.DataObject) -> None:
        """The customer follows the link; the partner's session ends."""
        if world.model.states(order.id) == ("ordered",) and data.draw(st.booleans()):
            world.model.claim(order.id, "u-1")
        if data.draw(st.booleans()):
            world.model.expire_sessions()

    def agrees(self, world: World, order: AnyOrder) -> bool:
        ordered = "ordered" in world.model.states(order.id)
        return ordered == (order.state is FulfilmentState.COMPLETED)

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        """Only a no to a repeat: of a product that is not there, whose first send got no answer."""
        return "was answered no" in error.detail and "at Kigo?" in error.check
