"""Beanbox in memory: a second reading of BEANBOX.md, with ledgers whose books must balance.

May live here: what the provider does. May not: anything of `beanbox.py`, or agreement with it proves nothing; of
`stampcard` only the two messages.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import attrs

from stampcard.wire import Request, Response

KEY_ID: Final = "bean-key-0001"
SECRET: Final = b"beans are secret"
CARD: Final = "77001"
_MOVES: Final[Mapping[str, tuple[tuple[str | None, ...], str]]] = {
    "place": ((None,), "placed"),
    "bill": (("placed", "billed"), "billed"),  # from billed too: a repeated bill is one more bill
    "complete": (("billed",), "completed"),
    "void": ((None, "placed", "billed"), "voided"),  # from nothing too: a place that lands later is refused then
    "refund": (("completed",), "refunded"),
}


class _No(Exception):  # noqa: N818  an answer, not an error
    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status, self.word = status, word


@attrs.define
class _Order:
    state: str | None = None
    card: str | None = None
    reward: str | None = None
    bills: int = 0
    answers: dict[str, dict[str, object]] = attrs.field(factory=dict)


@attrs.frozen
class _Row:
    """One movement: what, how much, for which order (None: the opening balance)."""

    account: str
    amount: int
    order: str | None


class BeanboxModel:
    """`stampcard.adapter.Model`. Safe to share between threads."""

    def __init__(self, *, latte: int = 3, drinks: int = 1) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, _Order] = {}
        self._worth = {"latte": ("Free latte", 450), "syrup": ("Free syrup", 50)}
        self._rows = [_Row(f"{CARD} latte", latte, None), _Row(f"{CARD} syrup", drinks, None)]

    def handle(self, request: Request, /) -> Response:
        """Any request, any bytes: an answer, never an exception."""
        with self._lock:
            try:
                self._let_in(request)
                status, body = 200, self._answer(request)
            except _No as no:
                status, body = no.status, {"error": no.word, "say": f"Beanbox says: {no.word}"}
        return Response(
            status=status, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode("utf-8")
        )

    def unbalanced(self) -> tuple[str, ...]:
        """Counted from the rows, not from the orders' states alone: what was taken twice shows."""
        found = [
            f"{account} is {left}"
            for account in {row.account for row in self._rows}
            if (left := self._has(account)) < 0
        ]
        for order_id, order in self._orders.items():
            keeps = order.state in ("billed", "completed")
            expected = {f"{order.card} {order.reward}": -1} if keeps and order.reward else {}
            if order.card and order.state == "completed":
                expected[f"{order.card} stamps"] = 1
            moved: dict[str, int] = {}
            for row in self._rows:
                if row.order == order_id:
                    moved[row.account] = moved.get(row.account, 0) + row.amount
            moved = {account: amount for account, amount in moved.items() if amount}
            if moved != expected:
                found.append(f"order {order_id} is {order.state} and moved {moved}")
            if order.bills > 1:
                found.append(f"order {order_id} was billed {order.bills} times")
        return tuple(found)

    # to look into and to arrange, in a test

    def state(self, order_id: str) -> str | None:
        """Where an order stands; None when there is none."""
        order = self._orders.get(order_id)
        return None if order is None else order.state

    def left(self, reward: str) -> int:
        """How many of a reward the card has."""
        return self._has(f"{CARD} {reward}")

    # inside

    def _let_in(self, request: Request) -> None:
        sent = {name.lower(): value for name, value in request.headers.items()}
        text = b"\n".join(
            [
                request.method.encode("utf-8", "replace"),
                request.target.encode("utf-8", "replace"),
                hashlib.sha256(request.body).hexdigest().encode(),
            ]
        )
        right = hmac.new(SECRET, text, hashlib.sha256).hexdigest()
        said = sent.get("x-bean-sign", "").encode("utf-8", "replace")
        if sent.get("x-bean-key") != KEY_ID or not hmac.compare_digest(said, right.encode()):
            raise _No(401, "bad_signature")

    def _answer(self, request: Request) -> dict[str, object]:
        where, _, query = request.target.partition("?")
        parts = [unquote(part) for part in where.split("/")[1:]]
        match request.method, parts:
            case "GET", ["v1", "cards"]:
                return self._card(unquote(query.removeprefix("number=")))
            case "GET", ["v1", "orders", order_id]:
                return self._shown(order_id)
            case "POST", ["v1", "orders", order_id, "checkout"]:
                return self._priced(order_id, _object(request.body))
            case "POST", ["v1", "orders", order_id, verb] if verb in _MOVES:
                return self._moved(order_id, verb, _object(request.body))
            case _:
                raise _No(404, "unknown_path")

    def _card(self, number: str) -> dict[str, object]:
        if number != CARD:
            raise _No(404, "unknown_card")
        listed = [
            {"id": reward, "label": label, "cents": cents, "left": self.left(reward)}
            for reward, (label, cents) in self._worth.items()
            if self.left(reward) > 0
        ]
        return {"card": CARD, "rewards": listed}

    def _shown(self, order_id: str) -> dict[str, object]:
        order = self._orders.get(order_id)
        if order is None or order.state is None:
            raise _No(404, "unknown_order")
        return {"order": order_id, "state": order.state, "receipt": f"R-{order_id}" if order.bills else None}

    def _priced(self, order_id: str, body: dict[str, Any]) -> dict[str, object]:
        if self.state(order_id) is not None:
            raise _No(409, "out_of_sequence")
        return {"order": order_id, "state": "checkout", "off": self._off(body)}

    def _off(self, body: dict[str, Any]) -> int:
        card, reward, cents = body.get("card"), body.get("reward"), body.get("cents")
        if not isinstance(cents, int) or isinstance(cents, bool) or cents < 0 or card not in (None, CARD):
            raise _No(400, "bad_order")
        if reward is None:
            return 0
        if card is None or not isinstance(reward, str) or reward not in self._worth:
            raise _No(400, "bad_order")
        if self.left(reward) < 1 or self._worth[reward][1] > cents:
            raise _No(422, "reward_gone")
        return self._worth[reward][1]

    def _moved(self, order_id: str, verb: str, body: dict[str, Any]) -> dict[str, object]:
        order = self._orders.get(order_id) or _Order()
        if verb != "bill" and verb in order.answers:
            return order.answers[verb]  # the same verb again is the same answer
        sources, state = _MOVES[verb]
        if order.state not in sources:
            raise _No(409, "out_of_sequence")
        if verb == "place":
            self._off(body)
            order.card, order.reward = body.get("card"), body.get("reward")
        if verb == "bill":
            self._take(order_id, order)
        if verb == "complete" and order.card:
            self._rows.append(_Row(f"{order.card} stamps", 1, order_id))
        if verb in ("void", "refund"):
            self._give_back(order_id)
        order.state = state
        self._orders[order_id] = order
        order.answers[verb] = {"order": order_id, "state": state, "receipt": f"R-{order_id}" if order.bills else None}
        return order.answers[verb]

    def _take(self, order_id: str, order: _Order) -> None:
        if order.reward:
            if self.left(order.reward) < 1:
                raise _No(422, "reward_gone")
            self._rows.append(_Row(f"{order.card} {order.reward}", -1, order_id))
        order.bills += 1

    def _give_back(self, order_id: str) -> None:
        moved = [row for row in self._rows if row.order == order_id]
        self._rows += [attrs.evolve(row, amount=-row.amount) for row in moved]

    def _has(self, account: str) -> int:
        return sum(row.amount for row in self._rows if row.account == account)


def names(request: Request) -> tuple[str | None, str | None]:
    """(provider, trigger) of a request, as `Faults` names them."""
    parts = request.target.partition("?")[0].split("/")
    trigger = parts[4] if len(parts) == 5 else "look" if parts[2:3] == ["orders"] else "card"
    return "beanbox", trigger


def _object(body: bytes) -> dict[str, Any]:
    reader: Callable[[bytes], object] = json.loads
    try:
        tree = reader(body)
    except (ValueError, RecursionError):
        raise _No(400, "bad_json") from None
    if not isinstance(tree, dict):
        raise _No(400, "bad_json")
    return tree
