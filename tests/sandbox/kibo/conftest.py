"""A client of Kibo's sandbox that knows nothing of the adapters: it sends what a test says, and no more."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from stampcard_adapters.sandbox.http import Request
from stampcard_adapters.sandbox.kibo import KiboModel

PUBLISHED = (Path(__file__).parent / "vectors" / "authorize_as_published.txt").read_bytes()
SAMPLE = json.loads(PUBLISHED.replace(b"01010", b"1010"))
AUTHORIZE = "/api/v2/createOrder/authorize"
CREATE = "/api/v2/createOrder/"


class Clock:
    """Time that moves when a test says so; it begins before the sample's card expires."""

    def __init__(self) -> None:
        self.now = datetime(2019, 6, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@attrs.frozen(kw_only=True)
class Answer:
    """What came back, parsed."""

    status: int
    body: Any
    raw: bytes
    headers: dict[str, str]

    @property
    def code(self) -> int:
        return self.body["code"]

    @property
    def problem(self) -> tuple[int, int, str | None]:
        """Status, code and field of a refusal."""
        return self.status, self.body["code"], self.body.get("field")


class Client:
    """Fetches its own token, once; a test may replace anything it sends."""

    def __init__(self, model: KiboModel, clock: Clock, *, key: str = "sandbox-key", secret: str = "sandbox-secret"):
        self.model, self.clock = model, clock
        self.api_key, self.secret = key, secret
        self.token = self.fetch_token().body["access_token"]

    def fetch_token(self, *, body: bytes = b"grant_type=client_credentials", **headers: str) -> Answer:
        basic = base64.b64encode(f"{self.api_key}:{self.secret}".encode()).decode()
        sent = {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", "/oauthserver/oauth2/token", body, sent)

    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "API-Key": self.api_key,
            "Content-Type": "application/json",
        }

    def send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
        answer = self.model.handle(Request(method=method, target=target, headers=headers, body=body))
        parsed = json.loads(answer.body, parse_float=Decimal)
        return Answer(status=answer.status, body=parsed, raw=answer.body, headers=dict(answer.headers))

    def get(self, target: str) -> Answer:
        return self.send("GET", f"/api/v2/{target}", b"", self.headers())

    def post(self, target: str, body: Any) -> Answer:
        path = target if target.startswith("/") else f"/api/v2/{target}"
        return self.send("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), self.headers())

    @staticmethod
    def sample(**changes: Any) -> dict[str, Any]:
        """The seed's sample with a legal manufacturerID; `customer__phone1=...` reaches inside."""
        return changed(copy.deepcopy(SAMPLE), changes)

    def authorize(self, **changes: Any) -> Answer:
        return self.post(AUTHORIZE, self.sample(**changes))

    @staticmethod
    def order(external_id: str = "o-1", token: str | None = None, amount: Any = 2, **changes: Any) -> dict[str, Any]:
        """A complete createOrder: two hats of 0.75, 0.5 for shipping, paid with an authorization when there is one."""
        address = {
            "firstName": "Alan",
            "lastName": "Gudiel",
            "addressLine1": "222 Test Example Dr",
            "city": "Petaluma",
            "postalCode": "94954",
            "countryCode": "US",
        }
        item = {
            "product": {"productID": 5, "partNumber": "HAT", "name": "Hat", "retailPrice": 1, "availability": "Y"},
            "itemSpecifics": {"externalItemID": "1", "actualPrice": 0.75, "quantity": 2, "shipping": 0.5},
        }
        body: dict[str, Any] = {
            "externalOrderID": external_id,
            "manufacturerID": 1010,
            "catalogID": 0,
            "currency": "USD",
            "customer": {
                "firstName": "John",
                "lastName": "Smith",
                "email": "John.Smith@kibocommerce.com",
                "phone1": "4691111111",
            },
            "orderItems": [item],
            "shippingMethod": {"shipType": "EXPRESS_1_DAY", "deliveryMethod": "SHIP_TO_HOME"},
            "shippingAddress": address,
            "allowSplit": False,
        }
        if token is not None:
            body["orderPayments"] = [{"authorizationID": token, "authAmount": amount}]
        return changed(body, changes)

    def create(self, *args: Any, **changes: Any) -> Answer:
        return self.post(CREATE, self.order(*args, **changes))

    def bought(self, external_id: str = "o-1", **changes: Any) -> int:
        """An order with an authorization of 2; its orderID."""
        token = self.authorize(externalCartID=f"cart of {external_id}").body["authToken"]
        answer = self.create(external_id, token, **changes)
        assert answer.status == 200, answer.body
        return answer.body["orderID"]

    def item_of(self, order_id: int) -> int:
        """The first orderItemID of an order."""
        return self.get(f"order/{order_id}").body["items"][0]["orderItemID"]

    def cancel(self, order_id: Any, **changes: Any) -> Answer:
        body = {"orderID": order_id, "dispositionReason": "customer_changed_mind"} | changes
        return self.post("order/action/cancel", body)

    def sums(self, external_id: str = "o-1") -> dict[str, Decimal]:
        """Where an order's money is, without what is nothing."""
        return {name: value for name, value in attrs.asdict(self.model.paid(external_id)).items() if value}


def changed(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Changes at a__b paths; `...` takes a key away."""
    for path, value in changes.items():
        *way, last = path.split("__")
        place: Any = body
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        if value is ...:
            place.pop(last, None)
        else:
            place[last] = value
    return body


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def connect() -> Callable[..., Client]:
    """A client of a new model: `connect(switches=..., lenient=...)`, or of a given one."""

    def new(model: KiboModel | None = None, *, clock: Clock | None = None, **options: Any) -> Client:
        clock = Clock() if clock is None else clock
        keys = {name: options.pop(name) for name in ("key", "secret") if name in options}
        return Client(KiboModel(clock=clock, **options) if model is None else model, clock, **keys)

    return new


@pytest.fixture
def client(connect: Callable[..., Client], clock: Clock) -> Client:
    return connect(clock=clock)


@pytest.fixture(scope="session")
def published() -> bytes:
    """The sample as it stands in the provider's page."""
    return PUBLISHED
