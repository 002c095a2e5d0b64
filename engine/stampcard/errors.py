"""Every error says what happened, to which order, and what the caller may do next.

StampcardError
+- NotSentError          surely nothing happened at the provider; the order is as it was
|  +- NotAllowedError    the lifecycle or a guard said no (all failed guards listed)     FIX, or WAIT when in doubt
|  +- ConflictError      another lane won, or this id was used with other input          FIX: get() and look
|  +- UnknownOrderError  no such order here                                              FIX
|  +- UnsupportedError   this provider cannot do that                                    FIX (code)
|  +- UnavailableError   no connection, rate limit, too many in flight, order busy       RETRY after `retry_after`
|  +- ConfigurationError a key, url or setting is wrong; all problems listed             CALL
|  +- JournalError       nothing could be written, so nothing was sent                   CALL
+- DeclinedError         the provider answered no; journalled                            FIX, or CALL for credentials
+- ChargeFailedError     the POS's own charge said no; order voided, or kept             RETRY with another tender
+- InDoubtError          nobody knows; the order waits for recovery                      WAIT, or void
   +- NeedsHumanError    recovery gave up and says what to look at                       CALL

May live here: the errors and how they print. May not: I/O, a provider's name. Imports only the standard library, attrs
and the model.
"""

from __future__ import annotations

import hashlib
import math
from base64 import b32encode
from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from stampcard.model import Refusal, Taken
from stampcard.wire import Json

__all__ = [
    "ChargeFailedError",
    "ConfigurationError",
    "ConflictError",
    "DeclinedError",
    "InDoubtError",
    "JournalError",
    "NeedsHumanError",
    "Next",
    "NotAllowedError",
    "NotSentError",
    "Reason",
    "StampcardError",
    "UnavailableError",
    "UnknownOrderError",
    "UnsupportedError",
    "reference",
]


class Next(StrEnum):
    """What the caller may do next."""

    FIX = "fix"
    RETRY = "retry"
    WAIT = "wait"
    CALL = "call"


Reason = Literal["unreachable", "breaker", "rate_limit", "switched_off", "overloaded", "busy"]


def reference(order_id: str) -> str:
    """The short text a cashier reads to the support desk; `stampcard orders show` takes it too. Like "K7Q2-9MWD"."""
    text = b32encode(hashlib.sha256(order_id.encode()).digest()).decode()
    return f"{text[:4]}-{text[4:8]}"


