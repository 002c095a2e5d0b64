"""The README tells the truth: its tour runs as written, its commands are those CI and a stranger run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from stampcard import GUEST, Basket, InDoubtError, Line, Money, Site, Tender, TenderKind, Till, Totals
from stampcard.testing import Drop, When
from stampcard_adapters.testing import STORE, Sandbox

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs" / "providers").glob("*.md"))


def test_the_tour_runs_as_written() -> None:
    failed, tried = doctest.testfile(str(README), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 20
    assert failed == 0


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
