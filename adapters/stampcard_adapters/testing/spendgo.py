"""Spendgo's sandbox joined with its adapter.

May live here: the settings that reach the model, and its ledgers to look into. May not: a provider's rule.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, cast

from stampcard.model import Environment, Member, Money
from stampcard.signing import Key, KeyRing
from stampcard.wire import JsonView, Request
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.spendgo import Spendgo, SpendgoKeys, Switches

__all__ = ["SpendgoBooks", "names"]

_URL: Final = "http://127.0.0.1"
_TRIGGERS: Final = {
    "checkout": "checkout",
    "placed": "place",
    "billed": "bill",
    "completed": "complete",
    "voided": "void",
    "refunded": "refund",
}


class SpendgoBooks:
    """Spendgo's ledgers, to look into and to arrange. model: everything else that the sandbox can be asked."""

    def __init__(self, model: SpendgoModel) -> None:
        self.model = model
        tenant = cast("dict[str, Any]", model.tenants()["spendgo"])
        self._keys = SpendgoKeys(
            account_id=tenant["account_id"],
            keys=KeyRing(current=Key.base64(tenant["api_key"], tenant["secret"])),
        )

    def provider(self, *, url: str = _URL, **switches: Any) -> Spendgo:
        """As `till.use` takes it. url: of `Sandbox.serve()`; in process any does. switches: of the adapter's
        `Switches`."""
        return Spendgo(self._keys, environment=Environment.SANDBOX, url=url, switches=Switches(**switches))

    @property
    def phone(self) -> str:
        """Of the member who owns an ordinary reward: a rebate of $5 any basket of $50 earns."""
        return self.model.members()[0].phone

    @property
    def member(self) -> Member:
        """The member with that phone, without a look-up."""
        return _member(self.model.members()[0].id)

    @property
    def shopper(self) -> Member:
        """The member who shops with points: $40 at first."""
        return _member(self.model.members()[1].id)

    def points(self, member_id: str) -> Decimal:
        """Points, visits or stamps of a member."""
        return self.model.points(member_id)

    def dollars(self, member_id: str) -> Decimal:
        """What a member can shop with."""
        return self.model.swp_balance(member_id)

    def rewards(self, member_id: str) -> tuple[str, ...]:
        """Ids of what a member can redeem, each as often as there are of it."""
        return self.model.rewards(member_id)

    def give(
        self, member_id: str, *, label: str, value: Money, min_spend: Money | None = None, quantity: int = 1
    ) -> str:
        """Give a member a reward; its id."""
        least = None if min_spend is None else min_spend.amount
        return self.model.give(member_id, label=label, value=value.amount, min_spend=least, quantity=quantity)

    def states(self, order_id: str) -> tuple[str, ...]:
        """The stages of an order that took effect, in order: ("checkout", "placed", "voided")."""
        return self.model.states(order_id)

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance."""
        return self.model.unbalanced()


def _member(member_id: str) -> Member:
    return Member(id=member_id, provider="spendgo", status="Active")


def names(request: Request) -> tuple[str | None, str | None]:
    """Which provider and trigger a request is for, as `Faults` names them; "member", "rewards", "balance" are asked."""
    parts = request.target.partition("?")[0].split("/")
    if parts[1:3] != ["loyalty", "accounts"]:
        return None, None
    if len(parts) < 5:
        return "spendgo", "member"
    if parts[4] != "orders":
        return "spendgo", parts[4]
    return "spendgo", _TRIGGERS.get(JsonView.parse(request.body)["status"].text() or "")
