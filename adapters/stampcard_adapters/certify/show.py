"""A report on a screen.

May live here: tables and their colours. May not: a verdict, a provider's name, a file.
Whatever a provider said is shown as text: nothing in it is markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stampcard_adapters.certify.report import Report, Value, Verdict, shown

__all__ = ["show"]

_STYLES: Final = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.SKIPPED: "yellow"}


def show(report: Report, console: Console) -> None:
    """Print the cases, the measurements and the switches to set."""
    console.print(_heading(report))
    console.print(_cases(report))
    console.print(_sum(report))
    if report.measurements:
        console.print()
        console.print(_measurements(report))
    if report.switches:
        console.print(Text("Set:", style="bold"), Text(_switches(report.switches)), soft_wrap=True)
        console.print(Text("or, in the environment:", style="bold"), Text(_variables(report)), soft_wrap=True)


def _variables(report: Report) -> str:
    """As the provider's `from_env` reads them."""
    return " ".join(
        f"{report.provider.upper()}_{name.upper()}={('no', 'yes')[value] if isinstance(value, bool) else value}"
        for name, value in report.switches.items()
    )


def _heading(report: Report) -> Text:
    where = f"{report.environment}, {report.url}"
    return Text(f"Certification of {report.provider} ({where}) with stampcard {report.version}", style="bold")


def _table(*columns: tuple[str, int | None]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False, expand=True)
    for name, ratio in columns:
        table.add_column(name, ratio=ratio, no_wrap=ratio is None, overflow="fold")
    return table


def _cases(report: Report) -> Table:
    table = _table(("#", None), ("case", 3), ("seen", 5), ("", None))
    for case in report.cases:
        seen = Text(case.seen)
        if case.notes:
            style = _STYLES[case.verdict] if case.verdict is not Verdict.PASS else "dim"
            seen.append(("\n" if case.seen else "") + case.notes, style=style)
        verdict = Text(case.verdict.value, style=_STYLES[case.verdict])
        table.add_row(str(case.number), Text(case.title), seen, verdict)
    return table


def _sum(report: Report) -> Text:
    passed, failed, skipped = (report.count(v) for v in (Verdict.PASS, Verdict.FAIL, Verdict.SKIPPED))
    text = Text(f"{passed} of {len(report.cases)} passed", style="bold green" if report.certified else "bold red")
    for count, word in ((failed, "failed"), (skipped, "skipped")):
        if count:
            text.append(f", {count} {word}")
    return text


def _measurements(report: Report) -> Table:
    table = _table(("what the documents leave open", 3), ("seen", 5), ("so", 2))
    for measurement in report.measurements:
        value = shown(measurement.value)
        so = f"{measurement.switch}: {value}" if measurement.switch else value
        table.add_row(Text(measurement.name), Text(measurement.seen), Text(so))
    return table


def _switches(switches: Mapping[str, Value]) -> str:
    """As Python writes them."""
    return "Switches(" + ", ".join(f"{name}={value!r}" for name, value in switches.items()).replace("'", '"') + ")"
