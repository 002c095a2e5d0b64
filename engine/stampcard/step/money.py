"""What is due next about an order somebody pays: read off its history alone, so that every process says the same.

Forward: asked after, billed. Back: reversed, voided. Money that was taken is billed, or given back before the order is
voided; nobody takes it a second time. May live here: the next move, and making it. May not: starting an attempt
(`pay`), which order is turned to (`rounds`).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.commands import Bill, Void
from stampcard.errors import InDoubtError, NeedsHumanError, Next, NotAllowedError, StampcardError
from stampcard.journal.charges import Charge, charges, held
from stampcard.journal.codec import unpack
from stampcard.journal.contract import VersionConflictError
from stampcard.journal.fold import Standing
from stampcard.journal.queue import QueuedStep
from stampcard.model import PAYMENTS, Entry, EntryKind, Taken
from stampcard.step.backoff import grown
from stampcard.step.charge import UNBILLABLE, ask, give_up, hand_over, reverse
from stampcard.step.effects import Step
from stampcard.step.fire import fire
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.wish import Wish

__all__ = ["Due", "Move", "advance", "next_move", "refusal_of", "waits"]


_PASSING: Final = frozenset({"order.queued", "order.in_doubt", "charge.open"})
"""Why a bill may be refused here that is not refused later."""


class Due(StrEnum):
    """What is due."""

    NOTHING = "nothing"
    """No money is at stake: none was taken, or it was billed, or given back and the order voided."""
    KEPT = "kept"
    """No money was taken; the order waits for another attempt."""
    STUCK = "stuck"
    """Money is taken, it cannot be billed as it is, and a person says that it was not given back."""
    BLOCKED = "blocked"
    """Money is taken, and the order cannot be billed just now: its placing waits."""
    HOPELESS = "hopeless"
    """Money is taken, and the order can never be billed (its customer was erased, its placing was not done)."""
    PERSON = "person"
    STEP = "step"
    """A provider's step is in doubt: its own rules settle it."""
    ASK = "ask"
    GIVE_UP = "give_up"
    """A reversal was interrupted: a person is asked."""
    BILL = "bill"
    REVERSE = "reverse"
    VOID = "void"


@attrs.frozen(kw_only=True)
class Move:
    """The next move. charge: of which attempt. failed: how often it provably did not leave; failed_at: when, last."""

    due: Due
    charge: Charge | None = None
    failed: int = 0
    failed_at: datetime | None = None

    def rest(self, now: datetime) -> float:
        """Seconds to leave it alone after it could not be sent."""
        if self.failed_at is None or self.charge is None or now < self.failed_at:
            return 0.0
        pause = grown(f"{self.charge.intent.intent} {self.due}", self.failed)
        return max(0.0, pause - (now - self.failed_at).total_seconds())


def next_move(view: View) -> Move:
    """What is due now. Raises StoreError when an attempt cannot be read back."""
    standing = view.standing
    made = charges(standing)
    for one in made:
        if one.open is not None and one.open.escalated is None:
            return Move(due=Due.ASK, charge=one)
        if one.reversing is not None and one.reversing.escalated is None:
            return Move(due=Due.GIVE_UP, charge=one)
    if any(o.trigger not in PAYMENTS for o in standing.open):
        return Move(due=Due.STEP, charge=made[-1] if made else None)
    for one in made:
        if one.open is not None or one.reversing is not None:
            return Move(due=Due.PERSON, charge=one)
    if not made:
        return Move(due=Due.NOTHING)
    taken = [one for one in made if one.held is not None]
    if not taken:
        return _back(view, made[-1])
    twice = next((one for one in taken[:-1] if _refused(standing, one) is None), None)
    return _forward(view, taken[-1]) if twice is None else Move(due=Due.REVERSE, charge=twice)


