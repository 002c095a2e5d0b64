"""The pytest plugin's fixtures. Load them with `pytest -p stampcard_adapters.testing`.

May live here: fixtures. Needs pytest; `async_till` needs a plugin that runs async tests (pytest-asyncio, anyio).
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from stampcard.model import Site
from stampcard.testing import Clock, Faults
from stampcard.till import AsyncTill, Till
from stampcard_adapters.testing import STORE, Sandbox

__all__ = ["async_till", "clock", "faults", "journal", "sandbox", "till"]


@pytest.fixture
def clock() -> Clock:
    """Stands still until it is told to pass."""
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """The providers, on the test's clock."""
    return Sandbox(clock=clock)


@pytest.fixture
def faults(sandbox: Sandbox) -> Generator[Faults, None, None]:
    """What goes wrong between the tills of this test and the sandbox. One that met no call fails the test."""
    yield sandbox.faults
    if sandbox.faults.unused:
        pytest.fail(
            "these faults met no call, so the test proves less than it says: " + "; ".join(sandbox.faults.unused)
        )


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """The path of a fresh SQLite file, not made yet."""
    return tmp_path / "stampcard.db"


@pytest.fixture
def till(sandbox: Sandbox, journal: Path, clock: Clock) -> Generator[Till, None, None]:
    """A till on the sandbox; closed after the test."""
    with Till(journal, site=Site(store=STORE), clock=clock, transport=sandbox.transport()) as opened:
        yield opened


@pytest.fixture
def async_till(sandbox: Sandbox, journal: Path, clock: Clock) -> AsyncTill:
    """An asynchronous till on the sandbox. Open it where its event loop is: `async with async_till: ...`."""
    return AsyncTill(journal, site=Site(store=STORE), clock=clock, transport=sandbox.async_transport())
