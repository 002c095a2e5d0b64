"""What goes out: the recorded calls byte for byte, and never a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.sessionm import orders as o

from stampcard.commands import Answered
from stampcard.model import Address
from stampcard.wire import JsonView
from stampcard_adapters.sessionm import ExternalUserId, SessionMFacts, UserId
from stampcard_adapters.sessionm.adapter import SessionMCommand

SAMPLES = Path(__file__).parents[1] / "samples" / "sessionm"
WISHES: dict[str, tuple[Any, SessionMCommand]] = {
    "redeem": o.step("redeem"),
    "redeem-contest": (o.order(), o.FULL),
    "approve": o.step("approve"),
    "reject": o.step("reject"),
    "observe": o.step("observe"),
    "observe-external": (o.pending(o.CRM), o.COMMANDS["observe"]),
}


@pytest.mark.parametrize("name", WISHES)
def test_every_call_is_the_recorded_one_byte_for_byte(name: str) -> None:
    for _ in range(2):  # pure: the same input gives the same bytes
        request = o.adapter().request(*WISHES[name])
        written = f"{request.method} {request.target}\n\n".encode() + request.body
        assert written == (SAMPLES / name / "request.txt").read_bytes()
        assert request.headers == ({"Content-Type": "application/json"} if request.body else {})


@pytest.mark.parametrize("name", WISHES)
def test_no_request_holds_a_key(name: str) -> None:
    request = o.adapter().request(*WISHES[name])
    assert request.target.startswith("/priv/v1/apps/~/")
    for secret in (o.API_KEY, o.SECRET):
        assert secret not in repr(request)
        assert secret.encode() not in request.body


def body(command: SessionMCommand, **switches: Any) -> JsonView:
    return JsonView.parse(o.adapter(**switches).request(o.order(), command).body)["order"]


def test_our_order_id_goes_along_unless_it_is_switched_off() -> None:
    assert body(o.redeem())["external_id"].text() == o.ID
    assert not body(o.redeem(), send_external_id=False)["external_id"].there


def test_what_a_status_at_placement_does_is_not_explained_so_none_is_sent() -> None:
    assert not body(o.redeem())["status"].there


def test_a_challenge_is_named_by_its_whole_number() -> None:
    assert body(o.FULL)["challenge"].raw() == {"id": 9}


def test_an_address_leaves_out_what_it_lacks() -> None:
    bare = Address(street="1 Main St", city="Banff", postal_code="T1L", country="CA")
    assert body(o.redeem(ship_to=bare))["shipping_address"].raw() == {
        "street1": "1 Main St",
        "city": "Banff",
        "country": "CA",
        "postal_code": "T1L",
    }


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.strip(". ") and text.isprintable()))
def test_any_customer_id_is_one_segment_and_comes_back_unharmed(value: str) -> None:
    from urllib.parse import unquote

    for user, kind in ((UserId(value), "users"), (ExternalUserId(value), "external/users")):
        target = o.adapter().request(o.order(), o.redeem(user)).target
        head, _, rest = target.partition(f"/{kind}/")
        segment, _, tail = rest.partition("/")
        assert head == "/priv/v1/apps/~"
        assert tail == "offers/77/orders"
        assert unquote(segment) == value.encode("utf-8", "replace").decode()


class TestRefusedBeforeAnythingIsSent:
    def codes(self, command: SessionMCommand) -> list[str]:
        return [refusal.code for refusal in o.adapter().check(o.order(), command)]

    def test_all_of_them_at_once(self) -> None:
        odd = o.redeem(UserId(".."), offer="x", ip="localhost", taken_by=5, answered=Answered(id="y", offer="x"))
        assert self.codes(odd) == ["buyer.not_ours", "offer.bad", "challenge.bad", "ip.bad", "order.id_taken"]

    @pytest.mark.parametrize("value", ["", " ", ".", "..", "a\nb", "x" * 256])
    def test_a_customer_no_path_can_name(self, value: str) -> None:
        assert self.codes(o.redeem(ExternalUserId(value))) == ["buyer.not_ours"]

    @pytest.mark.parametrize("ip", ["203.0.113.9", "2001:db8::1", None])
    def test_an_internet_address_of_either_kind_is_one(self, ip: str | None) -> None:
        assert self.codes(o.redeem(ip=ip)) == []

    def test_a_change_of_an_order_that_is_no_longer_known(self) -> None:
        for trigger in ("approve", "reject", "observe"):
            refusals = o.adapter().check(o.order(SessionMFacts(order_id=1)), o.COMMANDS[trigger])
            assert [refusal.code for refusal in refusals] == ["order.incomplete"]


class TestTheLane:
    """Two open creates of one customer and offer could not be told apart afterwards."""

    def lane(self, command: SessionMCommand) -> str | None:
        return o.adapter().lane(o.order(), command)

    def test_is_the_customer_and_the_offer_and_nothing_else(self) -> None:
        lane = self.lane(o.redeem())
        assert lane == self.lane(o.redeem(quantity=9, email="a@b.c", had=(1,)))
        others = {
            self.lane(o.redeem(offer="78")),
            self.lane(o.redeem(UserId("x"))),
            self.lane(o.redeem(ExternalUserId(o.UUID))),
        }
        assert len(others | {lane}) == 4

    def test_shows_nobody(self) -> None:
        assert o.UUID not in str(self.lane(o.redeem()))

    def test_changes_of_status_wait_for_nobody(self) -> None:
        assert {self.lane(o.COMMANDS[t]) for t in ("approve", "reject", "observe")} == {None}


def test_what_was_true_before_the_first_send_is_no_part_of_the_wish() -> None:
    from stampcard.journal.codec import digest

    later = attrs.evolve(o.redeem(), had=(1, 2), newest_at=o.MADE, taken_by=3, balance=5, why="again")
    assert digest(o.ID, o.redeem()) == digest(o.ID, later)
    assert digest(o.ID, o.redeem()) != digest(o.ID, o.redeem(quantity=3))
