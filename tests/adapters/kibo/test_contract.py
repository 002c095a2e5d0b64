"""Kibo's adapter keeps the contract every adapter keeps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import httpx
from tests.adapters.kibo import holds as h

from stampcard.testing.adapter_contract import AdapterContract, AuthCase, Example, Sample
from stampcard_adapters.kibo import KiboAdapter

GIVEN = b'{"access_token":"%s","token_type":"Bearer","expires_in":3600,"scope":"oms"}'
NO = b'{"code":5004,"name":"FORBIDDEN","message":"No."}'


class TestKibo(AdapterContract):
    samples = Path(__file__).parents[1] / "samples" / "kibo"
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "authorize": ("orderID|orderId", "authToken"),
        "create": ("orderID|orderId",),
        "cancel": ("orderID|orderId", "orderStatus|orderState"),
        "observe": ("orderID|orderId", "orderStatus|orderState"),
    }
    secrets = ("sandbox-key", "sandbox-secret", h.NUMBER, h.AUTH_TOKEN, h.PAY_TOKEN)
    sealed = (h.AUTH_TOKEN, h.PAY_TOKEN)

    def adapter(self) -> KiboAdapter:
        return h.adapter()

    def example(self, sample: Sample) -> Example:
        order, command = h.step(sample.trigger, payment=h.PAYMENTS[sample.case["payment"]])
        return Example(order=order, command=command)

    def auth_cases(self) -> Mapping[str, AuthCase]:
        def call() -> httpx.Request:
            return httpx.Request("POST", f"{h.URL}/api/v2/createOrder/", content=b"{}")

        first, again = GIVEN % b"t-1", GIVEN % b"t-2"
        sent = {"Authorization": "Bearer t-1", "API-Key": "sandbox-key"}
        anew = {**sent, "Authorization": "Bearer t-2"}
        return {
            "a token, then the call": AuthCase(request=call(), headers=sent, answers=((200, first),)),
            "401: once more": AuthCase(request=call(), headers=anew, answers=((200, first), (401, NO), (200, again))),
            "403: once more": AuthCase(request=call(), headers=anew, answers=((200, first), (403, NO), (200, again))),
        }
