"""What Spendgo's cashiers and customers do: what is bought, with which reward, how it is paid, what comes next.

May live here: wishes, drawn or always the same. A further way through a sale is a module beside this one, a word in
`PATH` and a case in `wished`. May not: what must be conserved, a switch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from stampcard.model import (
    GUEST,
    AnyOrder,
    Basket,
    Line,
    Member,
    Modifier,
    Money,
    Reward,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.simulate import Draw, Wish
from stampcard.step import Step

__all__ = ["PATH", "always", "bought", "cash", "usd", "wished"]


def usd(amount: str) -> Money:
    """Of the one currency there is."""
    return Money(amount, "USD")


def _basket(line: Line, subtotal: str, total: str, **parts: str) -> Basket:
    amounts = {name: usd(amount) for name, amount in parts.items()}
    return Basket(lines=(line,), totals=Totals(subtotal=usd(subtotal), total=usd(total), **amounts))


_CHEESE: Final = Modifier(label="cheese", price=usd("0.50"))
_BASKETS: Final = (
    _basket(Line(label="Turkey", price=usd("12.50"), quantity=4, modifiers=(_CHEESE,)), "52", "56.68", tax="4.68"),
    _basket(Line(label="Soup", price=usd("9.99"), quantity=2), "19.98", "19.98"),
    _basket(Line(label="Platter", price=usd("84.01")), "84.01", "85.01", tax="5", discount="4"),
)
_WHY: Final = "simulated"
PATH: Final[Mapping[str, tuple[str, ...]]] = {
    "new": ("checkout",) * 30 + ("abandon",),
    "checkout": ("place",) * 24 + ("pay",) * 6 + ("void",) + ("checkout",) * 2 + ("abandon",),
    "placed": ("bill",) * 17 + ("pay",) * 3 + ("unpay", "void"),
    "billed": ("complete",) * 20 + ("unpay", "void"),
    "completed": ("refund",),
}
"""What a cashier wants of an order in a state; each as often as it is written."""


def bought(verbs: Any, order: AnyOrder | str, members: Sequence[Member], draw: Draw) -> Step[AnyOrder]:
    """A checkout: by a guest or a member, with a reward that fits, one that does not, or none."""
    basket = draw.pick(_BASKETS)
    fits = draw.chance(0.8)
    buyer = draw.pick((GUEST, *members, *members))
    reward: Reward | None = None
    less = None
    if isinstance(buyer, Member) and draw.chance(0.6):
        listed: Sequence[Reward] = cast("Sequence[Reward]", (yield from verbs.rewards(buyer)))
        reward = draw.pick(listed) if listed else None
        if reward is not None and fits and basket is _BASKETS[1]:
            basket = _BASKETS[0]  # most of what a member has asks for more than soup
        if reward is not None and reward.spends_points and draw.chance(0.7):
            less = draw.pick((usd("11"), usd("7.50"), usd("19")))
    checkout = verbs.checkout(order, basket, buyer=buyer, reward=reward, projected=less)
    return cast("AnyOrder", (yield from checkout))


def wished(
    verbs: Any, order: AnyOrder, members: Sequence[Member], draw: Draw, *, pays: bool = True, changes: bool = True
) -> Wish | None:
    """What is wanted of this order next. pays: some of it at the terminal. changes: its basket, buyer and reward."""
    usual = PATH.get(str(order.outlook.state), ("void",))
    wanted = draw.pick(usual)
    if wanted in ("pay", "unpay") and not pays:
        wanted = usual[0]
    if wanted in ("pay", "unpay"):
        return _money(verbs, wanted, order, draw)
    if wanted not in order.allowed and not draw.chance(0.15):
        if "void" not in order.allowed or draw.chance(0.75):
            return None  # it is in doubt, and the customer can wait
        wanted = "void"
    if wanted == "checkout":
        priced = None if changes else order.facts.basket
        return bought(verbs, order, members, draw) if priced is None else _once_more(verbs, order)
    if wanted in ("place", "bill"):
        return _paid(verbs, wanted, order, draw)
    wish: Wish = verbs.complete(order) if wanted == "complete" else getattr(verbs, wanted)(order, why=_WHY)
    return wish


def always(verbs: Any, order: AnyOrder | str, trigger: str, member: Member, listed: Sequence[Reward]) -> Wish:
    """This very trigger, with good input: turkey, five dollars off, paid in cash."""
    wish: Wish
    match trigger:
        case "checkout":
            reward = next(r for r in listed if r.value == usd("5"))
            wish = verbs.checkout(order, _BASKETS[0], buyer=member, reward=reward)
        case "place" | "bill":
            wish = getattr(verbs, trigger)(order, tenders=cash(usd("51.68")))
        case "complete":
            wish = verbs.complete(order)
        case _:
            wish = getattr(verbs, trigger)(order, why=_WHY)
    return wish


def _once_more(verbs: Any, order: AnyOrder) -> Wish:
    """Checked out as it was."""
    facts = order.facts
    less = facts.reward_discount if facts.reward is not None and facts.reward.spends_points else None
    again = verbs.checkout(order, facts.basket, buyer=facts.buyer, reward=facts.reward, projected=less)
    return cast("Wish", again)


def _money(verbs: Any, wanted: str, order: AnyOrder, draw: Draw) -> Wish:
    """Paid at the terminal, or taken back there; a declined card voids the sale, or another is tried."""
    if wanted == "unpay":
        return cast("Wish", verbs.unpay(order, why=_WHY))
    return cast("Wish", verbs.pay(order, on_failure=draw.pick(("void", "keep", "keep"))))


def _paid(verbs: Any, trigger: str, order: AnyOrder, draw: Draw) -> Wish:
    """Place or bill: as it should be, with a tip, with fewer points, or wrong by a cent."""
    facts = order.outlook.facts
    pay: Callable[..., Wish] = getattr(verbs, trigger)
    if facts.basket is None:
        return pay(order, tenders=cash(usd("10")))
    off = facts.discount if facts.reward_discount is None else facts.reward_discount
    arguments: dict[str, Any] = {}
    if facts.reward is not None and facts.reward.spends_points and off and draw.chance(0.2):
        off = arguments["reward_discount"] = Money.minor(max(1, off.units // 2), "USD")
    sold = facts.basket.totals.discounted(off) if off else facts.basket.totals
    if draw.chance(0.15):
        sold = sold.tipped(usd("3"))
    paid = sold.total + usd("0.01") if draw.chance(0.03) else sold.total
    return pay(order, totals=sold, tenders=cash(paid), **arguments)


def cash(amount: Money) -> tuple[Tender, ...]:
    """Paid at once, all of it."""
    return (Tender(kind=TenderKind.CASH, amount=amount),)
