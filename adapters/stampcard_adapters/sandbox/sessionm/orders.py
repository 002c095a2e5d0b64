"""Orders of one tenant: placing, deciding, finding, and whether they agree with the ledger (sheet, sections 3 to 6).

May live here: what an order takes and gives back, and when. May not: paths, credentials, customers' profiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .challenges import Challenge
from .errors import not_found, refused
from .fields import Fields, Query, stamp
from .ledgers import Cause
from .offers import Offer
from .users import User
from .world import World

__all__ = ["APPROVED", "PENDING", "REJECTED", "Order", "Orders"]

PENDING: Final = "pending_approval"
APPROVED: Final = "approved"
REJECTED: Final = "rejected"
ADDRESS: Final = ("addressee", "street1", "street2", "city", "state_province", "country", "postal_code")
ADDRESS_NEEDS: Final = ("street1", "city", "country")
MOST_QUANTITY: Final = 10**6


@attrs.frozen(kw_only=True)
class Order:
    """An order; `states` are all it has had, the last one is its status. `points` is the total (trap 10)."""

    id: int
    user: str
    offer: Offer
    quantity: int
    points: int
    created_at: datetime
    states: tuple[str, ...]
    external_id: str | None = None
    challenge: int | None = None
    email: str | None = attrs.field(default=None, repr=False)
    ip: str | None = attrs.field(default=None, repr=False)
    shipping_address: Mapping[str, str] | None = attrs.field(default=None, repr=False)

    @property
    def status(self) -> str:
        """Where it stands."""
        return self.states[-1]


class Orders:
    """All orders of a tenant, kept for ever."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._switches = world.switches
        self._orders: dict[int, Order] = {}
        self._of_user: dict[str, list[int]] = {}
        self._named: dict[str, int] = {}

    def all(self) -> tuple[Order, ...]:
        """Oldest first."""
        return tuple(self._orders.values())

    def get(self, order_id: int | None) -> Order:
        """An order by SessionM's id."""
        order = None if order_id is None else self._orders.get(order_id)
        if order is None:
            raise self._unknown()
        return order

    def named(self, external_id: str) -> Order:
        """An order by the client's own id: an order's external id, not a customer's (trap 11)."""
        return self.get(self._named.get(external_id))

    def of(self, user: User, order_id: int | None) -> Order:
        """A customer's order; another customer's is not there."""
        order = self.get(order_id)
        if order.user != user.id and self._switches.foreign_order == "not_found":
            raise self._unknown()
        return order

    def _unknown(self) -> Exception:
        return not_found("The order", self._switches.unknown_order_status)

    # Placing

    def place(self, user: User, offer_id: int | None, body: Fields) -> Order:
        """Every check, then every effect: a refused order moves nothing. Not idempotent (trap 9)."""
        world, switches = self._world, self._switches
        asked = body.inner("order") if world.tenant.lenient else body.need("order")
        asked = asked or Fields({})
        quantity = asked.integer("quantity", least=1) or 1
        if quantity > MOST_QUANTITY:
            raise refused("argument_error", "order.quantity is out of range.")
        address = self._address(asked)
        email, ip = asked.text("email") or user.email, asked.text("ip")
        external_id = self._external_id(asked)
        if not user.registered:
            raise refused("requires_registered_user", "The customer ID sent in is not registered.")
        offer = world.offers.get(offer_id or 0)
        if offer is None or not offer.runs(world.now()) or (user.id, offer.id) in world.unqualified:
            raise refused("offer_not_available", "The reward is not available.")
        status = self._first_status(asked, offer)
        if ip is not None and ip in world.fraud_ips:
            raise refused(switches.fraudulent_ip, "The reward is not available.")
        challenge = self._challenge(asked, user, offer)
        points = offer.points * quantity
        if not world.has_stock(offer, quantity):
            raise refused(switches.sold_out, "The reward is not available.")
        if world.points(user.id) < points:
            raise refused(switches.not_enough_points, "The reward is not available.")
        order = Order(
            id=world.new_id("order"),
            user=user.id,
            offer=offer,
            quantity=quantity,
            points=points,
            created_at=world.now(),
            states=(status,),
            external_id=external_id,
            challenge=None if challenge is None else challenge.id,
            email=email,
            ip=ip,
            shipping_address=address,
        )
        self._take(order, challenge)
        return order

    def _take(self, order: Order, challenge: Challenge | None) -> None:
        world = self._world
        self._orders[order.id] = order
        self._of_user.setdefault(order.user, []).append(order.id)
        if order.external_id is not None:
            self._named[order.external_id] = order.id
        if challenge is not None:
            world.tests.use(challenge, order.id)
        cause = Cause(what="placed", order=order.id)
        # points are taken now, while the order is still pending (section 6)
        world.move_points(order.user, -order.points, cause, order.offer.name)
        if self._stock_due(order):
            world.move_stock(order.offer, -order.quantity, cause)

    def _address(self, asked: Fields) -> Mapping[str, str] | None:
        fields = asked.inner("shipping_address")
        if fields is None:
            return None
        address = {name: value for name in ADDRESS if (value := fields.text(name)) is not None}
        missing = [name for name in ADDRESS_NEEDS if not address.get(name, "").strip()]
        if missing and not self._world.tenant.lenient:
            raise refused("missing_data", f"order.shipping_address.{missing[0]} is required.")
        return address

    def _external_id(self, asked: Fields) -> str | None:
        rule = self._switches.order_external_id
        external_id = None if rule == "ignored" else asked.text("external_id")
        if rule == "unique" and external_id in self._named:
            raise refused("validation", "order.external_id has already been taken.")
        return external_id

    def _first_status(self, asked: Fields, offer: Offer) -> str:
        automatic = self._switches.auto_approve or offer.auto_approve
        if self._switches.asked_status == "checked":
            wanted = asked.word("status")
            if wanted not in (None, PENDING) and not (wanted == APPROVED and automatic):
                raise refused("invalid_request_order_status", "The status of the order cannot be asked for.")
        return APPROVED if automatic else PENDING

    def _challenge(self, asked: Fields, user: User, offer: Offer) -> Challenge | None:
        if not offer.requires_skills_test:
            return None
        named = asked.inner("challenge")
        challenge_id = None if named is None else named.integer("id", least=1)
        return self._world.tests.passed(challenge_id, user=user.id, offer=offer.id)

    # Deciding

    def decide(self, order: Order, body: Fields) -> Order:
        """POST or PUT of an order: a pending one is approved or rejected, and that is that (section 5)."""
        asked = body.inner("order")
        wanted = None if asked is None else asked.word("status")
        bad_request, bad_state = "invalid_request_order_status", "invalid_order_status"
        if self._switches.status_codes == "swapped":
            bad_request, bad_state = bad_state, bad_request
        if wanted not in (APPROVED, REJECTED):
            raise refused(bad_request, "order.status must be approved or rejected.")
        if order.status == wanted and self._switches.same_status == "accepted":
            return order
        if order.status != PENDING:
            raise refused(bad_state, "The order is not pending approval.")
        return self.move(order, wanted)

    def move(self, order: Order, status: str) -> Order:
        """Give an order a status, with all that goes with it: stock where it leaves late, returns on rejection."""
        world, held = self._world, self._stock_due(order)
        moved = attrs.evolve(order, states=(*order.states, status))
        stock = held - self._stock_due(moved)
        if stock < 0 and not world.has_stock(order.offer, -stock):
            raise refused(self._switches.sold_out, "The reward is not available.")
        self._orders[order.id] = moved
        cause = Cause(what=status, order=order.id)
        world.move_stock(order.offer, stock, cause)
        points = self._points_due(order) - self._points_due(moved)
        world.move_points(order.user, points, cause, f"Returned: {order.offer.name}")
        return moved

    # Showing

    def page(self, user: User, query: Query) -> list[Json]:
        """GET a customer's orders. There is no total: a page shorter than the limit is the last."""
        limit, page = query.limit(), query.page()
        between, before, after = query.between(), query.moment("before"), query.moment("after")
        strict = self._switches.strict_bounds
        found = [
            order
            for order in map(self._orders.__getitem__, self._of_user.get(user.id, ()))
            if (between is None or between[0] <= order.created_at <= between[1])
            and (before is None or order.created_at < before or (order.created_at == before and not strict))
            and (after is None or order.created_at > after or (order.created_at == after and not strict))
        ]
        newest = self._switches.list_order == "newest"
        found.sort(key=lambda order: (order.created_at, order.id), reverse=newest)
        return [self.shown(order) for order in found[(page - 1) * limit : page * limit]]

    def shown(self, order: Order, *, created: bool = False, updated: bool = False) -> dict[str, Json]:
        """An order in a reply: of a create it has `user`, of anything else `user_id` (trap 4)."""
        offer = order.offer
        user: Json = {"id": order.user, **self._world.balances(order.user)}
        fields: dict[str, Json] = {
            "id": order.id,
            "offer_id": offer.id,
            **({"user": user} if created else {"user_id": order.user}),
            "quantity": order.quantity,
            "points": order.points,
            "status": order.status,
            "created_at": stamp(order.created_at),
            "name": offer.name,
            "logo": offer.logo,
            "description": offer.description,
        }
        if updated or self._switches.table_fields == "everywhere":
            fields["offer_type"] = offer.type
            if order.external_id is not None:
                fields["external_id"] = order.external_id
        if order.shipping_address is not None and not updated:
            fields["shipping_address"] = {**order.shipping_address}
        return fields

    # Books

    def _points_due(self, order: Order) -> int:
        """What an order must have taken by now, said by its states alone."""
        returned = order.status == REJECTED and self._switches.reject_returns_points
        return 0 if returned else order.points

    def _stock_due(self, order: Order) -> int:
        taken = self._switches.stock_taken_at == "placement" or APPROVED in order.states
        returned = order.status == REJECTED and self._switches.reject_returns_stock
        return order.quantity if taken and not returned else 0

    def unbalanced(self) -> Iterator[str]:
        """A sentence for every order whose states, ledger rows and challenge disagree."""
        world = self._world
        for order in self._orders.values():
            for kind, due in (("points", self._points_due(order)), ("stock", self._stock_due(order))):
                amounts = [row.amount for row in world.ledger.rows_by(order.id) if row.account.kind == kind]
                if -sum(amounts) != due:
                    yield f"order {order.id} is {order.status}: it has taken {-sum(amounts)} {kind}, not {due}"
                if len(amounts) > 2:
                    yield f"order {order.id} has moved {kind} {len(amounts)} times"
        for number in sorted(world.ledger.orders() - self._orders.keys()):
            yield f"order {number} moved something and does not exist"
        yield from self._wrong_challenges()

    def _wrong_challenges(self) -> Iterator[str]:
        challenges = self._world.tests.challenges
        used: set[int] = set()
        for order in self._orders.values():
            challenge = challenges.get(order.challenge or 0)
            if order.offer.requires_skills_test is not (challenge is not None):
                yield f"order {order.id}: its offer and its challenge do not go together"
            if challenge is None:
                continue
            if not challenge.valid or (challenge.user, challenge.offer) != (order.user, order.offer.id):
                yield f"order {order.id}: challenge {challenge.id} does not fit it"
            if challenge.id in used and self._switches.challenge_once:
                yield f"order {order.id}: challenge {challenge.id} was used before"
            used.add(challenge.id)
