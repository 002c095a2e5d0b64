"""The model: routes a call, checks its signature, answers it; and lets a test look inside and arrange things.

May live here: routing, the lock, the arranging and inspecting API. May not: rules of rewards, orders or members.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qs, unquote

import attrs

from stampcard_adapters.sandbox.http import MAX_BODY, RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json, NotJsonError, parse, write

from .errors import Problem, RefusedError, bad_request, unknown_member, unknown_store
from .ledgers import Cause, Row
from .members import ACTIVE, PHONE, Member
from .orders import Orders
from .pricing import Offer, OfferKind
from .request import Stage, peek, read_order
from .signature import Key, verified_key
from .switches import Switches
from .tenants import ProgramKind, Tenant, default_tenants, program
from .world import World

__all__ = ["SpendgoModel"]

MAX_TARGET: Final = 8192
FIRST_MEMBER: Final = 500001
FIRST_REWARD: Final = 3000001
FIRST_TRANSACTION: Final = 5961839


def _now() -> datetime:
    return datetime.now(UTC)


class SpendgoModel:
    """Spendgo without a network: pure but for its clock, deterministic, and safe to call from many threads.

    tenants: who is served; without them the default one, named "spendgo".
    switches: choices the sheet leaves open. lenient: all tenants lenient, whatever they say themselves.
    clock: only the Date header shows it.
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
        self._lock = threading.RLock()
        self._counters: dict[str, int] = {}
        self._worlds: dict[str, World] = {}
        self._orders: dict[str, Orders] = {}
        for tenant in default_tenants() if tenants is None else tenants:
            world = World(attrs.evolve(tenant, lenient=tenant.lenient or lenient))
            self._worlds[tenant.name] = world
            self._orders[tenant.name] = Orders(world, self.switches, self._new_transaction)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The paths that are Spendgo's."""
        return ("/loyalty",)

    # Calls

    def handle(self, request: RequestLike, /) -> Response:
        """Answer one call. Total: any bytes at all get a documented answer."""
        with self._lock:
            body: Json = None
            is_order = False
            try:
                segments, query, is_order = _routed(request)
                name = self._tenant_of(request)
                body = _body(request)
                status, text = self._answered(name, segments, query, body)
            except RefusedError as refused:
                problem = refused.problem
                if is_order:
                    order_id, stage = peek(body)
                    problem = attrs.evolve(problem, id=order_id, status=stage)
                status, text = problem.http_status, write(problem.body())
            headers = {
                "Content-Type": "application/json",
                "Date": format_datetime(self._clock().astimezone(UTC), usegmt=True),
            }
            return Response(status=status, headers=headers, body=text.encode("ascii"))

    def _tenant_of(self, request: RequestLike) -> str:
        if len(request.target) > MAX_TARGET or len(request.body) > MAX_BODY:
            raise bad_request("The request is too large.")
        holders = {key: name for name, world in self._worlds.items() for key in world.tenant.keys}
        key = verified_key(request, holders, accept_minified=self.switches.accept_minified)
        return holders[key]

    def _answered(self, name: str, segments: list[str], query: str, body: Json) -> tuple[int, str]:
        world = self._worlds[name]
        if len(segments) == 2:
            return self._member_call(world, body)
        member_id, what = segments[2], segments[3]
        if what == "orders":
            order = read_order(body, lenient=world.tenant.lenient)
            owner = None if member_id == "guest" else _active(world, member_id).id
            return 200, self._orders[name].handle(owner, order)
        if what == "balance":
            return 200, write(world.balance(_active(world, member_id).id))
        store = parse_qs(query).get("store", [""])[0]
        if store not in world.tenant.stores:
            raise unknown_store()
        return 200, write({"rewards": world.listing(_active(world, member_id).id, store)})

    def _member_call(self, world: World, body: Json) -> tuple[int, str]:
        status, member = world.members.create_or_retrieve(
            body,
            new_id=lambda: self._new_member_id(world),
            strict=not world.tenant.lenient,
            conflict_status=self.switches.conflict_status,
        )
        if not member.active:  # a 202 carries no id
            return status, write({"status": member.status})
        return status, write({"id": member.id, "status": member.status})

    # Looking inside. `tenant` is the tenant's name; without one, the first tenant.

    def points(self, member_id: str, *, tenant: str | None = None) -> Decimal:
        """Points, visits or stamps of a member."""
        with self._lock:
            return self._world(tenant).points(member_id)

    def swp_balance(self, member_id: str, *, tenant: str | None = None) -> Decimal:
        """Dollars a member can shop with."""
        with self._lock:
            return self._world(tenant).dollars(member_id)

    def rewards(self, member_id: str, *, tenant: str | None = None) -> tuple[str, ...]:
        """Ids of what a member can redeem, each as often as there are of it."""
        with self._lock:
            world = self._world(tenant)
            return tuple(offer.id for offer in world.offers(member_id) for _ in range(world.quantity(member_id, offer)))

    def reward_quantity(self, member_id: str, reward_id: str, *, tenant: str | None = None) -> int:
        """How many of one reward a member has."""
        with self._lock:
            world = self._world(tenant)
            offer = world.offer(member_id, reward_id)
            return 0 if offer is None else world.quantity(member_id, offer)

    def states(self, order_id: str, *, tenant: str | None = None) -> tuple[Stage, ...]:
        """The stages of an order that took effect, in order: ("checkout", "placed", "voided")."""
        with self._lock:
            return self._orders[self._name(tenant)].states(order_id)

    def orders(self, *, tenant: str | None = None) -> tuple[str, ...]:
        """Ids of the orders seen, oldest first."""
        with self._lock:
            return self._orders[self._name(tenant)].ids()

    def members(self, *, tenant: str | None = None) -> tuple[Member, ...]:
        """All members, in the order they joined."""
        with self._lock:
            return self._world(tenant).members.all()

    def rows(self, *, tenant: str | None = None) -> tuple[Row, ...]:
        """Every movement booked so far."""
        with self._lock:
            return tuple(self._world(tenant).ledger.rows)

    def tenants(self) -> dict[str, Json]:
        """What a client needs to call, in the shape of a tenants file, with what members own now."""
        with self._lock:
            return {name: world.as_tenant() for name, world in self._worlds.items()}

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance; empty when all do."""
        with self._lock:
            return tuple(f"{name}: {sentence}" for name in self._worlds for sentence in self._wrong(name))

    def _wrong(self, name: str) -> Iterator[str]:
        yield from self._worlds[name].ledger.wrong_sums()
        yield from self._orders[name].unbalanced()

    # Arranging

    def give(
        self,
        member_id: str,
        *,
        label: str,
        value: Decimal | int,
        kind: OfferKind = "rebate",
        min_spend: Decimal | int | None = None,
        min_items: int | None = None,
        quantity: int = 1,
        product: str | None = None,
        stores: Sequence[str] = (),
        shop_with_points: bool = False,
        vanishes: bool = False,
        expires_on: str | None = None,
        reward_id: str | None = None,
        tenant: str | None = None,
    ) -> str:
        """Give a member a reward and get its id. value: dollars (rebate, gift), percent (discount)."""
        with self._lock:
            world = self._world(tenant)
            cause = Cause(status="given")
            if shop_with_points:
                world.give_dollars(member_id, Decimal(value), cause)
                return next(offer.id for offer in world.offers(member_id) if offer.shop_with_points)
            offer_id = self._new_id("reward", FIRST_REWARD) if reward_id is None else reward_id
            offer = Offer(
                id=offer_id,
                kind=kind,
                label=label,
                value=Decimal(value),
                min_spend=None if min_spend is None else Decimal(min_spend),
                min_items=min_items,
                product=product,
                stores=tuple(stores),
                code=f"SG{offer_id}",
                vanishes=vanishes,
                expires_on=expires_on,
            )
            world.give(member_id, offer, quantity, cause)
            return offer_id

    def add_member(
        self, phone: str, *, email: str | None = None, status: str = ACTIVE, tenant: str | None = None
    ) -> Member:
        """Add a member and get them, with their id."""
        if not PHONE.fullmatch(phone):
            raise ValueError("a phone is ten digits")
        with self._lock:
            world = self._world(tenant)
            if world.members.by_phone(phone) is not None:
                raise ValueError("a member has this phone already")
            member = Member(id=self._new_member_id(world), phone=phone, email=email, status=status)
            world.members.put(member)
            return member

    def verify_email(self, phone: str, *, tenant: str | None = None) -> Member:
        """The member follows the link in the email: from now on they have an id."""
        with self._lock:
            members = self._world(tenant).members
            waiting = members.by_phone(phone)
            if waiting is None:
                raise ValueError("no member has this phone")
            member = attrs.evolve(waiting, status=ACTIVE)
            members.put(member)
            return member

    def set_program(self, kind: ProgramKind, *, units: str | None = None, tenant: str | None = None) -> None:
        """Run one of the four programmes from now on."""
        with self._lock:
            chosen = program(kind)
            world = self._world(tenant)
            chosen = chosen if units is None else attrs.evolve(chosen, units=units)
            world.tenant = attrs.evolve(world.tenant, program=chosen)

    def set_keys(self, *keys: Key, tenant: str | None = None) -> None:
        """Replace the keys: two while they are rotated, then the new one."""
        if not keys:
            raise ValueError("a tenant has a key")
        with self._lock:
            world = self._world(tenant)
            world.tenant = attrs.evolve(world.tenant, keys=keys)

    def set_lenient(self, lenient: bool, *, tenant: str | None = None) -> None:
        """Tolerate what the public clients leave out, or stop tolerating it."""
        with self._lock:
            world = self._world(tenant)
            world.tenant = attrs.evolve(world.tenant, lenient=lenient)

    def _name(self, tenant: str | None) -> str:
        return next(iter(self._worlds)) if tenant is None else tenant

    def _world(self, tenant: str | None) -> World:
        return self._worlds[self._name(tenant)]

    def _new_id(self, what: str, first: int) -> str:
        self._counters[what] = self._counters.get(what, first - 1) + 1
        return str(self._counters[what])

    def _new_transaction(self) -> str:
        return self._new_id("transaction", FIRST_TRANSACTION)

    def _new_member_id(self, world: World) -> str:
        while True:
            member_id = self._new_id("member", FIRST_MEMBER)
            if world.members.get(member_id) is None:
                return member_id


def _routed(request: RequestLike) -> tuple[list[str], str, bool]:
    """Path segments, query, and whether it is an order call; 404 and 405 for anything else."""
    path, _, query = request.target.partition("?")
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    known = segments[:2] == ["loyalty", "accounts"] and path.startswith("/")
    if known and len(segments) == 2:
        method = "POST"
    elif known and len(segments) == 4 and segments[3] in ("rewards", "balance", "orders"):
        method = "POST" if segments[3] == "orders" else "GET"
    else:
        raise RefusedError(Problem(http_status=404, code=404, details="Not found."))
    if request.method.upper() != method:
        raise RefusedError(Problem(http_status=405, code=405, details=f"Method not allowed: use {method}."))
    return segments, query, segments[-1] == "orders" and len(segments) == 4


def _body(request: RequestLike) -> Json:
    if request.method.upper() == "GET":
        return None
    try:
        return parse(request.body)
    except NotJsonError as error:
        raise bad_request(f"{error}.") from None


def _active(world: World, member_id: str) -> Member:
    member = world.members.get(member_id)
    if member is None or not member.active:
        raise unknown_member()
    return member
