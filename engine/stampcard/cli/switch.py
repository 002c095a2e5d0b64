"""`stampcard switch`: call a provider no more, or again, from every till of a journal.

May live here: options, what is said afterwards. May not: what is held back then (`stampcard.step.knock`).
Exit codes: 0 written down; 1 the journal cannot be used; 2 wrong use, no such file.
"""

from __future__ import annotations

from typing import Annotated

import typer

from stampcard.cli._desk import known_providers, opened
from stampcard.cli._order import DEFAULT, WRONG_USE, JournalFile, person, refuse

__all__ = ["command"]


def command(
    provider: Annotated[str, typer.Argument(help="The provider's name.")],
    because: Annotated[str, typer.Option(help="Why. Kept.")],
    off: Annotated[bool, typer.Option("--off", help="Call it no more.")] = False,
    on: Annotated[bool, typer.Option("--on", help="Call it again.")] = False,
    by: Annotated[str | None, typer.Option(help="Who says so.  [default: you]")] = None,
    journal: JournalFile = DEFAULT,
) -> None:
    """Switch a provider off, or on, for every till on this journal: within a second, and over restarts.

    Reversals and recovery go on: they settle what was promised before. What may wait, waits.
    """
    if provider not in known_providers():
        refuse(f"no provider is named {provider!r}; known: {', '.join(known_providers())}", WRONG_USE)
    if off is on:
        refuse("say one of --off and --on", WRONG_USE)
    if not because.strip():
        refuse("say why, with --because", WRONG_USE)
    decider = by if by is not None and by.strip() else person()
    with opened(journal) as desk:
        if off:
            desk.till.switch_off(provider, why=because, by=decider)
        else:
            desk.till.switch_on(provider, why=because, by=decider)
    typer.echo(f"{provider} is switched {'off' if off else 'on'}")
