"""A provider on real sockets and one till on a real file."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
from tests.step.shop import Provider, Shop, shop


@pytest.fixture
def provider() -> Generator[Provider, None, None]:
    with closing(Provider()) as one:
        yield one


@pytest.fixture
def here(provider: Provider, tmp_path: Path) -> Generator[Shop, None, None]:
    with shop(provider, tmp_path / "till.db") as one:
        yield one
