"""Whatever happens to a journal's bytes: an order is what it was, or reported. STAMPCARD_FUZZ=N tries N of each."""

from __future__ import annotations

import contextlib
import os
import random
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard import Till
from stampcard.commands import Authorize, Bill, Checkout, Place, PlaceItems, Redeem, Refund
from stampcard.facts import AuthorizationFacts, PurchaseFacts
from stampcard.journal import StoreError, check, open_journal
from stampcard.journal.codec import decode, unpack
from stampcard.testing.mutations import HOSTILE
from stampcard_adapters.testing import Sandbox

from .campaign import Asked, Truth, files_of, harm_bytes, harm_cells, put, recovered, write_on
from .harm import written
from .stories import HERE, told

COUNT = int(os.environ.get("STAMPCARD_FUZZ", "120"))
HOW = {"bytes": harm_bytes, "cells": harm_cells}
LONGEST = 60.0
"""Seconds that no harmed file may take."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """As the contract writes it, with its last commits in the log."""
    path = tmp_path_factory.mktemp("small") / "j.db"
    with closing(open_journal(path)) as journal:
        written(journal)
        files = files_of(path)
    return Truth.of(path, files)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, Sandbox]:
    """As a till with five providers writes it."""
    path, sandbox = tmp_path_factory.mktemp("shop") / "j.db", Sandbox()
    with closing(open_journal(path)):  # so that the till's own closing leaves the log
        told(path, sandbox)
        files = files_of(path)
    return Truth.of(path, files), sandbox


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("which", ["small", "shop"])
def test_whatever_is_harmed_an_order_is_what_it_was_or_is_reported(
    small: Truth, shop: tuple[Truth, Sandbox], how: str, which: str
) -> None:
    truth = small if which == "small" else shop[0]
    for seed in range(COUNT):
        before = time.monotonic()
        story = HOW[how](random.Random(seed), truth)  # noqa: S311  the same harm each time
        try:
            Asked(truth).all()
            write_on(truth)
        except Exception as broken:
            raise AssertionError(f"seed {seed}: {story}") from broken
        assert time.monotonic() - before < LONGEST, f"seed {seed}: {story}"


@pytest.mark.parametrize("how", HOW)
def test_whatever_is_harmed_a_till_recovers_and_lists_without_a_crash(shop: tuple[Truth, Sandbox], how: str) -> None:
    truth, sandbox = shop

    def opened(path: Path) -> Till:
        till = Till(path, site=HERE, transport=sandbox.transport())
        for provider in (sandbox.spendgo, sandbox.sessionm, sandbox.kalixo, sandbox.kigo, sandbox.kibo):
            till.use(provider.provider())
        return till

    for seed in range(COUNT // 6):
        story = HOW[how](random.Random(1_000_000 + seed), truth)  # noqa: S311  the same harm each time
        try:
            recovered(truth, opened)
        except Exception as broken:
            raise AssertionError(f"seed {1_000_000 + seed}: {story}") from broken


@settings(max_examples=max(COUNT // 2, 30), deadline=None, database=None)
@given(
    content=st.binary(max_size=6000), log=st.none() | st.binary(max_size=200), mark=st.none() | st.binary(max_size=200)
)
def test_a_check_never_raises_on_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, log: bytes | None, mark: bytes | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.db"
    files = {"": content, "-wal": log, ".mark": mark}
    put(path, {end: given for end, given in files.items() if given is not None})
    report = check(path)
    assert not report.ok
    assert report.problems
    with contextlib.suppress(StoreError):
        open_journal(path).close()


def test_a_check_never_raises_on_what_is_no_file_or_may_not_be_read(tmp_path: Path, small: Truth) -> None:
    for where in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere" / "j.db", "nul\0", "x" * 5000):
        assert next(problem.code for problem in check(where).problems) in ("file.missing", "file.unreadable")
    put(small.path, small.files)
    for at in range(0, len(small.files[""]), 4093):
        put(small.path, {**small.files, "": small.files[""][:at]})
        check(small.path)


stored = st.sampled_from(
    [PurchaseFacts, AuthorizationFacts, Authorize, Bill, Checkout, Place, PlaceItems, Redeem, Refund]
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=max(COUNT * 2, 100), deadline=None, database=None)
@given(wanted=stored, content=st.binary(max_size=300), at=st.data())
def test_the_loader_of_facts_and_commands_raises_value_errors_only(
    wanted: type[Any], content: bytes, at: st.DataObject
) -> None:
    with contextlib.suppress(ValueError):
        unpack(content)
    names = list(attrs.fields_dict(wanted))
    tree = at.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=5), json, max_size=5))
    personal = at.draw(
        st.none() | st.dictionaries(st.sampled_from([*names, "buyer.id", "*", "a.0.b"]), json, max_size=2)
    )
    with contextlib.suppress(ValueError):
        assert isinstance(decode(wanted, tree, personal), wanted)


@pytest.mark.parametrize("what", HOSTILE)
def test_the_loader_takes_no_hostile_json(what: str) -> None:
    with contextlib.suppress(ValueError):
        decode(PurchaseFacts, unpack(HOSTILE[what]), None)
