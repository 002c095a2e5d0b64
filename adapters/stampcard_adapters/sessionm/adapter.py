"""SessionM's translator: what the engine asks of a provider, answered by this package's rooms.

May live here: the contract's methods and the provider's limits on a command. May not: a body or a reply, which have
their own rooms; a call.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from typing import ClassVar, TypeAlias

import httpx

from stampcard.adapter import Adapter, Description, Evidence, Look, Policy, Recovery, Repeat, Rule, Unseen
from stampcard.commands import Approve, Command, Observe, Reject
from stampcard.errors import ConfigurationError
from stampcard.hooks import TenantHooks
from stampcard.lifecycles import REDEMPTION, RedemptionState
from stampcard.model import Facts, Refusal, Secret, Site
from stampcard.wire import Request, Response
from stampcard_adapters.sessionm.auth import SessionMAuth
from stampcard_adapters.sessionm.envelope import NOTHING, Hidden
from stampcard_adapters.sessionm.queries import user_problem
from stampcard_adapters.sessionm.recovery import decision_recovery, redeem_recovery
from stampcard_adapters.sessionm.replies import Outcome, compared, read_decision, read_order, read_redeem
from stampcard_adapters.sessionm.requests import redeem_request, seen_request, status_request
from stampcard_adapters.sessionm.settings import SessionM, Switches
from stampcard_adapters.sessionm.values import NAME, SessionMFacts, SessionMOrder, SessionMRedeem

__all__ = ["SessionMAdapter", "SessionMCommand", "described", "hidden_keys", "policies"]

SessionMCommand: TypeAlias = SessionMRedeem | Approve | Reject | Observe


def policies(switches: Switches) -> Mapping[str, Policy]:
    """What each operation stands. Nothing is idempotent; everything can be looked at."""

    def policy(repeat: Repeat, *, effectless: bool = False) -> Policy:
        return Policy(
            repeat=repeat,
            effectless=effectless,
            look_up=True,
            call_budget=switches.call_budget,
            late_window=switches.late_window,
        )

    return {
        "redeem": policy(Repeat.PROBE_FIRST),
        "approve": policy(Repeat.PROBE_FIRST),
        "reject": policy(Repeat.PROBE_FIRST),
        "observe": policy(Repeat.SAME_KEY, effectless=True),
    }


def described() -> Description:
    """What SessionM can do, for the page of providers."""
    new = "the customer's orders are listed, ours is adopted; none new after the late window: sent again; else a person"
    decided = "the order is read: decided as wanted is done, still pending after the late window: sent again"
    return Description(
        title="SessionM",
        lifecycle=REDEMPTION,
        policies=policies(Switches()),
        auth=Rule("HTTP Basic; the key stands in the path too", "developer pages: authentication"),
        recovery={
            "redeem": Rule(new, "developer pages: none is idempotent; adopting is our choice (`adopt_by_shape`)"),
            "approve": Rule(decided, "developer pages: read one order"),
            "reject": Rule(decided, "developer pages: read one order"),
            "observe": Rule("asked again", "developer pages: read one order"),
        },
        compared=Rule("the order: its status, offer, quantity and points", "developer pages: read one order"),
        asks=("offers", "question", "answer", "points", "transactions", "orders", "profile"),
    )


class SessionMAdapter(Adapter[RedemptionState, SessionMFacts, SessionMCommand]):
    """Pure."""

    name: ClassVar[str] = NAME
    lifecycle = REDEMPTION
    facts: ClassVar[type[Facts]] = SessionMFacts
    commands: ClassVar[tuple[type[Command], ...]] = (SessionMRedeem, Approve, Reject, Observe)

    def __init__(self, settings: SessionM) -> None:
        self.settings = settings
        self.environment = settings.environment
        self.base_url = settings.base_url
        self.policies = policies(settings.switches)
        self._hooks = TenantHooks(settings.auth, settings.keys_of, SessionMAuth)

    def opening(self) -> SessionMFacts:
        return SessionMFacts()

    def check(self, order: SessionMOrder, command: SessionMCommand, /) -> tuple[Refusal, ...]:
        """SessionM's limits beside the lifecycle's guards, and what would leave no call to make."""
        if not isinstance(command, SessionMRedeem):
            if order.facts.order_id is not None and order.facts.customer is not None:
                return ()
            message = "This redemption is no longer known well enough to change it."
            return (Refusal(code="order.incomplete", message=message),)
        problem = user_problem(command.customer)
        found = [] if problem is None else [problem]
        if not command.offer.isascii() or not command.offer.isdigit():
            found.append(Refusal(code="offer.bad", message="This is no offer of this programme.", field="offer"))
        answered = command.answered
        if answered is not None and not (answered.id.isascii() and answered.id.isdigit()):
            message = "The question has to be answered again before redeeming."
            found.append(Refusal(code="challenge.bad", message=message, field="answered.id"))
        if command.ip is not None and not _address(command.ip):
            found.append(Refusal(code="ip.bad", message="This is no internet address.", field="ip"))
        if command.taken_by is not None:
            code, message = (
                "order.id_taken",
                "This redemption's number was used before at the loyalty service. Take another.",
            )
            if command.taken_alike:  # under another number the points would be taken twice
                code = "order.exists_there"
                message = "This redemption exists at the loyalty service already. Call the help desk."
            params = {"order": str(command.taken_by)}
            found.append(Refusal(code=code, message=message, field="order", params=params))
        return tuple(found)

    def request(self, order: SessionMOrder, command: SessionMCommand, /) -> Request:
        """Raises ValueError for what `check` refuses."""
        match command:
            case SessionMRedeem():
                return redeem_request(order, command, send_external_id=self.settings.switches.send_external_id)
            case Approve() | Reject():
                return status_request(order, command)
            case Observe():
                return seen_request(order)

    def read(self, order: SessionMOrder, command: SessionMCommand, response: Response, /) -> Outcome:
        hide = self._hidden(order, command)
        match command:
            case SessionMRedeem():
                return read_redeem(order, command, response, named=self.settings.switches.send_external_id, hide=hide)
            case Approve() | Reject():
                return read_decision(order, command.trigger, response, hide=hide)
            case Observe():
                return read_order(order, response, hide=hide)

    def recover(
        self, order: SessionMOrder, command: SessionMCommand, evidence: Evidence, /
    ) -> Recovery[RedemptionState, SessionMFacts]:
        if isinstance(command, SessionMRedeem):
            return redeem_recovery(order, command, evidence, self.settings.switches)
        return decision_recovery(order, command.trigger, evidence, self.settings.switches)

    def compare(self, order: SessionMOrder, /) -> Look[RedemptionState, SessionMFacts] | Unseen:
        """The order is read, by the provider's own number: there is no look-up by ours."""
        if order.facts.order_id is None or order.facts.customer is None:
            return Unseen(why="no redemption was made, as far as is known: orders are shown by SessionM's own number")
        hide = self._hidden(order, Observe())

        def read(response: Response) -> Outcome:
            return compared(order, read_order(order, response, hide=hide))

        return Look(request=seen_request(order), read=read, call_budget=self.settings.switches.call_budget)

    def lane(self, order: SessionMOrder, command: SessionMCommand, /) -> str | None:
        """One open create for a customer and offer: two could not be told apart afterwards. No person stands in it."""
        if not isinstance(command, SessionMRedeem):
            return None
        named = f"{command.external}\n{command.user}\n{command.offer}"
        return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:32]

    def auth(self, site: Site, /) -> httpx.Auth:
        """The hook you gave, else SessionM's own. A tenant without keys is told before anything is journalled."""
        return self._hooks(site)

    def _hidden(self, order: SessionMOrder, command: SessionMCommand) -> Hidden:
        """What the provider's words must not repeat into a journal: our keys, and who it is about."""
        people: tuple[str | None, ...] = (order.facts.user,)
        if isinstance(command, SessionMRedeem):
            people = (command.user, command.email, command.ip)
        keys = hidden_keys(self.settings, order.site.tenant)
        return Secret((*keys.reveal(), *(one for one in people if one)))


def hidden_keys(settings: SessionM, tenant: str) -> Hidden:
    """A tenant's credentials as text, to be struck out of foreign words; nothing where there are none."""
    try:
        keys = settings.keys_of(tenant)
    except ConfigurationError:
        return NOTHING
    return Secret((keys.api_key.reveal(), keys.secret.reveal()))


def _address(ip: str) -> bool:
    try:
        ipaddress.ip_address(ip)
    except ValueError:
        return False
    return True
