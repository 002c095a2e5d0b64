"""A till that dies between two effects of a step, at any of them.

May live here: the death, and the judgement of what it left. May not: a test.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.payment.shop import Shop

from stampcard import PurchaseState, Till
from stampcard.step import effects as do
from stampcard.testing import Crash
from stampcard.till.aruntime import AsyncRuntime
from stampcard.till.runtime import SyncRuntime
from stampcard_adapters.spendgo import SpendgoTill

FELT = (do.Write, do.Send, do.Charge, do.ChargeStatus, do.ReverseCharge)
"""Effects somebody outside notices: dying between two others is dying after the one before."""
PAID = (PurchaseState.BILLED, PurchaseState.COMPLETED)


@contextmanager
def dies_before(nth: int, *kinds: type[do.Effect[Any]]) -> Generator[list[str], None, None]:
    """The process dies before the nth effect (of these kinds). Gives the effects it came to, by name."""
    seen: list[str] = []

    def feels(effect: do.Effect[Any]) -> None:
        if not kinds or isinstance(effect, kinds):
            seen.append(type(effect).__name__)
            if len(seen) == nth:
                raise Crash(f"before {seen[-1]}")

    perform, aperform = SyncRuntime._perform, AsyncRuntime._perform

    def dying(runtime: SyncRuntime, effect: do.Effect[Any], calls: list[str]) -> object:
        feels(effect)
        return perform(runtime, effect, calls)

    async def adying(runtime: AsyncRuntime, effect: do.Effect[Any], calls: list[str]) -> object:
        feels(effect)
        return await aperform(runtime, effect, calls)

    with patch.object(SyncRuntime, "_perform", dying), patch.object(AsyncRuntime, "_perform", adying):
        yield seen


def settled(here: Shop, till: Till, spendgo: SpendgoTill, tickets: tuple[str, ...] = ("t-1",)) -> None:
    """In a healed world: recovery settles it or asks a person, and the money is where the order says."""
    for _ in range(4):
        here.pass_time()
        till.recover()
    asked = {one.order.id for one in till.needs_human()}
    assert [o.id for o in till.in_doubt() if o.id not in asked] == []
    assert here.terminal.twice() == ()
    for ticket in tickets:
        order = spendgo.get(ticket)
        has = {key for key in here.terminal.money if key.rpartition("-")[0] == ticket}
        if ticket in asked:
            continue
        assert bool(has) == (order.state in PAID), (ticket, order.state, has)
        assert len(has) <= 1
        assert (order.taken is not None) == (order.state in PAID)
        assert here.sandbox.spendgo.states(ticket)[-1:] == (str(order.state),)
    assert here.sandbox.unbalanced() == ()
