"""Orders at every stage, folded the way the engine folds them: read a reply, learn the command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from stampcard.adapter import Accepted
from stampcard.commands import Bill, Checkout, Complete, Place, PurchaseCommand, Refund, Void
from stampcard.lifecycles import PURCHASE, PurchaseState
from stampcard.model import (
    GUEST,
    Address,
    Basket,
    CardBrand,
    Environment,
    Guest,
    Handover,
    Line,
    Member,
    Modifier,
    Money,
    Reward,
    Site,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.signing import Key, KeyRing
from stampcard.wire import Response, minified
from stampcard_adapters.spendgo import (
    Repeated,
    Spendgo,
    SpendgoAdapter,
    SpendgoFacts,
    SpendgoKeys,
    SpendgoOrder,
    Switches,
)

KEYS: Final = SpendgoKeys(account_id="33559", keys=KeyRing(current=Key.raw("an-api-key-0001", b"a-top-secret")))
MEMBER: Final = Member(id="494979", provider="spendgo", status="Active")


def usd(amount: str) -> Money:
    return Money(amount, "USD")


def adapter(repeat: Repeated = Repeated.REPLAYED, **switches: Any) -> SpendgoAdapter:
    chosen = attrs.evolve(Switches(repeat=repeat), **switches)
    return SpendgoAdapter(
        Spendgo(KEYS, environment=Environment.TEST, stores={"0042": "999999"}, switches=chosen),
    )


BASKET: Final = Basket(
    lines=(
        Line(
            label="Turkey Sandwich",
            price=usd("5"),
            quantity=2,
            product="TURK",
            categories=("food", "lunch"),
            modifiers=(
                Modifier(
                    label="Crème fraîche",
                    price=usd("0.50"),
                    categories=("extra",),
                    modifiers=(Modifier(label="double", price=usd("0.25"), quantity=2, product="DBL"),),
                ),
            ),
        ),
        Line(label="Water", price=usd("0")),
    ),
    totals=Totals(subtotal=usd("12"), tax=usd("0.10"), total=usd("12.10")),
)
DELIVERY: Final = attrs.evolve(
    BASKET,
    handover=Handover.DELIVERY,
    catering=True,
    wanted_at=datetime(2026, 11, 22, 18, 30, tzinfo=UTC),
    deliver_to=Address(
        street="1 Main St", city="Springfield", postal_code="01101", country="USA", region="MA", cross_street="Oak"
    ),
    totals=Totals(
        subtotal=usd("12"),
        tax=usd("0.10"),
        tip=usd("1"),
        delivery=usd("2.50"),
        discount=usd("2"),
        total=usd("13.60"),
    ),
)
CARD: Final = Tender(kind=TenderKind.CREDIT, amount=usd("7.10"), brand=CardBrand.VISA, last_four="4242")


def reward(**changes: Any) -> Reward:
    plain = Reward(
        id="2234402", label="$5 off", member_id=MEMBER.id, quantity=2, offer="rebate", value=usd("5"), code="5OFF"
    )
    return attrs.evolve(plain, **changes)


POINTS: Final = reward(id="P_77", label="Shop With Points", quantity=1, value=usd("25"), code=None, spends_points=True)


def order(facts: SpendgoFacts | None = None, state: PurchaseState = PurchaseState.NEW) -> SpendgoOrder:
    return SpendgoOrder(
        id="0042-7-20261122-000417",
        provider="spendgo",
        environment=Environment.TEST,
        site=Site(store="0042", register="7"),
        lifecycle=PURCHASE.name,
        fingerprint=PURCHASE.fingerprint,
        state=state,
        version=1,
        facts=facts or SpendgoFacts(),
    )


def checkout(
    *,
    basket: Basket = BASKET,
    buyer: Member | Guest = MEMBER,
    using: Reward | None = None,
    projected: Money | None = None,
) -> Checkout:
    return Checkout(basket=basket, buyer=buyer, rewards=() if using is None else (using,), projected=projected)


def place(totals: Totals, tenders: Sequence[Tender] = (CARD,), reward_discount: Money | None = None) -> Place:
    return Place(tenders=tuple(tenders), totals=totals, reward_discount=reward_discount)


def reply(status: int = 200, body: object = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else minified(body)
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def ok(stage: str, **fields: object) -> Response:
    return reply(200, {"transaction": {"status": stage, **fields}})


def after(order_: SpendgoOrder, command: PurchaseCommand, response: Response) -> SpendgoOrder:
    """The order once `response` was accepted for `command`."""
    outcome = adapter().read(order_, command, response)
    assert isinstance(outcome, Accepted), outcome
    row = PURCHASE.row(order_.state, command.trigger)
    assert row is not None
    return attrs.evolve(order_, facts=outcome.facts.learn(command), state=row.destinations[0])


def at(
    stage: str, *, using: Reward | None = None, buyer: Member | Guest = MEMBER, basket: Basket = BASKET
) -> SpendgoOrder:
    """An order as it stands right after `stage`; five dollars validated when a reward is used."""
    first = checkout(basket=basket, buyer=buyer, using=using)
    found = after(order(), first, ok("checkout", discount=5) if using else ok("checkout", discount=0))
    totals = basket.totals if using is None else basket.totals.discounted(usd("5"))
    steps: tuple[tuple[PurchaseCommand, Response], ...] = (
        (place(totals), ok("placed", discount=5)),
        (Bill(tenders=(CARD,), totals=totals), ok("billed", id="5961839")),
        (Complete(), ok("completed", id="5961839")),
    )
    for command, response in steps[: ("checkout", "placed", "billed", "completed").index(stage)]:
        found = after(found, command, response)
    return found


def step(
    trigger: str, *, using: Reward | None = None, buyer: Member | Guest = MEMBER
) -> tuple[SpendgoOrder, PurchaseCommand]:
    """A command, and the order it is fired on."""
    if trigger == "checkout":
        return order(), checkout(using=using, buyer=buyer)
    before = {"place": "checkout", "bill": "placed", "complete": "billed", "void": "billed", "refund": "completed"}
    stands = at(before[trigger], using=using, buyer=buyer)
    totals = BASKET.totals if using is None else BASKET.totals.discounted(usd("5"))
    commands: dict[str, PurchaseCommand] = {
        "place": place(totals),
        "bill": Bill(tenders=(CARD,), totals=totals),
        "complete": Complete(),
        "void": Void(why="card declined"),
        "refund": Refund(why="brought back"),
    }
    return stands, commands[trigger]


TRIGGERS: Final[tuple[str, ...]] = ("checkout", "place", "bill", "complete", "void", "refund")
NOBODY: Final = GUEST
