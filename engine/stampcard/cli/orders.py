"""`stampcard orders`: what became of an order, read off a journal file; no provider needs to be configured.

May live here: options, finding the order meant, exit codes. May not: layout (`render`), what an order means (`report`).
Exit codes: 0 shown; 1 unknown order, or a journal that cannot be read; 2 wrong use, no such file, several matches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from stampcard.cli.report import report, summary_json
from stampcard.journal.contract import Journal, Record, StoreError, Summary
from stampcard.journal.reading import NoJournalError, ReadOnlyJournal
from stampcard.lifecycles import LIFECYCLES

__all__ = ["app"]

_FAILED: Final = 1
_WRONG_USE: Final = 2
_MOST: Final = 50
"""Matches of one ticket number that are looked at."""

_STEERING: Final = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
app: Final = typer.Typer(
    help="What became of an order: read off a journal, without any provider configured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)

_File = Annotated[
    Path,
    typer.Option("--journal", "-j", envvar="STAMPCARD_JOURNAL", help="The journal's file.", show_default=True),
]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
_DEFAULT: Final = Path("stampcard.db")


@app.command("list")
def list_orders(
    journal: _File = _DEFAULT,
    as_json: _AsJson = False,
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
        _emit([summary_json(summary) for summary in found])
        return
    if not found:
        typer.echo("no such orders" if state or provider or in_doubt else "no orders yet", err=True)
        return
    from stampcard.cli import render

    render.console().print(render.orders(found))


@app.command("show")
def show_order(
    which: Annotated[str, typer.Argument(metavar="ID", help="An order's id, its ticket, or the short reference.")],
    journal: _File = _DEFAULT,
    as_json: _AsJson = False,
    personal: Annotated[bool, typer.Option("--personal", help="With what is known of the customer.")] = False,
) -> None:
    """Show one order: where it stands, what is allowed now, and how it came there."""
    with _open(journal) as store:
        record = _meant(store, which)
        found = report(record, alive=store.alive, personal=personal)
    if as_json:
        _emit(found.as_json())
        return
    from stampcard.cli import render

    render.console().print(render.order(found))


@contextmanager
def _open(path: Path) -> Generator[Journal, None, None]:
    try:
        store = ReadOnlyJournal(path)
    except NoJournalError as missing:
        _refuse(f"{missing}: name one with --journal FILE, or in STAMPCARD_JOURNAL", _WRONG_USE)
    except StoreError as broken:
        _refuse(f"{path} cannot be read: {broken}", _FAILED)
    try:
        yield store
    except StoreError as broken:
        _refuse(f"{path} cannot be read: {broken}", _FAILED)
    finally:
        store.close()


def _meant(store: Journal, text: str) -> Record:
    """The one order meant. An order's own id comes first; a reference is read as people write it down."""
    wanted = text.strip()
    record = store.load(wanted)
    if record is not None:
        return record
    found = store.find(text=wanted, limit=_MOST)
    if len(found) == 0:
        found = store.find(text=_as_reference(wanted), limit=_MOST)
    if len(found) == 0:
        _refuse(f"no order here has the id, the ticket or the reference {wanted!r}", _FAILED)
    if len(found) > 1:
        from stampcard.cli import render

        console = render.console(stderr=True)
        console.print(f"{len(found)} orders match {wanted!r}: name one by its id or its reference")
        console.print(render.orders(found))
        raise typer.Exit(_WRONG_USE)
    record = store.load(found[0].header.order_id)
    if record is None:  # an append-only store that loses what it listed
        _refuse(f"order {found[0].header.order_id} is listed and cannot be read", _FAILED)
    return record


def _as_reference(text: str) -> str:
    """ "k7q2 9mwd", "K7Q29MWD" and a nought for an O mean "K7Q2-9MWD": its alphabet has no 0, 1 or 8."""
    letters = "".join(char for char in text.upper() if char.isalnum()).translate(str.maketrans("018", "OIB"))
    return f"{letters[:4]}-{letters[4:]}"


def _doubted(store: Journal, provider: str | None, state: str | None) -> Sequence[Summary]:
    """At the cost of what is open."""
    found: list[Summary] = []
    for order_id in reversed(store.open_orders()):
        found += [
            one
            for one in store.find(text=order_id, provider=provider, state=state, limit=_MOST)
            if (one.header.order_id == order_id)
        ]
    return found


def _emit(document: Any) -> None:
    """As UTF-8 whatever the console's code page."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    # What a terminal would obey (C1 controls) or a reader be misled by (bidi marks) is written as JSON can: escaped.
    typer.echo(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode())


def _refuse(why: str, status: int) -> NoReturn:
    typer.echo("stampcard: " + "".join(c if c.isprintable() else "?" for c in why), err=True)
    raise typer.Exit(status)
