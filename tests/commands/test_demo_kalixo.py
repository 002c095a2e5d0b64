"""The demo's story at Kalixo: it ends as told, quickly, and no code of it can be read anywhere."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from stampcard_adapters.commands import _demo_kalixo
from stampcard_adapters.commands._demo_screen import Screen
from stampcard_adapters.commands._demo_told import ToldWrongError
from stampcard_adapters.sandbox.kalixo import KalixoModel


def tell(journal: Path, *, full: bool = False) -> str:
    page = io.StringIO()
    told = _demo_kalixo.tell(Screen(Console(file=page, width=100), full=full), journal)
    assert (len(told.orders), told.calls, told.unbalanced) == (5, 17, ())
    assert told.main == told.orders[0]
    return page.getvalue()


@pytest.mark.parametrize("full", [False, True])
def test_it_tells_the_whole_story_and_shows_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    models: list[KalixoModel] = []

    class Kept(KalixoModel):
        def __init__(self) -> None:
            super().__init__()
            models.append(self)

    monkeypatch.setattr(_demo_kalixo, "KalixoModel", Kept)
    began = time.monotonic()
    out = tell(tmp_path / "orders.db", full=full)
    assert time.monotonic() - began < 4
    ends = re.findall(r"■ (processing|completed|partially_completed|abandoned)  ", out)
    assert ends == [
        *("processing", "completed"),
        *("processing", "partially_completed"),
        "abandoned",
        *("completed", "completed"),
    ]
    assert re.findall(r"✗ (\w+)  ", out) == ["NotAllowedError", "DeclinedError", "InDoubtError"]
    ledger = re.findall(r"^ +wallet in GBP +([\d.]+) +([\d.]+) +([-+.\d]+)$", out, re.MULTILINE)
    assert [row[2] for row in ledger] == ["-20.00", "-20.00", "-", "-10.00", "-10.00"]
    assert ledger[-1][1] == "4940.00"
    assert max(map(len, out.splitlines())) <= 100
    [model] = models
    codes = [code for order in model.orders() for code in model.codes(order)]
    assert len(codes) == 6
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (*codes, "sandbox-kalixo-password", "kal_test_sandbox-kalixo-key", "till@kalixo.example", "Bearer"):
        assert secret not in out
        assert secret.encode() not in stored


def test_a_story_that_goes_otherwise_is_not_told_as_if_it_had_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Boastful(KalixoModel):
        """Says that it delivered more than it shows."""

        def codes(self, code: str, *, tenant: str | None = None) -> tuple[str, ...]:
            return (*super().codes(code, tenant=tenant), "one more")

    monkeypatch.setattr(_demo_kalixo, "KalixoModel", Boastful)
    with pytest.raises(ToldWrongError, match="provider's"):
        tell(tmp_path / "orders.db")
