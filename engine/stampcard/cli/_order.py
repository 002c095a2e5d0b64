"""What the commands about orders share: which journal, which order is meant, how JSON and a refusal leave.

May live here: options and their words, finding one order. May not: a command, layout, a till.
"""

from __future__ import annotations

import getpass
import json
import re
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from stampcard.journal.contract import Journal, Record

__all__ = ["DEFAULT", "FAILED", "MOST", "WRONG_USE", "AsJson", "JournalFile", "emit", "meant", "person", "refuse"]

FAILED: Final = 1
WRONG_USE: Final = 2
MOST: Final = 50
"""Matches of one ticket number that are looked at."""

_STEERING: Final = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
JournalFile = Annotated[
    Path,
    typer.Option("--journal", "-j", envvar="STAMPCARD_JOURNAL", help="The journal's file.", show_default=True),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
DEFAULT: Final = Path("stampcard.db")


def meant(store: Journal, text: str) -> Record:
    """The one order meant. An order's own id comes first; a reference is read as people write it down."""
    wanted = text.strip()
    record = store.load(wanted)
    if record is not None:
        return record
    found = store.find(text=wanted, limit=MOST)
    if len(found) == 0:
        found = store.find(text=_as_reference(wanted), limit=MOST)
    if len(found) == 0:
        refuse(f"no order here has the id, the ticket or the reference {wanted!r}", FAILED)
    if len(found) > 1:
        from stampcard.cli import render

        console = render.console(stderr=True)
        console.print(f"{len(found)} orders match {wanted!r}: name one by its id or its reference")
        console.print(render.orders(found))
        raise typer.Exit(WRONG_USE)
    record = store.load(found[0].header.order_id)
    if record is None:  # an append-only store that loses what it listed
        refuse(f"order {found[0].header.order_id} is listed and cannot be read", FAILED)
    return record


def _as_reference(text: str) -> str:
    """ "k7q2 9mwd", "K7Q29MWD" and a nought for an O mean "K7Q2-9MWD": its alphabet has no 0, 1 or 8."""
    letters = "".join(char for char in text.upper() if char.isalnum()).translate(str.maketrans("018", "OIB"))
    return f"{letters[:4]}-{letters[4:]}"


def emit(document: Any) -> None:
    """As UTF-8 whatever the console's code page."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    # What a terminal would obey (C1 controls) or a reader be misled by (bidi marks) is written as JSON can: escaped.
    typer.echo(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode())


def person() -> str:
    """Who sits here, where nobody was named."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        raise typer.BadParameter("say who decided", param_hint="--by") from None


def refuse(why: str, status: int) -> NoReturn:
    """Say why not, and end with that status."""
    typer.echo("stampcard: " + "".join(c if c.isprintable() else "?" for c in why), err=True)
    raise typer.Exit(status)
