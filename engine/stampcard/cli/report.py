"""What became of one order, read off the journal alone: no provider needs to be configured.

May live here: a record turned into what a person or a program asks about it, the JSON of `stampcard orders`. May not:
a terminal, colours, options, a till. Nothing here changes anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import attrs

from stampcard.cli import payments
from stampcard.cli.contents import Tree, behind, expected_of, facts_of, redacted
from stampcard.draw import Step
from stampcard.errors import reference
from stampcard.journal.charges import Charge, barred, charges
from stampcard.journal.codec import unpack
from stampcard.journal.contract import Header, Record, StoreError, Summary
from stampcard.journal.fold import OpenIntent, Standing, fold
from stampcard.journal.owners import boot_id
from stampcard.journal.queue import QueuedStep
from stampcard.journal.reversals import watch
from stampcard.lifecycles import LIFECYCLES, AnyLifecycle
from stampcard.model import PAYMENTS, Entry, EntryKind, Watch
from stampcard.phrases import Phrases
from stampcard.recovery import Verdict

__all__ = [
    "OpenCall",
    "OrderReport",
    "PossibleCall",
    "legal_by_table",
    "queued_json",
    "report",
    "summary_json",
]


@attrs.frozen(kw_only=True)
class OpenCall:
    """A call whose ending nobody knows.

    owner_alive: whether the process that makes it lives; None when that cannot be told from here. running: it may
    still get its reply. reversible: a void is legal now. check: what to look at, once recovery has given up.
    """

    intent: str
    trigger: str
    since: datetime
    why: str
    by: str | None
    calls: int
    owner: str
    owner_alive: bool | None
    running: bool
    reversible: bool
    needs_human: bool
    check: str | None

    def as_json(self) -> Tree:
        """Stable keys."""
        return {**attrs.asdict(self), "since": _iso(self.since)}


@attrs.frozen(kw_only=True)
class PossibleCall:
    """A call that was gone past without an answer: what it would have done may exist at the provider.

    about: what the call was made with, as far as it is journalled and no person's.
    """

    trigger: str
    since: datetime
    about: Tree

    def as_json(self) -> Tree:
        """Stable keys."""
        return {"trigger": self.trigger, "since": _iso(self.since), "about": self.about}


@attrs.frozen(kw_only=True)
class OrderReport:
    """One order, ready to be shown.

    lifecycle: None when this release does not know it. allowed: by the table and the doubt. path: edges walked.
    watch: a reversal from doubt that is still watched. facts: as journalled; personal data in it only when it was asked
    for. stands: one sentence.
    """

    standing: Standing
    lifecycle: AnyLifecycle | None
    allowed: tuple[str, ...]
    calls: tuple[OpenCall, ...]
    possible: tuple[PossibleCall, ...]
    watch: Watch | None
    facts: Tree | None
    path: tuple[Step, ...]
    stands: str
    charges: tuple[Charge, ...] = ()
    """The attempts to take the customer's money, oldest first."""
    expected: Tree | None = None
    """Of an order with steps that wait: the state it is in once they are sent, and what they were taken down with."""

    @property
    def header(self) -> Header:
        return self.standing.header

    @property
    def state(self) -> str:
        return self.standing.state

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.standing.record.entries

    @property
    def final(self) -> bool:
        return self.lifecycle is not None and self.state in self.lifecycle.final

    @property
    def doubt(self) -> OpenCall | None:
        """The call to talk about first: the newest that needs a person, else the newest."""
        return next((c for c in reversed(self.calls) if c.needs_human), self.calls[-1] if self.calls else None)

    def as_json(self) -> Tree:
        """Stable keys, times in UTC."""
        doubt = self.doubt
        others = [call.as_json() for call in self.calls if call is not doubt]
        return {
            **_header_json(self.header),
            "state": self.state,
            "version": self.standing.version,
            "opened_at": _iso(self.header.opened_at),
            "final": self.final,
            "stands": self.stands,
            "in_doubt": None if doubt is None else {**doubt.as_json(), "others": others},
            "allowed": list(self.allowed),
            "possible": [call.as_json() for call in self.possible],
            "queued": [queued_json(one) for one in self.standing.queued],
            "expected": self.expected,
            "watch": None if self.watch is None else _watch_json(self.watch),
            "payment": [payments.attempt_json(charge) for charge in self.charges],
            "forgotten": self.standing.forgotten,
            "facts": self.facts,
            "history": [_entry_json(entry) for entry in self.entries],
        }


