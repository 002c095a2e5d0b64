"""The rules of points for a prize.

May live here: guards the REDEMPTION rows name. May not: a provider's name, I/O, a clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from stampcard.commands import Redeem
from stampcard.guards._guard import guard
from stampcard.guards._sentences import refusal
from stampcard.model import AnyOrder, Refusal

__all__ = ["address_complete", "challenge_answered", "points_suffice", "quantity_positive"]


@guard(Redeem, "quantity.not_positive")
def quantity_positive(_order: AnyOrder, command: Redeem) -> Iterator[Refusal]:
    """At least one prize is asked for."""
    if command.quantity < 1:
        yield refusal("quantity.not_positive", "quantity", given=str(command.quantity))


@guard(Redeem, "points.not_enough")
def points_suffice(_order: AnyOrder, command: Redeem) -> Iterator[Refusal]:
    """There are points enough for all of them, as far as cost and balance are known."""
    if command.points_each is None or command.balance is None:
        return
    cost = command.points_each * command.quantity
    if cost > command.balance:
        yield refusal("points.not_enough", "quantity", expected=str(cost), given=str(command.balance))


@guard(Redeem, "challenge.missing", "challenge.of_another_offer")
def challenge_answered(_order: AnyOrder, command: Redeem) -> Iterator[Refusal]:
    """An offer that asks a question has it answered, for this offer and no other."""
    if command.answered is not None and command.answered.offer != command.offer:
        yield refusal("challenge.of_another_offer", "answered.offer")
    elif command.asks_question and command.answered is None:
        yield refusal("challenge.missing", "answered")


@guard(Redeem, "address.missing", "address.incomplete")
def address_complete(_order: AnyOrder, command: Redeem) -> Iterator[Refusal]:
    """What is shipped has an address with street, city, postal code and country."""
    to = command.ship_to
    if to is None:
        if command.ships:
            yield refusal("address.missing", "ship_to")
        return
    parts = {"street": to.street, "city": to.city, "postal_code": to.postal_code, "country": to.country}
    blank = [name for name, value in parts.items() if not value.strip()]
    if blank:
        words = ", ".join(name.replace("_", " ") for name in blank)
        yield refusal("address.incomplete", f"ship_to.{blank[0]}", missing=words)
