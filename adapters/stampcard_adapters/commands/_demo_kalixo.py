"""The demo's story at Kalixo: gift cards over the counter, one that comes in part, one whose answer is lost.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from stampcard import (
    DeclinedError,
    Environment,
    Money,
    NotAllowedError,
    Secret,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_story import Stage, Story, Told, counted, staged, tenant
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.kalixo import GiftCode, Kalixo, KalixoKeys, KalixoOrder, KalixoTill, Product
from stampcard_adapters.sandbox.kalixo import KalixoModel

__all__ = ["tell"]

_HIDDEN: Final = ("codes.code", "pin", "password", "accessToken", "refreshToken")
"""Codes are worth money to whoever reads them; the rest opens the account."""
_WALLET: Final = "wallet in GBP"
_SOLD_OUT: Final = 8


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Kalixo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = KalixoModel()
    keys = _keys(model)
    with staged(
        screen,
        journal,
        Overheard(model, secrets=(keys.email or "",), hidden=_HIDDEN),
        name="Kalixo",
        about="Gift cards, bought one by one from a prepaid account and handed over as codes.",
        cashier="Chris",
        serves="that speaks both versions of its API",
        note="A code is fetched when it is printed, and is neither in the journal nor on this screen.",
    ) as stage:
        return _Story(stage, model, keys).tell()


class _Story(Story[KalixoOrder]):
    def __init__(self, stage: Stage, model: KalixoModel, keys: KalixoKeys) -> None:
        super().__init__(stage)
        self._model = model
        self._old, self._kalixo = (
            stage.till.use(Kalixo(keys, version=version, environment=Environment.SANDBOX, url=stage.url)).by("chris")
            for version in (1, 2)
        )

    def tell(self) -> Told:
        card = self._sale()
        self._part()
        self._refusals()
        self._answer_lost(card)
        self._version_one(card)
        return self._told()

    # The acts

    def _sale(self) -> Product:
        words = "A customer buys two gift cards. The order is taken at once, and the codes come a moment later."
        with self._act("Two gift cards", words) as moved:
            card = self._found("KTEST-OK", "the provider's test card that always comes")
            order = self._place("501", card, 2, "two of them")
            order = self._order(
                "wait", "ready at the time it named?", "completed", lambda: self._kalixo.wait(order, within=9.0)
            )
            self._reveal(self._kalixo, order, 2)
        self._must(moved[_WALLET] == -20, "two cards at 10.00 are paid for")
        return card

    def _part(self) -> None:
        words = "The next customer wants three, and the provider has two. That is final: the rest will not come."
        with self._act("Only a part of it", words) as moved:
            order = self._place(
                "502", self._found("KTEST-PARTIAL", "its test card that comes in part"), 3, "three of them"
            )
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
        with self._act("Two refusals", words) as moved:
            card = self._found("KTEST-OPEN", "the one whose amount the customer names")
            self._refused(
                "buy",
                "one of GBP 500.00",
                lambda: card.buy(price=Money("500.00", "GBP")),
                NotAllowedError,
                calls=0,
            )
            gone = self._ask(
                "product", "another card, then", lambda: self._kalixo.product(_SOLD_OUT), lambda p: ("listed", p.name)
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

    def _answer_lost(self, card: Product) -> None:
        words = "The provider sells the card, and a gateway on the way loses its answer. Nobody knows what was bought."
        with self._act("The answer is lost", words) as moved:
            order_id = self._new("504")
            self._lost(
                "place",
                "one gift card",
                lambda: self._kalixo.place(order_id, [card.buy()], ticket="504"),
                calls=1,
            )
            order = self._order(
                "recover",
                "asked for by our own number: nothing is bought again",
                "completed",
                lambda: self._kalixo.recover(order_id),
            )
            self._reveal(self._kalixo, order, 1)
        self._must(moved[_WALLET] == -10, "the card is paid for once")

    def _version_one(self, card: Product) -> None:
        words = "A till that still speaks version 1: it logs in, and the codes come in the very reply."
        with self._act("The older version, the same account", words) as moved:
            order_id = self._new("505")
            order = self._order(
                "place",
                "one gift card, in version 1",
                "completed",
                lambda: self._old.place(order_id, [card.buy()], ticket="505"),
                calls=2,
            )
            self._reveal(self._old, order, 1)
        self._must(moved[_WALLET] == -10, "the card is paid for")

    # How it is told

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        delivered = sum(len(self._model.codes(code)) for code in self._model.orders())
        return {_WALLET: self._model.balance("GBP"), "codes delivered": Decimal(delivered)}

    def _more(self, verb: str, order: KalixoOrder) -> list[tuple[str, str]]:
        got, number = order.facts.delivered, order.facts.kalixo_id
        more = [] if number is None else [("at the provider", f"order {number}")]
        return more if got is None else [*more, ("delivered", f"{got.units} of {got.ordered}")]

    def _found(self, sku: str, which: str) -> Product:
        found = self._ask("products", f"{sku}: {which}", lambda: self._kalixo.products(search=sku), _of_products)
        self._must(len(found) == 1, f"{sku} is in the catalogue")
        return found[0]

    def _place(self, ticket: str, card: Product, quantity: int, words: str) -> KalixoOrder:
        order_id = self._new(ticket)
        return self._order(
            "place", words, "processing", lambda: self._kalixo.place(order_id, [card.buy(quantity)], ticket=ticket)
        )

    def _reveal(self, kalixo: KalixoTill, order: KalixoOrder, count: int) -> None:
        codes = self._ask("reveal", "print them", lambda: kalixo.reveal(order, why="receipt"), _of_codes)
        self._must(len(codes) == count, f"{count} code(s) to print")
        self._must({c.pin.reveal() for c in codes} == set(self._model.codes(order.id)), "they are the provider's")


def _keys(model: KalixoModel) -> KalixoKeys:
    own = tenant(model, "kalixo")
    return KalixoKeys(
        email=str(own["email"]), password=Secret(str(own["password"])), api_key=Secret(str(own["api_key"]))
    )


def _of_products(products: tuple[Product, ...]) -> tuple[str, str]:
    told = (f"{p.name}: {p.price or f'{p.lowest} to {p.highest}'}" for p in products)
    return counted(products, "product"), ", ".join(told)


def _of_codes(codes: tuple[GiftCode, ...]) -> tuple[str, str]:
    return counted(codes, "code"), ", ".join(f"product {code.product_id}: {code.pin}" for code in codes)
