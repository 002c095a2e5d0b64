"""What an adversary broke once: each stays broken no more."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from stampcard import (
    GUEST,
    Address,
    Basket,
    ConflictError,
    EntryKind,
    InDoubtError,
    JournalError,
    Line,
    Member,
    Money,
    NotAllowedError,
    Site,
    Tender,
    TenderKind,
    Till,
    Totals,
    UnknownOrderError,
)
from stampcard.journal import Append, Draft
from stampcard.model import Ownership
from stampcard.testing import Twice
from stampcard_adapters.sandbox.spendgo import Switches
from stampcard_adapters.spendgo import SpendgoTill
from stampcard_adapters.testing import STORE, Sandbox

TEN = Money("10.00", "USD")
BASKET = Basket(lines=(Line(label="Latte", price=TEN),), totals=Totals(subtotal=TEN, total=TEN))
CASH = Tender(kind=TenderKind.CASH, amount=TEN)
HERE = Site(store=STORE)


class Held(httpx.BaseTransport):
    """Keeps a reply back until it is let go."""

    def __init__(self, inner: httpx.BaseTransport, status: bytes) -> None:
        self.inner, self.status, self.gate = inner, status, threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        reply = self.inner.handle_request(request)
        if self.status in request.content:
            self.gate.wait(10)
        return reply


def settled(spendgo: SpendgoTill, order_id: str) -> None:
    """Until the reply that was held back is recorded; a minute is for ever here."""
    end = time.monotonic() + 60
    while spendgo.get(order_id).doubt is not None:
        assert time.monotonic() < end, "the late reply was never recorded"


def test_a_late_reply_does_not_bring_back_who_was_forgotten(tmp_path: Path) -> None:
    sandbox = Sandbox()
    held = Held(sandbox.transport(), b'"status":"placed"')
    with Till(tmp_path / "j.db", site=HERE, transport=held) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        member = sandbox.spendgo.member
        order = spendgo.checkout("o-1", BASKET, buyer=member)
        with pytest.raises(InDoubtError):
            spendgo.within(0.2).place(order, tenders=[CASH])
        assert till.forget(member.id, provider="spendgo") == 2
        held.gate.set()
        settled(spendgo, "o-1")
        now = spendgo.get("o-1")
        assert (now.state, now.allowed) == ("placed", frozenset())
        assert member.id not in repr(now)
    for file in tmp_path.iterdir():
        if file.is_file():
            assert member.id.encode() not in file.read_bytes()


def test_a_no_that_may_mean_already_is_doubt_and_is_settled() -> None:
    sandbox = Sandbox(switches=Switches(repeat="refused"))
    with Till(":memory:", site=HERE, transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider(repeat="refused"))
        order = spendgo.place(spendgo.checkout("o-1", BASKET, buyer=GUEST), tenders=[CASH])
        sandbox.faults.next(Twice(), trigger="void")  # the till reads the second answer: 409
        with pytest.raises(InDoubtError):
            spendgo.void(order, why="x")
        assert spendgo.recover("o-1").state == "voided"
        assert sandbox.spendgo.states("o-1")[-1] == "voided"


@pytest.mark.parametrize(
    "change",
    [{"quantity": 1.5}, {"quantity": "2"}, {"categories": "food"}, {"product": 5}, {"label": "\ud800"}, {"price": 5.0}],
)
def test_input_of_another_type_is_refused_before_anything_is_promised(change: dict[str, Any]) -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=HERE, transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        odd = attrs.evolve(BASKET, lines=(attrs.evolve(BASKET.lines[0], **change),))
        with pytest.raises(NotAllowedError) as caught:
            spendgo.checkout("o-1", odd, buyer=GUEST)
        assert caught.value.code == "input.type"
        assert list(till.changes()) == []
        spendgo.checkout("o-1", BASKET, buyer=GUEST)


@pytest.mark.parametrize("word", [{"ticket": 417}, {"command_id": 5}, {"ticket": "\ud800"}])
def test_words_of_another_type_are_refused_too(word: dict[str, Any]) -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=HERE, transport=sandbox.transport()) as till:
        with pytest.raises(NotAllowedError) as caught:
            till.use(sandbox.spendgo.provider()).checkout("o-1", BASKET, buyer=GUEST, **word)
        assert caught.value.code == "input.type"


def test_a_member_looked_up_again_is_the_same_buyer_and_another_is_not() -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=HERE, transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        first, again = spendgo.member("5551112222"), spendgo.member("5551112222")
        assert isinstance(first, Member)
        assert isinstance(again, Member)
        assert first != again  # created just now, and then no longer
        spendgo.checkout("o-1", BASKET, buyer=first, command_id="c-1")
        assert spendgo.checkout("o-1", BASKET, buyer=again, command_id="c-1").replayed
        with pytest.raises(ConflictError):
            spendgo.checkout("o-1", BASKET, buyer=sandbox.spendgo.member, command_id="c-1")


def test_a_journal_deleted_or_replaced_while_open_takes_no_promise(tmp_path: Path) -> None:
    sandbox = Sandbox()
    path = tmp_path / "j.db"
    with Till(path, site=HERE, transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        order = spendgo.checkout("o-1", BASKET, buyer=GUEST)
        shutil.copy(path, tmp_path / "backup.db")
        path.unlink()
        with pytest.raises(JournalError):
            spendgo.place(order, tenders=[CASH])
        shutil.copy(tmp_path / "backup.db", path)
        with pytest.raises(JournalError):
            spendgo.place(order, tenders=[CASH])
    assert sandbox.spendgo.states("o-1") == ("checkout",)


def test_no_tenants_member_and_no_tenants_guest_is_forgotten_by_another(tmp_path: Path) -> None:
    sandbox = Sandbox()
    member = sandbox.spendgo.member
    home = Address(street="Secret Lane 1", city="X", postal_code="1", country="USA")
    delivered = attrs.evolve(BASKET, deliver_to=home)
    with Till(tmp_path / "j.db", site=Site(store=STORE, tenant="x:y"), transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        spendgo.checkout("o-1", BASKET, buyer=member)
        spendgo.checkout("o-2", delivered, buyer=GUEST)
        with Till(tmp_path / "j.db", site=Site(store=STORE, tenant="x"), transport=sandbox.transport()) as other:
            assert other.forget(f"y:{member.id}", provider="spendgo") == 0
            with pytest.raises(UnknownOrderError):
                other.forget_guest("o-2")
        assert spendgo.get("o-1").facts.buyer == member
        assert spendgo.get("o-2").facts.basket == delivered
        assert till.forget(member.id, provider="spendgo") == 2
        assert till.forget_guest("o-2") == 2


def test_text_of_a_provider_or_a_pos_cannot_steer_a_log_or_a_terminal() -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=HERE, transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        with pytest.raises(NotAllowedError) as caught:
            spendgo.checkout("a\r\n\x1b[2J", BASKET, buyer=GUEST)
        assert str(caught.value).isprintable()


def test_a_reply_later_than_the_cashiers_patience_is_the_ending_of_its_promise(tmp_path: Path) -> None:
    sandbox = Sandbox()
    held = Held(sandbox.transport(), b'"status":"billed"')
    with Till(tmp_path / "j.db", site=HERE, transport=held) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        order = spendgo.place(spendgo.checkout("o-1", BASKET, buyer=GUEST), tenders=[CASH])
        with pytest.raises(InDoubtError):
            spendgo.within(0.2).bill(order)
        held.gate.set()
        settled(spendgo, "o-1")
        assert [e.kind for e in spendgo.history("o-1")][-2:] == [EntryKind.INTENT, EntryKind.ACCEPTED]


def test_what_is_allowed_after_a_contradiction_is_what_the_lifecycle_allows_there() -> None:
    sandbox = Sandbox()
    with Till(":memory:", site=HERE, transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        order = spendgo.place(spendgo.checkout("o-1", BASKET, buyer=GUEST), tenders=[CASH])
        spendgo.complete(spendgo.bill(order))
        record = till._journal.load("o-1")
        assert record is not None
        bill = next(e for e in record.entries if e.trigger == "bill")
        reopened = Draft(
            kind=EntryKind.ESCALATED,
            trigger="bill",
            state="completed",
            at=bill.at,
            intent=bill.intent,
            ownership=Ownership(owner="", boot="", hard_end=0.0),
        )
        till._journal.append(Append(order_id="o-1", expected_version=record.version, entries=(reopened,)))
        now = spendgo.get("o-1")
        assert now.doubt is not None
        assert (now.allowed, now.doubt.reversible) == (frozenset(), False)
