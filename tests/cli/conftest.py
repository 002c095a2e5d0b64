"""A journal with a few stories in it, written through the Journal contract, and the command line over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from typer.testing import CliRunner

from stampcard.cli._app import build
from stampcard.commands import Bill, Checkout, Command, Complete, Place, Refund
from stampcard.errors import reference
from stampcard.facts import PurchaseFacts
from stampcard.journal.codec import encode, pack
from stampcard.journal.contract import Append, Draft, Header, Journal, Personal
from stampcard.journal.sqlite import SqliteJournal
from stampcard.lifecycles import PURCHASE
from stampcard.model import (
    Address,
    Basket,
    EntryKind,
    Environment,
    Line,
    Member,
    Money,
    Ownership,
    Reward,
    Site,
    Tender,
    TenderKind,
    Totals,
)

AT = datetime(2026, 11, 22, 22, 51, tzinfo=UTC)
STREET = "12 Hidden Lane"
MEMBER = "member-494979"


def usd(amount: str) -> Money:
    return Money(amount, "USD")


ADDRESS = Address(street=STREET, city="Springfield", postal_code="12345", country="USA")
BASKET = Basket(
    lines=(Line(label="Turkey club", price=usd("12.50"), quantity=4),),
    totals=Totals(subtotal=usd("50.00"), total=usd("50.00")),
    deliver_to=ADDRESS,
)
BUYER = Member(id=MEMBER, provider="spendgo", status="Active")
REWARD = Reward(id="2234402", label="$5 off", member_id=MEMBER, quantity=1, offer="rebate", value=usd("5.00"))
TENDER = Tender(kind=TenderKind.CASH, amount=usd("45.00"))
CHECKOUT = Checkout(basket=BASKET, buyer=BUYER, rewards=(REWARD,))
PLACE = Place(tenders=(TENDER,), totals=BASKET.totals.discounted(usd("5.00")))


@attrs.define
class Book:
    """Writes one order, step by step, as a till would."""

    journal: Journal
    order_id: str
    ticket: str | None = None
    state: str = "new"
    version: int = 0
    facts: PurchaseFacts = attrs.field(factory=PurchaseFacts)
    lifecycle: str = PURCHASE.name
    environment: Environment = Environment.LIVE

    def write(self, *drafts: Draft) -> Book:
        header = None
        if self.version == 0:
            header = Header(
                order_id=self.order_id,
                provider="spendgo",
                environment=self.environment,
                site=Site(store="0042", register="7"),
                lifecycle=self.lifecycle,
                fingerprint=PURCHASE.fingerprint,
                opened_at=AT,
                ticket=self.ticket,
                reference=reference(self.order_id),
            )
        self.journal.append(
            Append(order_id=self.order_id, expected_version=self.version, entries=drafts, header=header)
        )
        self.version += len(drafts)
        self.state = drafts[-1].state
        return self

    def draft(self, kind: EntryKind, trigger: str, **more: Any) -> Draft:
        at = AT + timedelta(seconds=self.version)
        given = {"by": "anna", "intent": f"{self.order_id}-{trigger}", "state": self.state, **more}
        return Draft(kind=kind, trigger=trigger, at=at, **given)

    def intent(self, command: Command, ownership: Ownership | None = None) -> Book:
        tree, personal = encode(command)
        return self.write(
            self.draft(
                EntryKind.INTENT,
                command.trigger,
                why=command.why,
                command_id=f"till-{self.order_id}-{command.trigger}",
                digest="d",
                body=pack({"command": tree, "personal": sorted(personal)}),
                personal=Personal(subject=f"spendgo:default:{MEMBER}", data=pack(personal)) if personal else None,
                ownership=ownership or Ownership(owner="0" * 32, boot="another boot", hard_end=1.0),
            )
        )

    def accepted(self, command: Command, state: str, **more: Any) -> Book:
        self.facts = attrs.evolve(self.facts.learn(command), **more)
        tree, personal = encode(self.facts)
        return self.write(
            self.draft(
                EntryKind.ACCEPTED,
                command.trigger,
                state=state,
                why=command.why,
                closes=(f"{self.order_id}-{command.trigger}",),
                body=pack({"facts": tree, "personal": sorted(personal)}),
                personal=Personal(subject=f"spendgo:default:{MEMBER}", data=pack(personal)) if personal else None,
            )
        )

    def checked_out(self) -> Book:
        return self.intent(CHECKOUT).accepted(CHECKOUT, "checkout", discount=usd("5.00"))

    def placed(self) -> Book:
        return self.checked_out().intent(PLACE).accepted(PLACE, "placed")


def write_all(journal: Journal) -> None:
    Book(journal, "order-1", ticket="988654417").placed()
    refund = Refund(why="cold soup")
    done = Book(journal, "order-2", ticket="417").placed()
    bill = Bill(tenders=PLACE.tenders, totals=PLACE.totals)
    done.intent(bill).accepted(bill, "billed").intent(Complete()).accepted(Complete(), "completed")
    done.intent(refund).accepted(refund, "refunded")
    doubt = Book(journal, "order-3", ticket="417").checked_out().intent(PLACE)
    doubt.write(doubt.draft(EntryKind.UNKNOWN, "place", why="the line went dead", code="provider.no_answer"))
    given_up = Book(journal, "order-4").checked_out().intent(PLACE)
    body = pack({"reason": "the repeat was refused", "check": "order order-4 in the provider's console"})
    given_up.write(
        given_up.draft(EntryKind.ESCALATED, "place", code="recovery.gave_up", why="given up. Look at: it", body=body)
    )
    Book(journal, "order-5").intent(CHECKOUT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A closed journal: order-1 placed, -2 refunded, -3 in doubt, -4 with a person, -5 killed at checkout."""
    path = tmp_path / "pos.db"
    with closing(SqliteJournal(path)) as journal:
        write_all(journal)
    return path


@attrs.frozen
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Call the command line in this process, on the journal of `file` unless told otherwise."""
    monkeypatch.setenv("STAMPCARD_JOURNAL", str(file))
    monkeypatch.setenv("COLUMNS", "140")

    def go(*arguments: str | Path) -> Ran:
        done = CliRunner().invoke(build(), list(map(str, arguments)))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    return go


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., Ran]]:
    """Call it as a process of its own, in an empty folder."""
    empty = tmp_path / "empty"
    empty.mkdir()
    ours = ("STAMPCARD", "FORCE_COLOR", "COLUMNS")
    keep = {name: value for name, value in os.environ.items() if not name.startswith(ours)}

    def go(*arguments: str, before: str = "", **env: str) -> Ran:
        code = f"import sys\n{before}\nfrom stampcard.cli import main\nsys.argv[0] = 'stampcard'\nmain()"
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=empty,
            env={**keep, "PYTHONIOENCODING": "utf-8", **env},
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    yield go
    assert list(empty.iterdir()) == [], "a command left something behind"
