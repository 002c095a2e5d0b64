"""A person's word on a step that waits holds: it is not sent any more, and a repeat of it is told what was decided."""

from __future__ import annotations

import pytest
from tests.offline.store import at

from stampcard import DeclinedError, PurchaseState, Verdict


def test_a_void_that_waits_and_was_done_by_hand_waits_no_longer() -> None:
    with at() as store:
        order = store.sold("a", "bill")
        with store.away():
            store.spendgo.void(order, why="w")
            order = store.till.resolve("a", as_=Verdict.ACCEPTED, because="by hand", by="b", before_recovery=True)
            assert (order.state, order.queued) == (PurchaseState.VOIDED, ())
        assert store.drained() == []
        assert store.till.needs_human() == ()
        assert store.there("a") == ("placed", "billed")


def test_what_could_not_be_sent_and_a_person_declined_is_not_sent_by_its_repeat() -> None:
    with at() as store:
        order = store.sold("a", "bill")
        with store.away():
            store.spendgo.complete(order, command_id="c1")
            store.drained()  # in vain
            store.till.resolve("a", as_=Verdict.DECLINED, because="not wanted", by="b", before_recovery=True)
        with pytest.raises(DeclinedError) as told:
            store.spendgo.complete(store.spendgo.get("a"), command_id="c1")
        assert told.value.replayed
        assert store.there("a") == ("placed", "billed")


def test_what_could_not_be_sent_and_a_person_found_done_is_told_so_to_its_repeat() -> None:
    with at() as store:
        order = store.sold("a", "bill")
        with store.away():
            store.spendgo.complete(order, command_id="c1")
            store.drained()  # in vain
            order = store.till.resolve("a", as_=Verdict.ACCEPTED, because="w", by="b", before_recovery=True)
            assert order.state is PurchaseState.COMPLETED
            assert store.spendgo.complete(order, command_id="c1").replayed
            assert store.spendgo.complete(order).replayed
