"""A person's word on a step only a person can settle: who decided what, and why, and where the order goes from there.

The entry is RESOLVED. Accepted, it moves the order where the lifecycle leads and teaches what the command and the
person said; declined, it leaves the order where it was, or takes back what an earlier, contradicted yes had moved. A
late reply that says otherwise escalates again (`conclude`).

May live here: the decision taken down. May not: a call to a provider; the person has looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.errors import ConflictError, NotAllowedError
from stampcard.journal.codec import encode, pack, told
from stampcard.journal.contract import Append, ClaimTakenError, Draft, Record, StoreError, VersionConflictError
from stampcard.journal.fold import OpenIntent, Standing, fold, landed, waits
from stampcard.machine import move
from stampcard.model import CHARGE, PAYMENTS, AnyOrder, Entry, EntryKind, Facts, Refusal
from stampcard.recovery import LeftAlone, Verdict
from stampcard.step.charge import decided_taken
from stampcard.step.conclude import extended
from stampcard.step.effects import Keep, Now, Step, Write, perform
from stampcard.step.ink import OVER, reversed_by
from stampcard.step.look import unknown, unwritable
from stampcard.step.personal import apart, personal_of, source_of
from stampcard.step.rounds import Adapters, turn_to
from stampcard.step.verb import Seat
from stampcard.step.view import View
from stampcard.step.watch import PAYMENT, followed, to_watch

__all__ = ["Decision", "resolve"]

_TEACHES: Final = (EntryKind.ACCEPTED, EntryKind.OBSERVED, EntryKind.RESOLVED)


@attrs.frozen(kw_only=True)
class Decision:
    """What a person says: see `Till.resolve`."""

    verdict: Verdict
    because: str
    by: str
    facts: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    to: str | None = None
    trigger: str | None = None
    before_recovery: bool = False


@attrs.frozen(kw_only=True)
class _Ruling:
    """A decision worked out: where it leads, what it teaches (None: nothing), what it closes."""

    intent: OpenIntent
    state: str
    facts: Facts | None
    closes: tuple[str, ...]
    body: bytes = b"{}"
    """What it says of the customer's money."""
    reopens: tuple[Entry, ...] = ()
    """Intents in doubt again: the reversal that had closed them is taken back."""


def resolve(seat: Seat[Any], adapters: Adapters, order_id: str, said: Decision) -> Step[AnyOrder]:
    """Take the decision down; again, as long as other lanes write in between. Raises as `Till.resolve` says."""
    while True:
        adapter, view = yield from _found(seat, adapters, order_id)
        if not (said.because.strip() and said.by.strip()):
            raise _no(view, said, Refusal(code="resolve.because", message=view.phrases.say("resolve.because")))
        intent = _meant(view, said)
        if intent is None:
            return view.order(replayed=True)
        if view.running > 0:
            raise view.busy(intent.trigger)
        try:
            ruling = _to_send(view, intent, said) or _ruled(adapter, view, intent, said)
            record = yield from _write(adapter, view, ruling, said)
        except VersionConflictError:
            continue
        except StoreError as broken:
            raise unwritable(seat, order_id, broken) from None
        yield from perform(Keep(record))
        return View(adapter=adapter, phrases=view.phrases, standing=fold(record)).order()


def _found(seat: Seat[Any], adapters: Adapters, order_id: str) -> Step[tuple[AnyAdapter, View]]:
    found = yield from turn_to(seat, adapters, order_id)
    if found is None:
        raise unknown(seat, order_id)
    if isinstance(found, LeftAlone):
        message = seat.phrases.say("order.other_provider")
        refusal = Refusal(code="order.left_alone", message=message)
        raise NotAllowedError(message, detail=found.why, code=refusal.code, order_id=order_id, refusals=(refusal,))
    return found


def _meant(view: View, said: Decision) -> OpenIntent | None:
    """The step that is decided; None when it was decided like this already. Raises NotAllowedError, ConflictError."""
    opened = [o for o in (*view.standing.open, *waits(view.standing)) if said.trigger in (None, o.trigger)]
    waiting = [o for o in opened if o.escalated is not None or said.before_recovery]
    if len(waiting) > 1:
        message = view.phrases.say("resolve.several")
        params = {"triggers": ", ".join(o.trigger for o in waiting)}
        raise _no(view, said, Refusal(code="resolve.several", message=message, field="trigger", params=params))
    if waiting:
        return waiting[0]
    before = None if opened else _decided(view.standing, said.trigger)
    if before is None:
        raise _no(view, said, Refusal(code="resolve.not_escalated", message=view.phrases.say("resolve.not_escalated")))
    same = before.code == said.verdict and said.to in (None, before.state)
    if same and before.trigger in PAYMENTS:
        return None
    if same and told(view.facts, said.facts) == (view.facts, {}):
        return None
    raise _otherwise(view, before)


