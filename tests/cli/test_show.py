"""`stampcard orders show`: what happened to this order, at a glance and as JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stampcard.errors import reference
from stampcard.journal.owners import boot_id
from stampcard.journal.sqlite import SqliteJournal
from stampcard.model import Ownership

from .conftest import MEMBER, PLACE, STREET, Book, Ran

Run = Callable[..., Ran]


def test_json_has_the_stable_keys(run: Run) -> None:
    shown = run("orders", "show", "order-1", "--json").json
    assert list(shown) == [
        "id",
        "provider",
        "environment",
        "tenant",
        "store",
        "register",
        "ticket",
        "reference",
        "lifecycle",
        "state",
        "version",
        "opened_at",
        "final",
        "stands",
        "in_doubt",
        "allowed",
        "possible",
        "queued",
        "expected",
        "watch",
        "payment",
        "forgotten",
        "facts",
        "history",
    ]
    assert {key: shown[key] for key in list(shown)[:16] if key not in ("reference", "stands")} == {
        "id": "order-1",
        "provider": "spendgo",
        "environment": "live",
        "tenant": "default",
        "store": "0042",
        "register": "7",
        "ticket": "988654417",
        "lifecycle": "PURCHASE",
        "state": "placed",
        "version": 4,
        "opened_at": "2026-11-22T22:51:00.000000+00:00",
        "final": False,
        "in_doubt": None,
        "allowed": ["bill", "void"],
    }
    assert shown["facts"]["discount"] == "USD 5.00"
    assert shown["history"][2] == {
        "version": 3,
        "position": 3,
        "kind": "intent",
        "trigger": "place",
        "state": "checkout",
        "at": "2026-11-22T22:51:02.000000+00:00",
        "by": "anna",
        "why": None,
        "intent": "order-1-place",
        "command_id": "till-order-1-place",
        "code": None,
    }


@pytest.mark.parametrize(
    "text",
    [
        "order-1",
        "988654417",
        reference("order-1"),
        reference("order-1").lower(),
        reference("order-1").replace("-", " "),
        reference("order-1").replace("O", "0").replace("I", "1").replace("B", "8"),
    ],
)
def test_an_order_is_found_by_id_ticket_and_reference(run: Run, text: str) -> None:
    assert run("orders", "show", text, "--json").json["id"] == "order-1"


def test_an_unknown_order_exits_1_and_names_what_was_asked(run: Run) -> None:
    done = run("orders", "show", "no-such-order")
    assert (done.status, done.out) == (1, "")
    assert "'no-such-order'" in done.err


def test_a_ticket_of_two_days_lists_both_and_exits_2(run: Run) -> None:
    done = run("orders", "show", "417", "--json")
    assert (done.status, done.out) == (2, "")
    assert "2 orders match '417'" in done.err
    for order_id in ("order-2", "order-3"):
        assert order_id in done.err
        assert reference(order_id) in done.err
    assert "order-1" not in done.err


def test_an_id_wins_over_another_order_s_ticket(run: Run, file: Path) -> None:
    with closing(SqliteJournal(file)) as journal:
        Book(journal, "order-6", ticket="order-1").checked_out()
    assert run("orders", "show", "order-1", "--json").json["id"] == "order-1"


def test_the_page_answers_what_happened(run: Run) -> None:
    page = run("orders", "show", "order-2").out
    for words in (
        "order order-2",
        reference("order-2"),
        "spendgo live · store 0042 · register 7 · ticket 417 · opened 2026-11-2",
        "UTC",
        "refunded  Refunded. Rewards and points are as before the sale.",
        "nothing, this is final",
        "4 x Turkey club USD 12.50",
        "subtotal USD 50.00, discount USD 5.00, total USD 45.00",
        "cash USD 45.00",
        "validated discount  USD 5.00",
        "refund: accepted → refunded",
        "cold soup",
        "anna",
        "PURCHASE",
        "▶ ◎ refunded",
    ):
        assert words in page
    assert "\x1b" not in page


def test_the_walked_path_is_marked(run: Run) -> None:
    page = run("orders", "show", "order-1").out
    assert "1▸ ⇄ checkout → checkout" in page
    assert "2▸ ⇄ place → placed" in page


def test_times_are_local_and_say_so(process: Run, file: Path) -> None:
    shown = process("orders", "show", "order-1", "-j", str(file), TZ="Asia/Kolkata")
    assert "opened 2026-11-23 04:21:00 (UTC+05:30)" in shown.out
    assert "04:21:02.000" in shown.out


def test_a_journal_over_a_change_of_summer_time_says_each_offset(run: Run, file: Path) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("this platform's zone cannot be set for a test")
    from datetime import UTC, datetime

    from stampcard.cli.render import _zone

    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    try:
        summer, winter = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
        written, named = _zone([summer, winter])
        assert named == ""
        assert written(summer) == "2026-07-01 02:00:00 UTC+02:00"
        assert written(winter) == "2026-12-01 01:00:00 UTC+01:00"
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_personal_data_is_withheld_unless_asked_for(run: Run, how: tuple[str, ...]) -> None:
    hidden = run("orders", "show", "order-1", *how).out
    assert STREET not in hidden
    assert MEMBER not in hidden
    assert "withheld" in hidden
    shown = run("orders", "show", "order-1", "--personal", *how).out
    assert STREET in shown
    assert MEMBER in shown


def test_forgotten_stays_forgotten(run: Run, file: Path) -> None:
    with closing(SqliteJournal(file)) as journal:
        journal.forget(f"spendgo:default:{MEMBER}")
    shown = run("orders", "show", "order-1", "--personal", "--json").json
    assert shown["forgotten"] is True
    assert shown["facts"]["buyer"]["id"] == "forgotten"
    assert "was erased" in run("orders", "show", "order-1").out


def test_an_order_in_doubt_says_since_when_why_who_and_what_is_allowed(run: Run) -> None:
    shown = run("orders", "show", "order-3", "--json").json
    assert shown["in_doubt"] == {
        "intent": "order-3-place",
        "trigger": "place",
        "since": "2026-11-22T22:51:02.000000+00:00",
        "why": "the line went dead",
        "by": "anna",
        "calls": 1,
        "owner": "0" * 32,
        "owner_alive": False,
        "running": False,
        "reversible": True,
        "needs_human": False,
        "check": None,
        "others": [],
    }
    assert shown["allowed"] == ["void"]
    page = run("orders", "show", "order-3").out
    for words in ("(in doubt)", "'place' is in doubt", "the line went dead", "by anna", "is gone", "void"):
        assert words in page


def test_an_escalated_order_says_what_to_look_at(run: Run) -> None:
    shown = run("orders", "show", "order-4", "--json").json["in_doubt"]
    assert shown["needs_human"] is True
    assert shown["why"] == "the repeat was refused"
    assert shown["check"] == "order order-4 in the provider's console"
    page = run("orders", "show", "order-4").out
    assert "needs a person" in page
    assert "look at" in page
    assert shown["check"] in page


def test_a_till_killed_at_checkout_leaves_what_may_be_done(run: Run) -> None:
    shown = run("orders", "show", "order-5", "--json").json
    assert shown["allowed"] == ["abandon", "checkout"]
    assert shown["facts"] is None
    assert "checkout: calling spendgo" in run("orders", "show", "order-5").out


def test_a_call_of_a_living_till_is_shown_as_running(run: Run, file: Path) -> None:
    with closing(SqliteJournal(file)) as journal:
        own = Ownership(owner=journal.enrol(), boot=boot_id(), hard_end=time.monotonic() + 60)
        Book(journal, "order-6").checked_out().intent(PLACE, own)
        doubt = run("orders", "show", "order-6", "--json").json["in_doubt"]
        assert (doubt["owner_alive"], doubt["running"]) == (True, True)
        page = run("orders", "show", "order-6").out
        assert "still under way" in page
        assert "still runs, and may still get its reply" in page
    doubt = run("orders", "show", "order-6", "--json").json["in_doubt"]
    assert (doubt["owner_alive"], doubt["running"]) == (False, False)


def test_a_lifecycle_of_another_release_is_shown_without_its_diagram(run: Run, file: Path) -> None:
    with closing(SqliteJournal(file)) as journal:
        Book(journal, "order-6", lifecycle="LAYAWAY").checked_out()
    page = run("orders", "show", "order-6").out
    assert "It is checkout." in page
    assert "knows no lifecycle LAYAWAY" in page
    assert run("orders", "show", "order-6", "--json").json["allowed"] == []


def test_stored_text_cannot_command_the_terminal(run: Run, file: Path) -> None:
    with closing(SqliteJournal(file)) as journal:
        Book(journal, "order-6", ticket="\x1b[31m[bold]x").checked_out()
    page = run("orders", "show", "order-6").out
    assert "\x1b" not in page
    assert "[31m[bold]x" in page
