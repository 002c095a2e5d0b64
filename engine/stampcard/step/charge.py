"""The customer's money: taken, asked after, given back, each promised before the port is called and written after it.

The promise is durable before the port hears of the attempt, so `take` is never called twice for one key: whoever finds
the promise without an ending asks `status`, and nothing else. May live here: what is written about one attempt, and the
calls to the port. May not: what is to be done next (`money`), a provider's step.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import attrs

from stampcard.errors import InDoubtError, Next
from stampcard.facts import PurchaseFacts
from stampcard.journal.charges import Charge as Attempted
from stampcard.journal.charges import OnFailure, Terms, charges, held, read_terms, written
from stampcard.journal.codec import pack, typed, unpack
from stampcard.journal.contract import Append, Draft, Record, StoreError, VersionConflictError
from stampcard.journal.fold import PROBE, OpenIntent, Standing, fold, landed
from stampcard.model import (
    CHARGE,
    REVERSE,
    ChargeAttempt,
    ChargePending,
    ChargeResult,
    ChargeUnknown,
    Entry,
    EntryKind,
    Money,
    NotReversed,
    NotTaken,
    Ownership,
    ReversalResult,
    Reversed,
    Taken,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.step.ageing import Reading
from stampcard.step.conclude import extended
from stampcard.step.dates import read_clocks
from stampcard.step.effects import (
    Charge,
    ChargeStatus,
    Keep,
    Load,
    Mint,
    Now,
    Own,
    ReverseCharge,
    Step,
    Write,
    perform,
)
from stampcard.step.look import unwritable
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.watch import PAYMENT
from stampcard.step.words import reason, text

__all__ = ["UNBILLABLE", "ask", "decided_taken", "give_up", "hand_over", "reverse", "take"]

_BUDGET: Final = 86_400.0
"""Seconds: whoever takes money is left to it for as long as it lives, and no longer than a day."""
_LOOK_BUDGET: Final = 60.0
LOOKS: Final = 40
"""After so many looks (some six hours by the schedule) at a port that does not know, a person is asked."""
_PATIENCE: Final = 18_000.0
"""Seconds from the promise on before which nobody is asked, however often a cashier has looked meanwhile."""
UNBILLABLE: Final = "charge.unbillable"
"""Of the entry by which a person is told that a paid sale cannot be billed: they are told once."""
_OVER: Final = Ownership(owner="", boot="", hard_end=0.0)
"""Nobody's: of an attempt that is reopened for a person."""


def take(seat: Seat[Any], view: View, totals: Totals, on_failure: OnFailure, why: str | None) -> Step[None]:
    """Promise an attempt with a key of its own, and make it. Raises VersionConflictError when a lane was faster."""
    header, made = view.standing.header, charges(view.standing)
    now = yield from perform(Now())
    attempt = ChargeAttempt(
        key=f"{header.order_id}-{len(made) + 1}",
        order_id=header.order_id,
        amount=totals.total,
        site=seat.site or header.site,
        since=now,
    )
    name = yield from perform(Mint())
    ownership = yield from perform(Own(_BUDGET))
    terms = Terms(attempt=attempt, totals=totals, on_failure=on_failure)
    draft = _promise(seat, view, CHARGE, name, now, ownership, why, {"charge": written(terms)})
    record = yield from _write(seat, view, draft)
    result = yield from perform(Charge(intent=name, attempt=attempt, hard_end=ownership.hard_end))
    yield from _conclude(seat, record, name, result)


def ask(seat: Seat[Any], view: View, found: Attempted) -> Step[None]:
    """Ask the port what became of an attempt, and write it down. Nothing, when another lane is faster."""
    name = found.intent.intent or ""
    now = yield from perform(Now())
    ownership = yield from perform(Own(_LOOK_BUDGET))
    draft = attrs.evolve(
        _promise(seat, view, CHARGE, name, now, ownership, None, {}), kind=EntryKind.ATTEMPT, code=PROBE
    )
    try:
        record = yield from _write(seat, view, draft)
    except VersionConflictError:
        return
    result = yield from perform(ChargeStatus(intent=name, attempt=found.terms.attempt))
    yield from _conclude(seat, record, name, result)


