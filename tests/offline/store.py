"""A till with an offline policy before Spendgo's sandbox in process, and the way through a sale.

May live here: helpers only. May not: a test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import attrs

from stampcard import Basket, Line, Money, OfflinePolicy, Site, Tender, TenderKind, Till, Totals
from stampcard.journal import Journal
from stampcard.journal.memory import MemoryJournal
from stampcard.testing import Clock
from stampcard_adapters.spendgo import SpendgoOrder, SpendgoTill
from stampcard_adapters.testing import STORE, Sandbox

__all__ = ["BASKET", "CASH", "POLICY", "Store", "at", "usd"]


def usd(amount: str) -> Money:
    return Money(amount, "USD")


BASKET = Basket(
    lines=(Line(label="Turkey dinner", price=usd("52.00")),),
    totals=Totals(subtotal=usd("52.00"), tax=usd("4.68"), total=usd("56.68")),
)
CASH = (Tender(kind=TenderKind.CASH, amount=usd("56.68")),)
POLICY = OfflinePolicy(max_age=timedelta(hours=24), max_amount=usd("500"))


@attrs.frozen
class Store:
    till: Till
    spendgo: SpendgoTill
    sandbox: Sandbox
    clock: Clock
    journal: Journal

    def away(self) -> contextlib.AbstractContextManager[None]:
        return self.sandbox.faults.offline()

    def sold(self, order_id: str, upto: str = "complete", **more: Any) -> SpendgoOrder:
        """A sale without a reward, as far as that trigger."""
        buyer = self.sandbox.spendgo.member
        order = self.spendgo.checkout(order_id, BASKET, buyer=buyer, **more)
        if upto == "checkout":
            return order
        order = self.spendgo.place(order, tenders=CASH)
        if upto == "place":
            return order
        order = self.spendgo.bill(order)
        return order if upto == "bill" else self.spendgo.complete(order)

    def kinds(self, order_id: str) -> list[str]:
        return [f"{entry.trigger} {entry.kind}" for entry in self.spendgo.history(order_id)]

    def there(self, order_id: str) -> tuple[str, ...]:
        """What took effect at the provider, in order, without the checkout: that has no effect."""
        return tuple(one for one in self.sandbox.spendgo.states(order_id) if one != "checkout")

    def drained(self) -> list[tuple[str, str, str]]:
        """One pass of recovery, once the provider may be called again."""
        self.clock.pass_(seconds=120)
        return [(one.order_id, one.trigger, str(one.result)) for one in self.till.recover().results]

    def waits(self) -> int:
        return self.till.offline().depth


@contextlib.contextmanager
def at(
    journal: Any = None,
    *,
    policy: OfflinePolicy | None = POLICY,
    sandbox: Sandbox | None = None,
    clock: Any = None,
    switches: dict[str, Any] | None = None,
    **options: Any,
) -> Generator[Store]:
    clock = clock or Clock()
    sandbox = sandbox or Sandbox(clock=clock)
    store = MemoryJournal() if journal is None else journal
    with Till(
        store, site=Site(store=STORE), offline=policy, transport=sandbox.transport(), clock=clock, **options
    ) as till:
        spendgo = till.use(sandbox.spendgo.provider(**(switches or {}))).by("anna")
        yield Store(till, spendgo, sandbox, clock, store)