def report(
    record: Record, *, alive: Callable[[str], bool], personal: bool = False, phrases: Phrases | None = None
) -> OrderReport:
    """Read one order. alive: the journal's own. personal: with what is known of the customer. Raises StoreError."""
    standing = fold(record)
    lifecycle = LIFECYCLES.get(record.header.lifecycle)
    expected = None if lifecycle is None else expected_of(lifecycle, standing, personal=personal)
    legal = frozenset[str]() if lifecycle is None else legal_by_table(lifecycle, standing)
    if lifecycle is not None and expected is not None:
        legal = behind(lifecycle, str(expected["state"]))
    allowed = tuple(sorted(legal - barred(standing).keys()))
    calls = tuple(_call(intent, lifecycle, allowed, alive) for intent in standing.open)
    found = OrderReport(
        standing=standing,
        lifecycle=lifecycle,
        allowed=allowed,
        calls=calls,
        possible=_possible(standing, lifecycle),
        watch=watch(standing),
        facts=facts_of(standing, personal=personal),
        path=_path(record.entries),
        stands="",
        charges=charges(standing),
        expected=expected,
    )
    return attrs.evolve(found, stands=_sentence(found, phrases or Phrases()))


def legal_by_table(lifecycle: AnyLifecycle, standing: Standing) -> frozenset[str]:
    """What may be fired now, without asking the provider's adapter.

    A till knows from the adapter which steps change nothing at the provider (a checkout), so that they may be repeated
    or dropped while in doubt. Here the table tells: such a step leads only to where it can be fired again.
    """
    if not standing.open:
        return lifecycle.allowed(standing.state)
    allowed = frozenset(lifecycle.triggers)
    for doubt in standing.open:
        row = lifecycle.row(doubt.source, doubt.trigger)
        if row is None or row.reverses:
            return frozenset()  # a reversal in doubt is settled before anything else
        within = lifecycle.reversible(doubt.source, doubt.trigger)
        if lifecycle.repeatable(doubt.source, doubt.trigger):
            within |= {r.trigger for r in lifecycle.rows if not r.calls_provider and standing.state in r.sources}
            within |= {doubt.trigger}
        allowed &= within
    return allowed


def summary_json(summary: Summary) -> Tree:
    """A line of the listing; stable keys."""
    return {
        **_header_json(summary.header),
        "state": summary.state,
        "version": summary.version,
        "opened_at": _iso(summary.header.opened_at),
        "last_at": _iso(summary.last_at),
        "open_intents": summary.open_intents,
        "in_doubt": summary.open_intents > 0,
    }


def _header_json(header: Header) -> Tree:
    return {
        "id": header.order_id,
        "provider": header.provider,
        "environment": header.environment.value,
        "tenant": header.site.tenant,
        "store": header.site.store,
        "register": header.site.register,
        "ticket": header.ticket,
        "reference": header.reference or reference(header.order_id),
        "lifecycle": header.lifecycle,
    }


def _entry_json(entry: Entry) -> Tree:
    return {
        "version": entry.version,
        "position": entry.position,
        "kind": entry.kind.value,
        "trigger": entry.trigger,
        "state": entry.state,
        "at": _iso(entry.at),
        "by": entry.by,
        "why": entry.why,
        "intent": entry.intent,
        "command_id": entry.command_id,
        "code": entry.code,
        **({} if (paid := payments.entry_json(entry)) is None else {"payment": paid}),
    }


def queued_json(step: QueuedStep) -> Tree:
    """A step that waits to be sent; stable keys."""
    return {
        "trigger": step.trigger,
        "since": _iso(step.entry.at),
        "by": step.entry.by,
        "why": step.entry.code,
        "needs_human": step.escalated is not None,
        "check": _part(step.escalated, "check"),
    }


def _watch_json(watched: Watch) -> Tree:
    return {"trigger": watched.trigger, "since": _iso(watched.since), "until": _iso(watched.until)}


