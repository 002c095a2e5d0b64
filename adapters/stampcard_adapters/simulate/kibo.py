"""Kibo as the simulator plays it: money held by card, one order made from each hold, some cancelled.

May live here: what a clerk does, every switch drawn, and what must be conserved. May not: a rule of the adapter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from stampcard.model import AnyOrder, Money
from stampcard.simulate import Draw, Scenario, Wish
from stampcard.wire import Request
from stampcard_adapters.kibo import CancelReason
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kibo import Switches as SandboxSwitches
from stampcard_adapters.testing.kibo import KiboBooks, names

__all__ = ["KiboScenario"]

_STATUSES: Final[tuple[Literal[200, 201], ...]] = (200, 201)
_WHY: Final = "simulated"
_WEEK: Final = 8 * 86_400.0
"""Longer than a hold lives."""
_WAYS: Final = {"authorize": ("", "declined"), "observe": ("", "cancelled")}
_AMOUNTS: Final = (None, None, None, Money("1.00", "USD"), Money("2.01", "USD"))


class KiboScenario(Scenario):
    """Carts of one item; cards that are good and cards that are not."""

    opening = ("authorize",)
    quiet: ClassVar[Mapping[str, float]] = {"authorize": 0.6}

    def __init__(self, draw: Draw, clock: Callable[[], Any], *, drawn: bool = True) -> None:
        """drawn: every switch; else all are as by default."""
        if not drawn:
            self._settle(KiboModel(clock=clock), {})
            return
        status = draw.pick(_STATUSES)
        model = KiboModel(
            switches=SandboxSwitches(
                missing_api_key=draw.pick((401, 403)),
                key_mismatch=draw.pick((401, 403)),
                error_body=draw.pick(("full", "full", "bare")),
                unknown_manufacturer=draw.pick((400, 403)),
                authorize_status=status,
                declined_code=draw.pick((5003, 5015)),
                unreachable_code=draw.pick((5001, 5006)),
                repeat_authorize=draw.pick(("new", "new", "first")),
                over_authorization=draw.pick(("refused", "capped")),
                create_reply=draw.pick(("order", "id")),
                duplicate_external_order_id=draw.pick(("refused", "replayed")),
                first_status=draw.pick(("WAITING_FOR_ASSIGNMENT", "READY")),
                cancel_after_charge=draw.pick(("refused", "refunded")),
                cancel_again=draw.pick(("refused", "accepted")),
            ),
            lenient=draw.chance(0.3),
            clock=clock,
        )
        switches: dict[str, Any] = {
            "accept_201": status == 201,
            "find_by_external_id": draw.chance(0.3),
            "action_first": draw.chance(0.3),
        }
        self._settle(model, switches)

    def _settle(self, model: KiboModel, switches: dict[str, Any]) -> None:
        self._books = KiboBooks(model)
        super().__init__(self._books.provider(**switches), model)
        self.not_twice = frozenset({"authorize"})  # trap 16: nothing makes it idempotent

    def names(self, request: Request) -> tuple[str | None, str | None]:
        return names(request)

    def restarted(self) -> None:
        self.model.expire_tokens()

    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        return self._authorize(verbs, order_id, draw)

    def _authorize(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        card = self._books.declined_card if draw.chance(0.1) else self._books.card
        wish: Wish = verbs.authorize(self._books.cart(order_id), card, again=draw.chance(0.8))
        return wish

    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        wish: Wish
        match str(order.state):
            case "new" | "declined":
                return self._authorize(verbs, order.id, draw) if draw.chance(0.95) else verbs.abandon(order, why=_WHY)
            case "authorized" if draw.chance(0.95):
                wish = verbs.create(order, amount=draw.pick(_AMOUNTS))
            case "authorized":
                wish = verbs.abandon(order, why=_WHY)
            case "created":
                wish = verbs.observe(order) if draw.chance(0.65) else verbs.cancel(order, CancelReason.MISTAKE)
            case _:
                return None
        return wish

    def ways(self, trigger: str) -> tuple[str, ...]:
        return _WAYS.get(trigger, ("",))

    def waits(self, trigger: str) -> float:
        return _WEEK if trigger == "lapse" else 0.0

    def fire(self, verbs: Any, order: Any, trigger: str, way: str) -> Wish:
        wish: Wish
        order_id = order if isinstance(order, str) else order.id
        if trigger == "observe" and way and self._books.states(order_id)[-1:] not in ((), ("CANCELED",)):
            self.model.cancel(order_id)
        match trigger:
            case "authorize":
                again = not isinstance(order, str) and order.doubt is not None
                card = self._books.declined_card if way else self._books.card
                wish = verbs.authorize(self._books.cart(order_id), card, again=again)
            case "create":
                wish = verbs.create(order)
            case "cancel":
                wish = verbs.cancel(order, CancelReason.MISTAKE)
            case "observe":
                wish = verbs.observe(order)
            case _:
                wish = getattr(verbs, trigger)(order, why=_WHY)
        return wish

    def provider_acts(self, order: AnyOrder, draw: Draw) -> None:
        if self._books.states(order.id)[-1:] == ("WAITING_FOR_ASSIGNMENT",) and draw.chance(0.3):
            self._books.ship(order.id)
        if draw.chance(0.3):
            self.model.expire_tokens()

    def agrees(self, order: AnyOrder) -> bool:
        last, reserved = self._books.states(order.id)[-1:], order.facts.kibo_order_id
        match str(order.state):
            case "authorized":
                held = {hold.authorization.number: hold.sums for hold in self.model.holds(order.id)}
                return last == () and held[reserved].authorized == order.facts.authorized.amount
            case "created":
                return last not in ((), ("CANCELED",)) and self.model.order_id(order.id) == reserved
            case "cancelled":
                return last == ("CANCELED",)
            case _:
                return last == ()

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterator[str]:
        """Every hold is the order's own, or one that it lists as possible, or the one in doubt."""
        known = {order.id: order for order in orders}
        for hold in self.model.holds():
            if hold.authorization.cart not in known:
                yield f"money is held for cart {hold.authorization.cart}, and nobody here asked for it"
        for order in orders:
            holds = len(self.model.holds(order.id))
            accepted = order.facts.kibo_order_id is not None
            doubted = order.doubt is not None and order.doubt.trigger == "authorize"
            most = accepted + doubted + len(order.possible)
            if holds > most:
                yield f"cart {order.id}: {holds} authorizations, of which {most} are known here"

    def reason(self, order: AnyOrder, said: str) -> str | None:
        if "no clear answer in" in said:
            return "no clear answer in so many calls"
        trigger = "" if order.doubt is None else order.doubt.trigger
        if trigger == "authorize" and "money may be held" in said:
            return "a card is never stored: its owner is asked"
        if trigger == "cancel" and "a repeat was answered no" in said:
            return "a repeated cancel was refused, and the order is not cancelled"
        return None
