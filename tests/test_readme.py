"""The README tells the truth: its tour runs as written, its commands are those CI and a stranger run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_the_tour_runs_as_written() -> None:
    failed, tried = doctest.testfile(str(README), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 20
    assert failed == 0


def test_the_example_of_another_signing_scheme_runs_as_written() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs" / "providers" / "spendgo.md"), module_relative=False)
    assert tried > 8
    assert failed == 0


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("mark", ["demo", "tests"])
def test_each_command_is_one_line_of_its_own(mark: str) -> None:
    block = re.search(rf"<!-- {mark} -->\n```sh\n(.*?)\n```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert "\n" not in block[1]
    assert block[1].startswith("python3 -m venv .venv && .venv/bin/pip install ")
