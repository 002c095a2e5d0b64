"""Card numbers a sandbox may see: the published test numbers, and what becomes of each.

May live here: test numbers, and whether a number looks like a real card. May not: keeping any number.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

__all__ = ["ACCEPTED", "DECLINED", "UNREACHABLE", "Fate", "fate", "luhn"]

Fate: TypeAlias = Literal["approved", "declined", "unreachable"]

ACCEPTED: Final = frozenset(
    (
        "4111111111111111",
        "4012888888881881",
        "4242424242424242",
        "4005519200000004",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "5454545454545454",
        "2223003122003222",
        "378282246310005",
        "371449635398431",
        "378734493671000",
        "6011111111111117",
        "6011000990139424",
        "3530111333300000",
        "3566002020360505",
    )
)
"""Visa, MasterCard, American Express, Discover, JCB."""
DECLINED: Final = "4000000000000002"
UNREACHABLE: Final = "4000000000000119"
"""The gateway does not answer."""

_CARD: Final = re.compile(r"[0-9]{13,19}")


def fate(number: str, *, gift_card: bool) -> Fate | None:
    """What the gateway says to a test number; None for a number that could be somebody's (trap 15)."""
    if number == DECLINED:
        return "declined"
    if number == UNREACHABLE:
        return "unreachable"
    if number in ACCEPTED:
        return "approved"
    # a gift card's number is the merchant's own; only what passes for a payment card is kept out
    digits = re.sub(r"[\s-]", "", number)
    if gift_card and not (_CARD.fullmatch(digits) and luhn(digits)):
        return "approved"
    return None


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of a payment card."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
