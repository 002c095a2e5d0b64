"""Reading an order: as the journal stands, if this till may touch it, and whether somebody is at it.

May live here: what every verb does first, and the errors of not getting that far. May not: a change, a call.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from stampcard.adapter import AnyAdapter
from stampcard.errors import ConfigurationError, JournalError, NotAllowedError, UnknownOrderError
from stampcard.journal.contract import Header, StoreError
from stampcard.journal.fold import Standing, fold
from stampcard.model import AnyOrder, Refusal, Site
from stampcard.step.effects import Load, Running, Step, perform
from stampcard.step.verb import Seat
from stampcard.step.view import View

__all__ = ["built_order_id", "look", "read_order", "site_of", "unknown", "unwritable"]


def look(seat: Seat[Any], adapter: AnyAdapter, order_id: str) -> Step[View | None]:
    """An order as it stands, or None. Raises NotAllowedError for one this till may not touch, JournalError."""
    try:
        while True:
            record = yield from perform(Load(order_id))
            if record is None:
                return None
            standing = fold(record)
            running = yield from _running(standing)
            if running is not None:
                break
        _ours(seat, adapter, standing.header)
        view = View(
            adapter=adapter,
            phrases=seat.phrases,
            standing=standing,
            running=running,
            known=standing.facts(adapter.facts, adapter.opening()),
            defers=seat.offline is not None,
        )
        if not adapter.lifecycle.knows(standing.state):
            raise StoreError(f"order {order_id}: a state nobody knows")
    except StoreError as broken:
        raise unwritable(seat, order_id, broken) from None
    return view


def _running(standing: Standing) -> Step[float | None]:
    """Seconds for which somebody alive may still wait for a reply; None when the order has moved on meanwhile.

    A call that was under way in the record and is not now has been written down since: the record is the older truth.
    """
    asked = [o for o in standing.open if not o.ended]
    running = 0.0
    for intent in asked:
        running = max(running, (yield from perform(Running(intent.name, intent.ownership))))
    if asked and running <= 0:
        again = yield from perform(Load(standing.header.order_id))
        if again is not None and again.version != standing.version:
            return None
    return running


def read_order(seat: Seat[Any], adapter: AnyAdapter, order_id: str) -> Step[AnyOrder]:
    """The order as it stands in the journal. Raises UnknownOrderError."""
    view = yield from look(seat, adapter, order_id)
    if view is None:
        raise unknown(seat, order_id)
    return view.order()


def unknown(seat: Seat[Any], order_id: str) -> UnknownOrderError:
    return UnknownOrderError(
        seat.phrases.say("order.unknown"),
        detail="no such order in this journal; one opened at another register needs the journal they share",
        order_id=order_id,
    )


def unwritable(seat: Seat[Any], order_id: str, broken: StoreError) -> JournalError:
    return JournalError(seat.phrases.say("journal.unavailable"), detail=str(broken), order_id=order_id)


def _ours(seat: Seat[Any], adapter: AnyAdapter, header: Header) -> None:
    """A till works only on orders of its own provider, environment and tenant."""
    if header.provider != adapter.name:
        code, why = "order.other_provider", f"it is an order of {header.provider}"
    elif header.environment is not adapter.environment:
        code, why = "order.other_environment", f"it belongs to {header.environment}, this is {adapter.environment}"
    elif seat.site is not None and header.site.tenant != seat.site.tenant:
        code, why = "order.other_tenant", "it belongs to another tenant"
    else:
        return
    message = seat.phrases.say(code)
    raise NotAllowedError(
        message,
        detail=why,
        code=code,
        order_id=header.order_id,
        refusals=(Refusal(code=code, message=message),),
    )


def built_order_id(seat: Seat[Any], ticket: str, day: date) -> str:
    """Tenant, store, register, installation, day and ticket, joined by dashes.

    ASCII letters and digits stay, anything else becomes its code point between underscores: two different sales never
    get one id. Raises ConfigurationError when the seat has no site.
    """
    site = site_of(seat)
    parts = (site.tenant, site.store, site.register or "0", seat.install[:6], f"{day:%Y%m%d}", ticket)
    return "-".join(re.sub(r"[^A-Za-z0-9]", lambda m: f"_{ord(m[0]):x}_", part) for part in parts)


def site_of(seat: Seat[Any]) -> Site:
    """Where this happens. Raises ConfigurationError when the till has no site and none was named with `.at()`."""
    if seat.site is None:
        problem = Refusal(code="site.missing", message="name the store: verbs.at(Site(store=...))", field="site")
        raise ConfigurationError.of([problem])
    return seat.site
