"""Authorizations of one tenant (sheet, section 3): given, claimed by one order, then captured, released or lapsed.

May live here: an authorization's life, and the money it moves. May not: what an order is.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import attrs

from .errors import Problem, RefusedError
from .ledger import Ledger, Sums
from .methods import Method
from .switches import Switches
from .wishes import AuthorizeWish

__all__ = ["Authorization", "AuthorizationState", "Authorizations"]

AuthorizationState: TypeAlias = Literal["held", "captured", "released", "lapsed"]
# opaque, in the form of the one sample there is: "2-3-19375976"
FIRST_TOKEN: Final = 19375976


@attrs.frozen(kw_only=True)
class Authorization:
    """One authorization. Its number is the order id that was reserved with it: the token is 1:1 with an Order ID."""

    number: int
    manufacturer: int
    cart: str
    amount: Decimal
    currency: str
    method: Method
    auth_token: str = attrs.field(repr=False)
    method_token: str = attrs.field(repr=False)
    ends: datetime
    claimed_by: int | None = None
    state: AuthorizationState = "held"


class Authorizations:
    """All of one tenant's, with the ledger of their money."""

    def __init__(self, switches: Switches, new_id: Callable[[str], int]) -> None:
        self.ledger = Ledger()
        self.reachable = True
        self._switches = switches
        self._new_id = new_id
        self._all: dict[int, Authorization] = {}
        self._by_token: dict[str, int] = {}
        self._first: dict[tuple[object, ...], int] = {}
        self._ending: list[tuple[datetime, int]] = []

    def give(self, wish: AuthorizeWish, now: datetime) -> Authorization:
        """Hold the amount, or refuse as the gateway does. Two for one cart are two holds, unless switched (trap 16)."""
        common = wish.common
        shape = (common.manufacturer, wish.cart, common.currency, wish.amount, wish.method.fingerprint)
        first = self._all.get(self._first.get(shape, 0))
        if self._switches.repeat_authorize == "first" and first is not None and first.state in ("held", "captured"):
            return first
        self.ask_gateway(wish.method)
        number = self._new_id("order")
        authorization = Authorization(
            number=number,
            manufacturer=common.manufacturer,
            cart=wish.cart,
            amount=wish.amount,
            currency=common.currency,
            method=wish.method,
            auth_token=f"2-3-{FIRST_TOKEN + number}",
            method_token=f"pm-{hashlib.sha256(f'method {number}'.encode()).hexdigest()[:24]}",
            ends=now + self._switches.authorization_life,
        )
        self._all[number] = authorization
        self._by_token[authorization.auth_token] = number
        self._first[shape] = number
        heapq.heappush(self._ending, (authorization.ends, number))
        self.ledger.post(number, "authorized", wish.amount, "authorize", now)
        return authorization

    def ask_gateway(self, method: Method) -> None:
        """Refuse what the gateway declines, or that it cannot be asked."""
        if not self.reachable or method.fate == "unreachable":
            message = "The payment gateway could not be reached."
            raise RefusedError(Problem(code=self._switches.unreachable_code, message=message))
        if method.fate == "declined":
            message = "The payment gateway declined the payment: do not honor."
            raise RefusedError(Problem(code=self._switches.declined_code, message=message))

    def get(self, number: int) -> Authorization:
        return self._all[number]

    def by_token(self, token: str) -> Authorization | None:
        """The authorization an order names."""
        return self._all.get(self._by_token.get(token, 0))

    def all(self) -> tuple[Authorization, ...]:
        return tuple(self._all.values())

    def sums(self, number: int) -> Sums:
        return self.ledger.sums(number)

    def claim(self, number: int, order: int) -> None:
        """The order has it, and no other ever will."""
        self._put(number, claimed_by=order)

    def capture(self, number: int, amount: Decimal, cause: str, now: datetime) -> None:
        """Take this much; what is beyond it goes back to the customer."""
        held = self.sums(number).held
        taken = min(amount, held)
        self.ledger.post(number, "captured", taken, cause, now)
        self.ledger.post(number, "released", held - taken, cause, now)
        self._put(number, state="captured")

    def release(self, number: int, amount: Decimal | None, cause: str, now: datetime) -> None:
        """Let go of this much, or of all that is held: then it is over."""
        held = self.sums(number).held
        self.ledger.post(number, "released", held if amount is None else min(amount, held), cause, now)
        if amount is None:
            self._put(number, state="released")

    def refund(self, number: int, amount: Decimal, cause: str, now: datetime) -> Decimal:
        """Give back this much, and never more than was taken and not given back; how much it was."""
        sums = self.sums(number)
        paid = min(amount, sums.captured - sums.refunded)
        self.ledger.post(number, "refunded", paid, cause, now)
        return paid

    def lapse(self, now: datetime) -> tuple[Authorization, ...]:
        """End what has lived its life by now."""
        ended: list[Authorization] = []
        while self._ending and self._ending[0][0] <= now:
            _, number = heapq.heappop(self._ending)
            ended += self.end(number, now)
        return tuple(ended)

    def end(self, number: int, now: datetime) -> tuple[Authorization, ...]:
        """The hold of one authorization is over, if it still was one."""
        if self._all[number].state != "held":
            return ()
        self.ledger.post(number, "lapsed", self.sums(number).held, "lapse", now)
        return (self._put(number, state="lapsed"),)

    def wrong(self) -> tuple[str, ...]:
        """A sentence for all that does not add up."""
        found = list(self.ledger.wrong())
        for number, authorization in self._all.items():
            sums = self.sums(number)
            if sums.authorized != authorization.amount:
                found.append(f"authorization {number}: of {authorization.amount}, booked as {sums.authorized}")
            if authorization.state != "held" and sums.held:
                found.append(f"authorization {number}: is {authorization.state} and still holds {sums.held}")
            if sums.captured and authorization.claimed_by is None:
                found.append(f"authorization {number}: {sums.captured} captured for no order")
        return tuple(found)

    def _put(
        self, number: int, *, claimed_by: int | None = None, state: AuthorizationState | None = None
    ) -> Authorization:
        known = self._all[number]
        changed = attrs.evolve(
            known,
            claimed_by=known.claimed_by if claimed_by is None else claimed_by,
            state=known.state if state is None else state,
        )
        self._all[number] = changed
        return changed
