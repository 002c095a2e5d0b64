"""A shop whose customers pay, for every test of the payment."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.payment.shop import Shop

from stampcard.testing import Clock, Terminal
from stampcard_adapters.testing import Sandbox


@pytest.fixture
def here(tmp_path: Path) -> Shop:
    clock = Clock()
    return Shop(journal=tmp_path / "till.db", sandbox=Sandbox(clock=clock), terminal=Terminal(), clock=clock)
