"""A reconciliation report for a terminal and for a program.

May live here: layout and words around a report. May not: a till, options, exit codes. Everything that was stored or
received is shown as plain text (`render.plain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stampcard.cli.render import plain
from stampcard.errors import reference
from stampcard.reconciliation import Compared, PossibleHold, ReconciliationReport, Unsettled, Untold

__all__ = ["as_json", "page"]

_COUNTED: Final = ("agreed", "followed", "differing", "unknown", "unsettled", "possible_holds")


def page(report: ReconciliationReport) -> RenderableType:
    """The counts, then whatever does not simply agree."""
    if not report.tallies:
        return Text("no orders to compare")
    table = _table("provider", *(name.replace("_", " ") for name in _COUNTED))
    for column in table.columns[1:]:
        column.justify = "right"
    for tally in report.tallies:
        counts: list[int] = [getattr(tally, name) for name in _COUNTED]
        table.add_row(plain(tally.provider), *(_count(name, n) for name, n in zip(_COUNTED, counts, strict=True)))
    parts: list[RenderableType] = [table]
    parts += _compared("differing", "bold red", report.differing)
    parts += _compared("followed", "green", report.followed)
    parts += [_untold(one) for one in report.unknown]
    parts += [_hold(one) for one in report.possible_holds]
    parts += [_open(one) for one in report.unsettled]
    return Group(*parts)


def _count(name: str, count: int) -> Text:
    style = "dim" if count == 0 else "bold red" if name == "differing" else ""
    return Text(str(count), style=style)


def _compared(title: str, style: str, found: Sequence[Compared]) -> list[RenderableType]:
    if not found:
        return []
    table = _table("order", "provider", "journal", title)
    table.columns[0].no_wrap = True
    for one in found:
        table.add_row(plain(one.order_id), plain(one.provider), plain(one.state), Text(plain(one.why), style=style))
    return [Text(), table]


def _untold(one: Untold) -> Text:
    orders = "1 order" if one.count == 1 else f"{one.count} orders"
    what = f"\n{plain(one.provider)}: {orders} unknown: {plain(one.why)}"
    return Text(what, style="yellow" if one.again else "dim")


def _hold(one: PossibleHold) -> Text:
    until = one.until.astimezone().isoformat(" ", timespec="minutes")
    said = f"money may be held until {until} by '{plain(one.trigger)}': {plain(one.why)}"
    return Text(f"\norder {plain(one.order_id)}: {said}", style="yellow")


def _open(one: Unsettled) -> Text:
    return Text(f"\norder {plain(one.order_id)} is not compared: {plain(one.why)} (see `stampcard recover`)")


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def as_json(report: ReconciliationReport) -> dict[str, Any]:
    """Stable keys, times in UTC."""
    return {
        "complete": report.complete,
        "providers": {one.provider: {name: getattr(one, name) for name in _COUNTED} for one in report.tallies},
        "differing": [_compared_json(one) for one in report.differing],
        "followed": [_compared_json(one) for one in report.followed],
        "unknown": [
            {
                "provider": one.provider,
                "why": one.why,
                "again": one.again,
                "count": one.count,
                "examples": list(one.examples),
            }
            for one in report.unknown
        ],
        "possible_holds": [
            {
                **_order_json(one),
                "trigger": one.trigger,
                "since": _iso(one.since),
                "until": _iso(one.until),
                "why": one.why,
            }
            for one in report.possible_holds
        ],
        "unsettled": [{**_order_json(one), "state": one.state, "why": one.why} for one in report.unsettled],
    }


def _compared_json(one: Compared) -> dict[str, str]:
    return {**_order_json(one), "state": one.state, "why": one.why}


def _order_json(one: Compared | PossibleHold | Unsettled) -> dict[str, str]:
    return {"order_id": one.order_id, "reference": reference(one.order_id), "provider": one.provider}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
