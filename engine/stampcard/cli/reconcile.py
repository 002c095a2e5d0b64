"""`stampcard reconcile`: the journal's settled orders, compared with what their providers show.

May live here: options, progress, exit codes. May not: how an order is compared (`stampcard.step`), layout.
Exit codes: 0 whatever can be seen agrees; 3 something differs; 4 nothing differs, but not every order could be asked
about; 1 the journal cannot be used; 2 wrong use, no such file, a named provider that cannot be used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import attrs
import typer

from stampcard.cli._desk import known_providers, opened
from stampcard.cli._order import DEFAULT, WRONG_USE, AsJson, JournalFile, emit, refuse
from stampcard.reconciliation import Compared, Comparison, ReconciliationReport

__all__ = ["command"]

_DIFFERS: Final = 3
_NOT_ALL_ASKED: Final = 4
_AGO: Final = re.compile(r"([0-9]{1,6})\s*([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def command(
    journal: JournalFile = DEFAULT,
    as_json: AsJson = False,
    provider: Annotated[str | None, typer.Option(help="Only orders of this provider.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only orders opened or changed since: 2026-11-22, 2026-11-22T18:00, 2h, 3d."),
    ] = None,
) -> None:
    """Compare the journal with the providers: every settled order is looked at, where its provider lets us look.

    Nothing changes at a provider. A difference is written into the order's history, once. Each provider is set up by
    its own environment variables. Orders of one that is not, or cannot be asked, are unknown. Exits 0 when whatever
    can be seen agrees, 3 when something differs, 4 when nothing differs but not every order could be asked about.
    """
    from_then = None if since is None else _moment(since, datetime.now(UTC))
    if provider is not None and provider not in known_providers():
        refuse(f"no provider is named {provider!r}; known: {', '.join(known_providers())}", WRONG_USE)
    with opened(journal) as desk:
        absent = desk.install(known_providers() if provider is None else {provider})
        if provider is not None and provider in absent:
            refuse(f"{provider} cannot be used: {absent[provider]}", WRONG_USE)
        with _progress() as told:
            report = desk.till.reconcile(provider=provider, since=from_then, progress=told)
    report = _explained(report, absent)
    from stampcard.cli import reconciled, render

    if as_json:
        emit(reconciled.as_json(report))
    else:
        render.console().print(reconciled.page(report))
    raise typer.Exit(_status(report))


def _moment(text: str, now: datetime) -> datetime:
    """A time, or how long ago; without a zone it is this machine's own."""
    ago = _AGO.fullmatch(text.strip().lower())
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        why = "a day (2026-11-22), a time (2026-11-22T18:00), or how long ago (90m, 2h, 3d, 1w)"
        raise typer.BadParameter(why, param_hint="--since") from None


def _explained(report: ReconciliationReport, absent: Mapping[str, str]) -> ReconciliationReport:
    """Of a provider that is not set up: what is missing."""
    unknown = (attrs.evolve(one, why=absent[one.provider]) if one.provider in absent else one for one in report.unknown)
    return attrs.evolve(report, unknown=tuple(unknown))


def _status(report: ReconciliationReport) -> int:
    if report.differing:
        return _DIFFERS
    return 0 if report.complete else _NOT_ALL_ASKED


@contextmanager
def _progress() -> Generator[Callable[[Compared], None], None, None]:
    """A bar on standard error, where that is a terminal. How many there will be is not known before."""
    from rich.progress import BarColumn, Progress, TextColumn

    from stampcard.cli import render

    console = render.console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("comparing", total=None)
        found = Counter[Comparison]()

        def told(one: Compared) -> None:
            found[one.result] += 1
            differing = f", {found[Comparison.DIFFERING]} differing" if found[Comparison.DIFFERING] else ""
            bar.update(task, description=f"comparing: {found.total()} orders{differing}")

        yield told
