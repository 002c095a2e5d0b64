"""What a list of entries means, on records made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from tests.step.shop import BASKET

from stampcard.commands import Bill, Checkout
from stampcard.facts import PurchaseFacts
from stampcard.journal.codec import encode, pack
from stampcard.journal.contract import Header, Record, StoreError
from stampcard.journal.fold import PROBE, Standing, fold
from stampcard.model import GUEST, Entry, EntryKind, Environment, Member, Money, Ownership, Site

MOMENT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OWN = Ownership(owner="a", boot="b", hard_end=9.0)
OTHER = Ownership(owner="c", boot="b", hard_end=19.0)
NOBODY = Ownership(owner="", boot="", hard_end=0.0)
HEADER = Header(
    order_id="o-1",
    provider="spendgo",
    environment=Environment.TEST,
    site=Site(store="1"),
    lifecycle="PURCHASE",
    fingerprint="0" * 16,
    opened_at=MOMENT,
)


def record(*entries: dict[str, Any], personal: dict[int, bytes] | None = None) -> Record:
    """Entries numbered in order, a second apart; each says only what matters."""
    made: list[Entry] = []
    for version, said in enumerate(entries, start=1):
        plain: dict[str, Any] = {"trigger": "bill", "state": "placed", "at": MOMENT + timedelta(seconds=version)}
        made.append(Entry(position=version, order_id="o-1", provider="spendgo", version=version, **{**plain, **said}))
    return Record(header=HEADER, entries=tuple(made), personal=personal or {})


def folded(*entries: dict[str, Any]) -> Standing:
    return fold(record(*entries))


INTENT = {"kind": EntryKind.INTENT, "intent": "i", "ownership": OWN, "command_id": "c-1"}
ACCEPTED = {"kind": EntryKind.ACCEPTED, "intent": "i", "closes": ("i",), "state": "billed"}
ATTEMPT = {"kind": EntryKind.ATTEMPT, "intent": "i", "ownership": OTHER}
LOOK = {**ATTEMPT, "code": PROBE}
UNKNOWN = {"kind": EntryKind.UNKNOWN, "intent": "i", "why": "no answer"}
NOT_SENT = {"kind": EntryKind.NOT_SENT, "intent": "i", "why": "no route"}
REFUSED = {"kind": EntryKind.EVIDENCE, "intent": "i", "code": "order.out_of_sequence", "why": "no"}
LATE = {"kind": EntryKind.EVIDENCE, "intent": "i", "code": "late.accepted", "why": "late"}
ESCALATED = {"kind": EntryKind.ESCALATED, "intent": "i", "why": "look"}
REOPENED = {**ESCALATED, "ownership": NOBODY}


def test_nothing_written_is_nothing_open() -> None:
    empty = fold(Record(header=HEADER, entries=()))
    assert (empty.version, empty.open, empty.facts_at, empty.accepted) == (0, (), None, {})


def test_an_intent_opens_what_only_its_ending_closes() -> None:
    standing = folded(INTENT)
    [doubt] = standing.open
    assert (doubt.name, doubt.trigger, doubt.source, doubt.ownership) == ("i", "bill", "placed", OWN)
    assert (doubt.attempt, doubt.sends, doubt.ended, doubt.escalated) == (1, 1, False, None)
    assert standing.state == "placed"


@pytest.mark.parametrize("kind", [EntryKind.ACCEPTED, EntryKind.DECLINED, EntryKind.NOT_SENT, EntryKind.RESOLVED])
def test_an_ending_names_the_intent_it_concludes(kind: EntryKind) -> None:
    standing = folded(INTENT, {**ACCEPTED, "kind": kind})
    assert standing.open == ()
    assert standing.endings["i"].kind is kind
    assert (standing.accepted == {}) == (kind is not EntryKind.ACCEPTED)
    command = standing.command("c-1")
    assert command is not None
    assert command.intent == "i"
    assert standing.command("c-2") is None


@pytest.mark.parametrize(
    "kind", [EntryKind.OBSERVED, EntryKind.QUEUED, EntryKind.REVEALED, EntryKind.DRIFT, EntryKind.EVIDENCE]
)
def test_an_entry_that_concludes_nothing_leaves_the_doubt(kind: EntryKind) -> None:
    standing = folded(INTENT, {"kind": kind, "code": "late.x"}, {"kind": kind, "intent": "i", "code": "late.x"})
    [doubt] = standing.open
    assert (doubt.attempt, doubt.sends, doubt.ended) == (1, 1, False)


def test_an_open_intent_stays_open_whatever_is_appended_after_it() -> None:
    other = {**INTENT, "intent": "v", "trigger": "void"}
    standing = folded(INTENT, UNKNOWN, other, {"kind": EntryKind.DECLINED, "intent": "v", "closes": ("v",)})
    assert [o.name for o in standing.open] == ["i"]


def test_a_reversal_closes_what_it_reversed_and_is_not_its_acceptance() -> None:
    void = {**INTENT, "intent": "v", "trigger": "void"}
    standing = folded(INTENT, void, {**ACCEPTED, "intent": "v", "trigger": "void", "closes": ("i", "v")})
    assert standing.open == ()
    assert set(standing.accepted) == {"void"}
    assert standing.endings["i"].intent == "v"


def test_an_attempt_takes_ownership_and_counts_as_a_send() -> None:
    [doubt] = folded(INTENT, UNKNOWN, ATTEMPT).open
    assert (doubt.ownership, doubt.attempt, doubt.sends, doubt.ended) == (OTHER, 3, 2, False)
    assert doubt.last_at == MOMENT + timedelta(seconds=3)
    assert doubt.entry.version == 1


def test_a_look_takes_ownership_and_is_no_send() -> None:
    [doubt] = folded(INTENT, UNKNOWN, LOOK).open
    assert (doubt.ownership, doubt.attempt, doubt.sends) == (OTHER, 3, 1)
    assert doubt.last_at == MOMENT + timedelta(seconds=1)


def test_an_attempt_that_provably_did_not_leave_is_no_send() -> None:
    [doubt] = folded(INTENT, UNKNOWN, ATTEMPT, NOT_SENT, ATTEMPT, NOT_SENT).open
    assert (doubt.sends, doubt.ended, doubt.why) == (1, True, "no route")
    [never_less] = folded(INTENT, NOT_SENT, NOT_SENT).open
    assert never_less.sends == 1


@pytest.mark.parametrize("ending", [UNKNOWN, NOT_SENT, REFUSED, ESCALATED])
def test_a_call_that_is_over_is_told_from_one_under_way(ending: dict[str, Any]) -> None:
    [doubt] = folded(INTENT, ending).open
    assert doubt.ended
    assert doubt.why == ending["why"]
    [again] = folded(INTENT, ending, ATTEMPT).open
    assert not again.ended


def test_a_late_reply_does_not_end_the_call_of_who_took_over() -> None:
    [doubt] = folded(INTENT, ATTEMPT, LATE).open
    assert not doubt.ended


def test_an_escalation_marks_the_open_intent() -> None:
    [doubt] = folded(INTENT, UNKNOWN, ESCALATED).open
    assert doubt.escalated is not None
    assert doubt.escalated.version == 3


def test_a_contradiction_reopens_a_concluded_intent_for_a_person() -> None:
    standing = folded(INTENT, ACCEPTED, LATE, REOPENED)
    [doubt] = standing.open
    assert doubt.escalated is not None
    assert (doubt.ended, doubt.attempt) == (True, 1)
    assert standing.state == "placed"  # what the reopening entry says
    assert standing.accepted == {}
    assert "i" not in standing.endings
    closed = folded(INTENT, ACCEPTED, REOPENED, {"kind": EntryKind.RESOLVED, "intent": "i", "closes": ("i",)})
    assert closed.open == ()
    assert closed.endings["i"].kind is EntryKind.RESOLVED


def test_a_persons_yes_counts_as_done_and_a_persons_no_does_not() -> None:
    for code, done in (("accepted", True), ("declined", False), (None, False)):
        decided = {"kind": EntryKind.RESOLVED, "intent": "i", "closes": ("i",), "code": code}
        standing = folded(INTENT, UNKNOWN, ESCALATED, decided)
        assert (standing.open, "bill" in standing.accepted) == ((), done)


def test_attempts_are_counted_with_when_the_last_began_and_whether_it_was_turned_away() -> None:
    attempt = {"kind": EntryKind.ATTEMPT, "intent": "i", "ownership": OWN}
    away = {"kind": EntryKind.NOT_SENT, "intent": "i", "body": b'{"retry_after": 90}'}
    [once] = folded(INTENT, UNKNOWN, attempt).open
    assert (once.attempts, once.turned_away, once.rest, once.sends) == (1, False, 0.0, 2)
    assert once.tried_at == once.last_at
    [met] = folded(INTENT, UNKNOWN, attempt, away).open
    assert (met.attempts, met.turned_away, met.rest, met.sends) == (1, True, 90.0, 1)
    [looked] = folded(INTENT, UNKNOWN, {**attempt, "code": "probe"}, away).open
    assert (looked.attempts, looked.looking, looked.turned_away, looked.sends) == (1, True, True, 1)
    [again] = folded(INTENT, UNKNOWN, attempt, away, attempt).open
    assert (again.attempts, again.turned_away, again.rest, again.sends) == (2, False, 0.0, 2)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"retry_after": "soon"}', b'{"retry_after": -5}', b"[", b'{"retry_after": null}']
)
def test_a_rest_that_makes_no_sense_is_none(body: bytes) -> None:
    attempt = {"kind": EntryKind.ATTEMPT, "intent": "i", "ownership": OWN}
    [met] = folded(INTENT, attempt, {"kind": EntryKind.NOT_SENT, "intent": "i", "body": body}).open
    assert met.rest == 0.0
    [long] = folded(INTENT, attempt, {"kind": EntryKind.NOT_SENT, "intent": "i", "body": b'{"retry_after": 1e30}'}).open
    assert long.rest == 86_400.0


def test_an_escalation_without_ownership_reopens_nothing() -> None:
    assert folded(INTENT, ACCEPTED, ESCALATED).open == ()


def test_the_first_ending_counts() -> None:
    assert folded(INTENT, ACCEPTED, {**ACCEPTED, "kind": EntryKind.DECLINED}).endings["i"].kind is EntryKind.ACCEPTED


def test_of_two_firings_the_last_accepted_one_counts() -> None:
    second = {**INTENT, "intent": "j"}
    standing = folded(INTENT, ACCEPTED, second, {**ACCEPTED, "intent": "j", "closes": ("j",)})
    assert standing.accepted["bill"].intent == "j"
    declined = folded(
        INTENT, ACCEPTED, second, {**ACCEPTED, "intent": "j", "closes": ("j",), "kind": EntryKind.DECLINED}
    )
    assert declined.accepted["bill"].intent == "i"
    found = declined.command("c-1")
    assert found is not None
    assert found.intent == "j"  # the last use of a command id


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_version_is_a_damaged_store(missing: int) -> None:
    whole = record(INTENT, UNKNOWN, ATTEMPT, ACCEPTED)
    entries = list(whole.entries)
    del entries[missing]
    with pytest.raises(StoreError, match="missing"):
        fold(attrs.evolve(whole, entries=tuple(entries)))


def _with_facts(facts: PurchaseFacts, *, keep: bool = True) -> Record:
    tree, personal = encode(facts)
    body = pack({"facts": tree, "personal": sorted(personal)})
    rows = {2: pack(personal)} if keep and personal else {}
    return record(INTENT, {**ACCEPTED, "body": body}, personal=rows)


def test_the_facts_are_those_of_the_last_acceptance_that_taught_some() -> None:
    facts = PurchaseFacts(basket=BASKET, buyer=GUEST, discount=Money("5.00", "USD"), message="thanks")
    whole = _with_facts(facts)
    assert fold(whole).facts(PurchaseFacts, PurchaseFacts()) == facts
    abandoned = attrs.evolve(whole.entries[1], version=3, position=3, body=b"{}", trigger="abandon")
    later = attrs.evolve(whole, entries=(*whole.entries, abandoned))
    assert fold(later).facts(PurchaseFacts, PurchaseFacts()) == facts
    assert folded(INTENT).facts(PurchaseFacts, facts) == facts


def test_forgotten_personal_data_leaves_a_placeholder_and_is_told() -> None:
    buyer = Member(id="m-secret", provider="spendgo", status="Active")
    facts = PurchaseFacts(basket=BASKET, buyer=buyer)
    kept, gone = fold(_with_facts(facts)), fold(_with_facts(facts, keep=False))
    assert not kept.forgotten
    assert kept.facts(PurchaseFacts, PurchaseFacts()) == facts
    assert gone.forgotten
    assert gone.facts(PurchaseFacts, PurchaseFacts()) == attrs.evolve(facts, buyer=attrs.evolve(buyer, id="forgotten"))
    assert not fold(_with_facts(PurchaseFacts(buyer=GUEST), keep=False)).forgotten
    assert not folded(INTENT).forgotten


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"facts": 1}', b'{"facts": {"basket": 1}}', b'{"facts": {"discount": "5"}}', b'\xff"facts"'],
)
def test_a_damaged_body_is_a_damaged_store(body: bytes) -> None:
    body = body if b'"facts"' in body else body + b'"facts"'
    standing = folded(INTENT, {**ACCEPTED, "body": body})
    with pytest.raises(StoreError, match=r"o-1, entry 2"):
        standing.facts(PurchaseFacts, PurchaseFacts())


def test_damaged_personal_data_is_a_damaged_store() -> None:
    whole = _with_facts(PurchaseFacts(buyer=Member(id="1", provider="spendgo", status="Active")))
    for rows in (b"{", b"[]", b'{"buyer.id": 5}'):
        with pytest.raises(StoreError):
            fold(attrs.evolve(whole, personal={2: rows})).facts(PurchaseFacts, PurchaseFacts())


@pytest.mark.parametrize("body", [b"{}", b"{", b'{"command": {}}', b'{"command": {"tenders": 1}}'])
def test_a_command_that_cannot_be_read_back_is_a_damaged_store(body: bytes) -> None:
    standing = folded({**INTENT, "body": body})
    with pytest.raises(StoreError, match=r"o-1, entry 1"):
        standing.input(standing.open[0].entry, Bill)


def test_a_damaged_promise_is_not_taken_for_one_that_can_be_sent_again() -> None:
    with pytest.raises(StoreError):
        folded({**INTENT, "body": b'{"personal":["x"'}).erased(1)


def test_the_command_comes_back_as_it_was_promised() -> None:
    command = Checkout(basket=BASKET, buyer=Member(id="9", provider="spendgo", status="Active"), why="x")
    tree, personal = encode(command)
    body = pack({"command": tree, "personal": sorted(personal)})
    whole = record({**INTENT, "body": body}, personal={1: pack(personal)})
    standing = fold(whole)
    assert standing.input(standing.open[0].entry, Checkout) == command
    assert not standing.erased(1)
    assert fold(attrs.evolve(whole, personal={})).erased(1)
