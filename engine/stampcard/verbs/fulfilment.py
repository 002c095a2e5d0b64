"""The verbs of goods from a catalogue. May live here: FULFILMENT's verbs. May not: a provider's own, an effect."""

from __future__ import annotations

from typing import Generic, TypeVar

from stampcard.commands import Abandon
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Facts, Order
from stampcard.step.effects import Step
from stampcard.step.verb import M, verb
from stampcard.verbs.base import Verbs

__all__ = ["FulfilmentVerbs"]

F = TypeVar("F", bound=Facts)


class FulfilmentVerbs(Verbs[M, FulfilmentState, F], Generic[M, F]):
    """Goods ordered from a catalogue, delivered now or later. See `stampcard.lifecycles.FULFILMENT`; a provider adds
    `place`, and `reveal` for what was delivered.

    Every verb may raise NotAllowedError, ConflictError, UnknownOrderError, UnavailableError, DeclinedError,
    InDoubtError, ConfigurationError, JournalError; `command_id` is your idempotency key.
    """

    @verb
    def observe(self, order: Order[FulfilmentState, F]) -> Step[Order[FulfilmentState, F]]:
        """Ask whether it is delivered yet, and follow the provider there.

        Nothing is promised and nothing changes at the provider. An order at its end is given back as it is, without a
        call. A status the lifecycle does not know, or one it does not lead to, is written down as drift. Raises
        UnavailableError when the provider cannot be asked, NotAllowedError while the order is in doubt.
        """
        return (yield from self._observe(order))

    @verb
    def abandon(
        self, order: Order[FulfilmentState, F], *, why: str | None = None, command_id: str | None = None
    ) -> Step[Order[FulfilmentState, F]]:
        """Drop an order before it is placed. The provider is not told: nothing happened there."""
        return (yield from self._fire(order, Abandon(why=why), command_id=command_id))
