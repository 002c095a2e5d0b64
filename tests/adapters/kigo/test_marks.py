"""A mark notices another code, keeps nothing of the one it was made of, and knows when it cannot tell."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from stampcard.model import Secret
from stampcard_adapters.kigo.marks import LINK, another, mark, same

KEY = Secret("an-api-key-0001")


@given(code=st.text(min_size=1), other=st.text(min_size=1))
def test_another_code_is_noticed_and_the_same_is_not(code: str, other: str) -> None:
    code, other = (text.encode("utf-8", "replace").decode() for text in (code, other))
    known = mark(code, KEY)
    assert not another(known, code, KEY)
    assert another(known, other, KEY) is (code != other)


def test_after_a_key_was_changed_nothing_is_claimed() -> None:
    known = mark("QX7K2P", KEY)
    assert not another(known, "OTHER1", Secret("the-next-key"))
    assert not another(None, "OTHER1", KEY)
    assert known.partition(":")[0] != mark("QX7K2P", Secret("the-next-key")).partition(":")[0]


def test_a_mark_is_short_and_no_plain_hash_of_the_code() -> None:
    known = mark("QX7K2P", KEY)
    assert len(known) == 8 + 1 + 16
    for name in sorted(hashlib.algorithms_guaranteed):
        digest = hashlib.new(name, b"QX7K2P", usedforsecurity=False)
        plain = digest.hexdigest(32) if name.startswith("shake") else digest.hexdigest()
        assert known.partition(":")[2] not in plain
    assert "QX7K2P" not in known
    assert "an-api-key" not in known


def test_a_links_mark_is_no_codes_mark() -> None:
    assert mark("QX7K2P", KEY, LINK) == "26bb1240:2c2e83cb076c57a3"
    assert another(mark("QX7K2P", KEY), "QX7K2P", KEY, LINK)
    assert not another(mark("QX7K2P", KEY, LINK), "QX7K2P", KEY, LINK)


@given(code=st.text(st.characters(codec="ascii", categories=("Lu", "Nd")), min_size=1))
def test_the_marked_code_is_told_in_either_case_of_letters(code: str) -> None:
    known = mark(code, KEY)
    assert same(known, code, KEY)
    assert same(known, code.lower(), KEY)
    assert not same(known, f"{code}x", KEY)
    assert not same(None, code, KEY)


def test_a_mark_is_for_ever_the_same() -> None:
    """Journals hold it: another way of making it would raise the alarm for every order placed before."""
    assert mark("QX7K2P", KEY) == "26bb1240:7bd691a1b278893c"
