"""The ending of a call: judged by the adapter, written so that no reply is ever dropped.

A reply that belongs to the attempt that owns the intent concludes it. A reply of a superseded attempt, or of an intent
that something else has concluded meanwhile, moves no state: it is appended as evidence, and when it contradicts what
was concluded, the order is escalated.
"""

from __future__ import annotations

import math
from typing import Any, Final
from urllib.parse import quote

import attrs

from stampcard.adapter import Accepted, AnyAdapter, Declined, Escalate, NotSent, Outcome, Unknown
from stampcard.commands import Command
from stampcard.errors import InDoubtError, Next
from stampcard.journal.codec import encode, pack
from stampcard.journal.contract import (
    Append,
    ClaimTakenError,
    Draft,
    Personal,
    Record,
    StoreError,
    VersionConflictError,
)
from stampcard.journal.fold import OpenIntent, Standing, fold, landed
from stampcard.machine import IllegalMoveError, move
from stampcard.model import AnyOrder, Entry, EntryKind, Facts, Ownership
from stampcard.step.effects import Keep, Load, Now, Step, Write, perform
from stampcard.step.trouble import unsent
from stampcard.step.view import effectless
from stampcard.step.watch import followed
from stampcard.transport.contract import Failed, Sent

__all__ = [
    "ASK_AGAIN_CHECK",
    "Ending",
    "Promise",
    "apart",
    "conclude",
    "extended",
    "guest_of",
    "judge",
    "person",
    "personal_of",
    "source_of",
    "write_escalation",
]

ASK_AGAIN_CHECK: Final = "whether the customer was charged, or money is held"
_SAID = 200
"""Characters of a provider's own word that are kept."""
_OVER = Ownership(owner="", boot="", hard_end=0.0)
"""Nobody's: of an intent that is reopened for a person."""


@attrs.frozen(kw_only=True)
class Promise:
    """What a call was made for. attempt: version of the entry that owns the intent: itself, or the last attempt."""

    adapter: AnyAdapter
    order: AnyOrder
    command: Command
    intent: str
    attempt: int
    by: str | None
    resend: bool = False


@attrs.frozen(kw_only=True)
class Ending:
    """What became of a call. written: it concluded the intent (or said that nobody knows); else it is evidence only."""

    outcome: Outcome[Any, Any]
    http: int
    record: Record
    standing: Standing
    written: bool
    facts: Facts | None = None


def judge(promise: Promise, sent: Sent) -> tuple[Outcome[Any, Any], int]:
    """The adapter's verdict on what came back, and the HTTP status (0: none). Never raises."""
    if isinstance(sent, Failed):
        return (Unknown(why=sent.why) if sent.sent else unsent(sent)), 0
    status = sent.response.status
    try:
        outcome: Outcome[Any, Any] = promise.adapter.read(promise.order, promise.command, sent.response)
    except Exception as error:  # noqa: BLE001  a reader's mistake must not lose a reply
        return Unknown(why=f"the reply could not be read ({type(error).__name__})"), status
    if isinstance(outcome, Accepted):
        row = promise.adapter.lifecycle.row(promise.order.state, promise.command.trigger)
        ends = () if row is None else row.destinations
        if (outcome.to is None and len(ends) != 1) or (outcome.to is not None and outcome.to not in ends):
            return Unknown(
                why=f"the provider reports {outcome.to}, which the lifecycle does not know from here"
            ), status
    if isinstance(outcome, Declined) and outcome.to is not None:
        row = promise.adapter.lifecycle.row(promise.order.state, promise.command.trigger)
        if row is None or outcome.to not in row.destinations:
            return Unknown(why=f"the provider's no leads to {outcome.to}, which the lifecycle does not know"), status
    return outcome, status


def conclude(promise: Promise, sent: Sent, record: Record) -> Step[Ending]:
    """Write the ending; another lane's entries in between are no reason to lose it.

    Raises InDoubtError when the journal cannot be written any more: the reply is not recorded, recovery finds out.
    """
    outcome, http = judge(promise, sent)
    return (yield from settle(promise, outcome, http, record))


