"""Whether a firing may be made now: the order is free, and table, guards, provider and doubt allow it.

May live here: what a firing is refused for before anything is promised. May not: a promise, a call.
"""

from __future__ import annotations

from stampcard.errors import UnsupportedError
from stampcard.journal.charges import barred
from stampcard.machine import decide
from stampcard.model import AnyOrder, Order, Refusal
from stampcard.step.effects import Abort, Own, Step, perform
from stampcard.step.knock import knock
from stampcard.step.look import look
from stampcard.step.view import View
from stampcard.step.wish import Wish

__all__ = ["enter", "free", "known", "may", "refusals"]


def free(wish: Wish, view: View) -> Step[View]:
    """The order, once nobody else is at it. Our own call is aborted for a reversal; then its ending is read anew."""
    stale = isinstance(wish.order, Order) and wish.order.version != view.standing.version
    if stale and not (yield from _own_doubt(wish, view)):
        raise view.conflict(wish.trigger, f"the order in hand is older than version {view.standing.version}: get it")
    if view.running <= 0:
        return view
    row = wish.adapter.lifecycle.row(view.standing.state, wish.trigger)
    # A reversal, or a decision of the till alone, ends our own call; another lane's repeat of it waits.
    if row is not None and (row.reverses or not row.calls_provider) and wish.trigger in view.allowed:
        aborted = False
        for intent in view.standing.open:
            aborted = (yield from perform(Abort(intent.name))) or aborted
        if aborted:
            again = yield from look(wish.seat, wish.adapter, wish.order_id)
            if again is not None and again.running <= 0:
                return again
    raise view.busy(wish.trigger)


def _own_doubt(wish: Wish, view: View) -> Step[bool]:
    """The caller reverses what this very till has just left in doubt, holding the order as it was before that step."""
    order = wish.order
    if isinstance(order, str):
        return False
    row = wish.adapter.lifecycle.row(view.standing.state, wish.trigger)
    opened = view.standing.open
    if row is None or not row.reverses or wish.trigger not in view.allowed or str(order.state) != view.standing.state:
        return False
    mine = (yield from perform(Own(0.0))).owner
    since = view.standing.record.entries[order.version :]
    return (
        bool(opened)
        and all(intent.ownership.owner == mine for intent in opened)
        and all(entry.intent == opened[-1].name for entry in since)
    )


def known(wish: Wish, view: View) -> None:
    """Raise when this provider has no such trigger."""
    lifecycle, trigger = wish.adapter.lifecycle, wish.trigger
    rows = [r for r in lifecycle.rows if r.trigger == trigger]
    if not rows or (trigger not in wish.adapter.policies and any(r.calls_provider for r in rows)):
        error = view.error(UnsupportedError, "provider.unsupported", detail=f"{wish.adapter.name} has no {trigger}")
        error.capability = trigger
        raise error
    money = barred(view.standing).get(trigger)
    if money is not None:
        raise view.refused(trigger, (Refusal(code=money, message=wish.seat.phrases.say(money)),))


def may(wish: Wish, view: View) -> None:
    """Raise unless the table, every guard, the provider and the doubt allow it."""
    known(wish, view)
    trigger = wish.trigger
    if view.standing.open and trigger not in view.allowed:
        doubted = view.standing.open[-1]
        message = wish.seat.phrases.say("order.in_doubt")
        params = {"trigger": doubted.trigger, "since": doubted.entry.at.isoformat()}
        raise view.refused(trigger, (Refusal(code="order.in_doubt", message=message, params=params),))
    if view.standing.queued and trigger not in view.allowed:
        raise view.refused(trigger, (Refusal(code="order.queued", message=wish.seat.phrases.say("order.queued")),))
    found = refusals(wish, view, view.order())
    if found:
        raise view.refused(trigger, found)


def refusals(wish: Wish, view: View, order: AnyOrder) -> tuple[Refusal, ...]:
    """Why not: of the table, the guards and the provider's limits. order: as it is when its turn comes."""
    lifecycle = wish.adapter.lifecycle
    row = lifecycle.row(str(order.state), wish.trigger)
    if row is None or not row.calls_provider:
        return decide(lifecycle, order, wish.command)
    if view.standing.forgotten:
        return (Refusal(code="order.forgotten", message=wish.seat.phrases.say("order.forgotten")),)
    return decide(lifecycle, order, wish.command) + wish.adapter.check(order, wish.command)


def enter(wish: Wish, view: View) -> Step[None]:
    """Ask at the provider's door. Raises UnavailableError while no call is made."""
    row = wish.adapter.lifecycle.row(view.standing.state, wish.trigger)
    if row is None or not row.calls_provider:
        return
    tenant = view.standing.header.site.tenant
    closed = yield from knock(wish.seat, wish.adapter, tenant, urgent=row.reverses, recovers=wish.recovers)
    if closed is not None:
        raise view.kept_back(wish.trigger, closed)
