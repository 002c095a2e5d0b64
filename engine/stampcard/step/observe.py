"""Following the provider: asking where an order stands, and writing down where it went without us.

An observation promises nothing and changes nothing at the provider, so it needs no intent. What it teaches is written
when it is new: OBSERVED moves the order where its lifecycle leads; a report the lifecycle does not lead to (backwards,
of a state nobody knows, from an end) is DRIFT, written once and moving nothing. No report is lost.
"""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from typing import Any

import attrs

from stampcard.adapter import Accepted, AnyAdapter, Declined, NotSent, Outcome, Unknown
from stampcard.commands import Observe
from stampcard.errors import UnavailableError, UnsupportedError
from stampcard.journal.codec import encode, pack
from stampcard.journal.contract import Append, Draft, StoreError, VersionConflictError
from stampcard.journal.fold import Standing
from stampcard.machine import IllegalMoveError, decide, move
from stampcard.model import AnyOrder, EntryKind, Refusal
from stampcard.step.ask import question
from stampcard.step.conclude import extended
from stampcard.step.effects import Keep, Monotonic, Now, Sleep, Step, Write, perform
from stampcard.step.look import look, unknown, unwritable
from stampcard.step.personal import apart, personal_of
from stampcard.step.recover import settle_order
from stampcard.step.trouble import Closed, unsent
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.watch import followed
from stampcard.transport.contract import Failed
from stampcard.wire import Response

__all__ = ["drift", "news", "observe", "wait"]

_OBSERVE = Observe()
_SAID = 200
"""Characters of a provider's own word that are kept."""


def observe(seat: Seat[Any], adapter: AnyAdapter, order_id: str) -> Step[AnyOrder]:
    """Ask once. Raises UnavailableError, DeclinedError, NotAllowedError, UnsupportedError, UnknownOrderError."""
    view = yield from _seen(seat, adapter, order_id)
    order = view.order()
    if order.final:
        return order
    _may(adapter, view, order)
    budget = adapter.policies[_OBSERVE.trigger].call_budget
    sent = yield from question(seat, adapter, order.site, adapter.request(order, _OBSERVE), budget)
    if isinstance(sent, Closed):
        raise view.kept_back(_OBSERVE.trigger, sent)
    if isinstance(sent, Failed):
        raise view.not_sent(_OBSERVE.trigger, unsent(sent), 0)
    return (yield from _follow(seat, adapter, order, sent.response))


def _seen(seat: Seat[Any], adapter: AnyAdapter, order_id: str) -> Step[View]:
    view = yield from look(seat, adapter, order_id)
    if view is None:
        raise unknown(seat, order_id)
    return view


def _may(adapter: AnyAdapter, view: View, order: AnyOrder) -> None:
    """Raise unless this order can be observed now."""
    trigger = _OBSERVE.trigger
    if trigger not in adapter.policies:
        error = view.error(UnsupportedError, "provider.unsupported", detail=f"{adapter.name} has no {trigger}")
        error.capability = trigger
        raise error
    code = "order.in_doubt" if view.standing.open else "order.forgotten" if view.standing.forgotten else None
    refusals = decide(adapter.lifecycle, order, _OBSERVE)
    if code is not None:
        refusals = (Refusal(code=code, message=view.phrases.say(code)), *refusals)
    if refusals:
        raise view.refused(trigger, refusals)


def _follow(seat: Seat[Any], adapter: AnyAdapter, asked: AnyOrder, response: Response) -> Step[AnyOrder]:
    """Write down what is new, whatever another lane wrote since we asked."""
    now = yield from perform(Now())
    while True:
        view = yield from _seen(seat, adapter, asked.id)
        outcome = _read(adapter, view.order(), response)
        drafts = news(adapter, view, asked, outcome, now, seat.actor)
        if drafts:
            record = view.standing.record
            append = Append(order_id=record.header.order_id, expected_version=record.version, entries=drafts)
            if drafts[0].kind is EntryKind.OBSERVED and isinstance(outcome, Accepted):
                append = followed(append, adapter, view.order(), outcome.facts, now)
            try:
                entries = yield from perform(Write(append))
            except VersionConflictError:
                continue
            except StoreError as broken:
                raise unwritable(seat, record.header.order_id, broken) from None
            yield from perform(Keep(extended(record, entries, drafts)))
            view = yield from _seen(seat, adapter, asked.id)
        match outcome:
            case Accepted():
                return view.order()
            case Declined() as no:
                raise view.declined(_OBSERVE.trigger, no, response.status)
            case NotSent() as proof:
                raise view.not_sent(_OBSERVE.trigger, proof, response.status)
            case Unknown(why=why):
                said = NotSent(why=why, code="provider.no_answer", retry_after=None)
                raise view.not_sent(_OBSERVE.trigger, said, response.status)


