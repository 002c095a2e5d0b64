"""Arithmetic the guards share: on whole minor units, so that no sum can overflow, round or raise.

May live here: sums and comparisons that answer with refusals. May not: a rule of a lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TypeAlias

from stampcard.guards._sentences import refusal
from stampcard.model import Money, Refusal, Totals
from stampcard.model.money import MAX_UNITS

__all__ = ["At", "missing", "negative", "one_currency", "totals_add_up", "totals_at", "written"]

At: TypeAlias = tuple[str, Money]
"""An amount and the dotted path it was found at."""


def missing(value: object) -> bool:
    """An untyped caller left the amount out."""
    return not isinstance(value, Money)


def written(units: int, currency: str) -> str:
    """An amount for a sentence, even when a sum of amounts is larger than any amount may be."""
    if abs(units) > MAX_UNITS:
        return f"{currency} {Decimal(units):.3e} (minor units)"
    return str(Money.minor(units, currency))


def negative(amounts: Iterable[At]) -> Iterator[Refusal]:
    """One refusal for each amount below zero."""
    for where, amount in amounts:
        if amount.units < 0:
            yield refusal("money.negative", where, amount=str(amount))


def one_currency(amounts: Iterable[At]) -> Iterator[Refusal]:
    """At most one refusal: it names the first amount whose currency differs from the first of all."""
    found = tuple(amounts)
    currencies = dict.fromkeys(amount.currency for _, amount in found)
    if len(currencies) > 1:
        odd = next(where for where, amount in found if amount.currency != found[0][1].currency)
        yield refusal("money.currencies_mixed", odd, currencies=", ".join(currencies))


def totals_at(totals: Totals, where: str) -> tuple[At, ...]:
    """Every amount that is present, with its path."""
    named: tuple[tuple[str, object], ...] = (
        ("subtotal", totals.subtotal),
        ("tax", totals.tax),
        ("tip", totals.tip),
        ("delivery", totals.delivery),
        ("discount", totals.discount),
        ("total", totals.total),
    )
    return tuple((f"{where}.{name}", amount) for name, amount in named if isinstance(amount, Money))


def totals_add_up(totals: Totals, where: str) -> Iterator[Refusal]:
    """subtotal + tax + tip + delivery - discount = total, to the cent. Silent about mixed currencies."""
    found = totals_at(totals, where)
    if len({amount.currency for _, amount in found}) != 1:
        return
    units = {path.rpartition(".")[2]: amount.units for path, amount in found}
    given, off = units.pop("total", 0), units.pop("discount", 0)
    expected = sum(units.values()) - off
    if expected != given:
        currency = found[0][1].currency
        yield refusal(
            "totals.do_not_add_up",
            f"{where}.total",
            expected=written(expected, currency),
            given=written(given, currency),
        )
