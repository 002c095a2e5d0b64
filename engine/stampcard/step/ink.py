"""What is written about one promise: an ending as its drafts, evidence that came too late, a hand-over to a person.

May live here: outcome to drafts, pure. May not: an effect, a retry; those are `stampcard.step.conclude`'s.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Final

import attrs

from stampcard.adapter import Accepted, AnyAdapter, Declined, Escalate, NotSent, Outcome, Unknown
from stampcard.commands import Command
from stampcard.journal.codec import encode, pack
from stampcard.journal.contract import Draft
from stampcard.journal.fold import OpenIntent, Standing, landed
from stampcard.machine import IllegalMoveError, move
from stampcard.model import PAYMENTS, AnyOrder, Entry, EntryKind, Facts, Ownership
from stampcard.step.doors import Doors
from stampcard.step.personal import apart, personal_of, source_of
from stampcard.step.view import effectless
from stampcard.step.watch import to_watch

__all__ = ["OVER", "Ink", "Promise", "handed_over", "reversed_by"]

_SAID: Final = 200
"""Characters of a provider's own word that are kept."""
OVER: Final = Ownership(owner="", boot="", hard_end=0.0)
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
    doors: Doors = attrs.field(factory=Doors, repr=False)


@attrs.frozen(kw_only=True)
class Ink:
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
                no = self.draft(EntryKind.DECLINED, code=code, why=why, closes=(name,), body=body, state=state)
                if name not in self.standing.drained or effectless(adapter, command.trigger):
                    return (no,), None
                # Nobody stands at the counter any more to hear it, and what it was part of is done: a person looks.
                told = f"it had waited, and the provider says no ({why})"
                verdict = Escalate(reason=told, check=f"order {self.promise.order.id} at the provider")
                return (no, self.escalation(verdict, OVER)), None
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
        closes: tuple[str, ...] = (self.promise.intent,)
        if row.reverses:  # only its own acceptance settles what it reversed (design: reversal from doubt)
            closes = reversed_by(self.standing)
            body |= to_watch(adapter, self.standing, self.promise.intent)
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
        return late, self.escalation(verdict, OVER)

    def escalation(self, verdict: Escalate, reopened: Ownership | None) -> Draft:
        return self.draft(
            EntryKind.ESCALATED,
            code="recovery.gave_up",
            why=f"{verdict.reason}. Look at: {verdict.check}",
            ownership=reopened,
            body=pack({"reason": verdict.reason, "check": verdict.check}),
        )


def handed_over(order_id: str, step: Draft | Entry, at: datetime, code: str, reason: str) -> Draft:
    """A step that waits is not sent before a person says so."""
    check = f"order {order_id} at the provider, then send '{step.trigger}', or say that it was done, or will not be"
    return Draft(
        kind=EntryKind.ESCALATED,
        trigger=step.trigger,
        state=step.state,
        at=at,
        by=step.by,
        intent=step.intent,
        code=code,
        why=f"{reason}. Look at: {check}",
        body=pack({"reason": reason, "check": check}),
    )


def reversed_by(standing: Standing) -> tuple[str, ...]:
    """What an accepted reversal settles: every step, and nothing of the customer's money."""
    return tuple(one.name for one in standing.open if one.trigger not in PAYMENTS)


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
