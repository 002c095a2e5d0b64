"""One pass over everything that is open: what each step comes to, when it is tried again, and what is left alone."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.step.shop import Shop, cash, deaf, first, lost, says
from tests.step.tiny import Holds, HoldVerbs, Pay, Prizes, PrizeVerbs, Settings, transport

from stampcard import (
    AsyncTill,
    InDoubtError,
    JournalError,
    Money,
    NeedsHumanError,
    RedemptionState,
    Secret,
    Settled,
    Site,
    StampcardError,
    Till,
)
from stampcard.adapter import Accepted, Declined, Escalate, Policy, Probe, Repeat, Resend, Unknown
from stampcard.journal import StoreError
from stampcard.journal.memory import MemoryJournal
from stampcard.step import doors
from stampcard.testing import Clock, Crash, crash_at
from stampcard.wire import Request, path

LOST = httpx.ReadTimeout("lost")
REFUSED = httpx.ConnectError("refused")
PENDING = (200, {"status": "pending"})


class World:
    """What the provider says about each order, call by call; the last answer is said again."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.meanwhile: Callable[[], object] | None = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        _, _, order_id, what = request.url.path.split("/")
        self.asked.append(f"{order_id} {what}")
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        left = self.answers[order_id]
        said = left.pop(0) if len(left) > 1 else left[0]
        return transport(lambda _: said).handle_request(request)

    def calls(self, order_id: str) -> int:
        return sum(one.split()[0] == order_id for one in self.asked)


@attrs.frozen
class Here:
    till: Till
    prizes: Any
    clock: Clock
    world: World

    def doubted(self, *order_ids: str) -> None:
        for order_id in order_ids:
            with contextlib.suppress(StampcardError):
                self.prizes.redeem(order_id)
            self.clock.pass_(seconds=1)

    def results(self, **options: Any) -> list[tuple[str, Settled]]:
        return [(one.order_id, one.result) for one in self.till.recover(**options).results]

    def written(self) -> int:
        return len(list(self.till.changes()))


@contextlib.contextmanager
def at(world: World, journal: Any = ":memory:", *, clock: Clock | None = None, adapter: Any = None) -> Generator[Here]:
    clock = clock or Clock()
    with Till(journal, site=Site(store="1"), transport=httpx.MockTransport(world.handle), clock=clock) as till:
        yield Here(till, till.use(Settings(adapter or Prizes(), PrizeVerbs)), clock, world)


# what a step comes to


def test_every_open_step_gets_one_attempt_the_oldest_order_first() -> None:
    world = World(b=[LOST, PENDING], a=[LOST, LOST, PENDING], c=[PENDING])
    with at(world) as here:
        here.doubted("b", "a", "c")
        told: list[Any] = []
        report = here.till.recover(progress=told.append)
        assert world.asked[3:] == ["b redeem", "a redeem"]
        assert report.results == tuple(told)
        assert [(one.order_id, one.trigger, one.provider) for one in told] == [
            ("b", "redeem", "prizes"),
            ("a", "redeem", "prizes"),
        ]
        assert [one.result for one in told] == [Settled.RESENT, Settled.STILL_OPEN]
        assert (report.open, report.escalated, report.left_alone) == (1, (), ())
        assert here.prizes.get("b").state is RedemptionState.PENDING_APPROVAL
        assert all(one.why for one in told)


def test_where_nothing_is_open_nothing_is_done() -> None:
    with at(World(a=[PENDING])) as here:
        here.doubted("a")
        before = here.written()
        report = here.till.recover()
        assert (report.results, report.open, here.world.calls("a"), here.written()) == ((), 0, 1, before)


class Looks(Prizes):
    """A provider that can be asked what became of it."""

    def recover(self, order: Any, command: Any, evidence: Any, /) -> Any:
        def read(response: Any) -> Any:
            said = response.json()["status"].text()
            if said == "pending":
                return Accepted(facts=order.facts, to=RedemptionState.PENDING_APPROVAL)
            if said == "none":
                return Declined(code="order.not_there", message="Not there.", provider_text="there is no such order")
            if said == "odd":
                return Escalate(reason="it is another customer's", check="order at the provider")
            return Unknown(why="not yet")

        return Probe(request=Request.get(path("/orders/{}/look", order.id)), read=read)


