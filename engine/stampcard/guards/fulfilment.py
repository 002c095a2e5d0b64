"""The rules of goods ordered from a catalogue.

May live here: guards the FULFILMENT rows name. May not: a provider's name, I/O, a clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from stampcard.commands import PlaceItems
from stampcard.guards import _amounts
from stampcard.guards._amounts import At, negative, written
from stampcard.guards._guard import guard
from stampcard.guards._sentences import refusal
from stampcard.model import AnyOrder, Refusal

__all__ = ["code_unique", "lines_present", "lines_sum_to_total", "one_currency"]


def _amounts_of(command: PlaceItems) -> tuple[At, ...]:
    prices = tuple((f"items.{n}.price", item.price) for n, item in enumerate(command.items) if item.price is not None)
    return prices if command.total is None else (*prices, ("total", command.total))


@guard(PlaceItems, "order.id_blank", "order.id_repeats")
def code_unique(order: AnyOrder, _command: PlaceItems) -> Iterator[Refusal]:
    """The order's own code is no bare ticket number: providers replay by it for ever, tickets restart daily.

    That no other order has it is the journal's own constraint. (A bare number is also ambiguous where one provider
    looks orders up by its number or ours.)
    """
    code = order.id.strip()
    if not code:
        yield refusal("order.id_blank", "order.id")
    elif code.isdigit():
        yield refusal("order.id_repeats", "order.id", given=code)


@guard(PlaceItems, "items.empty", "quantity.not_positive")
def lines_present(_order: AnyOrder, command: PlaceItems) -> Iterator[Refusal]:
    """Something is ordered, at least one of each."""
    if not command.items:
        yield refusal("items.empty", "items")
    for n, item in enumerate(command.items):
        if item.quantity < 1:
            yield refusal("quantity.not_positive", f"items.{n}.quantity", given=str(item.quantity))


@guard(PlaceItems, "money.negative", "money.currencies_mixed")
def one_currency(_order: AnyOrder, command: PlaceItems) -> Iterator[Refusal]:
    """Prices and total are in one currency, none below zero."""
    amounts = _amounts_of(command)
    yield from negative(amounts)
    yield from _amounts.one_currency(amounts)


@guard(PlaceItems, "items.do_not_sum")
def lines_sum_to_total(_order: AnyOrder, command: PlaceItems) -> Iterator[Refusal]:
    """Price times quantity, summed, is the total, wherever prices and a total are given and not sent as they are."""
    total = command.total
    prices = [(item.price, item.quantity) for item in command.items if item.price is not None]
    unpriced = len(prices) < len(command.items)
    if total is None or unpriced or not prices or command.total_as_given:
        return
    if any(price.currency != total.currency for price, _ in prices):  # said by one_currency
        return
    expected = sum(price.units * quantity for price, quantity in prices)
    if expected != total.units:
        yield refusal("items.do_not_sum", "total", expected=written(expected, total.currency), given=str(total))