def settle(promise: Promise, outcome: Outcome[Any, Any], http: int, record: Record) -> Step[Ending]:
    """Write an outcome that has been judged."""
    now = yield from perform(Now())
    order_id = promise.order.id
    shared: Escalate | None = None
    while True:
        standing = fold(record)
        mine = next((o for o in standing.open if o.name == promise.intent), None)
        owned = mine is not None and mine.attempt == promise.attempt
        entry = _Ink(promise=promise, standing=standing, http=http, at=now)
        if mine is not None and owned:
            drafts, facts = entry.ending(outcome, mine)
            if shared is not None and mine.escalated is None:
                drafts = (*drafts, entry.escalation(shared, None))
        else:
            drafts, facts = entry.evidence(outcome), None
        claims = (outcome.claims,) if owned and isinstance(outcome, Accepted) and outcome.claims else ()
        try:
            append = Append(order_id=order_id, expected_version=record.version, entries=drafts, claims=claims)
            if facts is not None or drafts[-1].state != standing.state:
                append = followed(append, promise.adapter, promise.order, facts, now)
            entries = yield from perform(Write(append))
        except VersionConflictError:
            record = yield from _reread(promise, record)
            continue
        except ClaimTakenError as taken:
            # No further look can show anything else: without a person it would be in doubt for ever.
            outcome = Unknown(why=f"the provider's order is already ours as {taken.order_id}")
            shared = Escalate(reason=outcome.why, check=f"which order there is {order_id}, and which {taken.order_id}")
            continue
        except StoreError as broken:
            raise unrecorded(promise, broken) from None
        record = extended(record, entries, drafts)
        after = fold(record)
        if facts is not None:
            after.knows(facts)
        yield from perform(Keep(record))
        return Ending(outcome=outcome, http=http, record=record, standing=after, written=owned, facts=facts)


def write_escalation(promise: Promise, verdict: Escalate, record: Record) -> Step[Record]:
    """Hand an open intent to a person: once, with what to look at."""
    now = yield from perform(Now())
    while True:
        standing = fold(record)
        mine = next((o for o in standing.open if o.name == promise.intent), None)
        if mine is None or mine.escalated is not None:
            return record
        entry = _Ink(promise=promise, standing=standing, http=0, at=now)
        drafts = (entry.escalation(verdict, None),)
        try:
            entries = yield from perform(
                Write(Append(order_id=promise.order.id, expected_version=record.version, entries=drafts))
            )
        except VersionConflictError:
            record = yield from _reread(promise, record)
            continue
        except StoreError as broken:
            raise unrecorded(promise, broken) from None
        return extended(record, entries, drafts)


def _reread(promise: Promise, record: Record) -> Step[Record]:
    """The order after another lane's entry. Raises InDoubtError when it cannot be read."""
    try:
        return (yield from perform(Load(promise.order.id))) or record
    except StoreError as broken:
        raise unrecorded(promise, broken) from None


def unrecorded(promise: Promise, broken: StoreError) -> InDoubtError:
    """The call was made and its ending cannot be written: the intent stays open."""
    return InDoubtError(
        "The sale cannot be recorded on this register. Call the help desk.",
        code="journal.outcome_unrecorded",
        detail=f"the call was made, its ending could not be written: {broken}",
        order_id=promise.order.id,
        trigger=promise.command.trigger,
        state=str(promise.order.state),
        next=Next.CALL,
    )


def extended(record: Record, entries: tuple[Entry, ...], drafts: tuple[Draft, ...]) -> Record:
    """The record with what was just appended: saves a read."""
    fresh = {e.version: d.personal.data for e, d in zip(entries, drafts, strict=True) if d.personal is not None}
    return attrs.evolve(record, entries=record.entries + entries, personal={**record.personal, **fresh})


