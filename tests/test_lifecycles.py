"""The four tables are the ones agreed on, and a table that lies cannot be built."""

from __future__ import annotations

from enum import StrEnum

import pytest

from stampcard.guards import prove
from stampcard.lifecycles import (
    AUTHORIZATION,
    FULFILMENT,
    LIFECYCLES,
    PURCHASE,
    REDEMPTION,
    AnyLifecycle,
    Lifecycle,
    LifecycleError,
    Row,
)

# Written out by hand from the house plan, on purpose: (state, trigger) -> destinations.
EDGES: dict[str, dict[tuple[str, str], set[str]]] = {
    "PURCHASE": {
        ("new", "checkout"): {"checkout"},
        ("checkout", "checkout"): {"checkout"},
        ("checkout", "place"): {"placed"},
        ("placed", "bill"): {"billed"},
        ("billed", "complete"): {"completed"},
        ("checkout", "void"): {"voided"},
        ("placed", "void"): {"voided"},
        ("billed", "void"): {"voided"},
        ("completed", "refund"): {"refunded"},
        ("new", "abandon"): {"abandoned"},
        ("checkout", "abandon"): {"abandoned"},
    },
    "REDEMPTION": {
        ("new", "redeem"): {"pending_approval", "approved"},
        ("pending_approval", "approve"): {"approved"},
        ("pending_approval", "reject"): {"rejected"},
        ("pending_approval", "observe"): {"approved", "rejected"},
        ("new", "abandon"): {"abandoned"},
    },
    "FULFILMENT": {
        ("new", "place"): {"requested", "processing", "completed", "failed"},
        ("requested", "observe"): {
            "processing",
            "completed",
            "partially_completed",
            "cancelled",
            "failed",
            "error",
        },
        ("processing", "observe"): {"completed", "partially_completed", "cancelled", "failed", "error"},
        ("new", "abandon"): {"abandoned"},
    },
    "AUTHORIZATION": {
        ("new", "authorize"): {"authorized", "declined"},
        ("declined", "authorize"): {"authorized", "declined"},
        ("authorized", "create"): {"created"},
        ("created", "cancel"): {"cancelled"},
        ("created", "observe"): {"created", "cancelled"},
        ("new", "lapse"): {"lapsed"},
        ("declined", "lapse"): {"lapsed"},
        ("authorized", "lapse"): {"lapsed"},
        ("new", "abandon"): {"lapsed"},
        ("declined", "abandon"): {"lapsed"},
        ("authorized", "abandon"): {"lapsed"},
    },
}
FINAL: dict[str, set[str]] = {
    "PURCHASE": {"voided", "refunded", "abandoned"},
    "REDEMPTION": {"approved", "rejected", "abandoned"},
    "FULFILMENT": {"completed", "partially_completed", "cancelled", "failed", "error", "abandoned"},
    "AUTHORIZATION": {"cancelled", "lapsed"},
}
NO_CALL = {"abandon", "lapse"}
REVERSING = {"void", "refund", "cancel"}
# A changed table changes what every stored order may do: raise a fingerprint here deliberately, with a migration.
FINGERPRINTS = {
    "PURCHASE": "bdb5900a8318dd61",
    "REDEMPTION": "c25d1bac59316cda",
    "FULFILMENT": "74bcf85b42c4d329",
    "AUTHORIZATION": "753571e3e78dffae",
}

every_lifecycle = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=lambda one: one.name)


@every_lifecycle
def test_a_table_holds_exactly_the_edges_agreed_on(lifecycle: AnyLifecycle) -> None:
    built = {(s.value, row.trigger): {d.value for d in row.destinations} for row in lifecycle.rows for s in row.sources}
    assert built == EDGES[lifecycle.name]


@every_lifecycle
def test_initial_and_final_states_are_the_ones_agreed_on(lifecycle: AnyLifecycle) -> None:
    assert lifecycle.initial == "new"
    assert set(lifecycle.final) == FINAL[lifecycle.name]


@every_lifecycle
def test_only_the_tills_own_decisions_call_no_provider(lifecycle: AnyLifecycle) -> None:
    assert {row.trigger for row in lifecycle.rows if not row.calls_provider} <= NO_CALL
    assert all(row.calls_provider for row in lifecycle.rows if row.trigger not in NO_CALL)
    assert {row.trigger for row in lifecycle.rows if row.reverses} == REVERSING & set(lifecycle.triggers)


