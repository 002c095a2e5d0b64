"""Mistakes of an integrator that a type checker has to catch: every line marked `# wrong`, and no other."""

from __future__ import annotations

from stampcard import (
    AsyncTill,
    Basket,
    ChargeAttempt,
    ChargeResult,
    ChargeUnknown,
    Guest,
    Line,
    Member,
    Money,
    ReversalResult,
    Reversed,
    Site,
    Taken,
    Tender,
    TenderKind,
    Till,
    Totals,
    Verdict,
)
from stampcard_adapters.spendgo import AsyncSpendgoTill, PendingMember, Spendgo, SpendgoOrder, SpendgoTill


class Pad:
    def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return True  # wrong: yes or no is not what became of the money

    def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return ChargeUnknown(why="?")

    def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        return Reversed()


class Gateway:
    async def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return ChargeUnknown(why="?")

    async def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return ChargeUnknown(why="?")

    async def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        return Reversed()


def sync(
    till: Till, spendgo: SpendgoTill, order: SpendgoOrder, basket: Basket, tender: Tender, settings: Spendgo
) -> None:
    found = spendgo.member("5555550100")
    spendgo.checkout("1", basket, buyer=found)  # wrong: may be a member that awaits verification
    spendgo.rewards(found)  # wrong
    spendgo.rewards(Guest.GUEST)  # wrong: nobody has no rewards
    spendgo.checkout(1042, basket, buyer=Guest.GUEST)  # wrong: an id is text
    spendgo.checkout("1", basket)  # wrong: who buys?
    spendgo.checkout("1", basket, buyer=Guest.GUEST, rewards=[])  # wrong: no such word
    spendgo.place(order)  # wrong: no tender
    spendgo.place("1", tenders=[tender])  # wrong: an id opens nothing but a checkout
    spendgo.place(order, tenders=tender)  # wrong: one is not a list of one
    spendgo.void(order)  # wrong: a void says why
    spendgo.refund(order, because="cold")  # wrong: no such word
    spendgo.redeem(order)  # wrong: no such verb
    Money(5.10, "USD")  # wrong: a float
    Money("5.10")  # wrong: which currency?
    Money("5.10", "USD") + 1  # wrong: of what?
    Line("Latte", Money("3", "USD"))  # wrong: by keyword only
    Totals(subtotal=Money("3", "USD"))  # wrong: no total
    Tender(kind="cash", amount=Money("3", "USD"))  # wrong: not a word, a kind
    order.state = "voided"  # wrong: an order does not change
    order.facts.discount.units  # wrong: it may not be known  # noqa: B018
    Till("pos.db")  # wrong: where?
    Site("0042")  # wrong: by keyword only
    till.use("spendgo")  # wrong: not a provider
    till.resolve("1", as_=Verdict.ACCEPTED, because="seen")  # wrong: who decided?
    till.resolve("1", as_="accepted", because="seen", by="dana")  # wrong: not a word, a verdict
    late: AsyncSpendgoTill = till.use(settings)  # wrong: a Till's verbs are not awaited
    late.by("anna")
    member: Member = PendingMember(phone="1")  # wrong
    Till("pos.db", site=Site(store="1"), charges=Gateway())  # wrong: a port that is awaited
    spendgo.pay(order, on_failure="retry")  # wrong: void or keep
    spendgo.unpay(order)  # wrong: it says why
    print(member, TenderKind.CASH)


async def awaited(till: AsyncTill, spendgo: AsyncSpendgoTill, order: SpendgoOrder, basket: Basket) -> None:
    spendgo.complete(spendgo.bill(order))  # wrong: a missing await
    placed = spendgo.checkout("1", basket, buyer=Guest.GUEST)
    placed.state  # wrong: a missing await  # noqa: B018
    with till.start_recovery():  # wrong: it is entered asynchronously
        till.recover().open  # wrong: a missing await  # noqa: B018
    AsyncTill("pos.db", charges=Pad())  # wrong: a port that is not awaited
    spendgo.pay(order)  # wrong: a missing await
    await till.changes(after=0)  # wrong: it is iterated
    order = await spendgo.get("1")
    for entry in till.changes():  # wrong: it is iterated asynchronously
        print(entry)
