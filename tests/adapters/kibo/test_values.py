"""Carts that are split before the money is held, and payments that pass through memory once."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kibo import holds as h

from stampcard.journal.codec import FORGOTTEN, decode, encode, pack, unpack
from stampcard.model import Line, Money, Secret
from stampcard.sealed import Sealed
from stampcard_adapters.kibo import Card, Kind, Payment
from stampcard_adapters.kibo.commands import AuthorizeCart
from stampcard_adapters.kibo.payments import SHAPES, last_four, mistyped, secrets_of

LINES = st.lists(
    st.builds(
        Line,
        label=st.text(max_size=3),
        price=st.builds(Money.minor, st.integers(0, 999), st.just("USD")),
        quantity=st.integers(1, 9),
        categories=st.lists(st.sampled_from(["a", "b", "c"]), max_size=2).map(tuple),
    ),
    max_size=12,
).map(tuple)


def priced(lines: tuple[Line, ...]) -> Money:
    return sum((line.price * line.quantity for line in lines), start=Money.zero("USD"))


class TestSplit:
    @given(lines=LINES)
    def test_every_line_is_in_exactly_one_part_as_it_was_and_in_order(self, lines: tuple[Line, ...]) -> None:
        whole = attrs.evolve(h.CART, lines=lines, amount=priced(lines))
        parts = whole.split(by=lambda line: line.categories, amount=priced)
        assert sorted(map(id, lines)) == sorted(id(line) for part in parts for line in part.lines)
        keys = [{line.categories for line in part.lines} for part in parts]
        assert all(len(key) == 1 for key in keys)
        assert [min(key) for key in keys] == list(dict.fromkeys(line.categories for line in lines))
        for part in parts:
            assert part.lines == tuple(line for line in lines if line.categories == part.lines[0].categories)
        assert sum((part.amount for part in parts), start=Money.zero("USD")) == whole.amount

    def test_parts_are_numbered_and_know_what_they_are_part_of(self) -> None:
        parts = h.CART.split(by=lambda line: line.product, amount=priced)
        assert [(p.id, p.part_of, p.amount) for p in parts] == [
            (f"{h.CART.id}.1", h.CART.id, h.usd("1.50")),
            (f"{h.CART.id}.2", h.CART.id, h.usd("0.50")),
        ]
        assert {(p.customer, p.ship_to) for p in parts} == {(h.ANN, h.HOME)}
        assert h.CART.part_of is None  # pure: the cart is as it was

    def test_a_part_is_split_again_below_itself(self) -> None:
        (part, _) = h.CART.split(by=lambda line: line.product, amount=priced)
        (again,) = part.split(by=lambda _: 0, amount=priced)
        assert (again.id, again.part_of, again.lines) == (f"{h.CART.id}.1.1", part.id, part.lines)


PAYMENTS = pytest.mark.parametrize("payment", h.PAYMENTS.values(), ids=list(h.PAYMENTS))


@PAYMENTS
class TestPayments:
    def test_cannot_be_copied_pickled_hashed_or_printed(self, payment: Payment) -> None:
        for way in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot be pickled or copied"):
                way(payment)
        shown = f"{payment!r} {payment} {[payment]}"
        assert shown.count("(***)") == 3
        for word in (*secrets_of(payment), "Main St"):
            assert word not in shown

    def test_does_not_change(self, payment: Payment) -> None:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            payment.billing = None  # type: ignore[misc]

    def test_is_journalled_as_nothing_but_its_kind_issuer_and_last_four(self, payment: Payment) -> None:
        command = h.authorize(payment)
        tree, personal = encode(command)
        written = pack(tree) + pack(personal)
        for word in secrets_of(payment):
            assert word.encode() not in written
        assert "payment" not in tree
        read = decode(AuthorizeCart, unpack(pack(tree)), unpack(pack(personal)))
        assert read.payment is None
        assert (read.kind, read.issuer, read.last_four) == (command.kind, command.issuer, command.last_four)
        assert read == command  # what is kept of the payment is what a repeat is compared by

    def test_is_of_the_types_it_declares(self, payment: Payment) -> None:
        assert mistyped(payment) == ()


def test_there_are_eleven_shapes_each_with_its_own_kind() -> None:
    assert len(SHAPES) == 11
    assert {shape.kind for shape in SHAPES} == set(Kind) == {p.kind for p in h.PAYMENTS.values()}


def test_a_card_cannot_be_hashed() -> None:
    with pytest.raises(TypeError):
        hash(h.CARD)


def test_a_number_that_is_no_secret_is_told_without_being_shown() -> None:
    card = attrs.evolve(h.CARD, number=h.NUMBER, issuer="VI", code=Secret(737), expires_month="10")
    assert mistyped(card) == ("number", "expires_month", "issuer", "code")
    refusals = h.authorize(card).broken_limits()
    assert [r.field for r in refusals] == [
        "payment.number",
        "payment.expires_month",
        "payment.issuer",
        "payment.code",
    ]
    assert h.NUMBER not in repr(refusals)


@pytest.mark.parametrize(
    ("number", "kept"),
    [("4111 1111-1111 1111", "1111"), ("123456789012", "9012"), ("12345678", None), ("x" * 16, None)],
)
def test_the_last_four_are_kept_only_of_a_number_of_which_they_are_little(number: str, kept: str | None) -> None:
    assert last_four(attrs.evolve(h.CARD, number=Secret(number))) == kept


def test_who_bought_can_be_forgotten_and_the_order_still_reads() -> None:
    facts = h.at("authorized", cart=attrs.evolve(h.CART, customer=h.FULL)).facts
    assert facts.subject() == "88"
    tree, personal = encode(facts)
    kept = pack(tree).decode()
    for word in ("Ann", "Lee", "ann@example.com", "5125550100", "5125550101", "gold", "Main St", "78701"):
        assert word not in kept
    forgotten = decode(type(facts), unpack(pack(tree)), None)
    assert forgotten.cart is not None
    assert forgotten.cart.customer.email == FORGOTTEN
    assert forgotten.cart.customer.account_created == h.FULL.account_created
    assert decode(type(facts), unpack(pack(tree)), unpack(pack(personal))) == facts


def test_a_token_is_kept_sealed_and_shows_nowhere() -> None:
    facts = h.at("authorized").facts
    assert isinstance(facts.auth_token, Sealed)
    assert facts.auth_token.open().reveal() == h.AUTH_TOKEN
    assert h.AUTH_TOKEN not in f"{facts!r} {facts.auth_token}"
    assert isinstance(h.CARD, Card)
