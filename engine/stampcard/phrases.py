"""The cashier's sentences, by stable code: one place to translate them all.

A till takes `phrases={code: "sentence with {params}"}`; what is not given stays English. May live here: sentences. May
not: decisions. Imports only the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ENGLISH", "Phrases"]

ENGLISH: Final[Mapping[str, str]] = {
    # where an order stands: state.<lifecycle>.<state>
    "state.PURCHASE.new": "Not priced yet.",
    "state.PURCHASE.checkout": "Priced. Take payment, or cancel.",
    "state.PURCHASE.placed": "Ordered. Waiting for payment.",
    "state.PURCHASE.billed": "Paid. Finish the sale to award points.",
    "state.PURCHASE.completed": "Done. Points are awarded.",
    "state.PURCHASE.voided": "Cancelled. Rewards and points are as before the sale.",
    "state.PURCHASE.refunded": "Refunded. Rewards and points are as before the sale.",
    "state.PURCHASE.abandoned": "Dropped before payment. Nothing happened.",
    "state.REDEMPTION.new": "Not redeemed yet.",
    "state.REDEMPTION.pending_approval": "Points are taken; waiting for approval.",
    "state.REDEMPTION.approved": "Approved.",
    "state.REDEMPTION.rejected": "Not approved.",
    "state.REDEMPTION.abandoned": "Dropped. Nothing happened.",
    "state.FULFILMENT.new": "Nothing ordered yet.",
    "state.FULFILMENT.requested": "Ordered; not ready yet.",
    "state.FULFILMENT.processing": "Being prepared.",
    "state.FULFILMENT.completed": "Ready to hand over.",
    "state.FULFILMENT.partially_completed": "Partly delivered; the rest will not come.",
    "state.FULFILMENT.cancelled": "Cancelled by the provider. No code was delivered.",
    "state.FULFILMENT.failed": "Failed. No code was delivered.",
    "state.FULFILMENT.error": "Failed at the provider. Call the help desk.",
    "state.FULFILMENT.abandoned": "Dropped. Nothing happened.",
    "state.AUTHORIZATION.new": "No card presented yet.",
    "state.AUTHORIZATION.authorized": "The money is held.",
    "state.AUTHORIZATION.declined": "Card declined. Try another card.",
    "state.AUTHORIZATION.created": "Ordered.",
    "state.AUTHORIZATION.cancelled": "Cancelled.",
    "state.AUTHORIZATION.lapsed": "Dropped. The hold ends by itself.",
    # doubt
    "doubt": "No answer to '{trigger}' yet. Please wait; do not repeat it.",
    "doubt.reversible": "No answer to '{trigger}' yet. Wait, or cancel the sale.",
    "doubt.running": "'{trigger}' is still under way. Please wait.",
    "doubt.ask_again": "No answer about the payment: money may be held. Ask the customer before trying again.",
    "doubt.charge": "The payment at the terminal is not settled yet. Please wait; do not take it again.",
    "doubt.charge.human": "Nobody knows whether the customer has paid. Call the help desk.",
    "doubt.reverse": "The payment is being given back. Please wait.",
    "doubt.reverse.human": "Nobody knows whether the payment was given back. Call the help desk.",
    "reversal.watched": "Cancelled. It is still being checked that nothing of it was booked after all.",
    "doubt.human": "'{trigger}' needs a person to look. Call the help desk.",
    # waiting to be sent
    "queued": "Kept on this register. It is sent when the loyalty service is back.",
    "queued.human": "'{trigger}' could not be sent and needs a person to look. Call the help desk.",
    "order.queued": "Earlier steps of this sale are still to be sent. Try again in a moment.",
    "offline.reward": "Rewards cannot be redeemed while the loyalty service is away. "
    "Sell without it; points are added later.",
    "offline.too_large": "This sale is too large to be taken down without the loyalty service.",
    "offline.full": "Too many sales wait for the loyalty service. Try again once it is back.",
    "resolve.send": "Only a step that waits to be sent can be sent now.",
    # errors
    "order.in_doubt": "The last step is not settled yet. Please wait.",
    "order.lane_busy": "The same redemption is being worked on. Try again in a moment.",
    "reveal.other_answer": "The provider now gives another code. Do not hand it over; call the help desk.",
    "order.busy": "This sale is being worked on. Try again in a moment.",
    "order.conflict": "This sale has changed since. Reload it.",
    "order.id_invalid": "The sale has no usable number. Call the help desk.",
    "order.unknown": "This sale is not known here.",
    "order.other_environment": "This sale belongs to another environment.",
    "order.other_tenant": "This sale belongs to another company.",
    "order.other_provider": "This sale belongs to another loyalty programme.",
    "order.forgotten": "This customer's data was erased; the sale can no longer be changed.",
    "resolve.declined": "The help desk found that this step was not done. It may be done now.",
    "resolve.not_escalated": "Nobody has to decide about this sale: the last step settles itself, or is settled.",
    "resolve.several": "Several steps of this sale wait for a person. Say which one is decided.",
    "resolve.conflict": "Somebody has decided otherwise about this sale. Look at it.",
    "resolve.gone_on": "The sale has gone on since. Reverse it instead.",
    "resolve.to": "Say where this leaves the sale.",
    "resolve.fact": "One of the facts given does not fit.",
    "resolve.because": "Say why, and who decided.",
    # the customer's money
    "charge.open": "The payment at the terminal is not settled yet. Please wait.",
    "charge.taken": "The customer has paid. Give the payment back first.",
    "charge.not_told": "Paid. The loyalty service is told as soon as it answers; do not take the money again.",
    "charge.not_told.human": "Paid: do not take the money again. Call the help desk, the loyalty service is not told.",
    "charge.cancelling": "No money is held for this sale. It is being cancelled.",
    "charge.kept": "The payment was declined. Take another card, or cancel the sale.",
    "charge.voided": "The payment was declined. The sale is cancelled.",
    "charge.void_open": "The payment was declined. The sale is being cancelled; no money was taken.",
    "charge.given_back": "The payment was given back. The sale is cancelled.",
    "charge.returned": "The payment was given back. Cancel the sale.",
    "charge.completed": "The sale is completed: refund it, and give the money back yourself.",
    "charge.no_port": "This register cannot take payments. Call the help desk.",
    "input.type": "The register gave something unusable. Call the help desk.",
    "request.too_large": "This sale is too large for the loyalty service. Split it.",
    "command.conflict": "This was already done, with other input.",
    "provider.unsupported": "This loyalty programme cannot do that.",
    "provider.unreachable": "The loyalty service cannot be reached. Try again in a moment.",
    "provider.rate_limit": "The loyalty service is busy. Try again in a moment.",
    "provider.breaker": "The loyalty service does not answer just now. Try again in a moment.",
    "provider.switched_off": "The loyalty service is switched off just now.",
    "provider.no_answer": "The loyalty service did not answer. Nothing was booked; try again.",
    "credentials.refused": "The loyalty service does not accept this store's key. Call the help desk.",
    "configuration": "The loyalty connection is not set up right. Call the help desk.",
    "journal.unavailable": "The sale cannot be recorded on this register. Call the help desk.",
}


class Phrases:
    """Sentences for a cashier, in the till's language where it gave one."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self._own = dict(own or {})

    def say(self, code: str, default: str | None = None, /, **params: str) -> str:
        """The sentence for a code: the till's own, else `default`, else English, else the code itself."""
        template = self._own.get(code)
        if template is None and default is not None:
            return default
        template = template or ENGLISH.get(code, code)
        try:
            return template.format(**params)
        except (KeyError, IndexError, ValueError):
            return template
