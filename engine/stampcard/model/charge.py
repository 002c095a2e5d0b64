"""Money a customer pays the POS, as values: one attempt to take it, and what may become of it.

May live here: frozen values. May not: a port (`stampcard.payment`), how an attempt is journalled.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

import attrs

from stampcard.model.money import Money
from stampcard.model.order import Site
from stampcard.model.sale import Tender

__all__ = [
    "CHARGE",
    "PAYMENTS",
    "REVERSE",
    "ChargeAttempt",
    "ChargePending",
    "ChargeResult",
    "ChargeUnknown",
    "NotReversed",
    "NotTaken",
    "ReversalResult",
    "Reversed",
    "Taken",
]

CHARGE: Final = "charge"
"""The trigger of an attempt to take money: no lifecycle may have one of this name."""
REVERSE: Final = "reverse"
"""The trigger of giving it back."""
PAYMENTS: Final = frozenset({CHARGE, REVERSE})


@attrs.frozen(kw_only=True)
class ChargeAttempt:
    """One attempt to take the money of one order.

    key: stable for this attempt, fresh for the next; your terminal's idempotency key. amount: what is to be taken,
    without a tip. since: when the attempt was promised, to judge whether it can still be under way.
    """

    key: str
    order_id: str
    amount: Money
    site: Site
    since: datetime


@attrs.frozen(kw_only=True)
class Taken:
    """The money was taken, wholly. Several tenders may share it; their sum is the amount and the tip.

    reference: what the terminal or gateway calls it; journalled, so never a card number or a secret.
    """

    tenders: tuple[Tender, ...]
    reference: str
    tip: Money | None = None


@attrs.frozen(kw_only=True)
class NotTaken:
    """Surely and finally: under this key no money was taken, and none can be any more.

    Declined, cancelled at the terminal, reversed, or the key is locked there. "I cannot find it" is no such proof while
    the request may still be on its way: that is a ChargeUnknown.
    """

    reason: str


@attrs.frozen(kw_only=True)
class ChargePending:
    """It is still under way: the terminal waits for the card."""

    why: str = "the terminal still waits for the card"


@attrs.frozen(kw_only=True)
class ChargeUnknown:
    """Nobody knows: no answer, an odd one, nothing found. Any exception of the port means this."""

    why: str


@attrs.frozen(kw_only=True)
class Reversed:
    """The whole amount was given back, the tip included, or will surely never be taken."""

    reference: str = ""


@attrs.frozen(kw_only=True)
class NotReversed:
    """Surely not given back: the money is still taken."""

    reason: str


ChargeResult: TypeAlias = Taken | NotTaken | ChargePending | ChargeUnknown
ReversalResult: TypeAlias = Reversed | NotReversed | ChargeUnknown
