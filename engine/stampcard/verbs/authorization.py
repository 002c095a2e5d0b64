"""The verbs of held money. May live here: AUTHORIZATION's verbs. May not: a provider's own, an effect."""

from __future__ import annotations

from typing import Generic, TypeVar

from stampcard.commands import Abandon, Lapse
from stampcard.lifecycles import AuthorizationState
from stampcard.model import Facts, Order
from stampcard.step.effects import Step
from stampcard.step.verb import M, verb
from stampcard.verbs.base import Verbs

__all__ = ["AuthorizationVerbs"]

F = TypeVar("F", bound=Facts)


class AuthorizationVerbs(Verbs[M, AuthorizationState, F], Generic[M, F]):
    """Money held first, an order made from it later. See `stampcard.lifecycles.AUTHORIZATION`; a provider adds
    `authorize`, `create` and `cancel`.

    Every verb may raise NotAllowedError, ConflictError, UnknownOrderError, UnavailableError, DeclinedError,
    InDoubtError, ConfigurationError, JournalError; `command_id` is your idempotency key.
    """

    @verb
    def observe(self, order: Order[AuthorizationState, F]) -> Step[Order[AuthorizationState, F]]:
        """Ask whether the order still stands, and follow the provider there.

        Nothing is promised and nothing changes at the provider. An order at its end is given back as it is, without a
        call. A status the lifecycle does not know, or one it does not lead to, is written down as drift. Raises
        UnavailableError when the provider cannot be asked, NotAllowedError while the order is in doubt.
        """
        return (yield from self._observe(order))

    @verb
    def abandon(
        self, order: Order[AuthorizationState, F], *, why: str, command_id: str | None = None
    ) -> Step[Order[AuthorizationState, F]]:
        """Never create it. The provider is not told: a hold lapses by itself.

        Legal too while an authorization is in doubt: the hold it may have made is in `order.possible`.
        """
        return (yield from self._fire(order, Abandon(why=why), command_id=command_id))

    @verb
    def lapse(
        self, order: Order[AuthorizationState, F], *, why: str | None = None, command_id: str | None = None
    ) -> Step[Order[AuthorizationState, F]]:
        """Write down that the hold has ended by itself. NotAllowedError while it lives: `abandon` lets it go."""
        at = yield from self._now()
        return (yield from self._fire(order, Lapse(why=why, at=at), command_id=command_id))
