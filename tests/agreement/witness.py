"""What the provider really did, told by the bytes that reached it: what engine and sandbox are both held to.

It reads wire bodies and the sandbox's states, and nothing of the engine or the adapter.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

import attrs
import httpx

from stampcard.journal import Journal
from stampcard.model import EntryKind
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.spendgo import SpendgoModel

TRIGGER = {
    "checkout": "checkout",
    "placed": "place",
    "billed": "bill",
    "completed": "complete",
    "voided": "void",
    "refunded": "refund",
}


@attrs.frozen
class Effect:
    """A call that changed something at the provider."""

    order: str
    stage: str


@attrs.define
class Witness:
    """A model in front of the model: remembers what changed, and by which body."""

    model: SpendgoModel
    effects: list[Effect] = attrs.field(factory=list)
    bodies: dict[tuple[str, str], tuple[str, Any]] = attrs.field(factory=dict)

    def handle(self, request: RequestLike, /) -> Response:
        owner, body = order_call(request.target, request.body)
        if owner is None:
            return self.model.handle(request)
        spot = (str(body["id"]), str(body["status"]))
        before = self._mark(spot[0])
        answer = self.model.handle(request)
        if self._mark(spot[0]) != before:
            self.effects.append(Effect(*spot))
            self.bodies[spot] = (owner, body)
        return answer

    def _mark(self, order_id: str) -> tuple[object, int]:
        return self.model.states(order_id), len(self.model.rows())

    def expected(self, opening: Books) -> Books:
        """What members must own now: the opening, and what each order's state and bodies say it moved."""
        points, rewards, dollars = Counter(opening.points), Counter(opening.rewards), Counter(opening.dollars)
        for order_id in self.model.orders():
            state = (self.model.states(order_id) or ("",))[-1]
            if state not in ("billed", "completed"):
                continue
            owner, billed = self.bodies[order_id, "billed"]
            claimed = billed["basket"].get("rewards", [])
            off = Decimal(0)
            if claimed:
                off, reward = claimed[0]["discount"], claimed[0]["id"]
                if reward.startswith("P_"):
                    dollars[owner] -= off
                else:
                    rewards[owner, reward] -= 1
            if state == "completed" and owner != "guest":
                _, body = self.bodies[order_id, "completed"]
                off = max(off, body.get("discount", Decimal(0)))
                earned = max(Decimal(0), _items(body["basket"]["posEntries"]) - off)
                points[owner] += earned.quantize(Decimal(1), ROUND_DOWN)
        return Books(points=points, rewards=rewards, dollars=dollars)


@attrs.define
class Books:
    """What members own."""

    points: Mapping[str, Decimal]
    rewards: Mapping[tuple[str, str], int]
    dollars: Mapping[str, Decimal]

    @classmethod
    def of(cls, model: SpendgoModel, members: tuple[str, ...], rewards: tuple[str, ...]) -> Books:
        return cls(
            points={m: model.points(m) for m in members},
            rewards={(m, r): model.reward_quantity(m, r) for m in members for r in rewards},
            dollars={m: model.swp_balance(m) for m in members},
        )


def _items(entries: list[Any]) -> Decimal:
    total = Decimal(0)
    for entry in entries:
        item = entry["posItem"]
        each = item["cost"] + sum((m["cost"] * m["quantity"] for m in item.get("modifiers", [])), Decimal(0))
        total += each * entry["quantity"]
    return total


def order_call(target: str, body: bytes) -> tuple[str | None, Any]:
    """(owner, body) of an order call; (None, None) of any other."""
    parts = target.split("/")
    if parts[-1] != "orders":
        return None, None
    return parts[3], json.loads(body, parse_float=Decimal, parse_int=Decimal)


class Watched(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Nothing leaves without its promise: looks into the journal before every order call."""

    def __init__(self, inner: httpx.BaseTransport, journal: Journal) -> None:
        self._inner = inner
        self._journal = journal
        self.sent = 0
        self.unpromised: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        owner, body = order_call(request.url.path, request.content)
        if owner is not None:
            self.sent += 1
            record = self._journal.load(body["id"])
            last = None if record is None else record.entries[-1]
            promised = last is not None and last.kind in (EntryKind.INTENT, EntryKind.ATTEMPT)
            if not promised or last is None or last.trigger != TRIGGER[body["status"]]:
                self.unpromised.append(f"{body['status']} of {body['id']} without an intent")
        return self._inner.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""
