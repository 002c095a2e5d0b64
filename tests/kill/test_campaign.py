"""The campaign of real kills: a short slice of it, and that each of its checks finds what it is there for."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.kill.campaign import audit, shops
from tests.kill.campaign.__main__ import campaign, figures, tables, verdict
from tests.kill.campaign.cuts import WrongError, aside, cut, held, kept, sound
from tests.kill.campaign.where import BETWEEN, Victim, hit

from stampcard.journal import open_journal
from stampcard.journal.contract import Record, StoreError
from stampcard.model import EntryKind
from stampcard.simulate import Draw
from stampcard.testing import Faults, ModelTransport
from stampcard.till import Till


def test_tills_killed_at_random_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    found = figures(campaign(12, 4, 1, tmp_path))
    print(tables(found), verdict(found), sep="\n\n")
    assert found["wrong"] == []
    assert found["kills"] == 12
    assert found["gateways killed"] >= 1
    assert found["between"] >= 3  # of a long run it is most of them: see benchmarks/kill_record.md
    assert sum(found["orders"].values()) > 5


class Sale:
    """An order of Kigo's, placed in process, and its journal."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.world = shops.scenarios(1, lambda: shops.ahead(0.0))
        kigo = self.world["kigo"]
        transport = ModelTransport(kigo.model, Faults(), names=kigo.names)
        with Till(journal, site=shops.HERE, transport=transport) as till:
            self.verbs: Any = till.use(kigo.provider)
            order_id = till.order_id(ticket="1", day=shops.ahead(0.0).date())
            self.order: Any = self.verbs.place(order_id, kigo._products[0], user="u-1")

    def record(self) -> Record:
        with closing(open_journal(self.journal)) as journal:
            found = journal.load(self.order.id)
        assert found is not None
        return found


@pytest.fixture
def sale(tmp_path: Path) -> Sale:
    return Sale(tmp_path / "till.db")


def test_the_audit_finds_nothing_wrong_with_a_sound_world(sale: Sale) -> None:
    found = audit.audit(sale.world, [str(sale.journal)])
    assert not any(found["wrong"].values())
    assert (found["orders"]["kigo"], found["states"]) == (1, {"kigo completed": 1})


def test_the_audit_finds_what_the_provider_does_not_have(sale: Sale) -> None:
    elsewhere = shops.scenarios(1, lambda: shops.ahead(0.0))
    [lost] = audit.audit(elsewhere, [str(sale.journal)])["wrong"]["lost"]
    assert sale.order.id in lost


def test_the_audit_finds_what_is_at_the_provider_and_was_never_asked_for(sale: Sale, tmp_path: Path) -> None:
    doubled = audit.audit(sale.world, [str(tmp_path / "another.db")])["wrong"]["doubled"]
    assert any(sale.order.id in one for one in doubled)


def test_what_was_told_and_is_gone_or_another_is_found(sale: Sale) -> None:
    whole = held(sale.journal)
    sound(sale.journal)
    kept(whole, {sale.order.id: {2: "completed"}})
    for told in ({sale.order.id: {3: "completed"}}, {sale.order.id: {2: "new"}}, {"nobody": {1: "new"}}):
        with pytest.raises(WrongError):
            kept(whole, told)


def test_a_file_cut_short_is_opened_as_it_was_before_or_refused_and_then_put_back(sale: Sale, tmp_path: Path) -> None:
    whole = held(sale.journal)
    told = {sale.order.id: {2: "completed"}}
    with aside(sale.journal, tmp_path / "aside") as back:
        for number in range(20):
            back()
            assert "cut: " in cut(sale.journal, whole, told, Draw(number))
    assert held(sale.journal) == whole


def _victim(sale: Sale, *said: dict[str, Any], at: float = 10.0) -> Victim:
    moment = sale.record().entries[0].at.timestamp()
    return Victim(said=said, at=at, ahead=moment - 5.0)  # the promise was made at 5


def _call(received: float, acted: float | None, answered: float | None) -> dict[str, Any]:
    return {"provider": "kigo", "trigger": "place", "received": received, "acted": acted, "answered": answered}


@pytest.mark.parametrize(
    ("calls", "reached"),
    [
        ([], "not arrived"),
        ([_call(1.0, 2.0, 3.0)], "not arrived"),  # another order's, before
        ([_call(6.0, None, None)], "arrived, not done"),
        ([_call(6.0, 11.0, None)], "arrived, not done"),
        ([_call(6.0, 7.0, None)], "done, not answered"),
        ([_call(6.0, 7.0, 8.0)], "answered, not written"),
    ],
)
def test_a_kill_between_intent_and_outcome_is_told_with_how_far_the_call_had_come(
    sale: Sale, calls: list[dict[str, Any]], reached: str
) -> None:
    record = sale.record()
    promised = attrs.evolve(record, entries=record.entries[:1])
    assert promised.entries[0].kind is EntryKind.INTENT
    assert promised.entries[0].ownership is not None
    victim = _victim(sale, {"open": promised.entries[0].ownership.owner})
    found = hit(victim, {sale.order.id: promised}, calls)
    assert (found.part, found.detail, found.step) == (BETWEEN, f"first call, {reached}", "kigo place")


def test_a_kill_at_any_other_moment_is_told_by_what_was_said_and_written(sale: Sale) -> None:
    records = {sale.order.id: sale.record()}
    opened, will = {"open": "somebody"}, {"will": sale.order.id, "provider": "kigo", "version": 0}

    def part(*said: dict[str, Any]) -> str:
        return hit(_victim(sale, *said), records, []).part

    assert part() == "while opening the journal"
    assert part(opened) == "between two wishes"
    assert part(opened, will) == "after the outcome, before the cashier heard"
    assert part(opened, {**will, "version": 2}) == "before the intent"
    assert part(opened, will, {"did": sale.order.id}) == "between two wishes"
    assert part(opened, {"recovering": True}) == "in a recovery pass, between calls"


def test_a_file_that_is_no_journal_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "till.db").write_bytes(b"not a journal" * 100)
    with pytest.raises(StoreError):
        held(tmp_path / "till.db")
