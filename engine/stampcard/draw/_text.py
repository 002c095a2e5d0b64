"""A lifecycle for a terminal: one line per state with its exits, and the rows as a table.

May live here: plain text. May not: colours or a terminal's width; a command dresses these with rich if it likes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from stampcard.draw._chart import Chart, Place, Step, chart, printable
from stampcard.lifecycles import Lifecycle, Row

__all__ = ["HEADINGS", "table", "text"]

HEADINGS: Final = ("trigger", "from", "to", "guards", "who")
"""What the columns of `table` are."""


def text(lifecycle: Lifecycle[Any], *, current: str | None = None, history: Iterable[Step] = ()) -> str:
    """One line per state: `▶` where the order stands, `✓` where it was, `●` initial, `◎` final, then every exit.

    Walked exits carry their step numbers, `1,3▸`. No newline at the end.
    """
    drawn = chart(lifecycle, current=current, history=history)
    width = max(len(place.label) for place in drawn.places)
    legend = "   ".join(f"{glyph} {meaning}" for glyph, meaning in drawn.legend())
    lines = [drawn.title, *(_line(drawn, place, width) for place in drawn.places), f"● initial   ◎ final   {legend}"]
    return "\n".join(line.rstrip() for line in lines)


def table(lifecycle: Lifecycle[Any]) -> list[tuple[str, str, str, str, str]]:
    """The rows as text under `HEADINGS`, in the lifecycle's order."""
    return [
        (
            printable(row.trigger),
            _names(row.sources),
            _names(row.destinations),
            _names(row.guards),
            _who(row),
        )
        for row in lifecycle.rows
    ]


def _line(drawn: Chart, place: Place, width: int) -> str:
    here = "▶" if place.current else "✓" if place.visited else " "
    kind = "●" if place.initial else "◎" if place.final else " "
    exits = "   ".join(_exits(drawn, place))
    return f" {here} {kind} {place.label.ljust(width)}   {exits}"


def _exits(drawn: Chart, place: Place) -> Iterable[str]:
    for move in drawn.moves:
        if move.source == place.id:
            targets = " | ".join(drawn.place(target).label for target in move.targets)
            yield f"{move.numbers} {move.glyph} {move.trigger} → {targets}".strip()


def _names(names: Iterable[str]) -> str:
    return ", ".join(printable(str(name)) for name in names)


def _who(row: Row[Any]) -> str:
    if row.reverses:
        return "provider, to undo"
    return "provider" if row.calls_provider else "till"
