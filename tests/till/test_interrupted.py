"""Ctrl-C in the middle of a step: the cashier is gone, the call is not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.step.shop import BASKET, MEMBER, Provider, Shop, shop
from tests.transport.loopback import wait_until

from stampcard.errors import UnavailableError
from stampcard.model import EntryKind


@pytest.fixture(autouse=True)
def heeds_ctrl_c() -> Iterator[None]:
    """What a shell starts in the background ignores it, and so would these tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _ctrl_c_when(ready: threading.Event) -> None:
    def press() -> None:
        ready.wait(5)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=press).start()


def test_the_reply_of_an_interrupted_step_is_recorded_and_until_then_nobody_repeats_it(here: Shop) -> None:
    order = here.placed()
    held = here.provider.hold("billed")
    _ctrl_c_when(held.arrived)
    with pytest.raises(KeyboardInterrupt):
        here.verbs.bill(order)
    now = here.verbs.get(order.id)
    assert now.doubt is not None
    assert now.doubt.running
    with pytest.raises(UnavailableError):
        here.verbs.bill(now)
    held.go.set()
    wait_until(lambda: here.verbs.get(order.id).settled)
    assert here.verbs.get(order.id).state == "billed"
    assert here.provider.calls(order.id)["billed"] == 1


def test_an_interrupted_till_still_closes_and_records(provider: Provider, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), shop(provider, tmp_path / "j.db") as here:  # noqa: PT012  the with is the point
        order = here.placed()
        held = provider.hold("billed")
        threading.Timer(0.15, held.go.set).start()
        _ctrl_c_when(held.arrived)
        here.verbs.bill(order)
    with shop(provider, tmp_path / "j.db") as after:
        assert after.verbs.get(order.id).state == "billed"


def test_an_interrupted_checkout_leaves_nothing_at_stake(here: Shop) -> None:
    held = here.provider.hold("checkout")
    _ctrl_c_when(held.arrived)
    with pytest.raises(KeyboardInterrupt):
        here.priced()
    held.go.set()
    assert here.verbs.checkout(here.id(), BASKET, buyer=MEMBER).state == "checkout"
    assert here.verbs.history(here.id())[-1].kind is EntryKind.ACCEPTED
