"""The verbs of each lifecycle, written once; providers add their own.

A verb is declared as a step and worn as a call on a `Till`, a coroutine on an `AsyncTill`, a bare step in a
simulator. A verb composes by `self._fire(...)`, never by calling another verb.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

import attrs

from stampcard.adapter import Adapter, Declined, NotSent, Query, Unknown
from stampcard.commands import Abandon, Bill, Checkout, Command, Complete, Place, Refund, Void
from stampcard.errors import Next, StampcardError
from stampcard.facts import PurchaseFacts
from stampcard.lifecycles import PurchaseState
from stampcard.model import Basket, Entry, Facts, Guest, Member, Money, Order, Reward, Site, Tender, Totals
from stampcard.step.effects import Mint, Own, Pending, Send, Step, perform
from stampcard.step.fire import fire
from stampcard.step.look import built_order_id, look, read_order, site_of, unknown
from stampcard.step.recover import settle_order
from stampcard.step.trouble import declined, not_sent
from stampcard.step.verb import M, Seat, Seated, verb
from stampcard.step.wish import Wish
from stampcard.transport.contract import Failed

__all__ = ["PurchaseFacts", "PurchaseVerbs", "Verbs"]

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F", bound=Facts)
T = TypeVar("T")
E = TypeVar("E", bound=StampcardError)
PF = TypeVar("PF", bound=PurchaseFacts)


class Verbs(Seated[M], Generic[M, S, F]):
    """What every provider's orders can do."""

    def __init__(self, seat: Seat[M], adapter: Adapter[S, F, Any], /) -> None:
        super().__init__(seat)
        self._adapter = adapter
        seat.runtime.enrol(adapter)

    def _reseated(self, seat: Seat[M]) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._seat = seat
        return other

    def by(self, actor: str, /) -> Self:
        """The same verbs, recorded under this person."""
        return self._reseated(attrs.evolve(self._seat, actor=actor))

    def at(self, site: Site, /) -> Self:
        """The same verbs, for this store (and tenant)."""
        return self._reseated(attrs.evolve(self._seat, site=site))

    def within(self, seconds: float, /) -> Self:
        """The same verbs, with this till budget per step, in seconds: when the cashier gets an answer.

        Raises ValueError for less than 0 and for what is no number.
        """
        if not seconds >= 0:
            raise ValueError("a budget is a number of seconds")
        return self._reseated(attrs.evolve(self._seat, patience=seconds))

    def order_id(self, *, ticket: str, day: date) -> str:
        """An order id that is unique for ever, for a sale at this store and register.

        From tenant, store, register, this installation, the business date and the POS's own ticket number: ticket
        numbers restart daily, providers replay by id for ever. Give every register its own `Site.register`: two made
        from one disk image are one installation. Raises ConfigurationError when no site is named.
        """
        return built_order_id(self._seat, ticket, day)

    @verb
    def get(self, order_id: str) -> Step[Order[S, F]]:
        """The order as it stands in the journal.

        Raises UnknownOrderError; NotAllowedError for an order of another environment, tenant or provider.
        """
        return (yield from read_order(self._seat, self._adapter, order_id))

    @verb
    def history(self, order_id: str) -> Step[tuple[Entry, ...]]:
        """Every entry of one order, oldest first: when, who, why. Raises what `get` raises."""
        view = yield from look(self._seat, self._adapter, order_id)
        if view is None:
            raise unknown(self._seat, order_id)
        return view.standing.record.entries

    @verb
    def recover(self, order_id: str, *, within: float = 10.0) -> Step[Order[S, F]]:
        """Settle this order's doubt now, trying for `within` seconds.

        Raises InDoubtError when time is up, NeedsHumanError when it cannot be settled, UnknownOrderError.
        """
        return (yield from settle_order(self._seat, self._adapter, order_id, within))

    # for those who write a provider

    def _site(self) -> Site:
        """Where this happens. Raises ConfigurationError when neither the till nor `.at()` named a site."""
        return site_of(self._seat)

    def _fire(self, order: Order[S, F], command: Command, *, command_id: str | None = None) -> Step[Order[S, F]]:
        """Fire a trigger on an order."""
        wish = Wish(seat=self._seat, adapter=self._adapter, order=order, command=command, command_id=command_id)
        return (yield from fire(wish))

    def _open(
        self,
        order: str | Order[S, F],
        command: Command,
        *,
        command_id: str | None = None,
        ticket: str | None = None,
    ) -> Step[Order[S, F]]:
        """Fire a trigger that may open the order: an id opens it or repeats, an order is changed."""
        wish = Wish(
            seat=self._seat,
            adapter=self._adapter,
            order=order,
            command=command,
            command_id=command_id,
            ticket=ticket,
        )
        return (yield from fire(wish))

    def _ask(self, query: Query[T]) -> Step[T]:
        """A call that belongs to no order. Raises DeclinedError or UnavailableError."""
        site = self._site()
        auth = self._adapter.auth(site)
        name = yield from perform(Mint())
        ownership = yield from perform(Own(query.call_budget))
        sent = yield from perform(
            Send(
                intent=f"query-{name}",
                request=query.request,
                base_url=self._adapter.base_url,
                auth=auth,
                hard_end=ownership.hard_end,
                patience=self._seat.patience,
            )
        )
        if isinstance(sent, Pending | Failed):
            why = sent.why if isinstance(sent, Failed) else "no answer in time"
            raise not_sent(self._error, query.name, NotSent(why=why), 0)
        status = sent.response.status
        match query.read(sent.response):
            case Declined() as no:
                raise declined(self._error, query.name, no, status)
            case NotSent() as proof:
                raise not_sent(self._error, query.name, proof, status)
            case Unknown(why=why):
                raise not_sent(self._error, query.name, NotSent(why=why, code="provider.no_answer"), status)
            case answer:
                return answer

    def _error(
        self,
        kind: type[E],
        code: str,
        *,
        detail: str,
        cashier: str | None = None,
        trigger: str,
        retry_after: float | None = None,
        next: Next | None = None,  # noqa: A002  the public name of the attribute
        replayed: bool = False,
    ) -> E:
        """An error about no order."""
        return kind(
            self._seat.phrases.say(code, cashier),
            detail=detail,
            code=code,
            trigger=trigger,
            retry_after=retry_after,
            next=next,
            replayed=replayed,
        )


