"""`stampcard demo`: loyalty orders from beginning to end, over real HTTP, against local providers.

May live here: options, where the journal goes, the ending, exit codes. May not: the story (`_demo_<provider>`), how it
looks (`_demo_screen`).
Exit codes: 0 everything went as told; 1 something did not; 2 wrong use.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from stampcard import StampcardError
from stampcard.cli import render
from stampcard.cli.report import report
from stampcard.journal import open_journal
from stampcard.journal.contract import StoreError
from stampcard_adapters.commands import _demo_kalixo, _demo_kibo, _demo_kigo, _demo_sessionm, _demo_spendgo
from stampcard_adapters.commands._demo_screen import Screen
from stampcard_adapters.commands._demo_told import Told, ToldWrongError

__all__ = ["command"]

STORIES: Final[Mapping[str, Callable[[Screen, Path], Told]]] = {
    "spendgo": _demo_spendgo.tell,
    "sessionm": _demo_sessionm.tell,
    "kalixo": _demo_kalixo.tell,
    "kigo": _demo_kigo.tell,
    "kibo": _demo_kibo.tell,
}
"""A story for each provider."""
_ALL: Final = "all"
_FIRST: Final = "spendgo"
"""Whose story is told when nobody asks for another: all five are long to read."""


def command(
    journal: Annotated[
        Path | None, typer.Option("--journal", "-j", help="Where to leave the journal: a file that does not exist yet.")
    ] = None,
    provider: Annotated[str, typer.Option(help="Whose story to tell, or all.")] = _FIRST,
    full: Annotated[bool, typer.Option("--full", help="Show every request body whole.")] = False,
) -> None:
    """Watch loyalty orders go from beginning to end, over real HTTP, against a local provider."""
    if provider != _ALL and provider not in STORIES:
        _refuse(2, f"there is no story of {provider!r}; there is one of: {', '.join(STORIES)}, {_ALL}")
    if journal is not None and journal.exists():
        _refuse(2, f"{journal} exists: the demo wants a file of its own")
    file = journal or Path(tempfile.mkdtemp(prefix="stampcard-demo-")) / "stampcard.db"
    screen = Screen(render.console(), full=full)
    began = time.monotonic()
    try:
        told = [tell(screen, file) for name, tell in STORIES.items() if provider in (name, _ALL)]
        tickets = [_ending(screen, file, one) for one in told]
    except ToldWrongError as wrong:
        _refuse(1, f"this went differently than told: {wrong}")
    except (StampcardError, StoreError) as error:
        _refuse(1, f"this went differently than told: {error}")
    _closing(screen, file, told, tickets[0], time.monotonic() - began)


def _ending(screen: Screen, file: Path, told: Told) -> str:
    """What the journal remembers, read as the support desk would. Gives what to look the order up by."""
    store = open_journal(file)
    try:
        record = store.load(told.main)
        if record is None:
            raise ToldWrongError("the order is in the journal")
        found = report(record, alive=store.alive)
    finally:
        store.close()
    screen.heading("What the journal remembers of the first order")
    screen.console.print(render.timeline(found.entries))
    screen.heading("The path it walked")
    screen.console.print(render.diagram(found))
    if told.unbalanced:
        raise ToldWrongError("the provider's books balance: " + "; ".join(told.unbalanced))
    return found.header.ticket or told.main


def _closing(screen: Screen, file: Path, told: list[Told], ticket: str, seconds: float) -> None:
    orders, calls = sum(len(one.orders) for one in told), sum(one.calls for one in told)
    screen.heading("Everything went as told")
    screen.check(True, f"{orders} orders, {calls} calls, {seconds:.1f} s")
    screen.check(True, "every ledger at the provider balances")
    screen.check(True, f"every step is in the journal, {file}")
    screen.console.print("\nLook closer:")
    where = shlex.quote(str(file))
    screen.command(f"{_program()} orders list --journal {where}")
    screen.command(f"{_program()} orders show {ticket} --journal {where}")


def _refuse(status: int, why: str) -> NoReturn:
    typer.echo(f"stampcard demo: {why}", err=True)
    raise typer.Exit(status)


def _program() -> str:
    """This command as whoever reads it can type it: by its path when it was called by one."""
    called = Path(sys.argv[0])
    if called.name != "stampcard" or str(called) == "stampcard" or shutil.which("stampcard") == str(called):
        return "stampcard"
    return os.path.relpath(called)
