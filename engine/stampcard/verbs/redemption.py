"""The verbs of points for a prize. May live here: REDEMPTION's verbs. May not: a provider's own, an effect."""

from __future__ import annotations

from typing import Generic, TypeVar

from stampcard.commands import Abandon, Approve, Reject
from stampcard.lifecycles import RedemptionState
from stampcard.model import Facts, Order
from stampcard.step.effects import Step
from stampcard.step.verb import M, verb
from stampcard.verbs.base import Verbs

__all__ = ["RedemptionVerbs"]

F = TypeVar("F", bound=Facts)


class RedemptionVerbs(Verbs[M, RedemptionState, F], Generic[M, F]):
    """Points for a prize, taken when it is redeemed. See `stampcard.lifecycles.REDEMPTION`; a provider adds `redeem`.

    Every verb may raise NotAllowedError, ConflictError, UnknownOrderError, UnavailableError, DeclinedError,
    InDoubtError, ConfigurationError, JournalError; `command_id` is your idempotency key.
    """

    @verb
    def approve(
        self, order: Order[RedemptionState, F], *, why: str, command_id: str | None = None
    ) -> Step[Order[RedemptionState, F]]:
        """Let the redemption through."""
        return (yield from self._fire(order, Approve(why=why), command_id=command_id))

    @verb
    def reject(
        self, order: Order[RedemptionState, F], *, why: str, command_id: str | None = None
    ) -> Step[Order[RedemptionState, F]]:
        """Refuse the redemption. Whether the points come back is the provider's to say: look at the balance."""
        return (yield from self._fire(order, Reject(why=why), command_id=command_id))

    @verb
    def observe(self, order: Order[RedemptionState, F]) -> Step[Order[RedemptionState, F]]:
        """Ask whether it was approved or rejected, and follow the provider there.

        Nothing is promised and nothing changes at the provider. An order at its end is given back as it is, without a
        call. A status the lifecycle does not know, or one it does not lead to, is written down as drift. Raises
        UnavailableError when the provider cannot be asked, NotAllowedError while the order is in doubt.
        """
        return (yield from self._observe(order))

    @verb
    def abandon(
        self, order: Order[RedemptionState, F], *, why: str | None = None, command_id: str | None = None
    ) -> Step[Order[RedemptionState, F]]:
        """Drop an order before it is redeemed. The provider is not told: nothing happened there."""
        return (yield from self._fire(order, Abandon(why=why), command_id=command_id))