@pytest.mark.parametrize(
    ("shown", "result", "state"),
    [
        ("pending", Settled.LANDED, "pending_approval"),
        ("none", Settled.DECLINED, "new"),
        ("odd", Settled.ESCALATED, "new"),
        ("later", Settled.STILL_OPEN, "new"),
    ],
)
def test_a_look_at_the_provider_says_what_became_of_it(shown: str, result: Settled, state: str) -> None:
    with at(World(a=[LOST, (200, {"status": shown})]), adapter=Looks()) as here:
        here.doubted("a")
        assert here.results() == [("a", result)]
        assert here.world.asked == ["a redeem", "a look"]
        assert here.prizes.get("a").state == state


def test_what_nothing_is_at_stake_for_is_dropped_without_a_call(tmp_path: Path) -> None:
    policies = {"redeem": Policy(repeat=Repeat.SAME_KEY, effectless=True)}
    world = World(a=[PENDING])
    with at(world, tmp_path / "j.db", adapter=Prizes(policies)) as here, pytest.raises(Crash), crash_at("intent"):
        here.prizes.redeem("a")
    with at(world, tmp_path / "j.db", adapter=Prizes(policies)) as here:
        assert here.results() == [("a", Settled.DROPPED)]
        assert world.asked == []
        assert here.prizes.get("a").settled


def test_a_reversal_is_settled_first_and_what_it_reversed_is_never_sent_again(here: Shop) -> None:
    order = here.placed(reward=here.reward())
    here.provider.rules["billed"] = first(deaf)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    here.provider.rules["voided"] = first(lost)
    with pytest.raises(InDoubtError):
        here.verbs.void(here.verbs.get(order.id), why="x")
    report = here.till.recover()
    assert [(one.trigger, one.result) for one in report.results] == [
        ("bill", Settled.DROPPED),
        ("void", Settled.RESENT),
    ]
    assert here.verbs.get(order.id).state == "voided"
    assert here.provider.calls(order.id) == {"checkout": 1, "placed": 1, "billed": 1, "voided": 2}
    assert here.provider.model.unbalanced() == ()


def test_while_a_reversal_is_open_what_it_reverses_waits_for_it(here: Shop) -> None:
    order = here.placed(reward=here.reward())
    here.provider.rules["billed"] = first(deaf)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    here.provider.rules["voided"] = deaf
    with pytest.raises(InDoubtError):
        here.verbs.void(here.verbs.get(order.id), why="x")
    for _ in range(2):
        report = here.till.recover()
        assert {(one.trigger, one.result) for one in report.results} == {
            ("bill", Settled.STILL_OPEN),
            ("void", Settled.STILL_OPEN),
        }
    assert here.provider.calls(order.id)["billed"] == 1


def test_what_was_given_up_is_told_again_and_never_tried_again(here: Shop) -> None:
    order = here.billed()
    here.provider.rules["completed"] = first(lost)
    with pytest.raises(InDoubtError):
        here.verbs.complete(order)
    here.provider.rules["completed"] = says(409, b'{"code": 409, "details": "Out of sequence"}')
    once = here.till.recover()
    entries = len(here.record(order.id).entries)
    again = here.till.recover()
    assert [one.result for one in once.results] == [Settled.ESCALATED]
    assert again == once
    assert [one.why for one in once.escalated] == ["completed: a repeat was answered no (order.out_of_sequence)"]
    assert len(here.record(order.id).entries) == entries
    assert here.provider.calls(order.id)["completed"] == 2


def test_a_call_under_way_is_left_to_whoever_makes_it(tmp_path: Path) -> None:
    world = World(a=[LOST, PENDING])
    with at(world, tmp_path / "j.db") as one, at(world, tmp_path / "j.db", clock=one.clock) as other:
        one.doubted("a")
        seen: list[Any] = []
        world.meanwhile = lambda: seen.append(other.results())  # while the first till's attempt is under way
        assert one.results() == [("a", Settled.RESENT)]
        assert seen == [[("a", Settled.BUSY)]]
        assert world.calls("a") == 2


# when it is tried


def test_running_it_again_at_once_changes_nothing() -> None:
    world = World(a=[LOST], b=[LOST, REFUSED], c=[LOST, (500, {})], d=[LOST, PENDING])
    with at(world) as here:
        here.doubted("a", "b", "c", "d")
        once = here.till.recover()
        before, calls = here.written(), list(world.asked)
        again = here.till.recover()
        assert (here.written(), world.asked) == (before, calls)
        assert {one.order_id for one in again.results} == {
            one.order_id for one in once.results if one.result is Settled.STILL_OPEN
        }


