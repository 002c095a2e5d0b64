"""What may be done about an order whose ending nobody knows (sheet, section 3, "Idempotency").

May live here: the rule. May not: a call, a count of attempts, a wait (the engine's).

The same order id gives the same order back, for ever and at any number of repeats, so it is sent again; but only under
the same partner id, where alone the promise holds. There is no look-up, so a no to a repeat is for a person.
"""

from __future__ import annotations

from stampcard.adapter import Escalate, Evidence, Recovery, Resend
from stampcard.lifecycles import FulfilmentState
from stampcard_adapters.kigo.values import KigoFacts, KigoOrder, PlaceProduct

__all__ = ["recovery"]


def recovery(
    order: KigoOrder, command: PlaceProduct, evidence: Evidence, *, partner_id: str | None
) -> Recovery[FulfilmentState, KigoFacts]:
    """The next move for an open intent. partner_id: of the credentials as they are now; None when there are none."""
    check = f"Was order {order.id} made at Kigo?"
    if evidence.answer is not None:
        return Escalate(reason=f"a repeat was answered no ({evidence.answer.code})", check=check)
    if partner_id is not None and partner_id != command.partner_id:
        reason = "the partner id has changed since: a repeat would be another order"
        return Escalate(reason=reason, check=f"{check} Under the partner id {command.partner_id}.")
    return Resend()
