"""A client of the sandbox that knows nothing of the adapters: it signs and sends what a test says, and no more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from stampcard_adapters.sandbox.http import Request, Response
from stampcard_adapters.sandbox.spendgo import SpendgoModel

OWNER = "494979"
SHOPPER = "494980"
KEY = "sandbox-spendgo-key"
SECRET = "c2FuZGJveC1zZWNyZXQtMDAwMS1hc2NpaS1vbmx5"


@attrs.frozen(kw_only=True)
class Answer:
    """What came back, parsed."""

    status: int
    body: Any
    raw: bytes

    @property
    def transaction(self) -> dict[str, Any]:
        assert self.status == 200, self.body
        return self.body["transaction"]

    @property
    def code(self) -> int:
        return self.body["code"]


class Client:
    """Signs with its own few lines of HMAC."""

    def __init__(self, model: SpendgoModel, *, api_key: str = KEY, secret: str = SECRET) -> None:
        self.model = model
        self.api_key = api_key
        self.secret = secret
        self.transactions: dict[str, str] = {}

    def signed(self, method: str, target: str, body: bytes) -> Request:
        key = base64.b64decode(self.secret)
        signature = base64.b64encode(hmac.new(key, target.encode() + body, hashlib.sha256).digest()).decode()
        headers = {"x-class-key": self.api_key, "X-CLASS-SIGNATURE": signature}
        return Request(method=method, target=target, headers=headers, body=body)

    def call(self, method: str, target: str, body: Any = None) -> Answer:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.read(self.model.handle(self.signed(method, target, sent)))

    @staticmethod
    def read(response: Response) -> Answer:
        parsed = json.loads(response.body, parse_float=Decimal)
        return Answer(status=response.status, body=parsed, raw=response.body)

    def post_order(self, member: str, body: Any) -> Answer:
        return self.call("POST", f"/loyalty/accounts/{member}/orders", body)

    def order(self, status: str, *, member: str = OWNER, order: str | None = "t-1", **changes: Any) -> Answer:
        return self.post_order(member, self.body(status, order=order, **changes))

    def rewards(self, member: str = OWNER, store: str = "999999") -> list[dict[str, Any]]:
        return self.call("GET", f"/loyalty/accounts/{member}/rewards?store={store}").body["rewards"]

    def balance(self, member: str = OWNER) -> dict[str, Any]:
        return self.call("GET", f"/loyalty/accounts/{member}/balance").body

    def body(
        self,
        status: str,
        *,
        order: str | None = "t-1",
        items: tuple[tuple[str, int, int], ...] = (("sandwich", 30, 2),),
        reward: str | None = None,
        discount: float | None = None,
        without: tuple[str, ...] = (),
        **fields: Any,
    ) -> dict[str, Any]:
        """A complete order call: two sandwiches of 30 unless said otherwise."""
        subtotal = sum(cost * quantity for _, cost, quantity in items)
        off = discount or 0
        body: dict[str, Any] = {
            "id": order,
            "source": "instore",
            "status": status,
            "type": "regular",
            "rendition": "onsite",
            "currency": "USD",
            "vendor": "999999",
            "brand": "33559",
            "subtotal": subtotal,
            "tax": 1.25,
            "discount": off,
            "total": subtotal + 1.25 - off,
            "basket": {
                "posEntries": [
                    {"posItem": {"product": name, "label": name, "cost": cost}, "quantity": quantity}
                    for name, cost, quantity in items
                ],
                "rewards": [],
            },
        }
        if status != "checkout":
            body["payments"] = {"tender": "credit", "issuer": "visa", "suffix": "4242", "amount": body["total"]}
        if reward is not None:
            body["basket"]["rewards"] = [
                {"provider": "Spendgo", "id": reward, "level": "basket", "product": "0", "discount": discount}
            ]
        if status == "refunded" and order is not None:
            body["transaction"] = self.transactions.get(order)
        body |= fields
        return {name: value for name, value in body.items() if name not in without and value is not None}

    def through(self, *stages: str, order: str = "t-1", **changes: Any) -> Answer:
        """Several stages of one order, each of which succeeds; the last answer."""
        answer = None
        for stage in stages:
            answer = self.order(stage, order=order, **changes)
            if "id" in answer.transaction:
                self.transactions[order] = answer.transaction["id"]
        assert answer is not None
        return answer


@pytest.fixture(scope="session")
def connect() -> Callable[..., Client]:
    """A client of a new model: `connect(switches=..., lenient=...)`, or of a given one: `connect(model=...)`."""

    def new(model: SpendgoModel | None = None, **options: Any) -> Client:
        return Client(SpendgoModel(**options) if model is None else model)

    return new


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
