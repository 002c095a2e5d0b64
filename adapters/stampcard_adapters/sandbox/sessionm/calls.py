"""Paths and methods of one app (sheet, section 2), each with the few lines that answer it.

May live here: routing behind the app's key, and the top level of replies. May not: credentials, rules of orders.
"""

from __future__ import annotations

import hashlib
import uuid

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .errors import not_found
from .fields import Fields, Query, number_of
from .orders import Orders
from .users import User
from .world import World

__all__ = ["App", "Call"]


@attrs.frozen(kw_only=True)
class Call:
    """What is left of a request once its sender is known. segments: the path behind the app's key, unescaped."""

    method: str
    segments: tuple[str, ...]
    query: Query
    body: Fields


class App:
    """One tenant behind its key."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.orders = Orders(world)

    def answer(self, call: Call) -> dict[str, Json]:
        """The body of a 200; everything else is raised."""
        match (call.method, *call.segments):
            case ("GET", "offers"):
                return _ok({"offers": self.world.all_offers()})
            case ("POST", "users"):
                user = self.world.users.create(call.body, new_id=self.new_user_id, now=self.world.now())
                return _ok({"user": self.world.profile(user)})
            case ("POST" | "PUT", "orders", order_id):
                order = self.orders.decide(self.orders.get(number_of(order_id)), call.body)
                return _ok({"order": self.orders.shown(order, updated=True)})
            case ("POST" | "PUT", "external", "orders", external_id):
                order = self.orders.decide(self.orders.named(external_id), call.body)
                return _ok({"order": self.orders.shown(order, updated=True)})
            case (_, "external", "users", external_id, *rest):
                return self._of_user(call, external_id, tuple(rest), external=True)
            case (_, "users", user_id, *rest):
                return self._of_user(call, user_id, tuple(rest), external=False)
            case _:
                raise not_found("What was asked for")

    def _of_user(self, call: Call, identifier: str, rest: tuple[str, ...], *, external: bool) -> dict[str, Json]:
        """Calls about one customer, by SessionM's id or the client's. The path is known before the customer."""
        world, query, body = self.world, call.query, call.body

        def user() -> User:
            return world.users.need(identifier, external=external)

        match (call.method, *rest):
            case ("GET",):
                return _ok({"user": world.profile(user())})
            case ("PUT",):
                return _ok({"user": world.profile(world.users.update(user(), body))})
            case ("GET", "orders"):
                return self._listed({"orders": self.orders.page(user(), query)})
            case ("GET", "orders", order_id):
                order = self.orders.of(user(), number_of(order_id))
                return self._listed({"order": self.orders.shown(order)})
            case ("GET", "offers"):
                return _ok({"offers": world.offers_for(user())})
            case ("POST", "offers", offer_id, "orders"):
                order = self.orders.place(user(), number_of(offer_id), body)
                return _ok({"order": self.orders.shown(order, created=True)})
            case ("GET", "challenges", "skills_test_question"):
                return _ok({"challenge": world.tests.ask(user().id).shown()})
            case ("POST", "offers", offer_id, "challenges", "skills_test_questions", question_id):
                offer = number_of(offer_id)
                if offer not in world.offers:
                    raise not_found("The offer")
                challenge = world.tests.answer(user().id, offer, number_of(question_id), body)
                return _ok({"challenge": challenge.shown()})
            case ("POST", "points") if not external:  # the sheet has no external twin of this one
                world.comp(found := user(), body)
                return _ok({"user": {"id": found.id, **world.balances(found.id)}})
            case ("GET", "points", "transactions"):
                return _ok(world.transactions(user(), query))
            case _:
                raise not_found("What was asked for")

    def _listed(self, found: dict[str, Json]) -> dict[str, Json]:
        return _ok(found) if self.world.switches.list_says_ok else found

    def new_user_id(self) -> str:
        """A UUID nobody has: made from a counter, so the same calls give the same ids."""
        while True:
            digest = hashlib.sha256(f"{self.world.tenant.name} user {self.world.new_id('user')}".encode()).digest()
            user_id = str(uuid.UUID(bytes=digest[:16], version=4))
            if self.world.users.get(user_id) is None:
                return user_id


def _ok(found: dict[str, Json]) -> dict[str, Json]:
    return {"status": "ok", **found}
