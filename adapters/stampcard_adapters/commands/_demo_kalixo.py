"""The demo's story at Kalixo: gift cards over the counter, one that comes in part, one whose answer is lost.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from stampcard import (
    DeclinedError,
    Environment,
    InDoubtError,
    Money,
    NotAllowedError,
    Secret,
    Site,
    StampcardError,
    Till,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_told import Told, ToldWrongError
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.kalixo import GiftCode, Kalixo, KalixoKeys, KalixoOrder, KalixoTill, Product
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.kalixo import KalixoModel
from stampcard_adapters.sandbox.serve import serve

__all__ = ["tell"]

T = TypeVar("T")

_HIDDEN: Final = ("codes.code", "pin", "password", "accessToken", "refreshToken")
"""Codes are worth money to whoever reads them; the rest opens the account."""
_WALLET: Final = "wallet in GBP"
_SOLD_OUT: Final = 8


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Kalixo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    gateway = _Gateway(KalixoModel())
    keys = _keys(gateway.model)
    heard = Overheard(gateway, secrets=(keys.email or "",), hidden=_HIDDEN)
    with serve(sandbox_app(heard)) as url, Till(journal, site=Site(store="999999", register="7")) as till:
        screen.opening(
            "stampcard demo: Kalixo",
            [
                "Gift cards, bought one by one from a prepaid account and handed over as codes.",
                "",
                "  the till        a real Till: store 999999, register 7, Chris at the counter",
                f"  the provider    a local Kalixo at {url}, both versions over one account",
                f"  the journal     {journal}",
                "",
                "A code is fetched when it is printed, and is neither in the journal nor on this screen: shown as ***.",
            ],
        )
        v1, v2 = (
            till.use(Kalixo(keys, version=version, environment=Environment.SANDBOX, url=url)).by("chris")
            for version in (1, 2)
        )
        return _Story(screen, gateway, heard, till, v1, v2).tell()


class _Gateway:
    """Stands before the provider, and can lose an answer: what was asked for is done, and nobody hears of it."""

    def __init__(self, model: KalixoModel) -> None:
        self.model = model
        self.loses_next = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.model.prefixes

    def handle(self, request: RequestLike, /) -> Response:
        answer = self.model.handle(request)
        if not self.loses_next or request.method != "POST":
            return answer
        self.loses_next = False
        return Response(status=502, headers={"Content-Type": "application/json"}, body=b'{"message": "bad gateway"}')

    def tenants(self) -> dict[str, Json]:
        return self.model.tenants()

    def unbalanced(self) -> tuple[str, ...]:
        return self.model.unbalanced()


class _Story:
    def __init__(
        self, screen: Screen, gateway: _Gateway, heard: Overheard, till: Till, v1: KalixoTill, v2: KalixoTill
    ) -> None:
        self._screen = screen
        self._gateway = gateway
        self._model = gateway.model
        self._heard = heard
        self._till = till
        self._old = v1
        self._kalixo = v2
        self._orders: list[str] = []

    def tell(self) -> Told:
        card = self._sale()
        self._part()
        self._refusals()
        self._lost(card)
        self._version_one(card)
        return Told(
            main=self._orders[0],
            orders=tuple(self._orders),
            calls=self._heard.count,
            unbalanced=self._model.unbalanced(),
        )

    # The acts

    def _sale(self) -> Product:
        words = "A customer buys two gift cards. The order is taken at once, and the codes come a moment later."
        with self._act(1, "Two gift cards", words) as moved:
            card = self._found("KTEST-OK")
            order = self._place("501", card, 2, "the provider has the order")
            order = self._order("wait", "asked when it said", "completed", lambda: self._kalixo.wait(order, within=9.0))
            self._reveal(self._kalixo, order, 2)
        self._must(moved[_WALLET] == -20, "two cards at 10.00 are paid for")
        return card

    def _part(self) -> None:
        words = "The next customer wants three, and the provider has two. That is final: the rest will not come."
        with self._act(2, "Only a part of it", words) as moved:
            order = self._place("502", self._found("KTEST-PARTIAL"), 3, "three more")
            order = self._order(
                "wait", "what came?", "partially_completed", lambda: self._kalixo.wait(order, within=9.0)
            )
            got = order.facts.delivered
            self._must(got is not None and (got.units, got.ordered) == (2, 3), "two of three were delivered")
            self._reveal(self._kalixo, order, 2)
        self._must(moved[_WALLET] == -20, "what did not come is not paid for")

    def _refusals(self) -> None:
        words = (
            "An amount the card cannot hold is refused before a call. A card that is sold out: the provider says no."
        )
        with self._act(3, "Two refusals", words) as moved:
            card = self._found("KTEST-OPEN")
            self._refused(
                "buy",
                "a card for 500.00",
                lambda: card.buy(price=Money("500.00", "GBP")),
                NotAllowedError,
                calls=0,
            )
            gone = self._step(
                "product", "the other one, then", lambda: self._kalixo.product(_SOLD_OUT), lambda p: ("listed", p.name)
            )
            order_id = self._new("503")
            self._refused(
                "place",
                "it is listed, and sold out",
                lambda: self._kalixo.place(order_id, [gone.buy()], ticket="503"),
                DeclinedError,
                calls=1,
            )
            opened = self._kalixo.get(order_id)
            self._order(
                "abandon",
                "nothing then",
                "abandoned",
                lambda: self._kalixo.abandon(opened, why="sold out"),
                calls=0,
            )
        self._must(not any(moved.values()), "a refusal moves nothing")

    def _lost(self, card: Product) -> None:
        words = "The provider sells the card, and a gateway on the way loses its answer. Nobody knows what was bought."
        with self._act(4, "A lost reply", words) as moved:
            order_id = self._new("504")
            self._gateway.loses_next = True
            self._refused(
                "place",
                "one gift card",
                lambda: self._kalixo.place(order_id, [card.buy()], ticket="504"),
                InDoubtError,
                calls=1,
            )
            order = self._order(
                "recover",
                "the provider is asked by our own number, and nothing is sent again",
                "completed",
                lambda: self._kalixo.recover(order_id),
            )
            self._reveal(self._kalixo, order, 1)
        self._must(moved[_WALLET] == -10, "the card is paid for once")

    def _version_one(self, card: Product) -> None:
        words = "A till that still speaks version 1: it logs in, and the codes come in the very reply."
        with self._act(5, "The older version, the same account", words) as moved:
            order_id = self._new("505")
            order = self._order(
                "place",
                "one gift card, in v1",
                "completed",
                lambda: self._old.place(order_id, [card.buy()], ticket="505"),
                calls=2,
            )
            self._reveal(self._old, order, 1)
        self._must(moved[_WALLET] == -10, "the card is paid for")

    # How a step is told

    @contextmanager
    def _act(self, number: int, title: str, words: str) -> Generator[Balances]:
        """Gives what the act moved; filled in when it is over."""
        self._screen.act(number, title, words)
        before, moved = self._balances(), Balances()
        yield moved
        after = self._balances()
        moved.update({account: after[account] - before[account] for account in after})
        self._screen.ledger(before, after, {})

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        delivered = sum(len(self._model.codes(code)) for code in self._model.orders())
        return {_WALLET: self._model.balance("GBP"), "codes delivered": Decimal(delivered)}

    def _new(self, ticket: str) -> str:
        order_id = self._till.order_id(ticket=ticket, day=_today())
        self._orders.append(order_id)
        return order_id

    def _found(self, sku: str) -> Product:
        found = self._step("products", f"{sku}?", lambda: self._kalixo.products(search=sku), _of_products)
        self._must(len(found) == 1, f"{sku} is in the catalogue")
        return found[0]

    def _place(self, ticket: str, card: Product, quantity: int, words: str) -> KalixoOrder:
        order_id = self._new(ticket)
        return self._order(
            "place", words, "processing", lambda: self._kalixo.place(order_id, [card.buy(quantity)], ticket=ticket)
        )

    def _reveal(self, kalixo: KalixoTill, order: KalixoOrder, count: int) -> None:
        codes = self._step("reveal", "print them", lambda: kalixo.reveal(order, why="receipt"), _of_codes)
        self._must(len(codes) == count, f"{count} code(s) to print")
        self._must({c.pin.reveal() for c in codes} == set(self._model.codes(order.id)), "they are the provider's")

    def _order(
        self, verb: str, words: str, state: str, act: Callable[[], KalixoOrder], *, calls: int = 1
    ) -> KalixoOrder:
        self._screen.step(verb, words)
        order = act()
        self._show(calls)
        more: list[tuple[str, str]] = []
        if order.facts.kalixo_id is not None:
            more.append(("at the provider", f"order {order.facts.kalixo_id}"))
        got = order.facts.delivered
        if got is not None:
            more.append(("delivered", f"{got.units} of {got.ordered}"))
        more.append(("allowed now", ", ".join(sorted(order.allowed)) or "nothing, this is final"))
        self._screen.result(order.state.value, order.cashier, more)
        self._must(order.state.value == state and order.doubt is None, f"{verb} ends in '{state}'")
        return order

    def _step(self, verb: str, words: str, ask: Callable[[], T], told: Callable[[T], tuple[str, str]]) -> T:
        self._screen.step(verb, words)
        answer = ask()
        self._show(1)
        self._screen.result(*told(answer))
        return answer

    def _refused(
        self, verb: str, words: str, act: Callable[[], object], kind: type[StampcardError], *, calls: int
    ) -> None:
        self._screen.step(verb, words)
        try:
            act()
        except kind as error:
            self._show(calls)
            self._screen.refusal(
                type(error).__name__, error.cashier, [("code", error.code), ("for the log", error.detail)]
            )
        else:
            raise ToldWrongError(f"{verb} was to be refused, and was done")

    def _show(self, calls: int) -> None:
        heard = self._heard.taken()
        self._must(len(heard) == calls, f"{calls} call(s) for this step, not {len(heard)}")
        for exchange in heard:
            self._screen.exchange(exchange)
        if not heard:
            self._screen.nothing_sent()

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            raise ToldWrongError(what)


def _keys(model: KalixoModel) -> KalixoKeys:
    """The sandbox's own keys, as an integrator would copy them from its ready line."""
    tenant = model.tenants()["kalixo"]
    if not isinstance(tenant, dict):
        raise ToldWrongError("the sandbox describes its tenant")
    return KalixoKeys(
        email=str(tenant["email"]),
        password=Secret(str(tenant["password"])),
        api_key=Secret(str(tenant["api_key"])),
    )


def _of_products(products: tuple[Product, ...]) -> tuple[str, str]:
    told = (f"{p.name}: {p.price or f'{p.lowest} to {p.highest}'}" for p in products)
    return f"{len(products)} product{'' if len(products) == 1 else 's'}", ", ".join(told)


def _of_codes(codes: tuple[GiftCode, ...]) -> tuple[str, str]:
    return f"{len(codes)} code{'' if len(codes) == 1 else 's'}", ", ".join(
        f"product {code.product_id}: {code.pin}" for code in codes
    )


def _today() -> date:
    """The business date, where the till stands."""
    return datetime.now().astimezone().date()
