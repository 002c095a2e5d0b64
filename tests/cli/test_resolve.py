"""`stampcard resolve`: what a person found, written down with who and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.step.shop import Shop, lost
from tests.step.test_resolve import escalated

from stampcard.errors import reference

from .conftest import Ran
from .test_recover import configured, doubted, elsewhere, file, here, keys, provider

__all__ = ["configured", "file", "here", "keys", "provider"]

Run = Callable[..., Ran]
SEEN = ("--because", "seen in the console", "--by", "dana")


def test_accepted_is_written_down_with_who_and_why(run: Run, here: Shop, configured: None) -> None:
    order = escalated(here, lost)
    done = run("resolve", order.id, "--as", "accepted", "--fact", "transaction_id=t-77=x", *SEEN)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"written down: order {order.id} is billed",
        "Paid. Finish the sale to award points.",
    ]
    now = here.verbs.get(order.id)
    assert (now.state, now.settled, now.facts.transaction_id) == ("billed", True, "t-77=x")
    entry = here.verbs.history(order.id)[-1]
    assert (entry.kind.value, entry.by, entry.why, entry.code) == ("resolved", "dana", SEEN[1], "accepted")
    shown = run("orders", "show", order.id)
    assert shown.status == 0
    assert "settled by a person" in shown.out


def test_declined_leaves_the_order_where_it_was(run: Run, here: Shop, configured: None) -> None:
    order = escalated(here)
    done = run("resolve", reference(order.id), "--as", "declined", "--json", *SEEN)
    assert done.json == {
        "id": order.id,
        "reference": reference(order.id),
        "provider": "spendgo",
        "state": "placed",
        "version": len(here.verbs.history(order.id)),
        "replayed": False,
        "settled": True,
        "open": None,
    }
    again = run("resolve", order.id, "--as", "declined", *SEEN)
    assert (again.status, again.out.startswith("it was decided like this already")) == (0, True)


def test_what_is_not_a_persons_to_decide_is_refused_with_1(run: Run, here: Shop, configured: None) -> None:
    order_id = doubted(here)
    done = run("resolve", order_id, "--as", "accepted", *SEEN)
    assert (done.status, done.out) == (1, "")
    assert "resolve.not_escalated" in done.err
    assert run("resolve", order_id, "--as", "accepted", "--before-recovery", *SEEN).status == 0
    other = run("resolve", order_id, "--as", "declined", *SEEN)
    assert other.status == 1
    assert "by dana" in other.err
    assert run("resolve", "nobody", "--as", "declined", *SEEN).status == 1


def test_of_several_steps_one_is_named(run: Run, here: Shop, configured: None) -> None:
    order = escalated(here)
    wrong = run("resolve", order.id, "--as", "accepted", "--step", "void", *SEEN)
    assert wrong.status == 1
    assert run("resolve", order.id, "--as", "accepted", "--step", "bill", "--to", "placed", *SEEN).status == 1
    assert run("resolve", order.id, "--as", "accepted", "--step", "bill", "--to", "billed", *SEEN).status == 0


@pytest.mark.parametrize(
    "wrong",
    [
        ("--as", "perhaps", *SEEN),
        ("--as", "accepted"),
        ("--because", "x"),
        ("--as", "accepted", "--fact", "novalue", *SEEN),
        ("--as", "accepted", "--fact", "=x", *SEEN),
    ],
)
def test_wrong_use_is_2_and_nothing_is_written(run: Run, here: Shop, configured: None, wrong: tuple[str, ...]) -> None:
    order = escalated(here)
    entries = here.verbs.history(order.id)
    assert run("resolve", order.id, *wrong).status == 2
    assert here.verbs.history(order.id) == entries


def test_a_fact_that_does_not_fit_is_named_and_not_repeated(run: Run, here: Shop, configured: None) -> None:
    order = escalated(here)
    done = run("resolve", order.id, "--as", "accepted", "--fact", "transaction=canary-1", *SEEN)
    assert done.status == 1
    assert "no such fact" in done.err
    assert "transaction_id" in done.err
    assert "canary" not in done.out + done.err


def test_an_order_of_a_provider_that_is_not_set_up_is_2(run: Run, here: Shop, file: Path) -> None:
    order = escalated(here)
    done = run("resolve", order.id, "--as", "accepted", *SEEN)
    assert done.status == 2
    assert "SPENDGO_API_KEY is missing" in done.err
    elsewhere(file)
    assert run("resolve", "g-1", "--as", "accepted", *SEEN).status == 2


def test_who_decided_is_the_user_unless_named(
    run: Run, here: Shop, configured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "dora")
    order = escalated(here)
    assert run("resolve", order.id, "--as", "declined", "--because", "looked").status == 0
    assert here.verbs.history(order.id)[-1].by == "dora"

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", nobody)
    assert run("resolve", order.id, "--as", "declined", "--because", "looked").status == 2
