"""Which orders the journal is told to watch: those the provider may move without us.

Two reasons: its provider moves it by itself, or a reversal closed a step whose ending nobody knew. May live here:
whether an order is to be watched, decided when an entry moves it. May not: a look, an effect.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.commands import Bill, Observe, Void
from stampcard.journal.contract import Append
from stampcard.journal.fold import Standing
from stampcard.journal.reversals import LATE_YES, REVERSED, is_from_doubt, watch_note
from stampcard.model import CHARGE, AnyOrder, EntryKind, Facts
from stampcard.step.ageing import ahead_of

__all__ = ["OBSERVED", "PAYMENT", "followed", "rests", "to_watch", "told_of", "weighed"]

OBSERVED: Final = "observe"
"""Why an order is watched: its provider is asked where it stands, on its schedule."""


PAYMENT: Final = "payment"
"""Why an order is watched: money was or may be taken for it, and the provider has not heard of it."""


def told_of(append: Append, standing: Standing) -> Append:
    """The append that moves an order, with its payment no longer watched once the provider has heard of it.

    Of an order with several attempts another one's money may still have to go back: recovery ends that watch.
    """
    if append.entries[0].trigger not in (Bill.trigger, Void.trigger) or len(append.entries) > 1:
        return append
    if sum(entry.trigger == CHARGE for entry in standing.intents.values()) > 1:
        return append
    return attrs.evolve(append, unwatch=(*append.unwatch, PAYMENT))


def followed(append: Append, adapter: AnyAdapter, order: AnyOrder, facts: Facts | None, now: datetime) -> Append:
    """The append that moves an order, with whether it is to be watched from there on. order: as it was before."""
    if any(is_from_doubt(entry) for entry in append.entries):
        append = attrs.evolve(append, watch=(*append.watch, REVERSED))
    lifecycle, state = adapter.lifecycle, append.entries[-1].state
    if not any(row.trigger == Observe.trigger for row in lifecycle.rows):
        return append
    there = attrs.evolve(
        order,
        state=lifecycle.states(state),
        facts=order.facts if facts is None else facts,
        final=state in lifecycle.final,
        doubt=None,
    )
    if rests(adapter, there, now):
        return attrs.evolve(append, unwatch=(*append.unwatch, OBSERVED))
    return attrs.evolve(append, watch=(*append.watch, OBSERVED))


def to_watch(adapter: AnyAdapter, standing: Standing, name: str) -> dict[str, Any]:
    """What the acceptance of the reversal `name` notes of the steps it closes unanswered; {} when there are none.

    A step that changes nothing at the provider leaves nothing to watch for.
    """
    steps = [
        (one, policy)
        for one in standing.open
        if one.name != name and (policy := adapter.policies.get(one.trigger)) is not None and not policy.effectless
    ]
    if not steps:
        return {}
    until, last = max(
        ((one.last_at + timedelta(seconds=policy.late_window), one.last) for one, policy in steps),
        key=lambda found: found[0],
    )
    return watch_note(until, tuple(one.name for one, _ in steps), ahead_of(last))


def weighed(append: Append, standing: Standing) -> Append:
    """The append of a late reply: one that says that a reversed step took effect has the order looked at once more."""
    late = append.entries[0]
    ending = standing.endings.get(late.intent or "")
    if late.kind is not EntryKind.EVIDENCE or late.code != LATE_YES or ending is None or not is_from_doubt(ending):
        return append
    return attrs.evolve(append, watch=(*append.watch, REVERSED))


def rests(adapter: AnyAdapter, order: AnyOrder, now: datetime, looks: int = 0) -> bool:
    """Whether no look at the provider can lead on."""
    if order.final or adapter.lifecycle.row(str(order.state), Observe.trigger) is None:
        return True
    if Observe.trigger not in adapter.policies:
        return True
    try:
        return adapter.look_after(order, now, looks) is None
    except Exception:  # noqa: BLE001  an adapter's mistake must not lose a reply: watched, and looked at later
        return False
