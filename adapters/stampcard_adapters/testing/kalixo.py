"""Kalixo in the joined sandbox: its books, to look into and to arrange, and which call a request is.

May live here: what joins Kalixo's model to a till. May not: a rule of Kalixo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from stampcard.model import Environment, Money, Secret
from stampcard.wire import Request
from stampcard_adapters.kalixo import Item, Kalixo, KalixoKeys, Switches
from stampcard_adapters.kalixo.values import Version
from stampcard_adapters.sandbox.kalixo import KalixoModel

__all__ = ["KalixoBooks", "names"]

_URL: Final = "http://127.0.0.1"
_CALLS: Final[Mapping[tuple[str, tuple[str, ...]], str]] = {
    ("POST", ("v1", "auth", "login")): "token",
    ("POST", ("v1", "auth", "refresh")): "token",
    ("POST", ("v1", "orders", "place-order")): "place",
    ("GET", ("v1", "orders", "retrieve-order")): "observe",
    ("GET", ("v1", "catalog", "products")): "products",
    ("GET", ("v1", "catalog", "product")): "product",
    ("POST", ("v2", "orders")): "place",
    ("GET", ("v2", "catalog", "products")): "products",
    ("GET", ("v2", "wallet")): "wallet",
    ("GET", ("v2", "ping")): "ping",
}
_BELOW: Final[Mapping[tuple[str, ...], str]] = {("v2", "orders"): "observe", ("v2", "catalog", "products"): "product"}


class KalixoBooks:
    """Kalixo's ledgers, to look into and to arrange. model: everything else that the sandbox can be asked."""

    def __init__(self, model: KalixoModel) -> None:
        self.model = model
        tenant = cast("dict[str, Any]", model.tenants()["kalixo"])
        self._keys = KalixoKeys(
            email=tenant["email"], password=Secret(tenant["password"]), api_key=Secret(tenant["api_key"])
        )
        self._products = {row["sku"]: row for row in tenant["products"]}

    def provider(self, version: Version = 2, *, url: str = _URL, **switches: Any) -> Kalixo:
        """As `till.use` takes it. url: of `Sandbox.serve()`; in process any does. switches: of the adapter's
        `Switches`."""
        return Kalixo(
            self._keys,
            version=version,
            environment=Environment.SANDBOX,
            url=url,
            switches=Switches(**switches),
        )

    def item(self, sku: str = "KTEST-OK", quantity: int = 1) -> Item:
        """A line of an order, without a look at the catalogue. KTEST-FAIL, -PARTIAL and -SLOW do what they say."""
        row = self._products[sku]
        price = Money.minor(row["price"], row["currency"])
        return Item(product_id=row["productId"], sku=sku, price=price, quantity=quantity)

    def balance(self, currency: str = "GBP") -> Money:
        """What is left in the account's wallet of this currency."""
        return Money(self.model.balance(currency), currency)

    def codes(self, order_id: str) -> tuple[str, ...]:
        """What an order has delivered so far."""
        return self.model.codes(order_id)

    def states(self, order_id: str) -> tuple[str, ...]:
        """What an order went through: (), ("requested", "processing", "completed")."""
        return self.model.states(order_id)

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance."""
        return self.model.unbalanced()


def names(request: Request) -> tuple[str | None, str | None]:
    """Which provider and trigger a request is for, as `Faults` names them; "token" and the questions are asked.

    Showing the codes, and looking for an order whose placing was lost, are looks: "observe" on the wire.
    """
    parts = tuple(request.target.partition("?")[0].split("/")[1:])
    if parts[:1] not in (("v1",), ("v2",)):
        return None, None
    trigger = _CALLS.get((request.method, parts))
    if trigger is None and request.method == "GET":
        trigger = _BELOW.get(parts[:-1])
    return "kalixo", trigger
