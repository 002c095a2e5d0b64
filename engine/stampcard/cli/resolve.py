"""`stampcard resolve`: what a person found at the provider about a step that waits for one, written down.

May live here: options, exit codes, what is said afterwards. May not: what a decision does (`stampcard.step.resolve`).
Exit codes: 0 written down, or it was already; 1 refused (nobody was asked, somebody decided otherwise), unknown order,
a journal that cannot be used; 2 wrong use, no such file, several matches, the order's provider is not set up here.
"""

from __future__ import annotations

from typing import Annotated

import typer

from stampcard.cli._desk import opened
from stampcard.cli._order import DEFAULT, FAILED, WRONG_USE, AsJson, JournalFile, emit, meant, person, refuse
from stampcard.errors import StampcardError, reference
from stampcard.model import AnyOrder
from stampcard.recovery import Verdict

__all__ = ["command"]


def command(
    which: Annotated[str, typer.Argument(metavar="ORDER", help="An order's id, its ticket, or the short reference.")],
    verdict: Annotated[Verdict, typer.Option("--as", help="The step took effect, or not; or send one that waits.")],
    because: Annotated[str, typer.Option(help="What was looked at, and what it showed. Kept with the order.")],
    by: Annotated[str | None, typer.Option(help="Who decided.  [default: you]")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="STATE", help="Where an accepted step leads, if to several.")
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A fact the provider shows, of an accepted step.")
    ] = None,
    step: Annotated[str | None, typer.Option(help="Which step, where several wait for a person.")] = None,
    before_recovery: Annotated[
        bool, typer.Option("--before-recovery", help="Decide although recovery has not given up.")
    ] = False,
    journal: JournalFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Record what a person decided about a step that recovery gave up on, and let the order go on from there.

    `stampcard recover` says what to look at. The same decision again changes nothing. Exits 0 when it is written down,
    1 when it is refused, 2 when it cannot be asked like this.
    """
    facts = dict(_pair(one) for one in fact or [])
    decider = by if by is not None else person()
    with opened(journal) as desk:
        header = meant(desk.journal, which).header
        absent = desk.install({header.provider})
        if absent:
            refuse(f"{header.provider} cannot be used: {absent[header.provider]}", WRONG_USE)
        try:
            order = desk.till.resolve(
                header.order_id,
                as_=verdict,
                because=because,
                by=decider,
                facts=facts,
                to=to,
                trigger=step,
                before_recovery=before_recovery,
            )
        except StampcardError as no:
            refuse(f"{no.cashier} {no}", FAILED)
    if as_json:
        emit(_json(order))
    else:
        _say(order)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals):
        raise typer.BadParameter("a fact is given as NAME=VALUE", param_hint="--fact")
    return name.strip(), value


def _say(order: AnyOrder) -> None:
    from stampcard.cli import render

    console = render.console()
    done = "it was decided like this already" if order.replayed else "written down"
    doubt = f", and '{order.doubt.trigger}' is open" if order.doubt is not None else ""
    console.print(f"{done}: order {render.plain(order.id)} is {render.plain(order.state)}{doubt}", soft_wrap=True)
    console.print(render.plain(order.cashier))


def _json(order: AnyOrder) -> dict[str, object]:
    """Stable keys."""
    return {
        "id": order.id,
        "reference": reference(order.id),
        "provider": order.provider,
        "state": str(order.state),
        "version": order.version,
        "replayed": order.replayed,
        "settled": order.settled,
        "open": None if order.doubt is None else order.doubt.trigger,
    }
