"""The long hunt: every planted bug, by several seeds, within 10,000 orders each.

    python -m tests.simulator.hunt [--orders 10000] [--seeds 1-3] [--only "double refund"]

Exits 1 when a bug is not found by one of the seeds. The tests take one seed a bug, and few orders.
"""

from __future__ import annotations

import argparse
import sys

from tests.simulator.mutants import MUTANTS

from stampcard.simulate import simulate_drawn
from stampcard_adapters.simulate import SCENARIOS

MOST = 10_000
"""Orders within which a planted bug has to be found."""


def hunted(name: str, seed: int, most: int = MOST) -> int | None:
    """Orders after which the bug was found; None when it was not."""
    mutant, provider = MUTANTS[name]
    with mutant():
        report = simulate_drawn(SCENARIOS[provider], orders=most, seed=seed, most_violations=0, stop_after=1)
    return report.orders if report.broken else None


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    """Hunt, and tell."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--orders", type=int, default=MOST)
    options.add_argument("--seeds", type=_seeds, default=range(1, 4))
    options.add_argument("--only", choices=sorted(MUTANTS))
    given = options.parse_args()
    missed = 0
    for name in [given.only] if given.only else MUTANTS:
        found = {seed: hunted(name, seed, given.orders) for seed in given.seeds}
        missed += sum(orders is None for orders in found.values())
        told = ", ".join(f"seed {seed}: {'not found' if n is None else n}" for seed, n in found.items())
        print(f"{name} ({MUTANTS[name][1]}), found after orders: {told}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
