"""Orders a provider moves: reports that jump, come twice, late or backwards are folded or flagged, and none is lost.

And the rounds that ask for them: on the provider's schedule, for as long as a look can lead on.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any, ClassVar

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.step.test_recovery_pass import LOST, REFUSED, World
from tests.step.tiny import Prize, PrizeFacts, Prizes, Settings

from stampcard import FulfilmentState, Money, Site, StampcardError, Till
from stampcard.adapter import Accepted, Unknown
from stampcard.commands import Command, Item, Observe, PlaceItems
from stampcard.lifecycles import FULFILMENT
from stampcard.step import M, Step, verb
from stampcard.step.keeper import Keeper
from stampcard.step.watch import OBSERVED
from stampcard.testing import Clock
from stampcard.verbs import FulfilmentVerbs
from stampcard.wire import Response

ITEMS = (Item(price=Money("5.00", "USD")),)


class Goods(Prizes):
    """Goods delivered some time later; says any word of the lifecycle, or one of its own."""

    name = "goods"
    lifecycle = FULFILMENT  # type: ignore[assignment]
    commands = (PlaceItems, Observe)  # type: ignore[assignment]
    pauses: ClassVar[tuple[float, ...]] = (5.0, 10.0, 60.0)

    def __init__(self) -> None:
        super().__init__()
        self.policies = {"place": self.policies["redeem"], "observe": self.policies["observe"]}

    def read(self, order: Prize, command: Command, response: Response, /) -> Any:
        answer = super().read(order, command, response)
        said = response.json()["status"].text()
        if not isinstance(answer, Accepted) or said is None:
            return answer
        if said in iter(FulfilmentState):
            return Accepted(facts=answer.facts, to=FulfilmentState(said))
        return Unknown(why="odd") if isinstance(command, PlaceItems) else Accepted(facts=answer.facts, drift=said)


class GoodsVerbs(FulfilmentVerbs[M, Any]):
    @verb
    def place(self, order_id: str) -> Step[Any]:
        """Order a mug."""
        return (yield from self._open(order_id, PlaceItems(items=ITEMS, total=Money("5.00", "USD"))))


def status(word: str) -> tuple[int, dict[str, str]]:
    return 200, {"status": word}


class At:
    """A till on goods, and a keeper whose rounds the test runs."""

    def __init__(self, till: Till, goods: Any, clock: Clock, world: World) -> None:
        self.till, self.goods, self.clock, self.world = till, goods, clock, world
        self.keeper = Keeper(till._seat, till._adapters)

    def watched(self) -> tuple[str, ...]:
        return self.till._journal.watched(OBSERVED)

    def rounds(self, seconds: float) -> None:
        """Every round within that time, as the background would run them."""
        end = self.clock.monotonic() + seconds
        while True:
            agenda = self.till._runtime.drive(self.keeper.agenda())
            for errand in agenda.errands:
                self.till._runtime.drive(self.keeper.run(errand))
            if self.clock.monotonic() >= end:
                return
            if not agenda.errands:
                self.clock.pass_(seconds=min(agenda.pause, end - self.clock.monotonic()))

    def kinds(self, order_id: str = "a") -> list[str]:
        return [f"{e.kind} {e.state}" for e in self.goods.history(order_id)]


@contextlib.contextmanager
def at(world: World, journal: Any = ":memory:", *, clock: Clock | None = None, adapter: Any = None) -> Generator[At]:
    clock = clock or Clock()
    with Till(journal, site=Site(store="1"), transport=httpx.MockTransport(world.handle), clock=clock) as till:
        yield At(till, till.use(Settings(adapter or Goods(), GoodsVerbs)), clock, world)


PLACED = ["intent new", "accepted requested"]


def test_a_report_that_jumps_over_a_state_is_followed() -> None:
    with at(World(a=[status("requested"), status("completed")])) as here:
        order = here.goods.observe(here.goods.place("a"))
        assert (order.state, order.final) == (FulfilmentState.COMPLETED, True)
        assert here.kinds() == [*PLACED, "observed completed"]


def test_a_report_that_comes_twice_is_written_once() -> None:
    with at(World(a=[status("requested"), status("processing")])) as here:
        order = here.goods.place("a")
        for _ in range(3):
            order = here.goods.observe(order)
        assert here.kinds() == [*PLACED, "observed processing"]


def test_a_report_backwards_is_drift_once_however_often_it_alternates() -> None:
    said = [status(word) for word in ("requested", "processing", *("requested", "lost in the post") * 4)]
    with at(World(a=said)) as here:
        order = here.goods.place("a")
        for _ in range(9):
            order = here.goods.observe(order)
        assert order.state is FulfilmentState.PROCESSING
        drifts = [e for e in here.goods.history("a") if e.kind == "drift"]
        assert [(e.code, e.why) for e in drifts] == [
            ("observe.no_edge", "the provider says: requested"),
            ("observe.unknown", "the provider says: lost in the post"),
        ]


def test_a_report_that_comes_late_moves_nothing_back(tmp_path: Path) -> None:
    """Asked before, answered after another till has followed the provider further."""
    world = World(a=[status("requested"), status("processing"), status("completed")])
    with at(world, tmp_path / "j.db") as one, at(world, tmp_path / "j.db", clock=one.clock) as other:
        order = one.goods.place("a")
        late = world.answers["a"].pop(0)  # what the slow question is going to be told

        def overtakes() -> None:
            assert other.goods.observe(other.goods.get("a")).state is FulfilmentState.COMPLETED
            world.answers["a"].insert(0, late)

        world.meanwhile = overtakes
        assert one.goods.observe(order).state is FulfilmentState.COMPLETED
        assert one.kinds() == [*PLACED, "observed completed", "drift completed"]
        assert one.goods.history("a")[-1].why == "the provider says: processing"


_WORDS = st.sampled_from([*map(str, FulfilmentState), "on hold", "shipped?"])


@settings(deadline=None, max_examples=80)
@given(
    words=st.lists(st.one_of(_WORDS.map(status), st.sampled_from([LOST, REFUSED, (500, {}), (404, {})])), max_size=8)
)
def test_no_report_is_lost_and_none_leads_where_the_lifecycle_does_not(words: list[Any]) -> None:
    with at(World(a=[status("requested"), *words, LOST])) as here:
        order = here.goods.place("a")
        for said in words:
            before = order
            here.clock.pass_(minutes=2)  # longer than the breaker keeps anybody waiting
            with contextlib.suppress(StampcardError):
                here.goods.observe(order)
            order = here.goods.get("a")
            row = FULFILMENT.row(before.state, "observe")
            told = isinstance(said, tuple) and said[0] == 200 and not before.final
            word = said[1]["status"] if told else None
            if told and row is not None and word in map(str, row.destinations):
                assert order.state == word  # followed
            else:
                assert order.state == before.state
            if told and order.state != word:
                since = [e for e in here.goods.history("a") if e.kind == "drift" and e.state == order.state]
                assert any(e.why == f"the provider says: {word}" for e in since)  # flagged
            assert here.watched() == (() if order.final else ("a",))


# rounds


def test_what_is_not_at_rest_is_watched_until_it_is(tmp_path: Path) -> None:
    world = World(a=[status("requested"), status("processing"), status("failed")], b=[status("completed")])
    with at(world, tmp_path / "j.db") as here:
        order = here.goods.place("a")
        here.goods.place("b")
        assert here.watched() == ("a",)
        order = here.goods.observe(order)
        assert here.watched() == ("a",)
        here.goods.observe(order)
        assert here.watched() == ()


def test_rounds_follow_the_provider_on_its_own_schedule() -> None:
    world = World(a=[status("requested")])
    with at(world) as here:
        here.goods.place("a")
        began, asked = here.clock.monotonic(), list[float]()
        while here.clock.monotonic() - began < 200:
            calls = len(world.asked)
            here.rounds(0.5)
            if len(world.asked) > calls:
                asked.append(here.clock.monotonic() - began)
        assert asked == [5.0, 15.0, 75.0, 135.0, 195.0]
        world.answers["a"] = [status("processing"), status("completed")]
        here.rounds(60)
        here.rounds(6)  # a new state begins its own schedule
        assert here.goods.get("a").state is FulfilmentState.COMPLETED
        calls = len(world.asked)
        here.rounds(600)
        assert len(world.asked) == calls


def test_rounds_recover_what_is_in_doubt_when_it_is_due() -> None:
    world = World(a=[LOST, LOST, status("requested"), status("completed")])
    with at(world) as here:
        with contextlib.suppress(StampcardError):
            here.goods.place("a")
        here.rounds(0)
        assert world.asked == ["a place", "a place"]
        here.rounds(4)
        assert world.asked == ["a place"] * 3
        assert here.goods.get("a").state is FulfilmentState.REQUESTED
        here.rounds(10)
        assert here.goods.get("a").state is FulfilmentState.COMPLETED


def test_a_quiet_journal_is_asked_two_things_a_round_and_no_order_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"o{n}" for n in range(30)]
    world = World(**{name: [status("requested")] for name in names}, done=[status("completed")])
    with at(world) as here:
        for name in [*names, "done"]:
            here.goods.place(name)
        here.rounds(120)
        read: list[str] = []
        load, still = here.till._journal.load, here.till._journal.still
        monkeypatch.setattr(here.till._journal, "load", lambda one: read.append(one) or load(one))
        monkeypatch.setattr(here.till._journal, "still", lambda one: read.append(one.header.order_id) or still(one))
        here.rounds(1)
        assert read == []
        here.rounds(300)
        assert "done" not in read


def test_a_provider_that_is_away_is_asked_by_one_order_not_by_all(caplog: pytest.LogCaptureFixture) -> None:
    names = [f"o{n}" for n in range(20)]
    world = World(**{name: [status("requested"), REFUSED] for name in names})
    with at(world) as here:
        for name in names:
            here.goods.place(name)
        here.rounds(20)
        assert len(world.asked) - len(names) <= 4
        for name in names:
            world.answers[name] = [status("completed")]
        here.rounds(60)
        assert {here.goods.get(name).state for name in names} == {FulfilmentState.COMPLETED}


def test_the_rest_a_provider_asks_for_is_kept() -> None:
    world = World(a=[status("requested"), (429, {}, {"Retry-After": "100"}), status("completed")])
    with at(world) as here:
        here.goods.place("a")
        here.rounds(104)
        assert here.goods.get("a").state is FulfilmentState.REQUESTED
        here.rounds(3)
        assert here.goods.get("a").state is FulfilmentState.COMPLETED


class Resting(Goods):
    """No look is worth while once it is known to be on hold."""

    def look_after(self, order: Prize, now: Any, looks: int, /) -> float | None:
        return None if order.facts.said == "on hold" else super().look_after(order, now, looks)


def test_an_order_whose_provider_sees_no_more_use_in_looking_is_let_go_of() -> None:
    world = World(a=[status("requested"), status("on hold")])
    with at(world, adapter=Resting()) as here:
        here.goods.place("a")
        here.rounds(300)
        assert world.asked == ["a place", "a observe"]
        assert (here.watched(), here.goods.get("a").state) == ((), FulfilmentState.REQUESTED)


def test_a_watch_that_came_too_many_is_looked_at_once_and_let_go_of() -> None:
    class Wrong(Goods):
        def look_after(self, order: Prize, now: Any, looks: int, /) -> float | None:
            return None

    with at(World(a=[status("requested")])) as here:
        here.goods.place("a")
        here.till._adapters["goods", here.goods._adapter.environment] = Wrong()
        here.rounds(1)
        assert (here.watched(), here.world.asked) == ((), ["a place"])


def test_an_adapter_that_fails_is_logged_without_what_it_held_and_the_others_are_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Clumsy(Goods):
        def look_after(self, order: Prize, now: Any, looks: int, /) -> float | None:
            if order.id == "a":
                raise KeyError("secret-canary")
            return super().look_after(order, now, looks)

    world = World(a=[status("requested")], b=[status("requested"), status("completed")])
    with caplog.at_level(logging.DEBUG), at(world, adapter=Clumsy()) as here:
        here.goods.place("a")
        here.goods.place("b")
        here.rounds(30)
        assert here.goods.get("b").state is FulfilmentState.COMPLETED
        assert here.watched() == ("a",)
    assert "order a cannot be followed: the adapter failed (KeyError)" in caplog.text
    assert "canary" not in caplog.text


def test_an_order_unknown_at_the_provider_is_flagged_once_and_goes_on_being_asked_for() -> None:
    world = World(a=[status("requested"), (404, {}), (404, {}), (404, {}), status("completed")])
    with at(world) as here:
        here.goods.place("a")
        here.rounds(200)
        assert here.kinds() == [*PLACED, "drift requested", "observed completed"]


def test_two_keepers_on_one_journal_do_what_one_does(tmp_path: Path) -> None:
    world = World(a=[LOST, status("requested"), status("processing"), status("completed")])
    with at(world, tmp_path / "j.db") as one, at(world, tmp_path / "j.db", clock=one.clock) as other:
        with contextlib.suppress(StampcardError):
            one.goods.place("a")
        for _ in range(80):
            one.rounds(0.25)
            other.rounds(0.25)
        assert world.asked[:2] == ["a place", "a place"]
        assert world.calls("a") == 4
        assert [one.kind for one in one.goods.history("a")].count("observed") == 2


@attrs.frozen(kw_only=True)
class Named(PrizeFacts):
    personal: ClassVar[tuple[str, ...]] = ("user",)
    user: str | None = None

    def subject(self) -> str | None:
        return self.user


class ForSomebody(Goods):
    facts = Named

    def opening(self) -> Named:
        return Named(user="mia")


def test_an_order_whose_customer_was_erased_is_not_asked_after_any_more() -> None:
    with at(World(a=[status("requested")]), adapter=ForSomebody()) as here:
        here.goods.place("a")
        here.rounds(30)
        calls = len(here.world.asked)
        assert calls > 1
        assert here.till.forget("mia", provider="goods") > 0
        here.rounds(300)
        assert (len(here.world.asked), here.watched()) == (calls, ())
