"""Orders of one partner: placed once per id, looked up by their code, claimed once (sheet, sections 3 and 5).

May live here: idempotency, the life of a code, and the check that orders and ledger agree. May not: who is calling.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from .errors import already_used, not_found, refused
from .ids import Ids
from .ledgers import Account, Ledger, Row
from .switches import Switches
from .tenants import Tenant

__all__ = ["Order", "Orders", "Status"]

Status: TypeAlias = Literal["claimable", "redeemed", "expired"]


@attrs.frozen(kw_only=True)
class Order:
    """One token. codes: all it ever had; only the last one works."""

    key: str
    token_id: str
    external_order_id: str | None
    product_id: str
    placed_at: datetime
    codes: tuple[str, ...] = attrs.field(repr=False)
    expires_at: datetime | None = None
    claimed_by: str | None = None

    @property
    def code(self) -> str:
        """The one that works."""
        return self.codes[-1]

    def status(self, now: datetime) -> Status:
        """What a wallet shows of it."""
        if self.claimed_by is not None:
            return "redeemed"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "claimable"

    @property
    def stands_in(self) -> Account:
        """The account its token is in."""
        return "unclaimed" if self.claimed_by is None else "claimed"


class Orders:
    """All orders of a partner, by the partner's id, by code, and in the ledger."""

    def __init__(self, tenant: Tenant, switches: Switches, ids: Ids, clock: Callable[[], datetime]) -> None:
        self.tenant = tenant
        self.ledger = Ledger()
        self._switches = switches
        self._ids = ids
        self._clock = clock
        self._products: list[str] = []
        self._orders: dict[str, Order] = {}
        self._named: dict[str, str] = {}
        self._coded: dict[str, str] = {}
        for product in tenant.products:
            self.stock(product.product_id, product.stock)

    # Products

    def products(self) -> tuple[str, ...]:
        """In the order they came."""
        return tuple(self._products)

    def stock(self, product_id: str, quantity: int) -> None:
        """So many can be ordered from now on; an unknown product becomes known."""
        known = product_id in self._products
        if not known:
            self._products.append(product_id)
        change = quantity - self.ledger.balance(product_id, "stock")
        self.ledger.stocked(product_id, change, "stocked" if known else "opening")

    # Orders

    def place(self, external_order_id: str | None, product_id: str) -> tuple[Order, bool]:
        """The order of this id, and whether it is a new one. Whatever the product: the id decides (trap 7)."""
        earlier = None if external_order_id is None else self._remembered(external_order_id)
        if earlier is not None:
            if self._switches.other_product == "refused" and earlier.product_id != product_id:
                raise already_used("external_order_id was used for another product.")
            if self._switches.replay_of_claimed == "refused" and earlier.claimed_by is not None:
                raise already_used("The claim code of this order was claimed.")
            return earlier, False
        if product_id not in self._products:
            raise not_found("Product not found.", http_status=self._switches.unknown_product_status)
        if self.ledger.balance(product_id, "stock") < 1:
            raise refused(self._switches.sold_out, "Product is sold out.")
        order = Order(
            key=f"order-{len(self._orders) + 1}",  # orders are never removed
            token_id=self._ids.uuid("token"),
            external_order_id=external_order_id,
            product_id=product_id,
            placed_at=self._clock(),
            codes=(self._ids.claim_code(),),
            expires_at=self._end_of_a_code(),
        )
        self.ledger.issued(product_id, order.key, order.code)
        self._keep(order)
        if external_order_id is not None:
            self._named[external_order_id] = order.key
        return order, True

    def by_code(self, claim_code: str) -> Order:
        """The order whose code this is now."""
        order = self._orders.get(self._coded.get(claim_code, ""))
        if order is None or order.code != claim_code:
            raise not_found("The claim code is invalid.")
        return order

    def claim(self, claim_code: str, account_id: str) -> Order:
        """Move a token to a wallet: once."""
        order = self.by_code(claim_code)
        status = self.status(order)
        if status == "redeemed":
            raise already_used("The claim code was redeemed before.")
        if status == "expired":
            raise refused(self._switches.expired_code, "The claim code has expired.")
        self.ledger.claimed(order.product_id, order.key, order.code)
        return self._keep(attrs.evolve(order, claimed_by=account_id))

    def status(self, order: Order) -> Status:
        """What a wallet shows of an order now."""
        return order.status(self._clock())

    def deeplink(self, order: Order) -> str:
        """No slash before the question mark, and kebab-case (section 3)."""
        join = "&" if "?" in self.tenant.wallet else "?"
        return f"{self.tenant.wallet}{join}claim-code={order.code}"

    # Looking inside and arranging

    def ids(self) -> tuple[str, ...]:
        """The partner's ids, oldest first."""
        return tuple(self._named)

    def find(self, external_order_id: str) -> Order | None:
        """By the partner's id."""
        return self._orders.get(self._named.get(external_order_id, ""))

    def wallet(self, account_id: str) -> tuple[str, ...]:
        """Products a user has claimed, in the order they were bought."""
        return tuple(order.product_id for order in self._orders.values() if order.claimed_by == account_id)

    def replace_code(self, order: Order) -> Order:
        """Another code for the same token, as sharing it makes one; the old code is worth nothing from now on."""
        code = self._ids.claim_code()
        self.ledger.replaced(order.product_id, order.key, order.stands_in, (order.code, code))
        return self._keep(attrs.evolve(order, codes=(*order.codes, code), expires_at=self._end_of_a_code()))

    def expire(self, order: Order) -> Order:
        """The code can no longer be claimed."""
        return self._keep(attrs.evolve(order, expires_at=self._clock()))

    def _keep(self, order: Order) -> Order:
        self._orders[order.key] = order
        self._coded[order.code] = order.key
        return order

    def _remembered(self, external_order_id: str) -> Order | None:
        order, limit = self.find(external_order_id), self._switches.remembered_for
        if order is None or (limit is not None and self._clock() - order.placed_at >= limit):
            return None
        return order

    def _end_of_a_code(self) -> datetime | None:
        lifetime = self._switches.code_lifetime
        return None if lifetime is None else self._clock() + lifetime

    # Books

    def unbalanced(self) -> Iterator[str]:
        """A sentence for every order whose state and ledger rows disagree, and for every wrong sum."""
        yield from self.ledger.wrong_sums()
        by_order: dict[str, list[Row]] = defaultdict(list)
        owners: dict[str, set[str]] = defaultdict(set)
        for row in self.ledger.rows:
            if row.cause.order is not None:
                by_order[row.cause.order].append(row)
                if row.code is not None:
                    owners[row.code].add(row.cause.order)
        for order in self._orders.values():
            yield from _disagreements(order, by_order.pop(order.key, []))
        for key in by_order:
            yield f"order {key} moved something and does not exist"
        for keys in owners.values():
            if len(keys) > 1:
                yield f"orders {', '.join(sorted(keys))} share a claim code"


def _disagreements(order: Order, rows: list[Row]) -> Iterator[str]:
    """What the rows of an order must come to, said by its state alone."""
    name = f"order {order.external_order_id or order.key}"
    taken = -sum(row.amount for row in rows if row.account == "stock")
    if taken != 1:
        yield f"{name} took {taken} from stock, not 1"
    claims = sum(row.cause.reason == "claimed" and row.account == "claimed" for row in rows)
    due = 0 if order.claimed_by is None else 1
    if claims != due:
        yield f"{name} was claimed {claims} times in the ledger, {due} times by its state"
    held: Counter[tuple[Account, str]] = Counter()
    for row in rows:
        if row.code is not None:
            held[row.account, row.code] += row.amount
    where = {spot: amount for spot, amount in held.items() if amount}
    if where != {(order.stands_in, order.code): 1}:
        yield f"{name}: its one code should be {order.stands_in}, the ledger has {sum(where.values())} of its codes"
    if any(row.product_id != order.product_id for row in rows):
        yield f"{name} is for {order.product_id} and moved another product"
