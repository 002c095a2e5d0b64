"""Simulates many seeds over all five providers, and keeps the record.

    python benchmarks/simulation_record.py --seeds 1-50 --orders 9000 --jobs 2

Each seed is one line of `simulation_record.jsonl`, appended when it is done, so a run that was ended goes on where it
was; `simulation_record.md` is written from all of them. A seed's orders are shared among the providers as
`stampcard simulate --orders N --seed S` shares them: that command runs any line of the record again. Exits 1 when a
promise broke in any seed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stampcard.simulate import simulate_drawn
from stampcard_adapters.simulate import SCENARIOS, shared

HERE = Path(__file__).parent
LINES = HERE / "simulation_record.jsonl"
PAGE = HERE / "simulation_record.md"


def simulated(seed: int, orders: int) -> dict[str, Any]:
    """One line of the record."""
    line: dict[str, Any] = {"seed": seed, "asked": orders, "orders": 0, "worlds": 0, "steps": 0, "seconds": 0.0}
    line |= {"violations": 0, "stories": []}
    counted = {name: Counter[str]() for name in ("faults", "crashes", "recoveries", "escalations", "modes", "handed")}
    rarest: list[tuple[str, int]] = []
    for provider, mine in shared(orders, sorted(SCENARIOS)).items():
        report = simulate_drawn(SCENARIOS[provider], orders=mine, seed=seed)
        line["orders"] += report.orders
        line["worlds"] += report.worlds
        line["steps"] += report.steps
        line["seconds"] += report.seconds
        line["violations"] += report.broken
        line["stories"] += [f"{provider}: {violation.story}" for violation in report.violations]
        counted["faults"].update(report.faults)
        counted["crashes"].update(report.crashes)
        counted["recoveries"].update(report.recoveries)
        for name in ("escalations", "modes", "handed"):
            counted[name].update({f"{provider}: {what}": n for what, n in getattr(report, name).items()})
        rarest.append(report.rarest)
    line["seconds"] = round(line["seconds"], 1)
    return (
        line
        | {name: dict(sorted(counts.items())) for name, counts in counted.items()}
        | {"rarest": min(rarest, key=lambda one: one[1])}
    )


def page(lines: list[dict[str, Any]], command: str) -> str:
    """The record as a person reads it."""
    lines = sorted(lines, key=lambda line: int(line["seed"]))
    steps, seconds = sum(line["steps"] for line in lines), sum(line["seconds"] for line in lines)
    sums: dict[str, Counter[str]] = {}
    for name in ("faults", "crashes", "recoveries", "escalations", "modes", "handed"):
        sums[name] = Counter()
        for line in lines:
            sums[name].update(line[name])
    orders, broken = sum(line["orders"] for line in lines), sum(line["violations"] for line in lines)
    pace = round(steps / max(seconds, 1))
    faults, deaths = sum(sums["faults"].values()), sum(sums["crashes"].values())
    told = [
        "# What the simulator has shown",
        "",
        f"    {command}",
        "",
        f"{len(lines)} seeds, {orders:,} orders, **{steps:,} steps** (a step is one call that came to its end),",
        f"{faults:,} faults, {deaths:,} deaths of a process, **{broken} violations**; {pace:,} steps a",
        "second on one core of the machine that ran it, which had other work beside. A line is run again with",
        "`stampcard simulate --orders ORDERS --seed SEED`.",
        "",
        "| seed | orders | steps | faults | crashes | recoveries | to a person | violations | version |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    told += [
        f"| {line['seed']} | {line['orders']:,} | {line['steps']:,} | {sum(line['faults'].values()):,} "
        f"| {sum(line['crashes'].values()):,} | {sum(line['recoveries'].values()):,} "
        f"| {sum(line['escalations'].values()):,} | {line['violations']} | {line['version']} |"
        for line in lines
    ]
    for title, name in (
        ("Faults injected", "faults"),
        ("Where processes died", "crashes"),
        ("How steps whose first call did not settle them came to their end", "recoveries"),
        ("Orders handed to a person, by reason", "escalations"),
    ):
        told += ["", f"## {title}", "", "| | |", "|---|---:|"]
        told += [f"| {what} | {n:,} |" for what, n in sorted(sums[name].items())]
    told += ["", "## Orders handed to a person, by how the provider was drawn", "", "| | orders | to a person | |"]
    told += ["|---|---:|---:|---:|"]
    for mode, orders in sorted(sums["modes"].items()):
        handed = sums["handed"][mode]
        told.append(f"| {mode} | {orders:,} | {handed:,} | {100 * handed / orders:.2f} % |")
    return "\n".join(told) + "\n"


def code_version() -> str:
    """The package's version and the commit of the checkout."""
    commit = subprocess.run(
        ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude", "*"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return f"{version('stampcard')} {commit}".strip()


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    """Simulate what is not in the record yet, line by line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=_seeds, default=range(1, 51))
    options.add_argument("--orders", type=int, default=9_000)
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    known = [json.loads(text) for text in LINES.read_text().splitlines()] if LINES.exists() else []
    done = {line["seed"] for line in known}
    code = code_version()
    command = (
        f"python benchmarks/simulation_record.py --seeds {given.seeds[0]}-{given.seeds[-1]} --orders {given.orders}"
    )
    with ProcessPoolExecutor(given.jobs) as pool:
        running = [pool.submit(simulated, seed, given.orders) for seed in given.seeds if seed not in done]
        for ended in as_completed(running):
            line = ended.result() | {"version": code}
            known.append(line)
            with LINES.open("a") as out:
                out.write(json.dumps(line) + "\n")
            print(f"seed {line['seed']}: {line['steps']:,} steps, {line['violations']} violations", flush=True)
            PAGE.write_text(page(known, command))
    return 1 if any(line["violations"] for line in known) else 0


if __name__ == "__main__":
    sys.exit(main())
