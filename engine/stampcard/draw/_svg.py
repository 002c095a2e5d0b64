"""A lifecycle as SVG: Graphviz lays out the DOT, this file makes the result worth keeping.

May live here: what is cleaned off Graphviz's output (its version, its comments) and added to it: a title and a
description for those who do not see, and seals that say which DOT it was drawn from and that nobody edited it since.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from html import escape
from typing import Any, Final

from stampcard.draw._chart import Chart, Step, chart
from stampcard.draw._dot import dot
from stampcard.draw._graphviz import render
from stampcard.lifecycles import Lifecycle

__all__ = ["seals", "svg"]

_SEAL: Final = re.compile(r"<!-- drawn from sha256:([0-9a-f]{64}), body sha256:([0-9a-f]{64}) -->\n")
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def svg(
    lifecycle: Lifecycle[Any],
    *,
    title: str | None = None,
    current: str | None = None,
    history: Iterable[Step] = (),
) -> bytes:
    """The lifecycle as a self-contained SVG with its own background; the same bytes for the same Graphviz and fonts.

    Raises ImportError, naming the extra, when Graphviz is not installed.
    """
    walked = tuple(history)
    source = dot(lifecycle, title=title, current=current, history=walked)
    raw = render(source, "svg").decode()
    drawn = chart(lifecycle, title=title, current=current, history=walked)
    body = _described(_cleaned(raw), drawn)
    return f"{_HEAD}<!-- drawn from sha256:{_digest(source)}, body sha256:{_digest(body)} -->\n{body}".encode()


def seals(picture: str) -> tuple[str, bool]:
    """The sha256 of the DOT this SVG was drawn from ("" when unsigned), and whether it is as it was drawn."""
    found = _SEAL.search(picture)
    if found is None:
        return "", False
    return found[1], picture[: found.start()] == _HEAD and _digest(picture[found.end() :]) == found[2]


def _cleaned(raw: str) -> str:
    """The `<svg>` element alone: no declaration, no doctype, no comment with a version in it."""
    raw = re.sub(r"<!--.*?-->\n?", "", raw, flags=re.DOTALL)
    return raw[raw.index("<svg") :].rstrip() + "\n"


def _described(picture: str, drawn: Chart) -> str:
    opening, rest = picture.split(">", 1)
    label = f'role="img" aria-labelledby="{drawn.id}-title {drawn.id}-desc"'
    said = f'<title id="{drawn.id}-title">{escape(drawn.title)}</title>\n'
    said += f'<desc id="{drawn.id}-desc">{escape(_sentences(drawn))}</desc>'
    return f"{opening}\n {label}>\n{said}{rest}"


def _sentences(drawn: Chart) -> str:
    starts = ", ".join(place.label for place in drawn.places if place.initial)
    ends = ", ".join(place.label for place in drawn.places if place.final)
    said = [f"State diagram. It starts at {starts} and ends at {ends or 'no state'}."]
    for move in drawn.moves:
        targets = " or ".join(drawn.place(target).label for target in move.targets)
        said.append(f"{move.trigger}: from {drawn.place(move.source).label} to {targets}.")
    said += [f"The order stands at {place.label}." for place in drawn.places if place.current]
    return " ".join(said)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
