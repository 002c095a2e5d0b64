"""The demo's story at Kibo: money held, an order made from it, a declined card, two lost answers, a change of mind.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import attrs

from stampcard import (
    Address,
    DeclinedError,
    Environment,
    InDoubtError,
    Line,
    Money,
    NeedsHumanError,
    NotAllowedError,
    Secret,
    Site,
    StampcardError,
    Till,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_told import Told, ToldWrongError
from stampcard_adapters.commands._demo_wire import Exchange, Overheard
from stampcard_adapters.kibo import (
    CancelReason,
    Card,
    Cart,
    Customer,
    Issuer,
    Kibo,
    KiboKeys,
    KiboOrder,
    KiboTill,
    Shipping,
)
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.serve import serve

__all__ = ["tell"]

_HIDDEN: Final = (
    "access_token",
    "cardNumber",
    "cardSecurityCode",
    "authToken",
    "paymentMethodToken",
    "authorizationID",
)
_NAMES: Final = {"held": "money held", "holds": "holds ever given", "orders": "orders not cancelled"}
_HOME: Final = Address(street="1 Main St", city="Austin", postal_code="78701", country="US", region="TX")
_ANN: Final = Customer(first_name="Ann", last_name="Lee", email="ann@example.com", phone="5125550100")


class _Gateway:
    """What stands before a provider. It can lose one answer: the call has taken effect, and a 504 comes back."""

    def __init__(self, model: KiboModel) -> None:
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
        return Response(status=504, headers={"Content-Type": "application/json"}, body=b'{"message":"Gateway Timeout"}')

    def tenants(self) -> dict[str, Json]:
        return self._model.tenants()

    def unbalanced(self) -> tuple[str, ...]:
        return self._model.unbalanced()


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Kibo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = KiboModel()
    gateway = _Gateway(model)
    heard = Overheard(gateway, hidden=_HIDDEN)
    with serve(sandbox_app(heard)) as url, Till(journal, site=Site(store="999999", register="7")) as till:
        screen.opening(
            "stampcard demo: Kibo",
            [
                "Money is held on a card first, and exactly one order is made from each hold:",
                "",
                "  the till        a real Till: store 999999, register 7, Anna at the counter",
                f"  the provider    a local Kibo at {url} that checks every token",
                f"  the journal     {journal}",
                "",
                "The card passes through memory once: no journal, log or error ever has its number. What is",
                "kept is its issuer and last four digits. Here, too, card and tokens are shown as ***.",
            ],
        )
        return _Story(screen, model, gateway, heard, till, url).tell()


class _Story:
    def __init__(
        self, screen: Screen, model: KiboModel, gateway: _Gateway, heard: Overheard, till: Till, url: str
    ) -> None:
        self._screen = screen
        self._model = model
        self._gateway = gateway
        self._heard = heard
        self._till = till
        self._kibo: KiboTill = till.use(_settings(model, url)).by("anna")
        self._cards = _cards(model)
        self._orders: list[str] = []

    def tell(self) -> Told:
        first = self._sale()
        self._declined()
        self._lost_answers()
        self._change_of_mind(first)
        return Told(
            main=first.id,
            orders=tuple(self._orders),
            calls=self._heard.count,
            unbalanced=self._model.unbalanced(),
        )

    # The acts

    def _sale(self) -> KiboOrder:
        words = "Two pairs of socks, to be sent home: $24.00. The card is held now, charged when they leave."
        with self._act(1, "Held, then ordered", words) as moved:
            cart = self._cart("601")
            held = self._order(
                "authorize",
                "a token first, then the card",
                "authorized",
                lambda: self._kibo.authorize(cart, self._card("approved"), ticket="601"),
                calls=2,
            )
            self._refused(
                "create",
                "for one cent more than is held",
                lambda: self._kibo.create(held, amount=Money("24.01", "USD")),
                NotAllowedError,
            )
            shipping = Shipping(ship_type="EXPRESS")
            order = self._order(
                "create",
                "paid by the hold, under the number that was reserved for it",
                "created",
                lambda: self._kibo.create(held, shipping=shipping),
            )
            self._must(order.facts.kibo_order_id == self._model.order_id(cart.id), "the order has the reserved number")
        self._must(moved == {"held": 24, "holds": 1, "orders": 1}, "one hold, one order")
        return order

    def _declined(self) -> None:
        words = "The bank says no to the first card. The order waits for another one."
        with self._act(2, "The card is declined", words) as moved:
            cart = self._cart("602")
            self._refused(
                "authorize",
                "her first card",
                lambda: self._kibo.authorize(cart, self._card("declined")),
                DeclinedError,
                calls=1,
            )
            held = self._order(
                "authorize",
                "another card",
                "authorized",
                lambda: self._kibo.authorize(cart, self._card("approved")),
            )
            why = "she leaves after all"
            self._order("abandon", why, "lapsed", lambda: self._kibo.abandon(held, why=why), calls=0)
        self._must(moved == {"held": 24, "holds": 1, "orders": 0}, "the hold ends by itself, and no order was made")

    def _lost_answers(self) -> None:
        words = "The gateway gives up twice, each time after Kibo has done what it was asked."
        with self._act(3, "Two answers are lost", words) as moved:
            cart = self._cart("603")
            self._gateway.loses_next = True
            self._refused(
                "authorize",
                "nobody can send a card again but its owner: said at once",
                lambda: self._kibo.authorize(cart, self._card("approved")),
                NeedsHumanError,
                calls=1,
            )
            self._screen.aside("At the counter: Anna asks, and Ann presents her card once more.")
            held = self._order(
                "authorize",
                "again, on purpose",
                "authorized",
                lambda: self._kibo.authorize(cart, self._card("approved"), again=True, why="Ann agreed"),
            )
            self._must(len(held.possible) == 1, "the first hold is listed as possible")
            self._gateway.loses_next = True
            self._refused(
                "create", "this one can be looked for", lambda: self._kibo.create(held), InDoubtError, calls=1
            )
            self._order(
                "recover",
                "Kibo is asked for the reserved number, and shows the order",
                "created",
                lambda: self._kibo.recover(cart.id),
            )
        self._must(moved == {"held": 48, "holds": 2, "orders": 1}, "a second hold, as was told, and one order")

    def _change_of_mind(self, first: KiboOrder) -> None:
        words = "Ann does not want the first order any more. It has not left yet."
        with self._act(4, "She changes her mind", words) as moved:
            reason = CancelReason.CHANGED_MIND
            self._order("cancel", "the whole order", "cancelled", lambda: self._kibo.cancel(first, reason))
            again = self._kibo.get(first.id)
            order = self._order(
                "cancel", "Anna taps twice", "cancelled", lambda: self._kibo.cancel(again, reason), calls=0
            )
            self._must(order.replayed, "the second cancel is the first one's answer")
        self._must(moved == {"held": -24, "holds": 0, "orders": -1}, "the money is hers again")

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
        holds = self._model.holds()
        live = [name for name in self._model.orders() if self._model.states(name)[-1] != "CANCELED"]
        held = sum((hold.sums.held for hold in holds), start=Decimal(0))
        return {"held": held, "holds": Decimal(len(holds)), "orders": Decimal(len(live))}

    def _cart(self, ticket: str) -> Cart:
        order_id = self._till.order_id(ticket=ticket, day=_today())
        self._orders.append(order_id)
        socks = Line(label="Wool socks", price=Money("12.00", "USD"), quantity=2, product="SOCK-W")
        return Cart(id=order_id, lines=(socks,), amount=Money("24.00", "USD"), customer=_ANN, ship_to=_HOME)

    def _card(self, fate: str) -> Card:
        """A new value each time: a card passes through memory once."""
        number, code = Secret(self._cards[fate]), Secret("737")
        return Card(number=number, expires_month=10, expires_year=2039, issuer=Issuer.VISA, billing=_HOME, code=code)

    def _order(self, verb: str, words: str, state: str, act: Callable[[], KiboOrder], *, calls: int = 1) -> KiboOrder:
        self._screen.step(verb, words)
        order = act()
        self._show(calls)
        more = [("replayed", "the recorded answer, given again")] if order.replayed else []
        if verb == "authorize" and order.facts.expires_at is not None:
            more.append(("held", f"{order.facts.authorized} until {order.facts.expires_at:%d %b %H:%M} UTC"))
            more.append(("kept of the card", f"{order.facts.issuer} ending {order.facts.last_four}"))
        more += [("may also be held", f"{p.why}; it ends {p.until:%d %b %H:%M} UTC") for p in order.possible]
        if order.facts.provider_status:
            more.append(("Kibo says", order.facts.provider_status))
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
            if isinstance(error, NeedsHumanError):
                more.append(("find out", error.check))
            more.append(("allowed now", ", ".join(sorted(error.allowed)) or "nothing"))
            self._screen.refusal(type(error).__name__, error.cashier, more)
        else:
            raise ToldWrongError(f"{verb} was to be refused, and was done")

    def _show(self, calls: int) -> None:
        heard = self._heard.taken()
        self._must(len(heard) == calls, f"{calls} call(s) for this step, not {len(heard)}")
        for exchange in heard:
            self._screen.exchange(_readable(exchange))
        if not heard:
            self._screen.nothing_sent()

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            raise ToldWrongError(what)


def _readable(exchange: Exchange) -> Exchange:
    """The token call's body is a form: shown as the text it is."""
    form = exchange.body.startswith(b"grant_type=")
    return attrs.evolve(exchange, body=json.dumps(exchange.body.decode()).encode()) if form else exchange


def _settings(model: KiboModel, url: str) -> Kibo:
    """The sandbox's own keys, as an integrator would copy them from its ready line."""
    tenant = _tenant(model)
    keys = KiboKeys(
        api_key=str(tenant["api_key"]),
        secret=Secret(str(tenant["secret"])),
        manufacturer_id=int(str(tenant["manufacturer_id"])),
        catalog_id=int(str(tenant["catalog_id"])),
    )
    return Kibo(keys, environment=Environment.SANDBOX, url=url)


def _cards(model: KiboModel) -> dict[str, str]:
    """The published test numbers, by what becomes of them."""
    cards = _tenant(model)["cards"]
    if not isinstance(cards, dict):
        raise ToldWrongError("the sandbox names its test cards")
    return {fate: str(number) for fate, number in cards.items()}


def _tenant(model: KiboModel) -> dict[str, Json]:
    tenant = model.tenants()["kibo"]
    if not isinstance(tenant, dict):
        raise ToldWrongError("the sandbox describes its tenant")
    return tenant


def _today() -> date:
    """The business date, where the till stands."""
    return datetime.now().astimezone().date()
