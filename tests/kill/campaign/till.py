"""A till in a process of its own, selling at all five providers until it is killed.

It says BEFORE each wish what it is going to do, and AFTER it what it was told; nothing else leaves it but its calls and
its journal. It starts when its job, one line of JSON, comes in.

May live here: the till's life. May not: a check of anything.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import attrs
from tests.kill.campaign import shops

from stampcard.errors import StampcardError, UnknownOrderError
from stampcard.model import Order
from stampcard.simulate import Draw
from stampcard.step import Plan
from stampcard.step.rounds import recover_all
from stampcard.till import AsyncTill, Till

__all__ = ["Job", "main"]

_SAYING = threading.Lock()


@attrs.frozen(kw_only=True)
class Job:
    """What a till process is to do.

    shop: 0 in the first journal of the world, 1 in any other. ahead: seconds its wall clock is ahead of the machine's.
    known: (provider, order) it goes on with. lanes: threads that sell. first: one recovery pass comes before the sales.
    background: leave recovery on. awaited: an `AsyncTill`. settle: nothing is sold; one pass, a look at everything a
    provider moves, and the process ends by itself.
    """

    journal: str
    url: str
    seed: int
    number: int
    shop: int
    ahead: float
    known: tuple[tuple[str, str], ...] = ()
    lanes: int = 1
    patience: float = 3.0
    first: bool = False
    background: bool = True
    awaited: bool = False
    settle: bool = False


def say(**what: Any) -> None:
    """To the parent. One write, so that a kill leaves a whole line or none."""
    with _SAYING:
        os.write(1, json.dumps(what).encode() + b"\n")


class Life:
    """One till. drive: runs a step to its end."""

    def __init__(self, job: Job, till: Till | AsyncTill, drive: Callable[[Any], Any]) -> None:
        self.job, self.till, self._drive = job, till, drive
        self.scenarios = shops.scenarios(job.seed, lambda: shops.ahead(job.ahead))
        self.verbs: dict[str, Any] = {}
        for name, scenario in self.scenarios.items():
            settings = shops.settings(scenario, job.url)
            # The scenarios' wishes are bare steps; the till's own driver runs them, as it runs its verbs.
            seat: Any = attrs.evolve(till._seat, mode=Plan)
            self.verbs[name] = settings.bind(seat)

    def lane(self, number: int) -> None:
        """Sell until killed."""
        draw = Draw(self.job.seed, self.job.number, number)
        mine = {order_id: name for name, order_id in self.job.known[number :: self.job.lanes]}
        # A provider of whose members only one shop may know is sold in the first one alone.
        sold = [name for name in shops.SHARES if self.job.shop < self.scenarios[name].shops]
        opened = 0
        while True:
            if mine and draw.chance(0.85):
                order_id = draw.pick(sorted(mine))
                if not self._turn(mine[order_id], order_id, draw):
                    del mine[order_id]
                continue
            opened += 1
            name = draw.pick(sold)
            ticket = f"{self.job.number}-{number}-{opened}"
            order_id = self.till.order_id(ticket=ticket, day=shops.ahead(self.job.ahead).date())
            mine[order_id] = name
            self._done(name, order_id, 0, self.scenarios[name].open(self.verbs[name], order_id, draw))

    def _turn(self, name: str, order_id: str, draw: Draw) -> bool:
        """The next wish about an order. False when there is none: it is let go."""
        try:
            order = self._drive(self.verbs[name].get(order_id))
        except UnknownOrderError:
            return False  # it was never opened
        told(order)
        if order.doubt is not None and (order.doubt.needs_human or draw.chance(0.5)):
            if order.doubt.needs_human:
                return False
            wish = self.verbs[name].recover(order_id, within=draw.pick((0.0, 0.3, 1.0)))
        else:
            wish = self.scenarios[name].next(self.verbs[name], order, draw)
        if wish is None:
            return not order.final and draw.chance(0.7)
        self._done(name, order_id, order.version, wish)
        return True

    def _done(self, name: str, order_id: str, version: int, wish: Any) -> None:
        say(will=order_id, provider=name, version=version)
        try:
            result = self._drive(wish)
        except StampcardError as error:
            say(refused=order_id, error=type(error).__name__, code=error.code)
            return
        if isinstance(result, Order):
            told(result)
        say(did=order_id)

    def settle(self) -> None:
        """One pass, then everything a provider moves without us."""
        report = self._drive(recover_all(self.till._seat, self.till._adapters, limit=None, progress=None))
        for name, order_id in self.job.known:
            verbs = self.verbs[name]
            try:
                order = self._drive(verbs.get(order_id))
            except UnknownOrderError:
                continue
            told(order)
            if order.doubt is None and "observe" in order.allowed:
                self._done(name, order_id, order.version, verbs.observe(order))
        say(settled=True, open=report.open, escalated=len(report.escalated), left=len(report.left_alone))


def told(order: Any) -> None:
    """What a cashier reads on the screen: from now on it may not be lost."""
    say(told=order.id, version=order.version, state=str(order.state))


def live(job: Job) -> None:
    """A `Till`, to the end of the process."""
    with ExitStack() as stack:
        till = stack.enter_context(Till(job.journal, **_options(job)))
        life = Life(job, till, till._runtime.drive)
        say(open=till._runtime.tenure.owner)
        if job.settle:
            life.settle()
            return
        if job.background:
            stack.enter_context(till.start_recovery())
        if job.first:
            say(recovering=True)
            till.recover()
            say(recovered=True)
        others = [threading.Thread(target=life.lane, args=(n,), daemon=True) for n in range(1, job.lanes)]
        for one in others:
            one.start()
        life.lane(0)


async def live_awaited(job: Job) -> None:
    """An `AsyncTill`, to the end of the process: its lanes share its one event loop."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        till = await stack.enter_async_context(AsyncTill(job.journal, **_options(job)))
        life = Life(job, till, lambda step: asyncio.run_coroutine_threadsafe(till._runtime.adrive(step), loop).result())
        say(open=till._runtime.tenure.owner)
        if job.background:
            await stack.enter_async_context(till.start_recovery())
        if job.first:
            say(recovering=True)
            await till.recover()
            say(recovered=True)
        await asyncio.gather(*(asyncio.to_thread(life.lane, number) for number in range(job.lanes)))


def _options(job: Job) -> dict[str, Any]:
    return {"site": shops.HERE, "deadline": job.patience, "clock": lambda: shops.ahead(job.ahead)}


def main() -> None:
    """Wait for the job, and do it."""
    line = sys.stdin.readline()
    if not line:
        return
    shops.end_with_the_parent(sys.stdin.read, lambda: os._exit(0))
    said = json.loads(line)
    job = Job(**{**said, "known": tuple((name, order_id) for name, order_id in said["known"])})
    say(opening=job.journal)
    if job.awaited:
        asyncio.run(live_awaited(job))
    else:
        live(job)
