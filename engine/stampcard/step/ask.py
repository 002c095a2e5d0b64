"""A question: a call that promises nothing, belongs to no order and may be asked again.

May live here: one such call and the errors of not getting an answer. May not: a journal entry.
"""

from __future__ import annotations

from typing import Any, TypeVar

from stampcard.adapter import AnyAdapter, Declined, NotSent, Query, Unknown
from stampcard.errors import Next, StampcardError
from stampcard.model import Site
from stampcard.step.effects import Mint, Own, Pending, Send, Step, perform
from stampcard.step.knock import door_of, heard, knock
from stampcard.step.trouble import Closed, declined, kept_back, not_sent, unsent
from stampcard.step.verb import Seat
from stampcard.transport.contract import Failed, Sent
from stampcard.wire import Request

__all__ = ["ask", "question"]

T = TypeVar("T")
E = TypeVar("E", bound=StampcardError)


def question(
    seat: Seat[Any], adapter: AnyAdapter, site: Site, request: Request, call_budget: float, *, recovers: bool = False
) -> Step[Sent | Closed]:
    """Send one; no answer within the till's budget is a failure, and the call is ended. Closed: it was not sent."""
    auth = adapter.auth(site)
    closed = yield from knock(seat, adapter, site.tenant, recovers=recovers)
    if closed is not None:
        return closed
    name = yield from perform(Mint())
    ownership = yield from perform(Own(call_budget))
    sent = yield from perform(
        Send(
            intent=f"query-{name}",
            request=request,
            base_url=adapter.base_url,
            auth=auth,
            hard_end=ownership.hard_end,
            patience=seat.patience,
        )
    )
    answer: Sent = Failed(why="no answer in time", sent=True) if isinstance(sent, Pending) else sent
    yield from heard(seat.doors, door_of(adapter, site.tenant), answer)
    return answer


def ask(seat: Seat[Any], adapter: AnyAdapter, site: Site, query: Query[T]) -> Step[T]:
    """The answer. Raises DeclinedError or UnavailableError."""

    def error(
        kind: type[E],
        code: str,
        *,
        detail: str,
        cashier: str | None = None,
        trigger: str,
        retry_after: float | None = None,
        next: Next | None = None,  # noqa: A002  the public name of the attribute
        replayed: bool = False,
    ) -> E:
        return kind(
            seat.phrases.say(code, cashier),
            detail=detail,
            code=code,
            trigger=trigger,
            retry_after=retry_after,
            next=next,
            replayed=replayed,
        )

    sent = yield from question(seat, adapter, site, query.request, query.call_budget)
    if isinstance(sent, Closed):
        raise kept_back(error, query.name, sent)
    if isinstance(sent, Failed):
        raise not_sent(error, query.name, unsent(sent), 0)
    status = sent.response.status
    match query.read(sent.response):
        case Declined() as no:
            raise declined(error, query.name, no, status)
        case NotSent() as proof:
            raise not_sent(error, query.name, proof, status)
        case Unknown(why=why):
            raise not_sent(error, query.name, NotSent(why=why, code="provider.no_answer"), status)
        case answer:
            return answer
