"""A sealed token goes into the journal and comes back, and shows nowhere else."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.step.test_observe import Answers, at, status

from stampcard.cli.report import report
from stampcard.journal import open_journal
from stampcard.journal.codec import decode, encode, pack, unpack
from stampcard.model import Facts, Secret
from stampcard.sealed import Sealed, SealedError, SealKey

KEY = SealKey(Secret(bytes(range(64))))
OTHER = SealKey(Secret(bytes(range(1, 65))))


@attrs.frozen(kw_only=True)
class Held(Facts):
    token: Sealed | None = None


@given(st.text(st.characters(codec="utf-8")), st.sampled_from([None, KEY]))
def test_a_token_comes_back_from_the_journal(token: str, key: SealKey | None) -> None:
    tree, personal = encode(Held(token=Sealed.of(token, key)))
    back = decode(Held, unpack(pack(tree)), personal)
    assert back.token is not None
    assert back.token.open(key).reveal() == token


def test_the_same_token_and_key_give_the_same_text_so_a_reader_stays_pure() -> None:
    assert Sealed.of("t", KEY) == Sealed.of("t", KEY)
    assert Sealed.of("t", KEY) != Sealed.of("t", OTHER)


@pytest.mark.parametrize(
    ("sealed", "key"),
    [
        (Sealed.of("canary", KEY), OTHER),
        (Sealed.of("canary", KEY), None),
        (Sealed("aes-siv:no base64"), KEY),
        (Sealed("aes-siv:" + base64.b64encode(b"short").decode()), KEY),
        (Sealed("canary"), KEY),
    ],
)
def test_what_cannot_be_opened_says_so_and_not_what_is_inside(sealed: Sealed, key: SealKey | None) -> None:
    with pytest.raises(SealedError) as refused:
        sealed.open(key)
    assert "canary" not in str(refused.value)


def test_a_locked_token_is_not_in_the_text() -> None:
    assert "canary" not in Sealed.of("canary-canary", KEY).sealed


def test_nothing_shows() -> None:
    sealed, facts = Sealed.of("canary"), Held(token=Sealed.of("canary"))
    shown = f"{sealed} {sealed!r} {facts} {facts!r} {KEY!r} {sealed.open()!r}"
    assert "canary" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


@pytest.mark.parametrize("text", ["", "AAAA", "no base64!", base64.b64encode(bytes(40)).decode()])
def test_a_key_that_is_none_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="seal key") as refused:
        SealKey.base64(text)
    assert not text or text not in str(refused.value)


def test_a_key_from_text() -> None:
    assert SealKey.base64(base64.b64encode(bytes(range(64))).decode()) == KEY


def test_the_support_desk_is_not_shown_it(tmp_path: Path) -> None:
    journal = tmp_path / "till.db"
    with at(Answers(status("approved")), journal) as prizes:
        prizes.redeem("r-1")
    store = open_journal(journal)
    record = store.load("r-1")
    assert record is not None
    found = report(record, alive=store.alive, personal=True)
    store.close()
    assert found.facts is not None
    assert found.facts["token"] == "***"
    assert "canary" not in str(found.as_json())
