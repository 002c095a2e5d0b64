"""Comparing the journal with the providers, one settled order after another.

A look changes nothing at the provider. An agreement writes nothing; a difference is written into the order's history
once (as an observation would: see `stampcard.step.observe`), however often it is found. A provider that turns us away,
or does not answer several times running, is asked no more in this run.

May live here: which orders are compared, and what an answer comes to. May not: how a provider is looked at (its
adapter's `compare`), layout, a thread.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import attrs

from stampcard.adapter import Accepted, AnyAdapter, Declined, Look, NotSent, Outcome, Unknown, Unseen
from stampcard.errors import JournalError, NotAllowedError, StampcardError
from stampcard.journal.contract import Append, Header, StoreError, Summary, VersionConflictError
from stampcard.model import AnyOrder, EntryKind, Environment
from stampcard.reconciliation import (
    Compared,
    Comparison,
    PossibleHold,
    ReconciliationReport,
    Tally,
    Unsettled,
    Untold,
)
from stampcard.step.ask import question
from stampcard.step.effects import Find, Now, Step, Write, perform
from stampcard.step.look import look, unwritable
from stampcard.step.observe import news
from stampcard.step.rounds import Adapters
from stampcard.step.trouble import Closed, unsent
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.watch import followed, rests
from stampcard.transport.contract import Failed
from stampcard.wire import Response

__all__ = ["reconcile_all"]

log = logging.getLogger("stampcard.reconcile")
_PAGE: Final = 500
_PATIENCE: Final = 3
"""Looks without an answer, one after the other, after which a provider is left alone."""
_EXAMPLES: Final = 5
_BY: Final = "reconcile"
_CHANGED: Final = "it was changed while it was looked at"

Door: TypeAlias = tuple[str, Environment, str]


@attrs.define
class _Doors:
    """Which providers are asked no more in this run, and why; and how often each was asked in vain since it answered.

    One tenant's key that is refused says nothing of another's.
    """

    shut: dict[Door, str] = attrs.field(factory=dict[Door, str])
    in_vain: Counter[Door] = attrs.field(factory=Counter[Door])

    def met(self, door: Door, answer: Outcome[Any, Any] | Unseen) -> None:
        match answer:
            case NotSent():
                self.shut[door] = _vain(answer)
            case Unknown(why=why):
                self.in_vain[door] += 1
                if self.in_vain[door] >= _PATIENCE:
                    self.shut[door] = why
            case _:
                self.in_vain[door] = 0


def _vain(answer: NotSent | Unknown) -> str:
    rest = answer.retry_after if isinstance(answer, NotSent) else None
    return answer.why if rest is None else f"{answer.why}, to be left alone for {rest:g} s"


@attrs.define
class _Book:
    """What was found so far. What agrees, and what cannot be known, is counted: there may be very many."""

    counts: dict[str, Counter[str]] = attrs.field(factory=dict[str, Counter[str]])
    listed: dict[Comparison, list[Compared]] = attrs.field(factory=dict[Comparison, list[Compared]])
    unknown: dict[tuple[str, str, bool], list[str]] = attrs.field(factory=dict[tuple[str, str, bool], list[str]])
    unknowns: Counter[tuple[str, str, bool]] = attrs.field(factory=Counter[tuple[str, str, bool]])
    holds: list[PossibleHold] = attrs.field(factory=list[PossibleHold])
    unsettled: list[Unsettled] = attrs.field(factory=list[Unsettled])

    def add(self, one: Compared) -> None:
        self._count(one.provider, one.result.value)
        if one.result is Comparison.UNKNOWN:
            reason = (one.provider, one.why, one.again)
            self.unknowns[reason] += 1
            examples = self.unknown.setdefault(reason, [])
            if len(examples) < _EXAMPLES:
                examples.append(one.order_id)
        elif one.result is not Comparison.AGREED:
            self.listed.setdefault(one.result, []).append(one)

    def apart(self, one: Unsettled) -> None:
        self._count(one.provider, "unsettled")
        self.unsettled.append(one)

    def held(self, order: AnyOrder, now: datetime) -> None:
        for one in order.possible:
            if one.until > now:
                self._count(order.provider, "possible_holds")
                self.holds.append(
                    PossibleHold(
                        order_id=order.id,
                        provider=order.provider,
                        trigger=one.trigger,
                        since=one.since,
                        until=one.until,
                        why=one.why,
                    )
                )

    def report(self) -> ReconciliationReport:
        unknown = [
            Untold(
                provider=provider, why=why, again=again, count=count, examples=tuple(self.unknown[provider, why, again])
            )
            for (provider, why, again), count in sorted(self.unknowns.items())
        ]
        return ReconciliationReport(
            tallies=tuple(Tally(provider=name, **self.counts[name]) for name in sorted(self.counts)),
            differing=tuple(self.listed.get(Comparison.DIFFERING, ())),
            followed=tuple(self.listed.get(Comparison.FOLLOWED, ())),
            unknown=tuple(unknown),
            possible_holds=tuple(self.holds),
            unsettled=tuple(self.unsettled),
        )

    def _count(self, provider: str, what: str) -> None:
        self.counts.setdefault(provider, Counter())[what] += 1


@attrs.frozen
class _Run:
    seat: Seat[Any]
    adapters: Adapters
    now: datetime
    book: _Book = attrs.field(factory=_Book)
    doors: _Doors = attrs.field(factory=_Doors)


def reconcile_all(
    seat: Seat[Any],
    adapters: Adapters,
    *,
    provider: str | None,
    since: datetime | None,
    progress: Callable[[Compared], None] | None,
) -> Step[ReconciliationReport]:
    """One run, newest order first: what is opened meanwhile is left for the next. Raises JournalError."""
    run = _Run(seat, adapters, (yield from perform(Now())))
    from_then = None if since is None else since.astimezone(UTC)
    before: str | None = None
    while page := (yield from _page(seat, provider, before)):
        before = page[-1].header.order_id
        for summary in page:
            if from_then is None or summary.last_at >= from_then:
                one = yield from _turn(run, summary)
                if one is not None:
                    run.book.add(one)
                    if progress is not None:
                        progress(one)
    return run.book.report()


def _page(seat: Seat[Any], provider: str | None, before: str | None) -> Step[tuple[Summary, ...]]:
    try:
        return (yield from perform(Find(provider=provider, before=before, limit=_PAGE)))
    except StoreError as broken:
        raise JournalError(seat.phrases.say("journal.unavailable"), detail=str(broken)) from None


def _turn(run: _Run, summary: Summary) -> Step[Compared | None]:
    """One order; None when it is not settled. Whatever is wrong with this one, the others get their turn."""
    header, state = summary.header, summary.state
    adapter = run.adapters.get((header.provider, header.environment))
    if adapter is None:
        return _unknown(header, state, f"{header.provider} ({header.environment}) is not in use here", again=True)
    try:
        view = yield from look(run.seat, adapter, header.order_id)
        if view is None:  # an append-only store that loses what it listed
            return _unknown(header, state, "it is listed and cannot be read", again=True)
        order = view.order()
        run.book.held(order, run.now)
        if not order.settled:
            run.book.apart(_unsettled(order))
            return None
        return (yield from _compare(run, adapter, view))
    except JournalError as damaged:
        log.error("order %s cannot be compared: %s", header.order_id, damaged.detail)
        return _unknown(header, state, f"the journal cannot be used: {damaged.detail}", again=True)
    except NotAllowedError as no:  # another tenant's
        return _unknown(header, state, no.detail, again=True)
    except StampcardError as ours:  # our own settings: this tenant has no keys
        log.error("order %s cannot be compared: %s", header.order_id, ours)
        run.doors.shut[_door(header)] = ours.detail
        return _unknown(header, state, f"could not be asked: {ours.detail}", again=True)
    except Exception as error:  # noqa: BLE001  an adapter's mistake must not keep the other orders from their turn
        log.error("order %s cannot be compared: the adapter failed (%s)", header.order_id, type(error).__name__)
        return _unknown(header, state, f"the adapter failed ({type(error).__name__})", again=True)


def _door(header: Header) -> Door:
    return header.provider, header.environment, header.site.tenant


def _unknown(header: Header, state: str, why: str, *, again: bool) -> Compared:
    return Compared(
        order_id=header.order_id,
        provider=header.provider,
        state=state,
        result=Comparison.UNKNOWN,
        why=why,
        again=again,
    )


def _unsettled(order: AnyOrder) -> Unsettled:
    if order.doubt is None:
        why = f"queued: {', '.join(order.queued)}"
    else:
        why = f"'{order.doubt.trigger}' " + ("waits for a person" if order.doubt.needs_human else "is in doubt")
    return Unsettled(order_id=order.id, provider=order.provider, state=str(order.state), why=why)


def _compare(run: _Run, adapter: AnyAdapter, view: View) -> Step[Compared]:
    header, order = view.standing.header, view.order()
    state, door = str(order.state), _door(header)
    if view.standing.forgotten:  # who it was for is erased: nothing can be asked with it
        return _unknown(header, state, "the customer's data was erased", again=False)
    wanted = adapter.compare(order)
    if isinstance(wanted, Unseen):
        return _unknown(header, state, wanted.why, again=False)
    if door in run.doors.shut:
        return _unknown(header, state, f"could not be asked: {run.doors.shut[door]}", again=True)
    answer = yield from _look(run, adapter, order, wanted)
    run.doors.met(door, answer)
    match answer:
        case Unseen(why=why):
            return _unknown(header, state, why, again=False)
        case NotSent() | Unknown():
            return _unknown(header, state, f"could not be asked: {_vain(answer)}", again=True)
        case Accepted(to=to, drift=None) if str(to) == state:
            return Compared(order_id=order.id, provider=order.provider, state=state, result=Comparison.AGREED)
        case Accepted() | Declined():
            return (yield from _kept(run, adapter, view, answer))


def _look(run: _Run, adapter: AnyAdapter, order: AnyOrder, wanted: Look[Any, Any]) -> Step[Outcome[Any, Any] | Unseen]:
    sent = yield from question(run.seat, adapter, order.site, wanted.request, wanted.call_budget)
    if isinstance(sent, Closed):
        return sent.proof
    if isinstance(sent, Failed):
        return Unknown(why=sent.why) if sent.sent else unsent(sent)
    return _read(wanted, sent.response)


def _read(wanted: Look[Any, Any], response: Response) -> Outcome[Any, Any] | Unseen:
    try:
        answer = wanted.read(response)
    except Exception as error:  # noqa: BLE001  a reader's mistake must not look like a crash of the till
        return Unknown(why=f"the reply could not be read ({type(error).__name__})")
    if isinstance(answer, Accepted) and answer.to is None and answer.drift is None:
        return Unknown(why="the reply does not say where the order stands")
    return answer


def _kept(run: _Run, adapter: AnyAdapter, view: View, answer: Accepted[Any, Any] | Declined) -> Step[Compared]:
    """A difference, in the order's history from now on: as an observation, where one leads there; else as drift."""
    order, standing, header = view.order(), view.standing, view.standing.header
    now, by = (yield from perform(Now())), run.seat.actor or _BY
    if isinstance(answer, Accepted) and (answer.to is None or answer.to == order.state):
        answer = attrs.evolve(answer, facts=order.facts)  # what a settled order knows is not overwritten
    drafts = news(adapter, view, order, answer, now, by)
    if drafts:
        append = Append(order_id=order.id, expected_version=standing.version, entries=drafts)
        if drafts[0].kind is EntryKind.OBSERVED and isinstance(answer, Accepted):
            append = followed(append, adapter, order, answer.facts, now)
        try:
            yield from perform(Write(append))
        except VersionConflictError:
            return _unknown(header, str(order.state), _CHANGED, again=True)
        except StoreError as broken:
            raise unwritable(run.seat, order.id, broken) from None
    moved = bool(drafts) and drafts[0].kind is EntryKind.OBSERVED
    waited = moved and not rests(adapter, order, now) and len(drafts) == 1
    return Compared(
        order_id=order.id,
        provider=order.provider,
        state=str(order.state),
        result=Comparison.FOLLOWED if waited else Comparison.DIFFERING,
        why=_sentence(order, answer) + ("; the journal has followed" if moved else ""),
    )


def _sentence(order: AnyOrder, answer: Accepted[Any, Any] | Declined) -> str:
    if isinstance(answer, Declined):
        said = answer.provider_text or answer.code
        return f"the provider has no such order ({said})"
    there: list[str] = []
    if answer.to is not None and answer.to != order.state:
        there.append(f"the provider says {answer.to}")
    if answer.drift is not None:
        there.append(f"the provider says: {answer.drift}")
    return "; ".join(there)
