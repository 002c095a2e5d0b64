"""The eleven ways to pay at Kibo, as one union: what passes through memory once.

May live here: the shapes, what may be said of one in a journal, which words in one are secret. May not: a body, a
limit, a journal. Sections are those of the provider's fact sheet; the eleven are its section 2's.
"""

from __future__ import annotations

import functools
from enum import StrEnum
from typing import Any, ClassVar, Final, NoReturn, TypeAlias, cast, get_args, get_origin, get_type_hints

import attrs

from stampcard.model import Address, Secret

__all__ = [
    "PAYMENT_TYPES",
    "SHAPES",
    "AuthorizedCard",
    "Card",
    "CreditPlan",
    "Finance",
    "GiftCard",
    "Issuer",
    "Kind",
    "NoOperation",
    "PayPal",
    "Payment",
    "SavedCard",
    "StoredMethod",
    "StoredToken",
    "TokenizedCard",
    "digits",
    "last_four",
    "mistyped",
    "plain",
    "secrets_of",
]

_SHOWS: Final = 12
"""Digits a number must have before its last four may be kept: of fewer, four would be most of it."""


class Issuer(StrEnum):
    """Whose card. VI is attested; the others are the platform's listed brands (section 2)."""

    VISA = "VI"
    MASTERCARD = "MC"
    AMEX = "AX"
    DISCOVER = "DI"
    JCB = "JC"


class Kind(StrEnum):
    """Which of the eleven shapes: the discriminator that is journalled, and the key of `Switches.payment_types`."""

    CARD = "card"
    TOKENIZED_CARD = "tokenized_card"
    SAVED_CARD = "saved_card"
    AUTHORIZED_CARD = "authorized_card"
    STORED_TOKEN = "stored_token"
    PAYPAL = "paypal"
    GIFT_CARD = "gift_card"
    NO_OPERATION = "no_operation"
    CREDIT_PLAN = "credit_plan"
    FINANCE = "finance"
    STORED_METHOD = "stored_method"


PAYMENT_TYPES: Final = {
    Kind.CARD: "CC",
    Kind.TOKENIZED_CARD: "CC",
    Kind.SAVED_CARD: "CC",
    Kind.AUTHORIZED_CARD: "CC",
    Kind.STORED_TOKEN: "TK",
    Kind.PAYPAL: "PP",
    Kind.GIFT_CARD: "GC",
    Kind.NO_OPERATION: "NOOP",
    Kind.CREDIT_PLAN: "CREDIT_PLAN",
    Kind.FINANCE: "FINANCE",
    Kind.STORED_METHOD: "CC",
}
"""Shape -> `paymentType`. Only CC and TK are attested: the rest is the sheet's choice, so it can be replaced."""


class _Once:
    """Passes through memory once: it shows nothing, and cannot be pickled or copied."""

    __slots__: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a payment cannot be pickled or copied")

    def __copy__(self) -> NoReturn:
        raise TypeError("a payment cannot be pickled or copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a payment cannot be pickled or copied")


@attrs.frozen(kw_only=True, repr=False)
class Card(_Once):
    """A card as it was presented. number: spaces and dashes are left out. code: the security code.

    billing: where a name is missing in it, the customer's is sent.
    """

    kind: ClassVar[Kind] = Kind.CARD
    number: Secret[str]
    expires_month: int
    expires_year: int
    issuer: Issuer
    billing: Address
    code: Secret[str] | None = None


@attrs.frozen(kw_only=True, repr=False)
class TokenizedCard(_Once):
    """A card behind a token of yours (`cardToken`)."""

    kind: ClassVar[Kind] = Kind.TOKENIZED_CARD
    token: Secret[str]
    last_four: str
    billing: Address
    issuer: Issuer | None = None


@attrs.frozen(kw_only=True, repr=False)
class SavedCard(_Once):
    """A card Kibo has stored, by its payment method token, presented as a card."""

    kind: ClassVar[Kind] = Kind.SAVED_CARD
    token: Secret[str]
    billing: Address | None = None
    issuer: Issuer | None = None


@attrs.frozen(kw_only=True, repr=False)
class AuthorizedCard(_Once):
    """A card that was authorized elsewhere, by its authorization token."""

    kind: ClassVar[Kind] = Kind.AUTHORIZED_CARD
    token: Secret[str]
    billing: Address | None = None
    issuer: Issuer | None = None


@attrs.frozen(kw_only=True, repr=False)
class StoredToken(_Once):
    """A Kibo token (TK): what an earlier authorization gave as payment method token."""

    kind: ClassVar[Kind] = Kind.STORED_TOKEN
    token: Secret[str]
    billing: Address | None = None


