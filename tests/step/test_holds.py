"""A hold of money: a no is a state, and a lost one may be asked anew, with the old one listed."""

from __future__ import annotations

import io
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from tests.step.test_observe import LOST, Answers
from tests.step.tiny import Holds, HoldVerbs, Pay, Settings, transport

from stampcard import (
    AuthorizationState,
    ConflictError,
    DeclinedError,
    Money,
    NeedsHumanError,
    Secret,
    Site,
    Till,
    UnavailableError,
)
from stampcard.cli import render
from stampcard.cli.report import report
from stampcard.journal import open_journal
from stampcard.testing import Clock

HELD, NO = (200, {}), (402, {})


def card(last_four: str = "1111", *, again: bool = False) -> Pay:
    return Pay(amount=Money("5", "USD"), last_four=last_four, card=Secret("card-canary"), again=again)


@contextmanager
def at(answers: Answers, journal: str | Path = ":memory:", clock: Clock | None = None) -> Generator[Any]:
    clock = clock or Clock()
    with Till(journal, site=Site(store="1"), transport=transport(answers), clock=clock) as till:
        yield till.use(Settings(Holds(), HoldVerbs)).by("anna")


def kinds(holds: Any) -> list[str]:
    return [f"{e.trigger} {e.kind} {e.state}" for e in holds.history("c-1")]


def test_a_declined_card_is_a_state_and_leaves_the_order_open_for_another() -> None:
    with at(Answers(NO, HELD)) as holds:
        with pytest.raises(DeclinedError) as no:
            holds.authorize("c-1", card())
        assert no.value.state == "declined"
        assert "authorize" in no.value.allowed
        assert holds.get("c-1").state is AuthorizationState.DECLINED
        assert holds.authorize("c-1", card("2222")).state is AuthorizationState.AUTHORIZED
        assert kinds(holds) == [
            "authorize intent new",
            "authorize declined declined",
            "authorize intent declined",
            "authorize accepted authorized",
        ]


def test_the_card_is_never_written(tmp_path: Path) -> None:
    with at(Answers(HELD), tmp_path / "till.db") as holds:
        holds.authorize("c-1", card())
        assert b"1111" in holds.history("c-1")[0].body
    assert all(b"card-canary" not in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


def test_a_lost_reply_needs_a_person_at_once_because_nothing_can_be_sent_again() -> None:
    with at(Answers(LOST)) as holds:
        with pytest.raises(NeedsHumanError) as lost:
            holds.authorize("c-1", card())
        assert "held" in lost.value.check
        assert {"authorize", "abandon"} <= lost.value.allowed
        assert kinds(holds) == ["authorize intent new", "authorize unknown new", "authorize escalated new"]


def test_asked_again_from_doubt_the_old_hold_is_listed_as_possible() -> None:
    clock = Clock()
    answers = Answers(LOST, LOST, HELD)
    with at(answers, clock=clock) as holds:
        with pytest.raises(NeedsHumanError):
            holds.authorize("c-1", card())
        first = clock()
        with pytest.raises(NeedsHumanError):  # the same again is a repeat, not a new wish
            holds.authorize("c-1", card())
        assert len(answers.asked) == 1
        clock.pass_(seconds=60)
        with pytest.raises(NeedsHumanError):
            holds.authorize("c-1", card(again=True))
        clock.pass_(seconds=60)
        order = holds.authorize("c-1", card(again=True))
        assert order.state is AuthorizationState.AUTHORIZED
        assert order.doubt is None
        assert [p.since for p in order.possible] == [first, first + timedelta(seconds=60)]
        assert all(p.until == p.since + timedelta(days=7) for p in order.possible)
        assert holds.get("c-1").possible == order.possible


def test_the_support_desk_sees_the_hold_that_may_exist(tmp_path: Path) -> None:
    journal = tmp_path / "till.db"
    with at(Answers(LOST, HELD), journal) as holds:
        with pytest.raises(NeedsHumanError) as lost:
            holds.authorize("c-1", card())
        assert "Ask the customer" in lost.value.cashier
        assert lost.value.as_dict()["check"] == lost.value.check
        holds.authorize("c-1", card("2222", again=True))
    store = open_journal(journal)
    record = store.load("c-1")
    assert record is not None
    found = report(record, alive=store.alive)
    store.close()
    [perhaps] = found.as_json()["possible"]
    assert perhaps["trigger"] == "authorize"
    assert perhaps["about"] == {"amount": "USD 5.00", "again": False, "last_four": "1111"}
    screen = Console(width=100, record=True, file=io.StringIO())
    screen.print(render.order(found))
    shown = screen.export_text()
    assert "perhaps also" in shown
    assert "1111" in shown


def test_asked_again_after_success_is_a_conflict_not_a_second_hold() -> None:
    answers = Answers(HELD)
    with at(answers) as holds:
        holds.authorize("c-1", card())
        with pytest.raises(ConflictError):
            holds.authorize("c-1", card(again=True))
        assert len(answers.asked) == 1


def test_a_customer_who_leaves_from_doubt_leaves_a_possible_hold() -> None:
    with at(Answers(LOST)) as holds:
        with pytest.raises(NeedsHumanError):
            holds.authorize("c-1", card())
        order = holds.abandon(holds.get("c-1"), why="customer left")
        assert order.state is AuthorizationState.LAPSED
        assert len(order.possible) == 1


def test_a_card_that_was_told_no_or_never_left_is_no_possible_hold() -> None:
    with at(Answers(NO, httpx.ConnectError("refused"), HELD)) as holds:
        with pytest.raises(DeclinedError):
            holds.authorize("c-1", card())
        with pytest.raises(UnavailableError):
            holds.authorize("c-1", card("2222"))
        assert holds.authorize("c-1", card("3333")).possible == ()
