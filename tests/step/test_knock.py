"""What keeps a call back at a provider's door, what the caller hears of it, and who passes all the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import attrs
import httpx
import pytest
from tests.step.tiny import Prizes, PrizeVerbs, Settings, transport

from stampcard import (
    AsyncTill,
    ConfigurationError,
    DeclinedError,
    InDoubtError,
    JournalError,
    RedemptionState,
    Settled,
    Site,
    StampcardError,
    Till,
    UnavailableError,
    UnknownOrderError,
)
from stampcard.journal import StoreError
from stampcard.journal.memory import MemoryJournal
from stampcard.step.doors import FAILURES
from stampcard.testing import Clock

LOST = httpx.ReadTimeout("lost")
REFUSED = httpx.ConnectError("refused")
PENDING = (200, {"status": "pending"})


@attrs.define
class Here:
    """A till in front of a provider that says `says` to every call."""

    till: Till
    prizes: Any
    clock: Clock
    says: Any = PENDING
    asked: int = 0

    def answer(self, what: str) -> Any:
        self.asked += 1
        return self.says

    def told(self, order_id: str) -> UnavailableError:
        with pytest.raises(UnavailableError) as told:
            self.prizes.redeem(order_id)
        return told.value

    def breaks(self, says: Any = REFUSED) -> None:
        self.says = says
        for n in range(FAILURES):
            with contextlib.suppress(StampcardError):
                self.prizes.redeem(f"broken-{n}")
        self.asked = 0


@contextlib.contextmanager
def at(
    journal: Any = ":memory:", *, adapter: Any = None, clock: Clock | None = None, **options: Any
) -> Generator[Here]:
    clock = clock or Clock()
    here: Here
    answers = transport(lambda what: here.answer(what))
    with Till(journal, site=Site(store="1"), transport=answers, clock=clock, **options) as till:
        here = Here(till, till.use(Settings(adapter or Prizes(), PrizeVerbs)), clock)
        yield here


# the breaker


@pytest.mark.parametrize("says", [REFUSED, LOST, (500, {}), (503, {})])
def test_a_provider_that_does_not_answer_is_not_called_for_a_while(says: Any) -> None:
    with at() as here:
        here.breaks(says)
        away = here.told("a")
        assert (away.reason, away.code, here.asked) == ("breaker", "provider.breaker", 0)
        assert away.cashier == "The loyalty service does not answer just now. Try again in a moment."
        assert 5.0 <= away.retry_after <= 7.5
        with pytest.raises(UnknownOrderError):
            here.prizes.get("a")  # nothing was promised


def test_once_it_answers_again_everybody_is_let_through() -> None:
    with at() as here:
        here.breaks()
        here.clock.pass_(seconds=8)
        here.says = PENDING
        assert here.prizes.redeem("a").state is RedemptionState.PENDING_APPROVAL
        assert here.prizes.redeem("b").state is RedemptionState.PENDING_APPROVAL


def test_a_no_is_an_answer_and_breaks_nothing() -> None:
    with at() as here:
        here.says = (404, {})
        for n in range(3 * FAILURES):
            with pytest.raises(DeclinedError):
                here.prizes.redeem(f"o{n}")
        assert here.asked == 3 * FAILURES


def test_a_question_is_kept_back_too() -> None:
    with at() as here:
        order = here.prizes.redeem("a")
        here.breaks()
        with pytest.raises(UnavailableError) as away:
            here.prizes.observe(order)
        assert (away.value.reason, here.asked) == ("breaker", 0)
        with pytest.raises(UnavailableError) as away:
            here.prizes.code(order, why="shown")
        assert (away.value.reason, here.asked) == ("breaker", 0)


def test_recovery_does_not_run_against_an_open_breaker_and_tries_first_when_it_is_half_open() -> None:
    with at() as here:
        here.says = LOST
        with pytest.raises(InDoubtError):
            here.prizes.redeem("doubted")
        here.breaks()
        first = here.till.recover().results
        assert ({one.result for one in first}, here.asked) == ({Settled.STILL_OPEN}, 0)
        here.clock.pass_(seconds=10)
        here.says = PENDING
        assert [one.result for one in here.till.recover().results] == [Settled.RESENT]


# the rest that was asked for


def test_a_retry_after_is_honoured_by_every_step_until_it_is_over() -> None:
    with at() as here:
        here.says = (429, {}, {"Retry-After": "30"})
        assert here.told("a").retry_after == 30.0
        here.says = PENDING
        here.clock.pass_(seconds=10)
        away = here.told("b")
        assert (away.reason, away.code, away.retry_after, here.asked) == ("rate_limit", "provider.rate_limit", 20.0, 1)
        here.clock.pass_(seconds=20)
        assert here.prizes.redeem("b").state is RedemptionState.PENDING_APPROVAL


def test_a_declared_rate_holds_calls_back_before_the_provider_has_to() -> None:
    class Slow(Prizes):
        calls_per_minute = 60.0

    with at(adapter=Slow()) as here:
        for n in range(5):
            here.prizes.redeem(f"o{n}")
        away = here.told("o5")
        assert (away.reason, here.asked) == ("rate_limit", 5)
        here.clock.pass_(seconds=away.retry_after)
        here.prizes.redeem("o5")


# the kill switch


def test_what_is_switched_off_is_not_called_and_the_caller_hears_who_says_so() -> None:
    with at() as here:
        here.till.switch_off("prizes", why="double points by mistake", by="operations")
        away = here.told("a")
        assert (away.reason, away.code, here.asked) == ("switched_off", "provider.switched_off", 0)
        assert away.cashier == "The loyalty service is switched off just now."
        assert "switched off by operations: double points by mistake" in away.detail
        here.till.switch_off("another", why="w", by="b")
        here.till.switch_on("prizes", why="mended", by="operations")
        assert here.prizes.redeem("a").state is RedemptionState.PENDING_APPROVAL


def test_it_stays_off_over_a_restart_and_every_till_of_the_journal_sees_it(tmp_path: Any) -> None:
    clock = Clock()
    with at(tmp_path / "j.db", clock=clock) as here, at(tmp_path / "j.db", clock=clock) as other:
        other.prizes.redeem("before")
        here.till.switch_off("prizes", why="w", by="b")
        clock.pass_(seconds=1)  # how long a till takes the journal at its word
        assert other.told("a").reason == "switched_off"
    with at(tmp_path / "j.db") as again:
        assert again.told("a").reason == "switched_off"


def test_an_operators_own_switch_is_asked_beside_it() -> None:
    off: dict[str, str] = {}
    with at(switched_off=off.get) as here:
        here.prizes.redeem("a")
        off["prizes"] = "the chain's own setting"
        assert "the chain's own setting" in here.told("b").detail
        off.clear()
        here.prizes.redeem("b")


def test_an_operators_switch_that_fails_has_switched_nothing_off(caplog: pytest.LogCaptureFixture) -> None:
    def settings_service(provider: str) -> str:
        raise RuntimeError("token=hunter2")

    with at(switched_off=settings_service) as here:
        here.prizes.redeem("a")
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(("said", "off"), [(True, True), ("why", True), (False, False), ("", False), (None, False)])
def test_an_operators_switch_may_say_yes_or_no(said: Any, off: bool) -> None:
    with at(switched_off=lambda _: said) as here:
        if off:
            assert here.told("a").reason == "switched_off"
        else:
            here.prizes.redeem("a")


class Undecided:
    """Neither yes nor no."""

    def __bool__(self) -> bool:
        raise ValueError("token=hunter2")


async def awaited(provider: str) -> str | None:
    raise AssertionError(f"nobody waits for what is said of {provider}")


class Awaited:
    async def __call__(self, provider: str) -> str | None:
        return await awaited(provider)


@pytest.mark.parametrize("says", [lambda: awaited("prizes"), Undecided, lambda: 1, lambda: ["why"]])
def test_an_operators_switch_that_says_neither_has_switched_nothing_off(
    says: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with at(switched_off=lambda _: says()) as here:
        here.prizes.redeem("a")
    [warned] = [one.getMessage() for one in caplog.records if "switched_off" in one.getMessage()]
    assert warned.endswith("the provider is called")
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("switch", [awaited, Awaited(), partial(awaited), "prizes"])
@pytest.mark.parametrize("till", [Till, AsyncTill])
def test_a_switch_that_is_awaited_is_refused_when_the_till_is_built(till: Any, switch: Any) -> None:
    with pytest.raises(ConfigurationError, match="switched_off is") as told:
        till(":memory:", site=Site(store="1"), transport=transport(str), switched_off=switch)
    [problem] = told.value.problems
    assert problem.field == "switched_off"


def test_recovery_passes_the_kill_switch() -> None:
    with at() as here:
        here.says = LOST
        with pytest.raises(InDoubtError):
            here.prizes.redeem("a")
        here.till.switch_off("prizes", why="w", by="b")
        here.says = PENDING
        assert [one.result for one in here.till.recover().results] == [Settled.RESENT]


@pytest.mark.parametrize("given", [("", "w", "b"), ("prizes", " ", "b"), ("prizes", "w", "")])
def test_a_switch_says_what_why_and_who(given: tuple[str, str, str]) -> None:
    provider, why, by = given
    with at() as here, pytest.raises(ValueError, match="names its provider, why, and who"):
        here.till.switch_off(provider, why=why, by=by)


def test_a_journal_that_cannot_say_what_is_off_stops_the_step() -> None:
    class Broken(MemoryJournal):
        def switches(self) -> Any:
            raise StoreError("the disk is gone")

    with at(Broken()) as here, pytest.raises(JournalError):
        here.prizes.redeem("a")
