"""From a journal's record to the order a till is shown, and to the errors about it.

May live here: reading. May not: an effect that changes anything, a decision about what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

import attrs

from stampcard.adapter import AnyAdapter, Declined, NotSent
from stampcard.errors import (
    ConflictError,
    DeclinedError,
    InDoubtError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    StampcardError,
    UnavailableError,
)
from stampcard.journal.charges import barred, held, unsettled
from stampcard.journal.codec import unpack
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import PROBE, OpenIntent, Standing
from stampcard.journal.reversals import watch
from stampcard.model import (
    PAYMENTS,
    AnyOrder,
    Doubt,
    Entry,
    EntryKind,
    Expected,
    Facts,
    Order,
    Possible,
    Refusal,
    Watch,
)
from stampcard.phrases import Phrases
from stampcard.step.backoff import due
from stampcard.step.outlook import behind, outlook
from stampcard.step.trouble import Closed, declined, kept_back, not_sent

__all__ = ["View", "asks_again", "effectless", "given_up", "legal"]

E = TypeVar("E", bound=StampcardError)
_LATE = ("late.accepted", "late.declined", "late.notsent")
_LONGEST_BUSY = 60.0
"""Seconds after which it is worth trying again at the latest: a customer at a terminal may take long, or be gone."""
_LANE_PAUSE = 5.0
"""Seconds until it is worth trying again: about the time a call takes."""


def legal(adapter: AnyAdapter, standing: Standing) -> frozenset[str]:
    """The triggers that may be fired now, by the table, the doubt and what the provider supports."""
    lifecycle = adapter.lifecycle
    supported = {r.trigger for r in lifecycle.rows if not r.calls_provider or r.trigger in adapter.policies}
    if standing.version == 0:  # nothing to decide about yet
        supported -= {r.trigger for r in lifecycle.rows if not r.calls_provider}
    if standing.forgotten:  # who it was for is erased: nothing can be said to the provider any more
        supported -= {r.trigger for r in lifecycle.rows if r.calls_provider}
    if not standing.open:
        return lifecycle.allowed(standing.state) & supported
    allowed = frozenset(supported)
    for doubt in standing.open:
        row = lifecycle.row(doubt.source, doubt.trigger)
        if row is None or row.reverses:
            return frozenset()  # a reversal in doubt is settled before anything else
        within = lifecycle.reversible(doubt.source, doubt.trigger)
        if effectless(adapter, doubt.trigger) or asks_again(adapter, doubt.trigger) is not None:
            decisions = {r.trigger for r in lifecycle.rows if not r.calls_provider and standing.state in r.sources}
            within |= decisions | {doubt.trigger}
        allowed &= within
    return allowed & lifecycle.allowed(standing.state)


def effectless(adapter: AnyAdapter, trigger: str) -> bool:
    """Nothing changes at the provider, so nothing is at stake when its reply is lost."""
    policy = adapter.policies.get(trigger)
    return policy is not None and policy.effectless


def asks_again(adapter: AnyAdapter, trigger: str) -> float | None:
    """Seconds a call of unknown ending may have effect, where the till may fire its trigger anew; else None."""
    policy = adapter.policies.get(trigger)
    return None if policy is None else policy.asks_again


@attrs.frozen(kw_only=True, slots=False)
class View:
    """One order's standing as its provider's adapter and this till's language see it."""

    adapter: AnyAdapter
    phrases: Phrases
    standing: Standing
    running: float = 0.0
    """Seconds for which somebody alive may still wait for a reply; 0.0 when nobody does."""
    defers: bool = False
    """Steps may wait on this till."""
    known: Facts | None = None
    """The facts, when the caller holds them already: saves reading them back."""

    @cached_property
    def allowed(self) -> frozenset[str]:
        """What may be fired now: at once, or to wait behind what is there already."""
        standing = self.standing
        at_once = legal(self.adapter, standing) - barred(standing).keys()
        if (not standing.queued and not (self.defers and standing.open)) or standing.forgotten:
            return at_once
        waiting = behind(self.adapter, standing, self.ahead) - barred(standing).keys()
        return waiting if standing.queued else waiting | at_once

    @cached_property
    def ahead(self) -> Expected[Any, Any] | None:
        """Where it stands once everything open and queued has landed; None when that cannot be told."""
        return outlook(self.adapter, self.standing, self.facts)

    @cached_property
    def facts(self) -> Any:
        if self.known is not None:
            return self.known
        return self.standing.facts(self.adapter.facts, self.adapter.opening())

    def order(self, *, replayed: bool = False) -> AnyOrder:
        """The order, as a value."""
        return attrs.evolve(self._order, replayed=True) if replayed else self._order

    @cached_property
    def _order(self) -> AnyOrder:
        return self.standing.kept((self.adapter, self.phrases, self.facts), (self.running, self.defers), self._built)

    def _built(self) -> AnyOrder:
        header = self.standing.header
        lifecycle = self.adapter.lifecycle
        state = lifecycle.states(self.standing.state)
        return Order(
            id=header.order_id,
            provider=header.provider,
            environment=header.environment,
            site=header.site,
            lifecycle=header.lifecycle,
            fingerprint=header.fingerprint,
            state=state,
            version=self.standing.version,
            facts=self.facts,
            ticket=header.ticket,
            queued=tuple(one.trigger for one in self.standing.queued),
            expected=self.ahead if self.standing.queued else None,
            doubt=self.doubt(),
            possible=self.possible(),
            taken=held(self.standing),
            watch=self.watch,
            allowed=self.allowed,
            final=state in lifecycle.final,
            cashier=self.cashier(),
        )

    @cached_property
    def watch(self) -> Watch | None:
        """The reversal from doubt that is still watched."""
        return watch(self.standing)

    def supposed(self, *, before: int | None = None) -> AnyOrder:
        """The order as it is if every open step took effect, or every one promised before that version.

        A reversal from doubt is built on it: it has to name what the doubted step told the provider (its tenders), or
        it is refused exactly when there is something to reverse. Raises StoreError when an intent cannot be read back.
        """
        order = self.order()
        for open_step in self.standing.open:
            if (
                open_step.trigger in PAYMENTS
                or effectless(self.adapter, open_step.trigger)
                or (before is not None and open_step.entry.version >= before)
            ):
                continue
            kind = next((kind for kind in self.adapter.commands if kind.trigger == open_step.trigger), None)
            if kind is None:
                raise StoreError(f"order {order.id}: a step nobody knows")
            order = attrs.evolve(order, facts=order.facts.learn(self.standing.input(open_step.entry, kind)))
        return order

    def possible(self) -> tuple[Possible, ...]:
        """Calls that were gone past without an answer, where the till may ask again."""
        found: list[Possible] = []
        for name, intent in self.standing.intents.items():
            life = asks_again(self.adapter, intent.trigger)
            ending = self.standing.endings.get(name)
            if life is None or ending is None:
                continue
            if ending.intent == name:
                found += self._sent_before(intent, ending, life)
                continue
            later = next((e for e in self.standing.record.entries if e.intent == name and e.code in _LATE), None)
            if later is not None and later.code != "late.accepted":
                continue  # it was told no, or never left
            why = "no answer was recorded" if later is None else "a late reply said that it took effect"
            until = intent.at + timedelta(seconds=life)
            found.append(Possible(trigger=intent.trigger, since=intent.at, until=until, why=why))
        return tuple(found)

    def _sent_before(self, intent: Entry, ending: Entry, life: float) -> list[Possible]:
        """Sends of an accepted call that were followed by another: each may have taken effect too."""
        if ending.kind is not EntryKind.ACCEPTED:
            return []
        mine = [e for e in self.standing.record.entries if e.intent == intent.intent and e.version < ending.version]
        sends: list[Entry] = []
        for entry in mine:
            if entry.kind is EntryKind.INTENT or (entry.kind is EntryKind.ATTEMPT and entry.code != PROBE):
                sends.append(entry)
            elif entry.kind is EntryKind.NOT_SENT and len(sends) > 1:
                sends.pop()  # that one never left
        why = "no answer was recorded, and it was sent again"
        return [
            Possible(trigger=intent.trigger, since=sent.at, until=sent.at + timedelta(seconds=life), why=why)
            for sent in sends[:-1]
        ]

    def doubt(self) -> Doubt | None:
        """The reversal recovery is at, else the newest open intent that needs a person, else the newest open one."""
        found = self._doubted()
        if found is None:
            return None
        return Doubt(
            intent=found.name,
            trigger=found.trigger,
            since=found.entry.at,
            why=found.why,
            running=self.running > 0,
            reversible=self._reversible(),
            needs_human=found.escalated is not None,
            check=None if found.escalated is None else _check_of(found),
            next_look=None if found.escalated is not None or self.running > 0 else due(found),
        )

    def _doubted(self) -> OpenIntent | None:
        opened = self.standing.open
        newest = opened[-1] if opened else None
        row = None if newest is None else self.adapter.lifecycle.row(newest.source, newest.trigger)
        if newest is not None and newest.escalated is None and row is not None and row.reverses:
            return newest  # while it may undo them, nobody has to look at the others
        return next((o for o in reversed(opened) if o.escalated is not None), opened[-1] if opened else None)

    def _reversible(self) -> bool:
        lifecycle = self.adapter.lifecycle
        return any(r.reverses and r.trigger in self.allowed for r in lifecycle.rows)

    def cashier(self) -> str:
        """One sentence: where this order stands."""
        found = self._doubted()
        if found is None and self.standing.queued:
            first = self.standing.queued[0]
            return self.phrases.say("queued" if first.escalated is None else "queued.human", trigger=first.trigger)
        if found is None and self.watch is not None:
            return self.phrases.say("reversal.watched")
        if found is None:
            lifecycle, state = self.standing.header.lifecycle, self.standing.state
            paid = unsettled(self.standing) is not None
            return self.phrases.say("charge.not_told" if paid else f"state.{lifecycle}.{state}")
        waits = self.running > 0 and found.escalated is None and found.trigger not in PAYMENTS
        code = "doubt.running" if waits else self._doubt_code(found)
        return self.phrases.say(code, trigger=found.trigger)

    def _doubt_code(self, found: OpenIntent | None) -> str:
        """Which sentence tells of a doubt. One that the customer can end needs no help desk."""
        if found is not None and found.trigger in PAYMENTS:
            return f"doubt.{found.trigger}" + ("" if found.escalated is None else ".human")
        if found is not None and found.escalated is not None:
            return "doubt.human" if asks_again(self.adapter, found.trigger) is None else "doubt.ask_again"
        return "doubt.reversible" if self._reversible() else "doubt"

    # errors about this order

    def error(
        self,
        kind: type[E],
        code: str,
        *,
        detail: str | None = None,
        cashier: str | None = None,
        trigger: str | None = None,
        refusals: tuple[Refusal, ...] = (),
        retry_after: float | None = None,
        next: Next | None = None,  # noqa: A002  the public name of the attribute
        replayed: bool = False,
        params: Mapping[str, str] | None = None,
    ) -> E:
        """An error of `kind` that names this order, its state and what is allowed now."""
        error = kind(
            self.phrases.say(code, cashier, **{"trigger": trigger or "", **(params or {})}),
            detail=detail,
            code=code,
            order_id=self.standing.header.order_id,
            trigger=trigger,
            state=self.standing.state,
            allowed=self.allowed,
            refusals=refusals,
            retry_after=retry_after,
            next=next,
            replayed=replayed,
        )
        error.recorded = self.standing.version > 0
        return error

    def refused(self, trigger: str, refusals: tuple[Refusal, ...]) -> NotAllowedError:
        """Every guard that said no; waiting helps only when the doubt is the reason."""
        said = tuple(attrs.evolve(r, message=self.phrases.say(r.code, r.message, **r.params)) for r in refusals)
        waiting = any(r.code in ("order.in_doubt", "charge.open") for r in said)
        return self.error(
            NotAllowedError,
            said[0].code,
            detail=f"{trigger}: " + "; ".join(r.message for r in said),
            cashier=said[0].message,
            trigger=trigger,
            refusals=said,
            params=said[0].params,
            next=Next.WAIT if waiting else Next.FIX,
        )

    def conflict(self, trigger: str, detail: str, code: str = "order.conflict") -> ConflictError:
        error = self.error(ConflictError, code, detail=detail, trigger=trigger)
        error.current_version = self.standing.version
        return error

    def busy(self, trigger: str) -> UnavailableError:
        error = self.error(
            UnavailableError,
            "order.busy",
            detail="another call on this order is still under way",
            trigger=trigger,
            retry_after=min(self.running, _LONGEST_BUSY),
        )
        error.reason = "busy"
        return error

    def lane_taken(self, trigger: str, other: str) -> UnavailableError:
        """Another order's call is under way, and two at a time could not be told apart afterwards."""
        error = self.error(
            UnavailableError,
            "order.lane_busy",
            detail=f"the same is under way, or in doubt, as order {other}: settle that first",
            trigger=trigger,
            retry_after=_LANE_PAUSE,
        )
        error.reason = "busy"
        return error

    def in_doubt(self, trigger: str, why: str) -> InDoubtError:
        """Nobody knows; NeedsHumanError once recovery has given up."""
        found = self._doubted()
        human = found is not None and found.escalated is not None
        cashier = self.phrases.say(self._doubt_code(found), trigger=trigger)
        if human and found is not None:
            given_up = self.error(NeedsHumanError, "order.needs_human", detail=why, cashier=cashier, trigger=trigger)
            given_up.check = _check_of(found)
            given_up.reversible, given_up.taken = self._reversible(), held(self.standing)
            return given_up
        error = self.error(
            InDoubtError,
            "order.in_doubt",
            detail=why,
            cashier=cashier,
            trigger=trigger,
            retry_after=self.running or None,
        )
        error.reversible, error.taken = self._reversible(), held(self.standing)
        return error

    def declined(self, trigger: str, said: Declined, http: int, *, replayed: bool = False) -> DeclinedError:
        """See `stampcard.step.trouble`."""
        error = declined(self.error, trigger, said, http, replayed=replayed)
        error.taken = held(self.standing)
        return error

    def kept_back(self, trigger: str, why: Closed) -> UnavailableError:
        """See `stampcard.step.trouble`."""
        return kept_back(self.error, trigger, why)

    def not_sent(self, trigger: str, said: NotSent, http: int) -> StampcardError:
        """See `stampcard.step.trouble`."""
        return not_sent(self.error, trigger, said, http)


def _check_of(intent: OpenIntent) -> str:
    return given_up(intent)[1]


def given_up(intent: OpenIntent) -> tuple[str, str]:
    """(why recovery gave up, what to look at); empty while it has not."""
    if intent.escalated is None:
        return "", ""
    said = unpack(intent.escalated.body)
    return str(said.get("reason") or intent.escalated.why or ""), str(said.get("check") or "")
