"""Is the reward back, after an order was voided while nobody knew whether it had been taken? (sheet, sections 4 and 6)

No call shows an order, so the member's rewards are listed: the reward must be there as often, or be worth as much, as
when this order was priced, less what other orders of the member in the same journal took since, plus what they gave
back. What the member did elsewhere cannot be told apart: fewer than that is for a person, never taken for harmless.

May live here: what a stage takes, and the comparison. May not: a call, a wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from stampcard.adapter import Declined, Escalate, LookBack, Neighbour, NotSent, Restored, Unknown
from stampcard.commands import PurchaseCommand
from stampcard.errors import ConfigurationError, NotAllowedError
from stampcard.model import AnyOrder, Member, Money, Reward
from stampcard.wire import Response
from stampcard_adapters.spendgo.queries import rewards_query
from stampcard_adapters.spendgo.settings import AfterVoid, PointsLeave, Switches
from stampcard_adapters.spendgo.values import SpendgoFacts, SpendgoOrder

__all__ = ["looked_back"]

_HOLDS: Final = {
    "place": ("placed", "billed", "completed"),
    "bill": ("billed", "completed"),
    "complete": ("completed",),
}
"""Stage at which a reward leaves its member -> the states in which an order holds it."""
_LEAVES: Final = {PointsLeave.PLACED: "place", PointsLeave.BILLED: "bill", PointsLeave.COMPLETED: "complete"}


def looked_back(
    order: SpendgoOrder,
    command: PurchaseCommand,
    *,
    switches: Switches,
    store_code: Callable[[str], str],
    currency: str,
) -> LookBack | Restored | None:
    """How to see that `command` took nothing after all; None where it takes nothing, or nothing would show it."""
    if switches.after_void is AfterVoid.REFUSED:
        return Restored(why="what comes after a void is refused there")
    member, reward = order.facts.buyer, order.facts.reward
    if not isinstance(member, Member) or reward is None:
        return None
    leaves = _LEAVES[switches.points_leave_at] if reward.spends_points else "bill"
    if command.trigger != leaves or (reward.spends_points and reward.value is None):
        return None
    try:
        listed_in = currency if reward.value is None else reward.value.currency
        query = rewards_query(member, store_code(order.site.store), currency=listed_in)
    except (ConfigurationError, NotAllowedError):  # the store has left the settings, or the member is not ours
        return None
    check = f"whether the customer has '{reward.label}' ({reward.id}) back: order {order.id} was voided"

    def read(response: Response, others: Sequence[Neighbour]) -> Restored | Escalate | NotSent | Unknown:
        listed = query.read(response)
        if isinstance(listed, NotSent | Unknown):
            return listed
        if isinstance(listed, Declined):
            return Escalate(reason=f"the member's rewards are not shown ({listed.code})", check=check)
        unclear = next((one.now.id for one in others if one.now.doubt is not None and _of(one.now, reward)), None)
        if unclear is not None:
            return Unknown(why=f"order {unclear} wants the same reward, and is in doubt itself")
        due = _worth(reward, reward) - sum(_used(one, reward, _HOLDS[leaves]) for one in others)
        there = _worth(next((one for one in listed if one.id == reward.id), None), reward)
        if there >= due:
            return Restored(why=f"the reward is there as recorded ({there} of it, {due} due)")
        return Escalate(reason=f"less of the reward is there than recorded ({there} of it, {due} due)", check=check)

    return LookBack(request=query.request, read=read, recorded_by="checkout", call_budget=query.call_budget)


def _worth(now: Reward | None, recorded: Reward) -> int:
    """How often it can be used; of one that spends points, its value in the smallest coin."""
    if now is None or recorded.value is None:
        return 0 if now is None else now.quantity
    if not recorded.spends_points:
        return now.quantity
    return 0 if now.value is None or now.value.currency != recorded.value.currency else now.value.units


def _used(one: Neighbour, reward: Reward, holds: Sequence[str]) -> int:
    """What the other order took of the reward since it was recorded; below zero when it gave some back."""
    before = 0
    if one.before is not None and _of(one.before, reward):
        # In doubt then, it may have been taken already when it was recorded: that is no excuse for less of it now.
        taken = one.before.doubt is not None or str(one.before.state) in holds
        before = _takes(one.before, reward) if taken else 0
    now = _takes(one.now, reward) if _of(one.now, reward) and str(one.now.state) in holds else 0
    return now - before


def _of(order: AnyOrder, reward: Reward) -> bool:
    facts: object = order.facts
    return isinstance(facts, SpendgoFacts) and facts.reward is not None and facts.reward.id == reward.id


def _takes(order: AnyOrder, reward: Reward) -> int:
    if not reward.spends_points:
        return 1
    off = order.facts.discount if order.facts.reward_discount is None else order.facts.reward_discount
    return off.units if isinstance(off, Money) else 0
