"""A recovery report for a terminal and for a program.

May live here: layout and words around a report. May not: a till, options, exit codes. Everything that was stored or
received is shown as plain text (`render.plain`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stampcard.cli.render import plain
from stampcard.errors import reference
from stampcard.recovery import Escalation, RecoveryReport, Settled

__all__ = ["as_json", "page"]

_WORDS: Final = {
    Settled.LANDED: ("landed", "green"),
    Settled.RESENT: ("sent again", "green"),
    Settled.DECLINED: ("declined", "yellow"),
    Settled.DROPPED: ("dropped", "dim"),
    Settled.BUSY: ("busy", "yellow"),
    Settled.WATCHED: ("watched", "yellow"),
    Settled.RESTORED: ("watch is over", "green"),
    Settled.STILL_OPEN: ("still open", "yellow"),
    Settled.QUEUED: ("waits to be sent", "yellow"),
    Settled.SENT: ("sent", "green"),
    Settled.ESCALATED: ("needs a person", "bold red"),
}


def page(report: RecoveryReport, asked: Sequence[Escalation]) -> RenderableType:
    """What was found, and what a person is asked."""
    parts: list[RenderableType] = []
    if report.results:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
        for heading in ("order", "provider", "step", "result", "why"):
            table.add_column(heading, overflow="fold")
        table.columns[0].no_wrap = table.columns[3].no_wrap = True
        for one in report.results:
            words, style = _WORDS[one.result]
            table.add_row(
                plain(one.order_id), plain(one.provider), plain(one.trigger), Text(words, style=style), plain(one.why)
            )
        parts.append(table)
    else:
        parts.append(Text("nothing is in doubt"))
    for escalation in asked:
        order_id = plain(escalation.order.id)
        parts += [
            Text(),
            Text(f"order {order_id}, '{plain(escalation.trigger)}': {plain(escalation.reason)}", style="bold"),
            Text(f"  look at: {plain(escalation.check)}"),
            Text(f'  then: stampcard resolve {order_id} --as {_verdicts(escalation)} --because "..."', style="dim"),
        ]
    return Group(*parts)


def _verdicts(asked: Escalation) -> str:
    """What may be decided: one that waits to be sent may be sent as well."""
    waits = asked.trigger in asked.order.queued and asked.order.doubt is None
    return "accepted|declined|send" if waits else "accepted|declined"


def as_json(report: RecoveryReport, asked: Sequence[Escalation], absent: Mapping[str, str]) -> dict[str, Any]:
    """Stable keys, times in UTC."""
    return {
        "open": report.open + len(report.left_alone),
        "results": [
            {
                "order_id": one.order_id,
                "reference": reference(one.order_id),
                "provider": one.provider,
                "trigger": one.trigger,
                "result": one.result.value,
                "why": one.why,
            }
            for one in report.results
        ],
        "needs_human": [
            {
                "order_id": one.order.id,
                "reference": reference(one.order.id),
                "provider": one.order.provider,
                "trigger": one.trigger,
                "since": one.since.astimezone(UTC).isoformat(timespec="microseconds"),
                "reason": one.reason,
                "check": one.check,
            }
            for one in asked
        ],
        "left_alone": [
            {"order_id": one.order_id, "provider": one.provider, "why": absent.get(one.provider, one.why)}
            for one in report.left_alone
        ],
    }