def _read(adapter: AnyAdapter, order: AnyOrder, response: Response) -> Outcome[Any, Any]:
    try:
        outcome: Outcome[Any, Any] = adapter.read(order, _OBSERVE, response)
    except Exception as error:  # noqa: BLE001  a reader's mistake must not look like a crash of the till
        return Unknown(why=f"the reply could not be read ({type(error).__name__})")
    return outcome


def news(
    adapter: AnyAdapter, view: View, asked: AnyOrder, outcome: Outcome[Any, Any], now: datetime, by: str | None
) -> tuple[Draft, ...]:
    """What of an answer is to be written. asked: the order as it was when the provider was asked."""
    standing = view.standing
    if standing.open:  # another lane began a step meanwhile: its own reply is the later word
        return ()
    if isinstance(outcome, Declined):
        return drift(standing, outcome.code, outcome.provider_text or outcome.message, now, by)
    if not isinstance(outcome, Accepted):
        return ()
    drafts: tuple[Draft, ...] = ()
    if outcome.drift is not None:
        drafts += drift(standing, "observe.unknown", outcome.drift, now, by)
    state = standing.state
    if outcome.to is not None and str(outcome.to) != state:
        try:
            state = str(move(adapter.lifecycle, state, _OBSERVE.trigger, outcome.to))
        except IllegalMoveError:
            if outcome.to == asked.state:  # true when we asked; another lane has followed the provider further since
                return drafts
            return (*drafts, *drift(standing, "observe.no_edge", str(outcome.to), now, by))
    overtaken = asked.version != standing.version  # what another lane learnt since may be the newer word
    if state == standing.state and (overtaken or outcome.facts == view.order().facts):
        return drafts
    tree, personal = encode(outcome.facts)
    observed = Draft(
        kind=EntryKind.OBSERVED,
        trigger=_OBSERVE.trigger,
        state=state,
        at=now,
        by=by,
        body=pack({"facts": tree, **apart(personal)}),
        personal=personal_of(view.order(), outcome.facts.subject(), personal, follows=standing.facts_at),
    )
    # What is said to have drifted is said of the order as it is after this.
    return (observed, *(attrs.evolve(one, state=state) for one in drafts))


def drift(standing: Standing, code: str, said: str, now: datetime, by: str | None) -> tuple[Draft, ...]:
    """The provider and the lifecycle disagree: written once for as long as they do, so that polling adds nothing."""
    why = f"the provider says: {said[:_SAID]}"
    # Since the order came to this state: a provider that says now this, now that, adds nothing either.
    here = takewhile(lambda e: e.state == standing.state, reversed(standing.record.entries))
    if any(e.kind is EntryKind.DRIFT and (e.code, e.why) == (code, why) for e in here):
        return ()
    drifted = Draft(
        kind=EntryKind.DRIFT, trigger=_OBSERVE.trigger, state=standing.state, at=now, by=by, code=code, why=why
    )
    return (drifted,)


def wait(seat: Seat[Any], adapter: AnyAdapter, order_id: str, within: float) -> Step[AnyOrder]:
    """Observe on the provider's schedule until the order rests, or until `within` seconds are up."""
    end = (yield from perform(Monotonic())) + (within if within > 0 else 0.0)
    looks, asked = 0, 0.0
    while True:
        view = yield from _seen(seat, adapter, order_id)
        left = end - (yield from perform(Monotonic()))
        if view.standing.open:
            yield from settle_order(seat, adapter, order_id, left)
            continue
        order = view.order()
        now = yield from perform(Now())
        pause = adapter.look_after(order, now, looks)
        if pause is None or order.final or (left <= 0 and looks > 0):
            return order
        yield from perform(Sleep(max(0.0, min(max(pause, asked), left))))
        looks, asked = looks + 1, 0.0
        try:
            yield from observe(seat, adapter, order_id)
        except UnavailableError as away:
            asked = away.retry_after or 0.0
