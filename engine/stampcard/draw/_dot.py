"""A lifecycle as DOT, the language of Graphviz.

Ids are never names, and labels are HTML-like, where nothing but `&`, `<`, `>` and quotes is special: no backslash
escapes, no ports, no keywords. Solid edges call the provider, dashed ones are the till's alone, red ones undo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import count
from typing import Any, Final

from stampcard.draw._chart import CALLS, FROM_DOUBT, TILL, UNDOES, Chart, Move, Place, Step, chart
from stampcard.lifecycles import Lifecycle

__all__ = ["dot"]

_INK: Final = "#1f2328"
_QUIET: Final = "#57606a"
_LINE: Final = {CALLS: "solid", UNDOES: "solid", TILL: "dashed"}
_COLOUR: Final = {CALLS: "#0b5394", UNDOES: "#b42318", TILL: "#57606a", FROM_DOUBT: "#b42318"}
_SAMPLE: Final = {CALLS: "───", UNDOES: "───", TILL: "╌╌╌", FROM_DOUBT: ""}


def dot(
    lifecycle: Lifecycle[Any],
    *,
    title: str | None = None,
    current: str | None = None,
    history: Iterable[Step] = (),
) -> str:
    """The lifecycle as a DOT digraph, titled with its name unless told otherwise.

    A row with several destinations goes through a small diamond. Walked edges are thick and carry their step numbers.
    """
    return "\n".join(_lines(chart(lifecycle, title=title, current=current, history=history))) + "\n"


def _lines(drawn: Chart) -> Iterator[str]:
    yield f'digraph "{drawn.id}" {{'
    yield "  graph [" + _attributes(
        label=_heading(drawn),
        labelloc="t",
        rankdir="TB",
        bgcolor="#ffffff",
        pad="0.3",
        nodesep="0.45",
        ranksep="0.5",
        fontname="Helvetica,Arial,sans-serif",
        fontsize="11",
        fontcolor=_INK,
    )
    yield "  node [" + _attributes(
        shape="box",
        style="rounded,filled",
        fillcolor="#eef4fb",
        color="#0b5394",
        fontname="Helvetica,Arial,sans-serif",
        fontsize="13",
        fontcolor=_INK,
        margin="0.18,0.09",
        height="0.42",
    )
    yield "  edge [" + _attributes(fontname="Helvetica,Arial,sans-serif", fontsize="11", arrowsize="0.8")
    yield f'  "{drawn.start}" [' + _attributes(
        shape="point", width="0.17", label="", style="filled", fillcolor=_INK, color=_INK
    )
    yield from (_node(place) for place in drawn.places)
    yield from (_fork(move.fork, _COLOUR[move.glyph]) for move in drawn.moves if move.fork is not None)
    yield from (f'  "{drawn.start}" -> "{p.id}" [' + _attributes(color=_INK) for p in drawn.places if p.initial)
    keys = count(1)
    for moves in _arrows(drawn):
        yield from _edges(moves, keys)
    yield "}"


def _node(place: Place) -> str:
    drawn = {"label": _html(place.label)}
    if place.final:
        drawn |= {"peripheries": "2", "fillcolor": "#f0f0f0", "color": _INK}
    if place.visited:
        drawn |= {"fillcolor": "#d9ead3"}
    if place.current:
        drawn |= {"label": f"<<B>{escape(place.label)}</B>>", "fillcolor": "#ffd866", "penwidth": "2.5"}
    return f'  "{place.id}" [' + _attributes(**drawn)


def _fork(fork: str, colour: str) -> str:
    small = {"label": "", "width": "0.22", "height": "0.22"}
    return f'  "{fork}" [' + _attributes(shape="diamond", style="filled", fillcolor="#ffffff", color=colour, **small)


def _arrows(drawn: Chart) -> Iterator[list[Move]]:
    """Moves that share an arrow: same ends, same kind, and nothing but their triggers to tell them apart."""
    shared: dict[tuple[str, ...], list[Move]] = {}
    for move in drawn.moves:
        alone = move.guards or move.from_doubt or move.fork is not None
        key = (move.source, move.targets[0], move.glyph, move.trigger if alone else "")
        shared.setdefault(key, []).append(move)
    yield from shared.values()


def _edges(moves: list[Move], keys: Iterator[int]) -> Iterator[str]:
    """Each edge has a key, or readers that fold parallel edges would lose some."""
    first = moves[0]
    line = {"color": _COLOUR[first.glyph], "style": _LINE[first.glyph]}
    # Steps forward pull their ends into one straight column; undoing and giving up go round it.
    line |= {"weight": "8" if first.glyph == CALLS else "1"}
    end = {} if first.fork is None else {"arrowhead": "none"}
    walked = {"penwidth": "3"} if any(move.numbers for move in moves) else {}
    head = first.fork or first.targets[0]
    # A loop leaves the side where its label crosses no other edge: those of a top-down drawing leave below and right.
    side = {"tailport": "w", "headport": "w"} if head == first.source else {}
    yield f'  "{first.source}" -> "{head}" [' + _attributes(
        key=f"e{next(keys)}", label=_label(moves), **line, **walked, **end, **side
    )
    if first.fork is not None:
        for target in first.targets:
            numbers = first.numbers_into(target)
            marked = {"label": f"<<B>{numbers}</B>>", "penwidth": "3"} if numbers else {}
            yield f'  "{first.fork}" -> "{target}" [' + _attributes(key=f"e{next(keys)}", **line, **marked)


def _label(moves: list[Move]) -> str:
    """Who acts and the trigger, then the guards one a line: read down, not across. The table keeps off the edge."""
    rows = [cell for move in moves for cell in _cells(move)]
    cells = "".join(f'<TR><TD ALIGN="LEFT">{cell}</TD></TR>' for cell in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{cells}</TABLE>>'


def _cells(move: Move) -> Iterator[str]:
    trigger = f"{move.numbers} {move.glyph} {escape(move.trigger)}".strip()
    yield f'<FONT COLOR="{_COLOUR[move.glyph]}"><B>{trigger}</B></FONT>'
    if move.from_doubt:
        undoing = f"{FROM_DOUBT} {escape(', '.join(move.from_doubt))}"
        yield f'<FONT POINT-SIZE="9.5" COLOR="{_COLOUR[UNDOES]}">{undoing}</FONT>'
    if move.guards:
        guards = ' &amp;<BR ALIGN="LEFT"/>'.join(escape(guard) for guard in move.guards)
        yield f'<FONT POINT-SIZE="9.5" COLOR="{_QUIET}">[{guards}]<BR ALIGN="LEFT"/></FONT>'


def _heading(drawn: Chart) -> str:
    known = drawn.legend(doubts=True)
    legend = "".join(
        f'<TD><FONT COLOR="{_COLOUR[glyph]}">{f"{_SAMPLE[glyph]} {glyph}".strip()} {meaning}</FONT></TD>'
        for glyph, meaning in known
    )
    title = f'<TD COLSPAN="{len(known)}"><FONT POINT-SIZE="17"><B>{escape(drawn.title)}</B></FONT></TD>'
    return f'<<TABLE BORDER="0" CELLSPACING="4" CELLPADDING="3"><TR>{title}</TR><TR>{legend}</TR></TABLE>>'


def _html(label: str) -> str:
    return f"<{escape(label)}>"


def _attributes(**values: str) -> str:
    """`a=<html>, b="text"];` in the order given. Texts are ours: never a name."""
    return (
        ", ".join(f"{key}={value}" if value[:1] == "<" else f'{key}="{value}"' for key, value in values.items()) + "];"
    )
