"""How the reports of `stampcard simulate` look, in a terminal and as JSON.

May live here: tables and trees of what was counted. May not: a count, an option.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stampcard.simulate import PROMISES, CrashPoint, SimulationReport

__all__ = ["reports_json", "show_reports"]

_CRASHES: Final = ("none", *(point.value for point in CrashPoint))


def show_reports(out: Console, reports: Mapping[str, SimulationReport]) -> None:
    """Everything that was counted, then what broke."""
    _totals(out, reports)
    for title, name in (
        ("faults and crashes injected", "faults"),
        ("recoveries", "recoveries"),
        ("handed to a person", "escalations"),
    ):
        _counts(out, title, {provider: _of(report, name) for provider, report in reports.items()}, reports)
    _rates(out, reports)
    for provider, report in reports.items():
        _cells(out, provider, report)
    _impossible(out, reports)
    for provider, report in reports.items():
        for violation in report.violations:
            out.rule(f"{provider}: {escape(PROMISES.get(violation.promise, violation.promise))}")
            out.print(violation.story, markup=False, highlight=False, soft_wrap=True)
            out.print(violation.diagram, markup=False, highlight=False, soft_wrap=True)
    broken = sum(report.broken for report in reports.values())
    out.print("0 violations" if not broken else f"{broken} worlds in which a promise broke")


def _of(report: SimulationReport, name: str) -> Mapping[str, int]:
    if name != "faults":
        found: Mapping[str, int] = getattr(report, name)
        return found
    return {**report.faults, **{f"dies: {point}": count for point, count in report.crashes.items()}}


def _totals(out: Console, reports: Mapping[str, SimulationReport]) -> None:
    table = Table("provider", title="simulated", title_justify="left")
    for heading in ("seed", "worlds", "orders", "steps", "steps/s", "violations"):
        table.add_column(heading, justify="right")
    for provider, report in reports.items():
        row = (report.seed, report.worlds, report.orders, report.steps, round(report.pace), report.broken)
        table.add_row(provider, *map(str, row))
    if len(reports) > 1:
        steps, seconds = sum(r.steps for r in reports.values()), sum(r.seconds for r in reports.values())
        sums = (sum(r.worlds for r in reports.values()), sum(r.orders for r in reports.values()), steps)
        pace = round(steps / seconds) if seconds else 0
        table.add_row("all", "", *map(str, (*sums, pace, sum(r.broken for r in reports.values()))))
    out.print(table)


def _counts(
    out: Console, title: str, counts: Mapping[str, Mapping[str, int]], reports: Mapping[str, SimulationReport]
) -> None:
    kinds = sorted({kind for mine in counts.values() for kind in mine})
    table = Table(title, *counts, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for kind in kinds:
        table.add_row(escape(kind), *(str(mine.get(kind, "")) for mine in counts.values()))
    if title == "handed to a person":
        rates = [_rate(sum(mine.values()), reports[p].orders) for p, mine in counts.items()]
        table.add_row("of all orders", *rates, end_section=True)
    out.print(table)


def _rate(handed: int, orders: int) -> str:
    return f"{100 * handed / max(1, orders):.2f} %"


def _rates(out: Console, reports: Mapping[str, SimulationReport]) -> None:
    """How many orders a person has to look at, by how the provider was drawn."""
    table = Table("the provider as it was drawn", "orders", "to a person", "rate", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for provider, report in reports.items():
        for mode, orders in report.modes.items():
            handed = report.handed.get(mode, 0)
            table.add_row(escape(f"{provider}: {mode}"), str(orders), str(handed), _rate(handed, orders))
    out.print(table)


def _cells(out: Console, provider: str, report: SimulationReport) -> None:
    """One table an operation: fault by crash."""
    operations: dict[str, Counter[tuple[str, str]]] = {}
    for cell, count in report.cells.items():
        _, operation, fault, crash = cell.split(" / ")
        operations.setdefault(operation, Counter())[fault, crash] = count
    for operation, counts in operations.items():
        table = Table(f"{provider}: {operation}", *_CRASHES, title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for fault in sorted({fault for fault, _ in counts}):
            row = f"{provider} / {operation} / {fault} / "
            table.add_row(fault, *(_cell(report, row + crash) for crash in _CRASHES))
        out.print(table)


def _cell(report: SimulationReport, cell: str) -> str:
    """The count; a dash for what cannot be."""
    return "-" if cell in report.impossible else str(report.cells.get(cell, 0))


def _impossible(out: Console, reports: Mapping[str, SimulationReport]) -> None:
    """What the dashes mean, and how thorough the run was."""
    whose: dict[str, dict[str, None]] = {}
    for report in reports.values():
        for cell, why in report.impossible.items():
            provider, operation, _, _ = cell.split(" / ")
            whose.setdefault(why, {})[f"{provider} {operation}"] = None
    for why, operations in whose.items():
        out.print(f"- {why} ({', '.join(operations)})", markup=False, highlight=False)
    for provider, report in reports.items():
        cell, count = report.rarest
        told = f"{provider}: every cell of an operation at least {count} times ({cell})"
        look, looks = report.rarest_look
        told += f", of what is asked before a repeat {looks} ({look})" if look else ""
        out.print(told, markup=False, highlight=False)


def reports_json(reports: Mapping[str, SimulationReport]) -> dict[str, Any]:
    """The same, for a program."""
    return {
        provider: {
            "seed": report.seed,
            "worlds": report.worlds,
            "orders": report.orders,
            "steps": report.steps,
            "seconds": round(report.seconds, 3),
            "steps_per_second": round(report.pace),
            "faults": report.faults,
            "crashes": report.crashes,
            "recoveries": report.recoveries,
            "escalations": report.escalations,
            "states": report.states,
            "modes": report.modes,
            "handed": report.handed,
            "cells": report.cells,
            "impossible": report.impossible,
            "rarest": report.rarest[1],
            "rarest_look": report.rarest_look[1],
            "broken": report.broken,
            "violations": [
                {"promise": v.promise, "order": v.order_id, "story": v.story, "diagram": v.diagram}
                for v in report.violations
            ],
        }
        for provider, report in reports.items()
    }
