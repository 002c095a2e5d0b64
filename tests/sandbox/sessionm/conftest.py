"""A client of the sandbox that knows nothing of the adapters: it sends what a test says, and no more."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import attrs
import pytest

from stampcard_adapters.sandbox.http import Request, Response
from stampcard_adapters.sandbox.sessionm import SessionMModel

KEY = "sandbox-sessionm-key"
SECRET = "sandbox-sessionm-secret"
RICH = "4f5b82c0-07c8-11e6-8d84-624132d14633"
CODES = {
    "invalid_api_key", "user_not_found", "requires_registered_user", "offer_not_available", "missing_data",
    "challenge_not_found", "invalid_request_order_status", "invalid_order_status", "access_denied", "not_found",
    "validation", "argument_error", "not_available",
}  # fmt: skip


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2015, 1, 20, 13, 4, 45, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


@attrs.frozen(kw_only=True)
class Answer:
    """What came back, parsed."""

    status: int
    body: Any
    raw: bytes

    @property
    def order(self) -> dict[str, Any]:
        assert (self.status, self.body.get("status")) == (200, "ok"), self.body
        return self.body["order"]

    @property
    def code(self) -> str:
        assert self.body["status"] == "error", self.body
        assert isinstance(self.body["errors"], dict)  # one object, not a list (trap 2)
        return self.body["errors"]["code"]

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.code


class Client:
    """Escapes ids and encodes credentials with its own few lines."""

    def __init__(self, model: SessionMModel, clock: Clock, *, key: str = KEY, secret: str = SECRET) -> None:
        self.model = model
        self.clock = clock
        self.key = key
        self.secret = secret

    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()

    def request(self, method: str, path: str, body: Any = None) -> Request:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"AUTHORIZATION": self.authorization(), "content-type": "application/json"}
        return Request(method=method, target=f"/priv/v1/apps/{self.key}{path}", headers=headers, body=sent)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        return self.read(self.model.handle(self.request(method, path, body)))

    @staticmethod
    def read(response: Response) -> Answer:
        return Answer(status=response.status, body=json.loads(response.body), raw=response.body)

    @staticmethod
    def user(user: str) -> str:
        """The path of a customer, by SessionM's id or the client's."""
        external = len(user) != len(RICH)
        return f"/external/users/{quote(user, safe='')}" if external else f"/users/{user}"

    def place(self, user: str = RICH, offer: Any = 1, **order: Any) -> Answer:
        return self.call("POST", f"{self.user(user)}/offers/{offer}/orders", {"order": order})

    def placed(self, user: str = RICH, offer: Any = 1, **order: Any) -> int:
        return self.place(user, offer, **order).order["id"]

    def list(self, user: str = RICH, query: str = "") -> list[dict[str, Any]]:
        answer = self.call("GET", f"{self.user(user)}/orders{query}")
        assert answer.status == 200, answer.body
        return answer.body["orders"]

    def get(self, order: Any, user: str = RICH) -> Answer:
        return self.call("GET", f"{self.user(user)}/orders/{order}")

    def decide(self, order: Any, status: Any, method: str = "POST") -> Answer:
        return self.call(method, f"/orders/{order}", {"order": {"status": status}})

    def question(self, user: str = RICH) -> dict[str, Any]:
        return self.call("GET", f"{self.user(user)}/challenges/skills_test_question").body["challenge"][
            "skills_test_question"
        ]

    def respond(self, question: int, response: Any, user: str = RICH, offer: int = 2) -> Answer:
        path = f"{self.user(user)}/offers/{offer}/challenges/skills_test_questions/{question}"
        return self.call("POST", path, {"challenge": {"skills_test_question": {"id": question, "response": response}}})

    def passed(self, user: str = RICH, offer: int = 2) -> int:
        """A challenge that was passed."""
        question = self.question(user)["id"]
        return self.respond(question, self.model.right_answer(question), user, offer).body["challenge"]["id"]

    def offers(self, user: str = RICH) -> dict[int, dict[str, Any]]:
        return {offer["id"]: offer for offer in self.call("GET", f"{self.user(user)}/offers").body["offers"]}


@pytest.fixture(scope="session")
def connect() -> Callable[..., Client]:
    """A client of a new model: `connect(switches=..., lenient=...)`, or of a given one: `connect(model)`."""

    def new(model: SessionMModel | None = None, **options: Any) -> Client:
        clock = Clock()
        return Client(SessionMModel(clock=clock, **options) if model is None else model, clock)

    return new


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()


@pytest.fixture(scope="session")
def codes() -> set[str]:
    """Every code the sheet knows and this sandbox uses."""
    return CODES
