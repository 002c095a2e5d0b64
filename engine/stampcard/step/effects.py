"""What a step needs done, as small values: the only way a step touches the world.

A step is a generator that yields effects and is sent their results. `Till`, `AsyncTill` and a simulator each perform
them; the step itself does no I/O, reads no clock and makes no random number. Use `result = yield from perform(effect)`:
the result is typed. May live here: effects. May not: anything that performs one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, cast

import attrs
import httpx

from stampcard.journal.contract import Append, Record, Summary, Switch
from stampcard.model import ChargeAttempt, ChargeResult, Entry, Ownership, ReversalResult, Taken
from stampcard.transport.contract import Sent
from stampcard.wire import Request

__all__ = [
    "Abort",
    "Changes",
    "Charge",
    "ChargeStatus",
    "Effect",
    "Find",
    "Forget",
    "Keep",
    "Load",
    "Mint",
    "Monotonic",
    "Now",
    "OpenOrders",
    "Own",
    "Pending",
    "ReverseCharge",
    "Running",
    "Send",
    "Sleep",
    "Step",
    "SwitchedOff",
    "Switches",
    "Switching",
    "Unwatch",
    "Watched",
    "Write",
    "perform",
]

T = TypeVar("T")


class Effect(Generic[T]):
    """Something to be done that gives a T."""

    __slots__ = ()


Step: TypeAlias = Generator[Effect[Any], Any, T]
"""A step that ends in a T, or raises a StampcardError."""


def perform(effect: Effect[T]) -> Step[T]:
    """Yield one effect; its result, typed."""
    return cast(T, (yield effect))


@attrs.frozen
class Load(Effect[Record | None]):
    """One order's record, or None."""

    order_id: str


@attrs.frozen
class Keep(Effect[None]):
    """The order as it stands after what was just written: the next `Load` need not read it all again."""

    record: Record


@attrs.frozen
class Write(Effect[tuple[Entry, ...]]):
    """Append durably. Raises what `Journal.append` raises."""

    append: Append


@attrs.frozen
class Now(Effect[datetime]):
    """The wall clock, aware, UTC."""


@attrs.frozen
class Monotonic(Effect[float]):
    """Seconds on the monotonic clock: for budgets."""


@attrs.frozen
class Mint(Effect[str]):
    """A fresh name, unique for ever."""


@attrs.frozen
class Own(Effect[Ownership]):
    """This till's ownership of a call that ends within `seconds`."""

    seconds: float


@attrs.frozen
class Running(Effect[float]):
    """Seconds for which the owner may still be at it; 0.0 when it has ended or died."""

    intent: str
    ownership: Ownership


@attrs.frozen
class Abort(Effect[bool]):
    """End our own call for this intent and wait until its ending is written. False when it is not ours."""

    intent: str


@attrs.frozen
class Sleep(Effect[None]):
    """Let time pass."""

    seconds: float


@attrs.frozen
class OpenOrders(Effect[tuple[str, ...]]):
    """Ids of the orders with an open intent, oldest first."""


@attrs.frozen
class Watched(Effect[tuple[str, ...]]):
    """Ids of the orders watched for a reason, the longest watched first."""

    why: str


@attrs.frozen
class Unwatch(Effect[bool]):
    """Nobody need look after it any more, if it is still at that version."""

    order_id: str
    why: str
    version: int


@attrs.frozen
class SwitchedOff(Effect[str | None]):
    """Who switched this provider off, and why; None while it is on."""

    provider: str


@attrs.frozen
class Switching(Effect[None]):
    """Switch a provider off, or on."""

    switch: Switch


@attrs.frozen
class Switches(Effect[tuple[Switch, ...]]):
    """The last word on each provider that was ever switched."""


@attrs.frozen
class Changes(Effect[tuple[Entry, ...]]):
    """A page of what was journalled after a position."""

    after: int
    limit: int


@attrs.frozen
class Find(Effect[tuple[Summary, ...]]):
    """Orders, newest first: of a provider; by id, ticket or reference; opened before another order."""

    text: str | None = None
    provider: str | None = None
    limit: int = 200
    before: str | None = None


@attrs.frozen
class Forget(Effect[int]):
    """Erase a subject's personal data."""

    subject: str


@attrs.frozen(kw_only=True)
class Charge(Effect[ChargeResult]):
    """Take the customer's money, by the POS's own port. The till's budget does not bound it: the terminal waits for the
    card. Nothing is done any more once `hard_end` has passed on the monotonic clock: others may look after it by then.
    """

    intent: str
    attempt: ChargeAttempt
    hard_end: float


@attrs.frozen(kw_only=True)
class ChargeStatus(Effect[ChargeResult]):
    """Ask the port what became of an attempt."""

    intent: str
    attempt: ChargeAttempt


@attrs.frozen(kw_only=True)
class ReverseCharge(Effect[ReversalResult]):
    """Give back what was taken."""

    intent: str
    attempt: ChargeAttempt
    taken: Taken
    hard_end: float


@attrs.frozen
class Pending:
    """The till's budget is spent; the call goes on, and its ending is written when it comes."""


@attrs.frozen(kw_only=True)
class Send(Effect["Sent | Pending"]):
    """Make one call.

    patience: seconds until the till answers its cashier (Pending); ownership.hard_end: when the socket is closed.
    late: the step that writes the ending of a call that outlived the patience; None: the call is aborted instead, and
    the answer is a Failed.
    """

    intent: str
    request: Request = attrs.field(repr=False)
    base_url: str
    auth: httpx.Auth = attrs.field(repr=False)
    hard_end: float
    patience: float
    late: Callable[[Sent], Step[object]] | None = attrs.field(default=None, repr=False)
