"""The small world: every path of every lifecycle times every single trouble, and the harness that walks it."""

from __future__ import annotations

import pytest
from tests.simulator.mutants import not_sent_without_proof

from stampcard.simulate import exhaust, untroubled
from stampcard.simulate.exhaustive import LONGEST, paths
from stampcard_adapters.simulate import PLAIN

WORLDS = [(provider, variant) for provider, variants in PLAIN.items() for variant in variants]
SHORT = [world for world in WORLDS if world[0] != "spendgo"] + [("spendgo", "replayed")]


@pytest.mark.parametrize(("provider", "variant"), SHORT)
def test_every_single_trouble_on_every_path_is_survived(provider: str, variant: str) -> None:
    with untroubled() as sweep:
        found = exhaust(PLAIN[provider][variant], sweep=sweep)
    print(f"{provider}, {variant}: {found.paths} paths, {found.cases} cases, {found.steps} steps")
    assert [failure.story for failure in found.failures] == []
    assert found.cases > 25 * found.paths


def test_every_path_of_a_purchase_is_walked() -> None:
    found = set(paths(PLAIN["spendgo"]["replayed"]))
    assert ("checkout", "place", "bill", "complete", "refund") in found
    assert ("checkout", "checkout", "place", "bill", "void") in found
    assert max(map(len, found)) == LONGEST
    assert {trigger for path in found for trigger in path} == {
        "checkout",
        "place",
        "bill",
        "complete",
        "void",
        "refund",
        "abandon",
    }


def test_every_pair_of_troubles_of_one_call_is_survived() -> None:
    """Kigo has one call: its pairs take seconds. `stampcard simulate --exhaustive --pairs` takes all of them."""
    with untroubled() as sweep:
        found = exhaust(PLAIN["kigo"]["as by default"], pairs=True, sweep=sweep)
    assert [failure.story for failure in found.failures] == []
    assert found.cases > 300


def test_a_bug_is_found_by_enumeration_too() -> None:
    with not_sent_without_proof(), untroubled():
        found = exhaust(PLAIN["kigo"]["as by default"])
    assert found.failed
    assert "agreed" in {failure.promise for failure in found.failures}