def _to_send(view: View, intent: OpenIntent, said: Decision) -> _Ruling | None:
    """A step that waits may be sent although it is past its bounds: nothing is concluded by that."""
    if said.verdict is not Verdict.SEND:
        return None
    if all(one.name != intent.name for one in view.standing.queued):
        raise _no(view, said, Refusal(code="resolve.send", message=view.phrases.say("resolve.send")))
    return _Ruling(intent=intent, state=view.standing.state, facts=None, closes=())


def _decided(standing: Standing, trigger: str | None) -> Entry | None:
    """The last decision of a person about this order, or that step of it."""
    entries = reversed(standing.record.entries)
    return next((e for e in entries if e.kind is EntryKind.RESOLVED and trigger in (None, e.trigger)), None)


def _otherwise(view: View, before: Entry) -> ConflictError:
    detail = f"'{before.trigger}' was decided already: {before.code}, by {before.by} ({before.why})"
    return view.conflict(before.trigger, detail, "resolve.conflict")


def _no(view: View, said: Decision, *refusals: Refusal) -> NotAllowedError:
    doubted = view.standing.open[-1].trigger if view.standing.open else "resolve"
    return view.refused(said.trigger or doubted, refusals)


def _ruled(adapter: AnyAdapter, view: View, intent: OpenIntent, said: Decision) -> _Ruling:
    accepted = said.verdict is Verdict.ACCEPTED
    if intent.trigger in PAYMENTS:
        return _of_money(view, intent, said)
    if not accepted and (said.to is not None or said.facts):
        field = "to" if said.to is not None else "facts"
        message = "A step that was not done leads nowhere, and teaches nothing."
        raise _no(view, said, Refusal(code="resolve.declined_leads_nowhere", message=message, field=field))
    return _accepted(adapter, view, intent, said) if accepted else _declined(adapter, view, intent, said)


def _of_money(view: View, intent: OpenIntent, said: Decision) -> _Ruling:
    """The customer's money was taken, or given back; or not. It moves no state and teaches no fact of the order."""
    taken = intent.trigger == CHARGE and said.verdict is Verdict.ACCEPTED
    known = ("reference",) if taken else ()
    problems = [
        Refusal(code="resolve.fact", message=f"{name}: no such fact of a payment", field=f"facts.{name}")
        for name in said.facts
        if name not in known
    ]
    if said.to is not None:
        problems.append(Refusal(code="resolve.to", message=view.phrases.say("resolve.to"), field="to"))
    if problems:
        raise _no(view, said, *problems)
    body = pack(decided_taken(view, intent.entry, said.facts.get("reference"))) if taken else b"{}"
    return _Ruling(intent=intent, state=view.standing.state, facts=None, closes=(intent.name,), body=body)


def _accepted(adapter: AnyAdapter, view: View, intent: OpenIntent, said: Decision) -> _Ruling:
    standing, lifecycle = view.standing, adapter.lifecycle
    row = lifecycle.row(standing.state, intent.trigger)
    if _landed_before(standing, intent.name) is not None:
        row = None  # a late no had shaken it; it is where it led
    ends = [standing.state] if row is None else [str(end) for end in row.destinations]
    to = said.to if said.to is not None else ends[0] if len(ends) == 1 else None
    facts, wrong = told(view.facts if row is None else _learned(adapter, view, intent), said.facts)
    problems = [
        Refusal(code="resolve.fact", message=f"{name}: {why}", field=f"facts.{name}") for name, why in wrong.items()
    ]
    if to not in ends:
        message = view.phrases.say("resolve.to")
        where = {"destinations": ", ".join(ends)}
        problems.append(Refusal(code="resolve.to", message=f"{message} ({where['destinations']})", params=where))
    if problems:
        raise _no(view, said, *problems)
    state = standing.state if row is None else str(move(lifecycle, standing.state, intent.trigger, to))
    began = lifecycle.row(intent.source, intent.trigger)
    reverses = began is not None and began.reverses
    # Only a reversal that took effect settles what it reversed (design: reversal from doubt).
    undone = reversed_by(standing) if reverses else ()
    closes = (*(name for name in undone if name != intent.name), intent.name)
    return _Ruling(intent=intent, state=state, facts=facts, closes=closes)


