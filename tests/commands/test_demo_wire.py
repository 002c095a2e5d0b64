"""What the demo shows of a call: nothing that could be used."""

from __future__ import annotations

import attrs

from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.sandbox.http import Request, Response


@attrs.frozen
class Fixed:
    answer: bytes

    def handle(self, request: Request, /) -> Response:
        return Response(status=200, body=self.answer)


def heard(request: Request, answer: bytes = b"{}", **hiding: tuple[str, ...]) -> str:
    overheard = Overheard(Fixed(answer), **hiding)  # type: ignore[arg-type]
    overheard.handle(request)
    [exchange] = overheard.taken()
    return f"{exchange.target} {exchange.body.decode()} {exchange.answer.decode()}"


def test_a_key_in_the_path_is_not_shown() -> None:
    request = Request(method="GET", target="/apps/key-canary/orders")
    assert heard(request, secrets=("key-canary",)).startswith("/apps/***/orders")


def test_members_are_hidden_by_name_and_by_what_they_lie_below() -> None:
    body = b'{"cardNumber":"411-canary","codes":[{"code":"pin-canary"}],"code":5003,"amount":2.00}'
    shown = heard(Request(method="POST", target="/", body=body), body, hidden=("CardNumber", "codes.code"))
    assert "canary" not in shown
    assert '"code": 5003' in shown
    assert '"amount": 2.00' in shown


def test_what_cannot_be_read_and_may_hold_a_secret_is_not_shown_at_all() -> None:
    assert "canary" not in heard(Request(method="POST", target="/", body=b"pin=canary"), hidden=("pin",))


def test_the_answer_itself_is_untouched() -> None:
    overheard = Overheard(Fixed(b'{"pin":"1"}'), hidden=("pin",))  # type: ignore[arg-type]
    assert overheard.handle(Request(method="GET", target="/")).body == b'{"pin":"1"}'
