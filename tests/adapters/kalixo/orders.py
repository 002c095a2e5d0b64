"""Orders, commands and replies of both versions, as the tests of every room need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs

from stampcard.commands import Observe
from stampcard.lifecycles import FULFILMENT, FulfilmentState
from stampcard.model import Environment, Money, Secret, Site
from stampcard.wire import Response, minified
from stampcard_adapters.kalixo import (
    Delivered,
    Item,
    Kalixo,
    KalixoAdapter,
    KalixoFacts,
    KalixoKeys,
    KalixoOrder,
    PlaceCodes,
    Switches,
)

KEYS: Final = KalixoKeys(
    email="till@example.com", password=Secret("pass-canary-1"), api_key=Secret("kal_test_canary_2")
)
PIN: Final = "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY"
NOON: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VERSIONS: Final = (1, 2)
OPEN: Final = {1: FulfilmentState.REQUESTED, 2: FulfilmentState.PROCESSING}


def gbp(amount: str) -> Money:
    return Money(amount, "GBP")


ITEMS: Final = (
    Item(product_id=2, sku="GB-EN-4251604177278", price=gbp("32.99"), quantity=1),
    Item(product_id=6, sku="GB-EN-4251604133182", price=gbp("8.39"), quantity=2),
)
TOTAL: Final = gbp("49.77")
PLACE: Final = PlaceCodes(items=ITEMS, total=TOTAL, why="gift")
LOOK: Final = Observe()


def adapter(version: Any = 2, **switches: Any) -> KalixoAdapter:
    settings = Kalixo(
        KEYS,
        version=version,
        environment=Environment.SANDBOX,
        url="https://kalixo.example",
        switches=Switches(**switches),
    )
    return KalixoAdapter(settings)


def order(
    facts: KalixoFacts | None = None, state: FulfilmentState = FulfilmentState.NEW, number: str = "O-12345"
) -> KalixoOrder:
    return KalixoOrder(
        id=number,
        provider="kalixo",
        environment=Environment.SANDBOX,
        site=Site(store="0042", register="7"),
        lifecycle=FULFILMENT.name,
        fingerprint=FULFILMENT.fingerprint,
        state=state,
        version=1,
        facts=facts or KalixoFacts(),
    )


WAITING: Final = KalixoFacts(kalixo_id="59400", items=ITEMS)


def waiting(version: int, **facts: Any) -> KalixoOrder:
    """An order that was placed and is not delivered yet."""
    return order(attrs.evolve(WAITING, **facts), OPEN[version])


def done(state: FulfilmentState = FulfilmentState.COMPLETED, units: int = 3) -> KalixoOrder:
    return order(attrs.evolve(WAITING, delivered=Delivered(units=units, ordered=3)), state)


def reply(status: int = 200, body: object = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else minified(body)
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def no(status: int, message: object, **more: object) -> Response:
    """The provider's error object."""
    return reply(status, {"statusCode": status, "error": "E", "message": message, **more})


def pins(product: int, *codes: str, key: str = "PIN") -> dict[str, object]:
    return {"productId": product, "price": 1, "quantity": len(codes), "pin": [{key: code} for code in codes]}


def codes(product: int, *values: str) -> dict[str, object]:
    listed = [{"code": value} for value in values]
    return {"productId": product, "price": 1, "quantity": len(values), "codes": listed}


V1: Final[dict[str, object]] = {
    "orderId": "59400",
    "products": [pins(2, "AAAA-1111"), pins(6, "BBBB-2222", "CCCC-3333")],
}
V2_202: Final[dict[str, object]] = {
    "orderId": 59400,
    "externalOrderCode": "O-12345",
    "status": "processing",
    "estimatedReadyAt": "2026-11-22T12:00:10.000Z",
}
V2_DONE: Final[dict[str, object]] = {
    "orderId": 59400,
    "externalOrderCode": "O-12345",
    "status": "completed",
    "products": [codes(2, "AAAA-1111"), codes(6, "BBBB-2222", "CCCC-3333")],
}
SECRETS: Final = ("AAAA-1111", "BBBB-2222", "CCCC-3333")
