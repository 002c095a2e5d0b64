"""What each provider goes through: a success, a no, a lost reply, a refused key, recovery, a person's word, a reveal.

May live here: the stories, told once for a `Till` and an `AsyncTill`. May not: a check.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from tests.secrets.kinds import CARD, CARD_CODE, GIFT_CARD, GIFT_PIN, PASSWORD, PAYPAL, Gossip, model_of, settings_of
from tests.secrets.net import Net

from stampcard import AsyncTill, Line, Money, Secret, Site, StampcardError, Tender, TenderKind, Till, Totals, Verdict
from stampcard import Basket as Goods
from stampcard_adapters.kibo import CancelReason, GiftCard, PayPal, StoredToken
from stampcard_adapters.kigo import Sso
from stampcard_adapters.testing import KalixoBooks, KiboBooks, KigoBooks, SessionMBooks

HERE = Site(store="999999", register="7")
WAYS = ("till", "till over httpx", "async till", "async till over httpx")


class Hand:
    """Whoever works a till: asks, and notes whatever comes of it."""

    def __init__(self, way: str, journal: Path, net: Net, *, proxy: str | None = None) -> None:
        self.net = net
        self._loop = asyncio.new_event_loop() if way.startswith("async") else None
        if self._loop is not None:
            self._loop.set_debug(True)
            transport = httpx.AsyncHTTPTransport() if way.endswith("httpx") else None
            self.till: Any = self.do(_opened, journal, transport, proxy)
        else:
            plain = httpx.HTTPTransport() if way.endswith("httpx") else None
            self.till = Till(journal, site=HERE, deadline=10.0, transport=plain, proxy=proxy)

    def do(self, act: Callable[..., Any], /, *args: Any, **how: Any) -> Any:
        """Ask; the answer is noted."""
        answer = act(*args, **how)
        if inspect.iscoroutine(answer):
            assert self._loop is not None
            answer = self._loop.run_until_complete(answer)
        self.net.value(getattr(act, "__name__", "an answer"), answer)
        return answer

    def fails(self, act: Callable[..., Any], /, *args: Any, **how: Any) -> StampcardError:
        """Ask, and be told no; the error is noted."""
        with pytest.raises(StampcardError) as caught:
            self.do(act, *args, **how)
        self.net.error(f"error of {getattr(act, '__name__', '?')}", caught.value)
        return caught.value

    def close(self) -> None:
        self.do(self.till.aclose if self._loop is not None else self.till.close)
        if self._loop is not None:
            self._loop.close()


async def _opened(journal: Path, transport: Any, proxy: str | None) -> AsyncTill:
    return AsyncTill(journal, site=HERE, deadline=10.0, transport=transport, proxy=proxy)


def tell(hand: Hand, gossip: Gossip) -> None:
    """The provider's whole story, then what is asked of the till itself."""
    verbs = hand.till.use(settings_of(gossip.provider, gossip.url))
    STORIES[gossip.provider](hand, gossip, verbs)
    hand.do(hand.till.in_doubt)
    hand.do(hand.till.recover)
    for escalation in hand.do(hand.till.needs_human):
        hand.do(
            hand.till.resolve,
            escalation.order.id,
            as_=Verdict.DECLINED,
            because="the console shows none",
            by="ann",
            trigger=escalation.trigger,
        )
    hand.do(hand.till.reconcile)
    wrong = hand.till.use(settings_of(gossip.provider, gossip.url, wrong=True))
    WRONG_KEY[gossip.provider](hand, wrong)
    away = hand.till.use(settings_of(gossip.provider, "http://127.0.0.1:1"))
    WRONG_KEY[gossip.provider](hand, away)
    hand.do(hand.till.reconcile)
    hand.net.value("the till", hand.till)
    hand.net.value("its verbs", verbs)
    hand.net.value("settings", settings_of(gossip.provider, gossip.url))


def lost(hand: Hand, gossip: Gossip, where: str, act: Callable[..., Any], *args: Any, **how: Any) -> None:
    """The reply to the next call whose target or body has these words never comes."""
    gossip.lose = lambda request: request.method == "POST" and where.encode() in request.target.encode() + request.body
    hand.fails(act, *args, **how)
    assert gossip.lose is None


def _sale(amount: str = "52.00") -> Goods:
    price = Money(amount, "USD")
    return Goods(lines=(Line(label="Soup", price=price),), totals=Totals(subtotal=price, total=price))


def spendgo(hand: Hand, gossip: Gossip, verbs: Any) -> None:
    buyer = hand.do(verbs.member, "5555550199", email="a@example.com", password=Secret(PASSWORD))
    cash = [Tender(kind=TenderKind.CASH, amount=Money("52.00", "USD"))]
    order = hand.do(verbs.checkout, "story-1", _sale(), buyer=buyer)
    order = hand.do(verbs.bill, hand.do(verbs.place, order, tenders=cash))
    order = hand.do(verbs.complete, order)
    hand.fails(verbs.void, order, why="late")
    hand.do(verbs.refund, order, why="cold")
    hand.fails(verbs.member, "12", password=Secret(PASSWORD))
    order = hand.do(verbs.checkout, "story-2", _sale(), buyer=buyer)
    order = hand.do(verbs.place, order, tenders=cash)
    lost(hand, gossip, "billed", verbs.bill, order)
    hand.do(verbs.recover, order.id)
    order = hand.do(verbs.checkout, "story-3", _sale(), buyer=buyer)
    lost(hand, gossip, "placed", verbs.place, order, tenders=cash)
    hand.do(
        hand.till.resolve,
        "story-3",
        as_=Verdict.DECLINED,
        because="not there",
        by="ann",
        before_recovery=True,
    )
    order = hand.do(verbs.checkout, "story-4", _sale(), buyer=buyer)
    lost(hand, gossip, "placed", verbs.place, order, tenders=cash)


