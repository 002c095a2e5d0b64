"""The eleven payment methods (sheet, section 2): one shape each, as a list that can be replaced.

May live here: which keys make which method. May not: the values of any key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import attrs

__all__ = ["ELEVEN", "KEYS", "Shape"]

KEYS: Final = (
    "cardIssuer",
    "noOperationType",
    "cardNumber",
    "cardExpiration",
    "cardSecurityCode",
    "payPalToken",
    "payPalPayerID",
    "paymentMethodToken",
    "authToken",
    "ccLastFour",
    "cardToken",
    "creditPlan",
    "creditPlanType",
    "retailerRef",
    "financeCode",
    "paymentMethodID",
)
"""The keys of the seed's sample that tell methods apart; billingAddress, paymentType and paymentClass go with any."""


def _words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(words)


@attrs.frozen(kw_only=True)
class Shape:
    """One method: its paymentType (None: any, or none at all), the keys it needs, and those it may have beside."""

    name: str
    payment_type: str | None
    needs: frozenset[str] = attrs.field(converter=_words)
    may: frozenset[str] = attrs.field(default=frozenset[str](), converter=_words)
    gift_card: bool = False
    """cardNumber is a gift card's, which is in no list of test cards."""

    def fits(self, present: Collection[str]) -> bool:
        """All that is needed is there, and nothing foreign."""
        return self.needs <= set(present) <= self.needs | self.may

    def lacks(self, present: Collection[str]) -> tuple[str, ...]:
        """What is needed and not there, in the sample's order."""
        return tuple(key for key in KEYS if key in self.needs and key not in present)


_CARD: Final = ("cardIssuer", "cardExpiration", "ccLastFour")

ELEVEN: Final = (
    Shape(
        name="card",
        payment_type="CC",
        needs={"cardIssuer", "cardNumber", "cardExpiration"},
        may={"cardSecurityCode"},
    ),
    Shape(
        name="tokenised card",
        payment_type="CC",
        needs={"cardToken", "ccLastFour"},
        may={"cardIssuer", "cardExpiration"},
    ),
    Shape(name="stored card", payment_type="CC", needs={"paymentMethodToken"}, may=_CARD),
    Shape(name="authorized card", payment_type="CC", needs={"authToken"}, may=_CARD),
    Shape(name="Kibo token", payment_type="TK", needs={"paymentMethodToken"}, may=_CARD),
    Shape(name="PayPal", payment_type="PP", needs={"payPalToken", "payPalPayerID"}),
    Shape(name="gift card", payment_type="GC", needs={"cardNumber"}, may={"cardSecurityCode"}, gift_card=True),
    Shape(name="no operation", payment_type="NOOP", needs={"noOperationType"}),
    Shape(name="credit plan", payment_type="CREDIT_PLAN", needs={"creditPlan", "creditPlanType"}),
    Shape(name="finance", payment_type="FINANCE", needs={"financeCode", "retailerRef"}),
    Shape(name="stored method", payment_type=None, needs={"paymentMethodID"}),
)
"""Only CC and TK are attested; the rest is the sheet's choice from the keys that exist."""
