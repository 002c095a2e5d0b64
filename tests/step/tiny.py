"""Two providers of one answer each, to try the engine's words on: a redemption and a hold.

May live here: the smallest adapters there can be, and a till in front of answers a test writes. May not: a test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import attrs
import httpx

from stampcard.adapter import (
    Accepted,
    Adapter,
    AskAgain,
    Declined,
    Evidence,
    NotSent,
    Policy,
    Recovery,
    Repeat,
    Resend,
    Unknown,
)
from stampcard.adapter import Outcome as AnyOutcome
from stampcard.commands import Approve, Authorize, Command, Create, Observe, Redeem, Reject
from stampcard.facts import AuthorizationFacts
from stampcard.lifecycles import AUTHORIZATION, REDEMPTION, AuthorizationState, RedemptionState
from stampcard.model import Environment, Facts, Order, Secret, Site
from stampcard.sealed import Sealed
from stampcard.step import M, Seat, Step, verb
from stampcard.verbs import AuthorizationVerbs, RedemptionVerbs
from stampcard.wire import Request, Response, path

WORDS: Mapping[str, RedemptionState] = {
    "pending": RedemptionState.PENDING_APPROVAL,
    "approved": RedemptionState.APPROVED,
    "rejected": RedemptionState.REJECTED,
    "new": RedemptionState.NEW,
}


@attrs.frozen(kw_only=True)
class PrizeFacts(Facts):
    said: str | None = None
    token: Sealed | None = None


Prize = Order[RedemptionState, PrizeFacts]
Outcome = AnyOutcome[Any, Any]


class NoAuth(httpx.Auth):
    """Nothing to add."""


class Prizes(Adapter[RedemptionState, PrizeFacts, Any]):
    name = "prizes"
    lifecycle = REDEMPTION
    facts = PrizeFacts
    commands = (Redeem, Approve, Reject, Observe)
    environment = Environment.SANDBOX
    base_url = "http://127.0.0.1"
    pauses: ClassVar[tuple[float, ...]] = (1.0, 2.0, 4.0)
    one_at_a_time: ClassVar[bool] = False

    def __init__(self, policies: Mapping[str, Policy] | None = None) -> None:
        once = Policy(repeat=Repeat.SAME_KEY)
        looks = Policy(repeat=Repeat.SAME_KEY, effectless=True, look_up=True)
        self.policies = policies or {"redeem": once, "approve": once, "reject": once, "observe": looks}

    def opening(self) -> PrizeFacts:
        return PrizeFacts()

    def request(self, order: Prize, command: Command, /) -> Request:
        where = path("/orders/{}/{}", order.id, command.trigger)
        return Request.get(where) if isinstance(command, Observe) else Request.post(where, {})

    def read(self, order: Prize, command: Command, response: Response, /) -> Outcome:
        said = response.json()["status"].text()
        if response.status == 429:
            return NotSent(why="busy", retry_after=float(response.header("retry-after") or 1))
        if response.status == 404:
            return Declined(code="order.unknown_there", message="Not known there.")
        if response.status != 200 or said is None:
            return Unknown(why=f"HTTP {response.status}")
        facts = attrs.evolve(order.facts, said=said, token=Sealed.of("token-canary"))
        if said in WORDS:
            return Accepted(facts=facts, to=WORDS[said])
        to = None if isinstance(command, Observe) else RedemptionState.PENDING_APPROVAL
        return Accepted(facts=facts, to=to, drift=said)

    def recover(self, order: Prize, command: Command, evidence: Evidence, /) -> Recovery[Any, Any]:
        return Resend()

    def lane(self, order: Prize, command: Command, /) -> str | None:
        return "one" if self.one_at_a_time and isinstance(command, Redeem) else None

    def look_after(self, order: Prize, now: Any, looks: int, /) -> float | None:
        if order.final:
            return None
        return self.pauses[min(looks, len(self.pauses) - 1)]

    def auth(self, site: Site, /) -> httpx.Auth:
        return NoAuth()


class PrizeVerbs(RedemptionVerbs[M, PrizeFacts]):
    @verb
    def redeem(self, order_id: str, offer: str = "mug") -> Step[Prize]:
        """Points for a prize."""
        return (yield from self._open(order_id, Redeem(offer=offer)))

    @verb
    def code(self, order: Prize, *, why: str, expected: str | None = None) -> Step[str]:
        """What is never journalled."""
        from stampcard.adapter import Query

        def read(response: Response) -> str | Unknown:
            return response.json()["code"].text() or Unknown(why="no code")

        def alarm(found: str) -> str | None:
            return None if expected in (None, found) else "another code came back"

        query = Query(name="code", request=Request.get(path("/orders/{}/code", order.id)), read=read)
        return (yield from self._reveal(order, query, why=why, alarm=alarm))


@attrs.frozen(kw_only=True)
class Pay(Authorize):
    """last_four is journalled, the card is not."""

    last_four: str
    card: Secret[str] | None = None


class Holds(Adapter[AuthorizationState, AuthorizationFacts, Any]):
    name = "holds"
    lifecycle = AUTHORIZATION
    facts = AuthorizationFacts
    commands = (Pay, Create)
    environment = Environment.SANDBOX
    base_url = "http://127.0.0.1"
    policies: ClassVar[Mapping[str, Policy]] = {"authorize": Policy(repeat=Repeat.NEVER, asks_again=7 * 86400.0)}

    def opening(self) -> AuthorizationFacts:
        return AuthorizationFacts()

    def request(self, order: Any, command: Pay, /) -> Request:
        assert command.card is not None
        return Request.post("/authorize", {"card": command.card.reveal()})

    def read(self, order: Any, command: Pay, response: Response, /) -> Outcome:
        match response.status:
            case 200:
                facts = attrs.evolve(order.facts, authorized=command.amount)
                return Accepted(facts=facts, to=AuthorizationState.AUTHORIZED)
            case 402:
                return Declined(code="card.declined", message="Card declined.", to=AuthorizationState.DECLINED)
            case status:
                return Unknown(why=f"HTTP {status}")

    def recover(self, order: Any, command: Pay, evidence: Evidence, /) -> Recovery[Any, Any]:
        return AskAgain(reason="the card was never stored")

    def auth(self, site: Site, /) -> httpx.Auth:
        return NoAuth()


class HoldVerbs(AuthorizationVerbs[M, AuthorizationFacts]):
    @verb
    def authorize(self, order_id: str, pay: Pay) -> Step[Order[AuthorizationState, AuthorizationFacts]]:
        """Hold money."""
        return (yield from self._open(order_id, pay))


@attrs.frozen
class Settings:
    adapter: Any
    verbs: Any

    def bind(self, seat: Seat[M], /) -> Any:
        return self.verbs(seat, self.adapter)


def transport(answer: Callable[[str], Any]) -> httpx.MockTransport:
    """answer: last part of the path -> (status, body), or an exception to raise."""

    def handle(request: httpx.Request) -> httpx.Response:
        said = answer(request.url.path.rsplit("/", 1)[-1])
        if isinstance(said, Exception):
            raise said
        status, body, *headers = said
        return httpx.Response(status, content=json.dumps(body).encode(), headers=dict(*headers))

    return httpx.MockTransport(handle)
