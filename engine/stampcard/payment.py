"""The POS's own money, as a port given to the till: `Till(..., charges=...)`, `AsyncTill(..., charges=...)`.

What `pay` asks of it: to take money once, to say what became of an attempt, to give money back. May live here: the two
ports, and what is wrong with an object that is none. May not: a step, a journal.

`take` is called at most once for a key, for ever, whatever crashes. It may take as long as the customer does: the
till's deadline does not bound it. It runs in the thread (the task) that called `pay`; `status` and `reverse` may also
run in the thread of `start_recovery`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Final, Protocol

from stampcard.model import Refusal
from stampcard.model.charge import (
    ChargeAttempt,
    ChargePending,
    ChargeResult,
    ChargeUnknown,
    NotReversed,
    NotTaken,
    ReversalResult,
    Reversed,
    Taken,
)

__all__ = [
    "AsyncCharges",
    "ChargeAttempt",
    "ChargePending",
    "ChargeResult",
    "ChargeUnknown",
    "Charges",
    "NotReversed",
    "NotTaken",
    "ReversalResult",
    "Reversed",
    "Taken",
    "unfit",
]

_ASKED: Final = ("take", "status", "reverse")


class Charges(Protocol):
    """The port of a blocking till. An exception means ChargeUnknown, always."""

    def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """Take the money. Called once for a key. NotTaken only when the card was finally declined."""
        ...

    def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """What became of it: a look, never a second charge. Called again and again while nobody knows."""
        ...

    def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        """Give all of it back. Called once for what was taken; in doubt a person is asked."""
        ...


class AsyncCharges(Protocol):
    """The same port, awaited, of an `AsyncTill`."""

    async def take(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """See `Charges.take`."""
        ...

    async def status(self, attempt: ChargeAttempt, /) -> ChargeResult:
        """See `Charges.status`."""
        ...

    async def reverse(self, attempt: ChargeAttempt, taken: Taken, /) -> ReversalResult:
        """See `Charges.reverse`."""
        ...


def unfit(port: object, *, awaited: bool) -> Iterator[Refusal]:
    """Everything that is wrong with a port, found when the till is built: not when the first card is out."""
    for name in _ASKED:
        method = getattr(port, name, None)
        if not callable(method):
            yield Refusal(code="charges.missing", message=f"has no {name}()", field="charges")
        elif inspect.iscoroutinefunction(method) is not awaited:
            wanted = (
                "is not awaited: an AsyncTill takes AsyncCharges" if awaited else "is awaited: a Till takes Charges"
            )
            yield Refusal(code="charges.other_kind", message=f"has a {name}() that {wanted}", field="charges")
