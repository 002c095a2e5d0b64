"""What a report says without any provider, against what a till with the provider says."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from stampcard.cli.report import legal_by_table, report
from stampcard.journal.fold import fold
from stampcard.journal.memory import MemoryJournal
from stampcard.lifecycles import LIFECYCLES, PURCHASE
from stampcard.model import EntryKind, Environment, Ownership
from stampcard.signing import Key, KeyRing
from stampcard.step.view import legal
from stampcard_adapters.spendgo import Spendgo, SpendgoKeys
from stampcard_adapters.spendgo.adapter import SpendgoAdapter

from .conftest import CHECKOUT, PLACE, Book

NOBODY = Ownership(owner="0" * 32, boot="another boot", hard_end=1.0)
EDGES = [(state, row.trigger) for row in PURCHASE.rows if row.calls_provider for state in row.sources]


@pytest.fixture
def adapter() -> SpendgoAdapter:
    keys = SpendgoKeys(account_id="1", keys=KeyRing(current=Key.raw("key", b"secret")))
    return SpendgoAdapter(Spendgo(keys, environment=Environment.TEST))


@pytest.mark.parametrize("state", list(PURCHASE.states))
def test_what_is_allowed_in_a_state_is_what_the_till_allows(adapter: SpendgoAdapter, state: str) -> None:
    with closing(MemoryJournal()) as journal:
        book = Book(journal, "order-1", state=state).intent(CHECKOUT)
        book.write(book.draft(EntryKind.NOT_SENT, "checkout", closes=("order-1-checkout",)))
        record = journal.load("order-1")
        assert record is not None
        standing = fold(record)
        assert legal_by_table(PURCHASE, standing) == legal(adapter, standing) == PURCHASE.allowed(state)


@pytest.mark.parametrize(("state", "trigger"), EDGES)
def test_what_is_allowed_in_doubt_is_what_the_till_allows(adapter: SpendgoAdapter, state: str, trigger: str) -> None:
    with closing(MemoryJournal()) as journal:
        book = Book(journal, "order-1", state=state)
        book.write(book.draft(EntryKind.INTENT, trigger, ownership=NOBODY))
        record = journal.load("order-1")
        assert record is not None
        standing = fold(record)
        assert standing.open
        assert legal_by_table(PURCHASE, standing) == legal(adapter, standing)


def test_two_doubts_allow_what_both_allow(adapter: SpendgoAdapter) -> None:
    with closing(MemoryJournal()) as journal:
        book = Book(journal, "order-1").checked_out().intent(PLACE)
        book.write(book.draft(EntryKind.INTENT, "void", ownership=NOBODY))
        record = journal.load("order-1")
        assert record is not None
        found = report(record, alive=journal.alive)
        assert found.allowed == tuple(sorted(legal(adapter, found.standing))) == ()
        shown = found.as_json()["in_doubt"]
        assert (shown["trigger"], [other["trigger"] for other in shown["others"]]) == ("void", ["place"])


@pytest.mark.parametrize("name", list(LIFECYCLES))
def test_a_report_of_every_lifecycle_is_json(name: str) -> None:
    lifecycle = LIFECYCLES[name]
    with closing(MemoryJournal()) as journal:
        book = Book(journal, "order-1", lifecycle=name)
        book.write(book.draft(EntryKind.INTENT, lifecycle.triggers[0], ownership=NOBODY))
        record = journal.load("order-1")
        assert record is not None
        found = report(record, alive=journal.alive)
        assert json.loads(json.dumps(found.as_json()))["in_doubt"]["trigger"] == lifecycle.triggers[0]
