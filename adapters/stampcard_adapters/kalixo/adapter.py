"""Kalixo's translator: what the engine asks of a provider, answered by this package's rooms.

May live here: the contract's methods and the provider's limits on a command. May not: a body or a reply, which have
their own rooms; a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar, Final

import httpx

from stampcard.adapter import Adapter, Description, Escalate, Evidence, Look, Policy, Recovery, Repeat, Rule, Unseen
from stampcard.commands import Command, Observe
from stampcard.errors import ConfigurationError
from stampcard.hooks import TenantHooks
from stampcard.lifecycles import FULFILMENT, FulfilmentState
from stampcard.model import Facts, Refusal, Secret, Site
from stampcard.tokens import TokenAuth
from stampcard.wire import Request, Response
from stampcard_adapters.kalixo.login import ApiKeyAuth, KalixoLogin
from stampcard_adapters.kalixo.recovery import recovery
from stampcard_adapters.kalixo.refusals import NOTHING, Hidden, unauthorized
from stampcard_adapters.kalixo.replies import Outcome, compared, read_look, read_place
from stampcard_adapters.kalixo.requests import look_request, place_request
from stampcard_adapters.kalixo.settings import Kalixo, KalixoKeys, Switches
from stampcard_adapters.kalixo.values import NAME, Item, KalixoFacts, KalixoOrder, PlaceCodes, Version

__all__ = ["KalixoAdapter", "described", "hidden_keys", "policies"]

_LONGEST_WAIT: Final = 900.0
"""Seconds between two looks, however late the provider expects to be ready."""


def policies(version: Version, switches: Switches) -> Mapping[str, Policy]:
    """What each operation stands. There is no cancel (A3, B1); only v2 can be asked by our code (trap 2)."""
    place = Policy(
        repeat=Repeat.SAME_KEY if version == 1 else Repeat.PROBE_FIRST,
        look_up=version == 2,
        call_budget=switches.call_budget,
        late_window=switches.late_window,
    )
    observe = Policy(
        repeat=Repeat.SAME_KEY,
        effectless=True,
        look_up=True,
        call_budget=switches.call_budget,
        late_window=switches.late_window,
    )
    return {"place": place, "observe": observe}


def described() -> Description:
    """What Kalixo can do in v2, for the page of providers."""
    place = "looked up by our code; absent after the late window: the same code again (v1: always the same code again)"
    return Description(
        title="Kalixo",
        lifecycle=FULFILMENT,
        policies=policies(2, Switches()),
        auth=Rule("x-api-key (v1: login and refresh tokens as bearer)", "v2 pages: authentication; v1 pages: auth"),
        recovery={
            "place": Rule(place, "v2 pages: GET by externalOrderCode; three texts on duplicates, all accepted"),
            "observe": Rule("asked again, not before estimatedReadyAt", "v2 pages: orders, polling"),
        },
        compared=Rule(
            "the order under our code: its status, its goods, how many codes (v1: by Kalixo's id, where one is known)",
            "v2 pages: GET by externalOrderCode; v1 pages: retrieve-order",
        ),
        asks=("products", "product", "wallet", "ping", "reveal"),
    )


class KalixoAdapter(Adapter[FulfilmentState, KalixoFacts, Command]):
    """Pure, but for the token of each tenant (v1)."""

    name: ClassVar[str] = NAME
    lifecycle = FULFILMENT
    facts: ClassVar[type[Facts]] = KalixoFacts
    commands: ClassVar[tuple[type[Command], ...]] = (PlaceCodes, Observe)

    def __init__(self, settings: Kalixo) -> None:
        self.settings = settings
        self.environment = settings.environment
        self.base_url = settings.base_url
        self.policies = policies(settings.version, settings.switches)
        self._hooks = TenantHooks(settings.auth, settings.keys_of, self._hook, anew=True)

    def opening(self) -> KalixoFacts:
        return KalixoFacts()

    def check(self, order: KalixoOrder, command: Command, /) -> tuple[Refusal, ...]:
        """Kalixo's limits beside the lifecycle's guards, and what would leave no call to make."""
        if not isinstance(command, PlaceCodes):
            return ()
        found: list[Refusal] = []
        if order.id.isdigit():  # trap 10: v2 would look it up as one of its own numbers
            message = "An order number of digits alone cannot be told from the gift-card service's own."
            found.append(Refusal(code="order.all_digits", message=message, field="order.id"))
        if not order.id.strip("."):  # no segment of a path
            message = "The sale has no usable number. Call the help desk."
            found.append(Refusal(code="order.id_invalid", message=message, field="order.id"))
        for n, item in enumerate(command.items):
            found += _of_line(item, f"items.{n}", self.settings.version)
        return (*found, *_of_total(command, self.settings.version))

    def request(self, order: KalixoOrder, command: Command, /) -> Request:
        """Raises ValueError for what `check` refuses."""
        if isinstance(command, PlaceCodes):
            return place_request(order.id, command, self.settings.version)
        return look_request(order.id, order.facts.kalixo_id, self.settings.version)

    def read(self, order: KalixoOrder, command: Command, response: Response, /) -> Outcome:
        version, hide = self.settings.version, hidden_keys(self.settings, order.site.tenant)
        if isinstance(command, PlaceCodes):
            return read_place(order, command, response, version, hide=hide)
        return read_look(order, response, version, hide=hide)

    def recover(
        self, order: KalixoOrder, command: Command, evidence: Evidence, /
    ) -> Recovery[FulfilmentState, KalixoFacts]:
        if not isinstance(command, PlaceCodes):
            return Escalate(reason="an observation promises nothing", check=f"order {order.id}")
        settings, hide = self.settings, hidden_keys(self.settings, order.site.tenant)
        return recovery(order, command, evidence, version=settings.version, switches=settings.switches, hide=hide)

    def compare(self, order: KalixoOrder, /) -> Look[FulfilmentState, KalixoFacts] | Unseen:
        """v2 is asked by our code, so that an order it has and we do not is found, too; v1 only by its own id."""
        version, known = self.settings.version, order.facts.kalixo_id
        if version == 1 and known is None:
            return Unseen(why="v1 shows orders by Kalixo's own id alone, and none is known")
        hide = hidden_keys(self.settings, order.site.tenant)

        def read(response: Response) -> Outcome:
            return compared(order, read_look(order, response, version, hide=hide))

        return Look(
            request=look_request(order.id, known, version), read=read, call_budget=self.settings.switches.call_budget
        )

    def look_after(self, order: KalixoOrder, now: datetime, looks: int, /) -> float | None:
        """At the time the provider named, then about once a minute (B3); v1 names none, and is asked sooner."""
        soon = super().look_after(order, now, looks)
        switches, ready = self.settings.switches, order.facts.ready_at
        if soon is None or (self.settings.version == 1 and switches.quick_looks):
            return soon
        left = 0.0 if ready is None else max(0.0, (ready - now).total_seconds())
        return min(left if looks == 0 else max(left, switches.look_every), max(_LONGEST_WAIT, switches.look_every))

    def auth(self, site: Site, /) -> httpx.Auth:
        """The hook you gave, else Kalixo's own: one for each tenant, kept while its keys are the same, as v1's holds
        the token: with other keys another wallet pays."""
        return self._hooks(site)

    def _hook(self, keys: Callable[[], KalixoKeys]) -> httpx.Auth:
        if self.settings.version == 2:
            return ApiKeyAuth(keys)
        return TokenAuth(KalixoLogin(self.base_url, keys, self.settings.switches), refused=unauthorized)


def hidden_keys(settings: Kalixo, tenant: str) -> Hidden:
    """A tenant's credentials as text, to be struck out of foreign words; nothing where there are none."""
    try:
        keys = settings.keys_of(tenant)
    except ConfigurationError:  # they are gone since: what was sent with them cannot be told from other words
        return NOTHING
    secrets = (secret.reveal() for secret in (keys.password, keys.api_key) if secret is not None)
    return Secret((*secrets, keys.email or ""))


def _of_total(command: PlaceCodes, version: Version) -> list[Refusal]:
    """What only a price can say: v1 is told the total, v2 the currency. (Lines without a price are told one by one.)"""
    unpriced = [item for item in command.items if item.price is None]
    if (
        command.total is not None
        or not command.items
        or (unpriced if version == 1 else len(unpriced) < len(command.items))
    ):
        return []
    if version == 1:
        message = "The order has no total: the prices cannot be summed."
        return [Refusal(code="order.total_missing", message=message, field="total")]
    message = "Nothing says in which currency to order: give a price."
    return [Refusal(code="order.currency_missing", message=message, field="items")]


def _of_line(item: Item, where: str, version: Version) -> list[Refusal]:
    found: list[Refusal] = []
    if version == 1 and item.price is None:
        message = "A product has no price: read it from the catalogue again."
        found.append(Refusal(code="product.price_missing", message=message, field=f"{where}.price"))
    if version == 1 and not (item.sku or "").strip():
        message = "A product has no stock number: read it from the catalogue again."
        found.append(Refusal(code="product.sku_missing", message=message, field=f"{where}.sku"))
    return found
