"""Kibo's translator: what the engine asks of a provider, answered by this package's rooms.

May live here: the contract's methods and the provider's limits on a command. May not: a body or a reply, which have
their own rooms; a call.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import ClassVar

import httpx

from stampcard.adapter import Adapter, Description, Evidence, Look, Policy, Recovery, Repeat, Rule, Unseen
from stampcard.commands import Command, Observe
from stampcard.hooks import TenantHooks
from stampcard.lifecycles import AUTHORIZATION, AuthorizationState
from stampcard.model import Facts, Refusal, Site
from stampcard.sealed import SealedError
from stampcard.wire import Request, Response
from stampcard_adapters.kibo.access import kibo_auth
from stampcard_adapters.kibo.commands import AuthorizeCart, CancelOrder, CreateOrder, KiboCommand
from stampcard_adapters.kibo.facts import KiboFacts, KiboOrder
from stampcard_adapters.kibo.limits import missing_in, too_long_or_short
from stampcard_adapters.kibo.recovery import kept_payment, recovery
from stampcard_adapters.kibo.replies import Outcome, compared, read_authorize, read_cancel, read_create, read_look
from stampcard_adapters.kibo.requests import authorize_request, cancel_request, create_request, look_request
from stampcard_adapters.kibo.settings import Kibo, Switches
from stampcard_adapters.kibo.values import NAME, CancelReason

__all__ = ["KiboAdapter", "described", "policies"]


def policies(switches: Switches) -> Mapping[str, Policy]:
    """What each operation stands. Nothing says that authorizing is idempotent, so it is repeated only by switch."""

    def policy(repeat: Repeat, *, effectless: bool = False, reversible: bool = False) -> Policy:
        return Policy(
            repeat=repeat,
            effectless=effectless,
            reversible=reversible,
            look_up=True,
            call_budget=switches.call_budget,
            late_window=switches.late_window,
        )

    return {
        "authorize": Policy(
            repeat=Repeat.SAME_KEY if switches.resend_tokens else Repeat.NEVER,
            call_budget=switches.authorize_budget,
            late_window=switches.late_window,
            asks_again=switches.hold,
        ),
        "create": policy(Repeat.PROBE_FIRST, reversible=True),
        "cancel": policy(Repeat.PROBE_FIRST),
        "observe": policy(Repeat.SAME_KEY, effectless=True),
    }


def described() -> Description:
    """What Kibo can do, for the page of providers."""
    create = "the reserved order id is looked up: there is adopted, absent after the late window: sent again"
    cancel = "the order is looked up: CANCELED is done, standing after the late window: sent again"
    return Description(
        title="Kibo",
        lifecycle=AUTHORIZATION,
        policies=policies(Switches()),
        auth=Rule("OAuth client credentials as bearer token, and the API-Key header", "OMS pages: authentication"),
        recovery={
            "authorize": Rule(
                "never sent again: the till asks its user, and the old hold is listed as possible",
                "OMS pages: not said to be idempotent; a stored token is sent again by our choice (`resend_tokens`)",
            ),
            "create": Rule(create, "OMS pages: order id reserved at authorize, get order"),
            "cancel": Rule(cancel, "OMS pages: get order"),
            "observe": Rule("asked again", "OMS pages: get order"),
        },
        compared=Rule(
            "the order under the reserved id, and its status; a hold is shown by no call", "OMS pages: get order"
        ),
    )


class KiboAdapter(Adapter[AuthorizationState, KiboFacts, KiboCommand]):
    """Pure, but for the token each tenant holds for an hour, in memory only."""

    name: ClassVar[str] = NAME
    lifecycle = AUTHORIZATION
    facts: ClassVar[type[Facts]] = KiboFacts
    commands: ClassVar[tuple[type[Command], ...]] = (AuthorizeCart, CreateOrder, CancelOrder, Observe)

    def __init__(self, settings: Kibo) -> None:
        self.settings = settings
        self.environment = settings.environment
        self.base_url = settings.base_url
        self.policies = policies(settings.switches)
        self._hooks = TenantHooks(
            settings.auth, settings.keys_of, lambda keys: kibo_auth(settings.token_url, keys), anew=True
        )

    def opening(self) -> KiboFacts:
        return KiboFacts()

    def check(self, order: KiboOrder, command: KiboCommand, /) -> tuple[Refusal, ...]:
        """Kibo's rules beside the lifecycle's guards, and what would leave no call to make."""
        match command:
            case AuthorizeCart():
                return tuple(_of_authorize(order, command))
            case CreateOrder():
                return tuple(self._of_create(order, command))
            case CancelOrder():
                return tuple(_of_cancel(order, command))
            case _:
                return ()

    def request(self, order: KiboOrder, command: KiboCommand, /) -> Request:
        """Raises ConfigurationError for a tenant without keys, ValueError for what `check` refuses.

        An authorization read back from a journal has no payment: `recover` never lets it come here.
        """
        settings, tenant = self.settings, order.site.tenant
        match command:
            case AuthorizeCart():
                payment = kept_payment(command, settings)
                if payment is None:
                    raise ValueError("what was presented is not stored: it cannot be sent again")
                return authorize_request(order, command, payment, keys=settings.keys_of(tenant), settings=settings)
            case CreateOrder():
                auth_token = _opened(order.facts, settings)
                return create_request(
                    order,
                    command,
                    auth_token=auth_token,
                    payment_token=_method_token(order.facts, settings),
                    keys=settings.keys_of(tenant),
                    settings=settings,
                )
            case CancelOrder():
                return cancel_request(order, command, settings=settings)
            case _:
                return look_request(order)

    def read(self, order: KiboOrder, command: KiboCommand, response: Response, /) -> Outcome:
        match command:
            case AuthorizeCart():
                return read_authorize(order, command, response, settings=self.settings)
            case CreateOrder():
                return read_create(order, command, response, settings=self.settings)
            case CancelOrder():
                return read_cancel(order, command, response, settings=self.settings)
            case _:
                return read_look(order, response, settings=self.settings)

    def recover(
        self, order: KiboOrder, command: KiboCommand, evidence: Evidence, /
    ) -> Recovery[AuthorizationState, KiboFacts]:
        tenant = order.site.tenant
        return recovery(order, command, evidence, settings=self.settings, keys=lambda: self.settings.keys_of(tenant))

    def compare(self, order: KiboOrder, /) -> Look[AuthorizationState, KiboFacts] | Unseen:
        """The order under the id that was reserved with the hold. The hold itself is shown by no call."""
        if order.facts.kibo_order_id is None:
            return Unseen(why="no money was held, as far as is known: orders are shown by Kibo's own id")

        def read(response: Response) -> Outcome | Unseen:
            return compared(order, read_look(order, response, settings=self.settings))

        return Look(request=look_request(order), read=read, call_budget=self.settings.switches.call_budget)

    def auth(self, site: Site, /) -> httpx.Auth:
        """The hook you gave, else Kibo's own: one for each tenant, kept as long as its keys are the same, as it holds
        the account's token."""
        return self._hooks(site)

    def _of_create(self, order: KiboOrder, command: CreateOrder) -> Iterator[Refusal]:
        cart = order.facts.cart
        try:
            _opened(order.facts, self.settings)
            known = cart is not None and order.facts.kibo_order_id is not None
        except ValueError:
            known = False
        if not known or cart is None:
            yield Refusal(code="order.incomplete", message="The hold cannot be read any more. Call the help desk.")
            return
        ship_to, field = (command.ship_to, "ship_to") if command.ship_to else (cart.ship_to, "cart.ship_to")
        if ship_to is None:
            yield Refusal(code="address.missing", message="Enter where it is sent to.", field="ship_to")
        else:
            yield from missing_in(ship_to, field)
        yield from too_long_or_short(command.shipping.ship_type, "shipping.ship_type", "way of shipping", 1, None)
        yield from too_long_or_short(
            command.shipping.delivery_method, "shipping.delivery_method", "way of delivery", 1, None
        )
        if command.customer_ip is not None and not _public(command.customer_ip):
            message = "The shopper's own internet address is needed, not one of ours."
            yield Refusal(code="customer.ip", message=message, field="customer_ip")


