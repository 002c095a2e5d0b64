"""The `stampcard` command: the door, and what is said when it cannot open.

May live here: the entry point, and how failures end a process. May not: a command; each has a module of its own, and
those that need a provider's package join by the entry-point group `stampcard.commands`. Importing this loads neither
typer nor rich: without them one plain sentence must still come out.
"""

from __future__ import annotations

import sys
from typing import NoReturn, TextIO

from stampcard.errors import StampcardError

__all__ = ["main"]


def main() -> None:
    """Run the command line. Ends the process."""
    for stream in (sys.stdout, sys.stderr):
        _lenient(stream)
    try:
        from stampcard.cli._app import build
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        _end("stampcard: the commands need typer and rich: install stampcard[cli]")
    try:
        build()()
    except StampcardError as error:
        _end(f"stampcard: {error.cashier}\n  {error}")


def _lenient(stream: TextIO) -> None:
    """A console whose code page lacks an arrow shows a question mark, and does not fail."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _end(why: str) -> NoReturn:
    sys.stderr.write(why + "\n")
    sys.exit(1)