def reverse(seat: Seat[Any], view: View, found: Attempted, taken: Taken, why: str | None) -> Step[None]:
    """Promise to give back what was taken, and do it. Raises VersionConflictError when a lane was faster."""
    now = yield from perform(Now())
    name = yield from perform(Mint())
    ownership = yield from perform(Own(_BUDGET))
    attempt = found.terms.attempt
    body = {"of": found.intent.intent, "key": attempt.key, "amount": str(attempt.amount)}
    record = yield from _write(seat, view, _promise(seat, view, REVERSE, name, now, ownership, why, body))
    back = ReverseCharge(intent=name, attempt=attempt, taken=taken, hard_end=ownership.hard_end)
    result = yield from perform(back)
    yield from _conclude(seat, record, name, result)


def give_up(seat: Seat[Any], view: View, reversing: OpenIntent) -> Step[None]:
    """A reversal nobody knows the end of: it is not tried again, a person is asked."""
    lost = ChargeUnknown(why="the register stopped while it was being given back")
    yield from _conclude(seat, view.standing.record, reversing.name, lost)


def hand_over(seat: Seat[Any], view: View, found: Attempted, reason: str) -> Step[None]:
    """An attempt that was taken is a person's, who says what became of the money. Raises VersionConflictError."""
    now = yield from perform(Now())
    standing = view.standing
    ink = _Ink(
        trigger=CHARGE,
        intent=found.intent.intent or "",
        state=standing.state,
        at=now,
        by=seat.actor or "recovery",
    )
    order_id = standing.header.order_id
    asked = (ink.escalated(reason, _HOPELESS, _OVER, UNBILLABLE),)
    try:
        yield from perform(Write(Append(order_id=order_id, expected_version=standing.version, entries=asked)))
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None


def _promise(
    seat: Seat[Any],
    view: View,
    trigger: str,
    name: str,
    now: datetime,
    ownership: Ownership,
    why: str | None,
    body: dict[str, Any],
) -> Draft:
    return Draft(
        kind=EntryKind.INTENT,
        trigger=trigger,
        state=view.standing.state,
        at=now,
        by=seat.actor,
        why=why,
        intent=name,
        ownership=ownership,
        body=pack(body),
    )


def _write(seat: Seat[Any], view: View, draft: Draft) -> Step[Record]:
    """What is promised, durable before anything is asked of the port. Raises VersionConflictError, JournalError."""
    record = view.standing.record
    order_id = record.header.order_id
    append = Append(order_id=order_id, expected_version=record.version, entries=(draft,), watch=(PAYMENT,))
    try:
        entries = yield from perform(Write(append))
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None
    record = extended(record, entries, (draft,))
    yield from perform(Keep(record))
    return record


def _conclude(seat: Seat[Any], record: Record, name: str, result: ChargeResult | ReversalResult) -> Step[None]:
    """Write what the port said; another lane's entries in between are no reason to lose it.

    Raises InDoubtError when the journal cannot be written any more: the attempt stays open, `status` finds out.
    """
    header = record.header
    reading = yield from read_clocks(seat, (header.provider, header.environment, header.site.tenant))
    said = _sound(result)
    while True:
        standing = fold(record)
        entry = standing.intents[name]
        try:
            append = _ending(standing, entry, said, reading, seat.actor)
            entries = yield from perform(Write(append))
        except VersionConflictError:
            record = (yield from _reread(seat, record, said)) or record
            continue
        except StoreError as broken:
            raise _unrecorded(seat, record, said, broken) from None
        yield from perform(Keep(extended(record, entries, append.entries)))
        return


def _reread(seat: Seat[Any], record: Record, said: object) -> Step[Record | None]:
    try:
        return (yield from perform(Load(record.header.order_id)))
    except StoreError as broken:
        raise _unrecorded(seat, record, said, broken) from None


def _unrecorded(seat: Seat[Any], record: Record, said: object, broken: StoreError) -> InDoubtError:
    error = InDoubtError(
        seat.phrases.say("journal.unavailable"),
        code="journal.outcome_unrecorded",
        detail=f"the port was asked ({type(said).__name__}), its answer could not be written: {broken}",
        order_id=record.header.order_id,
        trigger=CHARGE,
        next=Next.CALL,
    )
    error.taken = said if isinstance(said, Taken) else None
    return error