@every_lifecycle
def test_a_changed_table_is_a_deliberate_act(lifecycle: AnyLifecycle) -> None:
    assert lifecycle.fingerprint == FINGERPRINTS[lifecycle.name]


@every_lifecycle
def test_look_ups_answer_what_the_rows_say(lifecycle: AnyLifecycle) -> None:
    edges = EDGES[lifecycle.name]
    assert set(lifecycle.triggers) == {trigger for _, trigger in edges}
    for state in lifecycle.states:
        assert lifecycle.allowed(state) == {trigger for source, trigger in edges if source == state}
        for trigger in lifecycle.triggers:
            row = lifecycle.row(state, trigger)
            assert (row is not None) == ((state.value, trigger) in edges)
    assert lifecycle.row("no such state", lifecycle.triggers[0]) is None
    assert lifecycle.allowed("no such state") == frozenset()


def test_completed_is_not_final_while_a_refund_is_possible() -> None:
    assert PURCHASE.allowed("completed") == {"refund"}


def test_guards_stand_where_money_and_rewards_are_at_stake() -> None:
    guards = {(row.trigger): set(row.guards) for row in PURCHASE.rows}
    assert {"basket_not_empty", "basket_adds_up", "at_most_one_reward", "guest_has_no_reward"} <= guards["checkout"]
    for trigger in ("place", "bill"):
        assert {"tenders_sum_to_total", "totals_add_up", "reward_discount_as_validated"} <= guards[trigger]
        assert "basket_unchanged" in guards[trigger]
    assert guards["void"] == guards["refund"] == guards["complete"] == set()


@pytest.mark.parametrize(
    ("lifecycle", "state", "doubted", "legal"),
    [
        (PURCHASE, "checkout", "place", {"void"}),
        (PURCHASE, "placed", "bill", {"void"}),
        (PURCHASE, "checkout", "checkout", {"void"}),
        (PURCHASE, "new", "checkout", set()),  # nothing to void where the order may not exist
        (PURCHASE, "billed", "complete", set()),  # completed can only be refunded, billed only voided
        (PURCHASE, "placed", "void", set()),  # a reversal in doubt is not reversed by itself
        (PURCHASE, "completed", "refund", set()),
        (AUTHORIZATION, "authorized", "create", set()),  # there may be no order to cancel
        (AUTHORIZATION, "created", "cancel", set()),
        (AUTHORIZATION, "created", "observe", set()),  # it may be cancelled already
        (REDEMPTION, "pending_approval", "approve", set()),
        (FULFILMENT, "new", "place", set()),
        (PURCHASE, "voided", "place", set()),  # no such edge
    ],
)
def test_a_reversal_is_legal_from_doubt_only_before_and_after_it(
    lifecycle: AnyLifecycle, state: str, doubted: str, legal: set[str]
) -> None:
    assert lifecycle.reversible(state, doubted) == legal


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


class Other(StrEnum):
    ELSEWHERE = "elsewhere"


ON = Row(trigger="press", sources=(Lamp.OFF,), destinations=(Lamp.ON,))
DROP = Row(trigger="drop", sources=(Lamp.ON,), destinations=(Lamp.BROKEN,))
UNDO = Row(trigger="press", sources=(Lamp.ON,), destinations=(Lamp.OFF,))
SMASH = Row(trigger="smash", sources=(Lamp.OFF,), destinations=(Lamp.BROKEN,))


def lamp(*rows: Row[Lamp], final: tuple[Lamp, ...] = (Lamp.BROKEN,), initial: Lamp = Lamp.OFF) -> Lifecycle[Lamp]:
    return Lifecycle(name="LAMP", states=Lamp, initial=initial, final=final, rows=rows)


def test_a_sound_table_of_ones_own_is_built() -> None:
    assert lamp(ON, DROP).allowed(Lamp.OFF) == {"press"}


