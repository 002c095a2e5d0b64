"""A client of the sandbox that knows nothing of the adapters: it sends what a test says, under either version."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from stampcard_adapters.sandbox.http import Request, Response
from stampcard_adapters.sandbox.kalixo import KalixoModel

EMAIL = "till@kalixo.example"
PASSWORD = "sandbox-kalixo-password"
KEY = "kal_test_sandbox-kalixo-key"
OK, OPEN, FAIL, PARTIAL, SLOW = 9001, 9002, 9003, 9004, 9005
PRICES = {1: 1099, 2: 3299, 6: 839, OK: 1000, FAIL: 1000, PARTIAL: 1000, SLOW: 1000}


@attrs.frozen(kw_only=True)
class Answer:
    """What came back, parsed."""

    status: int
    body: Any
    headers: dict[str, str]
    raw: bytes

    @property
    def error(self) -> tuple[int, str]:
        assert self.body["statusCode"] == self.status
        return self.status, self.body["message"]


class Clock:
    """Time goes on when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Client:
    """Logs in once for v1, sends the key for v2."""

    def __init__(self, model: KalixoModel, clock: Clock) -> None:
        self.model, self.clock = model, clock
        self.key: str | None = KEY
        self.tokens: dict[str, str] = {}

    def send(self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.read(self.model.handle(Request(method=method, target=target, headers=headers or {}, body=sent)))

    @staticmethod
    def read(response: Response) -> Answer:
        parsed = json.loads(response.body, parse_float=Decimal)
        return Answer(status=response.status, body=parsed, headers=dict(response.headers), raw=response.body)

    # v1

    def login(self, email: str = EMAIL, password: str = PASSWORD) -> Answer:
        answer = self.send("POST", "/v1/auth/login", {"email": email, "password": password})
        if answer.status < 300:
            self.tokens = answer.body
        return answer

    def refresh(self, token: str) -> Answer:
        return self.send("POST", "/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})

    def v1(self, method: str, path: str, body: Any = None) -> Answer:
        if not self.tokens:
            self.login()
        return self.send(method, f"/v1{path}", body, {"authorization": f"Bearer {self.tokens['accessToken']}"})

    def place_v1(self, code: str = "O-1", *lines: tuple[int, int], **changes: Any) -> Answer:
        return self.v1("POST", "/orders/place-order", self.body_v1(code, *lines) | changes)

    def body_v1(self, code: str, *lines: tuple[int, int]) -> dict[str, Any]:
        """All that is documented, from the sandbox's own catalog; one of product 1 unless said otherwise."""
        products = {product.id: product for product in self.model.products()}
        rows = []
        for number, quantity in lines or ((1, 1),):
            product = products[number]
            price = product.price or 5000
            row = {"productId": number, "price": price, "sku": product.sku, "currency": product.currency}
            rows.append(row | {"quantity": quantity})
        total = sum(row["price"] * row["quantity"] for row in rows)
        return {"externalOrderCode": code, "price": total, "currency": rows[0]["currency"], "orderProducts": rows}

    def retrieve(self, order_id: Any) -> Answer:
        return self.v1("GET", f"/orders/retrieve-order?id={order_id}")

    # v2

    def v2(self, method: str, path: str, body: Any = None) -> Answer:
        return self.send(method, f"/v2{path}", body, {} if self.key is None else {"X-Api-Key": self.key})

    def place(self, code: str = "O-1", *lines: tuple[int, int] | dict[str, Any], **changes: Any) -> Answer:
        rows = [
            line if isinstance(line, dict) else {"productId": line[0], "quantity": line[1]}
            for line in lines or ((1, 1),)
        ]
        body = {"externalOrderCode": code, "currency": "GBP", "orderProducts": rows} | changes
        return self.v2("POST", "/orders", {name: value for name, value in body.items() if value is not None})

    def order(self, reference: Any = "O-1") -> Answer:
        return self.v2("GET", f"/orders/{reference}")

    def products(self, query: str = "") -> list[int]:
        answer = self.v2("GET", f"/catalog/products{query}")
        assert answer.status == 200, answer.body
        return [product["productId"] for product in answer.body["products"]]

    def books(self) -> Decimal:
        """They balance; pounds in the wallet."""
        assert self.model.unbalanced() == ()
        return self.model.balance("GBP")


@pytest.fixture(scope="session")
def connect() -> Callable[..., Client]:
    """A client of a new model: `connect(switches=..., lenient=...)`."""

    def new(tenants: Any = None, **options: Any) -> Client:
        clock = Clock()
        return Client(KalixoModel(tenants, clock=clock, **options), clock)

    return new


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()
