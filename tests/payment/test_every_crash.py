"""The till dies at every line of `pay`, for every answer of the terminal and of the provider; the next one settles it.

Whatever happened: a key was charged at most once, and the money is held exactly for the orders that are billed, or with
a person.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.payment.crashes import FELT, dies_before, settled
from tests.payment.shop import Shop

from stampcard import NotReversed, NotTaken, StampcardError, Tender, TenderKind
from stampcard.testing import Clock, Crash, Drop, Refuse, Terminal, When, crash_at
from stampcard_adapters.spendgo import SpendgoOrder
from stampcard_adapters.testing import Sandbox

TAKES: dict[str, Any] = {
    "taken": None,
    "declined": NotTaken(reason="no funds"),
    "taken, the answer is lost": "lost",
    "not taken, no answer": "silent",
    "the port fails": OSError("cable"),
}
BILLS: dict[str, Any] = {
    "billed": None,
    "the reply is lost": Drop(When.AFTER),
    "never arrives": Drop(When.BEFORE),
    "cannot be sent": Refuse(),
    "the reward is gone": "outrun",
    "the reward is gone, the money does not come back": NotReversed(reason="settled"),
    "the reward is gone, nobody knows whether the money came back": "lost",
}
CASES = [
    *((take, "billed", "void") for take in TAKES),
    *((take, "billed", "keep") for take in TAKES if take != "taken"),  # what was taken is never kept unbilled
    *((take, bill, "void") for take in ("taken", "taken, the answer is lost") for bill in list(BILLS)[1:]),
]
_LONGEST = 80
"""More effects than any of these runs has."""


def a_shop(folder: Path) -> Shop:
    folder.mkdir()
    clock = Clock()
    return Shop(journal=folder / "till.db", sandbox=Sandbox(clock=clock), terminal=Terminal(), clock=clock)


def arranged(here: Shop, spendgo: Any, bill: Any) -> SpendgoOrder:
    """An order ready to be paid, and what the provider will say to its bill."""
    if bill is None or isinstance(bill, (Drop, Refuse)):
        order: SpendgoOrder = here.priced(spendgo)
        if bill is not None:
            here.sandbox.faults.next(bill, trigger="bill")
        return order
    order = here.priced(spendgo)
    other = here.priced(spendgo, "t-0")
    assert order.facts.to_pay is not None
    order = spendgo.place(order, tenders=[Tender(kind=TenderKind.CREDIT, amount=order.facts.to_pay.total)])
    spendgo.bill(spendgo.place(other, tenders=order.facts.tenders))
    if bill != "outrun":
        here.terminal.next("reverse", bill)
    return order


def each_crash(tmp_path: Path, run: Callable[[Path, int], list[str]]) -> int:
    """Every point of it, until it comes to its end alive; how many there were."""
    for nth in range(1, _LONGEST):
        if len(run(tmp_path / str(nth), nth)) < nth:
            return nth
    raise AssertionError("it never ended")


@pytest.mark.parametrize(("take", "bill", "on_failure"), CASES)
def test_a_crash_at_every_line(tmp_path: Path, take: str, bill: str, on_failure: Any) -> None:
    def run(folder: Path, nth: int) -> list[str]:
        here = a_shop(folder)
        with here.till() as (_, spendgo):
            order = arranged(here, spendgo, BILLS[bill])
            here.terminal.next("take", *([] if TAKES[take] is None else [TAKES[take]]))
            with dies_before(nth, *FELT) as seen, contextlib.suppress(Crash, StampcardError):
                spendgo.pay(order, on_failure=on_failure)
        here.sandbox.faults.clear()
        with here.till() as (till, spendgo):
            settled(here, till, spendgo)
            with contextlib.suppress(StampcardError):
                spendgo.pay(order, on_failure=on_failure)
            settled(here, till, spendgo)
        return seen

    assert each_crash(tmp_path, run) > 3


def test_a_crash_at_every_single_effect(tmp_path: Path) -> None:
    def run(folder: Path, nth: int) -> list[str]:
        here = a_shop(folder)
        with here.till() as (_, spendgo):
            order = here.priced(spendgo)
            with dies_before(nth) as seen, contextlib.suppress(Crash):
                spendgo.pay(order, on_failure="keep")
        with here.till() as (till, spendgo):
            settled(here, till, spendgo)
            assert spendgo.pay(order, on_failure="keep").state == "billed"
            settled(here, till, spendgo)
        assert len(here.terminal.money) == 1
        return seen

    assert each_crash(tmp_path, run) > 25


@pytest.mark.parametrize("bill", BILLS)
@pytest.mark.parametrize("take", ["taken", "taken, the answer is lost"])
def test_a_crash_at_every_line_of_the_recovery_too(tmp_path: Path, take: str, bill: str) -> None:
    """The first till died with the money taken and nothing of it written; then the next one dies at every line."""

    def run(folder: Path, nth: int) -> list[str]:
        here = a_shop(folder)
        with here.till() as (_, spendgo):
            order = arranged(here, spendgo, BILLS[bill])
            here.terminal.next("take", *([] if TAKES[take] is None else [TAKES[take]]))
            with crash_at("charged"), contextlib.suppress(Crash, StampcardError):
                spendgo.pay(order)
        with here.till() as (till, _), dies_before(nth, *FELT) as seen:
            here.pass_time()
            with contextlib.suppress(Crash):
                till.recover()
        here.sandbox.faults.clear()
        with here.till() as (till, spendgo):
            settled(here, till, spendgo)
        return seen

    assert each_crash(tmp_path, run) > 5
