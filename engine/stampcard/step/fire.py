"""The step: load, decide, promise, send, conclude.

Design section 3 in code. A repeat is recognised before the version is checked; the intent is durable before the first
byte leaves; whatever comes back is written before the caller hears of it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import attrs

from stampcard.adapter import Accepted, AskAgain, Declined, Escalate, Evidence, NotSent, Unknown
from stampcard.commands import Authorize
from stampcard.errors import ConflictError, NotAllowedError, UnsupportedError, reference
from stampcard.journal.codec import unpack
from stampcard.journal.contract import (
    Append,
    CommandTakenError,
    Draft,
    Header,
    LaneTakenError,
    Record,
    StoreError,
    VersionConflictError,
)
from stampcard.journal.fold import Standing, fold, landed
from stampcard.machine import decide
from stampcard.model import AnyOrder, Entry, EntryKind, Order, Refusal
from stampcard.step.conclude import (
    ASK_AGAIN_CHECK,
    Ending,
    Promise,
    conclude,
    extended,
    personal_of,
    write_escalation,
)
from stampcard.step.effects import Abort, Mint, Now, Own, Pending, Running, Send, Step, Write, perform
from stampcard.step.look import look, site_of, unknown, unwritable
from stampcard.step.view import View, asks_again, effectless
from stampcard.step.watch import followed
from stampcard.step.wish import Sealed, Wish, seal
from stampcard.transport.contract import Sent
from stampcard.wire import MAX_BODY

__all__ = ["fire"]

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Until an order is opened."""
_ID: Final = re.compile(r"[!-~]{1,100}")
"""What an order id may be: it goes into paths, bodies, logs and receipts, and the strictest provider takes 100."""
_RESTARTS: Final = 3
"""How often an opening verb looks again when another lane opened the order in between."""


def fire(wish: Wish) -> Step[AnyOrder]:
    """Perform one step. Raises the errors of `stampcard.errors`; see there what each means."""
    sealed = seal(wish)
    restarts = 0
    while True:
        found = yield from look(wish.seat, wish.adapter, wish.order_id)
        if found is None:
            view, record = _unopened(wish), None
        else:
            view, record = found, found.standing.record
            repeated = _repeated(wish, view, sealed)
            if repeated is not None:
                return repeated
            view = yield from _free(wish, view)
            record = view.standing.record
        _may(wish, view)
        try:
            return (yield from _promise(wish, view, record, sealed))
        except VersionConflictError as lost:
            restarts += 1
            if not isinstance(wish.order, str) or restarts > _RESTARTS:
                raise _conflict(wish, view, lost) from None


def _unopened(wish: Wish) -> View:
    """The view of an order that does not exist yet. Raises UnknownOrderError when this verb does not open one."""
    if not isinstance(wish.order, str):
        raise unknown(wish.seat, wish.order_id)
    site = site_of(wish.seat)
    if not _ID.fullmatch(wish.order_id):
        message = wish.seat.phrases.say("order.id_invalid")
        refusal = Refusal(code="order.id_invalid", message=message, field="order")
        raise NotAllowedError(
            message, detail="an order id is 1 to 100 visible ASCII characters", code=refusal.code, refusals=[refusal]
        )
    lifecycle = wish.adapter.lifecycle
    header = Header(
        order_id=wish.order_id,
        provider=wish.adapter.name,
        environment=wish.adapter.environment,
        site=site,
        lifecycle=lifecycle.name,
        fingerprint=lifecycle.fingerprint,
        opened_at=_NEVER,
        ticket=wish.ticket,
        reference=reference(wish.order_id),
    )
    standing = Standing(
        record=Record(header=header, entries=()),
        state=lifecycle.initial,
        open=(),
        intents={},
        endings={},
        facts_at=None,
    )
    return View(adapter=wish.adapter, phrases=wish.seat.phrases, standing=standing)


def _repeated(wish: Wish, view: View, sealed: Sealed) -> AnyOrder | None:
    """The recorded answer, when this is a repeat. Raises what was recorded, or ConflictError for other input."""
    standing, command = view.standing, wish.command
    site, here = standing.header.site, wish.seat.site
    if isinstance(wish.order, str) and here is not None and site != here:
        where = f"store {site.store}" + (f", register {site.register}" if site.register else "")
        raise view.conflict(wish.trigger, f"this id was opened at {where}: get the order, or mint another id")
    intent = standing.command(wish.command_id) if wish.command_id is not None else _done(wish, view, sealed)
    if intent is None:
        return None
    kept = standing.record.personal.get(intent.version)
    if intent.trigger != command.trigger or not sealed.repeats(intent, kept):
        raise view.conflict(wish.trigger, "this was done already, with other input", "command.conflict")
    ending = standing.endings.get(intent.intent or "")
    if ending is None:
        if view.running > 0:
            raise view.busy(wish.trigger)
        if effectless(wish.adapter, wish.trigger):
            return None
        raise view.in_doubt(wish.trigger, "this step was sent and its ending is not known")
    if ending.intent != intent.intent:
        return None  # settled by a reversal: the table decides what is possible now
    if landed(ending):
        return view.order(replayed=True)
    if ending.kind in (EntryKind.DECLINED, EntryKind.RESOLVED):
        raise _told_before(view, wish.trigger, ending)
    return None  # proof that nothing happened: it may be done now


