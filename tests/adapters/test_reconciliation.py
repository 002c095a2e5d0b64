"""Every provider through its sandbox: what reconciliation sees when all is well, when somebody changed the order there,
when it is gone, and when the provider is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from stampcard import AsyncTill, Comparison, EntryKind, InDoubtError, Site, Till
from stampcard.model import Basket as Goods
from stampcard.model import Line, Money, Tender, TenderKind, Totals
from stampcard.reconciliation import ReconciliationReport
from stampcard.testing import Clock, Drop, Faults, ModelTransport, Refuse, Status, When
from stampcard.wire import Request, Response
from stampcard_adapters.kibo import CancelReason, Shipping
from stampcard_adapters.sandbox.kalixo import KalixoModel
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.testing import kalixo, kibo, kigo, sessionm, spendgo

HERE = Site(store="0042", register="7")
ID = "0042-7-20261122-000417"


class Console:
    """A provider's model whose orders somebody can alter, or lose, where its own console would not let us."""

    def __init__(self, model: Any, names: Any) -> None:
        self.model, self._names = model, names
        self.instead: dict[str, Any] = {}
        """Field of an order -> what is shown in its place."""
        self.seen: list[str | None] = []
        """Which calls arrived."""

    def handle(self, request: Request, /) -> Response:
        self.seen.append(self._names(request)[1])
        answer: Response = self.model.handle(request)
        if request.method != "GET" or not self.instead or answer.status != 200:
            return answer
        return Response(
            status=200, headers=answer.headers, body=json.dumps(_put(json.loads(answer.body), self.instead)).encode()
        )


def _put(node: Any, instead: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_put(item, instead) for item in node]
    if not isinstance(node, dict):
        return node
    return {  # SessionM's envelope has a `status` of its own
        name: instead[name] if name in instead and value != "ok" else _put(value, instead)
        for name, value in node.items()
    }


@attrs.define
class World:
    """One provider in process, one till on it. sell: a settled order of it, and its state."""

    console: Console
    till: Till
    verbs: Any
    sell: Callable[[World], str]
    faults: Faults
    journal: Path
    settings: Any
    clock: Clock
    wire: ModelTransport
    fresh: Callable[[], Any]

    def run(self, **how: Any) -> ReconciliationReport:
        before = len(self.console.seen)
        report = self.till.reconcile(**how)
        assert set(self.console.seen[before:]) <= {"observe", "token"}, "a reconciliation only looks"
        return report

    def kinds(self) -> list[EntryKind]:
        return [entry.kind for entry in self.verbs.history(ID)]

    def lose_everything(self) -> None:
        """The provider has never heard of any order."""
        self.console.model = self.fresh()


def _redeemed(world: World) -> str:
    books = sessionm.SessionMBooks(world.console.model)
    return str(world.verbs.redeem(ID, books.coffee, user=books.user).state)


def _bought(world: World) -> str:
    return str(world.verbs.place(ID, [kalixo.KalixoBooks(world.console.model).item(quantity=2)]).state)


def _bought_v2(world: World) -> str:
    order = world.verbs.place(ID, [kalixo.KalixoBooks(world.console.model).item(quantity=2)])
    return str(world.verbs.wait(order, within=600).state)


def _held(world: World) -> str:
    books = kibo.KiboBooks(world.console.model)
    return str(world.verbs.authorize(books.cart(ID), books.card).state)


def _created(world: World) -> str:
    _held(world)
    return str(world.verbs.create(world.verbs.get(ID), shipping=Shipping()).state)


def _linked(world: World) -> str:
    return str(world.verbs.place(ID, kigo.KigoBooks(world.console.model).product, user="u-1").state)


def _sold(world: World) -> str:
    price = Money("10.00", "USD")
    basket = Goods(lines=(Line(label="Soup", price=price),), totals=Totals(subtotal=price, total=price))
    member = spendgo.SpendgoBooks(world.console.model).member
    order = world.verbs.at(Site(store="999999")).checkout(ID, basket, buyer=member)
    order = world.verbs.place(order, tenders=[Tender(kind=TenderKind.CASH, amount=price)])
    return str(world.verbs.complete(world.verbs.bill(order)).state)


