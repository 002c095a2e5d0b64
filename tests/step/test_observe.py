"""Following the provider: what it reports is followed, kept or flagged, and never lost."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.step.tiny import Prizes, PrizeVerbs, Settings, transport

from stampcard import (
    DeclinedError,
    InDoubtError,
    NeedsHumanError,
    NotAllowedError,
    RedemptionState,
    Site,
    Till,
    UnavailableError,
    UnsupportedError,
)
from stampcard.adapter import Policy, Repeat
from stampcard.testing import Clock

LOST = httpx.ReadTimeout("lost")


class Answers:
    """What the provider says next, call by call; the last answer is said again."""

    def __init__(self, *answers: Any) -> None:
        self.left = list(answers)
        self.asked: list[str] = []

    def __call__(self, what: str) -> Any:
        self.asked.append(what)
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def status(word: str) -> tuple[int, dict[str, str]]:
    return 200, {"status": word}


@contextmanager
def at(
    answers: Answers, journal: str | Path = ":memory:", *, clock: Clock | None = None, adapter: Any = None
) -> Generator[Any]:
    clock = Clock() if clock is None else clock
    with Till(journal, site=Site(store="1"), transport=transport(answers), clock=clock) as till:
        yield till.use(Settings(adapter or Prizes(), PrizeVerbs)).by("anna")


def kinds(verbs: Any, order_id: str = "r-1") -> list[str]:
    return [f"{e.trigger} {e.kind} {e.state}" for e in verbs.history(order_id)]


REDEEMED = ["redeem intent new", "redeem accepted pending_approval"]


def test_the_order_goes_where_the_provider_says() -> None:
    with at(Answers(status("pending"), status("approved"))) as prizes:
        order = prizes.observe(prizes.redeem("r-1"))
        assert order.state is RedemptionState.APPROVED
        assert order.facts.said == "approved"
        assert kinds(prizes) == [*REDEEMED, "observe observed approved"]
        assert prizes.get("r-1") == order


def test_nothing_new_writes_nothing() -> None:
    with at(Answers(status("pending"))) as prizes:
        order = prizes.redeem("r-1")
        for _ in range(3):
            assert prizes.observe(order) == order
        assert kinds(prizes) == REDEEMED


def test_an_order_at_its_end_is_given_back_without_a_call() -> None:
    answers = Answers(status("approved"))
    with at(answers) as prizes:
        order = prizes.redeem("r-1")
        assert prizes.observe(order) == order
        assert answers.asked == ["redeem"]


def test_a_status_nobody_knows_is_drift_and_a_fact_and_never_a_success() -> None:
    with at(Answers(status("pending"), status("redemption_error"))) as prizes:
        order = prizes.redeem("r-1")
        for _ in range(3):
            order = prizes.observe(order)
        assert order.state is RedemptionState.PENDING_APPROVAL
        assert order.facts.said == "redemption_error"
        assert kinds(prizes) == [*REDEEMED, "observe observed pending_approval", "observe drift pending_approval"]
        assert prizes.history("r-1")[-1].why == "the provider says: redemption_error"


def test_a_report_backwards_is_drift_and_moves_nothing() -> None:
    with at(Answers(status("pending"), status("new"))) as prizes:
        order = prizes.observe(prizes.redeem("r-1"))
        assert order.state is RedemptionState.PENDING_APPROVAL
        assert order.facts.said == "pending"
        prizes.observe(order)
        assert kinds(prizes) == [*REDEEMED, "observe drift pending_approval"]
        assert prizes.history("r-1")[-1].code == "observe.no_edge"


def test_an_order_the_provider_does_not_know_is_told_and_kept() -> None:
    with at(Answers(status("pending"), (404, {}))) as prizes:
        order = prizes.redeem("r-1")
        for _ in range(2):
            with pytest.raises(DeclinedError) as said:
                prizes.observe(order)
            assert said.value.code == "order.unknown_there"
        assert kinds(prizes) == [*REDEEMED, "observe drift pending_approval"]


def test_an_unknown_status_at_the_first_answer_is_kept_with_the_order() -> None:
    with at(Answers(status("redemption_error"))) as prizes:
        order = prizes.redeem("r-1")
        assert order.state is RedemptionState.PENDING_APPROVAL
        assert kinds(prizes) == [*REDEEMED, "redeem drift pending_approval"]


@pytest.mark.parametrize("answer", [LOST, httpx.ConnectError("refused"), (500, {}), (200, [])])
def test_a_provider_that_cannot_be_asked_leaves_the_order_alone(answer: Any) -> None:
    with at(Answers(status("pending"), answer)) as prizes:
        order = prizes.redeem("r-1")
        with pytest.raises(UnavailableError) as away:
            prizes.observe(order)
        assert away.value.order_id == "r-1"
        assert kinds(prizes) == REDEEMED
        assert prizes.get("r-1") == order


def test_an_order_in_doubt_is_not_observed() -> None:
    with at(Answers(LOST, status("approved"))) as prizes:
        with pytest.raises(InDoubtError):
            prizes.redeem("r-1")
        with pytest.raises(NotAllowedError) as no:
            prizes.observe(prizes.get("r-1"))
        assert no.value.refusals[0].code == "order.in_doubt"


def test_a_provider_without_a_look_says_so() -> None:
    once = Policy(repeat=Repeat.SAME_KEY)
    with at(Answers(status("pending")), adapter=Prizes({"redeem": once})) as prizes:
        with pytest.raises(UnsupportedError) as no:
            prizes.observe(prizes.redeem("r-1"))
        assert no.value.capability == "observe"


def test_another_lane_that_was_faster_is_followed_not_overwritten(tmp_path: Path) -> None:
    journal = tmp_path / "till.db"
    with at(Answers(status("pending"), status("approved")), journal) as there:
        there.redeem("r-1")

        class Overtaken(Answers):
            def __call__(self, what: str) -> Any:
                there.observe(there.get("r-1"))  # while our own question is under way
                return status("pending")

        with at(Overtaken(None), journal) as here:
            assert here.observe(here.get("r-1")).state is RedemptionState.APPROVED
        assert kinds(there) == [*REDEEMED, "observe observed approved"]


def test_an_older_look_does_not_overwrite_what_another_lane_learnt_since(tmp_path: Path) -> None:
    journal = tmp_path / "till.db"
    with at(Answers(status("pending"), status("shipped")), journal) as there:
        there.redeem("r-1")

        class Overtaken(Answers):
            def __call__(self, what: str) -> Any:
                assert there.observe(there.get("r-1")).facts.said == "shipped"
                return status("waiting")

        with at(Overtaken(None), journal) as here:
            assert here.observe(here.get("r-1")).facts.said == "shipped"


# waiting


def test_wait_asks_on_the_providers_schedule_until_the_order_rests() -> None:
    clock = Clock()
    began = clock.monotonic()
    answers = Answers(status("pending"), status("pending"), LOST, status("approved"))
    with at(answers, clock=clock) as prizes:
        order = prizes.wait(prizes.redeem("r-1"), within=60.0)
        assert order.state is RedemptionState.APPROVED
    assert answers.asked == ["redeem", "observe", "observe", "observe"]
    assert clock.monotonic() - began == 1.0 + 2.0 + 5.0  # one that cannot be reached is left alone for five


def test_wait_gives_the_order_as_it_is_when_time_is_up() -> None:
    clock = Clock()
    began = clock.monotonic()
    with at(Answers(status("pending")), clock=clock) as prizes:
        order = prizes.wait(prizes.redeem("r-1"), within=5.0)
        assert order.state is RedemptionState.PENDING_APPROVAL
    assert clock.monotonic() - began == 5.0


def test_wait_keeps_to_the_time_the_provider_names() -> None:
    clock = Clock()
    began = clock.monotonic()
    limited = (429, {}, {"Retry-After": "20"})
    with at(Answers(status("pending"), limited, status("approved")), clock=clock) as prizes:
        assert prizes.wait(prizes.redeem("r-1"), within=60.0).state is RedemptionState.APPROVED
    assert clock.monotonic() - began == 1.0 + 20.0


def test_wait_settles_a_doubt_first() -> None:
    answers = Answers(LOST, status("pending"), status("rejected"))
    with at(answers) as prizes:
        with pytest.raises(InDoubtError):
            prizes.redeem("r-1")
        assert prizes.wait(prizes.get("r-1"), within=60.0).state is RedemptionState.REJECTED
    assert answers.asked == ["redeem", "redeem", "observe"]


def test_wait_says_that_a_doubt_outlasts_the_time() -> None:
    with at(Answers(LOST)) as prizes:
        with pytest.raises(InDoubtError):
            prizes.redeem("r-1")
        with pytest.raises(InDoubtError):
            prizes.wait(prizes.get("r-1"), within=5.0)


# revealing


def test_that_a_code_was_shown_is_written_and_the_code_is_not(tmp_path: Path) -> None:
    journal = tmp_path / "till.db"
    with at(Answers(status("approved"), (200, {"code": "code-canary"})), journal) as prizes:
        order = prizes.redeem("r-1")
        assert prizes.code(order, why="receipt") == "code-canary"
        shown = prizes.history("r-1")[-1]
        assert (shown.kind, shown.by, shown.why, shown.state) == ("revealed", "anna", "receipt", "approved")
    assert all(b"code-canary" not in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


def test_another_code_is_an_alarm_and_is_not_shown() -> None:
    with at(Answers(status("approved"), (200, {"code": "code-canary"}))) as prizes:
        order = prizes.redeem("r-1")
        with pytest.raises(NeedsHumanError) as alarm:
            prizes.code(order, why="receipt", expected="another")
        assert alarm.value.code == "reveal.other_answer"
        assert "canary" not in str(alarm.value.as_dict())
        assert prizes.history("r-1")[-1].kind == "drift"


def test_a_code_that_cannot_be_fetched_is_not_noted_as_shown() -> None:
    with at(Answers(status("approved"), LOST)) as prizes:
        order = prizes.redeem("r-1")
        with pytest.raises(UnavailableError):
            prizes.code(order, why="receipt")
        assert kinds(prizes)[-1] == "redeem accepted approved"


@pytest.mark.parametrize("odd", ["\ud800", 7, b"x"])
def test_what_cannot_be_written_down_is_refused_before_anything_is_fetched(odd: Any) -> None:
    answers = Answers(status("approved"), (200, {"code": "code-canary"}))
    with at(answers) as prizes:
        order = prizes.redeem("r-1")
        with pytest.raises(NotAllowedError) as no:
            prizes.code(order, why=odd)
        assert no.value.code == "input.type"
        with pytest.raises(NotAllowedError):
            prizes.by(odd)
        assert answers.asked == ["redeem"]


# lanes


class OneAtATime(Prizes):
    one_at_a_time = True


def test_one_lane_has_one_open_call_whatever_the_order() -> None:
    answers = Answers(LOST, status("pending"))
    with at(answers, adapter=OneAtATime()) as prizes:
        with pytest.raises(InDoubtError):
            prizes.redeem("r-1")
        with pytest.raises(UnavailableError) as busy:
            prizes.redeem("r-2")
        assert (busy.value.reason, busy.value.code) == ("busy", "order.lane_busy")
        assert "r-1" in busy.value.detail
        assert answers.asked == ["redeem"]
        prizes.recover("r-1")
        assert prizes.redeem("r-2").state is RedemptionState.PENDING_APPROVAL