def _done(wish: Wish, view: View, sealed: Sealed) -> Entry | None:
    """Without a command id: the intent this firing repeats, if its trigger was accepted and cannot be fired anew."""
    done = view.standing.accepted.get(wish.trigger)
    if done is None and isinstance(wish.command, Authorize) and wish.command.again:
        return None  # asked anew on purpose: the same wish as the one in doubt, and no repeat of it
    doubted = next((o.entry for o in view.standing.open if o.trigger == wish.trigger), None)
    if done is None:
        same = doubted is not None and doubted.digest == sealed.digest
        return doubted if same else None
    again = wish.adapter.lifecycle.row(view.standing.state, wish.trigger) is not None
    return None if again and not isinstance(wish.order, str) else done


def _told_before(view: View, trigger: str, ending: Entry) -> Exception:
    if ending.kind is EntryKind.RESOLVED:
        code = "resolve.declined"
        return view.declined(trigger, Declined(code=code, message=view.phrases.say(code)), 0, replayed=True)
    said = unpack(ending.body)
    no = Declined(
        code=ending.code or "provider.declined",
        message=str(said.get("message") or ""),
        provider_code=said.get("provider_code"),
        provider_text=said.get("provider_text"),
    )
    return view.declined(trigger, no, int(said.get("http") or 0), replayed=True)


def _free(wish: Wish, view: View) -> Step[View]:
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


def _may(wish: Wish, view: View) -> None:
    """Raise unless the table, every guard, the provider and the doubt allow it."""
    lifecycle, trigger = wish.adapter.lifecycle, wish.trigger
    row = lifecycle.row(view.standing.state, trigger)
    rows = [r for r in lifecycle.rows if r.trigger == trigger]
    if not rows or (trigger not in wish.adapter.policies and any(r.calls_provider for r in rows)):
        error = view.error(UnsupportedError, "provider.unsupported", detail=f"{wish.adapter.name} has no {trigger}")
        error.capability = trigger
        raise error
    if view.standing.open and trigger not in view.allowed:
        doubted = view.standing.open[-1]
        message = wish.seat.phrases.say("order.in_doubt")
        params = {"trigger": doubted.trigger, "since": doubted.entry.at.isoformat()}
        raise view.refused(trigger, (Refusal(code="order.in_doubt", message=message, params=params),))
    if row is not None and row.calls_provider and view.standing.forgotten:
        message = wish.seat.phrases.say("order.forgotten")
        raise view.refused(trigger, (Refusal(code="order.forgotten", message=message),))
    order = view.order()
    refusals = decide(lifecycle, order, wish.command)
    if row is not None and row.calls_provider:
        refusals += wish.adapter.check(order, wish.command)
    if refusals:
        raise view.refused(trigger, refusals)


def _conflict(wish: Wish, view: View, lost: VersionConflictError) -> ConflictError:
    error = view.conflict(wish.trigger, "another lane changed the order first")
    error.current_version = lost.current
    return error


