"""SessionM as the simulator plays it: prizes for points, approved or not, by customers who want the same one twice.

May live here: what a clerk does, every switch drawn, and which of the provider's orders are whose. May not: the
adapter's own way of finding a lost order as its witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, TypeAlias

from stampcard.model import AnyOrder
from stampcard.simulate import Draw, Scenario, Wish
from stampcard.step.effects import Send, Sleep
from stampcard.wire import Request
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sandbox.sessionm import Switches as SandboxSwitches
from stampcard_adapters.sessionm import User, UserId
from stampcard_adapters.testing.sessionm import SessionMBooks, names

__all__ = ["SessionMScenario"]

_WHY: Final = "simulated"
Fields: TypeAlias = Literal["everywhere", "update"]
Order: TypeAlias = Literal["newest", "oldest"]
_SLOW: Final = (3.0, 12.0, 40.0)
_FIELDS: Final[tuple[Fields, ...]] = ("everywhere", "everywhere", "everywhere", "update")
Tells: TypeAlias = Literal["unique", "repeatable", "ignored"]
_TELLS: Final[tuple[Tells, ...]] = (
    "unique",
    "unique",
    "unique",
    "unique",
    "unique",
    "repeatable",
    "ignored",
)
_NEWEST: Final[tuple[Order, ...]] = ("newest", "newest", "newest")
_ORDERS: Final[tuple[Order, ...]] = (*_NEWEST, *_NEWEST, *_NEWEST, "oldest")
_WAYS: Final = {"redeem": ("", "approved", "refused"), "observe": ("", "approved", "rejected")}
_CROWD: Final = 16
"""Customers beside the usual few."""
_PENDING: Final = ("approve",) * 7 + ("reject",) * 7 + ("observe",) * 14


class SessionMScenario(Scenario):
    """Four offers and three customers; customer care decides at its own console now and then."""

    opening = ("redeem",)
    quiet: ClassVar[Mapping[str, float]] = {"redeem": 0.5, "redeem: look": 0.5}

    def __init__(self, draw: Draw, clock: Callable[[], Any], *, tells: Tells | None = None) -> None:
        """tells: with all switches as by default, but for what our own id tells the provider; None: all are drawn."""
        if tells is not None:
            model = SessionMModel(switches=SandboxSwitches(order_external_id=tells), clock=clock)
            self._settle(model, {}, shaped=False, shows_id=True)
            return
        known = draw.pick(_TELLS)
        sends_id = draw.chance(0.9)
        shaped = draw.chance(0.15)
        fields: Fields = draw.pick(_FIELDS) if not shaped or draw.chance(0.4) else "update"
        list_order: Order = draw.pick(_ORDERS)
        shows_id = sends_id and known != "ignored" and fields == "everywhere"
        model = SessionMModel(
            switches=SandboxSwitches(
                path_key=draw.pick(("must_match", "ignored")),
                refusal_status=draw.pick((200, 200, 400, 422)),
                code_case=draw.pick(("lower", "upper")),
                available_points=draw.pick(("integer", "string", "absent")),
                table_fields=fields,
                list_says_ok=draw.chance(0.7),
                auto_approve=draw.chance(0.06),
                order_external_id=known,
                stock_taken_at=draw.pick(("placement", "approval")),
                reject_returns_points=draw.chance(0.7),
                reject_returns_stock=draw.chance(0.7),
                same_status=draw.pick(("refused", "accepted")),
                status_codes=draw.pick(("named", "swapped")),
                list_order=list_order,
                strict_bounds=draw.chance(0.7),
            ),
            lenient=draw.chance(0.3),
            clock=clock,
        )
        switches: dict[str, Any] = {"send_external_id": sends_id, "adopt_by_shape": shaped}
        self._settle(model, switches, shaped=shaped, shows_id=shows_id, oldest_first=list_order == "oldest")
        if not shaped and draw.chance(0.7):  # else few want the same, and one that is in doubt keeps the others waiting
            self._users += tuple(UserId(model.add_user(points=5_000).id) for _ in range(_CROWD))

    def _settle(
        self,
        model: SessionMModel,
        switches: dict[str, Any],
        *,
        shaped: bool,
        shows_id: bool,
        oldest_first: bool = False,
    ) -> None:
        books = self._books = SessionMBooks(model)
        super().__init__(books.provider(**switches), model)
        self._shows_id, self._shaped, self._oldest_first = shows_id, shaped, oldest_first
        if shaped:
            self.shops = 1  # the switch is for whoever knows that nobody else orders for these customers
        self.not_twice = frozenset({"redeem"})  # trap 9: a create takes points each time it arrives
        self._offers = (books.card,) if shaped else (*(books.card,) * 8, books.coffee, books.gone)
        self._users: tuple[User, ...] = (books.user,) if shaped else (*(books.user,) * 5, *(books.odd,) * 4, books.poor)

    def names(self, request: Request) -> tuple[str | None, str | None]:
        return names(request)

    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        # By shape alone two orders are one: there everybody wants the same, and some tills are slow.
        offer, user = draw.pick(self._offers), draw.pick(self._users)
        wish: Wish = verbs.redeem(order_id, offer, user=user, quantity=1 if self._shaped else 1 + draw.below(2))
        return _slowly(wish, draw.pick(_SLOW)) if self._shaped and draw.chance(0.5) else wish

    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        if order.state == "new":
            return self.open(verbs, order.id, draw) if draw.chance(0.9) else verbs.abandon(order, why=_WHY)
        if order.state != "pending_approval":
            return None
        wanted = draw.pick(_PENDING)
        wish: Wish = verbs.observe(order) if wanted == "observe" else getattr(verbs, wanted)(order, why=_WHY)
        return wish

    def ways(self, trigger: str) -> tuple[str, ...]:
        return _WAYS.get(trigger, ("",))

    def fire(self, verbs: Any, order: Any, trigger: str, way: str) -> Wish:
        wish: Wish
        match trigger:
            case "redeem":
                order_id = order if isinstance(order, str) else order.id
                offer = {"approved": self._books.coffee, "refused": self._books.gone}.get(way, self._books.card)
                wish = verbs.redeem(order_id, offer, user=self._users[0])
            case "observe":
                number = order.facts.order_id
                if way and number is not None and self.model.states(number)[-1:] == ("pending_approval",):
                    (self.model.approve if way == "approved" else self.model.reject)(number)
                wish = verbs.observe(order)
            case _:
                wish = getattr(verbs, trigger)(order, why=_WHY)
        return wish

    def provider_acts(self, order: AnyOrder, draw: Draw) -> None:
        model: SessionMModel = self.model
        number = order.facts.order_id
        if number is not None and model.states(number)[-1:] == ("pending_approval",) and draw.chance(0.15):
            getattr(model, draw.pick(("approve", "reject")))(number)

    def agrees(self, order: AnyOrder) -> bool:
        number = order.facts.order_id
        if order.state in ("new", "abandoned"):
            return number is None
        return number is not None and self.model.states(number)[-1:] == (str(order.state),)

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterator[str]:
        """Every order there is one of ours, and only one of ours."""
        owners: dict[int, str] = {}
        for order in orders:
            number = order.facts.order_id
            if number is not None:
                if number in owners:
                    yield f"order {number} at the provider is both {owners[number]} and {order.id} here"
                owners[number] = order.id
        unknown = [number for number in self.model.orders() if number not in owners]
        doubted = [o for o in orders if o.doubt is not None and o.doubt.trigger == "redeem"]
        if len(unknown) > len(doubted):
            yield f"points were taken for nobody: orders {unknown} at the provider, {len(doubted)} here in doubt"

    def reason(self, order: AnyOrder, said: str) -> str | None:
        if "no clear answer in" in said:
            return "no clear answer in so many calls"
        if "do not carry this order's id" in said:
            if not self._shows_id:
                return "new orders of the offer, and ids are not shown"
            return "new orders of the offer, of another order of ours"
        if self._oldest_first and "shows the newest last" in said:
            return "a list that shows the newest last may be cut where what is new would stand"
        if "already ours as" in said:
            return "the order found is another one's of ours"
        if "late reply" in said:
            return "a late reply contradicts what was concluded"
        return None


def _slowly(step: Wish, seconds: float) -> Wish:
    """The same step, by a till that takes so long after its first call."""
    answer: Any = None
    trouble: Exception | None = None
    while True:
        try:
            effect = step.send(answer) if trouble is None else step.throw(trouble)
        except StopIteration as stop:
            return stop.value
        answer, trouble = None, None
        try:
            answer = yield effect
        except Exception as error:  # noqa: BLE001  whatever it is, it is the step's to judge
            trouble = error
        if isinstance(effect, Send) and seconds:
            yield Sleep(seconds)
            seconds = 0.0
