"""The recipe for a provider tells the truth: its tables are whole, its code is the example's, its links lead on."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from pathlib import Path

import attrs
import pytest

from stampcard.adapter import Evidence, Policy
from stampcard.testing.adapter_contract import AdapterContract
from stampcard.testing.model_contract import ModelContract

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "adapters" / "ADDING_A_PROVIDER.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
CUT = re.compile(r"# (tests/sixth/\w+\.py)\n")
PYTHON = [block for language, block in BLOCKS if language == "python"]


def promised(suite: type[object]) -> set[str]:
    return {name for name in dir(suite) if name.startswith("test_")}


def test_every_test_of_the_contracts_is_explained_and_no_other() -> None:
    rows = re.findall(r"^\| `(test_\w+)` \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)
    named = [name for name, _, _ in rows]
    assert sorted(named) == sorted(promised(AdapterContract) | promised(ModelContract))
    assert len(set(named)) == len(named)
    assert all(means.strip() and look.strip() for _, means, look in rows)


def test_every_field_of_a_policy_and_of_the_evidence_is_explained() -> None:
    for kind in (Policy, Evidence):
        assert [f.name for f in attrs.fields(kind) if f"`{f.name}`" not in TEXT] == []


def test_every_hook_of_the_contracts_is_explained() -> None:
    for suite in (AdapterContract, ModelContract):
        hooks = {name for kind in suite.__mro__ for name in getattr(kind, "__annotations__", {})}
        hooks |= {name for name in dir(suite) if callable(getattr(suite, name))}
        own = {name for name in hooks if not name.startswith(("_", "test_"))}
        plain = {
            "successes",
            "examples",
            "steps",
            "faults",
            "late_window",
            "hypothesis_settings",
        }  # said where they are defined
        assert [name for name in sorted(own - plain) if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("block", [b for b in PYTHON if CUT.match(b)], ids=lambda b: b.splitlines()[1].strip()[:40])
def test_code_of_the_example_is_cut_from_it(block: str) -> None:
    head = CUT.match(block)
    assert head is not None
    source = (ROOT / head[1]).read_text(encoding="utf-8")
    for piece in re.split(r"^\.\.\.\n", block[head.end() :], flags=re.MULTILINE):
        assert piece in source, piece


@pytest.mark.parametrize("block", [b for b in PYTHON if not CUT.match(b)])
def test_other_code_imports_what_there_is(block: str) -> None:
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_dotted_names_of_the_engine_exist() -> None:
    found = set(re.findall(r"`(stampcard(?:\.\w+)+)(?:\([^`]*\))?`", TEXT)) - {"stampcard.providers"}
    assert len(found) > 5
    for name in found:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            module, _, member = name.rpartition(".")
            assert hasattr(importlib.import_module(module), member), name


def test_what_an_own_distribution_says_is_toml_with_the_entry_point() -> None:
    [block] = [block for language, block in BLOCKS if language == "toml"]
    assert tomllib.loads(block)["project"]["entry-points"]["stampcard.providers"] == {
        "beanbox": "beanbox_stampcard:Beanbox"
    }


def test_every_link_and_every_file_named_here_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target
    for named in re.findall(r"`((?:commands|docs|tests|testing|diagrams)/[\w./]*\w)`", TEXT):
        assert any((base / named).exists() for base in (ROOT, PAGE.parent / "stampcard_adapters")), named
