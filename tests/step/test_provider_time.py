"""A wall clock that was set between two runs of a till is told by the provider's Date: nothing is believed early."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.step.shop import BASKET, cash
from tests.step.tiny import Outcome, Prizes, PrizeVerbs, Settings

from stampcard import InDoubtError, Settled, Site, Till
from stampcard.adapter import Evidence, Probe, Resend, Unknown
from stampcard.commands import Command
from stampcard.model import Environment
from stampcard.step.ageing import Reading, noting
from stampcard.step.doors import Door, Doors
from stampcard.testing import Clock, Late
from stampcard.wire import Request, Response, path
from stampcard_adapters.sandbox.spendgo import Switches
from stampcard_adapters.testing import STORE, Sandbox

DAY = timedelta(days=1)
WINDOW = 120.0
DOOR: Door = ("prizes", Environment.SANDBOX, "default")


@attrs.define
class Machine:
    """true: what time it is. Its wall clock can be set; its monotonic clock begins anew with each boot."""

    true: Clock = attrs.field(factory=Clock)
    wrong: timedelta = timedelta()
    booted: float = 0.0

    def __call__(self) -> datetime:
        return self.true() + self.wrong

    def monotonic(self) -> float:
        return self.true.monotonic() - self.booted

    def sleep(self, seconds: float, /) -> None:
        self.true.sleep(seconds)

    def boots(self, *, wrong: timedelta) -> None:
        self.wrong, self.booted = wrong, self.true.monotonic()


class Looks(Prizes):
    """Its redeem may not be sent twice: it is looked for, and "not there" is believed after the late window."""

    def recover(self, order: Any, command: Command, evidence: Evidence, /) -> Any:
        def read(response: Response) -> Outcome | Resend:
            if response.status != 404:
                return self.read(order, command, response)
            return Resend() if evidence.age >= WINDOW else Unknown(why="not there yet: the call may still land")

        return Probe(request=Request.get(path("/orders/{}/seen", order.id)), read=read)


@attrs.define
class Far:
    """The provider: it has nothing of `a`, whose first redeem is on its way. ahead: of its clock; None: no Date."""

    true: Clock
    ahead: timedelta | None = timedelta()
    more: dict[str, str] = attrs.field(factory=dict[str, str])
    redeemed: list[str] = attrs.field(factory=list[str])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        _, _, order_id, what = request.url.path.split("/")
        headers = {"Content-Type": "application/json", **self.more}
        if self.ahead is not None:
            headers["Date"] = (self.true() + self.ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")
        if what == "seen":
            return httpx.Response(404, headers=headers, json={})
        self.redeemed.append(order_id)
        if order_id == "a" and self.redeemed.count("a") == 1:
            raise httpx.ReadTimeout("late")
        return httpx.Response(200, headers=headers, json={"status": "pending"})


@attrs.define
class Shop:
    journal: Path
    machine: Machine
    far: Far

    @contextmanager
    def till(self) -> Generator[tuple[Till, Any]]:
        """One process."""
        with Till(
            self.journal, site=Site(store="1"), transport=httpx.MockTransport(self.far), clock=self.machine
        ) as till:
            yield till, till.use(Settings(Looks(), PrizeVerbs))

    def doubts(self) -> None:
        """A sale, which tells the provider's time, and one whose reply is lost."""
        with self.till() as (_, prizes):
            prizes.redeem("before")
            with pytest.raises(InDoubtError):
                prizes.redeem("a")

    def recovers(self) -> bool:
        """One pass in a process of its own; whether it sent the redeem again."""
        with self.till() as (till, _):
            [one] = till.recover().results
        assert (one.result is Settled.RESENT) == (self.far.redeemed.count("a") == 2)
        return one.result is Settled.RESENT


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    machine = Machine()
    return Shop(tmp_path / "till.db", machine, Far(machine.true))


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=-5), timedelta(days=700)])
def test_a_clock_set_forward_between_two_boots_does_not_end_the_late_window(shop: Shop, ahead: timedelta) -> None:
    """Seen: "not there" was believed, and the redeem sent again, while the first was on its way: points taken twice."""
    shop.far.ahead = ahead
    shop.doubts()
    shop.machine.boots(wrong=DAY)
    assert not shop.recovers()
    shop.machine.true.pass_(seconds=WINDOW)
    assert shop.recovers()


def test_a_clock_set_back_between_two_boots_does_not_hold_it_up_for_ever(shop: Shop) -> None:
    shop.doubts()
    shop.machine.boots(wrong=-DAY)
    shop.machine.true.pass_(seconds=30)
    assert not shop.recovers()
    shop.machine.true.pass_(seconds=WINDOW + 60)
    assert shop.recovers()


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=-5), timedelta(days=700)])
def test_a_provider_whose_clock_is_wrong_by_as_much_all_the_time_is_no_trouble(shop: Shop, ahead: timedelta) -> None:
    shop.far.ahead = ahead
    shop.doubts()
    assert not shop.recovers()
    shop.machine.true.pass_(seconds=WINDOW)
    assert shop.recovers()


def test_without_a_date_only_our_own_clock_counts(shop: Shop) -> None:
    shop.far.ahead = None
    shop.doubts()
    with shop.till() as (till, _):
        assert not any(b"ahead" in entry.body for entry in till.changes())
    assert not shop.recovers()
    shop.machine.true.pass_(seconds=WINDOW)
    assert shop.recovers()


