"""The demo's story at SessionM: points for a prize, a skills test, a reply that is lost on its way.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from stampcard import (
    DeclinedError,
    Environment,
    InDoubtError,
    NotAllowedError,
    Site,
    StampcardError,
    Till,
    UnavailableError,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_told import Told, ToldWrongError
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sessionm import (
    Challenge,
    ExternalUserId,
    Offer,
    SessionM,
    SessionMKeys,
    SessionMOrder,
    SessionMTill,
)

__all__ = ["tell"]

T = TypeVar("T")

_CUSTOMER: Final = ExternalUserId("crm/4711@acme eu")
_CARD, _CONTEST, _COFFEE = 1, 2, 4


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a SessionM on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    gateway = _Gateway(SessionMModel())
    keys = _keys(gateway.model)
    heard = Overheard(gateway, secrets=(keys.api_key.reveal(), keys.secret.reveal()))
    with serve(sandbox_app(heard)) as url, Till(journal, site=Site(store="999999", register="7")) as till:
        screen.opening(
            "stampcard demo: SessionM",
            [
                "Points for a prize: taken when it is redeemed, approved or rejected later.",
                "",
                "  the till        a real Till: store 999999, register 7, Ben at the counter",
                f"  the provider    a local SessionM at {url} that checks every key",
                f"  the journal     {journal}",
                "",
                "The provider's key is part of every path. It is put there on the way out only, and shown as ***.",
            ],
        )
        sessionm = till.use(SessionM(keys, environment=Environment.SANDBOX, url=url)).by("ben")
        return _Story(screen, gateway, heard, till, sessionm).tell()


class _Gateway:
    """Stands before the provider, and can lose an answer: what was asked for is done, and nobody hears of it."""

    def __init__(self, model: SessionMModel) -> None:
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
    def __init__(self, screen: Screen, gateway: _Gateway, heard: Overheard, till: Till, sessionm: SessionMTill) -> None:
        self._screen = screen
        self._gateway = gateway
        self._model = gateway.model
        self._heard = heard
        self._till = till
        self._sessionm = sessionm
        self._orders: list[str] = []

    def tell(self) -> Told:
        offers = self._contest()
        self._refusals(offers)
        self._lost(offers[_CARD])
        return Told(
            main=self._orders[0],
            orders=tuple(self._orders),
            calls=self._heard.count,
            unbalanced=self._model.unbalanced(),
        )

    # The acts

    def _contest(self) -> dict[int, Offer]:
        words = "A customer from Canada wants to win a trip. There, a contest needs a question answered first."
        with self._act(1, "A prize, a question, an approval", words) as moved:
            listed = self._step(
                "offers", "what can he get?", lambda: self._sessionm.offers(_CUSTOMER, locale="en-CA"), _of_offers
            )
            offers = {offer.id: offer for offer in listed}
            challenge = self._answered(offers[_CONTEST])
            order_id = self._new("881")
            order = self._order(
                "redeem",
                "250 points for a ticket",
                "pending_approval",
                lambda: self._sessionm.redeem(
                    order_id, offers[_CONTEST], user=_CUSTOMER, challenge=challenge, ticket="881"
                ),
                calls=2,
            )
            self._screen.aside("At the provider's own console: customer care approves it.")
            self._model.approve(order_id)
            self._order("observe", "is it approved yet?", "approved", lambda: self._sessionm.observe(order))
        self._must(moved["points"] == -250, "250 points are spent, when it was redeemed")
        return offers

    def _answered(self, contest: Offer) -> Challenge:
        question = self._step(
            "question", "the skills test", lambda: self._sessionm.question(_CUSTOMER), lambda q: ("asked", q.text)
        )
        self._refused(
            "answer",
            "he guesses 1000",
            lambda: self._sessionm.answer(_CUSTOMER, contest, question, "1000"),
            DeclinedError,
            calls=1,
        )
        again = self._step(
            "question", "another one", lambda: self._sessionm.question(_CUSTOMER), lambda q: ("asked", q.text)
        )
        answer = self._model.right_answer(again.id)
        return self._step(
            "answer",
            f"he says {answer}",
            lambda: self._sessionm.answer(_CUSTOMER, contest, again, answer),
            lambda right: ("right", f"challenge {right.id}, good for one order of offer {right.offer_id}"),
        )

    def _refusals(self, offers: Mapping[int, Offer]) -> None:
        words = "What cannot be is refused before it is redeemed. And the coffee has run out: the provider says no."
        self._model.set_stock(_COFFEE, 0)
        with self._act(2, "Two refusals", words) as moved:
            self._refused(
                "redeem",
                "the trip again, without an answer",
                lambda: self._sessionm.redeem(self._unused("882"), offers[_CONTEST], user=_CUSTOMER),
                NotAllowedError,
                calls=1,
            )
            order_id = self._new("883")
            self._refused(
                "redeem",
                "a free coffee, then",
                lambda: self._sessionm.redeem(order_id, offers[_COFFEE], user=_CUSTOMER, ticket="883"),
                DeclinedError,
                calls=2,
            )
            opened = self._sessionm.get(order_id)
            self._order(
                "abandon",
                "nothing then",
                "abandoned",
                lambda: self._sessionm.abandon(opened, why="sold out"),
                calls=0,
            )
        self._must(not any(moved.values()), "a refusal moves nothing")

    def _lost(self, card: Offer) -> None:
        words = (
            "The provider takes the points, and a gateway on the way loses its answer. Redeeming is not idempotent: "
            "sent again, it would take them twice."
        )
        with self._act(3, "A lost reply", words) as moved:
            order_id = self._new("884")
            self._gateway.loses_next = True
            self._refused(
                "redeem",
                "a gift card for 100 points",
                lambda: self._sessionm.redeem(order_id, card, user=_CUSTOMER, ticket="884"),
                InDoubtError,
                calls=2,
            )
            self._refused(
                "redeem",
                "Ben starts over, under another number",
                lambda: self._sessionm.redeem(self._unused("885"), card, user=_CUSTOMER),
                UnavailableError,
                calls=1,
            )
            order = self._order(
                "recover",
                "the background looks: the new order that carries our number is ours",
                "pending_approval",
                lambda: self._sessionm.recover(order_id),
            )
            self._order(
                "approve",
                "the desk lets it through",
                "approved",
                lambda: self._sessionm.approve(order, why="known customer"),
            )
        self._must(moved["points"] == -100, "the points are taken once")

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
        found: Balances = {"points": Decimal(self._model.points(_CUSTOMER.value))}
        for number in (_CARD, _CONTEST):
            offer = self._model.offer(number)
            found[f"stock of {offer.name}"] = Decimal(offer.stock or 0)
        return found

    def _unused(self, ticket: str) -> str:
        """Of an order that is refused before it is opened."""
        return self._till.order_id(ticket=ticket, day=_today())

    def _new(self, ticket: str) -> str:
        order_id = self._till.order_id(ticket=ticket, day=_today())
        self._orders.append(order_id)
        return order_id

    def _order(
        self, verb: str, words: str, state: str, act: Callable[[], SessionMOrder], *, calls: int = 1
    ) -> SessionMOrder:
        self._screen.step(verb, words)
        order = act()
        self._show(calls)
        more: list[tuple[str, str]] = []
        if order.facts.order_id is not None:
            more.append(("at the provider", f"order {order.facts.order_id}, {order.facts.points} points"))
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


def _keys(model: SessionMModel) -> SessionMKeys:
    """The sandbox's own keys, as an integrator would copy them from its ready line."""
    tenant = model.tenants()["sessionm"]
    if not isinstance(tenant, dict):
        raise ToldWrongError("the sandbox describes its tenant")
    return SessionMKeys.of(str(tenant["api_key"]), str(tenant["secret"]))


def _of_offers(offers: tuple[Offer, ...]) -> tuple[str, str]:
    return f"{len(offers)} offers", ", ".join(f"{offer.name} ({offer.points}, {offer.status})" for offer in offers)


def _today() -> date:
    """The business date, where the till stands."""
    return datetime.now().astimezone().date()
