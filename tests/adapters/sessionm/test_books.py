"""The sandbox as tests are given it: calls by the names faults are meant for, books to arrange."""

from __future__ import annotations

import pytest
from tests.adapters.sessionm import orders as o

from stampcard.wire import Request
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sessionm import (
    ExternalUserId,
    Question,
    answer_query,
    offers_query,
    orders_query,
    profile_query,
    question_query,
    transactions_query,
)
from stampcard_adapters.testing.sessionm import SessionMBooks, names

CALLS = {
    **{trigger: o.adapter().request(*o.step(trigger)) for trigger in o.COMMANDS},
    "orders": orders_query(o.USER).request,
    "offers": offers_query(o.USER).request,
    "question": question_query(o.USER).request,
    "answer": answer_query(o.USER, o.CONTEST, Question(id=1, text="?"), "1").request,
    "profile": profile_query(o.USER).request,
    "transactions": transactions_query(o.USER).request,
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_has_its_name_by_either_id_of_the_customer(name: str) -> None:
    call = CALLS[name]
    for target in (call.target, call.target.replace("/users/", "/external/users/")):
        for key in ("~", "external", "users"):
            request = Request(method=call.method, target=target.replace("~", key, 1), body=call.body)
            assert names(request) == ("sessionm", name)


def test_what_is_no_call_of_this_provider_has_no_name() -> None:
    assert names(Request.get("/loyalty/accounts/1/orders")) == (None, None)
    assert names(Request.get("/priv/v1/apps/~/elsewhere")) == ("sessionm", None)
    assert names(Request.post("/priv/v1/apps/~/orders/1", {"order": {"status": "odd"}})) == ("sessionm", None)
    assert names(Request.post("/priv/v1/apps/~/external/orders/r-1", {"order": {"status": "rejected"}}))[1] == "reject"


def test_the_ids_a_test_needs_are_there() -> None:
    books = SessionMBooks(SessionMModel())
    assert books.points(books.user) == books.points(books.same_user) > 10_000
    assert books.points(books.poor) < (books.card.points or 0)
    assert isinstance(books.odd, ExternalUserId)
    assert {"/", "@", " "} <= set(books.odd.value)
    assert books.contest.requires_skills_test
    assert books.stock(books.gone) == 0
    assert books.states("r-1") == ()
    assert books.unbalanced() == ()
