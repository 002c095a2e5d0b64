"""A sale to tell stories about, and a Spendgo sandbox behind real sockets whose replies a test can hold or lose.

May live here: helpers only. May not: a test, a double of anything under test.
"""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Generator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
from tests.transport.loopback import Server, headers_of, read_request

from stampcard.journal import open_journal
from stampcard.journal.contract import Record
from stampcard.model import (
    Basket,
    Environment,
    Line,
    Member,
    Money,
    Reward,
    Site,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.signing import Key, KeyRing
from stampcard.till import Till
from stampcard_adapters.sandbox.http import Request
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.spendgo import Spendgo, SpendgoKeys, SpendgoOrder, SpendgoTill, Switches

API_KEY = "sandbox-spendgo-key"
SECRET = "c2FuZGJveC1zZWNyZXQtMDAwMS1hc2NpaS1vbmx5"
HERE = Site(store="999999", register="7")
MEMBER = Member(id="494979", provider="spendgo", status="Active")
PHONE = "5555550100"
DAY = date(2026, 11, 22)


def usd(amount: str) -> Money:
    return Money(amount, "USD")


def basket(subtotal: str = "52.00") -> Basket:
    price = usd(subtotal)
    line = Line(label="Turkey dinner", price=price, product="T-1")
    return Basket(lines=(line,), totals=Totals(subtotal=price, tax=usd("4.68"), total=price + usd("4.68")))


BASKET = basket()


def cash(order: SpendgoOrder) -> list[Tender]:
    """What is left to pay once the validated discount is off."""
    assert order.facts.basket is not None
    totals = order.facts.basket.totals.discounted(order.facts.discount or usd("0"))
    return [Tender(kind=TenderKind.CASH, amount=totals.total)]


Act = Callable[[], bytes]
Rule = Callable[[Act, socket.socket], bytes | None]
"""What becomes of a call: `act()` lets the sandbox act and gives its raw reply; what is returned is sent, None cuts."""


def lost(act: Act, conn: socket.socket) -> None:
    """The provider acts; its reply never arrives."""
    act()


def deaf(act: Act, conn: socket.socket) -> None:
    """The provider reads the request, does nothing and says nothing."""


def says(status: int, body: bytes) -> Rule:
    """Answer this, without acting."""
    raw = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    return lambda act, conn: raw + body


def first(rule: Rule) -> Rule:
    """Only the first call meets the rule."""
    done: list[bool] = []

    def once(act: Act, conn: socket.socket) -> bytes | None:
        if done:
            return act()
        done.append(True)
        return rule(act, conn)

    return once


class Held:
    """The provider acts, and keeps its reply until `go`. The first call only."""

    def __init__(self) -> None:
        self.arrived, self.go = threading.Event(), threading.Event()
        self._first = True

    def __call__(self, act: Act, conn: socket.socket) -> bytes | None:
        raw = act()
        if self._first:
            self._first = False
            self.arrived.set()
            self.go.wait(10)
        return raw


class Provider:
    """Spendgo's sandbox on a real socket. seen: (order id, stage) of every order call that arrived, in order."""

    def __init__(self, model: SpendgoModel | None = None) -> None:
        self.model = model or SpendgoModel()
        self.seen: list[tuple[str, str]] = []
        self.bodies: list[bytes] = []
        self.rules: dict[str, Rule] = {}
        self._server = Server(self._handle)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def _handle(self, conn: socket.socket) -> None:
        while raw := read_request(conn):
            head, _, body = raw.partition(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            request = Request(method=method, target=target, headers=headers_of(raw), body=body)
            stage = ""
            if target.endswith("/orders"):
                said = json.loads(body)
                stage = said["status"]
                self.seen.append((said["id"], stage))
                self.bodies.append(body)
            rule = self.rules.get(stage or method)
            act = functools.partial(self._act, request)
            answer = act() if rule is None else rule(act, conn)
            if answer is None:
                return
            conn.sendall(answer)

    def _act(self, request: Request) -> bytes:
        reply = self.model.handle(request)
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{k}: {v}" for k, v in reply.headers.items())]
        return "\r\n".join([*lines, f"Content-Length: {len(reply.body)}", "", ""]).encode() + reply.body

    def calls(self, order_id: str) -> Counter[str]:
        """How often each stage of this order arrived."""
        return Counter(stage for one, stage in self.seen if one == order_id)

    def hold(self, stage: str) -> Held:
        held = Held()
        self.rules[stage] = held
        return held

    def close(self) -> None:
        for rule in self.rules.values():
            if isinstance(rule, Held):
                rule.go.set()
        self._server.close()


def spendgo(
    url: str, *, environment: Environment = Environment.SANDBOX, secret: str = SECRET, **switches: Any
) -> Spendgo:
    keys = SpendgoKeys(account_id="33559", keys=KeyRing(current=Key.base64(API_KEY, secret)))
    return Spendgo(keys, environment=environment, url=url, switches=Switches(**switches))


@attrs.define(eq=False)
class Shop:
    """One till on one journal file, a provider, and the way through a sale."""

    provider: Provider
    journal: Path
    till: Till
    verbs: SpendgoTill

    def id(self, ticket: str = "417") -> str:
        return self.till.order_id(ticket=ticket, day=DAY)

    def reward(self) -> Reward:
        [reward] = self.verbs.rewards(MEMBER)
        return reward

    def priced(self, ticket: str = "417", *, reward: Reward | None = None, **more: Any) -> SpendgoOrder:
        return self.verbs.checkout(self.id(ticket), BASKET, buyer=MEMBER, reward=reward, **more)

    def placed(self, ticket: str = "417", *, reward: Reward | None = None) -> SpendgoOrder:
        order = self.priced(ticket, reward=reward)
        return self.verbs.place(order, tenders=cash(order))

    def billed(self, ticket: str = "417", *, reward: Reward | None = None) -> SpendgoOrder:
        return self.verbs.bill(self.placed(ticket, reward=reward))

    def completed(self, ticket: str = "417", *, reward: Reward | None = None) -> SpendgoOrder:
        return self.verbs.complete(self.billed(ticket, reward=reward))

    def kinds(self, order_id: str | None = None) -> list[str]:
        """The order's entries, as "trigger kind"."""
        return kinds(self.journal, order_id or self.id())

    def record(self, order_id: str | None = None) -> Record:
        return record(self.journal, order_id or self.id())


def record(journal: Path, order_id: str) -> Record:
    """The order as another connection to the file sees it: what is durable now."""
    with contextlib.closing(open_journal(journal)) as other:
        found = other.load(order_id)
    assert found is not None
    return found


def kinds(journal: Path, order_id: str) -> list[str]:
    return [f"{entry.trigger} {entry.kind}" for entry in record(journal, order_id).entries]


@contextlib.contextmanager
def shop(provider: Provider, journal: Path, *, site: Site = HERE, **options: Any) -> Generator[Shop, None, None]:
    switches = {
        k: options.pop(k)
        for k in ("call_budget", "late_window", "repeat", "points_leave_at", "after_void")
        if k in options
    }
    with Till(journal, site=site, **options) as till:
        verbs = till.use(spendgo(provider.url, **switches)).by("anna")
        yield Shop(provider=provider, journal=journal, till=till, verbs=verbs)


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Run all at once on threads; what each returned, or raised."""
    barrier, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(n: int, job: Callable[[], Any]) -> None:
        barrier.wait(5)
        try:
            results[n] = job()
        except BaseException as error:  # noqa: BLE001  handed to the test
            results[n] = error

    threads = [threading.Thread(target=run, args=(n, job)) for n, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return results
