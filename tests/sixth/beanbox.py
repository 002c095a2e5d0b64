"""Beanbox: the sixth provider, written by `adapters/ADDING_A_PROVIDER.md`, whose code blocks are cut from here.

    beanbox = till.use(Beanbox.from_env(os.environ))

May live here: what a provider's package holds, in one file instead of nine. May not: anything of `model.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, TypeAlias, assert_never

import attrs
import httpx

from stampcard import (
    Basket,
    ConfigurationError,
    Environment,
    Guest,
    Member,
    Money,
    Order,
    PurchaseState,
    Refusal,
    Reward,
    Site,
    Tender,
)
from stampcard.adapter import (
    Accepted,
    Adapter,
    Declined,
    Description,
    Escalate,
    Evidence,
    Look,
    NotSent,
    Policy,
    Probe,
    Query,
    Recovery,
    Repeat,
    Resend,
    Rule,
    Unknown,
)
from stampcard.commands import Bill, Checkout, Command, Complete, Place, PurchaseCommand, Refund, Void
from stampcard.config import Credentials, EnvReader, keys_of, url_problems
from stampcard.hooks import TenantHooks
from stampcard.lifecycles import PURCHASE
from stampcard.model import Facts
from stampcard.signing import Key, KeyRing, SignedAuth, Unsigned
from stampcard.step import Async, M, Seat, Step, Sync, verb
from stampcard.verbs import PurchaseFacts, PurchaseVerbs
from stampcard.wire import JsonView, Request, Response, path

__all__ = ["AsyncBeanboxTill", "Beanbox", "BeanboxAdapter", "BeanboxFacts", "BeanboxTill", "BeanboxVerbs", "StampCard"]

NAME: Final = "beanbox"
STATES: Final = {
    "place": "placed",
    "bill": "billed",
    "complete": "completed",
    "void": "voided",
    "refund": "refunded",
}
"""Trigger -> the provider's own word for the state it leads to."""

# values


@attrs.frozen(kw_only=True)
class BeanboxFacts(PurchaseFacts):
    """What is known of a purchase at Beanbox. receipt: the provider's own number of it."""

    receipt: str | None = None


@attrs.frozen(kw_only=True)
class StampCard:
    """A customer, and what the stamps are good for."""

    member: Member
    rewards: tuple[Reward, ...]


BeanboxOrder: TypeAlias = Order[PurchaseState, BeanboxFacts]
Outcome: TypeAlias = Accepted[PurchaseState, BeanboxFacts] | Declined | NotSent | Unknown

# settings


@attrs.frozen(kw_only=True)
class Beanbox:
    """Beanbox, as `till.use` takes it. Raises ConfigurationError, all problems.

    keys: of the one account, or what names them per tenant. late_window: seconds a call may still land after it was
    promised. auth: another signing scheme in place of Beanbox's own, one for all or one per site.
    """

    name: ClassVar[str] = NAME
    url: str
    keys: KeyRing | Credentials[KeyRing] = attrs.field(repr=False)
    environment: Environment
    late_window: float = 120.0
    auth: httpx.Auth | Callable[[Site], httpx.Auth] | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        problems = url_problems(self.url, self.environment)
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "BEANBOX_") -> Beanbox:
        """URL, ENVIRONMENT, KEY, SECRET, and while keys rotate OTHER_KEY, OTHER_SECRET, each after `prefix`.

        Raises ConfigurationError naming every missing or bad one.
        """
        read = EnvReader(env, prefix)
        url, environment = read.text("URL"), read.choice("ENVIRONMENT", Environment, otherwise=Environment.TEST)
        read.problems(url_problems(url, environment) if url else ())
        current = _key(read, "")
        rotating = read.optional("OTHER_KEY") is not None or read.optional("OTHER_SECRET") is not None
        other = _key(read, "OTHER_") if rotating else None
        return cls(url=url, keys=KeyRing(current=read.complete(current), other=other), environment=environment)

    @classmethod
    def describe(cls) -> Description:
        """One line of a page of providers."""
        same = Rule("the same again", "BEANBOX.md, a lost reply")
        look = Rule("the order is looked at; sent again only when it is still placed", "BEANBOX.md, a lost reply")
        recovery = {"checkout": Rule("sent anew: nothing is at stake", "BEANBOX.md, calls"), "bill": look}
        return Description(
            title="Beanbox",
            lifecycle=PURCHASE,
            policies=policies(),
            auth=Rule("HMAC-SHA256 over method, target and body; two live keys", "BEANBOX.md, credentials"),
            recovery={**dict.fromkeys(STATES, same), **recovery},
            asks=("card",),
            compared=Rule("the order and its state", "BEANBOX.md, calls"),
        )

    def bind(self, seat: Seat[M], /) -> BeanboxVerbs[M]:
        """The verbs, for one till. The till calls it: `till.use(settings)`."""
        return BeanboxVerbs(seat, BeanboxAdapter(self))

    def keys_of(self, tenant: str) -> KeyRing:
        """This tenant's keys now. Raises ConfigurationError when there are none."""
        return keys_of(self.keys, KeyRing, tenant, provider="Beanbox")


