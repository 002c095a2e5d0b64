"""Two budgets, both real bounds: when the cashier is answered, and when the call is given up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.step.shop import BASKET, HERE, MEMBER, Act, Provider, Shop, basket, cash, deaf, first, shop, spendgo
from tests.transport.loopback import wait_until

from stampcard.errors import InDoubtError, Next, UnavailableError
from stampcard.model import EntryKind
from stampcard.till import Till
from stampcard_adapters.spendgo import Spendgo

QUICK = 0.15
"""A till budget; with what a slow machine adds, an answer has come long before LONG."""
LONG = 2.0


@contextmanager
def answered_within(seconds: float) -> Generator[None, None, None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_a_slow_provider_the_cashier_is_answered_in_time_and_the_late_reply_is_recorded(here: Shop) -> None:
    order = here.placed()
    bookmark = max(entry.position for entry in here.till.changes())
    held = here.provider.hold("billed")
    with answered_within(LONG), pytest.raises(InDoubtError) as caught:
        here.verbs.within(QUICK).bill(order)
    said = caught.value
    assert (said.next, said.reversible, said.order_id, said.state) == (Next.WAIT, True, order.id, "placed")
    assert said.retry_after is not None
    waiting = here.verbs.get(order.id)
    assert waiting.doubt is not None
    assert (waiting.doubt.running, waiting.doubt.trigger, waiting.settled) == (True, "bill", False)
    assert [o.id for o in here.till.in_doubt()] == [order.id]
    held.go.set()
    wait_until(lambda: here.verbs.get(order.id).settled)
    assert here.verbs.get(order.id).state == "billed"
    settled = list(here.till.changes(after=bookmark))
    assert [(e.trigger, e.kind) for e in settled] == [("bill", EntryKind.INTENT), ("bill", EntryKind.ACCEPTED)]
    assert list(here.till.changes(after=settled[-1].position)) == []
    assert here.verbs.bill(order).replayed


def test_the_call_budget_ends_a_dribbling_server_and_the_order_is_in_doubt(provider: Provider, tmp_path: Path) -> None:
    stop = threading.Event()

    def dribble(act: Act, conn: socket.socket) -> None:
        act()
        conn.sendall(b"HTTP/1.1 200 OK\r\nX-Pad: ")
        while not stop.wait(0.02):
            conn.sendall(b"a")

    with shop(provider, tmp_path / "j.db", call_budget=0.3) as here:
        order = here.placed()
        provider.rules["billed"] = first(dribble)
        with answered_within(LONG), pytest.raises(InDoubtError):
            here.verbs.bill(order)  # the till's patience is 3 s, the call's end comes first
        stop.set()
        assert here.kinds()[-2:] == ["bill intent", "bill unknown"]
        assert here.verbs.recover(order.id).state == "billed"
        assert provider.model.states(order.id).count("billed") == 1


@pytest.fixture
def hanging_names(monkeypatch: pytest.MonkeyPatch) -> Generator[threading.Event, None, None]:
    """The machine's resolver does not answer until the event is set."""
    answer = threading.Event()
    real = socket.getaddrinfo

    def hang(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "localhost":
            answer.wait(10)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield answer
    answer.set()


def _by_name(provider: Provider, **switches: Any) -> Spendgo:
    return spendgo(provider.url.replace("127.0.0.1", "localhost"), **switches)


def test_a_hanging_name_server_keeps_no_cashier_waiting_and_sends_nothing_after_the_end(
    provider: Provider, tmp_path: Path, hanging_names: threading.Event
) -> None:
    with shop(provider, tmp_path / "j.db") as here:
        order = here.placed()
    with Till(tmp_path / "j.db", site=HERE) as till:
        verbs = till.use(_by_name(provider, call_budget=0.3))
        with answered_within(LONG), pytest.raises(UnavailableError):
            verbs.within(QUICK).rewards(MEMBER)
        with answered_within(LONG), pytest.raises(InDoubtError):
            verbs.within(QUICK).bill(order)
        time.sleep(0.3)  # past the call's hard end
        hanging_names.set()
        wait_until(lambda: verbs.get(order.id).doubt is None)
        assert "billed" not in provider.calls(order.id)
        assert [e.kind for e in verbs.history(order.id)][-1] is EntryKind.NOT_SENT  # proof: nothing left
        assert verbs.get(order.id).allowed == {"bill", "void"}


def test_closing_does_not_wait_for_a_name_server_that_never_answers(
    provider: Provider, tmp_path: Path, hanging_names: threading.Event
) -> None:
    with shop(provider, tmp_path / "j.db") as here:
        order = here.placed()
    till = Till(tmp_path / "j.db", site=HERE)
    with pytest.raises(InDoubtError):
        till.use(_by_name(provider, call_budget=0.2)).within(0.05).bill(order)
    with answered_within(LONG + 1):
        till.close()


def test_an_effectless_checkout_without_an_answer_leaves_the_order_free(here: Shop) -> None:
    here.provider.rules["checkout"] = deaf
    held = here.provider.hold("checkout")
    with answered_within(LONG), pytest.raises(UnavailableError) as caught:
        here.verbs.within(QUICK).checkout(here.id(), BASKET, buyer=MEMBER)
    said = caught.value
    assert (said.code, said.next, said.state) == ("provider.no_answer", Next.RETRY, "new")
    assert said.allowed == {"checkout", "abandon"}
    held.go.set()
    free = here.verbs.get(here.id())
    assert free.settled
    assert here.kinds() == ["checkout intent", "checkout unknown"]
    assert here.till.in_doubt() == ()
    assert here.priced().state == "checkout"
    held2 = here.provider.hold("checkout")
    with pytest.raises(UnavailableError):
        here.verbs.within(QUICK).checkout(here.verbs.get(here.id()), basket("70.00"), buyer=MEMBER)
    held2.go.set()
    left = here.verbs.get(here.id())
    assert (left.state, left.facts.basket) == ("checkout", BASKET)
    assert here.verbs.abandon(left, why="left the queue").state == "abandoned"


def test_within_changes_this_budget_only(here: Shop) -> None:
    quick = here.verbs.within(QUICK)
    held = here.provider.hold("placed")
    order = here.priced()
    threading.Timer(3 * QUICK, held.go.set).start()
    assert here.verbs.place(order, tenders=cash(order)).state == "placed"  # the original is as patient as before
    held = here.provider.hold("billed")
    with pytest.raises(InDoubtError):
        quick.bill(here.verbs.get(order.id))
    held.go.set()


def test_a_budget_of_nothing_is_answered_at_once_and_still_recorded(here: Shop) -> None:
    order = here.placed()
    with pytest.raises(InDoubtError):
        here.verbs.within(0).bill(order)
    wait_until(lambda: here.verbs.get(order.id).state == "billed")


def test_close_waits_for_what_is_under_way_and_records_it(provider: Provider, tmp_path: Path) -> None:
    with shop(provider, tmp_path / "j.db") as here:
        order = here.placed()
        held = provider.hold("billed")
        with pytest.raises(InDoubtError):
            here.verbs.within(0.05).bill(order)
        threading.Timer(QUICK, held.go.set).start()
    with shop(provider, tmp_path / "j.db") as after:
        assert after.verbs.get(order.id).state == "billed"
        assert after.verbs.history(order.id)[-1].by == "anna"


def test_close_is_a_bound_too_and_leaves_the_truth(provider: Provider, tmp_path: Path) -> None:
    with shop(provider, tmp_path / "j.db", call_budget=0.3) as here:
        order = here.placed()
        provider.hold("billed")
        with pytest.raises(InDoubtError):
            here.verbs.within(0.05).bill(order)
        began = time.monotonic()
    assert time.monotonic() - began < LONG
    with shop(provider, tmp_path / "j.db") as after:
        now = after.verbs.get(order.id)
        assert now.doubt is not None
        assert not now.doubt.running
        assert after.verbs.recover(order.id).state == "billed"


def test_recover_takes_no_longer_than_it_was_given(provider: Provider, tmp_path: Path) -> None:
    with shop(provider, tmp_path / "j.db") as here:
        order = here.placed()
        provider.rules["billed"] = deaf
        with pytest.raises(InDoubtError):
            here.verbs.bill(order)
        held = provider.hold("billed")
        with answered_within(LONG), pytest.raises(InDoubtError) as caught:
            here.verbs.recover(order.id, within=QUICK)
        assert caught.value.retry_after is not None  # it goes on
        held.go.set()
        wait_until(lambda: here.verbs.get(order.id).settled)
        assert here.verbs.get(order.id).state == "billed"
        assert here.kinds()[-2:] == ["bill attempt", "bill accepted"]


def test_no_thread_is_left_behind_by_closed_tills(provider: Provider, tmp_path: Path) -> None:
    before = threading.active_count()
    for n in range(3):
        with shop(provider, tmp_path / f"{n}.db") as here:
            here.completed()
    with closing(provider):
        pass
    wait_until(lambda: threading.active_count() <= before)
