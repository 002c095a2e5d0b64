"""The order as a value, its history, and why something was refused. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeAlias, TypeVar

import attrs

if TYPE_CHECKING:
    from stampcard.model.charge import Taken

__all__ = [
    "AnyOrder",
    "Doubt",
    "Entry",
    "EntryKind",
    "Environment",
    "Expected",
    "Facts",
    "Order",
    "Ownership",
    "Possible",
    "Refusal",
    "Site",
    "Watch",
]

S_co = TypeVar("S_co", bound=StrEnum, covariant=True)
F_co = TypeVar("F_co", bound="Facts", covariant=True)


class Environment(StrEnum):
    """Which of the provider's worlds. An order belongs to one, and a till of another refuses it."""

    SANDBOX = "sandbox"
    TEST = "test"
    LIVE = "live"


@attrs.frozen(kw_only=True)
class Site:
    """Where a step happens. `tenant` picks the credentials, `store` is your store number (see Spendgo's `stores`)."""

    store: str
    register: str | None = None
    tenant: str = "default"

    def __attrs_post_init__(self) -> None:
        if (
            not self.store.strip()
            or not self.tenant.strip()
            or (self.register is not None and not self.register.strip())
        ):
            raise ValueError("a site's store, tenant and register are not blank")


@attrs.frozen(kw_only=True)
class Refusal:
    """Why not. `code` is stable; `message` is the cashier's sentence; `params` fill a translation of it."""

    code: str
    message: str
    field: str | None = None
    params: Mapping[str, str] = attrs.field(factory=dict[str, str])


def shy(kind: type[Any], personal: tuple[str, ...]) -> None:
    """Give an attrs class a repr that shows nobody's personal data: a log holds what is printed for ever."""
    hidden = {path.partition(".")[0] for path in personal}
    shown = [field.name for field in attrs.fields(kind) if field.repr]

    def say(self: Any) -> str:
        parts = (f"{name}={'***' if name in hidden else repr(getattr(self, name))}" for name in shown)
        return f"{kind.__qualname__}({', '.join(parts)})"

    if hidden:
        type.__setattr__(kind, "__repr__", say)


@attrs.frozen(kw_only=True)
class Facts:
    """What accepted steps taught us; one subclass per provider.

    personal: paths of the fields that describe a living person ("buyer.id", "rewards.*.member_id"). The journal keeps
    them in a side table keyed by subject, so that a person can be forgotten while the order's history stays.
    """

    personal: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        shy(cls, cls.personal)

    def subject(self) -> str | None:
        """The provider's id of the person the order is about, or None."""
        return None

    def claim(self) -> str | None:
        """The provider's own id of the order, which no other order of ours may have; None where none is known."""
        return None

    def learn(self, command: Any) -> Self:
        """These facts after `command` was accepted: what the till itself said. The engine calls it."""
        return self


@attrs.frozen(kw_only=True)
class Doubt:
    """A step whose ending nobody knows.

    intent: its name in the journal. running: a till that is alive still waits for the reply. reversible: a reversing
    verb (a void) is legal now. needs_human: recovery gave up; `check` says what to look at, at the provider.
    next_look: the moment from which recovery, where it runs, tries again; None while a call runs or a person is asked.
    """

    intent: str
    trigger: str
    since: datetime
    why: str
    running: bool = False
    reversible: bool = False
    needs_human: bool = False
    check: str | None = None
    next_look: datetime | None = None


@attrs.frozen(kw_only=True)
class Possible:
    """A call whose ending nobody will ever know, and which was gone past: it may have taken effect at the provider.

    (A hold of money whose reply was lost, before the till asked again.) until: when it ends by itself.
    """

    trigger: str
    since: datetime
    until: datetime
    why: str


@attrs.frozen(kw_only=True)
class Watch:
    """A reversal was accepted while the step before it was in doubt, and it is not seen yet that all is back.

    trigger: the step that was in doubt; its call might still land, until `until`. Then the provider is looked at, where
    it can be. since: when the reversal was accepted.
    """

    trigger: str
    since: datetime
    until: datetime