_ANSWERS = st.sampled_from([LOST, REFUSED, PENDING, (500, {}), (429, {}), (404, {}), (200, []), (200, {"status": "x"})])


@settings(deadline=None, max_examples=60)
@given(
    answers=st.lists(st.lists(_ANSWERS, min_size=1, max_size=4), min_size=1, max_size=4),
    looks=st.booleans(),
    pauses=st.lists(st.integers(0, 90), max_size=5),
)
def test_whatever_the_provider_says_a_second_pass_changes_nothing_more(
    answers: list[list[Any]], looks: bool, pauses: list[int]
) -> None:
    world = World(**{f"o{n}": [LOST, *said] for n, said in enumerate(answers)})
    with at(world, adapter=Looks() if looks else Prizes()) as here:
        here.doubted(*world.answers)
        for pause in [0, *pauses]:
            here.clock.pass_(seconds=pause)
            here.till.recover()
            written, asked = here.written(), list(world.asked)
            report = here.till.recover()
            assert (here.written(), world.asked) == (written, asked)
            open_now = {order.id for order in here.till.in_doubt()}
            assert {one.order_id for one in report.results} == open_now
            assert report.open + len(report.escalated) == len(open_now)


def test_pauses_grow_and_after_the_adapters_limit_a_person_is_asked() -> None:
    world = World(a=[LOST])
    with at(world) as here:
        here.doubted("a")
        tried: list[float] = []
        while not here.till.needs_human():
            calls = world.calls("a")
            here.till.recover()
            if world.calls("a") > calls:
                tried.append(here.clock.monotonic())
            here.clock.pass_(seconds=0.5)
        pauses = [after - before for before, after in pairwise(tried)]
        grown = [2.0, 6.0, 18.0, 54.0, 162.0, 486.0, 600.0]
        assert len(pauses) == len(grown)
        for pause, least in zip(pauses, grown, strict=True):
            assert least <= pause <= least * 1.25 + 0.5
        [asked] = here.till.needs_human()
        assert (asked.order.id, asked.reason) == ("a", "no clear answer in 9 calls")


def test_the_pause_is_another_for_every_order_and_the_same_in_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "FAILURES", 100)  # the breaker would leave most of them alone
    names = [f"o{n}" for n in range(8)]
    world = World(**{name: [LOST] for name in names})
    with at(world, tmp_path / "j.db") as one, at(world, tmp_path / "j.db", clock=one.clock) as other:
        one.doubted(*names)
        one.till.recover()
        looks = {name: one.prizes.get(name).doubt.next_look for name in names}
        assert {name: other.prizes.get(name).doubt.next_look for name in names} == looks
        assert len(set(looks.values())) == len(names)
        assert all(timedelta(seconds=2) <= at - one.clock() <= timedelta(seconds=2.5) for at in looks.values())
        other.till.recover()
        assert len(world.asked) == 2 * len(names)


def test_an_order_says_when_it_is_tried_next_unless_a_person_is_asked() -> None:
    with at(World(a=[LOST])) as here:
        here.doubted("a")
        doubt = here.prizes.get("a").doubt
        assert doubt.next_look == doubt.since  # at once
        here.till.recover()
        later = here.prizes.get("a").doubt.next_look
        assert later > here.clock()
        here.clock.pass_(seconds=(later - here.clock()).total_seconds() - 0.01)
        here.till.recover()
        assert here.world.calls("a") == 2
        here.clock.pass_(seconds=0.02)
        here.till.recover()
        assert here.world.calls("a") == 3
        while not here.till.needs_human():
            here.clock.pass_(seconds=700)
            here.till.recover()
        assert here.prizes.get("a").doubt.next_look is None


def test_the_time_a_provider_names_is_kept_to_whoever_asks(tmp_path: Path) -> None:
    limited = (429, {}, {"Retry-After": "90"})
    world = World(a=[LOST, limited, PENDING], b=[LOST, PENDING])
    with at(world, tmp_path / "j.db") as one, at(world, tmp_path / "j.db", clock=one.clock) as other:
        one.doubted("a", "b")
        assert one.results() == [("a", Settled.STILL_OPEN), ("b", Settled.STILL_OPEN)]
        assert world.calls("b") == 1  # the same door was closed a moment ago
        for here in (one, other):
            one.clock.pass_(seconds=44)
            here.till.recover()
        assert len(world.asked) == 3
        one.clock.pass_(seconds=3)
        assert other.results() == [("a", Settled.RESENT), ("b", Settled.RESENT)]


