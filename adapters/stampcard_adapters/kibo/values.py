"""Kibo's own values: the cart that becomes exactly one order, whose it is, how it is sent.

May live here: frozen values, and splitting a cart, which is pure. May not: reading, writing, settings, a payment.
Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import datetime
from enum import StrEnum
from typing import Final

import attrs

from stampcard.model import Address, Line, Money

__all__ = [
    "CART_PERSONAL",
    "NAME",
    "CancelReason",
    "Cart",
    "CustomField",
    "Customer",
    "CustomerStatus",
    "Shipping",
    "words_about",
]

NAME: Final = "kibo"


class CustomerStatus(StrEnum):
    """`active` of a customer (section 2)."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    FROZEN = "FROZEN"


@attrs.frozen(kw_only=True)
class CustomField:
    """One of your own fields about a customer."""

    key: str
    value: str


@attrs.frozen(kw_only=True)
class Customer:
    """Who buys. id: the provider's customer id; `till.forget(id, provider="kibo")` finds a person by it."""

    first_name: str
    last_name: str
    email: str
    phone: str
    phone2: str | None = None
    id: str | None = None
    account_created: datetime | None = None
    active: CustomerStatus | None = None
    custom: tuple[CustomField, ...] = ()


@attrs.frozen(kw_only=True)
class Cart:
    """What becomes exactly one order: one hold is good for one order, so split it BEFORE authorizing.

    id: yours, unique for ever; it is the provider's cart id and, later, external order id. amount: what is held.
    ship_to: may be given at `create` instead; where a name is missing in it, the customer's is sent. Its
    `cross_street` is the second address line. part_of: the cart this one was split from; it is the order's ticket.
    """

    id: str
    lines: tuple[Line, ...]
    amount: Money
    customer: Customer
    ship_to: Address | None = None
    part_of: str | None = None

    def split(self, by: Callable[[Line], Hashable], *, amount: Callable[[tuple[Line, ...]], Money]) -> tuple[Cart, ...]:
        """One cart for each value of `by`, in the order the values first appear: `<id>.1`, `<id>.2`, ...

        Every line is in exactly one of them, as it is and in its order. amount: what the till wants held for these
        lines (their taxes and shipping are the till's to know, so nothing is checked against this cart's amount).
        """
        groups: dict[Hashable, list[Line]] = {}
        for line in self.lines:
            groups.setdefault(by(line), []).append(line)
        return tuple(
            attrs.evolve(self, id=f"{self.id}.{n}", lines=lines, amount=amount(lines), part_of=self.id)
            for n, lines in enumerate(map(tuple, groups.values()), start=1)
        )


CART_PERSONAL: Final = (
    *(f"cart.customer.{name}" for name in ("first_name", "last_name", "email", "phone", "phone2", "id")),
    "cart.customer.custom.*.value",
    "cart.ship_to",
)
"""What of a cart describes a living person: kept in the journal's side table, because `create` needs it later.

Text only, as erasing puts a word in its place: when the account was made and its status stay."""


_WORD: Final = re.compile(r"[^\W_]+")
_NATIONAL: Final = 10
"""Digits of a phone number without its country's."""
_LETTERS: Final = 3
"""A word shorter than this stands in every sentence."""


def words_about(cart: Cart | None, *addresses: Address | None) -> tuple[str, ...]:
    """Everything that names the living person of a cart, whole and word by word: no refusal may repeat it.

    As the provider may write it, too: it keeps what latin1 has not as an entity (section 7), and phones without what
    groups their digits.
    """
    texts: list[object] = []
    for address in (None if cart is None else cart.ship_to, *addresses):
        texts += () if address is None else attrs.astuple(address)
    if cart is not None:
        who = cart.customer
        texts += [f"{who.first_name}{who.last_name}", f"{who.last_name}{who.first_name}", who.first_name, who.last_name]
        texts += [who.email, who.phone, who.phone2, who.id, *(own.value for own in who.custom)]
    found: set[str] = set()
    for text in texts:
        if isinstance(text, str):
            found |= {text, *_WORD.findall(text), "".join(filter(str.isdigit, text))[-_NATIONAL:]}
    kept = {word for word in found if len(word.strip()) >= _LETTERS}
    return tuple(kept | {"".join(c if ord(c) < 256 else f"&#{ord(c)};" for c in word) for word in kept})


@attrs.frozen(kw_only=True)
class Shipping:
    """How it is sent. The provider's own words, an open list (section 4)."""

    ship_type: str = "REGULAR"
    delivery_method: str = "SHIP_TO_HOME"


class CancelReason(StrEnum):
    """Why a whole order is cancelled (section 5). OTHER needs words of your own."""

    CHANGED_MIND = "customer_changed_mind"
    MISTAKE = "created_by_mistake"
    OTHER = "other"