class StampcardError(Exception):
    """The family. Catch a branch, or read `.next`.

    code: stable, for machines. cashier: a sentence for the screen: no secret, no provider jargon. detail: a sentence
    for the log and the engineer. allowed: verbs legal on this order now. refusals: every guard that failed.
    retry_after: seconds, when `next` is RETRY or WAIT and a time is known.
    """

    next: Next = Next.FIX
    default_code = "error"
    recorded = True
    """The order is in the journal: False for one that was refused before it was opened."""

    def __init__(
        self,
        cashier: str,
        *,
        detail: str | None = None,
        code: str | None = None,
        order_id: str | None = None,
        trigger: str | None = None,
        state: str | None = None,
        allowed: Iterable[str] = (),
        refusals: Iterable[Refusal] = (),
        retry_after: float | None = None,
        next: Next | None = None,  # noqa: A002  the public name of the attribute
        replayed: bool = False,
    ) -> None:
        self.cashier = cashier
        self.detail = detail if detail is not None else cashier
        self.code = code if code is not None else self.default_code
        self.trigger = trigger
        self.state = state
        self.allowed = frozenset(allowed)
        self.refusals = tuple(refusals)
        self.replayed = replayed
        self.next = next if next is not None else self.next
        self._order_id = order_id
        self._retry_after = retry_after
        super().__init__(cashier)

    @property
    def order_id(self) -> str | None:
        """The order it happened to, or None when no order was named."""
        return self._order_id

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before trying again, when a time is known."""
        return self._retry_after

    @property
    def reference(self) -> str:
        """Short text a cashier reads to the support desk: of the order, or the code when none was recorded."""
        return self.code if self._order_id is None or not self.recorded else reference(self._order_id)

    def __str__(self) -> str:
        parts = [f"[{self.code}] {self.detail}"]
        if self._order_id is not None:
            parts.append(f"order {self._order_id}" + (f" is {self.state}" if self.state else ""))
        parts += [f"{r.code}: {r.message}" for r in self.refusals if r.message not in self.detail]
        if self._order_id is not None and self.state is not None:
            parts.append("allowed now: " + (", ".join(sorted(self.allowed)) or "nothing"))
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in "; ".join(parts))

    def as_dict(self) -> dict[str, Json]:
        """For an API's error body; holds no secret. A NeedsHumanError's has its `check` too."""
        refusals: list[Json] = [
            {"code": r.code, "message": r.message, "field": r.field, "params": dict[str, Json](r.params)}
            for r in self.refusals
        ]
        wait = self.retry_after
        return {
            "error": type(self).__name__,
            "next": self.next.value,
            "code": self.code,
            "cashier": self.cashier,
            "detail": self.detail,
            "reference": self.reference,
            "order_id": self._order_id,
            "trigger": self.trigger,
            "state": None if self.state is None else str(self.state),
            "allowed": [*sorted(self.allowed)],
            "refusals": refusals,
            # Rounded up, as too early is a wasted call; a provider may have named a time that is none.
            "retry_after": math.ceil(wait) if wait is not None and math.isfinite(wait) else None,
        }


def _money(taken: Taken | None) -> Json:
    if taken is None:
        return None
    return {"reference": taken.reference, "amounts": [str(tender.amount) for tender in taken.tenders]}


class NotSentError(StampcardError):
    """Surely nothing happened at the provider; the order is as it was."""

    default_code = "not_sent"


class NotAllowedError(NotSentError):
    """The lifecycle or a guard said no; `refusals` lists every reason. `next` is WAIT when the order is in doubt."""

    default_code = "lifecycle.not_allowed"


class ConflictError(NotSentError):
    """Another lane changed the order first, or this id was used with other input: `get` it and look.

    current_version: the order's version now.
    """

    default_code = "order.conflict"
    current_version: int = 0


class UnknownOrderError(NotSentError):
    """No such order in this journal."""

    default_code = "order.unknown"


class UnsupportedError(NotSentError):
    """This provider cannot do that. capability: the trigger or feature it lacks."""

    default_code = "provider.unsupported"
    capability: str = ""


class UnavailableError(NotSentError):
    """Not now: try again after `retry_after` seconds."""

    next = Next.RETRY
    default_code = "provider.unavailable"
    reason: Reason = "unreachable"

    @property
    def retry_after(self) -> float:
        return 5.0 if self._retry_after is None else self._retry_after


class ConfigurationError(NotSentError):
    """A key, url or setting is wrong. problems: all of them; `field` names the setting."""

    next = Next.CALL
    default_code = "configuration"

    @classmethod
    def of(cls, problems: Iterable[Refusal]) -> ConfigurationError:
        """From every problem found."""
        found = tuple(problems)
        text = "; ".join(_told(p) for p in found)
        return cls("The loyalty connection is not set up right.", detail=text, refusals=found)

    @property
    def problems(self) -> tuple[Refusal, ...]:
        return self.refusals


def _told(problem: Refusal) -> str:
    """ "SPENDGO_SECRET is missing"; "key.secret: the secret is empty"."""
    if not problem.field:
        return problem.message
    joint = " " if problem.message.startswith(("is ", "has ", "names ")) else ": "
    return f"{problem.field}{joint}{problem.message}"


class JournalError(NotSentError):
    """Nothing could be written, so nothing was sent."""

    next = Next.CALL
    default_code = "journal.unavailable"


class DeclinedError(StampcardError):
    """The provider answered no, and it is journalled. `next` is CALL when our credentials are at fault.

    taken: money `pay` took for this order and that is still taken. given_back: what was taken, and given back for this.
    """

    default_code = "provider.declined"
    provider_code: str | None = None
    provider_text: str | None = None
    http_status: int = 0
    taken: Taken | None = None
    given_back: Taken | None = None

    def as_dict(self) -> dict[str, Json]:
        return {**super().as_dict(), "taken": _money(self.taken), "given_back": _money(self.given_back)}


class ChargeFailedError(StampcardError):
    """The card was declined, finally: no money was taken. reason: the port's own words.

    voided: the order was voided for it. Else it is kept for another attempt; or its void is not settled yet, and `next`
    is WAIT.
    """

    next = Next.RETRY
    default_code = "charge.kept"
    reason: str = ""
    voided: bool = False

    def as_dict(self) -> dict[str, Json]:
        return {**super().as_dict(), "reason": self.reason, "voided": self.voided}


class InDoubtError(StampcardError):
    """Nobody knows whether the step took effect: the order waits for recovery. reversible: a void is legal now.

    taken: money `pay` took for this order. None while nobody knows whether it did: see `trigger`.
    """

    next = Next.WAIT
    default_code = "order.in_doubt"
    reversible: bool = False
    taken: Taken | None = None

    @property
    def order_id(self) -> str:
        return self._order_id or ""

    def as_dict(self) -> dict[str, Json]:
        return {**super().as_dict(), "taken": _money(self.taken)}


class NeedsHumanError(InDoubtError):
    """Recovery gave up. check: what to look at, at the provider."""

    next = Next.CALL
    default_code = "order.needs_human"
    check: str = ""

    def as_dict(self) -> dict[str, Json]:
        return {**super().as_dict(), "check": self.check}
