"""No name breaks a drawing: hyphens, brackets, quotes, markup, keywords, controls, any text at all."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stampcard import draw
from stampcard.draw._chart import printable
from stampcard.lifecycles import Lifecycle, Row

NASTY = [
    *("on-hold", "hanging out", "a;b", "a: b", "[*]", "end", "state", "note", "class x y", "%%{init: {}}%%", "--> x"),
    *('say "hi"', "it's", "<b>&amp;</b>", "</TABLE>", "&lt;", "#59;", "a\\", "\\n", "\\N", "{x|y}", "`code`", "__b__"),
    *("1. one", "- two", "été", "注文", "🧾", "a\u202eb", "a\u2028b", "line\nbreak", "\x00", " ", "", "---", "*b*"),
    *(
        "constructor",
        "__proto__",
        "root",
        "S",
        "s",
        "style a:#b;",
        "a,b",
        "$$x$$",
        "a  b",
        "\ud800",
        "x & y",
        "⇄ z",
        "1▸",
    ),
]
names = st.sampled_from(NASTY) | st.text(max_size=12)


@st.composite
def nasty_lifecycles(draw_from: st.DrawFn) -> Lifecycle[Any]:
    """A chain with a fork, a till's own row, a reversal and a loop, in names nobody should have chosen."""
    states = draw_from(st.lists(names, min_size=4, max_size=6, unique=True))
    triggers = draw_from(st.lists(names.filter(bool), min_size=5, max_size=5, unique=True))
    guards = tuple(draw_from(st.lists(names, max_size=3, unique=True)))
    return lifecycle_of(states, triggers, guards, draw_from(names))


def lifecycle_of(states: list[str], triggers: list[str], guards: tuple[str, ...], name: str) -> Lifecycle[Any]:
    kinds: Any = StrEnum("Kinds", [(f"S{number}", state) for number, state in enumerate(states)])
    first, second, *_, last = every = list(kinds)
    fork, till, undo, loop, on = triggers
    return Lifecycle(
        name=name,
        states=kinds,
        initial=first,
        final=(last,),
        rows=(
            Row(trigger=fork, sources=(first,), destinations=tuple(every[1:]), guards=guards),
            Row(trigger=till, sources=(first, second), destinations=(last,), calls_provider=False),
            Row(trigger=undo, sources=tuple(every[1:-1]), destinations=(last,), reverses=True),
            Row(trigger=loop, sources=(second,), destinations=(second,), guards=guards),
            Row(trigger=on, sources=(second,), destinations=(every[2],), calls_provider=False),
        ),
    )


plenty = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
worst = lifecycle_of(NASTY[:20], [*NASTY[20:25]], tuple(NASTY[25:]), "%%{x}\n---\n: [\"'")


@plenty
@given(nasty_lifecycles())
@example(worst)
def test_no_name_breaks_mermaid(read: Any, lifecycle: Lifecycle[Any]) -> None:
    assert read.mermaid(draw.mermaid(lifecycle)) == read.expected(lifecycle)


@plenty
@given(nasty_lifecycles())
@example(worst)
def test_no_name_breaks_dot(read: Any, lifecycle: Lifecycle[Any]) -> None:
    assert read.dot(draw.dot(lifecycle)) == read.expected(lifecycle)


@settings(plenty, max_examples=15)
@given(nasty_lifecycles())
@example(worst)
def test_no_name_breaks_svg(read: Any, lifecycle: Lifecycle[Any]) -> None:
    root = read.xml(draw.svg(lifecycle))
    assert root.findtext(f"{read.svg_tag}title") == printable(lifecycle.name)


@plenty
@given(nasty_lifecycles())
@example(worst)
def test_no_name_breaks_a_line_of_text(read: Any, lifecycle: Lifecycle[Any]) -> None:
    assert len(draw.text(lifecycle).splitlines()) == len(lifecycle.states) + 2


@pytest.mark.parametrize("name", ["", " ", "  ", " a", "a ", "a  b", "a\tb", "a\xa0b"])
def test_names_that_differ_only_in_what_nobody_sees_look_different(name: str) -> None:
    others = {"", " ", "  ", " a", "a ", "a  b", "a b", "a", "a\tb", "a\xa0b"} - {name}
    assert " ".join(printable(name).split()) not in {" ".join(printable(other).split()) for other in others}
