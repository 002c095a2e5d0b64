"""Ledgers of one tenant: every movement is a row with its cause, and a balance is the sum of its rows.

May live here: accounts, rows, sums. May not: why something moves, which the orders decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import attrs

__all__ = ["Account", "Cause", "Ledger", "Posting", "Row", "stock_account", "wallet_account"]

Account: TypeAlias = str


def wallet_account(currency: str) -> Account:
    """Money of one currency, in its minor units."""
    return f"wallet {currency}"


def stock_account(product: int) -> Account:
    """Units of one product."""
    return f"stock {product}"


@attrs.frozen(kw_only=True)
class Cause:
    """What moved it: an order reaching a status, or an arrangement (`order` None) such as a top-up."""

    order: str | None = None
    status: str


@attrs.frozen(kw_only=True)
class Posting:
    """A movement that is not booked yet."""

    account: Account
    amount: int


@attrs.frozen(kw_only=True)
class Row:
    """A movement that is booked."""

    account: Account
    amount: int
    cause: Cause


class Ledger:
    """Rows and the balances kept beside them; `wrong_sums` compares the two."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._balances: dict[Account, int] = defaultdict(int)

    def post(self, postings: Iterable[Posting], cause: Cause) -> None:
        """Book movements under one cause. A balance of nothing is still an account."""
        for posting in postings:
            self._balances[posting.account] += posting.amount
            if posting.amount:
                self.rows.append(Row(account=posting.account, amount=posting.amount, cause=cause))

    def balance(self, account: Account) -> int:
        """What is there."""
        return self._balances.get(account, 0)

    def has(self, account: Account) -> bool:
        """The account was ever booked on."""
        return account in self._balances

    def accounts(self) -> tuple[Account, ...]:
        """All accounts, oldest first."""
        return tuple(self._balances)

    def moved(self) -> Mapping[str, Mapping[Account, int]]:
        """What each order has moved so far, account by account; accounts back at nothing are left out."""
        sums: dict[str, dict[Account, int]] = defaultdict(lambda: defaultdict(int))
        for row in self.rows:
            if row.cause.order is not None:
                sums[row.cause.order][row.account] += row.amount
        return {order: {name: total for name, total in moved.items() if total} for order, moved in sums.items()}

    def wrong_sums(self) -> tuple[str, ...]:
        """A sentence for every balance that is not the sum of its rows, or was ever below nothing."""
        sums = dict.fromkeys(self._balances, 0)
        found: list[str] = []
        for number, row in enumerate(self.rows):
            before = sums.get(row.account, 0)
            sums[row.account] = before + row.amount
            if before >= 0 > sums[row.account]:
                found.append(f"{row.account} went below nothing ({sums[row.account]}) with row {number}")
        found += [
            f"{account} stands at {self.balance(account)}, its rows sum to {total}"
            for account, total in sums.items()
            if self.balance(account) != total
        ]
        return tuple(found)
