"""The rules of money held first and an order made from it later.

May live here: guards the AUTHORIZATION rows name. May not: a provider's name, I/O, a clock; the time a hold is measured
against comes with the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from stampcard.commands import Authorize, Create, Lapse
from stampcard.facts import AuthorizationFacts
from stampcard.guards._amounts import negative, one_currency
from stampcard.guards._guard import guard
from stampcard.guards._sentences import refusal
from stampcard.model import AnyOrder, Refusal

__all__ = [
    "amount_not_negative",
    "authorization_alive",
    "authorization_over",
    "fields_within_limits",
    "token_unused",
    "within_authorization",
]


def _known(order: AnyOrder) -> AuthorizationFacts:
    facts: object = order.facts
    return facts if isinstance(facts, AuthorizationFacts) else AuthorizationFacts()


def _aware(moment: datetime) -> datetime:
    """A naive moment is taken for UTC: comparing the two kinds would raise, and a guard never does."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@guard(Authorize, "field.limit")
def fields_within_limits(_order: AnyOrder, command: Authorize) -> Iterable[Refusal]:
    """Every field is within the provider's own limits, so that no card is presented in vain."""
    return command.broken_limits()


@guard(Authorize, "money.negative")
def amount_not_negative(_order: AnyOrder, command: Authorize) -> Iterator[Refusal]:
    """The amount to hold is not below zero; nothing may be held as well."""
    yield from negative((("amount", command.amount),))


@guard(Create, "money.negative", "money.currencies_mixed", "authorization.unknown", "authorization.exceeded")
def within_authorization(order: AnyOrder, command: Create) -> Iterator[Refusal]:
    """The order takes no more than was held, in the currency it was held in."""
    amount, held = command.amount, _known(order).authorized
    if amount is None:
        return
    yield from negative((("amount", amount),))
    if held is None:
        yield refusal("authorization.unknown", "amount")
        return
    mixed = tuple(one_currency((("authorized", held), ("amount", amount))))
    yield from mixed
    if not mixed and amount > held:
        yield refusal("authorization.exceeded", "amount", expected=str(held), given=str(amount))


@guard(Create, "authorization.lapsed")
def authorization_alive(order: AnyOrder, command: Create) -> Iterator[Refusal]:
    """The hold has not ended by itself, as far as its end is known."""
    expires = _known(order).expires_at
    if expires is not None and _aware(command.at) >= _aware(expires):
        yield refusal("authorization.lapsed", "at", expires=_aware(expires).isoformat(" ", "minutes"))


@guard(Lapse, "authorization.alive")
def authorization_over(order: AnyOrder, command: Lapse) -> Iterator[Refusal]:
    """The hold has ended by itself, as far as its end is known: one that lives is let go by abandoning it."""
    expires = _known(order).expires_at
    if expires is not None and command.at is not None and _aware(command.at) < _aware(expires):
        yield refusal("authorization.alive", "at", expires=_aware(expires).isoformat(" ", "minutes"))


@guard(Create, "authorization.spent")
def token_unused(order: AnyOrder, _command: Create) -> Iterator[Refusal]:
    """One hold makes one order: its token is never used twice."""
    if _known(order).spent:
        yield refusal("authorization.spent")
