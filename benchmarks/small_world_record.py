"""Enumerates the small world, every pair of troubles too, and keeps the record.

    python benchmarks/small_world_record.py --jobs 2

Each world (a provider, by the switch that matters most) is one line of `small_world_record.jsonl`, appended when it is
done, so a run that was ended goes on where it was; `small_world_record.md` is written from all of them. It is what
`stampcard simulate --exhaustive --pairs` runs, world by world. Exits 1 when a promise broke in any case.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from simulation_record import code_version

from stampcard.simulate import Exhausted
from stampcard_adapters.commands._exhaustive import enumerated
from stampcard_adapters.simulate import PLAIN

HERE = Path(__file__).parent
LINES = HERE / "small_world_record.jsonl"
PAGE = HERE / "small_world_record.md"
DEFAULTS = (
    ("kigo", "as by default"),
    ("kalixo", "v2"),
    ("kibo", "as by default"),
    ("sessionm", "unique ids"),
    ("spendgo", "replayed"),
)
"""Worlds with every switch as it is by default: enumerated first."""


def line_of(world: str, found: Exhausted, seconds: float) -> dict[str, Any]:
    """One line of the record."""
    return {
        "world": world,
        "paths": found.paths,
        "cases": found.cases,
        "singles": found.singles,
        "pairs": found.pairs,
        "steps": found.steps,
        "failed": found.failed,
        "with_person": dict(sorted(found.escalations.items())),
        "stories": [failure.story for failure in found.failures],
        "seconds": round(seconds),
        "version": code_version(),
    }


def page(lines: list[dict[str, Any]]) -> str:
    """The record as a person reads it."""
    sums = {name: sum(line[name] for line in lines) for name in ("paths", "singles", "pairs", "cases", "failed")}
    told = [
        "# The small world, enumerated",
        "",
        "    python benchmarks/small_world_record.py --jobs 2",
        "",
        f"**{sums['cases']:,} cases** (a path, what went wrong on it, how the cashier went on): {sums['pairs']:,} with",
        f"two troubles, {sums['singles']:,} with one, the others without; **{sums['failed']} failed**. What a case is:",
        "`docs/small_world.md`.",
        "",
        "| world | paths | singles | pairs | cases | failed | minutes | version |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    told += [
        f"| {line['world']} | {line['paths']:,} | {line['singles']:,} | {line['pairs']:,} | {line['cases']:,} "
        f"| {line['failed']} | {line['seconds'] / 60:.0f} | {line['version']} |"
        for line in lines
    ]
    told += ["", "## Cases that ended with a person, by reason", "", "| | | |", "|---|---|---:|"]
    told += [f"| {line['world']} | {why} | {n:,} |" for line in lines for why, n in line["with_person"].items()]
    return "\n".join(told) + "\n"


def main() -> int:
    """Enumerate what is not in the record yet, world by world."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=2)
    jobs: int = options.parse_args().jobs
    known = [json.loads(text) for text in LINES.read_text().splitlines()] if LINES.exists() else []
    every = [(provider, variant) for provider, variants in PLAIN.items() for variant in variants]
    for provider, variant in [*DEFAULTS, *(world for world in every if world not in DEFAULTS)]:
        world = f"{provider}, {variant}"
        if any(line["world"] == world for line in known):
            continue
        began = time.monotonic()
        [found] = enumerated([(provider, variant)], pairs=True, jobs=jobs, progress=_progress(world)).values()
        line = line_of(world, found, time.monotonic() - began)
        known.append(line)
        with LINES.open("a") as out:
            out.write(json.dumps(line) + "\n")
        PAGE.write_text(page(known))
        print(f"\r{world}: {found.cases:,} cases, {found.failed} failed", flush=True)
    return 1 if any(line["failed"] for line in known) else 0


def _progress(world: str) -> Any:
    def told(done: int, pieces: int, cases: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{world}: {done} of {pieces} pieces, {cases:,} cases", end="", file=sys.stderr, flush=True)

    return told


if __name__ == "__main__":
    sys.exit(main())
