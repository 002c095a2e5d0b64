"""Commands and facts survive the journal's JSON; what is personal is apart, what is secret is nowhere."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.step.shop import BASKET, MEMBER, usd

from stampcard.commands import Bill, Checkout, Command, Complete, Create, Place, Redeem
from stampcard.facts import PurchaseFacts
from stampcard.journal.codec import FORGOTTEN, decode, digest, encode, pack, unpack
from stampcard.model import GUEST, Address, Facts, Money, Reward, Secret
from stampcard.testing.strategies import baskets, members, money, rewards, tenders, totals
from stampcard_adapters.spendgo import SpendgoFacts

QUICK = settings(max_examples=60, deadline=None)

ADDRESSES = st.builds(
    Address,
    street=st.text(min_size=1, max_size=20),
    city=st.text(max_size=20),
    postal_code=st.text(max_size=10),
    country=st.just("USA"),
    phone=st.none() | st.text(max_size=12),
)


@st.composite
def delivered(draw: st.DrawFn) -> Any:
    wanted = draw(st.none() | st.datetimes(timezones=st.just(UTC)))
    return attrs.evolve(draw(baskets()), deliver_to=draw(st.none() | ADDRESSES), wanted_at=wanted)


BUYERS = st.just(GUEST) | members()
WHY = st.none() | st.text(max_size=10)
COMMANDS = st.one_of(
    st.builds(
        Checkout,
        basket=delivered(),
        buyer=BUYERS,
        rewards=st.lists(rewards(), max_size=2).map(tuple),
        projected=st.none() | money(),
        why=WHY,
    ),
    st.builds(Place, tenders=tenders(), totals=totals(), reward_discount=st.none() | money(), why=WHY),
    st.builds(Bill, tenders=tenders(), totals=totals(), why=WHY),
    st.builds(Complete, why=WHY),
)
FACTS = st.builds(
    SpendgoFacts,
    basket=st.none() | delivered(),
    buyer=st.none() | BUYERS,
    reward=st.none() | rewards(),
    totals=st.none() | totals(),
    tenders=tenders(),
    discount=st.none() | money(),
    message=WHY,
    transaction_id=WHY,
)


def _there_and_back(value: Any, *, forget: bool = False) -> Any:
    tree, personal = encode(value)
    stored, apart = unpack(pack(tree)), unpack(pack(personal))
    return decode(type(value), stored, None if forget else apart)


def test_two_threads_may_meet_a_new_type_at_once() -> None:
    """In a process of its own: it used to die."""
    root = Path(__file__).parents[2]
    met = subprocess.run([sys.executable, "-m", "tests.journal.meet_at_once"], cwd=root, capture_output=True, text=True)
    assert met.returncode == 0, met.stderr


@QUICK
@given(COMMANDS | FACTS)
def test_what_is_stored_comes_back_equal(value: Command | Facts) -> None:
    assert _there_and_back(value) == value


@QUICK
@given(COMMANDS | FACTS)
def test_what_was_forgotten_still_reads_and_says_so(value: Command | Facts) -> None:
    back = _there_and_back(value, forget=True)
    _, personal = encode(value)
    assert (back == value) == all(v == _placeholder(v) for v in personal.values())
    assert set(encode(back)[1]) == set(personal)


def _placeholder(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _placeholder(v) for k, v in value.items()}
    return FORGOTTEN if isinstance(value, str) else value


@QUICK
@given(st.text(alphabet="abcdefghij", min_size=8, max_size=20), st.integers(1, 3))
def test_nothing_personal_stays_in_the_entry(mark: str, count: int) -> None:
    home = Address(street=mark, city=mark, postal_code=mark, country=mark, first_name=mark, phone=mark)
    reward = Reward(id="r", label="5 off", member_id=mark, quantity=1, offer="rebate")
    command = Checkout(
        basket=attrs.evolve(BASKET, deliver_to=home),
        buyer=attrs.evolve(MEMBER, id=mark),
        rewards=(reward,) * count,
    )
    facts = PurchaseFacts(basket=command.basket, buyer=command.buyer, reward=reward)
    for value in (command, facts):
        tree, personal = encode(value)
        assert mark not in json.dumps(tree)
        assert mark in json.dumps(personal)
    paths = {f"rewards.{n}.member_id" for n in range(count)} | {"buyer.id", "basket.deliver_to"}
    assert set(encode(command)[1]) == paths


def test_a_path_through_a_list_restores_each_element_its_own() -> None:
    made = [Reward(id=f"r{n}", label="x", member_id=f"m{n}", quantity=1, offer="rebate") for n in range(3)]
    command = Checkout(basket=BASKET, buyer=GUEST, rewards=tuple(made))
    assert _there_and_back(command).rewards == tuple(made)


@attrs.frozen(kw_only=True)
class _Charge(Command):
    trigger: ClassVar[str] = "charge"
    personal: ClassVar[tuple[str, ...]] = ("note",)
    token: Secret[str] | None = None
    note: str | None = None
    last_four: str = ""


def test_a_secret_is_stored_as_nothing_and_takes_no_part_in_the_digest() -> None:
    one, other = (_Charge(token=Secret(t), last_four="4242") for t in ("tok-aaaa", "tok-bbbb"))
    assert b"tok-" not in pack(encode(one)[0])
    assert digest("o-1", one) == digest("o-1", other) == digest("o-1", _Charge(last_four="4242"))
    assert digest("o-1", one) != digest("o-1", attrs.evolve(one, last_four="4243"))


def test_what_cannot_be_journalled_is_refused_when_it_is_written_not_when_it_is_read() -> None:
    with pytest.raises(TypeError, match="cannot be journalled"):
        encode(_Charge(note=object()))  # type: ignore[arg-type]


@QUICK
@given(COMMANDS, COMMANDS)
def test_the_digest_is_stable_and_sees_every_other_input(one: Command, other: Command) -> None:
    assert digest("o-1", one) == digest("o-1", _there_and_back(one))
    assert digest("o-1", one) == digest("o-1", attrs.evolve(one, why="something else"))
    same = attrs.evolve(one, why=None) == attrs.evolve(other, why=None)
    assert (digest("o-1", one) == digest("o-1", other)) == (same and one.trigger == other.trigger)
    assert digest("o-1", one) != digest("o-2", one)


def test_what_is_no_part_of_the_wish_takes_no_part_in_the_digest() -> None:
    early, late = (Create(at=datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2))
    assert digest("o-1", early) == digest("o-1", late)
    assert digest("o-1", early) != digest("o-1", attrs.evolve(early, amount=usd("1")))
    assert digest("o-1", Redeem(offer="o", balance=5)) == digest("o-1", Redeem(offer="o", balance=7))


def test_two_commands_with_the_same_fields_are_told_apart() -> None:
    fields: dict[str, Any] = {"tenders": (), "totals": BASKET.totals}
    assert digest("o-1", Place(**fields)) != digest("o-1", Bill(**fields))


def test_the_journals_format_does_not_change_silently() -> None:
    """When this fails, every journal written so far compares its repeats with another digest: write a migration."""
    command = Checkout(basket=BASKET, buyer=MEMBER, projected=usd("5.10"))
    assert digest("o-1", command) == "cec0abb7bc2df36361b6a72517b7c6c9416193650c286079e5e3579614ac4e14"
    assert unpack(pack(encode(Bill(tenders=(), totals=BASKET.totals, reward_discount=usd("5.10")))[0])) == {
        "tenders": [],
        "totals": {
            "subtotal": "USD 52.00",
            "total": "USD 56.68",
            "tax": "USD 4.68",
            "tip": None,
            "delivery": None,
            "discount": None,
        },
        "reward_discount": "USD 5.10",
    }


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 5000, b"[" * 100_000, b'"\\ud800"', b"1e999"]
)
def test_damaged_json_is_told_as_such(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="not the journal's JSON"):
        unpack(damaged)


@QUICK
@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda c: st.lists(c, max_size=3), max_leaves=6))
def test_a_tree_that_is_no_command_is_told_as_such(tree: Any) -> None:
    with pytest.raises(ValueError, match="not a Bill"):
        decode(Bill, {"tenders": tree, "totals": tree}, None)


@QUICK
@given(st.dictionaries(st.sampled_from(["buyer.id", "basket.deliver_to.x", "9", "", "rewards.7.member_id"]), st.text()))
def test_a_side_row_that_does_not_fit_harms_nothing_else(personal: dict[str, Any]) -> None:
    facts = PurchaseFacts(basket=BASKET, buyer=GUEST, discount=Money("5.10", "USD"))
    assert decode(PurchaseFacts, encode(facts)[0], personal) == facts
