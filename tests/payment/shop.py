"""A shop whose customers pay: the sandbox's Spendgo, a terminal with books, a journal on a real file.

May live here: helpers only. May not: a test, a double of anything under test.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from stampcard import AsyncTill, Basket, Line, Money, Reward, Site, Tender, TenderKind, Till, Totals
from stampcard.testing import AsyncTerminal, Clock, Terminal
from stampcard_adapters.spendgo import AsyncSpendgoTill, SpendgoOrder, SpendgoTill
from stampcard_adapters.testing import STORE, Sandbox

HERE = Site(store=STORE, register="7")


def usd(amount: str) -> Money:
    return Money(amount, "USD")


BASKET = Basket(
    lines=(Line(label="Turkey sandwich", price=usd("13.00"), quantity=4),),
    totals=Totals(subtotal=usd("52.00"), tax=usd("4.68"), total=usd("56.68")),
)


@attrs.define(eq=False)
class Shop:
    """One journal file, one terminal, one provider; tills come and go."""

    journal: Path
    sandbox: Sandbox
    terminal: Terminal
    clock: Clock

    @contextmanager
    def till(self, *, charges: bool = True, **more: Any) -> Generator[tuple[Till, SpendgoTill], None, None]:
        port = self.terminal if charges else None
        options: dict[str, Any] = {"site": HERE, "charges": port, "clock": self.clock, **more}
        with Till(self.journal, transport=self.sandbox.transport(), **options) as till:
            yield till, till.use(self.sandbox.spendgo.provider()).by("anna")

    def async_till(self, *, charges: bool = True) -> AsyncTill:
        port = AsyncTerminal(self.terminal) if charges else None
        return AsyncTill(
            self.journal, site=HERE, charges=port, clock=self.clock, transport=self.sandbox.async_transport()
        )

    def averbs(self, till: AsyncTill) -> AsyncSpendgoTill:
        return till.use(self.sandbox.spendgo.provider()).by("anna")

    def reward(self, spendgo: SpendgoTill) -> Reward:
        return spendgo.rewards(self.sandbox.spendgo.member)[0]

    def priced(self, spendgo: SpendgoTill, ticket: str = "t-1", *, reward: bool = True) -> SpendgoOrder:
        buyer = self.sandbox.spendgo.member
        return spendgo.checkout(ticket, BASKET, buyer=buyer, reward=self.reward(spendgo) if reward else None)

    def outrun(self, spendgo: SpendgoTill) -> SpendgoOrder:
        """Two tills and one reward: t-2 was placed, and t-1 is billed before it; the provider will not bill t-2."""
        first, second = self.priced(spendgo, "t-1"), self.priced(spendgo, "t-2")
        assert second.facts.to_pay is not None
        placed = spendgo.place(second, tenders=[Tender(kind=TenderKind.CREDIT, amount=second.facts.to_pay.total)])
        spendgo.pay(first)
        return placed

    def rewards_left(self) -> int:
        return len(self.sandbox.spendgo.rewards(self.sandbox.spendgo.member.id))

    def pass_time(self, seconds: float = 700.0) -> None:
        self.clock.pass_(seconds=seconds)


def story(spendgo: SpendgoTill, ticket: str = "t-1") -> list[str]:
    """The order's entries, as "trigger kind"."""
    return [f"{entry.trigger} {entry.kind}" for entry in spendgo.history(ticket)]
