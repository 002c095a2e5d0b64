"""The provider's certification list: its cases in its order and its words, and what shows each.

May live here: the list. May not: how a case is shown.
"""

from __future__ import annotations

from typing import Final

from stampcard_adapters.certify.page import Case
from stampcard_adapters.certify.spendgo import limits, members, orders, redeeming
from stampcard_adapters.certify.spendgo.run import Run

__all__ = ["CASES"]

CASES: Final[tuple[Case[Run], ...]] = (
    Case(1, "member look-up by phone", "200, with id and account status", members.look_up),
    Case(2, "a newly created member (201) looked up again", "200", members.new_member),
    Case(
        3,
        "rewards at a store",
        "200; right quantity (>= 1), names, offer type, POS reference codes, Shop With Points value in dollars",
        members.rewards,
    ),
    Case(4, "balance", '200; right quantity of points, units "points", right program label', members.balance),
    Case(
        5,
        "order, no reward: checkout, placed, billed (after placed succeeded), completed",
        "200 each; checkout applies no reward",
        orders.order_without_reward,
    ),
    Case(6, "after 5, where points should accrue", "the balance went up", orders.points_accrue),
    Case(
        7,
        "order with a valid reward (money off, percent off): checkout",
        "the right discount for that basket",
        redeeming.reward_priced,
    ),
    Case(8, "7 continued: placed, billed", "200; the discount works end to end at the till", redeeming.reward_used),
    Case(9, "after 8", "the reward is gone from the member's account", redeeming.reward_gone),
    Case(
        10,
        "order with an invalid reward (too few items; no qualifying item): checkout",
        "an error message",
        limits.invalid_priced,
    ),
    Case(11, "10 continued: placed", "4xx or 5xx with the documented error body", limits.invalid_placed),
    Case(
        12,
        "Shop With Points, full and partial balance: checkout",
        "200, right discount; after redemption the balance went down",
        limits.shop_with_points,
    ),
    Case(13, "Shop With Points above the balance: checkout", "an error message", limits.shop_above),
    Case(
        14,
        "voided before completion (after checkout, placed, billed)",
        "200; accrued points reversed",
        orders.voided,
    ),
    Case(15, "refunded after completion", "200; accrued points reversed", orders.refunded),
    Case(16, "with a reward, voided before it closes", "the reward is back", redeeming.voided_with_reward),
    Case(
        17,
        "with a reward, refunded after closing",
        "the reward is back and accrued points are reversed",
        redeeming.refunded_with_reward,
    ),
)
