"""Kalixo as the simulator plays it: gift codes bought in either version, at once or waited for.

May live here: what a clerk buys, every switch drawn, and what must be conserved. May not: a rule of the adapter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from stampcard.model import AnyOrder, Money
from stampcard.simulate import Draw, Scenario, Wish
from stampcard.wire import Request
from stampcard_adapters.kalixo import Item
from stampcard_adapters.kalixo.values import Version
from stampcard_adapters.sandbox.kalixo import KalixoModel
from stampcard_adapters.sandbox.kalixo import Switches as SandboxSwitches
from stampcard_adapters.sandbox.kalixo.switches import Duplicate
from stampcard_adapters.testing.kalixo import KalixoBooks, names

__all__ = ["KalixoScenario"]


def _gbp(amount: str) -> Money:
    return Money(amount, "GBP")


_BASKETS: Final = (
    (Item(product_id=2, sku="GB-EN-4251604177278", price=_gbp("32.99"), quantity=2),),
    (Item(product_id=9001, sku="KTEST-OK", price=_gbp("10"), quantity=3),),
    (Item(product_id=9004, sku="KTEST-PARTIAL", price=_gbp("10"), quantity=3),),
    (
        Item(product_id=9001, sku="KTEST-OK", price=_gbp("10")),
        Item(product_id=9005, sku="KTEST-SLOW", price=_gbp("10"), quantity=2),
    ),
    (Item(product_id=9005, sku="KTEST-SLOW", price=_gbp("10")),),
    (Item(product_id=9005, sku="KTEST-SLOW", price=_gbp("10"), quantity=2),),
    (Item(product_id=9005, sku="KTEST-SLOW", price=_gbp("10"), quantity=4),),
    (Item(product_id=9003, sku="KTEST-FAIL", price=_gbp("10")),),
    (Item(product_id=404, sku="GB-EN-404", price=_gbp("1")),),
)
_PLACED: Final = {
    "requested": _BASKETS[5],
    "processing": _BASKETS[5],
    "completed": _BASKETS[1],
    "failed": _BASKETS[7],
    "refused": _BASKETS[8],
}
"""By how placing ends: what is bought."""
_OPEN: Final = ("requested", "processing")
_WAYS: Final = {
    "place": tuple(_PLACED),
    "observe": ("", "processing", "completed", "partially_completed", "cancelled", "failed", "error"),
}
_ENDED: Final = {
    "completed": ("completed", "partially_completed"),
    "partially_completed": ("partially_completed",),
    "failed": ("failed", "cancelled", "error"),
    "cancelled": ("cancelled",),
    "error": ("error",),
    "requested": ("requested",),
    "processing": ("requested", "processing"),
}
_DUPLICATES: Final[tuple[Duplicate, ...]] = ("existing", "existing", "conflict", "refused")
_NOTHING: Final = ("new", "abandoned")


class KalixoScenario(Scenario):
    """One account and its wallet; orders that wait are moved by the provider, or end by themselves."""

    opening = ("place",)

    def __init__(self, draw: Draw, clock: Callable[[], Any], *, version: Version | None = None) -> None:
        """version: with all switches as by default; None: everything is drawn."""
        self.version: Version
        if version is not None:
            self.version = version
            model = KalixoModel(clock=clock)
            super().__init__(KalixoBooks(model).provider(version), model)
            return
        self.version = draw.pick((1, 2, 2))
        seconds = draw.pick((0, 0, 30))
        duplicate = draw.pick(_DUPLICATES)
        access = draw.pick((4 * 60 * 60, 4 * 60 * 60, 90))
        model = KalixoModel(
            switches=SandboxSwitches(
                v1_login_status=draw.pick((200, 201)),
                v1_place_status=draw.pick((200, 201)),
                v1_access_seconds=access,
                v1_refresh=draw.pick(("reusable", "once", "kept")),
                v1_duplicate=duplicate,
                v2_duplicate=duplicate,
                v1_partial=draw.pick(("completed", "error")),
                v1_newer_reply=draw.chance(0.5),
                v1_status_code=draw.pick(("number", "text")),
                v1_validation=draw.pick(("text", "list")),
                v2_codes=draw.pick(("codes", "pin")),
                partial_quantity=draw.pick(("delivered", "ordered")),
                order_id=draw.pick(("number", "text")),
                rate_limit=draw.pick((None, None, 60)),
                ready_seconds=seconds,
                slow_seconds=seconds + draw.pick((10, 300)),
            ),
            lenient=draw.chance(0.3),
            clock=clock,
        )
        books = KalixoBooks(model)
        super().__init__(books.provider(self.version, quick_looks=draw.chance(0.5)), model)

    def names(self, request: Request) -> tuple[str | None, str | None]:
        return names(request)

    def restarted(self) -> None:
        self.model.end_tokens(refresh=True)

    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        wish: Wish = verbs.place(order_id, draw.pick(_BASKETS))
        return wish

    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        if order.state == "new":
            return self.open(verbs, order.id, draw) if draw.chance(0.95) else verbs.abandon(order)
        if order.final:
            return None
        wish: Wish = verbs.observe(order)
        return wish

    def ways(self, trigger: str) -> tuple[str, ...]:
        return _WAYS.get(trigger, ("",))

    def fire(self, verbs: Any, order: Any, trigger: str, way: str) -> Wish:
        wish: Wish
        if trigger == "place":
            self.model.hold(way if way in _OPEN else None)
            wish = verbs.place(order, _PLACED[way])
        else:
            status = self.model.states(order.id)[-1:]
            if way and status in (("requested",), ("processing",)) and status != (way,):
                self.model.move(order.id, way)
            wish = getattr(verbs, trigger)(order)
        return wish

    def provider_acts(self, order: AnyOrder, draw: Draw) -> None:
        model: KalixoModel = self.model
        model.hold(draw.pick((None, None, "requested", "processing")))
        if draw.chance(0.3):
            model.end_tokens(refresh=draw.chance(0.5))
        if model.states(order.id)[-1:] in (("requested",), ("processing",)):
            to = draw.pick(("completed", "failed", "cancelled", "error", "processing", ""))
            if to:
                model.move(order.id, to)  # type: ignore[arg-type]  # one of the words above
            else:
                model.release(order.id)

    def agrees(self, order: AnyOrder) -> bool:
        states = self.model.states(order.id)
        if order.state in _NOTHING:
            return bool(states == ())
        same = order.facts.kalixo_id == self.model.order(order.id).id
        if order.state == "error" and self.version == 1 and states[-1] == "partially_completed":
            return bool(same)  # v1 has no word for it
        return bool(same) and states[-1] in _ENDED[str(order.state)]

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterator[str]:
        """Every order there is one of ours, and one only."""
        known = {order.id for order in orders if order.state not in _NOTHING or order.doubt is not None}
        for code in self.model.orders():
            if code not in known:
                yield f"order {code} is at the provider, and nobody here asked for it"
        ids = [order.facts.kalixo_id for order in orders if order.facts.kalixo_id is not None]
        if len(ids) != len(set(ids)):
            yield "two orders here are one order at the provider"

    def reason(self, order: AnyOrder, said: str) -> str | None:
        if "no clear answer in" in said:
            return "no clear answer in so many calls"
        if self.version == 1 and ("placed already" in said or "a repeat was answered no" in said):
            return "v1: a repeat was refused, and there is no look-up by our code"
        return None
