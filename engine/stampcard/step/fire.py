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
from stampcard.errors import ConflictError, NotAllowedError, UnavailableError, reference
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
from stampcard.journal.fold import Standing, fold
from stampcard.model import AnyOrder, EntryKind, Refusal
from stampcard.step.conclude import ASK_AGAIN_CHECK, Ending, conclude, extended, write_escalation
from stampcard.step.dates import dated
from stampcard.step.defer import AWAY, defer, must_wait
from stampcard.step.effects import Mint, Now, Own, Pending, Running, Send, Step, Write, perform
from stampcard.step.ink import Promise
from stampcard.step.knock import door_of
from stampcard.step.look import look, site_of, unknown, unwritable
from stampcard.step.permit import enter, free, may
from stampcard.step.personal import personal_of
from stampcard.step.repeat import repeated
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
    restarts, away, called = 0, None, False
    while True:
        found = yield from look(wish.seat, wish.adapter, wish.order_id)
        view = _unopened(wish) if found is None else found
        before = None if found is None else repeated(wish, view, sealed)
        if before is not None:  # by another lane, while our own call came to nothing: then something was sent
            return attrs.evolve(before, replayed=before.replayed and not called)
        entered = False
        try:
            if away is not None or must_wait(wish, view):
                return (yield from defer(wish, view, sealed, away))
            if found is not None:
                view = yield from free(wish, view)
            may(wish, view)
            yield from enter(wish, view)
            entered = True
            return (yield from _promise(wish, view, None if found is None else view.standing.record, sealed))
        except VersionConflictError as lost:
            restarts += 1
            if (away is None and not isinstance(wish.order, str)) or restarts > _RESTARTS:
                raise _conflict(wish, view, lost) from None
        except UnavailableError as held:
            if away is not None or wish.seat.offline is None or held.reason not in AWAY:
                raise
            away, called = held, entered


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
    defers = wish.seat.offline is not None
    return View(adapter=wish.adapter, phrases=wish.seat.phrases, standing=standing, defers=defers)


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
    body = yield from dated(wish.seat, door_of(adapter, order.site.tenant), intent.body)
    append = _appending(wish, record, (attrs.evolve(intent, ownership=ownership, body=body),), lane)
    record = yield from _append(wish, view, record, append)
    promise = _promised(wish, order, name, record.version)

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


def _promised(wish: Wish, order: AnyOrder, name: str, version: int) -> Promise:
    return Promise(
        adapter=wish.adapter,
        order=order,
        command=wish.command,
        intent=name,
        attempt=version,
        by=wish.seat.actor,
        doors=wish.seat.doors,
    )


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
    open_now = (*(o.name for o in view.standing.open), *(q.name for q in view.standing.queued))
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
