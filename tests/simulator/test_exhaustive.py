"""The small world: every path of every lifecycle times every single trouble, and the harness that walks it.

`stampcard simulate --exhaustive --pairs` runs every pair too: half an hour, where these are seconds.
"""

from __future__ import annotations

import pytest
from tests.simulator.mutants import (
    MUTANTS,
    Mutant,
    not_sent_without_proof,
    void_without_closing,
)

from stampcard.simulate import Cases, Exhausted, Make, Manner, Path, exhaust, paths, untroubled
from stampcard.simulate.exhaustive import LONGEST
from stampcard.simulate.walk import Walk, whole
from stampcard_adapters.simulate import PLAIN

SPENDGO, KIBO, KIGO = PLAIN["spendgo"]["replayed"], PLAIN["kibo"]["as by default"], PLAIN["kigo"]["as by default"]
WORLDS = [(name, variant) for name, variants in PLAIN.items() for variant in variants]
IN_CI = [world for world in WORLDS if world[1] not in ("refused", "unsafe", "v1", "repeatable ids")]
"""One of each provider: the command takes them all."""


def along(make: Make, *paths_: Path, pairs: bool = False, stop_after: int | None = None) -> Exhausted:
    """All cases of these paths."""
    found, cases = Exhausted(), Cases(make, paths_, stop_after=stop_after)
    with untroubled():
        for beginning in cases.beginnings:
            if stop_after is None or found.failed < stop_after:
                found.add(cases.run(beginning, pairs=pairs))
    return found


@pytest.mark.parametrize(("provider", "variant"), IN_CI)
def test_every_single_trouble_on_every_path_is_survived(provider: str, variant: str) -> None:
    with untroubled() as sweep:
        found = exhaust(PLAIN[provider][variant], sweep=sweep)
    print(f"{provider}, {variant}: {found.paths} paths, {found.singles} singles, {found.steps} calls")
    assert [failure.story for failure in found.failures] == []
    assert found.cases == found.paths + found.singles
    assert found.singles > 25 * found.paths


def test_every_pair_of_troubles_of_one_call_is_survived() -> None:
    found = along(KIGO, ("place",), pairs=True)
    assert [failure.story for failure in found.failures] == []
    assert found.cases == 1 + found.singles + found.pairs
    assert found.pairs > 5 * found.singles


AGAIN: list[tuple[str, Path]] = [
    ("spendgo", ("checkout", "place", "void")),
    ("kibo", ("authorize", "create")),
    ("sessionm", ("redeem", "reject")),
]


@pytest.mark.parametrize(("provider", "path"), AGAIN)
def test_a_world_gone_on_from_a_snapshot_is_the_world_run_whole(
    provider: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some pairs, one way and the other: the same journal, the same counts, the same clock."""
    make = next(iter(PLAIN[provider].values()))
    count = Cases._count
    compared = 0

    def told(walk: Walk) -> tuple[object, ...]:
        record = walk.shops[0].journal.load("x-1")
        return (walk.effects, walk.calls, walk.stands, walk.failed, walk.timeline.now, walk.tally, record)

    def compare(cases: Cases, walk: Walk) -> None:
        nonlocal compared
        count(cases, walk)
        again, _ = whole(make, walk.trail, walk.met)
        assert told(again) == told(walk)
        compared += 1

    monkeypatch.setattr(Cases, "_count", compare)
    with untroubled():
        cases = Cases(make, (path,))
        for beginning in cases.beginnings:
            cases.run(beginning, pairs=True, part=(4, 45))
    assert compared > 50


def test_every_edge_of_a_purchase_is_on_a_path() -> None:
    found = set(paths(SPENDGO))
    assert ("checkout", "place", "bill", "complete", "refund") in found
    assert ("checkout", "checkout", "place", "bill", "void") in found
    assert ("checkout",) * LONGEST in found
    assert len(found) == 23
    assert max(map(len, found)) == LONGEST
    assert edges(found) == {"checkout", "place", "bill", "complete", "void", "refund", "abandon"}


def test_every_end_a_trigger_can_have_is_on_a_path() -> None:
    kibo = set(paths(KIBO))
    assert ("authorize:declined", "authorize", "create", "observe", "cancel") in kibo
    assert {("authorize", "lapse"), ("authorize", "create", "observe:cancelled")} <= kibo
    ends = {f"observe:{end}" for end in ("processing", "completed", "cancelled", "failed", "error")}
    assert ends <= edges(set(paths(PLAIN["kalixo"]["v1"])))
    sessionm = edges(set(paths(PLAIN["sessionm"]["unique ids"])))
    assert sessionm >= {
        "redeem",
        "redeem:approved",
        "redeem:refused",
        "observe:approved",
        "observe:rejected",
        "abandon",
    }


def test_what_leads_nowhere_is_on_a_path_once() -> None:
    for path in paths(PLAIN["sessionm"]["unique ids"]):
        assert path.count("observe") + path.count("redeem:refused") <= 1


def edges(found: set[Path]) -> set[str]:
    return {step for path in found for step in path}


def test_parts_are_the_whole() -> None:
    path: Path = ("place:refused", "place")
    cases, apart = Cases(KIGO, (path,)), Exhausted()
    for beginning in cases.beginnings:
        for n in range(3):
            apart.add(cases.run(beginning, part=(n, 3)))
    assert apart == along(KIGO, path)


def test_what_two_paths_begin_with_is_run_once() -> None:
    one: Path = ("place:refused", "place")
    other: Path = ("place:refused", "abandon")
    together = along(KIGO, one, other)
    assert together.paths == 2
    assert together.singles < along(KIGO, one).singles + along(KIGO, other).singles


FOUND: dict[str, tuple[Mutant, Make, Path]] = {
    "send before intent": (MUTANTS["send before intent"][0], SPENDGO, ("checkout", "place")),
    "forget the outcome": (MUTANTS["forget the outcome"][0], SPENDGO, ("checkout", "place")),
    "void without closing": (void_without_closing, SPENDGO, ("checkout", "place", "void")),
    "NotSent without proof": (not_sent_without_proof, SPENDGO, ("checkout", "place", "bill")),
    "NotSent without proof, where a repeat is harmless": (not_sent_without_proof, KIGO, ("place",)),
    "resend a non-idempotent call": (
        MUTANTS["resend a non-idempotent call"][0],
        PLAIN["sessionm"]["unique ids"],
        ("redeem", "approve"),
    ),
    "believe a probe's none early": (
        MUTANTS["believe a probe's none early"][0],
        PLAIN["sessionm"]["repeatable ids"],
        ("redeem", "approve"),
    ),
    "double refund": (
        MUTANTS["double refund"][0],
        PLAIN["spendgo"]["unsafe"],
        ("checkout", "place", "bill", "complete", "refund"),
    ),
}
"""Bug -> where singles find it: whose world, on which path."""


@pytest.mark.parametrize("name", FOUND)
def test_a_bug_is_found_by_enumeration_too(name: str) -> None:
    mutant, make, path = FOUND[name]
    with mutant():
        found = along(make, path, stop_after=1)
    assert found.failed, f"{name}: not found in {found.cases} cases of {' '.join(path)}"
    print(f"{name}: found in case {found.cases}: {found.failures[0].story.splitlines()[:4]}")


def test_a_bug_that_trying_again_hides_is_found_by_a_cashier_who_leaves() -> None:
    with not_sent_without_proof():
        found = along(KIGO, ("place",))
    assert {failure.manner for failure in found.failures} == {Manner.LEAVES}
    assert "agreed" in {failure.promise for failure in found.failures}
