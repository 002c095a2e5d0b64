"""Kalixo's adapter keeps the contract every adapter keeps, in both versions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from tests.adapters.kalixo import orders as o

from stampcard import FulfilmentState, NeedsHumanError
from stampcard.model import AnyOrder
from stampcard.testing import Clock
from stampcard.testing.adapter_contract import AdapterContract, AuthCase, Example, Sample
from stampcard.testing.model_contract import ModelContract, World
from stampcard_adapters.kalixo import Item, KalixoAdapter
from stampcard_adapters.sandbox.kalixo import KalixoModel, Switches
from stampcard_adapters.testing.kalixo import KalixoBooks, names

SAMPLES = Path(__file__).parents[1] / "samples" / "kalixo"
NO = b'{"statusCode":401,"message":"Unauthorized"}'
LOGIN = b'{"accessToken":"a-1","refreshToken":"r-1"}'
RENEWED = b'{"accessToken":"a-2"}'


class Both(AdapterContract):
    version: ClassVar[int]
    secrets = ("ABCDE-FGHIJ", "canary", "till@example.com", "kal_live_")

    def adapter(self) -> KalixoAdapter:
        return o.adapter(self.version)

    def example(self, sample: Sample) -> Example:
        if sample.trigger == "place":
            return Example(order=o.order(), command=o.PLACE)
        return Example(order=o.waiting(self.version), command=o.LOOK)


class TestV1(Both):
    version = 1
    samples = SAMPLES / "v1"
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "place": ("orderId",),
        "observe": ("orderId", "status|orderStatus"),
    }

    def auth_cases(self) -> Mapping[str, AuthCase]:
        def order() -> httpx.Request:
            return httpx.Request("POST", "https://kalixo.example/v1/orders/place-order", content=b"{}")

        return {
            "a first login": AuthCase(
                request=order(), answers=((201, LOGIN),), headers={"Authorization": "Bearer a-1"}
            ),
            "refreshed on a 401": AuthCase(
                request=order(),
                answers=((201, LOGIN), (401, NO), (201, RENEWED)),
                headers={"Authorization": "Bearer a-2"},
            ),
            "a refresh token that is refused": AuthCase(
                request=order(),
                answers=((201, LOGIN), (401, NO), (401, b""), (201, RENEWED)),
                headers={"Authorization": "Bearer a-2"},
            ),
        }


class TestV2(Both):
    version = 2
    samples = SAMPLES / "v2"
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "place": ("orderId", "status|orderStatus"),
        "observe": ("orderId", "status|orderStatus"),
    }

    def auth_cases(self) -> Mapping[str, AuthCase]:
        request = httpx.Request("POST", "https://kalixo.example/v2/orders", content=b"{}")
        return {"the key": AuthCase(request=request, headers={"x-api-key": "kal_test_canary_2"})}


BASKETS = (
    (Item(product_id=2, sku="GB-EN-4251604177278", price=o.gbp("32.99"), quantity=2),),
    (Item(product_id=9003, sku="KTEST-FAIL", price=o.gbp("10")),),
    (Item(product_id=9004, sku="KTEST-PARTIAL", price=o.gbp("10"), quantity=3),),
    (
        Item(product_id=9001, sku="KTEST-OK", price=o.gbp("10")),
        Item(product_id=9005, sku="KTEST-SLOW", price=o.gbp("10"), quantity=2),
    ),
    (Item(product_id=8, sku="GB-EN-4251604100088", price=o.gbp("25")),),
    (Item(product_id=2, sku="GB-EN-4251604177278", price=o.gbp("1")),),
    (Item(product_id=404, sku="GB-EN-404", price=o.gbp("1")),),
)
ENDED = {
    FulfilmentState.COMPLETED: ("completed", "partially_completed"),
    FulfilmentState.PARTIALLY_COMPLETED: ("partially_completed",),
    FulfilmentState.FAILED: ("failed", "cancelled", "error"),
    FulfilmentState.CANCELLED: ("cancelled",),
    FulfilmentState.ERROR: ("error",),
    FulfilmentState.REQUESTED: ("requested",),
    FulfilmentState.PROCESSING: ("requested", "processing"),
}


class Agreement(ModelContract):
    """The adapter and the sandbox, two readings of one sheet, agree whatever goes wrong between them."""

    version: ClassVar[Any]
    switches: ClassVar[Switches] = Switches(rate_limit=None)
    examples = 30

    def start(self, clock: Clock) -> World:
        model = KalixoModel(clock=clock, switches=self.switches)
        return World(model=model, provider=KalixoBooks(model).provider(self.version), names=names)

    def open(self, verbs: Any, order_id: str, data: st.DataObject) -> AnyOrder:
        order: AnyOrder = verbs.place(order_id, data.draw(st.sampled_from(BASKETS)))
        return order

    def step(self, verbs: Any, order: AnyOrder, trigger: str, data: st.DataObject) -> AnyOrder:
        if trigger == "place":
            return self.open(verbs, order.id, data)
        after: AnyOrder = verbs.observe(order) if trigger == "observe" else verbs.abandon(order)
        return after

    def provider_moves(self, world: World, order: AnyOrder, data: st.DataObject) -> None:
        """Orders wait, end in every way, or go on; tokens end."""
        model: KalixoModel = world.model
        model.hold(data.draw(st.sampled_from([None, "requested", "processing"])))
        if model.states(order.id)[-1:] in (("requested",), ("processing",)):
            to = data.draw(st.sampled_from(["completed", "failed", "cancelled", "error", "processing", None]))
            if to is None:
                model.release(order.id)
            else:
                model.move(order.id, to)
        if data.draw(st.booleans()):
            model.end_tokens(refresh=data.draw(st.booleans()))

    def agrees(self, world: World, order: AnyOrder) -> bool:
        states = world.model.states(order.id)
        if order.state in (FulfilmentState.NEW, FulfilmentState.ABANDONED):
            return states == ()
        told = order.facts.kalixo_id == world.model.order(order.id).id and not order.doubt
        return told and states[-1] in ENDED[order.state]


class TestV1AndItsModel(Agreement):
    version = 1

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        """A repeat was refused: v1 has no look-up by our code."""
        return order.state is FulfilmentState.NEW and order.id in error.check


class TestV1ThatGivesTheOrderAgain(TestV1AndItsModel):
    switches = Switches(v1_duplicate="existing", v1_refresh="once", v1_login_status=200, v1_newer_reply=True)


class TestV2AndItsModel(Agreement):
    version = 2

    def may_escalate(self, order: AnyOrder, error: NeedsHumanError) -> bool:
        return False


class TestV2ThatRefusesACodeAgain(TestV2AndItsModel):
    switches = Switches(rate_limit=None, v2_duplicate="conflict", order_id="text", v2_codes="pin")


class TestV2ThatRefusesACodeAgainWithA400(TestV2AndItsModel):
    switches = Switches(rate_limit=None, v2_duplicate="refused", partial_quantity="ordered")
