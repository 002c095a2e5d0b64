"""Which orders the journal is told to watch: those the provider may move without us.

May live here: whether an order is to be watched, decided when an entry moves it. May not: a look, an effect.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.commands import Bill, Observe, Void
from stampcard.journal.contract import Append
from stampcard.model import AnyOrder, Facts

__all__ = ["OBSERVED", "PAYMENT", "followed", "rests", "told_of"]

OBSERVED: Final = "observe"
"""Why an order is watched: its provider is asked where it stands, on its schedule."""


PAYMENT: Final = "payment"
"""Why an order is watched: money was or may be taken for it, and the provider has not heard of it."""


def told_of(append: Append) -> Append:
    """The append that moves an order, with its payment no longer watched once the provider has heard of it."""
    if append.entries[0].trigger not in (Bill.trigger, Void.trigger) or len(append.entries) > 1:
        return append
    return attrs.evolve(append, unwatch=(*append.unwatch, PAYMENT))


def followed(append: Append, adapter: AnyAdapter, order: AnyOrder, facts: Facts | None, now: datetime) -> Append:
    """The append that moves an order, with whether it is to be watched from there on. order: as it was before."""
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
        return attrs.evolve(append, unwatch=(OBSERVED,))
    return attrs.evolve(append, watch=(OBSERVED,))


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
