"""The demo's story at Spendgo: what Anna does at register 7, and what must come of it.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from stampcard import (
    Basket,
    DeclinedError,
    Environment,
    Line,
    Member,
    Modifier,
    Money,
    NotAllowedError,
    Reward,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.signing import Key, KeyRing
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_story import Stage, Story, Told, ToldWrongError, counted, staged, tenant
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.spendgo import Balance, Spendgo, SpendgoKeys, SpendgoOrder, SpendgoTill

__all__ = ["tell"]

PHONE: Final = "5555550100"


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Spendgo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = SpendgoModel()
    with staged(
        screen,
        journal,
        Overheard(model),
        name="Spendgo",
        about="A loyalty order at a point of sale, from checkout to refund. Nothing here is staged:",
        cashier="Anna",
        serves="that checks every signature",
        note="Each request is signed over its exact bytes (HMAC-SHA256).",
    ) as stage:
        return _Story(stage, model).tell()


class _Story(Story[SpendgoOrder]):
    def __init__(self, stage: Stage, model: SpendgoModel) -> None:
        super().__init__(stage)
        self._model = model
        self._spendgo: SpendgoTill = stage.till.use(_settings(model, stage.url)).by("anna")
        self._member_id = model.members()[0].id

    def tell(self) -> Told:
        member, reward = self._sale()
        main = self._orders[0]
        self._refund(main)
        self._payment_fails(member, reward)
        self._refusals(main, member, reward)
        self._answer_lost(member, reward)
        return self._told()

    # The acts

    def _sale(self) -> tuple[Member, Reward]:
        with self._act("A member pays with a reward", "Lunch for four. The guest gives her phone number.") as moved:
            member = self._ask("member", "who is 555-555-0100?", lambda: self._spendgo.member(PHONE), _of_member)
            if not isinstance(member, Member):
                raise ToldWrongError("the customer is a member, awaiting nothing")
            rewards = self._ask("rewards", "what may she use here?", lambda: self._spendgo.rewards(member), _of_rewards)
            self._ask("balance", "and her points?", lambda: self._spendgo.balance(member), _of_balance)
            self._must(len(rewards) == 1, "she has one reward")
            [reward] = rewards
            self._names[_account(reward)] = f"{reward.label} (reward {reward.id})"
            order = self._checkout("417", "four turkey clubs, with the reward", _lunch(), member, reward)
            self._must(order.facts.discount == _usd("5.00"), "the reward is worth $5.00")
            order = self._order(
                "place", "the kitchen starts", "placed", lambda: self._spendgo.place(order, tenders=_cash())
            )
            self._screen.aside("At the counter: $51.68 in cash.")
            placed = order
            order = self._order("bill", "paid: the reward is used up", "billed", lambda: self._spendgo.bill(placed))
            billed = order
            self._order(
                "complete", "handed over: points are earned", "completed", lambda: self._spendgo.complete(billed)
            )
        self._must(moved == {"points": Decimal(47), _account(reward): Decimal(-1)}, "47 points earned, one reward used")
        return member, reward

    def _refund(self, order_id: str) -> None:
        with self._act("The food was cold", "She wants her money back. All of it is undone at the provider.") as moved:
            done = self._spendgo.get(order_id)
            why = "cold food"
            self._order("refund", "the whole sale", "refunded", lambda: self._spendgo.refund(done, why=why))
            again = self._spendgo.get(order_id)
            order = self._order(
                "refund", "Anna taps twice", "refunded", lambda: self._spendgo.refund(again, why=why), calls=0
            )
            self._must(order.replayed, "the second refund is the first one's answer")
        self._must(moved["points"] == -47, "the points are taken back")

    def _payment_fails(self, member: Member, reward: Reward) -> None:
        words = "The same lunch again. The order is placed, and then the card is declined."
        with self._act("The card is declined", words) as moved:
            order = self._checkout("418", "with the reward, which is back", _lunch(), member, reward)
            card = [Tender(kind=TenderKind.CREDIT, amount=_usd("51.68"), last_four="0002")]
            placed = self._order(
                "place", "to be paid by card", "placed", lambda: self._spendgo.place(order, tenders=card)
            )
            self._screen.aside("At the card terminal: declined. No other card.")
            why = "card declined"
            self._order("void", "the order must not stay", "voided", lambda: self._spendgo.void(placed, why=why))
        self._must(not any(moved.values()), "nothing moved: the reward is still hers")

    def _refusals(self, main: str, member: Member, reward: Reward) -> None:
        words = "What the order does not allow is refused before anything is sent; then the provider says no."
        with self._act("Two refusals, and what is allowed instead", words) as moved:
            refunded = self._spendgo.get(main)
            self._refused(
                "void",
                "cancel the sale that was refunded",
                lambda: self._spendgo.void(refunded, why="by mistake"),
                NotAllowedError,
                calls=0,
            )
            order_id = self._new("419")
            self._refused(
                "checkout",
                "a soup for $6.50, with the reward",
                lambda: self._spendgo.checkout(order_id, _soup(), buyer=member, reward=reward, ticket="419"),
                DeclinedError,
                calls=1,
            )
            opened = self._spendgo.get(order_id)
            why = "no lunch today"
            self._order(
                "abandon", "she walks away", "abandoned", lambda: self._spendgo.abandon(opened, why=why), calls=0
            )
        self._must(not any(moved.values()), "a refusal moves nothing")

    def _answer_lost(self, member: Member, reward: Reward) -> None:
        words = "The same lunch once more. Billing it uses the reward up, and the answer never arrives."
        with self._act("The answer is lost", words) as moved:
            order = self._checkout("420", "with the reward, which is still hers", _lunch(), member, reward)
            placed = self._order(
                "place", "the kitchen starts", "placed", lambda: self._spendgo.place(order, tenders=_cash())
            )
            self._screen.aside("At the counter: $51.68 in cash.")
            self._lost("bill", "paid, and nobody hears whether it was noted", lambda: self._spendgo.bill(placed))
            doubted = self._spendgo.get(order.id)
            self._refused(
                "complete", "Anna goes on all the same", lambda: self._spendgo.complete(doubted), NotAllowedError
            )
            billed = self._order(
                "recover",
                "the same bytes again: the provider takes them for the first ones",
                "billed",
                lambda: self._spendgo.recover(order.id),
            )
            self._order("complete", "handed over", "completed", lambda: self._spendgo.complete(billed))
        self._must(
            moved == {"points": Decimal(47), _account(reward): Decimal(-1)}, "sent twice, and the reward is used once"
        )

    # How it is told

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        found: Balances = {"points": self._model.points(self._member_id)}
        for row in self._model.rows():
            if row.member == self._member_id and row.account not in found:
                found[row.account] = Decimal(self._model.reward_quantity(self._member_id, row.account.split()[-1]))
        return found

    def _more(self, verb: str, order: SpendgoOrder) -> list[tuple[str, str]]:
        if verb == "checkout" and order.facts.discount is not None:
            return [("validated discount", str(order.facts.discount))]
        if order.state.value == "billed" and order.facts.transaction_id is not None:
            return [("transaction", order.facts.transaction_id)]
        return []

    def _checkout(self, ticket: str, words: str, basket: Basket, member: Member, reward: Reward) -> SpendgoOrder:
        order_id = self._new(ticket)
        return self._order(
            "checkout",
            words,
            "checkout",
            lambda: self._spendgo.checkout(order_id, basket, buyer=member, reward=reward, ticket=ticket),
        )


def _settings(model: SpendgoModel, url: str) -> Spendgo:
    own = tenant(model, "spendgo")
    key = Key.base64(str(own["api_key"]), str(own["secret"]))
    keys = SpendgoKeys(account_id=str(own["account_id"]), keys=KeyRing(current=key))
    return Spendgo(keys, environment=Environment.SANDBOX, url=url)


def _of_member(member: object) -> tuple[str, str]:
    return ("found", f"member {member.id}, {member.status}") if isinstance(member, Member) else ("waiting", "")


def _of_rewards(rewards: tuple[Reward, ...]) -> tuple[str, str]:
    return counted(rewards, "reward"), ", ".join(f"{reward.quantity} x {reward.label}" for reward in rewards)


def _of_balance(balance: Balance) -> tuple[str, str]:
    return (
        f"{balance.quantity} {balance.units}",
        f"{balance.label}; {balance.spend_threshold} more to spend until the next reward",
    )


def _account(reward: Reward) -> str:
    return f"reward {reward.id}"


def _usd(amount: str) -> Money:
    return Money(amount, "USD")


def _cash() -> list[Tender]:
    return [Tender(kind=TenderKind.CASH, amount=_usd("51.68"))]


def _lunch() -> Basket:
    cheese = Modifier(label="Extra cheese", price=_usd("0.50"), product="CHZ")
    club = Line(label="Turkey club", price=_usd("12.50"), quantity=4, product="TRK", modifiers=(cheese,))
    totals = Totals(subtotal=_usd("52.00"), tax=_usd("4.68"), total=_usd("56.68"))
    return Basket(lines=(club,), totals=totals)


def _soup() -> Basket:
    totals = Totals(subtotal=_usd("6.50"), total=_usd("6.50"))
    return Basket(lines=(Line(label="Soup", price=_usd("6.50"), product="SUP"),), totals=totals)
