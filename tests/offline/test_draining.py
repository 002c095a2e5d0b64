"""The queue by itself: in the background, in several tills and processes, awaited, crashed; and any story."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import subprocess
import sys
import textwrap
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.jumping import Jumping
from tests.offline.store import BASKET, CASH, POLICY, Store, at
from tests.step.shop import Provider, spendgo

from stampcard import AsyncTill, PurchaseState, Site, StampcardError, Till
from stampcard.journal import open_journal
from stampcard.step import drain
from stampcard.step.keeper import Keeper
from stampcard.testing import Clock, Crash, Drop, Refuse, Status, When
from stampcard.till.runtime import SyncRuntime
from stampcard_adapters.testing import STORE, Sandbox

SALE = ("placed", "billed", "completed")


# the background


def rounds(store: Store, seconds: float) -> list[float]:
    """A keeper's rounds for so long; when, since they began, it made a call."""
    till: Any = store.till
    keeper = Keeper(till._seat, till._adapters)
    began, calls = store.clock.monotonic(), list[float]()
    while store.clock.monotonic() - began < seconds:
        agenda = till._runtime.drive(keeper.agenda())
        for errand in agenda.errands:
            before = sum(len(store.sandbox.spendgo.states(f"o{n}")) for n in range(20))
            till._runtime.drive(keeper.run(errand))
            if sum(len(store.sandbox.spendgo.states(f"o{n}")) for n in range(20)) > before:
                calls.append(store.clock.monotonic() - began)
        store.clock.pass_(seconds=0.05 if agenda.errands else max(agenda.pause, 0.05))
    return calls


def test_what_waits_is_sent_by_itself_one_step_at_a_time_and_not_all_at_once() -> None:
    with at() as store:
        with store.away():
            for n in range(10):
                store.sold(f"o{n}")
            rounds(store, 30)
        calls = rounds(store, 120)
        assert store.waits() == 0
        assert all(store.there(f"o{n}") == SALE for n in range(10))
        pauses = [b - a for a, b in itertools.pairwise(calls)]
        assert min(pauses) >= 0.125
        assert calls[-1] - calls[0] > 5


def test_while_the_provider_is_away_the_background_hardly_tries() -> None:
    with at() as store:
        with store.away():
            for n in range(10):
                store.sold(f"o{n}", "checkout")
            before = sum(len(store.spendgo.history(f"o{n}")) for n in range(10))
            rounds(store, 600)
            tries = sum(len(store.spendgo.history(f"o{n}")) for n in range(10)) - before
        assert 5 <= tries // 2 <= 40  # an intent and its ending each


# several at once


def test_two_tills_on_one_journal_send_each_step_once() -> None:
    with at() as one, at(one.journal, sandbox=one.sandbox, clock=one.clock) as other:
        with one.away():
            for n in range(6):
                one.sold(f"o{n}")
        one.clock.pass_(seconds=120)
        chosen = random.Random(4)  # noqa: S311  which till is next, the same in every run
        for _ in range(30):
            chosen.choice([one, other]).till.recover(limit=1)
        for n in range(6):
            assert one.there(f"o{n}") == SALE
            sent = [entry.trigger for entry in one.spendgo.history(f"o{n}") if entry.kind == "intent"]
            assert [t for t in sent if t != "checkout"] == ["place", "bill", "complete"]


DRAINS = """
    import sys
    from stampcard import Till
    from tests.step.shop import spendgo
    with Till(sys.argv[1], site=None) as till:
        till.use(spendgo(sys.argv[2]))
        for _ in range(40):
            till.recover()
            if till.offline().depth == 0:
                break
"""


def test_two_processes_on_one_journal_send_each_step_once(tmp_path: Path) -> None:
    with contextlib.closing(Provider()) as provider:
        file = tmp_path / "j.db"
        site = Site(store=STORE)
        dead = spendgo("http://127.0.0.1:1")
        with Till(file, site=site, offline=POLICY) as till:
            away = till.use(dead)
            for n in range(5):
                order = away.checkout(f"o{n}", BASKET, buyer=Sandbox().spendgo.member)
                order = away.bill(away.place(order, tenders=CASH))
                away.complete(order)
            assert till.offline().depth == 20
        command = [sys.executable, "-c", textwrap.dedent(DRAINS), str(file), provider.url]
        running = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(2)]
        assert [one.wait(60) for one in running] == [0, 0]
        assert all(provider.calls(f"o{n}") == dict.fromkeys(("checkout", *SALE), 1) for n in range(5))
        with contextlib.closing(open_journal(file)) as journal:
            assert journal.open_orders() == ()


async def test_an_awaited_till_does_the_same() -> None:
    clock = Clock()
    sandbox = Sandbox(clock=clock)
    async with AsyncTill(
        ":memory:", site=Site(store=STORE), offline=POLICY, transport=sandbox.async_transport(), clock=clock
    ) as till:
        verbs = till.use(sandbox.spendgo.provider())
        with sandbox.faults.offline():
            order = await verbs.checkout("a", BASKET, buyer=sandbox.spendgo.member)
            order = await verbs.bill(await verbs.place(order, tenders=CASH))
            order = await verbs.complete(order)
            assert (await till.offline()).depth == 4
        await till.switch_off("spendgo", why="w", by="b")
        clock.pass_(seconds=10)
        await till.recover()
        assert (await till.offline()).depth == 4
        await till.switch_on("spendgo", why="w", by="b")
        clock.pass_(seconds=10)
        await till.recover()
        assert (await verbs.get("a")).state is PurchaseState.COMPLETED
        await asyncio.sleep(0)


