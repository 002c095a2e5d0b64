"""The ledger of one tenant: points and inventory move in rows with a cause, and a balance is the sum of its rows.

May live here: accounts, rows, sums. May not: why something moves, which orders and calls decide.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import attrs

__all__ = ["Account", "Cause", "Ledger", "Row", "points_of", "stock_of"]


@attrs.frozen
class Account:
    """Points of a customer, or inventory of an offer."""

    kind: str
    holder: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.holder}"


def points_of(user_id: str) -> Account:
    """What a customer can spend."""
    return Account("points", user_id)


def stock_of(offer_id: int) -> Account:
    """How many of an offer are left; an offer without a limit counts down from nothing."""
    return Account("stock", str(offer_id))


@attrs.frozen(kw_only=True)
class Cause:
    """What moved it: an order (`placed`, `approved`, `rejected`), or without one `opening`, `comp`, `arranged`."""

    what: str
    order: int | None = None


@attrs.frozen(kw_only=True)
class Row:
    """One movement, and what the account held after it. may_owe: it may be below nothing (stock without a limit)."""

    number: int
    account: Account
    amount: int
    balance: int
    cause: Cause
    date: datetime
    description: str
    may_owe: bool = False


class Ledger:
    """Rows in the order they were booked, and the balances kept beside them; `wrong_sums` compares the two."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._balances: dict[Account, int] = defaultdict(int)
        self._by_account: dict[Account, list[Row]] = defaultdict(list)
        self._by_order: dict[int, list[Row]] = defaultdict(list)

    def post(
        self,
        account: Account,
        amount: int,
        cause: Cause,
        *,
        date: datetime,
        description: str,
        may_owe: bool = False,
    ) -> None:
        """Book one movement; nothing is no movement."""
        if not amount:
            return
        self._balances[account] += amount
        row = Row(
            number=len(self.rows) + 1,
            account=account,
            amount=amount,
            balance=self._balances[account],
            cause=cause,
            date=date,
            description=description,
            may_owe=may_owe,
        )
        self.rows.append(row)
        self._by_account[account].append(row)
        if cause.order is not None:
            self._by_order[cause.order].append(row)

    def balance(self, account: Account) -> int:
        """What the account holds."""
        return self._balances.get(account, 0)

    def rows_of(self, account: Account) -> tuple[Row, ...]:
        """An account's movements, oldest first."""
        return tuple(self._by_account.get(account, ()))

    def rows_by(self, order: int) -> tuple[Row, ...]:
        """An order's movements, oldest first."""
        return tuple(self._by_order.get(order, ()))

    def orders(self) -> frozenset[int]:
        """Orders that have moved anything."""
        return frozenset(self._by_order)

    def wrong_sums(self) -> tuple[str, ...]:
        """A sentence for every balance that is not the sum of its rows, or was below nothing where it may not be."""
        sums: dict[Account, int] = dict.fromkeys(self._balances, 0)
        found: list[str] = []
        for row in self.rows:
            sums[row.account] = sums.get(row.account, 0) + row.amount
            if row.balance != sums[row.account]:
                found.append(f"row {row.number}: {row.account} is said to be {row.balance}, not {sums[row.account]}")
            if sums[row.account] < 0 and not row.may_owe:
                found.append(f"row {row.number}: {row.account} is below nothing ({sums[row.account]})")
        found += [
            f"{account} stands at {self.balance(account)}, the rows sum to {total}"
            for account, total in sums.items()
            if self.balance(account) != total
        ]
        return tuple(found)
