"""`stampcard recover`: one pass over what a journal has in doubt, by the providers the environment names.

May live here: options, progress, exit codes. May not: what is done about an order (`stampcard.step`), layout.
Exit codes: 0 nothing is left open; 3 something is still open (a later pass tries again); 4 something needs a person;
1 the journal cannot be used; 2 wrong use, no such file, a named provider that cannot be used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated, Final

import attrs
import typer

from stampcard.cli._desk import Desk, known_providers, opened
from stampcard.cli._order import DEFAULT, WRONG_USE, AsJson, JournalFile, emit, refuse
from stampcard.journal.queue import QUEUED
from stampcard.journal.reversals import REVERSED
from stampcard.recovery import Recovered, RecoveryReport

__all__ = ["command"]

_STILL_OPEN: Final = 3
_NEEDS_A_PERSON: Final = 4


def command(
    journal: JournalFile = DEFAULT,
    as_json: AsJson = False,
    provider: Annotated[str | None, typer.Option(help="Only orders of this provider.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many attempts.")] = None,
) -> None:
    """Settle what is in doubt: one attempt at every open step that is due, as its provider's rules allow.

    Orders that were reversed from doubt are looked at once more when nothing can land late any more.

    Each provider is set up by its own environment variables; one that is not is left alone, and said so. Run it as
    often as you like, beside running tills: nothing is sent twice that may not be. Exits 0 when nothing is left open,
    3 when something is, 4 when something needs a person (see `stampcard resolve`).
    """
    if provider is not None and provider not in known_providers():
        refuse(f"no provider is named {provider!r}; known: {', '.join(known_providers())}", WRONG_USE)
    with opened(journal) as desk:
        absent = desk.install(desk.providers_in_doubt() if provider is None else {provider})
        if provider is not None and provider in absent:
            refuse(f"{provider} cannot be used: {absent[provider]}", WRONG_USE)
        with _progress(desk) as told:
            report = desk.till.recover(limit=limit, progress=told)
        if provider is not None:
            mine = tuple(one for one in report.left_alone if one.provider == provider)
            report = attrs.evolve(report, left_alone=mine)
        asked = desk.till.needs_human()
    for (name, why), count in Counter((one.provider, one.why) for one in report.left_alone).items():
        what = "1 order in doubt is" if count == 1 else f"{count} orders in doubt are"
        typer.echo(f"{name}: {what} left alone: {absent.get(name, why)}", err=True)
    from stampcard.cli import recovered, render

    if as_json:
        emit(recovered.as_json(report, asked, absent))
    elif report.results or not report.left_alone:
        render.console().print(recovered.page(report, asked))
    raise typer.Exit(_status(report))


def _status(report: RecoveryReport) -> int:
    if report.escalated:
        return _NEEDS_A_PERSON
    return _STILL_OPEN if report.open or report.left_alone else 0


@contextmanager
def _progress(desk: Desk) -> Generator[Callable[[Recovered], None], None, None]:
    """A bar on standard error, where that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from stampcard.cli import render

    console = render.console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        every = {one for why in (REVERSED, QUEUED) for one in desk.journal.watched(why)}
        task = bar.add_task("recovering", total=len(every.union(desk.journal.open_orders())))
        seen: set[str] = set()

        def told(one: Recovered) -> None:
            bar.update(task, advance=one.order_id not in seen, description=render.plain(f"order {one.order_id}"))
            seen.add(one.order_id)

        yield told
