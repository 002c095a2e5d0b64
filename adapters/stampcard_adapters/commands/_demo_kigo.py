"""The demo's story at Kigo: a coffee for one customer, her link, a stranger, a lost answer, a product of another world.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from stampcard import (
    ConflictError,
    DeclinedError,
    Environment,
    NotAllowedError,
    Secret,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_story import Stage, Story, Told, staged, tenant
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.kigo import ClaimLink, Kigo, KigoKeys, KigoOrder, KigoTill, Sso
from stampcard_adapters.sandbox.kigo import KigoModel

__all__ = ["tell"]

COFFEE: Final = "sandbox-product-coffee"
LIVE_COFFEE: Final = "live-product-coffee"
_STOCK: Final = 100
_HIDDEN: Final = ("api_key", "token", "claim_code", "deeplink_url", "session_id")
_NAMES: Final = {"stock": "in stock", "waiting": "codes waiting to be claimed", "claimed": "in wallets"}


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Kigo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = KigoModel()
    model.set_stock(COFFEE, _STOCK)
    with staged(
        screen,
        journal,
        Overheard(model, hidden=_HIDDEN),
        name="Kigo",
        about="A free product, ordered for one customer, and the link that only she is shown.",
        cashier="Anna",
        serves="that checks every session",
        note="Whoever holds a claim code can claim: so neither code nor link is written down anywhere, and showing "
        "them asks the provider again.",
    ) as stage:
        return _Story(stage, model).tell()


class _Story(Story[KigoOrder]):
    def __init__(self, stage: Stage, model: KigoModel) -> None:
        super().__init__(stage, _NAMES)
        self._model = model
        self._kigo: KigoTill = stage.till.use(_settings(model, stage.url)).by("anna")

    def tell(self) -> Told:
        order = self._boost()
        self._stranger(order)
        self._lost_answer()
        self._other_world()
        return self._told()

    # The acts

    def _boost(self) -> KigoOrder:
        words = "The customer u-41 gets a coffee, by a link that she is about to open on her phone."
        with self._act("A free coffee, ordered once", words) as moved:
            order_id = self._new("701")
            order = self._order(
                "place",
                "a session first, then the order",
                "completed",
                lambda: self._kigo.place(order_id, COFFEE, user="u-41", ticket="701"),
                calls=2,
            )
            self._order(
                "place",
                "Anna taps twice",
                "completed",
                lambda: self._kigo.place(order_id, COFFEE, user="u-41", ticket="701"),
                calls=0,
            )
            link = self._ask(
                "reveal",
                "the link, with a login that works once, for her",
                lambda: self._kigo.reveal(order, user="u-41", why="opens it on her phone", sso=Sso(program="gold")),
                _of_link,
                calls=2,
            )
            self._must(link.url.reveal().startswith(self._model.deeplink(order_id)), "the link is the provider's own")
            self._must(link.url.reveal().count("?") == 1, "the login is appended, not put behind a second ?")
            self._screen.aside("On her phone: she follows the link and claims the coffee.")
            self._model.claim(order_id, "u-41", program="gold")
        self._must(moved == {"stock": -1, "waiting": 0, "claimed": 1}, "one coffee went into one wallet")
        return order

    def _stranger(self, order: KigoOrder) -> None:
        words = "A link is worth a coffee to whoever holds it."
        with self._act("Somebody else asks for it", words) as moved:
            self._refused(
                "reveal",
                "u-99 wants to see it",
                lambda: self._kigo.reveal(order, user="u-99", why="says it is his"),
                NotAllowedError,
            )
            self._refused(
                "place",
                "the same order id, for u-99: Kigo would give him her code",
                lambda: self._kigo.place(order.id, COFFEE, user="u-99"),
                ConflictError,
            )
        self._must(not any(moved.values()), "nothing moved")

    def _lost_answer(self) -> None:
        words = "The order is made, and its answer is lost on the way back."
        with self._act("The answer is lost", words) as moved:
            order_id = self._new("702")
            self._lost(
                "place",
                "a coffee for u-42",
                lambda: self._kigo.place(order_id, COFFEE, user="u-42", ticket="702"),
                calls=1,
            )
            doubted = self._kigo.get(order_id)
            self._refused(
                "reveal",
                "nobody knows yet, so nothing is shown",
                lambda: self._kigo.reveal(doubted, user="u-42", why="waits for it"),
                NotAllowedError,
            )
            self._order(
                "recover",
                "the same order id again: Kigo gives the first order back",
                "completed",
                lambda: self._kigo.recover(order_id),
            )
        self._must(moved == {"stock": -1, "waiting": 1, "claimed": 0}, "one coffee was ordered, not two")

    def _other_world(self) -> None:
        words = "Product ids differ between test and live, and somebody has mixed them up."
        with self._act("A product Kigo does not know here", words) as moved:
            order_id = self._new("703")
            self._refused(
                "place",
                "the live world's coffee, in the test world",
                lambda: self._kigo.place(order_id, LIVE_COFFEE, user="u-43", ticket="703"),
                DeclinedError,
                calls=1,
            )
            opened = self._kigo.get(order_id)
            self._order(
                "abandon",
                "she takes nothing",
                "abandoned",
                lambda: self._kigo.abandon(opened, why="not to be had"),
                calls=0,
            )
        self._must(not any(moved.values()), "a refusal moves nothing")

    # How it is told

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        issued, claimed = self._model.issued(COFFEE), self._model.claimed(COFFEE)
        found = {"stock": self._model.stock(COFFEE), "waiting": issued - claimed, "claimed": claimed}
        return {account: Decimal(amount) for account, amount in found.items()}

    def _more(self, verb: str, order: KigoOrder) -> list[tuple[str, str]]:
        return [("ordered", f"{order.facts.product_id} for {order.facts.user}")] if order.facts.product_id else []


def _settings(model: KigoModel, url: str) -> Kigo:
    own = tenant(model, "kigo")
    keys = KigoKeys(partner_id=str(own["partner_id"]), api_key=Secret(str(own["api_key"])))
    return Kigo(keys, environment=Environment.SANDBOX, url=url)


def _of_link(link: ClaimLink) -> tuple[str, str]:
    ends = "" if link.expires_at is None else f"; her login ends {link.expires_at:%H:%M} UTC"
    return "shown", f"to her alone: {link.url}{ends}"
