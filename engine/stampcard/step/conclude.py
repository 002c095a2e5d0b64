"""The ending of a call: judged by the adapter, written so that no reply is ever dropped.

A reply that belongs to the attempt that owns the intent concludes it. A reply of a superseded attempt, or of an intent
that something else has concluded meanwhile, moves no state: it is appended as evidence, and when it contradicts what
was concluded, the order is escalated.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from stampcard.adapter import Accepted, Declined, Escalate, Outcome, Unknown
from stampcard.errors import InDoubtError, Next
from stampcard.journal.contract import (
    Append,
    ClaimTakenError,
    Draft,
    Record,
    StoreError,
    VersionConflictError,
)
from stampcard.journal.fold import Standing, fold, follow
from stampcard.model import Entry, Facts
from stampcard.step.effects import Keep, Load, Now, Step, Write, perform
from stampcard.step.ink import Ink, Promise
from stampcard.step.knock import door_of, heard
from stampcard.step.trouble import unsent
from stampcard.step.watch import followed, told_of, weighed
from stampcard.transport.contract import Failed, Sent

__all__ = ["ASK_AGAIN_CHECK", "Ending", "conclude", "extended", "judge", "settle", "unrecorded", "write_escalation"]

ASK_AGAIN_CHECK: Final = "whether the customer was charged, or money is held"


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
    yield from heard(promise.doors, door_of(promise.adapter, promise.order.site.tenant), sent, outcome)
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
        entry = Ink(promise=promise, standing=standing, http=http, at=now)
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
                append = told_of(followed(append, promise.adapter, promise.order, facts, now), standing)
            append = append if owned else weighed(append, standing)
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
        entry = Ink(promise=promise, standing=standing, http=0, at=now)
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
    """The record with what was just appended: saves a read, and the fold of what was there before."""
    fresh = {e.version: d.personal.data for e, d in zip(entries, drafts, strict=True) if d.personal is not None}
    after = Record(header=record.header, entries=record.entries + entries, personal={**record.personal, **fresh})
    follow(record, after)
    return after
