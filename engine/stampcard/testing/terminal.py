"""A payment terminal with books, for tests: what it answers next is said beforehand, what it took is looked up after.

May live here: the two ports' double and its books. May not: a till, a decision about an order.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TypeAlias

from stampcard.model import Tender, TenderKind
from stampcard.payment import (
    ChargeAttempt,
    ChargeResult,
    ChargeUnknown,
    NotReversed,
    NotTaken,
    ReversalResult,
    Reversed,
    Taken,
)

__all__ = ["AsyncTerminal", "Terminal"]

Says: TypeAlias = ChargeResult | ReversalResult | BaseException | str


class Terminal:
    """`Till(..., charges=Terminal())`: it takes what it is asked for, unless `next` says otherwise.

    money: key -> what is taken now. taken, reversed: how often each key was asked to. Not safe to share between threads
    that ask for one key, and no till does.
    """

    def __init__(self, kind: TenderKind = TenderKind.CREDIT) -> None:
        self.kind = kind
        self.money: dict[str, Taken] = {}
        self.taken: Counter[str] = Counter()
        self.reversed: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self._next: dict[str, deque[Says]] = {"take": deque(), "status": deque(), "reverse": deque()}

    def next(self, asked: str, *says: Says) -> None:
        """What it answers to the next `take`, `status` or `reverse`: the answer itself, or an exception it raises.

        "lost": it does what it is asked for, and the answer is lost. "silent": it does nothing, and gives no answer.
        Without any it tells the truth.
        """
        self._next[asked].extend(says)

    def slip(self, attempt: ChargeAttempt) -> Taken:
        """What it answers when it has taken the money."""
        tender = Tender(kind=self.kind, amount=attempt.amount)
        return Taken(tenders=(tender,), reference=f"slip {attempt.key}")

    def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """Takes the money, once for a key."""
        self.taken[attempt.key] += 1
        says = self._says("take")
        if says is None or says == "lost" or isinstance(says, Taken):
            self.money[attempt.key] = says if isinstance(says, Taken) else self.slip(attempt)
        if says is None:
            return self.money[attempt.key]
        return _charge(says)

    def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """The truth, for as long as nothing else is to be said."""
        self.asked[attempt.key] += 1
        says = self._says("status")
        if says is not None:
            if isinstance(says, Taken):
                self.money[attempt.key] = says
            return _charge(says)
        return self.money.get(attempt.key) or NotTaken(reason="nothing is taken, and the key is locked")

    def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        """Gives it back."""
        self.reversed[attempt.key] += 1
        says = self._says("reverse")
        if says is None or says == "lost" or isinstance(says, Reversed):
            self.money.pop(attempt.key, None)
        if says is None:
            return Reversed(reference=f"back {attempt.key}")
        if isinstance(says, BaseException):
            raise says
        return says if isinstance(says, Reversed | NotReversed) else ChargeUnknown(why="no answer")

    def twice(self) -> tuple[str, ...]:
        """Keys that were charged, or reversed, more than once: always empty, or the promise is broken."""
        return tuple(key for counts in (self.taken, self.reversed) for key, times in counts.items() if times > 1)

    def _says(self, asked: str) -> Says | None:
        waiting = self._next[asked]
        return waiting.popleft() if waiting else None


def _charge(says: Says) -> ChargeResult:
    if isinstance(says, BaseException):
        raise says
    return ChargeUnknown(why="no answer") if isinstance(says, str | Reversed | NotReversed) else says


class AsyncTerminal:
    """The same terminal, awaited: `AsyncTill(..., charges=AsyncTerminal(terminal))`."""

    def __init__(self, terminal: Terminal | None = None) -> None:
        self.terminal = Terminal() if terminal is None else terminal

    async def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """See `Terminal.take`."""
        return self.terminal.take(attempt)

    async def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """See `Terminal.status`."""
        return self.terminal.status(attempt)

    async def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        """See `Terminal.reverse`."""
        return self.terminal.reverse(attempt, taken)