def _ending(
    standing: Standing, entry: Entry, said: ChargeResult | ReversalResult, reading: Reading, by: str | None
) -> Append:
    """reading: now. Before the promise, as a clock that was set back has it, it tells no age: the looks alone count."""
    name = entry.intent or ""
    ink = _Ink(
        trigger=entry.trigger,
        intent=name,
        state=standing.state,
        at=reading.wall,
        by=by or "recovery",
        lasting=not 0 <= reading.since(entry.at) < _PATIENCE,
    )
    mine = next((o for o in standing.open if o.name == name), None)
    append = Append(order_id=standing.header.order_id, expected_version=standing.version, entries=())
    if mine is None:
        drafts = ink.late(said, standing.endings[name])
        watch = (PAYMENT,) if len(drafts) > 1 else ()
        return attrs.evolve(append, entries=drafts, watch=watch)
    terms = read_terms(entry) if entry.trigger == CHARGE else None
    kept = isinstance(said, NotTaken) and terms is not None and terms.on_failure == "keep"
    drafts = ink.ending(said, mine, terms)
    unwatch = (PAYMENT,) if kept and held(standing) is None else ()
    return attrs.evolve(append, entries=drafts, unwatch=unwatch)


@attrs.frozen(kw_only=True)
class _Ink:
    """Writes drafts about one attempt. lasting: it is old enough for a person to be asked."""

    trigger: str
    intent: str
    state: str
    at: datetime
    by: str
    lasting: bool = True

    def draft(self, kind: EntryKind, **more: Any) -> Draft:
        """One line about it."""
        common: dict[str, Any] = {"trigger": self.trigger, "state": self.state, "at": self.at, "by": self.by}
        return Draft(kind=kind, intent=self.intent, **common, **more)

    def ending(self, said: ChargeResult | ReversalResult, mine: OpenIntent, terms: Terms | None) -> tuple[Draft, ...]:
        """What the port said of an attempt that is open."""
        closes = (self.intent,)
        match said:
            case Taken():
                wrong = None if terms is None else mismatch(terms, said)
                body = pack({"taken": written(said)})
                if wrong is not None:
                    odd = self.draft(EntryKind.UNKNOWN, code="charge.other_amount", why=wrong, body=body)
                    return (odd, *self._person(mine, wrong, "what the customer was charged"))
                return (self.draft(EntryKind.ACCEPTED, why=f"reference {said.reference}", closes=closes, body=body),)
            case Reversed():
                why = f"reference {said.reference}" if said.reference else None
                body = pack({"reversed": {"reference": said.reference}})
                return (self.draft(EntryKind.ACCEPTED, why=why, closes=closes, body=body),)
            case NotTaken():
                return (self.draft(EntryKind.DECLINED, code="charge.declined", why=said.reason, closes=closes),)
            case ChargePending():
                return self._open("charge.pending", said.why, mine)
            case NotReversed():
                no = self.draft(EntryKind.UNKNOWN, code="reverse.refused", why=said.reason)
                return (no, *self._person(mine, f"the payment could not be given back: {said.reason}", _GIVEN_BACK))
            case ChargeUnknown() if self.trigger == REVERSE:
                lost = self.draft(EntryKind.UNKNOWN, code="reverse.no_answer", why=said.why)
                return (lost, *self._person(mine, "nobody knows whether the payment was given back", _GIVEN_BACK))
            case ChargeUnknown():
                return self._open("charge.no_answer", said.why, mine)

    def _open(self, code: str, why: str, mine: OpenIntent) -> tuple[Draft, ...]:
        unknown = self.draft(EntryKind.UNKNOWN, code=code, why=why)
        if mine.attempts < LOOKS or not self.lasting:
            return (unknown,)
        reason = f"no clear answer in {mine.attempts} looks: {why}"
        return (unknown, *self._person(mine, reason, "whether the customer was charged"))

    def late(self, said: ChargeResult | ReversalResult, ending: Entry) -> tuple[Draft, ...]:
        """What the port said of an attempt another lane has concluded meanwhile: kept, and weighed."""
        yes, no = isinstance(said, Taken | Reversed), isinstance(said, NotTaken | NotReversed)
        word = "accepted" if yes else "declined" if no else "unknown"
        body = pack({"taken": written(said)}) if isinstance(said, Taken) else b"{}"
        kept = self.draft(EntryKind.EVIDENCE, code=f"late.{word}", why=f"a late answer: {word}", body=body)
        if not (yes or no) or yes == landed(ending):
            return (kept,)
        reason = f"a late answer says {word}, the journal says {ending.kind}"
        check = "whether the customer was charged" if self.trigger == CHARGE else _GIVEN_BACK
        return kept, self.escalated(reason, check, _OVER)

    def _person(self, mine: OpenIntent, reason: str, check: str) -> tuple[Draft, ...]:
        return () if mine.escalated is not None else (self.escalated(reason, check, None),)

    def escalated(self, reason: str, check: str, reopened: Ownership | None, code: str = "recovery.gave_up") -> Draft:
        return self.draft(
            EntryKind.ESCALATED,
            code=code,
            why=f"{reason}. Look at: {check}",
            ownership=reopened,
            body=pack({"reason": reason, "check": check}),
        )


