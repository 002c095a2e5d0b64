"""Orders called past the till: no lifecycle, no guard, no journal; the adapter's own bodies, signed by its own hook.

A till refuses, rightly, what some cases must show to be refused by the provider: an invalid reward placed, the same
status twice, a stage that may not come now. May live here: such calls. May not: a body written by hand, a verdict.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import attrs

from stampcard.commands import Bill, Checkout, Complete, Place, PurchaseCommand, Refund, Void
from stampcard.lifecycles import PURCHASE, PurchaseState
from stampcard.model import Basket, Member, Money, Order, Reward
from stampcard.signing import Key, KeyRing
from stampcard.transport import Call, Failed, SyncSender
from stampcard.wire import Request
from stampcard_adapters.certify.page import FailedCaseError
from stampcard_adapters.certify.spendgo.desk import Desk
from stampcard_adapters.certify.spendgo.goods import by_cash, cents
from stampcard_adapters.certify.spendgo.watch import Reply, WatchedAdapter
from stampcard_adapters.spendgo import SpendgoFacts, SpendgoOrder
from stampcard_adapters.spendgo.values import NAME

__all__ = ["Line", "RawOrder", "Stage"]

Stage: TypeAlias = Literal["checkout", "placed", "billed", "completed", "voided", "refunded"]
_WHY: Final = "certification"
_LATER: Final[dict[Stage, Callable[[], PurchaseCommand]]] = {
    "completed": lambda: Complete(why=_WHY),
    "voided": lambda: Void(why=_WHY),
    "refunded": lambda: Refund(why=_WHY),
}


class Line:
    """Signed calls, one at a time, over the transport a till uses."""

    def __init__(self, desk: Desk, sender: SyncSender) -> None:
        self.desk = desk
        self._sender = sender

    def send(self, request: Request, adapter: WatchedAdapter | None = None) -> Reply:
        """One call, signed by this adapter's hook (the desk's, unless said). Raises FailedCaseError without a reply."""
        used = self.desk.adapter if adapter is None else adapter
        sent = self._sender.send(
            request,
            base_url=used.base_url,
            auth=used.auth(self.desk.target.site),
            call=Call(time.monotonic() + used.settings.switches.call_budget),  # sockets end by the machine's own clock
        )
        if isinstance(sent, Failed):
            raise FailedCaseError(f"no answer: {sent.why}")
        return self.desk.last

    def wrongly_signed(self, request: Request) -> Reply:
        """The same call under the right key id, signed with bytes that are not its secret."""
        settings, keys = self.desk.adapter.settings, self.desk.target.keys
        forged = KeyRing(current=Key.raw(keys.keys.current.id, b"not the secret of this key"))
        other = attrs.evolve(settings, credentials=attrs.evolve(keys, keys=forged))
        return self.send(request, WatchedAdapter(other, self.desk.replies.append))

    def order(
        self,
        *,
        reward: Reward | None = None,
        discount: Money | None = None,
        basket: Basket | None = None,
        order_id: str | None = None,
    ) -> RawOrder:
        """A new order, or one the till has begun. discount: what the reward is asked to take off."""
        return RawOrder(
            self,
            order_id or self.desk.new_id(),
            SpendgoFacts(
                buyer=self.desk.member,
                basket=basket or self.desk.sandwiches(at_least=discount),
                reward=reward,
                discount=discount,
            ),
        )


class RawOrder:
    """One order, whose stages may be called in any order and any number of times."""

    def __init__(self, line: Line, order_id: str, facts: SpendgoFacts) -> None:
        self._line = line
        self.id = order_id
        self.facts = facts

    def send(self, stage: Stage, *, other_body: bool = False, adapter: WatchedAdapter | None = None) -> Reply:
        """Call one stage; learn from a success what later stages must carry. other_body: with a tip of 1.00 more."""
        order = self._order(tip=cents(100, self._line.desk.currency) if other_body else None)
        used = self._line.desk.adapter if adapter is None else adapter
        reply = self._line.send(used.request(order, _command(order, stage)), adapter)
        if reply.ok and not other_body:
            self._learn(stage, reply)
        return reply

    def through(self, *stages: Stage) -> None:
        """Stages that must succeed before something else can be looked at. Raises FailedCaseError."""
        for stage in stages:
            reply = self.send(stage)
            if not reply.ok or reply.message is not None:
                raise FailedCaseError(
                    f"{stage} was answered {reply.said} {reply.message or reply.details or ''}".strip()
                )

    def _learn(self, stage: Stage, reply: Reply) -> None:
        number, given = reply.transaction.any("discount").number(), reply.transaction.any("id").text()
        if stage == "checkout" and self.facts.reward is not None and number:
            self.facts = attrs.evolve(self.facts, discount=Money(number, self._line.desk.currency))
        if given is not None:
            self.facts = attrs.evolve(self.facts, transaction_id=given)

    def _order(self, *, tip: Money | None) -> SpendgoOrder:
        basket, off = self.facts.basket, self.facts.discount
        if basket is None:
            raise ValueError("an order without a basket")
        if tip is not None:
            basket = attrs.evolve(basket, totals=basket.totals.tipped(tip))
        totals = basket.totals if off is None else basket.totals.discounted(off)
        return Order(
            id=self.id,
            provider=NAME,
            environment=self._line.desk.target.environment,
            site=self._line.desk.target.site,
            lifecycle=PURCHASE.name,
            fingerprint=PURCHASE.fingerprint,
            state=PurchaseState.NEW,
            version=0,
            facts=attrs.evolve(self.facts, basket=basket, totals=totals, tenders=by_cash(totals)),
        )


def _command(order: SpendgoOrder, stage: Stage) -> PurchaseCommand:
    facts = order.facts
    basket, totals, buyer = facts.basket, facts.totals, facts.buyer
    if basket is None or totals is None or not isinstance(buyer, Member):
        raise ValueError("an order without a basket or a member")
    match stage:
        case "checkout":
            rewards = () if facts.reward is None else (facts.reward,)
            return Checkout(basket=basket, buyer=buyer, rewards=rewards, projected=facts.discount)
        case "placed":
            return Place(tenders=facts.tenders, totals=totals)
        case "billed":
            return Bill(tenders=facts.tenders, totals=totals)
        case _:
            return _LATER[stage]()
