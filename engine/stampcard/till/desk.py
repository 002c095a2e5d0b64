"""What is asked of the till itself, whatever the provider; the same text for `Till` and `AsyncTill`."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Generic, TypeVar

from stampcard.adapter import AnyAdapter
from stampcard.errors import JournalError, NotAllowedError
from stampcard.journal.contract import StoreError
from stampcard.model import AnyOrder, Entry, Environment
from stampcard.step.conclude import guest_of, person
from stampcard.step.effects import Changes, Effect, Forget, Load, OpenOrders, Step, perform
from stampcard.step.look import built_order_id, look, site_of, unknown
from stampcard.step.verb import M, Seat, Seated, verb

__all__ = ["Desk"]

T = TypeVar("T")
log = logging.getLogger("stampcard.till")
_PAGE: Final = 500


class Desk(Seated[M], Generic[M]):
    """What is asked of the till itself."""

    def __init__(self, seat: Seat[M], adapters: dict[tuple[str, Environment], AnyAdapter]) -> None:
        super().__init__(seat)
        self._adapters = adapters

    @verb
    def in_doubt(self) -> Step[tuple[AnyOrder, ...]]:
        """Orders of the providers in use with a step whose ending nobody knows, oldest first.

        One that cannot be read back is logged as an error and left out. Raises JournalError.
        """
        found: list[AnyOrder] = []
        for order_id in (yield from self._read(OpenOrders())):
            try:
                order = yield from _whichever(self._seat, self._adapters.values(), order_id)
            except JournalError as damaged:  # one that cannot be read must not hide the others
                log.error("order %s is in doubt and cannot be read: %s", order_id, damaged.detail)
                continue
            if order is not None and order.doubt is not None:
                found.append(order)
        return tuple(found)

    @verb
    def forget(self, member_id: str, *, provider: str) -> Step[int]:
        """Erase what the journal holds of a person (of this till's tenant); returns how many entries held some.

        The order's history stays. An order whose buyer was erased can no longer be changed. Raises JournalError.
        """
        site = site_of(self._seat)
        return (yield from self._read(Forget(person(provider, site.tenant, member_id))))

    @verb
    def forget_guest(self, order_id: str) -> Step[int]:
        """Erase what the journal holds of the guest of one order: where it was delivered.

        Raises UnknownOrderError, also for another tenant's order; JournalError.
        """
        record = yield from self._read(Load(order_id))
        site = self._seat.site
        if record is None or (site is not None and record.header.site.tenant != site.tenant):
            raise unknown(self._seat, order_id)
        return (yield from self._read(Forget(guest_of(order_id))))

    def _page(self, after: int) -> Step[tuple[Entry, ...]]:
        return (yield from self._read(Changes(after, _PAGE)))

    def _read(self, effect: Effect[T]) -> Step[T]:
        try:
            return (yield from perform(effect))
        except StoreError as broken:
            raise JournalError(self._seat.phrases.say("journal.unavailable"), detail=str(broken)) from None

    def order_id(self, *, ticket: str, day: date) -> str:
        """An order id for a sale at the till's own site: see `Verbs.order_id`, which follows `.at(...)`."""
        return built_order_id(self._seat, ticket, day)


def _whichever(seat: Seat[Any], adapters: Iterable[AnyAdapter], order_id: str) -> Step[AnyOrder | None]:
    """The order, when its provider is in use here; None when it is not this till's to touch."""
    for adapter in list(adapters):
        try:
            view = yield from look(seat, adapter, order_id)
        except NotAllowedError:
            continue
        return None if view is None else view.order()
    return None
