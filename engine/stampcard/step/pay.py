"""`pay` and `unpay`: place, charge, bill in one call, and the way back; what stopped before goes on where it stopped.

An attempt is started at most once in a call, and only where none is open and no money is taken. Everything else is the
next move the history asks for (`money`), made until nothing is due. May live here: the two verbs' loops and what their
caller hears. May not: a call to the port (`charge`), what is due (`money`).
"""

from __future__ import annotations

from typing import Any, Final, get_args

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.commands import Bill, Place, Void
from stampcard.errors import (
    ChargeFailedError,
    ConfigurationError,
    DeclinedError,
    InDoubtError,
    JournalError,
    Next,
    NotAllowedError,
    StampcardError,
)
from stampcard.facts import PurchaseFacts
from stampcard.guards import NOT_FROM_HERE, refusal
from stampcard.journal.charges import Charge, OnFailure, held, unsettled
from stampcard.journal.contract import StoreError, VersionConflictError
from stampcard.model import CHARGE, PAYMENTS, AnyOrder, Refusal, Tender, TenderKind, Totals
from stampcard.step.charge import reverse, take
from stampcard.step.defer import expected
from stampcard.step.effects import Step
from stampcard.step.fire import fire
from stampcard.step.look import look, unknown, unwritable
from stampcard.step.money import Due, Move, advance, next_move, refusal_of, waits
from stampcard.step.permit import may
from stampcard.step.recover import settle_order
from stampcard.step.repeat import told_before
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.wish import Wish, keepable, seal

__all__ = ["Sale", "pay", "unpay"]

_PAY: Final = "pay"
_UNPAYABLE: Final = (Due.NOTHING, Due.BILL, Due.STUCK, Due.BLOCKED)


@attrs.frozen(kw_only=True)
class Sale:
    """What `pay` was asked for. totals: None stands for what was placed. expecting: how it is going to be paid."""

    seat: Seat[Any]
    adapter: AnyAdapter
    order: AnyOrder
    totals: Totals
    expecting: TenderKind
    on_failure: OnFailure
    why: str | None


def pay(sale: Sale) -> Step[AnyOrder]:
    """See `PurchaseVerbs.pay`."""
    _needs_port(sale.seat)
    _readable(sale)
    till = _Till(seat=sale.seat, adapter=sale.adapter, order_id=sale.order.id)
    started = acted = False
    no: DeclinedError | None = None
    while True:
        view = yield from till.look(_PAY)
        move = _due(sale.seat, view)
        if move.due in (Due.KEPT, Due.NOTHING) and _may_start(move) and not started:
            started = yield from _start(sale, view)
            till.views.extend([view] if started else [])
        elif move.due in (Due.NOTHING, Due.KEPT):
            return _told(view, move, no, replayed=not acted)
        elif started and move.due is Due.ASK:  # just made: a terminal is given time before it is asked
            raise view.in_doubt(CHARGE, view.standing.open[-1].why)
        else:
            no = (yield from till.move(view, move)) or no
        acted = True


def unpay(seat: Seat[Any], adapter: AnyAdapter, order: AnyOrder, why: str) -> Step[AnyOrder]:
    """See `PurchaseVerbs.unpay`."""
    _needs_port(seat)
    keepable(seat, why, order_id=order.id)
    till = _Till(seat=seat, adapter=adapter, order_id=order.id)
    current = False
    while True:
        view = yield from till.look("unpay")
        move = _due(seat, view)
        if not current:
            _current(view, order, "unpay")
            current = True
        found = move.charge
        if found is not None and found.held is not None and move.due in _UNPAYABLE:
            if not _voidable(view) and not _never_told(view):
                said = Refusal(code="charge.completed", message=view.phrases.say("charge.completed"))
                raise view.refused("unpay", (said,))
            try:
                yield from reverse(seat, view, found, found.held, why)
            except VersionConflictError:
                continue
        elif move.due in (Due.NOTHING, Due.KEPT):
            back = found is not None and found.returned is not None
            if found is not None and (view.order().final or (back and not _voidable(view))):
                return view.order()
            void = Wish(seat=seat, adapter=adapter, order=view.order(), command=Void(why=why))
            done = yield from fire(void)
            return attrs.evolve(done, replayed=done.replayed and not till.tried)
        else:
            yield from till.move(view, move)


def _voidable(view: View) -> bool:
    return view.adapter.lifecycle.row(_heads_for(view), Void.trigger) is not None


