"""Beanbox from the environment, as an entry point, and for the type checkers."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from tests.sixth import shop
from tests.sixth.beanbox import Beanbox

from stampcard import ConfigurationError, Environment
from stampcard.adapter import Installable
from stampcard.signing import KeyRing

ROOT = Path(__file__).parents[2]
GOOD = {
    "BEANBOX_URL": "https://beans.example",
    "BEANBOX_ENVIRONMENT": "live",
    "BEANBOX_KEY": "till-key-0001",
    "BEANBOX_SECRET": "YmVhbnM=",
}


def test_a_whole_environment_is_read() -> None:
    beanbox = Beanbox.from_env({**GOOD, "BEANBOX_OTHER_KEY": "till-key-0002", "BEANBOX_OTHER_SECRET": "YmVhbnM="})
    assert beanbox.environment is Environment.LIVE
    assert beanbox.keys.current.secret.reveal() == b"beans"
    assert beanbox.keys.other is not None
    assert isinstance(Beanbox.from_env(GOOD).keys, KeyRing)


def test_every_problem_is_told_at_once_and_none_with_its_value() -> None:
    bad = {"BEANBOX_URL": "http://beans.example", "BEANBOX_SECRET": "not*base64", "BEANBOX_KEY": "till-key-0001"}
    with pytest.raises(ConfigurationError) as caught:
        Beanbox.from_env(bad)
    assert {p.field for p in caught.value.problems} == {"BEANBOX_URL", "BEANBOX_SECRET", "BEANBOX_ENVIRONMENT"}
    assert "not*base64" not in str(caught.value) + repr(caught.value) + str(caught.value.as_dict())


@pytest.mark.parametrize("url", ["http://beans.example", "ftp://beans.example", "beans", "https://a@b.example", ""])
def test_a_key_is_sent_over_https_alone(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Beanbox(url=url, keys=shop.KEYS, environment=Environment.SANDBOX)


def test_the_entry_point_names_a_class_that_commands_can_use() -> None:
    point = EntryPoint(name="beanbox", value="tests.sixth.beanbox:Beanbox", group="stampcard.providers")
    found: type[Installable] = point.load()
    assert found.name == "beanbox"
    assert found.from_env(GOOD).name == "beanbox"
    assert found.describe().recovery.keys() == found.describe().policies.keys()


def test_a_provider_made_by_the_recipe_is_clean_under_mypy_strict(tmp_path: Path) -> None:
    """And a program sees its own verbs, its own facts, and awaits where it has to."""
    program = tmp_path / "program.py"
    program.write_text(
        """
from typing import assert_type
from stampcard import AsyncTill, GUEST, Basket, Till
from tests.sixth.beanbox import AsyncBeanboxTill, Beanbox, BeanboxOrder, BeanboxTill, StampCard

def sync(till: Till, settings: Beanbox, basket: Basket) -> BeanboxOrder:
    beanbox = till.use(settings)
    assert_type(beanbox, BeanboxTill)
    assert_type(beanbox.card("1"), StampCard)
    order = beanbox.checkout("1", basket, buyer=GUEST)
    assert_type(order.facts.receipt, str | None)
    return order

async def awaited(till: AsyncTill, settings: Beanbox) -> StampCard:
    beanbox = till.use(settings)
    assert_type(beanbox, AsyncBeanboxTill)
    return await beanbox.card("1")

async def mistakes(till: AsyncTill, settings: Beanbox) -> None:
    card: StampCard = till.use(settings).card("1")  # wrong: a missing await
    till.use(settings).redeem("1")  # wrong: no such verb
""",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache")]
    command += ["--explicit-package-bases", "--no-error-summary", str(program), "tests/sixth/beanbox.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    wrong = [line.split(": error:")[0].rpartition(":")[2] for line in done.stdout.splitlines() if ": error:" in line]
    lines = program.read_text(encoding="utf-8").splitlines()
    assert sorted(wrong) == sorted(str(n) for n, line in enumerate(lines, 1) if "# wrong" in line), done.stdout