def apart(personal: dict[str, Any]) -> dict[str, Any]:
    """What an entry's body says of the data kept in the side table: its paths; nothing where there is none."""
    return {"personal": sorted(personal)} if personal else {}


def personal_of(
    order: AnyOrder, subject: str | None, data: dict[str, Any], *, follows: int | None = None
) -> Personal | None:
    """The side row of an entry. Whose: the provider's member, or, for a guest, the order itself."""
    if not data:
        return None
    whose = guest_of(order.id) if subject is None else person(order.provider, order.site.tenant, subject)
    return Personal(subject=whose, data=pack(data), follows=follows)


def source_of(standing: Standing, name: str) -> int | None:
    """The entry whose personal data the facts repeat: that intent's, else that of the facts before."""
    kept, intent = standing.record.personal, standing.intents.get(name)
    if intent is not None and (intent.version in kept or standing.erased(intent.version)):
        return intent.version
    return standing.facts_at


def person(provider: str, tenant: str, member_id: str) -> str:
    """Names one person in the journal's side table: no two tenants' members are ever one."""
    return ":".join(quote(part, safe="") for part in (provider, tenant, member_id))


def guest_of(order_id: str) -> str:
    """Names the unknown person of one order. (No provider's name is empty.)"""
    return f":{quote(order_id, safe='')}"


