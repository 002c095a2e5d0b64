"""What one tenant's members own right now: offers and quantities, worked out from the ledgers.

May live here: reading and arranging ownership. May not: orders, and what an order does to any of this.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from stampcard_adapters.sandbox.jsontext import Json

from .ledgers import POINTS, SWP, Cause, Ledger, Posting, reward_account
from .members import Members
from .pricing import CENT, Offer
from .tenants import Tenant

__all__ = ["World"]


class World:
    """One tenant's members, offers and ledger. `tenant` may be replaced (other keys, another programme)."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.members = Members()
        self.ledger = Ledger()
        self._offers: dict[str, dict[str, Offer]] = {}
        self._listed: set[tuple[str, str]] = set()
        for opening in tenant.openings:
            self.members.put(opening.member)
            cause = Cause(status="opening")
            self.ledger.post(opening.member.id, [Posting(account=POINTS, amount=opening.points)], cause)
            self.give_dollars(opening.member.id, opening.swp, cause)
            for offer, quantity in opening.rewards:
                self.give(opening.member.id, offer, quantity, cause)

    def give(self, member: str, offer: Offer, quantity: int, cause: Cause) -> None:
        """The member has so many more of this offer."""
        self._offers.setdefault(member, {})[offer.id] = offer
        self.ledger.post(member, [Posting(account=reward_account(offer.id), amount=Decimal(quantity))], cause)

    def give_dollars(self, member: str, dollars: Decimal, cause: Cause) -> None:
        """The member has so many more dollars to shop with."""
        self.ledger.post(member, [self._dollars(dollars)], cause)

    def points(self, member: str) -> Decimal:
        """Points, visits or stamps."""
        return self.ledger.balance(member, POINTS)

    def dollars(self, member: str) -> Decimal:
        """What the member can shop with: an own ledger, or the points themselves where that is the programme."""
        rate = self.tenant.program.value_per_point
        if rate is None:
            return self.ledger.balance(member, SWP)
        return max(Decimal(0), (self.points(member) * rate).quantize(CENT, ROUND_DOWN))

    def offers(self, member: str) -> tuple[Offer, ...]:
        """All offers the member may ever have had, banking tiers and Shop With Points among them."""
        own = list(self._offers.get(member, {}).values())
        own += [
            Offer(id=tier.id, label=tier.label, value=tier.value, points=tier.points)
            for tier in self.tenant.program.tiers
        ]
        dollars = self.dollars(member)
        if dollars or self.ledger.balance(member, SWP) or self.tenant.program.value_per_point is not None:
            own.append(Offer(id=_wallet_id(member), label="Shop With Points", value=dollars, shop_with_points=True))
        return tuple(own)

    def offer(self, member: str, offer_id: str) -> Offer | None:
        """One of the member's offers."""
        return next((offer for offer in self.offers(member) if offer.id == offer_id), None)

    def quantity(self, member: str, offer: Offer) -> int:
        """How many of it the member can use."""
        if offer.shop_with_points:
            return 1 if self.dollars(member) > 0 else 0
        if offer.points is not None:
            return max(0, int(self.points(member) // offer.points))
        return int(self.ledger.balance(member, reward_account(offer.id)))

    def owned_elsewhere(self, member: str, offer_id: str) -> bool:
        """Whether the offer is another member's."""
        return any(other.id != member and self.offer(other.id, offer_id) is not None for other in self.members.all())

    def cost(self, offer: Offer, discount: Decimal) -> tuple[Posting, ...]:
        """What redeeming an offer takes from its member."""
        if offer.shop_with_points:
            return (self._dollars(-discount),)
        if offer.points is not None:
            return (Posting(account=POINTS, amount=-offer.points),)
        return (Posting(account=reward_account(offer.id), amount=Decimal(-1)),)

    def listing(self, member: str, store: str) -> list[Json]:
        """GET rewards, section 4. An offer that vanishes is shown this once."""
        shown: list[Json] = []
        for offer in self.offers(member):
            quantity = self.quantity(member, offer)
            if quantity < 1 or (offer.stores and store not in offer.stores) or (member, offer.id) in self._listed:
                continue
            if offer.vanishes:
                self._listed.add((member, offer.id))
            shown.append({"id": offer.id, **_described(offer), "quantity": quantity})
        return shown

    def balance(self, member: str) -> dict[str, Json]:
        """GET balance, section 4: its rewards have no id, and unaffordable banking tiers are there with quantity 0."""
        program = self.tenant.program
        rewards: list[Json] = []
        for offer in self.offers(member):
            quantity = self.quantity(member, offer)
            if offer.points is None and (quantity < 1 or (member, offer.id) in self._listed):
                continue
            entry = _described(offer)
            if offer.expires_on is not None:
                entry["next_expires_on"] = offer.expires_on
            if offer.points is not None:
                entry["points"] = offer.points
            if offer.shop_with_points:
                entry["value_per_point"] = program.value_per_point or CENT
            rewards.append({**entry, "quantity": quantity})
        found: dict[str, Json] = {
            "quantity": self.points(member),
            "units": program.units,
            "label": program.label,
            "rewards": rewards,
        }
        if program.spend_threshold is not None:
            found["spend_threshold"] = program.spend_threshold
        return found

    def as_tenant(self) -> dict[str, Json]:
        """This world in the shape of a tenants file: serving it again gives the same world."""
        tenant = self.tenant
        key, *others = tenant.keys
        found: dict[str, Json] = {
            "provider": "spendgo",
            "api_key": key.api_key,
            "secret": key.secret,
            "account_id": tenant.account_id,
            "store": tenant.stores[0],
            "stores": list(tenant.stores),
            "program": tenant.program.kind,
            "units": tenant.program.units,
            "lenient": tenant.lenient,
            "members": [self._as_member(member.id) for member in self.members.all()],
        }
        if others:
            found |= {"other_api_key": others[0].api_key, "other_secret": others[0].secret}
        return found

    def _as_member(self, member_id: str) -> Json:
        member = self.members.get(member_id)
        assert member is not None  # noqa: S101  (it was just listed)
        owned: list[Json] = [
            _as_reward(offer, self.quantity(member_id, offer)) for offer in self._offers.get(member_id, {}).values()
        ]
        dollars = self.ledger.balance(member_id, SWP)
        swp: Json = {"id": _wallet_id(member_id), "balance": dollars} if dollars else None
        described: dict[str, Json] = {
            "id": member.id,
            "phone": member.phone,
            "email": member.email,
            "status": member.status,
            "points": self.points(member_id),
            "rewards": owned,
            "swp": swp,
        }
        return described

    def _dollars(self, amount: Decimal) -> Posting:
        rate = self.tenant.program.value_per_point
        return Posting(account=SWP, amount=amount) if rate is None else Posting(account=POINTS, amount=amount / rate)


def _wallet_id(member: str) -> str:
    return f"P_{member}"


def _described(offer: Offer) -> dict[str, Json]:
    entry: dict[str, Json] = {"offer": offer.kind, "label": offer.label}
    if offer.projected is not None:
        entry |= {"currency": "USD", "value": offer.projected}
    if offer.code is not None:
        entry["reference"] = {"type": "promo", "code": offer.code}
    return entry


def _as_reward(offer: Offer, quantity: int) -> Json:
    fields: dict[str, Json] = {
        "id": offer.id,
        "offer": offer.kind,
        "label": offer.label,
        "value": offer.value,
        "min_spend": offer.min_spend,
        "min_items": offer.min_items,
        "product": offer.product,
        "stores": list(offer.stores) or None,
        "code": offer.code,
        "vanishes": offer.vanishes or None,
        "quantity": quantity,
    }
    return {name: value for name, value in fields.items() if value is not None}
