"""What a terminal says is kept without the number of a card, whatever its slip prints between the digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampcard.step.words import reason

BETWEEN = ["", " ", "-", "\t", "\n", "\r\n\t\t ", "  ", ".", "/", "_", "\u00a0", "\u2013", "\u2212", "\u200b", " - "]


@pytest.mark.parametrize("between", BETWEEN)
def test_a_card_number_is_struck_out_whatever_stands_between_its_digits(between: str) -> None:
    card = between.join(("4111", "1111", "1111", "1111"))
    assert reason(f"card {card} declined, ring 0800") == "card *** declined, ring 0800"


@given(digits=st.text("0123456789", min_size=13, max_size=40), data=st.data())
def test_no_long_number_is_left_in_part(digits: str, data: st.DataObject) -> None:
    apart = st.text(st.characters(exclude_categories=["L", "N", "M", "Cs"]), max_size=3)
    printed = "".join(digit + data.draw(apart) for digit in digits[:-1]) + digits[-1]
    assert reason(f"no {printed} no") == "no *** no"


@pytest.mark.parametrize("said", ["RRN 123456789012, code 51", "auth 00-1234, line 7", "declined", "1" * 12])
def test_a_shorter_number_stays(said: str) -> None:
    assert reason(said) == said
