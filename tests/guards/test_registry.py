"""Every guard is named, explained, used, and says nothing it did not announce."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

import stampcard.guards as room
from stampcard.commands import Command
from stampcard.guards import GUARDS, SENTENCES, Guard, define, guard, refusal, refusals
from stampcard.lifecycles import LIFECYCLES, LifecycleError, PurchaseState, Row
from stampcard.model import Refusal

from .sales import CHECKED, PLACING, order_of


def test_the_registry_holds_exactly_what_the_rows_name() -> None:
    named = {name for lifecycle in LIFECYCLES.values() for name in lifecycle.guard_names}
    assert GUARDS.keys() == named
    assert all(name == found.name for name, found in GUARDS.items())


@pytest.mark.parametrize("found", GUARDS.values(), ids=lambda one: one.name)
def test_a_guard_can_be_drawn(found: Guard) -> None:
    assert found.sentence.endswith((".", ";"))
    assert len(found.sentence) < 120
    assert found.codes
    assert set(found.codes) <= SENTENCES.keys()


def test_every_code_is_given_by_some_guard_and_written_in_some_room() -> None:
    announced = {code for found in GUARDS.values() for code in found.codes}
    assert announced | {room.NOT_FROM_HERE, room.OTHER_COMMAND} == SENTENCES.keys()
    bodies = "".join(path.read_text("utf-8") for path in Path(room.__file__).parent.glob("*.py"))
    for code in announced - {"field.limit"}:  # the provider's own subclass gives that one
        assert bodies.count(f'"{code}"') >= 3, code  # its sentence, its announcement, its use


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_short_and_free_of_jargon(code: str) -> None:
    sentence = SENTENCES[code]
    names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
    assert len(sentence) < 90 + 12 * len(names)
    assert sentence.endswith(".")
    for word in ("trigger ", "lifecycle", "intent", "null", "None", "HTTP", "API", "token", "tender"):
        assert word not in sentence.replace("{trigger}", "")


def test_a_refusal_fills_its_sentence_and_keeps_the_params_for_a_translation() -> None:
    said = refusal("tenders.do_not_sum", "tenders", expected="USD 5.10", given="USD 5.00")
    assert said.message == "The payments come to USD 5.00, the sale to USD 5.10: correct the payments."
    assert "Zahlungen {given}, Verkauf {expected}".format(**said.params) == "Zahlungen USD 5.00, Verkauf USD 5.10"


def test_the_registry_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        GUARDS["x"] = GUARDS["basket_unchanged"]  # type: ignore[index]  # the mistake under test


def test_a_row_with_an_unknown_guard_is_an_error_naming_it() -> None:
    row = Row(trigger="x", sources=(PurchaseState.NEW,), destinations=(PurchaseState.NEW,), guards=("nobody",))
    with pytest.raises(LifecycleError, match="nobody defines the guard nobody in row `x: new -> new`"):
        refusals(row, order_of(), PLACING)


def test_a_guard_of_ones_own_joins_and_no_shipped_rule_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_defined", dict(room._defined))

    @define
    @guard(Command, "shop.closed")
    def shop_is_open(_order: object, _command: Command) -> list[Refusal]:
        """The shop is open.

        A second paragraph is for the reader of the code.
        """
        return [Refusal(code="shop.closed", message="Come back tomorrow.")]

    assert room._defined["shop_is_open"] is shop_is_open
    assert define(shop_is_open) is shop_is_open
    assert shop_is_open.sentence == "The shop is open."
    assert [r.code for r in shop_is_open.check(order_of(), PLACING)] == ["shop.closed"]

    @guard(Command)
    def basket_unchanged(_order: object, _command: Command) -> list[Refusal]:
        """Anything goes."""
        return []

    with pytest.raises(LifecycleError, match="basket_unchanged is defined already"):
        define(basket_unchanged)


def test_an_unused_guard_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GUARDS", {**GUARDS, "idle": GUARDS["basket_unchanged"]})
    with pytest.raises(LifecycleError, match="no row uses the guard idle"):
        room._prove_shipped()


def test_guards_are_pure() -> None:
    order = order_of(CHECKED, state="checkout")
    before = repr((order, PLACING))
    for found in GUARDS.values():
        assert tuple(found.check(order, PLACING)) == tuple(found.check(order, PLACING))
    assert repr((order, PLACING)) == before
