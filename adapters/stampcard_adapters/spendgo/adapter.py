"""Spendgo's translator: what the engine asks of a provider, answered by this package's rooms.

May live here: the contract's methods and the provider's limits on a command. May not: a body or a reply, which have
their own rooms; a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs
import httpx

from stampcard.adapter import (
    Adapter,
    Declined,
    Description,
    Evidence,
    LookBack,
    Policy,
    Query,
    Recovery,
    Repeat,
    Restored,
    Rule,
    Unseen,
)
from stampcard.commands import Bill, Checkout, Command, Complete, Place, PurchaseCommand, Refund, Void
from stampcard.errors import ConfigurationError
from stampcard.hooks import TenantHooks
from stampcard.lifecycles import PURCHASE, PurchaseState
from stampcard.model import Basket, Facts, Member, Money, Refusal, Site
from stampcard.signing import HmacSigner, SignedAuth
from stampcard.wire import JsonView, Request, Response
from stampcard_adapters.spendgo.lookback import looked_back
from stampcard_adapters.spendgo.queries import bought_by, member_id_problem
from stampcard_adapters.spendgo.recovery import recovery
from stampcard_adapters.spendgo.refusals import error_code
from stampcard_adapters.spendgo.replies import Outcome, read_order
from stampcard_adapters.spendgo.requests import order_request
from stampcard_adapters.spendgo.settings import Repeated, Spendgo, Switches
from stampcard_adapters.spendgo.values import NAME, SpendgoFacts, SpendgoOrder

__all__ = ["SpendgoAdapter", "described", "policies", "wrong_key"]

_SIGNER = HmacSigner(key_header="X-Class-Key", signature_header="X-Class-Signature")
"""Section 2: target (path and query as sent), then the body, nothing between; the secret's bytes as the key."""


def wrong_key(status: int, body: bytes) -> bool:
    """1003 "Invalid user key" and 1004 "Signature is incorrect": what a rotated key is told (section 7)."""
    return status == 401 and error_code(JsonView.parse(body)) in ("1003", "1004")


def policies(switches: Switches) -> Mapping[str, Policy]:
    """What each operation stands. look_up is False throughout: no call shows an order."""
    cautious = switches.repeat is Repeated.UNSAFE

    def policy(
        repeat: Repeat, *, effectless: bool = False, deferrable: bool = False, reversible: bool = False
    ) -> Policy:
        return Policy(
            repeat=repeat,
            effectless=effectless,
            deferrable=deferrable,
            deferrable_without_reward=True,  # a sale that only earns needs no word from the provider
            reversible=reversible,
            call_budget=switches.call_budget,
            late_window=switches.late_window,
        )

    never = Repeat.NEVER if cautious else Repeat.SAME_KEY
    return {
        "checkout": policy(Repeat.SAME_KEY, effectless=True),
        "place": policy(Repeat.SAME_KEY, reversible=True),
        "bill": policy(Repeat.PROBE_FIRST if cautious else Repeat.SAME_KEY, reversible=True),
        "complete": policy(never, deferrable=True, reversible=True),
        "void": policy(Repeat.SAME_KEY, deferrable=True),
        "refund": policy(never, deferrable=True),
    }


def described() -> Description:
    """What Spendgo can do, for the page of providers."""
    same = Rule(
        "the same id and status again; a no to that is not believed alone",
        "our choice (`repeat`): no idempotency header is documented",
    )
    billed = "the same again; a no is compared with the member's reward, else a person looks"
    return Description(
        title="Spendgo",
        lifecycle=PURCHASE,
        policies=policies(Switches()),
        auth=Rule("HMAC-SHA256 over path, query and body; two live keys", "signature note; manual v2.1.1"),
        recovery={
            "checkout": Rule("sent anew, or abandoned: nothing is at stake", "manual v2.1.1, order placement"),
            "place": same,
            "bill": Rule(billed, "our choice (`repeat`, `points_leave_at`)"),
            "complete": same,
            "void": same,
            "refund": same,
        },
        compared=Rule(
            "nothing: a member's rewards and points are shown, no order is", "manual v2.1.1, order placement"
        ),
        asks=("member", "rewards", "balance"),
    )


