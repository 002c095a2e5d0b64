"""The model: finds the version and the tenant of a call, answers it; and lets a test look inside and arrange things.

May live here: the two doors, headers, the lock, the arranging and inspecting API. May not: rules of orders or prices.
"""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Final, Literal

import attrs

from stampcard_adapters.sandbox.http import RequestLike, Response, header
from stampcard_adapters.sandbox.jsontext import Json, write

from . import v1, v2
from .calls import Call
from .errors import OUTAGES, Problem, RefusedError, no_route, rate_limited
from .ledgers import Row
from .limits import Limits
from .money import major, minor
from .orders import OpenStatus, Order, Orders, Status
from .products import Product
from .sessions import Sessions
from .switches import Switches
from .tenants import Tenant, default_tenants
from .world import World

__all__ = ["CORRELATION", "KalixoModel"]

CORRELATION: Final = "fhp-codehype-correlation-key"
UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
FIRST_ORDER: Final = 59400


def _now() -> datetime:
    return datetime.now(UTC)


class KalixoModel:
    """Kalixo without a network: pure but for its clock, deterministic, and safe to call from many threads.

    tenants: who is served; without them the default one, named "kalixo". Both versions serve the same tenants.
    switches: choices the sheet leaves open. lenient: all tenants lenient, whatever they say themselves.
    clock: lives of tokens, ends of orders, minutes of the rate limit.
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
            self._orders[tenant.name] = Orders(world, self.switches, self._new_order_id)
        self._sessions = Sessions(self._worlds, self.switches)
        limit = self.switches.rate_limit
        self._limits = None if limit is None else Limits(limit)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The paths that are Kalixo's."""
        return ("/v1", "/v2")

    # Calls

    def handle(self, request: RequestLike, /) -> Response:
        """Answer one call. Total: any bytes at all get a documented answer."""
        with self._lock:
            now = self._clock()
            self._settle(now)
            headers = {
                "Content-Type": "application/json",
                "Date": format_datetime(now.astimezone(UTC), usegmt=True),
                CORRELATION: self._correlation(request),
            }
            version = request.target.partition("?")[0].split("/")[1:2]
            if version == ["v1"]:
                status, body = self._v1(request, now)
            elif version == ["v2"]:
                status, body = self._v2(request, now, headers)
            else:
                problem = no_route(request.method.upper(), request.target.partition("?")[0]).problem
                status, body = problem.status, problem.body()
            return Response(status=status, headers=headers, body=write(body).encode("ascii"))

    def _v1(self, request: RequestLike, now: datetime) -> tuple[int, Json]:
        try:
            call = Call.of(request)
            if call.segments[:1] == ("auth",):
                return self._sessions.auth(call, request, now)
            return v1.answered(call, self._orders[self._sessions.bearer(request, now)], now)
        except RefusedError as refused:
            body = refused.problem.body(
                status_code="api_error" if self.switches.v1_status_code == "text" else None,
                as_list=self.switches.v1_validation == "list",
            )
            return refused.problem.status, body

    def _v2(self, request: RequestLike, now: datetime, headers: dict[str, str]) -> tuple[int, Json]:
        name = self._sessions.key(request)
        window = None if self._limits is None else self._limits.count(name, now)
        if window is not None:
            headers |= window.headers()
        try:
            if name is None:
                raise self._sessions.key_refused(request)
            if window is not None and not window.within:
                raise rate_limited(window.wait)
            return v2.answered(Call.of(request), self._orders[name], now)
        except RefusedError as refused:
            return refused.problem.status, refused.problem.body()

    def _correlation(self, request: RequestLike) -> str:
        """The caller's own UUID, or one of ours: every reply has one (A5)."""
        sent = header(request, CORRELATION)
        if sent is not None and UUID.fullmatch(sent):
            return sent
        digest = hashlib.sha256(f"correlation {self._count('correlation', 1)}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    # Looking inside. `tenant` is the tenant's name; without one, the first tenant.

    def balance(self, currency: str, *, tenant: str | None = None) -> Decimal:
        """What is in the wallet of this currency, in major units."""
        with self._settled():
            return major(self._world(tenant).balance(currency), currency)

    def balances(self, *, tenant: str | None = None) -> Mapping[str, Decimal]:
        """What is in every wallet, in major units."""
        with self._settled():
            return self._world(tenant).balances()

    def stock(self, product_id: int, *, tenant: str | None = None) -> int | None:
        """How many of a product there are; None: as many as are asked for."""
        with self._settled():
            return self._world(tenant).stock(product_id)

    def products(self, *, tenant: str | None = None) -> tuple[Product, ...]:
        """The catalog."""
        with self._lock:
            return self._world(tenant).products()

    def orders(self, *, tenant: str | None = None) -> tuple[str, ...]:
        """External codes of the orders placed, oldest first."""
        with self._lock:
            return tuple(order.code for order in self._orders[self._name(tenant)].all())

    def order(self, code: str, *, tenant: str | None = None) -> Order:
        """An order as it is now, by its external code; KeyError when there is none."""
        with self._settled():
            order = self._orders[self._name(tenant)].by_code(code)
            if order is None:
                raise KeyError(code)
            return order

    def states(self, code: str, *, tenant: str | None = None) -> tuple[Status, ...]:
        """The statuses an order went through: ("requested", "processing", "completed"); none for an unknown one."""
        with self._settled():
            order = self._orders[self._name(tenant)].by_code(code)
            return () if order is None else order.history

    def codes(self, code: str, *, tenant: str | None = None) -> tuple[str, ...]:
        """All gift codes an order delivered."""
        return tuple(gift for line in self.order(code, tenant=tenant).codes for gift in line)

    def rows(self, *, tenant: str | None = None) -> tuple[Row, ...]:
        """Every movement booked so far."""
        with self._settled():
            return tuple(self._world(tenant).ledger.rows)

    def tenants(self) -> dict[str, Json]:
        """What a client needs to call, in the shape of a tenants file, with what is owned now."""
        with self._settled():
            return {name: world.as_tenant() for name, world in self._worlds.items()}

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance; empty when all do."""
        with self._settled():
            return tuple(f"{name}: {sentence}" for name in self._worlds for sentence in self._wrong(name))

    def _wrong(self, name: str) -> Iterator[str]:
        yield from self._worlds[name].ledger.wrong_sums()
        yield from self._orders[name].unbalanced()

    # Arranging

    def top_up(self, amount: Decimal | int, currency: str, *, tenant: str | None = None) -> None:
        """Money comes into a wallet, in major units: (Decimal("10.50"), "GBP")."""
        if amount < 0:
            raise ValueError("a top-up is not negative")
        with self._lock:
            self._world(tenant).top_up(minor(Decimal(amount), currency), currency)

    def put_product(self, product: Product, *, stock: int | None = None, tenant: str | None = None) -> None:
        """A product joins the catalog, or replaces the one of its id (another price, inactive)."""
        with self._lock:
            world = self._world(tenant)
            if any(known.sku == product.sku and known.id != product.id for known in world.products()):
                raise ValueError("another product has this sku")
            world.put(product)
            world.set_stock(product.id, stock)

    def set_stock(self, product_id: int, units: int | None, *, tenant: str | None = None) -> None:
        """There are so many of a product from now on; None: as many as are asked for."""
        if units is not None and units < 0:
            raise ValueError("a stock is not negative")
        with self._settled():
            self._world(tenant).set_stock(product_id, units)

    def hold(self, status: OpenStatus | None = "processing", *, tenant: str | None = None) -> None:
        """Orders placed from now on stay at this status until `move` or `release`; None: as usual."""
        with self._lock:
            self._orders[self._name(tenant)].hold = status

    def move(
        self, code: str, status: Status, *, delivered: Sequence[int] | None = None, tenant: str | None = None
    ) -> None:
        """Say what becomes of an open order. `delivered`: units of each line of a partial delivery."""
        with self._settled():
            self._orders[self._name(tenant)].move(code, status, delivered)

    def release(self, code: str, *, tenant: str | None = None) -> None:
        """A held order goes on by itself."""
        with self._settled():
            self._orders[self._name(tenant)].release(code)

    def break_down(
        self,
        what: Literal["processing", "creation", "internal", "refused"] = "processing",
        *,
        times: int = 1,
        tenant: str | None = None,
    ) -> None:
        """The next orders are answered 502 (two texts), 500 or a 400 without a reason, and nothing happens."""
        with self._lock:
            problem: Problem = OUTAGES[what]
            self._orders[self._name(tenant)].outages += [problem] * times

    def end_tokens(self, *, access: bool = True, refresh: bool = False, tenant: str | None = None) -> None:
        """Tokens given so far are good no more, whatever the clock says."""
        with self._lock:
            if access:
                self._sessions.tokens.end(self._name(tenant), "access")
            if refresh:
                self._sessions.tokens.end(self._name(tenant), "refresh")

    def set_account(
        self,
        *,
        api_key: str | None = None,
        password: str | None = None,
        wallet_ordering: bool | None = None,
        api_ordering: bool | None = None,
        threshold: Decimal | None = None,
        lenient: bool | None = None,
        tenant: str | None = None,
    ) -> None:
        """Change what is not None of the account."""
        with self._lock:
            world = self._world(tenant)
            now = world.tenant
            world.tenant = attrs.evolve(
                now,
                api_key=now.api_key if api_key is None else api_key,
                password=now.password if password is None else password,
                wallet_ordering=now.wallet_ordering if wallet_ordering is None else wallet_ordering,
                api_ordering=now.api_ordering if api_ordering is None else api_ordering,
                threshold=now.threshold if threshold is None else threshold,
                lenient=now.lenient if lenient is None else lenient,
            )

    @contextmanager
    def _settled(self) -> Generator[None]:
        """Under the lock, with every order ended whose time has come."""
        with self._lock:
            self._settle(self._clock())
            yield

    def _settle(self, now: datetime) -> None:
        for orders in self._orders.values():
            orders.settle(now)

    def _name(self, tenant: str | None) -> str:
        return next(iter(self._worlds)) if tenant is None else tenant

    def _world(self, tenant: str | None) -> World:
        return self._worlds[self._name(tenant)]

    def _count(self, what: str, first: int) -> int:
        self._counters[what] = self._counters.get(what, first - 1) + 1
        return self._counters[what]

    def _new_order_id(self) -> str:
        number = self._count("order", FIRST_ORDER)
        if self.switches.order_id == "number":
            return str(number)
        return str(uuid.UUID(bytes=hashlib.sha256(f"order {number}".encode()).digest()[:16], version=4))