def sessionm(hand: Hand, gossip: Gossip, verbs: Any) -> None:
    books = SessionMBooks(gossip.model)
    order = hand.do(verbs.redeem, "story-1", books.card, user=books.odd, email="zoe@example.com")
    hand.do(verbs.approve, hand.do(verbs.observe, order), why="fine")
    hand.fails(verbs.redeem, "story-2", books.gone, user=books.user)
    lost(hand, gossip, "/orders", verbs.redeem, "story-3", books.card, user=books.user)
    hand.do(verbs.recover, "story-3")
    lost(hand, gossip, "approved", verbs.approve, hand.do(verbs.get, "story-3"), why="fine")


def kalixo(hand: Hand, gossip: Gossip, verbs: Any) -> None:
    books = KalixoBooks(gossip.model)
    order = hand.do(verbs.place, "story-1", [books.item(quantity=2)])
    order = hand.do(verbs.wait, order, within=0.5)
    if not order.final:
        gossip.model.release("story-1")
        order = hand.do(verbs.wait, order, within=5)
    hand.do(verbs.reveal, order, why="the customer asked")
    hand.fails(verbs.place, "story-2", [attrs.evolve(books.item(), price=Money("0.01", "GBP"))])
    lost(hand, gossip, "story-3", verbs.place, "story-3", [books.item()])


def kigo(hand: Hand, gossip: Gossip, verbs: Any) -> None:
    books = KigoBooks(gossip.model)
    order = hand.do(verbs.place, "story-1", books.product, user="u-1")
    hand.do(verbs.reveal, order, user="u-1", why="the customer asked", sso=Sso(program="p", email="u@example.com"))
    hand.fails(verbs.place, "story-2", books.sold_out, user="u-1")
    lost(hand, gossip, "story-3", verbs.place, "story-3", books.product, user="u-1")
    hand.do(verbs.recover, "story-3")
    gossip.model.another_code("story-1")
    hand.fails(verbs.reveal, order, user="u-1", why="again")
    lost(hand, gossip, "story-4", verbs.place, "story-4", books.product, user="u-1")


def kibo(hand: Hand, gossip: Gossip, verbs: Any) -> None:
    books = KiboBooks(gossip.model)
    card = attrs.evolve(books.card, number=Secret(CARD), code=Secret(CARD_CODE))
    order = hand.do(verbs.create, hand.do(verbs.authorize, books.cart("story-1"), card))
    stored = order.facts.payment_token.open(settings_of("kibo", gossip.url).seal_key)
    hand.do(verbs.cancel, order, CancelReason.MISTAKE)
    hand.do(verbs.authorize, books.cart("story-2"), GiftCard(number=Secret(GIFT_CARD), pin=Secret(GIFT_PIN)))
    hand.do(verbs.authorize, books.cart("story-3"), PayPal(token=Secret(PAYPAL), payer_id="P1"))
    hand.fails(verbs.authorize, books.cart("story-4"), attrs.evolve(card, expires_year=2001))
    lost(hand, gossip, "authorize", verbs.authorize, books.cart("story-5"), card)
    hand.do(verbs.authorize, books.cart("story-5"), card, again=True)
    lost(hand, gossip, "authorize", verbs.authorize, books.cart("story-6"), StoredToken(token=stored))
    order = hand.do(verbs.authorize, books.cart("story-7"), card)
    lost(hand, gossip, "createOrder", verbs.create, order)
    lost(hand, gossip, "authorize", verbs.authorize, books.cart("story-8"), card)


STORIES: dict[str, Callable[[Hand, Gossip, Any], None]] = {
    "spendgo": spendgo,
    "sessionm": sessionm,
    "kalixo v1": kalixo,
    "kalixo v2": kalixo,
    "kigo": kigo,
    "kibo": kibo,
}
WRONG_KEY: dict[str, Callable[[Hand, Any], object]] = {
    "spendgo": lambda hand, verbs: hand.fails(verbs.member, "5555550100"),
    "sessionm": lambda hand, verbs: hand.fails(verbs.profile, SessionMBooks(model_of("sessionm")).user),
    "kalixo v1": lambda hand, verbs: hand.fails(verbs.products),
    "kalixo v2": lambda hand, verbs: hand.fails(verbs.products),
    "kigo": lambda hand, verbs: hand.fails(verbs.place, "story-9", "sandbox-product-coffee", user="u-1"),
    "kibo": lambda hand, verbs: hand.fails(
        verbs.authorize, KiboBooks(model_of("kibo")).cart("story-9"), KiboBooks(model_of("kibo")).card
    ),
}
