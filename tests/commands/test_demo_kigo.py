"""The demo's story at Kigo: it ends as told, quickly, and shows neither key nor claim."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from stampcard_adapters.commands import _demo_kigo
from stampcard_adapters.commands._demo_screen import Screen
from stampcard_adapters.commands._demo_story import ToldWrongError
from stampcard_adapters.sandbox.kigo import KigoModel


def tell(tmp_path: Path, *, full: bool = False) -> str:
    page = io.StringIO()
    told = _demo_kigo.tell(Screen(Console(file=page, width=100), full=full), tmp_path / "orders.db")
    assert (len(told.orders), told.calls, told.unbalanced) == (3, 7, ())
    return page.getvalue()


@pytest.mark.parametrize("full", [False, True])
def test_it_tells_the_whole_story_and_shows_no_secret(
    tmp_path: Path, kept: Callable[[ModuleType, str], list[Any]], full: bool
) -> None:
    models = kept(_demo_kigo, "KigoModel")
    began = time.monotonic()
    out = tell(tmp_path, full=full)
    assert time.monotonic() - began < 4
    assert re.findall(r"■ (\w+)  ", out) == ["completed", "completed", "shown", "completed", "abandoned"]
    assert re.findall(r"✗ (\w+)  ", out) == [
        "NotAllowedError",
        "ConflictError",
        "InDoubtError",
        "NotAllowedError",
        "DeclinedError",
    ]
    assert out.count("no call: nothing left the till") == 5
    [model] = models
    codes = [model.claim_code(order_id) for order_id in model.orders()]
    assert len(codes) == 2
    for secret in (*codes, "sandbox-kigo-key", "partner-hub.kigo.io", "Bearer", "session-id="):
        assert secret not in out


def test_a_story_that_goes_otherwise_is_not_told_as_if_it_had_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Generous(KigoModel):
        """Knows every product of every world."""

        def __init__(self) -> None:
            super().__init__()
            self.set_stock(_demo_kigo.LIVE_COFFEE, 5)

    monkeypatch.setattr(_demo_kigo, "KigoModel", Generous)
    with pytest.raises(ToldWrongError, match="was to be refused, and was done"):
        tell(tmp_path)
