"""The demo's story at Spendgo: what Anna does at register 7, and what must come of it.

May live here: the steps, the words around them, what each has to end in. May not: layout, options, a reconstruction of
anything: every figure shown is the till's answer, the wire's bytes or the provider's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

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
    Site,
    StampcardError,
    Tender,
    TenderKind,
    Till,
    Totals,
)
from stampcard.signing import Key, KeyRing
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_told import Told, ToldWrongError
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.spendgo import Balance, Spendgo, SpendgoKeys, SpendgoOrder, SpendgoTill

__all__ = ["tell"]

T = TypeVar("T")

PHONE: Final = "5555550100"


def tell(screen: Screen, journal: Path) -> Told:
    """Serve a Spendgo on loopback and tell the story to its end. Raises ToldWrongError, StampcardError."""
    model = SpendgoModel()
    heard = Overheard(model)
    with serve(sandbox_app(heard)) as url, Till(journal, site=Site(store="999999", register="7")) as till:
        screen.opening(
            "stampcard demo",
            [
                "A loyalty order at a point of sale, from checkout to refund. Nothing here is staged:",
                "",
                "  the till        a real Till: store 999999, register 7, Anna at the counter",
                f"  the provider    a local Spendgo at {url} that checks every signature",
                f"  the journal     {journal}",
                "",
                "Requests and answers are shown as they came over the socket. Each request is signed over",
                "its exact bytes (HMAC-SHA256); what would give a key away is shown as ***.",
            ],
        )
        return _Story(screen, model, heard, till, url).tell()


class _Story:
    def __init__(self, screen: Screen, model: SpendgoModel, heard: Overheard, till: Till, url: str) -> None:
        self._screen = screen
        self._model = model
        self._heard = heard
        self._till = till
        self._spendgo: SpendgoTill = till.use(_settings(model, url)).by("anna")
        self._member_id = model.members()[0].id
        self._orders: list[str] = []
        self._names: dict[str, str] = {}

    def tell(self) -> Told:
        member, reward = self._sale()
        main = self._orders[0]
        self._refund(main)
        self._payment_fails(member, reward)
        self._refusals(main, member, reward)
        return Told(
            main=main,
            orders=tuple(self._orders),
            calls=self._heard.count,
            unbalanced=self._model.unbalanced(),
        )

    # The acts

    def _sale(self) -> tuple[Member, Reward]:
        with self._act(1, "A member pays with a reward", "Lunch for four. The guest gives her phone number.") as moved:
            member = self._step("member", "who is 555-555-0100?", lambda: self._spendgo.member(PHONE), _of_member)
            if not isinstance(member, Member):
                raise ToldWrongError("the customer is a member, awaiting nothing")
            rewards = self._step(
                "rewards", "what may she use here?", lambda: self._spendgo.rewards(member), _of_rewards
            )
            self._step("balance", "and her points?", lambda: self._spendgo.balance(member), _of_balance)
            self._must(len(rewards) == 1, "she has one reward")
            [reward] = rewards
            self._names[_account(reward)] = f"{reward.label} (reward {reward.id})"
            order = self._checkout("417", "four turkey clubs, with the reward", _lunch(), member, reward)
            self._must(order.facts.discount == _usd("5.00"), "the reward is worth $5.00")
            tenders = [Tender(kind=TenderKind.CASH, amount=_usd("51.68"))]
            order = self._order(
                "place", "the kitchen starts", "placed", lambda: self._spendgo.place(order, tenders=tenders)
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
        with self._act(
            2, "The food was cold", "She wants her money back. All of it is undone at the provider."
        ) as moved:
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
        with self._act(3, "The card is declined", words) as moved:
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
        with self._act(4, "Two refusals, and what is allowed instead", words) as moved:
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

    # How a step is told

    @contextmanager
    def _act(self, number: int, title: str, words: str) -> Generator[Balances]:
        """Gives what the act moved; filled in when it is over."""
        self._screen.act(number, title, words)
        before, moved = self._balances(), Balances()
        yield moved
        after = self._balances()
        moved.update({account: after[account] - before[account] for account in after})
        self._screen.ledger(before, after, self._names)

    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""
        found: Balances = {"points": self._model.points(self._member_id)}
        for row in self._model.rows():
            if row.member == self._member_id and row.account not in found:
                found[row.account] = Decimal(self._model.reward_quantity(self._member_id, row.account.split()[-1]))
        return found

    def _new(self, ticket: str) -> str:
        order_id = self._till.order_id(ticket=ticket, day=_today())
        self._orders.append(order_id)
        return order_id

    def _checkout(self, ticket: str, words: str, basket: Basket, member: Member, reward: Reward) -> SpendgoOrder:
        order_id = self._new(ticket)
        return self._order(
            "checkout",
            words,
            "checkout",
            lambda: self._spendgo.checkout(order_id, basket, buyer=member, reward=reward, ticket=ticket),
        )

    def _order(
        self, verb: str, words: str, state: str, act: Callable[[], SpendgoOrder], *, calls: int = 1
    ) -> SpendgoOrder:
        self._screen.step(verb, words)
        order = act()
        self._show(calls)
        more: list[tuple[str, str]] = []
        if order.replayed:
            more.append(("replayed", "the recorded answer, given again"))
        elif verb == "checkout" and order.facts.discount is not None:
            more.append(("validated discount", str(order.facts.discount)))
        elif verb == "bill" and order.facts.transaction_id is not None:
            more.append(("transaction", order.facts.transaction_id))
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
            more = [("code", error.code), ("for the log", error.detail)]
            more.append(("allowed now", ", ".join(sorted(error.allowed)) or "nothing, this is final"))
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


def _settings(model: SpendgoModel, url: str) -> Spendgo:
    """The sandbox's own keys, as an integrator would copy them from its ready line."""
    tenant = model.tenants()["spendgo"]
    if not isinstance(tenant, dict):
        raise ToldWrongError("the sandbox describes its tenant")
    key = Key.base64(str(tenant["api_key"]), str(tenant["secret"]))
    keys = SpendgoKeys(account_id=str(tenant["account_id"]), keys=KeyRing(current=key))
    return Spendgo(keys, environment=Environment.SANDBOX, url=url)


