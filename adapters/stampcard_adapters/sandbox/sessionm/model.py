"""The model: finds whose call it is, answers it; and lets a test look inside and arrange things.

May live here: credentials, the lock, the arranging and inspecting API. May not: rules of orders, customers or offers.
"""

from __future__ import annotations

import base64
import hmac
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final, TypeVar
from urllib.parse import unquote

import attrs

from stampcard_adapters.sandbox.http import MAX_BODY, RequestLike, Response, header
from stampcard_adapters.sandbox.jsontext import Json, NotJsonError, parse, write

from .calls import App, Call
from .challenges import Challenge
from .errors import RefusedError, access_denied, invalid_api_key, not_found, refused
from .fields import Fields, Query
from .ledgers import Cause, Row
from .offers import Offer
from .orders import APPROVED, REJECTED, Order
from .switches import Switches
from .tenants import Tenant, default_tenants
from .users import User
from .world import World

__all__ = ["SessionMModel"]

T = TypeVar("T")

PREFIX: Final = "/priv/v1/apps"
MAX_TARGET: Final = 8192
FIRST: Final = {"order": 111112, "question": 501, "challenge": 900001, "offer": 1001, "user": 1}


def _now() -> datetime:
    return datetime.now(UTC)


class SessionMModel:
    """SessionM's Orders API without a network: pure but for its clock, deterministic, safe to call from many threads.

    tenants: who is served; without them the default one, named "sessionm".
    switches: choices the sheet leaves open. lenient: all tenants lenient, whatever they say themselves.
    clock: dates of orders and movements, offers that begin and end, the Date header.

    In the methods below a customer is named by either id, an order by its id or, as text, by its external id, and
    `tenant` is a tenant's name; without one, the first tenant.
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
        self._counters = dict(FIRST)
        self._apps: dict[str, App] = {}
        for tenant in default_tenants() if tenants is None else tenants:
            chosen = attrs.evolve(tenant, lenient=tenant.lenient or lenient)
            self._apps[tenant.name] = App(World(chosen, self.switches, new_id=self._new_id, clock=clock))

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The paths that are SessionM's."""
        return (PREFIX,)

    # Calls

    def handle(self, request: RequestLike, /) -> Response:
        """Answer one call. Total: any bytes at all get a documented answer."""
        with self._lock:
            status = 200
            try:
                text = write(self._answered(request))
            except RefusedError as no:
                status = no.problem.http_status or self.switches.refusal_status
                text = write(no.problem.body(upper=self.switches.code_case == "upper"))
            headers = {
                "Content-Type": "application/json",
                "Date": format_datetime(self._clock().astimezone(UTC), usegmt=True),
            }
            return Response(status=status, headers=headers, body=text.encode("ascii"))

    def _answered(self, request: RequestLike) -> dict[str, Json]:
        path, _, query = request.target.partition("?")
        if not path.startswith(f"{PREFIX}/"):
            raise not_found("What was asked for")
        path_key, *segments = (unquote(segment) for segment in path[len(PREFIX) + 1 :].split("/"))
        app = self._app_of(request, path_key)
        if len(request.target) > MAX_TARGET or len(request.body) > MAX_BODY:
            raise refused("argument_error", "The request is too large.")
        method = request.method.upper()
        body = _body(request, loose=app.world.tenant.lenient) if method in ("POST", "PUT") else Fields({})
        return app.answer(
            Call(method=method, segments=tuple(segments), query=Query(query, self.switches), body=body),
        )

    def _app_of(self, request: RequestLike, path_key: str) -> App:
        """HTTP Basic, and the same key in the path (sheet, section 1)."""
        api_key, secret = _basic(header(request, "Authorization"))
        app = next((app for app in self._apps.values() if app.world.tenant.api_key == api_key), None)
        if app is None:
            raise invalid_api_key()
        if not hmac.compare_digest(_bytes(secret), _bytes(app.world.tenant.secret)):
            raise access_denied()
        if path_key != api_key and self.switches.path_key == "must_match":
            raise invalid_api_key()
        return app

    # Looking inside

    def points(self, user: str, *, tenant: str | None = None) -> int:
        """What a customer can spend."""
        with self._lock:
            world = self._world(tenant)
            return world.points(self._user(world, user).id)

    def stock(self, offer_id: int, *, tenant: str | None = None) -> int | None:
        """How many of an offer are left; None: no limit."""
        with self._lock:
            world = self._world(tenant)
            return world.stock(world.offers[offer_id])

    def offer(self, offer_id: int, *, tenant: str | None = None) -> Offer:
        """An offer, with the stock it has now. Raises KeyError when there is none."""
        with self._lock:
            world = self._world(tenant)
            offer = world.offers[offer_id]
            return attrs.evolve(offer, stock=world.stock(offer))

    def order(self, order: int | str, *, tenant: str | None = None) -> Order:
        """An order. Raises KeyError when there is none."""
        with self._lock:
            orders = self._app(tenant).orders
            try:
                return orders.get(order) if isinstance(order, int) else orders.named(order)
            except RefusedError:
                raise KeyError(order) from None

    def states(self, order: int | str, *, tenant: str | None = None) -> tuple[str, ...]:
        """All an order has been, in order: ("pending_approval", "approved"); empty for one never seen."""
        try:
            return self.order(order, tenant=tenant).states
        except KeyError:
            return ()

    def orders(self, user: str | None = None, *, tenant: str | None = None) -> tuple[int, ...]:
        """Ids of all orders, or of one customer's, oldest first."""
        with self._lock:
            app = self._app(tenant)
            owner = None if user is None else self._user(app.world, user).id
            return tuple(order.id for order in app.orders.all() if owner in (None, order.user))

    def users(self, *, tenant: str | None = None) -> tuple[User, ...]:
        """All customers, in the order they joined."""
        with self._lock:
            return self._world(tenant).users.all()

    def challenges(self, *, tenant: str | None = None) -> tuple[Challenge, ...]:
        """All answers given to skills tests."""
        with self._lock:
            return tuple(self._world(tenant).tests.challenges.values())

    def right_answer(self, question_id: int, *, tenant: str | None = None) -> str:
        """What answers a question that was put. Raises KeyError when it was not."""
        with self._lock:
            question = self._world(tenant).tests.question(question_id)
            if question is None:
                raise KeyError(question_id)
            return question.answer

    def rows(self, *, tenant: str | None = None) -> tuple[Row, ...]:
        """Every movement booked so far."""
        with self._lock:
            return tuple(self._world(tenant).ledger.rows)

    def tenants(self) -> dict[str, Json]:
        """What a client needs to call, in the shape of a tenants file, with what there is now."""
        with self._lock:
            return {name: app.world.as_tenant() for name, app in self._apps.items()}

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance; empty when all do."""
        with self._lock:
            return tuple(f"{name}: {sentence}" for name, app in self._apps.items() for sentence in _wrong(app))

    # Arranging

    def give(self, user: str, points: int, *, why: str = "Given", tenant: str | None = None) -> None:
        """Give a customer points, or take some; never below nothing."""
        with self._lock:
            world = self._world(tenant)
            holder = self._user(world, user).id
            if world.points(holder) + points < 0:
                raise ValueError("a customer cannot have less than no points")
            world.move_points(holder, points, Cause(what="arranged"), why)

    def set_stock(self, offer_id: int, stock: int | None, *, tenant: str | None = None) -> None:
        """So many are left from now on; None: no limit."""
        with self._lock:
            self.put_offer(attrs.evolve(self.offer(offer_id, tenant=tenant), stock=stock), tenant=tenant)

    def approve(self, order: int | str, *, tenant: str | None = None) -> Order:
        """Customer care approves a pending order."""
        return self._decided(order, APPROVED, tenant)

    def reject(self, order: int | str, *, tenant: str | None = None) -> Order:
        """Customer care rejects a pending order."""
        return self._decided(order, REJECTED, tenant)

    def set_status(self, order: int | str, status: str, *, tenant: str | None = None) -> Order:
        """Any status, known or not ("redemption_error", "expired"). Only `rejected` gives anything back, once."""
        with self._lock:
            found = self.order(order, tenant=tenant)
            if found.status == REJECTED:
                raise ValueError("a rejected order stays rejected: it has given back what it took")
            return _arranged(lambda: self._app(tenant).orders.move(found, status))

    def add_user(
        self,
        external_id: str | None = None,
        *,
        email: str | None = None,
        points: int = 0,
        registered: bool = True,
        tenant: str | None = None,
    ) -> User:
        """Add a customer and get them, with their id."""
        with self._lock:
            app = self._app(tenant)
            user = User(id=app.new_user_id(), external_id=external_id, email=email, registered=registered)
            user = attrs.evolve(user, created_at=app.world.now())
            _arranged(lambda: app.world.users.put(user))
            app.world.move_points(user.id, points, Cause(what="opening"), "Opening balance")
            return user

    def set_registered(self, user: str, registered: bool, *, tenant: str | None = None) -> None:
        """Whether a customer is registered, which every order needs."""
        with self._lock:
            world = self._world(tenant)
            world.users.put(attrs.evolve(self._user(world, user), registered=registered))

    def set_qualified(self, user: str, offer_id: int, qualified: bool, *, tenant: str | None = None) -> None:
        """Whether a customer qualifies for an offer; all do until told otherwise."""
        with self._lock:
            world = self._world(tenant)
            spot = (self._user(world, user).id, offer_id)
            (world.unqualified.discard if qualified else world.unqualified.add)(spot)

    def add_offer(
        self,
        name: str,
        points: int,
        *,
        stock: int | None = None,
        requires_skills_test: bool = False,
        auto_approve: bool = False,
        tenant: str | None = None,
    ) -> Offer:
        """Add an offer and get it, with its id."""
        with self._lock:
            world = self._world(tenant)
            while (offer_id := self._new_id("offer")) in world.offers:
                pass
            offer = Offer(
                id=offer_id,
                name=name,
                points=points,
                stock=stock,
                requires_skills_test=requires_skills_test,
                auto_approve=auto_approve,
            )
            world.put_offer(offer, "arranged")
            return offer

    def put_offer(self, offer: Offer, *, tenant: str | None = None) -> None:
        """Replace an offer: `put_offer(attrs.evolve(model.offer(1), points=200))`. Its stock becomes what it says."""
        with self._lock:
            self._world(tenant).put_offer(offer, "arranged")

    def set_fraud_ips(self, *ips: str, tenant: str | None = None) -> None:
        """The addresses from which no order is taken."""
        with self._lock:
            self._world(tenant).fraud_ips = set(ips)

    def set_secret(self, secret: str, *, tenant: str | None = None) -> None:
        """Replace the secret: calls with the old one are refused from now on."""
        with self._lock:
            world = self._world(tenant)
            world.tenant = attrs.evolve(world.tenant, secret=secret)

    def set_lenient(self, lenient: bool, *, tenant: str | None = None) -> None:
        """Tolerate what public clients leave out, or stop tolerating it."""
        with self._lock:
            world = self._world(tenant)
            world.tenant = attrs.evolve(world.tenant, lenient=lenient)

    def _decided(self, order: int | str, status: str, tenant: str | None) -> Order:
        with self._lock:
            found = self.order(order, tenant=tenant)
            body = Fields({"order": {"status": status}})
            return _arranged(lambda: self._app(tenant).orders.decide(found, body))

    def _app(self, tenant: str | None) -> App:
        return self._apps[next(iter(self._apps)) if tenant is None else tenant]

    def _world(self, tenant: str | None) -> World:
        return self._app(tenant).world

    @staticmethod
    def _user(world: World, name: str) -> User:
        user = world.users.get(name) or world.users.by_external_id(name)
        if user is None:
            raise KeyError(name)
        return user

    def _new_id(self, what: str) -> int:
        number = self._counters[what]
        self._counters[what] = number + 1
        return number


def _arranged(arrangement: Callable[[], T]) -> T:
    """A refusal is an answer to a client; a test that arranges the impossible gets an error of its own."""
    try:
        return arrangement()
    except RefusedError as no:
        raise ValueError(str(no)) from None


def _wrong(app: App) -> Iterator[str]:
    world = app.world
    yield from world.ledger.wrong_sums()
    for row in world.ledger.rows:
        if row.account.kind == "points" and world.users.get(row.account.holder) is None:
            yield f"row {row.number}: {row.account} are nobody's"
    yield from app.orders.unbalanced()


def _basic(value: str | None) -> tuple[str, str]:
    """Key and secret of an Authorization header; a secret may hold colons, a key may not."""
    scheme, _, coded = (value or "").strip().partition(" ")
    if scheme.lower() != "basic":
        raise access_denied()
    try:
        text = base64.b64decode(coded.strip(), validate=True).decode("utf-8")
    except ValueError:  # bad base64, or no UTF-8 in it
        raise access_denied() from None
    api_key, colon, secret = text.partition(":")
    if not colon:
        raise access_denied()
    return api_key, secret


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _body(request: RequestLike, *, loose: bool) -> Fields:
    if not request.body.strip():
        return Fields({}, "", loose)
    try:
        return Fields.of(parse(request.body), loose=loose)
    except NotJsonError as error:
        raise refused("argument_error", f"{error}.") from None