class SpendgoAdapter(Adapter[PurchaseState, SpendgoFacts, PurchaseCommand]):
    """Pure, but for the memory of which of two live keys worked last, one for each tenant."""

    name: ClassVar[str] = NAME
    lifecycle = PURCHASE
    facts: ClassVar[type[Facts]] = SpendgoFacts
    commands: ClassVar[tuple[type[Command], ...]] = (Checkout, Place, Bill, Complete, Void, Refund)

    def __init__(self, settings: Spendgo) -> None:
        self.settings = settings
        self.environment = settings.environment
        self.base_url = settings.base_url
        self.policies = policies(settings.switches)
        self._hooks = TenantHooks(
            settings.auth,
            settings.keys_of,
            lambda keys: SignedAuth(_SIGNER, lambda: keys().keys, wrong_key=wrong_key),
        )

    def opening(self) -> SpendgoFacts:
        return SpendgoFacts()

    def check(self, order: SpendgoOrder, command: PurchaseCommand, /) -> tuple[Refusal, ...]:
        """Spendgo's limits beside the lifecycle's guards, and what would leave no call to make."""
        found: list[Refusal] = []
        try:
            self.settings.store_code(order.site.store)
        except ConfigurationError as error:
            found += error.problems
        if isinstance(command, Checkout):
            found += _of_checkout(command)
        elif order.facts.basket is None or order.facts.buyer is None:
            found.append(Refusal(code="order.incomplete", message="This sale's basket or customer is no longer known."))
        return tuple(found)

    def completes(self, order: SpendgoOrder, command: PurchaseCommand, /) -> Query[PurchaseCommand] | None:
        """A sale taken down while nobody could be looked up: whose it is."""
        if not isinstance(command, Checkout) or not isinstance(command.buyer, Member) or command.buyer.phone is None:
            return None
        return bought_by(command, command.buyer.phone, call_budget=self.settings.switches.call_budget)

    def request(self, order: SpendgoOrder, command: PurchaseCommand, /) -> Request:
        """Raises ConfigurationError for a tenant or a store without settings, ValueError for what `check` refuses."""
        return order_request(
            order,
            command,
            brand=self.settings.keys_of(order.site.tenant).account_id,
            vendor=self.settings.store_code(order.site.store),
            payments_as_array=self.settings.switches.payments_as_array,
        )

    def read(self, order: SpendgoOrder, command: PurchaseCommand, response: Response, /) -> Outcome:
        outcome = read_order(order, command, response)
        refused = self.settings.switches.repeat is Repeated.REFUSED and not isinstance(command, Checkout)
        if refused and isinstance(outcome, Declined) and outcome.code == "order.out_of_sequence":
            # Where repeats are refused, the first answer we read may be the second this request was given.
            return attrs.evolve(outcome, perhaps_done=True)
        return outcome

    def recover(
        self, order: SpendgoOrder, command: PurchaseCommand, evidence: Evidence, /
    ) -> Recovery[PurchaseState, SpendgoFacts]:
        return recovery(
            order,
            command,
            evidence,
            switches=self.settings.switches,
            store_code=self.settings.store_code,
            currency=self.settings.currency,
        )

    def look_back(self, order: SpendgoOrder, command: PurchaseCommand, /) -> LookBack | Restored | None:
        return looked_back(
            order,
            command,
            switches=self.settings.switches,
            store_code=self.settings.store_code,
            currency=self.settings.currency,
        )

    def compare(self, order: SpendgoOrder, /) -> Unseen:
        """No call shows an order; what a member has left proves nothing about one (other sales change it, too)."""
        return Unseen(why="Spendgo's API shows no order, only what a member has left")

    def auth(self, site: Site, /) -> httpx.Auth:
        """The hook you gave, else Spendgo's own: one for each tenant, kept, as it remembers which key worked."""
        return self._hooks(site)


def _of_checkout(command: Checkout) -> list[Refusal]:
    basket, buyer = command.basket, command.buyer
    found: list[Refusal] = []
    if isinstance(buyer, Member):
        problem = "belongs to another programme" if buyer.provider != NAME else None
        if problem is None and buyer.phone is None:
            problem = member_id_problem(buyer.id)
        if problem is not None:
            message = "This customer is not a member of this loyalty programme."
            found.append(Refusal(code="buyer.not_ours", message=message, field="buyer"))
    if basket.wanted_at is not None and basket.wanted_at.tzinfo is None:
        message = "The time the order is wanted at needs a time zone."
        found.append(Refusal(code="basket.wanted_at_naive", message=message, field="basket.wanted_at"))
    if basket.deliver_to is not None and len(basket.deliver_to.country) != 3:  # section 5: country(3)
        message = "The delivery address needs the country's three-letter code."
        found.append(Refusal(code="address.country", message=message, field="basket.deliver_to.country"))
    return [*found, *_of_reward(command, basket)]


def _of_reward(command: Checkout, basket: Basket) -> list[Refusal]:
    currency, reward = basket.totals.subtotal.currency, command.reward
    if reward is None:
        return []
    found: list[Refusal] = []
    for money, field in ((command.projected, "projected"), (reward.value, "rewards.0.value")):
        if money is not None and money.currency != currency:
            message = f"The reward is in {money.currency}, the sale in {currency}."
            found.append(Refusal(code="reward.currency", message=message, field=field))
        elif money is not None and money < Money.zero(currency):
            found.append(Refusal(code="reward.negative", message="A reward's discount is not negative.", field=field))
    return found