@attrs.frozen(kw_only=True)
class _Ink:
    """Writes drafts about one promise."""

    promise: Promise
    standing: Standing
    http: int
    at: Any

    def draft(self, kind: EntryKind, **more: Any) -> Draft:
        return Draft(
            kind=kind,
            trigger=self.promise.command.trigger,
            state=more.pop("state", self.standing.state),
            at=self.at,
            by=self.promise.by,
            intent=self.promise.intent,
            **more,
        )

    def ending(self, outcome: Outcome[Any, Any], mine: OpenIntent) -> tuple[tuple[Draft, ...], Facts | None]:
        adapter, command, name = self.promise.adapter, self.promise.command, self.promise.intent
        match outcome:
            case Accepted():
                return self._accepted(outcome)
            case Declined() if self.promise.resend:
                # The first send may have landed, and the no may mean "already": kept, and not believed alone.
                return (
                    self.draft(EntryKind.EVIDENCE, code=outcome.code, why=_said(outcome), body=_no(outcome, self.http)),
                ), None
            case Declined() if any(
                e.intent == name and e.code == "late.accepted" for e in self.standing.record.entries
            ):
                # A superseded lane was told yes, a look says no: neither is believed over the other.
                check = f"order {self.promise.order.id} at the provider"
                verdict = Escalate(reason="a late reply said accepted, the provider now says no", check=check)
                return (
                    self.draft(EntryKind.EVIDENCE, code=outcome.code, why=_said(outcome), body=_no(outcome, self.http)),
                    self.escalation(verdict, None),
                ), None
            case Declined() if outcome.perhaps_done:
                why = f"the provider says no, which may mean it is done already ({_said(outcome)})"
                return (self.draft(EntryKind.UNKNOWN, code=outcome.code, why=why),), None
            case Declined():
                body, state = _no(outcome, self.http), self._declined_to(outcome)
                why, code = _said(outcome), outcome.code
                return (
                    self.draft(EntryKind.DECLINED, code=code, why=why, closes=(name,), body=body, state=state),
                ), None
            case NotSent():
                closes = () if self.promise.resend else (name,)
                body = _asked_to_wait(outcome)
                draft = self.draft(EntryKind.NOT_SENT, code=outcome.code, why=outcome.why, closes=closes, body=body)
                return (draft,), None
            case Unknown():
                closes = (name,) if effectless(adapter, command.trigger) else ()
                return (self.draft(EntryKind.UNKNOWN, code="provider.no_answer", why=outcome.why, closes=closes),), None

    def _declined_to(self, no: Declined) -> str:
        """The state a no leads to: nowhere, unless the lifecycle has one for it."""
        if no.to is None:
            return self.standing.state
        try:
            return str(move(self.promise.adapter.lifecycle, self.standing.state, self.promise.command.trigger, no.to))
        except IllegalMoveError:  # a late no, to an order that has gone on
            return self.standing.state

    def _accepted(self, outcome: Accepted[Any, Any]) -> tuple[tuple[Draft, ...], Facts | None]:
        adapter, command, order = self.promise.adapter, self.promise.command, self.promise.order
        row = adapter.lifecycle.row(self.standing.state, command.trigger)
        try:
            state = str(move(adapter.lifecycle, self.standing.state, command.trigger, outcome.to))
        except IllegalMoveError:
            row, state = None, self.standing.state
        if row is None:
            reason = f"'{command.trigger}' was accepted, but the order is {self.standing.state} by now"
            verdict = Escalate(reason=reason, check=f"order {order.id} at the provider")
            return (*self.evidence(outcome, contradicts=False), self.escalation(verdict, None)), None
        facts: Facts = outcome.facts.learn(command)
        tree, personal = encode(facts)
        body: dict[str, Any] = {"facts": tree, **apart(personal)}
        if outcome.inferred:
            body["inferred"] = True
        # Only a reversal's own acceptance settles what it reversed (design: reversal from doubt).
        closes = tuple(o.name for o in self.standing.open) if row.reverses else (self.promise.intent,)
        accepted = self.draft(
            EntryKind.ACCEPTED,
            state=state,
            why=command.why,
            code="inferred" if outcome.inferred else None,
            closes=closes,
            body=pack(body),
            personal=personal_of(
                order, facts.subject(), personal, follows=source_of(self.standing, self.promise.intent)
            ),
        )
        if outcome.drift is None:
            return (accepted,), facts
        said = f"the provider says: {outcome.drift[:_SAID]}"
        drifted = self.draft(EntryKind.DRIFT, state=state, code=f"{command.trigger}.unknown", why=said)
        return (accepted, drifted), facts

    def evidence(self, outcome: Outcome[Any, Any], *, contradicts: bool | None = None) -> tuple[Draft, ...]:
        """A reply that came too late to conclude anything."""
        name = self.promise.intent
        said = type(outcome).__name__.lower()
        late = self.draft(
            EntryKind.EVIDENCE, code=f"late.{said}", why=f"a late reply: {said}", body=pack({"http": self.http})
        )
        ending = self.standing.endings.get(name)
        if contradicts is None:
            contradicts = (
                ending is not None
                and ending.intent == name
                and (
                    (isinstance(outcome, Accepted) and not landed(ending))
                    # An earlier send's no stands beside a later send's yes; it shakes what was inferred, or decided.
                    or (isinstance(outcome, Declined) and landed(ending) and _shaken(ending))
                )
            )
        if not contradicts or effectless(self.promise.adapter, self.promise.command.trigger):
            return (late,)
        verdict = Escalate(
            reason=f"a late reply says {said}, the journal says {ending.kind if ending else 'nothing'}",
            check=f"order {self.promise.order.id} at the provider",
        )
        return late, self.escalation(verdict, _OVER)

    def escalation(self, verdict: Escalate, reopened: Ownership | None) -> Draft:
        return self.draft(
            EntryKind.ESCALATED,
            code="recovery.gave_up",
            why=f"{verdict.reason}. Look at: {verdict.check}",
            ownership=reopened,
            body=pack({"reason": verdict.reason, "check": verdict.check}),
        )


def _said(no: Declined) -> str:
    return no.provider_text or no.message


def _shaken(ending: Entry) -> bool:
    """Not the provider's own yes."""
    return ending.code == "inferred" or ending.kind is EntryKind.RESOLVED


def _asked_to_wait(proof: NotSent) -> bytes:
    rest = proof.retry_after
    return b"{}" if rest is None or not math.isfinite(rest) else pack({"retry_after": rest})


def _no(no: Declined, http: int) -> bytes:
    return pack(
        {"message": no.message, "provider_code": no.provider_code, "provider_text": no.provider_text, "http": http}
    )
