"""Where an order stands once everything open and everything that waits has landed: what later steps are measured by.

May live here: the projection, and which steps may wait. May not: an effect; a word about what the provider said.
"""

from __future__ import annotations

from typing import Any

from stampcard.adapter import AnyAdapter
from stampcard.commands import Checkout, Command
from stampcard.facts import PurchaseFacts
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import OpenIntent, Standing
from stampcard.model import PAYMENTS, Entry, Expected, Facts

__all__ = ["behind", "may_wait", "outlook", "steps_open", "takes_reward"]


def outlook(adapter: AnyAdapter, standing: Standing, facts: Facts) -> Expected[Any, Any] | None:
    """None when it cannot be told. Raises StoreError when a step cannot be read back.

    A step without effect that is open is taken for nothing, unless it had waited: then it is made again.
    """
    state = standing.state
    waiting: list[Entry] = []
    for one in steps_open(standing):
        policy = adapter.policies.get(one.trigger)
        if policy is None or not policy.effectless or one.name in standing.drained:
            waiting.append(one.entry)
    for entry in (*waiting, *(one.entry for one in standing.queued)):
        row = adapter.lifecycle.row(state, entry.trigger)
        if row is None or len(row.destinations) != 1:
            return None
        kind = next((kind for kind in adapter.commands if kind.trigger == entry.trigger), None)
        if kind is None:
            raise StoreError(f"order {standing.header.order_id}: a step nobody knows")
        state, facts = str(row.destinations[0]), facts.learn(standing.input(entry, kind))
    return Expected(state=adapter.lifecycle.states(state), facts=facts)


def steps_open(standing: Standing) -> tuple[OpenIntent, ...]:
    """What is open at the provider: an attempt to take the customer's money is a matter of its own."""
    return tuple(one for one in standing.open if one.trigger not in PAYMENTS)


def takes_reward(facts: Facts, command: Command | None = None) -> bool:
    """The order redeems something, or is about to: that is never done without the provider."""
    if isinstance(command, Checkout):
        return bool(command.rewards)
    return isinstance(facts, PurchaseFacts) and facts.reward is not None


def may_wait(adapter: AnyAdapter, facts: Facts, trigger: str, command: Command | None = None) -> bool:
    """Whether this step may be sent later. facts: those expected before it."""
    policy = adapter.policies.get(trigger)
    if policy is None:
        return False
    return policy.deferrable or (policy.deferrable_without_reward and not takes_reward(facts, command))


def behind(adapter: AnyAdapter, standing: Standing, ahead: Expected[Any, Any] | None) -> frozenset[str]:
    """The triggers that may be fired to wait behind what is there already.

    A decision of the till alone stands behind nothing but steps without effect: they are never sent then.
    """
    if ahead is None:
        return frozenset()
    policies = [adapter.policies.get(one.trigger) for one in standing.queued]
    alone = not steps_open(standing) and all(one is not None and one.effectless for one in policies)
    found: set[str] = set()
    for row in adapter.lifecycle.rows:
        if ahead.state not in row.sources:
            continue
        if may_wait(adapter, ahead.facts, row.trigger) or (
            alone and not row.calls_provider and standing.state in row.sources
        ):
            found.add(row.trigger)
    return frozenset(found)
