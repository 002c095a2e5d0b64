"""Commands are frozen data: what an intent journals and what a repeat is compared with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import attrs
import pytest

from stampcard import commands
from stampcard.commands import Answered, Authorize, Checkout, Command, Create, Item, PlaceItems, PurchaseCommand, Redeem
from stampcard.facts import AuthorizationFacts, PurchaseFacts
from stampcard.lifecycles import LIFECYCLES
from stampcard.model import GUEST, Address, Basket, Facts, Line, Member, Money, Reward, Totals

USD = Money("5.00", "USD")
BASKET = Basket(lines=(Line(label="Latte", price=USD),), totals=Totals(subtotal=USD, total=USD))
ANNA = Member(id="7", provider="p", status="active")
KINDS = [
    kind
    for name in commands.__all__
    if isinstance(kind := getattr(commands, name), type) and issubclass(kind, Command) and kind is not Command
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_command_fires_a_trigger_some_lifecycle_has(kind: type[Command]) -> None:
    assert any(kind.trigger in lifecycle.triggers for lifecycle in LIFECYCLES.values())


def test_every_trigger_has_its_command() -> None:
    triggers = {trigger for lifecycle in LIFECYCLES.values() for trigger in lifecycle.triggers}
    assert {kind.trigger for kind in KINDS} == triggers


@pytest.mark.parametrize("kind", [*KINDS, Answered, Item], ids=lambda kind: kind.__name__)
def test_a_command_is_frozen_and_built_by_keyword(kind: type[Command]) -> None:
    assert all(field.kw_only for field in attrs.fields(kind))
    with pytest.raises(TypeError):
        kind("positional")  # type: ignore[call-arg]  # the mistake under test
    example = Checkout(basket=BASKET, buyer=GUEST)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        example.why = "x"  # type: ignore[misc]  # the mistake under test


@pytest.mark.parametrize("kind", [*KINDS, PurchaseFacts, AuthorizationFacts], ids=lambda kind: kind.__name__)
def test_personal_paths_begin_at_a_field_that_exists(kind: type[Command] | type[Facts]) -> None:
    fields = {field.name for field in attrs.fields(kind)}
    assert {path.split(".")[0] for path in kind.personal} <= fields


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_whatever_holds_a_persons_data_is_marked_personal(kind: type[Command]) -> None:
    marked = " ".join(kind.personal)
    for field in attrs.fields(kind):
        if any(word in str(field.type) for word in ("Address", "Member", "Basket", "Reward,")):
            assert field.name in marked, field.name


def test_what_was_merely_true_when_asked_is_no_part_of_the_wish() -> None:
    morning, evening = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 21, tzinfo=UTC)
    assert Create(at=morning) == Create(at=evening)
    assert Create(at=morning, amount=USD) != Create(at=morning)
    assert Redeem(offer="o", balance=1) == Redeem(offer="o", balance=2)
    assert Redeem(offer="o", quantity=1) != Redeem(offer="o", quantity=2)


def test_subjects_are_the_people_commands_are_about() -> None:
    assert Checkout(basket=BASKET, buyer=ANNA).subject() == "7"
    assert Checkout(basket=BASKET, buyer=GUEST).subject() is None
    assert Authorize(amount=USD).subject() is None
    assert PurchaseFacts(buyer=ANNA).subject() == "7"
    assert PurchaseFacts().subject() is None


def test_the_one_reward_is_the_first() -> None:
    reward = Reward(id="r", label="Free", member_id="7", quantity=1, offer="o")
    assert Checkout(basket=BASKET, buyer=ANNA, rewards=(reward,)).reward is reward
    assert Checkout(basket=BASKET, buyer=ANNA).reward is None


def test_a_provider_adds_its_own_fields() -> None:
    @attrs.frozen(kw_only=True)
    class Gift(Item):
        sku: str

    @attrs.frozen(kw_only=True)
    class PlaceGifts(PlaceItems):
        items: tuple[Gift, ...]
        user: str

    placed = PlaceGifts(items=(Gift(sku="GB-EN-1", price=USD, quantity=2),), user="u")
    assert placed.trigger == "place"
    assert placed.items[0].quantity == 2
    assert Authorize(amount=USD).broken_limits() == ()


def test_an_abandoned_order_reaches_no_provider() -> None:
    assert commands.Abandon not in get_args(PurchaseCommand)
    assert commands.Lapse not in get_args(PurchaseCommand)


def test_a_hold_is_spent_by_the_order_made_from_it() -> None:
    held = AuthorizationFacts(authorized=USD)
    assert held.learn(Create(at=datetime(2026, 3, 1, tzinfo=UTC))).spent
    assert held.learn(Authorize(amount=USD)) is held
    assert held.learn(commands.Cancel()) is held
    address = Address(street="s", city="c", postal_code="p", country="GB")
    assert Redeem(offer="o", ship_to=address).ship_to is address