ELSEWHERE: Lamp = Other.ELSEWHERE  # type: ignore[assignment]  # the mistake under test


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((ON, DROP, Row(trigger="x", sources=(Lamp.ON,), destinations=(ELSEWHERE,))), "not declared.*`x: on -> elsew"),
        ((ON, DROP, Row(trigger="x", sources=(ELSEWHERE,), destinations=(Lamp.ON,))), "not declared.*`x: elsewhere"),
        ((ON, UNDO), "broken is unreachable"),
        ((DROP, SMASH), "on is unreachable"),
        ((ON, DROP, Row(trigger="x", sources=(Lamp.BROKEN,), destinations=(Lamp.ON,))), "final state broken.*`x: bro"),
        ((ON, DROP, Row(trigger="press", sources=(Lamp.OFF,), destinations=(Lamp.BROKEN,))), "two rows for .off, pre"),
        ((ON, DROP, Row(trigger="", sources=(Lamp.OFF,), destinations=(Lamp.ON,))), "lacks a part.*`: off -> on"),
        ((ON, DROP, Row(trigger="x", sources=(), destinations=(Lamp.ON,))), "lacks a part.*`x:  -> on"),
        ((ON, DROP, Row(trigger="x", sources=(Lamp.ON,), destinations=())), "lacks a part.*`x: on -> `"),
        (
            (ON, DROP, Row(trigger="x", sources=(Lamp.ON,), destinations=(Lamp.OFF,), guards=("a", "a"))),
            "named twice.*`x: on -> off`",
        ),
        (
            (ON, DROP, Row(trigger="x", sources=(Lamp.ON,), destinations=tuple(Lamp), calls_provider=False)),
            "no outcome can choose.*`x: on -> off,on,broken`",
        ),
        (
            (
                ON,
                DROP,
                Row(trigger="x", sources=(Lamp.ON,), destinations=(Lamp.OFF,), calls_provider=False, reverses=True),
            ),
            "reversal must call.*`x: on -> off`",
        ),
    ],
)
def test_an_unsound_table_is_refused_naming_its_row(rows: tuple[Row[Lamp], ...], says: str) -> None:
    with pytest.raises(LifecycleError, match=f"(?s)lifecycle LAMP: .*{says}"):
        lamp(*rows)


def test_a_dead_end_has_to_be_declared_final() -> None:
    with pytest.raises(LifecycleError, match="LAMP: broken is a dead end but not final"):
        lamp(ON, DROP, final=())


def test_an_undeclared_initial_or_final_state_is_refused() -> None:
    with pytest.raises(LifecycleError, match="initial or a final state is not declared"):
        lamp(ON, DROP, initial=ELSEWHERE)
    with pytest.raises(LifecycleError, match="initial or a final state is not declared"):
        lamp(ON, DROP, final=(Lamp.BROKEN, ELSEWHERE))


def test_a_guard_nobody_defines_is_refused_naming_its_row() -> None:
    own = lamp(ON, Row(trigger="drop", sources=(Lamp.ON,), destinations=(Lamp.BROKEN,), guards=("is_glass",)))
    with pytest.raises(LifecycleError, match="LAMP: nobody defines the guard is_glass in row `drop: on -> broken`"):
        prove(own)


@pytest.mark.parametrize(
    "changed",
    [
        lamp(DROP, ON),
        lamp(ON, Row(trigger="smash", sources=(Lamp.ON,), destinations=(Lamp.BROKEN,))),
        lamp(ON, Row(trigger="drop", sources=(Lamp.ON,), destinations=(Lamp.BROKEN,), guards=("x",))),
        lamp(ON, Row(trigger="drop", sources=(Lamp.ON,), destinations=(Lamp.BROKEN,), reverses=True)),
        lamp(ON, Row(trigger="drop", sources=(Lamp.ON,), destinations=(Lamp.BROKEN,), calls_provider=False)),
        lamp(ON, Row(trigger="drop", sources=(Lamp.OFF, Lamp.ON), destinations=(Lamp.BROKEN,))),
    ],
)
def test_every_part_of_a_table_shows_in_its_fingerprint(changed: Lifecycle[Lamp]) -> None:
    assert changed.fingerprint != lamp(ON, DROP).fingerprint
    assert lamp(ON, DROP).fingerprint == lamp(ON, DROP).fingerprint