_HOPELESS: Final = "whether the customer keeps the goods (say accepted), or has the money back (say declined)"
_GIVEN_BACK: Final = "whether the customer has the money back; else give it back, and say accepted"


def decided_taken(view: View, entry: Entry, reference: str | None) -> dict[str, Any]:
    """What a person says was taken: the amount, as it was to be paid. Without a reference, the last one heard of."""
    terms = read_terms(entry)
    attempt = terms.attempt
    placed = view.facts.tenders if isinstance(view.facts, PurchaseFacts) else ()
    kind = placed[0].kind if placed else TenderKind.CREDIT
    heard = _heard(view.standing, entry)
    named = text(reference or (f"none known, {attempt.key}" if heard is None else heard.reference))
    if heard is not None and mismatch(terms, heard) is None:  # with its tip: that is billed too, and given back
        return {"taken": written(attrs.evolve(heard, reference=named))}
    return {"taken": written(Taken(tenders=(Tender(kind=kind, amount=attempt.amount),), reference=named))}


def _heard(standing: Standing, intent: Entry) -> Taken | None:
    """What the port said last that was taken, whether it was believed or not. Raises StoreError."""
    later = (e for e in reversed(standing.record.entries) if e.intent == intent.intent and e.kind is not intent.kind)
    said = next((body["taken"] for e in later if "taken" in (body := unpack(e.body))), None)
    return None if said is None else typed(Taken, said)


def mismatch(terms: Terms, taken: Taken) -> str | None:
    """What is wrong with what was taken; None when its tenders are the amount and the tip, to the cent."""
    amount, currency = terms.attempt.amount, terms.attempt.amount.currency
    tip = 0 if taken.tip is None else taken.tip.units
    amounts = [tender.amount for tender in taken.tenders] + ([] if taken.tip is None else [taken.tip])
    if any(one.currency != currency or one.units < 0 for one in amounts):
        return f"what was taken is not in {currency}, or negative"
    got = sum(tender.amount.units for tender in taken.tenders)
    wanted = amount.units + tip
    if got == wanted:
        return _unsummed(terms, taken)
    try:
        return f"{Money.minor(got, currency)} was taken, {Money.minor(wanted, currency)} was to be"
    except ValueError:
        return "what was taken is out of the range of an amount of money"


def _unsummed(terms: Terms, taken: Taken) -> str | None:
    try:
        _ = terms.totals if taken.tip is None else terms.totals.tipped(taken.tip)
    except ValueError:
        return "what was taken is out of the range of an amount of money"
    return None


def _sound(result: ChargeResult | ReversalResult) -> ChargeResult | ReversalResult:
    """The port's answer, as it can be kept: what cannot be written, or is no answer, is no answer."""
    try:
        match result:
            case Taken():
                plain = attrs.evolve(result, reference=text(result.reference))
                return typed(Taken, unpack(pack({"it": written(plain)}))["it"])
            case Reversed():
                return Reversed(reference=text(result.reference))
            case NotTaken() | NotReversed():
                return attrs.evolve(result, reason=reason(result.reason))
            case ChargePending() | ChargeUnknown():
                return attrs.evolve(result, why=reason(result.why))
    except (ValueError, TypeError, AttributeError) as odd:
        return ChargeUnknown(why=f"the port's answer cannot be kept ({type(odd).__name__})")
    return ChargeUnknown(why=f"the port answered with {type(result).__name__}")
