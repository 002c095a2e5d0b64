"""SessionM's story: it ends as told, hides both credentials, and notices when something goes otherwise."""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from stampcard.journal import open_journal
from stampcard_adapters.commands import _demo_sessionm
from stampcard_adapters.commands._demo_screen import Screen
from stampcard_adapters.commands._demo_told import Told, ToldWrongError
from stampcard_adapters.sandbox.sessionm import SessionMModel


def tell(tmp_path: Path, *, full: bool = False) -> tuple[Told, str]:
    page = io.StringIO()
    told = _demo_sessionm.tell(Screen(Console(file=page, width=100), full=full), tmp_path / "orders.db")
    return told, page.getvalue()


def test_it_ends_as_told_in_good_time(tmp_path: Path) -> None:
    began = time.monotonic()
    told, page = tell(tmp_path)
    assert time.monotonic() - began < 4
    assert told.unbalanced == ()
    assert (len(told.orders), told.main) == (3, told.orders[0])
    for said in ("not the right answer", "challenge.missing", "offer.not_available", "InDoubtError", "lane_busy"):
        assert said in page
    assert page.count("the provider's ledger") == 3
    assert [line.split()[-1] for line in page.splitlines() if line.strip().startswith("points ")] == [
        "-250",
        "-",
        "-100",
    ]
    store = open_journal(tmp_path / "orders.db")
    try:
        ended = {number: store.load(number) for number in told.orders}
    finally:
        store.close()
    states = [record.entries[-1].state for record in ended.values() if record is not None]
    assert states == ["approved", "abandoned", "approved"]


def test_neither_credential_is_shown(tmp_path: Path) -> None:
    tenant: Any = SessionMModel().tenants()["sessionm"]
    pair = base64.b64encode(f"{tenant['api_key']}:{tenant['secret']}".encode()).decode()
    for full in (True, False):
        where = tmp_path / str(full)
        where.mkdir()
        _, page = tell(where, full=full)
        assert "/priv/v1/apps/***/" in page
        for secret in (tenant["api_key"], tenant["secret"], pair):
            assert secret not in page


def test_a_ledger_that_moves_otherwise_is_no_happy_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Greedy(SessionMModel):
        def approve(self, order: int | str, *, tenant: str | None = None) -> Any:
            self.give("crm/4711@acme eu", -1)
            return super().approve(order, tenant=tenant)

    monkeypatch.setattr(_demo_sessionm, "SessionMModel", Greedy)
    with pytest.raises(ToldWrongError, match="250 points"):
        tell(tmp_path)
