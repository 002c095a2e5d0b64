"""Spendgo as the simulator plays it: sales with and without rewards, by members who shop at several tills.

May live here: what cashiers do, every switch drawn, and what must be conserved, read off the bytes that reached the
provider. May not: the model's own ledger as its own witness.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final, Literal, TypeAlias, cast

import attrs
import httpx

from stampcard.commands import Void
from stampcard.model import (
    GUEST,
    AnyOrder,
    Basket,
    Line,
    Member,
    Modifier,
    Money,
    Reward,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.simulate import Draw, Scenario, Wish
from stampcard.step import Step
from stampcard.wire import Request
from stampcard_adapters.sandbox.http import Response
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.sandbox.spendgo import Switches as SandboxSwitches
from stampcard_adapters.sandbox.spendgo.switches import Repeat
from stampcard_adapters.spendgo import SpendgoAdapter
from stampcard_adapters.testing.spendgo import SpendgoBooks, names

__all__ = ["Books", "SpendgoScenario", "Witness"]


def _usd(amount: str) -> Money:
    return Money(amount, "USD")


def _basket(line: Line, subtotal: str, total: str, **parts: str) -> Basket:
    amounts = {name: _usd(amount) for name, amount in parts.items()}
    return Basket(lines=(line,), totals=Totals(subtotal=_usd(subtotal), total=_usd(total), **amounts))


_CHEESE: Final = Modifier(label="cheese", price=_usd("0.50"))
Stage: TypeAlias = Literal["placed", "billed", "completed"]
_BASKETS: Final = (
    _basket(Line(label="Turkey", price=_usd("12.50"), quantity=4, modifiers=(_CHEESE,)), "52", "56.68", tax="4.68"),
    _basket(Line(label="Soup", price=_usd("9.99"), quantity=2), "19.98", "19.98"),
    _basket(Line(label="Platter", price=_usd("84.01")), "84.01", "85.01", tax="5", discount="4"),
)
_REPEATS: Final[tuple[Repeat, ...]] = ("replayed", "replayed", "refused", "unsafe")
_LEAVE: Final[tuple[Stage, ...]] = ("billed", "billed", "placed", "completed")
_WHY: Final = "simulated"
_PATH: Final = {
    "new": ("checkout",) * 30 + ("abandon",),
    "checkout": ("place",) * 30 + ("void",) * 2 + ("checkout",) * 3 + ("abandon",),
    "placed": ("bill",) * 20 + ("void",) * 3,
    "billed": ("complete",) * 20 + ("void",) * 3,
    "completed": ("refund",),
}
"""What a cashier wants of an order in a state; each as often as it is written."""


class SpendgoScenario(Scenario):
    """Two members and guests; rewards that fit, do not fit, run out, and are wanted at two tills at once."""

    opening = ("checkout",)

    def __init__(self, draw: Draw, clock: Callable[[], Any], *, repeat: Repeat | None = None) -> None:
        """repeat: as it is by default, but for this; None: everything is drawn."""
        if repeat is not None:
            self._settle(SpendgoModel(switches=SandboxSwitches(repeat=repeat), clock=clock), repeat, {})
        else:
            self._settle_drawn(draw, clock)

    def _settle_drawn(self, draw: Draw, clock: Callable[[], Any]) -> None:
        repeat, leave = draw.pick(_REPEATS), draw.pick(_LEAVE)
        lenient = draw.chance(0.3)
        model = SpendgoModel(
            switches=SandboxSwitches(
                repeat=repeat,
                swp_deducted_at=leave,
                invalid_reward_at_checkout=draw.pick(("message", "error")),
                guest_reward=draw.pick(("rejected", "ignored")),
                foreign_reward_status=draw.pick((400, 403)),
            ),
            lenient=lenient,
            clock=clock,
        )
        switches = {
            "points_leave_at": leave,
            "gone_is_used": draw.chance(0.3),
            "payments_as_array": draw.chance(0.3),
        }
        self._settle(model, repeat, switches, lenient=lenient, tens=1 + draw.below(3))

    def _settle(
        self, model: SpendgoModel, repeat: Repeat, switches: dict[str, Any], *, lenient: bool = False, tens: int = 1
    ) -> None:
        books = SpendgoBooks(model)
        super().__init__(books.provider(repeat=repeat, **switches), Witness(model))
        self.repeat = repeat
        if repeat == "unsafe":  # it does twice what is delivered twice: no till can help that
            self.not_twice = frozenset({"place", "bill", "complete", "void", "refund"})
        # Elsewhere a second void is believed to be our own first send's, or gives a reward back twice.
        self._console = repeat == "replayed" and lenient
        self._moved: set[str] = set()
        self._sandbox = model
        self._members = (books.member, books.shopper)
        ten_percent = model.give(
            books.member.id, label="10% off", value=10, kind="discount", min_spend=15, quantity=tens
        )
        listed = [*model.rewards(books.member.id), *model.rewards(books.shopper.id), ten_percent]
        self._scope = (tuple(m.id for m in self._members), tuple(sorted({r for r in listed if r[:2] != "P_"})))
        self._opening = Books.of(model, *self._scope)

    def names(self, request: Request) -> tuple[str | None, str | None]:
        return names(request)

    # what people do

    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        return self._checkout(verbs, order_id, draw)

    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        wanted = draw.pick(_PATH.get(str(order.state), ("void",)))
        if wanted not in order.allowed and not draw.chance(0.15):
            if "void" not in order.allowed or draw.chance(0.5):
                return None  # it is in doubt, and the customer can wait
            wanted = "void"
        match wanted:
            case "checkout":
                return self._checkout(verbs, order, draw)
            case "place" | "bill":
                return _paid(verbs, wanted, order, draw)
            case "complete":
                wish: Wish = verbs.complete(order)
            case _:
                wish = getattr(verbs, wanted)(order, why=_WHY)
        return wish

    def _checkout(self, verbs: Any, order: Any, draw: Draw) -> Step[AnyOrder]:
        basket = draw.pick(_BASKETS)
        fits = draw.chance(0.8)
        buyer = draw.pick((GUEST, *self._members, *self._members))
        reward: Reward | None = None
        less = None
        if isinstance(buyer, Member) and draw.chance(0.6):
            listed: Sequence[Reward] = cast("Sequence[Reward]", (yield from verbs.rewards(buyer)))
            reward = draw.pick(listed) if listed else None
            if reward is not None and fits and basket is _BASKETS[1]:
                basket = _BASKETS[0]  # most of what a member has asks for more than soup
            if reward is not None and reward.spends_points and draw.chance(0.7):
                less = draw.pick((_usd("11"), _usd("7.50"), _usd("19")))
        checkout = verbs.checkout(order, basket, buyer=buyer, reward=reward, projected=less)
        return cast("AnyOrder", (yield from checkout))

    def ready(self, verbs: Any) -> Wish:
        return self._list(verbs)

    def _list(self, verbs: Any) -> Step[None]:
        self._listed: Sequence[Reward] = yield from verbs.rewards(self._members[0])

    def fire(self, verbs: Any, order: Any, trigger: str) -> Wish:
        wish: Wish
        match trigger:
            case "checkout":
                reward = next(r for r in self._listed if r.value == _usd("5"))
                wish = verbs.checkout(order, _BASKETS[0], buyer=self._members[0], reward=reward)
            case "place" | "bill":
                wish = getattr(verbs, trigger)(order, tenders=_cash(_usd("51.68")))
            case "complete":
                wish = verbs.complete(order)
            case _:
                wish = getattr(verbs, trigger)(order, why=_WHY)
        return wish

    def provider_acts(self, order: AnyOrder, draw: Draw) -> None:
        """Somebody voids it at the provider's own console: the same call, made by nobody's till."""
        if not self._console or order.facts.basket is None or order.state not in ("checkout", "placed", "billed"):
            return
        adapter = SpendgoAdapter(self.provider)
        void = adapter.request(order, Void(why="at the console"))
        sent = httpx.Request(void.method, adapter.base_url + void.target, headers=void.headers, content=void.body)
        signed = next(adapter.auth(order.site).sync_auth_flow(sent))
        answer = self.model.handle(
            Request(method=void.method, target=void.target, headers=dict(signed.headers), body=void.body)
        )
        if answer.status == 200:
            self._moved.add(order.id)

    # what has to hold

    def agrees(self, order: AnyOrder) -> bool:
        states = self._sandbox.states(order.id)
        if order.id in self._moved:  # no look-up shows it: here it stands where it stood, and nowhere it has not been
            return order.state in (*states, "new", "abandoned")
        if order.state in ("new", "abandoned"):
            return set(states) <= {"checkout"}
        return bool(states) and states[-1] == order.state

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterator[str]:
        witness: Witness = self.model
        expected = witness.expected(self._opening)
        now = Books.of(self._sandbox, *self._scope)
        yield from expected.differences(now)
        known = {order.id for order in orders}
        for order_id in self._sandbox.orders():
            if order_id not in known:
                yield f"order {order_id} is at the provider, and nobody here asked for it"

    def reason(self, order: AnyOrder, said: str) -> str | None:
        if "no clear answer in" in said:
            return "no clear answer in so many calls"
        trigger = "" if order.doubt is None else order.doubt.trigger
        if order.id in self._moved and "a repeat was answered no" in said:
            return "a repeat's no: the order was voided at the provider's console"
        if self.repeat == "replayed":
            if "a repeat was answered no" in said and trigger in ("place", "bill") and order.facts.reward is not None:
                return "a repeat's no: the reward was used by another order, or is gone"
            return None
        if "a repeat" in said or "late reply" in said:
            return f"{self.repeat}: a repeat is refused, or could do it twice"
        return None


def _paid(verbs: Any, trigger: str, order: AnyOrder, draw: Draw) -> Wish:
    """Place or bill: as it should be, with a tip, with fewer points, or wrong by a cent."""
    facts = order.facts
    pay: Callable[..., Wish] = getattr(verbs, trigger)
    if facts.basket is None:
        return pay(order, tenders=_cash(_usd("10")))
    off = facts.discount if facts.reward_discount is None else facts.reward_discount
    arguments: dict[str, Any] = {}
    if facts.reward is not None and facts.reward.spends_points and off and draw.chance(0.2):
        off = arguments["reward_discount"] = Money.minor(max(1, off.units // 2), "USD")
    sold = facts.basket.totals.discounted(off) if off else facts.basket.totals
    if draw.chance(0.15):
        sold = sold.tipped(_usd("3"))
    paid = sold.total + _usd("0.01") if draw.chance(0.03) else sold.total
    return pay(order, totals=sold, tenders=_cash(paid), **arguments)


def _cash(amount: Money) -> tuple[Tender, ...]:
    return (Tender(kind=TenderKind.CASH, amount=amount),)


# the witness


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
            state = (self.model.states(order_id) or ("",))[-1]
            taken = self._taken(order_id, state)
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

    def _taken(self, order_id: str, state: str) -> tuple[str, str, Decimal] | None:
        """(member, reward, discount) an order in this state holds."""
        stages = {"placed": 0, "billed": 1, "completed": 2}
        if state not in stages:
            return None
        last = ("placed", "billed", "completed")[stages[state]]
        owner, raw = self._bodies[order_id, last]
        claimed = _read(raw)["basket"].get("rewards", [])
        if owner == "guest" or not claimed:
            return None
        reward = claimed[0]["id"]
        leaves = self.model.switches.swp_deducted_at if reward.startswith("P_") else "billed"
        if stages[state] < stages[leaves]:
            return None
        _, body = self._bodies[order_id, leaves]
        return owner, reward, _read(body)["basket"]["rewards"][0]["discount"]


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
