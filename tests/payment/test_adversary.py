"""What a careful enemy tried about the customer's money: each of these once lost it, hid it, or left it with nobody."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Generator
from typing import Any, TypeAlias
from unittest.mock import patch

import pytest
from tests.offline.store import POLICY
from tests.payment.shop import BASKET, HERE, Shop, story, usd
from tests.transport.loopback import wait_until

from stampcard import (
    GUEST,
    AsyncTill,
    ChargeAttempt,
    ChargeFailedError,
    ChargeResult,
    InDoubtError,
    NeedsHumanError,
    NotAllowedError,
    NotTaken,
    PurchaseState,
    Settled,
    StampcardError,
    Taken,
    Tender,
    TenderKind,
    UnavailableError,
    Verdict,
)
from stampcard.testing import AsyncTerminal, Refuse, Terminal
from stampcard_adapters.spendgo import SpendgoOrder, SpendgoTill

Cancels: TypeAlias = Callable[[SpendgoTill, Shop], None]
CARD = (Tender(kind=TenderKind.CREDIT, amount=usd("56.68")),)
TIPPED = Taken(
    tenders=(Tender(kind=TenderKind.DEBIT, amount=usd("56.68"), last_four="4242"),), reference="r-9", tip=usd("5.00")
)
"""The 51.68 that are to pay with the reward, and a tip."""


def placed(spendgo: SpendgoTill, here: Shop) -> SpendgoOrder:
    return spendgo.place(here.priced(spendgo, reward=False), tenders=CARD)


def voided_offline(spendgo: SpendgoTill, here: Shop) -> None:
    order = placed(spendgo, here)
    with here.sandbox.faults.offline():
        spendgo.void(order, why="changed their mind")


def placed_and_voided_offline(spendgo: SpendgoTill, here: Shop) -> None:
    order = here.priced(spendgo, reward=False)
    with here.sandbox.faults.offline():
        spendgo.void(spendgo.place(order, tenders=CARD), why="changed their mind")


# what waits to be sent


@pytest.mark.parametrize("cancelled", [voided_offline, placed_and_voided_offline])
def test_nobody_pays_for_a_sale_whose_cancelling_waits(here: Shop, cancelled: Cancels) -> None:
    with here.till(offline=POLICY) as (till, spendgo):
        cancelled(spendgo, here)
        with here.sandbox.faults.offline(), pytest.raises(NotAllowedError, match="voided"):
            spendgo.pay(spendgo.get("t-1"))
        assert here.terminal.taken == {}
        here.pass_time()
        till.recover()
        assert spendgo.get("t-1").state is PurchaseState.VOIDED


def test_a_sale_whose_completing_waits_is_not_unpaid(here: Shop) -> None:
    with here.till(offline=POLICY) as (_, spendgo):
        order = spendgo.pay(here.priced(spendgo, reward=False))
        with here.sandbox.faults.offline():
            spendgo.complete(order)
            with pytest.raises(NotAllowedError) as no:
                spendgo.unpay(spendgo.get("t-1"), why="cold soup")
        assert no.value.code == "charge.completed"
    assert (len(here.terminal.money), here.terminal.reversed) == (1, {})


class SlowAnswer(Terminal):
    """Its `take` answers after everybody has stopped to believe in it."""

    def __init__(self, meanwhile: Callable[[], None], says: Taken) -> None:
        super().__init__()
        self.meanwhile, self.says = meanwhile, says
        self.back: list[Taken] = []

    def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        self.taken[attempt.key] += 1
        time.sleep(0.4)
        self.meanwhile()
        self.money[attempt.key] = self.says
        return self.says

    def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> Any:
        self.back.append(taken)
        return super().reverse(attempt, taken)


@contextlib.contextmanager
def a_late_yes(here: Shop, offline: Any = None) -> Generator[tuple[Any, SpendgoTill, SlowAnswer]]:
    """t-1 was said not to be paid, is being voided, and then the terminal says that it took the money, with a tip."""

    def meanwhile() -> None:
        with here.till(offline=offline) as (other, _):
            here.pass_time()
            world = here.sandbox.faults.offline() if offline is not None else contextlib.nullcontext()
            with world:
                other.recover()  # the terminal's status says: not taken

    slip = TIPPED if offline is None else Taken(tenders=CARD, reference="r")
    status, slow = here.terminal, SlowAnswer(meanwhile, slip)
    with patch("stampcard.step.charge._BUDGET", 0.2):
        here.terminal = slow
        with here.till(offline=offline) as (till, spendgo):
            here.terminal = status
            order = here.priced(spendgo, reward=offline is None)
            with contextlib.suppress(StampcardError):
                spendgo.pay(order)
            here.terminal = slow
            yield till, spendgo, slow


def test_a_late_slip_a_person_confirms_is_given_back_with_its_tip(here: Shop) -> None:
    with a_late_yes(here) as (till, spendgo, slow):
        assert spendgo.get("t-1").state is PurchaseState.VOIDED
        [asked] = till.needs_human()
        assert asked.trigger == "charge"
        till.resolve("t-1", as_=Verdict.ACCEPTED, because="it is on the slip", by="dana")
        till.recover()
        assert slow.back == [TIPPED]
        assert spendgo.get("t-1").taken is None


def test_a_cancelling_that_waits_is_not_sent_over_a_late_yes_and_the_money_goes_back_first(here: Shop) -> None:
    with a_late_yes(here, offline=POLICY) as (till, spendgo, slow):
        assert spendgo.get("t-1").queued == ("void",)
        here.pass_time()
        till.recover()
        assert spendgo.get("t-1").queued == ("void",)  # a person first
        till.resolve("t-1", as_=Verdict.ACCEPTED, because="it is on the slip", by="dana")
        for _ in range(2):
            here.pass_time()
            till.recover()
        assert (spendgo.get("t-1").state, slow.money) == (PurchaseState.VOIDED, {})
        told = story(spendgo)
        assert told.index("reverse accepted") < told.index("void accepted")


# what cannot be billed any more


def test_a_customer_erased_between_the_money_and_the_bill_is_a_persons(here: Shop) -> None:
    with here.till() as (till, spendgo):
        order = here.priced(spendgo)
        here.terminal.next("take", "lost")
        with pytest.raises(InDoubtError):
            spendgo.pay(order)
        till.forget(here.sandbox.spendgo.member.id, provider="spendgo")
        here.pass_time()
        assert [one.result for one in till.recover().results] == [Settled.LANDED, Settled.ESCALATED]
        [asked] = till.needs_human()
        assert (asked.order.id, asked.trigger) == ("t-1", "charge")
        till.resolve("t-1", as_=Verdict.ACCEPTED, because="they have left with the goods", by="dana")
        assert till.recover().results == ()  # asked once
        assert (till.needs_human(), spendgo.get("t-1").taken) == ((), here.terminal.money["t-1-1"])


def test_a_sale_that_is_not_placed_after_all_is_a_persons_once_it_is_paid(here: Shop) -> None:
    with here.till(offline=POLICY) as (till, spendgo):
        order = here.priced(spendgo, reward=False)
        here.terminal.next("take", "lost")
        with here.sandbox.faults.offline(), pytest.raises(InDoubtError):
            spendgo.pay(order)
    with here.till(offline=POLICY, charges=False) as (till, _):
        here.pass_time(25 * 3600)
        assert [one.trigger for one in till.recover().escalated] == ["place"]
        till.resolve("t-1", as_=Verdict.DECLINED, because="never placed", by="dana", trigger="place")
    with here.till(offline=POLICY) as (till, _):
        till.recover()
        assert [one.trigger for one in till.needs_human()] == ["charge"]


# money that was given back, or never asked for


def test_a_sale_whose_money_went_back_is_not_completed(here: Shop) -> None:
    with here.till() as (till, spendgo):
        order = spendgo.pay(here.priced(spendgo))
        here.sandbox.faults.next(Refuse(), trigger="void")
        with pytest.raises(UnavailableError):
            spendgo.unpay(order, why="cold soup")
        order = spendgo.get("t-1")
        assert (order.state, order.taken, set(order.allowed)) == (PurchaseState.BILLED, None, {"void"})
        with pytest.raises(NotAllowedError) as no:
            spendgo.complete(order)
        assert no.value.code == "charge.returned"
        here.pass_time()
        till.recover()
        assert spendgo.get("t-1").state is PurchaseState.VOIDED


def test_a_sale_whose_money_went_back_is_not_completed_out_of_the_queue_either(here: Shop) -> None:
    with here.till(offline=POLICY) as (till, spendgo):
        order = here.priced(spendgo, reward=False)
        with here.sandbox.faults.offline():
            order = spendgo.pay(order)
            assert order.queued == ("place", "bill")
            here.terminal.next("reverse", "lost")
            with pytest.raises(NeedsHumanError):
                spendgo.unpay(order, why="cold soup")
            with pytest.raises(NotAllowedError, match=r"charge\.open"):
                spendgo.complete(spendgo.get("t-1"))
            till.resolve("t-1", as_=Verdict.ACCEPTED, because="on the slip", by="dana")
            with pytest.raises(NotAllowedError, match=r"charge\.returned"):
                spendgo.complete(spendgo.get("t-1"))
        for _ in range(3):
            here.pass_time()
            till.recover()
        assert (spendgo.get("t-1").state, here.terminal.money) == (PurchaseState.VOIDED, {})


def test_nothing_is_left_to_pay_after_a_card_was_declined(here: Shop) -> None:
    with here.till() as (_, spendgo):
        here.terminal.next("take", NotTaken(reason="expired"))
        with pytest.raises(ChargeFailedError):
            spendgo.pay(here.priced(spendgo), on_failure="keep")
        order = spendgo.get("t-1")
        assert order.facts.totals is not None
        free = order.facts.totals.discounted(order.facts.totals.total)
        assert spendgo.pay(order, totals=free).state is PurchaseState.BILLED
        again = spendgo.pay(spendgo.get("t-1"))
        assert (again.state, again.replayed) == (PurchaseState.BILLED, True)


# input


def test_a_word_that_could_not_be_read_back_is_refused_before_anything_happens(here: Shop) -> None:
    with here.till() as (_, spendgo):
        order = here.priced(spendgo)
        with pytest.raises(NotAllowedError, match="void, keep") as no:
            spendgo.pay(order, on_failure="KEEP")  # type: ignore[arg-type]  # the mistake
        assert no.value.code == "input.type"
        assert (here.terminal.taken, story(spendgo)) == ({}, ["checkout intent", "checkout accepted"])


def test_a_person_decides_an_attempt_of_an_order_with_an_odd_name(here: Shop) -> None:
    with here.till() as (till, spendgo):
        order = spendgo.checkout("taken", BASKET, buyer=GUEST)
        here.terminal.next("take", "silent")
        with pytest.raises(InDoubtError):
            spendgo.pay(order)
        till.resolve("taken", as_=Verdict.ACCEPTED, because="slip", by="dana", before_recovery=True)
        till.recover()
        assert spendgo.get("taken").state is PurchaseState.BILLED


def test_a_card_number_is_struck_out_wherever_it_stands_in_a_long_reason(here: Shop) -> None:
    with here.till() as (_, spendgo):
        here.terminal.next("take", NotTaken(reason="x" * 188 + " 4111 1111 1111 1111"))
        with pytest.raises(ChargeFailedError) as no:
            spendgo.pay(here.priced(spendgo))
        assert "4111" not in no.value.reason


# a port that fails in ways no port should


class Cancelled(AsyncTerminal):
    """Something inside it was cancelled, which is nobody's wish to stop the till."""

    async def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        await super().take(attempt)
        raise asyncio.CancelledError

    async def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        if not self.terminal.asked:
            await super().status(attempt)
            raise asyncio.CancelledError
        return await super().status(attempt)


