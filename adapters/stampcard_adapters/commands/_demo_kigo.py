"""The demo's story at Kigo: a boost for one customer, her link, a stranger, a lost answer, a product of another world.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from stampcard import (
    ConflictError,
    DeclinedError,
    Environment,
    InDoubtError,
    NotAllowedError,
    Secret,
    Site,
    StampcardError,
    Till,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_told import Told, ToldWrongError
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.kigo import Kigo, KigoKeys, KigoOrder, KigoTill, Sso
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.serve import serve

__all__ = ["tell"]

COFFEE: Final = "sandbox-product-coffee"
LIVE_COFFEE: Final = "live-product-coffee"
_STOCK: Final = 100
_HIDDEN: Final = ("api_key", "token", "claim_code", "deeplink_url", "session_id")
_NAMES: Final = {"stock": "in stock", "waiting": "codes waiting to be claimed", "claimed": "in wallets"}


class _Gateway:
    """What stands before a provider. It can lose one answer: the call has taken effect, and a 502 comes back."""

    def __init__(self, model: KigoModel) -> None:
        self._model = model
        self.loses_next = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self._model.prefixes

    def handle(self, request: RequestLike, /) -> Response:
        answer = self._model.handle(request)
        if not self.loses_next:
            return answer
        self.loses_next = False
        return Response(status=502, headers={"Content-Type": "application/json"}, body=b'{"message":"Bad Gateway"}')

    def tenants(self) -> dict[str, Json]:
        return self._model.tenants()

    def unbalanced(self) -> tuple[str, ...]:
        return self._model.unbalanced()


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Kigo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = KigoModel()
    model.set_stock(COFFEE, _STOCK)
    gateway = _Gateway(model)
    heard = Overheard(gateway, hidden=_HIDDEN)
    with serve(sandbox_app(heard)) as url, Till(journal, site=Site(store="999999", register="7")) as till:
        screen.opening(
            "stampcard demo: Kigo",
            [
                "A boost, ordered for one customer, and the link that only she is shown:",
                "",
                "  the till        a real Till: store 999999, register 7, Anna at the counter",
                f"  the provider    a local Kigo at {url} that checks every session",
                f"  the journal     {journal}",
                "",
                "Whoever holds a claim code can claim. So neither code nor link is written down anywhere:",
                "showing them asks the provider again. Here, too, they are shown as ***.",
            ],
        )
        return _Story(screen, model, gateway, heard, till, url).tell()


class _Story:
    def __init__(
        self, screen: Screen, model: KigoModel, gateway: _Gateway, heard: Overheard, till: Till, url: str
    ) -> None:
        self._screen = screen
        self._model = model
        self._gateway = gateway
        self._heard = heard
        self._till = till
        self._kigo: KigoTill = till.use(_settings(model, url)).by("anna")
        self._orders: list[str] = []

    def tell(self) -> Told:
        order = self._boost()
        self._stranger(order)
        self._lost_answer()
        self._other_world()
        return Told(
            main=order.id,
            orders=tuple(self._orders),
            calls=self._heard.count,
            unbalanced=self._model.unbalanced(),
        )

    # The acts

    def _boost(self) -> KigoOrder:
        words = "A free coffee for the customer u-41, who is about to open the link on her phone."
        with self._act(1, "A boost, ordered once", words) as moved:
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
            self._screen.step("reveal", "the link, with a login for her made this moment")
            link = self._kigo.reveal(order, user="u-41", why="opens it on her phone", sso=Sso(program="gold"))
            self._show(2)
            ends = "" if link.expires_at is None else f"{link.expires_at:%H:%M} UTC"
            self._screen.result("shown", "to her alone", [("link", str(link.url)), ("her login ends", ends)])
            self._must(link.url.reveal().startswith(self._model.deeplink(order_id)), "the link is the provider's own")
            self._must(link.url.reveal().count("?") == 1, "the login is appended, not put behind a second ?")
            self._screen.aside("On her phone: she follows the link and claims the coffee.")
            self._model.claim(order_id, "u-41", program="gold")
        self._must(moved == {"stock": -1, "waiting": 0, "claimed": 1}, "one coffee went into one wallet")
        return order

    def _stranger(self, order: KigoOrder) -> None:
        words = "A link is worth a coffee to whoever holds it."
        with self._act(2, "Somebody else asks for it", words) as moved:
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
        with self._act(3, "The answer is lost", words) as moved:
            order_id = self._new("702")
            self._gateway.loses_next = True
            self._refused(
                "place",
                "a coffee for u-42",
                lambda: self._kigo.place(order_id, COFFEE, user="u-42", ticket="702"),
                InDoubtError,
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
        with self._act(4, "A product Kigo does not know here", words) as moved:
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

    # How a step is told

    @contextmanager
    def _act(self, number: int, title: str, words: str) -> Generator[Balances]:
        """Gives what the act moved; filled in when it is over."""
        self._screen.act(number, title, words)
        before, moved = self._balances(), Balances()
        yield moved
        after = self._balances()
        moved.update({account: after[account] - before[account] for account in after})
        self._screen.ledger(before, after, _NAMES)

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        issued, claimed = self._model.issued(COFFEE), self._model.claimed(COFFEE)
        found = {"stock": self._model.stock(COFFEE), "waiting": issued - claimed, "claimed": claimed}
        return {account: Decimal(amount) for account, amount in found.items()}

    def _new(self, ticket: str) -> str:
        order_id = self._till.order_id(ticket=ticket, day=_today())
        self._orders.append(order_id)
        return order_id

    def _order(self, verb: str, words: str, state: str, act: Callable[[], KigoOrder], *, calls: int = 1) -> KigoOrder:
        self._screen.step(verb, words)
        order = act()
        self._show(calls)
        more = [("replayed", "the recorded answer, given again")] if order.replayed else []
        if order.facts.product_id:
            more.append(("ordered", f"{order.facts.product_id} for {order.facts.user}"))
        more.append(("allowed now", ", ".join(sorted(order.allowed)) or "nothing, this is final"))
        self._screen.result(order.state.value, order.cashier, more)
        self._must(order.state.value == state and order.doubt is None, f"{verb} ends in '{state}'")
        return order

    def _refused(
        self, verb: str, words: str, act: Callable[[], object], kind: type[StampcardError], *, calls: int = 0
    ) -> None:
        self._screen.step(verb, words)
        try:
            act()
        except kind as error:
            self._show(calls)
            more = [("code", error.code), ("for the log", error.detail)]
            more.append(("allowed now", ", ".join(sorted(error.allowed)) or "nothing"))
            self._screen.refusal(type(error).__name__, error.cashier, more)
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


def _settings(model: KigoModel, url: str) -> Kigo:
    """The sandbox's own keys, as an integrator would copy them from its ready line."""
    tenant = model.tenants()["kigo"]
    if not isinstance(tenant, dict):
        raise ToldWrongError("the sandbox describes its tenant")
    keys = KigoKeys(partner_id=str(tenant["partner_id"]), api_key=Secret(str(tenant["api_key"])))
    return Kigo(keys, environment=Environment.SANDBOX, url=url)


def _today() -> date:
    """The business date, where the till stands."""
    return datetime.now().astimezone().date()
