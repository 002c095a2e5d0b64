"""Beanbox as the simulator plays it: what `docs/simulation.md` shows.

May live here: what people do at a till, and what has to hold of a world at rest. May not: a rule of the adapter's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tests.sixth.model import CARD, names
from tests.sixth.shop import BASKET, cash

from stampcard.model import GUEST, AnyOrder
from stampcard.simulate import Draw, Scenario, Wish
from stampcard.step import Step
from stampcard.wire import Request

__all__ = ["BeanboxScenario"]

ONWARD: Final = {"new": "checkout", "checkout": "place", "placed": "bill", "billed": "complete", "completed": "refund"}


class BeanboxScenario(Scenario):
    """Coffee and scones; everybody with a card wants the free latte, of which there are three."""

    not_twice = frozenset({"bill"})  # BEANBOX.md: what the network delivers twice is billed twice

    # what people do

    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        return self._checkout(verbs, order_id, draw)

    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        wanted = ONWARD.get(str(order.state), "void") if draw.chance(0.9) else "void"
        to_pay = order.facts.to_pay
        match wanted:
            case "checkout":
                return self._checkout(verbs, order, draw)
            case "place" | "bill":
                step: Wish = getattr(verbs, wanted)(order, tenders=() if to_pay is None else cash(to_pay.total))
            case "complete":
                step = verbs.complete(order)
            case _:
                step = getattr(verbs, wanted)(order, why="simulated")
        return step

    def _checkout(self, verbs: Any, order: AnyOrder | str, draw: Draw) -> Step[AnyOrder]:
        buyer, reward = GUEST, None
        if draw.chance(0.7):
            card = yield from verbs.card(CARD)
            buyer, reward = card.member, draw.pick([None, *card.rewards])
        after: AnyOrder = yield from verbs.checkout(order, BASKET, buyer=buyer, reward=reward)
        return after

    # what has to hold

    def agrees(self, order: AnyOrder) -> bool:
        held = self.model.state(order.id)
        return bool(held is None if order.state in ("new", "checkout", "abandoned") else held == order.state)

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterator[str]:
        used = sum(o.facts.reward is not None for o in orders if o.state in ("billed", "completed") and o.doubt is None)
        left = self.model.left("latte") + self.model.left("syrup")
        if used + left != 4:
            yield f"{left} rewards are left, and {used} of 4 are used"

    def reason(self, order: AnyOrder, said: str) -> str | None:
        return None  # every lost answer can be found again at Beanbox: nobody has to look

    def names(self, request: Request) -> tuple[str | None, str | None]:
        return names(request)
