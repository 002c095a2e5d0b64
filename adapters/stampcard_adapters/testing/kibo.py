"""Kibo's sandbox joined with its adapter: the ids a test needs, the ledger to look into and to arrange.

May live here: what joins Kibo's model to a till, and how a request of Kibo's is called. May not: a provider's rule.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, cast

from stampcard.model import Address, Environment, Line, Money, Secret
from stampcard.sealed import SealKey
from stampcard.wire import Request
from stampcard_adapters.kibo import Card, Cart, Customer, Issuer, Kibo, KiboKeys, Switches
from stampcard_adapters.sandbox.kibo import KiboModel

__all__ = ["KiboBooks", "names"]

_URL: Final = "http://127.0.0.1"
_HOME: Final = Address(
    street="1 Main St", city="Austin", postal_code="78701", country="US", region="TX", first_name="Ann", last_name="Lee"
)
_ANN: Final = Customer(first_name="Ann", last_name="Lee", email="ann@example.com", phone="5125550100")
_API: Final = ("", "api", "v2")


class KiboBooks:
    """Kibo's ledger, to look into and to arrange. model: everything else that the sandbox can be asked."""

    def __init__(self, model: KiboModel) -> None:
        self.model = model
        tenant = cast("dict[str, Any]", model.tenants()["kibo"])
        self._keys = KiboKeys(
            api_key=tenant["api_key"],
            secret=Secret(tenant["secret"]),
            manufacturer_id=tenant["manufacturer_id"],
            catalog_id=tenant["catalog_id"],
        )
        self._cards: dict[str, str] = tenant["cards"]

    def provider(self, *, url: str = _URL, seal_key: SealKey | None = None, **switches: Any) -> Kibo:
        """As `till.use` takes it. url: of `Sandbox.serve()`; in process any does. switches: of the adapter's
        `Switches`."""
        chosen = Switches(**switches)
        return Kibo(self._keys, environment=Environment.SANDBOX, url=url, seal_key=seal_key, switches=chosen)

    def cart(self, cart_id: str, *, amount: str = "2.00") -> Cart:
        """A cart of one item at this price, of one customer, with where it goes."""
        price = Money(amount, "USD")
        lines = (Line(label="Socks", price=price, product="SKU-1"),)
        return Cart(id=cart_id, lines=lines, amount=price, customer=_ANN, ship_to=_HOME)

    @property
    def card(self) -> Card:
        """A card the gateway approves."""
        return self._card("approved")

    @property
    def declined_card(self) -> Card:
        """A card the gateway declines."""
        return self._card("declined")

    def _card(self, fate: str) -> Card:
        return Card(
            number=Secret(self._cards[fate]),
            expires_month=10,
            expires_year=2039,
            issuer=Issuer.VISA,
            billing=_HOME,
            code=Secret("123"),
        )

    def held(self) -> Decimal:
        """Money held now, over every authorization."""
        return sum((hold.sums.held for hold in self.model.holds()), start=Decimal(0))

    def holds(self, cart_id: str) -> tuple[Decimal, ...]:
        """What each authorization of a cart still holds, oldest first."""
        return tuple(hold.sums.held for hold in self.model.holds(cart_id))

    def states(self, order_id: str) -> tuple[str, ...]:
        """The statuses an order went through; empty when there is no such order."""
        return self.model.states(order_id)

    def ship(self, order_id: str) -> None:
        """The warehouse sends the whole order; its money is taken."""
        self.model.ship(order_id)

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance."""
        return self.model.unbalanced()


def names(request: Request) -> tuple[str | None, str | None]:
    """Which provider and trigger a request is for, as `Faults` names them; "token" is the token call, "search" the
    look for an order by our own id."""
    parts = tuple(part for part in request.target.partition("?")[0].split("/")[1:] if part)
    if parts == ("oauthserver", "oauth2", "token"):
        return "kibo", "token"
    if parts[:2] != _API[1:]:
        return None, None
    match parts[2:]:
        case ("createOrder", "authorize"):
            return "kibo", "authorize"
        case ("createOrder",):
            return "kibo", "create"
        case ("order", "action", "cancel") | ("action", "order", "cancel"):
            return "kibo", "cancel"
        case ("order",):
            return "kibo", "search"
        case ("order", _):
            return "kibo", "observe"
        case _:
            return "kibo", None
