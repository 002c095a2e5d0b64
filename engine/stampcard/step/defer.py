"""Taking a step down to be sent later: what may wait, within which bounds, and the error where it may not.

May live here: the decision to let a step wait, and its entry. May not: a call; sending what waits is
`stampcard.step.drain`'s.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from stampcard.commands import Checkout, Place
from stampcard.errors import NotSentError, UnavailableError
from stampcard.journal.contract import Append, CommandTakenError, Draft, StoreError
from stampcard.journal.fold import fold
from stampcard.journal.queue import QUEUED, keeping
from stampcard.model import AnyOrder, EntryKind, Expected, Money, Order, Refusal
from stampcard.step.conclude import extended
from stampcard.step.effects import Keep, Mint, Now, Step, Watched, Write, perform
from stampcard.step.ink import handed_over
from stampcard.step.look import unwritable
from stampcard.step.outlook import may_wait, steps_open, takes_reward
from stampcard.step.permit import known, refusals
from stampcard.step.personal import personal_of
from stampcard.step.view import View, legal
from stampcard.step.wish import Sealed, Wish

__all__ = ["AWAY", "defer", "expected", "must_wait"]

AWAY: Final = frozenset({"unreachable", "breaker", "rate_limit", "switched_off"})
"""Why a provider could not be called: reasons for a step to wait."""
_FULL: Final = "more sales wait than this till's policy allows"


def must_wait(wish: Wish, view: View) -> bool:
    """Something of this order comes before it: steps that wait, or a doubt that it may not be fired from."""
    if not any(row.calls_provider for row in wish.adapter.lifecycle.rows if row.trigger == wish.trigger):
        return False
    if view.standing.queued or wish.adapter.completes(view.order(), wish.command) is not None:
        return True
    if not view.defers or not steps_open(view.standing) or wish.trigger in legal(wish.adapter, view.standing):
        return False
    return wish.trigger in view.allowed


def defer(wish: Wish, view: View, sealed: Sealed, away: UnavailableError | None) -> Step[AnyOrder]:
    """Take it down. away: why it was not sent; None: something comes before it.

    Raises the error where it may not wait, VersionConflictError when a lane was faster.
    """
    stale = isinstance(wish.order, Order) and wish.order.version != view.standing.version
    if away is None and stale:
        raise view.conflict(wish.trigger, f"the order in hand is older than version {view.standing.version}: get it")
    ahead = expected(wish, view, away)
    too_many = yield from _bounded(wish, view, ahead, away)
    return (yield from _written(wish, view, sealed, away, too_many))


def expected(wish: Wish, view: View, away: UnavailableError | None = None) -> Expected[Any, Any]:
    """Where the order stands when this step's turn comes. Raises the error where it may not wait."""
    known(wish, view)
    ahead = view.ahead
    if not view.defers or ahead is None:
        raise _not_now(wish, view, away)
    if not may_wait(wish.adapter, ahead.facts, wish.trigger, wish.command):
        row = wish.adapter.lifecycle.row(str(ahead.state), wish.trigger)
        redeems = row is not None and takes_reward(ahead.facts, wish.command)
        raise _kept_out(wish, view, "offline.reward", away) if redeems else _not_now(wish, view, away)
    before = attrs.evolve(view.order(), state=ahead.state, facts=ahead.facts, doubt=None, queued=(), expected=None)
    found = refusals(wish, view, before)
    if found:
        raise view.refused(wish.trigger, found)
    return ahead


def _not_now(wish: Wish, view: View, away: UnavailableError | None) -> NotSentError:
    if away is not None:
        return away
    message = wish.seat.phrases.say("order.queued")
    return view.refused(wish.trigger, (Refusal(code="order.queued", message=message),))


def _kept_out(wish: Wish, view: View, code: str, away: UnavailableError | None) -> UnavailableError:
    """It may not wait, and it cannot be sent."""
    why = "an earlier step of this order waits" if away is None else away.detail
    rest = None if away is None else away.retry_after
    error = view.error(UnavailableError, code, detail=f"{wish.trigger}: {why}", trigger=wish.trigger, retry_after=rest)
    error.reason = "unreachable" if away is None else away.reason
    return error


def _bounded(wish: Wish, view: View, ahead: Expected[Any, Any], away: UnavailableError | None) -> Step[bool]:
    """Raise for a sale that is not to be begun without the provider; True: taken down for a person to send."""
    policy = wish.seat.offline
    row = wish.adapter.lifecycle.row(str(ahead.state), wish.trigger)
    if policy is None or row is None or row.reverses:
        return False
    amount = _amount(wish)
    if amount is not None and (amount.currency != policy.max_amount.currency or amount > policy.max_amount):
        raise _kept_out(wish, view, "offline.too_large", away)
    if view.standing.queued:
        return False
    try:
        waiting = yield from perform(Watched(QUEUED))
    except StoreError as broken:
        raise unwritable(wish.seat, wish.order_id, broken) from None
    full = len(set(waiting) - {wish.order_id}) >= policy.max_count
    if full and view.standing.state == wish.adapter.lifecycle.initial:
        raise _kept_out(wish, view, "offline.full", away)
    return full


def _amount(wish: Wish) -> Money | None:
    """What a sale that begins comes to. Once it is paid for, turning it away would help nobody."""
    match wish.command:
        case Checkout(basket=basket):
            return basket.totals.total
        case Place(totals=totals):
            return totals.total
        case _:
            return None


def _written(wish: Wish, view: View, sealed: Sealed, away: UnavailableError | None, too_many: bool) -> Step[AnyOrder]:
    now = yield from perform(Now())
    name = yield from perform(Mint())
    order, standing = view.order(), view.standing
    draft = Draft(
        kind=EntryKind.QUEUED,
        trigger=wish.trigger,
        state=standing.state,
        at=now,
        by=wish.seat.actor,
        why=wish.command.why,
        intent=name,
        command_id=wish.command_id,
        digest=sealed.digest,
        code="order.queued" if away is None else away.code,
        body=sealed.body if wish.seat.offline is None else keeping(sealed.body, now + wish.seat.offline.max_age),
        personal=personal_of(order, wish.command.subject(), sealed.personal),
    )
    drafts = (draft, handed_over(order.id, draft, now, "offline.too_many", _FULL)) if too_many else (draft,)
    header = attrs.evolve(standing.header, opened_at=now) if standing.version == 0 else None
    append = Append(
        order_id=order.id, expected_version=standing.version, entries=drafts, header=header, watch=(QUEUED,)
    )
    try:
        entries = yield from perform(Write(append))
    except StoreError as broken:
        raise unwritable(wish.seat, order.id, broken) from None
    except CommandTakenError as taken:
        where = "another input" if taken.order_id == order.id else f"another order ({taken.order_id})"
        raise view.conflict(wish.trigger, f"this command id was used before, for {where}", "command.conflict") from None
    record = standing.record if header is None else attrs.evolve(standing.record, header=header)
    record = extended(record, entries, drafts)
    yield from perform(Keep(record))
    return attrs.evolve(view, standing=fold(record), known=view.facts).order()
