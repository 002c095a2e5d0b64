"""Calls that belong to no order: offers, the skills test, a profile, a customer's orders (sheet, sections 2, 4, 7).

May live here: their requests and the reading of their replies, both pure. May not: a journal, a retry, a setting.
A query answers with its value, or with what the refusal means; it never raises on a reply.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from stampcard.adapter import Declined, NotSent, Query, Unknown
from stampcard.errors import NotAllowedError
from stampcard.model import Refusal, Secret
from stampcard.wire import JsonView, Request, Response
from stampcard_adapters.sessionm.envelope import NOTHING, READS, Hidden, one_line, opened
from stampcard_adapters.sessionm.replies import listed, moment, whole
from stampcard_adapters.sessionm.requests import listed_request, text, user_path
from stampcard_adapters.sessionm.values import (
    Challenge,
    Listed,
    Offer,
    OrderPage,
    Profile,
    Question,
    Transaction,
    TransactionPage,
    User,
)

__all__ = [
    "PAGE",
    "answer_query",
    "offers_query",
    "orders_query",
    "profile_query",
    "question_query",
    "transactions_query",
    "user_problem",
]

T = TypeVar("T")

PAGE: Final = 50
"""Orders on a page: the documented default (section 4). The most a page may hold is not documented, and a server that
gives less than it was asked for would make every page look like the last one."""
_MOST: Final = 100
_LONGEST: Final = 255


def user_problem(user: User) -> Refusal | None:
    """Why an id can be no segment of a path."""
    value = user.value
    if value.strip(". ") and len(value) <= _LONGEST and value.isprintable():
        return None
    message = "This customer is not a member of this loyalty programme."
    return Refusal(code="buyer.not_ours", message=message, field="user")


def offers_query(
    user: User, *, locale: str | None = None, call_budget: float = 10.0, hide: Hidden = NOTHING
) -> Query[tuple[Offer, ...]]:
    """GET .../offers: what this customer may be offered. Raises NotAllowedError for an id no path can hold."""
    asked = {} if locale is None else {"locale": locale}
    request = Request.get(_below(user, "/offers"), **asked)
    return _query("offers", request, _offers, call_budget, _also(hide, user))


def question_query(user: User, *, call_budget: float = 10.0, hide: Hidden = NOTHING) -> Query[Question]:
    """GET .../challenges/skills_test_question (section 7). Raises NotAllowedError."""
    request = Request.get(_below(user, "/challenges/skills_test_question"))
    return _query("question", request, _question, call_budget, _also(hide, user))


def answer_query(
    user: User,
    offer: Offer,
    question: Question,
    response: str,
    *,
    field: str = "response",
    call_budget: float = 10.0,
    hide: Hidden = NOTHING,
) -> Query[Challenge]:
    """POST .../offers/{offer_id}/challenges/skills_test_questions/{question_id} (section 7). A wrong answer is
    Declined `challenge.wrong_answer`. field: the key the answer goes under. Raises NotAllowedError."""
    where = _below(user, "/offers/{}/challenges/skills_test_questions/{}", str(offer.id), str(question.id))
    body = {"challenge": {"skills_test_question": {"id": question.id, field: text(response)}}}

    def read(body: JsonView) -> Challenge | Declined | None:
        return _challenge(body, offer)

    return _query("answer", Request.post(where, body), read, call_budget, _also(hide, user))


def profile_query(user: User, *, call_budget: float = 10.0, hide: Hidden = NOTHING) -> Query[Profile]:
    """GET /users/{id} (section 2, row 10). Raises NotAllowedError."""
    return _query("profile", Request.get(_below(user)), _profile, call_budget, _also(hide, user))


def orders_query(
    user: User,
    *,
    limit: int = PAGE,
    page: int = 1,
    between: tuple[date, date] | None = None,
    before: date | None = None,
    after: date | None = None,
    call_budget: float = 10.0,
    hide: Hidden = NOTHING,
) -> Query[OrderPage]:
    """GET .../orders: a page of a customer's orders; the last page is the short one (section 4).

    Days are sent as they are, times in UTC. Raises NotAllowedError for a page or limit the provider does not know, and
    for a time without a zone.
    """
    if not 1 <= limit <= _MOST or page < 1:
        raise _refused("page.bad", "There is no such page.", "limit" if page >= 1 else "page")
    days = {"before": before, "after": after}
    filters = {name: _written(day) for name, day in days.items() if day is not None}
    if between is not None:
        filters = {"between": ",".join(map(_written, between)), **filters}
    _below(user)
    request = listed_request(user, limit=limit, page=page, **filters)

    def read(body: JsonView) -> OrderPage | None:
        rows = _rows(body)
        return None if rows is None else OrderPage(orders=rows, page=page, last=len(rows) < limit)

    return _query("orders", request, read, call_budget, _also(hide, user))


def transactions_query(
    user: User,
    *,
    start: date | None = None,
    end: date | None = None,
    limit: int = PAGE,
    cursor: str | None = None,
    call_budget: float = 10.0,
    hide: Hidden = NOTHING,
) -> Query[TransactionPage]:
    """GET .../points/transactions (section 2, row 9). Raises NotAllowedError as `orders_query` does."""
    if not 1 <= limit <= _MOST:
        raise _refused("page.bad", "There is no such page.", "limit")
    days = {"start_date": start, "end_date": end}
    asked: dict[str, str | int] = {name: _written(day) for name, day in days.items() if day is not None}
    asked["limit"] = limit
    if cursor is not None:
        asked["cursor"] = text(cursor)
    request = Request.get(_below(user, "/points/transactions"), **asked)
    return _query("transactions", request, _ledger, call_budget, _also(hide, user))


def _query(
    name: str, request: Request, value: Callable[[JsonView], T | Declined | None], call_budget: float, hide: Hidden
) -> Query[T]:
    def read(response: Response) -> T | Declined | NotSent | Unknown:
        body = opened(response, READS, strict=False, asked=True, hide=hide)
        if not isinstance(body, JsonView):
            return body
        found = value(body)
        return Unknown(why="HTTP 200 without what was asked for") if found is None else found

    return Query(name=name, request=request, read=read, call_budget=call_budget)


def _also(hide: Hidden, user: User) -> Hidden:
    return Secret((*hide.reveal(), user.value))


def _below(user: User, rest: str = "", /, *parts: str) -> str:
    problem = user_problem(user)
    if problem is not None:
        raise NotAllowedError(problem.message, code=problem.code, refusals=[problem])
    return user_path(user, rest, *parts)


def _refused(code: str, message: str, field: str) -> NotAllowedError:
    return NotAllowedError(message, code=code, refusals=[Refusal(code=code, message=message, field=field)])


def _written(day: date) -> str:
    """A day as it is; a time in UTC (section 4: the format is not documented)."""
    if not isinstance(day, datetime):
        return day.isoformat()
    if day.tzinfo is None:
        raise _refused("page.time_naive", "A time needs a time zone.", "after")
    return day.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _offers(body: JsonView) -> tuple[Offer, ...] | None:
    """A row without id cannot be redeemed: it hides no other row."""
    rows = body.any("offers")
    if not isinstance(rows.raw(), list):
        return None
    found = (_offer(row) for row in rows.items())
    return tuple(offer for offer in found if offer is not None)


def _offer(row: JsonView) -> Offer | None:
    number = whole(row.any("id"))
    if number is None:
        return None
    return Offer(
        id=number,
        name=one_line(row.any("name").text()) or str(number),
        points=whole(row.any("points")),
        status=(one_line(row.any("status").text()) or "").lower(),
        requires_skills_test=row.any("requires_skills_test").flag() or False,
        kind=(one_line(row.any("type").text()) or "").lower(),
    )


def _question(body: JsonView) -> Question | None:
    asked = body.any("challenge").any("skills_test_question")
    number, words = whole(asked.any("id")), one_line(asked.any("question").text())
    return None if number is None or words is None else Question(id=number, text=words)


def _challenge(body: JsonView, offer: Offer) -> Challenge | Declined | None:
    challenge = body.any("challenge")
    number, word = whole(challenge.any("id")), (challenge.any("status").text() or "").strip().lower()
    if word == "invalid":
        message = "That is not the right answer. Ask for another question."
        return Declined(code="challenge.wrong_answer", message=message, provider_code=word)
    return None if number is None or word != "valid" else Challenge(id=number, offer_id=offer.id)


def _profile(body: JsonView) -> Profile | None:
    user = body.any("user")
    given = user.any("id").text()
    if not given:
        return None
    return Profile(
        id=given,
        available_points=whole(user.any("available_points")),
        external_id=user.any("external_id").text() or None,
    )


def _ledger(body: JsonView) -> TransactionPage | None:
    """Every row or none: a sum with a hole in it is no sum."""
    rows = body.any("transactions")
    if not isinstance(rows.raw(), list):
        return None
    found = [_transaction(row) for row in rows.items()]
    lines = tuple(row for row in found if row is not None)
    cursor = body.any("cursor").text() or None
    return None if len(lines) < len(found) else TransactionPage(rows=lines, cursor=cursor)


def _transaction(row: JsonView) -> Transaction | None:
    points = row.any("points").number()
    if points is None or points != points.to_integral_value():
        return None
    return Transaction(
        points=int(points),
        balance=whole(row.any("balance")),
        date=moment(row.any("date").text()),
        description=one_line(row.any("description").text()) or "",
        record_id=one_line(row.any("record_id").text()),
    )


def _rows(body: JsonView) -> tuple[Listed, ...] | None:
    """Every row or none: what is new cannot be told from a list with a hole in it."""
    rows = body.any("orders")
    if not isinstance(rows.raw(), list):
        return None
    found = [listed(row) for row in rows.items()]
    return None if None in found else tuple(row for row in found if row is not None)
