"""The demo's story at Kibo: it ends as told, quickly, and shows neither card nor token."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from stampcard import InDoubtError
from stampcard_adapters.commands import _demo_kibo
from stampcard_adapters.commands._demo_screen import Screen
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kibo import Switches as Behaviour


def tell(tmp_path: Path, *, full: bool = False) -> str:
    page = io.StringIO()
    told = _demo_kibo.tell(Screen(Console(file=page, width=100), full=full), tmp_path / "orders.db")
    assert (len(told.orders), told.calls, told.unbalanced) == (3, 10, ())
    assert told.main == told.orders[0]
    return page.getvalue()


@pytest.mark.parametrize("full", [False, True])
def test_it_tells_the_whole_story_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    models: list[KiboModel] = []

    class Kept(KiboModel):
        def __init__(self) -> None:
            super().__init__()
            models.append(self)

    monkeypatch.setattr(_demo_kibo, "KiboModel", Kept)
    began = time.monotonic()
    out = tell(tmp_path, full=full)
    assert time.monotonic() - began < 4
    ends = ["authorized", "created", "authorized", "lapsed", "authorized", "created", "cancelled", "cancelled"]
    assert re.findall(r"■ (\w+)  ", out) == ends
    refused = ["NotAllowedError", "DeclinedError", "NeedsHumanError", "InDoubtError"]
    assert re.findall(r"✗ (\w+)  ", out) == refused
    assert "VI ending 1111" in out
    assert "may also be held" in out
    [model] = models
    tokens = [t for hold in model.holds() for t in (hold.authorization.auth_token, hold.authorization.method_token)]
    assert len(tokens) == 8
    shown = out + (tmp_path / "orders.db").read_bytes().decode("latin-1").replace("plain:", "")
    for secret in ("4111111111111111", "4000000000000002", '"737"', "sandbox-secret", "Bearer s", "Basic "):
        assert secret not in shown
    for token in tokens:
        assert token not in out


def test_a_story_that_goes_otherwise_is_not_told_as_if_it_had_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(KiboModel):
        """Makes every order under a number of its own."""

        def __init__(self) -> None:
            super().__init__(switches=Behaviour(order_id="new"))

    monkeypatch.setattr(_demo_kibo, "KiboModel", Forgetful)
    with pytest.raises(InDoubtError, match="was reserved"):
        tell(tmp_path)
