"""The verbs of a sale. May live here: PURCHASE's verbs. May not: a provider's own, an effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, TypeVar

import attrs

from stampcard.commands import Abandon, Bill, Checkout, Complete, Place, Refund, Void
from stampcard.facts import PurchaseFacts
from stampcard.lifecycles import PurchaseState
from stampcard.model import Basket, Guest, Member, Money, Order, Reward, Tender, TenderKind, Totals
from stampcard.step.effects import Step
from stampcard.step.pay import Sale, pay, unpay
from stampcard.step.verb import M, verb
from stampcard.step.wish import in_hand
from stampcard.verbs.base import Verbs

__all__ = ["PurchaseVerbs"]

PF = TypeVar("PF", bound=PurchaseFacts)


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
        in_hand(self._seat, order)
        sold = _totals(order.outlook.facts, tenders, reward_discount) if totals is None else totals
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
        in_hand(self._seat, order)
        facts = order.outlook.facts
        paid = facts.tenders if tenders is None else tuple(tenders)
        sold = totals or facts.totals or _totals(facts, paid, reward_discount)
        command = Bill(tenders=paid, totals=sold, reward_discount=reward_discount, why=why)
        return (yield from self._fire(order, command, command_id=command_id))

    @verb
    def pay(
        self,
        order: Order[PurchaseState, PF],
        *,
        totals: Totals | None = None,
        expecting: TenderKind = TenderKind.CREDIT,
        on_failure: Literal["void", "keep"] = "void",
        why: str | None = None,
    ) -> Step[Order[PurchaseState, PF]]:
        """Place, take the money by the till's `charges`, bill: see `docs/payment.md`.

        totals: of the sale as it will be paid; left out, they are what `order.facts.to_pay` says. expecting: how it is
        placed; it is billed with the tenders that were taken. on_failure: whether a declined card voids the order, or
        keeps it placed for another `pay`.

        Calling it again after a crash goes on where it stopped, and never takes the money twice. Raises
        ChargeFailedError when the card was declined; InDoubtError while nobody knows about the money (`taken` is None)
        or the bill (`taken` is what was taken: recovery bills it); DeclinedError when the provider would not have the
        sale that was paid: the money was given back and the order voided; NeedsHumanError when that is in doubt;
        ConfigurationError when the till has no `charges`.
        """
        in_hand(self._seat, order)
        facts = order.outlook.facts
        sold = (totals or facts.to_pay) or _totals(facts, (), None)
        sale = Sale(
            seat=self._seat,
            adapter=self._adapter,
            order=order,
            totals=sold,
            expecting=expecting,
            on_failure=on_failure,
            why=why,
        )
        return (yield from pay(sale))

    @verb
    def unpay(self, order: Order[PurchaseState, PF], *, why: str) -> Step[Order[PurchaseState, PF]]:
        """Cancel a sale that `pay` took money for, before completion: give the money back, then void the order.

        An order nothing was taken for is simply voided. Raises NeedsHumanError when nobody knows whether the money was
        given back: the order is not voided then. A completed sale is refunded at the provider (`refund`), and its money
        is the POS's own to give back.
        """
        in_hand(self._seat, order)
        return (yield from unpay(self._seat, self._adapter, order, why))

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
