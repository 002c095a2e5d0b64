"""Returns of one tenant (sheet, section 5): opened for shipped items, and processed, which is what refunds.

May live here: what may come back, and what is paid back for it. May not: how a return looks on the wire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import attrs

from .authorizations import Authorizations
from .errors import bad_request, invalid, not_found
from .orders import Item, Orders

__all__ = ["Return", "ReturnLine", "Returns"]

CENT: Final = Decimal("0.01")


@attrs.frozen(kw_only=True)
class ReturnLine:
    """So many of one item. `subtotal`: what the merchant says they are worth together."""

    item: int
    quantity: int
    subtotal: Decimal | None = None
    rejected: bool = False


@attrs.frozen(kw_only=True)
class Return:
    """A return; processed once, and then closed."""

    id: int
    order: int
    lines: tuple[ReturnLine, ...]
    created: datetime
    closed: datetime | None = None
    accepted: Mapping[int, int] = attrs.field(factory=dict[int, int])
    total: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    """What the ledger paid; an order without an authorization has no money here."""

    @property
    def status(self) -> str:
        return "OPEN" if self.closed is None else "CLOSED"


class Returns:
    """All returns of one tenant."""

    def __init__(self, orders: Orders, authorizations: Authorizations, new_id: Callable[[str], int]) -> None:
        self._orders = orders
        self._authorizations = authorizations
        self._new_id = new_id
        self._returns: dict[int, Return] = {}

    def get(self, return_id: int) -> Return:
        if return_id not in self._returns:
            raise not_found("The return")
        return self._returns[return_id]

    def open(self, lines: tuple[ReturnLine, ...], now: datetime) -> Return:
        """Announce what comes back: items of one order that left and are in no other return."""
        owners = {self._orders.owner_of(line.item).id for line in lines}
        if len(owners) != 1 or len({line.item for line in lines}) < len(lines):
            raise invalid("item", "must name items of one order, each once")
        order_id = owners.pop()
        gone = self._orders.packed(order_id, "SHIPPED")
        back = self._coming_back(order_id)
        if any(line.quantity > gone[line.item] - back[line.item] for line in lines):
            raise invalid("item", "must be shipped and not returned yet, in this quantity")
        made = Return(id=self._new_id("return"), order=order_id, lines=lines, created=now)
        self._returns[made.id] = made
        return made

    def process(self, return_id: int, accepted: Mapping[int, int], reduction: Decimal | None, now: datetime) -> Return:
        """Accept what came back, and pay for it: once, and never more than was taken."""
        known = self.get(return_id)
        if known.closed is not None:
            raise bad_request("The return is closed.")
        lines = {line.item: line for line in known.lines}
        if any(item not in lines or quantity > lines[item].quantity for item, quantity in accepted.items()):
            raise invalid("acceptedItemQuantity", "must name items of the return, and no more than came back")
        order = self._orders.get(known.order)
        items = {item.id: item for item in order.items}
        taken = {item: 0 if lines[item].rejected else quantity for item, quantity in accepted.items()}
        worth = sum((_worth(lines[item], items[item], quantity) for item, quantity in taken.items()), Decimal(0))
        total = max(Decimal(0), worth - (reduction or Decimal(0)))
        number = order.authorization
        paid = Decimal(0)
        if number is not None:
            paid = total = self._authorizations.refund(number, total, f"return {return_id}", now)
        closed = attrs.evolve(known, closed=now, accepted=taken, total=total, refunded=paid)
        self._returns[return_id] = closed
        return closed

    def _coming_back(self, order_id: int) -> Counter[int]:
        found: Counter[int] = Counter()
        for known in self._returns.values():
            if known.order == order_id:
                for line in known.lines:
                    found[line.item] += known.accepted.get(line.item, 0) if known.closed else line.quantity
        return found

    def wrong(self) -> Iterator[str]:
        """A sentence for every return that paid what the ledger did not, and for goods that came back twice."""
        paid: dict[str, Decimal] = {}
        for row in self._authorizations.ledger.rows:
            if row.kind == "refunded" and row.cause.startswith("return "):
                paid[row.cause] = paid.get(row.cause, Decimal(0)) + row.amount
        for known in self._returns.values():
            if paid.pop(f"return {known.id}", Decimal(0)) != known.refunded:
                yield f"return {known.id}: says {known.refunded} refunded, the ledger says something else"
        yield from (f"{cause}: refunded {amount} and does not exist" for cause, amount in paid.items())
        for order_id in {known.order for known in self._returns.values()}:
            gone, back = self._orders.packed(order_id, "SHIPPED"), self._coming_back(order_id)
            if any(back[item] > gone[item] for item in back):
                yield f"order {order_id}: more came back than left"


def _worth(line: ReturnLine, item: Item, quantity: int) -> Decimal:
    if line.subtotal is None:
        return item.wish.price * quantity
    return (line.subtotal * quantity / line.quantity).quantize(CENT, ROUND_HALF_UP)
