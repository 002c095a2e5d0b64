"""What the tests of the demo's stories share: a look at the provider behind a story."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType, str], list[Any]]:
    """Of a story's module, by the name of its model's class: every model it makes from now on."""

    def keep(story: ModuleType, name: str) -> list[Any]:
        models: list[Any] = []
        made = getattr(story, name)

        def make() -> Any:
            models.append(made())
            return models[-1]

        monkeypatch.setattr(story, name, make)
        return models

    return keep
