"""A client of the Kigo sandbox that knows nothing of the adapters: it sends what a test says, and no more."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from stampcard_adapters.sandbox.http import Request, Response
from stampcard_adapters.sandbox.kigo import KigoModel, tenants_from_json

KEY = "sandbox-kigo-key"
PARTNER = "11111111-1111-4111-8111-111111111111"
COFFEE = "sandbox-product-coffee"


@attrs.frozen(kw_only=True)
class Answer:
    """What came back, parsed."""

    status: int
    body: Any
    raw: bytes

    @property
    def refusal(self) -> tuple[int, str]:
        assert self.body.keys() == {"error_code", "error_message"}, self.body
        assert self.body["error_message"]
        return self.status, self.body["error_code"]


class Clock:
    """Moves when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


class BusyClock(Clock):
    """Lets another thread run whenever the time is asked for, which is in the middle of every call."""

    def __call__(self) -> datetime:
        time.sleep(0)
        return self.now


class Client:
    """A partner, its server and its customers' wallets."""

    def __init__(self, model: KigoModel, *, api_key: str = KEY, partner_id: str = PARTNER) -> None:
        self.model = model
        self.api_key = api_key
        self.partner_id = partner_id
        self.token: str | None = None

    def request(
        self, method: str, target: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> Request:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        found = {} if body is None else {"Content-Type": "application/json"}
        if token is not None:
            found["Authorization"] = f"Bearer {token}"
        return Request(method=method, target=target, headers=found | headers, body=sent)

    def call(self, method: str, target: str, body: Any = None, **options: Any) -> Answer:
        return self.read(self.model.handle(self.request(method, target, body, **options)))

    @staticmethod
    def read(response: Response) -> Answer:
        return Answer(status=response.status, body=json.loads(response.body), raw=response.body)

    def session(self, **changes: Any) -> Answer:
        body = {"api_key": self.api_key, "partner_id": self.partner_id} | changes
        return self.call("POST", "/api/v1/auth/sessions", body)

    def partner_token(self) -> str:
        if self.token is None:
            self.token = self.session().body["token"]
        return self.token

    def post(self, target: str, body: Any) -> Answer:
        return self.call("POST", target, body, token=self.partner_token())

    def order(self, order: Any = "ord-1", product: str = COFFEE, **more: Any) -> Answer:
        return self.post(f"/api/v1/products/{product}/claim-codes", {"external_order_id": order} | more)

    def user_session(self, user: str = "user-1", **body: Any) -> Answer:
        fields = body or {"external_program_id": "program-1"}
        return self.post("/api/v1/auth/sessions/accounts", {"external_user_id": user} | fields)

    def user_token(self, user: str = "user-1") -> str:
        return self.user_session(user).body["token"]

    def sso(self, user: str = "user-1", **body: Any) -> Answer:
        return self.post("/api/v1/accounts/sso-sessions", {"external_user_id": user} | body)

    def exchange(self, session_id: Any) -> Answer:
        return self.call("PATCH", "/sso/sessions/api/accounts", {"session_id": session_id})

    def lookup(self, code: str, token: str | None) -> Answer:
        return self.call("GET", f"/api/v1/claim-codes/{code}/tokens", token=token)

    def claim(self, code: str, token: str | None) -> Answer:
        return self.call("POST", f"/api/v1/claim-codes/{code}/claims", token=token)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def connect() -> Callable[..., Client]:
    """A client of a new model: `connect(switches=..., clock=...)`, or of a given one: `connect(model=...)`."""

    def new(model: KigoModel | None = None, **options: Any) -> Client:
        return Client(KigoModel(**{"clock": Clock()} | options) if model is None else model)

    return new


@pytest.fixture
def client(connect: Callable[..., Client], clock: Clock) -> Client:
    return connect(clock=clock)


@pytest.fixture
def crowded(connect: Callable[..., Client]) -> Iterator[Client]:
    """A client for many threads, which take turns as often as they can: without the model's lock these tests fail."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield connect(clock=BusyClock())
    sys.setswitchinterval(before)


@pytest.fixture
def second(client: Client) -> Client:
    """Another partner beside the first, with a product of its own and one of the same id."""
    world = json.loads(json.dumps(client.model.tenants()))
    world["other"] = {
        "provider": "kigo",
        "api_key": "other-key",
        "partner_id": "22222222-2222-4222-8222-222222222222",
        "products": [{"product_id": COFFEE, "stock": 5}, {"product_id": "tea", "stock": 5}],
    }
    client.model = KigoModel(tenants_from_json(json.dumps(world).encode()), clock=client.model._clock)
    return Client(client.model, api_key="other-key", partner_id="22222222-2222-4222-8222-222222222222")