def _possible(standing: Standing, lifecycle: AnyLifecycle | None) -> tuple[PossibleCall, ...]:
    """Intents that something else closed: not a reversal, which undoes them, and not one that only prices."""
    found: list[PossibleCall] = []
    for name, intent in standing.intents.items():
        ending = standing.endings.get(name)
        row = None if lifecycle is None else lifecycle.row(intent.state, intent.trigger)
        if ending is None or ending.intent == name or row is None or set(row.destinations) <= set(row.sources):
            continue
        by = None if lifecycle is None else lifecycle.row(ending.state, ending.trigger)
        undone = any(r.reverses and r.trigger == ending.trigger for r in (() if lifecycle is None else lifecycle.rows))
        told = any(e.intent == name and e.code in ("late.declined", "late.notsent") for e in standing.record.entries)
        if undone or told or (by is not None and by.reverses):
            continue
        found.append(PossibleCall(trigger=intent.trigger, since=intent.at, about=_about(intent)))
    return tuple(found)


def _about(intent: Entry) -> Tree:
    """The command's plain words and numbers that are nobody's personal data."""
    try:
        body = unpack(intent.body)
        command, paths = cast(Tree, body["command"]), cast("list[str]", body.get("personal") or [])
    except (ValueError, KeyError):
        return {}
    private = {path.partition(".")[0] for path in paths}
    plain = {k: v for k, v in command.items() if isinstance(v, (str, int)) and k not in private and k != "why"}
    return cast(Tree, redacted(plain))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _call(
    intent: OpenIntent, lifecycle: AnyLifecycle | None, allowed: tuple[str, ...], alive: Callable[[str], bool]
) -> OpenCall:
    own = intent.ownership
    try:
        lives: bool | None = alive(own.owner)
    except StoreError:  # the locks that prove life cannot be tried from here
        lives = None
    running = not intent.ended and lives is True and own.boot == boot_id() and own.hard_end > time.monotonic()
    reverses = () if lifecycle is None else (r.trigger for r in lifecycle.rows if r.reverses)
    escalated = intent.escalated
    return OpenCall(
        intent=intent.name,
        trigger=intent.trigger,
        since=intent.entry.at,
        why=_part(escalated, "reason") or intent.why,
        by=intent.entry.by,
        calls=intent.sends,
        owner=own.owner,
        owner_alive=lives,
        running=running,
        reversible=any(trigger in allowed for trigger in reverses),
        needs_human=escalated is not None,
        check=_part(escalated, "check") or (escalated.why if escalated is not None else None),
    )


def _part(escalated: Entry | None, name: str) -> str | None:
    if escalated is None:
        return None
    try:
        said = unpack(escalated.body).get(name)
    except ValueError:
        return None
    return said if isinstance(said, str) and said else None


def _sentence(found: OrderReport, phrases: Phrases) -> str:
    doubt = found.doubt
    about = None if doubt is None else doubt.trigger
    money = payments.sentence(found.standing, about, needs_human=doubt is not None and doubt.needs_human)
    if money is not None:
        return phrases.say(money)
    if doubt is None and found.standing.queued:
        first = found.standing.queued[0]
        return phrases.say("queued" if first.escalated is None else "queued.human", trigger=first.trigger)
    if doubt is None and found.watch is not None:
        return phrases.say("reversal.watched")
    if doubt is None:
        known = found.lifecycle is not None
        return phrases.say(f"state.{found.header.lifecycle}.{found.state}") if known else f"It is {found.state}."
    if doubt.needs_human:
        code = "doubt.human"
    elif doubt.running:
        code = "doubt.running"
    else:
        code = "doubt.reversible" if doubt.reversible else "doubt"
    return phrases.say(code, trigger=doubt.trigger)


def _path(entries: tuple[Entry, ...]) -> tuple[Step, ...]:
    """Edges walked. An intent moves nothing, so the state before an acceptance is that of the entry before."""
    path: list[Step] = []
    before = entries[0].state if entries else ""
    for entry in entries:
        taken_back = entry.kind is EntryKind.RESOLVED and entry.code == Verdict.DECLINED and entry.state != before
        if taken_back:
            path.pop()  # a person found that the last step had not been done
        elif (entry.kind is EntryKind.ACCEPTED and entry.trigger not in PAYMENTS) or entry.state != before:
            path.append((before, entry.trigger, entry.state))
        before = entry.state
    return tuple(path)
