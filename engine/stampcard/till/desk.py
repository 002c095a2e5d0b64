"""What is asked of the till itself, whatever the provider; the same text for `Till` and `AsyncTill`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Generic, TypeVar

from stampcard.adapter import AnyAdapter
from stampcard.errors import JournalError, NotAllowedError
from stampcard.journal.contract import StoreError
from stampcard.model import AnyOrder, Entry, Environment
from stampcard.step.effects import Changes, Effect, Forget, OpenOrders, Step, perform
from stampcard.step.look import look, site_of
from stampcard.step.verb import M, Seat, Seated, verb

__all__ = ["Desk", "built_order_id"]

T = TypeVar("T")
_PAGE: Final = 500


class Desk(Seated[M], Generic[M]):
    """What is asked of the till itself."""

    def __init__(self, seat: Seat[M], adapters: dict[tuple[str, Environment], AnyAdapter], install: str) -> None:
        super().__init__(seat)
        self._adapters = adapters
        self._install = install

    @verb
    def in_doubt(self) -> Step[tuple[AnyOrder, ...]]:
        """Orders of the providers in use with a step whose ending nobody knows, oldest first. Raises JournalError."""
        found: list[AnyOrder] = []
        for order_id in (yield from self._read(OpenOrders())):
            order = yield from _whichever(self._seat, self._adapters.values(), order_id)
            if order is not None and order.doubt is not None:
                found.append(order)
        return tuple(found)

    @verb
    def forget(self, member_id: str, *, provider: str) -> Step[int]:
        """Erase what the journal holds of a person (of this till's tenant); returns how many entries held some.

        The order's history stays. An order whose buyer was erased can no longer be changed. Raises JournalError.
        """
        site = site_of(self._seat)
        return (yield from self._read(Forget(f"{provider}:{site.tenant}:{member_id}")))

    @verb
    def forget_guest(self, order_id: str) -> Step[int]:
        """Erase what the journal holds of the guest of one order: where it was delivered. Raises JournalError."""
        return (yield from self._read(Forget(f"order:{order_id}")))

    def _page(self, after: int) -> Step[tuple[Entry, ...]]:
        return (yield from self._read(Changes(after, _PAGE)))

    def _read(self, effect: Effect[T]) -> Step[T]:
        try:
            return (yield from perform(effect))
        except StoreError as broken:
            raise JournalError(self._seat.phrases.say("journal.unavailable"), detail=str(broken)) from None

    def order_id(self, *, ticket: str, day: date) -> str:
        """An order id that is unique for ever, from tenant, store, register, this installation, the business date and
        the POS's own ticket number: ticket numbers restart daily, providers replay by id for ever.

        Raises ConfigurationError when the till has no site.
        """
        site = site_of(self._seat)
        return built_order_id(site.tenant, site.store, site.register or "0", self._install, day, ticket)


def built_order_id(tenant: str, store: str, register: str, install: str, day: date, ticket: str) -> str:
    """Joined by dashes; ASCII letters and digits stay, anything else becomes its code point between underscores."""
    parts = (tenant, store, register, install[:6], f"{day:%Y%m%d}", ticket)
    return "-".join(re.sub(r"[^A-Za-z0-9]", lambda m: f"_{ord(m[0]):x}_", part) for part in parts)


def _whichever(seat: Seat[Any], adapters: Iterable[AnyAdapter], order_id: str) -> Step[AnyOrder | None]:
    """The order, when its provider is in use here; None when it is not this till's to touch."""
    for adapter in list(adapters):
        try:
            view = yield from look(seat, adapter, order_id)
        except NotAllowedError:
            continue
        return None if view is None else view.order()
    return None