def test_what_provably_did_not_leave_uses_up_no_limit_however_long_it_lasts() -> None:
    world = World(a=[LOST, REFUSED])
    with at(world) as here:
        here.doubted("a")
        for _ in range(15):
            here.till.recover()
            here.clock.pass_(seconds=800)
        assert here.till.needs_human() == ()
        world.answers["a"] = [PENDING]
        assert here.results() == [("a", Settled.RESENT)]


def test_a_provider_that_cannot_be_reached_is_tried_by_one_order_not_by_all() -> None:
    names = [f"o{n}" for n in range(4)]  # one more, and the breaker would open
    world = World(**{name: [LOST, REFUSED] for name in names})
    with at(world) as here:
        here.doubted(*names)
        report = here.till.recover()
        assert len(world.asked) == len(names) + 1
        assert report.open == len(names)
        assert report.results[-1].why == "prizes could not be asked just now"


def test_a_clock_that_was_set_back_does_not_hold_it_up(tmp_path: Path) -> None:
    world = World(a=[LOST, LOST, PENDING])
    with at(world, tmp_path / "j.db", clock=Clock(datetime(2030, 1, 1, tzinfo=UTC))) as here:
        here.doubted("a")
        here.till.recover()
    with at(world, tmp_path / "j.db") as here:
        assert here.clock() < datetime(2030, 1, 1, tzinfo=UTC)
        assert here.results() == [("a", Settled.RESENT)]


def test_a_cashier_who_asks_does_not_wait_for_the_schedule() -> None:
    with at(World(a=[LOST, LOST, PENDING])) as here:
        here.doubted("a")
        here.till.recover()
        assert here.prizes.recover("a", within=0).state is RedemptionState.PENDING_APPROVAL


def test_a_cashier_who_asks_again_and_again_in_an_outage_does_not_hand_the_order_to_a_person() -> None:
    world = World(a=[LOST])
    with at(world) as here:
        here.doubted("a")
        for _ in range(15):
            with contextlib.suppress(InDoubtError):
                here.prizes.recover("a", within=30)
        assert not here.till.needs_human()
        eager = world.calls("a")
        assert eager <= 9 + 8, "once the calls have run out, a cashier has one made a minute"
        world.answers["a"] = [PENDING]
        here.clock.pass_(seconds=60)
        assert here.prizes.recover("a", within=0).state is RedemptionState.PENDING_APPROVAL


def test_calls_that_ran_out_and_an_outage_that_lasts_are_for_a_person() -> None:
    world = World(a=[LOST])
    with at(world) as here:
        here.doubted("a")
        for _ in range(3):
            with contextlib.suppress(InDoubtError):
                here.prizes.recover("a", within=60)
        here.clock.pass_(seconds=1_600)
        with pytest.raises(InDoubtError, match="ReadTimeout"):
            here.prizes.recover("a", within=0)  # after so long a call more is fair
        with pytest.raises(NeedsHumanError, match="no clear answer in"):
            here.prizes.recover("a", within=0)


def test_a_limit_bounds_the_attempts_and_the_rest_is_told() -> None:
    world = World(a=[LOST, PENDING], b=[LOST, PENDING], c=[LOST, PENDING])
    with at(world) as here:
        here.doubted("a", "b", "c")
        report = here.till.recover(limit=2)
        assert [one.result for one in report.results] == [Settled.RESENT, Settled.RESENT, Settled.STILL_OPEN]
        assert report.results[-1].why == "left for the next pass: the limit is reached"
        assert here.results(limit=0) == [("c", Settled.STILL_OPEN)]
        assert here.results(limit=2) == [("c", Settled.RESENT)]


# what is left alone, and what goes wrong


class Elsewhere(Prizes):
    name = "elsewhere"


def test_orders_of_a_provider_not_in_use_are_left_alone_and_named(tmp_path: Path) -> None:
    world = World(a=[LOST, PENDING], b=[LOST, PENDING])
    with at(world, tmp_path / "j.db", adapter=Elsewhere()) as there:
        there.doubted("a")
    with at(world, tmp_path / "j.db") as here:
        here.doubted("b")
        report = here.till.recover()
        assert [(one.order_id, one.result) for one in report.results] == [("b", Settled.RESENT)]
        [alone] = report.left_alone
        assert (alone.order_id, alone.provider, alone.why) == (
            "a",
            "elsewhere",
            "elsewhere (sandbox) is not in use here",
        )
        assert world.calls("a") == 1


