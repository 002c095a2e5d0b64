"""A real till, a real journal, and Kibo in memory: what an integrator sees of success, refusal and loss."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from tests.adapters.kibo import holds as h
from tests.adapters.kibo.conftest import Shop

from stampcard import (
    AsyncTill,
    AuthorizationState,
    ConflictError,
    DeclinedError,
    InDoubtError,
    Money,
    NeedsHumanError,
    Next,
    NotAllowedError,
    Secret,
    Site,
    UnavailableError,
)
from stampcard.sealed import SealKey
from stampcard.testing import Clock, Crash, ModelTransport, crash_at
from stampcard.testing.faults import Drop, Fault, Garbage, Late, Refuse, Status, Truncated, Twice, When
from stampcard_adapters.kibo import CancelReason, Cart, KiboTill, Kind, Payment, StoredToken
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kibo import Switches as Behaviour
from stampcard_adapters.testing.kibo import KiboBooks, names

State = AuthorizationState
REPLY_LOST = Drop(When.AFTER)
DAY = 86_400.0


def made(shop: Shop, cart_id: str = "C-1") -> Any:
    return shop.kibo.create(shop.kibo.authorize(shop.books.cart(cart_id), shop.books.card))


class TestTheUsualWay:
    def test_the_order_takes_the_id_that_was_reserved(self, shop: Shop) -> None:
        """Vectors 1 and 11."""
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        assert (order.state, order.id) == (State.AUTHORIZED, "C-1")
        assert shop.books.holds("C-1") == (Decimal("2.00"),)
        order = shop.kibo.create(order)
        assert (order.state, order.facts.spent) == (State.CREATED, True)
        assert shop.books.model.order_id("C-1") == order.facts.kibo_order_id
        assert order.facts.provider_status == "WAITING_FOR_ASSIGNMENT"
        shop.books.ship("C-1")
        order = shop.kibo.observe(order)
        assert (order.state, order.facts.provider_status) == (State.CREATED, "SHIPPED")
        assert shop.books.unbalanced() == ()

    def test_a_cancelled_order_gives_the_money_back(self, shop: Shop) -> None:
        order = shop.kibo.cancel(made(shop), CancelReason.OTHER, other_reason="the cat did it")
        assert (order.state, order.final) == (State.CANCELLED, True)
        assert shop.books.states("C-1") == ("WAITING_FOR_ASSIGNMENT", "CANCELED")
        assert shop.books.held() == 0

    def test_zero_may_be_held_and_ordered(self, shop: Shop) -> None:
        order = shop.kibo.authorize(shop.books.cart("C-1", amount="0"), shop.books.card)
        assert shop.kibo.create(order).state is State.CREATED

    @pytest.mark.parametrize("kind", Kind)
    def test_the_sandbox_reads_each_of_the_eleven_shapes(self, shop: Shop, kind: Kind) -> None:
        first = shop.kibo.authorize(shop.books.cart("C-0"), shop.books.card)
        assert first.facts.payment_token is not None
        payment: Payment = h.PAYMENTS[kind.value]
        if kind in (Kind.STORED_TOKEN, Kind.SAVED_CARD):
            payment = attrs.evolve(payment, token=first.facts.payment_token.open())
        order = shop.kibo.authorize(shop.books.cart("C-1"), payment)
        assert (order.state, order.facts.kind) == (State.AUTHORIZED, kind)
        assert shop.kibo.create(order).state is State.CREATED
        assert shop.books.unbalanced() == ()

    def test_a_repeat_is_the_recorded_answer(self, shop: Shop) -> None:
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        for again in (False, True):
            replayed = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card, again=again)
            assert replayed.replayed
        assert len(shop.books.holds("C-1")) == 1
        with pytest.raises(ConflictError):
            shop.kibo.authorize(shop.books.cart("C-1", amount="3.00"), shop.books.card)
        shop.kibo.create(order)
        assert shop.kibo.create(order).replayed

    def test_it_is_the_same_asynchronously(self) -> None:
        model = KiboModel(clock=Clock())
        books = KiboBooks(model)

        async def story() -> Any:
            wire = ModelTransport(model, names=names)
            async with AsyncTill(":memory:", site=Site(store="1"), clock=Clock(), transport=wire) as till:
                kibo = till.use(books.provider())
                order = await kibo.authorize(books.cart("C-1"), books.card)
                return await kibo.cancel(await kibo.create(order), CancelReason.MISTAKE)

        assert asyncio.run(story()).state is State.CANCELLED

    def test_tokens_are_locked_in_the_journal_with_a_key(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(seal_key=SealKey(Secret(bytes(range(64)))))
        order = made(shop)
        assert order.facts.auth_token is not None
        token = order.facts.auth_token.open(SealKey(Secret(bytes(range(64))))).reveal()
        assert token.encode() not in b"".join(f.read_bytes() for f in shop.journal.parent.rglob("*") if f.is_file())


class TestRefused:
    def test_a_declined_card_leaves_the_order_open_for_another(self, shop: Shop) -> None:
        with pytest.raises(DeclinedError) as caught:
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.declined_card)
        assert (caught.value.code, caught.value.state, caught.value.next) == ("card.declined", "declined", Next.FIX)
        order = shop.kibo.get("C-1")
        assert (order.state, order.doubt, order.possible) == (State.DECLINED, None, ())
        with pytest.raises(DeclinedError):
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.declined_card)
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        assert shop.kibo.create(order).state is State.CREATED

    def test_more_than_was_held_never_leaves_the_till(self, shop: Shop) -> None:
        """Vector 13."""
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        for amount, code in (("2.01", "authorization.exceeded"), ("-1", "money.negative")):
            with pytest.raises(NotAllowedError) as caught:
                shop.kibo.create(order, amount=h.usd(amount))
            assert caught.value.code == code
        with pytest.raises(NotAllowedError):
            shop.kibo.create(order, amount=Money(1, "CAD"))
        assert shop.books.states("C-1") == ()
        assert shop.kibo.create(order, amount=h.usd("1.99")).state is State.CREATED

    def test_a_hold_that_ended_makes_no_order(self, shop: Shop) -> None:
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        shop.clock.pass_(seconds=7 * DAY)
        with pytest.raises(NotAllowedError) as caught:
            shop.kibo.create(order)
        assert caught.value.code == "authorization.lapsed"
        assert shop.kibo.lapse(order).state is State.LAPSED
        assert shop.books.held() == 0

    def test_one_hold_makes_one_order(self, shop: Shop) -> None:
        """Vector 12: an order that was made cannot be made again, and its hold is nobody else's."""
        order = made(shop)
        with pytest.raises(ConflictError):
            shop.kibo.create(order, amount=h.usd("1.00"))
        assert shop.books.model.orders() == ("C-1",)

    def test_limits_are_told_all_together_and_no_card_is_presented(self, shop: Shop) -> None:
        """Vectors 3 to 6."""
        cart = shop.books.cart("C-1")
        bad = attrs.evolve(cart, customer=attrs.evolve(cart.customer, phone="", email="e" * 251), amount=h.usd("-0.01"))
        with pytest.raises(NotAllowedError) as caught:
            shop.kibo.authorize(bad, shop.books.card)
        assert [r.field for r in caught.value.refusals] == ["cart.customer.email", "cart.customer.phone", "amount"]
        assert shop.books.model.holds() == ()

    @pytest.mark.parametrize("cart_id", ["", "x" * 256, "a b"])
    def test_an_id_that_cannot_be_sent_opens_nothing(self, shop: Shop, cart_id: str) -> None:
        with pytest.raises(NotAllowedError) as caught:
            shop.kibo.authorize(shop.books.cart(cart_id), shop.books.card)
        assert caught.value.code == "order.id_invalid"

    def test_what_is_no_payment_is_told_without_being_shown(self, shop: Shop) -> None:
        with pytest.raises(NotAllowedError) as caught:
            shop.kibo.authorize(shop.books.cart("C-1"), {"number": h.NUMBER})  # type: ignore[arg-type]
        assert caught.value.code == "input.type"
        assert h.NUMBER not in str(caught.value.as_dict())

    def test_an_order_that_was_shipped_is_cancelled_by_nobody(self, shop: Shop) -> None:
        order = made(shop)
        shop.books.ship("C-1")
        with pytest.raises(DeclinedError) as caught:
            shop.kibo.cancel(order, CancelReason.CHANGED_MIND)
        assert caught.value.code == "order.not_cancellable"
        assert shop.kibo.get("C-1").state is State.CREATED

    def test_a_no_that_means_already_is_looked_at(self, shop: Shop) -> None:
        order = made(shop)
        shop.faults.next(Twice(), trigger="cancel")
        order = shop.kibo.cancel(order, CancelReason.MISTAKE)
        assert order.state is State.CANCELLED
        assert [e.kind.value for e in shop.kibo.history("C-1")][-2:] == ["declined", "observed"]

    def test_a_wrong_key_is_ours_to_mend(self, shop: Shop) -> None:
        shop.books.model.set_keys("sandbox-key", "another-secret")
        with pytest.raises(DeclinedError) as caught:
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        assert (caught.value.code, caught.value.next) == ("credentials.refused", Next.CALL)
        shop.books.model.set_keys("sandbox-key", "sandbox-secret")
        assert shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card).state is State.AUTHORIZED

    def test_an_expired_token_is_renewed_and_nobody_notices(self, shop: Shop) -> None:
        """Vector 9."""
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        shop.books.model.expire_tokens()
        assert shop.kibo.create(order).state is State.CREATED


