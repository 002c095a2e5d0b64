"""`stampcard orders`: what became of an order, read off a journal file; no provider needs to be configured.

May live here: options, finding the order meant, exit codes. May not: layout (`render`), what an order means (`report`).
Exit codes: 0 shown; 1 unknown order, or a journal that cannot be read; 2 wrong use, no such file, several matches.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from stampcard.cli._order import DEFAULT, FAILED, MOST, WRONG_USE, AsJson, JournalFile, emit, meant, refuse
from stampcard.cli.report import report, summary_json
from stampcard.journal.contract import Journal, StoreError, Summary
from stampcard.journal.reading import NoJournalError, ReadOnlyJournal
from stampcard.lifecycles import LIFECYCLES

__all__ = ["app"]

app: Final = typer.Typer(
    help="What became of an order: read off a journal, without any provider configured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)


@app.command("list")
def list_orders(
    journal: JournalFile = DEFAULT,
    as_json: AsJson = False,
    state: Annotated[str | None, typer.Option(help="Only orders in this state.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only orders of this provider.")] = None,
    in_doubt: Annotated[bool, typer.Option("--in-doubt", help="Only orders with a step nobody knows the end of.")] = (
        False
    ),
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
) -> None:
    """List orders, newest first."""
    known = {str(each) for one in LIFECYCLES.values() for each in one.states}
    if state is not None and state not in known:
        raise typer.BadParameter(
            f"no state is named {state!r}; known: {', '.join(sorted(known))}", param_hint="--state"
        )
    with _open(journal) as store:
        if in_doubt:
            found = _doubted(store, provider, state)[:limit]
        else:
            found = store.find(provider=provider, state=state, limit=limit)
    if as_json:
        emit([summary_json(summary) for summary in found])
        return
    if not found:
        typer.echo("no such orders" if state or provider or in_doubt else "no orders yet", err=True)
        return
    from stampcard.cli import render

    render.console().print(render.orders(found))


@app.command("show")
def show_order(
    which: Annotated[str, typer.Argument(metavar="ID", help="An order's id, its ticket, or the short reference.")],
    journal: JournalFile = DEFAULT,
    as_json: AsJson = False,
    personal: Annotated[bool, typer.Option("--personal", help="With what is known of the customer.")] = False,
) -> None:
    """Show one order: where it stands, what is allowed now, and how it came there."""
    with _open(journal) as store:
        record = meant(store, which)
        found = report(record, alive=store.alive, personal=personal)
    if as_json:
        emit(found.as_json())
        return
    from stampcard.cli import render

    render.console().print(render.order(found))


@contextmanager
def _open(path: Path) -> Generator[Journal, None, None]:
    try:
        store = ReadOnlyJournal(path)
    except NoJournalError as missing:
        refuse(f"{missing}: name one with --journal FILE, or in STAMPCARD_JOURNAL", WRONG_USE)
    except StoreError as broken:
        refuse(f"{path} cannot be read: {broken}", FAILED)
    if store.doubt is not None:
        typer.echo(f"stampcard: {path}: {store.doubt}; see `stampcard journal check`", err=True)
    try:
        yield store
    except StoreError as broken:
        refuse(f"{path} cannot be read: {broken}", FAILED)
    finally:
        store.close()


def _doubted(store: Journal, provider: str | None, state: str | None) -> Sequence[Summary]:
    """At the cost of what is open."""
    found: list[Summary] = []
    for order_id in reversed(store.open_orders()):
        found += [
            one
            for one in store.find(text=order_id, provider=provider, state=state, limit=MOST)
            if (one.header.order_id == order_id)
        ]
    return found
