"""The provider's field limits (sheet, section 2), looked at before a card is presented in vain.

May live here: limits, all of them, each with its field. May not: a limit of another step, a value repeated in words.

Lengths are those the provider stores: it keeps latin1, and a character outside it as an entity (section 7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stampcard.model import Address, Refusal
from stampcard_adapters.kibo.payments import (
    AuthorizedCard,
    Card,
    CreditPlan,
    Finance,
    GiftCard,
    NoOperation,
    Payment,
    PayPal,
    SavedCard,
    StoredMethod,
    StoredToken,
    TokenizedCard,
    digits,
    mistyped,
    plain,
)
from stampcard_adapters.kibo.values import Cart, Customer

__all__ = ["broken_limits", "missing_in", "stored_length", "too_long_or_short"]

MAX_ID: Final = 100
"""Of a cart's id: 255 as externalCartID, and 100 as the externalOrderID it becomes (sections 2 and 4)."""
_NUMBER: Final = re.compile(r"[0-9]{12,19}")
_CODE: Final = re.compile(r"[0-9]{3,4}")
_FOUR: Final = re.compile(r"[0-9]{4}")
_NAMES: Final = {
    "street": "street",
    "city": "city",
    "postal_code": "postal code",
    "country": "country",
}


def broken_limits(cart: Cart, payment: Payment | None) -> tuple[Refusal, ...]:
    """Every field outside its limit, by its path."""
    found = [*_of_cart(cart), *_of_customer(cart.customer)]
    if cart.ship_to is not None:
        found += missing_in(cart.ship_to, "cart.ship_to")
    if payment is not None:
        found += _of_payment(payment)
    return tuple(found)


def stored_length(text: str) -> int:
    """Characters as the provider keeps them: outside latin1, the length of the entity (section 7)."""
    return sum(1 if ord(c) < 256 else len(f"&#{ord(c)};") for c in text)


def too_long_or_short(text: str, field: str, name: str, least: int, most: int | None) -> Iterator[Refusal]:
    """At most one refusal. Nothing but blanks is nothing."""
    length = stored_length(text)
    if (least > 0 and not text.strip()) or length < least or (most is not None and length > most):
        limit = f"{least} to {most}" if most is not None else f"at least {least}"
        yield _limit(field, f"The {name} must have {limit} characters.", limit)


def missing_in(address: Address, where: str) -> Iterator[Refusal]:
    """What an address must have (section 2: what every sample fills); a missing name is the customer's."""
    for field in ("street", "city", "postal_code", "country"):
        text: str = getattr(address, field)
        yield from too_long_or_short(text, f"{where}.{field}", _NAMES[field], 1, None)


def _limit(field: str, message: str, limit: str) -> Refusal:
    return Refusal(code="field.limit", message=message, field=field, params={"limit": limit})


def _of_cart(cart: Cart) -> Iterator[Refusal]:
    yield from too_long_or_short(cart.id, "cart.id", "cart's id", 1, MAX_ID)
    if not cart.lines:
        yield _limit("cart.lines", "The cart is empty: add an item first.", "at least 1")
    for n, line in enumerate(cart.lines):
        if line.quantity < 1:
            yield _limit(f"cart.lines.{n}.quantity", "An item needs a quantity of at least 1.", "at least 1")


def _of_customer(customer: Customer) -> Iterator[Refusal]:
    where = "cart.customer"
    yield from too_long_or_short(customer.first_name, f"{where}.first_name", "customer's first name", 1, 300)
    yield from too_long_or_short(customer.last_name, f"{where}.last_name", "customer's last name", 1, 300)
    yield from too_long_or_short(customer.email, f"{where}.email", "customer's e-mail", 1, 250)
    yield from too_long_or_short(customer.phone, f"{where}.phone", "customer's phone", 1, 20)
    if customer.phone2 is not None:
        yield from too_long_or_short(customer.phone2, f"{where}.phone2", "customer's second phone", 0, 20)
    if customer.id is not None:
        yield from too_long_or_short(customer.id, f"{where}.id", "customer's id", 1, None)
    if customer.account_created is not None and customer.account_created.tzinfo is None:
        yield _limit(f"{where}.account_created", "The time of the account needs a time zone.", "a time zone")


def _of_payment(payment: Payment) -> Iterator[Refusal]:
    odd = mistyped(payment)
    for name in odd:
        yield _limit(f"payment.{name}", "The payment is incomplete: enter it again.", "present")
    if odd:
        return
    if payment.billing is not None:
        yield from missing_in(payment.billing, "payment.billing")
    match payment:
        case Card():
            yield from _of_card(payment)
        case TokenizedCard():
            yield from _token(payment.token)
            if not _FOUR.fullmatch(payment.last_four):
                yield _limit("payment.last_four", "The card's last four digits are four digits.", "4")
        case SavedCard() | AuthorizedCard() | StoredToken():
            yield from _token(payment.token)
        case PayPal():
            yield from _token(payment.token)
            yield from _word(payment.payer_id, "payer_id", "payer's id")
        case GiftCard():
            yield from _word(digits(payment.number), "number", "gift card's number")
            if payment.pin is not None:
                yield from _word(plain(payment.pin), "pin", "gift card's PIN")
        case NoOperation():
            yield from _word(payment.type, "type", "kind of payment")
        case CreditPlan():
            yield from _word(payment.plan, "plan", "credit plan")
            yield from _word(payment.plan_type, "plan_type", "credit plan's type")
        case Finance():
            yield from _word(payment.code, "code", "finance code")
            yield from _word(payment.reference, "reference", "retailer's reference")
        case StoredMethod():
            yield from _word(payment.id, "id", "payment method's id")


def _of_card(card: Card) -> Iterator[Refusal]:
    if not _NUMBER.fullmatch(digits(card.number)):
        yield _limit("payment.number", "A card's number has 12 to 19 digits.", "12 to 19")
    if not 1 <= card.expires_month <= 12:
        yield _limit("payment.expires_month", "A card's month is 1 to 12.", "1 to 12")
    if not 2000 <= card.expires_year <= 2999:
        yield _limit("payment.expires_year", "A card's year has four digits.", "4")
    if card.code is not None and not _CODE.fullmatch(plain(card.code)):
        yield _limit("payment.code", "A card's security code has 3 or 4 digits.", "3 to 4")


def _token(token: object) -> Iterator[Refusal]:
    yield from _word(plain(token), "token", "payment's token")


def _word(text: str, field: str, name: str) -> Iterator[Refusal]:
    yield from too_long_or_short(text, f"payment.{field}", name, 1, None)