CASES: dict[str, tuple[Callable[[Clock], Any], Any, Callable[[Any], Any], Callable[[World], str]]] = {
    "sessionm": (
        lambda c: SessionMModel(clock=c),
        sessionm.names,
        lambda m: sessionm.SessionMBooks(m).provider(),
        _redeemed,
    ),
    "kalixo v1": (lambda c: KalixoModel(clock=c), kalixo.names, lambda m: kalixo.KalixoBooks(m).provider(1), _bought),
    "kalixo v2": (
        lambda c: KalixoModel(clock=c),
        kalixo.names,
        lambda m: kalixo.KalixoBooks(m).provider(2),
        _bought_v2,
    ),
    "kibo": (lambda c: KiboModel(clock=c), kibo.names, lambda m: kibo.KiboBooks(m).provider(), _created),
    "kibo hold": (lambda c: KiboModel(clock=c), kibo.names, lambda m: kibo.KiboBooks(m).provider(), _held),
    "kigo": (lambda c: KigoModel(clock=c), kigo.names, lambda m: kigo.KigoBooks(m).provider(), _linked),
    "spendgo": (lambda c: SpendgoModel(clock=c), spendgo.names, lambda m: spendgo.SpendgoBooks(m).provider(), _sold),
}
SHOWN = ("sessionm", "kalixo v1", "kalixo v2", "kibo")
"""Whose settled order can be looked at."""


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[World, None, None]:
    make, names, provider, sell = CASES[request.param]
    clock, faults = Clock(), Faults()
    console = Console(make(clock), names)
    wire = ModelTransport(console, faults, names=names, clock=clock)
    settings = provider(console.model)
    with Till(tmp_path / "pos.db", site=HERE, clock=clock, transport=wire) as till:
        yield World(
            console,
            till,
            till.use(settings),
            sell,
            faults,
            tmp_path / "pos.db",
            settings,
            clock,
            wire,
            lambda: make(clock),
        )
    assert faults.unused == ()


every = pytest.mark.parametrize("world", CASES, indirect=True)
shown = pytest.mark.parametrize("world", SHOWN, indirect=True)
unseen = pytest.mark.parametrize("world", [name for name in CASES if name not in SHOWN], indirect=True)


@shown
def test_what_the_provider_shows_as_we_have_it_agrees_and_writes_nothing(world: World) -> None:
    world.sell(world)
    before = world.kinds()
    for _ in range(2):
        report = world.run()
        assert (report.agreed, report.differing, report.unknown, report.complete) == (1, (), (), True)
    assert world.kinds() == before


@unseen
def test_what_the_api_does_not_show_is_unknown_for_a_reason_and_for_good(world: World) -> None:
    world.sell(world)
    report = world.run()
    [untold] = report.unknown
    assert (untold.count, untold.examples, untold.again) == (1, (ID,), False)
    assert untold.why.strip()
    assert (report.agreed, report.differing, report.complete) == (0, (), True)
    assert world.kinds()[-1] is EntryKind.ACCEPTED


TAMPERED = {
    "sessionm": [{"status": "rejected"}, {"status": "redemption_error"}, {"points": 700}, {"quantity": 9}],
    "kalixo v1": [{"orderStatus": "cancelled"}, {"orderStatus": "lost"}, {"pin": [{"PIN": "1234-5678-9012"}] * 7}],
    "kalixo v2": [{"status": "failed"}, {"status": "lost"}, {"quantity": 9}, {"codes": [{"code": "1234-5678-9012"}]}],
    "kibo": [{"orderStatus": "CANCELED"}, {"orderStatus": "CANCELLED BY FIRE"}],
}


@pytest.mark.parametrize(
    ("world", "instead"), [(name, one) for name, some in TAMPERED.items() for one in some], indirect=["world"]
)
def test_what_somebody_changed_there_differs_is_kept_and_is_written_once(world: World, instead: dict[str, Any]) -> None:
    state = world.sell(world)
    before = world.kinds()
    world.console.instead = instead
    report = world.run()
    [differing] = report.differing
    assert (differing.order_id, differing.state, differing.result) == (ID, state, Comparison.DIFFERING)
    assert differing.why
    written = world.kinds()
    assert len(written) == len(before) + 1
    again = world.run()
    assert world.kinds() == written
    moved = written[-1] is EntryKind.OBSERVED
    assert (len(again.differing), again.agreed) == ((0, 1) if moved else (1, 0))
    assert moved or str(world.verbs.get(ID).state) == state


@shown
def test_an_order_that_is_gone_there_differs_once(world: World) -> None:
    state = world.sell(world)
    world.lose_everything()
    for _ in range(2):
        [differing] = world.run().differing
        assert (differing.order_id, differing.state) == (ID, state)
        assert "no such order" in differing.why
    assert world.kinds().count(EntryKind.DRIFT) == 1
    assert str(world.verbs.get(ID).state) == state


@shown
@pytest.mark.parametrize("fault", [Refuse(), Status(503), Drop(When.BEFORE)], ids=lambda fault: type(fault).__name__)
def test_a_provider_that_is_away_makes_nothing_known_and_writes_nothing(world: World, fault: Any) -> None:
    world.sell(world)
    before = world.kinds()
    world.faults.next(fault, trigger="observe")
    report = world.run()
    [untold] = report.unknown
    assert (untold.again, untold.count) == (True, 1)
    assert untold.why.startswith("could not be asked")
    assert not report.complete
    assert world.kinds() == before
    assert world.run().agreed == 1