def _never_told(view: View) -> bool:
    """The provider has not heard of this sale, and nothing waits to tell it: a person decided so."""
    return unsettled(view.standing) is not None and not view.standing.queued


def _needs_port(seat: Seat[Any]) -> None:
    if not seat.charges:
        problem = Refusal(code="charges.missing", message="is missing: Till(..., charges=...)", field="charges")
        error = ConfigurationError.of([problem])
        error.cashier = seat.phrases.say("charge.no_port")
        raise error


def _readable(sale: Sale) -> None:
    """Raise NotAllowedError for what could not be read back once the money is taken: nobody could bill it then."""
    seal(_placing(sale))
    if sale.on_failure not in get_args(OnFailure):
        message = sale.seat.phrases.say("input.type")
        refusal = Refusal(code="input.type", message=message, field="on_failure")
        raise NotAllowedError(
            message,
            detail=f"pay: on_failure is one of {', '.join(get_args(OnFailure))}",
            code=refusal.code,
            order_id=sale.order.id,
            refusals=[refusal],
        )


def _placing(sale: Sale) -> Wish:
    tenders = (Tender(kind=sale.expecting, amount=sale.totals.total),)
    command = Place(tenders=tenders, totals=sale.totals, why=sale.why)
    return Wish(seat=sale.seat, adapter=sale.adapter, order=sale.order, command=command)


def _due(seat: Seat[Any], view: View) -> Move:
    try:
        return next_move(view)
    except StoreError as broken:
        raise unwritable(seat, view.standing.header.order_id, broken) from None


def _may_start(move: Move) -> bool:
    """No attempt was ever made, or the last was declined and the order kept for another."""
    return move.charge is None or move.due is Due.KEPT


def _current(view: View, order: AnyOrder, trigger: str) -> None:
    """Raise ConflictError unless all that happened since the caller saw the order is its payment."""
    since = view.standing.record.entries[order.version :]
    if any(entry.trigger not in PAYMENTS for entry in since):
        raise view.conflict(trigger, f"the order in hand is older than version {view.standing.version}: get it")


def _start(sale: Sale, view: View) -> Step[bool]:
    """Place the order where it is not, then take the money. False: another lane was faster, look again."""
    seat, adapter, order = sale.seat, sale.adapter, sale.order
    zero = not sale.totals.total.units
    tenders = (Tender(kind=sale.expecting, amount=sale.totals.total),)
    if adapter.lifecycle.row(str(order.outlook.state), Bill.trigger) is None:
        order = yield from fire(_placing(sale))
        found = yield from look(seat, adapter, order.id)
        view = view if found is None else found
    _current(view, order, _PAY)
    if zero:  # nothing to take: no terminal is asked
        bill = Bill(tenders=tenders, totals=sale.totals, why=sale.why)
        yield from fire(Wish(seat=seat, adapter=adapter, order=view.order(), command=bill))
        return True
    if view.standing.open or not _may_start(_due(seat, view)):
        return False
    # Whatever would refuse the bill refuses before any money is taken.
    command = Bill(tenders=tenders, totals=sale.totals, why=sale.why)
    wish = Wish(seat=seat, adapter=adapter, order=view.order(), command=command)
    if not view.standing.queued:
        may(wish, view)
    elif adapter.lifecycle.row(_heads_for(view), Bill.trigger) is None:
        raise _not_from_here(view)
    else:
        expected(wish, view)
    try:
        yield from take(seat, view, sale.totals, sale.on_failure, sale.why)
    except VersionConflictError:
        return False
    return True


def _told(view: View, move: Move, no: DeclinedError | None, *, replayed: bool) -> AnyOrder:
    """What the caller of `pay` hears when nothing is due any more."""
    found = move.charge
    if found is None or found.held is not None:
        return view.order(replayed=replayed)
    if found.returned is not None:
        raise _given_back(view, found, no)
    state, lifecycle = _heads_for(view), view.adapter.lifecycle
    final = any(state == str(one) for one in lifecycle.final)
    if final or lifecycle.row(state, Bill.trigger) is not None:
        raise _failed(view, found, wait=final and not view.order().final)
    if _nothing_to_pay(view):
        return view.order(replayed=replayed)
    raise _not_from_here(view)  # it was billed without this money


def _nothing_to_pay(view: View) -> bool:
    """It was billed, after a card was declined, for no money at all."""
    totals = view.facts.totals if isinstance(view.facts, PurchaseFacts) else None
    return totals is not None and not totals.total.units


