"""Orders of one tenant: which one a call means, whether it repeats an earlier call, and whether its stage may come now.

May live here: finding, replaying, sequence, and the check that orders and ledgers agree. May not: what a stage moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import attrs

from stampcard_adapters.sandbox.jsontext import Json, write

from .errors import Problem, RefusedError, bad_request, unknown_store
from .ledgers import POINTS
from .request import OrderRequest, Stage
from .stages import PREDECESSORS, RUN, Desk, Done, Order, holds_reward
from .switches import Switches
from .world import World

__all__ = ["Orders"]


class Orders:
    """All orders of a tenant, by the ledger's key and by the client's id."""

    def __init__(self, world: World, switches: Switches, new_transaction: Callable[[], str]) -> None:
        self._world = world
        self._switches = switches
        self._new_transaction = new_transaction
        self._orders: dict[str, Order] = {}
        self._keys: dict[str, str] = {}
        self._named: dict[tuple[str | None, str], list[str]] = {}
        self._nameless: dict[tuple[str | None, str], list[str]] = {}

    def ids(self) -> tuple[str, ...]:
        """Ids of orders that have one, oldest first."""
        return tuple(self._keys)

    def states(self, order_id: str) -> tuple[Stage, ...]:
        """The stages that took effect, in order; empty for an order never seen."""
        key = self._keys.get(order_id)
        return () if key is None else self._orders[key].states

    def handle(self, owner: str | None, request: OrderRequest) -> str:
        """The answer to one call, as JSON text; refusals are raised and change nothing."""
        order = self._meant(owner, request)
        if order.owner != owner:
            raise self._out_of_sequence("Order belongs to another account.", request)
        done = order.done.get(request.status)
        if done is not None:
            if done.digest != request.digest:
                raise self._out_of_sequence(f"Order was {request.status} with another body.", request)
            if self._switches.repeat == "replayed":
                return done.answer
            order = self._without_memory(order, request)
        elif self._lands_late(order, request):
            order = _not_taken(order)
        elif order.state not in PREDECESSORS[request.status]:
            now = "has not been seen before" if order.state is None else f"is {order.state}"
            raise self._out_of_sequence(f"Order {now}: it cannot be {request.status}.", request)
        tenant = self._world.tenant
        if request.vendor not in tenant.stores:
            raise unknown_store()
        if request.brand != tenant.account_id:
            raise bad_request("brand is not the id of this account.")
        desk = Desk(
            world=self._world,
            switches=self._switches,
            strict=not tenant.lenient,
            new_transaction=self._new_transaction,
        )
        return self._kept(RUN[request.status](desk, order, request), request)

    def _kept(self, order: Order, request: OrderRequest) -> str:
        answer = write(_answer(order, request.status))
        states, done = order.states, order.done
        if request.status == "checkout":  # evaluated every time, so never remembered and shown once
            states = states or ("checkout",)
        else:
            states = (*states, request.status)
            done = {**done, request.status: Done(digest=request.digest, answer=answer)}
        order = attrs.evolve(order, id=order.id or request.id, states=states, done=done)
        self._orders[order.key] = order
        self._index(order)
        return answer

    def _index(self, order: Order) -> None:
        spot = (order.owner, order.cart)
        nameless = self._nameless.get(spot, [])
        if order.id is None:
            if order.key not in nameless:
                self._nameless[spot] = [*nameless, order.key]
        elif order.id not in self._keys:
            self._keys[order.id] = order.key
            self._named.setdefault(spot, []).append(order.key)
            self._nameless[spot] = [key for key in nameless if key != order.key]

    def _meant(self, owner: str | None, request: OrderRequest) -> Order:
        """The order of this id; or, where an id was left out, one of the same cart that waits for this; or a new one.

        An id may be left out at checkout, and by a lenient tenant's client at placed (trap 5).
        """
        if request.id is not None and request.id in self._keys:
            return self._orders[self._keys[request.id]]
        spot = (owner, request.cart)
        keys = self._nameless.get(spot, [])
        if request.id is None and request.status != "checkout":
            keys = [*self._named.get(spot, []), *keys]
        waiting = [self._orders[key] for key in reversed(keys)]
        for order in waiting:
            done = order.done.get(request.status)
            if done is not None and done.digest == request.digest:
                return order
        if request.status != "checkout" or request.id is None:
            for order in waiting:
                if order.state in PREDECESSORS[request.status]:
                    return order
        # orders are never removed, so their number names the next one
        return Order(key=f"order-{len(self._orders) + 1}", id=request.id, owner=owner)

    def _without_memory(self, order: Order, request: OrderRequest) -> Order:
        """A repeat at a provider that does not recognise it: refused, or applied once more."""
        if self._switches.repeat == "refused" or order.state != request.status:
            raise self._out_of_sequence(f"Order is already {order.state}.", request)
        return _not_taken(order) if request.status in ("placed", "billed") else order

    def _lands_late(self, order: Order, request: OrderRequest) -> bool:
        """Whether this is a stage that the void has overtaken, at a provider that lets it land nevertheless."""
        if self._switches.after_void == "refused" or order.state != "voided":
            return False
        return request.status in ("placed", "billed") and order.states[-2] in PREDECESSORS[request.status]

    def _out_of_sequence(self, message: str, request: OrderRequest) -> RefusedError:
        status = self._switches.out_of_sequence
        return RefusedError(
            Problem(
                http_status=status,
                code=status,
                id=request.id,
                status=request.status,
                message=message,
                details="The order could not be updated.",
            )
        )

    def unbalanced(self) -> Iterator[str]:
        """A sentence for every order whose state and ledger rows disagree."""
        ledger = self._world.ledger
        for order in self._orders.values():
            moved, expected = ledger.moved_by(order.key), _expected(order)
            for account in sorted({*moved, *expected}):
                booked, due = moved.get(account, Decimal(0)), expected.get(account, Decimal(0))
                if booked != due:
                    yield f"order {order.id or order.key} is {order.state}: {account} moved by {booked}, not by {due}"
        for key in sorted(ledger.orders() - self._orders.keys()):
            yield f"order {key} moved something and does not exist"


def _not_taken(order: Order) -> Order:
    """As if its reward had not been taken yet."""
    if order.redemption is None:
        return order
    return attrs.evolve(order, redemption=attrs.evolve(order.redemption, taken=False))


def _expected(order: Order) -> Mapping[str, Decimal]:
    """What an order must have moved by now, said by its state alone."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    if holds_reward(order) and order.redemption is not None:
        for posting in order.redemption.cost:
            sums[posting.account] += posting.amount
    if order.state == "completed":
        sums[POINTS] += order.earned
    return {account: amount for account, amount in sums.items() if amount}


def _answer(order: Order, status: Stage) -> dict[str, Json]:
    """Section 6: id from billed on; message only when a reward could not be applied at checkout."""
    transaction: dict[str, Json] = {}
    if order.transaction is not None:
        transaction["id"] = order.transaction
    transaction |= {"discount": order.discount, "status": status}
    if status == "checkout" and order.message is not None:
        transaction["message"] = order.message
    return {"transaction": transaction}
