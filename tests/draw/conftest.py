"""Readers of drawings, which know nothing of the emitters.

A strict grammar for Mermaid (a line it does not know fails), Graphviz's own parser for DOT, an XML parser for SVG.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import attrs
import pygraphviz
import pytest

from stampcard.draw._chart import printable
from stampcard.lifecycles import Lifecycle, Row

Edge = tuple[str, str, str, str, str]
"""Source, glyph, trigger, `[guard & guard]`, target: as a reader sees them."""

Arrow = tuple[str, str, str, str, str, str]
"""Source id, steps, glyph, trigger, `[guard & guard]`, target id."""


@attrs.frozen(kw_only=True)
class Seen:
    """What a reader made of a drawing. walked: edges with the numbers of the steps that took them."""

    title: str
    states: Counter[str]
    initial: Counter[str]
    final: Counter[str]
    edges: Counter[Edge]
    walked: dict[str, set[tuple[str, str, str]]] = attrs.field(factory=dict)
    current: set[str] = attrs.field(factory=set)
    visited: set[str] = attrs.field(factory=set)


def glyph(row: Row[Any]) -> str:
    return "↶" if row.reverses else "⇄" if row.calls_provider else "⌂"


def expected(lifecycle: Lifecycle[Any], title: str | None = None) -> Seen:
    """The same, straight from the rows."""

    def condition(row: Row[Any], source: str) -> str:
        """What stands beside a trigger: what may undo it from doubt, and its guards."""
        undone = lifecycle.reversible(source, row.trigger) if row.calls_provider and not row.reverses else ()
        names = ", ".join(printable(trigger) for trigger in lifecycle.triggers if trigger in undone)
        guards = f"[{' & '.join(map(printable, row.guards))}]" if row.guards else ""
        return f"{f'?↶ {names}' if names else ''} {guards}".strip()

    return Seen(
        title=printable(lifecycle.name if title is None else title),
        states=Counter(map(printable, lifecycle.states)),
        initial=Counter([printable(lifecycle.initial)]),
        final=Counter(map(printable, lifecycle.final)),
        edges=Counter(
            (
                printable(source),
                glyph(row),
                printable(row.trigger),
                condition(row, source),
                printable(target),
            )
            for row in lifecycle.rows
            for source in row.sources
            for target in row.destinations
        ),
    )


WORD = r"(?:\w|[ -]|#\d+;)+"
ID = r"[A-Za-z]\w*"
STEPS = r"(?:(?P<steps>\d+(?:,\d+)*)▸)"
UNDONE = rf"(?: #63;#8630; (?P<undone>{WORD}?))?"
GUARDS = rf"(?: \[(?P<guards>{WORD}(?: & {WORD})*)\])?"
LABEL = rf"{STEPS}? ?(?:(?P<glyph>[⇄↶⌂]) (?P<trigger>{WORD}?){UNDONE}{GUARDS})?"
GRAMMAR = {
    "comment": r"%% .*",
    "direction": r"direction TB",
    "state": rf'state "(?P<label>{WORD})" as (?P<id>{ID})',
    "choice": rf"state (?P<id>{ID}) <<choice>>",
    "initial": rf"\[\*\] --> (?P<id>{ID})",
    "final": rf"(?P<id>{ID}) --> \[\*\]",
    "edge": rf"(?P<source>{ID}) --> (?P<target>{ID})(?:: {LABEL})?",
    "look": r"classDef (?:current|visited) [a-z0-9:,#-]+",
    "class": rf"class (?P<ids>{ID}(?:,{ID})*) (?P<class>current|visited)",
}


def plain(escaped: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), escaped)


def read_mermaid(text: str) -> Seen:
    opening, title, closing, kind, *lines = text.removesuffix("\n").split("\n")
    assert (opening, closing, kind) == ("---", "---", "stateDiagram-v2")
    found: dict[str, list[dict[str, str]]] = {name: [] for name in GRAMMAR}
    for line in lines:
        matches = [
            (name, match) for name, rule in GRAMMAR.items() if (match := re.fullmatch(rule, line.removeprefix("  ")))
        ]
        assert len(matches) == 1, line
        found[matches[0][0]].append({key: value or "" for key, value in matches[0][1].groupdict().items()})
    label = {state["id"]: plain(state["label"]) for state in found["state"]}
    assert len({key.lower() for key in label}) == len(found["state"]), "ids repeat"
    arrows: list[Arrow] = []
    for edge in found["edge"]:
        said = [f"?↶ {plain(edge['undone'])}"] if edge["undone"] else []
        condition = " ".join([*said, *([f"[{plain(edge['guards'])}]"] if edge["guards"] else [])])
        arrows.append((edge["source"], edge["steps"], edge["glyph"], plain(edge["trigger"]), condition, edge["target"]))
    marked: dict[str, set[str]] = {"current": set(), "visited": set()}
    for line in found["class"]:
        marked[line["class"]] |= {label[one] for one in line["ids"].split(",")}
    return Seen(
        title=json.loads(title.removeprefix("title: ")),
        states=Counter(label.values()),
        initial=Counter(label[one["id"]] for one in found["initial"]),
        final=Counter(label[one["id"]] for one in found["final"]),
        **joined(label, {choice["id"] for choice in found["choice"]}, arrows),
        **marked,
    )


def joined(label: dict[str, str], forks: set[str], arrows: list[Arrow]) -> dict[str, Any]:
    """Arrows through a fork become edges; the steps are those of the last piece, which knows where they ended."""
    into = {target: arrow for arrow in arrows if (target := arrow[-1]) in forks}
    assert set(into) == forks
    assert len([arrow for arrow in arrows if arrow[-1] in forks]) == len(forks), "a fork has one way in"
    edges: Counter[Edge] = Counter()
    walked: dict[str, set[tuple[str, str, str]]] = {}
    for source, steps, glyph, trigger, condition, target in arrows:
        if target in forks:
            continue
        if source in forks:
            assert (glyph, trigger, condition) == ("", "", ""), "the row is named on the way in"
            source, _, glyph, trigger, condition, _ = into[source]
        edges[label[source], glyph, trigger, condition, label[target]] += 1
        for number in filter(None, steps.split(",")):
            walked.setdefault(number, set()).add((label[source], trigger, label[target]))
    return {"edges": edges, "walked": walked}


def xml(text: str | bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 (our own output)


def read_html(label: str) -> ET.Element:
    """An HTML-like label; pygraphviz hands it over without its outer angle brackets."""
    return xml(f"<all>{label}</all>")


def read_moves(label: str) -> list[tuple[str, str, str, str]]:
    """Steps, glyph, trigger and condition of every move on a DOT edge."""
    root = read_html(label)
    moves: list[tuple[str, str, str, str]] = []
    for bold in root.iter("B"):
        match = re.fullmatch(rf"{STEPS}? ?(?:(?P<glyph>[⇄↶⌂]) (?P<trigger>.+))?", bold.text or "")
        assert match, label
        moves.append((match["steps"] or "", match["glyph"] or "", match["trigger"] or "", ""))
    for small in (font for font in root.iter("FONT") if "POINT-SIZE" in font.attrib):
        assert len(moves) == 1, "guards belong to one move"
        moves[0] = (*moves[0][:3], f"{moves[0][3]} {' '.join(small.itertext())}".strip())
    return moves or [("", "", "", "")]


def read_dot(source: str) -> Seen:
    graph = pygraphviz.AGraph(string=source)
    nodes = {str(node): node.attr for node in graph.nodes()}
    begin = [name for name, attr in nodes.items() if attr["shape"] == "point"]
    forks = {name for name, attr in nodes.items() if attr["shape"] == "diamond"}
    states = [name for name in nodes if name not in {*begin, *forks}]
    label = {name: "".join(read_html(nodes[name]["label"]).itertext()) for name in states}
    arrows: list[Arrow] = []
    initial: Counter[str] = Counter()
    for tail, head, key in graph.edges(keys=True):
        attr = graph.get_edge(tail, head, key).attr
        if tail in begin:
            initial[label[head]] += 1
            continue
        moves = read_moves(attr["label"] or "")
        assert (attr["penwidth"] == "3") == any(steps for steps, *_ in moves), "the walked edges are the thick ones"
        for steps, glyph, trigger, condition in moves:
            assert tail in forks or (attr["style"] == "dashed") == (glyph == "⌂"), "dashed is the till alone"
            arrows.append((tail, steps, glyph, trigger, condition, head))
    return Seen(
        title=next(read_html(graph.graph_attr["label"]).iter("B")).text or "",
        states=Counter(label.values()),
        initial=initial,
        final=Counter(label[name] for name in states if nodes[name]["peripheries"] == "2"),
        current={label[name] for name in states if nodes[name]["fillcolor"] == "#ffd866"},
        visited={label[name] for name in states if nodes[name]["fillcolor"] == "#d9ead3"},
        **joined(label, forks, arrows),
    )


SVG = "{http://www.w3.org/2000/svg}"


def read_svg(picture: bytes) -> tuple[Counter[str], Counter[str]]:
    """The states' texts and the moves' texts: what somebody looking at the picture can read."""
    root = xml(picture)

    def texts(kind: str) -> Counter[str]:
        groups = [group for group in root.iter(f"{SVG}g") if group.get("class") == kind]
        return Counter(text.text or "" for group in groups for text in group.iter(f"{SVG}text"))

    moves = Counter({text: number for text, number in texts("edge").items() if text[:1] in "⇄↶⌂"})
    return texts("node"), moves


@pytest.fixture(scope="session")
def read() -> SimpleNamespace:
    """All of the readers, and what they should find."""
    return SimpleNamespace(
        mermaid=read_mermaid, dot=read_dot, svg=read_svg, xml=xml, svg_tag=SVG, expected=expected, glyph=glyph
    )
