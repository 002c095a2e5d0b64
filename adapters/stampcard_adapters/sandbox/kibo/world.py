"""One tenant's authorizations, orders and returns, and every call of the API on them but the token's.

May live here: what a call does, in words the parts offer. May not: routing, credentials, the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from stampcard_adapters.sandbox.jsontext import Json

from .authorizations import Authorizations
from .fields import Fields, Rules
from .neighbours import read_assign, read_cancel, read_cancel_item, read_fulfil, read_process, read_return
from .orders import Orders
from .returns import Returns
from .routes import Route
from .search import read_search
from .switches import Switches
from .tenants import Tenant
from .views import assigned, authorized, item_view, order_view, return_view, shipment_view
from .wishes import read_authorize, read_create

__all__ = ["World"]


class World:
    """One tenant. `tenant` may be replaced (another key, lenient or not)."""

    def __init__(self, tenant: Tenant, switches: Switches, new_id: Callable[[str], int]) -> None:
        self.tenant = tenant
        self.authorizations = Authorizations(switches, new_id)
        self.orders = Orders(self.authorizations, switches, new_id)
        self.returns = Returns(self.orders, self.authorizations, new_id)
        self.warnings: list[str] = []
        self._switches = switches

    def lapse(self, now: datetime) -> None:
        """What has expired by now is over, and the orders that waited for it cannot be paid."""
        for ended in self.authorizations.lapse(now):
            if ended.claimed_by is not None:
                self.orders.payment_lapsed(ended.claimed_by)

    def end(self, number: int, now: datetime) -> None:
        """One authorization expires at once."""
        for ended in self.authorizations.end(number, now):
            if ended.claimed_by is not None:
                self.orders.payment_lapsed(ended.claimed_by)

    def asked(self, route: Route, rules: Rules) -> dict[str, Json]:
        """Answer a GET."""
        if route.call == "order":
            return order_view(self.orders.get(route.id))
        if route.call == "return":
            return return_view(self.returns.get(route.id))
        if route.call == "shipments":
            return self._shipments(route, rules)
        by_external_id = self._switches.search_by_external_order_id
        search = read_search(route.query, "orderStatus", rules, self.tenant, by_external_id=by_external_id)
        total, page = search.paged(
            order
            for order in self.orders.all()
            if (search.order_ids is None or order.id in search.order_ids)
            and search.external_id in (None, order.wish.external_id)
            and (search.statuses is None or order.status in search.statuses)
        )
        return {"totalCount": total, "collection": [order_view(order) for order in page]}

    def _shipments(self, route: Route, rules: Rules) -> dict[str, Json]:
        search = read_search(route.query, "shipmentStatus", rules, self.tenant, by_external_id=False)
        total, page = search.paged(
            shipment
            for shipment in self.orders.shipments()
            if (search.order_ids is None or shipment.order in search.order_ids)
            and (search.statuses is None or shipment.status in search.statuses)
        )
        return {"totalCount": total, "collection": [shipment_view(shipment) for shipment in page]}

    def told(self, route: Route, fields: Fields) -> tuple[int, dict[str, Json]]:
        """Perform a POST."""
        now = fields.rules.now
        if route.call == "authorize":
            wish = read_authorize(fields, self.tenant)
            self.warnings += wish.warnings
            given = self.authorizations.give(wish, now)
            return self._switches.authorize_status, authorized(given, wish.warnings)
        if route.call == "create":
            order = self.orders.create(read_create(fields, self.tenant), now)
            self.warnings += order.warnings
            return 200, order_view(order, full=self._switches.create_reply == "order")
        return 200, self._moved(route, fields, now)

    def _moved(self, route: Route, fields: Fields, now: datetime) -> dict[str, Json]:
        if route.call == "cancel":
            return order_view(self.orders.cancel(read_cancel(fields), now))
        if route.call == "cancel item":
            item = read_cancel_item(fields)
            order = self.orders.cancel_item(item.item, rectify=item.rectify, now=now)
            return item_view(order, next(each for each in order.items if each.id == item.item))
        if route.call == "assign":
            wish = read_assign(fields)
            order = self.orders.assign(wish.order, wish.packages)
            return assigned(order, self.orders.shipments(order.id))
        if route.call == "fulfil":
            return shipment_view(self.orders.fulfil(read_fulfil(fields), now))
        if route.call == "open return":
            return return_view(self.returns.open(read_return(fields), now))
        process = read_process(fields)
        return return_view(self.returns.process(process.id, process.accepted, process.reduction, now))

    def unbalanced(self) -> Iterator[str]:
        """A sentence for all that does not add up."""
        yield from self.authorizations.wrong()
        yield from self.orders.wrong()
        yield from self.returns.wrong()
