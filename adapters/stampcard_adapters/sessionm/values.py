"""SessionM's own values: customers, offers, questions, orders as they look once read.

May live here: frozen values, and what an order is told to redeem. May not: reading, writing, settings. Sections are
those of the provider's fact sheet.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Self, TypeAlias

import attrs

from stampcard.commands import Redeem
from stampcard.lifecycles import RedemptionState
from stampcard.model import Facts, Order

__all__ = [
    "NAME",
    "STATUS",
    "Challenge",
    "ExternalUserId",
    "Listed",
    "Offer",
    "OrderPage",
    "Profile",
    "Question",
    "SessionMFacts",
    "SessionMOrder",
    "SessionMRedeem",
    "Transaction",
    "TransactionPage",
    "User",
    "UserId",
]

NAME: Final = "sessionm"

STATUS: Final = {
    "pending_approval": RedemptionState.PENDING_APPROVAL,
    "approved": RedemptionState.APPROVED,
    "rejected": RedemptionState.REJECTED,
}
"""The provider's word for where an order stands (section 3). Any other is kept and told, never taken for one of these
(trap 15)."""


@attrs.frozen
class UserId:
    """SessionM's own id of a customer: a UUID (trap 14)."""

    value: str = attrs.field(repr=lambda _: "***")


@attrs.frozen
class ExternalUserId:
    """Your id of a customer. It may hold anything: it is escaped for you (trap 12)."""

    value: str = attrs.field(repr=lambda _: "***")


User: TypeAlias = UserId | ExternalUserId


@attrs.frozen(kw_only=True)
class Offer:
    """What points can be redeemed for. points: of one; None when the provider does not say.

    status: what this customer may do with it ("available", "insufficient_points", "not_qualified"...), in the
    provider's words; empty when it does not say.
    """

    id: int
    name: str
    points: int | None = None
    status: str = ""
    requires_skills_test: bool = False
    kind: str = ""


@attrs.frozen(kw_only=True)
class Question:
    """A skills test's question, to show to the customer."""

    id: int
    text: str


@attrs.frozen(kw_only=True)
class Challenge:
    """A question answered right: good for one order of one offer."""

    id: int
    offer_id: int


@attrs.frozen(kw_only=True)
class Profile:
    """A customer. available_points: None where the tenant's settings do not show them (section 3)."""

    id: str = attrs.field(repr=False)
    available_points: int | None = None
    external_id: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Listed:
    """An order as the provider lists it. status: its word. external_id: of the ORDER (trap 11): ours, where it was
    sent. points: the total."""

    id: int
    status: str
    offer_id: int | None = None
    quantity: int | None = None
    points: int | None = None
    created_at: datetime | None = None
    external_id: str | None = None


@attrs.frozen(kw_only=True)
class OrderPage:
    """A page of a customer's orders. last: it is shorter than what was asked for, so none follows (section 4)."""

    orders: tuple[Listed, ...]
    page: int
    last: bool


@attrs.frozen(kw_only=True)
class Transaction:
    """A line of a customer's ledger. points: below nothing where they left. balance: after it."""

    points: int
    balance: int | None = None
    date: datetime | None = None
    description: str = ""
    record_id: str | None = None


@attrs.frozen(kw_only=True)
class TransactionPage:
    """A page of a customer's ledger. cursor: for the next one; None on the last."""

    rows: tuple[Transaction, ...]
    cursor: str | None = None


@attrs.frozen(kw_only=True)
class SessionMRedeem(Redeem):
    """What an order is told to redeem.

    user, external: whose points, and whether that is your id. had, newest_at: the orders the customer had before the
    first send, and when the newest was made, by the provider's clock: what recovery compares with. taken_by: an order
    there that carries this order's id already.
    """

    personal: ClassVar[tuple[str, ...]] = ("ship_to", "user", "email", "ip")
    incidental: ClassVar[tuple[str, ...]] = ("had", "newest_at", "taken_by")
    user: str = attrs.field(repr=False)
    external: bool = False
    email: str | None = attrs.field(default=None, repr=False)
    ip: str | None = attrs.field(default=None, repr=False)
    had: tuple[int, ...] = ()
    newest_at: datetime | None = None
    taken_by: int | None = None

    def subject(self) -> str | None:
        return self.user

    @property
    def customer(self) -> User:
        """Whose points."""
        return ExternalUserId(self.user) if self.external else UserId(self.user)


@attrs.frozen(kw_only=True)
class SessionMFacts(Facts):
    """What is known of a redemption.

    order_id: the provider's. points: the TOTAL cost, not the unit cost (trap 10). available_points: what was left when
    it was placed, where the provider shows it. created_at: aware, UTC. provider_status: its own word, known or not.
    """

    personal: ClassVar[tuple[str, ...]] = ("user",)
    user: str | None = attrs.field(default=None, repr=False)
    external: bool = False
    order_id: int | None = None
    offer_id: int | None = None
    quantity: int = 1
    points: int | None = None
    available_points: int | None = None
    created_at: datetime | None = None
    provider_status: str | None = None

    def subject(self) -> str | None:
        return self.user

    def claim(self) -> str | None:
        return None if self.order_id is None else str(self.order_id)

    @property
    def customer(self) -> User | None:
        """Whose points; None before it was redeemed."""
        if self.user is None:
            return None
        return ExternalUserId(self.user) if self.external else UserId(self.user)

    def learn(self, command: Any) -> Self:
        """These facts after `command` was accepted: whose order it is."""
        if not isinstance(command, SessionMRedeem):
            return self
        return attrs.evolve(self, user=command.user, external=command.external)


SessionMOrder: TypeAlias = Order[RedemptionState, SessionMFacts]