def _opened(facts: KiboFacts, settings: Kibo) -> str:
    """The authorization's token. Raises ValueError when there is none, or another key sealed it."""
    if facts.auth_token is None:
        raise ValueError("there is no hold to make this order from")
    return facts.auth_token.open(settings.seal_key).reveal()


def _method_token(facts: KiboFacts, settings: Kibo) -> str | None:
    try:
        return None if facts.payment_token is None else facts.payment_token.open(settings.seal_key).reveal()
    except SealedError:  # both were sealed together: `check` has refused already
        return None


def _of_authorize(order: KiboOrder, command: AuthorizeCart) -> Iterator[Refusal]:
    doubt = order.doubt
    if doubt is not None and doubt.trigger == command.trigger and not command.again:
        message = "No answer came to the card before, and money may be held. Ask the customer first."
        yield Refusal(code="authorization.ask_first", message=message, field="again")
    currency = command.amount.currency
    for n, line in enumerate(command.cart.lines):
        if line.price.currency != currency:
            message = f"An item is priced in {line.price.currency}, the cart is in {currency}."
            yield Refusal(code="cart.currency", message=message, field=f"cart.lines.{n}.price")
        if line.modifiers:  # an order item of this provider has none: their price would be lost
            message = "An item of such an order has no additions: enter them as items."
            yield Refusal(code="cart.modifiers", message=message, field=f"cart.lines.{n}.modifiers")


def _of_cancel(order: KiboOrder, command: CancelOrder) -> Iterator[Refusal]:
    if order.facts.kibo_order_id is None:
        yield Refusal(code="order.incomplete", message="The order is not known here. Call the help desk.")
    words = command.other_reason
    if command.reason is CancelReason.OTHER:
        yield from too_long_or_short(words or "", "other_reason", "reason", 1, 255)
    elif words is not None:
        message = "Words of your own go with the reason 'other' only."
        yield Refusal(code="cancel.other_reason", message=message, field="other_reason")


def _public(address: str) -> bool:
    """Section 4: the shopper's public address, not an internal one."""
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
