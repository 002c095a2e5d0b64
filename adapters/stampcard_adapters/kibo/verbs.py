"""What a till can do at Kibo: hold money, make exactly one order from it, cancel, look."""

from __future__ import annotations

from typing import TypeAlias

from stampcard.errors import DeclinedError, Next, NotAllowedError, StampcardError
from stampcard.lifecycles import AuthorizationState
from stampcard.model import Address, Money, Refusal, Secret
from stampcard.sealed import Sealed
from stampcard.step import Async, M, Seat, Step, Sync, verb
from stampcard.verbs import AuthorizationVerbs
from stampcard_adapters.kibo.adapter import KiboAdapter
from stampcard_adapters.kibo.commands import AuthorizeCart, CancelOrder, CreateOrder
from stampcard_adapters.kibo.facts import KiboFacts, KiboOrder
from stampcard_adapters.kibo.payments import SHAPES, AuthorizedCard, Card, Payment, SavedCard, TokenizedCard, last_four
from stampcard_adapters.kibo.recovery import resendable
from stampcard_adapters.kibo.settings import Kibo
from stampcard_adapters.kibo.values import CancelReason, Cart, Shipping

__all__ = ["AsyncKiboTill", "KiboTill", "KiboVerbs"]

_SHIPPING = Shipping()


class KiboVerbs(AuthorizationVerbs[M, KiboFacts]):
    """Kibo's verbs. See `AuthorizationVerbs` for what every hold can do."""

    def __init__(self, seat: Seat[M], settings: Kibo, /) -> None:
        super().__init__(seat, KiboAdapter(settings))
        self._settings = settings

    @verb
    def authorize(
        self,
        cart: Cart,
        payment: Payment,
        *,
        again: bool = False,
        ticket: str | None = None,
        why: str | None = None,
        command_id: str | None = None,
    ) -> Step[KiboOrder]:
        """Hold the cart's amount. The order's id is the cart's.

        payment: passes through memory once; its kind, issuer and last four digits are all that is kept. again: the
        customer agreed to present a card once more after a lost reply; a second hold may then exist, and is listed in
        `order.possible`. Give it a command_id of its own, if you use them. ticket: the POS's own number, for searching;
        the ticket of a part is always the cart it was split from.
        Raises DeclinedError ("card.declined": the order waits for another card), NeedsHumanError when the reply is
        lost: nobody can send a card again but its owner.
        """
        if not isinstance(payment, SHAPES):  # pyright: ignore[reportUnnecessaryIsInstance]  an untyped caller's mistake
            message = self._seat.phrases.say("input.type")
            refusal = Refusal(code="input.type", message=message, field="payment")
            raise NotAllowedError(message, code=refusal.code, order_id=cart.id, refusals=[refusal])
        now = yield from self._now()
        kept = _kept(payment, self._settings)
        command = AuthorizeCart(
            cart=cart,
            amount=cart.amount,
            kind=payment.kind,
            issuer=payment.issuer if isinstance(payment, Card | TokenizedCard | SavedCard | AuthorizedCard) else None,
            last_four=last_four(payment),
            at=now,
            payment=Secret(payment),
            token=kept,
            billing=None if kept is None else payment.billing,
            again=again,
            why=why,
        )
        return (yield from self._open(cart.id, command, command_id=command_id, ticket=cart.part_of or ticket))

    @verb
    def create(
        self,
        order: KiboOrder,
        *,
        shipping: Shipping = _SHIPPING,
        amount: Money | None = None,
        ship_to: Address | None = None,
        customer_ip: str | None = None,
        why: str | None = None,
        command_id: str | None = None,
    ) -> Step[KiboOrder]:
        """Make the order from the hold: at most what is held, once, while the hold lives.

        amount: less than was held; left out, all of it. ship_to: in place of the cart's. customer_ip: the shopper's
        public address, where your account asks for it.
        """
        now = yield from self._now()
        command = CreateOrder(
            at=now,
            amount=amount,
            shipping=shipping,
            ship_to=ship_to,
            customer_ip=customer_ip,
            customer_id=order.facts.subject(),
            why=why,
        )
        return (yield from self._fire(order, command, command_id=command_id))

    @verb
    def cancel(
        self,
        order: KiboOrder,
        reason: CancelReason,
        *,
        other_reason: str | None = None,
        why: str | None = None,
        command_id: str | None = None,
    ) -> Step[KiboOrder]:
        """Cancel the whole order. other_reason: your words, with `CancelReason.OTHER` and with no other.

        Raises DeclinedError ("order.not_cancellable") only after a look: a no may also mean that it is cancelled
        already, by somebody at Kibo or by our own call, when a network delivered it twice.
        """
        command = CancelOrder(reason=reason, other_reason=other_reason, why=why)
        try:
            return (yield from self._fire(order, command, command_id=command_id))
        except DeclinedError as no:
            if no.next is Next.CALL:  # our key is at fault: nobody was asked about the order
                raise
            try:
                seen = yield from self._observe(order)
            except StampcardError:
                raise no from None
            if seen.state is AuthorizationState.CANCELLED:
                return seen
            raise

    @verb
    def parts(self, cart_id: str) -> Step[tuple[KiboOrder, ...]]:
        """The orders of a cart that was split, oldest first."""
        found = yield from self._named(cart_id)
        return tuple(order for order in found if order.ticket == cart_id)


def _kept(payment: Payment, settings: Kibo) -> Sealed | None:
    """What a repeat by us would pay with. (Not in the verb: its locals would show the token in a traceback.)"""
    token = resendable(payment) if settings.switches.resend_tokens else None
    return None if token is None else Sealed.of(token, settings.seal_key)


KiboTill: TypeAlias = KiboVerbs[Sync]
AsyncKiboTill: TypeAlias = KiboVerbs[Async]
