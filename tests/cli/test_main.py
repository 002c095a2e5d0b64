"""The `stampcard` command itself: how it starts, what it finds, how it fails."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from importlib.metadata import EntryPoint, version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stampcard.cli import _app
from stampcard.cli._app import GROUP, build

from .conftest import Ran

Run = Callable[..., Ran]


def blocked(*modules: str) -> str:
    """Code that makes these modules look as if nobody had installed them."""
    return textwrap.dedent(
        f"""
        import importlib.abc

        class Blocked(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {modules!r}:
                    raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

        sys.meta_path.insert(0, Blocked())
        """
    )


def test_the_version_is_the_package_s(process: Run) -> None:
    done = process("--version")
    assert (done.status, done.out, done.err) == (0, f"stampcard {version('stampcard')}\n", "")


def test_help_names_every_command(process: Run) -> None:
    done = process("--help", COLUMNS="120")
    assert done.status == 0
    for name in (
        "certify",
        "demo",
        "diagram",
        "journal",
        "offline",
        "orders",
        "reconcile",
        "recover",
        "resolve",
        "sandbox",
        "switch",
    ):
        assert f" {name} " in done.out
    assert "Not available" not in done.out


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_one_line_says_what_to_install(process: Run, missing: str) -> None:
    done = process("orders", "list", before=blocked(missing))
    assert (done.status, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert "install stampcard[cli]" in done.err


def test_a_command_without_its_extra_says_so_and_the_others_work(process: Run, file: Path) -> None:
    bare = blocked("starlette", "uvicorn")
    done = process("sandbox", "--port", "0", before=bare)
    assert (done.status, done.out) == (1, "")
    assert "it needs starlette: install stampcard[sandbox]" in done.err
    assert "Traceback" not in done.err
    assert process("orders", "list", "-j", str(file), before=bare).status == 0
    assert process("diagram", "purchase", before=bare).status == 0
    assert "install stampcard[sandbox]" in process("--help", before=bare, COLUMNS="140").out


def test_looking_at_orders_imports_no_server(process: Run, file: Path) -> None:
    tell = "import atexit; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))"
    done = process("orders", "list", "-j", str(file), "--json", before=tell)
    assert done.status == 0
    loaded = set(done.err.split())
    assert not loaded & {"starlette", "uvicorn", "aiohttp", "pygraphviz", "stampcard_adapters"}


def with_commands(monkeypatch: pytest.MonkeyPatch, **commands: str) -> None:
    points = [EntryPoint(name=name, value=value, group=GROUP) for name, value in commands.items()]

    def found(*, group: str) -> list[EntryPoint]:
        return points if group == GROUP else []

    monkeypatch.setattr(_app, "entry_points", found)


def test_a_package_adds_functions_and_apps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "till_extras.py").write_text(
        textwrap.dedent(
            """
            import typer

            def greet(name: str, loud: bool = False) -> None:
                "Say hello."
                typer.echo(name.upper() if loud else name)

            app = typer.Typer(help="Many.")
            app.command("one")(greet)

            @app.command("two")
            def two() -> None:
                typer.echo("two")
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    with_commands(monkeypatch, greet="till_extras:greet", many="till_extras:app", orders="till_extras:greet")
    runner = CliRunner()
    assert runner.invoke(build(), ["greet", "anna", "--loud"]).stdout == "ANNA\n"
    assert runner.invoke(build(), ["many", "two"]).stdout == "two\n"
    assert "Say hello" in runner.invoke(build(), ["greet", "--help"]).stdout
    assert "--journal" in runner.invoke(build(), ["orders", "list", "--help"]).stdout, "ours is not replaced"
    sys.modules.pop("till_extras")


def test_a_command_that_cannot_be_imported_breaks_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "till_broken.py").write_text("raise RuntimeError('built for another release')")
    monkeypatch.syspath_prepend(tmp_path)
    with_commands(monkeypatch, broken="till_broken:command", gone="no_such_module:command")
    runner = CliRunner()
    done = runner.invoke(build(), ["broken", "argument", "--option"])
    assert done.exit_code == 1
    assert done.stderr == (
        "stampcard broken: not available: it cannot be loaded (RuntimeError: built for another release)\n"
    )
    assert runner.invoke(build(), ["gone"]).exit_code == 1
    assert runner.invoke(build(), ["diagram", "purchase"]).exit_code == 0
    assert "Not available" in runner.invoke(build(), ["--help"]).stdout


def test_an_error_of_ours_is_sentences_and_no_traceback(process: Run) -> None:
    plant = textwrap.dedent(
        """
        from importlib.metadata import EntryPoint
        from stampcard.cli import _app
        from stampcard.errors import ConfigurationError
        from stampcard.model import Refusal
        import types
        def fail() -> None:
            "Fail."
            key = "hunter2"
            raise ConfigurationError.of([Refusal(code="setting.missing", message="is missing", field="SPENDGO_SECRET")])
        module = types.ModuleType("planted"); module.fail = fail; sys.modules["planted"] = module
        _app.entry_points = lambda *, group: [EntryPoint(name="fail", value="planted:fail", group=group)]
        """
    )
    done = process("fail", before=plant)
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines()[0] == "stampcard: The loyalty connection is not set up right."
    assert "SPENDGO_SECRET is missing" in done.err
    assert "Traceback" not in done.err
    assert "hunter2" not in done.err


def test_a_mistake_of_ours_shows_no_local_variable(process: Run) -> None:
    plant = textwrap.dedent(
        """
        from importlib.metadata import EntryPoint
        from stampcard.cli import _app
        import types
        def fail() -> None:
            key = "".join(["hun", "ter2"])
            raise KeyError("oops")
        module = types.ModuleType("planted"); module.fail = fail; sys.modules["planted"] = module
        _app.entry_points = lambda *, group: [EntryPoint(name="fail", value="planted:fail", group=group)]
        """
    )
    done = process("fail", before=plant)
    assert done.status == 1
    assert "oops" in done.err
    assert "hunter2" not in done.err


def test_a_code_page_without_arrows_does_not_fail(process: Run, file: Path) -> None:
    done = process("orders", "show", "order-1", "-j", str(file), PYTHONIOENCODING="cp1252")
    assert done.status == 0
    assert "order-1" in done.out


def test_colours_only_when_they_are_asked_for(process: Run, file: Path) -> None:
    assert "\x1b[" not in process("orders", "show", "order-1", "-j", str(file)).out
    assert "\x1b[" in process("orders", "show", "order-1", "-j", str(file), FORCE_COLOR="1").out