def _key(read: EnvReader, which: str) -> Key | None:
    name, secret = read.text(f"{which}KEY"), read.text(f"{which}SECRET")
    return read.build(f"{which}SECRET", lambda: Key.base64(name, secret)) if name and secret else None


# requests


def order_request(order: BeanboxOrder, command: PurchaseCommand) -> Request:
    """The call of a step: same input, same bytes. Raises ValueError for a later step of an order never priced."""
    where, facts = path("/v1/orders/{}/{}", order.id, command.trigger), order.facts
    match command:
        case Checkout():
            return Request.post(where, _sold(command.basket, command.buyer, command.reward))
        case Place(tenders=tenders):
            if facts.basket is None or facts.buyer is None:
                raise ValueError("an order that was never priced has no later step")
            return Request.post(where, {**_sold(facts.basket, facts.buyer, facts.reward), "paid": _paid(tenders)})
        case Bill(tenders=tenders):
            return Request.post(where, {"paid": _paid(tenders)})
        case Complete() | Void() | Refund():
            return Request.post(where, {})
        case _:
            assert_never(command)


def _sold(basket: Basket, buyer: Member | Guest, reward: Reward | None) -> dict[str, object]:
    return {
        "cents": basket.totals.subtotal.units,
        "card": buyer.id if isinstance(buyer, Member) else None,
        "reward": None if reward is None else reward.id,
    }


def _paid(tenders: Sequence[Tender]) -> list[int]:
    return [tender.amount.units for tender in tenders]


# replies

_NOES: Final = {
    (400, "bad_order"): ("order.refused", "The stamp server does not accept this sale as it is."),
    (404, "unknown_card"): ("card.unknown", "The stamp server does not know this card."),
    (409, "out_of_sequence"): ("order.out_of_sequence", "The stamp server does not expect this step now."),
    (422, "reward_gone"): ("reward.not_applied", "The reward does not fit this sale. Sell without it."),
}


def read_order(order: BeanboxOrder, command: PurchaseCommand, response: Response) -> Outcome:
    """What a step came to. Total: any status, any bytes."""
    if response.status != 200:
        return refusal(response)
    body = response.json()
    if body.bad or body.any("error").there:
        return Unknown(why=body.bad or "HTTP 200 with an error object")
    if body.any("order").text() != order.id or body.any("state").text() != STATES.get(command.trigger, "checkout"):
        return Unknown(why="the answer is about another order or step")
    if isinstance(command, Checkout):
        return _priced(order, command, body)
    return Accepted(facts=attrs.evolve(order.facts, receipt=body.any("receipt").text() or order.facts.receipt))


def _priced(order: BeanboxOrder, command: Checkout, body: JsonView) -> Outcome:
    off, subtotal = body.any("off").whole(), command.basket.totals.subtotal
    if off is None or not 0 <= off <= subtotal.units:
        return Unknown(why="the validated discount is no amount of this sale")
    if command.reward is not None and not off:
        return Declined(code="reward.not_applied", message="The reward does not fit this sale. Sell without it.")
    return Accepted(facts=attrs.evolve(order.facts, discount=Money.minor(off, subtotal.currency)))


