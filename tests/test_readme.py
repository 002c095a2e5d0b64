"""The README tells the truth: its tour runs as written, its commands are those CI and a stranger run."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stampcard import (
    GUEST,
    Basket,
    DeclinedError,
    InDoubtError,
    Line,
    Money,
    NeedsHumanError,
    Site,
    StampcardError,
    Tender,
    TenderKind,
    Till,
    Totals,
    UnavailableError,
)
from stampcard.testing import Drop, When
from stampcard_adapters.testing import STORE, Sandbox

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ERRORS = (StampcardError, NeedsHumanError, UnavailableError, DeclinedError)
ASKS: dict[str, Callable[[Any, Sandbox], object]] = {
    "spendgo": lambda spendgo, sandbox: spendgo.member(sandbox.spendgo.phone),
    "sessionm": lambda sessionm, sandbox: sessionm.points(sandbox.sessionm.user),
    "kalixo": lambda kalixo, _: kalixo.products(search="KTEST-OK"),
    "kigo": lambda kigo, sandbox: kigo.place("a-1", sandbox.kigo.product, user="u-41"),
    "kibo": lambda kibo, sandbox: kibo.authorize(sandbox.kibo.cart("a-1"), sandbox.kibo.card),
}
"""A call each provider answers only when its keys are right."""
PAGES = sorted((ROOT / "docs" / "providers").glob("*.md"))


def test_the_tour_runs_as_written() -> None:
    failed, tried = doctest.testfile(str(README), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 20
    assert failed == 0


def test_the_page_of_reconciliation_runs_as_written() -> None:
    page = ROOT / "docs" / "reconciliation.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert (failed, tried > 8) == (0, True)


def test_the_page_of_offline_runs_as_written() -> None:
    page = ROOT / "docs" / "offline.md"
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert (failed, tried > 20) == (0, True)


def test_what_a_till_does_when_it_starts_runs_as_written() -> None:
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## When a till starts") :]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert code is not None
    sandbox = Sandbox()
    with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider())
        ten = Money("10.00", "USD")
        basket = Basket(lines=(Line(label="Latte", price=ten),), totals=Totals(subtotal=ten, total=ten))
        order = spendgo.checkout("a-1", basket, buyer=GUEST)
        sandbox.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            spendgo.place(order, tenders=[Tender(kind=TenderKind.CASH, amount=ten)])
        names = {"till": till, "spendgo": spendgo, "bookmark": 0}
        exec(compile(code[1], "README.md", "exec"), names)  # noqa: S102  the README's own code is what is tested
        assert spendgo.get("a-1").state == "placed"
        assert names["bookmark"] == list(till.changes())[-1].position


def test_the_programs_about_payment_run_as_written() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs" / "payment.md"), module_relative=False)
    assert tried > 30
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_programs_of_each_provider_run_as_written(page: Path) -> None:
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 8
    assert failed == 0


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "spendgo"], ids=lambda page: page.stem)
def test_each_program_shows_a_refusal_and_a_lost_reply_and_the_books_balance(page: Path) -> None:
    program = doctest.script_from_examples(page.read_text(encoding="utf-8"))
    for part in ("DeclinedError as", "Drop(When.AFTER)", ".recover(", f"sandbox.{page.stem}.unbalanced()"):
        assert part in program, part


NAMED = re.findall(r"^\| `(\w+_)` \| (.+?) \| `\.(\w+)` \| (.+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("prefix", "fields", "provider", "names"), NAMED, ids=[row[2] for row in NAMED])
def test_a_till_of_ones_own_is_set_up_as_the_table_says(prefix: str, fields: str, provider: str, names: str) -> None:
    sandbox = Sandbox()
    books = getattr(sandbox, provider)
    assert [name for name in re.findall(r"`(\w+)`", names) if not hasattr(books, name)] == []
    settings = type(books.provider())
    assert prefix == f"{provider.upper()}_"
    for way in fields.split("; or "):
        env = {f"{prefix}ENVIRONMENT": "sandbox", f"{prefix}URL": "http://127.0.0.1:1"}
        for field, value in re.findall(r"`(\w+)(?:=(\w+))?`", way):
            env |= {field: value} if value else {prefix + field.upper(): str(books.model.tenants()[provider][field])}
        with Till(":memory:", site=Site(store=STORE), transport=sandbox.transport()) as till:
            ASKS[provider](till.use(settings.from_env(env)), sandbox)


def test_the_table_names_every_provider_and_every_attribute_of_an_error() -> None:
    assert [row[2] for row in NAMED] == ["spendgo", "sessionm", "kalixo", "kigo", "kibo"]
    text = README.read_text(encoding="utf-8")
    [said] = re.findall(r"^Each has `\.next`(?:.+\n)+", text, re.MULTILINE)
    public = {name for name in vars(StampcardError("no")) | vars(StampcardError) if not name.startswith("_")}
    shown = set(re.findall(r"`\.(\w+)", said))
    assert public - {"default_code", "recorded", "replayed"} <= shown
    assert [name for name in shown if not any(hasattr(kind, name) or name in vars(kind("no")) for kind in ERRORS)] == []


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
