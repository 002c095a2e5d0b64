"""What every emitter draws from: a lifecycle as plain strings, with safe ids and the walked path marked.

May live here: reading a `Lifecycle`, choosing ids, making a name printable. May not: the syntax of any one format.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias, cast

import attrs

from stampcard.lifecycles import Lifecycle, Row

__all__ = ["CALLS", "FROM_DOUBT", "TILL", "UNDOES", "Chart", "Move", "Place", "Step", "chart", "printable"]

Step: TypeAlias = tuple[str, str, str]
"""One edge that was walked: the state before, the trigger, the state after."""

CALLS: Final = "⇄"
UNDOES: Final = "↶"
TILL: Final = "⌂"
FROM_DOUBT: Final = "?↶"

# Words some grammar keeps for itself; Mermaid's lexer reads them in any case, and keys plain JS objects by its ids.
_RESERVED: Final = frozenset(
    {"acctitle", "accdescr", "as", "choice", "class", "classdef", "click", "constructor", "default", "digraph"}
    | {"direction", "edge", "end", "fork", "graph", "hide", "href", "join", "node", "note", "root", "scale", "start"}
    | {"state", "statediagram", "strict", "style", "subgraph", "title", "tostring", "valueof"}
)
_ASCII_CONTROLS: Final = 0x20


@attrs.frozen(kw_only=True)
class Place:
    """One state as drawn. id: safe in every format, unique in its chart; label: printable, not yet escaped."""

    id: str
    label: str
    initial: bool
    final: bool
    current: bool
    visited: bool


@attrs.frozen(kw_only=True)
class Move:
    """One row as drawn from one of its sources: `source` to any of `targets`, which are ids.

    fork: id of the point where the outcome chooses, when there are several targets; else None.
    steps: the times it was walked, as (target id, number in the history). from_doubt: the triggers that may undo it
    while nobody knows whether it took effect.
    """

    trigger: str
    source: str
    targets: tuple[str, ...]
    guards: tuple[str, ...]
    calls_provider: bool
    reverses: bool
    fork: str | None
    steps: tuple[tuple[str, int], ...]
    from_doubt: tuple[str, ...] = ()

    @property
    def glyph(self) -> str:
        """Who acts: the provider is called, perhaps to undo, or the till decides alone."""
        return UNDOES if self.reverses else CALLS if self.calls_provider else TILL

    @property
    def numbers(self) -> str:
        """The steps that walked this row from here, as `1,3▸`; empty when none did."""
        return _marked(number for _, number in self.steps)

    def numbers_into(self, target: str) -> str:
        """The steps among them that ended in `target`."""
        return _marked(number for end, number in self.steps if end == target)


@attrs.frozen(kw_only=True)
class Chart:
    """A lifecycle ready to be drawn. `start` is the id of the mark before the initial state."""

    id: str
    title: str
    start: str
    places: tuple[Place, ...]
    moves: tuple[Move, ...]

    def place(self, place_id: str) -> Place:
        return next(place for place in self.places if place.id == place_id)

    def legend(self, *, doubts: bool = False) -> tuple[tuple[str, str], ...]:
        """Glyph and meaning, for the kinds of row this chart has. doubts: where it shows what may undo a doubt."""
        meanings = {CALLS: "calls the provider", UNDOES: "calls the provider to undo", TILL: "the till alone"}
        present = {move.glyph for move in self.moves}
        found = [(glyph, meaning) for glyph, meaning in meanings.items() if glyph in present]
        if doubts and any(move.from_doubt for move in self.moves):
            found.append((FROM_DOUBT, "may undo it while it has no answer"))
        return tuple(found)


def chart(
    lifecycle: Lifecycle[Any],
    *,
    title: str | None = None,
    current: str | None = None,
    history: Iterable[Step] = (),
) -> Chart:
    """Read `lifecycle`. Raises ValueError for a current state or a step that it does not have."""
    walked = tuple(history)
    names = [str(state) for state in cast("type[StrEnum]", lifecycle.states)]
    _check(lifecycle, names, current, walked)
    taken = {"root_start", "root_end"}
    ids = {name: _identify(name, taken) for name in names}
    visited = {name for source, _, target in walked for name in (source, target)}
    places = tuple(
        Place(
            id=ids[name],
            label=printable(name),
            initial=name == lifecycle.initial,
            final=name in lifecycle.final,
            current=name == current,
            visited=name in visited,
        )
        for name in names
    )
    moves = tuple(
        attrs.evolve(_move(row, str(source), ids, walked, taken), from_doubt=_undoing(lifecycle, row, str(source)))
        for row in lifecycle.rows
        for source in dict.fromkeys(row.sources)
    )
    return Chart(
        id=_identify(lifecycle.name, set()),
        title=printable(lifecycle.name if title is None else title),
        start=_identify("begin", taken),
        places=places,
        moves=moves,
    )


def _move(row: Row[Any], source: str, ids: Mapping[str, str], walked: Iterable[Step], taken: set[str]) -> Move:
    targets = tuple(dict.fromkeys(ids[str(target)] for target in row.destinations))
    return Move(
        trigger=printable(row.trigger),
        source=ids[source],
        targets=targets,
        guards=tuple(printable(guard) for guard in row.guards),
        calls_provider=row.calls_provider,
        reverses=row.reverses,
        fork=_identify(f"{source} {row.trigger}", taken) if len(targets) > 1 else None,
        steps=tuple(
            (ids[target], number)
            for number, (start, trigger, target) in enumerate(walked, 1)
            if (start, trigger) == (source, row.trigger)
        ),
    )


def _undoing(lifecycle: Lifecycle[Any], row: Row[Any], source: str) -> tuple[str, ...]:
    """In the table's order."""
    legal = lifecycle.reversible(source, row.trigger) if row.calls_provider and not row.reverses else frozenset[str]()
    return tuple(printable(trigger) for trigger in lifecycle.triggers if trigger in legal)


def printable(name: str) -> str:
    """`name` with everything a reader could not see or a format would swallow made visible; never empty."""
    shown = "".join(_seen(char) for char in name)
    # Formats trim and fold spaces: two names must not look alike for it.
    shown = re.sub(r"^ | $|(?<= ) | (?= )", "␠", shown)
    return shown or "∅"


def _seen(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    return chr(0x2400 + code) if code < _ASCII_CONTROLS else f"U+{code:04X}"


def _identify(name: str, taken: set[str]) -> str:
    """An id of letters, digits and underscores, unlike every other taken one even when case is ignored."""
    wanted = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not re.match(r"[A-Za-z]", wanted) or wanted.lower() in _RESERVED:
        wanted = f"s_{wanted}".rstrip("_")
    found, number = wanted, 1
    while found.lower() in taken:
        number += 1
        found = f"{wanted}_{number}"
    taken.add(found.lower())
    return found


def _marked(numbers: Iterable[int]) -> str:
    listed = ",".join(map(str, numbers))
    return f"{listed}▸" if listed else ""


def _check(lifecycle: Lifecycle[Any], names: Collection[str], current: str | None, walked: Iterable[Step]) -> None:
    if current is not None and current not in names:
        raise ValueError(f"{lifecycle.name} has no state {current!r}")
    for source, trigger, target in walked:
        row = lifecycle.row(source, trigger)
        if row is None or target not in row.destinations:
            raise ValueError(f"{lifecycle.name} has no edge {source!r} -{trigger}-> {target!r}")
