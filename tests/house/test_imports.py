"""House rule: what a room may import, where import-linter cannot say it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "engine" / "stampcard"
ADAPTERS = ROOT / "adapters" / "stampcard_adapters"
PURE = {"attrs", "stampcard"}
OPTIONAL = {
    "aiohttp": {"transport/_aiohttp.py"},
    "httpcore": {"transport/_httpcore.py", "transport/_socket.py"},
    "transitions": {"machine.py"},
    "tenacity": {"step/backoff.py"},
    "pygraphviz": {"draw/_graphviz.py"},
    "sqlite3": {
        "journal/sqlite.py",
        "journal/_database.py",
        "journal/_examined.py",
        "journal/_files.py",
        "journal/_mark.py",
        "journal/_opening.py",
        "journal/_rows.py",
        "journal/_sealing.py",
        "journal/_tables.py",
        "journal/_writing.py",
        "journal/checking.py",
        "journal/reading.py",
    },
    "typer": {"cli/"},
    "rich": {"cli/"},
    "hypothesis": {"testing/"},
    "pytest": {"testing/"},
}


def imported(file: Path) -> set[str]:
    """Top names of everything a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


PURE_FILES = sorted(ENGINE.glob("model/*.py")) + [ENGINE / n for n in ("wire.py", "errors.py", "lifecycles.py")]


@pytest.mark.parametrize("file", PURE_FILES, ids=lambda f: str(f.relative_to(ENGINE)))
def test_a_value_imports_only_the_standard_library_and_attrs(file: Path) -> None:
    foreign = imported(file) - PURE - set(sys.stdlib_module_names) - {"__future__"}
    assert not foreign


@pytest.mark.parametrize("library", sorted(OPTIONAL))
def test_a_library_is_imported_only_in_its_own_room(library: str) -> None:
    rooms = OPTIONAL[library]
    users = {str(f.relative_to(ENGINE)) for f in ENGINE.rglob("*.py") if library in imported(f)}
    strangers = {
        u for u in users if not any(u == room or (room.endswith("/") and u.startswith(room)) for room in rooms)
    }
    assert not strangers


def test_only_the_transport_sends() -> None:
    """`httpx.Auth` is a type adapters name; a client, a transport or a top-level call is a send."""
    senders = {
        "Client",
        "AsyncClient",
        "HTTPTransport",
        "AsyncHTTPTransport",
        "get",
        "post",
        "put",
        "request",
        "stream",
    }
    found: list[str] = []
    for file in [*ENGINE.rglob("*.py"), *ADAPTERS.rglob("*.py")]:
        if (
            "transport" in file.parts
            or "commands" in file.parts
            or "certify" in file.parts
            or file.name == "testing.py"
        ):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "httpx"
            if named and node.attr in senders:
                found.append(f"{file.name}: httpx.{node.attr}")
    assert not found


def test_importing_the_engine_loads_no_extra_and_none_of_its_own_optional_rooms() -> None:
    import subprocess

    probe = (
        "import sys, stampcard; "
        "print([m for m in ('aiohttp', 'tenacity', 'starlette', "
        "'uvicorn', 'typer', 'pygraphviz', 'hypothesis', 'pytest', "
        "'stampcard_adapters', 'stampcard.cli', 'stampcard.draw', 'stampcard.testing') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
