"""Ledgers of one tenant: every movement is a row with its cause, and a balance is the sum of its rows.

May live here: accounts, rows, sums. May not: why something moves, which the stages decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

__all__ = ["POINTS", "SWP", "Account", "Cause", "Ledger", "Posting", "Row", "reward_account"]

Account: TypeAlias = str
POINTS: Final[Account] = "points"
"""Points, visits or stamps: whatever the tenant's programme counts."""
SWP: Final[Account] = "shop with points"
"""Dollars, for a member who shops with points in a programme that is not itself counted in them."""


def reward_account(reward_id: str) -> Account:
    """How many of one reward the member has."""
    return f"reward {reward_id}"


@attrs.frozen(kw_only=True)
class Cause:
    """What moved it: a stage of an order, or an arrangement (`order` None) such as an opening balance."""

    order: str | None = None
    status: str


@attrs.frozen(kw_only=True)
class Posting:
    """A movement that is not booked yet."""

    account: Account
    amount: Decimal

    def reversed(self) -> Posting:
        """The movement that undoes this one."""
        return attrs.evolve(self, amount=-self.amount)


@attrs.frozen(kw_only=True)
class Row:
    """A movement that is booked."""

    member: str
    account: Account
    amount: Decimal
    cause: Cause


class Ledger:
    """Rows and the balances kept beside them; `wrong_sums` compares the two."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._balances: dict[tuple[str, Account], Decimal] = defaultdict(Decimal)
        self._by_order: dict[str, list[Row]] = defaultdict(list)

    def post(self, member: str, postings: Iterable[Posting], cause: Cause) -> None:
        """Book movements of one member under one cause."""
        for posting in postings:
            if not posting.amount:
                continue
            row = Row(member=member, account=posting.account, amount=posting.amount, cause=cause)
            self.rows.append(row)
            self._balances[member, posting.account] += posting.amount
            if cause.order is not None:
                self._by_order[cause.order].append(row)

    def balance(self, member: str, account: Account) -> Decimal:
        """What the member has."""
        return self._balances.get((member, account), Decimal(0))

    def moved_by(self, order: str) -> Mapping[Account, Decimal]:
        """What an order has moved so far, account by account; accounts back at nothing are left out."""
        sums: dict[Account, Decimal] = defaultdict(Decimal)
        for row in self._by_order.get(order, ()):
            sums[row.account] += row.amount
        return {account: amount for account, amount in sums.items() if amount}

    def orders(self) -> frozenset[str]:
        """Orders that have moved anything."""
        return frozenset(self._by_order)

    def wrong_sums(self) -> tuple[str, ...]:
        """A sentence for every balance that is not the sum of its rows, or below nothing."""
        sums = dict.fromkeys(self._balances, Decimal(0))
        for row in self.rows:
            spot = (row.member, row.account)
            sums[spot] = sums.get(spot, Decimal(0)) + row.amount
        found = [
            f"member {member}: {account} stands at {self.balance(member, account)}, its rows sum to {total}"
            for (member, account), total in sums.items()
            if self.balance(member, account) != total
        ]
        found += [
            f"member {member}: {account} is below nothing ({total})"
            for (member, account), total in sums.items()
            if total < 0 and account != POINTS  # points already spent may be taken back: that debt is no error
        ]
        return tuple(found)
