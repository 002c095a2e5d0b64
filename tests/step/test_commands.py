"""A repeat gives the recorded answer, at any later time and from another process; other input is a conflict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.step.shop import BASKET, MEMBER, Provider, Shop, basket, cash, deaf, first, lost, says, shop

from stampcard.errors import (
    ConflictError,
    DeclinedError,
    InDoubtError,
    Next,
    NotAllowedError,
    UnavailableError,
    UnknownOrderError,
)
from stampcard.model import GUEST, Tender, TenderKind

BUSY = b'{"code": 400, "details": "Reward could not be applied", "id": "x", "status": "placed"}'


def test_an_accepted_command_replays_at_any_later_time_and_from_another_till(here: Shop) -> None:
    priced = here.priced(command_id="c-1")
    placed = here.verbs.place(priced, tenders=cash(priced), command_id="c-2")
    billed = here.verbs.bill(placed)
    sent = list(here.provider.seen)
    again = here.verbs.place(priced, tenders=cash(priced), command_id="c-2")  # the version seen is long gone
    assert again.replayed
    assert (again, again.state) == (billed, "billed")
    assert here.priced(command_id="c-1").replayed
    done = here.verbs.complete(billed)
    with shop(here.provider, here.journal) as other:
        later = other.verbs.place(priced, tenders=cash(priced), command_id="c-2")
        assert later.replayed
        assert later == done
    assert here.provider.seen == [*sent, (done.id, "completed")]


def test_a_declined_command_replays_its_no(here: Shop) -> None:
    order = here.priced()
    here.provider.rules["placed"] = first(says(400, b'{"code": 2000, "details": "Bad basket"}'))
    first_no = _raises(DeclinedError, lambda: here.verbs.place(order, tenders=cash(order), command_id="c"))
    again = _raises(DeclinedError, lambda: here.verbs.place(order, tenders=cash(order), command_id="c"))
    assert again.replayed
    assert not first_no.replayed
    for name in ("code", "cashier", "detail", "provider_code", "provider_text", "http_status", "allowed", "order_id"):
        assert getattr(again, name) == getattr(first_no, name)
    assert again.http_status == 400
    assert here.provider.calls(order.id)["placed"] == 1
    fresh = here.verbs.get(order.id)
    assert here.verbs.place(fresh, tenders=cash(fresh), command_id="another").state == "placed"


def test_a_command_in_doubt_is_told_in_doubt_and_never_sent_again(here: Shop) -> None:
    order = here.priced()
    here.provider.rules["placed"] = first(lost)
    _raises(InDoubtError, lambda: here.verbs.place(order, tenders=cash(order), command_id="c"))
    again = _raises(InDoubtError, lambda: here.verbs.place(order, tenders=cash(order), command_id="c"))
    assert again.next is Next.WAIT
    without_id = _raises(InDoubtError, lambda: here.verbs.place(order, tenders=cash(order)))
    assert without_id.reversible
    assert here.provider.calls(order.id)["placed"] == 1
    settled = here.verbs.recover(order.id)
    assert here.verbs.place(order, tenders=cash(order), command_id="c").replayed
    assert settled.state == "placed"


def test_a_command_that_was_not_sent_is_done_when_it_is_repeated(here: Shop) -> None:
    order = here.priced()
    here.provider.rules["placed"] = first(says(429, b""))
    no = _raises(UnavailableError, lambda: here.verbs.place(order, tenders=cash(order), command_id="c"))
    assert no.reason == "rate_limit"
    fresh = here.verbs.get(order.id)
    placed = here.verbs.place(fresh, tenders=cash(fresh), command_id="c")
    assert (placed.state, placed.replayed) == ("placed", False)


@pytest.mark.parametrize("later", [False, True])
def test_the_same_id_with_other_input_is_a_conflict(here: Shop, later: bool) -> None:
    order = here.priced()
    placed = here.verbs.place(order, tenders=cash(order), command_id="c")
    if later:
        placed = here.verbs.complete(here.verbs.bill(placed))
    other = [Tender(kind=TenderKind.CHECK, amount=cash(order)[0].amount)]
    said = _raises(ConflictError, lambda: here.verbs.place(placed, tenders=other, command_id="c"))
    assert (said.code, said.order_id, said.current_version) == ("command.conflict", order.id, placed.version)
    assert said.cashier
    with pytest.raises(ConflictError):  # another verb
        here.verbs.void(placed, why="x", command_id="c")
    assert here.provider.calls(order.id)["placed"] == 1


def test_the_same_id_on_another_order_is_a_conflict_that_names_both(here: Shop) -> None:
    one = here.priced("1", command_id="c")
    sent = len(here.provider.seen)
    said = _raises(ConflictError, lambda: here.priced("2", command_id="c"))
    assert (said.code, said.order_id) == ("command.conflict", here.id("2"))
    assert one.id in said.detail
    with pytest.raises(UnknownOrderError):
        here.verbs.get(here.id("2"))
    assert len(here.provider.seen) == sent


def test_without_an_id_what_was_accepted_replays_and_a_checkout_of_an_order_is_always_a_new_call(here: Shop) -> None:
    order = here.priced()
    again = here.verbs.checkout(order, BASKET, buyer=MEMBER)
    assert (again.replayed, again.version) == (False, order.version + 2)
    assert here.provider.calls(order.id)["checkout"] == 2
    placed = here.verbs.place(again, tenders=cash(again))
    assert here.verbs.place(again, tenders=cash(again)).replayed
    assert here.verbs.place(placed, tenders=cash(again)).replayed
    other = [Tender(kind=TenderKind.CHECK, amount=cash(order)[0].amount)]
    assert _raises(ConflictError, lambda: here.verbs.place(placed, tenders=other)).code == "command.conflict"
    assert here.provider.calls(order.id) == {"checkout": 2, "placed": 1}


def test_an_opening_verb_by_id_repeats_with_the_same_input_and_conflicts_with_other_input(here: Shop) -> None:
    order = here.priced()
    assert here.priced().replayed
    other = basket("53.00")
    said = _raises(ConflictError, lambda: here.verbs.checkout(order.id, other, buyer=MEMBER))
    assert said.code == "command.conflict"
    with pytest.raises(ConflictError):
        here.verbs.checkout(order.id, BASKET, buyer=GUEST)
    changed = here.verbs.checkout(order, other, buyer=MEMBER)  # a changed basket passes the order
    assert changed.facts.basket == other
    assert here.verbs.checkout(order.id, other, buyer=MEMBER).replayed
    done = here.verbs.bill(here.verbs.place(changed, tenders=cash(changed)))
    assert here.verbs.checkout(order.id, other, buyer=MEMBER).state == done.state
    assert here.provider.calls(order.id) == {"checkout": 2, "placed": 1, "billed": 1}


def test_the_reason_takes_no_part_in_the_comparison(here: Shop) -> None:
    order = here.completed()
    done = here.verbs.refund(order, why="cold", command_id="r")
    again = here.verbs.refund(order, why="it was cold", command_id="r")
    assert again.replayed
    assert here.verbs.refund(done, why="whatever").replayed
    assert [e.why for e in here.verbs.history(order.id) if e.trigger == "refund"] == ["cold", "cold"]


def test_a_checkout_without_an_answer_may_be_repeated_by_its_command_id(here: Shop) -> None:
    here.provider.rules["checkout"] = first(deaf)
    said = _raises(UnavailableError, lambda: here.priced(command_id="c"))
    assert (said.code, said.next) == ("provider.no_answer", Next.RETRY)
    order = here.priced(command_id="c")
    assert (order.state, order.replayed) == ("checkout", False)
    assert here.priced(command_id="c").replayed


def test_a_stale_order_is_a_conflict_and_nothing_is_sent(here: Shop) -> None:
    order = here.priced()
    here.verbs.checkout(order, basket("60.00"), buyer=MEMBER)
    said = _raises(ConflictError, lambda: here.verbs.place(order, tenders=cash(order)))
    assert (said.code, said.current_version, said.order_id) == ("order.conflict", 4, order.id)
    assert said.allowed == {"checkout", "place", "void", "abandon"}
    assert "placed" not in here.provider.calls(order.id)


def test_a_command_settled_by_a_reversal_is_not_done_again(here: Shop) -> None:
    order = here.placed()
    here.provider.rules["billed"] = first(deaf)
    _raises(InDoubtError, lambda: here.verbs.bill(order, command_id="b"))
    here.verbs.void(here.verbs.get(order.id), why="no answer")
    _raises(ConflictError, lambda: here.verbs.bill(order, command_id="b"))
    now = here.verbs.get(order.id)
    said = _raises(NotAllowedError, lambda: here.verbs.bill(now, command_id="b"))
    assert (said.code, said.allowed, said.state) == ("lifecycle.not_from_here", frozenset(), "voided")
    assert here.provider.calls(order.id)["billed"] == 1


def _raises(kind: type[Any], do: Any) -> Any:
    with pytest.raises(kind) as caught:
        do()
    return caught.value


def test_a_repeat_in_another_journal_is_unknown(here: Shop, provider: Provider, tmp_path: Path) -> None:
    order = here.priced()
    with shop(provider, tmp_path / "other.db") as other:
        said = _raises(UnknownOrderError, lambda: other.verbs.place(order, tenders=cash(order)))
        assert said.order_id == order.id
        assert said.next is Next.FIX
        assert other.verbs.within(1).by("bo")._seat.actor == "bo"
    assert attrs.evolve(order, replayed=True) == order
