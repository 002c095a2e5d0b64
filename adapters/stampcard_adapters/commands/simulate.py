"""`stampcard simulate`: the shipped providers under every fault and crash there is, and what that showed.

May live here: options, progress, exit codes. May not: a world (`stampcard.simulate`), how a report looks
(`_simulate_screen`). Exit codes: 0 no promise broke; 1 one did; 2 the arguments cannot be used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from stampcard.simulate import Exhausted, SimulationReport, simulate_drawn
from stampcard_adapters.commands import _simulate_screen as screen
from stampcard_adapters.commands._exhaustive import enumerated
from stampcard_adapters.commands._exhaustive_screen import exhausted_json, show_exhausted
from stampcard_adapters.simulate import PLAIN, SCENARIOS, SHARES, shared

__all__ = ["command"]

_ALL: Final = "all"
_BROKEN: Final = 1
_UNUSABLE: Final = 2


def command(
    orders: Annotated[
        int, typer.Option(min=1, help="Orders to simulate: in all, each provider has its share.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed is the same run, on any machine.")] = 1,
    provider: Annotated[str, typer.Option(help="A provider, or all of them.")] = _ALL,
    hours: Annotated[
        float | None, typer.Option(min=0, help="Go on for so long instead, however many orders that is.")
    ] = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Every path of each lifecycle times every single trouble, enumerated.")
    ] = False,
    pairs: Annotated[
        bool, typer.Option("--pairs/--singles", help="With --exhaustive: every pair of troubles too.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="With --exhaustive: processes side by side.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Crash tills, lose messages, heal the world, and check that nothing is lost and nothing is done twice.

    Exits 0 when no promise broke, 1 when one did (its story is told), 2 when the arguments cannot be used.
    """
    chosen = sorted(SCENARIOS) if provider == _ALL else [provider.lower()]
    if not set(chosen) <= SCENARIOS.keys():
        _refuse(f"there is no provider {provider!r}; there are: {', '.join(sorted(SCENARIOS))}, and {_ALL}")
    if (pairs or jobs > 1) and not exhaustive:
        _refuse("--pairs and --jobs go with --exhaustive")
    if exhaustive and hours is not None:
        _refuse("--hours does not go with --exhaustive: what is enumerated has an end")
    out = Console()
    if exhaustive:
        began = time.monotonic()
        worlds = _enumerated(chosen, pairs, jobs)
        seconds = time.monotonic() - began
        _show(out, as_json, exhausted_json(worlds), lambda: show_exhausted(out, worlds, seconds))
        raise typer.Exit(_BROKEN if any(one.failed for one in worlds.values()) else 0)
    reports = _simulated(chosen, orders, seed, hours)
    _show(out, as_json, screen.reports_json(reports), lambda: screen.show_reports(out, reports))
    raise typer.Exit(_BROKEN if any(report.broken for report in reports.values()) else 0)


def _simulated(chosen: list[str], orders: int, seed: int, hours: float | None) -> dict[str, SimulationReport]:
    whole = sum(SHARES[name] for name in chosen)
    reports: dict[str, SimulationReport] = {}
    for name, mine in shared(orders, chosen).items():
        share = SHARES[name] / whole
        with _progress(name, None if hours is not None else mine) as told:
            reports[name] = simulate_drawn(
                SCENARIOS[name],
                orders=mine,
                seed=seed,
                hours=None if hours is None else hours * share,
                progress=told,
            )
    return reports


def _enumerated(chosen: list[str], pairs: bool, jobs: int) -> dict[str, Exhausted]:
    with _bar("pieces enumerated", None) as (bar, task):

        def told(done: int, pieces: int, cases: int) -> None:
            bar.update(task, completed=done, total=pieces, description=f"{cases:,} cases; pieces")

        worlds = [(provider, variant) for provider in chosen for variant in PLAIN[provider]]
        return enumerated(worlds, pairs=pairs, jobs=jobs, progress=told)


@contextmanager
def _progress(what: str, total: int | None) -> Generator[Callable[[int], None]]:
    with _bar(what, total) as (bar, task):
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def _bar(what: str, total: int | None) -> Generator[tuple[Progress, TaskID]]:
    """A bar on the terminal; nothing where there is none."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar, bar.add_task(what, total=total)


def _show(out: Console, as_json: bool, tree: object, show: Callable[[], None]) -> None:
    if as_json:
        out.print(json.dumps(tree, indent=2), markup=False, highlight=False, soft_wrap=True)
    else:
        show()


def _refuse(why: str) -> NoReturn:
    typer.echo(f"stampcard simulate: {why}", err=True)
    raise typer.Exit(_UNUSABLE)