@shown
def test_the_asynchronous_till_says_the_same(world: World) -> None:
    state = world.sell(world)

    async def run() -> ReconciliationReport:
        async with AsyncTill(world.journal, site=HERE, clock=world.clock, transport=world.wire) as till:
            till.use(world.settings)
            return await till.reconcile()

    assert asyncio.run(run()) == world.run()
    assert state


@pytest.mark.parametrize("world", ["kibo hold"], indirect=True)
class TestKibo:
    def test_an_order_made_of_a_hold_that_we_know_nothing_of_differs(self, world: World) -> None:
        world.sell(world)
        world.console.model.handle = _also(world.console.model.handle)
        [differing] = world.run().differing
        assert "created" in differing.why

    def test_holds_nobody_answered_for_are_listed_until_they_end(self, world: World) -> None:
        books = kibo.KiboBooks(world.console.model)
        world.faults.next(Drop(When.AFTER), trigger="authorize")
        with pytest.raises(InDoubtError):
            world.verbs.authorize(books.cart(ID), books.card)
        [open_one] = world.run().unsettled
        assert "authorize" in open_one.why
        world.clock.pass_(seconds=300)
        order = world.verbs.authorize(books.cart(ID), books.card, again=True)
        report = world.run()
        [hold] = report.possible_holds
        [possible] = order.possible
        assert (hold.order_id, hold.until, hold.trigger) == (ID, possible.until, "authorize")
        assert report.tallies[0].possible_holds == 1
        world.clock.pass_(seconds=timedelta(days=8).total_seconds())
        assert world.run().possible_holds == ()


def _also(handle: Callable[[Any], Response]) -> Callable[[Any], Response]:
    """The provider, with an order under every id."""

    def answer(request: Any) -> Response:
        if request.method == "GET" and "/order/" in request.target:
            number = request.target.rsplit("/", 1)[-1]
            body = json.dumps({"orderID": int(number), "orderStatus": "READY"}).encode()
            return Response(status=200, headers={"content-type": "application/json"}, body=body)
        return handle(request)

    return answer


@pytest.mark.parametrize("world", ["kibo"], indirect=True)
def test_a_cancelled_order_agrees_when_it_is_cancelled_there(world: World) -> None:
    world.sell(world)
    world.verbs.cancel(world.verbs.get(ID), reason=CancelReason.CHANGED_MIND)
    assert world.run().agreed == 1


@pytest.mark.parametrize("world", ["kalixo v2"], indirect=True)
class TestKalixo:
    def test_an_order_that_was_declined_and_is_not_there_agrees(self, world: World) -> None:
        item = kalixo.KalixoBooks(world.console.model).item(quantity=2)
        with pytest.raises(Exception, match="price"):
            world.verbs.place(ID, [attrs.evolve(item, price=Money("0.01", "GBP"))])
        assert world.run().agreed == 1

    def test_an_order_that_was_dropped_and_is_there_differs(self, world: World) -> None:
        item = kalixo.KalixoBooks(world.console.model).item(quantity=2)
        with pytest.raises(Exception, match="price"):
            world.verbs.place(ID, [attrs.evolve(item, price=Money("0.01", "GBP"))])
        world.verbs.abandon(ID)
        with Till(":memory:", site=HERE, clock=world.clock, transport=world.wire) as other:
            other.use(world.settings).place(ID, [item])
        [differing] = world.run().differing
        assert differing.state == "abandoned"

    def test_an_order_under_way_is_followed_to_where_the_provider_has_it(self, world: World) -> None:
        world.verbs.place(ID, [kalixo.KalixoBooks(world.console.model).item("KTEST-SLOW")])
        assert world.run().agreed == 1
        world.clock.pass_(seconds=60)
        report = world.run()
        [followed] = report.followed
        assert (followed.state, report.differing) == ("processing", ())
        assert world.kinds()[-1] is EntryKind.OBSERVED
        assert str(world.verbs.get(ID).state) == "completed"
        assert world.run().followed == ()


@pytest.mark.parametrize("world", ["sessionm"], indirect=True)
class TestSessionM:
    def test_an_approval_given_there_is_followed(self, world: World) -> None:
        books = sessionm.SessionMBooks(world.console.model)
        world.verbs.redeem(ID, books.card, user=books.user)
        world.console.model.approve(ID)
        assert len(world.run().followed) == 1
        assert str(world.verbs.get(ID).state) == "approved"

    def test_an_order_whose_customer_was_erased_is_not_asked_for(self, world: World) -> None:
        world.sell(world)
        assert world.till.forget(sessionm.SessionMBooks(world.console.model).user.value, provider="sessionm")
        [untold] = world.run().unknown
        assert "erased" in untold.why
