"""What can go wrong between a till and a provider, as values, and the list of what goes wrong next.

May live here: faults and which call they meet. May not: a provider's name, a request, a transport.

"Before" and "after" are always meant from the effect: BEFORE it, the provider never acts on the request; AFTER it, the
provider has acted and the till does not get to read it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeAlias

import attrs

__all__ = [
    "Delay",
    "Drop",
    "Fault",
    "Faults",
    "Garbage",
    "Late",
    "Refuse",
    "Status",
    "Truncated",
    "Twice",
    "When",
]


class When(StrEnum):
    """On which side of the effect."""

    BEFORE = "before"
    AFTER = "after"


@attrs.frozen
class Refuse:
    """No connection: provably, no byte of the request left."""


@attrs.frozen
class Drop:
    """Lose the message: BEFORE the effect (it never arrived) or AFTER it (the reply was lost)."""

    when: When


@attrs.frozen
class Late:
    """The till hears nothing and gives up; the request lands only later.

    after: it lands when so many further requests have been answered. None: when `Faults.land()` is called. Its reply
    is never read.
    """

    after: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(1)))


@attrs.frozen
class Delay:
    """The answer takes so long. Nothing sleeps: a delay beyond the call's time is a time-out at once.

    when: on which side of the effect the time is lost. A request that is timed out BEFORE it never arrives (one that
    arrives all the same is `Late`).
    """

    seconds: float = attrs.field(validator=attrs.validators.ge(0))
    when: When = When.AFTER


@attrs.frozen
class Status:
    """This status, with this body, is all the till reads. BEFORE: in the provider's place. AFTER: over its answer."""

    code: int
    when: When = When.BEFORE
    body: bytes = b""


@attrs.frozen
class Garbage:
    """A 200 with a page no program reads: a captive portal, a proxy's apology."""

    when: When = When.AFTER


@attrs.frozen
class Truncated:
    """The provider acted; its answer breaks off after `keep` bytes."""

    keep: int = attrs.field(validator=attrs.validators.ge(0))


@attrs.frozen
class Twice:
    """The network delivers the request twice. The till reads the second answer: the first is what a proxy that repeats
    a request has lost."""


Fault: TypeAlias = Refuse | Drop | Late | Delay | Status | Garbage | Truncated | Twice


@attrs.define(eq=False)
class _Rule:
    fault: Fault
    provider: str | None
    trigger: str | None
    times: int | None
    """Calls it still meets; None: every one."""

    def meets(self, provider: str | None, trigger: str | None) -> bool:
        return self.provider in (None, provider) and self.trigger in (None, trigger)

    def __str__(self) -> str:
        where = " ".join(part for part in (self.provider, self.trigger) if part)
        times = f" x{self.times}" if self.times and self.times > 1 else ""
        return f"{self.fault}{times} on {where or 'any call'}"


class Faults:
    """What goes wrong, in order; without any, nothing does. Safe to share between threads.

    provider, trigger: which calls a fault meets, None for any; a trigger is a lifecycle's ("bill") or a query's name
    as the transport tells them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: list[_Rule] = []
        self._during: list[_Rule] = []
        self._late: deque[tuple[int | None, Callable[[], None]]] = deque()

    def next(self, fault: Fault, *, provider: str | None = None, trigger: str | None = None, times: int = 1) -> None:
        """The next call (`times` of them) that fits meets this fault; faults are met in the order they were named."""
        if times < 1:
            raise ValueError("a fault happens at least once")
        with self._lock:
            self._next.append(_Rule(fault, provider, trigger, times))

    @contextmanager
    def during(
        self, fault: Fault, *, provider: str | None = None, trigger: str | None = None
    ) -> Generator[None, None, None]:
        """Every call that fits meets this fault while the block runs; `next` comes first."""
        rule = _Rule(fault, provider, trigger, None)
        with self._lock:
            self._during.append(rule)
        try:
            yield
        finally:
            with self._lock:
                self._during.remove(rule)

    @contextmanager
    def offline(self) -> Generator[None, None, None]:
        """No provider can be reached while the block runs."""
        with self.during(Refuse()):
            yield

    @property
    def unused(self) -> tuple[str, ...]:
        """What was named with `next` and met no call: assert that it is empty, or a test proves less than it says."""
        with self._lock:
            return tuple(str(rule) for rule in self._next)

    def clear(self) -> None:
        """Forget what was named with `next` and met no call yet. What is under way late still lands."""
        with self._lock:
            self._next.clear()

    # late requests

    @property
    def late(self) -> int:
        """Requests still under way."""
        with self._lock:
            return len(self._late)

    def land(self) -> int:
        """Let every late request arrive now, in the order they were sent; returns how many."""
        with self._lock:
            due = [arrive for _, arrive in self._late]
            self._late.clear()
        for arrive in due:
            arrive()
        return len(due)

    # for a transport

    def take(self, *, provider: str | None, trigger: str | None) -> Fault | None:
        """The fault this call meets, which is then used up."""
        with self._lock:
            for rule in self._next:
                if rule.meets(provider, trigger):
                    rule.times = (rule.times or 1) - 1
                    if not rule.times:
                        self._next.remove(rule)
                    return rule.fault
            return next((rule.fault for rule in reversed(self._during) if rule.meets(provider, trigger)), None)

    def later(self, arrive: Callable[[], None], *, after: int | None) -> None:
        """Keep a late request until `land()`, or until so many further requests have been answered."""
        with self._lock:
            self._late.append((after, arrive))

    def answered(self) -> None:
        """A request has been answered: what was to land after it lands."""
        with self._lock:
            counted = [(None if left is None else left - 1, arrive) for left, arrive in self._late]
            due = [arrive for left, arrive in counted if left == 0]
            self._late = deque((left, arrive) for left, arrive in counted if left != 0)
        for arrive in due:
            arrive()
