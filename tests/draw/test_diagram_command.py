"""`stampcard diagram`: what goes to the terminal, what goes to files, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from stampcard import draw
from stampcard.cli.diagram import command
from stampcard.lifecycles import LIFECYCLES, PURCHASE

app = typer.Typer()
app.command("diagram")(command)


@app.command("other")
def other() -> None:
    """A second command, so that the first is not the whole program."""


def run(*arguments: str | Path) -> tuple[int, bytes, str]:
    done = CliRunner().invoke(app, ["diagram", *map(str, arguments)])
    return done.exit_code, done.stdout_bytes, done.stderr


@pytest.mark.parametrize("name", ["PURCHASE", "purchase", "Purchase"])
def test_a_name_in_any_case_prints_mermaid(name: str) -> None:
    assert run(name) == (0, draw.mermaid(PURCHASE).encode(), "")


@pytest.mark.parametrize(
    ("form", "content"),
    [("mermaid", draw.mermaid(PURCHASE).encode()), ("dot", draw.dot(PURCHASE).encode()), ("svg", draw.svg(PURCHASE))],
)
def test_each_format_goes_to_the_terminal_as_it_is(form: str, content: bytes) -> None:
    assert run("purchase", "--format", form) == (0, content, "")


@pytest.mark.parametrize(("form", "drawing"), [("mermaid", draw.mermaid), ("dot", draw.dot)])
def test_without_a_name_all_are_printed(form: str, drawing: object) -> None:
    assert callable(drawing)
    assert run("-f", form) == (0, "\n".join(drawing(lifecycle) for lifecycle in LIFECYCLES.values()).encode(), "")


def test_an_unknown_name_exits_2_and_lists_the_known_ones() -> None:
    status, printed, said = run("layaway")
    assert (status, printed) == (2, b"")
    assert "'layaway'" in said
    assert "PURCHASE, REDEMPTION, FULFILMENT, AUTHORIZATION" in said


def test_an_unknown_format_exits_2() -> None:
    assert run("purchase", "--format", "png")[0] == 2


def test_all_of_them_as_svg_want_a_directory(tmp_path: Path) -> None:
    status, printed, said = run("--format", "svg")
    assert (status, printed) == (2, b"")
    assert "--output" in said
    assert run("--format", "svg", "--output", tmp_path / "new") == (0, b"", "")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {f"{name.lower()}.svg" for name in LIFECYCLES}


def test_one_goes_to_the_file_asked_for_or_into_the_directory(tmp_path: Path) -> None:
    assert run("purchase", "-o", tmp_path / "deep" / "sale.txt") == (0, b"", "")
    assert run("purchase", "-f", "dot", "-o", tmp_path) == (0, b"", "")
    assert (tmp_path / "deep" / "sale.txt").read_bytes() == draw.mermaid(PURCHASE).encode()
    assert (tmp_path / "purchase.dot").read_bytes() == draw.dot(PURCHASE).encode()


def test_a_place_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    status, _, said = run("--output", tmp_path / "file")
    assert status == 1
    assert said.startswith(f"stampcard diagram: cannot write {tmp_path / 'file'}")


def test_svg_without_graphviz_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    status, printed, said = run("purchase", "--format", "svg")
    assert (status, printed) == (1, b"")
    assert "stampcard[svg]" in said