class PurchaseVerbs(Verbs[M, PurchaseState, PF], Generic[M, PF]):
    """A sale with at most one reward. See `stampcard.lifecycles.PURCHASE`.

    Every verb takes `command_id`: your idempotency key. The same id with the same input gives the recorded answer at
    any later time (`replayed=True`); with other input it raises ConflictError. Every verb may raise NotAllowedError,
    ConflictError, UnknownOrderError, UnavailableError, DeclinedError, InDoubtError, ConfigurationError, JournalError.
    """

    @verb
    def checkout(
        self,
        order: str | Order[PurchaseState, PF],
        basket: Basket,
        *,
        buyer: Member | Guest,
        reward: Reward | Sequence[Reward] | None = None,
        projected: Money | None = None,
        ticket: str | None = None,
        why: str | None = None,
        command_id: str | None = None,
    ) -> Step[Order[PurchaseState, PF]]:
        """Price a basket and validate at most one reward. No money, no points move.

        order: your order id (a string opens the order, or repeats it) or the order itself (a changed basket). It is
        sent to the provider and unique for ever: see `till.order_id`. ticket: the POS's own number, for searching.
        basket.totals are before the reward; `projected` is your guess of its discount when `reward.value` is absent.
        The validated discount is `order.facts.discount`.
        Raises DeclinedError when the reward does not fit this basket (the order stays as it was), UnavailableError
        when there was no answer: nothing was at stake, try again.
        """
        rewards = () if reward is None else (reward,) if isinstance(reward, Reward) else tuple(reward)
        command = Checkout(basket=basket, buyer=buyer, rewards=rewards, projected=projected, why=why)
        return (yield from self._open(order, command, command_id=command_id, ticket=ticket))

    @verb
    def place(
        self,
        order: Order[PurchaseState, PF],
        *,
        tenders: Sequence[Tender],
        totals: Totals | None = None,
        reward_discount: Money | None = None,
        why: str | None = None,
        command_id: str | None = None,
    ) -> Step[Order[PurchaseState, PF]]:
        """The customer has ordered; payment is next.

        tenders: how it is going to be paid; `bill` takes others when that changes. totals: of the sale as it will be
        paid; left out, they are what `order.facts.to_pay` says.
        reward_discount: of the reward alone, when less than the validated one is taken (rewards that spend points).
        """
        sold = _totals(order.facts, tenders, reward_discount) if totals is None else totals
        command = Place(tenders=tuple(tenders), totals=sold, reward_discount=reward_discount, why=why)
        return (yield from self._fire(order, command, command_id=command_id))

    @verb
    def bill(
        self,
        order: Order[PurchaseState, PF],
        *,
        tenders: Sequence[Tender] | None = None,
        totals: Totals | None = None,
        reward_discount: Money | None = None,
        why: str | None = None,
        command_id: str | None = None,
    ) -> Step[Order[PurchaseState, PF]]:
        """Payment was taken: the reward leaves the member's account. Left out, tenders and totals are as placed."""
        paid = order.facts.tenders if tenders is None else tuple(tenders)
        sold = totals or order.facts.totals or _totals(order.facts, paid, reward_discount)
        command = Bill(tenders=paid, totals=sold, reward_discount=reward_discount, why=why)
        return (yield from self._fire(order, command, command_id=command_id))

    @verb
    def complete(
        self, order: Order[PurchaseState, PF], *, why: str | None = None, command_id: str | None = None
    ) -> Step[Order[PurchaseState, PF]]:
        """The order is handed over and closed: the member's points are awarded."""
        return (yield from self._fire(order, Complete(why=why), command_id=command_id))

    @verb
    def void(
        self, order: Order[PurchaseState, PF], *, why: str, command_id: str | None = None
    ) -> Step[Order[PurchaseState, PF]]:
        """Undo the sale before completion: the reward goes back. Legal too while the step before is in doubt."""
        return (yield from self._fire(order, Void(why=why), command_id=command_id))

    @verb
    def refund(
        self, order: Order[PurchaseState, PF], *, why: str, command_id: str | None = None
    ) -> Step[Order[PurchaseState, PF]]:
        """Undo the whole sale after completion: the reward goes back, the points earned are taken."""
        return (yield from self._fire(order, Refund(why=why), command_id=command_id))

    @verb
    def abandon(
        self, order: Order[PurchaseState, PF], *, why: str | None = None, command_id: str | None = None
    ) -> Step[Order[PurchaseState, PF]]:
        """Drop an order before it is placed. The provider is not told: nothing happened there."""
        return (yield from self._fire(order, Abandon(why=why), command_id=command_id))


def _totals(facts: PurchaseFacts, tenders: Sequence[Tender], reward_discount: Money | None) -> Totals:
    """What the sale comes to when the till does not say: what is to pay, for what is taken of the reward."""
    known = attrs.evolve(facts, totals=None, reward_discount=reward_discount).to_pay
    if known is not None:
        return known
    # nothing checked out: the lifecycle will refuse; any honest figures do
    paid = [tender.amount for tender in tenders] or [Money.zero("USD")]
    total = sum(paid[1:], start=paid[0]) if len({m.currency for m in paid}) == 1 else paid[0]
    return Totals(subtotal=total, total=total)
