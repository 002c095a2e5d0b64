"""The contract of a provider: pure answers and a signing hook. It never sends.

An adapter builds a `Request`, reads a `Response` into one of four outcomes, and says what may be done when the outcome
is unknown. The engine journals, signs through `auth`, sends, and decides. Provider writers import this module,
`stampcard.verbs`, `stampcard.step`, `stampcard.config`, `stampcard.hooks`, `stampcard.signing` and `stampcard.wire`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import attrs
import httpx

from stampcard.commands import Command
from stampcard.lifecycles import Lifecycle
from stampcard.model import AnyOrder, Environment, Facts, Order, Refusal, Site
from stampcard.wire import Request, Response

__all__ = [
    "Accepted",
    "Adapter",
    "AnyAdapter",
    "AskAgain",
    "Declined",
    "Description",
    "Escalate",
    "Evidence",
    "Installable",
    "Look",
    "LookBack",
    "Model",
    "Neighbour",
    "NotSent",
    "Outcome",
    "Policy",
    "Probe",
    "Query",
    "Recovery",
    "Repeat",
    "Resend",
    "Restored",
    "Rule",
    "Unknown",
    "Unseen",
]

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F", bound=Facts)
C = TypeVar("C", bound=Command)
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Accepted(Generic[S, F]):
    """The provider did it.

    to: needed only where the lifecycle's row has several destinations. Of an observation: where the provider says the
    order stands, which may be where it stood. inferred: concluded, not answered; it is shown
    to the desk and never itself the premise of another inference. claims: the provider's own id of the order, taken
    UNIQUE per (tenant, provider) in the outcome's transaction. drift: the provider's own word for a state the lifecycle
    does not know, or what else it said that the documents do not: kept beside the facts and reported, never taken for a
    success. An observation that only drifts has no `to`.
    """

    facts: F
    to: S | None = None
    inferred: bool = False
    claims: str | None = None
    drift: str | None = None


@attrs.frozen(kw_only=True)
class Declined:
    """The provider said no, in an error it documents, and nothing happened there.

    code: stable and ours ("reward.not_applied"). message: the cashier's sentence. provider_code, provider_text: what
    it literally said, at most a line of it, no secret. to: the state this no leads to, where the lifecycle has one for
    it (a declined card); None leaves the order where it was.
    """

    code: str
    message: str
    to: StrEnum | None = None
    provider_code: str | None = None
    provider_text: str | None = None
    perhaps_done: bool = False
    """This no may mean "already", even to a first send (a network may deliver a request twice): nobody knows, then."""


@attrs.frozen(kw_only=True)
class NotSent:
    """Proof that nothing happened: no byte left, or the provider turned us away at the door (429, 401, 403).

    ours: our credentials or settings are at fault. retry_after: seconds, when the provider named a time.
    """

    why: str
    code: str = "provider.unreachable"
    retry_after: float | None = None
    ours: bool = False
    provider_code: str | None = None
    provider_text: str | None = None


@attrs.frozen(kw_only=True)
class Unknown:
    """Nobody knows whether it happened."""

    why: str


Outcome: TypeAlias = Accepted[S, F] | Declined | NotSent | Unknown


@attrs.frozen(kw_only=True)
class Resend:
    """The same request may be sent again: the provider takes a repeat for the first."""

    limit: int = 8


@attrs.frozen(kw_only=True)
class AskAgain:
    """Nothing may be sent on our own; the till may ask its user and present the payment again."""

    reason: str


@attrs.frozen(kw_only=True)
class Escalate:
    """A person has to look. check: what to look at, at the provider."""

    reason: str
    check: str


@attrs.frozen(kw_only=True)
class Probe(Generic[S, F]):
    """Look before anything is sent: `read` turns what the provider shows into an outcome or the next move."""

    request: Request
    read: Callable[[Response], Outcome[S, F] | Resend | Escalate]


Recovery: TypeAlias = Resend | Probe[S, F] | Accepted[S, F] | AskAgain | Escalate
"""What may be done next. `Accepted` (inferred) where the answers so far prove it and there is nothing to look at."""


@attrs.frozen(kw_only=True)
class Unseen:
    """The provider's API does not show this. why: one sentence."""

    why: str


