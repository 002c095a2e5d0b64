"""Every choice that can be switched is told, where it is set and in the provider's page."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from stampcard_adapters.sandbox.kibo import Switches

PAGE = Path(__file__).parents[3] / "docs" / "providers" / "kibo.md"


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(Switches)])
def test_a_switch_has_its_sentence_and_its_row(name) -> None:
    assert f"    {name}: " in (Switches.__doc__ or "")
    assert f"| `{name}` | " in PAGE.read_text(encoding="utf-8")