def refusal(response: Response) -> Declined | NotSent | Unknown:
    """What an answer that is no success says. A no is believed only in the documented shape, under its own status."""
    if response.status == 429:
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=response.retry_after())
    word = response.json().any("error").text()
    if (response.status, word) == (401, "bad_signature"):  # checked before anything is done
        return NotSent(why="HTTP 401", code="credentials.refused", ours=True, provider_code=word)
    known = _NOES.get((response.status, word or ""))
    if known is None:
        return Unknown(why=f"HTTP {response.status} without a documented error")
    return Declined(code=known[0], message=known[1], provider_code=word)


# recovery

_BEFORE: Final[Mapping[str, tuple[str | None, ...]]] = {
    "place": (None,),
    "bill": ("placed",),
    "complete": ("billed",),
    "void": (None, "placed", "billed"),
    "refund": ("completed",),
}
"""Trigger -> where the order stands at Beanbox when the step has not happened; None: Beanbox does not know it."""


def recovery(
    order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, late_window: float
) -> Recovery[PurchaseState, BeanboxFacts]:
    """Only a bill is unsafe to repeat. After one repeat of anything else the order is looked at too."""
    if isinstance(command, Checkout):
        return Resend()
    if not isinstance(command, Bill) and evidence.attempts == 1 and evidence.answer is None:
        return Resend()

    def seen(response: Response) -> Outcome | Resend | Escalate:
        body = response.json()
        absent = response.status == 404 and body.any("error").text() == "unknown_order"
        if not absent and (response.status != 200 or body.any("order").text() != order.id):
            said = refusal(response)
            return said if isinstance(said, NotSent) else Unknown(why=f"a look was answered HTTP {response.status}")
        state = None if absent else body.any("state").text()
        if state == STATES[command.trigger]:
            return Accepted(facts=attrs.evolve(order.facts, receipt=body.any("receipt").text() or order.facts.receipt))
        if state in _BEFORE[command.trigger] and (absent or state is not None):
            if evidence.age < late_window:
                return Unknown(why="not there yet, but the call may still land")
            return evidence.answer or Resend()  # a repeat's no is believed now: it has not happened
        reason = f"{command.trigger} got no answer, and Beanbox shows the order as {state or 'nothing we know'}"
        return Escalate(reason=reason, check=f"Is order {order.id} {STATES[command.trigger]} at Beanbox?")

    return Probe(request=Request.get(path("/v1/orders/{}", order.id)), read=seen)


# reconciliation


def look(order: BeanboxOrder) -> Look[PurchaseState, BeanboxFacts]:
    """The order as Beanbox shows it. What was only priced is not kept there."""

    def read(response: Response) -> Outcome:
        body, state = response.json(), str(order.state)
        if response.status == 404 and body.any("error").text() == "unknown_order":
            if state in STATES.values():
                return Declined(code="order.unknown", message="The stamp server does not know this sale.")
            return Accepted(facts=order.facts, to=order.state)
        if response.status != 200 or body.any("order").text() != order.id:
            said = refusal(response)
            return said if isinstance(said, NotSent) else Unknown(why=f"a look was answered HTTP {response.status}")
        word = body.any("state").text() or "missing"
        if word not in STATES.values():
            return Accepted(facts=order.facts, drift=f"its state is {word[:20]}")
        return Accepted(facts=order.facts, to=PurchaseState(word))

    return Look(request=Request.get(path("/v1/orders/{}", order.id)), read=read)


# adapter


@attrs.frozen
class BeanSigner:
    """`stampcard.signing.Signer`: method, target and the body's digest, a line each."""

    def sign(self, unsigned: Unsigned, key: Key, now: datetime, /) -> Mapping[str, str]:
        """The two headers of BEANBOX.md. The scheme has no time in it."""
        digest = hashlib.sha256(unsigned.body).hexdigest().encode()
        text = b"\n".join([unsigned.method.encode(), unsigned.target, digest])
        mac = hmac.new(key.secret.reveal(), text, hashlib.sha256).hexdigest()
        return {"X-Bean-Key": key.id, "X-Bean-Sign": mac}


def policies(late_window: float = 120.0) -> Mapping[str, Policy]:
    """What each step stands."""
    same = Policy(repeat=Repeat.SAME_KEY, look_up=True, late_window=late_window)
    return {
        "checkout": attrs.evolve(same, effectless=True, look_up=False),
        "place": attrs.evolve(same, reversible=True),
        "bill": attrs.evolve(same, repeat=Repeat.PROBE_FIRST, reversible=True),
        "complete": attrs.evolve(same, reversible=True, deferrable=True),
        "void": attrs.evolve(same, deferrable=True),
        "refund": attrs.evolve(same, deferrable=True),
    }


