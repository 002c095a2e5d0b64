"""Kigo as the simulator plays it: claim links ordered for customers, some of whom follow them.

May live here: what a clerk orders, every switch drawn, and what must be conserved. May not: a rule of the adapter's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from stampcard.model import AnyOrder
from stampcard.simulate import Draw, Scenario, Wish
from stampcard.wire import Request
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.kigo import Switches as SandboxSwitches
from stampcard_adapters.testing.kigo import KigoBooks, names

__all__ = ["KigoScenario"]

_USERS: Final = ("u-1", "u-2")
_LAST: Final = 3
"""Of a product whose stock runs out on the way."""


class KigoScenario(Scenario):
    """Three products: plenty, a few, none."""

    opening = ("place",)

    def __init__(self, draw: Draw, clock: Callable[[], Any], *, drawn: bool = True) -> None:
        """drawn: every switch; else all are as by default."""
        if not drawn:
            self._settle(KigoModel(clock=clock), {}, few=0)
            return
        model = KigoModel(
            switches=SandboxSwitches(
                session_status=draw.pick((200, 201)),
                expired_token_status=draw.pick((401, 401, 403)),
                partner_refresh_token=draw.chance(0.5),
                order_id_required=draw.chance(0.5),
                created_status=draw.pick((200, 201)),
                echo_order=draw.chance(0.5),
                other_product=draw.pick(("original", "refused")),
                unknown_product_status=draw.pick((400, 404)),
                sold_out=draw.pick(("not_found", "validation_error", "sold_out")),
            ),
            lenient=draw.chance(0.3),
            clock=clock,
        )
        self._settle(model, {"product_in_body": draw.chance(0.3)}, few=draw.pick((0, _LAST)))

    def _settle(self, model: KigoModel, switches: dict[str, Any], *, few: int) -> None:
        books = KigoBooks(model)
        super().__init__(books.provider(**switches), model)
        self._few = books.sold_out
        model.set_stock(self._few, few)
        self._products = (books.product, books.product, books.product, self._few, "nothing")
        self._stock = {product: model.stock(product) for product in (books.product, self._few)}

    def names(self, request: Request) -> tuple[str | None, str | None]:
        return names(request)

    def restarted(self) -> None:
        self.model.expire_sessions()

    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        wish: Wish = verbs.place(order_id, draw.pick(self._products), user=draw.pick(_USERS))
        return wish

    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        if order.state == "new":
            return self.open(verbs, order.id, draw) if draw.chance(0.95) else verbs.abandon(order)
        if order.state == "completed" and draw.chance(0.5):
            wish: Wish = verbs.reveal(order, user=order.facts.user, why="shown to the customer")
            return wish
        return None

    def ways(self, trigger: str) -> tuple[str, ...]:
        return ("", "refused") if trigger == "place" else ("",)

    def fire(self, verbs: Any, order: Any, trigger: str, way: str) -> Wish:
        wish: Wish
        if trigger == "place":
            order_id = order if isinstance(order, str) else order.id
            wish = verbs.place(order_id, self._few if way else self._products[0], user=_USERS[0])
        else:
            wish = getattr(verbs, trigger)(order)
        return wish

    def asks(self, request: Request) -> bool:
        return True  # showing a link repeats the order call: it is a question only for an order that is placed

    def provider_acts(self, order: AnyOrder, draw: Draw) -> None:
        if self.model.states(order.id) == ("ordered",) and draw.chance(0.5):
            self.model.claim(order.id, order.facts.user or _USERS[0])
        if draw.chance(0.3):
            self.model.expire_sessions()

    def agrees(self, order: AnyOrder) -> bool:
        ordered = "ordered" in self.model.states(order.id)
        return bool(ordered == (order.state == "completed"))

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterator[str]:
        """As many are gone as there are orders, each of them one of ours."""
        known = {order.id for order in orders if order.state == "completed" or order.doubt is not None}
        gone: Counter[str] = Counter()
        for order_id in self.model.orders():
            if order_id not in known:
                yield f"order {order_id} is at the provider, and nobody here asked for it"
            gone[self.model.product_of(order_id)] += 1
        for product, before in self._stock.items():
            if before - self.model.stock(product) != gone[product]:
                yield f"{before - self.model.stock(product)} of {product} are gone, for {gone[product]} orders"

    def reason(self, order: AnyOrder, said: str) -> str | None:
        if "no clear answer in" in said:
            return "no clear answer in so many calls"
        return "a repeat was answered no" if "a repeat was answered no" in said else None
