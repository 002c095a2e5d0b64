"""The journal suite's second half: what is open, found, followed, forgotten, owned and closed.

May live here: promises of the look-ups and of a journal's life. May not: a store's insides.
"""
# ruff: noqa: S101  a suite of tests speaks in asserts

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from stampcard.journal import ClaimTakenError, Journal, Personal, StoreError, Switch, VersionConflictError
from stampcard.model import Entry, EntryKind, Ownership
from stampcard.testing._journal_values import NOON, append_of, draft, intent, opening
from stampcard.testing._journal_writes import JournalWrites

__all__ = ["JournalReads"]


class JournalReads(JournalWrites):
    """See `stampcard.testing.journal_contract.JournalContract`."""

    # Open intents.

    def test_an_intent_is_open_until_an_entry_closes_it(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i")))
        assert journal.open_orders() == ("a",)
        journal.append(append_of("a", 1, draft(EntryKind.UNKNOWN, intent="i")))
        assert journal.open_orders() == ("a",)
        journal.append(append_of("a", 2, draft(intent="i", closes=("i",))))
        assert journal.open_orders() == ()

    def test_an_intent_passed_to_another_owner_stays_open_and_keeps_its_age(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i")))
        journal.append(opening("b", intent("i")))
        own = Ownership(owner="o2", boot="b", hard_end=20.0)
        journal.append(append_of("a", 1, draft(EntryKind.ATTEMPT, intent="i", ownership=own)))
        assert journal.open_orders() == ("a", "b")
        assert [summary.open_intents for summary in journal.find()] == [1, 1]

    def test_open_orders_come_oldest_first_and_once_each(self, journal: Journal) -> None:
        for name in ("c", "a", "b"):
            journal.append(opening(name, intent(f"{name}1"), intent(f"{name}2")))
        journal.append(append_of("c", 2, draft(closes=("c1",))))
        assert journal.open_orders() == ("c", "a", "b")
        journal.append(append_of("c", 3, intent("c1"), draft(closes=("c2",))))
        assert journal.open_orders() == ("a", "b", "c")
        journal.append(append_of("a", 2, draft(closes=("a1", "a2"))))
        assert journal.open_orders() == ("b", "c")

    def test_an_order_closes_its_own_intents_only(self, journal: Journal) -> None:
        journal.append(opening("a", intent("same name")))
        journal.append(opening("b", intent("same name")))
        journal.append(append_of("b", 1, draft(closes=("same name",))))
        assert journal.open_orders() == ("a",)

    # Watches.

    def test_an_order_is_watched_for_a_reason_until_an_append_ends_it_the_longest_first(self, journal: Journal) -> None:
        for name in ("c", "a", "b"):
            journal.append(opening(name, watch=("observe",)))
        journal.append(opening("d"))
        journal.append(append_of("a", 1, watch=("observe", "void")))  # again: it keeps its age
        assert journal.watched("observe") == ("c", "a", "b")
        assert journal.watched("void") == ("a",)
        journal.append(append_of("c", 1, unwatch=("observe", "never was")))
        assert (journal.watched("observe"), journal.watched("other")) == (("a", "b"), ())
        journal.append(append_of("c", 2, watch=("observe",)))
        assert journal.watched("observe") == ("a", "b", "c")
        journal.append(append_of("b", 1, unwatch=("observe",), watch=("observe",)))
        assert journal.watched("observe") == ("a", "c", "b")

    def test_a_refused_append_watches_nothing(self, journal: Journal) -> None:
        journal.append(opening("a", claims=("p1",)))
        with pytest.raises(ClaimTakenError):
            journal.append(opening("b", claims=("p1",), watch=("observe",)))
        with pytest.raises(VersionConflictError):
            journal.append(append_of("a", 5, watch=("observe",)))
        assert journal.watched("observe") == ()

    def test_a_watch_ends_only_for_who_has_seen_the_order_as_it_is(self, journal: Journal) -> None:
        journal.append(opening("a", watch=("observe", "void")))
        journal.append(append_of("a", 1))
        assert not journal.unwatch("a", "observe", version=1)
        assert journal.watched("observe") == ("a",)
        before = journal.changes()
        assert journal.unwatch("a", "observe", version=2)
        assert (journal.watched("observe"), journal.watched("void")) == ((), ("a",))
        assert journal.changes() == before  # it is no part of the history
        assert journal.unwatch("a", "observe", version=2)
        assert not journal.unwatch("nobody", "observe", version=1)

    def test_watches_outlive_the_handle(self, journal: Journal) -> None:
        journal.append(opening("a", watch=("observe",)))
        other = self.reopen()
        if other is not None:
            assert other.watched("observe") == ("a",)
            other.close()

    # Switches.

    def test_the_last_word_on_each_provider_is_kept_with_who_when_and_why(self, journal: Journal) -> None:
        assert journal.switches() == ()
        off = Switch(provider="spendgo", off=True, at=NOON, by="anna", why="double points")
        other = Switch(provider="kigo", off=True, at=NOON, by="ben", why="wrong codes")
        on = Switch(provider="spendgo", off=False, at=NOON + timedelta(hours=1), by="anna", why="mended")
        for one in (off, other):
            journal.switch(one)
        assert journal.switches() == (other, off)
        journal.switch(on)
        assert journal.switches() == (other, on)
        assert journal.changes() == ()  # no part of any order's history

    def test_a_switch_outlives_the_handle(self, journal: Journal) -> None:
        off = Switch(provider="spendgo", off=True, at=NOON, by="anna", why="double points")
        journal.switch(off)
        again = self.reopen()
        if again is not None:
            assert again.switches() == (off,)
            again.close()

    # Finding.

    def test_an_order_is_found_by_its_id_its_ticket_or_its_reference_newest_first(self, journal: Journal) -> None:
        journal.append(opening("a", ticket="1042", reference="AAAA-BBBB"))
        journal.append(opening("b", ticket="1042", reference="CCCC-DDDD", opened_at=NOON - timedelta(days=1)))
        journal.append(opening("c"))
        assert [s.header.order_id for s in journal.find(text="1042")] == ["b", "a"]
        assert [s.header.order_id for s in journal.find(text="AAAA-BBBB")] == ["a"]
        assert [s.header.order_id for s in journal.find(text="c")] == ["c"]
        assert [s.header.order_id for s in journal.find()] == ["c", "b", "a"]
        assert journal.find(text="104") == ()
        assert journal.find(text="") == ()

    def test_orders_are_found_by_provider_and_by_the_state_they_are_in_now(self, journal: Journal) -> None:
        journal.append(opening("a", provider="kigo"))
        journal.append(opening("b"))
        journal.append(opening("c"))
        journal.append(append_of("b", 1, draft(state="voided")))
        assert [s.header.order_id for s in journal.find(provider="spendgo")] == ["c", "b"]
        assert [s.header.order_id for s in journal.find(state="placed")] == ["c", "a"]
        assert [s.header.order_id for s in journal.find(state="placed", provider="spendgo", text="c")] == ["c"]
        assert journal.find(state="placed", text="b") == ()

    def test_a_long_listing_is_read_page_by_page_whatever_is_opened_meanwhile(self, journal: Journal) -> None:
        for number in range(5):
            journal.append(opening(f"o{number}", provider="kigo" if number == 1 else "spendgo"))
        assert [s.header.order_id for s in journal.find(limit=2)] == ["o4", "o3"]
        journal.append(opening("o5"))
        assert [s.header.order_id for s in journal.find(before="o3", limit=2)] == ["o2", "o1"]
        assert [s.header.order_id for s in journal.find(before="o3", provider="spendgo", limit=2)] == ["o2", "o0"]
        assert journal.find(before="o0") == journal.find(before="o9") == ()

    def test_a_summary_tells_where_the_order_stands(self, journal: Journal) -> None:
        later = NOON + timedelta(minutes=5)
        append = opening("a", intent("i"), intent("j"), ticket="7")
        journal.append(append)
        journal.append(append_of("a", 2, draft(state="billed", at=later, closes=("i",))))
        (summary,) = journal.find()
        assert (summary.header, summary.state, summary.version) == (append.header, "billed", 3)
        assert (summary.last_at, summary.open_intents) == (later, 1)

    def test_a_listing_is_no_longer_than_asked(self, journal: Journal) -> None:
        for number in range(5):
            journal.append(opening(f"o{number}"))
        assert [s.header.order_id for s in journal.find(limit=2)] == ["o4", "o3"]
        assert [entry.order_id for entry in journal.changes(limit=2)] == ["o0", "o1"]
        for none in (0, -1):
            assert journal.find(limit=none) == ()
            assert journal.changes(limit=none) == ()
        assert len(journal.find(limit=10**30)) == len(journal.changes(limit=10**30)) == 5
        assert journal.changes(after=10**30) == ()

    # Changes.

    def test_a_bookmark_misses_nothing_and_repeats_nothing(self, journal: Journal) -> None:
        for number in range(3):
            journal.append(opening(f"o{number}", draft(), draft()))
        seen: list[Entry] = []
        while batch := journal.changes(after=seen[-1].position if seen else 0, limit=4):
            seen += batch
        assert tuple(seen) == journal.changes() == journal.changes(after=-5)
        assert [(e.order_id, e.version) for e in seen] == [(f"o{n}", v) for n in range(3) for v in (1, 2)]

    def test_positions_have_no_gap_whatever_was_refused(self, journal: Journal) -> None:
        journal.append(opening("a", claims=("p1",)))
        with pytest.raises(ClaimTakenError):
            journal.append(opening("b", draft(), draft(), claims=("p1",)))
        journal.append_many([append_of("a", 9), opening("c", claims=("p1",)), opening("d", draft(), draft())])
        with pytest.raises(VersionConflictError):
            journal.append(append_of("a", 3))
        journal.append(append_of("a", 1))
        assert [entry.position for entry in journal.changes()] == [1, 2, 3, 4]

    def test_no_entry_appears_below_a_bookmark_while_others_write(self, journal: Journal) -> None:
        each, done = 15, threading.Event()
        seen: list[Entry] = []

        def write(name: int) -> None:
            journal.append(opening(f"o{name}"))
            for version in range(1, each):
                journal.append(append_of(f"o{name}", version))

        def follow() -> None:
            while True:
                last_round = done.is_set()
                while batch := journal.changes(after=seen[-1].position if seen else 0, limit=3):
                    seen.extend(batch)
                if last_round:
                    return

        follower = threading.Thread(target=follow)
        follower.start()
        try:
            with ThreadPoolExecutor(4) as writers:
                list(writers.map(write, range(4)))
        finally:
            done.set()
            follower.join()
        assert tuple(seen) == journal.changes()
        assert len(seen) == 4 * each

    def test_a_reader_never_sees_half_an_append(self, journal: Journal) -> None:
        journal.append(opening("a", draft(), draft()))
        done = threading.Event()
        odd: list[int] = []

        def watch() -> None:
            while not done.is_set():
                record = journal.load("a")
                if record is None or record.version % 2:
                    odd.append(-1 if record is None else record.version)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for version in range(2, 40, 2):
                journal.append(append_of("a", version, draft(), draft()))
        finally:
            done.set()
            watcher.join()
        assert odd == []

    # Many at once.

    def test_one_refused_append_of_many_leaves_the_others_be(self, journal: Journal) -> None:
        journal.append(opening("a", claims=("p1",)))
        results = journal.append_many(
            [
                append_of("a", 1),
                opening("b", intent("i", command_id="c", digest="d"), claims=("p2", "p1")),
                opening("c"),
                append_of("a", 7),
                append_of("a", 2),
                opening("d", intent("i", command_id="c", digest="other")),
            ]
        )
        kinds = [type(result) for result in results]
        assert kinds == [tuple, ClaimTakenError, tuple, VersionConflictError, tuple, tuple]
        assert journal.load("b") is None
        assert journal.command("c") == ("d", "other")
        written = [entry for result in results if isinstance(result, tuple) for entry in result]
        assert tuple(written) == journal.changes(after=1)
        assert [(e.order_id, e.version) for e in written] == [("a", 2), ("c", 1), ("a", 3), ("d", 1)]

    def test_no_appends_at_all_are_fine(self, journal: Journal) -> None:
        assert journal.append_many([]) == []

    # Forgetting.

    def test_a_subject_is_forgotten_while_the_history_stays(self, journal: Journal) -> None:
        mine, yours = Personal(subject="me", data=b'{"n":"Mia"}'), Personal(subject="you", data=b'{"n":"Yu"}')
        journal.append(opening("a", draft(personal=mine), draft(personal=yours), draft(personal=mine)))
        journal.append(opening("b", draft(personal=mine)))
        before = journal.changes()
        assert journal.forget("me") == 3
        assert journal.changes() == before
        first, second = journal.load("a"), journal.load("b")
        assert first is not None
        assert second is not None
        assert (first.personal, second.personal) == ({2: yours.data}, {})
        assert journal.forget("me") == 0
        assert journal.forget("nobody") == 0
        journal.append(append_of("b", 1, draft(personal=mine)))
        again = journal.load("b")
        assert again is not None
        assert again.personal == {2: mine.data}

    # Owners.

    def test_a_record_is_still_the_order_until_something_is_appended_or_erased(self, journal: Journal) -> None:
        named = draft(personal=Personal(subject="anna", data=b"{}"))
        journal.append(opening("a", named))
        journal.append(opening("b"))
        record = journal.load("a")
        assert record is not None
        assert journal.still(record)
        journal.append(append_of("b", 1, draft()))
        assert journal.still(record)
        journal.append(append_of("a", 1, draft()))
        assert not journal.still(record)
        record = journal.load("a")
        assert record is not None
        assert journal.still(record)
        journal.forget("anna")
        assert not journal.still(record)

    def test_personal_data_that_follows_erased_data_is_not_written(self, journal: Journal) -> None:
        journal.append(opening("a", draft(personal=Personal(subject="anna", data=b'{"1": 1}'))))
        repeats = Personal(subject="anna", follows=1, data=b'{"2": 2}')
        journal.append(append_of("a", 1, draft(personal=repeats)))
        record = journal.load("a")
        assert record is not None
        assert dict(record.personal) == {1: b'{"1": 1}', 2: b'{"2": 2}'}
        assert journal.forget("anna") == 2
        journal.append(append_of("a", 2, draft(personal=repeats)))
        record = journal.load("a")
        assert record is not None
        assert (record.version, dict(record.personal)) == (3, {})

    def test_an_owner_lives_until_its_journal_closes(self, journal: Journal) -> None:
        first, second = journal.enrol(), journal.enrol()
        assert first != second
        assert journal.alive(first)
        assert journal.alive(second)
        for stranger in ("", "nobody", "../escape", "0" * 32):
            assert not journal.alive(stranger)
        other = self.reopen()
        if other is not None:
            third = other.enrol()
            assert other.alive(first)
            assert journal.alive(third)
            other.close()
            assert not journal.alive(third)
            assert journal.alive(first)

    # Closing.

    def test_a_closed_journal_raises_store_error(self, journal: Journal) -> None:
        journal.append(opening("a"))
        name = journal.id
        journal.close()
        journal.close()
        uses: list[Callable[[], object]] = [
            lambda: journal.load("a"),
            lambda: journal.append(opening("b")),
            lambda: journal.command("c"),
            journal.open_orders,
            lambda: journal.watched("observe"),
            lambda: journal.unwatch("a", "observe", version=1),
            journal.find,
            journal.changes,
            lambda: journal.forget("s"),
            journal.enrol,
            lambda: journal.alive("o"),
        ]
        for use in uses:
            with pytest.raises(StoreError, match="closed"):
                use()
        (refused,) = journal.append_many([opening("b")])
        assert isinstance(refused, StoreError)
        assert journal.id == name
