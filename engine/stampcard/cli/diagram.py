"""`stampcard diagram`: a lifecycle as Mermaid, DOT or SVG, to the terminal or to files.

May live here: arguments, file names, exit codes. May not: a drawing; those are `stampcard.draw`.
Output is bytes in UTF-8 whatever the console's code page: the arrows in a drawing are not in every one.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from stampcard import draw
from stampcard.lifecycles import LIFECYCLES, AnyLifecycle

__all__ = ["Format", "command"]

_WRONG_USE = 2


class Format(StrEnum):
    """What a lifecycle is drawn as."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"

    @property
    def suffix(self) -> str:
        return ".mmd" if self is Format.MERMAID else f".{self.value}"


def command(
    name: Annotated[str | None, typer.Argument(help="Which lifecycle, in any case; all of them unless named.")] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="What to draw.")] = Format.MERMAID,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file for one lifecycle; a directory for one or all of them."),
    ] = None,
) -> None:
    """Draw a lifecycle: its states, what leads from one to the next, and what is asked first."""
    chosen = _chosen(name)
    if output is None and form is Format.SVG and len(chosen) > 1:
        _refuse("several SVG pictures do not fit one stream: name a lifecycle, or give --output DIRECTORY", _WRONG_USE)
    if output is not None and output.suffix and name is None and not output.is_dir():
        _refuse(f"{output} names one file, and these are {len(chosen)}: name a lifecycle, or a directory", _WRONG_USE)
    try:
        drawings = {f"{one.name.lower()}{form.suffix}": _drawn(one, form) for one in chosen}
    except ImportError as missing:
        _refuse(str(missing), 1)
    if output is None:
        typer.echo(b"\n".join(drawings.values()), nl=False)
        return
    try:
        _write(output, drawings, single=name is not None)
    except OSError as failed:
        _refuse(f"cannot write {output}: {failed.strerror or failed}", 1)


def _chosen(name: str | None) -> list[AnyLifecycle]:
    if name is None:
        return list(LIFECYCLES.values())
    if (found := LIFECYCLES.get(name.upper())) is None:
        _refuse(f"no lifecycle is named {name!r}; known: {', '.join(LIFECYCLES)}", _WRONG_USE)
    return [found]


def _drawn(lifecycle: AnyLifecycle, form: Format) -> bytes:
    match form:
        case Format.MERMAID:
            return draw.mermaid(lifecycle).encode()
        case Format.DOT:
            return draw.dot(lifecycle).encode()
        case Format.SVG:
            return draw.svg(lifecycle)


def _write(output: Path, drawings: dict[str, bytes], *, single: bool) -> None:
    """One named lifecycle goes to the very file asked for; otherwise `output` is a directory, made when missing."""
    if single and not output.is_dir():
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(next(iter(drawings.values())))
        return
    output.mkdir(parents=True, exist_ok=True)
    for file, content in drawings.items():
        (output / file).write_bytes(content)


def _refuse(why: str, status: int) -> NoReturn:
    typer.echo(f"stampcard diagram: {why}", err=True)
    raise typer.Exit(status)
