"""Kigo's adapter keeps the contract every adapter keeps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import httpx
from tests.adapters.kigo import orders as o

from stampcard.testing.adapter_contract import AdapterContract, AuthCase, Example, Sample
from stampcard_adapters.kigo import KigoAdapter

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
                answers=((200, one), (401, b""), (200, two)),
                headers={"Authorization": "Bearer t-2"},
            ),
        }