@attrs.frozen(kw_only=True)
class Look(Generic[S, F]):
    """A look at a settled order, for reconciliation; the request changes nothing at the provider.

    read: total. `Accepted`: where the provider says the order stands (`to`), and as `drift` what it shows otherwise
    than the order's facts ("points 700 instead of 500"). `Declined`: in documented words, it has no such order.
    `NotSent`: we were turned away at the door. `Unseen`: the API does not tell.
    """

    request: Request
    read: Callable[[Response], Outcome[S, F] | Unseen]
    call_budget: float = 10.0


@attrs.frozen(kw_only=True)
class Evidence:
    """What is known about an open intent beside the order.

    attempts: sends made, the first included. age: seconds since the last of them could have left. answer: what a
    resend was told, when it was a no (the first send may have landed, and the no may mean "already").
    """

    attempts: int
    age: float
    answer: Declined | None = None
    inferred_before: bool = False
    """The state this step started from was itself inferred: no premise for another inference."""
    sole_claimant: bool = False
    """It is known that no other order can have used what this one would have: only then may a lower balance be taken
    for this order's doing."""


@attrs.frozen(kw_only=True)
class Restored:
    """What a reversal took back is seen to be back. why: what was seen, in a few words."""

    why: str


@attrs.frozen(kw_only=True)
class Neighbour:
    """Another order of the same person in the same journal, which may have used what is looked for.

    before: as it stood when what is compared was recorded; None when it was opened since.
    """

    now: AnyOrder
    before: AnyOrder | None = None


@attrs.frozen(kw_only=True)
class LookBack:
    """What would show, once the step that was reversed can land no more, that all it may have taken is back.

    read: `Restored`; `Escalate` when it is not, or when it cannot be told; `Unknown` or `NotSent` when the look failed
    (it is made again). recorded_by: the trigger whose accepted call recorded what is compared: `read` is given the
    person's other orders of which anything was written since. None: it needs none.
    """

    request: Request
    read: Callable[[Response, Sequence[Neighbour]], Restored | Escalate | NotSent | Unknown]
    recorded_by: str | None = None
    call_budget: float = 10.0


class Repeat(StrEnum):
    """How an operation may be repeated after an unknown outcome."""

    SAME_KEY = "same_key"
    PROBE_FIRST = "probe_first"
    NEVER = "never"


@attrs.frozen(kw_only=True)
class Policy:
    """One operation's capabilities.

    effectless: nothing changes at the provider, so a lost reply is no doubt. deferrable: may be queued while the
    provider is away. deferrable_without_reward: may be queued where the order takes no reward. reversible: a reversing
    operation exists for it. look_up: the provider can be asked what became of it. call_budget: seconds until the socket
    is abandoned. late_window: seconds a request may still land after.
    asks_again: nothing may be sent on our own after an unknown outcome, but the till may ask its user and fire the same
    trigger anew at once; the call before may have taken effect, for at most this many seconds (a hold lapses).
    """

    repeat: Repeat
    effectless: bool = False
    deferrable: bool = False
    deferrable_without_reward: bool = False
    reversible: bool = False
    look_up: bool = False
    call_budget: float = 10.0
    late_window: float = 120.0
    asks_again: float | None = None


@attrs.frozen(kw_only=True)
class Query(Generic[T]):
    """A call that belongs to no order. It must be repeatable: it is not journalled."""

    name: str
    request: Request
    read: Callable[[Response], T | Declined | NotSent | Unknown]
    call_budget: float = 10.0


