"""What is known of a hold at Kibo, and of the order made from it.

May live here: the facts and what they learn from a command. May not: a reading of a reply.
"""

from __future__ import annotations

from typing import ClassVar, Self, TypeAlias

import attrs

from stampcard.commands import Command
from stampcard.facts import AuthorizationFacts
from stampcard.lifecycles import AuthorizationState
from stampcard.model import Order
from stampcard.sealed import Sealed
from stampcard_adapters.kibo.commands import AuthorizeCart
from stampcard_adapters.kibo.payments import Issuer, Kind
from stampcard_adapters.kibo.values import CART_PERSONAL, Cart

__all__ = ["KiboFacts", "KiboOrder"]


@attrs.frozen(kw_only=True)
class KiboFacts(AuthorizationFacts):
    """What is known of a hold at Kibo.

    kibo_order_id: reserved when the money was held; the order made from it takes this very id (section 3). auth_token:
    what `create` pays by. payment_token: stands for the payment method. provider_status: the order's status in the
    provider's own words, whose list is not published.
    """

    personal: ClassVar[tuple[str, ...]] = CART_PERSONAL
    cart: Cart | None = None
    kind: Kind | None = None
    issuer: Issuer | None = None
    last_four: str | None = None
    kibo_order_id: int | None = None
    auth_token: Sealed | None = None
    payment_token: Sealed | None = None
    provider_status: str | None = None

    def subject(self) -> str | None:
        return None if self.cart is None else self.cart.customer.id or None

    def claim(self) -> str | None:
        return None if self.kibo_order_id is None else str(self.kibo_order_id)

    def learn(self, command: Command) -> Self:
        facts = super().learn(command)
        if not isinstance(command, AuthorizeCart):
            return facts
        return attrs.evolve(
            facts, cart=command.cart, kind=command.kind, issuer=command.issuer, last_four=command.last_four
        )


KiboOrder: TypeAlias = Order[AuthorizationState, KiboFacts]