class Hanging(AsyncTerminal):
    """Its first look never comes back."""

    async def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        await super().take(attempt)
        raise OSError("cable")

    async def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        if not self.terminal.asked:
            await super().status(attempt)
            await asyncio.Event().wait()
        return await super().status(attempt)


@pytest.mark.parametrize("port", [Cancelled, Hanging])
async def test_the_background_goes_on_whatever_an_awaited_port_does(here: Shop, port: type[AsyncTerminal]) -> None:
    charges, transport = port(here.terminal), here.sandbox.async_transport()
    with here.till() as (_, counter):
        order = here.priced(counter)
    till = AsyncTill(here.journal, site=HERE, charges=charges, clock=here.clock, transport=transport)
    async with till:
        spendgo = here.averbs(till)
        with pytest.raises(InDoubtError):
            await spendgo.pay(order)
        with patch("stampcard.till.charging.LOOK", 0.2):
            async with till.start_recovery(), asyncio.timeout(20):
                while (await spendgo.get("t-1")).state is not PurchaseState.BILLED:
                    here.pass_time()
                    await asyncio.sleep(0.05)
    assert here.terminal.twice() == ()


class Exiting(Terminal):
    """A driver that ends the program when it meets what it does not know."""

    def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        known = bool(self.asked)
        said = super().status(attempt)
        if not known:
            raise SystemExit(1)
        return said


def test_the_background_goes_on_whatever_a_port_does(here: Shop) -> None:
    here.terminal = Exiting()
    here.terminal.next("take", "lost")
    with here.till() as (till, spendgo):
        with pytest.raises(InDoubtError):
            spendgo.pay(here.priced(spendgo))
        with till.start_recovery():

            def billed() -> bool:
                here.pass_time()
                time.sleep(0.02)
                return spendgo.get("t-1").state is PurchaseState.BILLED

            wait_until(billed)
