"""Orders of one tenant (sheet, sections 4 to 6): created, assigned, shipped or cancelled, and what that does to money.

May live here: the order machine. May not: bodies of calls, returns, how an order looks on the wire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import attrs

from .authorizations import Authorization, Authorizations
from .errors import bad_request, invalid, not_found
from .switches import Switches
from .wishes import CreateWish, ItemWish

__all__ = ["Item", "Order", "Orders", "Shipment", "ShipmentStatus", "Status"]

Status: TypeAlias = Literal["WAITING_FOR_ASSIGNMENT", "READY", "BACKORDER", "PAYMENT_ERROR", "SHIPPED", "CANCELED"]
ShipmentStatus: TypeAlias = Literal["READY", "BACKORDER", "SHIPPED", "CANCELED"]
OVER: Final = ("SHIPPED", "CANCELED")
SPLIT_WARNING: Final = "allowSplit with an authorization: each order of a split needs one of its own."


@attrs.frozen(kw_only=True)
class Item:
    """One line of an order, with the id the OMS gave it."""

    id: int
    wish: ItemWish
    canceled: bool = False

    @property
    def total(self) -> Decimal:
        return self.wish.price * self.wish.quantity + self.wish.extras


@attrs.frozen(kw_only=True)
class Shipment:
    """A package of one order: how many of which item."""

    id: int
    order: int
    lines: tuple[tuple[int, int], ...]
    status: ShipmentStatus = "READY"


@attrs.frozen(kw_only=True)
class Order:
    """One order. `due`: what will be taken of its authorization."""

    id: int
    wish: CreateWish
    items: tuple[Item, ...]
    created: datetime
    statuses: tuple[Status, ...]
    authorization: int | None = None
    due: Decimal = Decimal(0)
    warnings: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        return self.statuses[-1]

    @property
    def live(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.canceled)


class Orders:
    """All orders and shipments of one tenant."""

    def __init__(self, authorizations: Authorizations, switches: Switches, new_id: Callable[[str], int]) -> None:
        self._authorizations = authorizations
        self._switches = switches
        self._new_id = new_id
        self._orders: dict[int, Order] = {}
        self._by_external: dict[str, int] = {}
        self._owners: dict[int, int] = {}
        self._shipments: dict[int, Shipment] = {}
        self._packages: dict[int, list[int]] = {}

    # Looking

    def get(self, order_id: int) -> Order:
        """An order, or 404: an id that is only reserved is no order yet."""
        if order_id not in self._orders:
            raise not_found("The order")
        return self._orders[order_id]

    def by_external(self, external_id: str) -> Order | None:
        order_id = self._by_external.get(external_id)
        return None if order_id is None else self._orders[order_id]

    def owner_of(self, item_id: int) -> Order:
        """The order an item is of."""
        if item_id not in self._owners:
            raise not_found("The order item")
        return self._orders[self._owners[item_id]]

    def names(self) -> tuple[str, ...]:
        """externalOrderIDs, oldest first."""
        return tuple(self._by_external)

    def all(self) -> tuple[Order, ...]:
        return tuple(self._orders[order_id] for order_id in sorted(self._orders))

    def shipments(self, order_id: int | None = None) -> tuple[Shipment, ...]:
        numbers = self._shipments if order_id is None else self._packages.get(order_id, ())
        return tuple(self._shipments[number] for number in numbers)

    def shipment(self, shipment_id: int) -> Shipment:
        if shipment_id not in self._shipments:
            raise not_found("The shipment")
        return self._shipments[shipment_id]

    def packed(self, order_id: int, *statuses: ShipmentStatus) -> Counter[int]:
        """How many of each item are in shipments of these statuses."""
        found: Counter[int] = Counter()
        for shipment in self.shipments(order_id):
            if shipment.status in statuses:
                for item_id, quantity in shipment.lines:
                    found[item_id] += quantity
        return found

    # Creating

    def create(self, wish: CreateWish, now: datetime) -> Order:
        """An order, under the id that was reserved with its authorization."""
        known = self.by_external(wish.external_id)
        if known is not None:
            if self._switches.duplicate_external_order_id == "replayed":
                return known
            raise invalid("externalOrderID", "is used by another order", order_id=known.id)
        claimed = self._claimable(wish)
        if claimed is None:
            for payment in wish.payments:
                if payment.method is not None:
                    self._authorizations.ask_gateway(payment.method)
        reserved = claimed is not None and self._switches.order_id == "reserved"
        order = Order(
            id=claimed.number if claimed is not None and reserved else self._new_id("order"),
            wish=wish,
            items=tuple(Item(id=self._new_id("item"), wish=item) for item in wish.items),
            created=now,
            statuses=("WAITING_FOR_ASSIGNMENT",),
            authorization=None if claimed is None else claimed.number,
            due=Decimal(0) if claimed is None else _due(wish, claimed),
            warnings=(SPLIT_WARNING,) if claimed is not None and wish.allow_split else (),
        )
        self._orders[order.id] = order
        self._by_external[wish.external_id] = order.id
        self._owners |= dict.fromkeys((item.id for item in order.items), order.id)
        if claimed is not None:
            self._authorizations.claim(claimed.number, order.id)
            if self._switches.capture_at == "create":
                self._authorizations.capture(claimed.number, order.due, "create", now)
        if self._switches.first_status == "READY":
            lines = tuple((item.id, item.wish.quantity) for item in order.items)
            self._ship(order.id, lines, "READY")
            order = self._put(attrs.evolve(order, statuses=("READY",)))
        return order

    def _claimable(self, wish: CreateWish) -> Authorization | None:
        """The authorization the order may have (sheet, section 4), or why not."""
        if not wish.authorized:
            return None
        named, *others = wish.authorized
        if others:
            raise invalid(others[0].field, "is a second authorization: an order has one")
        field = named.field
        found = self._authorizations.by_token(named.authorization_id or "")
        if found is None:
            raise invalid(field, "is no authorization of this API key")
        if found.claimed_by is not None:
            raise invalid(field, "was used by another order")
        if found.state != "held":
            raise invalid(field, "has expired")
        if found.currency != wish.common.currency:
            raise invalid("currency", "is not the authorization's")
        asked = named.amount
        if asked is not None and asked > found.amount and self._switches.over_authorization == "refused":
            raise invalid(field.replace("authorizationID", "authAmount"), "is more than was authorized")
        if wish.allow_split and self._switches.split_with_authorization == "refused":
            raise invalid("allowSplit", "must not be true beside an authorization, which is for one order")
        return found

    # Moving on

    def assign(self, order_id: int, packages: list[tuple[dict[int, int] | None, ShipmentStatus]]) -> Order:
        """Put what is in no package yet into packages; None: all of it."""
        order = self.get(order_id)
        if order.status in (*OVER, "PAYMENT_ERROR"):
            raise bad_request(f"An order that is {order.status} cannot be assigned.")
        packed = self.packed(order_id, "READY", "BACKORDER", "SHIPPED")
        free = {item.id: item.wish.quantity - packed[item.id] for item in order.live}
        planned: list[tuple[tuple[tuple[int, int], ...], ShipmentStatus]] = []
        for wanted, status in packages:
            lines = free if wanted is None else wanted
            taken = tuple((item_id, quantity) for item_id, quantity in lines.items() if quantity)
            if not taken or any(quantity > free.get(item_id, 0) for item_id, quantity in taken):
                raise invalid("packageAssignment", "must name items of the order that are in no package yet")
            free = {**free, **{item_id: free[item_id] - quantity for item_id, quantity in taken}}
            planned.append((taken, status))
        for lines_of_one, status in planned:
            self._ship(order_id, lines_of_one, status)
        return self._moved(order)

    def fulfil(self, shipment_id: int, now: datetime) -> Shipment:
        """The package leaves. With the order's last one the money is taken."""
        shipment = self.shipment(shipment_id)
        order = self.get(shipment.order)
        if shipment.status != "READY":
            raise bad_request(f"A shipment that is {shipment.status} cannot be fulfilled.")
        if order.status == "PAYMENT_ERROR":
            raise bad_request("The payment could not be captured: its authorization has expired.")
        self._shipments[shipment_id] = shipment = attrs.evolve(shipment, status="SHIPPED")
        self._settle(order, f"fulfil {shipment_id}", now)
        return shipment

    def cancel(self, order_id: int, now: datetime) -> Order:
        """The whole order, while the customer has not been charged (sheet, section 6)."""
        order = self.get(order_id)
        if order.status == "CANCELED" and self._switches.cancel_again == "accepted":
            return order
        if order.status in OVER or self.packed(order_id, "SHIPPED"):
            raise bad_request(f"An order that is {order.status} cannot be canceled.")
        self._guard_charge(order)
        order = self._put(attrs.evolve(order, items=tuple(attrs.evolve(item, canceled=True) for item in order.items)))
        self._drop_lines(order)
        return self._settle(order, "cancel", now)

    def cancel_item(self, item_id: int, *, rectify: bool, now: datetime) -> Order:
        """One line of an order; rectify brings the payment in line, which lets go of the line's amount."""
        order = self.owner_of(item_id)
        item = next(item for item in order.items if item.id == item_id)
        if item.canceled or order.status in OVER or self.packed(order.id, "SHIPPED")[item_id]:
            raise bad_request("The order item is canceled or shipped.")
        self._guard_charge(order)
        less = min(item.total, order.due) if rectify else Decimal(0)
        items = tuple(attrs.evolve(each, canceled=each.canceled or each.id == item_id) for each in order.items)
        order = self._put(attrs.evolve(order, items=items, due=order.due - less))
        self._drop_lines(order)
        number = order.authorization
        if number is not None and less:
            if self._authorizations.get(number).state == "captured":
                self._authorizations.refund(number, less, f"cancel item {item_id}", now)
            elif self._authorizations.get(number).state == "held":
                self._authorizations.release(number, less, f"cancel item {item_id}", now)
        return self._settle(order, f"cancel item {item_id}", now)

    def payment_lapsed(self, order_id: int) -> None:
        """The order's authorization expired before its goods left."""
        order = self._orders[order_id]
        if order.status not in OVER:
            self._put(attrs.evolve(order, statuses=(*order.statuses, "PAYMENT_ERROR")))

    def _guard_charge(self, order: Order) -> None:
        charged = order.authorization is not None and bool(self._authorizations.sums(order.authorization).captured)
        if charged and self._switches.cancel_after_charge == "refused":
            raise bad_request("The customer has been charged: what was bought can be returned, not canceled.")

    def _settle(self, order: Order, cause: str, now: datetime) -> Order:
        """Move the order to where its items and packages are, and close the money when that is an end."""
        order = self._moved(order)
        number = order.authorization
        if number is None or order.status not in OVER:
            return order
        state = self._authorizations.get(number).state
        if order.status == "SHIPPED" and state == "held":
            self._authorizations.capture(number, order.due, cause, now)
        if order.status == "CANCELED" and state == "held":
            self._authorizations.release(number, None, cause, now)
        if order.status == "CANCELED" and state == "captured":
            sums = self._authorizations.sums(number)
            self._authorizations.refund(number, sums.captured - sums.refunded, cause, now)
        return order

    def _moved(self, order: Order) -> Order:
        status = self._status(order)
        return order if status == order.status else self._put(attrs.evolve(order, statuses=(*order.statuses, status)))

    def _status(self, order: Order) -> Status:
        if not order.live:
            return "CANCELED"
        if order.status == "PAYMENT_ERROR":
            return order.status
        shipped = self.packed(order.id, "SHIPPED")
        if all(shipped[item.id] == item.wish.quantity for item in order.live):
            return "SHIPPED"
        waiting: set[ShipmentStatus] = {shipment.status for shipment in self.shipments(order.id)}
        if waiting & {"READY", "SHIPPED"}:
            return "READY"
        return "BACKORDER" if "BACKORDER" in waiting else "WAITING_FOR_ASSIGNMENT"

    def _drop_lines(self, order: Order) -> None:
        """Items that were cancelled leave their packages; an empty package is cancelled."""
        live = {item.id for item in order.live}
        for shipment in self.shipments(order.id):
            lines = tuple(line for line in shipment.lines if line[0] in live)
            if lines != shipment.lines:
                status: ShipmentStatus = shipment.status if lines else "CANCELED"
                self._shipments[shipment.id] = attrs.evolve(shipment, lines=lines, status=status)

    def _ship(self, order_id: int, lines: tuple[tuple[int, int], ...], status: ShipmentStatus) -> None:
        shipment = Shipment(id=self._new_id("shipment"), order=order_id, lines=lines, status=status)
        self._shipments[shipment.id] = shipment
        self._packages.setdefault(order_id, []).append(shipment.id)

    def _put(self, order: Order) -> Order:
        self._orders[order.id] = order
        return order

    def wrong(self) -> Iterator[str]:
        """A sentence for every order whose goods, money or name do not agree."""
        users = Counter(order.authorization for order in self._orders.values() if order.authorization is not None)
        yield from (f"authorization {number}: used by {n} orders" for number, n in users.items() if n > 1)
        for authorization in self._authorizations.all():
            if (authorization.claimed_by is None) == bool(users[authorization.number]):
                yield f"authorization {authorization.number}: claimed by {authorization.claimed_by}, no such order"
        names = Counter(order.wish.external_id for order in self._orders.values())
        yield from (f"externalOrderID of {n} orders is the same" for n in names.values() if n > 1)
        for order in self._orders.values():
            packed = self.packed(order.id, "READY", "BACKORDER", "SHIPPED")
            if any(packed[item.id] > (0 if item.canceled else item.wish.quantity) for item in order.items):
                yield f"order {order.id}: more in packages than was ordered"
            yield from self._wrong_money(order)

    def _wrong_money(self, order: Order) -> Iterator[str]:
        if order.authorization is None:
            return
        authorization = self._authorizations.get(order.authorization)
        sums = self._authorizations.sums(order.authorization)
        if authorization.claimed_by != order.id:
            yield f"order {order.id}: pays with an authorization that is not its own"
        if order.status in OVER and sums.held:
            yield f"order {order.id}: is {order.status} and {sums.held} is still held"
        if order.status == "CANCELED" and sums.captured != sums.refunded:
            yield f"order {order.id}: is canceled and {sums.captured - sums.refunded} of it was kept"
        if order.status not in OVER and sums.captured and self._switches.capture_at == "fulfil":
            yield f"order {order.id}: {sums.captured} taken before it left"


def _due(wish: CreateWish, claimed: Authorization) -> Decimal:
    asked = wish.authorized[0].amount
    return claimed.amount if asked is None else min(asked, claimed.amount)
