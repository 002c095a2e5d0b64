"""The same, awaited: `AsyncTill.pay`, its crashes, its callers that hang up."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from tests.payment.crashes import FELT, dies_before, settled
from tests.payment.shop import HERE, Shop
from tests.payment.test_every_crash import BILLS, CASES, TAKES, a_shop, arranged, each_crash

from stampcard import AsyncTill, ChargeAttempt, ChargeResult, ConfigurationError, StampcardError, Till, UnavailableError
from stampcard.testing import AsyncTerminal, Crash, Terminal
from stampcard_adapters.testing import Sandbox


@pytest.mark.parametrize(("take", "bill", "on_failure"), CASES)
def test_a_crash_at_every_line(tmp_path: Path, take: str, bill: str, on_failure: str) -> None:
    def run(folder: Path, nth: int) -> list[str]:
        here = a_shop(folder)
        with here.till() as (_, spendgo):
            order = arranged(here, spendgo, BILLS[bill])
            here.terminal.next("take", *([] if TAKES[take] is None else [TAKES[take]]))

        async def pays() -> None:
            async with here.async_till() as till:
                with contextlib.suppress(StampcardError):
                    await here.averbs(till).pay(order, on_failure=on_failure)  # type: ignore[arg-type]  # from a table

        with dies_before(nth, *FELT) as seen, contextlib.suppress(Crash):
            asyncio.run(pays())
        here.sandbox.faults.clear()
        with here.till() as (till, spendgo):
            settled(here, till, spendgo)
        return seen

    assert each_crash(tmp_path, run) > 3


class Slow(AsyncTerminal):
    """The customer looks for the card until the test says so."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.waits, self.card = asyncio.Event(), asyncio.Event()

    async def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        self.waits.set()
        await self.card.wait()
        return await super().take(attempt)


async def test_a_caller_that_hangs_up_cancels_no_charge_and_nobody_else_asks_meanwhile(here: Shop) -> None:
    slow = Slow(here.terminal)
    transport = here.sandbox.async_transport()
    async with AsyncTill(here.journal, site=HERE, charges=slow, transport=transport) as till:
        spendgo = here.averbs(till)
        with here.till() as (_, other):
            order = here.priced(other)
        caller = asyncio.create_task(spendgo.pay(order))
        await slow.waits.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        with pytest.raises(UnavailableError) as busy:
            await spendgo.pay(order)
        assert (busy.value.reason, busy.value.retry_after) == ("busy", 60.0)
        assert [one.result.value for one in (await till.recover()).results] == ["busy"]
        with here.till() as (elsewhere, _):
            assert [one.result.value for one in elsewhere.recover().results] == ["busy"]
        assert here.terminal.asked == {}
        slow.card.set()
    with here.till() as (_, other):
        assert other.get("t-1").state == "billed"
    assert here.terminal.taken == {"t-1-1": 1}


def test_a_port_of_the_other_kind_is_refused_when_the_till_is_built(tmp_path: Path) -> None:
    sandbox = Sandbox()
    with pytest.raises(ConfigurationError) as awaited:
        Till(tmp_path / "a.db", site=HERE, charges=AsyncTerminal(), transport=sandbox.transport())  # type: ignore[arg-type]  # the mistake
    assert [problem.code for problem in awaited.value.problems] == ["charges.other_kind"] * 3
    with pytest.raises(ConfigurationError):
        AsyncTill(tmp_path / "a.db", charges=Terminal(), transport=sandbox.async_transport())  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ConfigurationError) as none:
        Till(tmp_path / "a.db", site=HERE, charges=object(), transport=sandbox.transport())  # type: ignore[arg-type]  # the mistake
    assert {problem.message for problem in none.value.problems} == {
        "has no take()",
        "has no status()",
        "has no reverse()",
    }
    assert not (tmp_path / "a.db").exists()
