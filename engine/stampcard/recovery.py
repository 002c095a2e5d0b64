"""What recovery found out, and what is asked of a person: the values.

May live here: frozen values a till gives back. May not: an effect, a decision, anything of the journal. (How an ending
nobody knows is settled: `stampcard.step.recover`; one pass over all of them: `stampcard.step.rounds`.)
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from stampcard.model import AnyOrder

__all__ = ["Escalation", "LeftAlone", "Recovered", "RecoveryReport", "Settled", "Verdict"]


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
        return sum(one.result in (Settled.STILL_OPEN, Settled.BUSY, Settled.WATCHED) for one in self.results)

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
