"""`python -m tests.kill.campaign --kills 500 --seed 1 --jobs 2`: real tills, killed at random, and what came of it.

Exit codes: 0 nothing lost, nothing doubled, and enough of the kills hit a call; 1 not so.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from tests.kill.campaign.generation import Outcome, generation
from tests.kill.campaign.where import BETWEEN

_PER_WORLD: Final = 25
AIM: Final = 0.6
"""At least so many of the kills are to hit between intent and outcome."""


def campaign(kills: int, seed: int, jobs: int, folder: Path) -> Outcome:
    """So many kills, 25 in each world."""
    whole, done, lock = Outcome(), 0, threading.Lock()

    def killed(count: int) -> None:
        nonlocal done
        with lock:
            done += count
            sys.stderr.write(f"\r{done} of {kills} killed")
            sys.stderr.flush()

    sizes = [min(_PER_WORLD, kills - at) for at in range(0, kills, _PER_WORLD)]
    with ThreadPoolExecutor(jobs) as pool:
        runs = [
            pool.submit(generation, seed * 1_000 + number, size, folder / f"world{number}", killed)
            for number, size in enumerate(sizes)
        ]
        for run in runs:
            whole.add(run.result())
    sys.stderr.write("\n")
    return whole


def figures(outcome: Outcome) -> dict[str, Any]:
    """What came of it, for machines."""
    hits: dict[str, int] = {}
    details: dict[str, int] = {}
    steps: dict[str, int] = {}
    for one, count in sorted(outcome.hits.items(), key=lambda item: -item[1]):
        hits[one.part] = hits.get(one.part, 0) + count
        if one.detail:
            details[one.detail] = details.get(one.detail, 0) + count
            steps[one.step] = steps.get(one.step, 0) + count
    return {
        "kills": outcome.kills,
        "between": hits.get(BETWEEN, 0),
        "hits": hits,
        "calls": details,
        "steps": steps,
        "rounds": outcome.rounds,
        "gateways killed": outcome.gateways,
        "cuts": outcome.cuts,
        "orders": outcome.orders,
        "states": outcome.states,
        "told": outcome.told,
        "recovered": outcome.recovered,
        "with a person": outcome.escalated,
        "tills": outcome.tills,
        "lost": sum(kind == "lost" for kind, _ in outcome.wrong),
        "doubled": sum(kind == "doubled" for kind, _ in outcome.wrong),
        "wrong": [f"{kind}: {said}" for kind, said in outcome.wrong],
    }


def tables(found: dict[str, Any]) -> str:
    """What came of it, for a reader: Markdown."""
    kills = max(1, found["kills"])
    parts = [
        _table("where the kill hit", found["hits"], kills),
        _table("of those under way: whose call, and how far it had come", found["calls"], kills),
        _table("step under way", found["steps"], kills),
        _table("round", found["rounds"], kills),
        _table("killed", found["tills"], kills),
        _table("copies cut short, opened", found["cuts"], max(1, sum(found["cuts"].values()))),
        _table("orders", found["orders"], max(1, sum(found["orders"].values()))),
        _table("steps their first call did not settle", found["recovered"], max(1, sum(found["recovered"].values()))),
        _table("with a person, for a reason the design names", found["with a person"], 0),
    ]
    return "\n\n".join(part for part in parts if part)


def _table(title: str, rows: dict[str, int], of: int) -> str:
    if not rows:
        return ""
    lines = [f"| {title} | | |" if of else f"| {title} | |", "|---|--:|--:|" if of else "|---|--:|"]
    for name, count in sorted(rows.items(), key=lambda item: -item[1]):
        lines.append(f"| {name} | {count} | {100 * count / of:.1f} % |" if of else f"| {name} | {count} |")
    return "\n".join(lines)


def verdict(found: dict[str, Any]) -> str:
    """One line."""
    equal = f"{len(found['wrong'])} things are wrong" if found["wrong"] else "ledger equals journal"
    share = 100 * found["between"] / max(1, found["kills"])
    return (
        f"{found['kills']} SIGKILLs of tills ({share:.1f} % between intent and outcome) and {found['gateways killed']} "
        f"of the provider's gateway, {sum(found['orders'].values())} orders, {found['told']} things told: "
        f"{found['lost']} lost, {found['doubled']} doubled, {equal}"
    )


def main() -> int:
    """The command."""
    asked = argparse.ArgumentParser(prog="python -m tests.kill.campaign", description=__doc__)
    asked.add_argument("--kills", type=int, default=25)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=1)
    asked.add_argument("--json", action="store_true")
    chosen = asked.parse_args()
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="stampcard-kills-"))
    found = figures(campaign(chosen.kills, chosen.seed, chosen.jobs, folder))
    found["seconds"] = round(time.monotonic() - begun)
    if not found["wrong"]:
        folder.rmdir()  # what went wrong stays there to be looked at
    if chosen.json:
        print(json.dumps(found, indent=2))
    else:
        print(tables(found), verdict(found), f"{found['seconds']} s", sep="\n\n")
    for one in found["wrong"]:
        print(f"WRONG: {one}", file=sys.stderr)
    return 0 if not found["wrong"] and found["between"] >= AIM * found["kills"] else 1


if __name__ == "__main__":
    sys.exit(main())
