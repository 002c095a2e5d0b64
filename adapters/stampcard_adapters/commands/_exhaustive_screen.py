"""How the report of `stampcard simulate --exhaustive` looks, in a terminal and as JSON.

May live here: a table of what was enumerated. May not: a count, an option.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stampcard.simulate import PROMISES, Exhausted

__all__ = ["exhausted_json", "show_exhausted"]


def show_exhausted(out: Console, worlds: Mapping[str, Exhausted], seconds: float) -> None:
    """How much was enumerated, then what broke."""
    table = Table("world", title="enumerated", title_justify="left")
    for heading in ("paths", "singles", "pairs", "cases", "calls", "passed", "to a person", "failing"):
        table.add_column(heading, justify="right")
    whole = Exhausted()
    for one in worlds.values():
        whole.add(one)
    for name, one in (*worlds.items(), ("all", whole)):
        asked, passed = sum(one.escalations.values()), one.cases - one.failed
        row = (one.paths, one.singles, one.pairs, one.cases, one.steps, passed, asked, one.failed)
        table.add_row(escape(name), *(f"{count:,}" for count in row))
    out.print(table)
    reasons = Table("handed to a person, and why", "cases", title_justify="left")
    for name, one in worlds.items():
        for reason, count in sorted(one.escalations.items()):
            reasons.add_row(escape(f"{name}: {reason}"), f"{count:,}")
    if reasons.row_count:
        out.print(reasons)
    for name, one in worlds.items():
        for failure in one.failures:
            out.rule(escape(f"{name}: {PROMISES.get(failure.promise, failure.promise)}"))
            out.print(failure.story, markup=False, highlight=False, soft_wrap=True)
    out.print(f"{whole.cases:,} cases in {seconds:.0f} s, {whole.failed or 'none'} failing")


def exhausted_json(worlds: Mapping[str, Exhausted]) -> dict[str, Any]:
    """The same, for a program."""
    return {
        name: {
            "paths": one.paths,
            "singles": one.singles,
            "pairs": one.pairs,
            "cases": one.cases,
            "calls": one.steps,
            "passed": one.cases - one.failed,
            "escalations": dict(sorted(one.escalations.items())),
            "failed": one.failed,
            "failures": [
                {
                    "promise": failure.promise,
                    "path": list(failure.path),
                    "troubles": [str(trouble) for trouble in failure.troubles],
                    "cashier": failure.manner.value,
                    "story": failure.story,
                }
                for failure in one.failures
            ],
        }
        for name, one in worlds.items()
    }