def _learned(adapter: AnyAdapter, view: View, intent: OpenIntent) -> Facts:
    kind = next((kind for kind in adapter.commands if kind.trigger == intent.trigger), None)
    if kind is None:
        raise StoreError(f"order {view.standing.header.order_id}: a step nobody knows")
    facts: Facts = view.facts
    return facts.learn(view.standing.input(intent.entry, kind))


def _declined(adapter: AnyAdapter, view: View, intent: OpenIntent, said: Decision) -> _Ruling:
    standing = view.standing
    yes = _landed_before(standing, intent.name)
    if yes is None:
        return _Ruling(intent=intent, state=standing.state, facts=None, closes=(intent.name,))
    since = standing.record.entries[yes.version :]
    if any(e.state != yes.state or e.kind in _TEACHES for e in since):
        raise _no(view, said, Refusal(code="resolve.gone_on", message=view.phrases.say("resolve.gone_on")))
    before = fold(attrs.evolve(standing.record, entries=standing.record.entries[: yes.version - 1]))
    facts: Facts = before.facts(adapter.facts, adapter.opening())
    reopens = tuple(standing.intents[name] for name in yes.closes if name != intent.name)
    return _Ruling(intent=intent, state=before.state, facts=facts, closes=(intent.name,), reopens=reopens)


def _landed_before(standing: Standing, name: str) -> Entry | None:
    """The yes that was believed of this intent before a late reply contradicted it, unless a person took it back."""
    said = [e for e in standing.record.entries if e.intent == name and name in e.closes]
    return said[-1] if said and landed(said[-1]) else None


def _write(adapter: AnyAdapter, view: View, ruling: _Ruling, said: Decision) -> Step[Record]:
    now = yield from perform(Now())
    standing, order = view.standing, view.order()
    draft = Draft(
        kind=EntryKind.RESOLVED,
        trigger=ruling.intent.trigger,
        state=ruling.state,
        at=now,
        by=said.by,
        why=said.because,
        code=said.verdict.value,
        intent=ruling.intent.name,
        closes=ruling.closes,
        body=ruling.body,
    )
    claim = None
    if ruling.facts is not None:
        tree, personal = encode(ruling.facts)
        source = source_of(standing, ruling.intent.name)
        draft = attrs.evolve(
            draft,
            body=pack({"facts": tree, **apart(personal), **_watch(adapter, standing, ruling)}),
            personal=personal_of(order, ruling.facts.subject(), personal, follows=source),
        )
        claim = ruling.facts.claim() if said.verdict is Verdict.ACCEPTED else None
    drafts = (draft, *(_in_doubt_again(draft, one) for one in ruling.reopens))
    append = Append(
        order_id=order.id,
        expected_version=standing.version,
        entries=drafts,
        claims=() if claim is None else (claim,),
        watch=(PAYMENT,) if ruling.intent.trigger in PAYMENTS else (),
    )
    try:
        entries = yield from perform(Write(followed(append, adapter, order, ruling.facts, now)))
    except ClaimTakenError as taken:
        detail = f"the provider's order is already ours as {taken.order_id}"
        raise view.conflict(ruling.intent.trigger, detail, "resolve.conflict") from None
    return extended(standing.record, entries, drafts)


def _watch(adapter: AnyAdapter, standing: Standing, ruling: _Ruling) -> dict[str, Any]:
    return to_watch(adapter, standing, ruling.intent.name) if len(ruling.closes) > 1 else {}


def _in_doubt_again(ruled: Draft, intent: Entry) -> Draft:
    """Nobody knows again what became of a step whose reversal was not done after all; the same person can tell."""
    reason = f"'{ruled.trigger}', which had settled '{intent.trigger}', was not done after all"
    check = "whether it took effect at the provider"
    return Draft(
        kind=EntryKind.ESCALATED,
        trigger=intent.trigger,
        state=ruled.state,
        at=ruled.at,
        by=ruled.by,
        why=f"{reason}. Look at: {check}",
        code="recovery.gave_up",
        intent=intent.intent,
        ownership=OVER,
        body=pack({"reason": reason, "check": check}),
    )
