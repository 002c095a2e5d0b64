"""The `stampcard` command: the door, and what is said when it cannot open.

May live here: the entry point, and how failures end a process. May not: a command; each has a module of its own, and
those that need a provider's package join by the entry-point group `stampcard.commands`. Importing this loads neither
typer nor rich: without them one plain sentence must still come out.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn, TextIO

from stampcard.errors import StampcardError

__all__ = ["main"]


def main() -> None:
    """Run the command line. Ends the process."""
    for stream in (sys.stdout, sys.stderr):
        _lenient(stream)
    try:
        for needed in ("typer", "rich"):
            import_module(needed)
    except ModuleNotFoundError as missing:
        _end(f"stampcard: the commands need {missing.name}: install stampcard[cli]")
    from stampcard.cli._app import build

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