class Adapter(ABC, Generic[S, F, C]):
    """A provider's translator. Every method is pure; `read` is total: any status, any bytes, never an exception."""

    name: ClassVar[str]
    lifecycle: ClassVar[Lifecycle[Any]]
    facts: ClassVar[type[Facts]]
    commands: ClassVar[tuple[type[Command], ...]]
    policies: Mapping[str, Policy]
    """Trigger -> policy. A trigger of the lifecycle that calls the provider and is not here is unsupported."""
    environment: Environment
    base_url: str
    calls_per_minute: float | None = None
    """The rate the provider declares, where it does: calls beyond it are not made."""

    @abstractmethod
    def opening(self) -> F:
        """The facts of an order of which nothing is known yet."""

    def check(self, order: Order[S, F], command: C, /) -> tuple[Refusal, ...]:
        """The provider's own limits, on top of the lifecycle's guards; all of them, not the first."""
        return ()

    def completes(self, order: Order[S, F], command: C, /) -> Query[C] | None:
        """What is asked before this is sent (who has that number?): its answer is the command in full; else None."""
        return None

    @abstractmethod
    def request(self, order: Order[S, F], command: C, /) -> Request:
        """The call for this command: same input, same bytes."""

    @abstractmethod
    def read(self, order: Order[S, F], command: C, response: Response, /) -> Outcome[S, F]:
        """What the provider said. A 5xx, 408, 3xx, undocumented 2xx or foreign body is Unknown.

        Of `Observe`: `Accepted` with the facts as they are now, and where the order stands.
        """

    @abstractmethod
    def recover(self, order: Order[S, F], command: C, evidence: Evidence, /) -> Recovery[S, F]:
        """What may be done about an open intent."""

    def look_back(self, order: Order[S, F], command: C, /) -> LookBack | Restored | None:
        """How to see that nothing of `command` is left, after a reversal was accepted while nobody knew its ending.

        Asked when its late window has passed. order: as it is after the reversal. None: as `compare` shows the order;
        where that shows none, nothing of this step would show (or it takes nothing), and the order is let go unseen,
        which its history says, unless a late reply said that the step took effect: a person is asked then. `Restored`:
        nothing can be left, and no look is needed.
        """
        return None

    def lane(self, order: Order[S, F], command: C, /) -> str | None:
        """What no two calls of this tenant may be open for at the same time, whatever the order; None: nothing.

        For an operation whose lost reply is found again by what is new at the provider: a second one under way would
        make two new. Another order's firing then gets UnavailableError ("busy").
        """
        return None

    def compare(self, order: Order[S, F], /) -> Look[S, F] | Unseen:
        """How to see whether the provider has this settled order as the journal has it."""
        return Unseen(why="the provider's API shows no order")

    def look_after(self, order: Order[S, F], now: datetime, looks: int, /) -> float | None:
        """Seconds until it is worth observing this order again, after `looks` observations; None when it rests.

        An order rests when no observation can lead on, or when it already stands where one may leave it.
        """
        row = self.lifecycle.row(str(order.state), "observe")
        if row is None or "observe" not in self.policies or order.state in row.destinations:
            return None
        return float(min(2 ** min(looks, 5), 30))

    @abstractmethod
    def auth(self, site: Site, /) -> httpx.Auth:
        """The hook that signs the exact bytes sent, or holds and renews a token. Raises ConfigurationError."""


AnyAdapter: TypeAlias = Adapter[Any, Any, Any]


@attrs.frozen
class Rule:
    """What holds at a provider, in a few words, and where that is said (a page of its documents, or our own choice)."""

    says: str
    source: str


@attrs.frozen(kw_only=True)
class Description:
    """A provider on one line of `diagrams/providers.md`: with its switches as they are by default.

    auth: how calls are signed. recovery: trigger -> what is done after a lost reply. asks: names of its questions.
    compared: what `stampcard reconcile` sees of an order, or why it sees none.
    """

    title: str
    lifecycle: Lifecycle[Any]
    policies: Mapping[str, Policy]
    auth: Rule
    recovery: Mapping[str, Rule]
    asks: tuple[str, ...] = ()
    compared: Rule | None = None


class Installable(Protocol):
    """What an entry point in `stampcard.providers` names: the commands build it from the environment."""

    name: ClassVar[str]

    @classmethod
    def describe(cls) -> Description:
        """What it can do and which rules it follows; needs no credentials."""
        ...

    @classmethod
    def from_env(cls, env: Mapping[str, str], /) -> Installable:
        """Raises ConfigurationError naming every missing or bad setting."""
        ...


class Model(Protocol):
    """A provider in memory: the sandbox serves it over HTTP, tests call it in process, the simulator crashes it."""

    def handle(self, request: Request, /) -> Response:
        """Any request, any bytes: an answer, never an exception."""
        ...

    def unbalanced(self) -> tuple[str, ...]:
        """Sentences for every ledger whose books do not balance; empty when all do."""
        ...
