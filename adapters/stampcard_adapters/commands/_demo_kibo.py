"""The demo's story at Kibo: money held, an order made from it, a declined card, two lost answers, a change of mind.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from stampcard import (
    Address,
    DeclinedError,
    Environment,
    Line,
    Money,
    NeedsHumanError,
    NotAllowedError,
    Secret,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_story import Stage, Story, Told, ToldWrongError, staged, tenant
from stampcard_adapters.commands._demo_wire import Overheard
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
from stampcard_adapters.sandbox.kibo import KiboModel

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


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Kibo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = KiboModel()
    with staged(
        screen,
        journal,
        Overheard(model, hidden=_HIDDEN),
        name="Kibo",
        about="Money is held on a card first, and exactly one order is made from each hold.",
        cashier="Anna",
        serves="that checks every token",
        note="The card passes through memory once: what is kept of it is its issuer and last four digits.",
    ) as stage:
        return _Story(stage, model).tell()


class _Story(Story[KiboOrder]):
    def __init__(self, stage: Stage, model: KiboModel) -> None:
        super().__init__(stage, _NAMES)
        self._model = model
        self._kibo: KiboTill = stage.till.use(_settings(model, stage.url)).by("anna")
        self._cards = _cards(model)

    def tell(self) -> Told:
        first = self._sale()
        self._declined()
        self._lost_answers()
        self._change_of_mind(first)
        return self._told()

    # The acts

    def _sale(self) -> KiboOrder:
        words = "Two pairs of socks, to be sent home: $24.00. The card is held now, charged when they leave."
        with self._act("Held, then ordered", words) as moved:
            cart = self._cart("601")
            held = self._order(
                "authorize",
                "a login for a token, then the card",
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
                "paid from the hold, under the number Kibo reserved for it",
                "created",
                lambda: self._kibo.create(held, shipping=shipping),
            )
            self._must(order.facts.kibo_order_id == self._model.order_id(cart.id), "the order has the reserved number")
        self._must(moved == {"held": 24, "holds": 1, "orders": 1}, "one hold, one order")
        return order

    def _declined(self) -> None:
        words = "The bank says no to the first card. The order waits for another one."
        with self._act("The card is declined", words) as moved:
            cart = self._cart("602")
            self._refused(
                "authorize",
                "her first card",
                lambda: self._kibo.authorize(cart, self._card("declined"), ticket="602"),
                DeclinedError,
                calls=1,
            )
            held = self._order(
                "authorize",
                "another card",
                "authorized",
                lambda: self._kibo.authorize(cart, self._card("approved"), ticket="602"),
            )
            why = "she leaves after all"
            self._order("abandon", why, "lapsed", lambda: self._kibo.abandon(held, why=why), calls=0)
        self._must(moved == {"held": 24, "holds": 1, "orders": 0}, "the hold ends by itself, and no order was made")

    def _lost_answers(self) -> None:
        words = "The gateway gives up twice, each time after Kibo has done what it was asked."
        with self._act("Two answers are lost", words) as moved:
            cart = self._cart("603")
            self._lost(
                "authorize",
                "a card is never sent again by itself: its owner decides",
                lambda: self._kibo.authorize(cart, self._card("approved"), ticket="603"),
                NeedsHumanError,
            )
            self._screen.aside("At the counter: Anna asks, and Ann presents her card once more.")
            held = self._order(
                "authorize",
                "again, on purpose",
                "authorized",
                lambda: self._kibo.authorize(cart, self._card("approved"), ticket="603", again=True, why="Ann agreed"),
            )
            self._must(len(held.possible) == 1, "the first hold is listed as possible")
            self._lost("create", "an order can be looked for, if no answer comes", lambda: self._kibo.create(held))
            self._order(
                "recover",
                "Kibo is asked for the reserved number, and shows the order",
                "created",
                lambda: self._kibo.recover(cart.id),
            )
        self._must(moved == {"held": 48, "holds": 2, "orders": 1}, "a second hold, as was told, and one order")

    def _change_of_mind(self, first: KiboOrder) -> None:
        words = "Ann does not want the first order any more. It has not left yet."
        with self._act("She changes her mind", words) as moved:
            reason = CancelReason.CHANGED_MIND
            self._order("cancel", "the whole order", "cancelled", lambda: self._kibo.cancel(first, reason))
            again = self._kibo.get(first.id)
            order = self._order(
                "cancel", "Anna taps twice", "cancelled", lambda: self._kibo.cancel(again, reason), calls=0
            )
            self._must(order.replayed, "the second cancel is the first one's answer")
        self._must(moved == {"held": -24, "holds": 0, "orders": -1}, "the money is hers again")

    # How it is told

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        holds = self._model.holds()
        live = [name for name in self._model.orders() if self._model.states(name)[-1] != "CANCELED"]
        held = sum((hold.sums.held for hold in holds), start=Decimal(0))
        return {"held": held, "holds": Decimal(len(holds)), "orders": Decimal(len(live))}

    def _more(self, verb: str, order: KiboOrder) -> list[tuple[str, str]]:
        more: list[tuple[str, str]] = []
        if verb == "authorize" and order.facts.expires_at is not None:
            more.append(("held", f"{order.facts.authorized} until {order.facts.expires_at:%d %b %H:%M} UTC"))
            more.append(("kept of the card", f"issuer {order.facts.issuer}, last four digits {order.facts.last_four}"))
        more += [("perhaps held too", f"{p.why}; it ends by itself, {p.until:%d %b %H:%M} UTC") for p in order.possible]
        if order.facts.provider_status:
            more.append(("Kibo says", order.facts.provider_status))
        return more

    def _cart(self, ticket: str) -> Cart:
        socks = Line(label="Wool socks", price=Money("12.00", "USD"), quantity=2, product="SOCK-W")
        return Cart(id=self._new(ticket), lines=(socks,), amount=Money("24.00", "USD"), customer=_ANN, ship_to=_HOME)

    def _card(self, fate: str) -> Card:
        """A new value each time: a card passes through memory once."""
        number, code = Secret(self._cards[fate]), Secret("737")
        return Card(number=number, expires_month=10, expires_year=2039, issuer=Issuer.VISA, billing=_HOME, code=code)


def _settings(model: KiboModel, url: str) -> Kibo:
    own = tenant(model, "kibo")
    keys = KiboKeys(
        api_key=str(own["api_key"]),
        secret=Secret(str(own["secret"])),
        manufacturer_id=int(str(own["manufacturer_id"])),
        catalog_id=int(str(own["catalog_id"])),
    )
    return Kibo(keys, environment=Environment.SANDBOX, url=url)


def _cards(model: KiboModel) -> dict[str, str]:
    """The published test numbers, by what becomes of them."""
    cards = tenant(model, "kibo")["cards"]
    if not isinstance(cards, dict):
        raise ToldWrongError("the sandbox names its test cards")
    return {fate: str(number) for fate, number in cards.items()}