def test_another_tenants_orders_are_left_alone_but_by_a_till_of_no_site(tmp_path: Path) -> None:
    world = World(a=[LOST, PENDING])
    mock = httpx.MockTransport(world.handle)
    theirs = Site(store="1", tenant="them")
    with Till(tmp_path / "j.db", site=theirs, transport=mock) as till, pytest.raises(InDoubtError):
        till.use(Settings(Prizes(), PrizeVerbs)).redeem("a")
    with at(world, tmp_path / "j.db") as here:
        report = here.till.recover()
        assert (report.results, [one.order_id for one in report.left_alone]) == ((), ["a"])
    with Till(tmp_path / "j.db", site=None, transport=mock) as till:
        till.use(Settings(Prizes(), PrizeVerbs))
        assert [one.result for one in till.recover().results] == [Settled.RESENT]


class Clumsy(Prizes):
    def recover(self, order: Any, command: Any, evidence: Any, /) -> Any:
        if order.id == "a":
            raise KeyError("secret-canary")
        return Resend()


def test_an_adapter_that_fails_at_one_order_does_not_keep_the_others_from_their_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), at(World(a=[LOST], b=[LOST, PENDING]), adapter=Clumsy()) as here:
        here.doubted("a", "b")
        assert here.results() == [("a", Settled.STILL_OPEN), ("b", Settled.RESENT)]
    assert "the adapter failed (KeyError)" in caplog.text
    assert "canary" not in caplog.text


class Broken(MemoryJournal):
    bad: str | None = None

    def load(self, order_id: str) -> Any:
        if order_id == self.bad:
            raise StoreError("a page is damaged")
        return super().load(order_id)

    def still(self, record: Any) -> bool:
        return record.header.order_id != self.bad and super().still(record)

    def open_orders(self) -> tuple[str, ...]:
        if self.bad == "*":
            raise StoreError("the disk is gone")
        return super().open_orders()


def test_an_order_that_cannot_be_read_is_told_and_hides_no_other() -> None:
    journal = Broken()
    with at(World(a=[LOST], b=[LOST, PENDING]), journal) as here:
        here.doubted("a", "b")
        journal.bad = "a"
        report = here.till.recover()
        assert [(one.order_id, one.trigger, one.result) for one in report.results] == [
            ("a", "", Settled.STILL_OPEN),
            ("b", "redeem", Settled.RESENT),
        ]
        assert "a page is damaged" in report.results[0].why
        journal.bad = "*"
        with pytest.raises(JournalError):
            here.till.recover()


def test_money_that_can_only_be_asked_for_again_is_for_a_person() -> None:
    pay = Pay(amount=Money("5.00", "USD"), last_four="4242", card=Secret("4242424242424242"))
    with Till(":memory:", site=Site(store="1"), transport=transport(lambda _: LOST)) as till:
        holds = till.use(Settings(Holds(), HoldVerbs))
        with pytest.raises(NeedsHumanError):
            holds.authorize("h", pay)
        [one] = till.recover().results
        assert (one.result, one.why) == (Settled.ESCALATED, "the card was never stored")


async def test_an_async_till_says_the_same() -> None:
    def world() -> World:
        return World(a=[LOST, PENDING], b=[LOST, REFUSED], c=[LOST, (500, {})])

    with at(world()) as here:
        here.doubted("a", "b", "c")
        blocking = here.till.recover()
    said, clock = world(), Clock()

    class Mock(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return said.handle(request)

    async with AsyncTill(":memory:", site=Site(store="1"), transport=Mock(), clock=clock) as till:
        prizes = till.use(Settings(Prizes(), PrizeVerbs))
        for order_id in ("a", "b", "c"):
            with contextlib.suppress(StampcardError):
                await prizes.redeem(order_id)
            clock.pass_(seconds=1)
        awaited = await till.recover()
    assert [(one.order_id, one.result) for one in awaited.results] == [
        (one.order_id, one.result) for one in blocking.results
    ]


def test_a_whole_sale_left_in_doubt_is_finished_by_passes_alone(here: Shop) -> None:
    order = here.priced(reward=here.reward())
    here.provider.rules["placed"] = first(lost)
    with pytest.raises(InDoubtError):
        here.verbs.place(order, tenders=cash(order))
    assert [one.result for one in here.till.recover().results] == [Settled.RESENT]
    assert here.verbs.bill(here.verbs.get(order.id)).state == "billed"
    assert here.provider.model.unbalanced() == ()