def _forward(view: View, found: Charge) -> Move:
    """Money is taken: it is billed, or, when the provider will not have it, given back."""
    standing = view.standing
    since = found.intent.version
    bill = standing.accepted.get(Bill.trigger)
    if (bill is not None and bill.version > since) or _queued(standing, since, Bill.trigger):
        return Move(due=Due.NOTHING, charge=found)
    refused = _refused(standing, found)
    if Bill.trigger not in view.allowed:  # cancelled before anybody knew that money had been taken, or erased
        late = Due.STUCK if refused is not None else Due.REVERSE
        return Move(due=late if _cancelled(view) else _blocked(view, found), charge=found)
    no = _declined(standing, since, Bill.trigger)
    if no is None and _told(standing, found):
        return Move(due=Due.STUCK, charge=found)
    if no is None:
        failed, at = _failed(standing, since, Bill.trigger)
        return Move(due=Due.BILL, charge=found, failed=failed, failed_at=at)
    stuck = refused is not None and refused.version > no.version
    return Move(due=Due.STUCK if stuck else Due.REVERSE, charge=found)


def _cancelled(view: View) -> bool:
    """It is over, or will be once what waits to be sent is sent."""
    ahead = view.ahead if view.standing.queued else None
    return view.order().final or (ahead is not None and str(ahead.state) in view.adapter.lifecycle.final)


def _blocked(view: View, found: Charge) -> Due:
    """What is queued may still let it be billed; nothing else will, and a person is told of it once."""
    decided = found.ended is not None and found.ended.kind is EntryKind.RESOLVED
    return Due.BLOCKED if view.standing.queued else Due.STUCK if decided else Due.HOPELESS


def _told(standing: Standing, found: Charge) -> bool:
    """A person was told that our own checks refuse the bill for good, and says that the customer has paid."""
    about = (e for e in standing.record.entries if e.intent == found.intent.intent)
    return any(e.kind is EntryKind.ESCALATED and e.code == UNBILLABLE for e in about)


def _refused(standing: Standing, found: Charge) -> Entry | None:
    """A person's word that it was not given back."""
    return None if found.reversal is None else standing.endings.get(found.reversal.intent or "")


def _back(view: View, found: Charge) -> Move:
    """No money is taken: the order is voided, where that was the wish, unless it has gone on since."""
    standing, ended = view.standing, found.returned or found.ended
    since = found.intent.version if ended is None else ended.version
    bill = standing.accepted.get(Bill.trigger)
    billed = bill is not None and bill.version > since
    if found.returned is None and found.terms.on_failure == "keep" and not billed:
        return Move(due=Due.KEPT, charge=found)
    since_then = [e for e in standing.intents.values() if e.version > since and e.trigger not in PAYMENTS]
    gone_on = any(e.trigger != Void.trigger for e in since_then) or _queued(standing, since)
    no = _declined(standing, since, Void.trigger)
    if gone_on or no is not None or Void.trigger not in view.allowed:
        return Move(due=Due.NOTHING, charge=found)
    failed, at = _failed(standing, since, Void.trigger)
    return Move(due=Due.VOID, charge=found, failed=failed, failed_at=at)


def _queued(standing: Standing, since: int, trigger: str | None = None) -> bool:
    later = standing.record.entries[since:]
    return any(e.kind is EntryKind.QUEUED and trigger in (None, e.trigger) for e in later)


def _ends(standing: Standing, since: int, trigger: str) -> list[Entry]:
    made = [e for e in standing.intents.values() if e.trigger == trigger and e.version > since]
    return [standing.endings[e.intent or ""] for e in made if e.intent in standing.endings]


def _declined(standing: Standing, since: int, trigger: str) -> Entry | None:
    """The provider's no to the last such step. (A person's "not done" is none: it may be done now.)"""
    ends = _ends(standing, since, trigger)
    return ends[-1] if ends and ends[-1].kind is EntryKind.DECLINED else None


def _failed(standing: Standing, since: int, trigger: str) -> tuple[int, datetime | None]:
    never = [e for e in _ends(standing, since, trigger) if e.kind is EntryKind.NOT_SENT]
    return len(never), never[-1].at if never else None


