"""The five providers in a process of their own, over real HTTP: they answer slowly, late, or not at all, on demand.

It remembers when each call arrived, took effect and was answered, so that the campaign can say where a kill hit; and it
holds the books against the journals when everything is over.

May live here: the weather at the provider's door, the record of calls, the questions the campaign asks (`/_campaign`).
May not: a rule of a provider's (those are the sandbox's), a till that sells.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.kill.campaign import audit, shops

from stampcard.simulate import Draw, Scenario
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import Request, RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.serve import listen, run, url_of
from stampcard_adapters.testing import names

__all__ = ["PACES", "Pace", "main"]


@attrs.frozen
class Pace:
    """How a call that changes something is answered. before, after: most seconds lost on either side of the effect.
    late: so many, of 1, take effect only seconds later. bad: so many are answered 503, done or not."""

    before: float
    after: float
    late: float = 0.0
    bad: float = 0.0


PACES: Final[Mapping[str, Pace]] = {
    "fast": Pace(0.0, 0.0),
    "slow": Pace(0.15, 0.3, late=0.03),
    "late": Pace(0.2, 0.3, late=0.4),
    "bad": Pace(0.1, 0.15, late=0.05, bad=0.35),
}
_LATEST: Final = 2.5
_CHANGES: Final = frozenset(
    (
        *("checkout", "place", "bill", "complete", "void", "refund"),
        *("redeem", "approve", "reject"),
        *("authorize", "create", "cancel"),
    )
)
"""Triggers that change something at some provider; a question is answered at once."""
_PREFIX: Final = "/_campaign/"


@attrs.define
class Call:
    """One call. Moments are on the machine's monotonic clock, which every process of it shares."""

    provider: str | None
    trigger: str | None
    received: float
    acted: float | None = None
    answered: float | None = None
    over: bool = False


_CALL: ContextVar[Call] = ContextVar("call")


class _Witnessed:
    """A model that notes when it acted."""

    def __init__(self, model: Any, prefixes: tuple[str, ...]) -> None:
        self._model = model
        self.prefixes = prefixes

    def handle(self, request: RequestLike, /) -> Response:
        answer: Response = self._model.handle(request)
        _CALL.get().acted = time.monotonic()
        return answer

    def tenants(self) -> dict[str, Json]:
        return {}

    def unbalanced(self) -> tuple[str, ...]:
        return ()


class World:
    """The application: the sandbox's own, behind weather."""

    def __init__(self, seed: int) -> None:
        self.ahead = 0.0
        self.pace = PACES["slow"]
        self.calls: list[Call] = []
        self.scenarios: dict[str, Scenario] = shops.scenarios(seed, lambda: shops.ahead(self.ahead))
        self._draw = Draw(seed, 99)
        self._sandbox: ASGIApp = sandbox_app(*(_Witnessed(s.model, _prefixes(s)) for s in self.scenarios.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return  # whoever called was killed before all of it was sent: nothing arrived
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if scope["path"].startswith(_PREFIX):
            said = self._asked(scope["path"].removeprefix(_PREFIX), json.loads(body or b"{}"))
            await _answer(send, 200, json.dumps(said).encode())
            return
        call = Call(*names(_request(scope, body)), received=time.monotonic())
        self.calls.append(call)
        try:
            await self._meet(call, scope, body, receive, send)
        finally:
            call.over = True

    async def _meet(self, call: Call, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        before, after, bad = self._weather(call)
        await asyncio.sleep(before)
        if bad == "before":
            await _answer(send, 503, b"")
            return
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(after)
            if bad is None:
                await send(message)
            call.answered = time.monotonic()

        _CALL.set(call)
        await self._sandbox(scope, again, answered)
        if bad == "after":
            await _answer(send, 503, b"")

    def _weather(self, call: Call) -> tuple[float, float, str | None]:
        """Seconds before and after the effect, and on which side of it the answer is a gateway's 503."""
        if call.trigger not in _CHANGES:
            return 0.0, 0.0, None
        pace, draw = self.pace, self._draw
        before, after = draw.between(0.0, pace.before), draw.between(0.0, pace.after)
        if draw.chance(pace.late):
            before = draw.between(0.5, _LATEST)
        if call.trigger in self.scenarios[call.provider or ""].in_turn:
            before, after = 0.0, before + after  # it takes effect before any that is sent after it
        return before, after, draw.pick(("before", "after")) if draw.chance(pace.bad) else None

    def _asked(self, what: str, about: Any) -> Any:
        answers: dict[str, Callable[[], Any]] = {
            "pace": lambda: self._set(pace=PACES[about["pace"]]),
            "ahead": lambda: self._set(ahead=self.ahead + about["seconds"]),
            "under_way": lambda: sum(not call.over for call in self.calls),
            "calls": lambda: [attrs.asdict(c) for c in self.calls if c.received >= about["since"] and c.trigger],
            "audit": lambda: audit.audit(self.scenarios, about["journals"]),
        }
        return answers[what]()

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)


def _prefixes(scenario: Scenario) -> tuple[str, ...]:
    model = scenario.model
    return tuple(getattr(model, "model", model).prefixes)  # Spendgo's stands behind a witness


def _request(scope: Scope, body: bytes) -> Any:
    query: bytes = scope["query_string"]
    target = (scope["raw_path"] + (b"?" + query if query else b"")).decode("latin-1")
    return Request(method=scope["method"], target=target, body=body)


async def _answer(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


def main(seed: int) -> None:
    """Serve until the parent is gone."""
    listener = listen("127.0.0.1", 0)
    shops.end_with_the_parent(sys.stdin.read, lambda: os._exit(0))
    with listener:
        run(World(seed), listener, on_ready=lambda: print(url_of(listener), flush=True))