@attrs.frozen(kw_only=True)
class Expected(Generic[S_co, F_co]):
    """Where an order stands once all that waits to be sent was sent and accepted: no provider has said so yet."""

    state: S_co
    facts: F_co


@attrs.frozen(kw_only=True)
class Order(Generic[S_co, F_co]):
    """An order as the journal stands: the fold of its entries. Immutable; every verb returns a new one.

    id: yours, sent to the provider, unique for ever. ticket: the POS's own number, searchable, may repeat daily.
    version: the count of its journal entries. allowed: names of the verbs legal now (guards on their input not yet
    asked). cashier: one sentence, where this order stands. replayed: this answer was recorded earlier. settled:
    nothing open and nothing queued. queued: steps that wait to be sent, in their order; state and facts are without
    them. expected: where it stands once they are; None where nothing waits. final: no verb leads on. possible: what
    may exist at the provider beside what is known (holds nobody answered for). taken: money `pay` took for it and did
    not give back. watch: a reversal from doubt that is still watched. lifecycle, fingerprint: the table it was opened
    under.
    """

    id: str
    provider: str
    environment: Environment
    site: Site
    lifecycle: str
    fingerprint: str
    state: S_co
    version: int
    facts: F_co
    ticket: str | None = None
    doubt: Doubt | None = None
    possible: tuple[Possible, ...] = ()
    taken: Taken | None = None
    watch: Watch | None = None
    queued: tuple[str, ...] = ()
    expected: Expected[S_co, F_co] | None = None
    replayed: bool = attrs.field(default=False, eq=False)
    allowed: frozenset[str] = frozenset()
    final: bool = False
    cashier: str = attrs.field(default="", repr=False)

    @property
    def outlook(self) -> Expected[S_co, F_co]:
        """State and facts with what waits to be sent; as they are where nothing does."""
        return self.expected or Expected(state=self.state, facts=self.facts)

    @property
    def settled(self) -> bool:
        """Nothing open, nothing queued, no doubt."""
        return self.doubt is None and not self.queued


AnyOrder: TypeAlias = Order[Any, Any]
"""An order of whatever provider. (Any: attrs classes cannot be read covariantly by every checker.)"""


class EntryKind(StrEnum):
    """What one line of an order's history says."""

    INTENT = "intent"
    """The promise to make one call, written before it."""
    ATTEMPT = "attempt"
    """A recovery takes an open intent over and sends once more, written before it."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    EVIDENCE = "evidence"
    """A reply that came too late to move the order: kept and weighed, it moves no state."""
    OBSERVED = "observed"
    RESOLVED = "resolved"
    QUEUED = "queued"
    REVEALED = "revealed"
    DRIFT = "drift"
    ESCALATED = "escalated"
    WATCHED = "watched"
    """The watch over a reversal from doubt is over: what was seen at the provider. It moves no state."""


@attrs.frozen(kw_only=True)
class Ownership:
    """Who is making a call: until `hard_end`, or until the owner dies, everybody else finds the order busy.

    owner: one till in one process. boot: of the machine; `hard_end` is seconds on that boot's monotonic clock, and at
    that moment the owner closes its socket.
    """

    owner: str
    boot: str
    hard_end: float


@attrs.frozen(kw_only=True)
class Entry:
    """One line of an order's history: when, who, what, why.

    position: over the whole journal, rising; the bookmark of `till.changes`. version: within the order, from 1.
    state: of the order after this entry. by: the person or process. intent: the promise this line belongs to.
    closes: intents this line concludes. digest: of the command's input, so that a repeat can be compared.
    """

    position: int
    order_id: str
    provider: str
    version: int
    kind: EntryKind
    trigger: str
    state: str
    at: datetime
    by: str | None = None
    why: str | None = None
    intent: str | None = None
    command_id: str | None = None
    digest: str | None = attrs.field(default=None, repr=False)
    code: str | None = None
    """A stable code: of the refusal, the failure or the escalation."""
    closes: tuple[str, ...] = ()
    ownership: Ownership | None = attrs.field(default=None, repr=False)
    body: bytes = attrs.field(default=b"{}", repr=lambda body: f"<{len(body)} bytes>")
    """The journal's own JSON: command, facts or evidence. No secret is ever in it."""
