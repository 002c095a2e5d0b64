"""The recipe for a provider tells the truth: its tables are whole, its code is the example's, its links lead on."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs
import httpx
import pytest

from stampcard import InDoubtError, Site, Till, config, hooks
from stampcard.adapter import Accepted, Adapter, Evidence, Policy, Repeat, Resend
from stampcard.commands import Approve, Command, Redeem
from stampcard.lifecycles import REDEMPTION, RedemptionState
from stampcard.model import Environment, Facts
from stampcard.testing.adapter_contract import AdapterContract
from stampcard.testing.model_contract import ModelContract
from stampcard.wire import Request, Response

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


@pytest.mark.parametrize(("word", "state"), [("waiting", "pending_approval"), ("given", "approved"), ("odd", None)])
def test_the_verb_of_a_redemption_runs_as_written(word: str, state: str | None) -> None:
    """The block that opens an order and says where an answer leads, at a till: approved from there on as well."""
    [block] = [block for block in PYTHON if "RedemptionVerbs" in block]
    written: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), written)  # noqa: S102  the page's own code is what is tested

    class Mugs(Adapter[RedemptionState, Facts, Any]):
        name: ClassVar[str] = "mugs"
        lifecycle = REDEMPTION
        facts: ClassVar[type[Facts]] = Facts
        commands: ClassVar[tuple[type[Command], ...]] = (Redeem, Approve)
        policies: ClassVar[Mapping[str, Policy]] = dict.fromkeys(("redeem", "approve"), Policy(repeat=Repeat.SAME_KEY))
        environment, base_url = Environment.SANDBOX, "http://127.0.0.1"

        def opening(self) -> Facts:
            return Facts()

        def request(self, order: Any, command: Any, /) -> Request:
            return Request.post(f"/{command.trigger}", {"order": order.id})

        def read(self, order: Any, command: Any, response: Response, /) -> Any:
            if isinstance(command, Redeem):
                return written["read_redeem"](order, response)
            return Accepted(facts=order.facts)

        def recover(self, order: Any, command: Any, evidence: Evidence, /) -> Any:
            return Resend()

        def auth(self, site: Site, /) -> httpx.Auth:
            return httpx.Auth()

    class Settings:
        def bind(self, seat: Any, /) -> Any:
            return written["MugVerbs"](seat, Mugs())

    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"order": "m-1", "state": word}))
    with Till(":memory:", site=Site(store="1"), transport=transport) as till:
        mugs = till.use(Settings())
        if state is None:
            with pytest.raises(InDoubtError):
                mugs.redeem("m-1", "blue", points=50)
            return
        order = mugs.redeem("m-1", "blue", points=50, ticket="417")
        assert (order.state.value, order.ticket) == (state, "417")
        assert mugs.redeem("m-1", "blue", points=50).replayed
        assert order.final or mugs.approve(order, why="seen").state is RedemptionState.APPROVED


def test_what_every_provider_needs_is_pointed_to() -> None:
    shared = [*config.__all__, *hooks.__all__, "retry_after", "one_line", "whole"]
    assert [name for name in shared if name != "on_loopback" and not re.search(rf"\b{name}(?:`|\(\)`)", TEXT)] == []


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
