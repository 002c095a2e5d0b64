"""Settings, a sale and its steps, shared by Beanbox's tests."""

from __future__ import annotations

from typing import Final

import attrs
from tests.sixth.beanbox import Beanbox, BeanboxFacts, BeanboxOrder
from tests.sixth.model import CARD, KEY_ID, SECRET

from stampcard import GUEST, Basket, Environment, Line, Member, Money, PurchaseState, Reward, Site, Tender, Totals
from stampcard.commands import Bill, Checkout, Complete, Place, PurchaseCommand, Refund, Void
from stampcard.lifecycles import PURCHASE
from stampcard.model import TenderKind
from stampcard.signing import Key, KeyRing

KEYS: Final = KeyRing(current=Key.raw(KEY_ID, SECRET), other=Key.raw("bean-key-0002", b"the next secret"))
BEANBOX: Final = Beanbox(url="http://127.0.0.1", keys=KEYS, environment=Environment.SANDBOX)
SITE: Final = Site(store="0042")


def usd(amount: str) -> Money:
    return Money(amount, "USD")


BASKET: Final = Basket(
    lines=(Line(label="Latte", price=usd("4.50")), Line(label="Scone", price=usd("3.00"))),
    totals=Totals(subtotal=usd("7.50"), tax=usd("0.50"), total=usd("8.00")),
)
MEMBER: Final = Member(id=CARD, provider="beanbox", status="active")
LATTE: Final = Reward(id="latte", label="Free latte", member_id=CARD, quantity=3, offer="stamps", value=usd("4.50"))


def cash(amount: Money) -> tuple[Tender, ...]:
    return (Tender(kind=TenderKind.CASH, amount=amount),)


def step(trigger: str, *, reward: bool) -> tuple[BeanboxOrder, PurchaseCommand]:
    """A command, and the order it is fired on."""
    off = usd("4.50") if reward else usd("0")
    totals = BASKET.totals.discounted(off)
    checkout = Checkout(basket=BASKET, buyer=MEMBER if reward else GUEST, rewards=(LATTE,) if reward else ())
    place = Place(tenders=cash(totals.total), totals=totals)
    priced = attrs.evolve(BeanboxFacts().learn(checkout), discount=off)
    placed = priced.learn(place)
    billed = attrs.evolve(placed, receipt="R-t-1")
    before: dict[str, tuple[PurchaseState, BeanboxFacts, PurchaseCommand]] = {
        "checkout": (PurchaseState.NEW, BeanboxFacts(), checkout),
        "place": (PurchaseState.CHECKOUT, priced, place),
        "bill": (PurchaseState.PLACED, placed, Bill(tenders=cash(totals.total), totals=totals)),
        "complete": (PurchaseState.BILLED, billed, Complete()),
        "void": (PurchaseState.BILLED, billed, Void(why="the card was refused")),
        "refund": (PurchaseState.COMPLETED, billed, Refund(why="brought back")),
    }
    state, facts, command = before[trigger]
    order = BeanboxOrder(
        id="t-1",
        provider="beanbox",
        environment=Environment.SANDBOX,
        site=SITE,
        lifecycle=PURCHASE.name,
        fingerprint=PURCHASE.fingerprint,
        state=state,
        version=1,
        facts=facts,
    )
    return order, command
