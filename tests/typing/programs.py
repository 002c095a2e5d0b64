"""Programs of an integrator: checked by mypy and pyright, never run. No line of it may be an error."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from typing import TypeVar, assert_never, assert_type

from stampcard import (
    GUEST,
    AsyncTill,
    Basket,
    ChargeAttempt,
    ChargeFailedError,
    ChargePending,
    ChargeResult,
    ChargeUnknown,
    DeclinedError,
    Escalation,
    InDoubtError,
    Member,
    Money,
    Next,
    NotAllowedError,
    NotTaken,
    Order,
    PurchaseState,
    Recovered,
    RecoveryReport,
    ReversalResult,
    Reversed,
    Reward,
    Site,
    StampcardError,
    Taken,
    Tender,
    TenderKind,
    Till,
    UnavailableError,
    Verdict,
)
from stampcard.step import Async, Sync
from stampcard.verbs import PurchaseFacts, PurchaseVerbs
from stampcard_adapters.spendgo import (
    AsyncSpendgoTill,
    Balance,
    PendingMember,
    Spendgo,
    SpendgoFacts,
    SpendgoOrder,
    SpendgoTill,
)

F = TypeVar("F", bound=PurchaseFacts)


def sell(till: Till, basket: Basket, tenders: Sequence[Tender], phone: str) -> SpendgoOrder:
    spendgo = till.use(Spendgo.from_env(os.environ)).by("cashier 104").within(5.0).at(Site(store="0042"))
    assert_type(spendgo, SpendgoTill)
    found = spendgo.member(phone)
    assert_type(found, Member | PendingMember)
    buyer = found if isinstance(found, Member) else GUEST
    rewards: tuple[Reward, ...] = spendgo.rewards(buyer) if isinstance(buyer, Member) else ()
    order = spendgo.checkout(
        till.order_id(ticket="417", day=date(2026, 11, 22)),
        basket,
        buyer=buyer,
        reward=rewards[0] if rewards else None,
        ticket="417",
    )
    assert_type(order, Order[PurchaseState, SpendgoFacts])
    assert_type(order.facts.discount, Money | None)
    assert_type(order.facts.transaction_id, str | None)
    order = spendgo.bill(spendgo.place(order, tenders=tenders, command_id="p-1"))
    return spendgo.complete(order)


async def sell_async(till: AsyncTill, basket: Basket, tenders: Sequence[Tender]) -> SpendgoOrder:
    spendgo = till.use(Spendgo.from_env(os.environ)).at(Site(store="0042", tenant="acme"))
    assert_type(spendgo, AsyncSpendgoTill)
    order = await spendgo.checkout("a-1", basket, buyer=GUEST)
    order = await spendgo.bill(await spendgo.place(order, tenders=tenders))
    async for entry in till.changes(after=3):
        assert_type(entry.position, int)
    return await spendgo.complete(order)


class Pad:
    """A terminal, blocking."""

    def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return NotTaken(reason=attempt.key)

    def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return ChargePending()

    def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        return Reversed(reference=taken.reference)


class Gateway:
    """A gateway, awaited."""

    async def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return Taken(tenders=(Tender(kind=TenderKind.CREDIT, amount=attempt.amount),), reference="r-1")

    async def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        return ChargeUnknown(why="not found")

    async def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        return Reversed(reference=taken.reference)


def paid(order: SpendgoOrder) -> SpendgoOrder:
    with Till("pos.db", site=Site(store="0042"), charges=Pad()) as till:
        spendgo = till.use(Spendgo.from_env(os.environ))
        try:
            order = spendgo.pay(order, on_failure="keep", expecting=TenderKind.DEBIT)
        except ChargeFailedError as no:
            assert_type(no.voided, bool)
        except (InDoubtError, DeclinedError) as doubt:
            assert_type(doubt.taken, Taken | None)
        assert_type(order.taken, Taken | None)
        return spendgo.unpay(order, why="changed their mind")


async def paid_async(order: SpendgoOrder) -> SpendgoOrder:
    async with AsyncTill("pos.db", charges=Gateway()) as till:
        return await till.use(Spendgo.from_env(os.environ)).pay(order)


def settle(till: Till, other: Till) -> None:
    told: list[Recovered] = []
    report = till.recover(limit=10, progress=told.append)
    assert_type(report.escalated, tuple[Recovered, ...])
    with till.start_recovery(), other.start_recovery() as nothing:
        assert_type(nothing, None)
    for asked in till.needs_human():
        assert_type(asked, Escalation)
        till.resolve(asked.order.id, as_=Verdict.ACCEPTED, because="seen", by="dana", facts={"transaction_id": "7"})


async def settle_async(till: AsyncTill) -> int:
    async with till.start_recovery():
        report = await till.recover()
    assert_type(report, RecoveryReport)
    for asked in await till.needs_human():
        await till.resolve(asked.order.id, as_=Verdict.DECLINED, because=asked.reason, by="dana")
    return report.open


def whatever_brand(loyalty: PurchaseVerbs[Sync, F], basket: Basket) -> Order[PurchaseState, F]:
    return loyalty.checkout("b-1", basket, buyer=GUEST)


async def whatever_brand_async(loyalty: PurchaseVerbs[Async, F], basket: Basket) -> Order[PurchaseState, F]:
    return await loyalty.checkout("b-1", basket, buyer=GUEST)


def both(till: Till, basket: Basket) -> SpendgoOrder:
    return whatever_brand(till.use(Spendgo.from_env(os.environ)), basket)


def buttons(order: SpendgoOrder) -> list[str]:
    match order.state:
        case PurchaseState.NEW | PurchaseState.CHECKOUT:
            return ["Take payment"]
        case PurchaseState.PLACED | PurchaseState.BILLED:
            return ["Finish"]
        case PurchaseState.COMPLETED:
            return ["Refund"]
        case PurchaseState.VOIDED | PurchaseState.REFUNDED | PurchaseState.ABANDONED:
            return []
        case _:
            assert_never(order.state)


def panel(error: StampcardError) -> str:
    match error.next:
        case Next.FIX | Next.RETRY | Next.WAIT | Next.CALL:
            pass
        case _:
            assert_never(error.next)
    if isinstance(error, UnavailableError):
        assert_type(error.retry_after, float)
    if isinstance(error, InDoubtError):
        assert_type(error.order_id, str)
        assert_type(error.reversible, bool)
    if isinstance(error, DeclinedError):
        assert_type(error.provider_code, str | None)
    if isinstance(error, NotAllowedError):
        assert_type(error.allowed, frozenset[str])
    return error.cashier


def points(spendgo: SpendgoTill, member: Member) -> Balance:
    return spendgo.balance(member)
