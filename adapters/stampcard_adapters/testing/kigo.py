"""Kigo in the joined sandbox: its books, to look into and to arrange, and which call a request is.

May live here: what joins Kigo's model to a till. May not: a rule of Kigo's.
"""

from __future__ import annotations

from typing import Any, Final, cast

from stampcard.model import Environment, Secret
from stampcard.wire import Request
from stampcard_adapters.kigo import ORDER_PATH, Kigo, KigoKeys, Switches
from stampcard_adapters.kigo.requests import SESSIONS, SSO_SESSIONS
from stampcard_adapters.sandbox.kigo import KigoModel

__all__ = ["KigoBooks", "names"]

_URL: Final = "http://127.0.0.1"
_ORDER_ID: Final = b'"external_order_id"'


class KigoBooks:
    """Kigo's ledgers, to look into and to arrange. model: everything else that the sandbox can be asked."""

    def __init__(self, model: KigoModel) -> None:
        self.model = model
        tenant = cast("dict[str, Any]", model.tenants()["kigo"])
        self._keys = KigoKeys(partner_id=tenant["partner_id"], api_key=Secret(tenant["api_key"]))
        self._products: tuple[str, ...] = tuple(row["product_id"] for row in tenant["products"])

    def provider(self, *, url: str = _URL, order_path: str = ORDER_PATH, **switches: Any) -> Kigo:
        """As `till.use` takes it. url: of `Sandbox.serve()`; in process any does. switches: of the adapter's
        `Switches`."""
        return Kigo(
            self._keys,
            environment=Environment.SANDBOX,
            url=url,
            order_path=order_path,
            switches=Switches(**switches),
        )

    @property
    def product(self) -> str:
        """A product there is plenty of."""
        return self._products[0]

    @property
    def sold_out(self) -> str:
        """A product there is nothing left of."""
        return self._products[1]

    def stock(self, product_id: str) -> int:
        """How many can still be ordered."""
        return self.model.stock(product_id)

    def issued(self, product_id: str) -> int:
        """How many were ordered, claimed or not."""
        return self.model.issued(product_id)

    def wallet(self, user: str, *, program: str | None = None) -> tuple[str, ...]:
        """Products a user has claimed."""
        return self.model.wallet(user, program=program)

    def claim(self, order_id: str, user: str, *, program: str | None = None) -> None:
        """The customer follows the link. Raises ValueError when the wallet would be refused."""
        self.model.claim(order_id, user, program=program)

    def states(self, order_id: str) -> tuple[str, ...]:
        """What has happened to an order: (), ("ordered",), ("ordered", "claimed")."""
        return self.model.states(order_id)

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance."""
        return self.model.unbalanced()


def names(request: Request) -> tuple[str | None, str | None]:
    """Which provider and trigger a request is for, as `Faults` names them; "token" and "sso" are asked.

    Showing a link repeats the order call: on the wire it is "place" too.
    """
    path = request.target.partition("?")[0]
    if path == SESSIONS:
        return "kigo", "token"
    if path == SSO_SESSIONS:
        return "kigo", "sso"
    if request.method == "POST" and _ORDER_ID in request.body:
        return "kigo", "place"
    return None, None