class TestLostAuthorization:
    def lost(self, shop: Shop, fault: Fault = REPLY_LOST) -> NeedsHumanError:
        shop.faults.next(fault, trigger="authorize")
        with pytest.raises(NeedsHumanError) as caught:
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        return caught.value

    @pytest.mark.parametrize(
        "fault", [Drop(When.BEFORE), Drop(When.AFTER), Status(503, When.AFTER), Garbage(), Truncated(9), Late()]
    )
    def test_is_told_at_once_and_asked_again_only_on_purpose(self, shop: Shop, fault: Fault) -> None:
        error = self.lost(shop, fault)
        assert error.next is Next.CALL
        assert error.check
        with pytest.raises(InDoubtError):
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        with pytest.raises(NeedsHumanError):
            shop.kibo.recover("C-1", within=0)
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card, again=True, why="the customer agreed")
        assert (order.state, order.doubt) == (State.AUTHORIZED, None)
        (possible,) = order.possible
        assert (possible.trigger, possible.until - possible.since) == ("authorize", timedelta(days=7))
        order = shop.kibo.create(order)
        assert (order.state, len(order.possible)) == (State.CREATED, 1)
        assert shop.books.model.order_id("C-1") == order.facts.kibo_order_id
        assert shop.books.unbalanced() == ()

    def test_another_card_is_not_presented_without_asking(self, shop: Shop) -> None:
        self.lost(shop)
        other = attrs.evolve(shop.books.card, number=Secret("5555555555554444"))
        with pytest.raises(NotAllowedError) as caught:
            shop.kibo.authorize(shop.books.cart("C-1"), other)
        assert caught.value.code == "authorization.ask_first"
        assert len(shop.books.holds("C-1")) == 1
        assert shop.kibo.authorize(shop.books.cart("C-1"), other, again=True).state is State.AUTHORIZED

    def test_may_be_let_go_and_the_hold_it_may_have_made_is_listed(self, shop: Shop) -> None:
        self.lost(shop)
        order = shop.kibo.abandon(shop.kibo.get("C-1"), why="the customer left")
        assert (order.state, len(order.possible)) == (State.LAPSED, 1)

    def test_what_never_left_is_no_doubt(self, shop: Shop) -> None:
        shop.faults.next(Refuse(), trigger="authorize")
        with pytest.raises(UnavailableError):
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        assert shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card).possible == ()

    def test_a_second_card_that_is_declined_leaves_the_first_hold_listed(self, shop: Shop) -> None:
        self.lost(shop)
        with pytest.raises(DeclinedError):
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.declined_card, again=True)
        order = shop.kibo.get("C-1")
        assert (order.state, len(order.possible)) == (State.DECLINED, 1)

    @pytest.mark.parametrize("point", ["intent", "sent", "read"])
    def test_a_till_that_died_asks_again_the_next_day(self, shop: Shop, point: Any) -> None:
        with pytest.raises(Crash), crash_at(point):
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        kibo = shop.again()
        with pytest.raises(NeedsHumanError):
            kibo.recover("C-1", within=0)
        order = kibo.authorize(shop.books.cart("C-1"), shop.books.card, again=True)
        assert (order.state, len(order.possible)) == (State.AUTHORIZED, 1)

    def test_a_token_is_sent_again_by_switch(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(Behaviour(repeat_authorize="first"), resend_tokens=True)
        token = shop.kibo.authorize(shop.books.cart("C-0"), shop.books.card).facts.payment_token
        assert token is not None
        shop.faults.next(Drop(When.AFTER), trigger="authorize")
        with pytest.raises(InDoubtError) as caught:
            shop.kibo.authorize(shop.books.cart("C-1"), StoredToken(token=token.open()))
        assert not isinstance(caught.value, NeedsHumanError)
        order = shop.again().recover("C-1", within=0)
        assert (order.state, order.possible) == (State.AUTHORIZED, ())
        assert shop.books.holds("C-1") == (Decimal("2.00"),)


FAULTS: tuple[Fault, ...] = (
    Drop(When.BEFORE),
    Drop(When.AFTER),
    Status(503, When.AFTER),
    Status(502),
    Garbage(),
    Garbage(When.BEFORE),
    Truncated(9),
    Twice(),
    Late(),
    Late(after=1),
)


def settled(shop: Shop, kibo: KiboTill) -> Any:
    """The order once nothing is in the way any more. A look before the window ends may adopt, and never sends again."""
    with suppress(InDoubtError):
        kibo.recover("C-1", within=0)
    shop.faults.land()
    shop.clock.pass_(seconds=121)
    return kibo.recover("C-1", within=0)


class TestLostOrder:
    @pytest.mark.parametrize("fault", FAULTS, ids=str)
    @pytest.mark.parametrize("next_day", [False, True])
    def test_is_made_exactly_once_whatever_was_lost(self, shop: Shop, fault: Fault, next_day: bool) -> None:
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        shop.faults.next(fault, trigger="create")
        with pytest.raises(InDoubtError):
            shop.kibo.create(order)
        order = settled(shop, shop.again() if next_day else shop.kibo)
        assert (order.state, order.doubt) == (State.CREATED, None)
        assert shop.books.model.orders() == ("C-1",)
        assert shop.books.model.order_id("C-1") == order.facts.kibo_order_id
        assert shop.books.held() == Decimal("2.00")
        assert shop.books.unbalanced() == ()

    @pytest.mark.parametrize("fault", FAULTS, ids=str)
    def test_is_cancelled_exactly_once_whatever_was_lost(self, shop: Shop, fault: Fault) -> None:
        order = made(shop)
        shop.faults.next(fault, trigger="cancel")
        with suppress(InDoubtError):  # a cancel that was delivered twice is answered no, and then looked at
            shop.kibo.cancel(order, CancelReason.MISTAKE)
        order = settled(shop, shop.kibo)
        assert (order.state, order.doubt) == (State.CANCELLED, None)
        assert shop.books.states("C-1") == ("WAITING_FOR_ASSIGNMENT", "CANCELED")
        assert shop.books.held() == 0

    def test_that_lands_after_a_look_showed_none_is_not_made_twice(self, shop: Shop) -> None:
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        shop.faults.next(Late(), trigger="create")
        with pytest.raises(InDoubtError):
            shop.kibo.create(order)
        with pytest.raises(InDoubtError):
            shop.kibo.recover("C-1", within=0)
        assert shop.books.model.orders() == ()
        shop.faults.land()
        assert shop.kibo.recover("C-1", within=0).state is State.CREATED

    @pytest.mark.parametrize("point", ["intent", "sent", "read"])
    def test_is_found_by_the_next_till_when_this_one_dies(self, shop: Shop, point: Any) -> None:
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        with pytest.raises(Crash), crash_at(point):
            shop.kibo.create(order)
        shop.clock.pass_(seconds=121)
        assert shop.again().recover("C-1", within=0).state is State.CREATED
        assert shop.books.model.orders() == ("C-1",)

    def test_is_found_by_our_own_id_by_switch(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(find_by_external_id=True)
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        shop.faults.next(Drop(When.AFTER), trigger="create")
        with pytest.raises(InDoubtError):
            shop.kibo.create(order)
        assert shop.kibo.recover("C-1", within=0).state is State.CREATED

    def test_under_another_id_goes_to_a_person(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(Behaviour(order_id="new"))
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        with pytest.raises(InDoubtError):
            shop.kibo.create(order)
        shop.clock.pass_(seconds=121)
        with pytest.raises(NeedsHumanError) as caught:
            shop.kibo.recover("C-1", within=0)
        assert "C-1" in caught.value.check
        assert shop.books.model.orders() == ("C-1",)  # never a second one


class TestOtherProviders:
    """The same adapter, switched, where the provider turns out to be another one than the sheet chose."""

    def test_success_is_201(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(Behaviour(authorize_status=201), accept_201=True)
        assert shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card).state is State.AUTHORIZED

    def test_errors_have_no_code(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(Behaviour(error_body="bare"))
        with pytest.raises(DeclinedError) as caught:
            shop.kibo.authorize(shop.books.cart("C-1"), shop.books.declined_card)
        assert (caught.value.code, caught.value.state) == ("card.declined", "declined")

    def test_create_answers_with_the_id_alone(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(Behaviour(create_reply="id"))
        order = made(shop)
        assert (order.state, order.facts.provider_status) == (State.CREATED, None)

    def test_the_shoppers_address_is_wanted(self, open_shop: Callable[..., Shop]) -> None:
        shop = open_shop(Behaviour(require_customer_ip=True))
        order = shop.kibo.authorize(shop.books.cart("C-1"), shop.books.card)
        with pytest.raises(DeclinedError) as caught:
            shop.kibo.create(order)
        assert caught.value.code == "request.incomplete"
        assert shop.kibo.create(shop.kibo.get("C-1"), customer_ip="8.8.8.8").state is State.CREATED


class TestParts:
    def carts(self, shop: Shop) -> tuple[Cart, ...]:
        cart = attrs.evolve(shop.books.cart("C-1"), lines=(h.SOCKS, h.CUP))

        def priced(lines: Any) -> Money:
            return sum((line.price * line.quantity for line in lines), start=Money.zero("USD"))

        return cart.split(by=lambda line: line.product, amount=priced)

    def test_each_part_is_a_hold_and_an_order_of_its_own(self, shop: Shop) -> None:
        held = [shop.kibo.authorize(cart, shop.books.card, ticket="417") for cart in self.carts(shop)]
        assert shop.kibo.authorize(shop.books.cart("C-9"), shop.books.card, ticket="417").ticket == "417"
        for order in held:
            shop.kibo.create(order)
        parts = shop.kibo.parts("C-1")
        assert [(p.id, p.state, p.facts.authorized) for p in parts] == [
            ("C-1.1", State.CREATED, h.usd("1.50")),
            ("C-1.2", State.CREATED, h.usd("0.50")),
        ]
        assert len({p.facts.kibo_order_id for p in parts}) == 2
        assert shop.kibo.parts("C-2") == ()

    def test_a_part_that_is_declined_lets_the_others_go(self, shop: Shop) -> None:
        first, second = self.carts(shop)
        order = shop.kibo.authorize(first, shop.books.card)
        with pytest.raises(DeclinedError):
            shop.kibo.authorize(second, shop.books.declined_card)
        shop.kibo.abandon(order, why="another part was declined")
        assert [str(p.state) for p in shop.kibo.parts("C-1")] == ["lapsed", "declined"]
        assert shop.books.model.orders() == ()


def test_a_customer_can_be_forgotten_and_the_order_goes_nowhere_after(shop: Shop) -> None:
    cart = shop.books.cart("C-1")
    order = shop.kibo.authorize(attrs.evolve(cart, customer=h.FULL), shop.books.card)
    assert shop.till.forget("88", provider="kibo") > 0
    with pytest.raises(NotAllowedError) as caught:
        shop.kibo.create(order)
    assert caught.value.code == "order.forgotten"
    known = shop.kibo.get("C-1").facts.cart
    assert known is not None
    assert known.customer.email == "forgotten"
