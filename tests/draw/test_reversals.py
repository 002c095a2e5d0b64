"""The page of reversals from doubt says what the engine does, for every step that may be in doubt."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stampcard.adapter import Policy, Repeat
from stampcard.draw._reversals import lines
from stampcard.journal.contract import Header, Record
from stampcard.journal.fold import Standing, fold
from stampcard.lifecycles import LIFECYCLES, Lifecycle
from stampcard.model import Entry, EntryKind, Environment, Ownership, Site
from stampcard.step.recover import first_open
from stampcard.step.view import legal
from stampcard.step.watch import to_watch
from stampcard.testing import Clock

PAGE = Path("diagrams/reversal.md")
every_lifecycle = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=list(LIFECYCLES))


def adapter(lifecycle: Lifecycle[Any]) -> Any:
    """One that has every trigger, and whose steps that may be fired again from where they lead change nothing."""
    policies = {
        row.trigger: Policy(
            repeat=Repeat.SAME_KEY,
            effectless=all(lifecycle.repeatable(str(s), row.trigger) for s in row.sources),
        )
        for row in lifecycle.rows
        if row.calls_provider
    }
    return SimpleNamespace(lifecycle=lifecycle, policies=policies)


def in_doubt(lifecycle: Lifecycle[Any], state: str, *triggers: str) -> Standing:
    """An order in that state with those steps in doubt."""
    header = Header(
        order_id="o-1",
        provider="p",
        environment=Environment.SANDBOX,
        site=Site(store="1"),
        lifecycle=lifecycle.name,
        fingerprint="",
        opened_at=Clock()(),
    )
    entries = tuple(
        Entry(
            position=version,
            order_id="o-1",
            provider="p",
            version=version,
            kind=EntryKind.INTENT,
            trigger=trigger,
            state=state,
            at=Clock()(),
            intent=f"{trigger}-1",
            ownership=Ownership(owner="a", boot="b", hard_end=0.0),
        )
        for version, trigger in enumerate(triggers, start=1)
    )
    return fold(Record(header=header, entries=entries))


@every_lifecycle
def test_the_table_has_every_step_that_may_be_in_doubt_once(lifecycle: Lifecycle[Any]) -> None:
    wanted = [
        (row.trigger, str(source))
        for row in lifecycle.rows
        for source in row.sources
        if row.calls_provider and row.trigger != "observe"  # promises nothing
    ]
    assert [(trigger, source) for trigger, source, *_ in lines(lifecycle)] == wanted


@every_lifecycle
def test_what_may_undo_a_step_is_what_the_engine_lets_be_fired(lifecycle: Lifecycle[Any]) -> None:
    here = adapter(lifecycle)
    for trigger, source, _, undoing, *_ in lines(lifecycle):
        allowed = legal(here, in_doubt(lifecycle, source, trigger))
        reversing = {r.trigger for r in lifecycle.rows if r.reverses} & allowed - {trigger}
        assert reversing == (set() if undoing.startswith("nothing") else set(undoing.split(", "))), (trigger, source)


@every_lifecycle
def test_what_is_watched_is_what_the_engine_notes_when_the_reversal_is_accepted(lifecycle: Lifecycle[Any]) -> None:
    here = adapter(lifecycle)
    for trigger, source, _, undoing, closes, watched, _ in lines(lifecycle):
        if closes == "-":
            continue
        for reversal in undoing.split(", "):
            standing = in_doubt(lifecycle, source, trigger, reversal)
            noted = to_watch(here, standing, f"{reversal}-1")
            assert bool(noted) == watched.startswith(trigger), (trigger, source)


@every_lifecycle
def test_recovery_settles_the_reversal_first_and_nothing_may_be_fired(lifecycle: Lifecycle[Any]) -> None:
    here = adapter(lifecycle)
    for trigger, source, _, undoing, closes, *_ in lines(lifecycle):
        for reversal in undoing.split(", ") if closes != "-" else ():
            standing = in_doubt(lifecycle, source, trigger, reversal)
            assert first_open(here, standing.open).trigger == reversal
            assert legal(here, standing) == frozenset()


def test_the_page_in_the_repository_has_these_lines() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for lifecycle in LIFECYCLES.values():
        for first, *rest in lines(lifecycle):
            assert f"| **{first}** | {' | '.join(rest)} |" in text
    assert re.search(r"\| \*\*bill\*\* \| placed \| billed \| void \| void and bill \|", text)
