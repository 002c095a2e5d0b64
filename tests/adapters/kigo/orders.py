"""Orders of one product for one person, and answers to them, for the tests of this provider's rooms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs

from stampcard.adapter import Accepted
from stampcard.lifecycles import FULFILMENT, FulfilmentState
from stampcard.model import Environment, Secret, Site
from stampcard.wire import Response, minified
from stampcard_adapters.kigo import Kigo, KigoAdapter, KigoFacts, KigoKeys, KigoOrder, PlaceProduct, Switches

ID: Final = "0042-7-20261122-000417"
PRODUCT: Final = "9f0c1d2e-boost"
API_KEY: Final = "an-api-key-0001"
PARTNER: Final = "0b9e6a34-7d52-4c1e-9a52-6d6a8f2c11aa"
KEYS: Final = KigoKeys(partner_id=PARTNER, api_key=Secret(API_KEY))
AT: Final = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
CODE: Final = "QX7K2P"
LINK: Final = f"https://partner-hub.kigo.io?claim-code={CODE}"
ACCEPTED: Final = {"claim_code": CODE, "deeplink_url": LINK}


def kigo(order_path: str | None = None, keys: Any = KEYS, **switches: Any) -> Kigo:
    path = {} if order_path is None else {"order_path": order_path}
    return Kigo(keys, environment=Environment.TEST, switches=Switches(**switches), **path)


def adapter(order_path: str | None = None, **switches: Any) -> KigoAdapter:
    return KigoAdapter(kigo(order_path, **switches))


def order(facts: KigoFacts | None = None, state: FulfilmentState = FulfilmentState.NEW) -> KigoOrder:
    return KigoOrder(
        id=ID,
        provider="kigo",
        environment=Environment.TEST,
        site=Site(store="0042", register="7"),
        lifecycle=FULFILMENT.name,
        fingerprint=FULFILMENT.fingerprint,
        state=state,
        version=1,
        facts=facts or KigoFacts(),
    )


def place(**changes: Any) -> PlaceProduct:
    plain = PlaceProduct(product_id=PRODUCT, user="anna", partner_id=PARTNER, at=AT)
    return attrs.evolve(plain, **changes)


def reply(status: int = 200, body: object = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else minified(body)
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def no(status: int, code: str, message: str = "No.") -> Response:
    return reply(status, {"error_code": code, "error_message": message})


def accepted(body: object, *, status: int = 200, command: PlaceProduct | None = None) -> Accepted[Any, Any]:
    outcome = adapter().read(order(), command or place(), reply(status, body))
    assert isinstance(outcome, Accepted), outcome
    return outcome
