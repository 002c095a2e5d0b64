"""Ledger of one tenant's products: a token moves from stock to unclaimed to claimed, a pair of rows each time.

May live here: accounts, rows, sums. May not: why something moves, which the orders decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

__all__ = ["Account", "Cause", "Ledger", "Reason", "Row"]

Account: TypeAlias = Literal["stock", "unclaimed", "claimed"]
Reason: TypeAlias = Literal["opening", "stocked", "ordered", "claimed", "replaced"]


@attrs.frozen(kw_only=True)
class Cause:
    """What moved it: an order (by this sandbox's own key), or an arrangement (`order` None)."""

    reason: Reason
    order: str | None = None


@attrs.frozen(kw_only=True)
class Row:
    """A movement that is booked. code: the claim code it gave out, took back or claimed."""

    product_id: str
    account: Account
    amount: int
    cause: Cause
    code: str | None = attrs.field(default=None, repr=False)


class Ledger:
    """Rows and the balances kept beside them; `wrong_sums` compares the two."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._balances: dict[tuple[str, Account], int] = defaultdict(int)

    def stocked(self, product_id: str, amount: int, reason: Reason) -> None:
        """So many more (or fewer) can be ordered."""
        self._post(Row(product_id=product_id, account="stock", amount=amount, cause=Cause(reason=reason)))

    def issued(self, product_id: str, order: str, code: str) -> None:
        """One leaves the stock, as a code that waits to be claimed."""
        cause = Cause(reason="ordered", order=order)
        self._post(Row(product_id=product_id, account="stock", amount=-1, cause=cause))
        self._post(Row(product_id=product_id, account="unclaimed", amount=1, cause=cause, code=code))

    def claimed(self, product_id: str, order: str, code: str) -> None:
        """A code that waited is in a wallet now."""
        cause = Cause(reason="claimed", order=order)
        self._post(Row(product_id=product_id, account="unclaimed", amount=-1, cause=cause, code=code))
        self._post(Row(product_id=product_id, account="claimed", amount=1, cause=cause, code=code))

    def replaced(self, product_id: str, order: str, account: Account, codes: tuple[str, str]) -> None:
        """The same token under another code: (old, new)."""
        cause = Cause(reason="replaced", order=order)
        self._post(Row(product_id=product_id, account=account, amount=-1, cause=cause, code=codes[0]))
        self._post(Row(product_id=product_id, account=account, amount=1, cause=cause, code=codes[1]))

    def balance(self, product_id: str, account: Account) -> int:
        """How many tokens are there."""
        return self._balances.get((product_id, account), 0)

    def _post(self, row: Row) -> None:
        self.rows.append(row)
        self._balances[row.product_id, row.account] += row.amount

    def wrong_sums(self) -> Iterator[str]:
        """A sentence for every balance that is not the sum of its rows, below nothing, or not what was stocked."""
        sums: dict[tuple[str, Account], int] = dict.fromkeys(self._balances, 0)
        provided: dict[str, int] = defaultdict(int)
        for row in self.rows:
            spot = (row.product_id, row.account)
            sums[spot] = sums.get(spot, 0) + row.amount
            provided[row.product_id] += row.amount if row.cause.order is None else 0
        for (product_id, account), total in sums.items():
            kept = self.balance(product_id, account)
            if kept != total:
                yield f"product {product_id}: {account} stands at {kept}, its rows sum to {total}"
            if total < 0:
                yield f"product {product_id}: {account} is below nothing ({total})"
        for product_id, amount in provided.items():
            stock = sums.get((product_id, "stock"), 0)
            out = sums.get((product_id, "unclaimed"), 0) + sums.get((product_id, "claimed"), 0)
            if stock != amount - out:
                yield f"product {product_id}: stock is {stock}, of {amount} provided {out} are with customers"
