"""Kigo's translator: what the engine asks of a provider, answered by this package's rooms.

May live here: the contract's methods and the limits on a command. May not: a body or a reply, which have their own
rooms; a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import httpx

from stampcard.adapter import Adapter, Description, Evidence, Policy, Recovery, Repeat, Rule, Unseen
from stampcard.commands import Command
from stampcard.errors import ConfigurationError
from stampcard.hooks import TenantHooks
from stampcard.journal.codec import FORGOTTEN
from stampcard.lifecycles import FULFILMENT, FulfilmentState
from stampcard.model import Facts, Refusal, Secret, Site
from stampcard.wire import Request, Response
from stampcard_adapters.kigo.recovery import recovery
from stampcard_adapters.kigo.replies import Outcome, read_order
from stampcard_adapters.kigo.requests import order_request
from stampcard_adapters.kigo.sessions import session_auth
from stampcard_adapters.kigo.settings import Kigo, KigoKeys, Switches
from stampcard_adapters.kigo.values import NAME, KigoFacts, KigoOrder, PlaceProduct

__all__ = ["KigoAdapter", "described", "policies"]

_LONGEST: Final = 200
"""Characters of an id. No limit is documented; a path has one somewhere."""


def policies(switches: Switches) -> Mapping[str, Policy]:
    """What each operation stands. There is one: nothing else is documented (section 5)."""
    once = Policy(repeat=Repeat.SAME_KEY, call_budget=switches.call_budget, late_window=switches.late_window)
    return {"place": once}


def described() -> Description:
    """What Kigo can do, for the page of providers."""
    again = "the same external_order_id again, which gives the first order back; a no to that is for a person"
    return Description(
        title="Kigo",
        lifecycle=FULFILMENT,
        policies=policies(Switches()),
        auth=Rule("a partner session of 30 minutes as bearer token, renewed early and on 401", "partner guide"),
        recovery={"place": Rule(again, "partner guide: external_order_id is idempotent per partner")},
        compared=Rule("nothing: no call shows an order without making one", "partner guide: no order status"),
        asks=("reveal", "sso"),
    )


class KigoAdapter(Adapter[FulfilmentState, KigoFacts, PlaceProduct]):
    """Pure, but for the memory of the partner's sessions, one for each tenant.

    There is no `observe`, no cancel and no refund: none is documented (section 5).
    """

    name: ClassVar[str] = NAME
    lifecycle = FULFILMENT
    facts: ClassVar[type[Facts]] = KigoFacts
    commands: ClassVar[tuple[type[Command], ...]] = (PlaceProduct,)

    def __init__(self, settings: Kigo) -> None:
        self.settings = settings
        self.environment = settings.environment
        self.base_url = settings.base_url
        self.policies: Mapping[str, Policy] = policies(settings.switches)
        self._hooks = TenantHooks(
            settings.auth,
            settings.keys_of,
            lambda keys: session_auth(keys(), settings.base_url),
            anew=True,
        )

    def opening(self) -> KigoFacts:
        return KigoFacts()

    def check(self, order: KigoOrder, command: PlaceProduct, /) -> tuple[Refusal, ...]:
        """What would leave no call to make, or nobody to show the link to."""
        found: list[Refusal] = []
        product, user = command.product_id, command.user
        if not product.strip(". ") or len(product) > _LONGEST or not product.isprintable():
            message = "This is not the id of a product."
            found.append(Refusal(code="product.invalid", message=message, field="product_id"))
        if not user.strip() or len(user) > _LONGEST or user == FORGOTTEN:
            message = "It is not known whom this is for."
            found.append(Refusal(code="user.invalid", message=message, field="user"))
        return tuple(found)

    def request(self, order: KigoOrder, command: PlaceProduct, /) -> Request:
        """Raises ValueError for what `check` refuses."""
        return self.order_call(order.id, command.product_id)

    def order_call(self, order_id: str, product_id: str) -> Request:
        """The one call that places an order, and gives its link again: the provider cannot tell the two apart."""
        settings = self.settings
        return order_request(
            order_id,
            product_id,
            order_path=settings.order_path,
            product_in_body=settings.switches.product_in_body,
        )

    def read(self, order: KigoOrder, command: PlaceProduct, response: Response, /) -> Outcome:
        keys = self._keys_of(order.site)
        api_key = None if keys is None else keys.api_key
        hide = Secret((command.user, "" if api_key is None else api_key.reveal()))
        return read_order(order.facts, order.id, command.product_id, response, api_key=api_key, hide=hide)

    def recover(
        self, order: KigoOrder, command: PlaceProduct, evidence: Evidence, /
    ) -> Recovery[FulfilmentState, KigoFacts]:
        keys = self._keys_of(order.site)
        return recovery(order, command, evidence, partner_id=None if keys is None else keys.partner_id)

    def compare(self, order: KigoOrder, /) -> Unseen:
        """Section 5: no look. The order call gives an order back, and would make one that is not there."""
        return Unseen(why="Kigo's API shows no order to its partner")

    def auth(self, site: Site, /) -> httpx.Auth:
        """The hook you gave, else the partner's session: one for each tenant, kept as long as its keys are the same."""
        return self._hooks(site)

    def _keys_of(self, site: Site) -> KigoKeys | None:
        """None for a tenant that has left the settings: a reply is read all the same."""
        try:
            return self.settings.keys_of(site.tenant)
        except ConfigurationError:
            return None
