"""Each fault does to a call what its name says, and a real sender judges it as it would a real network."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from stampcard.testing import (
    Clock,
    Delay,
    Drop,
    Fault,
    Faults,
    Garbage,
    Late,
    ModelTransport,
    Refuse,
    Status,
    Truncated,
    Twice,
    When,
)
from stampcard.transport import AsyncSender, Call, Failed, Reply, SyncSender
from stampcard.wire import Request, Response

URL = "http://provider.test"
ASK = Request.post("/orders", {"status": "bill"})


class Counting:
    """A provider that counts what reaches it."""

    def __init__(self) -> None:
        self.heard: list[Request] = []

    def handle(self, request: Request, /) -> Response:
        self.heard.append(request)
        return Response(status=200, headers={"Content-Type": "application/json"}, body=b'{"n": %d}' % len(self.heard))

    def unbalanced(self) -> tuple[str, ...]:
        return ()


class Shop:
    """A model, its faults, and both senders on one transport."""

    def __init__(self) -> None:
        self.model = Counting()
        self.faults = Faults()
        self.clock = Clock()
        self.transport = ModelTransport(
            self.model, self.faults, names=lambda request: ("acme", _status(request)), clock=self.clock
        )

    def send(self, request: Request = ASK, *, within: float = 10.0) -> Reply | Failed:
        call = Call(time.monotonic() + within)
        return SyncSender(transport=self.transport).send(request, base_url=URL, auth=None, call=call)

    def asend(self, request: Request = ASK) -> Reply | Failed:
        async def once() -> Reply | Failed:
            call = Call(time.monotonic() + 10)
            return await AsyncSender(transport=self.transport).send(request, base_url=URL, auth=None, call=call)

        return asyncio.run(once())


def _status(request: Request) -> str:
    return "void" if b"void" in request.body else "bill"


@pytest.fixture
def shop() -> Shop:
    return Shop()


LOST: list[tuple[Fault, int, bool]] = [
    # the fault, how often the provider acted, whether the till has to think that something left
    (Refuse(), 0, False),
    (Drop(When.BEFORE), 0, True),
    (Drop(When.AFTER), 1, True),
    (Late(), 0, True),
    (Delay(60), 1, True),
    (Delay(60, When.BEFORE), 0, True),
    (Truncated(3), 1, True),
]


@pytest.mark.parametrize(("fault", "acted", "sent"), LOST)
def test_a_call_without_an_answer(shop: Shop, fault: Fault, acted: int, sent: bool) -> None:
    for send in (shop.send, shop.asend):
        shop.model.heard.clear()
        shop.faults.next(fault)
        answer = send()
        assert isinstance(answer, Failed)
        assert answer.sent is sent
        assert len(shop.model.heard) == acted
    assert shop.faults.unused == ()


ANSWERED: list[tuple[Fault, int, int, bytes]] = [
    (Status(503), 0, 503, b""),
    (Status(502, When.AFTER, b"bad gateway"), 1, 502, b"bad gateway"),
    (Garbage(), 1, 200, b"<!doctype"),
    (Garbage(When.BEFORE), 0, 200, b"<!doctype"),
    (Twice(), 2, 200, b'{"n": 2}'),
    (Delay(2), 1, 200, b'{"n": 1}'),
]


@pytest.mark.parametrize(("fault", "acted", "status", "body"), ANSWERED)
def test_a_call_with_an_answer(shop: Shop, fault: Fault, acted: int, status: int, body: bytes) -> None:
    for send in (shop.send, shop.asend):
        shop.model.heard.clear()
        shop.faults.next(fault)
        answer = send()
        assert isinstance(answer, Reply)
        assert answer.response.status == status
        assert answer.response.body.startswith(body)
        assert len(shop.model.heard) == acted


def test_what_the_till_sends_reaches_the_model_byte_by_byte(shop: Shop) -> None:
    target = "/orders/a%40b?x=%7E"
    shop.send(Request(method="POST", target=target, headers={"X-Mine": "1"}, body=b" {}"))
    [heard] = shop.model.heard
    assert (heard.method, heard.target, heard.body, heard.headers["x-mine"]) == ("POST", target, b" {}", "1")


def test_a_delay_takes_the_tests_time_and_none_of_ours(shop: Shop) -> None:
    started = time.monotonic()
    shop.faults.next(Delay(7))
    shop.send()
    assert shop.clock.monotonic() == 7
    shop.faults.next(Delay(3600))
    shop.send(within=10)
    assert 16 < shop.clock.monotonic() <= 17
    assert time.monotonic() - started < 5


def test_a_late_request_lands_when_it_is_told_to(shop: Shop) -> None:
    shop.faults.next(Late())
    shop.send()
    assert (shop.faults.late, len(shop.model.heard)) == (1, 0)
    assert shop.faults.land() == 1
    assert (shop.faults.late, len(shop.model.heard)) == (0, 1)


def test_a_late_request_lands_after_so_many_others(shop: Shop) -> None:
    shop.faults.next(Late(after=2))
    void = Request.post("/orders", {"status": "void"})
    for request in (ASK, void, void):
        shop.send(request)
    assert [_status(r) for r in shop.model.heard] == ["void", "void", "bill"]


def test_faults_meet_the_calls_they_are_meant_for_in_order(shop: Shop) -> None:
    shop.faults.next(Refuse(), trigger="void")
    shop.faults.next(Status(500), provider="other")
    shop.faults.next(Status(501), provider="acme", times=2)
    assert [_told(shop.send()) for _ in range(3)] == [501, 501, 200]
    assert len(shop.faults.unused) == 2
    assert "void" in shop.faults.unused[0]
    assert _told(shop.send(Request.post("/orders", {"status": "void"}))) is None
    shop.faults.clear()
    assert shop.faults.unused == ()


def test_a_fault_lasts_as_long_as_its_block(shop: Shop) -> None:
    with shop.faults.offline():
        assert [_told(shop.send()) for _ in range(2)] == [None, None]
        shop.faults.next(Status(500))
        with shop.faults.during(Status(503)):
            assert [_told(shop.send()) for _ in range(2)] == [500, 503]
    assert _told(shop.send()) == 200


@pytest.mark.parametrize("wrong", [lambda: Late(after=0), lambda: Delay(-1), lambda: Truncated(-1)])
def test_a_fault_that_means_nothing_is_refused(wrong: type) -> None:
    with pytest.raises(ValueError):
        wrong()
    with pytest.raises(ValueError, match="at least once"):
        Faults().next(Refuse(), times=0)


def test_without_a_way_to_tell_triggers_only_general_faults_are_met() -> None:
    model, faults = Counting(), Faults()
    faults.next(Refuse(), trigger="bill")
    with httpx.Client(transport=ModelTransport(model, faults)) as client:
        assert client.post(f"{URL}/orders").status_code == 200
    assert faults.unused


def _told(answer: Reply | Failed) -> int | None:
    return answer.response.status if isinstance(answer, Reply) else None
