"""What recovery found out, and what is asked of a person: the values.

May live here: frozen values a till gives back. May not: an effect, a decision, anything of the journal. (How an ending
nobody knows is settled: `stampcard.step.recover`; one pass over all of them: `stampcard.step.rounds`.)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import attrs

from stampcard.model import AnyOrder, Money

__all__ = [
    "Escalation",
    "LeftAlone",
    "OfflinePolicy",
    "QueueStatus",
    "Recovered",
    "RecoveryReport",
    "Settled",
    "Verdict",
]


class Settled(StrEnum):
    """What became of one open step in one pass."""

    LANDED = "landed"
    """It had taken effect: a look at the provider, or what is proven, says so."""
    RESENT = "resent"
    """It was sent once more, and accepted."""
    DECLINED = "declined"
    """It has not taken effect, and will not: the provider says no."""
    DROPPED = "dropped"
    """Its ending does not matter any more: nothing was at stake, or a reversal has undone it."""
    BUSY = "busy"
    """Somebody alive is at it, or waits for its reply."""
    WATCHED = "watched"
    """A reversal undid it unanswered, and it is not seen yet that all is back; a later pass looks."""
    RESTORED = "restored"
    """A reversal undid it unanswered, and nothing of it is left."""
    STILL_OPEN = "still_open"
    """Nobody knows yet; a later pass tries again."""
    ESCALATED = "escalated"
    """A person has to look."""
    QUEUED = "queued"
    """It waits to be sent: the provider is away, or an earlier step of the order comes first."""
    SENT = "sent"
    """It had waited, was sent, and was accepted."""


@attrs.frozen(kw_only=True)
class Recovered:
    """One open step, as a pass left it. why: one sentence. Of an order that cannot be read, the trigger is empty."""

    order_id: str
    provider: str
    trigger: str
    result: Settled
    why: str


@attrs.frozen(kw_only=True)
class LeftAlone:
    """An order in doubt that this till may not touch: of another provider, environment or tenant."""

    order_id: str
    provider: str
    why: str


@attrs.frozen(kw_only=True)
class RecoveryReport:
    """One pass. results: every step that was open, or watched, when the pass came to it, oldest order first."""

    results: tuple[Recovered, ...]
    left_alone: tuple[LeftAlone, ...] = ()

    @property
    def open(self) -> int:
        """How many are not settled and wait for a later pass."""
        left = (Settled.STILL_OPEN, Settled.BUSY, Settled.WATCHED, Settled.QUEUED)
        return sum(one.result in left for one in self.results)

    @property
    def escalated(self) -> tuple[Recovered, ...]:
        """Those that wait for a person: see `Till.needs_human`."""
        return tuple(one for one in self.results if one.result is Settled.ESCALATED)


@attrs.frozen(kw_only=True)
class Escalation:
    """A step only a person can settle: look at the provider, then tell `Till.resolve`.

    since: when recovery gave up. reason: why it did. check: what to look at, at the provider.
    """

    order: AnyOrder
    trigger: str
    since: datetime
    reason: str
    check: str


class Verdict(StrEnum):
    """What a person found at the provider."""

    ACCEPTED = "accepted"
    """The step took effect."""
    DECLINED = "declined"
    """It did not, and will not."""
    SEND = "send"
    """Only of a step that waits to be sent: send it now, whatever its age."""


_LONGEST: Final = timedelta(days=366)


@attrs.frozen(kw_only=True)
class OfflinePolicy:
    """What may wait on this till while a provider is away. Without one nothing does.

    max_age: what has waited longer is handed to a person instead of being sent; at most 366 days. max_amount: the
    largest sale that is taken down without the provider. max_count: most sales that may wait. Reversals know none of
    these bounds.
    """

    max_age: timedelta
    max_amount: Money
    max_count: int = 500

    def __attrs_post_init__(self) -> None:
        if self.max_age <= timedelta() or self.max_count < 1 or self.max_amount < Money.zero(self.max_amount.currency):
            raise ValueError("an offline policy's bounds are above zero")
        if self.max_age > _LONGEST:
            raise ValueError(f"an offline policy's max_age is at most {_LONGEST.days} days")


@attrs.frozen(kw_only=True)
class QueueStatus:
    """What waits to be sent, for the cashier's screen.

    depth: steps. sales: orders they belong to. oldest: how long the oldest has waited. for_a_person: how many of them
    are not sent before somebody says so. online: every provider in use may be called, as far as this till knows.
    switched_off: providers a person has switched off, by name: who and why.
    """

    depth: int
    sales: int
    oldest: timedelta | None
    for_a_person: int
    online: bool
    switched_off: Mapping[str, str] = attrs.field(factory=dict[str, str])
