"""The money of one tenant: every movement of an authorization is a row with its cause, and a balance is a sum of rows.

May live here: rows, sums, and what is wrong with them. May not: why money moves.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import attrs

__all__ = ["KINDS", "Kind", "Ledger", "Row", "Sums"]

Kind: TypeAlias = Literal["authorized", "captured", "released", "lapsed", "refunded"]
KINDS: Final[tuple[Kind, ...]] = ("authorized", "captured", "released", "lapsed", "refunded")


@attrs.frozen(kw_only=True)
class Row:
    """A movement that is booked. `authorization` is the order id that was reserved with it."""

    authorization: int
    kind: Kind
    amount: Decimal
    cause: str
    at: datetime


@attrs.frozen(kw_only=True)
class Sums:
    """Where the money of one authorization is. Refunded went back out of what was captured."""

    authorized: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)
    released: Decimal = Decimal(0)
    lapsed: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    held: Decimal = Decimal(0)

    def after(self, kind: Kind, amount: Decimal) -> Sums:
        """These sums with one more movement. `held` is kept by itself, so that the books can be checked against it."""
        change = {"authorized": amount, "refunded": Decimal(0)}.get(kind, -amount)
        return attrs.evolve(self, **{kind: self.of(kind) + amount, "held": self.held + change})

    def of(self, kind: Kind) -> Decimal:
        found: Decimal = getattr(self, kind)
        return found


class Ledger:
    """Rows and the sums kept beside them; `wrong` compares the two."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._sums: dict[int, Sums] = {}

    def post(self, authorization: int, kind: Kind, amount: Decimal, cause: str, at: datetime) -> None:
        """Book one movement. Nothing is booked for nothing, but that an authorization was given."""
        if amount or kind == "authorized":
            self.rows.append(Row(authorization=authorization, kind=kind, amount=amount, cause=cause, at=at))
            self._sums[authorization] = self.sums(authorization).after(kind, amount)

    def sums(self, authorization: int) -> Sums:
        """Where this authorization's money is."""
        return self._sums.get(authorization, Sums())

    def wrong(self) -> tuple[str, ...]:
        """A sentence for every authorization whose rows do not add up, or that paid what it did not have."""
        counted: dict[int, Sums] = {}
        for row in self.rows:
            counted[row.authorization] = counted.get(row.authorization, Sums()).after(row.kind, row.amount)
        found = [
            f"authorization {number}: stands at {self.sums(number)}, its rows sum to {counted.get(number)}"
            for number in {**self._sums, **counted}
            if self.sums(number) != counted.get(number)
        ]
        given = Counter(row.authorization for row in self.rows if row.kind == "authorized")
        found += [f"authorization {number}: was given {times} times" for number, times in given.items() if times > 1]
        for number, sums in self._sums.items():
            if number not in counted or number not in given:
                found.append(f"authorization {number}: moved money and was never given")
            gone = sums.captured + sums.released + sums.lapsed
            if sums.authorized != gone + sums.held:
                found.append(
                    f"authorization {number}: {sums.authorized} authorized is not captured + released + lapsed"
                    f" ({gone}) + still held ({sums.held})"
                )
            if min(sums.of(kind) for kind in KINDS) < 0 or sums.held < 0:
                found.append(f"authorization {number}: a sum is below nothing: {sums}")
            if sums.refunded > sums.captured:
                found.append(f"authorization {number}: {sums.refunded} refunded of {sums.captured} captured")
        found += [
            f"authorization {row.authorization}: a row of {row.amount} by {row.cause}"
            for row in self.rows
            if row.amount < 0
        ]
        return tuple(found)