def advance(seat: Seat[Any], adapter: AnyAdapter, view: View, move: Move, *, recovers: bool = False) -> Step[None]:
    """Make one move that can be made here. Raises what a verb raises; nothing when another lane was faster.

    recovers: nobody is at the counter for it: what was promised before is settled, whatever is switched off.
    """
    found = move.charge
    if found is None:
        return
    try:
        match move.due:
            case Due.ASK:
                yield from ask(seat, view, found)
            case Due.HOPELESS:
                yield from hand_over(seat, view, found, "the customer has paid, and the sale can no longer be billed")
            case Due.GIVE_UP if found.reversing is not None:
                yield from give_up(seat, view, found.reversing)
            case Due.REVERSE if found.held is not None:
                yield from reverse(seat, view, found, found.held, "the provider declined the bill")
            case Due.BILL | Due.STUCK if found.held is not None:
                wish = _wish(seat, adapter, view, _bill(found, found.held), recovers=recovers)
                yield from _billed(wish, view, found)
            case Due.VOID:
                yield from fire(_wish(seat, adapter, view, Void(why=_void_why(found)), recovers=recovers))
            case _:
                pass
    except VersionConflictError:
        return


def _wish(seat: Seat[Any], adapter: AnyAdapter, view: View, command: Bill | Void, *, recovers: bool) -> Wish:
    return Wish(seat=seat, adapter=adapter, order=view.order(), command=command, recovers=recovers)


def _billed(wish: Wish, view: View, found: Charge) -> Step[None]:
    """Bill it. What our own checks refuse now they refuse for ever: a person is told of it, once."""
    try:
        yield from fire(wish)
    except NotAllowedError as no:
        if no.code in _PASSING or _told(view.standing, found):
            raise
        why = f"the customer has paid, and the sale cannot be billed: {no.cashier.rstrip('.')}"
        yield from hand_over(wish.seat, view, found, why)


def _bill(found: Charge, taken: Taken) -> Bill:
    totals = found.terms.totals
    if taken.tip is not None and taken.tip.units:
        totals = totals.tipped(taken.tip)
    return Bill(tenders=taken.tenders, totals=totals, why=found.intent.why)


def _void_why(found: Charge) -> str:
    if found.returned is not None:
        return "the payment was given back" if found.reversal is None else found.reversal.why or ""
    said = None if found.ended is None else found.ended.why
    return f"the payment was declined: {said}" if said else "the payment was declined"


def waits(view: View, why: str, error: StampcardError | None = None) -> InDoubtError:
    """What is due could not be done yet: it will be, by itself, unless a person has to look at what waits before it."""
    first = view.standing.queued[0] if view.standing.queued else None
    paid = held(view.standing) is not None
    if first is not None and first.escalated is not None:
        return _waits_for_person(view, first, paid=paid)
    told = view.error(
        InDoubtError,
        "charge.not_told" if paid else "charge.cancelling",
        detail=why,
        trigger=Bill.trigger if paid else Void.trigger,
        retry_after=None if error is None else error.retry_after,
        next=Next.CALL if error is not None and error.next is Next.CALL else Next.WAIT,
    )
    told.taken = held(view.standing)
    return told


def _waits_for_person(view: View, first: QueuedStep, *, paid: bool) -> NeedsHumanError:
    told = view.error(
        NeedsHumanError,
        "order.needs_human",
        detail=None if first.escalated is None else first.escalated.why,
        cashier=view.phrases.say("charge.not_told.human" if paid else "queued.human", trigger=first.trigger),
        trigger=first.trigger,
    )
    told.check = "" if first.escalated is None else str(unpack(first.escalated.body).get("check") or "")
    told.taken = held(view.standing)
    return told


def refusal_of(view: View, found: Charge) -> Entry | None:
    """The provider's no to the bill for which the money went back."""
    return _declined(view.standing, found.intent.version, Bill.trigger)
