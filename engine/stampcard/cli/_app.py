"""The commands gathered: the engine's own, and those that installed packages bring.

May live here: finding and loading commands. May not: what a command does, an adapter's name. A command is imported when
it is called (or listed with its help), so that `stampcard orders` does not wait for a web server's import; one that
cannot be imported says what to install and leaves the others alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Annotated, Any, Final, cast

import typer
from rich.markup import escape
from typer.core import TyperGroup

__all__ = ["GROUP", "build"]

GROUP: Final = "stampcard.commands"
_OWN: Final = {
    "diagram": "stampcard.cli.diagram:command",
    "journal": "stampcard.cli.journal:app",
    "orders": "stampcard.cli.orders:app",
    "reconcile": "stampcard.cli.reconcile:command",
    "offline": "stampcard.cli.offline:command",
    "recover": "stampcard.cli.recover:command",
    "resolve": "stampcard.cli.resolve:command",
    "switch": "stampcard.cli.switch:command",
}


def build() -> typer.Typer:
    """The command line, made anew at each call."""
    app = typer.Typer(name="stampcard", cls=_Commands, **_plain(), no_args_is_help=True)
    app.callback()(_root)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stampcard {_installed('stampcard')}")
        raise typer.Exit


def _root(
    shown: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    """Loyalty orders at a point of sale: look at them, see them work, prove an integration."""


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def _plain() -> dict[str, Any]:
    """A traceback of ours shows no local variables: they may hold a key."""
    return {"add_completion": False, "pretty_exceptions_enable": False, "pretty_exceptions_show_locals": False}


class _Commands(TyperGroup):
    """Looks a command up when it is wanted. (Any: typer's own classes changed their home between its releases.)"""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(_found())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = _found().get(cmd_name)
        if found is None:
            return None
        try:
            target: object = found.load()
        except Exception as broken:  # noqa: BLE001  whatever a stranger's import raises, the others must work
            return _absent(cmd_name, _why(found, broken))
        return _command(cmd_name, target)


def _found() -> dict[str, EntryPoint]:
    """Name -> where. The engine's own win over an installed package's."""
    own = {name: EntryPoint(name=name, value=where, group=GROUP) for name, where in _OWN.items()}
    return {**{point.name: point for point in entry_points(group=GROUP)}, **own}


def _command(name: str, target: object) -> Any:
    """A typer app, or a plain typed function, as a command of ours."""
    if isinstance(target, typer.Typer):
        made = typer.main.get_command(target)
        made.name = name
        return made
    one = typer.Typer(**_plain())
    one.command(name)(cast("Callable[..., Any]", target))
    return typer.main.get_command(one)


def _absent(name: str, why: str) -> Any:
    one = typer.Typer(**_plain())
    swallow = {"ignore_unknown_options": True, "allow_extra_args": True}

    @one.command(name, help=f"Not available: {escape(why)}.", context_settings=swallow, add_help_option=False)
    def absent() -> None:
        typer.echo(f"stampcard {name}: not available: {why}", err=True)
        raise typer.Exit(1)

    return typer.main.get_command(one)


def _why(point: EntryPoint, broken: Exception) -> str:
    """Which extra brings the missing module, as the package itself declares; else what the import said."""
    missing = (broken.name or "").partition(".")[0] if isinstance(broken, ModuleNotFoundError) else ""
    if missing and point.dist is not None:
        brings: dict[str, list[str]] = {}
        for requirement in point.dist.requires or []:
            name = re.match(r"[A-Za-z0-9._-]+", requirement)
            extra = re.search(r"""extra\s*==\s*["']([^"']+)["']""", requirement)
            if name and extra:
                brings.setdefault(extra[1], []).append(name[0].lower().replace("-", "_"))
        bringing = [one for one in brings if missing.lower() in brings[one]]
        if bringing:
            smallest = min(bringing, key=lambda one: len(brings[one]))
            return f"it needs {missing}: install {point.dist.name}[{smallest}]"
    return f"it cannot be loaded ({type(broken).__name__}: {broken})"
