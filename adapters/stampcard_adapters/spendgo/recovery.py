"""What may be done about a step whose ending nobody knows. The provider has no order look-up.

May live here: the rules of each stage. May not: a call, a count of attempts, a wait (the engine's).

A no to a resend is never believed alone: the first send may have landed, and the no may mean "already". What is
concluded instead of answered is `Accepted(inferred=True)`, and never from a state that was itself inferred.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from stampcard.adapter import Accepted, Escalate, Evidence, Probe, Recovery, Resend, Unknown
from stampcard.commands import Bill, Checkout, PurchaseCommand
from stampcard.errors import ConfigurationError, NotAllowedError
from stampcard.lifecycles import PurchaseState
from stampcard.model import Member, Reward
from stampcard.wire import Response
from stampcard_adapters.spendgo.queries import rewards_query
from stampcard_adapters.spendgo.requests import sent_discount
from stampcard_adapters.spendgo.settings import PointsLeave, Repeated, Switches
from stampcard_adapters.spendgo.values import STATUS, SpendgoFacts, SpendgoOrder

__all__ = ["recovery"]

Seen: TypeAlias = Accepted[PurchaseState, SpendgoFacts] | Unknown | Escalate


def recovery(
    order: SpendgoOrder,
    command: PurchaseCommand,
    evidence: Evidence,
    *,
    switches: Switches,
    store_code: Callable[[str], str],
    currency: str,
) -> Recovery[PurchaseState, SpendgoFacts]:
    """The next move for an open intent."""
    if isinstance(command, Checkout):
        return Resend()  # evaluated anew each time, and nothing was at stake
    if isinstance(command, Bill):
        return _billed(order, command, evidence, switches, store_code, currency)
    answer = evidence.answer
    if answer is not None:
        refused = switches.repeat is Repeated.REFUSED and answer.code == "order.out_of_sequence"
        if refused and not evidence.inferred_before:
            # only our own first send can have moved it past the stage before, which the provider had confirmed
            return Accepted(facts=order.facts, inferred=True)
        return _look(order, command, f"a repeat was answered no ({answer.code})")
    if switches.repeat is Repeated.UNSAFE and command.trigger in ("complete", "refund"):
        return _look(order, command, "a repeat could award or take points twice")
    if switches.repeat is Repeated.UNSAFE and command.trigger == "place" and _takes_points(order, switches):
        return _look(order, command, "a repeat could take the points twice")
    if switches.repeat is Repeated.UNSAFE and command.trigger == "void" and order.facts.reward is not None:
        return _look(order, command, "a repeat could give the reward back twice")
    return Resend()


def _takes_points(order: SpendgoOrder, switches: Switches) -> bool:
    """Points leave when the order is placed, where that is how the provider has it."""
    reward = order.facts.reward
    return switches.points_leave_at is PointsLeave.PLACED and reward is not None and reward.spends_points


def _look(order: SpendgoOrder, command: PurchaseCommand, reason: str) -> Escalate:
    stage = STATUS[command.trigger]
    return Escalate(reason=f"{stage}: {reason}", check=f"Is order {order.id} {stage} at Spendgo?")


def _billed(
    order: SpendgoOrder,
    command: Bill,
    evidence: Evidence,
    switches: Switches,
    store_code: Callable[[str], str],
    currency: str,
) -> Recovery[PurchaseState, SpendgoFacts]:
    """Resend, where that cannot use the reward twice. Else compare the member's reward with what was listed."""
    answer = evidence.answer
    if answer is None and switches.repeat is not Repeated.UNSAFE:
        return Resend()
    told = "a repeat could use the reward twice" if answer is None else f"a repeat was answered no ({answer.code})"
    # Any other no is told only of a bill that never took effect (one that did is replayed, or out of sequence): there
    # the reward is lower because another order used it, and the same amount proves nothing. Nor does it after no answer
    # at all, unless it is known that no other order used it.
    already = switches.repeat is Repeated.REFUSED and answer is not None and answer.code == "order.out_of_sequence"
    comparable = already or (answer is None and evidence.sole_claimant)
    member, reward = order.facts.buyer, order.facts.reward
    if not comparable or evidence.inferred_before or not isinstance(member, Member) or reward is None:
        return _look(order, command, told)
    if reward.spends_points and (switches.points_leave_at is not PointsLeave.BILLED or reward.value is None):
        return _look(order, command, f"{told}; the points do not show what became of it")
    try:
        query = rewards_query(member, store_code(order.site.store), currency=_currency_of(reward, currency))
    except (ConfigurationError, NotAllowedError):  # the store has left the settings, or the member is not ours
        return _look(order, command, told)

    def read(response: Response) -> Seen:
        listed = query.read(response)
        if not isinstance(listed, tuple):
            return Unknown(why="the member's rewards could not be read")
        # no case of the id is folded: another id is another reward
        now = next((r for r in listed if r.id == reward.id), None)
        if _used_by_us(order, command, reward, now, switches):
            return Accepted(facts=order.facts, inferred=True)
        unchanged = now is not None and (now.quantity, now.value) == (reward.quantity, reward.value)
        if unchanged and evidence.age < switches.late_window:
            return Unknown(why="the reward is still there, but the call may still land")
        return _look(order, command, f"{told}; the member's reward is not exactly our use lower")

    return Probe(request=query.request, read=read)


def _currency_of(reward: Reward, otherwise: str) -> str:
    """The currency values are compared in."""
    return otherwise if reward.value is None else reward.value.currency


def _used_by_us(order: SpendgoOrder, command: Bill, was: Reward, now: Reward | None, switches: Switches) -> bool:
    """Is the reward lower by exactly what this order takes? The engine cannot see other claimants: so no less exact.

    A reward of which one was listed leaves the list when it is used, but offers also leave it by rule (section 4).
    """
    if was.spends_points:
        used = sent_discount(order.facts, command)
        if used is None or was.value is None or not used:
            return False
        if now is None:
            return switches.gone_is_used and was.value == used
        return now.value is not None and now.value.currency == used.currency and was.value - now.value == used
    if now is None:
        return switches.gone_is_used and was.quantity == 1
    return now.quantity == was.quantity - 1
