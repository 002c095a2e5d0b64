"""What Kibo's verbs ask for, as data: what the journal holds of a wish.

May live here: commands. May not: a limit's figure (`limits`), a body, a card outside its `Secret`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, TypeAlias

import attrs

from stampcard.commands import Authorize, Cancel, Create, Observe
from stampcard.model import Address, Refusal, Secret
from stampcard.sealed import Sealed
from stampcard_adapters.kibo.limits import broken_limits
from stampcard_adapters.kibo.payments import Issuer, Kind, Payment
from stampcard_adapters.kibo.values import CART_PERSONAL, CancelReason, Cart, Shipping

__all__ = ["AuthorizeCart", "CancelOrder", "CreateOrder", "KiboCommand"]


@attrs.frozen(kw_only=True)
class AuthorizeCart(Authorize):
    """Hold a cart's amount.

    payment is journalled as nothing: read back from a journal it is None, and no call can be made from it. kind,
    issuer and last_four are what is kept of it. at: when it was asked; the hold's end is counted from it. token,
    billing: only where `Switches.resend_tokens` is on, for the methods that are but a token.
    """

    personal: ClassVar[tuple[str, ...]] = (*CART_PERSONAL, "billing")
    incidental: ClassVar[tuple[str, ...]] = ("again",)  # asked once more is the same wish, once it was accepted
    cart: Cart
    kind: Kind
    issuer: Issuer | None = None
    last_four: str | None = None
    at: datetime = attrs.field(eq=False)
    payment: Secret[Payment] | None = attrs.field(default=None, eq=False)
    token: Sealed | None = attrs.field(default=None, eq=False)
    billing: Address | None = attrs.field(default=None, eq=False)

    def subject(self) -> str | None:
        return self.cart.customer.id or None

    def broken_limits(self) -> tuple[Refusal, ...]:
        return broken_limits(self.cart, None if self.payment is None else self.payment.reveal())


@attrs.frozen(kw_only=True)
class CreateOrder(Create):
    """Make the order from the hold. ship_to: in place of the cart's. customer_ip: the shopper's public address.

    customer_id: whose personal data this is; no part of the wish.
    """

    personal: ClassVar[tuple[str, ...]] = ("ship_to", "customer_ip", "customer_id")
    shipping: Shipping
    ship_to: Address | None = None
    customer_ip: str | None = None
    customer_id: str | None = attrs.field(default=None, eq=False)

    def subject(self) -> str | None:
        return self.customer_id or None


@attrs.frozen(kw_only=True)
class CancelOrder(Cancel):
    """Cancel the whole order. other_reason: the words that go with `CancelReason.OTHER`."""

    reason: CancelReason
    other_reason: str | None = None


KiboCommand: TypeAlias = AuthorizeCart | CreateOrder | CancelOrder | Observe
"""What this provider translates. Letting a hold lapse is the till's own and reaches no provider."""