def _of_member(member: object) -> tuple[str, str]:
    return ("found", f"member {member.id}, {member.status}") if isinstance(member, Member) else ("waiting", "")


def _of_rewards(rewards: tuple[Reward, ...]) -> tuple[str, str]:
    return f"{len(rewards)} reward{'' if len(rewards) == 1 else 's'}", ", ".join(
        f"{reward.quantity} x {reward.label}" for reward in rewards
    )


def _of_balance(balance: Balance) -> tuple[str, str]:
    return (
        f"{balance.quantity} {balance.units}",
        f"{balance.label}; {balance.spend_threshold} more to spend until the next reward",
    )


def _account(reward: Reward) -> str:
    return f"reward {reward.id}"


def _usd(amount: str) -> Money:
    return Money(amount, "USD")


def _lunch() -> Basket:
    cheese = Modifier(label="Extra cheese", price=_usd("0.50"), product="CHZ")
    club = Line(label="Turkey club", price=_usd("12.50"), quantity=4, product="TRK", modifiers=(cheese,))
    totals = Totals(subtotal=_usd("52.00"), tax=_usd("4.68"), total=_usd("56.68"))
    return Basket(lines=(club,), totals=totals)


def _soup() -> Basket:
    totals = Totals(subtotal=_usd("6.50"), total=_usd("6.50"))
    return Basket(lines=(Line(label="Soup", price=_usd("6.50"), product="SUP"),), totals=totals)


def _today() -> date:
    """The business date, where the till stands."""
    return datetime.now().astimezone().date()