def _promise(wish: Wish, view: View, record: Record | None, sealed: Sealed) -> Step[AnyOrder]:
    """Write the intent, make the call, write what came of it. Raises VersionConflictError when a lane was faster."""
    order, adapter, trigger = view.order(), wish.adapter, wish.trigger
    row = adapter.lifecycle.row(order.state, trigger)
    now = yield from perform(Now())
    if record is None:
        record = attrs.evolve(view.standing.record, header=attrs.evolve(view.standing.header, opened_at=now))
    name = yield from perform(Mint())
    # What nothing is at stake for, and what the till asks anew although nobody answered: gone past, and told so.
    past = [
        o for o in view.standing.open if effectless(adapter, o.trigger) or asks_again(adapter, o.trigger) is not None
    ]
    supersedes = tuple(o.name for o in past)
    intent = Draft(
        kind=EntryKind.INTENT,
        trigger=trigger,
        state=view.standing.state,
        at=now,
        by=wish.seat.actor,
        why=wish.command.why,
        intent=name,
        command_id=wish.command_id,
        digest=sealed.digest,
        closes=supersedes,
        body=sealed.body,
        personal=personal_of(order, wish.command.subject(), sealed.personal),
    )
    if row is not None and not row.calls_provider:
        return (yield from _decided(wish, view, record, intent, str(row.destinations[0])))
    # Everything that can be wrong with our own settings is found before anything is promised.
    auth = adapter.auth(order.site)
    try:
        request = adapter.request(view.supposed(), wish.command)
    except StoreError as broken:
        raise unwritable(wish.seat, order.id, broken) from None
    if len(request.body) > MAX_BODY:
        message = wish.seat.phrases.say("request.too_large")
        raise view.refused(trigger, (Refusal(code="request.too_large", message=message),))
    policy = adapter.policies[trigger]
    ownership = yield from perform(Own(policy.call_budget))
    lane = adapter.lane(order, wish.command)
    append = _appending(wish, record, (attrs.evolve(intent, ownership=ownership),), lane)
    record = yield from _append(wish, view, record, append)
    promise = Promise(
        adapter=adapter, order=order, command=wish.command, intent=name, attempt=record.version, by=wish.seat.actor
    )

    def late(sent: Sent) -> Step[object]:
        return conclude(promise, sent, record)

    sent = yield from perform(
        Send(
            intent=name,
            request=request,
            base_url=adapter.base_url,
            auth=auth,
            hard_end=ownership.hard_end,
            patience=wish.seat.patience,
            late=None if policy.effectless else late,
        )
    )
    if isinstance(sent, Pending):
        left = yield from perform(Running(name, ownership))
        waiting = attrs.evolve(view, standing=fold(record), running=left)
        raise waiting.in_doubt(trigger, "no answer within the till's budget; the call goes on and will be recorded")
    ending = yield from conclude(promise, sent, record)
    ending = yield from _hopeless(promise, ending)
    return _answer(wish, view, ending)


def _hopeless(promise: Promise, ending: Ending) -> Step[Ending]:
    """Where nothing but asking the user again is left, that is said at once: no recovery could find out more."""
    if not ending.written or not isinstance(ending.outcome, Unknown):
        return ending
    if asks_again(promise.adapter, promise.command.trigger) is None:
        return ending
    advice = promise.adapter.recover(promise.order, promise.command, Evidence(attempts=1, age=0.0))
    if not isinstance(advice, AskAgain):
        return ending
    verdict = Escalate(reason=advice.reason, check=ASK_AGAIN_CHECK)
    record = yield from write_escalation(promise, verdict, ending.record)
    return attrs.evolve(ending, record=record, standing=fold(record))


def _decided(wish: Wish, view: View, record: Record, intent: Draft, state: str) -> Step[AnyOrder]:
    """A decision of the till alone: promised and concluded in one transaction."""
    open_now = tuple(o.name for o in view.standing.open)
    done = Draft(
        kind=EntryKind.ACCEPTED,
        trigger=wish.trigger,
        state=state,
        at=intent.at,
        by=intent.by,
        why=wish.command.why,
        intent=intent.intent,
        closes=(*open_now, intent.intent or ""),
    )
    drafts = (attrs.evolve(intent, closes=()), done)
    append = followed(_appending(wish, record, drafts), wish.adapter, view.order(), None, intent.at)
    record = yield from _append(wish, view, record, append)
    return attrs.evolve(view, standing=fold(record), known=view.facts, running=0.0).order()


def _appending(wish: Wish, record: Record, drafts: tuple[Draft, ...], lane: str | None = None) -> Append:
    return Append(
        order_id=wish.order_id,
        expected_version=record.version,
        entries=drafts,
        header=record.header if record.version == 0 else None,
        lane=lane,
    )


def _append(wish: Wish, view: View, record: Record, append: Append) -> Step[Record]:
    try:
        entries = yield from perform(Write(append))
    except LaneTakenError as taken:
        raise view.lane_taken(wish.trigger, taken.order_id) from None
    except StoreError as broken:
        raise unwritable(wish.seat, wish.order_id, broken) from None
    except CommandTakenError as taken:
        where = "another input" if taken.order_id == wish.order_id else f"another order ({taken.order_id})"
        raise view.conflict(wish.trigger, f"this command id was used before, for {where}", "command.conflict") from None
    return extended(record, entries, append.entries)


def _answer(wish: Wish, view: View, ending: Ending) -> AnyOrder:
    """The order, or the error the caller hears."""
    now = attrs.evolve(view, standing=ending.standing, known=ending.facts or view.facts, running=0.0)
    if not ending.written:
        raise now.in_doubt(wish.trigger, "another lane took this step over; its reply is kept as evidence")
    match ending.outcome:
        case Accepted():
            return now.order()
        case Declined(perhaps_done=True):
            raise now.in_doubt(wish.trigger, "the provider says no, which may mean that it is done already")
        case Declined() as no:
            raise now.declined(wish.trigger, no, ending.http)
        case NotSent() as proof:
            raise now.not_sent(wish.trigger, proof, ending.http)
        case Unknown(why=why):
            if effectless(wish.adapter, wish.trigger):
                raise now.not_sent(wish.trigger, NotSent(why=why, code="provider.no_answer"), ending.http)
            raise now.in_doubt(wish.trigger, why)
