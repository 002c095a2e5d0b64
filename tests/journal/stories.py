"""A journal file that a till filled: something of every provider, open intents, watches, people, one forgotten."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from stampcard import GUEST, Basket, Line, Money, Site, StampcardError, Tender, TenderKind, Till, Totals
from stampcard.testing import Drop, When
from stampcard_adapters.testing import STORE, Sandbox

HERE = Site(store=STORE, register="7")


def usd(amount: str) -> Money:
    return Money(amount, "USD")


BASKET = Basket(
    lines=(Line(label="Turkey sandwich", price=usd("13.00"), quantity=4, product="TURK"),),
    totals=Totals(subtotal=usd("52.00"), tax=usd("4.68"), total=usd("56.68")),
)


def told(path: Path, sandbox: Sandbox) -> None:
    """Five providers' orders: done, refused, waiting, in doubt."""
    with Till(path, site=HERE, transport=sandbox.transport()) as till:
        spendgo = till.use(sandbox.spendgo.provider()).by("cashier 104")
        member = sandbox.spendgo.shopper
        order = spendgo.checkout("s-1", BASKET, buyer=member, ticket="417")
        tenders = [Tender(kind=TenderKind.CASH, amount=order.facts.to_pay.total)]
        order = spendgo.complete(spendgo.bill(spendgo.place(order, tenders=tenders)))
        lost(sandbox, "refund", lambda: spendgo.refund(order, why="cold soup"))
        guest = spendgo.checkout("s-2", BASKET, buyer=GUEST)
        lost(
            sandbox, "place", lambda: spendgo.place(guest, tenders=[Tender(kind=TenderKind.CASH, amount=usd("56.68"))])
        )
        spendgo.abandon(spendgo.checkout("s-3", BASKET, buyer=GUEST))
        sessionm = till.use(sandbox.sessionm.provider())
        sessionm.redeem("m-1", sandbox.sessionm.coffee, user=sandbox.sessionm.user)
        sessionm.redeem("m-2", sandbox.sessionm.card, user=sandbox.sessionm.user)
        lost(sandbox, "redeem", lambda: sessionm.redeem("m-3", sandbox.sessionm.coffee, user=sandbox.sessionm.user))
        kalixo = till.use(sandbox.kalixo.provider())
        kalixo.place("x-1", [sandbox.kalixo.item()])
        with contextlib.closing(sqlite3.connect(path)) as plain:  # what follows is in the log, the rest in the file
            plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kigo = till.use(sandbox.kigo.provider())
        lost(sandbox, "place", lambda: kigo.place("g-1", sandbox.kigo.product, user="u-41"))
        kibo = till.use(sandbox.kibo.provider())
        cart, card = sandbox.kibo.cart("b-1"), sandbox.kibo.card
        lost(sandbox, "authorize", lambda: kibo.authorize(cart, card))


def lost(sandbox: Sandbox, trigger: str, step: Callable[[], object]) -> None:
    """The provider does it, and its answer never comes."""
    sandbox.faults.next(Drop(When.AFTER), trigger=trigger)
    with contextlib.suppress(StampcardError):
        step()
