"""Member, rewards, balance: what is asked, and what any answer means."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.spendgo import orders as o

from stampcard.adapter import Declined, NotSent, Query, Unknown
from stampcard.errors import NotAllowedError
from stampcard.model import Address, Member, Money, Secret
from stampcard.wire import JsonView, Response, minified
from stampcard_adapters.spendgo import (
    Balance,
    PendingMember,
    Units,
    balance_query,
    member_query,
    rewards_query,
)

SAMPLES = Path(__file__).parents[1] / "samples" / "spendgo"
QUERIES: dict[str, Query[Any]] = {
    "member": member_query("(555) 555-0100"),
    "rewards": rewards_query(o.MEMBER, "999999"),
    "balance": balance_query(o.MEMBER),
}


def sample(name: str) -> Any:
    case = SAMPLES / f"query-{name}"
    about = json.loads((case / "query.json").read_text())
    body = next(case.glob("response.*")).read_bytes()
    return QUERIES[about["query"]].read(Response(status=about["status"], headers={}, body=body))


def customer(query: Query[Any]) -> JsonView:
    return JsonView.parse(query.request.body)["customer"]


class TestMember:
    def test_a_phone_alone_is_the_published_call(self) -> None:
        request = member_query("+1 (555) 555-0100").request
        assert (request.method, request.target) == ("POST", "/loyalty/accounts")
        assert request.body == b'{"customer":{"phone":"5555550100"}}'

    @pytest.mark.parametrize(
        ("written", "sent"),
        [
            ("555.555.0100", "5555550100"),
            ("1-555-555-0100", "5555550100"),
            ("+44 20 7946 0000", "+442079460000"),
            ("123", "123"),
            ("call me", "callme"),
        ],
    )
    def test_what_people_write_between_digits_is_left_out_and_nothing_else_judged(
        self, written: str, sent: str
    ) -> None:
        assert customer(member_query(written))["phone"].text() == sent

    @pytest.mark.parametrize("phone", ["", "  ", "-()"])
    def test_no_phone_is_no_call(self, phone: str) -> None:
        with pytest.raises(NotAllowedError) as caught:
            member_query(phone)
        assert caught.value.code == "member.phone_invalid"

    def test_every_field_of_the_sheet(self) -> None:
        query = member_query(
            "5555550101",
            email="zoe@example.com",
            first_name="Zoë",
            last_name="Nuñez",
            verify_email=True,
            favorite_store="999999",
            password=Secret("hunter2!"),
            born=date(1990, 2, 3),
            gender="F",
            marital_status="Married",
            address=Address(street="1 Main St", city="Springfield", postal_code="01101", country="US", region="MA"),
            sms_opt_in=True,
            email_opt_in=False,
        )
        assert customer(query).raw() == {
            "phone": "5555550101",
            "email": "zoe@example.com",
            "name": {"first": "Zoë", "last": "Nuñez"},
            "password": "hunter2!",
            "dob": "1990-02-03",
            "gender": "f",
            "marital_status": "married",
            "address": {
                "street": "1 Main St",
                "city": "Springfield",
                "state": "MA",
                "zip": "01101",
                "country": "US",
            },
            "sms_opt_in": True,
            "email_opt_in": False,
            "verify_email": True,
            "favorite_store_id": "999999",
        }
        assert "hunter2!" not in repr(query)

    def test_a_password_echoed_in_a_refusal_does_not_get_out(self) -> None:
        query = member_query("5555550101", password=Secret("hunter2!"))
        outcome = query.read(o.reply(400, {"code": 2000, "details": "Password hunter2! is too short"}))
        assert isinstance(outcome, Declined)
        assert outcome.provider_text == "Password *** is too short"

    def test_existing_and_created(self) -> None:
        assert sample("member-existing") == o.MEMBER
        assert sample("member-created") == attrs.evolve(o.MEMBER, id="494980", created=True)

    def test_a_pending_one_has_no_id_to_order_with(self) -> None:
        assert sample("member-pending") == PendingMember(phone="5555550100")
        assert "5555550100" not in repr(sample("member-pending"))

    @pytest.mark.parametrize("given", [None, "", "0", "guest", "..", "a\nb", True, {}])
    def test_without_a_usable_id_nobody_was_found(self, given: object) -> None:
        for status in (200, 201):
            answer = QUERIES["member"].read(o.reply(status, {"id": given, "status": "Active"}))
            assert isinstance(answer, Unknown)
        assert isinstance(sample("member-no-id"), Unknown)

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("member-bad-phone", "member.phone_invalid"),
            ("member-two-people-400", "member.exists"),
            ("member-two-people-409", "member.exists"),
        ],
    )
    def test_documented_refusals(self, name: str, code: str) -> None:
        assert sample(name).code == code


class TestRewards:
    def test_the_call_names_the_providers_store(self) -> None:
        odd = Member(id="49/79", provider="spendgo", status="Active")
        assert rewards_query(o.MEMBER, "999999").request.target == "/loyalty/accounts/494979/rewards?store=999999"
        assert rewards_query(odd, "9 9&x").request.target == "/loyalty/accounts/49%2F79/rewards?store=9%209%26x"

    @pytest.mark.parametrize(("name", "provider"), [("..", "spendgo"), ("guest", "spendgo"), ("494979", "kigo")])
    def test_somebody_elses_member_is_not_asked_about(self, name: str, provider: str) -> None:
        stranger = Member(id=name, provider=provider, status="Active")
        with pytest.raises(NotAllowedError):
            rewards_query(stranger, "999999")
        with pytest.raises(NotAllowedError):
            balance_query(stranger)

    def test_every_kind_is_read_and_an_odd_row_hides_no_other(self) -> None:
        money, percent, gift, points = sample("rewards")
        assert money == o.reward()
        assert (percent.id, percent.offer, percent.value, percent.code) == ("A18", "discount", None, "TEN")
        assert (gift.id, gift.offer, gift.quantity) == ("2234404", "gift", 1)
        assert points.spends_points
        assert points.value == o.usd("12.34")  # never a cent more than it is worth

    def test_a_value_without_a_currency_is_in_the_settings_one(self) -> None:
        answer = o.reply(200, {"rewards": [{"id": "1", "quantity": 1, "value": 500}]})
        found = rewards_query(o.MEMBER, "1", currency="JPY").read(answer)
        assert isinstance(found, tuple)
        assert [reward.value for reward in found] == [Money(500, "JPY")]

    def test_none_is_none_and_a_missing_list_is_no_answer(self) -> None:
        assert sample("rewards-none") == ()
        assert isinstance(sample("rewards-missing"), Unknown)
        assert sample("rewards-unknown-store").code == "store.unknown"
        assert sample("rewards-unknown-member").code == "member.unknown"


class TestBalance:
    def test_all_four_programmes(self) -> None:
        points, visits = sample("balance-points"), sample("balance-visits")
        banking, shop = sample("balance-banking"), sample("balance-shop-with-points")
        assert (points.quantity, points.units, points.label, points.spend_threshold) == (
            120,
            Units.POINTS,
            "Points",
            100,
        )
        (offer,) = points.offers
        assert (offer.kind, offer.value, offer.next_expires_on, offer.code) == (
            "rebate",
            o.usd("5"),
            date(2026, 12, 31),
            "5OFF",
        )
        assert (visits.units, visits.offers) == (Units.VISITS, ())
        assert (banking.quantity, banking.offers[0].quantity, banking.offers[0].points) == (Decimal("90.5"), 0, 100)
        assert shop.offers[0].value_per_point == Decimal("0.01")
        assert shop.spend_threshold is None

    def test_units_nobody_documents_are_no_answer(self) -> None:
        assert isinstance(sample("balance-strange-units"), Unknown)


ANSWERS = (Declined, NotSent, Unknown)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "status", "rewards", "quantity", "units", "value", "currency", "next_expires_on", "code"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(name=st.sampled_from(sorted(QUERIES)), status=st.integers(0, 700), body=st.binary(max_size=60))
def test_any_bytes_are_an_answer_and_none_is_a_value(name: str, status: int, body: bytes) -> None:
    assert isinstance(QUERIES[name].read(Response(status=status, headers={}, body=body)), ANSWERS)


@quick
@given(name=st.sampled_from(sorted(QUERIES)), status=st.sampled_from([200, 201, 202, 400, 401, 404, 500]), body=JSON)
def test_any_json_is_an_answer(name: str, status: int, body: object) -> None:
    found = QUERIES[name].read(Response(status=status, headers={}, body=minified(body)))
    assert isinstance(found, (*ANSWERS, Member, PendingMember, Balance, tuple))
    if status >= 400:
        assert isinstance(found, ANSWERS)
