"""The journal suite's first half: what is written, refused and taken.

May live here: promises of `append` and what it returns. May not: a store's insides.
"""
# ruff: noqa: S101  a suite of tests speaks in asserts

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard.journal import (
    Append,
    ClaimTakenError,
    CommandTakenError,
    Journal,
    LaneTakenError,
    Personal,
    VersionConflictError,
)
from stampcard.model import EntryKind, Environment, Ownership, Site
from stampcard.testing._journal_values import NOON, append_of, draft, drafts, headers, intent, numbered, opening

__all__ = ["JournalWrites"]

THREADS: Final = 8
PROMISES: Final = (EntryKind.INTENT, EntryKind.QUEUED)
"""Kinds that take their command id: it must be new, or the same again."""


class JournalWrites:
    """See `stampcard.testing.journal_contract.JournalContract`."""

    folder: Path
    """A fresh folder for each test."""

    def open(self) -> Journal:
        """A new, empty journal; called once in a test."""
        raise NotImplementedError

    def reopen(self) -> Journal | None:
        """A second handle on the journal `open` opened, both in use at once; None when there can be none."""
        return None

    @pytest.fixture
    def journal(self, tmp_path: Path) -> Generator[Journal, None, None]:
        self.folder = tmp_path
        with closing(self.open()) as journal:
            yield journal

    # What goes in comes out.

    def test_every_field_comes_back_as_it_went_in(self, journal: Journal) -> None:
        orders: list[str] = []

        @settings(max_examples=40, deadline=None, database=None)
        @given(data=st.data())
        def round_trip(data: st.DataObject) -> None:
            order_id = f"order-{len(orders)}"
            orders.append(order_id)
            header = data.draw(headers(order_id))
            said = [
                attrs.evolve(one, command_id=f"{order_id}/{n}", digest="d") if one.kind in PROMISES else one
                for n, one in enumerate(data.draw(st.lists(drafts(), min_size=1, max_size=3)))
            ]
            append = Append(order_id=order_id, expected_version=0, header=header, entries=tuple(said))
            written = journal.append(append)
            record = journal.load(order_id)
            assert record is not None
            assert record.header == header
            assert record.entries == written
            assert record.version == len(said)
            pairs = zip(said, written, strict=True)
            assert written == tuple(numbered(one, like, n) for n, (one, like) in enumerate(pairs, 1))
            assert all(entry.provider == header.provider and entry.at.tzinfo == UTC for entry in written)
            assert record.personal == {n: d.personal.data for n, d in enumerate(said, 1) if d.personal is not None}
            assert journal.changes(after=written[0].position - 1) == written

        round_trip()

    def test_a_second_handle_sees_what_was_written_and_is_the_same_journal(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i", command_id="c", digest="d")))
        other = self.reopen()
        if other is None:
            pytest.skip("this store has one handle")
        with closing(other):
            assert other.id == journal.id
            assert other.load("a") == journal.load("a")
            assert other.command("c") == ("a", "d")
            assert other.open_orders() == ("a",)
            with pytest.raises(VersionConflictError):
                other.append(opening("a"))
            other.append(append_of("a", 1))
        assert [entry.version for entry in journal.changes()] == [1, 2]

    def test_an_unknown_order_is_none_and_an_unknown_command_too(self, journal: Journal) -> None:
        assert journal.load("nobody") is None
        assert journal.command("nothing") is None
        assert journal.open_orders() == ()
        assert journal.find() == ()
        assert journal.changes() == ()

    # Versions.

    @pytest.mark.parametrize("expected", [1, 3, 99])
    def test_an_append_decided_on_another_version_is_refused(self, journal: Journal, expected: int) -> None:
        journal.append(opening("a", draft(), draft()))
        with pytest.raises(VersionConflictError) as refused:
            journal.append(append_of("a", expected))
        assert refused.value.current == 2
        journal.append(append_of("a", 2))

    def test_an_order_opens_once(self, journal: Journal) -> None:
        journal.append(opening("a", ticket="first"))
        with pytest.raises(VersionConflictError) as refused:
            journal.append(opening("a", ticket="second"))
        assert refused.value.current == 1
        record = journal.load("a")
        assert record is not None
        assert record.header.ticket == "first"

    def test_an_order_that_was_never_opened_is_at_version_0(self, journal: Journal) -> None:
        with pytest.raises(VersionConflictError) as refused:
            journal.append(append_of("a", 1))
        assert refused.value.current == 0

    def test_eight_threads_on_one_order_write_every_version_once(self, journal: Journal) -> None:
        journal.append(opening("a"))
        each = 10

        def till(name: int) -> None:
            written, expected = 0, 1
            while written < each:
                try:
                    (entry,) = journal.append(append_of("a", expected, draft(by=f"{name}/{written}")))
                    expected, written = entry.version, written + 1
                except VersionConflictError as behind:
                    expected = behind.current

        with ThreadPoolExecutor(THREADS) as tills:
            list(tills.map(till, range(THREADS)))
        record = journal.load("a")
        assert record is not None
        assert [entry.version for entry in record.entries] == list(range(1, 2 + THREADS * each))
        assert len({entry.by for entry in record.entries}) == 1 + THREADS * each

    # Mistakes of the calling code, and all-or-nothing.

    @pytest.mark.parametrize(
        "mistaken",
        [
            append_of("a", 0),
            attrs.evolve(opening("a"), expected_version=1),
            attrs.evolve(opening("a"), order_id="b"),
            attrs.evolve(opening("a"), entries=()),
            opening("a", draft(at=NOON.replace(tzinfo=None))),
            opening("a", opened_at=NOON.replace(tzinfo=None)),
            opening("a", draft(ownership=Ownership(owner="o", boot="b", hard_end=1.0))),
            opening("a", attrs.evolve(intent("i"), ownership=Ownership(owner="o", boot="b", hard_end=float("nan")))),
            opening("a", intent("i", command_id="c")),
            opening("a", draft(why="half \ud800 a pair")),
        ],
    )
    def test_a_mistake_in_the_calling_code_is_a_value_error_and_writes_nothing(
        self, journal: Journal, mistaken: Append
    ) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            journal.append(mistaken)
        assert journal.changes() == ()
        assert journal.find() == ()

    def test_a_refused_append_leaves_no_trace(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i", command_id="c", digest="d"), claims=("p1",)))
        refused = opening(
            "b",
            intent("j", command_id="fresh", digest="d", personal=Personal(subject="s", data=b"{}")),
            draft(),
            claims=("p2", "p1"),
        )
        with pytest.raises(ClaimTakenError):
            journal.append(refused)
        assert journal.load("b") is None
        assert journal.command("fresh") is None
        assert journal.open_orders() == ("a",)
        assert len(journal.changes()) == 1
        assert journal.forget("s") == 0
        (entry,) = journal.append(opening("c", claims=("p2",)))  # p2 was not kept either
        assert entry.version == 1

    # Command ids.

    def test_a_command_id_is_taken_with_its_digest(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i", command_id="c", digest="d")))
        assert journal.command("c") == ("a", "d")
        journal.append(append_of("a", 1, intent("j", command_id="c", digest="d")))
        assert journal.command("c") == ("a", "d")

    def test_a_queued_promise_takes_its_command_id_too(self, journal: Journal) -> None:
        journal.append(opening("a", draft(EntryKind.QUEUED, command_id="c", digest="d")))
        assert journal.command("c") == ("a", "d")

    def test_a_command_id_used_for_other_input_is_refused(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i", command_id="c", digest="d")))
        with pytest.raises(CommandTakenError) as refused:
            journal.append(append_of("a", 1, intent("j", command_id="c", digest="other")))
        assert refused.value.order_id == "a"

    def test_a_command_id_used_for_another_order_is_refused(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i", command_id="c", digest="d")))
        with pytest.raises(CommandTakenError) as refused:
            journal.append(opening("b", intent("j", command_id="c", digest="d")))
        assert refused.value.order_id == "a"
        assert journal.load("b") is None

    def test_two_uses_of_a_command_id_in_one_append_are_compared_too(self, journal: Journal) -> None:
        twice = (intent("i", command_id="c", digest="d"), intent("j", command_id="c", digest="e"))
        with pytest.raises(CommandTakenError):
            journal.append(opening("a", *twice))
        assert journal.command("c") is None

    def test_an_outcome_may_name_its_command_without_taking_it(self, journal: Journal) -> None:
        journal.append(opening("a", draft(command_id="c")))
        assert journal.command("c") is None

    # Claims.

    def test_a_provider_order_belongs_to_one_order_of_ours(self, journal: Journal) -> None:
        journal.append(opening("a", claims=("p1",)))
        journal.append(append_of("a", 1, claims=("p1", "p2")))  # its own again is fine
        with pytest.raises(ClaimTakenError) as refused:
            journal.append(opening("b", claims=("p2",)))
        assert refused.value.order_id == "a"

    @pytest.mark.parametrize(
        "elsewhere",
        [{"provider": "kigo"}, {"site": Site(store="12", tenant="other")}, {"environment": Environment.LIVE}],
    )
    def test_claims_are_apart_per_tenant_provider_and_environment(
        self, journal: Journal, elsewhere: dict[str, Any]
    ) -> None:
        journal.append(opening("a", claims=("p1",)))
        journal.append(opening("b", claims=("p1",), **elsewhere))
        assert len(journal.changes()) == 2

    # Lanes.

    def test_a_lane_is_held_while_its_intent_is_open(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i1"), lane="l"))
        with pytest.raises(LaneTakenError) as refused:
            journal.append(opening("b", intent("i2"), lane="l"))
        assert refused.value.order_id == "a"
        assert journal.load("b") is None
        journal.append(append_of("a", 1, draft(intent="i1", closes=("i1",))))
        journal.append(opening("b", intent("i2"), lane="l"))
        with pytest.raises(LaneTakenError):
            journal.append(append_of("a", 2, intent("i3"), lane="l"))

    def test_an_order_takes_its_own_lane_anew(self, journal: Journal) -> None:
        journal.append(opening("a", intent("i1"), lane="l"))
        journal.append(append_of("a", 1, intent("i2"), lane="l"))
        journal.append(append_of("a", 2, draft(intent="i1", closes=("i1",))))
        with pytest.raises(LaneTakenError):  # the newer intent holds it still
            journal.append(opening("b", intent("i3"), lane="l"))

    @pytest.mark.parametrize(
        "elsewhere",
        [{"provider": "kigo"}, {"site": Site(store="12", tenant="other")}, {"environment": Environment.LIVE}],
    )
    def test_lanes_are_apart_per_tenant_provider_and_environment(
        self, journal: Journal, elsewhere: dict[str, Any]
    ) -> None:
        journal.append(opening("a", intent("i1"), lane="l"))
        journal.append(opening("b", intent("i2"), lane="l", **elsewhere))
        assert len(journal.open_orders()) == 2

    def test_of_many_lanes_at_once_one_gets_it(self, journal: Journal) -> None:
        def take(number: int) -> bool:
            try:
                journal.append(opening(f"o{number}", intent(f"i{number}"), lane="l"))
            except LaneTakenError:
                return False
            return True

        with ThreadPoolExecutor(THREADS) as pool:
            assert sum(pool.map(take, range(THREADS))) == 1

    def test_a_lane_without_an_intent_to_hold_it_is_a_mistake(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="lane"):
            journal.append(opening("a", lane="l"))
