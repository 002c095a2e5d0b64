"""The machine does what the tables say, nothing else, and keeps nothing."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from enum import StrEnum
from itertools import product

import attrs
import pytest

from stampcard import machine as room
from stampcard.commands import Abandon, Command, Complete, Refund, Void
from stampcard.lifecycles import LIFECYCLES, PURCHASE, AnyLifecycle, Lifecycle, LifecycleError, Row
from stampcard.machine import IllegalMoveError, decide, machine, move
from stampcard.model import AnyOrder, Environment, Facts, Order, Site


def order(state: str, lifecycle: AnyLifecycle = PURCHASE) -> AnyOrder:
    return Order(
        id="s1-1",
        provider="p",
        environment=Environment.TEST,
        site=Site(store="1"),
        lifecycle=lifecycle.name,
        fingerprint=lifecycle.fingerprint,
        state=lifecycle.states(state),
        version=1,
        facts=Facts(),
    )


@pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=lambda one: one.name)
def test_every_state_trigger_and_destination_moves_as_the_table_says(lifecycle: AnyLifecycle) -> None:
    for state, trigger, to in product(lifecycle.states, lifecycle.triggers, lifecycle.states):
        row = lifecycle.row(state, trigger)
        for known_as in (state, state.value):  # a journal brings text, an order the enum
            if row is not None and to in row.destinations:
                moved = move(lifecycle, known_as, trigger, to)
                assert moved is to
                assert isinstance(moved, lifecycle.states)
            else:
                with pytest.raises(IllegalMoveError, match=lifecycle.name):
                    move(lifecycle, known_as, trigger, to)


@pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=lambda one: one.name)
def test_a_destination_may_be_left_out_only_where_there_is_one(lifecycle: AnyLifecycle) -> None:
    for state, trigger in product(lifecycle.states, lifecycle.triggers):
        row = lifecycle.row(state, trigger)
        if row is not None and len(row.destinations) == 1:
            assert move(lifecycle, state, trigger) is row.destinations[0]
        else:
            with pytest.raises(IllegalMoveError):
                move(lifecycle, state, trigger)


@pytest.mark.parametrize(
    ("state", "trigger", "to"),
    [
        ("placed", "bill", "no such state"),
        ("no such state", "bill", "billed"),
        ("placed", "no such trigger", "billed"),
        ("placed", "to_billed", "billed"),  # the library's automatic transitions are off
        ("", "", ""),
        ("placed", "bill", ""),
    ],
)
def test_what_the_table_does_not_know_is_an_error(state: str, trigger: str, to: str) -> None:
    with pytest.raises(IllegalMoveError):
        move(PURCHASE, state, trigger, to)


def test_deciding_answers_an_edge_that_does_not_exist_with_one_sentence() -> None:
    (only,) = decide(PURCHASE, order("completed"), Void())
    assert only.code == "lifecycle.not_from_here"
    assert only.params == {"trigger": "void", "state": "completed"}
    assert only.message == "'void' is not possible now: the order is 'completed'."


@pytest.mark.parametrize(
    ("state", "command", "legal"),
    [
        ("placed", Void(), True),
        ("billed", Complete(), True),
        ("completed", Refund(), True),
        ("new", Abandon(), True),
        ("new", Complete(), False),
        ("completed", Void(), False),  # after completion it is a refund
        ("billed", Refund(), False),  # before completion it is a void
        ("voided", Void(), False),
        ("placed", Abandon(), False),
    ],
)
def test_void_only_before_completion_and_refund_only_after(state: str, command: Command, legal: bool) -> None:
    assert (decide(PURCHASE, order(state), command) == ()) is legal


def test_deciding_asks_all_guards_and_fires_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "machine", None)

    class Placing(Command):
        trigger = "place"

    asked = decide(PURCHASE, order("checkout"), Placing())
    assert [r.code for r in asked] == ["command.not_of_this_step"]


def test_nothing_is_kept_of_a_firing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[weakref.ref[object]] = []

    @attrs.define(eq=False, weakref_slot=True)
    class Watched(room._Cursor):
        def __attrs_post_init__(self) -> None:
            seen.append(weakref.ref(self))

    monkeypatch.setattr(room, "_Cursor", Watched)
    gc.disable()
    try:
        for _ in range(100):
            move(PURCHASE, "placed", "bill")
            with pytest.raises(IllegalMoveError):
                move(PURCHASE, "placed", "complete", "completed")
    finally:
        gc.enable()
    # The last refused firing may still be held by its own traceback; nothing else is, and no cycle waits for the gc.
    assert len(seen) == 200
    assert sum(ref() is not None for ref in seen) <= 1
    assert machine(PURCHASE).models == []


def test_a_firing_grows_no_table() -> None:
    built = machine(PURCHASE)
    before = {name: len(event.transitions) for name, event in built.events.items()}
    for state, trigger in product((*PURCHASE.states, "no such state"), (*PURCHASE.triggers, "no such trigger")):
        with pytest.raises(IllegalMoveError):
            move(PURCHASE, state, trigger, "no such destination")
    assert {name: len(event.transitions) for name, event in built.events.items()} == before


def test_two_equal_orders_do_not_disturb_each_other() -> None:
    one, other = order("placed"), order("placed")
    assert one == other
    assert move(PURCHASE, one.state, "bill") == "billed"
    assert move(PURCHASE, other.state, "void") == "voided"
    assert one.state == other.state == "placed"


def test_eight_threads_share_one_machine() -> None:
    built = machine(PURCHASE)
    wrong: list[str] = []
    gate = threading.Barrier(8)

    def run(number: int) -> None:
        gate.wait()
        for turn in range(400):
            state, trigger, end = [
                ("placed", "bill", "billed"),
                ("billed", "complete", "completed"),
                ("checkout", "void", "voided"),
            ][(number + turn) % 3]
            if move(PURCHASE, state, trigger, end) != end:
                wrong.append(f"{state} {trigger}")
            try:
                move(PURCHASE, state, trigger, "refunded")
                wrong.append(f"{state} {trigger} refunded")
            except IllegalMoveError:
                pass

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert machine(PURCHASE) is built
    assert built.models == []


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


def lamp(*guards: str) -> Lifecycle[Lamp]:
    return Lifecycle(
        name="LAMP",
        states=Lamp,
        initial=Lamp.OFF,
        final=(Lamp.BROKEN,),
        rows=(
            Row(trigger="press", sources=(Lamp.OFF, Lamp.ON), destinations=(Lamp.ON, Lamp.OFF)),
            Row(trigger="drop", sources=(Lamp.OFF, Lamp.ON), destinations=(Lamp.BROKEN,), guards=guards),
        ),
    )


def test_a_table_of_ones_own_works_and_goes_with_its_owner() -> None:
    own = lamp()
    assert move(own, "off", "press", "on") is Lamp.ON
    assert move(own, "on", "press", "off") is Lamp.OFF
    assert machine(own) is machine(own)
    assert machine(lamp()) is not machine(own)  # equal, but another object: one never serves the other's changes
    key, before = id(own), len(room._machines)
    del own
    gc.collect()
    assert len(room._machines) < before
    assert key not in room._machines


def test_a_table_that_names_an_unknown_guard_never_fires() -> None:
    own = lamp("no_such_guard")
    with pytest.raises(LifecycleError, match="no_such_guard in row `drop: off,on -> broken`"):
        move(own, "off", "press", "on")

    class Dropping(Command):
        trigger = "drop"

    with pytest.raises(LifecycleError, match="no_such_guard in row `drop: off,on -> broken`"):
        decide(own, attrs.evolve(order("new"), state=Lamp.OFF), Dropping())


def test_the_librarys_log_stays_quiet_at_a_till_that_debugs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    move(PURCHASE, "placed", "bill")
    with pytest.raises(IllegalMoveError):
        move(PURCHASE, "placed", "bill", "voided")
    assert caplog.records == []
