"""A step driven by hand: a test answers its calls itself, when and in whichever order it likes.

May live here: the driver. May not: a test, a decision.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from stampcard.journal.memory import MemoryJournal
from stampcard.model import Ownership
from stampcard.step import effects as do
from stampcard.transport.contract import Failed, Reply, Sent
from stampcard.wire import Response

MOMENT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NO_ANSWER = Failed(why="no answer", sent=True)


def reply(status: int, body: bytes) -> Reply:
    return Reply(response=Response(status=status, headers={"content-type": "application/json"}, body=body))


class Lane:
    """One step on one journal. `sending` is the call it waits for, until `answer` lets it go on."""

    _names = itertools.count()

    def __init__(self, journal: MemoryJournal, step: do.Step[Any], *, alive: bool = False) -> None:
        self.journal, self.step, self.alive = journal, step, alive
        self.sending: do.Send | None = None
        self.result: Any = None
        self.slept = 0.0
        self._run(None)

    def answer(self, sent: Sent) -> Lane:
        """The call came to this."""
        assert self.sending is not None
        self.sending = None
        self._run(sent)
        return self

    def _run(self, value: Any) -> None:
        trouble: Exception | None = None
        try:
            while True:
                effect = self.step.send(value) if trouble is None else self.step.throw(trouble)
                value, trouble = None, None
                if isinstance(effect, do.Send):
                    self.sending = effect
                    return
                try:
                    value = self._perform(effect)
                except Exception as error:  # noqa: BLE001  the step's to judge
                    trouble = error
        except StopIteration as stop:
            self.result = stop.value
        except Exception as error:  # noqa: BLE001  handed to the test
            self.result = error

    def _perform(self, effect: do.Effect[Any]) -> Any:
        match effect:
            case do.Load(order_id):
                return self.journal.load(order_id)
            case do.Keep():
                return None
            case do.Write(append):
                return self.journal.append(append)
            case do.Now():
                return MOMENT + timedelta(seconds=self.slept)
            case do.Monotonic():
                return self.slept
            case do.Mint():
                return f"intent-{next(self._names)}"
            case do.Own(seconds):
                return Ownership(owner="hand", boot="boot", hard_end=seconds)
            case do.Running():
                return 5.0 if self.alive else 0.0
            case do.Sleep(seconds):
                self.slept += seconds
                return None
            case do.Abort():
                return False
            case do.SwitchedOff():
                return None
            case do.OpenOrders():
                return self.journal.open_orders()
            case do.Watched(why):
                return self.journal.watched(why)
            case do.Unwatch(order_id, why, version):
                return self.journal.unwatch(order_id, why, version=version)
            case _:
                raise AssertionError(effect)
