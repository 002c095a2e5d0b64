"""The promise is durable before a byte leaves, and its ending names it after."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.step.shop import HERE, Provider, Shop, cash, kinds, shop, spendgo

from stampcard.errors import InDoubtError, JournalError, Next, UnavailableError
from stampcard.journal.contract import Append, StoreError
from stampcard.journal.memory import MemoryJournal
from stampcard.model import Entry, EntryKind
from stampcard.till import Till

STAGES = {"checkout": "checkout", "placed": "place", "billed": "bill", "completed": "complete", "refunded": "refund"}


def test_the_intent_is_durable_before_the_provider_receives_the_request(here: Shop) -> None:
    held: dict[str, list[str]] = {}
    for stage in STAGES:

        def look(act: Any, conn: Any, stage: str = stage) -> bytes:
            held[stage] = kinds(here.journal, here.id())  # another connection, while the till waits
            return act()  # type: ignore[no-any-return]

        here.provider.rules[stage] = look
    here.verbs.refund(here.completed(reward=here.reward()), why="cold")
    for stage, trigger in STAGES.items():
        assert held[stage][-1] == f"{trigger} intent"
    assert here.kinds() == [f"{t} {k}" for t in STAGES.values() for k in ("intent", "accepted")]


def test_the_outcome_names_its_intent_and_closes_it(here: Shop) -> None:
    order = here.billed()
    entries = here.verbs.history(order.id)
    for intent, outcome in zip(entries[::2], entries[1::2], strict=True):
        assert intent.kind is EntryKind.INTENT
        assert outcome.kind is EntryKind.ACCEPTED
        assert outcome.intent == intent.intent
        assert outcome.closes == (intent.intent,)
        assert intent.ownership is not None


def test_nothing_is_sent_when_the_journal_cannot_write(here: Shop) -> None:
    order = here.placed()
    before = list(here.provider.seen)
    with sqlite3.connect(here.journal) as other:  # the disk refuses: every insert of an entry fails
        other.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    other.close()
    with pytest.raises(JournalError) as caught:
        here.verbs.bill(order)
    assert here.provider.seen == before
    assert (caught.value.next, caught.value.order_id) == (Next.CALL, order.id)
    assert caught.value.cashier
    with sqlite3.connect(here.journal) as other:
        other.execute("DROP TRIGGER full")
    other.close()
    assert here.verbs.bill(order).state == "billed"


def test_nothing_is_sent_for_an_order_the_closed_journal_cannot_read(provider: Provider) -> None:
    journal = MemoryJournal()
    with Till(journal, site=HERE) as till:
        verbs = till.use(spendgo(provider.url))
        journal.close()
        with pytest.raises(JournalError):
            verbs.get("x")
        with pytest.raises(JournalError):
            till.in_doubt()
        with pytest.raises(JournalError):
            list(till.changes())
        with pytest.raises(JournalError):
            till.forget("494979", provider="spendgo")


class OutcomesFail(MemoryJournal):
    """A disk that takes promises and, while `full`, nothing else."""

    full = False

    def append(self, append: Append) -> tuple[Entry, ...]:
        if self.full and append.entries[-1].kind is not EntryKind.INTENT:
            raise StoreError("disk full")
        return super().append(append)


def test_an_outcome_that_cannot_be_written_is_in_doubt_and_recovery_settles_it(provider: Provider) -> None:
    journal = OutcomesFail()
    with Till(journal, site=HERE) as till:
        verbs = till.use(spendgo(provider.url))
        order = Shop(provider, Path(), till, verbs).placed()
        journal.full = True
        with pytest.raises(InDoubtError) as caught:
            verbs.bill(order)
        assert (caught.value.code, caught.value.next) == ("journal.outcome_unrecorded", Next.CALL)
        assert caught.value.order_id == order.id
        doubted = verbs.get(order.id)
        assert doubted.state == "placed"
        assert doubted.doubt is not None
        assert not doubted.doubt.running
        with pytest.raises(JournalError):  # an attempt that cannot be promised is not made
            verbs.recover(order.id, within=0)
        assert provider.calls(order.id)["billed"] == 1
        journal.full = False
        assert verbs.recover(order.id).state == "billed"
        assert provider.model.states(order.id) == ("checkout", "placed", "billed")
        assert provider.model.unbalanced() == ()
        assert till.in_doubt() == ()


def test_a_step_that_never_reached_the_provider_frees_the_order(provider: Provider, tmp_path: Path) -> None:
    with shop(provider, tmp_path / "j.db") as here:
        order = here.priced()
    provider.close()
    with shop(provider, tmp_path / "j.db") as here:
        with pytest.raises(UnavailableError) as caught:
            here.verbs.place(order, tenders=cash(order))
        assert caught.value.reason == "unreachable"
        assert caught.value.next is Next.RETRY
        assert caught.value.allowed == {"checkout", "place", "void", "abandon"}
        assert here.kinds(order.id)[-2:] == ["place intent", "place not_sent"]
        assert here.verbs.get(order.id).settled
