"""What may be done about a step whose ending nobody knows (design, section 6; sheet, sections 3 to 5).

May live here: the rules of each step. May not: a call, a count of attempts, a wait (the engine's).

authorize: card data is never stored, so nothing can be sent again: the till asks its user. create and cancel: the
provider can be asked; "not there" before the late window has passed means "not yet". A no to a repeat is never
believed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from stampcard.adapter import Accepted, AskAgain, Declined, Escalate, Evidence, Probe, Recovery, Resend, Unknown
from stampcard.lifecycles import AuthorizationState
from stampcard.sealed import SealedError
from stampcard.wire import JsonView, Request, Response
from stampcard_adapters.kibo.commands import AuthorizeCart, CancelOrder, CreateOrder, KiboCommand
from stampcard_adapters.kibo.facts import KiboFacts, KiboOrder
from stampcard_adapters.kibo.payments import Kind, Payment, SavedCard, StoredMethod, StoredToken
from stampcard_adapters.kibo.refusals import LOOKS, error_code, refusal
from stampcard_adapters.kibo.replies import CANCELED, Shown, never_shown
from stampcard_adapters.kibo.requests import look_request, search_request
from stampcard_adapters.kibo.settings import Kibo, KiboKeys

__all__ = ["kept_payment", "recovery", "resendable"]

Move: TypeAlias = Recovery[AuthorizationState, KiboFacts]
Seen: TypeAlias = Accepted[AuthorizationState, KiboFacts] | Unknown | Resend | Escalate


def recovery(
    order: KiboOrder, command: KiboCommand, evidence: Evidence, *, settings: Kibo, keys: Callable[[], KiboKeys]
) -> Move:
    """The next move for an open intent."""
    match command:
        case AuthorizeCart():
            return _authorize(command, evidence, settings)
        case CreateOrder():
            return _create(order, evidence, settings, keys)
        case CancelOrder():
            return _cancel(order, evidence, settings)
        case _:
            return Resend()  # a look changes nothing


# authorize


def _authorize(command: AuthorizeCart, evidence: Evidence, settings: Kibo) -> Move:
    if evidence.answer is not None:
        reason = f"a repeat was answered no ({evidence.answer.code}); the first call may hold money"
        return AskAgain(reason=reason)
    if settings.switches.resend_tokens and kept_payment(command, settings) is not None:
        return Resend()
    return AskAgain(reason="the reply is lost, and what was presented is not stored: money may be held")


def resendable(payment: Payment) -> str | None:
    """The one word a payment consists of, where it is but a token: it may be kept, sealed, by switch."""
    match payment:
        case StoredToken() | SavedCard():
            return payment.token.reveal()
        case StoredMethod():
            return payment.id
        case _:
            return None


def kept_payment(command: AuthorizeCart, settings: Kibo) -> Payment | None:
    """What the command pays with: as it was presented, else from the token that was kept; None without either."""
    if command.payment is not None:
        return command.payment.reveal()
    if command.token is None:
        return None
    try:
        token = command.token.open(settings.seal_key)
    except SealedError:
        return None
    match command.kind:
        case Kind.STORED_TOKEN:
            return StoredToken(token=token, billing=command.billing)
        case Kind.SAVED_CARD:
            return SavedCard(token=token, billing=command.billing, issuer=command.issuer)
        case Kind.STORED_METHOD:
            return StoredMethod(id=token.reveal(), billing=command.billing)
        case _:
            return None


# create


def _create(order: KiboOrder, evidence: Evidence, settings: Kibo, keys: Callable[[], KiboKeys]) -> Move:
    facts = order.facts
    check = f"Is there an order {order.id} (Kibo's {facts.kibo_order_id}) at Kibo?"
    if facts.auth_token is None or facts.kibo_order_id is None:
        return Escalate(reason="create: the hold is not known here", check=check)
    sealed = facts.auth_token

    def again(shown: str) -> Seen:
        """It is not there: not yet, or not at all."""
        if evidence.answer is not None:
            return Escalate(
                reason=f"create: {shown}, and a repeat was answered no ({evidence.answer.code})", check=check
            )
        if evidence.age < settings.switches.late_window:
            return Unknown(why=f"{shown}, but the call may still land")
        try:
            sealed.open(settings.seal_key)
        except SealedError as locked:
            return Escalate(reason=f"create: {shown}, and {locked}", check=check)
        return Resend()

    def adopt(found: Shown) -> Seen:
        if found.id != facts.kibo_order_id or found.external not in (None, order.id):
            return Escalate(reason=f"create: Kibo shows it as order {found.id}, which was not reserved", check=check)
        return Accepted(facts=attrs.evolve(facts, provider_status=found.status), drift=found.drift)

    hide = never_shown(order, settings)
    if not settings.switches.find_by_external_id:
        absent = "it is not there"
        return _probe(look_request(order), settings, lambda body: _one(body, hide, adopt), lambda: again(absent))

    def search(body: JsonView) -> Seen:
        rows = [found for row in _rows(body) if (found := Shown.of(row, hide)) is not None]
        ours = [one for one in rows if one.external == order.id or one.id == facts.kibo_order_id]
        if len(ours) == 1:
            return adopt(ours[0])
        if rows:  # the parameter is undocumented: a provider that ignores it lists anybody's orders
            return Escalate(reason="create: the search for our id shows other orders", check=check)
        return again("the search finds nothing")

    return _probe(search_request(order, keys=keys()), settings, search, lambda: again("the search finds nothing"))


# cancel


def _cancel(order: KiboOrder, evidence: Evidence, settings: Kibo) -> Move:
    facts = order.facts
    check = f"Is order {order.id} (Kibo's {facts.kibo_order_id}) cancelled at Kibo?"
    if facts.kibo_order_id is None:
        return Escalate(reason="cancel: the order is not known here", check=check)

    def seen(found: Shown) -> Seen:
        if found.id != facts.kibo_order_id:
            return Unknown(why="the look shows another order")
        if found.canceled:
            return Accepted(facts=attrs.evolve(facts, provider_status=found.status))
        if evidence.answer is not None:
            reason = f"cancel: a repeat was answered no ({evidence.answer.code}), and the order is not {CANCELED}"
            return Escalate(reason=reason, check=check)
        if evidence.age < settings.switches.late_window:
            return Unknown(why=f"the order is not {CANCELED}, but the call may still land")
        return Resend()

    hide = never_shown(order, settings)
    gone = Escalate(reason="cancel: the order is not there", check=check)
    return _probe(look_request(order), settings, lambda body: _one(body, hide, seen), lambda: gone)


# looking


def _probe(
    request: Request, settings: Kibo, shown: Callable[[JsonView], Seen], absent: Callable[[], Seen]
) -> Probe[AuthorizationState, KiboFacts]:
    def read(response: Response) -> Seen:
        body = response.json()
        if response.status == 200 and body.there and error_code(body) is None:
            return shown(body)
        no = refusal(response, LOOKS, codeless=settings.switches.codeless_errors)
        if isinstance(no, Declined) and no.code == "order.unknown":
            return absent()
        return Unknown(why="the order could not be looked at")

    return Probe(request=request, read=read)


def _one(body: JsonView, hide: Sequence[str], then: Callable[[Shown], Seen]) -> Seen:
    found = Shown.of(body, hide)
    return Unknown(why="the look shows no order") if found is None else then(found)


def _rows(body: JsonView) -> tuple[JsonView, ...]:
    """{totalCount, collection: [...]} (as of shipments, section 5), or the list alone, or one order."""
    listed = body.any("collection")
    return listed.items() if listed.there else body.items()
