"""What every provider's orders can do, and what a provider's own verbs are made of.

May live here: the verbs no lifecycle is needed for; firing, asking, revealing. May not: a lifecycle's own verbs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

import attrs

from stampcard.adapter import Adapter, Query
from stampcard.commands import Command
from stampcard.model import Entry, Facts, Order, Site
from stampcard.step.ask import ask
from stampcard.step.effects import Now, Step, perform
from stampcard.step.fire import fire
from stampcard.step.look import built_order_id, look, read_order, site_of, unknown
from stampcard.step.observe import observe, wait
from stampcard.step.recover import settle_order
from stampcard.step.reveal import orders_named, reveal
from stampcard.step.verb import M, Seat, Seated, verb
from stampcard.step.wish import Wish, keepable

__all__ = ["Verbs"]

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F", bound=Facts)
T = TypeVar("T")


class Verbs(Seated[M], Generic[M, S, F]):
    """What every provider's orders can do."""

    def __init__(self, seat: Seat[M], adapter: Adapter[S, F, Any], /) -> None:
        super().__init__(seat)
        self._adapter = adapter
        seat.runtime.enrol(adapter)

    def _reseated(self, seat: Seat[M]) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._seat = seat
        return other

    def by(self, actor: str, /) -> Self:
        """The same verbs, recorded under this person. Raises NotAllowedError for a name no journal can keep."""
        keepable(self._seat, actor)
        return self._reseated(attrs.evolve(self._seat, actor=actor))

    def at(self, site: Site, /) -> Self:
        """The same verbs, for this store (and tenant)."""
        return self._reseated(attrs.evolve(self._seat, site=site))

    def within(self, seconds: float, /) -> Self:
        """The same verbs, with this till budget per step, in seconds: when the cashier gets an answer.

        Raises ValueError for less than 0 and for what is no number.
        """
        if not seconds >= 0:
            raise ValueError("a budget is a number of seconds")
        return self._reseated(attrs.evolve(self._seat, patience=seconds))

    def order_id(self, *, ticket: str, day: date) -> str:
        """An order id that is unique for ever, for a sale at this store and register.

        From tenant, store, register, this installation, the business date and the POS's own ticket number: ticket
        numbers restart daily, providers replay by id for ever. A ticket that makes several orders (a sale and a gift
        card) needs a text of its own for each: "417", "417-gift". Give every register its own `Site.register`: two made
        from one disk image are one installation. Raises ConfigurationError when no site is named.
        """
        return built_order_id(self._seat, ticket, day)

    @verb
    def get(self, order_id: str) -> Step[Order[S, F]]:
        """The order as it stands in the journal.

        Raises UnknownOrderError; NotAllowedError for an order of another environment, tenant or provider.
        """
        return (yield from read_order(self._seat, self._adapter, order_id))

    @verb
    def history(self, order_id: str) -> Step[tuple[Entry, ...]]:
        """Every entry of one order, oldest first: when, who, why. Raises what `get` raises."""
        view = yield from look(self._seat, self._adapter, order_id)
        if view is None:
            raise unknown(self._seat, order_id)
        return view.standing.record.entries

    @verb
    def recover(self, order_id: str, *, within: float = 10.0) -> Step[Order[S, F]]:
        """Settle this order's doubt now, trying for `within` seconds.

        Raises InDoubtError when time is up, NeedsHumanError when it cannot be settled, UnknownOrderError.
        """
        return (yield from settle_order(self._seat, self._adapter, order_id, within))

    @verb
    def wait(self, order: Order[S, F], *, within: float) -> Step[Order[S, F]]:
        """Ask the provider again, on its own schedule, until the order rests; as it is when `within` seconds are up.

        A doubt is settled first. A provider that cannot be asked just now is asked again later. Raises InDoubtError
        when the doubt outlasts the time, NeedsHumanError when it cannot be settled.
        """
        return (yield from wait(self._seat, self._adapter, order.id, within))

    # for those who write a provider

    def _site(self) -> Site:
        """Where this happens. Raises ConfigurationError when neither the till nor `.at()` named a site."""
        return site_of(self._seat)

    def _fire(self, order: Order[S, F], command: Command, *, command_id: str | None = None) -> Step[Order[S, F]]:
        """Fire a trigger on an order."""
        wish = Wish(seat=self._seat, adapter=self._adapter, order=order, command=command, command_id=command_id)
        return (yield from fire(wish))

    def _open(
        self,
        order: str | Order[S, F],
        command: Command,
        *,
        command_id: str | None = None,
        ticket: str | None = None,
    ) -> Step[Order[S, F]]:
        """Fire a trigger that may open the order: an id opens it or repeats, an order is changed."""
        wish = Wish(
            seat=self._seat,
            adapter=self._adapter,
            order=order,
            command=command,
            command_id=command_id,
            ticket=ticket,
        )
        return (yield from fire(wish))

    def _ask(self, query: Query[T]) -> Step[T]:
        """A call that belongs to no order. Raises DeclinedError or UnavailableError."""
        return (yield from ask(self._seat, self._adapter, self._site(), query))

    def _observe(self, order: Order[S, F]) -> Step[Order[S, F]]:
        """Ask the provider where the order stands, and follow it there: see `stampcard.step.observe`."""
        return (yield from observe(self._seat, self._adapter, order.id))

    def _reveal(
        self,
        order: Order[S, F],
        query: Query[T],
        *,
        why: str,
        alarm: Callable[[T], str | None] | None = None,
    ) -> Step[T]:
        """Fetch what is never journalled; that it was shown, to whom and why, is written before it is shown.

        alarm: what is wrong with the answer, if anything: then it is not shown, the order gets a DRIFT entry, and
        NeedsHumanError is raised.
        """
        return (yield from reveal(self._seat, self._adapter, order.id, query, why=why, alarm=alarm))

    def _named(self, text: str) -> Step[tuple[Order[S, F], ...]]:
        """This provider's orders with that id, ticket or reference, oldest first."""
        return (yield from orders_named(self._seat, self._adapter, text))

    def _found(self, order_id: str) -> Step[Order[S, F] | None]:
        """The order, or None when no such was opened."""
        view = yield from look(self._seat, self._adapter, order_id)
        return None if view is None else view.order()

    def _now(self) -> Step[datetime]:
        """The till's wall clock, aware, UTC."""
        return (yield from perform(Now()))