class BeanboxAdapter(Adapter[PurchaseState, BeanboxFacts, PurchaseCommand]):
    """Pure, but for the memory of which of two live keys worked last."""

    name: ClassVar[str] = NAME
    lifecycle = PURCHASE
    facts: ClassVar[type[Facts]] = BeanboxFacts
    commands: ClassVar[tuple[type[Command], ...]] = (Checkout, Place, Bill, Complete, Void, Refund)

    def __init__(self, settings: Beanbox) -> None:
        self.environment = settings.environment
        self.base_url = settings.url.removesuffix("/")
        self.policies = policies(settings.late_window)
        self._hooks = TenantHooks(settings.auth, settings.keys_of, lambda keys: SignedAuth(BeanSigner(), keys))

    def opening(self) -> BeanboxFacts:
        return BeanboxFacts()

    def check(self, order: BeanboxOrder, command: PurchaseCommand, /) -> tuple[Refusal, ...]:
        """Beanbox's own limits, beside the lifecycle's guards."""
        found: list[Refusal] = []
        if isinstance(command, Checkout):
            if command.basket.totals.subtotal.currency != "USD":
                message = "Beanbox sells in US dollars only."
                found.append(Refusal(code="basket.currency", message=message, field="basket.totals"))
            if isinstance(command.buyer, Member) and command.buyer.provider != NAME:
                message = "This customer has no Beanbox card."
                found.append(Refusal(code="buyer.not_ours", message=message, field="buyer"))
        elif order.facts.basket is None or order.facts.buyer is None:
            found.append(Refusal(code="order.incomplete", message="This sale's basket or customer is no longer known."))
        return tuple(found)

    def request(self, order: BeanboxOrder, command: PurchaseCommand, /) -> Request:
        return order_request(order, command)

    def read(self, order: BeanboxOrder, command: PurchaseCommand, response: Response, /) -> Outcome:
        return read_order(order, command, response)

    def recover(
        self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /
    ) -> Recovery[PurchaseState, BeanboxFacts]:
        return recovery(order, command, evidence, self.policies[command.trigger].late_window)

    def compare(self, order: BeanboxOrder, /) -> Look[PurchaseState, BeanboxFacts]:
        return look(order)

    def auth(self, site: Site, /) -> httpx.Auth:
        """The hook you gave, else one for each tenant, kept, as it remembers which of two keys worked."""
        return self._hooks(site)


# verbs


class BeanboxVerbs(PurchaseVerbs[M, BeanboxFacts]):
    """Beanbox's verbs. See `PurchaseVerbs` for the order itself."""

    @verb
    def card(self, number: str) -> Step[StampCard]:
        """The customer of a stamp card, and what can be redeemed now.

        Raises DeclinedError ("card.unknown"), UnavailableError.
        """
        return (yield from self._ask(card_query(number)))


BeanboxTill: TypeAlias = BeanboxVerbs[Sync]
AsyncBeanboxTill: TypeAlias = BeanboxVerbs[Async]


def card_query(number: str) -> Query[StampCard]:
    """GET /v1/cards. It changes nothing, so it may be repeated."""

    def read(response: Response) -> StampCard | Declined | NotSent | Unknown:
        if response.status != 200:
            return refusal(response)
        body = response.json()
        if body.any("error").there or body.any("card").text() != number:
            return Unknown(why="the answer is about another card")
        listed = tuple(_reward(number, row) for row in body.any("rewards").items())
        return StampCard(
            member=Member(id=number, provider=NAME, status="active"), rewards=tuple(r for r in listed if r is not None)
        )

    return Query(name="card", request=Request.get("/v1/cards", number=number), read=read)


def _reward(card: str, row: JsonView) -> Reward | None:
    """A reward that can be used; None for a row that says too little to offer it."""
    reward, cents, left = row.any("id").text(), row.any("cents").whole(), row.any("left").whole()
    if reward is None or cents is None or left is None or not 0 < left < 1000:
        return None
    value = Money.minor(cents, "USD")
    label = row.any("label").text() or reward
    return Reward(id=reward, label=label, member_id=card, quantity=left, offer="stamps", value=value)
