"""Carts, payments and orders at every stage, folded the way the engine folds them: read a reply, learn the command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from stampcard.adapter import Accepted
from stampcard.commands import Observe
from stampcard.lifecycles import AUTHORIZATION, AuthorizationState
from stampcard.model import Address, Environment, Line, Money, Secret, Site
from stampcard.sealed import Sealed
from stampcard.wire import Response, minified
from stampcard_adapters.kibo import (
    AuthorizedCard,
    CancelReason,
    Card,
    Cart,
    CreditPlan,
    Customer,
    CustomerStatus,
    CustomField,
    Finance,
    GiftCard,
    Issuer,
    Kibo,
    KiboAdapter,
    KiboFacts,
    KiboKeys,
    KiboOrder,
    NoOperation,
    Payment,
    PayPal,
    SavedCard,
    Shipping,
    StoredMethod,
    StoredToken,
    Switches,
    TokenizedCard,
)
from stampcard_adapters.kibo.commands import AuthorizeCart, CancelOrder, CreateOrder, KiboCommand
from stampcard_adapters.kibo.payments import last_four
from stampcard_adapters.kibo.recovery import resendable

NOON: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NUMBER: Final = "4111111111111111"
CODE: Final = "737"
AUTH_TOKEN: Final = "2-3-19375976"
PAY_TOKEN: Final = "pm-46866409EG237433N"
RESERVED: Final = 7000001
KEYS: Final = KiboKeys(api_key="sandbox-key", secret=Secret("sandbox-secret"), manufacturer_id=1010, catalog_id=0)
URL: Final = "https://integration.example"


def usd(amount: str) -> Money:
    return Money(amount, "USD")


HOME: Final = Address(
    street="1 Main St", city="Austin", postal_code="78701", country="US", region="TX", first_name="Ann", last_name="Lee"
)
ANN: Final = Customer(first_name="Ann", last_name="Lee", email="ann@example.com", phone="5125550100")
FULL: Final = attrs.evolve(
    ANN,
    phone2="5125550101",
    id="88",
    account_created=datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC),
    active=CustomerStatus.ACTIVE,
    custom=(CustomField(key="club", value="gold"),),
)
SOCKS: Final = Line(label="Socks", price=usd("0.75"), quantity=2, product="SKU-1", categories=("wool",))
CUP: Final = Line(label="Cup", price=usd("0.50"))
CART: Final = Cart(id="0042-7-20260301-000417", lines=(SOCKS, CUP), amount=usd("2.00"), customer=ANN, ship_to=HOME)

CARD: Final = Card(
    number=Secret(NUMBER), expires_month=10, expires_year=2029, issuer=Issuer.VISA, billing=HOME, code=Secret(CODE)
)
TOKEN: Final = StoredToken(token=Secret(PAY_TOKEN))
PAYMENTS: Final[dict[str, Payment]] = {
    "card": CARD,
    "tokenized_card": TokenizedCard(token=Secret("ct-1"), last_four="4242", billing=HOME, issuer=Issuer.AMEX),
    "saved_card": SavedCard(token=Secret(PAY_TOKEN), issuer=Issuer.MASTERCARD),
    "authorized_card": AuthorizedCard(token=Secret("at-1"), billing=HOME),
    "stored_token": TOKEN,
    "paypal": PayPal(token=Secret("EC-1"), payer_id="P1"),
    "gift_card": GiftCard(number=Secret("6006 4912 3412 3412"), pin=Secret("9182")),
    "no_operation": NoOperation(type="CASH"),
    "credit_plan": CreditPlan(plan="P12", plan_type="FIXED"),
    "finance": Finance(code="F9", reference="R7"),
    "stored_method": StoredMethod(id="9917"),
}


def settings(**more: Any) -> Kibo:
    names = {field.name for field in attrs.fields(Kibo)}
    own = {name: more.pop(name) for name in list(more) if name in names}
    return Kibo(KEYS, environment=Environment.TEST, url=URL, switches=Switches(**more), **own)


def adapter(**more: Any) -> KiboAdapter:
    return KiboAdapter(settings(**more))


def order(
    facts: KiboFacts | None = None, state: AuthorizationState = AuthorizationState.NEW, **changes: Any
) -> KiboOrder:
    plain = KiboOrder(
        id=CART.id,
        provider="kibo",
        environment=Environment.TEST,
        site=Site(store="0042", register="7"),
        lifecycle=AUTHORIZATION.name,
        fingerprint=AUTHORIZATION.fingerprint,
        state=state,
        version=1,
        facts=facts or KiboFacts(),
    )
    return attrs.evolve(plain, **changes)


def authorize(payment: Payment = CARD, *, cart: Cart = CART, keep: bool = False, **changes: Any) -> AuthorizeCart:
    """As the verb makes it. keep: as with `resend_tokens` on."""
    token = resendable(payment) if keep else None
    command = AuthorizeCart(
        cart=cart,
        amount=cart.amount,
        kind=payment.kind,
        issuer=getattr(payment, "issuer", None),
        last_four=last_four(payment),
        at=NOON,
        payment=Secret(payment),
        token=None if token is None else Sealed.of(token),
        billing=None if token is None else payment.billing,
    )
    return attrs.evolve(command, **changes)


def create(**changes: Any) -> CreateOrder:
    return attrs.evolve(CreateOrder(at=NOON + timedelta(hours=1), shipping=Shipping()), **changes)


def cancel(reason: CancelReason = CancelReason.CHANGED_MIND, other: str | None = None) -> CancelOrder:
    return CancelOrder(reason=reason, other_reason=other)


def reply(status: int = 200, body: object = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else minified(body)
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def held(**changes: Any) -> Response:
    body = {"orderID": RESERVED, "paymentMethodToken": PAY_TOKEN, "authToken": AUTH_TOKEN, **changes}
    return reply(200, body)


def shown(status: str = "READY", number: object = RESERVED, **changes: Any) -> Response:
    return reply(200, {"orderID": number, "orderStatus": status, **changes})


def error(code: object, status: int = 400, message: str | None = "No.", **more: object) -> Response:
    body = {"code": code, "name": "A_NAME", "message": message, **more}
    return reply(status, {name: value for name, value in body.items() if value is not None})


def after(order_: KiboOrder, command: KiboCommand, response: Response) -> KiboOrder:
    """The order once `response` was accepted for `command`."""
    outcome = adapter().read(order_, command, response)
    assert isinstance(outcome, Accepted), outcome
    row = AUTHORIZATION.row(order_.state, command.trigger)
    assert row is not None
    facts = outcome.facts if isinstance(command, Observe) else outcome.facts.learn(command)
    return attrs.evolve(order_, facts=facts, state=outcome.to or row.destinations[0])


def at(state: str, *, payment: Payment = CARD, cart: Cart = CART) -> KiboOrder:
    """An order as it stands in `state`."""
    found = order()
    steps: tuple[tuple[str, KiboCommand, Response], ...] = (
        ("authorized", authorize(payment, cart=cart), held()),
        ("created", create(), shown()),
        ("cancelled", cancel(), shown("CANCELED")),
    )
    for name, command, response in steps:
        if state == "new":
            break
        found = after(found, command, response)
        if name == state:
            break
    return found


def step(trigger: str, *, payment: Payment = CARD) -> tuple[KiboOrder, KiboCommand]:
    """A command, and the order it is fired on."""
    if trigger == "authorize":
        return order(), authorize(payment)
    commands: dict[str, KiboCommand] = {"create": create(), "cancel": cancel(), "observe": Observe()}
    return at("authorized" if trigger == "create" else "created", payment=payment), commands[trigger]


TRIGGERS: Final = ("authorize", "create", "cancel", "observe")
