"""Redemptions at every stage, folded the way the engine folds them: read a reply, learn the command."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs

from stampcard.adapter import Accepted
from stampcard.commands import Answered, Approve, Observe, Reject
from stampcard.lifecycles import REDEMPTION, RedemptionState
from stampcard.model import Address, Environment, Site
from stampcard.wire import Response, minified
from stampcard_adapters.sessionm import (
    ExternalUserId,
    Offer,
    SessionM,
    SessionMAdapter,
    SessionMFacts,
    SessionMKeys,
    SessionMOrder,
    SessionMRedeem,
    Switches,
    UserId,
)
from stampcard_adapters.sessionm.adapter import SessionMCommand

API_KEY: Final = "canary-api-key-0001"
SECRET: Final = "canary-s2s-secret"
URL: Final = "https://api-acme.ent-sessionm.com"
KEYS: Final = SessionMKeys.of(API_KEY, SECRET)
UUID: Final = "da6b2d1e-0001-11e4-8a5c-123139459003"
USER: Final = UserId(UUID)
CRM: Final = ExternalUserId("crm/4711@acme corp")
OFFER: Final = Offer(id=77, name="Canvas bag", points=150, status="available")
CONTEST: Final = Offer(id=78, name="Trip to Banff", points=10, requires_skills_test=True)
ID: Final = "0042-7-20261122-000417"
SITE: Final = Site(store="0042", register="7")
MADE: Final = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
HOME: Final = Address(
    street="1 Main St",
    city="Banff",
    postal_code="T1L 1A1",
    country="CA",
    region="AB",
    cross_street="Unit 7",
    first_name="Zoë",
    last_name="Lee",
)


def adapter(**switches: Any) -> SessionMAdapter:
    return SessionMAdapter(SessionM(KEYS, environment=Environment.TEST, url=URL, switches=Switches(**switches)))


def order(facts: SessionMFacts | None = None, state: RedemptionState = RedemptionState.NEW) -> SessionMOrder:
    return SessionMOrder(
        id=ID,
        provider="sessionm",
        environment=Environment.TEST,
        site=SITE,
        lifecycle=REDEMPTION.name,
        fingerprint=REDEMPTION.fingerprint,
        state=state,
        version=1,
        facts=facts or SessionMFacts(),
    )


def redeem(user: UserId | ExternalUserId = USER, **changes: Any) -> SessionMRedeem:
    plain = SessionMRedeem(
        offer="77", quantity=2, points_each=150, user=user.value, external=isinstance(user, ExternalUserId)
    )
    return attrs.evolve(plain, **changes)


FULL: Final = redeem(
    CRM,
    offer="78",
    quantity=1,
    asks_question=True,
    answered=Answered(id="9", offer="78"),
    email="zoe@example.com",
    ip="203.0.113.9",
    ship_to=HOME,
)


def pending(user: UserId | ExternalUserId = USER) -> SessionMOrder:
    """An order as it stands once the provider took it."""
    command = redeem(user)
    outcome = adapter().read(order(), command, created())
    assert isinstance(outcome, Accepted), outcome
    return order(outcome.facts.learn(command), RedemptionState.PENDING_APPROVAL)


COMMANDS: Final[dict[str, SessionMCommand]] = {
    "redeem": redeem(),
    "approve": Approve(why="checked"),
    "reject": Reject(why="fraud list"),
    "observe": Observe(),
}


def step(trigger: str) -> tuple[SessionMOrder, SessionMCommand]:
    """A command, and the order it is fired on."""
    return (order() if trigger == "redeem" else pending()), COMMANDS[trigger]


def reply(status: int = 200, body: object = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else minified(body)
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def row(**changes: Any) -> dict[str, Any]:
    """An order as a list, a read and an update show it; ABSENT leaves a field out."""
    plain: dict[str, Any] = {
        "id": 4242,
        "offer_id": 77,
        "user_id": UUID,
        "quantity": 2,
        "points": 300,
        "status": "pending_approval",
        "created_at": "2026-11-22 10:00:00",
        "external_id": ID,
        **changes,
    }
    return {name: value for name, value in plain.items() if value is not ABSENT}


ABSENT: Final = object()


def created(**changes: Any) -> Response:
    """A create's own reply: the customer is an object there (trap 4)."""
    user = {"id": UUID, "available_points": "1200", "test_points": 0}
    shown = row(**{"user_id": ABSENT, "user": user, **changes})
    return reply(200, {"status": "ok", "order": shown})


def shown(**changes: Any) -> Response:
    """A read's reply: no word "ok" around it (trap 6)."""
    return reply(200, {"order": row(**changes)})


def updated(**changes: Any) -> Response:
    return reply(200, {"status": "ok", "order": row(offer_type="prize", **changes)})


def listing(*rows: dict[str, Any]) -> Response:
    return reply(200, {"orders": list(rows)})


def no(code: str, status: int = 200, **more: Any) -> Response:
    return reply(status, {"status": "error", "errors": {"code": code, **more}})