@attrs.frozen(kw_only=True, repr=False)
class PayPal(_Once):
    """A PayPal approval."""

    kind: ClassVar[Kind] = Kind.PAYPAL
    token: Secret[str]
    payer_id: str
    billing: Address | None = None


@attrs.frozen(kw_only=True, repr=False)
class GiftCard(_Once):
    """A gift card, with its PIN where it has one."""

    kind: ClassVar[Kind] = Kind.GIFT_CARD
    number: Secret[str]
    pin: Secret[str] | None = None
    billing: Address | None = None


@attrs.frozen(kw_only=True, repr=False)
class NoOperation(_Once):
    """No money is moved by Kibo: paid elsewhere. type: the provider's `noOperationType`."""

    kind: ClassVar[Kind] = Kind.NO_OPERATION
    type: str
    billing: Address | None = None


@attrs.frozen(kw_only=True, repr=False)
class CreditPlan(_Once):
    """A credit plan."""

    kind: ClassVar[Kind] = Kind.CREDIT_PLAN
    plan: str
    plan_type: str
    billing: Address | None = None


@attrs.frozen(kw_only=True, repr=False)
class Finance(_Once):
    """A financed purchase. reference: `retailerRef`."""

    kind: ClassVar[Kind] = Kind.FINANCE
    code: str
    reference: str
    billing: Address | None = None


@attrs.frozen(kw_only=True, repr=False)
class StoredMethod(_Once):
    """A payment method of the customer's that Kibo keeps, by its id."""

    kind: ClassVar[Kind] = Kind.STORED_METHOD
    id: str
    billing: Address | None = None


Payment: TypeAlias = (
    Card
    | TokenizedCard
    | SavedCard
    | AuthorizedCard
    | StoredToken
    | PayPal
    | GiftCard
    | NoOperation
    | CreditPlan
    | Finance
    | StoredMethod
)
"""One of the eleven; `kind` tells which."""

SHAPES: Final = (
    Card,
    TokenizedCard,
    SavedCard,
    AuthorizedCard,
    StoredToken,
    PayPal,
    GiftCard,
    NoOperation,
    CreditPlan,
    Finance,
    StoredMethod,
)

_SEPARATORS: Final = str.maketrans("", "", " -")


def plain(secret: object) -> str:
    """The text in a secret; nothing for what is none, so that a limit refuses it."""
    value: object = cast("Secret[object]", secret).reveal() if isinstance(secret, Secret) else secret
    return value if isinstance(value, str) else ""


def digits(secret: object) -> str:
    """A card's number as it is sent: without the spaces and dashes people read it by."""
    return plain(secret).translate(_SEPARATORS)


@functools.cache
def _declared(payment: type[Any]) -> dict[str, tuple[Any, ...]]:
    """Field -> the classes its value may have."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, hint in get_type_hints(payment).items():
        if get_origin(hint) is not ClassVar:
            options: tuple[Any, ...] = (hint,) if get_origin(hint) is Secret else get_args(hint) or (hint,)
            found[name] = tuple(get_origin(option) or option for option in options)
    return found


def mistyped(payment: Payment) -> tuple[str, ...]:
    """Fields that hold something of another type than declared: nothing else looks at what a `Secret` hides.

    A constructor that raised would have the value in its traceback.
    """
    odd: list[str] = []
    of: Any = type(payment)
    for name, kinds in _declared(of).items():
        value: object = getattr(payment, name)
        if not isinstance(value, kinds) or (isinstance(value, Secret) and not plain(cast(object, value))):
            odd.append(name)
    return tuple(odd)


def last_four(payment: Payment) -> str | None:
    """What of a card may be kept and shown."""
    match payment:
        case TokenizedCard():
            return payment.last_four
        case Card() | GiftCard():
            number = digits(payment.number)
            return number[-4:] if len(number) >= _SHOWS and number.isascii() and number.isdigit() else None
        case _:
            return None


def secrets_of(payment: Payment) -> tuple[str, ...]:
    """Every word in a payment that nobody may repeat: not even a provider, in its words about it."""
    return tuple(word for word in _words(payment) if word)


def _words(payment: Payment) -> tuple[str, ...]:
    match payment:
        case Card():
            return digits(payment.number), plain(payment.number), plain(payment.code)
        case GiftCard():
            return digits(payment.number), plain(payment.number), plain(payment.pin)
        case TokenizedCard() | SavedCard() | AuthorizedCard() | StoredToken():
            return (plain(payment.token),)
        case PayPal():
            return plain(payment.token), payment.payer_id
        case StoredMethod():
            return (payment.id,)
        case NoOperation() | CreditPlan() | Finance():
            return ()
