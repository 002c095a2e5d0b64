"""What the order call answered (sheet, section 6): outcomes, read without ever raising.

May live here: readings of a reply to an order. May not: a request, a setting, what to do about an unknown outcome.

A 200 is accepted only when it names the stage that was asked for: {transaction: {id?, discount, status, message?}}.
`transaction` comes as an object or as an array of one (trap 6), numbers as text, keys in any case (trap 7).
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.commands import Bill, Checkout, Place, PurchaseCommand
from stampcard.lifecycles import PurchaseState
from stampcard.model import Money
from stampcard.wire import JsonView, Response, one_line
from stampcard_adapters.spendgo.refusals import ORDERS, error_code, refusal
from stampcard_adapters.spendgo.values import STATUS, SpendgoFacts, SpendgoOrder

__all__ = ["Outcome", "read_order"]

Outcome: TypeAlias = Accepted[PurchaseState, SpendgoFacts] | Declined | NotSent | Unknown


def read_order(order: SpendgoOrder, command: PurchaseCommand, response: Response) -> Outcome:
    """What a stage came to. Total: any status, any bytes."""
    reward = command.reward if isinstance(command, Checkout) else order.facts.reward
    if response.status != 200:  # an undocumented 2xx is no success either
        return refusal(response, ORDERS, with_reward=reward is not None)
    body = response.json()
    if body.bad:
        return Unknown(why=f"HTTP 200: {body.bad}")
    if error_code(body) is not None:
        return Unknown(why="HTTP 200 with an error object")
    rows = body.any("transaction").items()
    if len(rows) != 1 or not rows[0].is_object():
        return Unknown(why="HTTP 200 without its transaction")
    transaction = rows[0]
    status = (transaction.any("status").text() or "").strip().lower()
    if status != STATUS[command.trigger]:
        return Unknown(why=f"the reply is about another stage than {STATUS[command.trigger]}")
    if isinstance(command, Checkout):
        return _priced(order, command, transaction)
    return _moved(order, command, transaction)


def _priced(order: SpendgoOrder, command: Checkout, transaction: JsonView) -> Outcome:
    """Trap 10: a 200 at checkout is a no when it carries a message, or takes nothing off for a reward."""
    currency = command.basket.totals.subtotal.currency
    message = one_line(transaction.any("message").text())
    if command.reward is None:
        # a discount nobody asked a reward for may be an echo of the till's own; it is nobody's to take off again
        return Accepted(facts=attrs.evolve(order.facts, discount=Money.zero(currency), message=message))
    number = transaction.any("discount").number()
    if message is None and number is None:
        return Unknown(why="the reply to a reward names no discount")
    if message is not None or number == 0:
        # nothing off without a word is a no too: placing it would use the reward up for nothing
        return Declined(
            code="reward.not_applied",
            message="The reward does not fit this sale. Sell without it, or pick another.",
            provider_text=message,
        )
    try:
        discount = Money(number or 0, currency)  # raises for more decimals than the currency has: no cent is guessed
    except ValueError:
        return Unknown(why=f"the validated discount is no amount of {currency}")
    if not Money.zero(currency) < discount <= command.basket.totals.subtotal:
        return Unknown(why="the validated discount is negative or more than the basket")
    return Accepted(facts=attrs.evolve(order.facts, discount=discount, message=None))


def _moved(order: SpendgoOrder, command: PurchaseCommand, transaction: JsonView) -> Outcome:
    """From placed on. `message` is defined for checkout alone; with a discount of zero it says what it says there."""
    facts = order.facts
    refused = transaction.any("discount").number() == 0 and one_line(transaction.any("message").text()) is not None
    if refused and facts.reward is not None and isinstance(command, (Place, Bill)):
        return Unknown(why="HTTP 200, with words that the reward was not applied")
    given = one_line(transaction.any("id").text())
    if given is not None and isinstance(command, Bill):
        facts = attrs.evolve(facts, transaction_id=given)
    elif given is not None and facts.transaction_id is None and command.trigger == "complete":
        facts = attrs.evolve(facts, transaction_id=given)  # missing at billed: taken from completed
    return Accepted(facts=facts)
