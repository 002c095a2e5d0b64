"""The orders of one tenant, whichever API placed them: one code, one order, one charge.

May live here: placing, the end of an order, what that moves, and whether the books agree. May not: how an API says it.

Money of a wallet leaves it when the order is placed, and what was not delivered comes back when the order ends: an
account can never order more than it has, and in the end it has paid for what it got. Stock moves the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import attrs

from .errors import Problem, RefusedError, duplicate, limit_exceeded, refused_again
from .ledgers import Account, Cause, Posting, stock_account, wallet_account
from .pricing import Line
from .switches import Duplicate, Switches
from .world import World

__all__ = ["STATUSES", "OpenStatus", "Order", "Orders", "Status"]

OpenStatus: TypeAlias = Literal["requested", "processing"]
Status: TypeAlias = Literal[
    "requested", "processing", "completed", "partially_completed", "cancelled", "failed", "error"
]
STATUSES: Final[tuple[Status, ...]] = (
    "requested", "processing", "completed", "partially_completed", "cancelled", "failed", "error",
)  # fmt: skip
OPEN: Final[tuple[Status, ...]] = ("requested", "processing")
REASONS: Final[Mapping[Status, str]] = {
    "failed": "The products could not be delivered.",
    "cancelled": "The order was cancelled.",
    "error": "There was an error while the order was processed.",
}


@attrs.frozen(kw_only=True)
class Order:
    """An order as it is now. `codes`: what was delivered, line by line. `held`: it ends only when a test says so."""

    id: str
    code: str
    currency: str
    lines: tuple[Line, ...]
    status: Status
    ready_at: datetime
    charged: bool
    held: bool = False
    history: tuple[Status, ...] = ()
    codes: tuple[tuple[str, ...], ...] = attrs.field(default=(), repr=False)

    @property
    def is_open(self) -> bool:
        """It has not ended."""
        return self.status in OPEN

    @property
    def units(self) -> int:
        """Ordered."""
        return sum(line.quantity for line in self.lines)

    @property
    def delivered(self) -> int:
        """Delivered so far."""
        return sum(map(len, self.codes))

    @property
    def reason(self) -> str | None:
        """Why nothing was delivered."""
        return REASONS.get(self.status)

    def codes_of(self, line: int) -> tuple[str, ...]:
        """What was delivered of one line; nothing while the order is open."""
        return self.codes[line] if self.codes else ()


class Orders:
    """Orders by id and by external code. `hold`: the status new orders stay at, or None.

    outages: what the next orders to be placed are refused with, before anything happens.
    """

    def __init__(self, world: World, switches: Switches, new_id: Callable[[], str]) -> None:
        self.world = world
        self.switches: Final = switches
        self.hold: OpenStatus | None = None
        self.outages: list[Problem] = []
        self._new_id = new_id
        self._orders: dict[str, Order] = {}
        self._ids: dict[str, str] = {}
        self._open: dict[str, None] = {}

    def by_id(self, order_id: str) -> Order | None:
        """The order of this id."""
        return self._orders.get(order_id)

    def by_code(self, code: str) -> Order | None:
        """The order of this externalOrderCode."""
        order_id = self._ids.get(code)
        return None if order_id is None else self._orders[order_id]

    def all(self) -> tuple[Order, ...]:
        """All orders, oldest first."""
        return tuple(self._orders.values())

    def seen(self, code: str, policy: Duplicate) -> Order | None:
        """The order this code was used for before, unless that is refused (trap 1)."""
        order = self.by_code(code)
        if order is not None and policy != "existing":
            raise duplicate() if policy == "conflict" else refused_again()
        return order

    def place(self, code: str, currency: str, lines: tuple[Line, ...], now: datetime) -> Order:
        """A new order: charged at once, ended at its time."""
        if self.outages:
            raise RefusedError(self.outages.pop(0))
        total = sum(line.total for line in lines)
        charged = self.world.tenant.wallet_ordering
        if charged and total > self.world.balance(currency):
            raise limit_exceeded()
        slow = any(line.product.behaviour == "slow" for line in lines)
        seconds = self.switches.slow_seconds if slow else self.switches.ready_seconds
        order = Order(
            id=self._new_id(),
            code=code,
            currency=currency,
            lines=lines,
            status=self.hold or "processing",
            ready_at=now + timedelta(seconds=seconds),
            charged=charged,
            held=self.hold is not None,
            history=("requested",) if self.hold == "requested" else ("requested", "processing"),
        )
        self._keep(order, _moved(order, [line.quantity for line in lines]))
        return order

    def settle(self, now: datetime) -> None:
        """End every order whose time has come."""
        for order in [self._orders[order_id] for order_id in self._open]:
            if not order.held and order.ready_at <= now:
                delivered = [line.product.delivers(line.quantity) for line in order.lines]
                self.end(order, _outcome(sum(delivered), order.units), delivered)

    def move(self, code: str, status: Status, delivered: Sequence[int] | None = None) -> Order:
        """A test says what becomes of an open order. `delivered`: units of each line of a partial delivery."""
        order = self.by_code(code)
        if order is None or not order.is_open or status == "requested":
            raise ValueError("only an open order moves, and only forwards")
        if status == "processing":
            self._orders[order.id] = order = _at(order, status)
            return order
        units = [line.quantity for line in order.lines]
        if status == "partially_completed":
            sent = list(delivered) if delivered is not None else [*units[:-1], units[-1] - 1]
            within = len(sent) == len(units) and all(0 <= n <= most for n, most in zip(sent, units, strict=True))
            if not within or not 0 < sum(sent) < sum(units):
                raise ValueError("a partial delivery is some units of each line, and neither none nor all of them")
        else:
            sent = units if status == "completed" else [0] * len(units)
        return self.end(_at(order, "processing"), status, sent)

    def release(self, code: str) -> None:
        """A held order goes on by itself."""
        order = self.by_code(code)
        if order is None or not order.is_open:
            raise ValueError("only an open order is held")
        self._orders[order.id] = attrs.evolve(_at(order, "processing"), held=False)

    def end(self, order: Order, status: Status, delivered: Sequence[int]) -> Order:
        """Deliver so many units of each line, and give back the rest."""
        codes = tuple(
            tuple(self._gift_code(order.id, place, unit) for unit in range(units))
            for place, units in enumerate(delivered)
        )
        missing = [line.quantity - units for line, units in zip(order.lines, delivered, strict=True)]
        returned = [attrs.evolve(posting, amount=-posting.amount) for posting in _moved(order, missing)]
        ended = attrs.evolve(_at(order, status), codes=codes, held=False)
        self._keep(ended, returned)
        return ended

    def _keep(self, order: Order, postings: Sequence[Posting]) -> None:
        self.world.ledger.post(postings, Cause(order=order.id, status=order.status))
        self._orders[order.id] = order
        self._ids[order.code] = order.id
        if order.is_open:
            self._open[order.id] = None
        else:
            self._open.pop(order.id, None)

    def _gift_code(self, order_id: str, line: int, unit: int) -> str:
        """The same run gives the same codes, and no two units the same one."""
        seed = f"{self.world.tenant.name}/{order_id}/{line}/{unit}".encode("utf-8", "surrogatepass")
        text = hashlib.sha256(seed).hexdigest().upper()
        return f"SANDBOX-{text[:5]}-{text[5:10]}-{text[10:15]}-{text[15:20]}"

    def unbalanced(self) -> Iterator[str]:
        """A sentence for every order whose state, codes and ledger rows disagree."""
        given: set[str] = set()
        moved = self.world.ledger.moved()
        for order in self._orders.values():
            sums = {name: total for name, total in _expected(order).items() if total}
            booked = moved.get(order.id, {})
            for account in sorted({*booked, *sums}):
                if booked.get(account, 0) != sums.get(account, 0):
                    yield (
                        f"order {order.code} is {order.status}: {account} moved by {booked.get(account, 0)},"
                        f" not by {sums.get(account, 0)}"
                    )
            if order.status != _fitting(order):
                yield f"order {order.code} is {order.status} with {order.delivered} of {order.units} units delivered"
            for number, line in enumerate(order.lines):
                if len(order.codes_of(number)) > line.quantity:
                    yield f"order {order.code} delivered more of product {line.product.id} than was ordered"
            for code in (code for codes in order.codes for code in codes):
                if code in given:
                    yield f"order {order.code} delivered a code that was delivered before"
                given.add(code)
        for order_id in sorted(moved.keys() - self._orders.keys()):
            yield f"order {order_id} moved something and does not exist"


def _at(order: Order, status: Status) -> Order:
    if status == order.status:
        return order
    return attrs.evolve(order, status=status, history=(*order.history, status))


def _outcome(delivered: int, units: int) -> Status:
    """OK and FAIL in one order is a partial delivery (B5)."""
    if delivered == units:
        return "completed"
    return "partially_completed" if delivered else "failed"


def _fitting(order: Order) -> Status:
    """The status that what was delivered allows; nothing delivered fits four of them."""
    if order.is_open or order.status in REASONS:
        return order.status if not order.delivered else _outcome(order.delivered, order.units)
    return _outcome(order.delivered, order.units)


def _moved(order: Order, units: Sequence[int]) -> list[Posting]:
    """What so many units of each line take from wallet and stock."""
    postings: list[Posting] = []
    for line, count in zip(order.lines, units, strict=True):
        if order.charged and count:
            postings.append(Posting(account=wallet_account(order.currency), amount=-line.price * count))
        if line.stocked and count:
            postings.append(Posting(account=stock_account(line.product.id), amount=-count))
    return postings


def _expected(order: Order) -> Mapping[Account, int]:
    """What an order must have moved by now, said by its state and its codes alone."""
    sums: dict[Account, int] = {}
    for number, line in enumerate(order.lines):
        units = line.quantity if order.is_open else len(order.codes_of(number))
        wallet, stock = wallet_account(order.currency), stock_account(line.product.id)
        sums[wallet] = sums.get(wallet, 0) - (line.price * units if order.charged else 0)
        sums[stock] = sums.get(stock, 0) - (units if line.stocked else 0)
    return sums
