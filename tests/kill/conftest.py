"""Tills in processes of their own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.step.shop import Provider, Shop, shop

ROOT = Path(__file__).parents[2]


class TillProcess:
    """One till process. `say` gives it a line; `hear` waits for what came of it."""

    def __init__(self, journal: Path, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.till_process", str(journal), url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> TillProcess:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        return self

    def say(self, verb: str, order_id: str, command_id: str = "-") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{verb} {order_id} {command_id}\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said

    def ask(self, verb: str, order_id: str, command_id: str = "-") -> dict[str, Any]:
        self.say(verb, order_id, command_id)
        return self.hear()

    def kill(self) -> None:
        """SIGKILL: no handler, no goodbye."""
        self.process.kill()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


@pytest.fixture
def provider() -> Generator[Provider, None, None]:
    with closing(Provider()) as one:
        yield one


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "till.db"


@pytest.fixture
def here(provider: Provider, journal: Path) -> Generator[Shop, None, None]:
    """The next process: a till of the test's own."""
    with shop(provider, journal) as one:
        yield one


@pytest.fixture
def start(provider: Provider, journal: Path) -> Generator[Callable[[int], list[TillProcess]], None, None]:
    """Start so many till processes; they are gone when the test ends."""
    started: list[TillProcess] = []

    def starting(count: int) -> list[TillProcess]:
        fresh = [TillProcess(journal, provider.url) for _ in range(count)]
        started.extend(fresh)
        return [one.ready() for one in fresh]

    yield starting
    for one in started:
        one.kill()