def _not_from_here(view: View) -> NotAllowedError:
    return view.refused(_PAY, (refusal(NOT_FROM_HERE, trigger=_PAY, state=_heads_for(view)),))


def _heads_for(view: View) -> str:
    """Where it stands once what waits to be sent is sent."""
    return view.standing.state if view.ahead is None else str(view.ahead.state)


def _failed(view: View, found: Charge, *, wait: bool) -> ChargeFailedError:
    """No money was taken. wait: the void is not settled yet."""
    voided = view.order().final
    code = "charge.voided" if voided else "charge.void_open" if wait else "charge.kept"
    reason = "" if found.ended is None else found.ended.why or ""
    detail = f"the charge {found.terms.attempt.key} was declined: {reason}"
    error = view.error(ChargeFailedError, code, detail=detail, trigger=CHARGE, next=Next.WAIT if wait else None)
    error.reason, error.voided = reason, voided
    return error


def _given_back(view: View, found: Charge, no: DeclinedError | None) -> StampcardError:
    """The provider would not have the sale: its no, with what happened to the money."""
    ending = refusal_of(view, found)
    if no is None:
        told = None if ending is None else told_before(view, Bill.trigger, ending)
        if not isinstance(told, DeclinedError):  # taken back on purpose (`unpay`)
            return _not_from_here(view)
        no = told
    no.taken, no.given_back = None, found.taken
    no.cashier = f"{no.cashier} {view.phrases.say('charge.given_back')}"
    no.state, no.allowed = view.standing.state, view.allowed
    return no


def _at_stake(view: View, error: StampcardError) -> InDoubtError:
    """Money is, or may be, taken: nothing that stops the step now may read as if nothing had happened."""
    if held(view.standing) is not None:
        return waits(view, error.detail, error)
    return view.in_doubt(CHARGE, error.detail)


@attrs.frozen(kw_only=True)
class _Till:
    """Makes the moves that are due, each problem told as what it means for the money."""

    seat: Seat[Any]
    adapter: AnyAdapter
    order_id: str
    tried: set[str] = attrs.field(factory=set[str])
    """What was tried in this call already: what is still due after that is left to recovery."""

    views: list[View] = attrs.field(factory=list[View])
    """The order as it was last seen with money at stake: what is told when it cannot be seen any more."""

    def look(self, trigger: str) -> Step[View]:
        try:
            view = yield from look(self.seat, self.adapter, self.order_id)
        except JournalError as broken:
            if not self.views:
                raise
            raise _at_stake(self.views[-1], broken) from broken
        if view is None:
            raise unknown(self.seat, self.order_id)
        if view.running > 0:
            busy = view.busy(trigger)
            raise _at_stake(view, busy) if self.views else busy
        if held(view.standing) is not None:
            self.views.append(view)
        return view

    def move(self, view: View, move: Move) -> Step[DeclinedError | None]:
        """Make it. The provider's no to a bill is given back, as the money has to go back first."""
        if move.due is Due.PERSON:
            raise view.in_doubt(CHARGE, "a person has to look first")
        again = f"{move.due} {None if move.charge is None else move.charge.intent.intent}"
        if again in self.tried:
            raise self._left(view, move, None)
        self.tried.add(again)
        try:
            if move.due is Due.STEP:
                yield from settle_order(self.seat, self.adapter, self.order_id, 0.0)
            else:
                yield from advance(self.seat, self.adapter, view, move)
        except InDoubtError:
            raise
        except DeclinedError as no:
            after = yield from self.look(_PAY)
            if _due(self.seat, after).due is Due.REVERSE:
                return no
            raise self._left(after, move, no) from no
        except StampcardError as error:
            raise self._left(view, move, error) from error
        return None

    def _left(self, view: View, move: Move, error: StampcardError | None) -> StampcardError:
        """It is left to recovery: what the cashier has to know meanwhile."""
        found, why = move.charge, "not settled yet: recovery goes on with it" if error is None else error.detail
        if view.standing.open:  # perhaps taken: never told as "nothing was sent"
            return view.in_doubt(CHARGE, why)
        if found is None:
            return error or view.in_doubt(CHARGE, why)
        if found.held is not None:
            return waits(view, why, error)
        if move.due is Due.VOID and found.returned is None:
            return _failed(view, found, wait=True)
        return error or view.in_doubt(CHARGE, why)
