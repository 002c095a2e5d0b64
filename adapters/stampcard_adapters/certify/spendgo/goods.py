"""What certification buys: baskets and payments with figures that show what happened to them.

May live here: amounts and their arithmetic. May not: a call.
"""

from __future__ import annotations

from typing import Final

from stampcard.model import Basket, Line, Money, Tender, TenderKind, Totals

__all__ = ["ITEMS", "basket", "by_cash", "cents"]

ITEMS: Final = 12
"""Enough for a reward that asks for several."""
_PRICE: Final = 12_50
_TAX: Final = 1_25


def cents(units: int, currency: str) -> Money:
    """Minor units."""
    return Money.minor(units, currency)


def basket(currency: str, *, at_least: Money | None = None, as_one_item: bool = False) -> Basket:
    """Sandwiches for 150.00, or for more where `at_least` asks for it; as_one_item: for the same money in one piece."""
    wanted = 0 if at_least is None else at_least.units
    count = max(ITEMS, -(-wanted // _PRICE))
    subtotal, tax = cents(count * _PRICE, currency), cents(_TAX, currency)
    if as_one_item:
        line = Line(label="Sandwich platter", price=subtotal, quantity=1, product="CERTIFY-PLATTER")
    else:
        line = Line(label="Sandwich", price=cents(_PRICE, currency), quantity=count, product="CERTIFY-SANDWICH")
    return Basket(lines=(line,), totals=Totals(subtotal=subtotal, tax=tax, total=subtotal + tax))


def by_cash(totals: Totals) -> tuple[Tender, ...]:
    """Paid in full, in cash: no card number is ever involved."""
    return (Tender(kind=TenderKind.CASH, amount=totals.total),)
