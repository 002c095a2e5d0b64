"""What a cashier reads when a guard refuses, by stable code: short, no jargon, and it says what to do.

May live here: templates, filled from a refusal's params. May not: a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stampcard.model import Refusal

__all__ = ["NOT_FROM_HERE", "OTHER_COMMAND", "SENTENCES", "refusal"]

NOT_FROM_HERE: Final = "lifecycle.not_from_here"
OTHER_COMMAND: Final = "command.not_of_this_step"

SENTENCES: Final[Mapping[str, str]] = {
    NOT_FROM_HERE: "'{trigger}' is not possible now: the order is '{state}'.",
    OTHER_COMMAND: "'{trigger}' was asked for in a way this register does not know. Call the help desk.",
    # what is sold
    "basket.empty": "Add an item first.",
    "basket.changed": "The items changed since the check, from {expected} to {given}: check the basket again.",
    "line.label_blank": "An item has no name: enter it again.",
    "line.price_missing": "'{label}' has no price: enter it again.",
    "line.quantity_not_positive": "'{label}' needs a quantity of at least 1.",
    "items.empty": "Choose something to order first.",
    "items.do_not_sum": "The items come to {expected}, not {given}: correct the total.",
    "quantity.not_positive": "The quantity must be at least 1.",
    # money
    "money.negative": "{amount} is below zero: correct it.",
    "money.currencies_mixed": "Use one currency: this has {currencies}.",
    "totals.do_not_add_up": "The amounts add up to {expected}, not {given}: correct the total.",
    "totals.reward_discount_missing": "The reward takes off {expected}, the sale only {given}: take it off the total.",
    "tender.missing": "Take a payment first.",
    "tenders.do_not_sum": "The payments come to {given}, the sale to {expected}: correct the payments.",
    # rewards
    "reward.more_than_one": "Only one reward a sale: choose one of the {given}.",
    "reward.guest": "A guest has no rewards: ask for the membership, or take the reward off.",
    "reward.used_up": "'{reward}' is used up: take it off.",
    "reward.of_another_member": "'{reward}' belongs to another member: take it off.",
    "reward.not_validated": "The reward is not checked yet: check the basket again.",
    "reward.discount_without_reward": "No reward is on this sale: take its discount of {given} off.",
    "reward.discount_above_validated": "The reward takes off {expected}, not {given}: lower its discount.",
    "reward.discount_changed": "The reward takes off {expected}, not {given}: correct its discount.",
    # the order's own number
    "order.id_blank": "The order has no number: give it one.",
    "order.id_repeats": "{given} is a number that will come again another day: give the order one that never does.",
    # points for a prize
    "points.not_enough": "This costs {expected} points and there are {given}: choose another prize.",
    "challenge.missing": "The question for this prize is not answered yet: ask it first.",
    "challenge.of_another_offer": "The question answered was for another prize: ask it again.",
    "address.missing": "This prize is sent by post: enter the address.",
    "address.incomplete": "The address lacks {missing}: complete it.",
    # money held first
    "field.limit": "A field is too short, too long or out of range: correct it.",
    "authorization.unknown": "No money is held for this order: present the card again.",
    "authorization.exceeded": "Only {expected} is held, not {given}: take {expected} or less.",
    "authorization.lapsed": "The hold ended at {expires}: present the card again.",
    "authorization.alive": "The money is held until {expires}: abandon the order to let it go.",
    "authorization.spent": "This hold was used already: present the card again.",
}
"""Every code a shipped guard or the look-up itself can give, and its English."""


def refusal(code: str, field: str | None = None, /, **params: str) -> Refusal:
    """A refusal with the sentence of its code. field: dotted path of the input that is wrong."""
    return Refusal(code=code, message=SENTENCES[code].format(**params), field=field, params=params)
