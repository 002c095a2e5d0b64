"""What goes out: the recorded calls byte for byte, exact money, the discount of each stage."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.adapters.spendgo import orders as o

from stampcard.commands import Bill, Complete, PurchaseCommand, Refund, Void
from stampcard.errors import ConfigurationError
from stampcard.model import GUEST, Basket, Handover, Line, Member, Money, Reward, Site, Tender, TenderKind, Totals
from stampcard.wire import Json, JsonView
from stampcard_adapters.spendgo import SpendgoOrder

SAMPLES = Path(__file__).parents[1] / "samples" / "spendgo"
CALLS = sorted(p.parent for p in SAMPLES.glob("*/request.txt"))


def sent(order: SpendgoOrder, command: PurchaseCommand, **switches: Any) -> JsonView:
    return JsonView.parse(o.adapter(**switches).request(order, command).body)


def used(name: str | None) -> Reward | None:
    return {None: None, "plain": o.reward(), "points": o.POINTS}[name]


@pytest.mark.parametrize("case", CALLS, ids=lambda p: p.name)
def test_every_stage_is_the_recorded_call_byte_for_byte(case: Path) -> None:
    about = json.loads((case / "case.json").read_text())
    order, command = o.step(about["trigger"], using=used(about["reward"]), buyer=GUEST if about["guest"] else o.MEMBER)
    for _ in range(2):  # pure: the same input gives the same bytes
        request = o.adapter().request(order, command)
        assert f"{request.method} {request.target}\n\n".encode() + request.body == (case / "request.txt").read_bytes()
        assert request.headers == {"Content-Type": "application/json"}


@pytest.mark.parametrize("trigger", o.TRIGGERS)
def test_no_secret_is_in_a_request(trigger: str) -> None:
    request = o.adapter().request(*o.step(trigger))
    for secret in ("a-top-secret", "an-api-key-0001"):
        assert secret not in repr(request)
        assert secret.encode() not in request.body


def test_a_delivered_catering_order_carries_everything_the_sheet_lists() -> None:
    body = sent(o.order(), o.checkout(basket=o.DELIVERY))
    assert body["rendition"].text() == "delivery"
    assert body["type"].text() == "catering"
    assert body["wanted"].text() == "2026-11-22T18:30:00Z"
    assert body["address"].raw() == {
        "street": "1 Main St",
        "cross": "Oak",
        "city": "Springfield",
        "code": "01101",
        "region": "MA",
        "country": "USA",
    }
    amounts = [body[name].number() for name in ("subtotal", "tax", "tip", "delivery", "discount", "total")]
    assert amounts == [Decimal(a) for a in ("12", "0.10", "1", "2.50", "2", "13.60")]


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_money_has_exactly_the_currencys_decimals(currency: str) -> None:
    places = {"USD": 2, "JPY": 0, "KWD": 3}[currency]
    whole = Money(5, currency)
    basket = Basket(lines=(Line(label="x", price=whole),), totals=Totals(subtotal=whole, total=whole))
    body = o.adapter().request(o.order(), o.checkout(basket=basket)).body
    written = "5" + ("." + "0" * places if places else "")
    assert f'"subtotal":{written},"total":{written},'.encode() in body
    assert f'"cost":{written}'.encode() in body


class TestTheDiscountOfEachStage:
    def test_checkout_projects_the_rewards_value_and_takes_it_off(self) -> None:
        body = sent(o.order(), o.checkout(using=o.reward()))
        assert body["basket"]["rewards"][0]["discount"].number() == 5
        assert [body["discount"].number(), body["total"].number()] == [5, Decimal("7.10")]

    def test_checkout_adds_it_to_the_tills_own_discount(self) -> None:
        body = sent(o.order(), o.checkout(using=o.reward(), basket=o.DELIVERY))
        assert [body["discount"].number(), body["total"].number()] == [7, Decimal("8.60")]

    def test_the_tills_projection_goes_before_the_rewards_value(self) -> None:
        body = sent(o.order(), o.checkout(using=o.POINTS, projected=o.usd("3.25")))
        assert body["basket"]["rewards"][0]["discount"].number() == Decimal("3.25")

    def test_a_reward_without_a_value_projects_nothing(self) -> None:
        body = sent(o.order(), o.checkout(using=o.reward(value=None)))
        assert body["basket"]["rewards"][0]["discount"].number() == 0

    def test_more_than_the_basket_is_never_projected(self) -> None:
        body = sent(o.order(), o.checkout(using=o.POINTS, basket=o.DELIVERY))
        assert body["basket"]["rewards"][0]["discount"].number() == 10

    @pytest.mark.parametrize("trigger", ["place", "bill", "complete", "void", "refund"])
    def test_later_stages_carry_the_validated_one(self, trigger: str) -> None:
        body = sent(*o.step(trigger, using=o.reward(value=o.usd("9"))))
        assert body["basket"]["rewards"][0]["discount"].number() == 5
        assert [body["discount"].number(), body["total"].number()] == [5, Decimal("7.10")]

    def test_a_points_reward_may_take_less_and_it_stays_so(self) -> None:
        placed, totals = o.at("checkout", using=o.POINTS), o.BASKET.totals.discounted(o.usd("2"))
        command = o.place(totals, reward_discount=o.usd("2"))
        assert sent(placed, command)["basket"]["rewards"][0]["discount"].number() == 2
        placed = o.after(placed, command, o.ok("placed"))
        bill = Bill(tenders=(o.CARD,), totals=totals)
        assert sent(placed, bill)["basket"]["rewards"][0]["discount"].number() == 2
        billed = o.after(placed, bill, o.ok("billed"))
        for last in (Complete(), Void()):
            assert sent(billed, last)["basket"]["rewards"][0]["discount"].number() == 2


class TestTenders:
    CASH = Tender(kind=TenderKind.CASH, amount=o.usd("5"))

    def payments(self, *tenders: Tender, **switches: Any) -> Json:
        return sent(o.at("checkout"), o.place(o.BASKET.totals, tenders), **switches)["payments"].raw()

    def test_one_is_an_object_and_several_are_an_array(self) -> None:
        assert self.payments(self.CASH) == {"tender": "cash", "amount": Decimal("5.00")}
        assert self.payments(self.CASH, o.CARD) == [
            {"tender": "cash", "amount": Decimal("5.00")},
            {"tender": "credit", "issuer": "visa", "suffix": "4242", "amount": Decimal("7.10")},
        ]

    def test_the_switch_makes_one_an_array_too(self) -> None:
        assert self.payments(self.CASH, payments_as_array=True) == [{"tender": "cash", "amount": Decimal("5.00")}]

    def test_a_void_straight_from_checkout_sends_what_is_known(self) -> None:
        body = sent(o.at("checkout", using=o.reward()), Void(why="gone"))
        assert not body["payments"].there
        assert [body["discount"].number(), body["total"].number()] == [5, Decimal("7.10")]


def test_a_refund_names_the_transaction_when_it_is_known_and_goes_without_when_not() -> None:
    completed = o.at("completed")
    assert sent(completed, Refund())["transaction"].text() == "5961839"
    nameless = attrs.evolve(completed, facts=attrs.evolve(completed.facts, transaction_id=None))
    assert not sent(nameless, Refund())["transaction"].there
    assert not sent(o.at("billed"), Void())["transaction"].there


def test_half_a_surrogate_pair_does_not_stop_a_sale() -> None:
    line = Line(label="caf\udce9", price=o.usd("12"))
    assert sent(o.order(), o.checkout(basket=attrs.evolve(o.BASKET, lines=(line,))))["basket"].there


class TestLocalRefusals:
    def codes(self, order: SpendgoOrder, command: PurchaseCommand) -> list[str]:
        return [refusal.code for refusal in o.adapter().check(order, command)]

    @pytest.mark.parametrize("trigger", o.TRIGGERS)
    def test_a_sound_step_has_none(self, trigger: str) -> None:
        assert self.codes(*o.step(trigger, using=o.reward())) == []

    @pytest.mark.parametrize("name", ["", "..", "guest", "GUEST", "0", "a\nb"])
    def test_an_id_that_is_no_members(self, name: str) -> None:
        member = Member(id=name, provider="spendgo", status="Active")
        assert self.codes(o.order(), o.checkout(buyer=member)) == ["buyer.not_ours"]

    def test_all_are_told_together(self) -> None:
        assert o.DELIVERY.deliver_to is not None
        assert o.DELIVERY.wanted_at is not None
        basket = attrs.evolve(
            o.DELIVERY,
            handover=Handover.DELIVERY,
            wanted_at=o.DELIVERY.wanted_at.replace(tzinfo=None),
            deliver_to=attrs.evolve(o.DELIVERY.deliver_to, country="US"),
        )
        command = o.checkout(
            basket=basket,
            buyer=attrs.evolve(o.MEMBER, provider="kigo"),
            using=o.reward(value=Money(5, "EUR")),
            projected=o.usd("-1"),
        )
        elsewhere = attrs.evolve(o.order(), site=Site(store="9999"))
        assert self.codes(elsewhere, command) == [
            "store.unmapped",
            "buyer.not_ours",
            "basket.wanted_at_naive",
            "address.country",
            "reward.negative",
            "reward.currency",
        ]

    def test_an_order_whose_basket_is_not_known(self) -> None:
        assert self.codes(o.order(), Complete()) == ["order.incomplete"]
        with pytest.raises(ValueError, match="never priced"):
            o.adapter().request(o.order(), Complete())

    def test_a_store_without_a_code_reaches_no_call(self) -> None:
        with pytest.raises(ConfigurationError, match="store code"):
            o.adapter().request(attrs.evolve(o.order(), site=Site(store="9999")), o.checkout())
