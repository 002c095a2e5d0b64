"""The blocking and the awaited driver run the same steps: one script, the same journal, entry by entry."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.step.shop import BASKET, HERE, MEMBER, Provider, basket, cash, deaf, first, lost, says, spendgo

from stampcard.errors import StampcardError
from stampcard.model import GUEST, Entry, EntryKind
from stampcard.till import AsyncTill, Till
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.spendgo import SpendgoOrder

MOMENT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


async def _script(verbs: Any, provider: Provider) -> list[str]:
    """Every kind of ending; what each verb answered."""
    said: list[str] = []

    async def do(wanted: Any) -> Any:
        try:
            answer = await wanted() if inspect.iscoroutinefunction(wanted) else wanted()
            if isinstance(answer, Awaitable):
                answer = await answer
        except StampcardError as error:
            said.append(f"{type(error).__name__} {error.code} {sorted(error.allowed)}")
            return None
        said.append(f"{answer.state} {answer.version} {answer.replayed} {answer.settled}")
        return answer

    def rule(stage: str, one: Any) -> None:
        provider.rules[stage] = first(one)

    order: SpendgoOrder = await do(lambda: verbs.checkout("o-1", BASKET, buyer=MEMBER))
    await do(lambda: verbs.complete(order))
    rule("placed", says(429, b""))
    await do(lambda: verbs.place(order, tenders=cash(order)))
    order = await do(lambda: verbs.get("o-1"))
    rule("placed", says(400, b'{"code": 2000, "details": "No"}'))
    await do(lambda: verbs.place(order, tenders=cash(order), command_id="p"))
    await do(lambda: verbs.place(order, tenders=cash(order), command_id="p"))
    order = await do(lambda: verbs.get("o-1"))
    order = await do(lambda: verbs.place(order, tenders=cash(order)))
    rule("billed", lost)
    await do(lambda: verbs.bill(order))
    await do(lambda: verbs.recover("o-1"))
    rule("completed", says(500, b"<html>"))
    order = await do(lambda: verbs.get("o-1"))
    await do(lambda: verbs.complete(order, why="done"))
    provider.rules["completed"] = says(400, b'{"code": 2000, "details": "No"}')
    await do(lambda: verbs.recover("o-1"))
    await do(lambda: verbs.get("o-1"))
    rule("checkout", deaf)
    await do(lambda: verbs.checkout("o-2", basket("20.00"), buyer=GUEST))
    order = await do(lambda: verbs.get("o-2"))
    await do(lambda: verbs.abandon(order, why="left"))
    order = await do(lambda: verbs.checkout("o-3", BASKET, buyer=MEMBER))
    rule("voided", says(502, b""))
    await do(lambda: verbs.void(order, why="no"))
    await do(lambda: verbs.recover("o-3"))
    return said


def _plain(entry: Entry, names: dict[str, str]) -> Entry:
    """Without what is minted anew in every run, and the transport's own word for a connection that broke."""

    def short(name: str) -> str:
        return names.setdefault(name, f"intent-{len(names)}")

    return attrs.evolve(
        entry,
        intent=None if entry.intent is None else short(entry.intent),
        closes=tuple(short(name) for name in entry.closes),
        ownership=None,
        why="the connection broke" if entry.kind is EntryKind.UNKNOWN and "Error" in (entry.why or "") else entry.why,
    )


async def _run(journal: Path, *, awaited: bool) -> tuple[list[str], list[Entry], list[tuple[str, str]]]:
    names: dict[str, str] = {}
    with closing(Provider(SpendgoModel(clock=lambda: MOMENT))) as provider:
        if awaited:
            async with AsyncTill(journal, site=HERE, clock=lambda: MOMENT) as till:
                said = await _script(till.use(spendgo(provider.url)).by("anna"), provider)
                return said, [_plain(e, names) async for e in till.changes()], provider.seen
        with Till(journal, site=HERE, clock=lambda: MOMENT) as plain:
            said = await _script(plain.use(spendgo(provider.url)).by("anna"), provider)
            return said, [_plain(e, names) for e in plain.changes()], provider.seen


async def test_one_script_leaves_the_same_journal_whichever_driver_runs_it(tmp_path: Path) -> None:
    blocking = await _run(tmp_path / "sync.db", awaited=False)
    awaited = await _run(tmp_path / "async.db", awaited=True)
    assert blocking == awaited
    said, entries, _ = blocking
    assert {e.kind.value for e in entries} == {
        "intent",
        "attempt",
        "accepted",
        "declined",
        "not_sent",
        "unknown",
        "evidence",
        "escalated",
    }
    assert any(line.startswith("NeedsHumanError") for line in said)


@pytest.mark.parametrize("awaited", [False, True])
async def test_the_same_script_twice_is_the_same_journal(tmp_path: Path, awaited: bool) -> None:
    once = await _run(tmp_path / "one.db", awaited=awaited)
    assert once == await _run(tmp_path / "two.db", awaited=awaited)
