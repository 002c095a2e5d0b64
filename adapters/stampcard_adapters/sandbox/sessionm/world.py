"""What one tenant's customers and offers are right now: balances and stock, worked out from the ledger.

May live here: who may have what, showing it, and arranging it. May not: orders, and what an order does to any of this.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .challenges import SkillsTests
from .errors import refused
from .fields import Fields, Query, stamp, whole
from .ledgers import Cause, Ledger, Row, points_of, stock_of
from .offers import Eligibility, Offer
from .switches import Switches
from .tenants import Tenant
from .users import User, Users

__all__ = ["World"]

MOST_POINTS = 10**15
"""Balances stay far within what any client's integer holds."""


class World:
    """One tenant's customers, offers, skills tests and ledger. `tenant` may be replaced (another secret, leniency)."""

    def __init__(
        self, tenant: Tenant, switches: Switches, *, new_id: Callable[[str], int], clock: Callable[[], datetime]
    ) -> None:
        self.tenant = tenant
        self.switches = switches
        self.new_id = new_id
        self._clock = clock
        self.users = Users()
        self.ledger = Ledger()
        self.offers: dict[int, Offer] = {}
        self.tests = SkillsTests(new_id, answer_key=switches.answer_key, once=switches.challenge_once)
        self.fraud_ips: set[str] = set(tenant.fraud_ips)
        self.unqualified: set[tuple[str, int]] = set()
        for opening in tenant.openings:
            self.users.put(opening.user)
            self.move_points(opening.user.id, opening.points, Cause(what="opening"), "Opening balance")
            self.unqualified.update((opening.user.id, offer) for offer in opening.not_qualified)
        for offer in tenant.offers:
            self.put_offer(offer, "opening")

    def now(self) -> datetime:
        """The second it is."""
        return whole(self._clock())

    # Points and stock

    def points(self, user_id: str) -> int:
        """What a customer can spend."""
        return self.ledger.balance(points_of(user_id))

    def stock(self, offer: Offer) -> int | None:
        """How many are left; None: no limit."""
        # an order keeps the offer it was placed for; whether there is a limit is said by the offer of today
        return self.ledger.balance(stock_of(offer.id)) if self.offers[offer.id].limited else None

    def has_stock(self, offer: Offer, quantity: int) -> bool:
        """Whether so many can be taken."""
        left = self.stock(offer)
        return left is None or left >= quantity

    def move_points(self, user_id: str, amount: int, cause: Cause, description: str) -> None:
        """Book points of a customer."""
        self.ledger.post(points_of(user_id), amount, cause, date=self.now(), description=description)

    def move_stock(self, offer: Offer, amount: int, cause: Cause) -> None:
        """Book inventory; offers without a limit are counted too, so that an order always leaves its rows."""
        limited = self.offers[offer.id].limited
        self.ledger.post(
            stock_of(offer.id), amount, cause, date=self.now(), description=offer.name, may_owe=not limited
        )

    def put_offer(self, offer: Offer, why: str) -> None:
        """Add an offer, or replace the one with this id; its stock becomes what it says."""
        self.offers[offer.id] = offer
        if offer.stock is not None:
            missing = offer.stock - self.ledger.balance(stock_of(offer.id))
            self.move_stock(offer, missing, Cause(what=why))

    def comp(self, user: User, body: Fields) -> None:
        """POST points (sheet, section 2, row 8): above nothing adds, below removes."""
        amount = body.integer("points", least=-(10**9))
        if not amount:
            raise refused("missing_data", "points is required, and is not 0.")
        if self.points(user.id) + amount < 0:
            raise refused("validation", "points would fall below nothing.")
        if self.points(user.id) + amount > MOST_POINTS:
            raise refused("validation", "points would be out of range.")
        self.move_points(user.id, amount, Cause(what="comp"), body.text("description") or "Comp points")

    # Showing

    def eligibility(self, user: User, offer: Offer) -> Eligibility:
        """Why this customer can or cannot have it (the SDK's words; stock apart)."""
        if not user.registered:
            return "registration_required"
        if (user.id, offer.id) in self.unqualified:
            return "not_qualified"
        return "available" if self.points(user.id) >= offer.points else "insufficient_points"

    def all_offers(self) -> list[Json]:
        """GET offers: whatever runs now, sold out or not."""
        return [offer.shown() for offer in self.offers.values() if offer.runs(self.now())]

    def offers_for(self, user: User) -> list[Json]:
        """GET a customer's offers: what runs and is in stock, each with its eligibility."""
        return [
            {**offer.shown(), "status": self.eligibility(user, offer)}
            for offer in self.offers.values()
            if offer.runs(self.now()) and self.has_stock(offer, 1)
        ]

    def balances(self, user_id: str) -> dict[str, Json]:
        """available_points as integer, string or not at all (trap 5); test points do not exist here."""
        how = self.switches.available_points
        if how == "absent":
            return {}
        points = self.points(user_id)
        return {"available_points": str(points) if how == "string" else points, "test_points": 0}

    def profile(self, user: User) -> dict[str, Json]:
        """A customer as the profile calls show one."""
        return {**user.shown(), **self.balances(user.id)}

    def transactions(self, user: User, query: Query) -> dict[str, Json]:
        """GET points/transactions: newest first; `cursor` is there when more follows."""
        start, end = query.moment("start_date"), query.moment("end_date", whole_day=True)
        before, limit = query.cursor(), query.limit()
        rows = [
            row
            for row in reversed(self.ledger.rows_of(points_of(user.id)))
            if (start is None or row.date >= start)
            and (end is None or row.date <= end)
            and (before is None or row.number < before)
        ]
        found: dict[str, Json] = {"transactions": [_transaction(row) for row in rows[:limit]]}
        if len(rows) > limit:
            found["cursor"] = f"t{rows[limit - 1].number}"
        return found

    def as_tenant(self) -> dict[str, Json]:
        """This world in the shape of a tenants file: serving it again gives the same one, without its orders."""
        tenant = self.tenant
        return {
            "provider": "sessionm",
            "api_key": tenant.api_key,
            "secret": tenant.secret,
            "lenient": tenant.lenient,
            "fraud_ips": [*sorted(self.fraud_ips)],
            "users": [self._as_user(user) for user in self.users.all()],
            "offers": [_as_offer(attrs.evolve(offer, stock=self.stock(offer))) for offer in self.offers.values()],
        }

    def _as_user(self, user: User) -> Json:
        profile: dict[str, Json] = {**user.profile}
        fields: dict[str, Json] = {
            "id": user.id,
            "external_id": user.external_id,
            "email": user.email,
            "points": self.points(user.id),
            "registered": user.registered,
            "created_at": None if user.created_at is None else stamp(user.created_at),
            "profile": profile or None,
            "not_qualified": [offer for holder, offer in sorted(self.unqualified) if holder == user.id] or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


def _transaction(row: Row) -> Json:
    """The SDK's row; record_id points to the order."""
    shown: dict[str, Json] = {
        "balance": row.balance,
        "date": stamp(row.date),
        "description": row.description,
        "points": row.amount,
    }
    return shown if row.cause.order is None else {**shown, "record_id": row.cause.order}


def _as_offer(offer: Offer) -> Json:
    fields: dict[str, Json] = {
        "id": offer.id,
        "name": offer.name,
        "points": offer.points,
        "type": offer.type,
        "description": offer.description or None,
        "logo": offer.logo or None,
        "stock": offer.stock,
        "requires_skills_test": offer.requires_skills_test,
        "auto_approve": offer.auto_approve,
        "start_time": None if offer.start_time is None else stamp(offer.start_time),
        "end_time": None if offer.end_time is None else stamp(offer.end_time),
    }
    return {name: value for name, value in fields.items() if value is not None}
