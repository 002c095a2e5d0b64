"""The order call: six stages, one path, the whole order every time (sheet, section 5).

May live here: bodies, as pure functions of order and command. May not: a clock, a random number, a reading of replies.

Choices the sheet leaves: `id` is sent at checkout too (ours is unique for ever); `placed` is left out (an adapter has
no clock) and so is `basket.uuid` (the order id says the same); `payments` and `address` are objects, `payments` an
array only for several tenders (trap 6: table says array, samples send an object).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeAlias

from stampcard.commands import Bill, Checkout, Place, PurchaseCommand, Refund
from stampcard.model import Address, Basket, Guest, Line, Member, Modifier, Money, Reward, Tender, Totals
from stampcard.wire import Request, path
from stampcard_adapters.spendgo.values import STATUS, SpendgoFacts, SpendgoOrder

__all__ = ["order_request", "projected_discount", "sent_discount", "text"]

Body: TypeAlias = "dict[str, object]"


def order_request(
    order: SpendgoOrder, command: PurchaseCommand, *, brand: str, vendor: str, payments_as_array: bool = False
) -> Request:
    """POST /loyalty/accounts/{spendgo_id or guest}/orders. Same input, same bytes.

    Raises ValueError for a later stage of an order that was never priced.
    """
    facts = order.facts
    if isinstance(command, Checkout):
        buyer, basket, reward = command.buyer, command.basket, command.reward
    elif facts.basket is None or facts.buyer is None:
        raise ValueError("an order that was never priced has no later stage")
    else:
        buyer, basket, reward = facts.buyer, facts.basket, facts.reward
    discount = None if reward is None else sent_discount(facts, command)
    totals, tenders = _money(facts, command, basket, discount)
    head: Body = {
        "id": text(order.id),
        "source": basket.channel.value,
        "transaction": facts.transaction_id if isinstance(command, Refund) else None,  # trap 13: a string, here
        "status": STATUS[command.trigger],
        "type": "catering" if basket.catering else "regular",
        "rendition": basket.handover.value,
        "currency": totals.subtotal.currency,
        "wanted": None if basket.wanted_at is None else _moment(basket.wanted_at),
        "vendor": text(vendor),
        "brand": text(brand),
    }
    body = {
        **head,
        **_amounts(totals),
        "address": None if basket.deliver_to is None else _address(basket.deliver_to),
        "payments": _payments(tenders, as_array=payments_as_array),
        "basket": _basket(basket, reward, discount),
    }
    where = "guest" if isinstance(buyer, Guest) else _segment(buyer)
    return Request.post(path("/loyalty/accounts/{}/orders", where), _present(body))


def sent_discount(facts: SpendgoFacts, command: PurchaseCommand) -> Money | None:
    """The reward's discount of this stage: projected at checkout, from then on the validated one, carried forward."""
    if isinstance(command, Checkout):
        return projected_discount(command)
    carried = facts.discount if facts.reward_discount is None else facts.reward_discount
    if isinstance(command, (Place, Bill)) and command.reward_discount is not None:
        return command.reward_discount  # a P_ reward may take less than was validated; a guard has seen to it
    return carried


def projected_discount(command: Checkout) -> Money | None:
    """What the reward may take off, before the provider has said: the till's guess, else the reward's own value.

    Never more than the basket is worth: a Shop With Points value is the member's whole balance.
    """
    reward, totals = command.reward, command.basket.totals
    if reward is None:
        return None
    zero = Money.zero(totals.subtotal.currency)
    guess = command.projected if command.projected is not None else reward.value
    return min(guess or zero, max(zero, totals.subtotal - (totals.discount or zero)))


def _money(
    facts: SpendgoFacts, command: PurchaseCommand, basket: Basket, discount: Money | None
) -> tuple[Totals, tuple[Tender, ...]]:
    """Totals and tenders of this stage. The basket's totals are before the reward; later ones are the till's."""
    if isinstance(command, (Place, Bill)):
        return command.totals, command.tenders
    if isinstance(command, Checkout) or facts.totals is None:  # a void straight from checkout has nothing newer
        return (basket.totals if discount is None else basket.totals.discounted(discount)), ()
    return facts.totals, facts.tenders


def _amounts(totals: Totals) -> Body:
    """Decimals as exact JSON numbers with the currency's own digits (trap 11)."""
    amounts = {
        "subtotal": totals.subtotal,
        "tax": totals.tax,
        "tip": totals.tip,
        "delivery": totals.delivery,
        "discount": totals.discount,
        "total": totals.total,
    }
    return {name: None if money is None else money.amount for name, money in amounts.items()}


def _segment(member: Member) -> str:
    return text(member.id)


def _basket(basket: Basket, reward: Reward | None, discount: Money | None) -> Body:
    entries = [_entry(line) for line in basket.lines]
    if reward is None:
        return {"posEntries": entries}
    claimed: Body = {
        "provider": "Spendgo",
        "id": text(reward.id),
        "level": "basket",
        "product": "0",  # the sample's, for a reward of the whole basket
        "discount": None if discount is None else discount.amount,
    }
    return {"rewards": [_present(claimed)], "posEntries": entries}


def _entry(line: Line) -> Body:
    """`quantity` is a sibling of `posItem`, as the samples have it."""
    item: Body = {
        "product": None if line.product is None else text(line.product),
        "label": text(line.label),
        "cost": line.price.amount,
        "categories": ",".join(text(c) for c in line.categories) or None,  # a string here, an array in a modifier
        "modifiers": [_modifier(m) for m in line.modifiers] or None,
    }
    return {"posItem": _present(item), "quantity": line.quantity}


def _modifier(modifier: Modifier) -> Body:
    item: Body = {
        "product": None if modifier.product is None else text(modifier.product),
        "label": text(modifier.label),
        "cost": modifier.price.amount,
        "quantity": modifier.quantity,
        "categories": [text(c) for c in modifier.categories] or None,
        "modifiers": [_modifier(m) for m in modifier.modifiers] or None,
    }
    return _present(item)


def _payments(tenders: tuple[Tender, ...], *, as_array: bool) -> object:
    rows = [
        _present(
            {
                "tender": tender.kind.value,
                "issuer": None if tender.brand is None else tender.brand.value,
                "suffix": tender.last_four,
                "amount": tender.amount.amount,
            }
        )
        for tender in tenders
    ]
    if len(rows) == 1 and not as_array:
        return rows[0]
    return rows or None


def _address(address: Address) -> Body:
    fields: Body = {
        "street": text(address.street),
        "cross": None if address.cross_street is None else text(address.cross_street),
        "city": text(address.city),
        "code": text(address.postal_code),
        "region": None if address.region is None else text(address.region),
        "country": text(address.country),
    }
    return _present(fields)


def _moment(moment: datetime) -> str:
    """YYYY-MM-DDTHH:MM:SSZ, the narrower of the two forms (section 5). Raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _present(fields: Body) -> Body:
    """Without what is absent: `null` is documented for two fields only, a missing one for all optional ones."""
    return {name: value for name, value in fields.items() if value is not None}


def text(value: str) -> str:
    """What UTF-8 can carry: half a surrogate pair, as broken POS databases hold, becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
