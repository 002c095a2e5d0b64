"""A secret never shows, whatever is done to it short of asking for it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import attrs
import pytest

from stampcard.model import Secret

HIDDEN = "hunter2"


@attrs.frozen(kw_only=True)
class Settings:
    key: Secret[str]


@pytest.mark.parametrize(
    "shown",
    [
        repr,
        str,
        format,
        "{:>20}".format,
        "%s".__mod__,
        "%r".__mod__,
        lambda secret: f"{secret!r} {secret!s} {secret}",
        lambda secret: repr([secret, {"key": secret}]),
        lambda secret: repr(Settings(key=secret)),
        lambda secret: str(attrs.asdict(Settings(key=secret))),
        lambda secret: ascii(secret),
        lambda secret: str(ValueError(secret)),
    ],
)
def test_a_secret_prints_as_stars(shown: Callable[[object], str]) -> None:
    text = shown(Secret(HIDDEN))
    assert HIDDEN not in text
    assert "***" in text


def test_a_secret_is_revealed_only_when_asked() -> None:
    assert Secret(HIDDEN).reveal() == HIDDEN
    assert Secret(b"x").reveal() == b"x"


@pytest.mark.parametrize(
    "escape",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        lambda secret: pickle.dumps(Settings(key=secret)),
        lambda secret: copy.deepcopy(Settings(key=secret)),
        hash,
        vars,
        lambda secret: {secret: 1},
        iter,
        len,
        bytes,
    ],
)
def test_a_secret_cannot_be_stored_or_looked_up(escape: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        escape(Secret(HIDDEN))
    assert HIDDEN not in "".join(traceback.format_exception_only(caught.value))


def test_a_secret_does_not_change() -> None:
    secret = Secret(HIDDEN)
    with pytest.raises(AttributeError, match="does not change"):
        secret._value = "x"
    with pytest.raises(AttributeError, match="does not change"):
        del secret._value
    assert secret.reveal() == HIDDEN


def test_secrets_are_compared_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("ä") != Secret("a")
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != Secret("b")
    assert Secret(1) == Secret(1)
    assert Secret("a") != "a"  # a secret is never equal to its bare value: no accidental `in` test


def test_a_secret_stays_hidden_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("key %s %r", Secret(HIDDEN), Secret(HIDDEN))
    assert "***" in caplog.text
    assert HIDDEN not in caplog.text
