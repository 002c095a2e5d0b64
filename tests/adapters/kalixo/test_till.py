"""A till at Kalixo's sandbox, both versions: codes bought once, whatever is lost on the way, and kept nowhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from stampcard import (
    ConflictError,
    DeclinedError,
    EntryKind,
    FulfilmentState,
    InDoubtError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    Site,
    StampcardError,
    Till,
    UnavailableError,
    UnknownOrderError,
    UnsupportedError,
)
from stampcard.model import Money, Secret
from stampcard.testing import Clock, Crash, Drop, Faults, Garbage, Late, ModelTransport, Refuse, Status, When, crash_at
from stampcard.till import AsyncTill
from stampcard_adapters.kalixo import GiftCode, Item, Kalixo, KalixoKeys, KalixoOrder, KalixoTill
from stampcard_adapters.sandbox.kalixo import KalixoModel, Product
from stampcard_adapters.sandbox.kalixo import Switches as SandboxSwitches
from stampcard_adapters.testing.kalixo import KalixoBooks, names

ID = "0042-7-20261122-000417"
HERE = Site(store="0042", register="7")
WHOLE = Money("5000", "GBP")


def gbp(amount: str) -> Money:
    return Money(amount, "GBP")


class World:
    """One till and one Kalixo, in process, on one clock."""

    def __init__(self, journal: Path, version: Any, switches: SandboxSwitches | None = None, **own: Any) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.model = KalixoModel(switches=switches, clock=self.clock)
        self.books = KalixoBooks(self.model)
        self.journal, self.version = journal, version
        self.tills: list[Till] = []
        self.kalixo = self.use(**own)

    def transport(self) -> ModelTransport:
        return ModelTransport(self.model, self.faults, names=names, clock=self.clock)

    def use(self, settings: Kalixo | None = None, **switches: Any) -> KalixoTill:
        """Another till on the same journal."""
        till = Till(self.journal, site=HERE, clock=self.clock, transport=self.transport())
        self.tills.append(till)
        return till.use(settings or self.books.provider(self.version, **switches)).by("anna")

    def close(self) -> None:
        for till in self.tills:
            till.close()
        assert self.model.unbalanced() == ()
        assert self.faults.unused == ()

    def kinds(self, order_id: str = ID) -> list[EntryKind]:
        return [entry.kind for entry in self.kalixo.history(order_id)]

    def bought_once(self, amount: str, order_id: str = ID) -> None:
        """The account paid exactly this, for one order."""
        assert self.model.orders() == (order_id,)
        assert self.books.balance() == WHOLE - gbp(amount)


Open = Callable[..., World]


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[Open]:
    worlds: list[World] = []

    def opened(version: int = 2, switches: SandboxSwitches | None = None, **own: Any) -> World:
        worlds.append(World(tmp_path / f"{len(worlds)}.db", version, switches, **own))
        return worlds[-1]

    yield opened
    for world in worlds:
        world.close()


def pins(codes: tuple[GiftCode, ...]) -> tuple[str, ...]:
    return tuple(code.pin.reveal() for code in codes)


class TestASale:
    def test_v1_gives_the_codes_while_one_waits(self, open_world: Open) -> None:
        world = open_world(1)
        order = world.kalixo.place(ID, [world.books.item(quantity=2)], ticket="417")
        assert order.state is FulfilmentState.COMPLETED
        assert (order.facts.kalixo_id, order.cashier) == ("59400", "Ready to hand over.")
        assert order.facts.delivered is not None
        assert order.facts.delivered.whole
        codes = world.kalixo.reveal(order, why="receipt")
        assert pins(codes) == world.books.codes(ID)
        assert [code.product_id for code in codes] == ["9001", "9001"]
        world.bought_once("20")

    def test_v2_promises_them_and_is_waited_for(self, open_world: Open) -> None:
        world = open_world(2)
        began = world.clock()
        order = world.kalixo.place(ID, [world.books.item("KTEST-SLOW")])
        assert order.state is FulfilmentState.PROCESSING
        assert order.facts.ready_at is not None
        assert (order.facts.ready_at - began).total_seconds() == 10.0
        with pytest.raises(NotAllowedError) as caught:
            world.kalixo.reveal(order, why="receipt")
        assert caught.value.code == "reveal.nothing"
        done = world.kalixo.wait(order, within=60.0)
        assert (world.clock() - began).total_seconds() == 10.0  # one look, when it said
        assert done.state is FulfilmentState.COMPLETED
        assert pins(world.kalixo.reveal(done, why="receipt")) == world.books.codes(ID)
        world.bought_once("10")

    @pytest.mark.parametrize("version", [1, 2])
    def test_showing_a_code_is_written_down_and_the_code_is_not(self, open_world: Open, version: int) -> None:
        world = open_world(version)
        order = world.kalixo.wait(world.kalixo.place(ID, [world.books.item()]), within=60.0)
        world.kalixo.by("ben").reveal(order, why="printed again")
        last = world.kalixo.history(ID)[-1]
        assert (last.kind, last.by, last.why) == (EntryKind.REVEALED, "ben", "printed again")
        order = world.kalixo.get(ID)
        assert order.state is FulfilmentState.COMPLETED
        assert len(world.kalixo.reveal(order, why="and again")) == 1

    @pytest.mark.parametrize("version", [1, 2])
    def test_the_same_sale_again_is_the_recorded_answer(self, open_world: Open, version: int) -> None:
        world = open_world(version)
        items = [world.books.item(quantity=2)]
        world.kalixo.place(ID, items, why="gift")
        again = world.kalixo.place(ID, items, why="tapped twice")
        assert again.replayed
        with pytest.raises(ConflictError):
            world.kalixo.place(ID, [world.books.item()])
        world.bought_once("20")

    def test_v2_may_deliver_in_part_and_that_is_final(self, open_world: Open) -> None:
        """Trap 15."""
        world = open_world(2)
        order = world.kalixo.wait(world.kalixo.place(ID, [world.books.item("KTEST-PARTIAL", 3)]), within=60.0)
        assert order.state is FulfilmentState.PARTIALLY_COMPLETED
        assert order.final
        got = order.facts.delivered
        assert got is not None
        assert (got.units, got.ordered, got.whole) == (2, 3, False)
        assert len(world.kalixo.reveal(order, why="receipt")) == 2
        world.bought_once("20")

    def test_v1_has_no_word_for_a_part_but_is_counted(self, open_world: Open) -> None:
        world = open_world(1)
        order = world.kalixo.place(ID, [world.books.item("KTEST-PARTIAL", 3)])
        assert order.state is FulfilmentState.REQUESTED
        order = world.kalixo.observe(order)
        assert order.state is FulfilmentState.COMPLETED
        assert order.facts.delivered is not None
        assert not order.facts.delivered.whole

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_failed_order_says_so_and_costs_nothing(self, open_world: Open, version: int) -> None:
        world = open_world(version)
        order = world.kalixo.wait(world.kalixo.place(ID, [world.books.item("KTEST-FAIL")]), within=60.0)
        assert order.state is FulfilmentState.FAILED
        assert order.facts.delivered is None
        assert (order.facts.reason is not None) == (version == 2)
        with pytest.raises(NotAllowedError):
            world.kalixo.reveal(order, why="receipt")
        assert world.books.balance() == WHOLE

    @pytest.mark.parametrize("word", ["cancelled", "error", "failed", "completed"])
    def test_v1s_six_words_are_followed(self, open_world: Open, word: Any) -> None:
        world = open_world(1)
        world.model.hold("requested")
        order = world.kalixo.place(ID, [world.books.item()])
        assert order.state is FulfilmentState.REQUESTED
        world.model.move(ID, "processing")
        order = world.kalixo.observe(order)
        assert order.state is FulfilmentState.PROCESSING
        world.model.move(ID, word)
        assert world.kalixo.observe(order).state == FulfilmentState(word)

    def test_money_of_every_exponent(self, open_world: Open) -> None:
        world = open_world(2)
        for n, (currency, price) in enumerate((("JPY", "1000"), ("KWD", "5.250"), ("USD", "25.00"))):
            before = world.books.balance(currency)
            [product] = [p for p in world.kalixo.products() if p.price == Money(price, currency)]
            world.kalixo.wait(world.kalixo.place(f"A-{n}", [product.buy(2)]), within=60.0)
            assert before - world.books.balance(currency) == Money(price, currency) * 2


class TestTheProvidersNo:
    @pytest.mark.parametrize("version", [1, 2])
    @pytest.mark.parametrize(
        ("item", "code", "status"),
        [
            (Item(product_id=404, sku="GB-EN-404", price=gbp("1")), "product.unknown", 404),
            (Item(product_id=9001, sku="KTEST-OK", price=gbp("9.99")), "product.price_changed", 400),
            (Item(product_id=9001, sku="KTEST-OK", price=Money(10, "EUR")), "product.currency", 400),
            (Item(product_id=9002, sku="KTEST-OPEN", price=gbp("4")), "product.price_too_low", 400),
            (Item(product_id=9002, sku="KTEST-OPEN", price=gbp("201")), "product.price_too_high", 400),
            (Item(product_id=8, sku="GB-EN-4251604100088", price=gbp("25")), "product.unavailable", 422),
            (Item(product_id=9001, sku="KTEST-OK", price=gbp("10"), quantity=501), "account.limit", 422),
        ],
    )
    def test_has_a_stable_code(self, open_world: Open, version: int, item: Item, code: str, status: int) -> None:
        world = open_world(version)
        with pytest.raises(DeclinedError) as caught:
            world.kalixo.place(ID, [item])
        assert (caught.value.code, caught.value.http_status, caught.value.next) == (code, status, Next.FIX)
        assert world.kalixo.get(ID).state is FulfilmentState.NEW
        assert world.books.balance() == WHOLE
        world.kalixo.abandon(world.kalixo.get(ID))

    def test_a_price_is_asked_for_by_v2(self, open_world: Open) -> None:
        world = open_world(2)
        with pytest.raises(DeclinedError) as caught:
            world.kalixo.place(ID, [Item(product_id=9002, sku="KTEST-OPEN"), world.books.item()])
        assert caught.value.code == "product.price_missing"

    def test_digits_alone_are_refused_before_a_call(self, open_world: Open) -> None:
        world = open_world(2)
        with pytest.raises(NotAllowedError) as caught:
            world.kalixo.place("59400", [world.books.item()])
        assert {refusal.code for refusal in caught.value.refusals} == {"order.id_repeats", "order.all_digits"}
        assert world.model.orders() == ()

    @pytest.mark.parametrize("version", [1, 2])
    def test_wrong_credentials_are_for_a_person(self, open_world: Open, version: Any) -> None:
        world = open_world(version)
        good = world.books.provider(version)
        keys = KalixoKeys(email="till@kalixo.example", password=Secret("w-canary"), api_key=Secret("kal_test_canary"))
        wrong = world.use(attrs.evolve(good, credentials=keys))
        with pytest.raises(StampcardError) as caught:
            wrong.place(ID, [world.books.item()])
        assert (caught.value.code, caught.value.next) == ("credentials.refused", Next.CALL)
        assert "canary" not in str(caught.value) + str(caught.value.as_dict())
        assert world.model.orders() == ()
        assert world.kalixo.place(ID, [world.books.item()]).facts.kalixo_id == "59400"  # it may be done now

    def test_an_account_that_may_not_order(self, open_world: Open) -> None:
        world = open_world(2)
        world.model.set_account(api_ordering=False)
        with pytest.raises(DeclinedError) as caught:
            world.kalixo.place(ID, [world.books.item()])
        assert (caught.value.code, caught.value.provider_text) == ("credentials.refused", "API ordering disabled")

    def test_a_full_minute_is_waited_out(self, open_world: Open) -> None:
        world = open_world(2, SandboxSwitches(rate_limit=2))
        world.kalixo.ping()
        world.clock.pass_(seconds=20)
        world.kalixo.ping()
        with pytest.raises(UnavailableError) as caught:
            world.kalixo.place(ID, [world.books.item()])
        assert (caught.value.reason, caught.value.retry_after) == ("rate_limit", 40.0)
        world.clock.pass_(seconds=40)
        order = world.kalixo.place(ID, [world.books.item()])
        world.kalixo.ping()
        assert world.kalixo.wait(order, within=120.0).state is FulfilmentState.COMPLETED

    def test_the_seeds_total_is_sent_only_where_that_is_switched_on(self, open_world: Open) -> None:
        """Trap 3: 43.98 is not 32.99 + 8.39, and v1 may not look."""
        world = open_world(1)
        sample = [world.books.item("GB-EN-4251604177278"), world.books.item("GB-EN-4251604133182")]
        with pytest.raises(NotAllowedError) as caught:
            world.kalixo.place(ID, sample, total=gbp("43.98"))
        assert caught.value.code == "items.do_not_sum"
        lenient = world.use(total_as_given=True)
        assert lenient.place(ID, sample, total=gbp("43.98")).state is FulfilmentState.COMPLETED
        assert world.kalixo.place(ID, sample, total=gbp("43.98")).replayed  # the switch is no part of the wish
        world.bought_once("41.38")


class TestALostReply:
    def test_v2_is_looked_up_and_never_bought_twice(self, open_world: Open) -> None:
        world = open_world(2)
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        order = world.kalixo.recover(ID, within=30.0)
        assert order.state is FulfilmentState.COMPLETED
        assert order.facts.kalixo_id == "59400"
        assert len(world.kalixo.reveal(order, why="receipt")) == 1
        world.bought_once("10")

    def test_v2_finds_an_order_that_went_further_than_placing_leads(self, open_world: Open) -> None:
        world = open_world(2)
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item("KTEST-PARTIAL", 2)])
        order = world.kalixo.recover(ID, within=30.0)
        assert order.state is FulfilmentState.PROCESSING
        assert world.kalixo.wait(order, within=5.0).state is FulfilmentState.PARTIALLY_COMPLETED

    def test_v2_that_never_arrived_is_sent_again_only_when_nothing_can_land_any_more(self, open_world: Open) -> None:
        world = open_world(2)
        world.faults.next(Drop(When.BEFORE), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        with pytest.raises(InDoubtError):
            world.kalixo.recover(ID, within=30.0)
        assert world.model.orders() == ()
        order = world.kalixo.recover(ID, within=300.0)
        assert order.state is FulfilmentState.PROCESSING
        world.bought_once("10")

    def test_v2_that_lands_late_is_found_and_not_doubled(self, open_world: Open) -> None:
        world = open_world(2)
        world.faults.next(Late(), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        with pytest.raises(InDoubtError):
            world.kalixo.recover(ID, within=30.0)
        world.faults.land()
        assert world.kalixo.recover(ID, within=30.0).state is FulfilmentState.COMPLETED
        world.bought_once("10")

    @pytest.mark.parametrize("outage", ["processing", "creation", "internal"])
    def test_v2s_outages_are_doubt_that_heals(self, open_world: Open, outage: Any) -> None:
        world = open_world(2)
        world.model.break_down(outage)
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        world.kalixo.wait(world.kalixo.recover(ID, within=600.0), within=60.0)
        world.bought_once("10")

    @pytest.mark.parametrize("duplicate", ["conflict", "refused"])
    def test_v2_that_refuses_a_code_it_knows_is_looked_up(self, open_world: Open, duplicate: Any) -> None:
        """Trap 1: the code was used, by a request that nobody here heard the answer of."""
        world = open_world(2, SandboxSwitches(v2_duplicate=duplicate))
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.use().place(ID, [world.books.item()])
        other = Till(":memory:", site=HERE, clock=world.clock, transport=world.transport())
        world.tills.append(other)
        kalixo = other.use(world.books.provider(2))
        with pytest.raises(InDoubtError):  # this journal's first send is told no, which may mean "already"
            kalixo.place(ID, [world.books.item()])
        assert kalixo.recover(ID, within=30.0).facts.kalixo_id == "59400"
        world.bought_once("10")

    def test_v2_with_other_goods_under_our_code_is_for_a_person(self, open_world: Open) -> None:
        world = open_world(2)
        other = Till(":memory:", site=HERE, clock=world.clock, transport=world.transport())
        world.tills.append(other)
        other.use(world.books.provider(2)).place(ID, [world.books.item(quantity=5)])
        world.model.orders()
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        with pytest.raises(NeedsHumanError) as caught:
            world.kalixo.recover(ID, within=30.0)
        assert ID in caught.value.check
        world.bought_once("50")

    def test_v1_is_sent_the_same_code_again(self, open_world: Open) -> None:
        world = open_world(1, SandboxSwitches(v1_duplicate="existing"))
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        order = world.kalixo.recover(ID, within=30.0)
        assert (order.state, order.facts.kalixo_id) == (FulfilmentState.COMPLETED, "59400")
        world.bought_once("10")

    def test_v1_that_never_arrived_is_bought_by_the_repeat(self, open_world: Open) -> None:
        world = open_world(1)
        world.faults.next(Drop(When.BEFORE), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        assert world.kalixo.recover(ID, within=30.0).state is FulfilmentState.COMPLETED
        world.bought_once("10")

    @pytest.mark.parametrize("duplicate", ["conflict", "refused"])
    def test_v1_that_says_already_without_a_number_is_for_a_person(self, open_world: Open, duplicate: Any) -> None:
        """Trap 2."""
        world = open_world(1, SandboxSwitches(v1_duplicate=duplicate))
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        with pytest.raises(NeedsHumanError) as caught:
            world.kalixo.recover(ID, within=30.0)
        assert caught.value.next is Next.CALL
        assert ID in caught.value.check
        assert world.kalixo.get(ID).state is FulfilmentState.NEW
        world.bought_once("10")

    def test_v1_is_not_sent_again_where_that_is_switched_off(self, open_world: Open) -> None:
        world = open_world(1, resend_v1=False)
        world.faults.next(Drop(When.BEFORE), trigger="place")
        with pytest.raises(InDoubtError):
            world.kalixo.place(ID, [world.books.item()])
        with pytest.raises(NeedsHumanError):
            world.kalixo.recover(ID, within=600.0)
        assert world.model.orders() == ()

    @pytest.mark.parametrize("version", [1, 2])
    @pytest.mark.parametrize("point", ["intent", "sent", "read", "outcome"])
    def test_a_till_that_dies_buys_once(self, open_world: Open, version: int, point: Any) -> None:
        world = open_world(version, SandboxSwitches(v1_duplicate="existing"))
        with crash_at(point), pytest.raises(Crash):
            world.kalixo.place(ID, [world.books.item()])
        world.tills[0].close()
        survivor = world.use()
        world.clock.pass_(minutes=10)
        order = survivor.wait(survivor.recover(ID, within=300.0), within=60.0)
        assert order.state is FulfilmentState.COMPLETED
        world.kalixo = survivor
        world.bought_once("10")

    @pytest.mark.parametrize("version", [1, 2])
    def test_no_connection_is_no_doubt(self, open_world: Open, version: int) -> None:
        world = open_world(version)
        world.faults.next(Refuse(), trigger="place")
        with pytest.raises(UnavailableError):
            world.kalixo.place(ID, [world.books.item()])
        world.kalixo.wait(world.kalixo.place(ID, [world.books.item()]), within=60.0)
        world.bought_once("10")

    def test_a_login_that_is_lost_is_no_doubt(self, open_world: Open) -> None:
        for fault in (Drop(When.AFTER), Status(500), Garbage()):
            world = open_world(1)
            world.faults.next(fault, trigger="token")
            with pytest.raises(UnavailableError):
                world.kalixo.place(ID, [world.books.item()])
            assert world.model.orders() == ()
            assert world.kalixo.place(ID, [world.books.item()]).state is FulfilmentState.COMPLETED

    @pytest.mark.parametrize("refresh", ["reusable", "once", "kept"])
    def test_v1s_tokens_are_renewed_over_days(self, open_world: Open, refresh: Any) -> None:
        world = open_world(1, SandboxSwitches(v1_refresh=refresh))
        for n in range(6):
            order = world.kalixo.place(f"A-{n}", [world.books.item()])
            assert order.state is FulfilmentState.COMPLETED
            world.clock.pass_(hours=3)
            if n == 3:
                world.model.end_tokens(refresh=True)


class TestLooking:
    @pytest.mark.parametrize("fault", [Refuse(), Drop(When.AFTER), Status(502), Garbage()])
    def test_a_look_that_fails_changes_nothing(self, open_world: Open, fault: Any) -> None:
        world = open_world(2)
        order = world.kalixo.place(ID, [world.books.item()])
        world.faults.next(fault, trigger="observe")
        with pytest.raises(UnavailableError):
            world.kalixo.observe(order)
        assert world.kalixo.get(ID) == order
        assert world.kalixo.observe(order).state is FulfilmentState.COMPLETED

    def test_waiting_ends_when_its_time_is_up(self, open_world: Open) -> None:
        world = open_world(2)
        world.model.hold()
        order = world.kalixo.place(ID, [world.books.item()])
        began = world.clock()
        assert world.kalixo.wait(order, within=300.0).state is FulfilmentState.PROCESSING
        assert (world.clock() - began).total_seconds() == 300.0
        looks = [kind for kind in world.kinds() if kind is EntryKind.OBSERVED]
        assert len(looks) <= 1  # what is not new is not written again

    def test_codes_that_have_become_fewer_are_not_shown(
        self, open_world: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = open_world(2)
        order = world.kalixo.wait(world.kalixo.place(ID, [world.books.item(quantity=2)]), within=60.0)
        true = world.model.order(ID)
        short = attrs.evolve(true, codes=(true.codes[0][:1],))
        monkeypatch.setattr("stampcard_adapters.sandbox.kalixo.orders.Orders.by_code", lambda *_: short)
        with pytest.raises(NeedsHumanError):
            world.kalixo.reveal(order, why="receipt")
        assert world.kinds()[-1] is EntryKind.DRIFT

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_lost_look_at_the_codes_shows_none(self, open_world: Open, version: int) -> None:
        world = open_world(version)
        order = world.kalixo.wait(world.kalixo.place(ID, [world.books.item()]), within=60.0)
        world.faults.next(Drop(When.AFTER), trigger="observe")
        with pytest.raises(UnavailableError):
            world.kalixo.reveal(order, why="receipt")
        assert world.kinds()[-1] is not EntryKind.REVEALED

    def test_an_order_nobody_placed_is_unknown(self, open_world: Open) -> None:
        world = open_world(2)
        order = world.kalixo.place(ID, [world.books.item()])
        strange = attrs.evolve(order, id="B-1", state=FulfilmentState.COMPLETED)
        with pytest.raises(UnknownOrderError):
            world.kalixo.reveal(strange, why="receipt")


class TestQuestions:
    @pytest.mark.parametrize("version", [1, 2])
    def test_the_catalogue_from_its_first_product_on(self, open_world: Open, version: int) -> None:
        """Trap 13."""
        world = open_world(version)
        for n in range(1, 251):
            row = Product(id=20_000 + n, sku=f"FR-FR-{n}", currency="EUR", price=n, name=f"Carte {n}")
            world.model.put_product(row)
        found = world.kalixo.products()
        assert [p.id for p in found] == [p.id for p in world.model.products()]
        assert found[0].sku == world.model.products()[0].sku
        assert found[-1].price == Money("2.50", "EUR")
        opened = next(p for p in found if p.sku == "KTEST-OPEN")
        assert (opened.price, opened.lowest, opened.highest, opened.step) == (None, gbp("5"), gbp("200"), gbp("1"))

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_search_finds_a_sku_and_its_product_can_be_bought(self, open_world: Open, version: int) -> None:
        world = open_world(version)
        sku = "GB-EN-4251604177278"
        [product] = world.kalixo.products(search=sku)
        assert product.sku == sku
        assert [p.sku for p in world.kalixo.products(country="jp", search=sku)] == []
        assert world.kalixo.product(product.id if version == 2 else None, sku=sku) == product
        opened = world.kalixo.product(9002, sku="KTEST-OPEN")
        items = [product.buy(2), opened.buy(price=gbp("17"))]
        world.kalixo.wait(world.kalixo.place(ID, items), within=60.0)
        world.bought_once("82.98")

    def test_v1_asks_for_one_by_its_ean_too(self, open_world: Open) -> None:
        world = open_world(1)
        assert world.kalixo.product(ean="4251604177278").sku == "GB-EN-4251604177278"
        with pytest.raises(DeclinedError) as caught:
            world.kalixo.product(sku="GB-EN-0")
        assert caught.value.code == "product.unknown"

    def test_v2_shows_its_wallet_and_its_time(self, open_world: Open) -> None:
        world = open_world(2)
        world.model.top_up(Decimal("0.03"), "GBP")
        assert set(world.kalixo.wallet()) == {
            Money("5000.03", "GBP"),
            Money(5000, "USD"),
            Money(500_000, "JPY"),
            Money(500, "KWD"),
        }
        assert world.kalixo.ping() == world.clock()

    def test_what_a_version_does_not_have_is_refused_by_name(self, open_world: Open) -> None:
        one, two = open_world(1).kalixo, open_world(2).kalixo
        asked: tuple[tuple[Callable[[], object], str], ...] = (
            (one.wallet, "wallet"),
            (one.ping, "ping"),
            (lambda: one.product(1), "product by id"),
            (lambda: two.product(sku="x"), "product by sku"),
        )
        for ask, capability in asked:
            with pytest.raises(UnsupportedError) as caught:
                ask()
            assert caught.value.capability == capability


async def test_an_async_till_does_the_same(open_world: Open, tmp_path: Path) -> None:
    world = open_world(2)
    async with AsyncTill(tmp_path / "a.db", site=HERE, clock=world.clock, transport=world.transport()) as till:
        kalixo = till.use(world.books.provider(2))
        order: KalixoOrder = await kalixo.place(ID, [world.books.item()])
        order = await kalixo.wait(order, within=60.0)
        assert pins(await kalixo.reveal(order, why="receipt")) == world.books.codes(ID)
    world.bought_once("10")


@pytest.mark.parametrize("version", [1, 2])
def test_no_code_and_no_credential_leaves_but_over_the_wire(
    tmp_path: Path, version: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Trap 14: nothing shows a code, and nothing keeps one."""
    world = World(tmp_path / "pos.db", version, SandboxSwitches(v1_duplicate="existing"))
    said: list[str] = []
    with caplog.at_level(logging.NOTSET):
        kalixo = world.kalixo
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError) as doubt:
            kalixo.place(ID, [world.books.item("KTEST-PARTIAL", 2)])
        order = kalixo.wait(kalixo.recover(ID, within=30.0), within=60.0)
        codes = kalixo.reveal(order, why="receipt")
        world.faults.next(Status(500, When.AFTER), trigger="observe")
        with pytest.raises(UnavailableError) as away:
            kalixo.reveal(order, why="receipt")
        for error in (doubt.value, away.value):
            said += [str(error), repr(error), str(error.as_dict()), "".join(traceback.format_exception(error))]
        said += [repr(each) for each in (order, order.facts, codes, kalixo, world.books.provider(version))]
        said += [repr(entry) + str(entry.body) for entry in kalixo.history(ID)]
    secrets = [*world.books.codes(ID), "sandbox-kalixo-password", "kal_test_sandbox-kalixo-key", "till@kalixo.example"]
    with closing(world.tills[0]):
        said += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    said += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    said += [*capfd.readouterr()]
    said += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    text = "\n".join(said)
    assert ID in text  # the net is not empty
    assert len(world.books.codes(ID)) == 1
    for secret in secrets:
        assert secret not in text
    world.close()
