"""What may be done about a step whose ending nobody knows. Nothing is sent again before the provider was looked at.

May live here: the rules of create and of the change of status. May not: a call, a count of attempts, a wait (the
engine's), a clock of the till's: what is new is told by ids and by the provider's own times.

A create is NOT idempotent (trap 9): sent twice, it takes points twice. The command recorded which orders the customer
had before the first send; what is listed beside those is new. Nothing new before the late window has passed means "not
yet". A no to a change of status, and a no to a repeated create, is settled by looking as well.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

from stampcard.adapter import Accepted, Declined, Escalate, Evidence, NotSent, Probe, Resend, Unknown
from stampcard.lifecycles import RedemptionState
from stampcard.wire import Response
from stampcard_adapters.sessionm.envelope import TAKEN
from stampcard_adapters.sessionm.queries import PAGE, orders_query
from stampcard_adapters.sessionm.replies import placed, read_order
from stampcard_adapters.sessionm.requests import WANTED, seen_request
from stampcard_adapters.sessionm.settings import Switches
from stampcard_adapters.sessionm.values import STATUS, Listed, OrderPage, SessionMFacts, SessionMOrder, SessionMRedeem

__all__ = ["decision_recovery", "redeem_recovery"]

Seen: TypeAlias = Accepted[RedemptionState, SessionMFacts] | Declined | NotSent | Unknown | Resend | Escalate


def redeem_recovery(
    order: SessionMOrder, command: SessionMRedeem, evidence: Evidence, switches: Switches
) -> Probe[RedemptionState, SessionMFacts]:
    """List the customer's orders, and tell ours among the new ones."""
    query = orders_query(command.customer, limit=PAGE)

    def read(response: Response) -> Seen:
        page = query.read(response)
        if not isinstance(page, OrderPage):
            return Unknown(why="the customer's orders could not be read")
        return _found(order, command, evidence, switches, page)

    return Probe(request=query.request, read=read)


def _found(
    order: SessionMOrder, command: SessionMRedeem, evidence: Evidence, switches: Switches, page: OrderPage
) -> Seen:
    had = frozenset(command.had)
    new = [row for row in page.orders if row.id not in had]
    ours = [row for row in page.orders if row.external_id == order.id]
    if any(row.id in had for row in ours):
        return _look(order, command, "an order of before the first send carries this order's id")
    if len(ours) == 1:
        return _adopted(order, command, ours[0])
    if ours:
        return _look(order, command, f"{len(ours)} orders carry this order's id")
    # A new order of another offer is none of ours; one whose offer is not told may be.
    like = [row for row in new if row.offer_id is None or str(row.offer_id) == command.offer]
    if like:
        [one, *more] = like
        if switches.adopt_by_shape and not more and one.external_id is None and _shaped(command, one):
            return _adopted(order, command, one)
        return _look(order, command, "new orders of this offer do not carry this order's id: " + _ids(like))
    if page.last and not had <= {row.id for row in page.orders}:
        return Unknown(why="the list lacks orders it has shown before")
    if not page.last and not _reaches_back(page, command):
        return _look(order, command, "the customer has more orders than a page shows, and not the newest first")
    if evidence.answer is not None:
        if evidence.answer.provider_code == TAKEN and switches.send_external_id:
            return _look(order, command, "a repeat was refused, which may mean that there is one")
        # The sends before could not land any more when this one was told no, and it left nothing there.
        return evidence.answer
    if evidence.age < switches.late_window:
        return Unknown(why="not yet: the call may still land")
    return Resend()


def _reaches_back(page: OrderPage, command: SessionMRedeem) -> bool:
    """Is every order younger than those we know on this page? Newest first, back to before the newest we know: a new
    order stands before its last row. By the provider's clock alone."""
    times = [row.created_at for row in page.orders if row.created_at is not None]
    if len(times) != len(page.orders) or command.newest_at is None:
        return False
    return all(a >= b for a, b in pairwise(times)) and times[-1] < command.newest_at


def _shaped(command: SessionMRedeem, row: Listed) -> bool:
    return str(row.offer_id) == command.offer and row.quantity == command.quantity


def _adopted(order: SessionMOrder, command: SessionMRedeem, row: Listed) -> Seen:
    if not _shaped(command, row):
        return _look(order, command, "the order with this order's id is of another offer or quantity")
    return placed(order, command, row)


def _ids(rows: list[Listed]) -> str:
    return ", ".join(str(row.id) for row in rows[:5])


def _look(order: SessionMOrder, command: SessionMRedeem, reason: str) -> Escalate:
    check = f"Which order of offer {command.offer} at SessionM is {order.id}, if any? Points may be taken."
    return Escalate(reason=f"redeem: {reason}", check=check)


def decision_recovery(
    order: SessionMOrder, trigger: str, evidence: Evidence, switches: Switches
) -> Probe[RedemptionState, SessionMFacts] | Escalate:
    """Read the order: whoever decided, what it shows is the answer."""
    wanted = WANTED[trigger]
    check = f"Is order {order.facts.order_id} ({order.id}) {wanted} at SessionM?"
    if order.facts.order_id is None or order.facts.customer is None:
        return Escalate(reason=f"{trigger}: the provider's order is no longer known", check=check)

    def read(response: Response) -> Seen:
        seen = read_order(order, response)
        if isinstance(seen, Declined):
            return Escalate(reason=f"{trigger}: the provider does not show the order ({seen.code})", check=check)
        if not isinstance(seen, Accepted):
            return Unknown(why=seen.why)
        if seen.to is None:
            return Escalate(reason=f"{trigger}: the provider says {seen.drift}", check=check)
        if seen.to is STATUS[wanted]:
            return seen
        if seen.to is not RedemptionState.PENDING_APPROVAL:
            message = "This redemption was decided otherwise already."
            return Declined(code="order.not_pending", message=message, provider_code=seen.facts.provider_status)
        if evidence.answer is not None:
            return Escalate(reason=f"{trigger}: refused ({evidence.answer.code}), and still pending", check=check)
        if evidence.age < switches.late_window:
            return Unknown(why="not yet: the call may still land")
        return Resend()

    return Probe(request=seen_request(order), read=read)
