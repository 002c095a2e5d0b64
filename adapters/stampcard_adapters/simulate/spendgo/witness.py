"""What Spendgo's members must own after a run, read off the bytes that reached the provider.

May live here: a model in front of the model, and the sums of what each order's state and bodies moved. May not:
anything of the engine, the adapter, or the model's own ledgers, which it is there to check.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

import attrs

from stampcard.wire import Request
from stampcard_adapters.sandbox.http import Response
from stampcard_adapters.sandbox.spendgo import SpendgoModel

__all__ = ["Books", "Witness"]


@attrs.define
class Books:
    """What members own."""

    points: Mapping[str, Decimal]
    rewards: Mapping[tuple[str, str], int]
    dollars: Mapping[str, Decimal]

    @classmethod
    def of(cls, model: SpendgoModel, members: tuple[str, ...], rewards: tuple[str, ...]) -> Books:
        """As the provider tells it."""
        return cls(
            points={m: model.points(m) for m in members},
            rewards={(m, r): model.reward_quantity(m, r) for m in members for r in rewards},
            dollars={m: model.swp_balance(m) for m in members},
        )

    def differences(self, now: Books) -> Iterator[str]:
        """A sentence for everything that is not as it must be."""
        for member, points in self.points.items():
            if now.points.get(member, Decimal(0)) != points:
                yield f"member {member} has {now.points.get(member)} points, and must have {points}"
        for (member, reward), count in self.rewards.items():
            if now.rewards.get((member, reward), 0) != count:
                yield f"member {member} has {now.rewards.get((member, reward))} of reward {reward}, must have {count}"
        for member, dollars in self.dollars.items():
            if now.dollars.get(member, Decimal(0)) != dollars:
                yield f"member {member} has {now.dollars.get(member)} to shop with, and must have {dollars}"


class Witness:
    """A model in front of the model: remembers by which body each stage took effect. It reads wire bodies and stages,
    and nothing of the engine, the adapter, or the model's ledgers."""

    def __init__(self, model: SpendgoModel) -> None:
        self.model = model
        self._bodies: dict[tuple[str, str], tuple[str, bytes]] = {}

    def handle(self, request: Request, /) -> Response:
        parts = request.target.split("/")
        answer = self.model.handle(request)
        if parts[-1] == "orders" and answer.status == 200:
            order_id, status = _named(request.body)
            if self.model.states(order_id)[-1:] == (status,):
                self._bodies.setdefault((order_id, status), (parts[3], request.body))
        return answer

    def unbalanced(self) -> tuple[str, ...]:
        return self.model.unbalanced()

    def expected(self, opening: Books) -> Books:
        """What members must own now: the opening, and what each order's state and bodies say it moved."""
        points, dollars = defaultdict(Decimal, opening.points), defaultdict(Decimal, opening.dollars)
        rewards = defaultdict(int, opening.rewards)
        for order_id in self.model.orders():
            states = self.model.states(order_id)
            state, taken = (states or ("",))[-1], self._taken(order_id, states)
            if taken is not None:
                owner, reward, off = taken
                if reward.startswith("P_"):
                    dollars[owner] -= off
                else:
                    rewards[owner, reward] -= 1
            if state == "completed":
                owner, raw = self._bodies[order_id, "completed"]
                if owner != "guest":
                    points[owner] += _earned(_read(raw), Decimal(0) if taken is None else taken[2])
        return Books(points=points, rewards=rewards, dollars=dollars)

    def holds(self, order_id: str) -> bool:
        """Whether its member is without a reward because of this order."""
        return self._taken(order_id, self.model.states(order_id)) is not None

    def _taken(self, order_id: str, states: Sequence[str]) -> tuple[str, str, Decimal] | None:
        """(member, reward, discount) an order that went through these states holds."""
        stages = {"placed": 0, "billed": 1, "completed": 2}
        state = (states or ("",))[-1]
        if state not in stages:
            return None
        last = ("placed", "billed", "completed")[stages[state]]
        owner, raw = self._bodies[order_id, last]
        claimed = _read(raw)["basket"].get("rewards", [])
        if owner == "guest" or not claimed:
            return None
        reward = claimed[0]["id"]
        leaves = self.model.switches.swp_deducted_at if reward.startswith("P_") else "billed"
        if stages[state] < stages[leaves] or leaves not in _since_void(states):
            return None
        _, body = self._bodies[order_id, leaves]
        return owner, reward, _read(body)["basket"]["rewards"][0]["discount"]


def _since_void(states: Sequence[str]) -> Sequence[str]:
    """What came after the last void, which gave the reward back; a late stage takes only what it is that takes."""
    return states[len(states) - states[::-1].index("voided") :] if "voided" in states else states


def _named(body: bytes) -> tuple[str, str]:
    said = json.loads(body)
    return str(said["id"]), str(said["status"])


def _read(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


def _earned(body: Any, off: Decimal) -> Decimal:
    items = Decimal(0)
    for entry in body["basket"]["posEntries"]:
        item = entry["posItem"]
        each = item["cost"] + sum((m["cost"] * m["quantity"] for m in item.get("modifiers", [])), Decimal(0))
        items += each * entry["quantity"]
    off = max(off, body.get("discount", Decimal(0)))
    return max(Decimal(0), items - off).quantize(Decimal(1), ROUND_DOWN)
