"""The model: routes a call, checks its token, answers it; and lets a test look inside and arrange things.

May live here: the lock, the arranging and inspecting API. May not: rules of payments, authorizations or orders.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

import attrs

from stampcard_adapters.sandbox.http import MAX_BODY, RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json, NotJsonError, parse, write

from .authorizations import Authorization
from .errors import RefusedError, bad_request
from .fields import Fields, Rules
from .ledger import Row, Sums
from .orders import Status
from .routes import routed
from .switches import Switches
from .tenants import Tenant, default_tenants
from .tokens import Tokens, media_type
from .world import World

__all__ = ["Hold", "KiboModel"]

MAX_TARGET: Final = 8192
FIRST: Final = {"order": 7000001, "item": 9000001, "shipment": 4000001, "return": 3000001}


def _now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class Hold:
    """An authorization and where its money is."""

    authorization: Authorization
    sums: Sums


class KiboModel:
    """Kibo OMS v2 without a network: pure but for its clock, deterministic, and safe to call from many threads.

    tenants: who is served; without them the default ones, "kibo" and "kibo-other".
    switches: choices the sheet leaves open. lenient: all tenants lenient, whatever they say themselves.
    clock: tokens, authorizations and cards expire by it, and the Date header shows it.
    """

    def __init__(
        self,
        tenants: Sequence[Tenant] | None = None,
        *,
        switches: Switches | None = None,
        lenient: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.switches: Final = switches if switches is not None else Switches()
        self._clock = clock
        self._lenient = lenient
        self._lock = threading.RLock()
        self._counters: dict[str, int] = {}
        self._worlds: dict[str, World] = {}
        for tenant in default_tenants() if tenants is None else tenants:
            served = attrs.evolve(tenant, lenient=tenant.lenient or lenient)
            self._worlds[tenant.name] = World(served, self.switches, self._new_id)
        self._tokens = Tokens(self._served, self.switches)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The paths that are Kibo's."""
        return ("/oauthserver", "/api/v2")

    # Calls

    def handle(self, request: RequestLike, /) -> Response:
        """Answer one call. Total: any bytes at all get a documented answer."""
        with self._lock:
            now = self._now()
            try:
                status, value = self._answered(request, now)
            except RefusedError as refused:
                status, value = refused.problem.http_status, refused.problem.body(self.switches.error_body)
            headers = {"Content-Type": "application/json", "Date": format_datetime(now, usegmt=True)}
            if status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="oauth"' if "error" in value else "Bearer"
            return Response(status=status, headers=headers, body=write(value).encode("ascii"))

    def _answered(self, request: RequestLike, now: datetime) -> tuple[int, dict[str, Json]]:
        if len(request.target) > MAX_TARGET or len(request.body) > MAX_BODY:
            raise bad_request("The request is too large.")
        route = routed(request)
        if route.call == "token":
            return self._tokens.give(request, now, lenient=self._lenient)
        world = self._worlds[self._tokens.tenant_of(request, now).name]
        rules = Rules(switches=self.switches, lenient=world.tenant.lenient, now=now)
        if request.method.upper() == "GET":
            return 200, world.asked(route, rules)
        if media_type(request) != "application/json" and not rules.lenient:
            raise bad_request("Content-Type must be application/json.")
        return world.told(route, Fields(_object(request), rules))

    # Looking inside. `tenant` is the tenant's name; without one, the first tenant.

    def orders(self, *, tenant: str | None = None) -> tuple[str, ...]:
        """externalOrderIDs of the orders there are, oldest first."""
        with self._lock:
            return self._world(tenant).orders.names()

    def order_id(self, external_id: str, *, tenant: str | None = None) -> int | None:
        """The OMS's own id of an order."""
        with self._lock:
            order = self._world(tenant).orders.by_external(external_id)
            return None if order is None else order.id

    def states(self, external_id: str, *, tenant: str | None = None) -> tuple[Status, ...]:
        """The statuses an order went through: ("WAITING_FOR_ASSIGNMENT", "CANCELED"). Empty: there is no such order."""
        with self._lock:
            self._now()
            order = self._world(tenant).orders.by_external(external_id)
            return () if order is None else order.statuses

    def holds(self, cart: str | None = None, *, tenant: str | None = None) -> tuple[Hold, ...]:
        """Authorizations, all or those of one externalCartID, oldest first."""
        with self._lock:
            self._now()
            book = self._world(tenant).authorizations
            return tuple(
                Hold(authorization=found, sums=book.sums(found.number))
                for found in book.all()
                if cart in (None, found.cart)
            )

    def paid(self, external_id: str, *, tenant: str | None = None) -> Sums:
        """Where the money of an order is; all nothing for an order without an authorization."""
        with self._lock:
            self._now()
            world = self._world(tenant)
            order = world.orders.by_external(external_id)
            number = None if order is None else order.authorization
            return Sums() if number is None else world.authorizations.sums(number)

    def rows(self, *, tenant: str | None = None) -> tuple[Row, ...]:
        """Every movement booked so far."""
        with self._lock:
            self._now()
            return tuple(self._world(tenant).authorizations.ledger.rows)

    def warnings(self, *, tenant: str | None = None) -> tuple[str, ...]:
        """What was tolerated and not liked."""
        with self._lock:
            return tuple(self._world(tenant).warnings)

    def tenants(self) -> dict[str, Json]:
        """What a client needs to call, in the shape of a tenants file."""
        with self._lock:
            return {name: world.tenant.described() for name, world in self._worlds.items()}

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance; empty when all do."""
        with self._lock:
            worlds = self._worlds.items()
            return tuple(f"{name}: {sentence}" for name, world in worlds for sentence in world.unbalanced())

    # Arranging

    def ship(self, external_id: str, *, tenant: str | None = None) -> None:
        """The warehouse sends the whole order: what is in no package is packed, and all packages leave."""
        with self._lock:
            now = self._now()
            orders = self._world(tenant).orders
            order = orders.by_external(external_id)
            if order is None:
                raise ValueError("there is no such order")
            try:
                packed = orders.packed(order.id, "READY", "BACKORDER", "SHIPPED")
                if any(packed[item.id] < item.wish.quantity for item in order.live):
                    orders.assign(order.id, [(None, "READY")])
                for shipment in orders.shipments(order.id):
                    if shipment.status != "SHIPPED" and shipment.lines:
                        orders.fulfil(shipment.id, now)
            except RefusedError as refused:
                raise ValueError(refused.problem.message) from None

    def cancel(self, external_id: str, *, tenant: str | None = None) -> None:
        """Somebody cancels the whole order at the provider's own console."""
        with self._lock:
            orders = self._world(tenant).orders
            order = orders.by_external(external_id)
            if order is None:
                raise ValueError("there is no such order")
            try:
                orders.cancel(order.id, self._now())
            except RefusedError as refused:
                raise ValueError(refused.problem.message) from None

    def expire(self, order_id: int, *, tenant: str | None = None) -> None:
        """The authorization that reserved this orderID expires now."""
        with self._lock:
            self._world(tenant).end(order_id, self._now())

    def expire_tokens(self) -> None:
        """Every access token given so far is refused from now on."""
        with self._lock:
            self._tokens.end_all()

    def set_gateway(self, *, reachable: bool, tenant: str | None = None) -> None:
        """The payment gateway answers, or does not."""
        with self._lock:
            self._world(tenant).authorizations.reachable = reachable

    def set_keys(self, api_key: str, secret: str, *, tenant: str | None = None) -> None:
        """Replace the credentials; tokens of the old ones no longer go with the new key."""
        with self._lock:
            world = self._world(tenant)
            world.tenant = attrs.evolve(world.tenant, api_key=api_key, secret=secret)

    def set_lenient(self, lenient: bool, *, tenant: str | None = None) -> None:
        """Tolerate what public clients leave out, or stop tolerating it."""
        with self._lock:
            world = self._world(tenant)
            world.tenant = attrs.evolve(world.tenant, lenient=lenient)

    def _now(self) -> datetime:
        """What time it is; what has expired by then is over."""
        now = self._clock().astimezone(UTC)
        for world in self._worlds.values():
            world.lapse(now)
        return now

    def _served(self) -> dict[str, Tenant]:
        return {name: world.tenant for name, world in self._worlds.items()}

    def _world(self, tenant: str | None) -> World:
        return self._worlds[next(iter(self._worlds)) if tenant is None else tenant]

    def _new_id(self, what: str) -> int:
        self._counters[what] = self._counters.get(what, FIRST[what] - 1) + 1
        return self._counters[what]


def _object(request: RequestLike) -> dict[str, Json]:
    try:
        body = parse(request.body)
    except NotJsonError as error:
        raise bad_request(f"{error}.") from None
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    return body
