"""Every drawing says what the rows say, once: states, exits, guards, who acts, where the order stands and stood."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from stampcard import draw
from stampcard.lifecycles import AUTHORIZATION, LIFECYCLES, PURCHASE, REDEMPTION, Lifecycle

every_lifecycle = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=list(LIFECYCLES))

# --- what the real lifecycles look like ---------------------------------------------------------------------------


@every_lifecycle
def test_mermaid_draws_every_edge_once_and_nothing_else(read: Any, lifecycle: Lifecycle[Any]) -> None:
    assert read.mermaid(draw.mermaid(lifecycle)) == read.expected(lifecycle)


@every_lifecycle
def test_dot_draws_every_edge_once_and_nothing_else(read: Any, lifecycle: Lifecycle[Any]) -> None:
    assert read.dot(draw.dot(lifecycle)) == read.expected(lifecycle)


@every_lifecycle
def test_svg_shows_every_state_and_every_exit_once(read: Any, lifecycle: Lifecycle[Any]) -> None:
    states, moves = read.svg(draw.svg(lifecycle))
    assert states == read.expected(lifecycle).states
    exits = Counter({(source, glyph, trigger) for source, glyph, trigger, _, _ in read.expected(lifecycle).edges})
    assert moves == Counter(f"{glyph} {trigger}" for _, glyph, trigger in exits)


@every_lifecycle
def test_text_has_one_line_per_state_with_its_exits_and_its_mark(read: Any, lifecycle: Lifecycle[Any]) -> None:
    title, *lines, legend = draw.text(lifecycle).split("\n")
    assert title == lifecycle.name
    assert "⇄ calls the provider" in legend
    for state, line in zip(lifecycle.states, lines, strict=True):
        exits = [
            f"{read.glyph(row)} {row.trigger} → {' | '.join(row.destinations)}"
            for row in lifecycle.rows
            if state in row.sources
        ]
        mark = "●" if state is lifecycle.initial else "◎" if state in lifecycle.final else " "
        assert re.split(r"\s{2,}", line[5:]) == [state, *exits]
        assert line[:5] == f"   {mark} "


@every_lifecycle
def test_table_has_the_rows_in_their_order(read: Any, lifecycle: Lifecycle[Any]) -> None:
    for row, line in zip(lifecycle.rows, draw.table(lifecycle), strict=True):
        who = "provider, to undo" if row.reverses else "provider" if row.calls_provider else "till"
        joined_names = (", ".join(row.sources), ", ".join(row.destinations), ", ".join(row.guards))
        assert dict(zip(draw.HEADINGS, line, strict=True)) == dict(
            zip(draw.HEADINGS, (row.trigger, *joined_names, who), strict=True)
        )


@pytest.mark.parametrize("drawing", [draw.mermaid, draw.dot, draw.svg, draw.text])
def test_the_same_lifecycle_is_drawn_the_same_twice(drawing: Any) -> None:
    assert drawing(PURCHASE) == drawing(PURCHASE)


def test_svg_has_its_own_background_a_title_a_description_and_no_trace_of_the_machine(read: Any) -> None:
    picture = draw.svg(PURCHASE, title='Sale & "return"').decode()
    root = read.xml(picture)
    assert root.findtext(f"{read.svg_tag}title") == 'Sale & "return"'
    assert "void: from placed to voided." in (root.findtext(f"{read.svg_tag}desc") or "")
    assert root.get("role") == "img"
    background = next(root.iter(f"{read.svg_tag}polygon"))
    assert background.get("fill") in {"#ffffff", "white"}
    assert "raphviz" not in picture
    assert "/work" not in picture
    assert "DOCTYPE" not in picture
    assert picture.count("<!--") == 1, "the seal is the only comment"


# --- where the order stands and how it came there -----------------------------------------------------------------

WALK = [("new", "checkout", "checkout"), ("checkout", "checkout", "checkout"), ("checkout", "place", "placed")]


@pytest.mark.parametrize("form", ["mermaid", "dot"])
class TestHighlights:
    def test_the_walked_edges_are_numbered_and_the_current_state_stands_out(self, read: Any, form: str) -> None:
        seen = drawn(read, form, PURCHASE, current="placed", history=WALK)
        assert seen.edges == read.expected(PURCHASE).edges
        assert seen.walked == {str(number): {step} for number, step in enumerate(WALK, 1)}
        assert (seen.current, seen.visited) == ({"placed"}, {"new", "checkout"})

    def test_an_edge_walked_twice_carries_both_numbers(self, read: Any, form: str) -> None:
        first, again = WALK[:2]
        seen = drawn(read, form, PURCHASE, history=[first, again, again])
        assert seen.walked == {"1": {first}, "2": {again}, "3": {again}}

    def test_a_step_through_a_choice_marks_only_the_way_it_took(self, read: Any, form: str) -> None:
        step = ("new", "redeem", "approved")
        seen = drawn(read, form, REDEMPTION, current="approved", history=[step])
        assert (seen.walked, seen.visited) == ({"1": {step}}, {"new"})

    def test_triggers_sharing_an_edge_are_told_apart(self, read: Any, form: str) -> None:
        step = ("authorized", "abandon", "lapsed")
        assert drawn(read, form, AUTHORIZATION, history=[step]).walked == {"1": {step}}


def drawn(read: Any, form: str, lifecycle: Lifecycle[Any], **marks: Any) -> Any:
    return getattr(read, form)(getattr(draw, form)(lifecycle, **marks))


def test_text_marks_the_path() -> None:
    lines = draw.text(PURCHASE, current="placed", history=WALK).split("\n")
    assert lines[1].startswith(" ✓ ● new         1▸ ⇄ checkout → checkout")
    assert "2▸ ⇄ checkout → checkout   3▸ ⇄ place → placed" in lines[2]
    assert lines[3].startswith(" ▶   placed ")


@pytest.mark.parametrize("drawing", [draw.mermaid, draw.dot, draw.svg, draw.text])
def test_a_path_the_lifecycle_does_not_have_is_refused_not_left_out(drawing: Any) -> None:
    with pytest.raises(ValueError, match="PURCHASE has no edge 'new' -bill-> 'billed'"):
        drawing(PURCHASE, history=[("new", "bill", "billed")])
    with pytest.raises(ValueError, match="PURCHASE has no edge 'new' -checkout-> 'placed'"):
        drawing(PURCHASE, history=[("new", "checkout", "placed")])
    with pytest.raises(ValueError, match="PURCHASE has no state 'on-hold'"):
        drawing(PURCHASE, current="on-hold")


# --- what comes along ---------------------------------------------------------------------------------------------


def test_importing_the_drawings_loads_no_graphviz_and_no_command_line() -> None:
    # What `stampcard` itself loads is another test's business: its HTTP library loads rich where it is installed.
    asked = "import sys, stampcard; before = set(sys.modules); import stampcard.draw; print(*set(sys.modules) - before)"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in found.stdout.split()}.isdisjoint({"pygraphviz", "typer", "rich"})


def test_svg_without_graphviz_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(ImportError, match=r"install stampcard\[svg\]"):
        draw.svg(PURCHASE)
