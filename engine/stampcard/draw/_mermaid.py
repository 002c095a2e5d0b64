"""A lifecycle as Mermaid text (`stateDiagram-v2`).

Mermaid reads labels as Markdown, HTML and its own syntax at once, so every character that is not a letter or a digit
goes in as a numeric entity; ids are never names. An edge cannot be coloured in a state diagram: glyphs and step numbers
on its label say what colour says elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from stampcard.draw._chart import FROM_DOUBT, Chart, Move, Step, chart
from stampcard.lifecycles import Lifecycle

__all__ = ["mermaid"]

_CURRENT: Final = "fill:#ffd866,stroke:#7a4d00,stroke-width:3px,color:#1f2328"
_VISITED: Final = "fill:#d9ead3,stroke:#38761d,color:#1f2328"


def mermaid(
    lifecycle: Lifecycle[Any],
    *,
    title: str | None = None,
    current: str | None = None,
    history: Iterable[Step] = (),
) -> str:
    """The lifecycle as a Mermaid state diagram, titled with its name unless told otherwise.

    A row with several destinations goes through a choice. Walked edges carry their step numbers: `1,3▸`.
    """
    return "\n".join(_lines(chart(lifecycle, title=title, current=current, history=history))) + "\n"


def _lines(drawn: Chart) -> Iterator[str]:
    yield from ("---", f"title: {json.dumps(drawn.title, ensure_ascii=False)}", "---", "stateDiagram-v2")
    yield f"  %% {'   '.join(f'{glyph} {meaning}' for glyph, meaning in drawn.legend(doubts=True))}"
    yield "  direction TB"
    for place in drawn.places:
        yield f'  state "{_escaped(place.label)}" as {place.id}'
    for move in drawn.moves:
        if move.fork is not None:
            yield f"  state {move.fork} <<choice>>"
    yield from (f"  [*] --> {place.id}" for place in drawn.places if place.initial)
    for move in drawn.moves:
        yield from _edges(move)
    yield from (f"  {place.id} --> [*]" for place in drawn.places if place.final)
    visited = [place.id for place in drawn.places if place.visited and not place.current]
    if visited:
        yield f"  classDef visited {_VISITED}"
        yield f"  class {','.join(visited)} visited"
    for place in drawn.places:
        if place.current:
            yield f"  classDef current {_CURRENT}"
            yield f"  class {place.id} current"


def _edges(move: Move) -> Iterator[str]:
    label = f"{move.numbers} {move.glyph} {_escaped(move.trigger)}".strip()
    if move.from_doubt:
        label += f" {_escaped(FROM_DOUBT)} {_escaped(', '.join(move.from_doubt))}"
    if move.guards:
        label += f" [{' & '.join(_escaped(guard) for guard in move.guards)}]"
    yield f"  {move.source} --> {move.fork or move.targets[0]}: {label}"
    if move.fork is not None:
        for target in move.targets:
            number = move.numbers_into(target)
            yield f"  {move.fork} --> {target}" + (f": {number}" if number else "")


def _escaped(label: str) -> str:
    """Letters, digits, single spaces, and `_` or `-` inside a word stay; all else becomes `#code;`."""
    return re.sub(r"(?<=[^\W_])[_-](?=[^\W_])|[^\w ]|_", _entity, label)


def _entity(found: re.Match[str]) -> str:
    char = found.group()
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    inside = char in "_-" and before.isalnum() and after.isalnum()
    return char if inside else f"#{ord(char)};"
