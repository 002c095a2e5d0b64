"""Minor units, which prices are in, and major units, which wallets are in (sheet, trap 8).

May live here: the exponent of a currency. May not: a price.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

__all__ = ["exponent", "major", "minor"]

EXPONENTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent(currency: str) -> int:
    """Decimals of a currency: two, but for those that have none or three."""
    return EXPONENTS.get(currency, 2)


def major(amount: int, currency: str) -> Decimal:
    """1099 GBP as 10.99, 1000 JPY as 1000, 5250 KWD as 5.250."""
    return Decimal(amount).scaleb(-exponent(currency))


def minor(amount: Decimal, currency: str) -> int:
    """The other way; raises ValueError for an amount finer than the currency."""
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {exponent(currency)} decimals")
    return int(scaled)
