"""What one tenant has right now: catalog, stock and wallets, worked out from the ledger.

May live here: reading and arranging what is owned. May not: orders, and what an order does to any of this.
"""

from __future__ import annotations

from decimal import Decimal

from stampcard_adapters.sandbox.jsontext import Json

from .ledgers import Cause, Ledger, Posting, stock_account, wallet_account
from .money import major, minor
from .products import Product
from .tenants import Tenant

__all__ = ["World"]

WALLET = wallet_account("")


class World:
    """One tenant's catalog, wallets and ledger. `tenant` may be replaced (another key, a switch of the account)."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.ledger = Ledger()
        self._products: dict[int, Product] = {}
        self._limited: set[int] = set()
        for currency, balance in tenant.wallet.items():
            self.top_up(minor(balance, currency), currency, "opening")
        for stocked in tenant.catalog:
            self.put(stocked.product)
            self.set_stock(stocked.product.id, stocked.stock, "opening")

    def products(self) -> tuple[Product, ...]:
        """The catalog, in its own order."""
        return tuple(self._products.values())

    def product(self, number: int) -> Product | None:
        """One product by its id."""
        return self._products.get(number)

    def by_code(self, code: str) -> Product | None:
        """One product by its productCode, which here is its sku."""
        return next((product for product in self._products.values() if product.sku == code), None)

    def put(self, product: Product) -> None:
        """A product joins the catalog, or replaces the one of its id."""
        self._products[product.id] = product

    def stock(self, number: int) -> int | None:
        """How many there are; None: as many as are asked for."""
        return self.ledger.balance(stock_account(number)) if number in self._limited else None

    def set_stock(self, number: int, units: int | None, status: str = "set") -> None:
        """There are so many from now on."""
        if units is None:
            self._limited.discard(number)
            return
        self._limited.add(number)
        account = stock_account(number)
        change = units - self.ledger.balance(account)
        self.ledger.post([Posting(account=account, amount=change)], Cause(status=status))

    def top_up(self, amount: int, currency: str, status: str = "top-up") -> None:
        """Money comes into the wallet of this currency, in minor units."""
        self.ledger.post([Posting(account=wallet_account(currency), amount=amount)], Cause(status=status))

    def balance(self, currency: str) -> int:
        """What is in the wallet of this currency, in minor units."""
        return self.ledger.balance(wallet_account(currency))

    def balances(self) -> dict[str, Decimal]:
        """What is in every wallet, in major units (trap 8)."""
        currencies = [name.removeprefix(WALLET) for name in self.ledger.accounts() if name.startswith(WALLET)]
        return {currency: major(self.balance(currency), currency) for currency in currencies}

    def low(self) -> bool:
        """A wallet is below the threshold."""
        return any(balance < self.tenant.threshold for balance in self.balances().values())

    def as_tenant(self) -> dict[str, Json]:
        """This tenant in the shape of a tenants file, with what it owns now."""
        tenant = self.tenant
        wallet: list[Json] = [
            {"currency": currency, "balance": balance} for currency, balance in self.balances().items()
        ]
        return {
            "provider": "kalixo",
            "email": tenant.email,
            "password": tenant.password,
            "api_key": tenant.api_key,
            "wallet_ordering": tenant.wallet_ordering,
            "api_ordering": tenant.api_ordering,
            "lenient": tenant.lenient,
            "threshold": tenant.threshold,
            "wallet": wallet,
            "products": [self._product(product) for product in self.products()],
        }

    def _product(self, product: Product) -> dict[str, Json]:
        fields: dict[str, Json] = {
            "productId": product.id,
            "sku": product.sku,
            "price": product.price,
            "currency": product.currency,
            "name": product.name,
            "ean": product.ean or None,
            "country": product.country,
            "language": product.language,
            "brand": product.brand,
            "category": product.category,
            "tags": list[Json](product.tags),
            "behaviour": product.behaviour,
            "test": product.test,
            "active": product.active,
            "stock": self.stock(product.id),
        }
        if product.open:
            fields |= {"lowest": product.lowest, "highest": product.highest, "step": product.step}
        return fields
