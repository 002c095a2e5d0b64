"""`stampcard journal check`: whether a journal's file is what was written into it, and what survives where it is not.

May live here: options, progress, the page, exit codes. May not: what damage is (`stampcard.journal.checking`).
Exit codes: 0 whole; 4 something is missing, changed, or waits to be accepted; 1 it cannot be read as a journal, or not
be accepted; 2 wrong use, no such file.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated, Final

import attrs
import typer

from stampcard.cli._order import DEFAULT, FAILED, WRONG_USE, AsJson, JournalFile, emit, person, refuse
from stampcard.journal import StoreError, accept
from stampcard.journal.checking import CheckReport, OrderCheck, check

__all__ = ["app"]

_NEEDS_A_PERSON: Final = 4
app: Final = typer.Typer(
    help="A journal's file itself: is it whole?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def _group() -> None:
    """A journal's file itself: is it whole?"""


@app.command("check")
def check_file(
    journal: JournalFile = DEFAULT,
    as_json: AsJson = False,
    accepting: Annotated[
        bool, typer.Option("--accept", help="Let it be used although it is a copy, or lacks its last entries.")
    ] = False,
    because: Annotated[str, typer.Option(help="With --accept: why. Kept in the journal.")] = "",
    by: Annotated[str | None, typer.Option(help="With --accept: who says so.  [default: you]")] = None,
) -> None:
    """Read every entry, compare it with its seal, and tell what survives, order by order. Nothing is changed.

    A till may be using the file. --accept is for a person who has restored a backup, or moved the file to another
    machine, and knows that the other one is not used any more. Exits 0 when the journal is whole, 4 when something is
    missing or changed, 1 when it cannot be read at all.
    """
    if not journal.expanduser().exists():
        refuse(f"there is no journal at {journal}: name one with --journal FILE, or in STAMPCARD_JOURNAL", WRONG_USE)
    if accepting:
        if not because.strip():
            raise typer.BadParameter("say why it may be used", param_hint="--because")
        try:
            found = accept(journal, by=by if by is not None else person(), because=because)
        except StoreError as broken:
            refuse(f"{journal} cannot be accepted: {broken}", FAILED)
        typer.echo("nothing was to be accepted" if found is None else f"accepted: {found}", err=True)
    with _progress() as told:
        report = check(journal, progress=told)
    if as_json:
        emit(as_document(report))
    else:
        _say(report)
    raise typer.Exit(_status(report))


def _status(report: CheckReport) -> int:
    if report.ok:
        return 0
    return FAILED if report.journal_id is None else _NEEDS_A_PERSON


def as_document(report: CheckReport) -> dict[str, object]:
    """Stable keys."""
    return {
        "path": report.path,
        "ok": report.ok,
        "journal": report.journal_id,
        "schema": report.schema,
        "sealed": report.sealed,
        "orders": report.orders,
        "entries": report.entries,
        "promised": report.promised,
        "doubt": report.doubt,
        "problems": [attrs.asdict(one) for one in report.problems],
        "damaged": [attrs.asdict(one) for one in report.damaged],
        "accepted": [dict(zip(("at", "by", "because", "found"), one, strict=True)) for one in report.accepted],
    }


def _say(report: CheckReport) -> None:
    from stampcard.cli import render

    console = render.console()

    def line(text: str) -> None:
        console.print(render.plain(text), soft_wrap=True)

    whole = report.orders - len(report.damaged)
    if report.journal_id is not None and report.sealed:
        line(f"journal {report.journal_id}: {report.orders} orders, {report.entries} entries")
    elif report.schema is not None and not report.sealed:
        line(f"schema {report.schema} has no seals: a till that opens it seals what is there")
    for when, who, because, what in report.accepted:
        line(f"accepted {when} by {who} ({because}): {what}")
    if report.doubt is not None:
        line(f"no till opens it: {report.doubt}")
        line('once that is settled: stampcard journal check --accept --because "..."')
    for problem in report.problems:
        line(f"file: {problem.what}")
    for order in report.damaged:
        line(f"order {order.order_id}: {_kept(order)}")
        for problem in order.problems:
            line(f"  {problem.what}")
    if report.ok:
        line("whole: every entry is there, as it was written")
    elif report.orders:
        line(f"{whole} of {report.orders} orders are as they were written")


def _kept(order: OrderCheck) -> str:
    of = f"{order.entries}" if order.promised is None else f"{order.entries} of {order.promised}"
    upto = f"trusted up to entry {order.sound}: {order.state}, {order.at}" if order.sound else "nothing to be trusted"
    return f"{of} entries are there; {upto}"


@contextmanager
def _progress() -> Generator[Callable[[int, int], None], None, None]:
    """A bar on standard error, where that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from stampcard.cli import render

    console = render.console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=max(done, total))
