"""The demo's story at SessionM: points for a prize, a skills test, a reply that is lost on its way.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from stampcard import (
    DeclinedError,
    Environment,
    NotAllowedError,
    UnavailableError,
)
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_story import Stage, Story, Told, counted, staged, tenant
from stampcard_adapters.commands._demo_wire import Overheard
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

_CUSTOMER: Final = ExternalUserId("crm/4711@acme eu")
_CARD, _CONTEST, _COFFEE = 1, 2, 4


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a SessionM on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = SessionMModel()
    keys = _keys(model)
    with staged(
        screen,
        journal,
        Overheard(model, secrets=(keys.api_key.reveal(), keys.secret.reveal())),
        name="SessionM",
        about="Points for a prize: taken when it is redeemed, approved or rejected later.",
        cashier="Ben",
        serves="that checks every key",
        note="The provider's key is part of every path; it is put there on the way out only.",
    ) as stage:
        return _Story(stage, model, keys).tell()


class _Story(Story[SessionMOrder]):
    def __init__(self, stage: Stage, model: SessionMModel, keys: SessionMKeys) -> None:
        super().__init__(stage)
        self._model = model
        settings = SessionM(keys, environment=Environment.SANDBOX, url=stage.url)
        self._sessionm: SessionMTill = stage.till.use(settings).by("ben")

    def tell(self) -> Told:
        offers = self._contest()
        self._refusals(offers)
        self._answer_lost(offers[_CARD])
        return self._told()

    # The acts

    def _contest(self) -> dict[int, Offer]:
        words = "A customer from Canada wants to win a trip. There, a contest needs a question answered first."
        with self._act("A prize, a question, an approval", words) as moved:
            listed = self._ask(
                "offers", "what may he get?", lambda: self._sessionm.offers(_CUSTOMER, locale="en-CA"), _of_offers
            )
            offers = {offer.id: offer for offer in listed}
            challenge = self._answered(offers[_CONTEST])
            order_id = self._new("881")
            order = self._order(
                "redeem",
                "250 points for a ticket; his orders are read first, to know a new one from them",
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
        question = self._ask(
            "question", "the skills test", lambda: self._sessionm.question(_CUSTOMER), lambda q: ("asked", q.text)
        )
        self._refused(
            "answer",
            "he guesses 1000",
            lambda: self._sessionm.answer(_CUSTOMER, contest, question, "1000"),
            DeclinedError,
            calls=1,
        )
        again = self._ask(
            "question", "another one", lambda: self._sessionm.question(_CUSTOMER), lambda q: ("asked", q.text)
        )
        answer = self._model.right_answer(again.id)
        return self._ask(
            "answer",
            f"he says {answer}",
            lambda: self._sessionm.answer(_CUSTOMER, contest, again, answer),
            lambda right: ("right", f"challenge {right.id}, good for one order of offer {right.offer_id}"),
        )

    def _refusals(self, offers: Mapping[int, Offer]) -> None:
        words = "What cannot be is refused before it is redeemed. And the coffee has run out: the provider says no."
        self._model.set_stock(_COFFEE, 0)
        with self._act("Two refusals", words) as moved:
            self._refused(
                "redeem",
                "the trip again, without an answer; both pages of his orders are read",
                lambda: self._sessionm.redeem(self._id("882"), offers[_CONTEST], user=_CUSTOMER),
                NotAllowedError,
                calls=2,
            )
            order_id = self._new("883")
            self._refused(
                "redeem",
                "a free coffee, then",
                lambda: self._sessionm.redeem(order_id, offers[_COFFEE], user=_CUSTOMER, ticket="883"),
                DeclinedError,
                calls=3,
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

    def _answer_lost(self, card: Offer) -> None:
        words = (
            "The provider takes the points, and a gateway on the way loses its answer. Redeeming is not idempotent: "
            "sent again, it would take them twice."
        )
        with self._act("The answer is lost", words) as moved:
            order_id = self._new("884")
            self._lost(
                "redeem",
                "a gift card for 100 points",
                lambda: self._sessionm.redeem(order_id, card, user=_CUSTOMER, ticket="884"),
                calls=3,
            )
            self._refused(
                "redeem",
                "Ben starts over, under another number",
                lambda: self._sessionm.redeem(self._id("885"), card, user=_CUSTOMER),
                UnavailableError,
                calls=2,
            )
            order = self._order(
                "recover",
                "his orders are read again: the new one, with our number on it, is ours",
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

    # How it is told

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        found: Balances = {"points": Decimal(self._model.points(_CUSTOMER.value))}
        for number in (_CARD, _CONTEST):
            offer = self._model.offer(number)
            found[f"stock of {offer.name}"] = Decimal(offer.stock or 0)
        return found

    def _more(self, verb: str, order: SessionMOrder) -> list[tuple[str, str]]:
        if order.facts.order_id is None:
            return []
        return [("at the provider", f"order {order.facts.order_id}, {order.facts.points} points")]


def _keys(model: SessionMModel) -> SessionMKeys:
    own = tenant(model, "sessionm")
    return SessionMKeys.of(str(own["api_key"]), str(own["secret"]))


def _of_offers(offers: tuple[Offer, ...]) -> tuple[str, str]:
    return counted(offers, "offer"), ", ".join(f"{offer.name} ({offer.points}, {offer.status})" for offer in offers)
