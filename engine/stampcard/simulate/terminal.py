"""The payment terminal of a world: it waits for cards, loses answers, goes on when the till is dead, and keeps books.

May live here: what becomes of an attempt there, and when. May not: what a till makes of it, a promise about it beyond
the one it sees with its own eyes: a key is charged once.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from stampcard.model import (
    ChargeAttempt,
    ChargePending,
    ChargeResult,
    ChargeUnknown,
    Money,
    NotReversed,
    NotTaken,
    ReversalResult,
    Reversed,
    Taken,
    Tender,
    TenderKind,
)
from stampcard.simulate.task import SUSPENDED, Broken, Task
from stampcard.step import effects as do

if TYPE_CHECKING:
    from stampcard.simulate.chance import Draw
    from stampcard.simulate.world import World

__all__ = ["SimTerminal"]

_TAKES: Final = (*("taken",) * 12, *("declined",) * 4, *("lost",) * 3, *("late",) * 3, "refused late", "never")
"""taken, declined: and says so. lost: taken, the answer does not come. late: the SDK gives up before the customer has
paid. refused late: the same, and the card is declined. never: it did not hear of it."""
_REVERSES: Final = (*("reversed",) * 8, "lost", "refused", "never")
_CUSTOMER: Final = (0.3, 2.0, 9.0, 70.0)
"""Seconds a customer takes."""
_GIVES_UP: Final = 5.0
_DIES: Final = 0.08
_ASKED: Final = 0.2
"""Seconds a look takes."""
_UNSURE: Final = 0.15
"""How often a look says nothing."""
_UNKNOWN: Final = ChargeUnknown(why="the terminal does not answer")


@attrs.define
class _Book:
    """One key. asked: that money be taken, and given back."""

    order_id: str = ""
    asked: int = 0
    back: int = 0
    under_way: bool = False
    money: Taken | None = None


class SimTerminal:
    """One for all tills of a world."""

    def __init__(self, world: World, draw: Draw) -> None:
        self.world = world
        self._draw = draw
        self._books: dict[str, _Book] = {}

    def held(self, order_id: str) -> tuple[str, ...]:
        """The keys under which money of this order is held."""
        return tuple(key for key, book in self._books.items() if book.order_id == order_id and book.money is not None)

    def take(self, task: Task, effect: do.Charge) -> object:
        """Money is to be taken. Raises Broken for a second time."""
        attempt = effect.attempt
        book = self._books.setdefault(attempt.key, _Book(order_id=attempt.order_id))
        book.asked += 1
        if book.asked > 1:
            raise Broken("charged once", task.order_id, f"the terminal is asked for {attempt.key} a second time")
        fate = "taken" if self.world.healing else self._draw.pick(_TAKES)
        takes = self._draw.pick(_CUSTOMER) + (_GIVES_UP if "late" in fate else 0.0)
        self._says(task, f"asked to charge {attempt.key}: {fate}")
        book.under_way = fate != "never"
        if book.under_way:
            paid = _slip(attempt, self._tip(attempt)) if fate in ("taken", "lost", "late") else None
            self.world.timeline.after(takes, partial(self._ended, book, paid))
            self._answers(task, min(takes, _GIVES_UP if "late" in fate else takes), fate, paid)
        else:
            self._answers(task, _GIVES_UP, fate, None)
        return SUSPENDED

    def status(self, task: Task, effect: do.ChargeStatus) -> object:
        """What became of it. A key it does not know is locked by being asked for: so it can say no."""
        book = self._books.setdefault(effect.attempt.key, _Book(order_id=effect.attempt.order_id))
        result: ChargeResult
        if not self.world.healing and self._draw.chance(_UNSURE):
            result = _UNKNOWN
        elif book.under_way:
            result = ChargePending()
        else:
            result = book.money or NotTaken(reason="not taken")
        self._says(task, f"asked about {effect.attempt.key}: {type(result).__name__}")
        self.world.timeline.after(_ASKED, partial(task.resumed, result))
        return SUSPENDED

    def reverse(self, task: Task, effect: do.ReverseCharge) -> object:
        """Money is to be given back. Raises Broken for a second time."""
        book = self._books[effect.attempt.key]
        book.back += 1
        if book.back > 1:
            raise Broken("charged once", task.order_id, f"{effect.attempt.key} is given back a second time")
        sure = self.world.healing or self.world.scenario.sure_reversals
        fate = "reversed" if sure else self._draw.pick(_REVERSES)
        self._says(task, f"asked to give {effect.attempt.key} back: {fate}")
        if fate in ("reversed", "lost"):
            book.money = None
        result: ReversalResult = _UNKNOWN
        if fate == "reversed":
            result = Reversed(reference=f"back {effect.attempt.key}")
        elif fate == "refused":
            result = NotReversed(reason="the day is closed")
        if not sure:
            self._perhaps_dies(task, 1.0)
        self.world.timeline.after(1.0, partial(task.resumed, result))
        return SUSPENDED

    def _ended(self, book: _Book, paid: Taken | None) -> None:
        book.under_way, book.money = False, paid

    def _answers(self, task: Task, after: float, fate: str, paid: Taken | None) -> None:
        result: ChargeResult = _UNKNOWN
        if fate == "taken" and paid is not None:
            result = paid
        elif fate == "declined":
            result = NotTaken(reason="card declined")
        elif "late" in fate and self._draw.chance(0.5):
            result = ChargePending()
        self._perhaps_dies(task, after)
        self.world.timeline.after(after, partial(task.resumed, result))

    def _perhaps_dies(self, task: Task, within: float) -> None:
        if self.world.healing or not self._draw.chance(_DIES):
            return
        moment = self._draw.between(0.0, within)
        self.world.timeline.after(moment, lambda: self.world.dies(task) if task in task.till.tasks else None)

    def _tip(self, attempt: ChargeAttempt) -> Money | None:
        return Money.minor(100, attempt.amount.currency) if self._draw.chance(0.2) else None

    def _says(self, task: Task, what: str) -> None:
        self.world.tell(f"the terminal is {what}", task.order_id)


def _slip(attempt: ChargeAttempt, tip: Money | None) -> Taken:
    paid = attempt.amount if tip is None else attempt.amount + tip
    return Taken(tenders=(Tender(kind=TenderKind.CREDIT, amount=paid),), reference=f"slip {attempt.key}", tip=tip)