@pytest.mark.parametrize("page", [{"Content-Type": "text/html"}, {"Age": "86400"}])
def test_a_page_of_the_network_and_a_kept_reply_tell_no_time(shop: Shop, page: dict[str, str]) -> None:
    """Seen: its Date of last year was noted, and the true one later made the call a year old."""
    shop.far.ahead, shop.far.more = timedelta(days=-365), page
    shop.doubts()
    shop.far.ahead, shop.far.more = timedelta(), {}
    assert not shop.recovers()


def test_what_is_promised_after_the_clock_was_set_does_not_note_what_was_true_before(shop: Shop) -> None:
    """A machine that slept counts as one whose clock was set: its monotonic clock stood still."""
    with shop.till() as (_, prizes):
        prizes.redeem("before")
        shop.machine.wrong = -DAY
        with pytest.raises(InDoubtError):
            prizes.redeem("a")
    assert not shop.recovers()


def test_an_age_is_of_before_the_look_was_sent(shop: Shop) -> None:
    """A look that took long shows what was there when the provider read it."""
    shop.doubts()
    shop.machine.true.pass_(seconds=WINDOW - 10)
    answer = shop.far.__call__

    def slow(request: httpx.Request) -> httpx.Response:
        said = answer(request)
        shop.machine.true.pass_(seconds=20)
        said.headers["Date"] = shop.machine.true().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return said

    shop.far = slow  # type: ignore[assignment]  a function in its place
    with shop.till() as (till, _):
        assert [one.result for one in till.recover().results] == [Settled.STILL_OPEN]


def test_a_real_redeem_is_not_sent_twice_after_a_boot_with_a_wrong_clock(tmp_path: Path) -> None:
    machine = Machine()
    sandbox = Sandbox(clock=machine.true)

    def till() -> Till:
        return Till(tmp_path / "j.db", site=Site(store=STORE), transport=sandbox.transport(), clock=machine)

    settings = sandbox.sessionm.provider(send_external_id=False)
    before = sandbox.sessionm.points(sandbox.sessionm.user)
    with till() as first:
        sandbox.faults.next(Late(), trigger="redeem")
        with pytest.raises(InDoubtError):
            first.use(settings).redeem("r-1", sandbox.sessionm.coffee, user=sandbox.sessionm.user)
    machine.boots(wrong=DAY)
    with till() as second:
        second.use(settings)
        second.recover()
        sandbox.faults.land()
        second.recover()
    assert sandbox.sessionm.points(sandbox.sessionm.user) == before - 75


def test_a_reversal_from_doubt_is_watched_as_long_as_the_provider_counts(tmp_path: Path) -> None:
    """Seen: with a clock set forward it was let go as seen back, and the late bill took the reward."""
    machine = Machine()
    sandbox = Sandbox(clock=machine.true, lenient=True, switches=Switches(after_void="lands"))
    settings = sandbox.spendgo.provider(after_void="lands")

    def till() -> Till:
        return Till(tmp_path / "j.db", site=Site(store=STORE), transport=sandbox.transport(), clock=machine)

    with till() as first:
        spendgo = first.use(settings)
        [reward, *_] = spendgo.rewards(sandbox.spendgo.member)
        order = spendgo.checkout("o-1", BASKET, buyer=sandbox.spendgo.member, reward=reward)
        order = spendgo.place(order, tenders=cash(order))
        sandbox.faults.next(Late(), trigger="bill")
        with pytest.raises(InDoubtError):
            spendgo.bill(order)
        spendgo.void(spendgo.get("o-1"), why="the customer cannot wait")
    machine.boots(wrong=DAY)
    with till() as second:
        second.use(settings)
        assert [one.result for one in second.recover().results] == [Settled.WATCHED]
        sandbox.faults.land()
        machine.true.pass_(seconds=600)
        assert [one.result for one in second.recover().results] == [Settled.ESCALATED]


# what is made of it

LAGS = st.floats(0, 60)
SET = st.floats(-1e8, 1e8)


@given(passed=st.floats(0, 1e6), was_set=SET, then=LAGS, now=LAGS, lead=SET)
def test_nothing_is_older_than_it_is_but_for_what_a_date_was_late(
    passed: float, was_set: float, then: float, now: float, lead: float
) -> None:
    made = datetime(2026, 1, 5, tzinfo=UTC)
    wall = made + timedelta(seconds=passed + was_set)
    old = Reading(wall=wall, monotonic=0.0, ahead=lead - was_set - now).since(made, lead - then)
    assert passed - 60.0 - now - 0.01 <= old <= passed + then + 0.01
    untouched = made + timedelta(seconds=passed)
    assert Reading(wall=untouched, monotonic=0.0, ahead=lead - now).since(made, lead - then) <= passed + 0.01


def test_a_lead_is_known_while_both_clocks_go_together() -> None:
    doors, made = Doors(), datetime(2026, 1, 5, tzinfo=UTC)
    assert doors.ahead(DOOR, made, 0.0) is None
    doors.tells(DOOR, 7.0, made, 100.0)
    hour = made + timedelta(hours=1)
    assert doors.ahead(DOOR, hour, 3700.0) == 7.0
    assert doors.ahead(DOOR, hour + timedelta(seconds=4), 3700.0) == 7.0
    assert doors.ahead(DOOR, hour, 3600.0) is None, "the machine slept, or its clock was set forward"
    assert doors.ahead(DOOR, hour, 3800.0) is None, "its clock was set back"
    assert doors.ahead(("another", *DOOR[1:]), hour, 3700.0) is None


def test_a_lead_is_whole_seconds_beside_what_was_promised() -> None:
    assert noting(b'{"command":{}}', -3600.4) == b'{"command":{},"ahead":-3600}'
    assert noting(b'{"command":{}}', None) == b'{"command":{}}'
