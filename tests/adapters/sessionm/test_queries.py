"""Offers, skills test, profile, orders: what is asked, and what any answer means."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.sessionm import orders as o

from stampcard.adapter import Declined, NotSent, Query, Unknown
from stampcard.errors import NotAllowedError
from stampcard.wire import JsonView, Response
from stampcard_adapters.sessionm import (
    Challenge,
    Offer,
    OrderPage,
    Profile,
    Question,
    Transaction,
    TransactionPage,
    User,
    UserId,
    answer_query,
    offers_query,
    orders_query,
    profile_query,
    question_query,
    transactions_query,
)

SAMPLES = Path(__file__).parents[1] / "samples" / "sessionm"
ASKED = Question(id=5, text="(4 + 6) x 2 = ?")
QUERIES: dict[str, Query[Any]] = {
    "offers": offers_query(o.CRM, locale="en-CA"),
    "question": question_query(o.USER),
    "answer": answer_query(o.USER, o.CONTEST, ASKED, "20"),
    "profile": profile_query(o.CRM),
    "orders": orders_query(o.USER, limit=2),
}


@pytest.mark.parametrize("name", QUERIES)
def test_every_question_is_the_recorded_call_byte_for_byte(name: str) -> None:
    request = QUERIES[name].request
    written = f"{request.method} {request.target}\n\n".encode() + request.body
    assert written == (SAMPLES / f"query-{name}" / "request.txt").read_bytes()


@pytest.mark.parametrize("case", sorted(p.parent for p in SAMPLES.glob("*/query.json")), ids=lambda p: p.name)
def test_a_recorded_answer_is_read_as_it_was_meant(case: Path) -> None:
    about = json.loads((case / "query.json").read_text())
    body = next(case.glob("response.*")).read_bytes()
    found = QUERIES[about["query"]].read(Response(status=about["status"], headers={}, body=body))
    expect: dict[str, Any] = about["expect"]
    assert type(found).__name__ == expect.pop("outcome")
    for name, value in expect.items():
        assert getattr(found, name) == value


def test_offers_are_read_whole_and_one_without_id_hides_no_other() -> None:
    rows = [
        {"id": "78", "name": "Trip\n to Banff", "points": 10, "requires_skills_test": True, "status": "AVAILABLE"},
        {"name": "no id"},
        {"id": 79},
    ]
    found = QUERIES["offers"].read(o.reply(200, {"status": "ok", "offers": rows}))
    assert found == (
        Offer(id=78, name="Trip to Banff", points=10, status="available", requires_skills_test=True),
        Offer(id=79, name="79"),
    )


@pytest.mark.parametrize(
    ("points", "read"), [("0", 0), (12, 12), (None, None), ("many", None), (-1, None), (1.5, None), ("12", 12)]
)
def test_a_balance_may_be_text_a_number_or_absent(points: object, read: int | None) -> None:
    """Trap 5."""
    text = json.dumps({"status": "ok", "user": {"id": o.UUID, "available_points": points}}).encode()
    found = QUERIES["profile"].read(o.reply(200, text))
    assert found == Profile(id=o.UUID, available_points=read)


class TestTheSkillsTest:
    def test_right_is_a_challenge_for_this_offer(self) -> None:
        answer = o.reply(200, {"challenge": {"id": 9, "status": "VALID"}})
        assert QUERIES["answer"].read(answer) == Challenge(id=9, offer_id=78)

    def test_wrong_is_a_no_the_cashier_can_read(self) -> None:
        found = QUERIES["answer"].read(o.reply(200, {"challenge": {"id": 9, "status": "invalid"}}))
        assert isinstance(found, Declined)
        assert found.code == "challenge.wrong_answer"

    @pytest.mark.parametrize("challenge", [{"id": 9}, {"status": "valid"}, {"id": 9, "status": "maybe"}, None, []])
    def test_neither_right_nor_wrong_is_no_challenge(self, challenge: object) -> None:
        assert isinstance(QUERIES["answer"].read(o.reply(200, {"challenge": challenge})), Unknown)

    def test_the_answers_key_can_be_named_otherwise(self) -> None:
        request = answer_query(o.USER, o.CONTEST, ASKED, "20", field="answer").request
        assert JsonView.parse(request.body).raw() == {"challenge": {"skills_test_question": {"id": 5, "answer": "20"}}}


class TestOrders:
    def test_the_last_page_is_the_short_one(self) -> None:
        for rows, last in ((0, True), (1, True), (2, False)):
            found = QUERIES["orders"].read(o.listing(*[o.row(id=n) for n in range(rows)]))
            assert isinstance(found, OrderPage)
            assert (found.last, len(found.orders)) == (last, rows)

    def test_times_are_utc_though_nothing_says_so(self) -> None:
        """Trap 7."""
        found = QUERIES["orders"].read(o.listing(o.row(), o.row(created_at="2026-11-22T11:00:00+01:00")))
        assert [row.created_at for row in found.orders] == [o.MADE, o.MADE]
        found = QUERIES["orders"].read(o.listing(o.row(created_at="0001-01-01T00:00:00+14:00"), o.row(created_at="x")))
        assert [row.created_at for row in found.orders] == [None, None]

    def test_days_go_as_days_and_times_as_utc(self) -> None:
        noon = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=2)))
        asked = orders_query(o.USER, page=3, between=(date(2026, 11, 1), noon), before=noon, after=date(2026, 1, 2))
        assert asked.request.target == (
            f"/priv/v1/apps/~/users/{o.UUID}/orders?limit=50&page=3"
            "&between=2026-11-01%2C2026-11-22%2010%3A00%3A00&before=2026-11-22%2010%3A00%3A00&after=2026-01-02"
        )

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"limit": 0}, "page.bad"),
            ({"limit": 101}, "page.bad"),
            ({"page": 0}, "page.bad"),
            ({"after": datetime(2026, 1, 1)}, "page.time_naive"),  # noqa: DTZ001 - a naive time is what is refused
        ],
    )
    def test_a_page_that_cannot_be_is_not_asked_for(self, asked: dict[str, Any], code: str) -> None:
        with pytest.raises(NotAllowedError) as caught:
            orders_query(o.USER, **asked)
        assert caught.value.code == code


class TestTheLedger:
    def test_is_asked_for_by_day_and_page(self) -> None:
        asked = transactions_query(o.CRM, start=date(2026, 11, 1), end=o.MADE, limit=2, cursor="t 7")
        assert asked.request.target == (
            "/priv/v1/apps/~/external/users/crm%2F4711%40acme%20corp/points/transactions"
            "?start_date=2026-11-01&end_date=2026-11-22%2010%3A00%3A00&limit=2&cursor=t%207"
        )
        with pytest.raises(NotAllowedError):
            transactions_query(o.CRM, limit=101)

    def test_shows_points_that_came_and_points_that_left(self) -> None:
        lines = [
            {"points": -300, "balance": "1200", "date": "2026-11-22 10:00:00", "description": "Bag", "record_id": 4242},
            {"points": 5},
        ]
        found = transactions_query(o.USER).read(o.reply(200, {"transactions": lines, "cursor": "t7"}))
        assert found == TransactionPage(
            rows=(
                Transaction(points=-300, balance=1200, date=o.MADE, description="Bag", record_id="4242"),
                Transaction(points=5),
            ),
            cursor="t7",
        )

    @pytest.mark.parametrize("rows", [None, {}, [{"balance": 1}], [{"points": 1}, {"points": "x"}], [{"points": 1.5}]])
    def test_is_read_whole_or_not_at_all(self, rows: object) -> None:
        answer = o.reply(200, json.dumps({"status": "ok", "transactions": rows}).encode())
        assert isinstance(transactions_query(o.USER).read(answer), Unknown)


ASKING: list[Callable[[User], Query[Any]]] = [
    offers_query,
    question_query,
    profile_query,
    orders_query,
    transactions_query,
]


@pytest.mark.parametrize("ask", ASKING)
def test_a_customer_no_path_can_name_is_refused_before_anything_is_asked(ask: Callable[[User], Query[Any]]) -> None:
    for value in ("", "..", "a\x00b"):
        with pytest.raises(NotAllowedError) as caught:
            ask(UserId(value))
        assert caught.value.code == "buyer.not_ours"


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("status", [200, 400, 401, 404, 422, 500])
def test_an_unknown_customer_is_found_in_a_body_of_any_status(name: str, status: int) -> None:
    """Section 8: real clients find `user_not_found` outside of 200."""
    for code in ("user_not_found", "USER_NOT_FOUND"):
        found = QUERIES[name].read(o.no(code, status))
        assert isinstance(found, Declined)
        assert (found.code, found.provider_code) == ("member.unknown", "user_not_found")


@pytest.mark.parametrize("name", QUERIES)
def test_foreign_words_repeat_neither_customer_nor_key(name: str) -> None:
    words = f"no user {o.UUID} or {o.CRM.value} at /priv/v1/apps/{o.API_KEY}/users"
    found = QUERIES[name].read(o.no("user_not_found", 404, message=words))
    assert isinstance(found, Declined)
    assert o.API_KEY not in repr(found)
    assert (o.UUID if name not in ("offers", "profile") else o.CRM.value) not in repr(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["status", "offers", "challenge", "skills_test_question", "orders", "user", "id", "errors"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(QUERIES)), status=st.sampled_from([200, 201, 302, 401, 404, 429, 500]), body=JSON)
def test_any_answer_is_a_value_or_an_outcome(name: str, status: int, body: object) -> None:
    found = QUERIES[name].read(o.reply(status, json.dumps(body).encode()))
    if not isinstance(found, (Declined, NotSent, Unknown)):
        assert status == 200


def test_a_word_of_a_customer_is_never_shown_by_a_value() -> None:
    page = QUERIES["orders"].read(o.listing(o.row()))
    for shown in (o.USER, o.CRM, Profile(id=o.UUID, external_id=o.CRM.value), page, o.FULL, o.pending(o.CRM)):
        for person in (o.UUID, o.CRM.value, "zoe@example.com", "203.0.113.9"):
            assert person not in repr(shown)
    assert attrs.asdict(page.orders[0])["created_at"] == o.MADE.astimezone(UTC)
