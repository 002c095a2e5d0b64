"""`stampcard offline`: what waits to be sent, and who switched which provider off.

May live here: options, layout, exit codes. May not: sending what waits (`stampcard recover`), a provider.
Exit codes: 0 nothing waits; 3 something does; 4 something of it needs a person; 1 the journal cannot be used; 2 wrong
use, no such file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from stampcard.cli._desk import opened
from stampcard.cli._order import DEFAULT, AsJson, JournalFile, emit
from stampcard.errors import reference
from stampcard.journal.contract import Journal, Record, StoreError, Switch
from stampcard.journal.fold import fold
from stampcard.journal.queue import QUEUED, QueuedStep

__all__ = ["command"]

_WAITS: Final = 3
_NEEDS_A_PERSON: Final = 4


@attrs.frozen
class _Waiting:
    record: Record
    step: QueuedStep


def command(journal: JournalFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show what waits to be sent while a provider is away, oldest sale first; `stampcard recover` sends it.

    Needs no provider set up. Exits 0 when nothing waits, 3 when something does, 4 when a person has to look first
    (see `stampcard resolve`).
    """
    with opened(journal) as desk:
        found, switches = _found(desk.journal), desk.journal.switches()
        status = desk.till.offline()
    if as_json:
        oldest = None if status.oldest is None else status.oldest.total_seconds()
        emit(
            {
                "depth": status.depth,
                "sales": status.sales,
                "oldest_seconds": oldest,
                "for_a_person": status.for_a_person,
                "steps": [_json(one) for one in found],
                "switches": [{**attrs.asdict(one), "at": one.at.astimezone(UTC).isoformat()} for one in switches],
            }
        )
    else:
        _print(found, switches)
    raise typer.Exit(_NEEDS_A_PERSON if status.for_a_person else _WAITS if status.depth else 0)


def _found(journal: Journal) -> list[_Waiting]:
    found: list[_Waiting] = []
    for order_id in journal.watched(QUEUED):
        try:
            record = journal.load(order_id)
        except StoreError as damaged:
            typer.echo(f"order {order_id} cannot be read: {damaged}", err=True)
            continue
        if record is not None:
            found += [_Waiting(record, one) for one in fold(record).queued]
    return found


def _json(one: _Waiting) -> dict[str, Any]:
    from stampcard.cli.report import queued_json

    header = one.record.header
    order_id = header.order_id
    return {
        "order_id": order_id,
        "reference": reference(order_id),
        "provider": header.provider,
        **queued_json(one.step),
    }


def _print(found: list[_Waiting], switches: tuple[Switch, ...]) -> None:
    from stampcard.cli import render

    console, now = render.console(), datetime.now(UTC)
    for one in switches:
        if one.off:
            said = f"{render.plain(one.provider)} is switched off by {render.plain(one.by)}: {render.plain(one.why)}"
            console.print(Text(said, style="bold red"))
    if not found:
        console.print("nothing waits to be sent")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for heading in ("order", "provider", "step", "waits", "needs a person"):
        table.add_column(heading, overflow="fold")
    for waits in found:
        header, step = waits.record.header, waits.step
        waited = render.ago((now - step.entry.at).total_seconds())
        why = "" if step.escalated is None else render.plain(step.escalated.why or "yes")
        table.add_row(render.plain(header.order_id), render.plain(header.provider), step.trigger, waited, why)
    console.print(table)