# clocks


def test_a_clock_that_is_set_forward_makes_nothing_too_old() -> None:
    clock = Jumping(Clock())
    with at(sandbox=Sandbox(clock=clock.clock), clock=clock) as store:
        order = store.sold("a", "bill")
        with store.away():
            store.spendgo.complete(order)
        clock.ahead = timedelta(days=300)
        clock.clock.pass_(seconds=60)
        assert [str(one.result) for one in store.till.recover().results] == ["sent"]


def test_what_waited_too_long_is_known_to_a_till_without_a_policy() -> None:
    with at() as store, at(store.journal, policy=None, sandbox=store.sandbox, clock=store.clock) as other:
        order = store.sold("a", "bill")
        with store.away():
            store.spendgo.complete(order)
        store.clock.pass_(hours=25)
        assert [str(one.result) for one in other.till.recover().results] == ["escalated"]


# a crash anywhere


@contextlib.contextmanager
def dies_at(effect: int) -> Generator[None]:
    """The process dies before that effect, counted from now."""
    perform, left = SyncRuntime._perform, itertools.count(1)

    def dying(runtime: Any, wanted: Any, calls: Any) -> object:
        if next(left) >= effect:
            raise Crash
        return perform(runtime, wanted, calls)

    with patch.object(SyncRuntime, "_perform", dying):
        yield


@pytest.mark.parametrize("point", range(1, 60, 2))
def test_a_crash_anywhere_while_draining_sends_nothing_twice_and_drops_nothing(point: int) -> None:
    with at() as store:
        with store.away():
            store.sold("a")
        store.clock.pass_(seconds=120)
        with dies_at(point), contextlib.suppress(Crash):
            store.till.recover()
        journal: Any = store.journal
        journal._owners.clear()  # its process is gone
        with at(store.journal, sandbox=store.sandbox, clock=store.clock) as again:
            for _ in range(6):
                again.clock.pass_(seconds=700)
                again.till.recover()
            assert again.there("a") == SALE
            assert again.spendgo.get("a").settled


# any story


WISHES = st.sampled_from(["checkout", "place", "bill", "complete", "void", "refund", "abandon", "recover", "wait"])
NET = st.sampled_from(["up", "down", "lose", "cut", "refuse", "error"])


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from("ab"), WISHES, NET), max_size=14))
def test_whatever_happens_every_step_that_waited_is_sent_once_in_its_order_or_is_with_a_person(
    story: list[tuple[str, str, str]],
) -> None:
    with at() as store:
        for order_id, wish, net in story:
            with contextlib.ExitStack() as stack:
                if net == "down":
                    stack.enter_context(store.away())
                elif net != "up":
                    faults = {"lose": Drop(When.AFTER), "cut": Drop(When.BEFORE), "refuse": Refuse()}
                    store.sandbox.faults.next(faults.get(net, Status(503)), provider="spendgo")
                with contextlib.suppress(StampcardError):
                    wished(store, order_id, wish)
            store.sandbox.faults.clear()
        for _ in range(12):
            store.clock.pass_(seconds=700)
            store.till.recover()
        people = {(one.order.id, one.trigger) for one in store.till.needs_human()}
        for order_id in "ab":
            judged(store, order_id, people)


def wished(store: Store, order_id: str, wish: str) -> None:
    verbs: Any = store.spendgo
    if wish == "wait":
        store.clock.pass_(seconds=30)
    elif wish == "recover":
        store.till.recover()
    elif wish == "checkout":
        verbs.checkout(order_id, BASKET, buyer=store.sandbox.spendgo.member)
    else:
        more = {"place": {"tenders": CASH}, "void": {"why": "w"}, "refund": {"why": "w"}}.get(wish, {})
        getattr(verbs, wish)(verbs.get(order_id), **more)


STAGE = {"place": "placed", "bill": "billed", "complete": "completed", "void": "voided", "refund": "refunded"}


def judged(store: Store, order_id: str, people: set[tuple[str, str]]) -> None:
    try:
        order = store.spendgo.get(order_id)
    except StampcardError:
        return  # never opened
    entries = store.spendgo.history(order_id)
    there = store.there(order_id)
    assert len(there) == len(set(there)), "a step took effect twice"
    if people:
        return
    assert order.settled, (order.queued, order.doubt)
    expected = [STAGE[e.trigger] for e in entries if e.kind == "accepted" and e.trigger in STAGE]
    assert [stage for stage in there if stage in expected] == expected
    for entry in entries:
        if entry.kind != "queued":
            continue
        endings = [e for e in entries if e.intent == entry.intent and e.kind in ("accepted", "declined", "resolved")]
        dropped = any(e.trigger == "abandon" and e.kind == "accepted" for e in entries)
        assert len(endings) == 1 or (dropped and entry.trigger == "checkout"), f"{entry.trigger} was dropped"


def test_what_is_too_large_to_be_sent_is_for_a_person_and_is_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with at() as store:
        with store.away():
            store.sold("a", "checkout")
        monkeypatch.setattr(drain, "MAX_BODY", 100)
        assert [result for _, _, result in store.drained()] == ["escalated"]
        assert "too large" in store.till.needs_human()[0].reason
