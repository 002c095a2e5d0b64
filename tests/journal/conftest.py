"""A journal in a file, and tills in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stampcard.journal.sqlite import SqliteJournal


class Till:
    """A process that obeys `worker.py`'s commands."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def ask(self, command: str) -> str:
        self.say(command)
        return self.hear()

    def kill(self) -> list[str]:
        """SIGKILL, or what Windows has for it; returns what it had said by then."""
        assert self.process.stdout is not None
        self.process.kill()
        rest = self.process.stdout.read().splitlines()
        self.end()
        return rest

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def tills() -> Iterator[Callable[[int], list[Till]]]:
    started: list[Till] = []

    def start(count: int) -> list[Till]:
        new = [Till() for _ in range(count)]
        started.extend(new)
        for till in new:
            assert till.hear() == "ready"
        return new

    yield start
    for till in started:
        if till.process.poll() is None:
            till.end()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(path)) as journal:
        yield journal
