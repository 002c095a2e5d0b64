"""What the support desk reads of a payment: in words, and for a program."""

from __future__ import annotations

import json

import pytest
from tests.payment.shop import Shop, usd
from typer.testing import CliRunner

from stampcard import (
    ChargePending,
    ChargeUnknown,
    DeclinedError,
    InDoubtError,
    NeedsHumanError,
    NotReversed,
    PurchaseState,
    Taken,
    Tender,
    TenderKind,
)
from stampcard.cli._app import build
from stampcard.testing import Refuse


def show(here: Shop, *args: str) -> str:
    tenant = here.sandbox.spendgo.model.tenants()["spendgo"]
    env = {f"SPENDGO_{name.upper()}": str(tenant[name]) for name in ("api_key", "secret", "account_id")}
    env |= {"SPENDGO_ENVIRONMENT": "sandbox", "SPENDGO_URL": "http://127.0.0.1:1", "COLUMNS": "140"}
    done = CliRunner().invoke(build(), [*args, "--journal", str(here.journal)], env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


def test_the_story_of_two_tills_and_one_reward(here: Shop) -> None:
    with here.till() as (_, spendgo), pytest.raises(DeclinedError):
        spendgo.pay(here.outrun(spendgo))
    told = show(here, "orders", "show", "t-2")
    for line in (
        "charging USD 51.68, key t-2-1",
        "charged, reference slip t-2-1",
        "reversing USD 51.68, key t-2-1",
        "the provider declined the bill",
        "reversed",
        "payment      USD 51.68 reversed, key t-2-1, reference slip t-2-1",
    ):
        assert line in told, told
    assert "does not fit this release" not in told
    found = json.loads(show(here, "orders", "show", "t-2", "--json"))
    assert found["payment"] == [
        {"key": "t-2-1", "amount": "USD 51.68", "state": "reversed", "reference": "slip t-2-1", "on_failure": "void"}
    ]
    said = [entry["payment"] for entry in found["history"] if "payment" in entry]
    assert said[0] == {"key": "t-2-1", "amount": "USD 51.68", "on_failure": "void"}
    assert said[1]["reference"] == "slip t-2-1"


def test_an_open_attempt_and_a_paid_sale_nobody_was_told_of(here: Shop) -> None:
    with here.till() as (_, spendgo):
        order = here.priced(spendgo)
        here.terminal.next("take", ChargePending())
        here.terminal.next("status", ChargeUnknown(why="card 4111 1111 1111 1111 is odd"))
        for _ in range(2):
            with pytest.raises(InDoubtError):
                spendgo.pay(order)
        told = show(here, "orders", "show", "t-1")
        assert "The payment at the terminal is not settled yet." in told
        assert "may have reached the payment terminal" in told
        assert "4111" not in told
        assert json.loads(show(here, "orders", "show", "t-1", "--json"))["allowed"] == []
        tender = Tender(kind=TenderKind.CREDIT, amount=usd("51.68"))
        here.terminal.next("status", Taken(tenders=(tender,), reference="r-1"))
        here.sandbox.faults.next(Refuse(), trigger="bill")
        with pytest.raises(InDoubtError):
            spendgo.pay(order)
    told = show(here, "orders", "show", "t-1")
    assert "Paid. The loyalty service is told as soon as it answers" in told
    assert "taken, key t-1-1, reference r-1" in told
    assert json.loads(show(here, "orders", "show", "t-1", "--json"))["allowed"] == ["bill"]


def test_recover_says_what_it_has_no_port_for(here: Shop) -> None:
    here.terminal.next("take", ChargePending())
    with here.till() as (_, spendgo), pytest.raises(InDoubtError):
        spendgo.pay(here.priced(spendgo))
    told = show(here, "recover")
    assert "1 order in doubt is left alone: a payment is open, and this process has no port" in told
    assert here.terminal.asked == {}


def test_a_person_is_asked_about_a_reversal_and_answers_at_the_desk(here: Shop) -> None:
    with here.till() as (_, spendgo):
        here.terminal.next("reverse", NotReversed(reason="settled"))
        with pytest.raises(NeedsHumanError):
            spendgo.pay(here.outrun(spendgo))
    told = " ".join(show(here, "recover").split())
    assert "needs a person" in told
    assert "whether the customer has the money back" in told
    show(here, "resolve", "t-2", "--as", "accepted", "--because", "given back in cash", "--by", "dana")
    with here.till() as (till, spendgo):
        till.recover()
        assert spendgo.get("t-2").state is PurchaseState.VOIDED
